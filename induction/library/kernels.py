"""Kernels: the loops over cells that the search spends its time in, compiled.

Each is compiled for one signature (`arc/compiled.py`). Arrays may have any memory layout.
`diagonal` says whether cells that touch at a corner are neighbors.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arc.compiled import compiled
from induction.library.image import Cells, Mask

Labels = NDArray[np.int32]
Numbers = NDArray[np.int64]


@compiled("Tuple((int32[:, ::1], int64[:, ::1]))(int8[:, :], boolean, boolean)")
def connected_parts(cells: Cells, diagonal: bool, by_color: bool) -> tuple[Labels, Numbers]:
    """Labels the connected parts of the cells that are not 0, in reading order of their first cell.

    Returns the labels, from 1 and 0 for none, and for each part its first row, end row, first
    column, end column and color. With `by_color` a part has a single color.
    """
    height, width = cells.shape
    labels = np.zeros((height, width), np.int32)
    boxes = np.empty((height * width, 5), np.int64)
    stack = np.empty(height * width, np.int64)
    count = 0
    for r0 in range(height):
        for c0 in range(width):
            if cells[r0, c0] == 0 or labels[r0, c0]:
                continue
            color = cells[r0, c0]
            count += 1
            top, bottom, left, right = r0, r0, c0, c0
            labels[r0, c0] = count
            stack[0] = r0 * width + c0
            size = 1
            while size:
                size -= 1
                r, c = divmod(stack[size], width)
                top, bottom = min(top, r), max(bottom, r)
                left, right = min(left, c), max(right, c)
                for dr in range(-1, 2):
                    for dc in range(-1, 2):
                        if (dr == 0 and dc == 0) or (dr != 0 and dc != 0 and not diagonal):
                            continue
                        y, x = r + dr, c + dc
                        if y < 0 or x < 0 or y >= height or x >= width or labels[y, x]:
                            continue
                        other = cells[y, x]
                        if other == 0 or (by_color and other != color):
                            continue
                        labels[y, x] = count
                        stack[size] = y * width + x
                        size += 1
            boxes[count - 1, 0] = top
            boxes[count - 1, 1] = bottom + 1
            boxes[count - 1, 2] = left
            boxes[count - 1, 3] = right + 1
            boxes[count - 1, 4] = color
    return labels, boxes[:count].copy()


@compiled("int8[::1](int8[:, :], int32[:, ::1], int64[:, ::1])")
def cut_out(cells: Cells, labels: Labels, boxes: Numbers) -> Cells:
    """Returns the cells of every part's bounding box one after the other, others' cells blank."""
    total = 0
    for i in range(len(boxes)):
        total += (boxes[i, 1] - boxes[i, 0]) * (boxes[i, 3] - boxes[i, 2])
    result = np.zeros(total, np.int8)
    at = 0
    for i in range(len(boxes)):
        for r in range(boxes[i, 0], boxes[i, 1]):
            for c in range(boxes[i, 2], boxes[i, 3]):
                if labels[r, c] == i + 1:
                    result[at] = cells[r, c]
                at += 1
    return result


@compiled("boolean[:, ::1](boolean[:, :], boolean)")
def enclosed_cells(mask: Mask, diagonal: bool) -> Mask:
    """Returns the cells outside the mask that no path around it connects to the edge."""
    height, width = mask.shape
    result = np.empty((height, width), np.bool_)
    stack = np.empty(height * width, np.int64)
    size = 0
    for r in range(height):
        for c in range(width):
            at_edge = r == 0 or c == 0 or r == height - 1 or c == width - 1
            result[r, c] = not mask[r, c] and not at_edge
            if at_edge and not mask[r, c]:
                stack[size] = r * width + c
                size += 1
    while size:
        size -= 1
        r, c = divmod(stack[size], width)
        for dr in range(-1, 2):
            for dc in range(-1, 2):
                if dr != 0 and dc != 0 and not diagonal:
                    continue
                y, x = r + dr, c + dc
                if 0 <= y < height and 0 <= x < width and result[y, x]:
                    result[y, x] = False
                    stack[size] = y * width + x
                    size += 1
    return result


@compiled("int8[:, ::1](int8[:, :], int64, int64)")
def swept(cells: Cells, rows: int, columns: int) -> Cells:
    """Returns what the colored cells cover when they run in a direction until they hit another.

    `rows` and `columns`, each -1, 0 or 1, are the direction.
    """
    height, width = cells.shape
    result = np.empty((height, width), np.int8)
    for i in range(height):
        r = i if rows >= 0 else height - 1 - i
        for j in range(width):
            c = j if columns >= 0 else width - 1 - j
            color = cells[r, c]
            y, x = r - rows, c - columns
            if color == 0 and 0 <= y < height and 0 <= x < width:
                color = result[y, x]
            result[r, c] = color
    return result


@compiled("int8[:, ::1](int8[:, :], int64, int64)")
def lines_between(cells: Cells, rows: int, columns: int) -> Cells:
    """Returns the blank cells between two cells of one color, in it, and nothing else.

    `rows` and `columns` are the direction of the lines.
    """
    ahead, back = swept(cells, rows, columns), swept(cells, -rows, -columns)
    height, width = cells.shape
    result = np.zeros((height, width), np.int8)
    for r in range(height):
        for c in range(width):
            if cells[r, c] == 0 and ahead[r, c] == back[r, c]:
                result[r, c] = ahead[r, c]
    return result


@compiled("int8[:, ::1](int8[:, :], boolean)")
def grown(cells: Cells, diagonal: bool) -> Cells:
    """Lets colored cells grow into blank neighbors.

    Of several colors, the one below goes first, then above, right, left, and the corners below
    right, below left, above right, above left.
    """
    height, width = cells.shape
    result = cells.copy()
    for r in range(height):
        for c in range(width):
            if cells[r, c] != 0:
                continue
            for k in range(8 if diagonal else 4):
                dr = (1, -1, 0, 0, 1, 1, -1, -1)[k]
                dc = (0, 0, 1, -1, 1, -1, 1, -1)[k]
                y, x = r + dr, c + dc
                if 0 <= y < height and 0 <= x < width and cells[y, x] != 0:
                    result[r, c] = cells[y, x]
                    break
    return result


@compiled("int8[:, ::1](int8[:, :])")
def smoothed(cells: Cells) -> Cells:
    """Gives each cell the most common color of its three by three cells.

    A tie goes to the cell's own color if it takes part, otherwise to the lowest.
    """
    height, width = cells.shape
    result = np.empty((height, width), np.int8)
    counts = np.empty(10, np.int64)
    for r in range(height):
        for c in range(width):
            counts[:] = 0
            for y in range(max(r - 1, 0), min(r + 2, height)):
                for x in range(max(c - 1, 0), min(c + 2, width)):
                    counts[cells[y, x]] += 2
            counts[cells[r, c]] += 1
            result[r, c] = counts.argmax()
    return result


@compiled("int64[:, ::1](int8[:, :], boolean)")
def alike_neighbors(cells: Cells, diagonal: bool) -> Numbers:
    """Returns how many neighbors have the cell's own color."""
    height, width = cells.shape
    result = np.zeros((height, width), np.int64)
    for r in range(height):
        for c in range(width):
            for dr in range(-1, 2):
                for dc in range(-1, 2):
                    if (dr == 0 and dc == 0) or (dr != 0 and dc != 0 and not diagonal):
                        continue
                    y, x = r + dr, c + dc
                    if 0 <= y < height and 0 <= x < width and cells[y, x] == cells[r, c]:
                        result[r, c] += 1
    return result


