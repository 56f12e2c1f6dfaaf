"""Batches: samples of similar length, padded together, with their attention mask and loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from arc.grid import Cells
from lm.embedded.encoding import (
    N_FEATURES,
    N_HEADER,
    Indices,
    Tokens,
    encode_header,
    encode_input,
    encode_output,
)
from lm.embedded.model import EmbeddedModel


@dataclass(frozen=True, slots=True)
class Sample:
    """One pair as the model is to see it.

    Attributes:
        input: Cells of the input, already transformed.
        output: Cells of the output, already transformed.
        symmetry: Index of the symmetry it was transformed by.
        recolored: Whether its colors were permuted.
        vector: Row of the task-vector table it belongs to.
    """

    input: Cells
    output: Cells
    symmetry: int = 0
    recolored: bool = False
    vector: int = 0

    @property
    def length(self) -> int:
        """Number of tokens."""
        return self.input.size + N_HEADER + self.output.size


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples padded to common input and output lengths.

    Attributes:
        features: Codes, (batch, length, N_FEATURES).
        positions: Plane, row, column, (batch, length, 3).
        mask: Added to the attention, (batch, 1, length, length): 0 where it is allowed, else minus
            infinity.
        inputs: Length of the padded input part; header and output follow.
        sides: Output height and width less one, (batch, 2).
        colors: Output cells, (batch, length - inputs - 2), -100 where padded.
        symmetries: (batch,).
        recolored: (batch,), 0 or 1.
        vectors: (batch,).
    """

    features: Tensor
    positions: Tensor
    mask: Tensor
    inputs: int
    sides: Tensor
    colors: Tensor
    symmetries: Tensor
    recolored: Tensor
    vectors: Tensor

    def to(self, device: torch.device) -> Batch:
        """Returns the batch on a device."""
        moved = {
            field.name: getattr(self, field.name).to(device)
            for field in fields(self)
            if field.name != "inputs"
        }
        return replace(self, **moved)


PADDING = -100


def collate(samples: Sequence[Sample]) -> Batch:
    """Returns the samples as one batch, in their order."""
    n_inputs = max(sample.input.size for sample in samples)
    n_outputs = max(sample.output.size for sample in samples)
    length = n_inputs + N_HEADER + n_outputs
    features = np.zeros((len(samples), length, N_FEATURES), dtype=np.int64)
    positions = np.zeros((len(samples), length, 3), dtype=np.int64)
    mask = np.full((len(samples), 1, length, length), -np.inf, dtype=np.float32)
    colors = np.full((len(samples), n_outputs), PADDING, dtype=np.int64)
    sides = np.array([sample.output.shape for sample in samples], dtype=np.int64) - 1
    backwards = np.where(np.tri(N_HEADER + n_outputs, dtype=bool), 0.0, -np.inf)
    for i, sample in enumerate(samples):
        n_input, n_output = sample.input.size, sample.output.size
        _write(features[i], positions[i], 0, encode_input(sample.input))
        header = encode_header(sample.input, sample.output.shape[0])
        _write(features[i], positions[i], n_inputs, header)
        slots = encode_output(sample.input, sample.output)
        _write(features[i], positions[i], n_inputs + N_HEADER, slots)
        mask[i, 0, :, :n_input] = 0.0
        mask[i, 0, n_inputs:, n_inputs:] = backwards
        colors[i, :n_output] = sample.output.reshape(-1)
    return Batch(
        torch.from_numpy(features),
        torch.from_numpy(positions),
        torch.from_numpy(mask),
        n_inputs,
        torch.from_numpy(sides),
        torch.from_numpy(colors),
        torch.tensor([sample.symmetry for sample in samples]),
        torch.tensor([float(sample.recolored) for sample in samples]),
        torch.tensor([sample.vector for sample in samples]),
    )


def _write(features: Indices, positions: Indices, start: int, tokens: Tokens) -> None:
    features[start : start + len(tokens)] = tokens.features
    positions[start : start + len(tokens)] = tokens.positions


def token_losses(model: EmbeddedModel, batch: Batch, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Returns negative log-probabilities in nats: of sides (batch, 2) and of cells.

    `vectors` are the task vectors of the batch, (batch, vector width). Cells have shape (batch,
    longest output), zero where padded.
    """
    context = model.context_of(vectors, batch.symmetries, batch.recolored)
    embedded = model.embed(batch.features, context)
    hidden = model.read(embedded, batch.positions, batch.mask, batch.inputs)
    header, cells = hidden[:, :N_HEADER], hidden[:, N_HEADER:]
    side_logits = model.side_head(header).transpose(1, 2)
    color_logits = model.color_head(cells).transpose(1, 2)
    of_sides = functional.cross_entropy(side_logits, batch.sides, reduction="none")
    of_cells = functional.cross_entropy(
        color_logits, batch.colors, reduction="none", ignore_index=PADDING
    )
    return of_sides, of_cells


def bucketed(samples: Sequence[Sample], max_tokens: int) -> Iterator[list[Sample]]:
    """Yields groups of samples of similar shape with at most `max_tokens` padded tokens each.

    A sample longer than that is a group of its own. Inputs and outputs are padded apart, so that
    samples are grouped by length first, then by how much of it is input.
    """
    group: list[Sample] = []
    n_inputs = n_outputs = 0
    for sample in sorted(samples, key=_shape_class):
        wider = max(n_inputs, sample.input.size), max(n_outputs, sample.output.size)
        if group and (sum(wider) + N_HEADER) * (len(group) + 1) > max_tokens:
            yield group
            group, wider = [], (sample.input.size, sample.output.size)
        group.append(sample)
        n_inputs, n_outputs = wider
    if group:
        yield group


def _shape_class(sample: Sample) -> tuple[int, float]:
    """Returns the length, to a factor of the root of two, and the share of the input in it.

    Shares rise in one class and fall in the next, so that neighbors stay alike where classes meet.
    """
    length, share = round(2 * math.log2(sample.length)), sample.input.size / sample.length
    return length, share if length % 2 else -share
