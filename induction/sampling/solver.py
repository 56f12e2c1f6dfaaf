"""The sampling solver: programs written by a language model, verified, voting."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from arc.candidate import Candidate
from arc.task import Task
from induction.config import SamplingConfig
from induction.sampling.sampler import ProgramSampler
from induction.vote import VoteConfig, candidates_by_vote
from lm.writing import Writer
from sandbox.protocol import Sandbox

SOURCE = "sampling"


class SamplingSolver:
    """Proposes what verified programs give; implements `arc.solver.Solver`."""

    def __init__(self, writer: Writer, sandbox: Sandbox, config: SamplingConfig) -> None:
        self._config = config
        self.sampler = ProgramSampler(writer, sandbox, config)

    @property
    def name(self) -> str:
        """The `source` of its candidates."""
        return SOURCE

    def solve(self, task: Task, budget_s: float, rng: random.Random) -> Iterator[Candidate]:
        """Yields candidates, best first for each test input."""
        deadline = time.monotonic() + budget_s
        found = []
        for known in self.sampler.rounds(task, rng, lambda: time.monotonic() > deadline):
            found = known
        config = VoteConfig(max_grids=self._config.max_grids)
        yield from candidates_by_vote(task, found, config, SOURCE)
