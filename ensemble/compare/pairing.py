"""Paired tests: whether two scores over the same tasks differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from arc.bootstrap import ratio_interval
from arc.scoring import Score


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Two scores over the same tasks, task by task.

    Attributes:
        first: Name of the first.
        second: Name of the second.
        only_first: Whole tasks that only the first solves.
        only_second: Whole tasks that only the second solves.
        both: Whole tasks that both solve.
        neither: Whole tasks that neither solves.
        p: Exact McNemar test on whole tasks, two-sided.
        difference: Task share of the first less that of the second, as a fraction.
        low: Lower end of the paired 95 % bootstrap interval of the difference.
        high: Its upper end.
        p_holm: `p` corrected for the number of pairs looked at, after Holm.
    """

    first: str
    second: str
    only_first: int
    only_second: int
    both: int
    neither: int
    p: float
    difference: float
    low: float
    high: float
    p_holm: float


def paired_tests(scores: Sequence[tuple[str, Score]]) -> tuple[PairedTest, ...]:
    """Returns the test of every pair of named scores, which must be over the same tasks."""
    pairs = [(a, b) for i, a in enumerate(scores) for b in scores[i + 1 :]]
    counts = [_counts(a[1], b[1]) for a, b in pairs]
    p_values = [mcnemar(only_first, only_second) for only_first, only_second, _, _ in counts]
    corrected = holm(p_values)
    return tuple(
        PairedTest(a, b, *count, p, *_difference(first, second), p_holm)
        for ((a, first), (b, second)), count, p, p_holm in zip(
            pairs, counts, p_values, corrected, strict=True
        )
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """Returns the p-value of the exact McNemar test: a fair coin for each task that differs."""
    from scipy.stats import binomtest

    n = only_first + only_second
    return float(binomtest(only_first, n).pvalue) if n else 1.0


def holm(p_values: Sequence[float]) -> list[float]:
    """Returns p-values corrected for their number by Holm's step-down method, in their order."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for place, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[i]))
        corrected[i] = highest
    return corrected


def exact_interval(count: int, total: int) -> tuple[float, float]:
    """Returns the 95 % Clopper-Pearson interval of a share, as fractions."""
    from scipy.stats import binomtest

    if not total:
        return 0.0, 1.0
    interval = binomtest(count, total).proportion_ci()
    return float(interval.low), float(interval.high)


def _counts(first: Score, second: Score) -> tuple[int, int, int, int]:
    mine, theirs = first.solved, second.solved
    return (
        len(mine - theirs),
        len(theirs - mine),
        len(mine & theirs),
        first.n_tasks - len(mine | theirs),
    )


def _difference(first: Score, second: Score) -> tuple[float, float, float]:
    """Returns the mean difference of the task shares with its paired bootstrap interval."""
    theirs = second.shares
    differences = [share - theirs[task_id] for task_id, share in first.shares.items()]
    interval = ratio_interval(differences, [1.0] * len(differences))
    return sum(differences) / max(1, len(differences)), *interval
