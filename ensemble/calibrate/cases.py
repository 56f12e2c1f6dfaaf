"""Cases: test inputs, what runs proposed for them and what was right, over training tasks.

Evidence is only worth as much as its tasks are new to what gives it. So transduction's is taken
from tasks that the shipped weights were not trained on. What people learned from training tasks
when they wrote the search cannot be taken out again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arc.candidate import RANKING, Candidate
from arc.dataset import TWINS, is_held_out, load_split, load_split_answers
from arc.errors import DataError
from arc.grid import Grid
from arc.task import Answers, Task
from ensemble.folder.store import RunFolder
from ensemble.merge.evidence import DIRECT
from ensemble.selection import selection_of


@dataclass(frozen=True, slots=True)
class Case:
    """A test input, what was proposed for it, and what was right.

    Attributes:
        task_id: Its task.
        candidates: All candidates for this test input.
        answer: The answer.
    """

    task_id: str
    candidates: tuple[Candidate, ...]
    answer: Grid


@dataclass(frozen=True, slots=True)
class Cases:
    """The test inputs of some tasks, with what joined runs found.

    Attributes:
        folders: The runs.
        stages: Their stages, together.
        tasks: The tasks, every stage of which is done.
        answers: Their answers.
        cases: Their test inputs, in order.
        n_unfinished: Tasks left out since a stage is not done.
        n_known: Tasks left out since the shipped weights were trained on them, or are to be kept
            apart from evaluation.
    """

    folders: tuple[RunFolder, ...]
    stages: tuple[str, ...]
    tasks: tuple[Task, ...]
    answers: dict[str, Answers]
    cases: tuple[Case, ...]
    n_unfinished: int
    n_known: int


def gather_cases(paths: Sequence[Path]) -> Cases:
    """Returns the cases of runs over ARC-1's training split, joined task by task.

    Raises:
        ArcError: Something is no run, is over other tasks, or two runs have the same stage of a
            task; or no task is left.
    """
    folders = [RunFolder.open(path) for path in paths]
    for folder in folders:
        _check_split(folder)
    stages = tuple(dict.fromkeys(s for folder in folders for s in folder.manifest["stages"]))
    owners: dict[tuple[str, str], RunFolder] = {}
    for folder in folders:
        for task_id in folder.task_ids:
            for stage in folder.manifest["stages"]:
                if folder.has(task_id, stage):
                    _claim(owners, task_id, stage, folder)
    asked = sorted({task_id for folder in folders for task_id in folder.task_ids})
    done = [task_id for task_id in asked if all((task_id, s) in owners for s in stages)]
    kept = [t for t in done if t not in TWINS and (is_held_out(t) or DIRECT not in stages)]
    if not kept:
        raise DataError(
            f"no task to fit on: {len(asked)} asked, {len(asked) - len(done)} of them not done, "
            f"{len(done)} known to the weights; make runs with --split train --subset held_out"
        )
    known = load_split_answers("arc1", "training")
    tasks = [task for task in load_split("arc1", "training") if task.task_id in set(kept)]
    cases = []
    for task in tasks:
        found = [c for s in stages for c in owners[task.task_id, s].read(task.task_id, s)]
        for index, answer in enumerate(known[task.task_id].outputs):
            here = [c for c in found if c.test_index == index and c.source != RANKING]
            cases.append(Case(task.task_id, tuple(here), answer))
    return Cases(
        tuple(folders),
        stages,
        tuple(tasks),
        {task.task_id: known[task.task_id] for task in tasks},
        tuple(cases),
        len(asked) - len(done),
        len(done) - len(kept),
    )


def _check_split(folder: RunFolder) -> None:
    data = folder.manifest["data"]
    if (data.get("dataset"), data.get("split")) != ("arc1", "training"):
        raise DataError(
            f"{folder.path}: a run over {selection_of(folder.manifest).title()}; calibrate takes "
            "runs over ARC-1's training split only: ensemble run --split train --subset held_out"
        )


def _claim(
    owners: dict[tuple[str, str], RunFolder], task_id: str, stage: str, folder: RunFolder
) -> None:
    other = owners.setdefault((task_id, stage), folder)
    if other is not folder:
        raise DataError(
            f"{folder.path}: has the stage {stage} of task {task_id}, and so has {other.path}; "
            "give runs with different stages or different tasks"
        )
