"""New tasks from known ones: one more operation, on the inputs alone or on the outputs alone.

More distinct tasks teach more than more samples of the same ones. A variation belongs to a task for
good, so that its rule is a rule; how it was drawn is fixed by the task's name and its number.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from operator import itemgetter

import numpy as np

from arc.grid import MAX_SIDE, N_COLORS, Cells
from arc.transform import SYMMETRIES

_Operation = Callable[[Cells], Cells]


@dataclass(frozen=True, slots=True)
class Variation:
    """Operations on one side of every pair of a task; other processes can be given them.

    Attributes:
        on_output: Whether outputs are changed, else inputs.
        operations: Applied one after the other.
    """

    on_output: bool
    operations: tuple[_Operation, ...]

    def apply(self, source: Cells, target: Cells) -> tuple[Cells, Cells] | None:
        """Returns the changed pair, or `None` where a grid would exceed what a grid can be."""
        changed = target if self.on_output else source
        for operation in self.operations:
            changed = operation(changed)
            if not 0 < min(changed.shape) <= max(changed.shape) <= MAX_SIDE:
                return None
        return (source, changed) if self.on_output else (changed, target)


def variation_of(task_id: str, number: int) -> Variation:
    """Returns the variation of a task with this number; the same one every time."""
    rng = random.Random(f"{task_id}/{number}")
    n_operations = 2 if rng.random() < 0.25 else 1
    operations = tuple(_operation(rng) for _ in range(n_operations))
    return Variation(rng.random() < 0.6, operations)


def _operation(rng: random.Random) -> _Operation:
    choices = (_turned, _recolored, _mirrored, _repeated, _enlarged, _framed, _trimmed, _rolled)
    weights = (4, 3, 2, 2, 2, 2, 1, 2)
    (choice,) = rng.choices(choices, weights)
    return choice(rng)


def _turned(rng: random.Random) -> _Operation:
    return rng.choice(SYMMETRIES[1:])


def _recolored(rng: random.Random) -> _Operation:
    """Some colors become others; not one to one, now and then."""
    image = np.arange(N_COLORS, dtype=np.uint8)
    for color in rng.sample(range(N_COLORS), rng.choice((2, 4, 9))):
        image[color] = rng.randrange(N_COLORS)
    return partial(np.take, image)


def _mirrored(rng: random.Random) -> _Operation:
    axis = rng.randrange(2)
    return partial(_with_mirror_image, axis=axis, is_before=rng.random() < 0.5)


def _with_mirror_image(cells: Cells, axis: int, is_before: bool) -> Cells:
    halves = [np.flip(cells, axis), cells] if is_before else [cells, np.flip(cells, axis)]
    return np.concatenate(halves, axis=axis)


def _repeated(rng: random.Random) -> _Operation:
    times = rng.choice(((1, 2), (2, 1), (2, 2)))
    return partial(np.tile, reps=times)


def _enlarged(rng: random.Random) -> _Operation:
    rows, columns = rng.choice(((1, 2), (2, 1), (2, 2), (2, 2)))
    return partial(_with_larger_cells, rows=rows, columns=columns)


def _with_larger_cells(cells: Cells, rows: int, columns: int) -> Cells:
    return np.repeat(np.repeat(cells, rows, axis=0), columns, axis=1)


def _framed(rng: random.Random) -> _Operation:
    color = rng.randrange(N_COLORS)
    sides = rng.choice((((1, 1), (1, 1)), ((1, 0), (0, 0)), ((0, 0), (0, 1)), ((1, 1), (0, 0))))
    return partial(np.pad, pad_width=sides, constant_values=color)


def _trimmed(rng: random.Random) -> _Operation:
    """Takes a line off a side, or off all sides."""
    cut = rng.choice((np.s_[1:-1, 1:-1], np.s_[1:, :], np.s_[:, :-1], np.s_[::2, :]))
    return itemgetter(cut)


def _rolled(rng: random.Random) -> _Operation:
    shift = rng.choice((-1, 1))
    axis = rng.randrange(2)
    return partial(np.roll, shift=shift, axis=axis)
