"""Test-time training of the embedded model: all weights, and a vector for each task.

Tasks trained together share the weights and keep their own vectors; one task alone is the
same thing with one vector.
"""

from __future__ import annotations

import copy
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from arc.grid import Grid
from arc.transform import SYMMETRIES
from lm.device import mixed_precision
from lm.embedded.batch import Sample, bucketed, collate, token_losses
from lm.embedded.config import EmbeddedConfig
from lm.embedded.model import EmbeddedModel
from lm.embedded.optimizer import Rates, make_optimizer
from lm.embedded.scoring import sample_losses
from lm.meter import count
from lm.protocol import Adaptation, Example, Prompt


@dataclass(frozen=True, slots=True)
class Weights:
    """An adapter of the embedded model: a whole model, and the vector of one task."""

    model: EmbeddedModel
    vector: Tensor


def adapt_together(
    model: EmbeddedModel,
    centroids: Tensor,
    examples_of: Sequence[Sequence[Example]],
    config: EmbeddedConfig,
    rng: random.Random,
    timeout_s: float,
) -> list[Adaptation]:
    """Returns an adaptation for each task, all of one copy of the model.

    Every vector starts from one of `centroids`, (n, width); the training is as long as that of
    all tasks apart.
    """
    samples_of = [samples_from(examples, config) for examples in examples_of]
    starts = [best_centroid(model, centroids, samples, rng) for samples in samples_of]
    if not starts:
        return []
    trained = copy.deepcopy(model).train()
    vectors = nn.Parameter(torch.stack(starts))
    samples = [replace(sample, vector=i) for i, each in enumerate(samples_of) for sample in each]
    losses = _train(trained, vectors, samples, config, rng, timeout_s)
    last = losses[-max(1, len(losses) // 10) :]
    loss = float(np.mean(last)) if last else float("nan")
    trained.eval()
    return [Adaptation(Weights(trained, vector), len(losses), loss) for vector in vectors.detach()]


def samples_from(examples: Sequence[Example], config: EmbeddedConfig) -> list[Sample]:
    """Returns the examples that are not too long to train on."""
    samples = [sample_of(example.prompt, example.output) for example in examples]
    return [sample for sample in samples if sample.length <= config.max_length]


def sample_of(prompt: Prompt, output: Grid) -> Sample:
    """Returns an output as the reply to a prompt."""
    symmetry = SYMMETRIES.index(prompt.symmetry)
    return Sample(prompt.input.array, output.array, symmetry, prompt.recolored)


def best_centroid(
    model: EmbeddedModel, centroids: Tensor, samples: Sequence[Sample], rng: random.Random
) -> Tensor:
    """Returns the centroid under which a few of the samples are likeliest."""
    short = sorted(samples, key=lambda sample: sample.length)[: max(8, len(samples) // 2)]
    chosen = rng.sample(short, min(2, len(short)))
    if not chosen:
        return centroids[0]
    totals = [sum(map(sum, sample_losses(model, vector, chosen))) for vector in centroids]
    return centroids[int(np.argmin(totals))]


def rates_of(config: EmbeddedConfig) -> Rates:
    """Returns the optimizer's settings at test time."""
    return Rates(
        matrix=config.matrix_rate,
        other=config.other_rate,
        vector=config.vector_rate,
        weight_decay=0.0,
        iterations=2,
    )


def _train(
    model: EmbeddedModel,
    vectors: nn.Parameter,
    samples: Sequence[Sample],
    config: EmbeddedConfig,
    rng: random.Random,
    timeout_s: float,
) -> list[float]:
    """Trains until tokens and updates are as many as configured for each row of `vectors`.

    There is one row a task. Returns the loss of every update.
    """
    optimizer = make_optimizer(model, [vectors], rates_of(config))
    deadline = time.monotonic() + timeout_s
    losses: list[float] = []
    tokens = 0
    batch_tokens = min(config.batch_tokens, config.tokens // config.min_updates)
    while samples:
        shuffled = rng.sample(samples, len(samples))
        groups = list(bucketed(shuffled, batch_tokens))
        rng.shuffle(groups)
        for group in groups:
            progress = min(tokens / config.tokens, len(losses) / config.min_updates) / len(vectors)
            if progress >= 1 or time.monotonic() > deadline:
                return losses
            batch = collate(group, vectors.device)
            with mixed_precision(vectors.device):
                of_sides, of_cells = token_losses(model, batch, vectors[batch.vectors])
            n_targets = sum(sample.n_targets for sample in group)
            loss = (of_sides.sum() + of_cells.sum()) / n_targets
            torch.autograd.backward(loss)
            optimizer.step(min(1.0, (1 - progress) / (1 - config.hold)))
            losses.append(float(loss.detach()))
            n_tokens = sum(sample.length for sample in group)
            count(read=n_tokens)
            tokens += n_tokens
    return losses
