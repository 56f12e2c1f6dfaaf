"""Scale: upscaling, downscaling, tiling, compressing, and fitting a canvas."""

from __future__ import annotations

import math

import numpy as np

from induction.library.color import invert
from induction.library.image import Image, NoResultError, blank, checked, color_counts, pasted
from induction.library.parts import separators

__all__ = [
    "blank_like", "blank_scaled", "downscale", "drop_blank_lines", "drop_repeated_lines",
    "drop_separators", "fractal", "fractal_complement", "fractal_inverted", "full_canvas",
    "mirror_tile_to", "outer", "outer_color", "place", "place_at_end", "place_at_origin",
    "place_centered", "reflect_tile_to", "rescale", "tile", "tile_from_place", "tile_to",
    "tile_with_gap", "upscale", "upscale_by_cells", "upscale_by_colors", "upscale_by_size", "wrap",
    "wrap_colored",
]  # fmt: skip


def upscale(picture: Image, rows: int, columns: int) -> Image:
    """Makes every cell that many rows high and columns wide."""
    height, width = picture.shape
    if height * rows > 60 or width * columns > 60:
        raise NoResultError("too large")
    return checked(picture.cells.repeat(rows, 0).repeat(columns, 1))


def upscale_by_colors(picture: Image) -> Image:
    """Makes every cell as large as the image has colors, 0 aside."""
    n = int((color_counts(picture)[1:] > 0).sum())
    return upscale(picture, n, n)


def upscale_by_cells(picture: Image) -> Image:
    """Makes every cell as large as the image has colored cells."""
    n = int((picture.cells != 0).sum())
    return upscale(picture, n, n)


def upscale_by_size(picture: Image) -> Image:
    """Makes every cell as large as the image is."""
    return upscale(picture, *picture.shape)


def downscale(picture: Image) -> Image:
    """Undoes an upscaling by the largest factors possible."""
    cells = picture.cells
    rows = _block(cells)
    columns = _block(cells.T)
    return checked(cells[::rows, ::columns])


