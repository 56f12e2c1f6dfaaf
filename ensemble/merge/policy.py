"""The merge: from candidates of several sources to two attempts per test input.

Within a source, the order of `log_weight` holds. Between sources only evidence of the same
meaning is compared: a program that reproduces every demonstration goes before all else. The log
weights of direct predictions mean something else in every source, so sources take turns there.
All policies are total orders; no tie is left to the order of arrival.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Literal

from arc.candidate import RANKING, Candidate, ProgramEvidence
from arc.errors import ConfigError
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Task
from ensemble.merge.calibration import Calibration, load_calibration


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """Settings of the merge.

    Attributes:
        policy: `induction-first` takes verified programs' grids, then direct predictions, then
            grids of programs that fit only some demonstrations (BARC's rule). `interleave` takes
            the best verified grid, then the best direct prediction, and so on in turn. `ranked`
            is BARC's rule with the programs' grids ordered by what an adapted model holds of
            them too (see `transduction.rank_programs`). `calibrated` orders all grids by how likely
            they are right, by a file that `ensemble calibrate` has fitted.
        rank_weight: What a nat of the model's mean log-probability counts beside one of the
            programs' own log weight, for `ranked`.
        calibration: The file for `calibrated`; the shipped one where none is named.
    """

    policy: Literal["induction-first", "interleave", "ranked", "calibrated"] = "induction-first"
    rank_weight: float = 0.03
    calibration: str = ""

    def __post_init__(self) -> None:
        if not self.rank_weight >= 0:
            raise ConfigError(f"rank_weight: a number from 0 expected, got {self.rank_weight}")


def choose_attempts(
    candidates: Sequence[Candidate], config: MergeConfig = MergeConfig()
) -> tuple[Grid, ...]:
    """Returns at most two distinct grids, the best first, for the candidates of one test input."""
    return rank_grids(candidates, config)[:N_ATTEMPTS]


def rank_grids(
    candidates: Sequence[Candidate], config: MergeConfig = MergeConfig()
) -> tuple[Grid, ...]:
    """Returns all distinct grids proposed for one test input, the best first.

    Raises:
        ConfigError: The policy needs a calibration, and the file is missing or is none.
    """
    if config.policy == "calibrated":
        return rank_by_odds(candidates, load_calibration(config.calibration))
    proposed = [candidate for candidate in candidates if candidate.source != RANKING]
    if config.policy == "ranked":
        proposed = _reweighted(proposed, candidates, config.rank_weight)
    ordered = sorted(proposed, key=lambda c: (-c.log_weight, c.source, c.grid))
    verified = [c for c in ordered if _is_verified(c)]
    partial = [
        c for c in ordered if isinstance(c.evidence, ProgramEvidence) and not _is_verified(c)
    ]
    direct = _in_turns([c for c in ordered if not isinstance(c.evidence, ProgramEvidence)])
    if config.policy != "interleave":
        ranked = [*verified, *direct, *partial]
    elif verified:
        ranked = [*_alternating(verified, direct), *partial]
    else:
        ranked = _alternating(direct, partial)
    return tuple(dict.fromkeys(candidate.grid for candidate in ranked))


def rank_by_odds(candidates: Sequence[Candidate], calibration: Calibration) -> tuple[Grid, ...]:
    """Returns all distinct grids, the likeliest first, then those without odds.

    BARC's rule breaks ties.
    """
    log_odds = calibration.log_odds(candidates)
    return tuple(sorted(rank_grids(candidates), key=lambda grid: -log_odds.get(grid, -math.inf)))


def estimates(
    candidates: Sequence[Candidate], stages: Sequence[str], config: MergeConfig
) -> Mapping[Grid, float]:
    """Returns how likely each grid for one test input is right.

    Nothing is said by other policies than `calibrated`, or if a stage is missing that the
    calibration was fitted with.
    """
    if config.policy != "calibrated":
        return {}
    calibration = load_calibration(config.calibration)
    known = set(calibration.stages) <= set(stages)
    return calibration.probabilities(candidates) if known else {}


def attempts_for(
    task: Task,
    candidates: Iterable[Candidate],
    config: MergeConfig = MergeConfig(),
) -> tuple[tuple[Grid, ...], ...]:
    """Returns the attempts for each test input of a task."""
    ranked = ranking_for(task, candidates, config)
    return tuple(grids[:N_ATTEMPTS] for grids in ranked)


def ranking_for(
    task: Task,
    candidates: Iterable[Candidate],
    config: MergeConfig = MergeConfig(),
) -> tuple[tuple[Grid, ...], ...]:
    """Returns all distinct grids proposed for each test input, the best first."""
    per_test: list[list[Candidate]] = [[] for _ in task.test_inputs]
    for candidate in candidates:
        per_test[candidate.test_index].append(candidate)
    return tuple(rank_grids(found, config) for found in per_test)


def is_settled(task: Task, candidates: Iterable[Candidate], config: MergeConfig) -> bool:
    """Whether no direct prediction can change the attempts any more.

    By BARC's rule that is so where programs that reproduce every demonstration give as many grids
    as there are attempts, for each test input.
    """
    if config.policy != "induction-first":
        return False
    grids: list[set[Grid]] = [set() for _ in task.test_inputs]
    for candidate in candidates:
        if _is_verified(candidate):
            grids[candidate.test_index].add(candidate.grid)
    return all(len(found) >= N_ATTEMPTS for found in grids)


def has_verified(candidates: Iterable[Candidate]) -> bool:
    """Whether any program reproduced every demonstration."""
    return any(_is_verified(candidate) for candidate in candidates)


def _reweighted(
    proposed: Sequence[Candidate], candidates: Sequence[Candidate], weight: float
) -> list[Candidate]:
    """Returns the proposals, those of programs with the model's opinion in their log weights.

    A grid the model was not asked about counts as the least likely of those it was.
    """
    opinions = {c.grid: c.log_weight for c in candidates if c.source == RANKING}
    least = min(opinions.values(), default=0.0)
    return [
        replace(c, log_weight=c.log_weight + weight * opinions.get(c.grid, least))
        if isinstance(c.evidence, ProgramEvidence)
        else c
        for c in proposed
    ]


def _in_turns(ordered: Sequence[Candidate]) -> list[Candidate]:
    """Returns the best candidate of each source, then the second of each, and so on.

    Within a turn, a grid that more sources propose goes first.
    """
    best: dict[tuple[str, Grid], Candidate] = {}
    for candidate in ordered:
        best.setdefault((candidate.source, candidate.grid), candidate)
    n_sources = Counter(grid for _, grid in best)
    n_before: Counter[str] = Counter()
    turns = []
    for candidate in best.values():
        turn = (n_before[candidate.source], -n_sources[candidate.grid], candidate.source)
        turns.append((turn, candidate))
        n_before[candidate.source] += 1
    return [candidate for _, candidate in sorted(turns, key=lambda each: each[0])]


def _is_verified(candidate: Candidate) -> bool:
    return isinstance(candidate.evidence, ProgramEvidence) and candidate.evidence.is_verified


def _alternating(first: Sequence[Candidate], second: Sequence[Candidate]) -> list[Candidate]:
    return [c for pair in zip_longest(first, second) for c in pair if c is not None]
