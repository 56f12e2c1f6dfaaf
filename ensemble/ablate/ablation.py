"""The ablation: the full method and, row by row, the method without one of its parts.

Each row that must be trained is a run folder of its own, so that the whole can be stopped and goes
on later. `ensemble.ablate.lines` makes the table of what the folders hold.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from arc.errors import DataError, RunError
from ensemble.ablate.lines import STAGE, Line, ablation_lines
from ensemble.ablate.variants import Variant
from ensemble.folder.reuse import take_over
from ensemble.folder.store import RunFolder
from ensemble.progress import Progress
from ensemble.run.assembly import check_settings, conditioning_of
from ensemble.run.run import Run
from ensemble.selection import Selection
from ensemble.settings import load_settings


class Ablation:
    """An ablation on its folder: one run a trained row."""

    def __init__(
        self,
        variants: Sequence[Variant],
        selection: Selection,
        config: str,
        overrides: Sequence[str],
        path: Path,
    ) -> None:
        """Checks everything and makes the run folders, or opens those that are there.

        Raises:
            ArcError: A setting, the tasks or a folder cannot be used; nothing has been run.
        """
        self._variants = variants
        self._tasks = selection.tasks()
        known = selection.answers()
        if known is None:
            raise DataError(f"{selection.title()}: no answers are known, so nothing can be scored")
        self._answers = {task.task_id: known[task.task_id] for task in self._tasks}
        self._conditioning = conditioning_of(load_settings(config, overrides))
        run = [v for v in variants if v.kind == "run" and not self._reason(v)]
        settings = {v.key: load_settings(config, overrides, v.config) for v in run}
        for each in settings.values():
            check_settings(each, STAGE)
        facts = {"mode": STAGE, "stages": [STAGE], "data": selection.describe()}
        create = functools.partial(RunFolder.create_or_resume, tasks=self._tasks, facts=facts)
        self._folders = {key: create(path / key, settings=settings[key]) for key in settings}

    def _reason(self, variant: Variant) -> str:
        return variant.reason_against(self._conditioning)

    def take_over(self, other: RunFolder) -> list[str]:
        """Takes finished tasks from another run into each row of its settings; returns the rows.

        Raises:
            RunError: No row has the settings of that run.
        """
        taken, refusals = [], []
        for key, folder in self._folders.items():
            try:
                take_over(folder, other)
            except RunError as error:
                refusals.append(error)
            else:
                taken.append(key)
        if not taken:
            raise refusals[0]
        return taken

    def execute(
        self, n_workers: int, progress: Progress, announce: Callable[[str], None]
    ) -> list[Line]:
        """Runs what is not done yet, row by row, and returns all rows."""
        for variant in self._variants:
            if variant.key in self._folders:
                announce(f"{variant.title}:")
                folder = self._folders[variant.key]
                outcome = Run(folder, self._tasks, self._answers, progress).execute(n_workers)
                for failure in outcome.failures:
                    announce(f"no result for {failure}")
        return self.lines()

    def lines(self) -> list[Line]:
        """Returns all rows, from what the folders hold."""
        return ablation_lines(
            self._variants, self._folders, self._tasks, self._answers, self._reason
        )


def default_selection(selection: Selection) -> Selection:
    """Returns the paper's 80 tasks where nothing else is asked for."""
    if selection.path is not None or selection.split not in ("", "eval", "evaluation"):
        return selection
    is_papers = selection.dataset == "arc1" and selection.ids is None
    subset = selection.subset or ("paper80" if is_papers else "")
    return replace(selection, split="eval", subset=subset)
