"""Scoring: pass@2 under the three conventions of the field, over all answers asked for.

Scores go over the answers, not over what was submitted: a task or test input without attempts
is wrong. Attempts beyond the second are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from arc.submission import N_ATTEMPTS, Attempts
from arc.task import Answers


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

    def interval(self, n_resamples: int = 10_000, seed: int = 0) -> tuple[float, float]:
        """Returns the 95 % bootstrap interval of the mean per-task share, as fractions."""
        shares = np.array([np.mean(flags) for flags in self.right.values()])
        if not len(shares):
            return 0.0, 0.0
        rng = np.random.default_rng(seed)
        means = rng.choice(shares, (n_resamples, len(shares))).mean(axis=1)
        low, high = np.percentile(means, [2.5, 97.5])
        return float(low), float(high)


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
