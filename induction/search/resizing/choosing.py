"""Choosing: programs that return one part of the input, perhaps changed, told by tests.

First the parts that *are* the output are looked for, and what must be made of them; only then
tests are searched that single them out. So a cut without any such part costs next to nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from induction import library
from induction.library.image import Image, image
from induction.search.node import Node, Piece
from induction.search.operation import Operation
from induction.search.painting import Target, exact_proposals
from induction.search.proposal import Proposal, distinct
from induction.search.resizing.cutting import Finish, Parts, finished, finishes, is_defined
from induction.search.resizing.judging import QUICK_MEASURES, Judgement, judgements

Array = NDArray[np.int64]

MAX_PER_CUT = 6
MAX_FIRST = 25
MAX_SECOND = 60
"""So many first and second tests are joined in pairs."""
COST_OF_PAIR = 2.0
"""What a second test costs besides itself, since there are so many pairs."""
MAX_RANKED = 40
"""So many chosen parts of the output's size are tried with other colors."""
MAX_JUDGED = 12
"""Tests are searched for at most so many cuts."""


@dataclass(frozen=True, slots=True)
class _Choice:
    """Tests and which parts pass them all, per grid."""

    text: str
    cost: float
    passing: tuple[int, ...]


def choice_proposals(
    inputs: Sequence[Array], outputs: Sequence[Array], cuts: Sequence[Parts]
) -> list[Proposal]:
    """Returns programs that choose a part of the input."""
    grids = [image(grid) for grid in inputs]
    wanted = [image(output) for output in outputs]
    colors = sorted({int(c) for grid in inputs for c in np.unique(grid)})
    endings = finishes()
    found: list[Proposal] = []
    bases: dict[bytes, Piece] = {}
    n_judged = 0
    for parts in cuts:
        if not (parts.are_few or parts.cut.is_overlapping):
            continue
        matches = _matches(parts, grids, wanted, endings)
        is_base = not parts.cut.is_overlapping and not found and _is_sized(parts, wanted)
        if matches and n_judged < MAX_JUDGED:
            n_judged += 1
            tests = judgements(parts, grids, colors)
        elif is_base and len(bases) < MAX_RANKED:
            tests = judgements(parts, grids, (), QUICK_MEASURES)
        else:
            continue
        for finish, masks in matches:
            found += _chosen(parts, grids, tests, finish, masks)
        if is_base:
            for piece in _pieces(parts, grids, tests, wanted):
                bases.setdefault(piece.cells.tobytes(), piece)
    if not found:
        found += _recolored(bases.values(), wanted)
    return distinct(found, 3)[:20]


def _matches(
    parts: Parts, grids: Sequence[Image], wanted: Sequence[Image], endings: Sequence[Finish]
) -> list[tuple[Finish, tuple[int, ...]]]:
    """Returns the finishes that make some part of each grid the output, and of which parts."""
    found: list[tuple[Finish, tuple[int, ...]]] = []
    order = sorted(range(len(wanted)), key=lambda i: len(parts.lists[i]))
    rich = [_rich_enough(parts.lists[i], wanted[i]) for i in range(len(wanted))]
    shows_all = all(
        np.array_equal(part.cells, library.cut_at(part, grids[order[0]]).cells)
        for part in parts.lists[order[0]]
    )
    for finish in endings[:1] if parts.cut.is_overlapping else endings:
        if shows_all and "cut_at" in finish.text:
            continue
        masks = [0] * len(wanted)
        for index in order:
            output = wanted[index]
            for i, part in enumerate(parts.lists[index]):
                if "cut_at" not in finish.text and not rich[index] >> i & 1:
                    continue
                result = finished(finish, part, grids[index], output.shape)
                if result is not None and np.array_equal(result.cells, output.cells):
                    masks[index] |= 1 << i
            if not masks[index]:
                break
        if all(masks) and not any(masks == list(m) for _, m in found):
            found.append((finish, tuple(masks)))
    return found


def _rich_enough(pictures: Sequence[Image], output: Image) -> int:
    """Returns the bits of the parts that have all colors of the output, 0 aside."""
    colors = set(output.cells.tobytes()) - {0}
    return sum(1 << i for i, part in enumerate(pictures) if colors <= set(part.cells.tobytes()))


