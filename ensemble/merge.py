"""The merge: from candidates of several sources to two attempts per test input.

Within a source, the order of `log_weight` holds. What a weight means differs between sources, so
the default policy turns each candidate's evidence into a probability of being right, adds up
what independent sources say for the same grid, and takes the two likeliest. All policies are total
orders; no tie is left to the order of arrival.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from arc.candidate import Candidate, ProgramEvidence, ViewEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Task

_NEVER_SURER = 1 - 1e-9


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """Settings of the merge.

    `calibrated` takes the two grids that are likeliest to be right. `induction-first` takes
    verified programs' grids, then direct predictions, then grids of programs that fit only some
    demonstrations (BARC's rule). `interleave` takes the best verified grid first and the best
    direct prediction second, and so on in turn.

    The log-odds that a direct prediction is right are linear in its evidence;
    `benchmarks/merge.py` fits the coefficients on training tasks that the model was not trained on;
    the defaults come from 106 predictions for 36 such tasks, 7 of them right. Once the likelihood
    is known, the number of votes added nothing.

    Attributes:
        policy: Which of the three.
        bias: Log-odds of a prediction with no votes and log-probability 0.
        per_vote_share: What being predicted in all views adds to them.
        per_nat: What each nat of mean log-probability adds.
    """

    policy: Literal["calibrated", "interleave", "induction-first"] = "calibrated"
    bias: float = 0.15
    per_vote_share: float = 0.0
    per_nat: float = 0.68


def choose_attempts(
    candidates: Sequence[Candidate], config: MergeConfig = MergeConfig()
) -> tuple[Grid, ...]:
    """Returns at most two distinct grids, the best first, for the candidates of one test input."""
    ordered = sorted(candidates, key=lambda c: (-c.log_weight, c.source, c.grid))
    ranked: Iterable[Grid]
    if config.policy == "calibrated":
        ranked = _by_probability(ordered, config)
    else:
        ranked = (c.grid for c in _by_kind(ordered, in_turn=config.policy == "interleave"))
    return tuple(dict.fromkeys(ranked))[:N_ATTEMPTS]


def attempts_for(
    task: Task,
    candidates: Iterable[Candidate],
    config: MergeConfig = MergeConfig(),
    source: str | None = None,
) -> tuple[tuple[Grid, ...], ...]:
    """Returns the attempts for each test input of a task, from one source or from all."""
    per_test: list[list[Candidate]] = [[] for _ in task.test_inputs]
    for candidate in candidates:
        if source is None or candidate.source == source:
            per_test[candidate.test_index].append(candidate)
    return tuple(choose_attempts(found, config) for found in per_test)


def has_verified(candidates: Iterable[Candidate]) -> bool:
    """Whether any program reproduced every demonstration."""
    return any(_is_verified(candidate) for candidate in candidates)


def probability(candidate: Candidate, config: MergeConfig) -> float:
    """Returns how likely the candidate is right.

    Direct predictions by the fitted log-odds; for all other sources the log weight is taken as the
    logarithm of that probability, as induction's vote makes it.
    """
    evidence = candidate.evidence
    if not isinstance(evidence, ViewEvidence):
        return math.exp(min(0.0, candidate.log_weight))
    share = evidence.votes / max(1, evidence.views)
    log_odds = config.bias + config.per_vote_share * share + config.per_nat * _nats(candidate)
    return 1 / (1 + math.exp(-max(-500.0, log_odds)))


def _nats(candidate: Candidate) -> float:
    """Returns a direct prediction's log-probability; what was not rescored ranks by its weight."""
    evidence = candidate.evidence
    assert isinstance(evidence, ViewEvidence)
    measured = evidence.log_probability
    return candidate.log_weight if measured is None else measured


def _by_probability(candidates: Sequence[Candidate], config: MergeConfig) -> list[Grid]:
    """Returns the distinct grids, the likeliest first.

    Sources count as independent: a grid is wrong only if all that propose it are wrong. Summed as
    logarithms, which keep very unlikely grids apart.
    """
    log_wrong: dict[Grid, float] = {}
    for candidate in candidates:
        likely = min(probability(candidate, config), _NEVER_SURER)
        log_wrong[candidate.grid] = log_wrong.get(candidate.grid, 0.0) + math.log1p(-likely)
    return sorted(log_wrong, key=lambda grid: (log_wrong[grid], grid))


def _by_kind(ordered: Sequence[Candidate], *, in_turn: bool) -> list[Candidate]:
    verified = [c for c in ordered if _is_verified(c)]
    partial = [
        c for c in ordered if isinstance(c.evidence, ProgramEvidence) and not _is_verified(c)
    ]
    others = [c for c in ordered if not isinstance(c.evidence, ProgramEvidence)]
    if not in_turn:
        return [*verified, *others, *partial]
    if verified:
        return [*_alternating(verified, others), *partial]
    return _alternating(others, partial)


def _is_verified(candidate: Candidate) -> bool:
    return isinstance(candidate.evidence, ProgramEvidence) and candidate.evidence.is_verified


def _alternating(first: Sequence[Candidate], second: Sequence[Candidate]) -> list[Candidate]:
    return [c for pair in zip_longest(first, second) for c in pair if c is not None]