def _block(cells: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> int:
    """Returns the largest height of equal rows into which an array divides."""
    height = cells.shape[0]
    changes = (cells[1:] != cells[:-1]).any(axis=1).nonzero()[0] + 1
    return math.gcd(height, *(int(i) for i in changes))


def tile(picture: Image, rows: int, columns: int) -> Image:
    """Lays that many copies below and beside each other."""
    height, width = picture.shape
    if height * rows > 60 or width * columns > 60:
        raise NoResultError("too large")
    return checked(np.tile(picture.cells, (rows, columns)))


def drop_blank_lines(picture: Image) -> Image:
    """Leaves out rows and columns without colors."""
    cells = picture.cells
    mask = cells != 0
    return checked(cells[mask.any(axis=1)][:, mask.any(axis=0)])


def drop_repeated_lines(picture: Image) -> Image:
    """Leaves out rows and columns that equal the one before."""
    cells = picture.cells
    rows = np.ones(cells.shape[0], np.bool_)
    rows[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    columns = np.ones(cells.shape[1], np.bool_)
    columns[1:] = (cells[:, 1:] != cells[:, :-1]).any(axis=0)
    return checked(cells[rows][:, columns])


def drop_separators(picture: Image) -> Image:
    """Leaves out the lines that divide the whole image."""
    _, rows, columns = separators(picture.cells)
    return checked(np.delete(np.delete(picture.cells, rows, 0), columns, 1))


def fractal(picture: Image) -> Image:
    """Puts a copy of the image in place of each of its colored cells."""
    return outer(picture, picture)


def fractal_complement(picture: Image) -> Image:
    """Puts a copy of the image in place of each of its blank cells."""
    return outer(picture.with_cells(picture.cells == 0), picture)


def fractal_inverted(picture: Image) -> Image:
    """Puts a copy of the image, blank and colored cells swapped, in place of its colored cells."""
    return outer(picture, invert(picture))


def outer(picture: Image, stamp: Image) -> Image:
    """Puts a stamp in place of each colored cell."""
    height, width = picture.shape
    if height * stamp.shape[0] > 60 or width * stamp.shape[1] > 60:
        raise NoResultError("too large")
    return checked(np.kron((picture.cells != 0).astype(np.int8), stamp.cells))


def outer_color(picture: Image, stamp: Image) -> Image:
    """Puts a stamp in the cell's color in place of each cell."""
    height, width = picture.shape
    if height * stamp.shape[0] > 60 or width * stamp.shape[1] > 60:
        raise NoResultError("too large")
    return checked(np.kron(picture.cells, (stamp.cells != 0).astype(np.int8)))


def place(picture: Image, canvas: Image) -> Image:
    """Puts the image at its own place on the canvas, what lies outside cut off."""
    cells = pasted(canvas.cells, picture, picture.row - canvas.row, picture.column - canvas.column)
    return Image(cells, canvas.row, canvas.column)


def place_centered(picture: Image, canvas: Image) -> Image:
    """Puts the image in the middle of the canvas."""
    row = (canvas.shape[0] - picture.shape[0]) // 2
    column = (canvas.shape[1] - picture.shape[1]) // 2
    return Image(pasted(canvas.cells, picture, row, column), canvas.row, canvas.column)


def place_at_origin(picture: Image, canvas: Image) -> Image:
    """Puts the image in the upper left corner of the canvas."""
    return Image(pasted(canvas.cells, picture, 0, 0), canvas.row, canvas.column)


def place_at_end(picture: Image, canvas: Image) -> Image:
    """Puts the image in the lower right corner of the canvas."""
    row, column = canvas.shape[0] - picture.shape[0], canvas.shape[1] - picture.shape[1]
    return Image(pasted(canvas.cells, picture, row, column), canvas.row, canvas.column)


def wrap(picture: Image, canvas: Image) -> Image:
    """Writes the image's cells row by row into the canvas, as far as they go."""
    flat = picture.cells.ravel()
    height, width = canvas.shape
    result = np.zeros(height * width, np.int8)
    n = min(len(flat), len(result))
    result[:n] = flat[:n]
    return Image(result.reshape(height, width))


def wrap_colored(picture: Image, canvas: Image) -> Image:
    """Writes the image's colored cells row by row into the canvas."""
    flat = picture.cells[picture.cells != 0]
    return wrap(Image(flat[None, :]), canvas)


def rescale(picture: Image, canvas: Image) -> Image:
    """Stretches or samples the image evenly to the canvas's size."""
    height, width = canvas.shape
    rows = np.arange(height) * picture.shape[0] // height
    columns = np.arange(width) * picture.shape[1] // width
    return Image(picture.cells[rows][:, columns])


def tile_to(picture: Image, canvas: Image) -> Image:
    """Repeats the image over the canvas from the upper left corner."""
    height, width = canvas.shape
    rows = np.arange(height) % picture.shape[0]
    columns = np.arange(width) % picture.shape[1]
    return Image(picture.cells[rows][:, columns])


def tile_from_place(picture: Image, canvas: Image) -> Image:
    """Repeats the image over the canvas in both directions from its own place."""
    height, width = canvas.shape
    rows = (np.arange(height) + canvas.row - picture.row) % picture.shape[0]
    columns = (np.arange(width) + canvas.column - picture.column) % picture.shape[1]
    return Image(picture.cells[rows][:, columns])


def tile_with_gap(picture: Image, canvas: Image) -> Image:
    """Repeats the image over the canvas with a blank line between copies."""
    height, width = picture.shape
    padded = np.zeros((height + 1, width + 1), np.int8)
    padded[:height, :width] = picture.cells
    return tile_to(Image(padded), canvas)


def mirror_tile_to(picture: Image, canvas: Image) -> Image:
    """Repeats the image over the canvas, every other copy mirrored."""
    height, width = canvas.shape
    rows = _mirrored(np.arange(height), picture.shape[0])
    columns = _mirrored(np.arange(width), picture.shape[1])
    return Image(picture.cells[rows][:, columns])


def reflect_tile_to(picture: Image, canvas: Image) -> Image:
    """Repeats the image over the canvas mirrored in its last line, which is not doubled."""
    height, width = canvas.shape
    rows = _reflected(np.arange(height), picture.shape[0])
    columns = _reflected(np.arange(width), picture.shape[1])
    return Image(picture.cells[rows][:, columns])


def _mirrored(
    index: np.ndarray[tuple[int, ...], np.dtype[np.int64]], length: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    phase = index % (2 * length)
    return np.where(phase < length, phase, 2 * length - 1 - phase)


def _reflected(
    index: np.ndarray[tuple[int, ...], np.dtype[np.int64]], length: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    if length == 1:
        return np.zeros_like(index)
    phase = index % (2 * length - 2)
    return np.where(phase < length, phase, 2 * length - 2 - phase)


def blank_like(picture: Image) -> Image:
    """Returns a blank image of the same size at the origin."""
    return blank(*picture.shape)


def blank_scaled(picture: Image, rows: int, columns: int, more_rows: int, more_cols: int) -> Image:
    """Returns a blank image, its sides multiples of the image's plus a constant."""
    height, width = picture.shape
    return blank(height * rows + more_rows, width * columns + more_cols)


def full_canvas(canvas: Image, color: int) -> Image:
    """Returns the canvas in one color."""
    return Image(np.full(canvas.shape, color, np.int8))
