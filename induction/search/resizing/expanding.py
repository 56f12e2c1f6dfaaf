"""Expanding: rules that put a stamp in place of each cell of the input.

The blocks of the output are explained by few stamps: blank, full, the input itself or a turn of
it, or a pattern that is the same in all demonstrations, as it is or in the cell's color. A tree
then learns which stamp each cell gets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Cells, Image, image
from induction.search.enumeration import FAILURES
from induction.search.proposal import Proposal, can_answer, distinct
from induction.search.question import Measured, questions, traits
from induction.search.tree import Branch, Leaf, Tree, TreeLearner, tree_cost, tree_text, tree_values

Array = NDArray[np.int64]

COST = 3.0
MAX_STAMPS = 4
MAX_PATTERNS = 5
MAX_SPLITS = 4
GROUPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("color",), 0.0),
    (("color", "line"), 1.0),
    (("color", "local"), 1.0),
    (("color", "object"), 1.0),
    (("color", "place"), 1.0),
)
TURNS = ("flip_rows", "flip_columns", "rotate_180", "transpose", "rotate_90", "rotate_270")
BASES = (("grid", 0.0), ("crop(grid)", 2.0), ("downscale(grid)", 2.0))


@dataclass(frozen=True, slots=True, eq=False)
class _Stamp:
    """What may be put in place of a cell.

    Attributes:
        text: The expression as Python; `base` is the image whose cells are replaced.
        function: The same as a callable.
        is_own: Whether it is painted in the cell's color.
        cost: Description length.
    """

    text: str
    function: Callable[[Image], Image]
    is_own: bool
    cost: float


def expansion_proposals(inputs: Sequence[Array], outputs: Sequence[Array]) -> list[Proposal]:
    """Returns rules that replace the cells of the input by stamps."""
    grids = [image(grid) for grid in inputs]
    wanted = [output.astype(np.int8) for output in outputs]
    found: list[Proposal] = []
    known: set[tuple[tuple[object, ...], ...]] = set()
    for text, cost in BASES:
        try:
            bases = [_base(text, grid) for grid in grids]
        except FAILURES:
            continue
        key = tuple(base.key for base in bases)
        if key not in known:
            known.add(key)
            found += _expansions(text, cost, bases, wanted)
    return distinct(found, 3)


def _base(text: str, grid: Image) -> Image:
    if text == "grid":
        return grid
    function: Callable[[Image], Image] = getattr(library, text.removesuffix("(grid)"))
    return Image(function(grid).cells)


def _blocks(base: Image, cells: Cells) -> Cells | None:
    """Returns the block of the output in place of each cell, or `None` where sizes don't fit."""
    (height, width), (rows, columns) = cells.shape, base.shape
    if height % rows or width % columns or (height, width) == (rows, columns):
        return None
    blocks = cells.reshape(rows, height // rows, columns, width // columns).swapaxes(1, 2)
    return blocks.reshape(rows * columns, height // rows, width // columns)


def _expansions(
    text: str, cost: float, bases: Sequence[Image], wanted: Sequence[Cells]
) -> list[Proposal]:
    blocks: list[Cells] = []
    for base, cells in zip(bases, wanted, strict=False):
        cut = _blocks(base, cells)
        if cut is None:
            return []
        blocks.append(cut)
    stamps = _covering(_stamps(bases, blocks), bases, blocks)
    if stamps is None:
        return []
    classes = np.concatenate(
        [_classes(stamps, base, cut) for base, cut in zip(bases, blocks, strict=False)]
    )
    found = []
    for tree, group_cost in _trees(bases, classes):
        total = COST + cost + group_cost + tree_cost(tree) + sum(s.cost for s in stamps)
        found += _proposal(text, total, tree, stamps, bases, wanted)
    return found


def _stamps(bases: Sequence[Image], blocks: Sequence[Cells]) -> list[_Stamp]:
    """Returns the stamps of the blocks' size, simplest first."""
    sizes = {cut.shape[1:] for cut in blocks}
    is_own_size = all(cut.shape[1:] == b.shape for cut, b in zip(blocks, bases, strict=False))
    found: list[_Stamp] = []
    if is_own_size:
        found += [
            _Stamp("blank_like(base)", library.blank_like, False, 0),
            _Stamp("base", library.identity, False, 0.5),
            _Stamp("base", library.identity, True, 1),
            _Stamp("ones(*base.shape)", lambda base: library.ones(*base.shape), True, 0.5),
            _Stamp("invert(base)", library.invert, False, 1.5),
        ]
        for name in TURNS:
            function: Callable[[Image], Image] = getattr(library, name)
            found.append(_Stamp(f"{name}(base)", function, False, 1.5))
    if len(sizes) == 1:
        height, width = sizes.pop()
        if not is_own_size:
            found.append(
                _Stamp(f"blank{height, width}", lambda _: library.blank(height, width), False, 0)
            )
            found.append(
                _Stamp(f"ones{height, width}", lambda _: library.ones(height, width), True, 0.5)
            )
        found += _patterns(bases, blocks)
    return found


def _patterns(bases: Sequence[Image], blocks: Sequence[Cells]) -> list[_Stamp]:
    """Returns the commonest blocks, and shapes of blocks in their cells' colors, as stamps."""
    counts: dict[tuple[bytes, bool], int] = {}
    shape = blocks[0].shape[1:]
    for base, cut in zip(bases, blocks, strict=False):
        for color, block in zip(base.cells.ravel().tolist(), cut, strict=True):
            keys = [(block.tobytes(), False)]
            if color and block.any() and np.isin(block, (0, color)).all():
                keys.append(((block != 0).astype(np.int8).tobytes(), True))
            for key in keys:
                counts[key] = counts.get(key, 0) + 1
    ranked = sorted(counts, key=lambda key: (-counts[key], key))[:MAX_PATTERNS]
    found = []
    for data, is_own in ranked:
        cells = np.frombuffer(data, np.int8).reshape(shape)
        picture = Image(cells)
        cost = 1.5 + 0.1 * cells.size
        text = f"image({cells.tolist()})"
        found.append(_Stamp(text, lambda _, p=picture: p, is_own, cost))  # type: ignore[misc]
    return found


def _explains(stamp: _Stamp, base: Image, cut: Cells) -> NDArray[np.bool_]:
    """Returns which blocks a stamp explains."""
    try:
        cells = stamp.function(base).cells
    except FAILURES:
        return np.zeros(len(cut), np.bool_)
    if cells.shape != cut.shape[1:]:
        return np.zeros(len(cut), np.bool_)
    made = np.broadcast_to(cells, cut.shape)
    if stamp.is_own:
        made = np.where(made != 0, base.cells.reshape(-1, 1, 1), 0)
    result: NDArray[np.bool_] = (made == cut).all(axis=(1, 2))
    return result


def _covering(
    stamps: Sequence[_Stamp], bases: Sequence[Image], blocks: Sequence[Cells]
) -> list[_Stamp] | None:
    """Returns few stamps that explain all blocks, chosen greedily."""
    if not stamps:
        return None
    explained = np.array(
        [
            np.concatenate([_explains(s, b, cut) for b, cut in zip(bases, blocks, strict=False)])
            for s in stamps
        ]
    )
    costs = np.array([stamp.cost for stamp in stamps])
    left = np.ones(explained.shape[1], np.bool_)
    chosen: list[int] = []
    while left.any():
        gains = (explained & left).sum(axis=1) - 0.01 * costs
        best = int(gains.argmax())
        if gains[best] <= 0 or len(chosen) == MAX_STAMPS:
            return None
        chosen.append(best)
        left &= ~explained[best]
    return [stamps[i] for i in chosen]


def _classes(stamps: Sequence[_Stamp], base: Image, cut: Cells) -> Array:
    """Returns the first stamp that explains each block."""
    explained = np.array([_explains(stamp, base, cut) for stamp in stamps])
    first: Array = explained.argmax(axis=0)
    return first


def _trees(bases: Sequence[Image], classes: Array) -> list[tuple[Tree, float]]:
    """Returns rules for the stamps, with what each group of questions costs."""
    if (classes == classes[0]).all():
        return [(Leaf(int(classes[0])), 0.0)]
    colors = sorted({int(c) for base in bases for c in np.unique(base.cells)})
    found: list[tuple[Tree, float]] = []
    known: set[str] = set()
    subjects = []
    for trait in traits(colors):
        values = np.concatenate([trait.function(base).ravel() for base in bases])
        subjects.append(
            Measured(trait.text, trait.cost, trait.group, trait.is_color, values.astype(np.int16))
        )
    for groups, cost in GROUPS:
        asked = questions([s for s in subjects if s.group in groups], len(classes))
        tree = TreeLearner(asked, (), classes).learn(MAX_SPLITS) if asked else None
        if isinstance(tree, Branch) and tree_text(tree) not in known:
            known.add(tree_text(tree))
            found.append((tree, cost))
    return found


def _proposal(
    text: str,
    cost: float,
    tree: Tree,
    stamps: Sequence[_Stamp],
    bases: Sequence[Image],
    wanted: Sequence[Cells],
) -> list[Proposal]:
    """Returns the program if it keeps its promise on all grids."""
    values = tree_values(tree, sum(base.cells.size for base in bases))
    own = tuple(i for i, stamp in enumerate(stamps) if stamp.is_own)
    made = []
    start = 0
    for base in bases:
        choice = values[start : start + base.cells.size].reshape(base.shape)
        start += base.cells.size
        try:
            pictures = tuple(stamp.function(base) for stamp in stamps)
            made.append(library.expanded(choice, base, pictures, own).cells.astype(np.int64))
        except FAILURES:
            return []
    if not can_answer(made, wanted):
        return []
    listing = "".join(f"{stamp.text}, " for stamp in stamps)
    body = (
        f"base = at_origin({text})",
        f"stamps = ({listing.rstrip()})",
        f"answer = render(expanded({tree_text(tree)}, base, stamps, {own}))",
    )
    return [Proposal(body, cost, tuple(made[len(wanted) :]), "expansion")]
