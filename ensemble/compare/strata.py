"""Strata: groups of like tasks, by what can be told without their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from arc.task import Task

LEVELS = ("easy", "medium", "hard", "expert")
_SIZES = ((100, "up to 100 cells"), (225, "101 to 225"), (400, "226 to 400"), (900, "over 400"))


@dataclass(frozen=True, slots=True)
class Stratum:
    """A group of tasks: its name and the ids."""

    name: str
    task_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Division:
    """A way of dividing tasks into groups; each task that can be told is in one of them."""

    key: str
    title: str
    strata: tuple[Stratum, ...]


def divisions(
    task_ids: Sequence[str], tasks: Mapping[str, Task], levels: Mapping[str, str]
) -> tuple[Division, ...]:
    """Returns the divisions that apply: by level, by largest grid, by what the output's size is."""
    known = [task_id for task_id in task_ids if task_id in tasks]
    made = (
        _division("level", "level", LEVELS, task_ids, lambda task_id: levels.get(task_id, "")),
        _division(
            "size",
            "cells of the largest grid",
            [name for _, name in _SIZES],
            known,
            lambda task_id: _size_name(largest_grid(tasks[task_id])),
        ),
        _division(
            "shape",
            "size of the outputs",
            ("as the input", "another"),
            known,
            lambda task_id: "as the input" if keeps_size(tasks[task_id]) else "another",
        ),
    )
    return tuple(division for division in made if division.strata)


def largest_grid(task: Task) -> int:
    """Returns the number of cells of the largest grid shown: demonstrations and test inputs."""
    return max(len(grid.cells) for grid in (*task.inputs, *task.outputs))


def keeps_size(task: Task) -> bool:
    """Whether every demonstration's output has the shape of its input."""
    return all(pair.input.shape == pair.output.shape for pair in task.pairs)


def _division(
    key: str,
    title: str,
    names: Sequence[str],
    task_ids: Sequence[str],
    name_of: Callable[[str], str],
) -> Division:
    grouped: dict[str, list[str]] = {name: [] for name in names}
    for task_id in task_ids:
        name = name_of(task_id)
        if name:
            grouped.setdefault(name, []).append(task_id)
    strata = [Stratum(name, tuple(ids)) for name, ids in grouped.items() if ids]
    return Division(key, title, tuple(strata))


def _size_name(n_cells: int) -> str:
    return next(name for most, name in _SIZES if n_cells <= most)
