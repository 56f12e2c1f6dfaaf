"""The training of one adapter: AdamW, a linear warm-up, then half a cosine down to nothing."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from lm.causal.batch import TokenizedExample, TrainingBatch, mean_loss


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long to train, and how fast.

    Attributes:
        learning_rate: The highest.
        warmup: Share of the updates over which the rate rises.
        epochs: How often each example is seen.
        batch_size: Examples an update.
    """

    learning_rate: float
    warmup: float
    epochs: int
    batch_size: int

    def rate(self, update: int, n_updates: int) -> float:
        """Returns the learning rate of an update, the first being 0."""
        n_rising = math.ceil(n_updates * self.warmup)
        if update < n_rising:
            return self.learning_rate * (update + 1) / n_rising
        progress = (update - n_rising) / max(1, n_updates - n_rising)
        return self.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))

    def batches(
        self, examples: Sequence[TokenizedExample], rng: random.Random
    ) -> Iterator[list[TokenizedExample]]:
        """Yields the examples in batches, in a new order every epoch."""
        for _ in range(self.epochs):
            shuffled = rng.sample(examples, len(examples))
            for at in range(0, len(shuffled), self.batch_size):
                yield shuffled[at : at + self.batch_size]

    def n_updates(self, n_examples: int) -> int:
        """Returns how many batches there are."""
        return self.epochs * math.ceil(n_examples / self.batch_size)


def train_parameters(
    model: nn.Module,
    parameters: Sequence[nn.Parameter],
    examples: Sequence[TokenizedExample],
    schedule: Schedule,
    rng: random.Random,
    timeout_s: float,
) -> list[float]:
    """Trains the parameters; returns each update's loss per token, in nats, from before it.

    Past `timeout_s` no further update starts.
    """
    deadline = time.monotonic() + timeout_s
    optimizer = torch.optim.AdamW(parameters, lr=schedule.learning_rate, weight_decay=0.0)
    n_updates = schedule.n_updates(len(examples))
    losses: list[float] = []
    for update, chosen in enumerate(schedule.batches(examples, rng)):
        if time.monotonic() > deadline:
            break
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate(update, n_updates)
        loss = mean_loss(model, TrainingBatch.of(chosen, parameters[0].device))
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    return losses
