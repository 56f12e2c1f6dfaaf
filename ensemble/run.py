"""A run: every stage over every task, results on disk as they come, a submission at any time.

The cheap stage goes over all tasks first, so that an early stop has something for each; then the
dear one, tasks without a verified program first.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arc.errors import RunError
from arc.grid import Grid
from arc.scoring import Score, score_attempts
from arc.task import Answers, Task
from ensemble.assembly import Workbench
from ensemble.engine import Result, Unit, run_units
from ensemble.merge import attempts_for, has_verified
from ensemble.progress import Progress
from ensemble.store import RunFolder

_SUBMISSION_EVERY_S = 10.0
_RESERVE_S = 5.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        n_done: Tasks for which every stage is done.
        failures: Lines about tasks that could not be solved at some stage.
    """

    n_done: int
    failures: tuple[str, ...]


class Run:
    """A run on its folder."""

    def __init__(
        self,
        folder: RunFolder,
        tasks: Sequence[Task],
        answers: Mapping[str, Answers] | None,
        progress: Progress,
    ) -> None:
        """`answers`, where known, are for showing the score as it grows; no solver sees them."""
        self._folder = folder
        self._tasks = tasks
        self._answers = answers
        self._progress = progress
        self._stages: Sequence[str] = folder.manifest["stages"]
        self._attempts: dict[str, tuple[tuple[Grid, ...], ...]] = {}
        self._failures: list[str] = []

    def execute(self, n_workers: int, budget_s: float | None = None) -> Outcome:
        """Runs what is not done yet; the submission is written however this ends."""
        deadline = None if budget_s is None else time.monotonic() + budget_s - _RESERVE_S
        self._folder.check_writable()
        try:
            for task in self._tasks:
                self._merge(task)
            self._folder.write_submission(self._tasks, self._attempts)
            for i, stage in enumerate(self._stages):
                self._execute_stage(stage, n_workers, _part(deadline, len(self._stages) - i))
        finally:
            self._folder.write_submission(self._tasks, self._attempts)
        n_done = sum(
            all(self._folder.has(task.task_id, stage) for stage in self._stages)
            for task in self._tasks
        )
        return Outcome(n_done, tuple(self._failures))

    def _execute_stage(self, stage: str, n_workers: int, deadline: float | None) -> None:
        todo = [task for task in self._tasks if not self._folder.has(task.task_id, stage)]
        if not todo:
            return
        effort = self._folder.settings.effort
        limit_s = effort.induction_s if stage == "induction" else effort.transduction_s
        units = [
            Unit(stage, task, limit_s, tuple(self._folder.read_task(task.task_id))) for task in todo
        ]
        units.sort(key=lambda unit: has_verified(unit.earlier))
        bench = functools.partial(Workbench, tasks=self._tasks)
        saved = time.monotonic()
        with self._progress.stage(stage, len(self._tasks), len(self._tasks) - len(todo)) as show:
            show(self._score())
            for result in run_units(units, self._folder.settings, n_workers, deadline, bench):
                self._take(result)
                show(self._score())
                if time.monotonic() - saved > _SUBMISSION_EVERY_S:
                    self._folder.write_submission(self._tasks, self._attempts)
                    saved = time.monotonic()

    def _take(self, result: Result) -> None:
        task, stage = result.unit.task, result.unit.stage
        if result.failure:
            self._failures.append(f"{task.task_id}: {stage}: {result.failure}")
            return
        try:
            self._folder.write(task.task_id, stage, result.candidates, result.seconds)
        except OSError as error:
            raise RunError(f"{self._folder.path}: cannot be written: {error.strerror}") from None
        self._merge(task)

    def _merge(self, task: Task) -> None:
        candidates = self._folder.read_task(task.task_id)
        merge = self._folder.settings.merge
        self._attempts[task.task_id] = attempts_for(task, candidates, merge)

    def _score(self) -> Score | None:
        if self._answers is None:
            return None
        return score_attempts(self._attempts, self._answers)


def _part(deadline: float | None, n_stages: int) -> float | None:
    """Returns when the next of several stages must end if they share the time left."""
    if deadline is None:
        return None
    now = time.monotonic()
    return now + max(0.0, deadline - now) / n_stages
