"""What a language model is to the rest of the project.

Prompts and completions are grids; how they become tokens is the model's own affair. So one
test-time-training path serves a model that reads demonstrations in its context and one that is
conditioned by a task vector.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from arc.grid import Grid
from arc.task import Pair
from arc.transform import Symmetry


class Conditioning(Enum):
    """How a model learns which task it is at."""

    IN_CONTEXT = "in_context"
    TASK_VECTOR = "task_vector"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question: the output for `input`.

    Attributes:
        input: The input grid, as it looks in this view.
        context: Demonstrations in the same view; empty for a model with a task vector.
        symmetry: The symmetry the view was made by.
        recolored: Whether colors were permuted.
    """

    input: Grid
    context: tuple[Pair, ...] = ()
    symmetry: Symmetry = Symmetry.IDENTITY
    recolored: bool = False


@dataclass(frozen=True, slots=True)
class Example:
    """A prompt with the output that training should make likely."""

    prompt: Prompt
    output: Grid


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's reply.

    Attributes:
        grid: The decoded grid, or `None` where the reply was no grid.
        log_probability: Of the whole reply, in nats.
    """

    grid: Grid | None
    log_probability: float


@dataclass(frozen=True, slots=True)
class Adaptation:
    """What test-time training on one task gave.

    Attributes:
        weights: The backend's own adapter; pass it back to `generate` and `score`.
        updates: Number of optimizer steps taken.
        loss: Mean loss per token over the last tenth of them, in nats.
    """

    weights: Any
    updates: int
    loss: float


class LanguageModel(Protocol):
    """Generates grids, scores grids and trains adapters, each for a whole batch at once."""

    @property
    def conditioning(self) -> Conditioning:
        """What the prompts must hold."""
        ...

    def adapt(
        self, examples: Sequence[Example], rng: random.Random, timeout_s: float, *, train: bool
    ) -> Adaptation:
        """Returns an adapter for one task; the model itself stays as it was.

        With `train` off no weight is changed: the baseline without test-time training. The
        amount of training is the backend's setting; `timeout_s` only cuts it short.
        """
        ...

    def generate(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None = None
    ) -> list[Completion]:
        """Returns the greedy reply to each prompt."""
        ...

    def score(
        self,
        prompts: Sequence[Prompt],
        outputs: Sequence[Grid],
        adaptation: Adaptation | None = None,
    ) -> list[float]:
        """Returns the log-probability of each output as the reply to its prompt, in nats."""
        ...
