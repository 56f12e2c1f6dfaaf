"""Candidates: proposed grids with the evidence that speaks for them.

A candidate is always in the task's own frame: whatever transform its solver worked under has
been undone. `log_weight` orders the candidates of one source; only the merge compares sources.
"""

from __future__ import annotations

from dataclasses import dataclass

from arc.grid import Grid

RANKING = "ranking"
"""Source of candidates that propose nothing: what a model holds of another source's grids."""

CANDIDATES = "candidates"
"""Stage of a run whose candidates were made elsewhere and come from a file."""


@dataclass(frozen=True, slots=True)
class ProgramEvidence:
    """A program that gave the grid.

    Attributes:
        program: Python text that defines `transform(grid)`.
        cost: The search's or sampler's description length of the program; less is simpler.
        reproduced: How many demonstrations the program reproduces in the sandbox.
        demonstrations: How many there are.
        n_programs: How many distinct programs gave this grid.
    """

    program: str
    cost: float
    reproduced: int
    demonstrations: int
    n_programs: int = 1

    @property
    def is_verified(self) -> bool:
        """Whether the program reproduces every demonstration."""
        return self.reproduced == self.demonstrations


@dataclass(frozen=True, slots=True)
class ViewEvidence:
    """Direct predictions under several transforms that agree on the grid.

    Attributes:
        votes: How many of the decoded replies are this grid.
        views: How many replies were decoded, in all views.
        log_probability: Mean log-probability of the grid over all views, in nats, the sum over
            cells; `None` where the grid was not scored.
        transforms: Names of the symmetries in which those replies were decoded.
        replies: Log-probabilities of those replies, each in its own view, in nats.
    """

    votes: int
    views: int
    log_probability: float | None
    transforms: tuple[str, ...] = ()
    replies: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedEvidence:
    """What somebody else says of a program that gave the grid. Nobody here has run it.

    Attributes:
        program: Its text, for people to read.
        reproduced: How many demonstrations it is said to reproduce.
        demonstrations: Of how many.
    """

    program: str
    reproduced: int
    demonstrations: int


Evidence = ProgramEvidence | ViewEvidence | StatedEvidence


@dataclass(frozen=True, slots=True)
class Candidate:
    """A proposed output for one test input.

    Attributes:
        task_id: The task it belongs to.
        test_index: Which test input, from 0.
        grid: The proposed output.
        source: The solver that proposed it, such as `induction` or `transduction`.
        log_weight: Its standing among the candidates of the same source; more is better.
        evidence: What speaks for it, or `None` from a solver that gives none.
    """

    task_id: str
    test_index: int
    grid: Grid
    source: str
    log_weight: float
    evidence: Evidence | None = None
