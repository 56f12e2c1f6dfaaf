"""A run: the schedule's units worked off by an engine, results on disk as they come.

The submission is valid at any time, and everything an interrupted run has finished is kept.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from arc.candidate import CANDIDATES
from arc.grid import Grid
from arc.scoring import score_attempts
from arc.task import Answers, Task
from ensemble.folder.store import RunFolder
from ensemble.half import halves_of
from ensemble.merge.evidence import DIRECT
from ensemble.merge.policy import attempts_for, is_settled
from ensemble.progress import Progress, Show, Standing, agreement
from ensemble.run.assembly import Workbench, needs_earlier
from ensemble.run.budget import Budget
from ensemble.run.engine import Engine, work_off
from ensemble.run.local_engine import LocalEngine
from ensemble.run.schedule import Schedule
from ensemble.run.trust import trust_in
from ensemble.run.unit import Bench, MakeBench, Result, Unit
from ensemble.settings import Settings

_SUBMISSION_EVERY_S = 10.0

OpenEngine = Callable[[int, Settings, MakeBench], Engine]
"""Makes an engine of a number of workers, which make their benches from the settings."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        n_done: Tasks for which every stage is done, or left out.
        n_left_out: Tasks that transduction was left out for, since it could change no attempt.
        failures: Lines about tasks that could not be solved at some stage.
    """

    n_done: int
    n_left_out: int
    failures: tuple[str, ...]


class Run:
    """A run on its folder."""

    def __init__(
        self,
        folder: RunFolder,
        tasks: Sequence[Task],
        answers: Mapping[str, Answers] | None,
        progress: Progress,
        bench: Callable[..., Bench] = Workbench,
    ) -> None:
        """`answers`, where known, are for showing the score as it grows; no solver sees them.

        `bench` makes what a worker works at, from the settings and all `tasks`.
        """
        self._folder = folder
        self._tasks = tasks
        self._answers = answers
        self._progress = progress
        self._bench = functools.partial(bench, tasks=tasks)
        self._stages: Sequence[str] = folder.manifest["stages"]
        self._attempts: dict[str, tuple[tuple[Grid, ...], ...]] = {}
        self._halves = halves_of(self._stages)
        self._of_halves: dict[str, dict[str, tuple[tuple[Grid, ...], ...]]] = {
            half: {} for half in self._halves
        }
        self._failures: list[str] = []
        self._settled: set[str] = set()
        self._left_out: set[str] = set()

    def execute(
        self, n_workers: int, budget: Budget | None = None, open_engine: OpenEngine = LocalEngine
    ) -> Outcome:
        """Runs what is not done yet; the submission is written however this ends.

        Args:
            n_workers: How many units are under way at a time.
            budget: When the run has to be over; without one nothing depends on the clock.
            open_engine: Makes the workers.

        Raises:
            RunError: Another process is at work on the folder, or it cannot be written.
        """
        self._budget = budget or Budget()
        with self._folder.locked():
            settings = self._folder.settings
            engine = open_engine(n_workers, settings, self._bench)
            self._budget.note_start(time.monotonic())
            self._schedule = self._scheduled(engine.n_workers)
            self._write_submission()
            try:
                if self._schedule.n_open:
                    self._announce(engine.n_workers)
                    self._work(engine)
            finally:
                self._write_submission()
        n_done = sum(
            all(
                self._folder.has(task.task_id, stage)
                or (stage == DIRECT and task.task_id in self._left_out)
                for stage in self._stages
            )
            for task in self._tasks
        )
        return Outcome(n_done, len(self._left_out), tuple(self._failures))

    def _scheduled(self, n_workers: int) -> Schedule:
        """Returns the schedule of what an earlier run has left."""
        settings = self._folder.settings
        # What came from a file is done, and is no first look at a task either.
        stages = [stage for stage in self._stages if stage != CANDIDATES]
        schedule = Schedule(
            self._tasks,
            stages,
            {stage: settings.effort.limit_s(stage) for stage in stages},
            n_workers,
            self._budget,
            time.monotonic,
            needs_earlier(settings),
        )
        for task in self._tasks:
            done = [s for s in stages if self._folder.has(task.task_id, s)]
            efforts = {s: self._folder.effort(task.task_id, s) for s in stages}
            begun = {s: e for s, e in efforts.items() if e is not None and s not in done}
            schedule.restore(task.task_id, self._merge(task), done, begun)
            self._leave_out_settled(schedule, task)
        return schedule

    def _leave_out_settled(self, schedule: Schedule, task: Task) -> None:
        """Leaves transduction out where it is not done and could change nothing, if so set."""
        task_id = task.task_id
        is_wanted = self._folder.settings.effort.skip_settled and DIRECT in self._stages
        if is_wanted and task_id in self._settled and not self._folder.has(task_id, DIRECT):
            schedule.leave_out(task_id, DIRECT)
            self._left_out.add(task_id)

    def _work(self, engine: Engine) -> None:
        saved = time.monotonic()
        results = work_off(engine, self._next_unit, self._budget.deadline, self._schedule.n_open)
        with contextlib.ExitStack() as display:
            show = self._shown_on(display)
            show()
            for result in results:
                self._take(result)
                show()
                if time.monotonic() - saved > _SUBMISSION_EVERY_S:
                    self._write_submission()
                    saved = time.monotonic()

    def _next_unit(self) -> Unit | None:
        unit = self._schedule.next_unit()
        if unit is None:
            return None
        others = [stage for stage in self._stages if stage != unit.stage]
        earlier = [c for stage in others for c in self._folder.read(unit.task.task_id, stage)]
        return replace(unit, earlier=tuple(earlier))

    def _take(self, result: Result) -> None:
        task, stage, found = result.unit.task, result.unit.stage, result.found
        if result.failure:
            self._failures.append(f"{task.task_id}: {stage}: {result.failure}")
        candidates, earlier = found.candidates, result.unit.earlier
        if not found.is_complete:  # it may have got less far than one before it
            known = tuple(self._folder.read(task.task_id, stage))
            candidates = max(candidates, known, key=lambda c: trust_in(task, c))
        effort = self._schedule.note(result, trust_in(task, (*earlier, *candidates)))
        if found.candidates or not result.failure:
            self._folder.write(
                task.task_id, stage, candidates, result.seconds, effort, result.usage
            )
            self._merge(task)
            self._leave_out_settled(self._schedule, task)

    def _merge(self, task: Task) -> float:
        """Chooses a task's attempts from what there is; returns the trust in it."""
        started = time.monotonic()
        found = {stage: self._folder.read(task.task_id, stage) for stage in self._stages}
        candidates = [c for of_stage in found.values() for c in of_stage]
        merge = self._folder.settings.merge
        self._attempts[task.task_id] = attempts_for(task, candidates, merge)
        if is_settled(task, candidates, merge):
            self._settled.add(task.task_id)
        for half, stages in self._halves.items():
            of_half = [c for stage in stages for c in found[stage]]
            self._of_halves[half][task.task_id] = attempts_for(task, of_half, merge)
        self._budget.note_read(time.monotonic() - started)
        return trust_in(task, candidates)

    def _write_submission(self) -> None:
        started = time.monotonic()
        self._folder.write_submission(self._tasks, self._attempts)
        self._budget.note_write(time.monotonic() - started)

    def _left_s(self) -> float:
        """Returns the seconds that the run will still take, as far as can be told."""
        until_deadline_s = max(0.0, self._budget.deadline() - time.monotonic())
        return min(until_deadline_s, self._schedule.forecast().all_s)

    def _announce(self, n_workers: int) -> None:
        forecast = self._schedule.forecast()
        if self._budget.is_limited:
            left_s = self._budget.deadline() - time.monotonic()
            self._progress.forecast(n_workers, forecast.all_s, forecast.first_s, left_s)
        else:
            self._progress.forecast(n_workers, forecast.all_s)

    def _shown_on(self, display: contextlib.ExitStack) -> Callable[[], None]:
        """Returns what shows how far the run is, phase after phase."""
        total, phase = len(self._tasks), ""
        say: Show | None = None

        def show() -> None:
            nonlocal phase, say
            now, n_done = self._schedule.phase()
            standing, left_s = self._standing(), self._left_s()
            if now != phase or say is None:
                if say is not None:
                    say(standing, total, left_s)
                    display.close()
                phase = now
                say = display.enter_context(self._progress.stage(phase, total, n_done))
            say(standing, n_done, left_s)

        return show

    def _standing(self) -> Standing:
        """Returns how the run stands: its score and its halves', and how often they agree."""
        halves = self._of_halves if len(self._of_halves) > 1 else {}
        agreed, compared = agreement(*halves.values()) if len(halves) == 2 else (0, 0)
        if self._answers is None:
            return Standing(agreed=agreed, compared=compared)
        scores = {name: score_attempts(found, self._answers) for name, found in halves.items()}
        return Standing(score_attempts(self._attempts, self._answers), scores, agreed, compared)
