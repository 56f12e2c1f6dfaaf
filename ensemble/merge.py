"""The merge: from candidates of several sources to two attempts per test input.

Within a source, the order of `log_weight` holds. Between sources only evidence of the same
meaning is compared: a program that reproduces every demonstration goes before all else.
All policies are total orders; no tie is left to the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

from arc.candidate import Candidate, ProgramEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Task


@dataclass(frozen=True, slots=True)
class MergeConfig:
    """Settings of the merge.

    Attributes:
        policy: `induction-first` takes verified programs' grids, then direct predictions, then
            grids of programs that fit only some demonstrations (BARC's rule). `interleave` takes
            the best verified grid, then the best direct prediction, and so on in turn.
    """

    policy: Literal["induction-first", "interleave"] = "induction-first"


def choose_attempts(
    candidates: Sequence[Candidate], config: MergeConfig = MergeConfig()
) -> tuple[Grid, ...]:
    """Returns at most two distinct grids, the best first, for the candidates of one test input."""
    ordered = sorted(candidates, key=lambda c: (-c.log_weight, c.source, c.grid))
    verified = [c for c in ordered if _is_verified(c)]
    partial = [
        c for c in ordered if isinstance(c.evidence, ProgramEvidence) and not _is_verified(c)
    ]
    direct = [c for c in ordered if not isinstance(c.evidence, ProgramEvidence)]
    if config.policy == "induction-first":
        ranked = [*verified, *direct, *partial]
    elif verified:
        ranked = [*_alternating(verified, direct), *partial]
    else:
        ranked = _alternating(direct, partial)
    return tuple(dict.fromkeys(candidate.grid for candidate in ranked))[:N_ATTEMPTS]


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


def _is_verified(candidate: Candidate) -> bool:
    return isinstance(candidate.evidence, ProgramEvidence) and candidate.evidence.is_verified


def _alternating(first: Sequence[Candidate], second: Sequence[Candidate]) -> list[Candidate]:
    return [c for pair in zip_longest(first, second) for c in pair if c is not None]
