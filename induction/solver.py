"""The induction solver: searches for programs, verifies them in a sandbox, and lets them vote."""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from arc.candidate import Candidate
from arc.task import Task
from induction.config import InductionConfig
from induction.search.proposal import Proposal
from induction.search.synthesis import is_settled, passes_for
from induction.verify import Verification, verifications
from induction.vote import SOURCE, VoteConfig, candidates_by_vote
from sandbox.protocol import Sandbox


@dataclass(frozen=True, slots=True)
class Memory:
    """What passes over a task have found out: all that the next one needs.

    Attributes:
        n_passes: How many passes were made to their end.
        proposals: The programs kept, simplest first.
        judged: What every program that was run did; `None` where it depends on chance.
    """

    n_passes: int = 0
    proposals: tuple[Proposal, ...] = ()
    judged: Mapping[str, Verification | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pass:
    """What is known after a pass.

    Attributes:
        candidates: All candidates, best first for each test input.
        memory: What a later search may go on from; a pass that time cut short is not in it.
        is_last: Whether there is nothing left to do.
    """

    candidates: tuple[Candidate, ...]
    memory: Memory
    is_last: bool


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
        for latest in deque(self.passes(task, budget_s), maxlen=1):
            yield from latest.candidates

    def passes(self, task: Task, budget_s: float, memory: Memory = Memory()) -> Iterator[Pass]:
        """Yields what is known after each pass that is not in `memory` yet.

        Passes in several calls come to the same as in one.
        """
        deadline = time.monotonic() + budget_s
        config = self._config
        proposals = passes_for(
            task,
            config.search,
            config.steps,
            lambda: time.monotonic() > deadline,
            memory.proposals,
            memory.n_passes,
        )
        judged = dict(memory.judged)
        for found in proposals:
            new = [(p.source, p.cost) for p in found if p.source not in judged]
            verified = {v.source: v for v in verifications(new, task, self._sandbox)}
            judged |= {source: verified.get(source) for source, _ in new}
            known = [v for p in found if (v := judged[p.source]) is not None]
            votes = candidates_by_vote(task, known, VoteConfig(max_grids=config.max_grids))
            is_cut = time.monotonic() > deadline
            if not is_cut:
                memory = Memory(memory.n_passes + 1, tuple(found), dict(judged))
            is_last = memory.n_passes == len(config.steps) or is_settled(
                found, config.search, memory.n_passes
            )
            yield Pass(tuple(votes), memory, is_last and not is_cut)
