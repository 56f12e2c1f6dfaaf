"""Stand-ins for the workbench, importable by worker processes."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

from arc.candidate import Candidate
from arc.errors import DataError


class EchoBench:
    """Answers every test input with itself."""

    def __init__(self, settings):
        self.settings = settings

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def solve(self, stage, task, budget_s, earlier=()):
        return [
            Candidate(task.task_id, i, grid, stage, 0.0) for i, grid in enumerate(task.test_inputs)
        ]


class DyingBench(EchoBench):
    """Kills its process at the task called `killer`, each time."""

    def solve(self, stage, task, budget_s, earlier=()):
        if task.task_id == "killer":
            os._exit(1)
        return super().solve(stage, task, budget_s)


class OnceDyingBench(EchoBench):
    """Kills its process the first time it meets the task named by a path, not the second."""

    def solve(self, stage, task, budget_s, earlier=()):
        if task.task_id.startswith("/"):
            mark = Path(task.task_id)
            if not mark.exists():
                mark.touch()
                os._exit(1)
        return super().solve(stage, task, budget_s)


class SleepyBench(EchoBench):
    """Takes an hour over the task called `sleeper`."""

    def solve(self, stage, task, budget_s, earlier=()):
        if task.task_id == "sleeper":
            time.sleep(3600)
        return super().solve(stage, task, budget_s)


class RefusingBench(EchoBench):
    """Meets something the user must fix."""

    def solve(self, stage, task, budget_s, earlier=()):
        raise DataError("no model there")


class BrokenBench(EchoBench):
    """Has a bug."""

    def solve(self, stage, task, budget_s, earlier=()):
        raise ZeroDivisionError("a bug")


class BudgetBench(EchoBench):
    """Tells by the log weight how long it may take."""

    def solve(self, stage, task, budget_s, earlier=()):
        return [
            replace(found, log_weight=budget_s) for found in super().solve(stage, task, budget_s)
        ]
