"""Comparisons: everything a report says about runs and submissions, computed once.

Nothing here draws. The terminal and the page both draw `ensemble.compare.sheets`, which puts these
numbers into words, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from arc.scoring import CONVENTIONS, Convention, Rate, Score, score_attempts
from arc.task import Answers, Task
from ensemble.compare.coverage import Coverage, coverage_of
from ensemble.compare.entry import Entry
from ensemble.compare.failures import Reason, Verdict, verdict_on
from ensemble.compare.overlap import Intersection, intersections
from ensemble.compare.pairing import PairedTest, paired_tests
from ensemble.compare.published import Published
from ensemble.compare.strata import Division, divisions
from ensemble.merge.policy import has_verified

_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Spent:
    """What the tasks of an entry took, in wall-clock seconds of one worker.

    Attributes:
        median: Of a task.
        high: The 90th percentile of a task.
        mean: Of a task.
        total: Of all tasks that were timed.
    """

    median: float
    high: float
    mean: float
    total: float


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with what is said about it.

    Attributes:
        entry: The entry.
        score: Its score, task by task.
        rates: Its score under each convention.
        coverage: What its candidates hold beside what was chosen.
        n_attempted: Tasks with any attempt but a placeholder.
        spent: What it took, where known.
        usd: Dollars a task, where a price was given.
        verdicts: Why each task is solved or not.
        n_unverified: Tasks not solved for which no program fits all demonstrations, where programs
            were looked for.
        parts: Its halves, each alone; or its stages, where it has one half.
    """

    entry: Entry
    score: Score
    rates: Mapping[Convention, Rate]
    coverage: Coverage
    n_attempted: int
    spent: Spent | None
    usd: float | None
    verdicts: Mapping[str, Verdict]
    n_unverified: int | None
    parts: tuple[Row, ...] = ()

    @property
    def name(self) -> str:
        """The entry's name."""
        return self.entry.name

    def n_of(self, reason: Reason) -> int:
        """Returns how many tasks this became of."""
        return sum(verdict.reason is reason for verdict in self.verdicts.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs and submissions over the same tasks.

    Attributes:
        title: Which tasks these are.
        answers: The answers asked for, by task id.
        tasks: The tasks; some or all may be unknown.
        levels: The level of each task that has one.
        rows: One for each entry, in the order given.
        pairs: Every two rows compared.
        contestants: Names of those whose overlap is shown: the rows, or the halves of a single one.
        overlap: Which of the contestants solve which tasks.
        divisions: The tasks divided by level and size.
        published: What others have reported on these tasks.
        usd_per_hour: The price of an hour of one worker, where given.
    """

    title: str
    answers: Mapping[str, Answers]
    tasks: Mapping[str, Task]
    levels: Mapping[str, str]
    rows: tuple[Row, ...]
    pairs: tuple[PairedTest, ...]
    contestants: tuple[str, ...]
    overlap: tuple[Intersection, ...]
    divisions: tuple[Division, ...]
    published: tuple[Published, ...]
    usd_per_hour: float | None


def compare_entries(
    entries: Sequence[Entry],
    answers: Mapping[str, Answers],
    title: str,
    *,
    tasks: Sequence[Task] = (),
    levels: Mapping[str, str] | None = None,
    published: Sequence[Published] = (),
    usd_per_hour: float | None = None,
) -> Comparison:
    """Returns what can be said about entries on these answers.

    Args:
        entries: What is compared, at least one.
        answers: Over which tasks; those an entry does not attempt count as wrong.
        title: Which tasks these are.
        tasks: Their demonstrations, for what depends on them.
        levels: Their levels, where they have any.
        published: Results of others on these very tasks.
        usd_per_hour: What an hour of one worker costs.
    """
    known = {task.task_id: task for task in tasks if task.task_id in answers}
    rows = tuple(row_of(entry, answers, usd_per_hour) for entry in entries)
    contestants = rows if len(rows) > 1 or not rows[0].parts else rows[0].parts
    solved = {row.name: row.score.solved for row in contestants}
    return Comparison(
        title=title,
        answers=answers,
        tasks=known,
        levels={t: level for t, level in (levels or {}).items() if t in answers},
        rows=rows,
        pairs=paired_tests([(row.name, row.score) for row in contestants]),
        contestants=tuple(solved),
        overlap=intersections(solved, list(answers)),
        divisions=divisions(list(answers), known, levels or {}),
        published=tuple(published),
        usd_per_hour=usd_per_hour,
    )


def row_of(entry: Entry, answers: Mapping[str, Answers], usd_per_hour: float | None = None) -> Row:
    """Returns what is said about one entry."""
    score = score_attempts(entry.attempts, answers)
    verdicts = {task_id: verdict_on(entry, answer) for task_id, answer in answers.items()}
    spent = _spent(entry, answers)
    return Row(
        entry=entry,
        score=score,
        rates={convention: score.rate(convention) for convention in CONVENTIONS},
        coverage=coverage_of(entry, answers),
        n_attempted=sum(entry.is_attempted(task_id) for task_id in answers),
        spent=spent,
        usd=spent.mean * usd_per_hour / _HOUR_S if spent and usd_per_hour is not None else None,
        verdicts=verdicts,
        n_unverified=_n_unverified(entry, verdicts),
        parts=tuple(row_of(part, answers, usd_per_hour) for part in entry.parts),
    )


def _spent(entry: Entry, answers: Mapping[str, Answers]) -> Spent | None:
    timed = [entry.seconds_of(task_id) for task_id in answers]
    seconds = [each for each in timed if each is not None]
    if not seconds:
        return None
    median, high = np.percentile(seconds, [50, 90])
    return Spent(float(median), float(high), float(np.mean(seconds)), float(sum(seconds)))


def _n_unverified(entry: Entry, verdicts: Mapping[str, Verdict]) -> int | None:
    if not entry.has_programs or entry.candidates is None:
        return None
    return sum(
        verdict.reason is not Reason.SOLVED and not has_verified(entry.candidates.get(task_id, ()))
        for task_id, verdict in verdicts.items()
    )
