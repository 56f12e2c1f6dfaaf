"""Evidence: what speaks for each grid proposed for a test input, as a few numbers to be weighed.

A grid has one base, the best kind of proposal there is for it. What comes on top is graded, and
more speaks for the grid: where the base stays, a further proposal never speaks against it. Log
weights of sources that nobody has measured are no part of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from arc.candidate import RANKING, Candidate, ProgramEvidence, ViewEvidence
from arc.grid import Grid

DIRECT = "transduction"
"""The source of direct predictions whose votes and log-probabilities are weighed."""

BASES: Mapping[str, str] = {
    "verified": "a program reproduces every demonstration",
    "direct": "it is predicted directly, and no such program gives it",
    "partial": "only programs that miss a demonstration give it",
}
GRADES: Mapping[str, str] = {
    "simplicity": "less the log of 1 + cost of the cheapest verified program",
    "programs": "log of the number of verified programs that give it",
    "program_share": "its share of the verified programs' weight",
    "demonstrations": "log of the number of demonstrations they reproduce",
    "reproduced": "share of the demonstrations that a program reproduces, where none is verified",
    "votes": "share of the replies that are this grid",
    "likelihood": "log of 100 / (1 + surprise), from 0; surprise: less the mean log-probability",
    "cell_likelihood": "less the log of the surprise a cell, 0 to 7",
    "view_share": "its share of the predicted grids' probability",
    "agreed": "a program gives it, and it is predicted directly",
}
FEATURES: Mapping[str, str] = {**BASES, **GRADES}
"""All that is weighed, by name, with what it means: bases first."""

_MOST_SURPRISE = 100.0
_MOST_CELL_LIKELIHOOD = 7.0

Features = Mapping[str, float]
"""The features of a grid that are not 0, by name; exactly one of them is a base, and is 1."""


def features_of(candidates: Sequence[Candidate]) -> dict[Grid, Features]:
    """Returns the features of each grid that is proposed for one test input.

    What only sources of unknown meaning propose is left out. The order of the candidates is of no
    consequence.
    """
    programs: dict[Grid, list[ProgramEvidence]] = {}
    weights: dict[Grid, list[float]] = {}
    views: dict[Grid, list[ViewEvidence]] = {}
    for candidate in candidates:
        grid, evidence = candidate.grid, candidate.evidence
        if isinstance(evidence, ProgramEvidence):
            programs.setdefault(grid, []).append(evidence)
            if evidence.is_verified:
                weights.setdefault(grid, []).append(candidate.log_weight)
        elif isinstance(evidence, ViewEvidence) and is_weighed(candidate):
            views.setdefault(grid, []).append(evidence)
    likely = {grid: _log_probability(found) for grid, found in views.items()}
    program_shares = _shares(weights)
    view_shares = _shares({g: [value] for g, value in likely.items() if value is not None})
    features: dict[Grid, Features] = {}
    for grid in (*programs, *(grid for grid in views if grid not in programs)):
        found: dict[str, float] = {}
        if grid in weights:
            found |= {"verified": 1.0, "program_share": program_shares[grid]}
            found |= _of_verified([e for e in programs[grid] if e.is_verified])
        else:
            found["direct" if grid in views else "partial"] = 1.0
            found["reproduced"] = max((_fit(e) for e in programs.get(grid, ())), default=0.0)
        if grid in views:
            found |= _of_views(views[grid], likely[grid], grid)
            found["view_share"] = view_shares.get(grid, 0.0)
            found["agreed"] = float(grid in programs)
        features[grid] = {name: value for name, value in found.items() if value}
    return features


def unknown_places(candidates: Sequence[Candidate]) -> dict[Grid, list[int]]:
    """Returns the place, from 0, of a grid with each source whose evidence is not weighed."""
    by_source: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        if not is_weighed(candidate) and candidate.source != RANKING:
            by_source.setdefault(candidate.source, []).append(candidate)
    places: dict[Grid, list[int]] = {}
    for source in sorted(by_source):
        for place, grid in enumerate(in_order(by_source[source])):
            places.setdefault(grid, []).append(place)
    return places


def in_order(candidates: Sequence[Candidate]) -> list[Grid]:
    """Returns the distinct grids of one source's candidates, the best first."""
    ordered = sorted(candidates, key=lambda c: (-c.log_weight, c.grid))
    return list(dict.fromkeys(candidate.grid for candidate in ordered))


def is_weighed(candidate: Candidate) -> bool:
    """Whether a candidate's evidence has a known meaning: a program run here, or `DIRECT`'s."""
    if isinstance(candidate.evidence, ProgramEvidence):
        return True
    return candidate.source == DIRECT and isinstance(candidate.evidence, ViewEvidence)


def _of_verified(programs: Sequence[ProgramEvidence]) -> dict[str, float]:
    return {
        "simplicity": -math.log1p(max(0.0, min(e.cost for e in programs))),
        "programs": math.log(max(1, sum(e.n_programs for e in programs))),
        "demonstrations": math.log(max(1, *(e.demonstrations for e in programs))),
    }


def _of_views(
    views: Sequence[ViewEvidence], log_probability: float | None, grid: Grid
) -> dict[str, float]:
    found = {"votes": max(e.votes / max(1, e.views) for e in views)}
    if log_probability is not None:
        surprise = max(0.0, -log_probability)
        found["likelihood"] = max(0.0, math.log(_MOST_SURPRISE / (1 + surprise)))
        a_cell = surprise / (grid.height * grid.width)
        least = math.exp(-_MOST_CELL_LIKELIHOOD)
        found["cell_likelihood"] = max(0.0, -math.log(max(least, a_cell)))
    return found


def _log_probability(views: Sequence[ViewEvidence]) -> float | None:
    return max((e.log_probability for e in views if e.log_probability is not None), default=None)


def _fit(evidence: ProgramEvidence) -> float:
    return evidence.reproduced / max(1, evidence.demonstrations)


def _shares(log_weights: Mapping[Grid, Sequence[float]]) -> dict[Grid, float]:
    """Returns the share of each grid in the sum of the weights, whose logarithms are given."""
    most = max((weight for each in log_weights.values() for weight in each), default=0.0)
    weights = {g: math.fsum(math.exp(w - most) for w in each) for g, each in log_weights.items()}
    total = math.fsum(weights.values())
    return {grid: weight / total for grid, weight in weights.items()}
