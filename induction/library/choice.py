"""Choice: picking, sorting and joining the images of a list."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from induction.library.color import most_common_color
from induction.library.image import Image, Images, NoResultError, checked, listed, pasted
from induction.library.shape import enclosed, part_count

__all__ = [
    "area", "blank_in_all", "bottom_row", "cell_count", "color_count", "color_value",
    "colors_in_line", "common_cells", "component_count", "count_bar", "cut_at", "drop_least",
    "drop_most", "exclusive_cells", "first", "height_of", "hole_count", "interior_count",
    "join_by_place", "join_column", "join_row", "keep_least", "keep_most", "last", "left_column",
    "look_of_cells", "look_of_colors", "look_of_shape", "look_of_size", "look_of_symmetry",
    "lookup", "majority_cells", "masked", "minority_count", "nth", "overlay", "overlay_all",
    "overlay_at_origin", "paint_measure", "paint_ranks", "pick_commonest", "pick_least",
    "pick_most", "pick_unique", "reverse", "right_column", "sort_by", "symmetry_count", "top_row",
    "unmasked", "width_of",
]  # fmt: skip

Measure = Callable[[Image], float]
"""A number by which images are compared."""


def cell_count(picture: Image) -> int:
    """Returns the number of colored cells."""
    return int((picture.cells != 0).sum())


def area(picture: Image) -> int:
    """Returns height times width."""
    return picture.shape[0] * picture.shape[1]


def color_count(picture: Image) -> int:
    """Returns the number of colors, 0 aside."""
    return len(set(picture.cells.ravel().tolist()) - {0})


def component_count(picture: Image) -> int:
    """Returns the number of connected parts."""
    return part_count(picture.cells != 0, True)


def hole_count(picture: Image) -> int:
    """Returns the number of enclosed blank parts."""
    return part_count(enclosed(picture.cells != 0), False)


def interior_count(picture: Image) -> int:
    """Returns the number of blank cells in the rectangle."""
    return area(picture) - cell_count(picture)


def symmetry_count(picture: Image) -> int:
    """Returns how many of the mirrors and turns leave the image as it is."""
    cells = picture.cells
    n = int((cells == cells[::-1]).all()) + int((cells == cells[:, ::-1]).all())
    if cells.shape[0] == cells.shape[1]:
        n += int((cells == cells.T).all()) + int((cells == cells[::-1, ::-1].T).all())
    return n


def minority_count(picture: Image) -> int:
    """Returns the number of colored cells not in the most common color."""
    counts = np.bincount(picture.cells.ravel(), minlength=10)
    counts[0] = 0
    return int(counts.sum() - counts.max())


def top_row(picture: Image) -> int:
    """Returns the row of the upper edge."""
    return picture.row


def bottom_row(picture: Image) -> int:
    """Returns the row below the lower edge."""
    return picture.row + picture.shape[0]


def left_column(picture: Image) -> int:
    """Returns the column of the left edge."""
    return picture.column


def right_column(picture: Image) -> int:
    """Returns the column beyond the right edge."""
    return picture.column + picture.shape[1]


def height_of(picture: Image) -> int:
    """Returns the number of rows."""
    return picture.shape[0]


def width_of(picture: Image) -> int:
    """Returns the number of columns."""
    return picture.shape[1]


def color_value(picture: Image) -> int:
    """Returns the most common color."""
    return most_common_color(picture)


def pick_most(pictures: Images, measure: Measure) -> Image:
    """Returns the image with the greatest measure; raises where two have it and differ."""
    return _single([p for p, m in _measured(pictures, measure, max) if m])


def pick_least(pictures: Images, measure: Measure) -> Image:
    """Returns the image with the least measure; raises where two have it and differ."""
    return _single([p for p, m in _measured(pictures, measure, min) if m])


def _measured(
    pictures: Images, measure: Measure, extreme: Callable[[list[float]], float]
) -> list[tuple[Image, bool]]:
    values = [measure(p) for p in pictures]
    best = extreme(values)
    return [(p, v == best) for p, v in zip(pictures, values, strict=True)]


def _single(pictures: list[Image]) -> Image:
    first = pictures[0]
    for other in pictures[1:]:
        if not np.array_equal(other.cells, first.cells):
            raise NoResultError("not unique")
    return first


def keep_most(pictures: Images, measure: Measure) -> Images:
    """Keeps the images with the greatest measure."""
    return listed(p for p, m in _measured(pictures, measure, max) if m)


def keep_least(pictures: Images, measure: Measure) -> Images:
    """Keeps the images with the least measure."""
    return listed(p for p, m in _measured(pictures, measure, min) if m)


def drop_most(pictures: Images, measure: Measure) -> Images:
    """Leaves out the images with the greatest measure."""
    return listed(p for p, m in _measured(pictures, measure, max) if not m)


def drop_least(pictures: Images, measure: Measure) -> Images:
    """Leaves out the images with the least measure."""
    return listed(p for p, m in _measured(pictures, measure, min) if not m)


def sort_by(pictures: Images, measure: Measure) -> Images:
    """Sorts by a measure, least first; equal ones keep their order."""
    return tuple(sorted(pictures, key=measure))


def reverse(pictures: Images) -> Images:
    """Reverses the order."""
    return pictures[::-1]


def first(pictures: Images) -> Image:
    """Returns the first image."""
    return pictures[0]


def last(pictures: Images) -> Image:
    """Returns the last image."""
    return pictures[-1]


def nth(pictures: Images, index: int) -> Image:
    """Returns the image at an index."""
    if len(pictures) <= index:
        raise NoResultError("list too short")
    return pictures[index]


def pick_unique(pictures: Images, look: Callable[[Image], object]) -> Image:
    """Returns the image whose look no other shares."""
    looks = [look(p) for p in pictures]
    alone = [p for p, seen in zip(pictures, looks, strict=True) if looks.count(seen) == 1]
    if len(pictures) < 3 or len(alone) != 1:
        raise NoResultError("no single odd one")
    return alone[0]


def pick_commonest(pictures: Images, look: Callable[[Image], object]) -> Image:
    """Returns the first image whose look most share; raises where two looks tie."""
    looks = [look(p) for p in pictures]
    counts = [looks.count(seen) for seen in looks]
    best = max(counts)
    chosen = [i for i, n in enumerate(counts) if n == best]
    if best < 2 or any(looks[i] != looks[chosen[0]] for i in chosen):
        raise NoResultError("no single commonest")
    return pictures[chosen[0]]


def look_of_cells(picture: Image) -> object:
    """Returns the colors, the place aside."""
    return picture.cells.shape, picture.cells.tobytes()


def look_of_shape(picture: Image) -> object:
    """Returns which cells are colored, colors and place aside."""
    return picture.cells.shape, (picture.cells != 0).tobytes()


def look_of_size(picture: Image) -> object:
    """Returns the height and width."""
    return picture.cells.shape


def look_of_colors(picture: Image) -> object:
    """Returns the set of colors."""
    return tuple(np.unique(picture.cells).tolist())


def look_of_symmetry(picture: Image) -> object:
    """Returns whether the image has a mirror axis."""
    return symmetry_count(picture) > 0


def overlay_all(pictures: Images) -> Image:
    """Paints all images at their places, the first on top."""
    top, left = min(p.row for p in pictures), min(p.column for p in pictures)
    bottom = max(p.row + p.shape[0] for p in pictures)
    right = max(p.column + p.shape[1] for p in pictures)
    result = checked(np.zeros((bottom - top, right - left), np.int8), top, left).cells
    for p in reversed(pictures):
        height, width = p.shape
        target = result[p.row - top : p.row - top + height, p.column - left :][:, :width]
        np.copyto(target, p.cells, where=p.cells != 0)
    return Image(result, top, left)


def overlay_at_origin(pictures: Images) -> Image:
    """Paints images of one size over each other, the first on top."""
    result = _aligned(pictures)[-1].copy()
    for p in reversed(pictures[:-1]):
        np.copyto(result, p.cells, where=p.cells != 0)
    return Image(result)


def _aligned(pictures: Images) -> list[np.ndarray[tuple[int, ...], np.dtype[np.int8]]]:
    if len(pictures) < 2 or len({p.shape for p in pictures}) > 1:
        raise NoResultError("images of one size expected")
    return [p.cells for p in pictures]


def common_cells(pictures: Images) -> Image:
    """Keeps the colors of the first image where all images of one size are colored."""
    cells = _aligned(pictures)
    return Image(np.where(np.all(cells, axis=0), cells[0], 0).astype(np.int8))


def exclusive_cells(pictures: Images) -> Image:
    """Keeps the colors of cells that exactly one of the images of one size has colored."""
    cells = np.array(_aligned(pictures))
    return Image(np.where((cells != 0).sum(axis=0) == 1, cells.max(axis=0), 0).astype(np.int8))


def blank_in_all(pictures: Images) -> Image:
    """Paints the cells blank in all images of one size, in color 1."""
    return Image((~np.any(_aligned(pictures), axis=0)).astype(np.int8))


def majority_cells(pictures: Images) -> Image:
    """Gives each cell the color that most images of one size have there."""
    cells = np.array(_aligned(pictures))
    return Image(np.argmax([(cells == c).sum(axis=0) for c in range(10)], axis=0).astype(np.int8))


def join_row(pictures: Images) -> Image:
    """Sets images of one height side by side."""
    if len({p.shape[0] for p in pictures}) > 1:
        raise NoResultError("heights differ")
    return checked(np.hstack([p.cells for p in pictures]))


def join_column(pictures: Images) -> Image:
    """Sets images of one width below each other."""
    if len({p.shape[1] for p in pictures}) > 1:
        raise NoResultError("widths differ")
    return checked(np.vstack([p.cells for p in pictures]))


def join_by_place(pictures: Images) -> Image:
    """Sets images of one size into a grid by the order of their rows and columns."""
    _aligned(pictures)
    rows = sorted({p.row for p in pictures})
    columns = sorted({p.column for p in pictures})
    height, width = pictures[0].shape
    if len(rows) * len(columns) > 4 * len(pictures):
        raise NoResultError("too scattered")
    cells = np.zeros((len(rows) * height, len(columns) * width), np.int8)
    for p in pictures:
        r, c = rows.index(p.row) * height, columns.index(p.column) * width
        cells[r : r + height, c : c + width] = p.cells
    return checked(cells)


def colors_in_line(pictures: Images) -> Image:
    """Returns a row with the most common color of each image."""
    return checked(np.array([[most_common_color(p) for p in pictures]], np.int8))


def count_bar(pictures: Images) -> Image:
    """Returns a row of color 1 as long as the list."""
    return checked(np.ones((1, len(pictures)), np.int8))


def paint_ranks(pictures: Images, measure: Measure, descending: bool) -> Images:
    """Paints each image in the rank of its measure among the different ones, from 1."""
    values = [measure(p) for p in pictures]
    ranks = sorted(set(values), reverse=descending)
    if len(ranks) > 9:
        raise NoResultError("more ranks than colors")
    return listed(
        p.with_cells(np.where(p.cells != 0, ranks.index(v) + 1, 0))
        for p, v in zip(pictures, values, strict=True)
    )


def paint_measure(pictures: Images, measure: Measure) -> Images:
    """Paints each image in the color whose number its measure is."""
    values = [int(measure(p)) for p in pictures]
    if min(values) < 1 or max(values) > 9:
        raise NoResultError("not a color")
    return listed(
        p.with_cells(np.where(p.cells != 0, v, 0)) for p, v in zip(pictures, values, strict=True)
    )


def overlay(over: Image, under: Image) -> Image:
    """Paints one image over another, at their places, in the frame of the lower one."""
    cells = pasted(under.cells, over, over.row - under.row, over.column - under.column)
    return Image(cells, under.row, under.column)


def masked(picture: Image, mask: Image) -> Image:
    """Keeps the cells where an image of the same size is colored."""
    if picture.shape != mask.shape:
        raise NoResultError("sizes differ")
    return picture.with_cells(np.where(mask.cells != 0, picture.cells, 0))


def cut_at(place: Image, source: Image) -> Image:
    """Returns what another image shows in the bounding box of the first."""
    row, column = place.row - source.row, place.column - source.column
    if row < 0 or column < 0:
        raise NoResultError("outside")
    cells = source.cells[row : row + place.shape[0], column : column + place.shape[1]]
    if cells.shape != place.cells.shape:
        raise NoResultError("outside")
    return Image(cells, place.row, place.column)


def unmasked(picture: Image, mask: Image) -> Image:
    """Keeps the cells where an image of the same size is blank."""
    if picture.shape != mask.shape:
        raise NoResultError("sizes differ")
    return picture.with_cells(np.where(mask.cells == 0, picture.cells, 0))


def lookup(one: Image, other: Image, table: dict[tuple[int, int], int]) -> Image:
    """Gives each cell the color that a table has for the colors of two images there."""
    if one.shape != other.shape:
        raise NoResultError("sizes differ")
    colors = np.full(100, -1)
    for (a, b), color in table.items():
        colors[a * 10 + b] = color
    cells = colors[one.cells.astype(np.int64) * 10 + other.cells]
    if (cells < 0).any():
        raise NoResultError("colors the table does not have")
    return Image(cells.astype(np.int8))
