"""Object properties: for every cell, a number that describes the connected part it belongs to.

Parts are of one color (`"four"`, `"eight"` neighbors), or of any colors but 0 (`"mixed"`, eight
neighbors). In the first two kinds blank cells form parts too; in the last they have `NO_OBJECT`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from induction.library import kernels
from induction.library.cellwise import Property, ray
from induction.library.image import Image
from induction.library.shape import enclosed, part_count

__all__ = [
    "column_in_object", "depth_in_object", "object_color_twins", "object_colors",
    "object_elongation", "object_height", "object_holes", "object_is_rectangle",
    "object_is_symmetric", "object_major_color", "object_minor_color", "object_order",
    "object_rank", "object_rank_ascending", "object_row_in_image", "object_sees", "object_size",
    "object_touches_edge", "object_twins", "object_width", "row_in_object", "touching_color",
]  # fmt: skip

NO_OBJECT = -1

Parts = tuple[NDArray[np.int64], int]
"""Labels from 1, 0 for no part, and the number of parts."""


def object_labels(picture: Image, kind: str) -> Parts:
    """Returns the part of each cell as a number from 1, and how many parts there are."""
    cells = picture.cells
    if kind == "mixed":
        labels, boxes = kernels.connected_parts(cells, True, False)
        return labels.astype(np.int64), len(boxes)
    if kind == "four":
        labels, boxes = kernels.connected_parts(cells + np.int8(1), False, True)
        return labels.astype(np.int64), len(boxes)
    colored, boxes = kernels.connected_parts(cells, True, True)
    blank, blank_boxes = kernels.connected_parts((cells == 0).view(np.int8), False, False)
    labels = np.where(cells == 0, blank + len(boxes), colored)
    return labels.astype(np.int64), len(boxes) + len(blank_boxes)


def _spread(parts: Parts, values: NDArray[np.int64]) -> Property:
    """Returns each part's value at its cells."""
    table = np.concatenate([[NO_OBJECT], values])
    return table[parts[0]]


def _sizes(parts: Parts) -> NDArray[np.int64]:
    return np.bincount(parts[0].ravel(), minlength=parts[1] + 1)[1:].astype(np.int64)


def object_size(picture: Image, kind: str) -> Property:
    """Returns the number of cells."""
    parts = object_labels(picture, kind)
    return _spread(parts, _sizes(parts))


def object_rank(picture: Image, kind: str) -> Property:
    """Returns 0 for the largest colored parts, 1 for the next smaller size, and so on."""
    parts = object_labels(picture, kind)
    sizes = _colored_sizes(picture, parts)
    ranks = {size: i for i, size in enumerate(sorted({int(s) for s in sizes}, reverse=True))}
    return _spread(parts, np.array([ranks[int(s)] for s in sizes], np.int64))


def object_rank_ascending(picture: Image, kind: str) -> Property:
    """Returns 0 for the smallest colored parts, 1 for the next larger size, and so on."""
    parts = object_labels(picture, kind)
    sizes = np.where((s := _colored_sizes(picture, parts)) < 0, 10_000, s)
    ranks = {size: i for i, size in enumerate(sorted({int(s) for s in sizes}))}
    return _spread(parts, np.array([ranks[int(s)] for s in sizes], np.int64))


def _colored_sizes(picture: Image, parts: Parts) -> NDArray[np.int64]:
    """Returns the sizes, -1 for blank parts."""
    sizes = _sizes(parts)
    blank_parts = np.unique(parts[0][(picture.cells == 0) & (parts[0] > 0)])
    sizes[blank_parts - 1] = -1
    return sizes


def _by_box(
    parts: Parts, measure: Callable[[NDArray[np.bool_], tuple[slice, ...]], int]
) -> Property:
    labels = parts[0]
    values = [
        measure(labels[box] == i, box) for i, box in enumerate(ndimage.find_objects(labels), 1)
    ]
    return _spread(parts, np.array(values, np.int64))


def object_height(picture: Image, kind: str) -> Property:
    """Returns the number of rows."""
    return _by_box(object_labels(picture, kind), lambda mask, _: mask.shape[0])


def object_width(picture: Image, kind: str) -> Property:
    """Returns the number of columns."""
    return _by_box(object_labels(picture, kind), lambda mask, _: mask.shape[1])


def object_elongation(picture: Image, kind: str) -> Property:
    """Returns 0 for parts as wide as high, 1 for wider, 2 for higher ones."""
    return _by_box(
        object_labels(picture, kind),
        lambda mask, _: 1 if mask.shape[1] > mask.shape[0] else 2 * (mask.shape[0] > mask.shape[1]),
    )


def object_is_rectangle(picture: Image, kind: str) -> Property:
    """Returns 1 for parts that fill their bounding box."""
    return _by_box(object_labels(picture, kind), lambda mask, _: int(mask.all()))


def object_holes(picture: Image, kind: str) -> Property:
    """Returns the number of parts enclosed."""
    return _by_box(object_labels(picture, kind), lambda mask, _: part_count(enclosed(mask), False))


def object_is_symmetric(picture: Image, kind: str) -> Property:
    """Returns 1 for parts with an upright or level mirror axis."""
    return _by_box(
        object_labels(picture, kind),
        lambda mask, _: int((mask == mask[::-1]).all() or (mask == mask[:, ::-1]).all()),
    )


def object_touches_edge(picture: Image, kind: str) -> Property:
    """Returns 1 for parts that touch the image's edge."""
    height, width = picture.shape
    return _by_box(
        object_labels(picture, kind),
        lambda _, box: int(
            box[0].start == 0 or box[1].start == 0 or box[0].stop == height or box[1].stop == width
        ),
    )


