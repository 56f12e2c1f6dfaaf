"""How far the candidates of a task can be trusted: where more time need not go first."""

from __future__ import annotations

import math
from collections.abc import Iterable

from arc.candidate import RANKING, Candidate, ProgramEvidence, ViewEvidence
from arc.submission import N_ATTEMPTS
from arc.task import Task

_UNANIMOUS = 0.3
"""What is trusted a direct prediction on which all views agree."""


def trust_in(task: Task, candidates: Iterable[Candidate]) -> float:
    """Returns a guess of how likely the attempts are right, 0 to 1, for the worst test input.

    The log weight of what a verified program gives is already the logarithm of such a guess
    (`induction.vote`). A direct prediction is trusted by how many of its views agree.
    """
    weights: list[dict[object, float]] = [{} for _ in task.test_inputs]
    for candidate in candidates:
        if candidate.source != RANKING:
            known = weights[candidate.test_index]
            known[candidate.grid] = max(known.get(candidate.grid, 0.0), _trust(candidate))
    best = [sum(sorted(known.values())[-N_ATTEMPTS:]) for known in weights]
    return min(1.0, *best)


def _trust(candidate: Candidate) -> float:
    evidence = candidate.evidence
    if isinstance(evidence, ProgramEvidence):
        return math.exp(min(0.0, candidate.log_weight)) if evidence.is_verified else 0.0
    if isinstance(evidence, ViewEvidence):
        return _UNANIMOUS * (evidence.votes / max(1, evidence.views)) ** 2
    return 0.0
