"""Regions: further ways to cut an image, by what frames, marks or fills a rectangle.

All cut out what the image shows there, color 0 included, unless they say otherwise.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from induction.library import kernels
from induction.library.image import Cells, Image, Images, Mask, NoResultError, listed, part
from induction.library.parts import separators

__all__ = [
    "blank_panels", "blocks", "clusters", "color_boxes", "corner_marked", "cornered", "framed",
    "grounds", "panel_columns", "panel_rows", "plain_regions", "sliding_windows", "squares",
    "tiles",
]  # fmt: skip

MAX_CORNERS = 24
"""Colors of more cells than this do not mark corners."""

MAX_WINDOWS = 400
"""More windows than this are not compared."""


def color_boxes(picture: Image) -> Images:
    """Cuts out the bounding box of each color."""
    found = []
    for color in np.unique(picture.cells):
        if color:
            rows, columns = (picture.cells == color).nonzero()
            box = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
            found.append(part(picture, *map(int, box)))
    return listed(found)


def framed(picture: Image) -> Images:
    """Cuts out the rectangles, at least three cells wide and high, with a border of one color."""
    cells = picture.cells
    height, width = cells.shape
    found: list[tuple[int, int, int, int]] = []
    right_run, down_run = _runs(cells), _runs(cells.T).T
    for top in range(height - 2):
        for left in range(width - 2):
            if not cells[top, left]:
                continue
            box = _frame_at(right_run, down_run, top, left)
            if box and not any(_contains(f, box) for f in found):
                found.append(box)
    return listed(part(picture, *box) for box in found)


def _runs(cells: Cells) -> NDArray[np.int64]:
    """Returns how many cells from each one to the right share its color, itself included."""
    runs = np.ones(cells.shape, np.int64)
    for column in range(cells.shape[1] - 2, -1, -1):
        same = cells[:, column] == cells[:, column + 1]
        runs[same, column] = runs[same, column + 1] + 1
    return runs


def _frame_at(
    right: NDArray[np.int64], down: NDArray[np.int64], top: int, left: int
) -> tuple[int, int, int, int] | None:
    """Returns the largest frame whose upper left corner is there."""
    best: tuple[int, int, int, int, int] | None = None
    for height in range(int(down[top, left]), 2, -1):
        for width in range(int(right[top, left]), 2, -1):
            if best and height * width <= best[0]:
                break
            bottom, end = top + height - 1, left + width - 1
            if right[bottom, left] >= width and down[top, end] >= height:
                best = (height * width, top, bottom + 1, left, end + 1)
                break
    return best[1:] if best else None


def _contains(outer: tuple[int, int, int, int], inner: tuple[int, int, int, int]) -> bool:
    return (
        outer[0] <= inner[0]
        and outer[1] >= inner[1]
        and outer[2] <= inner[2]
        and outer[3] >= inner[3]
    )


def corner_marked(picture: Image) -> Images:
    """Cuts out the rectangles whose corners are four lone cells of one color."""
    cells = picture.cells
    found = []
    for color in np.unique(cells):
        rows, columns = (cells == color).nonzero()
        if color == 0 or len(rows) != 4:
            continue
        top, bottom, left, right = rows.min(), rows.max(), columns.min(), columns.max()
        corners = cells[np.ix_([top, bottom], [left, right])]
        if bottom > top + 1 and right > left + 1 and (corners == color).all():
            found.append(part(picture, int(top), int(bottom) + 1, int(left), int(right) + 1))
    return listed(found)


def cornered(picture: Image) -> Images:
    """Cuts out the rectangles whose four corners share a color that few cells have."""
    cells = picture.cells
    found = []
    for color in np.unique(cells):
        places = np.argwhere(cells == color).tolist()
        if color == 0 or not 4 <= len(places) <= MAX_CORNERS:
            continue
        known = {(r, c) for r, c in places}
        found += [
            part(picture, top, bottom + 1, left, right + 1)
            for top, left in places
            for bottom, right in places
            if bottom > top + 1 and right > left + 1 and {(top, right), (bottom, left)} <= known
        ]
    return listed(found)


def plain_regions(picture: Image) -> Images:
    """Cuts into the connected parts of one color, color 0 too, that fill their rectangles."""
    return listed(p for p in _all_regions(picture) if (p.cells == p.cells[0, 0]).all())


def grounds(picture: Image) -> Images:
    """Cuts out the rectangles that large parts of one color, color 0 too, bound."""
    n_cells = picture.cells.size
    return listed(p for p in _all_regions(picture, n_cells // 20 + 3) if min(p.shape) > 2)


def _all_regions(picture: Image, least: int = 2) -> list[Image]:
    """Returns the bounding boxes of connected parts of one color with at least so many cells."""
    labels, boxes = kernels.connected_parts(picture.cells + np.int8(1), False, True)
    sizes = np.bincount(labels.ravel(), minlength=len(boxes) + 1)[1:]
    large = sorted(boxes[sizes >= least].tolist(), key=lambda b: (b[0], b[2], b[4]))
    return [part(picture, top, bottom, left, right) for top, bottom, left, right, _ in large]


def clusters(picture: Image, reach: int) -> Images:
    """Cuts out the rectangles around colored cells no further apart than a few blank ones."""
    mask: Mask = picture.cells != 0
    near = ndimage.binary_dilation(mask, np.ones((2 * reach + 1,) * 2, np.bool_)) if reach else mask
    labels, _ = ndimage.label(near, np.ones((3, 3)))
    labels = np.where(mask, labels, 0)
    found = []
    for box in ndimage.find_objects(labels):
        rows, columns = box
        found.append(part(picture, rows.start, rows.stop, columns.start, columns.stop))
    return listed(found)


def _between(lines: list[int], side: int) -> list[tuple[int, int]]:
    """Returns the first and end position of what lies between lines, and before and after them."""
    edges = [-1, *lines, side]
    return [(a + 1, b) for a, b in itertools.pairwise(edges) if b > a + 1]


def panel_rows(picture: Image) -> Images:
    """Cuts along the lines that divide the image from left to right."""
    _, rows, _ = separators(picture.cells)
    if not rows:
        raise NoResultError("no such lines")
    return listed(
        part(picture, a, b, 0, picture.shape[1]) for a, b in _between(rows, picture.shape[0])
    )


def panel_columns(picture: Image) -> Images:
    """Cuts along the lines that divide the image from top to bottom."""
    _, _, columns = separators(picture.cells)
    if not columns:
        raise NoResultError("no such lines")
    return listed(
        part(picture, 0, picture.shape[0], a, b) for a, b in _between(columns, picture.shape[1])
    )


def blank_panels(picture: Image) -> Images:
    """Cuts along the rows and columns without any color, row by row."""
    mask = picture.cells != 0
    rows, columns = _filled_spans(mask.any(axis=1)), _filled_spans(mask.any(axis=0))
    return listed(part(picture, *row, *column) for row in rows for column in columns)


def _filled_spans(line: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Returns where the stretches of true values begin and end."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def tiles(picture: Image, height: int, width: int) -> Images:
    """Cuts into adjoining parts of that size, row by row."""
    if picture.shape[0] % height or picture.shape[1] % width:
        raise NoResultError("parts do not fit")
    return tuple(
        part(picture, r, r + height, c, c + width)
        for r in range(0, picture.shape[0], height)
        for c in range(0, picture.shape[1], width)
    )


def blocks(picture: Image, rows: int, columns: int) -> Images:
    """Cuts into that many equal parts below and beside each other."""
    height, width = picture.shape
    if height % rows or width % columns:
        raise NoResultError("parts do not fit")
    h, w = height // rows, width // columns
    return listed(
        part(picture, r * h, r * h + h, c * w, c * w + w)
        for r in range(rows)
        for c in range(columns)
    )


def squares(picture: Image) -> Images:
    """Cuts the longer side into squares whose side is the shorter one."""
    height, width = picture.shape
    side = min(height, width)
    if max(height, width) % side or height == width:
        raise NoResultError("no squares")
    return blocks(picture, height // side, width // side)


def sliding_windows(picture: Image, height: int, width: int) -> Images:
    """Returns every part of that size, overlapping."""
    rows, columns = picture.shape[0] - height + 1, picture.shape[1] - width + 1
    if rows < 1 or columns < 1 or rows * columns > MAX_WINDOWS:
        raise NoResultError("too few or many windows")
    return tuple(
        part(picture, r, r + height, c, c + width) for r in range(rows) for c in range(columns)
    )
