"""The sampling solver: programs written by a language model, verified, voting.

Where none of them can be trusted, they still say what the right one may be made of: the search is
made once more, with what they use as its prior.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from arc.candidate import Candidate, ProgramEvidence
from arc.task import Task
from induction.config import InductionConfig, SamplingConfig
from induction.sampling.sampler import ProgramSampler, Written
from induction.search.prior import Prior
from induction.search.synthesis import arrays_of, proposals_for
from induction.search.withholding import Withheld
from induction.verify import Verification, error_of, verifications
from induction.vote import VoteConfig, candidates_by_vote
from lm.writing import Writer
from sandbox.protocol import Sandbox

SOURCE = "sampling"


class SamplingSolver:
    """Proposes what verified programs give; implements `arc.solver.Solver`."""

    def __init__(
        self,
        writer: Writer,
        sandbox: Sandbox,
        config: SamplingConfig,
        induction: InductionConfig | None = None,
    ) -> None:
        """`induction` has the bounds of the search that follows, but for its steps."""
        self._config = config
        self._induction = induction or InductionConfig()
        self._sandbox = sandbox
        self.sampler = ProgramSampler(writer, sandbox, config)

    @property
    def name(self) -> str:
        """The `source` of its candidates."""
        return SOURCE

    def solve(
        self, task: Task, budget_s: float, rng: random.Random, others: Sequence[Candidate] = ()
    ) -> Iterator[Candidate]:
        """Yields candidates, best first for each test input.

        `others` are candidates that earlier stages found: where a verified program is among them
        that a search would trust, no further search is made, and with `skip_settled` nothing.
        """
        if self.leaves(others):
            return
        deadline = time.monotonic() + budget_s
        trusted = self._induction.search.trusted_cost
        cheapest = _least_cost(others)
        withheld = self._withheld(task)
        written: list[Written] = []
        for known in self.sampler.rounds(task, rng, lambda: time.monotonic() > deadline):
            written = [each for each in known if withheld.allows(each.verification.source)]
        found = [each.verification for each in written]
        if min([cheapest, *(v.cost for v in found if v.is_verified)]) > trusted:
            found += self._searched(task, written, lambda: time.monotonic() > deadline)
        config = VoteConfig(max_grids=self._config.max_grids)
        yield from candidates_by_vote(task, found, config, SOURCE)

    def leaves(self, others: Sequence[Candidate]) -> bool:
        """Whether a task is left to what earlier stages found for it."""
        trusted = self._induction.search.trusted_cost
        return self._config.skip_settled and _least_cost(others) <= trusted

    def _withheld(self, task: Task) -> Withheld:
        return Withheld.of_task(task.task_id, self._induction.withheld)

    def _searched(
        self, task: Task, written: Sequence[Written], is_over: Callable[[], bool]
    ) -> list[Verification]:
        """Returns programs that the search finds where the written ones are its prior."""
        if not self._config.guided_steps or not written or is_over():
            return []
        prior = Prior.of(
            [(each.verification.source, each.error) for each in written],
            error_of(task, task.inputs),
        )
        arrays = arrays_of(task, withheld=self._withheld(task))
        if not prior.tells(arrays.vocabulary(has_canvas=True)):
            return []
        # Rules are learned by the search that no prior guides.
        bounds = replace(
            self._induction.search, max_steps=self._config.guided_steps, learns_rules=False
        )
        proposals = proposals_for(task, bounds, is_over, prior)
        return verifications([(p.source, p.cost) for p in proposals], task, self._sandbox)


def _least_cost(candidates: Sequence[Candidate]) -> float:
    """Returns the cost of the simplest verified program."""
    found = (candidate.evidence for candidate in candidates)
    programs = (each for each in found if isinstance(each, ProgramEvidence))
    return min((each.cost for each in programs if each.is_verified), default=math.inf)
