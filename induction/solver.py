"""The induction solver: searches for programs, verifies them in a sandbox, and lets them vote."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

from arc.candidate import Candidate
from arc.task import Task
from induction.search.synthesis import SearchConfig, proposals_for
from induction.verify import verifications
from induction.vote import SOURCE, VoteConfig, candidates_by_vote
from sandbox.protocol import Sandbox


@dataclass(frozen=True, slots=True)
class InductionConfig:
    """Settings of the induction solver.

    Attributes:
        max_cost: Greatest cost of an enumerated expression; an operation costs 1 to 4.
        max_steps: Work spent on enumeration for a task, in calls of a primitive on a small image.
        max_pieces: How many partial results are painted over each other.
        max_splits: Greatest number of questions in a learned rule.
        max_programs: How many programs a task may have verified.
        max_per_output: How many programs with the same answers are verified.
        max_grids: Greatest number of candidates for a test input.
    """

    max_cost: int = 8
    max_steps: int = 60_000
    max_pieces: int = 1500
    max_splits: int = 10
    max_programs: int = 40
    max_per_output: int = 4
    max_grids: int = 6

    @property
    def search(self) -> SearchConfig:
        """The bounds of the search."""
        return SearchConfig(
            max_cost=self.max_cost,
            max_steps=self.max_steps,
            max_pieces=self.max_pieces,
            max_splits=self.max_splits,
            max_proposals=self.max_programs,
            max_per_output=self.max_per_output,
        )


class InductionSolver:
    """Proposes what verified programs give; implements `arc.solver.Solver`."""

    def __init__(self, sandbox: Sandbox, config: InductionConfig | None = None) -> None:
        self._sandbox = sandbox
        self._config = config or InductionConfig()

    @property
    def name(self) -> str:
        """The `source` of its candidates."""
        return SOURCE

    def solve(self, task: Task, budget_s: float, rng: random.Random) -> Iterator[Candidate]:
        """Yields candidates, best first for each test input.

        The search is bounded by steps and uses no chance; `rng` is not drawn from.
        """
        del rng
        if budget_s <= 0:
            return
        deadline = time.monotonic() + budget_s
        proposals = proposals_for(task, self._config.search, lambda: time.monotonic() > deadline)
        if not proposals:
            return
        programs = [(proposal.source, proposal.cost) for proposal in proposals]
        judged = verifications(programs, task, self._sandbox)
        yield from candidates_by_vote(task, judged, VoteConfig(max_grids=self._config.max_grids))
