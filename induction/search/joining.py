"""Joining: programs that make the output of two results of the enumeration.

One of the two is tried, and what the other would have to be follows from the outputs, so that it
can be looked up. That reaches pairs of expressions that are too many to be tried one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Cells, Image
from induction.search.enumeration import FAILURES
from induction.search.node import Node
from induction.search.proposal import Proposal, distinct

Array = NDArray[np.int64]
Key = tuple[object, ...]

MAX_NODES = 3000
MAX_SAME_SIZE = 120
COST = 2.0
KEPT_PER_KEY = 2
MAX_FOUND = 12


@dataclass(frozen=True, slots=True, eq=False)
class _Last:
    """A last step that can be undone on the outputs.

    Attributes:
        text: The expression as Python.
        function: The step.
        inverse: What it was applied to, or `None` where it can't have been.
        cost: Description length.
        is_turn: Whether it is a turn or flip, before which nothing is joined.
    """

    text: str
    function: Callable[[Image], Image]
    inverse: Callable[[Cells], Cells | None]
    cost: float
    is_turn: bool = False


@dataclass(slots=True, eq=False)
class _Pool:
    """What there is to join, by what it shows on the demonstrations.

    Attributes:
        nodes: All images, cheapest first.
        n: Number of demonstrations.
        exact: Nodes by their colors.
        masks: Nodes by which of their cells are colored.
        majors: Nodes by their most common color.
    """

    nodes: list[Node]
    n: int
    exact: dict[Key, list[Node]] = field(default_factory=dict)
    masks: dict[Key, list[Node]] = field(default_factory=dict)
    majors: dict[Key, list[Node]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for node in self.nodes:
            cells = [picture.cells for picture in node.images[: self.n]]
            _keep(self.exact, _key(cells), node)
            _keep(self.masks, _key([c != 0 for c in cells]), node)

    def colored(self, majors: Key) -> list[Node]:
        """Returns nodes by their most common colors; the index is made when first asked for."""
        if not self.majors:
            for node in self.nodes:
                key = tuple(_major(picture.cells) for picture in node.images[: self.n])
                _keep(self.majors, key, node)
        return self.majors.get(majors, [])


def _keep(index: dict[Key, list[Node]], key: Key, node: Node) -> None:
    kept = index.setdefault(key, [])
    if len(kept) < KEPT_PER_KEY:
        kept.append(node)


def _key(arrays: Sequence[NDArray[np.generic]]) -> Key:
    return tuple((a.shape, a.tobytes()) for a in arrays)


def _major(cells: Cells) -> int:
    counts = np.bincount(cells.ravel(), minlength=10)
    counts[0] = 0
    return int(counts.argmax())


def _flipped(name: str, inverse: str) -> _Last:
    function: Callable[[Image], Image] = getattr(library, name)
    undo: Callable[[Image], Image] = getattr(library, inverse)
    return _Last(f"{name}({{0}})", function, lambda cells: undo(Image(cells)).cells, 2, True)


def _quarter(name: str, rows: slice, columns: slice, sides: tuple[int, int]) -> _Last:
    """Returns a mirrored copy as a last step, undone by keeping the original."""
    function: Callable[[Image], Image] = getattr(library, name)

    def inverse(cells: Cells) -> Cells | None:
        height, width = cells.shape
        if height % sides[0] or width % sides[1]:
            return None
        h, w = height // sides[0], width // sides[1]
        kept = cells[h * rows.start : h * rows.stop, w * columns.start : w * columns.stop]
        return kept if np.array_equal(function(Image(kept)).cells, cells) else None

    return _Last(f"{name}({{0}})", function, inverse, 2)


def _upscaled(factor: int) -> _Last:
    def inverse(cells: Cells) -> Cells | None:
        height, width = cells.shape
        if height % factor or width % factor:
            return None
        small = cells[::factor, ::factor]
        return small if np.array_equal(small.repeat(factor, 0).repeat(factor, 1), cells) else None

    text = f"upscale({{0}}, {factor}, {factor})"
    return _Last(text, lambda p: library.upscale(p, factor, factor), inverse, 2)


def _last_steps() -> list[_Last]:
    one, first, second = slice(0, 1), slice(0, 1), slice(1, 2)
    return [
        _Last("{0}", lambda p: p, lambda cells: cells, 0),
        _flipped("flip_rows", "flip_rows"),
        _flipped("flip_columns", "flip_columns"),
        _flipped("rotate_180", "rotate_180"),
        _flipped("transpose", "transpose"),
        _flipped("rotate_90", "rotate_270"),
        _flipped("rotate_270", "rotate_90"),
        *(_upscaled(factor) for factor in (2, 3, 4, 5)),
        _quarter("mirror_right", one, first, (1, 2)),
        _quarter("mirror_left", one, second, (1, 2)),
        _quarter("mirror_down", first, one, (2, 1)),
        _quarter("mirror_up", second, one, (2, 1)),
        _quarter("mirror_tile", first, first, (2, 2)),
        _quarter("mirror_tile_inward", second, second, (2, 2)),
    ]


@dataclass(frozen=True, slots=True, eq=False)
class _Joint:
    """Two nodes and how they are joined; `{0}` and `{1}` in the text."""

    text: str
    function: Callable[[Image, Image], Image]
    one: Node
    other: Node


def join_proposals(nodes: Sequence[Node], outputs: Sequence[Array]) -> list[Proposal]:
    """Returns the programs that join two of the nodes, or apply a last step to one."""
    ranked = sorted((n for n in nodes if n.kind == "image"), key=lambda node: node.cost)
    if not ranked:
        return []
    pool = _Pool(ranked[:MAX_NODES], len(outputs))
    wanted = [output.astype(np.int8) for output in outputs]
    found: list[Proposal] = []
    for last in _last_steps():
        undone = [last.inverse(cells) for cells in wanted]
        targets = [cells for cells in undone if cells is not None]
        if len(targets) < len(wanted):
            continue
        if last.cost:
            for node in pool.exact.get(_key(targets), ()):
                found += _proposal(last, last.function, last.text, [node], wanted)
        for joint in () if last.is_turn else _joints(pool, targets):
            text = last.text.replace("{0}", joint.text)

            def function(
                one: Image, other: Image, joint: _Joint = joint, last: _Last = last
            ) -> Image:
                return last.function(joint.function(one, other))

            found += _proposal(last, function, text, [joint.one, joint.other], wanted)
    return distinct(found, 3)[:MAX_FOUND]


def _proposal(
    last: _Last,
    function: Callable[..., Image],
    text: str,
    nodes: Sequence[Node],
    wanted: Sequence[Cells],
) -> list[Proposal]:
    """Returns the program if it keeps its promise on all grids."""
    try:
        made = [function(*pictures) for pictures in zip(*(n.images for n in nodes), strict=True)]
    except FAILURES:
        return []
    n = len(wanted)
    if any(not np.array_equal(m.cells, w) for m, w in zip(made, wanted, strict=False)):
        return []
    if any(max(m.shape) > 30 for m in made):
        return []
    cost = sum(node.cost for node in nodes) + last.cost + (COST if len(nodes) > 1 else 0)
    if len(nodes) == 1:
        body: tuple[str, ...] = (f"answer = render({text.replace('{0}', nodes[0].text)})",)
    else:
        body = (
            f"one = {nodes[0].text}",
            f"other = {nodes[1].text}",
            f"answer = render({text.replace('{0}', 'one').replace('{1}', 'other')})",
        )
    outputs = tuple(m.cells.astype(np.int64) for m in made[n:])
    return [Proposal(body, cost, outputs, "join")]


def _joints(pool: _Pool, targets: Sequence[Cells]) -> Iterator[_Joint]:
    """Yields pairs that may make the targets."""
    yield from _painted(pool, targets)
    for node in pool.nodes:
        shapes = [picture.shape for picture in node.images[: pool.n]]
        sizes = [target.shape for target in targets]
        if shapes == sizes:
            continue
        cells = [picture.cells for picture in node.images[: pool.n]]
        if all(h % a == w % b == 0 for (h, w), (a, b) in zip(sizes, shapes, strict=True)):
            yield from _outer(pool, node, cells, targets)
        if all(h == a and w > b for (h, w), (a, b) in zip(sizes, shapes, strict=True)):
            parted = [(t[:, : c.shape[1]], t[:, c.shape[1] :]) for t, c in _zip(targets, cells)]
            yield from _adjoined(pool, node, cells, parted, "beside", library.beside)
        if all(w == b and h > a for (h, w), (a, b) in zip(sizes, shapes, strict=True)):
            parted = [(t[: c.shape[0]], t[c.shape[0] :]) for t, c in _zip(targets, cells)]
            yield from _adjoined(pool, node, cells, parted, "below", library.below)
    yield from _masked(pool, targets)


def _zip(one: Sequence[Cells], other: Sequence[Cells]) -> Iterator[tuple[Cells, Cells]]:
    return zip(one, other, strict=True)


def _painted(pool: _Pool, targets: Sequence[Cells]) -> Iterator[_Joint]:
    """Yields shapes in the color of something else, or in the colors of a smaller image."""
    shapes = pool.masks.get(_key([target != 0 for target in targets]), ())
    if not shapes:
        return
    majors = [_major(target) for target in targets]
    if all(np.isin(t, (0, m)).all() for t, m in zip(targets, majors, strict=True)):
        for model in pool.colored(tuple(majors)):
            for shape in shapes:
                yield _Joint("painted_as({0}, {1})", library.painted_as, shape, model)
    for colors in pool.nodes:
        if all(_may_stretch(c.cells, t) for c, t in zip(colors.images, targets, strict=False)):
            for shape in shapes:
                yield _Joint("stretched_over({0}, {1})", library.stretched_over, colors, shape)


def _may_stretch(colors: Cells, target: Cells) -> bool:
    (rows, columns), (height, width) = colors.shape, target.shape
    if rows * columns in (1, height * width) or height % rows or width % columns:
        return False
    stretched = colors.repeat(height // rows, 0).repeat(width // columns, 1)
    return bool(((target == 0) | (target == stretched)).all())


def _outer(
    pool: _Pool, node: Node, cells: Sequence[Cells], targets: Sequence[Cells]
) -> Iterator[_Joint]:
    """Yields the stamps that, put in place of a node's cells, make the targets."""
    stamps, masks = [], []
    for target, pattern in zip(targets, cells, strict=True):
        (height, width), (rows, columns) = target.shape, pattern.shape
        blocks = target.reshape(rows, height // rows, columns, width // columns).swapaxes(1, 2)
        chosen = blocks[pattern != 0]
        if not len(chosen) or blocks[pattern == 0].any():
            return
        if (chosen == chosen[0]).all():
            stamps.append(chosen[0])
        mask = chosen[0] != 0
        if (chosen == pattern[pattern != 0][:, None, None] * mask).all():
            masks.append(mask)
    if len(stamps) == len(targets):
        for stamp in pool.exact.get(_key(stamps), ()):
            yield _Joint("outer({0}, {1})", library.outer, node, stamp)
    if len(masks) == len(targets):
        for stamp in pool.masks.get(_key(masks), ()):
            yield _Joint("outer_color({0}, {1})", library.outer_color, node, stamp)


def _adjoined(
    pool: _Pool,
    node: Node,
    cells: Sequence[Cells],
    parted: Sequence[tuple[Cells, Cells]],
    name: str,
    function: Callable[[Image, Image], Image],
) -> Iterator[_Joint]:
    """Yields what set after a node makes the targets."""
    if all(np.array_equal(c, before) for c, (before, _) in zip(cells, parted, strict=True)):
        for rest in pool.exact.get(_key([after for _, after in parted]), ()):
            yield _Joint(f"{name}({{0}}, {{1}})", function, node, rest)


def _masked(pool: _Pool, targets: Sequence[Cells]) -> Iterator[_Joint]:
    """Yields images of the target's size of which a second one keeps or hides cells."""
    sizes = [target.shape for target in targets]
    fitting = [node for node in pool.nodes if [p.shape for p in node.images[: pool.n]] == sizes][
        :MAX_SAME_SIZE
    ]
    if len(fitting) < 2:
        return
    rows = np.stack(
        [np.concatenate([p.cells.ravel() for p in node.images[: pool.n]]) for node in fitting]
    )
    target = np.concatenate([t.ravel() for t in targets])
    shown, colored = target != 0, rows != 0
    for index, row in enumerate(rows):
        if not (row[shown] == target[shown]).all() or (row == target).all():
            continue
        inside = row != 0
        keeping = (colored[:, inside] == shown[inside]).all(axis=1)
        hiding = (colored[:, inside] != shown[inside]).all(axis=1)
        for other in np.flatnonzero(keeping).tolist():
            yield _Joint("masked({0}, {1})", library.masked, fitting[index], fitting[other])
        for other in np.flatnonzero(hiding).tolist():
            yield _Joint("unmasked({0}, {1})", library.unmasked, fitting[index], fitting[other])
