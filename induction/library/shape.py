"""Shapes: bounding boxes, interiors, outlines, holes, and counts drawn as bars."""

from __future__ import annotations

import numpy as np

from induction.library import kernels
from induction.library.color import most_common_color
from induction.library.image import Cells, Image, Mask, NoResultError, bounding_box, checked, part

__all__ = [
    "at_origin", "border", "cell_count_bar", "centered", "color_count_square",
    "component_count_bar", "component_count_diagonal", "crop", "crop_background", "crop_inside",
    "erase_isolated", "fill_each_hole", "fill_holes", "fill_holes_with_content", "filled", "frame",
    "grow", "holes", "hull", "hull_complement", "inside", "interior", "keep_isolated",
    "largest_blank_rectangle", "majority", "outline", "shrink", "smoothed", "surrounded",
]  # fmt: skip


def enclosed(mask: Mask, diagonal: bool = False) -> Mask:
    """Returns the cells outside the mask that no path around it connects to the border."""
    result: Mask = kernels.enclosed_cells(mask, diagonal)
    return result


def part_count(mask: Mask, diagonal: bool) -> int:
    """Returns how many connected parts a mask has."""
    return len(kernels.connected_parts(mask.view(np.int8), diagonal, False)[1])


def crop(picture: Image) -> Image:
    """Cuts away blank margins."""
    return part(picture, *bounding_box(picture.cells != 0))


def crop_background(picture: Image) -> Image:
    """Cuts away margins of the color most common among the corners."""
    cells = picture.cells
    corners = np.array([cells[0, 0], cells[0, -1], cells[-1, 0], cells[-1, -1]])
    margin = int(np.bincount(corners).argmax())
    return part(picture, *bounding_box(cells != margin))


def hull(picture: Image) -> Image:
    """Fills the bounding box with the most common color."""
    color = most_common_color(picture)
    inner = crop(picture)
    return inner.with_cells(np.full(inner.shape, color))


def filled(picture: Image) -> Image:
    """Fills the whole rectangle with the most common color."""
    return picture.with_cells(np.full(picture.shape, most_common_color(picture)))


def hull_complement(picture: Image) -> Image:
    """Paints the blank cells in the bounding box in the most common color, erases the others."""
    inner = crop(picture)
    return inner.with_cells(np.where(inner.cells == 0, most_common_color(picture), 0))


def holes(picture: Image) -> Image:
    """Keeps enclosed blank cells alone, in the most common color."""
    mask = enclosed(picture.cells != 0)
    return picture.with_cells(np.where(mask, most_common_color(picture), 0))


def fill_holes(picture: Image) -> Image:
    """Fills enclosed blank cells with the most common color."""
    mask = enclosed(picture.cells != 0)
    return picture.with_cells(np.where(mask, most_common_color(picture), picture.cells))


def fill_each_hole(picture: Image) -> Image:
    """Fills each enclosed blank part with the color that encloses it, where that is one color."""
    cells = picture.cells
    result = cells.copy()
    labels, boxes = kernels.connected_parts(enclosed(cells != 0).view(np.int8), False, False)
    for i in range(1, len(boxes) + 1):
        inside = labels == i
        rim = cells[kernels.dilated(inside, False) & ~inside]
        if rim.size and (rim == rim[0]).all():
            result[inside] = rim[0]
    return picture.with_cells(result)


def fill_holes_with_content(picture: Image) -> Image:
    """Fills what a color encloses with the color of the marks inside it."""
    cells = picture.cells
    result = cells.copy()
    for color in range(1, 10):
        mask = cells == color
        if not mask.any():
            continue
        labels, boxes = kernels.connected_parts(enclosed(mask).view(np.int8), False, False)
        for i in range(1, len(boxes) + 1):
            inside = labels == i
            found = np.unique(cells[inside])
            found = found[found != 0]
            if len(found) == 1:
                result[inside] = found[0]
    return picture.with_cells(result)


def interior(picture: Image) -> Image:
    """Keeps the cells that do not touch a blank one or the edge."""
    near = _near_blank(picture.cells)
    return picture.with_cells(np.where(near, 0, picture.cells))


def border(picture: Image) -> Image:
    """Keeps the cells that touch a blank one or the edge."""
    near = _near_blank(picture.cells)
    return picture.with_cells(np.where(near, picture.cells, 0))


def _near_blank(cells: Cells) -> Mask:
    """Returns where a cell, or one of its eight neighbors, is blank or beyond the edge."""
    padded = np.ones((cells.shape[0] + 2, cells.shape[1] + 2), np.bool_)
    padded[1:-1, 1:-1] = cells == 0
    near: Mask = kernels.dilated(padded, True)[1:-1, 1:-1]
    return near


