"""The induction solver: searches for programs, verifies them in a sandbox, and lets them vote."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator
from itertools import chain

from arc.candidate import Candidate
from arc.task import Task
from induction.config import InductionConfig
from induction.search.synthesis import passes_for
from induction.verify import Verification, verifications
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
        latest = deque(self.passes(task, budget_s), maxlen=1)
        yield from chain.from_iterable(latest)

    def passes(self, task: Task, budget_s: float) -> Iterator[list[Candidate]]:
        """Yields all candidates known after each pass, best first for each test input."""
        deadline = time.monotonic() + budget_s
        tried: set[str] = set()
        judged: dict[str, Verification] = {}
        for proposals in passes_for(
            task, self._config.search, self._config.steps, lambda: time.monotonic() > deadline
        ):
            new = [(p.source, p.cost) for p in proposals if p.source not in tried]
            tried.update(text for text, _ in new)
            judged.update((v.source, v) for v in verifications(new, task, self._sandbox))
            known = [judged[p.source] for p in proposals if p.source in judged]
            yield candidates_by_vote(task, known, VoteConfig(max_grids=self._config.max_grids))
