"""Finding objects in grids, and what can be said of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

import numpy as np
from numpy import ndarray
from scipy import ndimage

from induction.library.common.color import Color
from induction.library.common.drawing import neighborhood

Predicate = Callable[[ndarray], object]


def bounding_box(grid: ndarray, background: int = Color.BLACK) -> tuple[int, int, int, int]:
    """Returns (x, y, width, height) of the cells that are not background.

    Where there are none, (n, m, -n, -m) for a grid of shape (n, m).
    """
    n, m = grid.shape
    xs, ys = np.nonzero(grid != background)
    x, y = int(xs.min(initial=n)), int(ys.min(initial=m))
    return x, y, int(xs.max(initial=-1)) + 1 - x, int(ys.max(initial=-1)) + 1 - y


def bounding_box_mask(grid: ndarray, background: int = Color.BLACK) -> ndarray:
    """Returns an array of booleans, true inside the bounding box."""
    mask = np.zeros(grid.shape, bool)
    x, y, width, height = bounding_box(grid, background)
    mask[x : x + width, y : y + height] = True
    return mask


def crop(grid: ndarray, background: int = Color.BLACK) -> ndarray:
    """Returns the part inside the bounding box, as a view; (0, 0) cells if there is none."""
    x, y, width, height = bounding_box(grid, background)
    return grid[x : x + width, y : y + height]


def object_colors(obj: ndarray, background: int = Color.BLACK) -> list[int]:
    """Returns the colors but the background, in the order in which Python keeps small sets."""
    return list(set(obj.flatten()) - {background})


def object_position(
    obj: ndarray, background: int = Color.BLACK, anchor: str = "upper left"
) -> tuple[float, float]:
    """Returns (x, y) of a point of the bounding box.

    Left and right are along axis 0, upper and lower along axis 1; a center may end in .5.
    """
    x, y, width, height = bounding_box(obj, background)
    name = anchor.lower().replace(" ", "").replace("top", "upper").replace("bottom", "lower")
    assert name in _ANCHORS, f"no anchor {anchor!r}"
    part_x, part_y = _ANCHORS[name]
    return _part(x, width, part_x), _part(y, height, part_y)


_ANCHORS = {
    "upperleft": (0, 0),
    "uppercenter": (1, 0),
    "upperright": (2, 0),
    "leftcenter": (0, 1),
    "center": (1, 1),
    "rightcenter": (2, 1),
    "lowerleft": (0, 2),
    "lowercenter": (1, 2),
    "lowerright": (2, 2),
}
"""By name, how many halves of the box lie before the point, along each axis."""


def _part(start: int, size: int, halves: int) -> float:
    if halves == 0:
        return start
    doubled = 2 * start + halves * (size - 1)
    return doubled // 2 if doubled % 2 == 0 else doubled / 2


def find_connected_components(
    grid: ndarray,
    background: int = Color.BLACK,
    connectivity: int = 4,
    monochromatic: bool = True,
) -> list[ndarray]:
    """Returns the connected objects, each in a frame of the grid's shape.

    By their first cells, rows first; those of one color together, if `monochromatic`, and colors
    in the order of `object_colors`.
    """
    structure = neighborhood(connectivity)
    if background is None:
        raise TypeError("a background color is needed")
    if not monochromatic:
        return list(_components(grid, grid != background, background, structure))
    return [
        component
        for color in set(grid.flatten()) - {background}
        for component in _components(grid, grid == color, background, structure)
    ]


def _components(
    grid: ndarray, mask: ndarray, background: int, structure: ndarray
) -> Iterator[ndarray]:
    labels, _ = ndimage.label(mask, structure)
    dtype = np.result_type(grid.dtype, np.int64)
    names, firsts = np.unique(labels, return_index=True)
    for name in names[np.argsort(firsts)]:
        if name:
            component = np.full(grid.shape, background, dtype)
            np.copyto(component, grid, where=labels == name)
            yield component


def is_contiguous(bitmask: ndarray, background: int = Color.BLACK, connectivity: int = 4) -> bool:
    """Whether the cells that are not background are one connected mass."""
    _, count = ndimage.label(bitmask != background, neighborhood(connectivity))
    return bool(count == 1)


def object_interior(grid: ndarray, background: int = Color.BLACK) -> ndarray:
    """Returns booleans: the cells that are not background, and all that they enclose.

    Enclosed is what cannot be left towards the grid's edge by steps along the axes.
    """
    labels, _ = ndimage.label(grid == background)
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    outside = np.setdiff1d(np.concatenate(edges), [0])
    return ~np.isin(labels, outside)


def object_boundary(grid: ndarray, background: int = Color.BLACK) -> ndarray:
    """Returns booleans: the cells not background that touch the outside, or lie at the edge."""
    interior = object_interior(grid, background)
    inner = ndimage.binary_erosion(interior, border_value=0)
    return np.asarray((grid != background) & ~inner)


def object_neighbors(
    grid: ndarray, background: int = Color.BLACK, connectivity: int = 4
) -> ndarray:
    """Returns booleans: the background cells next to the boundary."""
    boundary = object_boundary(grid, background)
    widened = ndimage.binary_dilation(boundary, neighborhood(connectivity))
    return np.asarray(widened & (grid == background))


def detect_objects(
    grid: ndarray,
    _: object = None,
    predicate: Predicate | None = None,
    background: int = Color.BLACK,
    monochromatic: bool = False,
    connectivity: int | None = None,
    allowed_dimensions: Sequence[tuple[int, int]] | None = None,
    colors: Collection[int] | None = None,
    can_overlap: bool = False,
) -> list[ndarray]:
    """Returns objects, each in a frame of the grid's shape.

    They are connected components, if a connectivity is given, and windows of the allowed
    dimensions, if there are any. Of objects that overlap, those are chosen that together cover
    the most cells, unless `can_overlap`.

    Args:
        grid: The grid.
        _: Not used.
        predicate: Called with each object, cropped if it is a component; false leaves it out.
        background: Its color.
        monochromatic: Whether a component has one color.
        connectivity: 4 or 8.
        allowed_dimensions: Sizes of windows; of components, the size of the whole frame.
        colors: The colors an object may have.
        can_overlap: Whether to return all objects, in the order in which they were found.
    """
    found: list[ndarray] = []
    if connectivity:
        components = find_connected_components(grid, background, connectivity, monochromatic)
        found = [
            component
            for component in components
            if (not allowed_dimensions or component.shape in map(tuple, allowed_dimensions))
            and _is_colored(component, colors, background)
            and (predicate is None or predicate(crop(component, background)))
        ]
    n_components = len(found)
    for size in allowed_dimensions or ():
        for window, framed in _windows(grid, size, background):
            if (
                _is_colored(window, colors, background)
                and (predicate is None or predicate(window))
                and not any(np.array_equal(framed, one) for one in found[:n_components])
            ):
                found.append(framed)
    return found if can_overlap else _without_overlaps(found, background)


def _windows(
    grid: ndarray, size: tuple[int, int], background: int
) -> Iterator[tuple[ndarray, ndarray]]:
    """Yields each window with content, as it is and in a frame of the grid's shape."""
    n, m = size
    for x in range(grid.shape[0] - n + 1):
        for y in range(grid.shape[1] - m + 1):
            window = grid[x : x + n, y : y + m]
            if np.any(window != background):
                framed = np.full_like(grid, background)
                framed[x : x + n, y : y + m] = window
                yield window, framed


