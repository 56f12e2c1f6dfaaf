"""The merge: from candidates of several sources to two attempts per test input.

Within a source, the order of `log_weight` holds. Between sources only evidence of the same
meaning is compared: a program that reproduces every demonstration goes before all else.
All policies are total orders; no tie is left to the order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import zip_longest

from arc.candidate import Candidate, ProgramEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Task


def choose_attempts(
    candidates: Sequence[Candidate], policy: str = "interleave"
) -> tuple[Grid, ...]:
    """Returns at most two distinct grids, the best first, for the candidates of one test input.

    `induction-first` takes verified programs' grids, then direct predictions, then grids of
    programs that fit only some demonstrations (BARC's rule). `interleave` takes the best
    verified grid first and the best direct prediction second, and so on in turn.
    """
    ordered = sorted(candidates, key=lambda c: (-c.log_weight, c.source, c.grid))
    verified = [c for c in ordered if _is_verified(c)]
    partial = [c for c in ordered if isinstance(c.evidence, ProgramEvidence) and c not in verified]
    others = [c for c in ordered if not isinstance(c.evidence, ProgramEvidence)]
    if policy == "induction-first":
        ranked = [*verified, *others, *partial]
    elif verified:
        ranked = [*_alternating(verified, others), *partial]
    else:
        ranked = list(_alternating(others, partial))
    distinct = dict.fromkeys(candidate.grid for candidate in ranked)
    return tuple(distinct)[:N_ATTEMPTS]


def attempts_for(
    task: Task,
    candidates: Iterable[Candidate],
    policy: str = "interleave",
    source: str | None = None,
) -> tuple[tuple[Grid, ...], ...]:
    """Returns the attempts for each test input of a task, from one source or from all."""
    per_test: list[list[Candidate]] = [[] for _ in task.test_inputs]
    for candidate in candidates:
        if source is None or candidate.source == source:
            per_test[candidate.test_index].append(candidate)
    return tuple(choose_attempts(found, policy) for found in per_test)


def has_verified(candidates: Iterable[Candidate]) -> bool:
    """Whether any program reproduced every demonstration."""
    return any(_is_verified(candidate) for candidate in candidates)


def _is_verified(candidate: Candidate) -> bool:
    return isinstance(candidate.evidence, ProgramEvidence) and candidate.evidence.is_verified


def _alternating(first: Sequence[Candidate], second: Sequence[Candidate]) -> Iterable[Candidate]:
    for pair in zip_longest(first, second):
        yield from (candidate for candidate in pair if candidate is not None)
