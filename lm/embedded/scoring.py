"""Scoring: how likely a model holds outputs to be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from lm.embedded.batch import Batch, Sample, bucketed, collate, reply_losses, token_losses
from lm.embedded.decoding import BranchingCache
from lm.embedded.encoding import Indices
from lm.embedded.model import EmbeddedModel
from lm.meter import count


@torch.inference_mode()
def sample_losses(
    model: EmbeddedModel, vector: Tensor, samples: Sequence[Sample], max_tokens: int = 8192
) -> list[tuple[float, float]]:
    """Returns negative log-probabilities in nats: of each sample's sides, and of its cells.

    `vector` is the task vector, (width,). An input that is seen in the same way by several samples
    of a batch is read once.
    """
    numbers: dict[object, int] = {}
    prompts = [numbers.setdefault(_prompt(sample), len(numbers)) for sample in samples]
    losses = [(0.0, 0.0)] * len(samples)
    of_sample = {id(sample): i for i, sample in enumerate(samples)}
    ordered = [samples[i] for i in sorted(range(len(samples)), key=prompts.__getitem__)]
    for group in bucketed(ordered, max_tokens):
        count(read=sum(sample.length for sample in group))
        batch = collate(group, vector.device)
        indices = [of_sample[id(sample)] for sample in group]
        asked = [prompts[i] for i in indices]
        _, firsts, rows = np.unique(asked, return_index=True, return_inverse=True)
        vectors = vector.expand(len(group), -1)
        if len(firsts) < len(group):
            of_sides, of_cells = _losses_read_once(model, batch, vectors, firsts, rows)
        else:
            of_sides, of_cells = token_losses(model, batch, vectors)
        totals = torch.stack([of_sides.sum(1), of_cells.sum(1)], dim=1)
        for i, (sides, cells) in zip(indices, totals.tolist(), strict=True):
            losses[i] = sides, cells
    return losses


def _prompt(sample: Sample) -> object:
    """Returns what two samples share that differ in the output alone."""
    return sample.input.shape, sample.input.tobytes(), sample.symmetry, sample.recolored


def _losses_read_once(
    model: EmbeddedModel, batch: Batch, vectors: Tensor, firsts: Indices, rows: Indices
) -> tuple[Tensor, Tensor]:
    """Returns what `token_losses` does; the input of sample `i` is that of `firsts[rows[i]]`."""
    n = batch.inputs
    context = model.context_of(vectors, batch.symmetries, batch.recolored)
    cache = BranchingCache(model.architecture, len(firsts), n, vectors.device)
    chosen = torch.from_numpy(firsts).to(vectors.device)
    embedded = model.embed(batch.features[chosen, :n], context[chosen])
    model(embedded, batch.positions[chosen, :n], batch.mask[chosen, :, :n, :n], cache)
    cache.select(rows, batch.features.shape[1])
    embedded = model.embed(batch.features[:, n:], context)
    hidden = model(embedded, batch.positions[:, n:], batch.mask[:, :, n:], cache)
    return reply_losses(model, hidden, batch)