def _is_colored(cells: ndarray, colors: Collection[int] | None, background: int) -> bool:
    return not colors or all(color in colors for color in cells[cells != background])


def _without_overlaps(found: Sequence[ndarray], background: int) -> list[ndarray]:
    """Returns those that overlap no other, the largest first, then a choice of the others."""

    def size(obj: ndarray) -> tuple[int, int]:
        _, _, width, height = bounding_box(obj, background)
        return -width * height, -int(np.count_nonzero(obj != background))

    ordered = sorted(found, key=size)
    masks = [_bits(obj != background) for obj in ordered]
    free: list[int] = []
    crossing: list[int] = []
    for i, mask in enumerate(masks):
        overlaps = any(mask & other for j, other in enumerate(masks) if j != i)
        (crossing if overlaps else free).append(i)
    return [ordered[i] for i in (*free, *_most_covering(crossing, masks))]


def _bits(mask: ndarray) -> int:
    """Returns the cells as the bits of a number, which are soon compared."""
    return int.from_bytes(np.packbits(mask).tobytes(), "big")


def _most_covering(indices: Sequence[int], masks: Sequence[int]) -> list[int]:
    """Returns those that cover the most cells without overlapping, tried in their order.

    Taking one is tried before leaving it out. What covers all that can be covered is taken at
    once; otherwise, where both cover as much, the one that leaves it out wins.
    """
    if not indices:
        return []
    first, rest = indices[0], indices[1:]
    everything = _union(indices, masks)
    others = [i for i in rest if not masks[i] & masks[first]]
    taken = [first, *_most_covering(others, masks)]
    covered = _union(taken, masks)
    if covered == everything or covered.bit_count() > _union(rest, masks).bit_count():
        return taken
    left = _most_covering(rest, masks)
    return taken if covered.bit_count() > _union(left, masks).bit_count() else left


def _union(indices: Sequence[int], masks: Sequence[int]) -> int:
    union = 0
    for i in indices:
        union |= masks[i]
    return union
