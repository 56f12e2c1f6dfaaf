"""The vote: how programs that answer one test input become ranked candidates.

Each program's weight falls with its cost. Programs that agree on the test input add theirs up;
those that agree because they are the same text count once. Test inputs are voted on one by one.
A program that misses a demonstration can still speak, far below all that miss none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from arc.candidate import Candidate, ProgramEvidence
from arc.grid import Grid
from arc.task import Task
from induction.verify import Verification

SOURCE = "induction"


@dataclass(frozen=True, slots=True)
class VoteConfig:
    """How weights are set; the defaults follow what the training split shows.

    Attributes:
        cost_scale: Of two programs, one that costs this much more has e times fewer votes.
        agreement: Share of the added votes that programs beyond the simplest one bring.
        miss_penalty: What a program that misses a demonstration loses, in nats.
        trust_scale: A simplest program that costs this much more is right e times less often.
        trust_at_zero: Natural logarithm of how often one of cost 0 would be right.
        most_trust: No program is right more often than this.
        max_grids: Greatest number of candidates for a test input.
    """

    cost_scale: float = 6.0
    agreement: float = 0.5
    miss_penalty: float = 4.0
    trust_scale: float = 14.0
    trust_at_zero: float = 0.15
    most_trust: float = 0.98
    max_grids: int = 6


def log_votes_of(verification: Verification, config: VoteConfig) -> float:
    """Returns the logarithm of a single program's votes."""
    return -verification.cost / config.cost_scale - _penalty(verification, config)


def _penalty(verification: Verification, config: VoteConfig) -> float:
    missed = 1 - verification.reproduced / verification.demonstrations
    return config.miss_penalty * (1 + missed) if missed else 0.0


def _log_trust(verification: Verification, config: VoteConfig) -> float:
    """Returns the logarithm of how often a task's best program of this kind is right."""
    trust = config.trust_at_zero - verification.cost / config.trust_scale
    return min(trust, math.log(config.most_trust)) - _penalty(verification, config)


def candidates_by_vote(
    task: Task, verifications: Sequence[Verification], config: VoteConfig, source: str = SOURCE
) -> list[Candidate]:
    """Returns candidates for all test inputs, best first within each.

    `source` is who is said to propose them.

    The log-weight of a candidate is the logarithm of its share of the votes, times the trust in
    the best program that answers the test input.
    """
    found = []
    for index in range(len(task.test_inputs)):
        ballots: dict[Grid, dict[str, Verification]] = {}
        for verification in verifications:
            grid = verification.outputs[index]
            if grid is not None and verification.reproduced:
                ballots.setdefault(grid, {})[verification.source] = verification
        found += _ranked(task, index, ballots, config, source)
    return found


def _ranked(
    task: Task,
    index: int,
    ballots: dict[Grid, dict[str, Verification]],
    config: VoteConfig,
    source: str,
) -> list[Candidate]:
    """Returns the candidates for one test input; ties are broken by the grid itself."""
    counted = []
    for grid, by_text in ballots.items():
        supporters = sorted(
            by_text.values(), key=lambda v: (-log_votes_of(v, config), v.cost, v.source)
        )
        votes = [math.exp(log_votes_of(v, config)) for v in supporters]
        total = votes[0] + config.agreement * math.fsum(votes[1:])
        counted.append((-total, grid, supporters))
    counted.sort(key=lambda c: c[:2])
    all_votes = -math.fsum(c[0] for c in counted)
    log_trust = max((_log_trust(c[2][0], config) for c in counted), default=0.0)
    found = []
    for negative_votes, grid, supporters in counted[: config.max_grids]:
        best = supporters[0]
        evidence = ProgramEvidence(
            best.source, best.cost, best.reproduced, best.demonstrations, len(supporters)
        )
        log_weight = log_trust + math.log(-negative_votes / all_votes)
        found.append(Candidate(task.task_id, index, grid, source, log_weight, evidence))
    return found