def object_order(picture: Image, kind: str, by_row: bool) -> Property:
    """Returns the order of the part's upper or left edge among the colored ones', from 0."""
    axis = 0 if by_row else 1
    starts = _by_box(object_labels(picture, kind), lambda _, box: int(box[axis].start))
    starts = np.where(picture.cells == 0, NO_OBJECT, starts)
    found = np.unique(starts[starts >= 0])
    return np.where(starts < 0, NO_OBJECT, np.searchsorted(found, starts))


def object_twins(picture: Image, kind: str) -> Property:
    """Returns how many parts have the same shape, colors aside, itself included."""
    parts = object_labels(picture, kind)
    labels = parts[0]
    looks = [
        ((mask := labels[box] == i).shape, mask.tobytes())
        for i, box in enumerate(ndimage.find_objects(labels), 1)
    ]
    return _spread(parts, np.array([looks.count(look) for look in looks], np.int64))


def object_colors(picture: Image, kind: str) -> Property:
    """Returns the number of colors in the part."""
    cells = picture.cells
    parts = object_labels(picture, kind)
    labels = parts[0]
    values = [
        len(np.unique(cells[box][labels[box] == i]))
        for i, box in enumerate(ndimage.find_objects(labels), 1)
    ]
    return _spread(parts, np.array(values, np.int64))


def object_minor_color(picture: Image, kind: str) -> Property:
    """Returns the least common color within the part."""
    cells = picture.cells
    parts = object_labels(picture, kind)
    labels = parts[0]
    values = []
    for i, box in enumerate(ndimage.find_objects(labels), 1):
        counts = np.bincount(cells[box][labels[box] == i], minlength=10)
        present = counts.nonzero()[0]
        values.append(int(present[counts[present].argmin()]))
    return _spread(parts, np.array(values, np.int64))


def row_in_object(picture: Image, kind: str) -> Property:
    """Returns the row within the part's bounding box."""
    starts = _by_box(object_labels(picture, kind), lambda _, box: int(box[0].start))
    return np.where(starts < 0, NO_OBJECT, np.arange(picture.shape[0])[:, None] - starts)


def column_in_object(picture: Image, kind: str) -> Property:
    """Returns the column within the part's bounding box."""
    starts = _by_box(object_labels(picture, kind), lambda _, box: int(box[1].start))
    return np.where(starts < 0, NO_OBJECT, np.arange(picture.shape[1])[None, :] - starts)


def depth_in_object(picture: Image, kind: str) -> Property:
    """Returns the distance of the cell to the nearest side of its part's bounding box."""
    parts = object_labels(picture, kind)
    stops = [_by_box(parts, lambda _, box, a=a: int(box[a].stop)) for a in (0, 1)]  # type: ignore[misc]
    starts = [_by_box(parts, lambda _, box, a=a: int(box[a].start)) for a in (0, 1)]  # type: ignore[misc]
    rows, columns = np.indices(picture.shape)
    depth = np.minimum(
        np.minimum(rows - starts[0], stops[0] - 1 - rows),
        np.minimum(columns - starts[1], stops[1] - 1 - columns),
    )
    return np.where(starts[0] < 0, NO_OBJECT, depth)


def touching_color(picture: Image, kind: str) -> Property:
    """Returns the greatest other color, not 0, that touches the part, or 0."""
    cells = picture.cells
    parts = object_labels(picture, kind)
    labels = parts[0]
    best = np.zeros(parts[1] + 1, np.int64)
    height, width = cells.shape
    for dr in (-1, 0, 1):
        for dc in (-1, 0, 1):
            here = (slice(max(dr, 0), height + min(dr, 0)), slice(max(dc, 0), width + min(dc, 0)))
            there = (
                slice(max(-dr, 0), height - max(dr, 0)),
                slice(max(-dc, 0), width - max(dc, 0)),
            )
            differs = labels[here] != labels[there]
            np.maximum.at(best, labels[here][differs], cells[there][differs])
    best[0] = NO_OBJECT
    return best[labels]


def object_major_color(picture: Image, kind: str) -> Property:
    """Returns the most common color within the part."""
    cells = picture.cells
    parts = object_labels(picture, kind)
    labels = parts[0]
    values = [
        int(np.bincount(cells[box][labels[box] == i], minlength=10).argmax())
        for i, box in enumerate(ndimage.find_objects(labels), 1)
    ]
    return _spread(parts, np.array(values, np.int64))


def object_sees(picture: Image, kind: str, direction: str) -> Property:
    """Returns the greatest color, not 0 and not its own, seen from the part in a direction."""
    cells = picture.cells
    labels, n = object_labels(picture, kind)
    best = np.zeros(n + 1, np.int64)
    for color in np.unique(cells):
        if color:
            own = cells == color
            seen = ray(Image(np.where(own, 0, cells).astype(np.int8)), direction)
            np.maximum.at(best, labels[own], seen[own])
    best[0] = NO_OBJECT
    return best[labels]


def object_color_twins(picture: Image, kind: str) -> Property:
    """Returns how many parts have the same most common color, itself included."""
    labels, n = object_labels(picture, kind)
    major = object_major_color(picture, kind)
    colors = np.zeros(n + 1, np.int64)
    colors[labels] = major
    counts = np.bincount(colors[1:].clip(0), minlength=10)
    return np.where(labels > 0, counts[major.clip(0)], NO_OBJECT)


def object_row_in_image(picture: Image, kind: str) -> Property:
    """Returns 0, 1 or 2: whether the part's middle is above, on or below the image's middle."""
    middles = _by_box(object_labels(picture, kind), lambda _, box: int(box[0].start + box[0].stop))
    height = picture.shape[0]
    return np.where(middles < 0, NO_OBJECT, np.sign(middles - height) + 1)
