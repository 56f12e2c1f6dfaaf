"""Entries of a comparison: a run, a half of one, or somebody else's submission.

A run folder tells everything; a submission file only two grids a test input, and what it does not
tell stays unknown rather than zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arc.benchmarking import read_results
from arc.candidate import RANKING, Candidate
from arc.dataset import unknown_name
from arc.errors import DataError
from arc.grid import Grid
from arc.submission import N_ATTEMPTS, PLACEHOLDER, read_submission
from arc.task import Answers, Task
from ensemble.folder.store import RunFolder
from ensemble.half import PROGRAMS, halves_of
from ensemble.merge.policy import ranking_for

_PLACEHOLDER = Grid.of(PLACEHOLDER)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is compared, with as much of how it came about as is known.

    Attributes:
        name: For people; unique in a comparison.
        ranked: For each task id, for each test input, all distinct grids proposed, the best first.
            The first two are the attempts.
        candidates: The candidates of each task, or `None` where only the attempts are known.
        stages: The stages it consists of; none for a submission.
        seconds: Wall-clock seconds by task id and stage, or `None` where they are not known.
        limits: The backstop of each stage for one task, in seconds.
        parts: Each half of it as an entry of its own, where there are several; each stage, where
            there is one half.
        folder: The run folder it is from, where there is one.
    """

    name: str
    ranked: Mapping[str, tuple[tuple[Grid, ...], ...]]
    candidates: Mapping[str, Sequence[Candidate]] | None = None
    stages: tuple[str, ...] = ()
    seconds: Mapping[tuple[str, str], float] | None = None
    limits: Mapping[str, float] | None = None
    parts: tuple[Entry, ...] = ()
    folder: RunFolder | None = None

    @property
    def attempts(self) -> dict[str, tuple[tuple[Grid, ...], ...]]:
        """At most two grids for each test input of each task."""
        return {
            task_id: tuple(grids[:N_ATTEMPTS] for grids in ranked)
            for task_id, ranked in self.ranked.items()
        }

    @property
    def has_programs(self) -> bool:
        """Whether programs were looked for."""
        return not set(PROGRAMS).isdisjoint(self.stages)

    def seconds_of(self, task_id: str) -> float | None:
        """Returns what the stages of a task took together, if any of it is known."""
        spent = [
            self.seconds[task_id, stage]
            for stage in self.stages
            if self.seconds is not None and (task_id, stage) in self.seconds
        ]
        return sum(spent) if spent else None

    def is_attempted(self, task_id: str) -> bool:
        """Whether there is any grid but the placeholder of submissions."""
        return any(
            grid != _PLACEHOLDER or self.candidates is not None
            for grids in self.ranked.get(task_id, ())
            for grid in grids
        )


def entry_of_run(folder: RunFolder, tasks: Sequence[Task], name: str = "") -> Entry:
    """Returns a run, and each of its halves apart, from its stored candidates."""
    stages: tuple[str, ...] = tuple(folder.manifest["stages"])
    found = {(t.task_id, stage): folder.read(t.task_id, stage) for t in tasks for stage in stages}
    limits = {stage: folder.settings.effort.limit_s(stage) for stage in stages}
    seconds = folder.timings() or None

    def entry(title: str, chosen: tuple[str, ...], parts: tuple[Entry, ...] = ()) -> Entry:
        of_stages = {
            t.task_id: [c for stage in chosen for c in found[t.task_id, stage]] for t in tasks
        }
        proposed = {
            task_id: [c for c in candidates if c.source != RANKING]
            for task_id, candidates in of_stages.items()
        }
        merge = folder.settings.merge
        ranked = {t.task_id: ranking_for(t, of_stages[t.task_id], merge) for t in tasks}
        return Entry(title, ranked, proposed, chosen, seconds, limits, parts, folder)

    apart = halves_of(stages)
    if len(apart) == 1:
        apart = {stage: (stage,) for stage in stages}
    parts = tuple(entry(f"{name} alone", chosen) for name, chosen in apart.items())
    parts = parts if len(parts) > 1 else ()
    return entry(name or folder.path.name, stages, parts)


def entry_of_submission(path: Path, answers: Mapping[str, Answers], name: str = "") -> Entry:
    """Returns the attempts in a submission file, or a folder of results, whoever wrote it.

    Raises:
        DataError: It is not a submission, or is one for other tasks.
    """
    attempts = read_results(path) if path.is_dir() else read_submission(path)
    for task_id, found in attempts.items():
        if task_id not in answers:
            raise DataError(f"{path}: {unknown_name('task', task_id, list(answers))}")
        expected = len(answers[task_id].outputs)
        if len(found) != expected:
            raise DataError(f"{path}: $.{task_id}: {len(found)} entries, {expected} test inputs")
    distinct = {
        task_id: tuple(tuple(dict.fromkeys(grids)) for grids in found)
        for task_id, found in attempts.items()
    }
    return Entry(name or path.name, distinct)


def unique_names(paths: Sequence[Path]) -> list[str]:
    """Returns the shortest ends of the paths that tell them apart; repeats are numbered."""
    wholes = [path.resolve() for path in paths]
    names = [path.name or str(path) for path in wholes]
    for depth in range(2, max(len(path.parts) for path in wholes) + 1 if wholes else 2):
        clashing = {name for name in names if names.count(name) > 1}
        names = [
            "/".join(path.parts[-depth:]) if name in clashing else name
            for name, path in zip(names, wholes, strict=True)
        ]
    return [
        f"{name} ({names[:i].count(name) + 1})" if names.count(name) > 1 else name
        for i, name in enumerate(names)
    ]
