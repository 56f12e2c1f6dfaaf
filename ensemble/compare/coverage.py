"""Coverage: what a better choice among the candidates could have got, against what was chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arc.grid import Grid
from arc.scoring import Score
from arc.submission import N_ATTEMPTS
from arc.task import Answers
from ensemble.compare.entry import Entry

Ranked = Mapping[str, tuple[tuple[Grid, ...], ...]]
"""For each task id, for each test input, the distinct grids proposed, the best first."""

PLACES = (1, N_ATTEMPTS, 3)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How good the candidates are, and how good the choice.

    Attributes:
        at: Score of the best so many candidates; only those known, so 3 not for a submission.
        whole: Score of all candidates together, or `None` where only the attempts are known.
        n_grids: Mean number of distinct grids proposed for a test input, where known.
    """

    at: Mapping[int, Score]
    whole: Score | None
    n_grids: float | None

    @property
    def lost(self) -> float | None:
        """Task share that some candidate has right and the two chosen have not."""
        if self.whole is None:
            return None
        return self.whole.task_share - self.at[N_ATTEMPTS].task_share


def coverage_of(entry: Entry, answers: Mapping[str, Answers]) -> Coverage:
    """Returns the coverage of an entry on the tasks asked for."""
    if entry.candidates is None:
        known = [place for place in PLACES if place <= N_ATTEMPTS]
        at = {place: score_first(entry.ranked, answers, place) for place in known}
        return Coverage(at, None, None)
    at = {place: score_first(entry.ranked, answers, place) for place in PLACES}
    counts = [len(grids) for task_id in answers for grids in entry.ranked.get(task_id, ())]
    mean = float(np.mean(counts)) if counts else 0.0
    return Coverage(at, score_first(entry.ranked, answers), mean)


def score_first(ranked: Ranked, answers: Mapping[str, Answers], n: int | None = None) -> Score:
    """Returns the score of the `n` best candidates, or of all: pass@n, or coverage."""
    right = {}
    for task_id, answer in answers.items():
        found = ranked.get(task_id, ())
        right[task_id] = tuple(
            i < len(found) and output in found[i][:n] for i, output in enumerate(answer.outputs)
        )
    n_attempted = sum(any(map(len, ranked.get(task_id, ()))) for task_id in answers)
    return Score(right, n_attempted)
