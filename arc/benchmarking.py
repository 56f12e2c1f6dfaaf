"""Results in the layout of arc-agi-benchmarking, ARC Prize's harness: one JSON file a task.

Each file is a list over test inputs of `{"attempt_1": {"answer": grid, "metadata": {...},
"correct": true, false or null}, "attempt_2": ...}`. What its own scorer lets pass is refused
here: a test input answered twice or out of order, a third attempt, a grid that is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from arc.document import check_document, grid_at, read_json, write_json
from arc.errors import DataError
from arc.grid import Grid
from arc.scoring import score_attempts
from arc.submission import N_ATTEMPTS, Attempts
from arc.task import Answers, Task

SUMMARY = "results.json"


@dataclass(frozen=True, slots=True)
class Spent:
    """What a task took.

    Attributes:
        seconds: Wall-clock time.
        ended: When it was done, in seconds since 1970.
        dollars: What that time cost.
        read: Tokens that models were trained on, given as context, or asked to score.
        written: Tokens that models generated.
    """

    seconds: float = 0.0
    ended: float = 0.0
    dollars: float = 0.0
    read: int = 0
    written: int = 0


def write_results(
    folder: Path,
    tasks: Sequence[Task],
    attempts: Attempts,
    spent: Mapping[str, Spent],
    answers: Mapping[str, Answers] | None,
    model: str,
) -> None:
    """Writes a file for each task and a summary of all.

    Args:
        folder: Where to.
        tasks: The tasks.
        attempts: At most two grids for each test input of a task.
        spent: By task id; all attempts of a task bear the same part of it.
        answers: For `correct` and the score; where there are none they are null.
        model: What the attempts were made with, a name.
    """
    for task in tasks:
        own = answers[task.task_id] if answers is not None else None
        took = spent.get(task.task_id, Spent())
        entries = [
            _entry(task, i, grids, took, model, own.outputs[i] if own else None)
            for i, grids in enumerate(_of_each_test(task, attempts))
        ]
        write_json(folder / f"{task.task_id}.json", entries)
    write_json(folder / SUMMARY, _summary(tasks, attempts, spent, answers), indent=1)


def _of_each_test(task: Task, attempts: Attempts) -> list[Sequence[Grid]]:
    found = attempts.get(task.task_id, ())
    return [found[i][:N_ATTEMPTS] if i < len(found) else () for i in range(len(task.test_inputs))]


def _entry(
    task: Task, index: int, grids: Sequence[Grid], took: Spent, model: str, answer: Grid | None
) -> dict[str, Any]:
    n_attempts = N_ATTEMPTS * len(task.test_inputs)
    n_read, n_written = round(took.read / n_attempts), round(took.written / n_attempts)
    metadata: dict[str, Any] = {
        "model": model,
        "provider": "arc-ensemble",
        "start_timestamp": _moment(took.ended - took.seconds),
        "end_timestamp": _moment(took.ended),
        "choices": [],
        "reasoning_summary": None,
        "kwargs": {},
        "usage": {
            "prompt_tokens": n_read,
            "completion_tokens": n_written,
            "total_tokens": n_read + n_written,
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
        "cost": {
            "prompt_cost": 0.0,
            "completion_cost": 0.0,
            "reasoning_cost": 0.0,
            "total_cost": took.dollars / n_attempts,
        },
        "task_id": task.task_id,
        "pair_index": index,
        "test_id": model,
    }
    names = [f"attempt_{i + 1}" for i in range(N_ATTEMPTS)]
    return {
        name: None
        if i >= len(grids)
        else {
            "answer": grids[i].rows,
            "metadata": metadata,
            "correct": None if answer is None else grids[i] == answer,
        }
        for i, name in enumerate(names)
    }


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _summary(
    tasks: Sequence[Task],
    attempts: Attempts,
    spent: Mapping[str, Spent],
    answers: Mapping[str, Answers] | None,
) -> dict[str, Any]:
    found = {task.task_id: _of_each_test(task, attempts) for task in tasks}
    took = {task_id: spent.get(task_id, Spent()) for task_id in found}
    asked = {} if answers is None else {task_id: answers[task_id] for task_id in found}
    score = score_attempts(found, asked)
    cost = sum(each.dollars for each in took.values())
    n_attempts = sum(len(grids) for of_task in found.values() for grids in of_task)
    return {
        "score": None if answers is None else score.task_share,
        "total_tasks": len(tasks),
        "total_cost": cost,
        "total_attempts": n_attempts,
        "avg_cost_per_task": cost / max(1, len(tasks)),
        "avg_cost_per_attempt": cost / max(1, n_attempts),
        "avg_duration_per_task": sum(each.seconds for each in took.values()) / max(1, len(tasks)),
        "task_results": {
            task_id: {
                "score": sum(score.right[task_id]) / len(grids) if task_id in asked else None,
                "cost": took[task_id].dollars,
                "duration": took[task_id].seconds,
            }
            for task_id, grids in found.items()
        },
    }


def read_results(folder: Path) -> dict[str, tuple[tuple[Grid, ...], ...]]:
    """Returns the attempts in a folder of this layout; an empty or missing answer is none.

    Raises:
        DataError: It is no such folder, or a file answers its test inputs other than one by one.
    """
    files = [file for file in sorted(folder.glob("*.json")) if file.name != SUMMARY]
    if not files:
        raise DataError(f"{folder}: no results: a .json file for each task expected")
    return {file.stem: _attempts(file) for file in files}


def _attempts(file: Path) -> tuple[tuple[Grid, ...], ...]:
    document = read_json(file)
    check_document(document, "benchmarking", str(file))
    found = []
    for i, entry in enumerate(document):
        grids = []
        for name, attempt in sorted(entry.items()):
            if attempt is None or not attempt["answer"]:
                continue
            index = attempt.get("metadata", {}).get("pair_index", i)
            if index != i:
                raise DataError(
                    f"{file}: $[{i}].{name}: answers test input {index} in the place of {i}"
                )
            grids.append(grid_at(attempt["answer"], str(file), i, name, "answer"))
        found.append(tuple(grids))
    return tuple(found)
