"""Scores and comparisons as tables for the terminal; every number with its denominator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from rich.table import Table

from arc.candidate import Candidate
from arc.scoring import Score, score_attempts
from arc.task import Answers, Task
from ensemble.merge import attempts_for
from ensemble.store import RunFolder


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a comparison: a name, its score, and the median seconds a task, where known."""

    name: str
    score: Score
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Halves:
    """What each source of a run solves alone.

    Attributes:
        rows: The run as merged, then each source alone, then all candidates together.
        only: For each source, the tasks wholly solved by it and by no other source.
        shared: Number of tasks wholly solved by every source.
    """

    rows: tuple[Row, ...]
    only: Mapping[str, int]
    shared: int


def score_run(folder: RunFolder, tasks: Sequence[Task], answers: Mapping[str, Answers]) -> Halves:
    """Returns the scores of a run and of its sources apart, from its stored candidates."""
    merge = folder.settings.merge
    asked = {task.task_id: answers[task.task_id] for task in tasks}
    found = {task.task_id: folder.read_task(task.task_id) for task in tasks}
    timings = folder.timings()
    stages: Sequence[str] = folder.manifest["stages"]

    def row(name: str, source: str | None) -> Row:
        attempts = {t.task_id: attempts_for(t, found[t.task_id], merge, source) for t in tasks}
        spent = [
            sum(timings.get((t.task_id, s), 0.0) for s in stages if source in (None, s))
            for t in tasks
        ]
        seconds = float(np.median(spent)) if timings else None
        return Row(name, score_attempts(attempts, asked), seconds)

    rows = [row(folder.path.name, None)]
    if len(stages) > 1:
        rows += [row(f"  {stage} alone", stage) for stage in stages]
    rows.append(Row("  coverage (any candidate)", coverage(found, asked)))
    right = {s: solved(row(s, s).score) for s in stages}
    only = {s: len(right[s] - set().union(*(right[o] for o in stages if o != s))) for s in stages}
    shared = len(set.intersection(*right.values())) if right else 0
    return Halves(tuple(rows), only, shared)


def score_table(rows: Sequence[Row], title: str) -> Table:
    """Returns pass@2 of each row under the three conventions."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("task share (papers)", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("per output (Kaggle)", justify="right")
    table.add_column("whole tasks", justify="right")
    table.add_column("attempted", justify="right")
    table.add_column("s/task", justify="right")
    for row in rows:
        score = row.score
        low, high = score.interval()
        table.add_row(
            row.name,
            _part(score.task_share, score.n_tasks),
            f"{100 * low:.1f}-{100 * high:.1f} %",
            _part(score.outputs_right, score.n_outputs),
            _part(score.tasks_right, score.n_tasks),
            str(score.n_attempted),
            "" if row.seconds is None else f"{row.seconds:.1f}",
        )
    return table


def halves_line(halves: Halves) -> str:
    """Returns one sentence on who solves what alone, or nothing for a run of one half."""
    if len(halves.only) < 2:
        return ""
    alone = ", ".join(f"only {source} {n}" for source, n in halves.only.items())
    return f"whole tasks solved by each half: both {halves.shared}, {alone}"


def difference_table(rows: Sequence[Row]) -> Table:
    """Returns, for each pair of rows, how many whole tasks only one of the two solves."""
    table = Table(title="whole tasks solved by one and not by the other", title_justify="left")
    for name in ("", "only the first", "only the second", "both"):
        table.add_column(name, justify="left" if not name else "right")
    for i, first in enumerate(rows):
        for second in rows[i + 1 :]:
            mine, theirs = solved(first.score), solved(second.score)
            counts = (len(mine - theirs), len(theirs - mine), len(mine & theirs))
            table.add_row(f"{first.name} | {second.name}", *map(str, counts))
    return table


def _part(count: float, total: int) -> str:
    percent = 100 * count / total if total else 0.0
    return f"{percent:.2f} % ({count:.4g} of {total})"


def solved(score: Score) -> set[str]:
    """Returns the ids of the tasks of which every output is met."""
    return {task_id for task_id, flags in score.right.items() if all(flags)}


def coverage(found: Mapping[str, Sequence[Candidate]], answers: Mapping[str, Answers]) -> Score:
    """Returns the score a perfect choice among the candidates would have."""
    right = {
        task_id: tuple(
            any(c.test_index == i and c.grid == output for c in found[task_id])
            for i, output in enumerate(answer.outputs)
        )
        for task_id, answer in answers.items()
    }
    return Score(right, sum(bool(candidates) for candidates in found.values()))
