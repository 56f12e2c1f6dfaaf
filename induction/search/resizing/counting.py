"""Counting: outputs that say how many of something there are, or which of a few kinds it is.

Numbers are taken from the input: how many parts a cut gives, how many of them pass a test, or a
measure of the whole. An output is drawn from a number as a line, block or diagonal that long, or
that many cells filled; or it is one of a few fixed images, told by the number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Cells, Image, image
from induction.search.enumeration import FAILURES
from induction.search.proposal import Proposal, distinct
from induction.search.resizing.cutting import Parts
from induction.search.resizing.judging import judgements

Array = NDArray[np.int64]

COST = 1.0
COST_OF_KINDS = 4.0
COST_OF_KIND = 1.0
MAX_KINDS = 5
MAX_CUTS = 60
MAX_JUDGED = 10
"""Of so many cuts, and of all into connected parts, it is counted how many parts pass a test."""

MAX_FOUND = 16
WHOLE = (
    "cell_count", "color_count", "hole_count", "component_count", "symmetry_count",
    "minority_count", "major_count", "is_mirrored_rows", "is_mirrored_columns", "plainest_color",
    "color_value", "inner_color",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Number:
    """A number of each grid of the task."""

    text: str
    cost: float
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Drawing:
    """How an output is drawn from a number.

    Attributes:
        text: The expression as Python; `{0}` is the number.
        function: The same as a callable.
        numbers: The number of each demonstration.
        cost: Description length.
    """

    text: str
    function: Callable[[int], Image]
    numbers: tuple[int, ...]
    cost: float


def counting_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], cuts: Sequence[Parts]
) -> list[Proposal]:
    """Returns programs whose output follows from a number."""
    wanted = [output.astype(np.int8) for output in outputs]
    drawings = list(_drawings(wanted))
    kinds = _kinds(wanted)
    if not drawings and kinds is None:
        return []
    grids = [image(grid) for grid in inputs]
    found: list[Proposal] = []
    for number in _numbers(grids, wanted, cuts):
        for drawing in drawings:
            if drawing.numbers == number.values[: len(wanted)]:
                found += _drawn(number, drawing, wanted)
        if kinds is not None:
            found += _told(number, wanted, kinds)
    return distinct(found, 3)[:MAX_FOUND]


def _numbers(
    grids: Sequence[Image], wanted: Sequence[Cells], cuts: Sequence[Parts]
) -> Iterator[_Number]:
    """Yields numbers that differ between the grids, simplest first."""
    known: set[tuple[int, ...]] = set()

    def new(text: str, cost: float, values: Sequence[float]) -> Iterator[_Number]:
        key = tuple(int(v) for v in values)
        if len(set(key[: len(wanted)])) > 1 and key not in known:
            known.add(key)
            yield _Number(text, cost, key)

    for name in WHOLE:
        measure = getattr(library, name)
        try:
            values = [measure(grid) for grid in grids]
        except FAILURES:
            continue
        yield from new(f"{name}(grid)", 1.5, values)
    for color in range(10):
        counted = library.count_of(color)
        yield from new(f"count_of({color})(grid)", 2, [counted(grid) for grid in grids])
    later: list[tuple[str, float, list[int]]] = []
    few = [parts for parts in cuts if parts.are_few and not parts.cut.is_overlapping]
    for index, parts in enumerate(few[:MAX_CUTS]):
        cut = parts.cut
        yield from new(f"len({cut.text})", cut.cost, [len(p) for p in parts.lists])
        if index < MAX_JUDGED or "components" in cut.text:
            for test in judgements(parts, grids, ()):
                text = f"len(keep({cut.text}, {test.text}))"
                values = [mask.bit_count() for mask in test.passing]
                later.append((text, cut.cost + test.cost + 1, values))
    for text, cost, values in sorted(later, key=lambda entry: entry[1]):
        yield from new(text, cost, values)


def _drawings(wanted: Sequence[Cells]) -> Iterator[_Drawing]:
    """Yields ways in which the outputs are drawings of different numbers in one color."""
    colors = {int(c) for cells in wanted for c in np.unique(cells)} - {0}
    if len(colors) != 1:
        return
    color = colors.pop()
    counts = tuple(int((cells != 0).sum()) for cells in wanted)
    shapes = {cells.shape for cells in wanted}
    if len(set(counts)) == 1 and len(shapes) == 1:
        return
    if len(shapes) == 1:
        height, width = wanted[0].shape
        yield from _filled(color, height, width, counts)
        return
    heights = tuple(cells.shape[0] for cells in wanted)
    widths = tuple(cells.shape[1] for cells in wanted)
    yield _Drawing(
        f"paint(ones(1, {{0}}), {color})",
        lambda n: library.paint(library.ones(1, n), color),
        widths,
        1,
    )
    yield _Drawing(
        f"paint(ones({{0}}, 1), {color})",
        lambda n: library.paint(library.ones(n, 1), color),
        heights,
        1,
    )
    yield _Drawing(
        f"paint(ones({{0}}, {{0}}), {color})",
        lambda n: library.paint(library.ones(n, n), color),
        heights,
        1.5,
    )
    yield _Drawing(
        f"paint(image(eye({{0}})), {color})",
        lambda n: library.paint(image(library.eye(n)), color),
        heights,
        1.5,
    )


def _filled(color: int, height: int, width: int, counts: tuple[int, ...]) -> Iterator[_Drawing]:
    """Yields ways to fill so many cells of a sheet."""
    for order in ("wrap", "snaked"):
        fill: Callable[[Image, Image], Image] = getattr(library, order)
        for turn in ("identity", "flip_rows", "transpose", "rotate_90", "flip_columns"):
            turned: Callable[[Image], Image] = getattr(library, turn)
            sheet = library.blank(height, width)
            if turned(sheet).shape != sheet.shape:
                sheet = library.blank(width, height)

            def made(
                n: int,
                fill: Callable[[Image, Image], Image] = fill,
                turned: Callable[[Image], Image] = turned,
                sheet: Image = sheet,
            ) -> Image:
                return turned(fill(library.paint(library.ones(1, n), color), sheet))

            text = f"{order}(paint(ones(1, {{0}}), {color}), blank{sheet.shape})"
            text = text if turn == "identity" else f"{turn}({text})"
            yield _Drawing(text, made, counts, 2 + (turn != "identity") + (order != "wrap"))


def _drawn(number: _Number, drawing: _Drawing, wanted: Sequence[Cells]) -> list[Proposal]:
    try:
        made = [drawing.function(n).cells for n in number.values]
    except FAILURES:
        return []
    if any(not np.array_equal(m, w) for m, w in zip(made, wanted, strict=False)):
        return []
    body = (f"n = {number.text}", f"answer = render({drawing.text.replace('{0}', 'n')})")
    outputs = tuple(m.astype(np.int64) for m in made[len(wanted) :])
    return [Proposal(body, COST + number.cost + drawing.cost, outputs, "count")]


def _kinds(wanted: Sequence[Cells]) -> tuple[int, ...] | None:
    """Returns which of a few fixed images each output is, if some occur again."""
    seen: dict[tuple[object, ...], int] = {}
    found = tuple(seen.setdefault((w.shape, w.tobytes()), len(seen)) for w in wanted)
    return found if 1 < len(seen) <= MAX_KINDS and len(seen) < len(wanted) else None


def _told(number: _Number, wanted: Sequence[Cells], kinds: tuple[int, ...]) -> list[Proposal]:
    """Returns the program that looks a number up, if it tells the kinds and knows the tests."""
    table: dict[int, int] = {}
    n = len(wanted)
    for value, kind in zip(number.values, kinds, strict=False):
        if table.setdefault(value, kind) != kind:
            return []
    if len(table) == n or len(table) > MAX_KINDS:
        return []
    if any(value not in table for value in number.values[n:]):
        return []
    answers = {value: wanted[kinds.index(kind)].tolist() for value, kind in sorted(table.items())}
    body = (f"answers = {answers}", f"answer = render(image(answers[{number.text}]))")
    outputs = tuple(
        wanted[kinds.index(table[value])].astype(np.int64) for value in number.values[n:]
    )
    cost = COST_OF_KINDS + COST_OF_KIND * len(table) + number.cost
    return [Proposal(body, cost, outputs, "kind")]
