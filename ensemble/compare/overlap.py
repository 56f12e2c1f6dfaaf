"""Overlap: which sets of contestants solve which tasks, each task in exactly one set."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Intersection:
    """The tasks solved by these and by no others.

    Attributes:
        names: Who solves them, in the order of the comparison; empty: nobody.
        task_ids: The tasks, sorted.
    """

    names: tuple[str, ...]
    task_ids: tuple[str, ...]


def intersections(
    solved: Mapping[str, Collection[str]], task_ids: Sequence[str]
) -> tuple[Intersection, ...]:
    """Returns every set of names that solves something alone together, the largest first.

    What nobody solves comes last, whatever its number. The task ids of all sets together are those
    given, each once.
    """
    grouped: dict[tuple[str, ...], list[str]] = {}
    for task_id in sorted(task_ids):
        names = tuple(name for name, tasks in solved.items() if task_id in tasks)
        grouped.setdefault(names, []).append(task_id)
    places = {name: place for place, name in enumerate(solved)}

    def order(names: tuple[str, ...]) -> tuple[bool, int, int, tuple[int, ...]]:
        return not names, -len(grouped[names]), len(names), tuple(places[name] for name in names)

    return tuple(Intersection(names, tuple(grouped[names])) for names in sorted(grouped, key=order))