@compiled("int64[:, ::1](boolean[:, :], boolean)")
def neighbors(mask: Mask, diagonal: bool) -> Numbers:
    """Returns how many neighbors are in the mask."""
    height, width = mask.shape
    result = np.zeros((height, width), np.int64)
    for r in range(height):
        for c in range(width):
            if not mask[r, c]:
                continue
            for dr in range(-1, 2):
                for dc in range(-1, 2):
                    if (dr == 0 and dc == 0) or (dr != 0 and dc != 0 and not diagonal):
                        continue
                    y, x = r + dr, c + dc
                    if 0 <= y < height and 0 <= x < width:
                        result[y, x] += 1
    return result


@compiled("boolean[:, ::1](boolean[:, :], boolean)")
def dilated(mask: Mask, diagonal: bool) -> Mask:
    """Returns the mask grown by one cell."""
    return mask | (neighbors(mask, diagonal) > 0)


@compiled("Tuple((int64, int64))(int8[:, :])")
def best_axis(cells: Cells) -> tuple[int, int]:
    """Returns the mirror axis across the rows that agrees with most pairs of colored cells.

    A row `r` lies opposite the row `axis - r`. Axes on which a pair of colored cells differs do
    not count. The second number is how many cells have an equal counterpart, -1 without an axis.
    """
    height, width = cells.shape
    best, best_agreed = 0, -1
    for axis in range(height // 2, height + height // 2):
        agreed = 0
        for r in range(max(axis - height + 1, 0), min(axis + 1, height)):
            for c in range(width):
                one, other = cells[r, c], cells[axis - r, c]
                if one != 0 and other != 0:
                    if one != other:
                        agreed = -1
                        break
                    agreed += 1
            if agreed < 0:
                break
        if agreed > best_agreed:
            best, best_agreed = axis, agreed
    return best, best_agreed


@compiled("Tuple((int64, int64))(int8[:, :], int64)")
def best_translation(cells: Cells, longest: int) -> tuple[int, int]:
    """Returns the shortest translation, down and right, under which colored cells agree.

    It must bring at least a third of the colored cells upon others. (0, 0) if there is none.
    """
    height, width = cells.shape
    colored = 0
    for r in range(height):
        for c in range(width):
            if cells[r, c] != 0:
                colored += 1
    for length in range(1, longest + 1):
        for dr in range(min(length, height - 1, longest - 1) + 1):
            aside = length - dr
            if aside >= min(width, longest):
                continue
            for sign in range(-1, 2, 2):
                dc = sign * aside
                if (dr == 0 and dc < 0) or (dc == 0 and sign > 0):
                    continue
                both = 0
                for r in range(dr, height):
                    for c in range(max(dc, 0), width + min(dc, 0)):
                        one, other = cells[r, c], cells[r - dr, c - dc]
                        if one != 0 and other != 0:
                            if one != other:
                                both = -1
                                break
                            both += 1
                    if both < 0:
                        break
                if both >= 0 and 3 * both >= colored:
                    return dr, dc
    return 0, 0


@compiled("Tuple((int64, int64))(int8[:, :])")
def best_period(cells: Cells) -> tuple[int, int]:
    """Returns the smallest period, rows and columns, that the colored cells allow.

    The tile must have fewer cells than there are colored ones. (0, 0) if there is none.
    """
    height, width = cells.shape
    rows, columns = np.nonzero(cells)
    n = len(rows)
    tile = np.empty((height, width), np.int8)
    for total in range(2, height + width):
        for p in range(max(1, total - width), min(height, total - 1) + 1):
            q = total - p
            if p * q > n or (p == height and q == width):
                continue
            tile[:p, :q] = 0
            fits = True
            for i in range(n):
                r, c = rows[i] % p, columns[i] % q
                color = cells[rows[i], columns[i]]
                if tile[r, c] == 0:
                    tile[r, c] = color
                elif tile[r, c] != color:
                    fits = False
                    break
            if fits:
                return p, q
    return 0, 0


@compiled("int64(int8[::1], int8[::1], int8[::1], int8[::1])")
def table_size(one: Cells, other: Cells, target: Cells, table: Cells) -> int:
    """Fills a table of 100 so that the pair of colors in two rows determines the target.

    `target` may be shorter than the rows: pairs beyond its end must have occurred before. Returns
    how many pairs occur, or 0 if they don't determine it.
    """
    table[:] = -1
    size = 0
    for i in range(len(target)):
        pair = one[i] * 10 + other[i]
        if table[pair] < 0:
            table[pair] = target[i]
            size += 1
        elif table[pair] != target[i]:
            return 0
    for i in range(len(target), len(one)):
        if table[one[i] * 10 + other[i]] < 0:
            return 0
    return size
