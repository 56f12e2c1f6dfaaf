"""The lines of an ablation: what each variant of the full method scores, from run folders alone.

How predictions are ranked, and a symmetry alone, need no training: these lines are computed from
the predictions that the full method's run has stored.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arc.candidate import Candidate, ViewEvidence
from arc.grid import Grid
from arc.scoring import Score, score_attempts
from arc.submission import N_ATTEMPTS
from arc.task import Answers, Task
from arc.transform import Symmetry
from ensemble.ablate.variants import FULL, VARIANTS, Variant
from ensemble.compare.coverage import score_first
from ensemble.folder.store import RunFolder
from ensemble.merge.policy import attempts_for, ranking_for
from ensemble.settings import Mode, varied
from transduction.config import VoteName
from transduction.vote import Prediction, flat_vote, rank

STAGE: Mode = "transduction"


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


def ablation_lines(
    variants: Sequence[Variant],
    folders: Mapping[str, RunFolder],
    tasks: Sequence[Task],
    answers: Mapping[str, Answers],
    reason_against: Callable[[Variant], str] = lambda variant: "",
) -> list[Line]:
    """Returns the line of each variant.

    Args:
        variants: The rows, in the table's order.
        folders: The run of each row that is one, by its key; the full method's among them.
        tasks: What is scored.
        answers: The answers to these tasks.
        reason_against: Why a row does not apply, or nothing.
    """
    full = {t.task_id: folders[FULL].read(t.task_id, STAGE) for t in tasks}
    lines = []
    for variant in variants:
        reason = reason_against(variant)
        if reason:
            lines.append(Line(variant, None, note=f"does not apply: {reason}"))
        elif variant.kind == "run":
            lines.append(_run_line(variant, folders[variant.key], tasks, answers))
        else:
            lines.append(_derived_line(variant, full, tasks, answers))
    return lines


def ablated(folders: Sequence[RunFolder]) -> dict[str, RunFolder]:
    """Returns which runs are variants of one of them, by the variants' keys; often none are.

    A run is a variant of another if their settings of transduction, model and seed differ by what
    the variant's configuration says, and by nothing else. The run with most variants is the full
    method.
    """
    runs = [folder for folder in folders if STAGE in folder.manifest["stages"]]
    best: dict[str, RunFolder] = {}
    for full in runs:
        found = {FULL: full}
        for variant in VARIANTS:
            if variant.kind != "run" or not variant.config:
                continue
            wanted = _compared(varied(full.settings, variant.config).table())
            for folder in runs:
                if folder is not full and _compared(folder.settings.table()) == wanted:
                    found.setdefault(variant.key, folder)
        if len(found) > max(1, len(best)):
            best = found
    return best


def variants_of(folders: Mapping[str, RunFolder]) -> tuple[Variant, ...]:
    """Returns the rows that these runs can fill: their own, and those derived from the full one."""
    return tuple(v for v in VARIANTS if v.kind != "run" or v.key in folders)


def _compared(table: Mapping[str, typing.Any]) -> list[typing.Any]:
    return [table["transduction"], table["model"], table["effort"]["seed"]]


def _run_line(
    variant: Variant, folder: RunFolder, tasks: Sequence[Task], answers: Mapping[str, Answers]
) -> Line:
    merge = folder.settings.merge
    attempts = {t.task_id: attempts_for(t, folder.read(t.task_id, STAGE), merge) for t in tasks}
    spent = [s for (_, stage), s in folder.timings().items() if stage == STAGE]
    n_missing = sum(not folder.has(t.task_id, STAGE) for t in tasks)
    notes = [f"{n_missing} tasks without a result count as wrong"] if n_missing else []
    if folder.settings.transduction.get("shared"):
        notes.append("the training, once for all tasks, is not in the seconds a task")
    seconds = float(np.median(spent)) if spent else None
    return Line(variant, score_attempts(attempts, answers), seconds, "; ".join(notes))


def _derived_line(
    variant: Variant,
    full: Mapping[str, Sequence[Candidate]],
    tasks: Sequence[Task],
    answers: Mapping[str, Answers],
) -> Line:
    if variant.kind == "coverage":
        ranked = {t.task_id: ranking_for(t, full[t.task_id]) for t in tasks}
        return Line(variant, score_first(ranked, answers), note="no choice of two: a ceiling")
    choose = _chooser(variant)
    attempts = {t.task_id: derived_attempts(t, full[t.task_id], choose) for t in tasks}
    note = _doubt(full, tasks) if variant.kind == "vote" else ""
    return Line(variant, score_attempts(attempts, answers), note=note)


def _doubt(full: Mapping[str, Sequence[Candidate]], tasks: Sequence[Task]) -> str:
    """Returns a warning where the full run has not stored all that votes depend on."""
    n = sum(not is_complete(task, full[task.task_id]) for task in tasks)
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
        if c.source == STAGE and isinstance(c.evidence, ViewEvidence)
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
