"""Reading: the colors of sorted parts as lines, stripes, written text or bars.

The output is first read as a sequence of colors, in all ways it can be; then parts are looked for
that have these colors, and a test and an order that bring them into this sequence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.color import most_common_color
from induction.library.image import Cells, Image, Images, image
from induction.search.enumeration import FAILURES
from induction.search.proposal import Proposal, can_answer, distinct
from induction.search.resizing.cutting import Parts
from induction.search.resizing.judging import judgements

Array = NDArray[np.int64]

COST = 2.0
COST_OF_ORDER = 2.0
MAX_FOUND = 12
MAX_JUDGED = 8
ORDERS = (
    "cell_count", "left_column", "top_row", "area", "height_of", "width_of", "bottom_row",
    "right_column", "component_count", "hole_count", "color_value", "blank_count",
)  # fmt: skip
PLAIN_ORDERS = ("cell_count", "left_column", "top_row")
LENGTHS = ("cell_count", "height_of", "width_of", "component_count", "hole_count", "color_count")


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """A way in which the outputs are sequences of colors.

    Attributes:
        text: The output as Python; `parts` are the parts in order.
        function: The same as a callable.
        colors: The sequence of each demonstration.
        cost: Description length.
    """

    text: str
    function: Callable[[Images], Image]
    colors: tuple[tuple[int, ...], ...]
    cost: float


def _colors(parts: Images) -> Array:
    return library.each(parts, library.color_value)


def _stripes(wanted: Sequence[Cells], is_upright: bool) -> Iterator[_Reading]:
    """Yields readings of outputs whose rows, or columns, have one color each."""
    turned = [cells if is_upright else cells.T for cells in wanted]
    if any((cells != cells[:, :1]).any() for cells in turned):
        return
    sequences = [tuple(cells[:, 0].tolist()) for cells in turned]
    widths = {cells.shape[1] for cells in turned}
    line = f"lined(each(parts, color_value), {is_upright})"
    if len(widths) == 1:
        width = widths.pop()
        factors = (1, width) if is_upright else (width, 1)
        text = line if width == 1 else f"upscale({line}, {factors[0]}, {factors[1]})"
        cost = 0.0 if width == 1 else 1.5
        yield _Reading(
            text,
            lambda p: library.upscale(library.lined(_colors(p), is_upright), *factors),
            tuple(sequences),
            cost,
        )
        return
    if all(len(cells) == cells.shape[1] for cells in turned):
        text = f"upscale({line}, {'1, len(parts)' if is_upright else 'len(parts), 1'})"

        def squared(parts: Images) -> Image:
            factors = (1, len(parts)) if is_upright else (len(parts), 1)
            return library.upscale(library.lined(_colors(parts), is_upright), *factors)

        yield _Reading(text, squared, tuple(sequences), 1.5)
    if is_upright:
        yield from _barred("{0}", lambda p: p, tuple(sequences), 0, 0)
    else:
        yield from _barred("transpose({0})", library.transpose, tuple(sequences), 0, 0)


def _barred(
    turn: str,
    function: Callable[[Image], Image],
    colors: tuple[tuple[int, ...], ...],
    height: int,
    width: int,
) -> Iterator[_Reading]:
    """Yields bars of each measure of length."""
    for name in LENGTHS:
        measure = getattr(library, name)

        def drawn(parts: Images, measure: Callable[[Image], float] = measure) -> Image:
            return function(
                library.bars(_colors(parts), library.each(parts, measure), height, width)
            )

        text = f"bars(each(parts, color_value), each(parts, {name}), {height}, {width})"
        yield _Reading(turn.replace("{0}", text), drawn, colors, 2.5)


def _written(wanted: Sequence[Cells]) -> Iterator[_Reading]:
    """Yields readings of outputs of one size as colors written line by line, 0 at the end."""
    if len({cells.shape for cells in wanted}) > 1 or min(wanted[0].shape) < 2:
        return
    height, width = wanted[0].shape
    canvas = library.blank(height, width)
    for name, function in (("wrap", library.wrap), ("snaked", library.snaked)):
        for turn in ("{0}", "transpose({0})"):
            read = []
            for cells in wanted:
                lines = (cells if turn == "{0}" else cells.T).copy()
                if name == "snaked":
                    lines[1::2] = lines[1::2, ::-1]
                flat = lines.ravel()
                n = int((flat != 0).sum())
                if not flat[:n].all():
                    break
                read.append(tuple(flat[:n].tolist()))
            if len(read) < len(wanted):
                continue
            is_turned = turn != "{0}"
            sheet = library.blank(width, height) if is_turned else canvas
            text = f"{name}(lined(each(parts, color_value), False), blank{sheet.shape})"

            def made(
                parts: Images,
                function: Callable[[Image, Image], Image] = function,
                sheet: Image = sheet,
                is_turned: bool = is_turned,
            ) -> Image:
                result = function(library.lined(_colors(parts), False), sheet)
                return library.transpose(result) if is_turned else result

            yield _Reading(turn.replace("{0}", text), made, tuple(read), 2)


def _bars(wanted: Sequence[Cells]) -> Iterator[_Reading]:
    """Yields readings of outputs as bars from one side."""
    turns: tuple[tuple[str, Callable[[Image], Image], Callable[[Image], Image]], ...] = (
        ("{0}", library.identity, library.identity),
        ("flip_columns({0})", library.flip_columns, library.flip_columns),
        ("transpose({0})", library.transpose, library.transpose),
        ("rotate_90({0})", library.rotate_90, library.rotate_270),
    )
    for text, turn, back in turns:
        colors, lengths = [], []
        for cells in wanted:
            rows = back(Image(cells)).cells
            n = (rows != 0).sum(axis=1)
            expected = np.where(np.arange(rows.shape[1]) < n[:, None], rows[:, :1], 0)
            count = int((n > 0).sum())
            if not np.array_equal(rows, expected) or not n[:count].all():
                break
            colors.append(tuple(rows[:count, 0].tolist()))
            lengths.append(tuple(n[:count].tolist()))
        if len(colors) < len(wanted) or len({n for row in lengths for n in row}) < 2:
            continue
        shapes = {back(Image(cells)).shape for cells in wanted}
        height, width = shapes.pop() if len(shapes) == 1 else (0, 0)
        yield from _barred(text, turn, tuple(colors), height, width)


@dataclass(frozen=True, slots=True, eq=False)
class _Selection:
    """Some of the parts of each grid, in an order, as indices."""

    text: str
    cost: float
    indices: tuple[tuple[int, ...], ...]


def reading_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], cuts: Sequence[Parts]
) -> list[Proposal]:
    """Returns programs that show the colors of sorted parts."""
    wanted = [output.astype(np.int8) for output in outputs]
    readings = [*_stripes(wanted, True), *_stripes(wanted, False), *_written(wanted)]
    readings += _bars(wanted)
    readings = [r for r in readings if any(len(set(c)) > 1 for c in r.colors)]
    if not readings:
        return []
    grids = [image(grid) for grid in inputs]
    found: list[Proposal] = []
    n_judged = 0
    for parts in cuts:
        if parts.cut.is_overlapping or not parts.are_few:
            continue
        if not all(p.cells.any() for ps in parts.lists for p in ps):
            continue
        colors = [[most_common_color(p) for p in pictures] for pictures in parts.lists]
        hopeful = [r for r in readings if _has_colors(colors, r)]
        if not hopeful:
            continue
        n_judged += 1
        if n_judged > MAX_JUDGED:
            break
        measured = {
            name: [[getattr(library, name)(p) for p in pictures] for pictures in parts.lists]
            for name in ORDERS
        }
        for kept in _kept(parts, grids, colors):
            usable = [r for r in hopeful if _fits(kept, colors, r, sorted)]
            if not usable:
                continue
            for ordered in _orders(kept, measured):
                for reading in usable:
                    if _fits(ordered, colors, reading, list):
                        found += _proposal(parts, ordered, reading, wanted)
    return distinct(found, 3)[:MAX_FOUND]


def _has_colors(colors: Sequence[Sequence[int]], reading: _Reading) -> bool:
    """Whether each demonstration has parts of all colors that are read."""
    return not any(
        Counter(read) - Counter(have) for have, read in zip(colors, reading.colors, strict=False)
    )


def _fits(
    selection: _Selection,
    colors: Sequence[Sequence[int]],
    reading: _Reading,
    order: Callable[[Iterable[int]], list[int]],
) -> bool:
    """Whether the parts have the colors that are read, in order or, if sorted, in any."""
    return all(
        len(indices) == len(read) and order(have[i] for i in indices) == order(read)
        for indices, have, read in zip(selection.indices, colors, reading.colors, strict=False)
    )


def _kept(
    parts: Parts, grids: Sequence[Image], colors: Sequence[Sequence[int]]
) -> Iterator[_Selection]:
    """Yields the parts, and those that a test keeps or drops."""
    cut = parts.cut
    yield _Selection(cut.text, cut.cost, tuple(tuple(range(len(ps))) for ps in parts.lists))
    unique = tuple(tuple(have.index(c) for c in dict.fromkeys(have)) for have in colors)
    if any(len(a) < len(b) for a, b in zip(unique, parts.lists, strict=True)):
        yield _Selection(f"one_per_color({cut.text})", cut.cost + 1.5, unique)
    for test in judgements(parts, grids, ()):
        for verb, is_kept in (("keep", 1), ("drop", 0)):
            chosen = tuple(
                tuple(i for i in range(len(pictures)) if mask >> i & 1 == is_kept)
                for pictures, mask in zip(parts.lists, test.passing, strict=True)
            )
            if all(chosen):
                text = f"{verb}({cut.text}, {test.text})"
                yield _Selection(text, cut.cost + test.cost + 1, chosen)


def _orders(
    kept: _Selection, measured: Mapping[str, Sequence[Sequence[float]]]
) -> Iterator[_Selection]:
    """Yields the parts in each order."""
    yield kept
    for name, values in measured.items():
        ordered = tuple(
            tuple(sorted(indices, key=of_grid.__getitem__))
            for indices, of_grid in zip(kept.indices, values, strict=True)
        )
        text = f"sort_by({kept.text}, {name})"
        cost = kept.cost + COST_OF_ORDER + (0.0 if name in PLAIN_ORDERS else 0.5)
        yield _Selection(text, cost, ordered)
        turned = tuple(indices[::-1] for indices in ordered)
        yield _Selection(f"reverse({text})", cost + 0.5, turned)


def _proposal(
    parts: Parts, ordered: _Selection, reading: _Reading, wanted: Sequence[Cells]
) -> list[Proposal]:
    """Returns the program if it keeps its promise on all grids."""
    try:
        made = [
            reading.function(tuple(pictures[i] for i in indices)).cells
            for pictures, indices in zip(parts.lists, ordered.indices, strict=True)
        ]
    except FAILURES:
        return []
    if not can_answer(made, wanted):
        return []
    body = (f"parts = {ordered.text}", f"answer = render({reading.text})")
    outputs = tuple(m.astype(np.int64) for m in made[len(wanted) :])
    return [Proposal(body, COST + ordered.cost + reading.cost, outputs, "reading")]
