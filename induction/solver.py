"""The induction solver: searches for programs, verifies them in a sandbox, and lets them vote."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from arc.candidate import Candidate
from arc.task import Task
from induction.config import InductionConfig
from induction.search.synthesis import proposals_for
from induction.verify import verifications
from induction.vote import SOURCE, VoteConfig, candidates_by_vote
from sandbox.protocol import Sandbox


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
