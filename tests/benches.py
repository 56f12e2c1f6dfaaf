"""Stand-ins for the workbench, importable by worker processes."""

from __future__ import annotations

import os
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

from arc.candidate import Candidate, ProgramEvidence
from arc.errors import DataError
from arc.grid import Grid
from ensemble.run.unit import Found


class EchoBench:
    """Answers every test input with itself."""

    def __init__(self, settings, tasks=()):
        self.settings = settings

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def prepare(self, stage):
        pass

    def solve(self, unit):
        return Found(
            tuple(
                Candidate(unit.task.task_id, i, grid, unit.stage, 0.0)
                for i, grid in enumerate(unit.task.test_inputs)
            )
        )


class DyingBench(EchoBench):
    """Kills its process at the task called `killer`, each time."""

    def solve(self, unit):
        if unit.task.task_id == "killer":
            os._exit(1)
        return super().solve(unit)


class OnceDyingBench(EchoBench):
    """Kills its process the first time it meets the task named by a path, not the second."""

    def solve(self, unit):
        if unit.task.task_id.startswith("/"):
            mark = Path(unit.task.task_id)
            if not mark.exists():
                mark.touch()
                os._exit(1)
        return super().solve(unit)


class HungryBench(EchoBench):
    """Runs out of memory at the tasks called `hungry`, and is killed for it at `huge`.

    Does `hungry` if it may do with less. Tells by the log weight whether others are at work.
    """

    def solve(self, unit):
        if unit.task.task_id == "huge":
            os.kill(os.getpid(), signal.SIGKILL)
        if unit.task.task_id == "hungry" and not unit.is_small:
            raise MemoryError
        return super().solve(unit)


class SleepyBench(EchoBench):
    """Takes an hour over the task called `sleeper`."""

    def solve(self, unit):
        if unit.task.task_id == "sleeper":
            time.sleep(3600)
        return super().solve(unit)


class RefusingBench(EchoBench):
    """Meets something the user must fix."""

    def prepare(self, stage):
        raise DataError("no model there")


class CollapsingBench(EchoBench):
    """Dies while it prepares."""

    def prepare(self, stage):
        os._exit(1)


class BrokenBench(EchoBench):
    """Has a bug."""

    def solve(self, unit):
        raise ZeroDivisionError("a bug")


class BudgetBench(EchoBench):
    """Tells by the log weight how long it may take."""

    def solve(self, unit):
        found = super().solve(unit)
        return Found(tuple(replace(c, log_weight=unit.budget_s) for c in found.candidates))


class DrawingBench(EchoBench):
    """Gives each task a few candidates by chance of its own; takes some milliseconds."""

    def solve(self, unit):
        rng = random.Random(f"{unit.task.task_id}:{unit.stage}:{len(unit.earlier)}")
        time.sleep(rng.random() * 0.02)
        found = super().solve(unit)
        return Found(tuple(replace(c, log_weight=-rng.random()) for c in found.candidates))


class SettlingBench(EchoBench):
    """Has two verified programs' grids for every test input of even tasks, one for the others'."""

    def solve(self, unit):
        task = unit.task
        if unit.stage != "induction":
            return super().solve(unit)
        evidence = ProgramEvidence("...", 1.0, 1, 1)
        grids = (Grid.of([[1]]), Grid.of([[3]]))[: 1 + (int(task.task_id[1:]) % 2 == 0)]
        return Found(
            tuple(
                Candidate(task.task_id, i, grid, unit.stage, -1.0, evidence)
                for i in range(len(task.test_inputs))
                for grid in grids
            )
        )


class SlowBench(EchoBench):
    """Takes a good while over everything."""

    def solve(self, unit):
        time.sleep(0.3)
        return super().solve(unit)


class SteppingBench(DrawingBench):
    """Needs three passes a task at the first stage, each of which finds one candidate more."""

    def solve(self, unit):
        found = super().solve(replace(unit, earlier=()))
        if unit.stage != "induction":
            return found
        done = min(3, (unit.memory or 0) + (unit.n_passes or 3))
        rng = random.Random(unit.task.task_id)
        candidates = tuple(
            replace(found.candidates[0], log_weight=-rng.random()) for _ in range(done)
        )
        return Found(candidates, done == 3, None if done == 3 else done, done)
