"""The shape of an output, where the demonstrations leave no doubt about it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from arc.grid import MAX_SIDE
from arc.task import Task

Shape = tuple[int, int]
"""Height and width."""


def known_shape(task: Task, test_index: int) -> Shape | None:
    """Returns the shape of a test output if all rules that fit the demonstrations agree on it.

    Rules are: each side is the same everywhere, or differs from the input's by a number, or is the
    input's times a number; or height and width change places. Inputs of one shape fit several of
    these, which then agree for a test input of that shape and often for no other.
    """
    asked = task.test_inputs[test_index].shape
    pairs = [(pair.input.shape, pair.output.shape) for pair in task.pairs]
    if len(pairs) < 2:
        return None
    heights, widths = (
        set(_sides(asked[axis], [(source[axis], target[axis]) for source, target in pairs]))
        for axis in (0, 1)
    )
    shapes = {(height, width) for height in heights for width in widths}
    if all(target == source[::-1] for source, target in pairs):
        shapes.add(asked[::-1])
    if len(shapes) != 1:
        return None
    (shape,) = shapes
    return shape if 1 <= min(shape) <= max(shape) <= MAX_SIDE else None


def _sides(asked: int, pairs: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Yields what each rule that fits makes of a side of the test input."""
    if len({target for _, target in pairs}) == 1:
        yield pairs[0][1]
    differences = {target - source for source, target in pairs}
    if len(differences) == 1:
        yield asked + differences.pop()
    factors = {Fraction(target, source) for source, target in pairs}
    if len(factors) == 1:
        side = asked * factors.pop()
        # A part of a side that is no whole number is a rule that cannot be meant.
        if side.denominator == 1:
            yield int(side)