def _choices(tests: Sequence[Judgement], masks: Sequence[int]) -> Iterator[_Choice]:
    """Yields the tests, or pairs of them, that on the demonstrations pass only such parts."""
    usable = [t for t in tests if all(p & m for p, m in zip(t.passing, masks, strict=False))]
    n_single = 0
    for test in usable:
        if all(not p & ~m for p, m in zip(test.passing, masks, strict=False)):
            n_single += 1
            yield _Choice(test.text, test.cost, test.passing)
    if n_single:
        return
    pairs = [
        (one.cost + other.cost, i, j)
        for i, one in enumerate(usable[:MAX_FIRST])
        for j, other in enumerate(tests[:MAX_SECOND])
    ]
    for cost, i, j in sorted(pairs):
        passing = _narrowed(usable[i], tests[j], masks)
        if passing is not None:
            text = f"{usable[i].text}, {tests[j].text}"
            yield _Choice(text, cost + COST_OF_PAIR, passing)


def _narrowed(one: Judgement, other: Judgement, masks: Sequence[int]) -> tuple[int, ...] | None:
    """Returns what passes a second test among what passes a first, if only such parts do."""
    passing = []
    for index, first in enumerate(one.passing):
        second = other.among(index, first)
        if not second or (index < len(masks) and second & ~masks[index]):
            return None
        passing.append(second)
    return tuple(passing)


def _chosen(
    parts: Parts,
    grids: Sequence[Image],
    tests: Sequence[Judgement],
    finish: Finish,
    masks: Sequence[int],
) -> list[Proposal]:
    n = len(masks)
    found: list[Proposal] = []
    for choice in _choices(tests, masks):
        results = []
        for index in range(len(grids)):
            part = _single(parts, index, choice.passing[index])
            result = is_defined(finish, part, grids[index]) if part else None
            if result is None:
                break
            results.append(result.cells.astype(np.int64))
        if len(results) < len(grids):
            continue
        text = finish.text.replace("{0}", f"choose(parts, {choice.text})")
        body = (f"parts = {parts.cut.text}", f"answer = render({text})")
        cost = parts.cut.cost + finish.cost + choice.cost
        found.append(Proposal(body, cost, tuple(results[n:]), "choice"))
        if len(found) == MAX_PER_CUT:
            break
    return found


def _single(parts: Parts, index: int, mask: int) -> Image | None:
    """Returns the part that a grid's bits stand for, unless they stand for different ones."""
    passing = [p for i, p in enumerate(parts.lists[index]) if mask >> i & 1]
    first = passing[0]
    same = all(np.array_equal(p.cells, first.cells) for p in passing)
    return first if same else None


def _is_sized(parts: Parts, wanted: Sequence[Image]) -> bool:
    """Whether each demonstration has a part of the output's size."""
    return all(
        any(p.shape == output.shape for p in pictures)
        for pictures, output in zip(parts.lists, wanted, strict=False)
    )


def _pieces(
    parts: Parts, grids: Sequence[Image], tests: Sequence[Judgement], wanted: Sequence[Image]
) -> Iterator[Piece]:
    """Yields the parts of the output's size that a single test tells."""
    masks = [
        sum(1 << i for i, p in enumerate(pictures) if p.shape == output.shape)
        for pictures, output in zip(parts.lists, wanted, strict=False)
    ]
    for test in tests:
        if any(p & ~m for p, m in zip(test.passing, masks, strict=False)):
            continue
        chosen = [_single(parts, i, mask) for i, mask in enumerate(test.passing)]
        images = tuple(p for p in chosen if p is not None)
        if len(images) < len(grids):
            continue
        text = f"choose({parts.cut.text}, {test.text})"
        cost = parts.cut.cost + test.cost
        yield _piece(text, images, cost, len(wanted))


def _piece(text: str, images: tuple[Image, ...], cost: float, n: int) -> Piece:
    """Returns images as a piece."""
    origin = Node("image", images, 0)
    operation = Operation(text, lambda value, _: value, "image", "image", round(cost))
    node = Node("image", images, round(cost), operation, origin)
    cells = np.concatenate([p.cells.ravel() for p in images])
    return Piece(node, tuple(p.shape for p in images[n:]), cells)


def _recolored(bases: Iterable[Piece], wanted: Sequence[Image]) -> list[Proposal]:
    """Returns the chosen parts that are the outputs after their colors are replaced."""
    cells = np.concatenate([w.cells.ravel() for w in wanted])
    found: list[Proposal] = []
    for piece in bases:
        found += exact_proposals([piece], Target(cells, piece.shapes))
    return [replace(p, origin="choice colors") for p in found]
