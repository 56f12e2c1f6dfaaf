"""Parts: cutting an image into a list of images."""

from __future__ import annotations

import itertools

import numpy as np

from induction.library import kernels
from induction.library.image import Cells, Image, Images, NoResultError, listed, part

__all__ = [
    "blank_components", "bottom_half", "boxes", "color_layers", "columns_of", "components",
    "first_square", "halves", "last_square", "left_half", "mono_boxes", "mono_components",
    "panel_map", "panels", "quarters", "right_half", "rows_of", "separator_lines", "thirds",
    "top_half", "windows",
]  # fmt: skip


def _components(
    picture: Image, cells: Cells, diagonal: bool, by_color: bool = False
) -> list[Image]:
    labels, boxes = kernels.connected_parts(cells, diagonal, by_color)
    cut = kernels.cut_out(cells, labels, boxes)
    found = []
    start = 0
    for top, bottom, left, right, _ in boxes.tolist():
        height, width = bottom - top, right - left
        stop = start + height * width
        inner = cut[start:stop].reshape(height, width)
        found.append(Image(inner, picture.row + top, picture.column + left))
        start = stop
    return found


def components(picture: Image, diagonal: bool) -> Images:
    """Cuts into connected parts of any colors, from top to bottom."""
    return listed(_components(picture, picture.cells, diagonal))


def mono_components(picture: Image, diagonal: bool) -> Images:
    """Cuts into connected parts of one color each, from top to bottom."""
    found = _components(picture, picture.cells, diagonal, by_color=True)
    found.sort(key=lambda p: (p.row, p.column, p.cells.max()))
    return listed(found)


def color_layers(picture: Image) -> Images:
    """Cuts into one image per color, each cropped."""
    cells = picture.cells
    found = []
    for color in np.unique(cells):
        if color:
            rows, columns = (cells == color).nonzero()
            top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
            alone = np.where(cells[top:bottom, left:right] == color, color, 0).astype(np.int8)
            found.append(Image(alone, picture.row + int(top), picture.column + int(left)))
    return listed(found)


def blank_components(picture: Image) -> Images:
    """Cuts the blank cells into connected parts, painted in color 1."""
    cells = (picture.cells == 0).astype(np.int8)
    return listed(_components(picture, cells, False))


def boxes(picture: Image, diagonal: bool) -> Images:
    """Cuts out the bounding boxes of connected parts, with all that lies in them."""
    found = _components(picture, picture.cells, diagonal)
    return listed(_with_surroundings(picture, p) for p in found)


def mono_boxes(picture: Image) -> Images:
    """Cuts out the bounding boxes of the colors' connected parts, with all that lies in them."""
    found = mono_components(picture, False)
    return listed(_with_surroundings(picture, p) for p in found if min(p.shape) > 1)


def _with_surroundings(picture: Image, piece: Image) -> Image:
    """Returns all that the picture shows inside the bounding box of one of its pieces."""
    top, left = piece.row - picture.row, piece.column - picture.column
    height, width = piece.shape
    return part(picture, top, top + height, left, left + width)


def separators(cells: Cells) -> tuple[int, list[int], list[int]]:
    """Returns the color of lines through the whole image, and their rows and columns."""
    rows = [r for r in range(cells.shape[0]) if (cells[r] == cells[r, 0]).all()]
    columns = [c for c in range(cells.shape[1]) if (cells[:, c] == cells[0, c]).all()]
    best: tuple[int, int, list[int], list[int]] | None = None
    for color in range(1, 10):
        r = [i for i in rows if cells[i, 0] == color]
        c = [i for i in columns if cells[0, i] == color]
        if (r or c) and len(r) < cells.shape[0] and len(c) < cells.shape[1]:
            scored = (len(r) + len(c), color, r, c)
            if best is None or scored[0] > best[0]:
                best = scored
    if best is None:
        raise NoResultError("no separators")
    return best[1], best[2], best[3]


def _stretches(lines: list[int], length: int) -> list[tuple[int, int]]:
    edges = [-1, *lines, length]
    return [(a + 1, b) for a, b in itertools.pairwise(edges) if b > a + 1]


