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
    """How weights are set.

    Attributes:
        cost_scale: A program that costs this much more weighs e times less.
        agreement: Share of the added weight that programs beyond the simplest one bring.
        verified_log_weight: Log-weight of a verified program of cost 0.
        miss_penalty: What a program that misses a demonstration loses, in nats.
        max_grids: Greatest number of candidates for a test input.
    """

    cost_scale: float = 6.0
    agreement: float = 0.5
    verified_log_weight: float = -0.1
    miss_penalty: float = 4.0
    max_grids: int = 6


def log_weight_of(verification: Verification, config: VoteConfig) -> float:
    """Returns the standing of a single program."""
    missed = 1 - verification.reproduced / verification.demonstrations
    penalty = config.miss_penalty * (1 + missed) if missed else 0.0
    return config.verified_log_weight - verification.cost / config.cost_scale - penalty


def candidates_by_vote(
    task: Task, verifications: Sequence[Verification], config: VoteConfig
) -> list[Candidate]:
    """Returns candidates for all test inputs, best first within each."""
    found = []
    for index in range(len(task.test_inputs)):
        ballots: dict[Grid, dict[str, Verification]] = {}
        for verification in verifications:
            grid = verification.outputs[index]
            if grid is not None and verification.reproduced:
                ballots.setdefault(grid, {})[verification.source] = verification
        ranked = sorted(
            (_candidate(task, index, grid, list(by_text.values()), config))
            for grid, by_text in ballots.items()
        )
        found += [candidate for _, _, candidate in ranked[: config.max_grids]]
    return found


def _candidate(
    task: Task, index: int, grid: Grid, supporters: list[Verification], config: VoteConfig
) -> tuple[float, Grid, Candidate]:
    """Returns a sort key, total since grids differ, and the candidate."""
    supporters = sorted(supporters, key=lambda v: (-log_weight_of(v, config), v.source))
    best = supporters[0]
    weights = [math.exp(log_weight_of(v, config)) for v in supporters]
    log_weight = math.log(weights[0] + config.agreement * math.fsum(weights[1:]))
    evidence = ProgramEvidence(
        best.source, best.cost, best.reproduced, best.demonstrations, len(supporters)
    )
    candidate = Candidate(task.task_id, index, grid, SOURCE, min(log_weight, 0.0), evidence)
    return -log_weight, grid, candidate
