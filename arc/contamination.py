"""Contamination: whether a pair to be trained on is one of an evaluation task, however it is seen.

Pairs are compared by a hash that is the same for all symmetries and recolorings of a pair. What
leaves this module about evaluation tasks is hashes alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from arc.dataset import DATASETS, Dataset, Split, load_split, load_split_answers
from arc.grid import N_COLORS, Cells
from arc.task import Answers, Pair, Task
from arc.transform import SYMMETRIES


def pair_hash(source: Cells, target: Cells) -> bytes:
    """Returns what all symmetries and recolorings of a pair have in common, 16 bytes.

    Args:
        source: The input's cells, one byte each, (height, width).
        target: The output's cells, likewise.
    """
    return min(
        hashlib.blake2b(_renamed(symmetry(source), symmetry(target)), digest_size=16).digest()
        for symmetry in SYMMETRIES
    )


def _renamed(source: Cells, target: Cells) -> bytes:
    """Returns a pair as bytes, its colors numbered in the order in which they first appear."""
    cells = source.tobytes() + target.tobytes()
    places = {color: cells.find(color) for color in range(N_COLORS)}
    present = sorted((c for c in places if places[c] >= 0), key=places.__getitem__)
    names = bytearray(N_COLORS)
    for name, color in enumerate(present):
        names[color] = name
    shapes = bytes((*source.shape, *target.shape))
    return shapes + cells.translate(bytes(names) + bytes(range(N_COLORS, 256)))


def hashes_of(pairs: Iterable[Pair]) -> frozenset[bytes]:
    """Returns the hashes of pairs."""
    return frozenset(pair_hash(pair.input.array, pair.output.array) for pair in pairs)


def solved_pairs(task: Task, answers: Answers) -> list[Pair]:
    """Returns all pairs of a task, those of its test inputs too."""
    return [*task.pairs, *map(Pair, task.test_inputs, answers.outputs)]


@cache
def evaluation_hashes() -> frozenset[bytes]:
    """Returns the hashes of all pairs of the evaluation splits of ARC-AGI-1 and ARC-AGI-2."""
    return hashes_of(_evaluation_pairs())


def _evaluation_pairs() -> Iterator[Pair]:
    for dataset in DATASETS:
        for pairs in solved_split(dataset, "evaluation").values():
            yield from pairs


def solved_split(dataset: Dataset, split: Split) -> dict[str, list[Pair]]:
    """Returns all pairs of each task of a split, those of its test inputs too."""
    answers = load_split_answers(dataset, split)
    return {
        task.task_id: solved_pairs(task, answers[task.task_id])
        for task in load_split(dataset, split)
    }


def evaluation_pairs_among(pairs: Iterable[tuple[Cells, Cells]]) -> Iterator[int]:
    """Yields the places of those pairs that are an evaluation task's, however they are seen."""
    alike = {_rough(pair.input.array, pair.output.array) for pair in _evaluation_pairs()}
    for i, (source, target) in enumerate(pairs):
        if _rough(source, target) in alike and pair_hash(source, target) in evaluation_hashes():
            yield i


def _rough(source: Cells, target: Cells) -> bytes:
    """Returns what pairs of one hash share and what is sooner computed than the hash."""
    counts = [np.sort(np.bincount(side.ravel(), minlength=N_COLORS)) for side in (source, target)]
    sides = sorted(source.shape) + sorted(target.shape)
    return np.concatenate([sides, *counts]).astype(np.uint16).tobytes()


@dataclass(frozen=True, slots=True)
class Overlap:
    """Which tasks of one set are in another.

    Attributes:
        n_tasks: Tasks of the set asked about.
        n_others: Tasks of the other.
        by_id: Ids that are in both.
        by_pair: For each task that shares a pair with tasks of the other set, their ids.
        whole: Tasks of which every pair is in one task of the other set.
    """

    n_tasks: int
    n_others: int
    by_id: tuple[str, ...]
    by_pair: Mapping[str, tuple[str, ...]]
    whole: tuple[str, ...]


def overlap_of(
    asked: Mapping[str, Iterable[Pair]], others: Mapping[str, Iterable[Pair]]
) -> Overlap:
    """Returns which tasks of one set are in another, however they are seen there.

    Args:
        asked: The pairs of each task of the set asked about, those of test inputs too.
        others: Likewise of the set that may hold them.
    """
    homes: dict[bytes, set[str]] = {}
    for other_id, pairs in others.items():
        for pair in hashes_of(pairs):
            homes.setdefault(pair, set()).add(other_id)
    found = {
        task_id: [homes.get(pair, set()) for pair in hashes_of(pairs)]
        for task_id, pairs in asked.items()
    }
    sharing = {task_id: tuple(sorted(set().union(*homes))) for task_id, homes in found.items()}
    return Overlap(
        len(asked),
        len(others),
        tuple(sorted(asked.keys() & others.keys())),
        {task_id: names for task_id, names in sharing.items() if names},
        tuple(task_id for task_id, homes in found.items() if set.intersection(*homes)),
    )