def panels(picture: Image) -> Images:
    """Cuts along the lines that divide the whole image, row by row."""
    _, rows, columns = separators(picture.cells)
    height, width = picture.shape
    return listed(
        part(picture, top, bottom, left, right)
        for top, bottom in _stretches(rows, height)
        for left, right in _stretches(columns, width)
    )


def panel_map(picture: Image, least: int) -> Image:
    """Shrinks each panel to one cell: its most common color, if it has that many cells of it."""
    _, rows, columns = separators(picture.cells)
    height, width = picture.shape
    result = []
    for top, bottom in _stretches(rows, height):
        line = []
        for left, right in _stretches(columns, width):
            counts = np.bincount(picture.cells[top:bottom, left:right].ravel(), minlength=10)
            counts[0] = 0
            line.append(int(counts.argmax()) if counts.max() >= least else 0)
        result.append(line)
    return Image(np.array(result, np.int8))


def separator_lines(picture: Image) -> Image:
    """Keeps the lines that divide the whole image."""
    color, rows, columns = separators(picture.cells)
    cells = np.zeros_like(picture.cells)
    cells[rows] = color
    cells[:, columns] = color
    return picture.with_cells(cells)


def rows_of(picture: Image) -> Images:
    """Cuts into single rows."""
    return listed(part(picture, r, r + 1, 0, picture.shape[1]) for r in range(picture.shape[0]))


def columns_of(picture: Image) -> Images:
    """Cuts into single columns."""
    return listed(part(picture, 0, picture.shape[0], c, c + 1) for c in range(picture.shape[1]))


def quarters(picture: Image) -> Images:
    """Cuts into four equal parts, a line in the middle left out."""
    height, width = picture.shape
    h, w = height // 2, width // 2
    return listed(
        part(picture, top, top + h, left, left + w)
        for top in (0, height - h)
        for left in (0, width - w)
    )


def halves(picture: Image) -> Images:
    """Cuts the longer side into two equal parts, a line in the middle left out."""
    height, width = picture.shape
    if height > width:
        return listed([top_half(picture), bottom_half(picture)])
    return listed([left_half(picture), right_half(picture)])


def thirds(picture: Image) -> Images:
    """Cuts the longer side into three equal parts, lines between them left out."""
    height, width = picture.shape
    if height > width:
        h, gap = (height - (height % 3)) // 3, (height % 3) // 2
        return listed(part(picture, i * (h + gap), i * (h + gap) + h, 0, width) for i in range(3))
    w, gap = (width - (width % 3)) // 3, (width % 3) // 2
    return listed(part(picture, 0, height, i * (w + gap), i * (w + gap) + w) for i in range(3))


def top_half(picture: Image) -> Image:
    """Keeps the upper half, a line in the middle left out."""
    return part(picture, 0, picture.shape[0] // 2, 0, picture.shape[1])


def bottom_half(picture: Image) -> Image:
    """Keeps the lower half, a line in the middle left out."""
    height, width = picture.shape
    return part(picture, height - height // 2, height, 0, width)


def left_half(picture: Image) -> Image:
    """Keeps the left half, a line in the middle left out."""
    return part(picture, 0, picture.shape[0], 0, picture.shape[1] // 2)


def right_half(picture: Image) -> Image:
    """Keeps the right half, a line in the middle left out."""
    height, width = picture.shape
    return part(picture, 0, height, width - width // 2, width)


def first_square(picture: Image) -> Image:
    """Keeps the upper left square whose side is the shorter side."""
    side = min(picture.shape)
    return part(picture, 0, side, 0, side)


def last_square(picture: Image) -> Image:
    """Keeps the lower right square whose side is the shorter side."""
    height, width = picture.shape
    side = min(height, width)
    return part(picture, height - side, height, width - side, width)


def windows(picture: Image, canvas: Image) -> Images:
    """Cuts into adjoining parts of the canvas's size, a line between them left out or not."""
    height, width = picture.shape
    h, w = canvas.shape
    gap_rows = 0 if height % h == 0 else 1
    gap_columns = 0 if width % w == 0 else 1
    if (height + gap_rows) % (h + gap_rows) or (width + gap_columns) % (w + gap_columns):
        raise NoResultError("parts do not fit")
    return listed(
        part(picture, top, top + h, left, left + w)
        for top in range(0, height, h + gap_rows)
        for left in range(0, width, w + gap_columns)
    )
