"""Symmetries: flips, turns, mirrored copies, and completion by symmetry or period."""

from __future__ import annotations

import numpy as np

from induction.library import kernels
from induction.library.image import Cells, Image, NoResultError, checked

__all__ = [
    "anti_transpose", "complete_mirror", "complete_period", "complete_period_each_row",
    "complete_translation", "flip_columns", "flip_rows", "identity", "mirror_down", "mirror_left",
    "mirror_right", "mirror_tile", "mirror_tile_inward", "mirror_up", "rotate_90", "rotate_180",
    "rotate_270", "rotation_tile", "smallest_tile", "transpose", "unite_mirror_columns",
    "unite_mirror_rows", "unite_mirrors", "unite_rotations", "unite_transpose",
]  # fmt: skip

LONGEST_STEP = 10
"""The rows and columns of a translation by which images are completed, together."""


def identity(picture: Image) -> Image:
    """Returns the image itself."""
    return picture


def flip_rows(picture: Image) -> Image:
    """Mirrors top and bottom."""
    return Image(picture.cells[::-1], picture.row, picture.column)


def flip_columns(picture: Image) -> Image:
    """Mirrors left and right."""
    return Image(picture.cells[:, ::-1], picture.row, picture.column)


def transpose(picture: Image) -> Image:
    """Mirrors in the main diagonal."""
    return Image(picture.cells.T, picture.column, picture.row)


def anti_transpose(picture: Image) -> Image:
    """Mirrors in the other diagonal."""
    return Image(picture.cells[::-1, ::-1].T, picture.row, picture.column)


def rotate_90(picture: Image) -> Image:
    """Turns counter-clockwise by a quarter."""
    return Image(np.rot90(picture.cells), picture.row, picture.column)


def rotate_180(picture: Image) -> Image:
    """Turns by half."""
    return Image(picture.cells[::-1, ::-1], picture.row, picture.column)


def rotate_270(picture: Image) -> Image:
    """Turns clockwise by a quarter."""
    return Image(np.rot90(picture.cells, 3), picture.row, picture.column)


def mirror_right(picture: Image) -> Image:
    """Puts a mirror image to the right."""
    return checked(np.hstack([picture.cells, picture.cells[:, ::-1]]))


def mirror_left(picture: Image) -> Image:
    """Puts a mirror image to the left."""
    return checked(np.hstack([picture.cells[:, ::-1], picture.cells]))


def mirror_down(picture: Image) -> Image:
    """Puts a mirror image below."""
    return checked(np.vstack([picture.cells, picture.cells[::-1]]))


def mirror_up(picture: Image) -> Image:
    """Puts a mirror image above."""
    return checked(np.vstack([picture.cells[::-1], picture.cells]))


def mirror_tile(picture: Image) -> Image:
    """Makes two by two copies, the others mirrored in the upper left one."""
    return mirror_down(mirror_right(picture))


def mirror_tile_inward(picture: Image) -> Image:
    """Makes two by two copies, the others mirrored in the lower right one."""
    return mirror_up(mirror_left(picture))


def rotation_tile(picture: Image) -> Image:
    """Makes two by two copies, turned by a quarter from one to the next."""
    cells = picture.cells
    if cells.shape[0] != cells.shape[1]:
        raise NoResultError("a square expected")
    upper = np.hstack([cells, np.rot90(cells, 3)])
    lower = np.hstack([np.rot90(cells), np.rot90(cells, 2)])
    return checked(np.vstack([upper, lower]))


def _unite(picture: Image, others: list[Cells]) -> Image:
    cells = picture.cells
    for other in others:
        if other.shape != cells.shape:
            raise NoResultError("shapes differ")
        cells = np.where(cells != 0, cells, other)
    return picture.with_cells(cells)


def unite_mirror_columns(picture: Image) -> Image:
    """Fills blank cells from the mirror image, left and right swapped."""
    return _unite(picture, [picture.cells[:, ::-1]])


def unite_mirror_rows(picture: Image) -> Image:
    """Fills blank cells from the mirror image, top and bottom swapped."""
    return _unite(picture, [picture.cells[::-1]])


def unite_mirrors(picture: Image) -> Image:
    """Fills blank cells from both mirror images and the half turn."""
    cells = picture.cells
    return _unite(picture, [cells[:, ::-1], cells[::-1], cells[::-1, ::-1]])


def unite_transpose(picture: Image) -> Image:
    """Fills blank cells from the mirror image in the main diagonal."""
    return _unite(picture, [picture.cells.T])


