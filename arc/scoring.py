"""Scoring: pass@2 under the three conventions of the field, over all answers asked for.

Scores go over the answers, not over what was submitted: a task or test input without attempts
is wrong. Attempts beyond the second are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from arc.bootstrap import ratio_interval
from arc.submission import N_ATTEMPTS, Attempts
from arc.task import Answers

Convention = Literal["task share", "per output", "whole tasks"]
CONVENTIONS: tuple[Convention, ...] = ("task share", "per output", "whole tasks")


@dataclass(frozen=True, slots=True)
class Rate:
    """A count of a total.

    Attributes:
        count: How many were met; a fraction where tasks count by their share.
        total: How many were asked for.
        low: Lower end of the 95 % bootstrap interval of the share, as a fraction.
        high: Its upper end.
    """

    count: float
    total: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The count as a fraction of the total; 0 of nothing."""
        return self.count / self.total if self.total else 0.0


@dataclass(frozen=True, slots=True)
class Score:
    """How many answers were met, task by task.

    Attributes:
        right: For each task id, for each test input, whether either attempt equals the answer.
        n_attempted: Number of tasks with at least one attempt.
    """

    right: Mapping[str, tuple[bool, ...]]
    n_attempted: int

    @property
    def n_tasks(self) -> int:
        """Number of tasks asked for."""
        return len(self.right)

    @property
    def n_outputs(self) -> int:
        """Number of test outputs asked for."""
        return sum(len(flags) for flags in self.right.values())

    @property
    def outputs_right(self) -> int:
        """Number of test outputs met: Kaggle's convention, over `n_outputs`."""
        return sum(sum(flags) for flags in self.right.values())

    @property
    def task_share(self) -> float:
        """Sum over tasks of the share of outputs met: the papers' convention, over `n_tasks`."""
        return float(sum(np.mean(flags) for flags in self.right.values()))

    @property
    def tasks_right(self) -> int:
        """Number of tasks with every output met: all or nothing, over `n_tasks`."""
        return sum(all(flags) for flags in self.right.values())

    @property
    def solved(self) -> frozenset[str]:
        """The ids of the tasks with every output met."""
        return frozenset(task_id for task_id, flags in self.right.items() if all(flags))

    @property
    def shares(self) -> dict[str, float]:
        """For each task id, the share of its outputs met."""
        return {task_id: float(np.mean(flags)) for task_id, flags in self.right.items()}

    def rate(self, convention: Convention) -> Rate:
        """Returns the score under a convention, with its interval."""
        flags = list(self.right.values())
        ones = [1.0] * len(flags)
        if convention == "per output":
            sizes = [float(len(each)) for each in flags]
            interval = ratio_interval([float(sum(each)) for each in flags], sizes)
            return Rate(self.outputs_right, self.n_outputs, *interval)
        if convention == "whole tasks":
            interval = ratio_interval([float(all(each)) for each in flags], ones)
            return Rate(self.tasks_right, self.n_tasks, *interval)
        interval = ratio_interval(list(self.shares.values()), ones)
        return Rate(self.task_share, self.n_tasks, *interval)

    def interval(self, n_resamples: int = 10_000) -> tuple[float, float]:
        """Returns the 95 % bootstrap interval of the mean per-task share, as fractions."""
        return ratio_interval(list(self.shares.values()), [1.0] * len(self.right), n_resamples)


def score_attempts(attempts: Attempts, answers: Mapping[str, Answers]) -> Score:
    """Returns the score of the attempts on these answers; tasks without an answer are ignored."""
    right = {}
    for task_id, answer in answers.items():
        found = attempts.get(task_id, ())
        right[task_id] = tuple(
            i < len(found) and output in list(found[i])[:N_ATTEMPTS]
            for i, output in enumerate(answer.outputs)
        )
    n_attempted = sum(
        any(len(grids) > 0 for grids in attempts.get(task_id, ())) for task_id in answers
    )
    return Score(right, n_attempted)
