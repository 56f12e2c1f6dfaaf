"""Motion: rays, gravity, connecting lines, floods and shifts."""

from __future__ import annotations

import numpy as np

from induction.library import kernels
from induction.library.color import background_color
from induction.library.image import Cells, Image, Images, Mask, NoResultError
from induction.library.parts import mono_components

__all__ = [
    "attract", "between_columns", "between_rows", "connect", "connect_columns", "connect_diagonals",
    "connect_rows", "extend", "fall", "fall_objects", "fill_columns", "fill_rows",
    "fill_rows_and_columns", "flood", "full_columns", "full_rows", "move", "rays_from_objects",
    "shift", "slide",
]  # fmt: skip

DIRECTIONS: dict[str, tuple[int, int]] = {
    "up": (-1, 0),
    "down": (1, 0),
    "left": (0, -1),
    "right": (0, 1),
    "up_left": (-1, -1),
    "up_right": (-1, 1),
    "down_left": (1, -1),
    "down_right": (1, 1),
}


def swept(cells: Cells, direction: str) -> Cells:
    """Returns what the colored cells cover when they run in a direction until they hit another."""
    result: Cells = kernels.swept(cells, *DIRECTIONS[direction])
    return result


def extend(picture: Image, directions: tuple[str, ...]) -> Image:
    """Draws rays from every colored cell, in its color, until they hit a colored cell."""
    cells = picture.cells
    result = cells
    for direction in directions:
        result = np.where(result != 0, result, swept(cells, direction))
    return picture.with_cells(result)


def fall(picture: Image, direction: str) -> Image:
    """Lets every colored cell fall as far as the others allow."""
    cells = picture.cells
    if direction in ("up", "down"):
        cells = cells.T
    filled = cells != 0
    order = np.argsort(filled if direction in ("right", "down") else ~filled, axis=1, kind="stable")
    result = np.take_along_axis(cells, order, axis=1)
    return picture.with_cells(result.T if direction in ("up", "down") else result)


def fall_objects(picture: Image, direction: str) -> Image:
    """Lets every connected part of one color fall as a whole."""
    dr, dc = DIRECTIONS[direction]
    result = np.zeros_like(picture.cells)
    for item in _foremost_first(mono_components(picture, True), dr, dc):
        row, column = item.row - picture.row, item.column - picture.column
        _stop_before(result, item.cells, row, column, dr, dc)
    return picture.with_cells(result)


def _foremost_first(parts: Images, dr: int, dc: int) -> Images:
    """Sorts parts so that those ahead in a direction come first."""

    def lag(item: Image) -> int:
        row = item.row + (item.shape[0] if dr > 0 else 0)
        column = item.column + (item.shape[1] if dc > 0 else 0)
        return -(dr * row + dc * column)

    return tuple(sorted(parts, key=lag))


def shift(picture: Image, rows: int, columns: int) -> Image:
    """Moves the content, around the edges."""
    return picture.with_cells(np.roll(picture.cells, (rows, columns), (0, 1)))


def move(picture: Image, rows: int, columns: int) -> Image:
    """Moves the image as a whole, with its place."""
    return Image(picture.cells, picture.row + rows, picture.column + columns)


def connect_rows(picture: Image) -> Image:
    """Joins cells of one color in a row by a line, if only blank cells lie between."""
    cells = picture.cells
    return picture.with_cells(cells + kernels.lines_between(cells, 0, 1))


def connect_columns(picture: Image) -> Image:
    """Joins cells of one color in a column by a line, if only blank cells lie between."""
    cells = picture.cells
    return picture.with_cells(cells + kernels.lines_between(cells, 1, 0))


def connect(picture: Image) -> Image:
    """Joins cells of one color in a row or column; columns are drawn over rows."""
    cells = picture.cells
    result = cells + kernels.lines_between(cells, 1, 0)
    return picture.with_cells(np.where(result != 0, result, kernels.lines_between(cells, 0, 1)))


def connect_diagonals(picture: Image) -> Image:
    """Joins cells of one color in a diagonal by a line, if only blank cells lie between."""
    result = picture.cells
    for columns in (1, -1):
        lines = kernels.lines_between(picture.cells, 1, columns)
        result = np.where(result == 0, lines, result)
    return picture.with_cells(result)


def between_rows(picture: Image) -> Image:
    """Keeps the new cells of `connect_rows` alone."""
    return picture.with_cells(kernels.lines_between(picture.cells, 0, 1))


def between_columns(picture: Image) -> Image:
    """Keeps the new cells of `connect_columns` alone."""
    return picture.with_cells(kernels.lines_between(picture.cells, 1, 0))