def unite_rotations(picture: Image) -> Image:
    """Fills blank cells from the three turns."""
    cells = picture.cells
    return _unite(picture, [np.rot90(cells), np.rot90(cells, 2), np.rot90(cells, 3)])


def _best_axis(cells: Cells) -> tuple[Cells, int]:
    """Returns the mirror image about the row axis that agrees best, and how many cells do."""
    axis, agreed = kernels.best_axis(cells)
    if agreed < 0:
        return cells, agreed
    height = cells.shape[0]
    source = axis - np.arange(height)
    inside = (source >= 0) & (source < height)
    mirrored: Cells = np.where(inside[:, None], cells[source.clip(0, height - 1)], np.int8(0))
    return mirrored, agreed


def complete_mirror(picture: Image) -> Image:
    """Fills blank cells by the mirror axes, parallel to the sides, that the colored ones allow."""
    cells = picture.cells
    rows, agreed_rows = _best_axis(cells)
    columns, agreed_columns = _best_axis(cells.T)
    enough = int((cells != 0).sum()) // 4
    if agreed_rows <= enough and agreed_columns <= enough:
        raise NoResultError("no mirror axis")
    if agreed_rows > enough:
        cells = np.where(cells != 0, cells, rows)
        columns, agreed_columns = _best_axis(cells.T)
    if agreed_columns > enough:
        cells = np.where(cells != 0, cells, columns.T)
    if agreed_rows > enough:
        cells = np.where(cells != 0, cells, _best_axis(cells)[0])
    if cells.shape[0] == cells.shape[1]:
        both = (cells != 0) & (cells.T != 0)
        if not (both & (cells != cells.T)).any():
            cells = np.where(cells != 0, cells, cells.T)
    return picture.with_cells(cells)


def complete_period(picture: Image) -> Image:
    """Fills blank cells by the smallest period in both directions that the colored ones allow."""
    cells = picture.cells
    height, width = cells.shape
    p, q = kernels.best_period(cells)
    if not p:
        raise NoResultError("no period")
    rows, columns = np.nonzero(cells)
    tile = np.zeros((p, q), np.int8)
    tile[rows % p, columns % q] = cells[rows, columns]
    return picture.with_cells(tile[np.arange(height)[:, None] % p, np.arange(width) % q])


def complete_translation(picture: Image) -> Image:
    """Fills blank cells by the shortest translation under which the colored ones agree."""
    cells = picture.cells
    dr, dc = kernels.best_translation(cells, LONGEST_STEP)
    if not (dr or dc):
        raise NoResultError("no translation")
    for _ in range(max(cells.shape)):
        ahead, back = _translated(cells, dr, dc), _translated(cells, -dr, -dc)
        filled = np.where(cells != 0, cells, np.where(ahead != 0, ahead, back))
        if np.array_equal(filled, cells):
            break
        cells = filled
    return picture.with_cells(cells)


def _translated(cells: Cells, dr: int, dc: int) -> Cells:
    """Returns the cells moved down and right, blank where nothing came from."""
    height, width = cells.shape
    result = np.zeros_like(cells)
    rows = slice(max(dr, 0), height + min(dr, 0))
    columns = slice(max(dc, 0), width + min(dc, 0))
    source_rows = slice(max(-dr, 0), height + min(-dr, 0))
    source_columns = slice(max(-dc, 0), width + min(-dc, 0))
    result[rows, columns] = cells[source_rows, source_columns]
    return result


def complete_period_each_row(picture: Image) -> Image:
    """Fills blank cells of each row by the row's own smallest period."""
    width = picture.cells.shape[1]
    result = picture.cells.copy()
    columns = np.arange(width)
    for row in result:
        known = row.nonzero()[0]
        if not known.size:
            continue
        for p in range(1, width):
            tile = np.zeros(p, np.int8)
            tile[known % p] = row[known]
            if tile.all() and (tile[known % p] == row[known]).all():
                row[:] = tile[columns % p]
                break
    return picture.with_cells(result)


def smallest_tile(picture: Image) -> Image:
    """Returns the smallest tile of which the whole image consists, whole copies or not."""
    cells = picture.cells
    height, width = cells.shape
    p = next((p for p in range(1, height) if (cells[p:] == cells[:-p]).all()), height)
    q = next((q for q in range(1, width) if (cells[:, q:] == cells[:, :-q]).all()), width)
    return Image(cells[:p, :q])
