"""The training of adapters: AdamW, a linear warm-up, then half a cosine down to nothing.

Adapters of several tasks are trained in step, in the same passes through the base. Each has its own
optimizer state, learning rate and order of examples, so it comes out as if it were trained alone.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field

import torch
from torch import nn
from transformers import PreTrainedModel

from lm.causal.adapter import AdaptedModel
from lm.causal.attention import packed_rows
from lm.causal.batch import TokenizedExample, TrainingBatch, example_losses
from lm.meter import count


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


@dataclass(frozen=True, slots=True)
class Course:
    """One adapter in training.

    Attributes:
        factors: Its weights, which training changes.
        batches: What each update is trained on.
        n_updates: How many batches there are.
        losses: Each update's loss per token so far, in nats, from before the update.
    """

    factors: dict[str, nn.Parameter]
    batches: Iterator[list[TokenizedExample]]
    n_updates: int
    losses: list[float] = field(default_factory=list)

    @classmethod
    def begin(
        cls,
        model: AdaptedModel,
        examples: Sequence[TokenizedExample],
        schedule: Schedule,
        rng: random.Random,
    ) -> Course:
        """Returns a course with a fresh adapter."""
        factors = model.fresh(rng)
        n_updates = schedule.n_updates(len(examples))
        return cls(factors, schedule.batches(examples, rng), n_updates)


@dataclass(frozen=True, slots=True)
class Passes:
    """How an update's examples go through the model.

    Attributes:
        packed: Whether they stand in one row, unpadded.
        max_tokens: Tokens of one pass; an update of more is made in several.
        checkpointing: Whether activations are made twice instead of being kept.
    """

    packed: bool = True
    max_tokens: int = 8192
    checkpointing: bool = False

    def split(self, lengths: Sequence[int]) -> Iterator[slice]:
        """Yields stretches of examples of these lengths, each at least one example long."""
        start, total = 0, 0
        for i, length in enumerate(lengths):
            if i > start and total + length > self.max_tokens:
                yield slice(start, i)
                start, total = i, 0
            total += length
        if lengths:
            yield slice(start, len(lengths))

    @contextmanager
    def of(self, base: PreTrainedModel) -> Iterator[None]:
        """Readies a model for these passes."""
        with packed_rows(base) if self.packed else nullcontext():
            if not self.checkpointing:
                yield
                return
            _checkpoint_activations(base)
            layers = [m for m in base.modules() if getattr(m, "gradient_checkpointing", False)]
            # Only a layer in training checkpoints; what is inside it stays as it is, dropout off.
            for layer in layers:
                layer.training = True
            yield
            for layer in layers:
                layer.training = False


def _checkpoint_activations(base: PreTrainedModel) -> None:
    # transformers renamed it.
    name = "activation_checkpointing_enable"
    enable = getattr(base, name, None) or base.gradient_checkpointing_enable
    enable({"use_reentrant": False})


def train(
    model: AdaptedModel,
    courses: Sequence[Course],
    schedule: Schedule,
    passes: Passes,
    timeout_s: float,
) -> None:
    """Trains the adapters of all courses to their ends, in step.

    Past `timeout_s` no further update starts.
    """
    deadline = time.monotonic() + timeout_s
    optimizer = torch.optim.AdamW(
        [{"params": [*course.factors.values()]} for course in courses],
        lr=schedule.learning_rate,
        weight_decay=0.0,
        fused=True,
    )
    with passes.of(model.base):
        for update in range(max((course.n_updates for course in courses), default=0)):
            if time.monotonic() > deadline:
                return
            open_courses = [course for course in courses if update < course.n_updates]
            for course, group in zip(courses, optimizer.param_groups, strict=True):
                group["lr"] = schedule.rate(min(update, course.n_updates), course.n_updates)
            _differentiate(model, open_courses, passes)
            optimizer.step()
            optimizer.zero_grad()  # to None, so that courses at their end are passed over


def _differentiate(model: AdaptedModel, courses: Sequence[Course], passes: Passes) -> None:
    """Adds the gradients of the next batch of each course, and notes its loss."""
    owned = [(c, example) for c, course in enumerate(courses) for example in next(course.batches)]
    n_targets = [0] * len(courses)
    count(read=sum(len(example.tokens) for _, example in owned))
    for c, example in owned:
        n_targets[c] += example.n_targets
    losses = [0.0] * len(courses)
    make = TrainingBatch.packed if passes.packed else TrainingBatch.padded
    for stretch in passes.split([len(example.tokens) for _, example in owned]):
        part = owned[stretch]
        batch = make([example for _, example in part], model.device)
        present = sorted({c for c, _ in part})
        counts = [
            sum(n for (owner, _), n in zip(part, batch.n_tokens, strict=True) if owner == c)
            for c in present
        ]
        shares = torch.tensor([1 / max(1, n_targets[c]) for c, _ in part], device=model.device)
        with model.sharing([courses[c].factors for c in present], counts) as base:
            weighted = example_losses(base, batch) * shares
            # Adapters share no weights, so the gradient of the sum is each one's own. A model
            # that checkpoints activations passes forward again in here.
            torch.autograd.backward(weighted.sum())
        for (c, _), loss in zip(part, weighted.tolist(), strict=True):
            losses[c] += loss
    for course, loss in zip(courses, losses, strict=True):
        course.losses.append(loss)