def fill_rows(picture: Image) -> Image:
    """Fills each row that has a single color with it."""
    return picture.with_cells(_single_colors(picture.cells)[:, None].repeat(picture.shape[1], 1))


def fill_columns(picture: Image) -> Image:
    """Fills each column that has a single color with it."""
    return transpose_cells(fill_rows(transpose_cells(picture)))


def fill_rows_and_columns(picture: Image) -> Image:
    """Fills rows and columns with their single color; rows are drawn over columns."""
    rows, columns = fill_rows(picture).cells, fill_columns(picture).cells
    return picture.with_cells(np.where(rows != 0, rows, columns))


def transpose_cells(picture: Image) -> Image:
    """Mirrors the cells in the main diagonal, the place kept."""
    return Image(picture.cells.T, picture.row, picture.column)


def _single_colors(cells: Cells) -> Cells:
    """Returns the only color of each row, or 0."""
    top = cells.max(axis=1)
    return np.where(((cells == 0) | (cells == top[:, None])).all(axis=1), top, 0).astype(np.int8)


def full_rows(picture: Image) -> Image:
    """Keeps rows that have no blank cell."""
    mask = (picture.cells != 0).all(axis=1)
    return picture.with_cells(np.where(mask[:, None], picture.cells, 0))


def full_columns(picture: Image) -> Image:
    """Keeps columns that have no blank cell."""
    mask = (picture.cells != 0).all(axis=0)
    return picture.with_cells(np.where(mask[None, :], picture.cells, 0))


def flood(picture: Image, diagonal: bool) -> Image:
    """Lets colored cells spread into all blank cells, step by step."""
    cells = picture.cells
    for _ in range(sum(picture.shape)):
        grown = kernels.grown(cells, diagonal)
        if np.array_equal(grown, cells):
            break
        cells = grown
    return picture.with_cells(cells)


def rays_from_objects(picture: Image, directions: tuple[str, ...]) -> Image:
    """Draws rays to the edge, over everything, from cells of the least common color."""
    counts = np.bincount(picture.cells.ravel(), minlength=10)
    counts[background_color(picture)] = 0
    present = counts.nonzero()[0]
    if not present.size:
        raise NoResultError("no colors")
    color = int(present[counts[present].argmin()])
    alone: Cells = np.where(picture.cells == color, color, 0).astype(np.int8)
    result = picture.cells
    for direction in directions:
        ray: Mask = swept(alone, direction) != 0
        result = np.where(ray, color, result)
    return picture.with_cells(result)


def slide(picture: Image, color: int, direction: str) -> Image:
    """Moves the parts of one color, each as a whole, until something is in their way."""
    dr, dc = DIRECTIONS[direction]
    cells = picture.cells
    alone = picture.with_cells(np.where(cells == color, cells, 0))
    result = np.where(cells == color, 0, cells).astype(np.int8)
    for item in _foremost_first(mono_components(alone, True), dr, dc):
        row, column = item.row - picture.row, item.column - picture.column
        _stop_before(result, item.cells, row, column, dr, dc)
    return picture.with_cells(result)


def _stop_before(result: Cells, cells: Cells, row: int, column: int, dr: int, dc: int) -> None:
    """Paints cells where they come to rest when they move from a place."""
    height, width = cells.shape
    shown = cells != 0
    while True:
        r, c = row + dr, column + dc
        if not (0 <= r <= result.shape[0] - height and 0 <= c <= result.shape[1] - width):
            break
        if result[r : r + height, c : c + width][shown].any():
            break
        row, column = r, c
    np.copyto(result[row : row + height, column : column + width], cells, where=shown)


def attract(picture: Image, color: int) -> Image:
    """Moves all other parts straight towards the bounding box of a color, until they touch."""
    cells = picture.cells
    rows, columns = np.nonzero(cells == color)
    if not rows.size:
        raise NoResultError("nothing attracts")
    top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
    result = np.where(cells == color, cells, 0).astype(np.int8)
    others = mono_components(picture.with_cells(np.where(cells == color, 0, cells)), True)
    for item in others:
        row, column = item.row - picture.row, item.column - picture.column
        height, width = item.shape
        beside = row < bottom and row + height > top
        level = column < right and column + width > left
        dr = 0 if beside or not level else (1 if row < top else -1)
        dc = 0 if level or not beside else (1 if column < left else -1)
        if dr or dc:
            _stop_before(result, item.cells, row, column, dr, dc)
        else:
            np.copyto(
                result[row : row + height, column : column + width],
                item.cells,
                where=item.cells != 0,
            )
    return picture.with_cells(result)
