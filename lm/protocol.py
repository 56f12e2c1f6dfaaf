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

from arc.errors import ConfigError
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
        shape: Height and width of the reply in this view, where they are known. A model with a task
            vector then replies in this shape, and the log-probability of a reply that has it is
            that of its cells; others make nothing of it.
    """

    input: Grid
    context: tuple[Pair, ...] = ()
    symmetry: Symmetry = Symmetry.IDENTITY
    recolored: bool = False
    shape: tuple[int, int] | None = None


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


@dataclass(frozen=True, slots=True)
class Sampling:
    """How replies are drawn by chance.

    Attributes:
        n: Replies a prompt.
        temperature: What logits are divided by; below 1 the likely replies become likelier.
        seed: The same prompts with the same seed get the same replies.
    """

    n: int = 1
    temperature: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        if self.n < 1:
            raise ConfigError(f"n: at least 1 reply expected, got {self.n}")
        if not self.temperature > 0:
            raise ConfigError(f"temperature: more than 0 expected, got {self.temperature}")


@dataclass(frozen=True, slots=True)
class DepthFirst:
    """A search for all replies that are likely enough.

    Prefixes of replies that are all as likely as `threshold` are at most `1 / threshold` at any
    depth, so the work is bounded by itself; the other two bounds are for a low threshold.

    Attributes:
        threshold: Probability that a reply must have; 1 leaves the greedy reply alone.
        max_completions: Replies a prompt at most: then the least likely prefixes are given up.
        max_tokens: Tokens decoded a prompt at most, over all replies, the prompt not counted: when
            they are spent, only the greedy reply goes on.
    """

    threshold: float = 0.09
    max_completions: int = 32
    max_tokens: int = 20_000

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ConfigError(f"threshold: a probability above 0 expected, got {self.threshold}")
        for name in ("max_completions", "max_tokens"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")


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

    def adapt_many(
        self,
        examples_of: Sequence[Sequence[Example]],
        rng: random.Random,
        timeout_s: float,
        *,
        shared: bool,
    ) -> list[Adaptation]:
        """Returns an adaptation for each task, trained on the examples of that task.

        With `shared` the weights are one set, trained on all tasks together, as long as all of them
        would be trained apart; what a model conditions on (its task vector) is still each task's
        own. Without it the tasks are independent of each other, but a backend may train them in
        one batch. `timeout_s` is for all tasks together.
        """
        ...

    def generate(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None = None
    ) -> list[Completion]:
        """Returns the greedy reply to each prompt."""
        ...

    def sample(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, sampling: Sampling
    ) -> list[list[Completion]]:
        """Returns `sampling.n` replies to each prompt, in any order.

        Log-probabilities are those at temperature 1, as `score` gives them.
        """
        ...

    def search(
        self, prompts: Sequence[Prompt], adaptation: Adaptation | None, search: DepthFirst
    ) -> list[list[Completion]]:
        """Returns the distinct replies to each prompt that are likely enough, likeliest first.

        All replies of probability `search.threshold` and more, within the bounds of the search, and
        the greedy reply even if it is less likely. A reply that is no grid is left out.
        """
        ...

    def score(
        self,
        prompts: Sequence[Prompt],
        outputs: Sequence[Grid],
        adaptation: Adaptation | None = None,
    ) -> list[float]:
        """Returns the log-probability of each output as the reply to its prompt, in nats."""
        ...
