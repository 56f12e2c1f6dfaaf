"""The ablation: the full method and, row by row, the method without one of its parts.

Each row that must be trained is a run folder of its own, so that the whole can be stopped and goes
on later. How predictions are ranked, and a symmetry alone, need no training: these rows are
computed from the predictions that the full method's run has stored.
"""

from __future__ import annotations

import functools
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from arc.candidate import Candidate, ViewEvidence
from arc.errors import DataError, RunError
from arc.grid import Grid
from arc.scoring import Score, score_attempts
from arc.submission import N_ATTEMPTS
from arc.task import Task
from arc.transform import Symmetry
from ensemble.assembly import STAGES, check_settings, conditioning_of
from ensemble.merge import attempts_for
from ensemble.progress import Progress
from ensemble.report import coverage
from ensemble.run import Run
from ensemble.selection import Selection
from ensemble.settings import Mode, load_settings
from ensemble.store import RunFolder
from ensemble.variants import FULL, Variant
from transduction.config import VoteName
from transduction.vote import Prediction, flat_vote, rank

_STAGE: Mode = "transduction"


@dataclass(frozen=True, slots=True)
class Line:
    """A row with what came of it.

    Attributes:
        variant: The row.
        score: Its score, or `None` where it does not apply.
        seconds: The median a task took, for a row that was run.
        note: Why there is no score, or what to keep in mind about it.
    """

    variant: Variant
    score: Score | None
    seconds: float | None = None
    note: str = ""


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
            check_settings(each, _STAGE)
        facts = {"mode": _STAGE, "stages": list(STAGES[_STAGE]), "data": selection.describe()}
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
                folder.take_over(other)
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
        full = self._found(FULL)
        return [self._line(variant, full) for variant in self._variants]

    def _line(self, variant: Variant, full: Mapping[str, Sequence[Candidate]]) -> Line:
        reason = self._reason(variant)
        if reason:
            return Line(variant, None, note=f"does not apply: {reason}")
        if variant.kind == "run":
            return self._run_line(variant)
        if variant.kind == "coverage":
            return Line(variant, coverage(full, self._answers), note="no choice of two: a ceiling")
        choose = _chooser(variant)
        attempts = {t.task_id: derived_attempts(t, full[t.task_id], choose) for t in self._tasks}
        note = self._doubt(full) if variant.kind == "vote" else ""
        return Line(variant, score_attempts(attempts, self._answers), note=note)

    def _run_line(self, variant: Variant) -> Line:
        folder = self._folders[variant.key]
        found = self._found(variant.key)
        merge = folder.settings.merge
        attempts = {t.task_id: attempts_for(t, found[t.task_id], merge) for t in self._tasks}
        spent = [s for (_, stage), s in folder.timings().items() if stage == _STAGE]
        n_missing = sum(not folder.has(t.task_id, _STAGE) for t in self._tasks)
        notes = [f"{n_missing} tasks without a result count as wrong"] if n_missing else []
        if folder.settings.transduction.get("shared"):
            notes.append("the training, once for all tasks, is not in the seconds a task")
        seconds = float(np.median(spent)) if spent else None
        return Line(variant, score_attempts(attempts, self._answers), seconds, "; ".join(notes))

    def _found(self, key: str) -> dict[str, list[Candidate]]:
        return {t.task_id: self._folders[key].read(t.task_id, _STAGE) for t in self._tasks}

    def _doubt(self, full: Mapping[str, Sequence[Candidate]]) -> str:
        """Returns a warning where the full run has not stored all that votes depend on."""
        n = sum(not is_complete(task, full[task.task_id]) for task in self._tasks)
        return f"{n} tasks lack predictions or likelihoods" if n else ""


def is_complete(task: Task, candidates: Sequence[Candidate]) -> bool:
    """Whether every prediction for a task is among its candidates, with a log-probability."""
    for index in range(len(task.test_inputs)):
        evidence = [e for c, e in _with_views(candidates) if c.test_index == index]
        if any(e.log_probability is None for e in evidence if e.votes):
            return False
        if evidence and sum(e.votes for e in evidence) != evidence[0].views:
            return False
    return True


_Choose = Callable[[Sequence[Prediction], Mapping[Grid, float]], Sequence[Grid]]
"""Ranks the grids predicted for one test input, given log-probabilities of some."""


def derived_attempts(
    task: Task, candidates: Sequence[Candidate], choose: _Choose
) -> tuple[tuple[Grid, ...], ...]:
    """Returns the attempts for each test input that another choice makes of stored predictions."""
    attempts = []
    for index in range(len(task.test_inputs)):
        mine = [(c, e) for c, e in _with_views(candidates) if c.test_index == index]
        predictions = [prediction for c, e in mine for prediction in _predictions(c.grid, e)]
        scores = {c.grid: e.log_probability for c, e in mine if e.log_probability is not None}
        attempts.append(tuple(choose(predictions, scores))[:N_ATTEMPTS])
    return tuple(attempts)


def _with_views(candidates: Sequence[Candidate]) -> list[tuple[Candidate, ViewEvidence]]:
    return [
        (c, c.evidence)
        for c in candidates
        if c.source == _STAGE and isinstance(c.evidence, ViewEvidence)
    ]


def _predictions(grid: Grid, evidence: ViewEvidence) -> list[Prediction]:
    replies = evidence.replies or (0.0,) * len(evidence.transforms)
    return [
        Prediction(grid, Symmetry(name), log_probability)
        for name, log_probability in zip(evidence.transforms, replies, strict=True)
    ]


def _chooser(variant: Variant) -> _Choose:
    if variant.kind == "symmetry":
        symmetry = Symmetry(variant.key.removeprefix("only_"))
        return lambda predictions, _: [
            grid for grid, _ in flat_vote([p for p in predictions if p.symmetry is symmetry])
        ]
    (vote,) = [name for name in typing.get_args(VoteName) if name == variant.key]
    return lambda predictions, scores: [grid for grid, _ in rank(vote, predictions, scores)]


def default_selection(selection: Selection) -> Selection:
    """Returns the paper's 80 tasks where nothing else is asked for."""
    if selection.path is not None or selection.split not in ("", "eval", "evaluation"):
        return selection
    is_papers = selection.dataset == "arc1" and selection.ids is None
    subset = selection.subset or ("paper80" if is_papers else "")
    return replace(selection, split="eval", subset=subset)
