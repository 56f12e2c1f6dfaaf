"""Batches: samples of similar length, padded together, with their attention mask and loss."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from arc.grid import Cells
from lm.embedded.encoding import N_HEADER
from lm.embedded.model import EmbeddedModel
from lm.embedded.sequence import PADDING, Canvases, Sequences


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
        return self.input.size + self.n_targets

    @property
    def n_targets(self) -> int:
        """Number of tokens that are predicted: the sides and the cells of the output."""
        return N_HEADER + self.output.size


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


def collate(samples: Sequence[Sample], device: torch.device | str = "cpu") -> Batch:
    """Returns the samples as one batch on a device, in their order."""
    inputs = Canvases.of([sample.input for sample in samples], device)
    outputs = Canvases.of([sample.output for sample in samples], device)
    sequences = Sequences.of(inputs, outputs)
    return Batch(
        sequences.features(),
        sequences.positions(),
        sequences.mask(),
        inputs.longest,
        torch.cat([outputs.heights, outputs.widths], dim=1) - 1,
        sequences.colors(),
        torch.tensor([sample.symmetry for sample in samples], device=device),
        torch.tensor([float(sample.recolored) for sample in samples], device=device),
        torch.tensor([sample.vector for sample in samples], device=device),
    )


def token_losses(model: EmbeddedModel, batch: Batch, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Returns negative log-probabilities in nats: of sides (batch, 2) and of cells.

    `vectors` are the task vectors of the batch, (batch, width). Cells have shape (batch, longest
    output), zero where padded.
    """
    context = model.context_of(vectors, batch.symmetries, batch.recolored)
    embedded = model.embed(batch.features, context)
    return reply_losses(
        model, model.read(embedded, batch.positions, batch.mask, batch.inputs), batch
    )


def reply_losses(model: EmbeddedModel, hidden: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Returns the same, given the hidden states of header and output, (batch, length, width)."""
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
