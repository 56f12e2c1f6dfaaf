"""The contract of a solver: all that a third party needs to implement."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Protocol

from arc.candidate import Candidate
from arc.task import Task


class Solver(Protocol):
    """Proposes outputs for a task's test inputs."""

    @property
    def name(self) -> str:
        """The `source` of its candidates."""
        ...

    def solve(self, task: Task, budget_s: float, rng: random.Random) -> Iterator[Candidate]:
        """Yields candidates as they are found.

        `budget_s` is a wall-clock backstop in seconds. A solver should bound its work in steps,
        so that the same `rng` gives the same candidates on any machine, and stop early only when
        the backstop is reached. Raises only if the solver itself is broken.
        """
        ...
