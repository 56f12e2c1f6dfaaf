"""Why a task is not solved: one reason a task, the first that applies, and a sentence on it.

The order of the reasons is that of what could be done about them: a run that goes on, a better
choice, more demonstrations' worth of doubt, more time, and only then better proposals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from arc.candidate import CANDIDATES, ProgramEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Answers
from ensemble.compare.entry import Entry
from ensemble.merge.policy import has_verified

_AT_LIMIT = 0.97
"""Share of its backstop from which a stage counts as stopped by it."""


class Reason(StrEnum):
    """What became of a task. All but the first are failures."""

    SOLVED = "solved"
    NOT_RUN = "not run"
    NOT_CHOSEN = "right candidate not chosen"
    MISLED = "verified program wrong"
    TIMED_OUT = "timed out"
    NO_PROGRAM = "no verified program"
    NO_ATTEMPT = "no attempt"
    WRONG_SIZE = "wrong size"
    WRONG_CELLS = "wrong cells"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a task, and the particulars in a few words."""

    reason: Reason
    note: str = ""


def verdict_on(entry: Entry, answers: Answers) -> Verdict:
    """Returns why an entry does not solve a task, judged at the first test input it fails."""
    task_id = answers.task_id
    ranked = entry.ranked.get(task_id, ())
    for index, answer in enumerate(answers.outputs):
        grids = ranked[index] if index < len(ranked) else ()
        if answer not in grids[:N_ATTEMPTS]:
            verdict = _verdict(entry, task_id, index, grids, answer)
            n_right = sum(
                output in ranked[i][:N_ATTEMPTS]
                for i, output in enumerate(answers.outputs)
                if i < len(ranked)
            )
            if n_right:
                part = f"{n_right} of {len(answers.outputs)} outputs right"
                return Verdict(verdict.reason, "; ".join(filter(None, (part, verdict.note))))
            return verdict
    return Verdict(Reason.SOLVED)


def _verdict(
    entry: Entry, task_id: str, index: int, grids: Sequence[Grid], answer: Grid
) -> Verdict:
    if answer in grids:
        place = grids.index(answer) + 1
        return Verdict(Reason.NOT_CHOSEN, f"the answer is candidate {place} of {len(grids)}")
    worked = [stage for stage in entry.stages if stage != CANDIDATES]
    if entry.folder and worked and not any(entry.folder.has(task_id, s) for s in worked):
        return Verdict(Reason.NOT_RUN, "the run has not come to it")
    nearest = _nearest(grids[:N_ATTEMPTS], answer)
    if entry.has_programs and entry.candidates is not None:
        candidates = entry.candidates.get(task_id, ())
        here = [c for c in candidates if c.test_index == index]
        if has_verified(here):
            return Verdict(Reason.MISLED, _distance(nearest, answer))
        stopped = _stopped(entry, task_id)
        if stopped:
            return Verdict(Reason.TIMED_OUT, stopped)
        by_programs = {c.grid for c in here if isinstance(c.evidence, ProgramEvidence)}
        if nearest is None or nearest in by_programs:
            return Verdict(Reason.NO_PROGRAM, _distance(nearest, answer))
    elif stopped := _stopped(entry, task_id):
        return Verdict(Reason.TIMED_OUT, stopped)
    if nearest is None or not entry.is_attempted(task_id):
        return Verdict(Reason.NO_ATTEMPT)
    reason = Reason.WRONG_CELLS if nearest.shape == answer.shape else Reason.WRONG_SIZE
    return Verdict(reason, _distance(nearest, answer))


def _stopped(entry: Entry, task_id: str) -> str:
    """Returns which stage ran into its backstop, or nothing."""
    for stage in entry.stages:
        spent = (entry.seconds or {}).get((task_id, stage), 0.0)
        limit = (entry.limits or {}).get(stage, 0.0)
        if limit and spent >= _AT_LIMIT * limit:
            return f"{stage} stopped at its limit of {limit:g} s"
    return ""


def n_differing(grid: Grid, answer: Grid) -> int:
    """Returns in how many cells two grids of one shape differ."""
    return sum(a != b for a, b in zip(grid.cells, answer.cells, strict=True))


def _nearest(grids: Sequence[Grid], answer: Grid) -> Grid | None:
    """Returns the attempt of the answer's shape with the fewest wrong cells, else the first."""
    fitting = [grid for grid in grids if grid.shape == answer.shape]
    if fitting:
        return min(fitting, key=lambda grid: n_differing(grid, answer))
    return grids[0] if grids else None


def _distance(grid: Grid | None, answer: Grid) -> str:
    if grid is None:
        return ""
    if grid.shape != answer.shape:
        return f"{grid.height}x{grid.width} instead of {answer.height}x{answer.width}"
    n = n_differing(grid, answer)
    return f"{n} of {len(answer.cells)} cells wrong"
