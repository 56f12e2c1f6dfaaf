"""Quality: what a generated task must be, looked at from outside.

A task is rejected by the first of the filters that finds a fault with it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from arc.grid import MAX_SIDE
from induction.generation.program import Program, UndefinedError
from induction.generation.scenes import scene_maker
from induction.library.image import Image, image

Cells = NDArray[np.int8]
CellPair = tuple[Cells, Cells]

LEAST_CHANGED = 0.7
"""Share of the pairs whose output is not the input."""

MOST_COMMON = 0.34
"""Share of the pairs that may have one output."""

LEAST_COLORFUL = 0.6
"""Share of the pairs whose output has several colors."""

LEAST_NEEDED = 0.3
"""Share of the pairs whose output every step, and all steps but one, must fail to give."""

N_PROBES = 48


def fault_of(program: Program, pairs: Sequence[CellPair]) -> str:
    """Returns what is wrong with a task, in a word or two, or nothing."""
    n = len(pairs)
    if sum(not np.array_equal(*pair) for pair in pairs) < LEAST_CHANGED * n:
        return "unchanged"
    counts = Counter((target.shape, target.tobytes()) for _, target in pairs)
    if max(counts.values()) > max(1.0, MOST_COMMON * n):
        return "constant"
    if sum(len(np.unique(target)) > 1 for _, target in pairs) < LEAST_COLORFUL * n:
        return "one color"
    return "reducible" if is_reducible(program, pairs) else ""


def is_reducible(program: Program, pairs: Sequence[CellPair]) -> bool:
    """Whether less of the program gives nearly all of the outputs.

    That is the value of an earlier step, or the program without one operation or question.
    """
    least = LEAST_NEEDED * len(pairs)
    images = [(image(source), target) for source, target in pairs]
    values = [program.values(grid) for grid, _ in images]
    for step in program.steps[:-1]:
        if step.kind == "image":
            earlier = [_shown(of_pair[step.name]) for of_pair in values]
            if _n_different(earlier, pairs) < least:
                return True
    return any(
        _n_different([output_of(simpler, source) for source, _ in pairs], pairs) < least
        for simpler in program.simpler()
    )


def _shown(value: object) -> Cells | None:
    return value.cells if isinstance(value, Image) else None


def _n_different(made: Sequence[Cells | None], pairs: Sequence[CellPair]) -> int:
    return sum(
        cells is None or not np.array_equal(cells, target)
        for cells, (_, target) in zip(made, pairs, strict=True)
    )


def output_of(program: Program, source: Cells) -> Cells | None:
    """Returns a program's output for an input, or `None` where there is none that is a grid."""
    try:
        made = program.run(source.astype(np.int64)).astype(np.int8)
    except UndefinedError:
        return None
    return made if max(made.shape) <= MAX_SIDE else None


def behavior(program: Program) -> bytes:
    """Returns a hash of the outputs for a fixed set of inputs: two programs alike are one task."""
    digest = hashlib.blake2b(digest_size=16)
    for probe in _probes():
        made = output_of(program, probe)
        digest.update(b"none" if made is None else bytes(made.shape) + made.tobytes())
    return digest.digest()


@lru_cache(maxsize=1)
def _probes() -> tuple[Cells, ...]:
    rng = np.random.default_rng(0)
    return tuple(scene_maker(rng)(rng) for _ in range(N_PROBES))
