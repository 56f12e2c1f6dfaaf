"""Settings of the solvers of induction, apart from them so that they can be read without them."""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import ConfigError
from induction.search.bounds import SearchConfig


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """Settings of the sampling of programs from a language model.

    Attributes:
        programs: Replies a task at most.
        batch: Replies asked for at once.
        temperature: What logits are divided by; 0 takes the likeliest token each time.
        top_p: Only the likeliest tokens that together have this probability are drawn from.
        max_tokens: Longest reply.
        revisions: How often a program that fails goes back with what is wrong with it.
        views: Whether half of the questions show the task turned and recolored.
        per_view: How many questions in a row see the task in the same way.
        agreement: Distinct programs that give the same answers, after which no more are asked for.
        max_grids: Greatest number of candidates for a test input.
        guided_steps: Where no simple program is verified, work spent on a search in which what the
            programs use is cheap, in calls of a primitive on a small image; 0 for none.
        skip_settled: Whether a task is left out for which an earlier stage has a simple verified
            program.
    """

    programs: int = 64
    batch: int = 8
    temperature: float = 0.8
    top_p: float = 1.0
    max_tokens: int = 1024
    revisions: int = 1
    views: bool = True
    per_view: int = 1
    agreement: int = 3
    max_grids: int = 6
    guided_steps: int = 0
    skip_settled: bool = False

    def __post_init__(self) -> None:
        for name in ("programs", "batch", "max_tokens", "per_view", "agreement", "max_grids"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name}: at least 1 expected, got {getattr(self, name)}")
        for name in ("revisions", "guided_steps"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name}: 0 or more expected, got {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class InductionConfig:
    """Settings of the induction solver.

    Attributes:
        max_cost: Greatest cost of an enumerated expression; an operation costs 1 to 4.
        steps: Work spent on enumeration by each pass over a task, in calls of a primitive on a
            small image; a further pass is made only if those before found no simple program.
        max_pieces: How many partial results are painted over each other.
        max_splits: Greatest number of questions in a learned rule.
        max_programs: How many programs a task may have verified.
        max_per_output: How many programs with the same answers are verified.
        max_grids: Greatest number of candidates for a test input.
        withheld: Share of the primitives that neither the search nor sampled programs may use,
            others for each task: on known tasks it then fails as it does on unknown ones.
    """

    max_cost: int = 8
    steps: tuple[int, ...] = (8_000, 60_000, 150_000)
    max_pieces: int = 1500
    max_splits: int = 10
    max_programs: int = 40
    max_per_output: int = 4
    max_grids: int = 6
    withheld: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.withheld <= 1:
            raise ConfigError(f"withheld: a share from 0 to 1 expected, got {self.withheld}")
        if not self.steps or min(self.steps) < 1:
            raise ValueError(f"steps must be one or more positive numbers, got {self.steps}")

    @property
    def search(self) -> SearchConfig:
        """The bounds of the search."""
        return SearchConfig(
            max_cost=self.max_cost,
            max_pieces=self.max_pieces,
            max_splits=self.max_splits,
            max_proposals=self.max_programs,
            max_per_output=self.max_per_output,
            withheld=self.withheld,
        )
