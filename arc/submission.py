"""Submissions: two attempts per test input, in the file format of the Kaggle competitions.

Inside the program a missing attempt is missing. Only the written file has a placeholder for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from arc.dataset import unknown_name
from arc.document import check_document, grid_at, read_json, write_json
from arc.errors import DataError
from arc.grid import Grid
from arc.task import Task

N_ATTEMPTS = 2
PLACEHOLDER = [[0]]

Attempts = Mapping[str, Sequence[Sequence[Grid]]]
"""For each task id, for each test input, at most two grids, the best first."""


def write_submission(path: Path, tasks: Sequence[Task], attempts: Attempts) -> None:
    """Writes a submission that names every task, with placeholders for missing attempts."""
    document = {}
    for task in tasks:
        found = attempts.get(task.task_id, ())
        document[task.task_id] = [
            _entry(found[i] if i < len(found) else ()) for i in range(len(task.test_inputs))
        ]
    write_json(path, document)


def read_submission(path: Path) -> dict[str, tuple[tuple[Grid, ...], ...]]:
    """Returns the attempts in a submission file; placeholders count as grids.

    Raises:
        DataError: It is not a submission; names the JSON path.
    """
    document = read_json(path)
    check_document(document, "submission", str(path))
    return {
        task_id: tuple(
            tuple(
                grid_at(entry[key], str(path), task_id, i, key)
                for key in ("attempt_1", "attempt_2")
            )
            for i, entry in enumerate(entries)
        )
        for task_id, entries in document.items()
    }


def validate_submission(path: Path, tasks: Sequence[Task]) -> None:
    """Raises `DataError` unless the file is what the competition takes for these tasks.

    Every task must be there with exactly one entry per test input; others must not.
    """
    attempts = read_submission(path)
    known = [task.task_id for task in tasks]
    for task_id in attempts:
        if task_id not in known:
            raise DataError(f"{path}: {unknown_name('task', task_id, known)}")
    missing = [task_id for task_id in known if task_id not in attempts]
    if missing:
        raise DataError(
            f"{path}: {len(missing)} of {len(tasks)} tasks are missing, the first is {missing[0]}"
        )
    for task in tasks:
        found, expected = len(attempts[task.task_id]), len(task.test_inputs)
        if found != expected:
            raise DataError(
                f"{path}: $.{task.task_id}: {found} entries, but {expected} test inputs"
            )


def _entry(grids: Sequence[Grid]) -> dict[str, Any]:
    rows = [grid.rows for grid in grids[:N_ATTEMPTS]]
    rows += [PLACEHOLDER] * (N_ATTEMPTS - len(rows))
    return {"attempt_1": rows[0], "attempt_2": rows[1]}
