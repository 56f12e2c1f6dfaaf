"""How a pair becomes a sequence of feature tokens, and back.

A sequence is the input's cells, one slot for the output's height, one for its width, then one
slot for each output cell, row by row. A slot carries what is known *before* its own value: the
input around the same place, the output neighbors already written, the sizes. So a decoded
output is a rectangle by construction: first its sides, then exactly as many cells.

Each token is a bag of `N_FEATURES` categorical features; feature values are offset so that one
table of `N_CODES` rows embeds them all. Besides the 3x3 surroundings a slot sees the input cell at
its mirrored, transposed, tiled and rescaled place: relations that rotary positions cannot
express and that small models do not find in the little training we can afford.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from arc.grid import MAX_SIDE, Cells

if TYPE_CHECKING:
    from torch import Tensor

Indices = NDArray[np.int64]
Index = TypeVar("Index", Indices, "Tensor")
"""Rows or columns of slots, in whichever array they are computed with."""

OUTSIDE, ABSENT = 10, 11
_CELL_CODES = 12
_SIDE_CODES = MAX_SIDE + 1
_N_INPUT = 15
_N_OUTPUT = 4
_N_SIDES = 4
_N_KINDS = 4
N_FEATURES = _N_INPUT + _N_OUTPUT + _N_SIDES + 1
OUTPUT_FEATURES = slice(_N_INPUT, _N_INPUT + _N_OUTPUT)

OFFSETS = np.concatenate(
    [
        np.arange(_N_INPUT + _N_OUTPUT) * _CELL_CODES,
        (_N_INPUT + _N_OUTPUT) * _CELL_CODES + np.arange(_N_SIDES + 1) * _SIDE_CODES,
    ]
)
N_CODES = int(OFFSETS[-1]) + _N_KINDS
N_HEADER = 2
"""Slots between input and output cells: the output's height, then its width."""

INPUT_KIND, HEIGHT_KIND, WIDTH_KIND, OUTPUT_KIND = range(_N_KINDS)
N_PLANES = 3
INPUT_PLANE, HEADER_PLANE, OUTPUT_PLANE = range(N_PLANES)


@dataclass(frozen=True, slots=True)
class Tokens:
    """A part of a sequence.

    Attributes:
        features: Codes into the embedding table, shape (length, N_FEATURES).
        positions: Plane, row and column of each token, shape (length, 3).
    """

    features: Indices
    positions: Indices

    def __len__(self) -> int:
        return len(self.features)


def encode_input(cells: Cells) -> Tokens:
    """Returns the tokens of an input grid, one a cell."""
    height, width = cells.shape
    rows, columns = _places(height, width)
    features = np.empty((len(rows), N_FEATURES), dtype=np.int64)
    features[:, :_N_INPUT] = _surroundings(cells, rows, columns, cells.shape)
    features[:, OUTPUT_FEATURES] = ABSENT
    features[:, _N_INPUT + _N_OUTPUT :] = (height, width, 0, 0, INPUT_KIND)
    return Tokens(features + OFFSETS, _positions(INPUT_PLANE, rows, columns))


def encode_header(cells: Cells, output_height: int) -> Tokens:
    """Returns the two slots that ask for the output's sides; the second knows the height."""
    height, width = cells.shape
    features = np.full((N_HEADER, N_FEATURES), ABSENT, dtype=np.int64)
    features[0, _N_INPUT + _N_OUTPUT :] = (height, width, 0, 0, HEIGHT_KIND)
    features[1, _N_INPUT + _N_OUTPUT :] = (height, width, output_height, 0, WIDTH_KIND)
    slots = np.arange(N_HEADER)
    return Tokens(features + OFFSETS, _positions(HEADER_PLANE, slots, slots * 0))


def blank_output(cells: Cells, shape: tuple[int, int]) -> Tokens:
    """Returns the slots of an output of this shape, the neighbors not filled in yet."""
    rows, columns = _places(*shape)
    features = np.empty((len(rows), N_FEATURES), dtype=np.int64)
    features[:, :_N_INPUT] = _surroundings(cells, rows, columns, shape)
    features[:, OUTPUT_FEATURES] = OUTSIDE
    features[:, _N_INPUT + _N_OUTPUT :] = (*cells.shape, *shape, OUTPUT_KIND)
    return Tokens(features + OFFSETS, _positions(OUTPUT_PLANE, rows, columns))


def canvases(batch: int) -> Indices:
    """Returns empty outputs to write into: cell (r, c) of an output stands at (r + 1, c + 1)."""
    return np.full((batch, MAX_SIDE + 1, MAX_SIDE + 2), OUTSIDE, dtype=np.int64)


def neighbor_codes(written: Indices, rows: Indices, columns: Indices) -> Indices:
    """Returns the output features of one slot for each of a batch of half-written outputs.

    `written` comes from `canvases`; `rows` and `columns`, of shape (batch,), say which slot. The
    result has shape (batch, 4).
    """
    each = np.arange(len(written))
    codes = [written[each, r, c] for r, c in written_places(rows, columns)]
    return np.asarray(np.stack(codes, axis=-1) + OFFSETS[OUTPUT_FEATURES])


def written_places(rows: Index, columns: Index) -> list[tuple[Index, Index]]:
    """Returns where slots look in their own grid, which begins at (1, 1) of a canvas."""
    return [
        (rows + 1, columns),
        (rows, columns + 1),
        (rows, columns),
        (rows, columns + 2),
    ]


def _places(height: int, width: int) -> tuple[Indices, Indices]:
    rows, columns = np.divmod(np.arange(height * width), width)
    return rows, columns


def _positions(plane: int, rows: Indices, columns: Indices) -> Indices:
    return np.stack([np.full_like(rows, plane), rows, columns], axis=-1)


def _surroundings(cells: Cells, rows: Indices, columns: Indices, shape: tuple[int, int]) -> Indices:
    """Returns the input features of slots in a grid of `shape`, shape (length, 15)."""
    height, width = cells.shape
    canvas = np.full((MAX_SIDE + 2, MAX_SIDE + 2), OUTSIDE, dtype=np.int64)
    canvas[1 : height + 1, 1 : width + 1] = cells
    places = seen_places(rows, columns, (height, width), shape)
    return np.stack([canvas[r, c] for r, c in places], axis=-1)


def seen_places(
    rows: Index,
    columns: Index,
    sides: tuple[Index | int, Index | int],
    shape: tuple[Index | int, Index | int],
) -> list[tuple[Index, Index]]:
    """Returns where slots look in the input, which begins at (1, 1) of a canvas.

    `sides` are those of the input, `shape` those of the grid that the slots are in.
    """
    height, width = sides
    mirrored_rows = (height - rows) * (rows < height)
    mirrored_columns = (width - columns) * (columns < width)
    places: list[tuple[Index, Index]] = []
    for dr in range(3):
        places += [(rows + dr, columns + dc) for dc in range(3)]
    places += [
        (rows + 1, mirrored_columns),
        (mirrored_rows, columns + 1),
        (mirrored_rows, mirrored_columns),
        (columns + 1, rows + 1),
        (rows % height + 1, columns % width + 1),
        (rows * height // shape[0] + 1, columns * width // shape[1] + 1),
    ]
    return places