def frame(picture: Image) -> Image:
    """Keeps the outermost rows and columns."""
    cells = picture.cells.copy()
    cells[1:-1, 1:-1] = 0
    return Image(cells, picture.row, picture.column)


def inside(picture: Image) -> Image:
    """Cuts away the outermost rows and columns."""
    height, width = picture.shape
    return part(picture, 1, height - 1, 1, width - 1)


def crop_inside(picture: Image) -> Image:
    """Returns the bounding box without its outermost rows and columns."""
    return inside(crop(picture))


def surrounded(picture: Image, color: int) -> Image:
    """Puts a border of one cell around the image."""
    cells = np.full((picture.shape[0] + 2, picture.shape[1] + 2), color, np.int8)
    cells[1:-1, 1:-1] = picture.cells
    return checked(cells, picture.row - 1, picture.column - 1)


def outline(picture: Image, diagonal: bool) -> Image:
    """Keeps the blank cells that touch colored ones, in the most common color."""
    mask = picture.cells != 0
    rim = kernels.dilated(mask, diagonal) & ~mask
    return picture.with_cells(np.where(rim, most_common_color(picture), 0))


def grow(picture: Image, diagonal: bool) -> Image:
    """Lets colored cells grow by one cell into blank ones."""
    return Image(kernels.grown(picture.cells, diagonal), picture.row, picture.column)


def shrink(picture: Image, diagonal: bool) -> Image:
    """Erases the cells that touch a blank one; the edge does not count as blank."""
    near = kernels.dilated(picture.cells == 0, diagonal)
    return picture.with_cells(np.where(near, 0, picture.cells))


def erase_isolated(picture: Image) -> Image:
    """Erases colored cells without a neighbor, of the eight, of their color."""
    alone = kernels.alike_neighbors(picture.cells, True) == 0
    return picture.with_cells(np.where(alone, 0, picture.cells))


def keep_isolated(picture: Image) -> Image:
    """Keeps colored cells without a neighbor, of the eight, of their color."""
    kept = erase_isolated(picture)
    return picture.with_cells(np.where(kept.cells != 0, 0, picture.cells))


def smoothed(picture: Image) -> Image:
    """Gives each cell the most common color of its surroundings of three by three."""
    return Image(kernels.smoothed(picture.cells), picture.row, picture.column)


def majority(picture: Image) -> Image:
    """Returns one cell in the most common color."""
    return Image(np.full((1, 1), most_common_color(picture), np.int8), picture.row, picture.column)


def cell_count_bar(picture: Image) -> Image:
    """Returns a row as long as the image has colored cells, in the most common color."""
    n = int((picture.cells != 0).sum())
    return checked(np.full((1, n), most_common_color(picture), np.int8))


def component_count_bar(picture: Image, diagonal: bool) -> Image:
    """Returns a row as long as the image has connected parts, in the most common color."""
    n = part_count(picture.cells != 0, diagonal)
    return checked(np.full((1, n), most_common_color(picture), np.int8))


def color_count_square(picture: Image) -> Image:
    """Returns a square whose side is the number of colors, in the most common one."""
    n = len(np.unique(picture.cells[picture.cells != 0]))
    return checked(np.full((n, n), most_common_color(picture), np.int8))


def component_count_diagonal(picture: Image) -> Image:
    """Returns a square with a diagonal as long as the image has connected parts."""
    n = part_count(picture.cells != 0, True)
    return checked(np.eye(n, dtype=np.int8) * most_common_color(picture))


def centered(picture: Image) -> Image:
    """Returns the middle cell, or the middle two by two, where sides are even."""
    height, width = picture.shape
    top, left = (height - 1) // 2, (width - 1) // 2
    return part(picture, top, height // 2 + 1, left, width // 2 + 1)


def at_origin(picture: Image) -> Image:
    """Moves the image to the origin."""
    return Image(picture.cells)


def largest_blank_rectangle(picture: Image) -> Image:
    """Paints the largest blank rectangle, at least two cells wide and high, in color 1."""
    blank = picture.cells == 0
    height, width = blank.shape
    run = np.zeros(width, np.int64)
    best, box = 3, None
    for r in range(height):
        run = (run + 1) * blank[r]
        for left in range(width):
            tall = int(run[left])
            for right in range(left, width):
                tall = min(tall, int(run[right]))
                if tall < 2:
                    break
                area = tall * (right - left + 1)
                if right > left and area > best:
                    best, box = area, (r - tall + 1, r + 1, left, right + 1)
    if box is None:
        raise NoResultError("no blank rectangle")
    cells = np.zeros_like(picture.cells)
    cells[box[0] : box[1], box[2] : box[3]] = 1
    return picture.with_cells(cells)
