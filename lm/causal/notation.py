"""Grids as text: what is written for a cell, and what stands before, between and after cells.

Every notation that published checkpoints use is of this one shape, so a notation is data. The units
that a text is made of (a first cell, a further cell, a cell in a new row, the end) are what models
choose between when they write a grid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from arc.errors import ConfigError, GridError
from arc.grid import N_COLORS, Grid

DIGITS = tuple(str(color) for color in range(N_COLORS))
COLOR_WORDS = (
    "Black",
    "Blue",
    "Red",
    "Green",
    "Yellow",
    "Gray",
    "Pink",
    "Orange",
    "Purple",
    "Brown",
)


@dataclass(frozen=True)
class Notation:
    """One way to write every grid, and no two grids alike.

    Attributes:
        cells: What stands for each of the ten colors.
        between_cells: What stands between cells of a row.
        between_rows: What stands between rows.
        open: What stands before the first cell.
        close: What stands after the last.
    """

    cells: tuple[str, ...] = DIGITS
    between_cells: str = ""
    between_rows: str = "\n"
    open: str = ""
    close: str = ""

    def __post_init__(self) -> None:
        if len(self.cells) != N_COLORS or len(set(self.cells)) != N_COLORS or "" in self.cells:
            raise ConfigError(f"grid.cells: {N_COLORS} different texts expected, one per color")
        in_cells = set("".join(self.cells))
        if not self.between_cells and len({len(cell) for cell in self.cells}) > 1:
            raise ConfigError("grid.between_cells: empty, but the cells' texts differ in length")
        if self.between_cells and not set(self.between_cells) - in_cells:
            raise ConfigError("grid.between_cells: a character that no cell has expected")
        if not set(self.between_rows) - in_cells - set(self.between_cells):
            raise ConfigError("grid.between_rows: a character that no row has expected")

    def write(self, grid: Grid) -> str:
        """Returns the text of a grid."""
        rows = (self.between_cells.join(self.cells[c] for c in row) for row in grid.rows)
        return self.open + self.between_rows.join(rows) + self.close

    def read(self, text: str) -> Grid:
        """Returns the grid that is written as this text; raises `GridError` if there is none."""
        inner = text.removeprefix(self.open).removesuffix(self.close)
        if len(inner) != len(text) - len(self.open) - len(self.close):
            raise GridError(f"{self.open!r} before and {self.close!r} after the cells expected")
        return Grid.of([self._read_row(row) for row in inner.split(self.between_rows)])

    def _read_row(self, text: str) -> list[int]:
        if self.between_cells:
            cells = text.split(self.between_cells)
        else:
            n = len(self.cells[0])
            cells = [text[at : at + n] for at in range(0, len(text), n)]
        for cell in cells:
            if cell not in self._colors:
                raise GridError(f"{cell[:20]!r} stands for no color")
        return [self._colors[cell] for cell in cells]

    @cached_property
    def _colors(self) -> dict[str, int]:
        return {cell: color for color, cell in enumerate(self.cells)}

    @cached_property
    def row_pattern(self) -> str:
        """A regular expression for the text of a row."""
        cell = "(?:" + "|".join(sorted(map(re.escape, self.cells), key=len, reverse=True)) + ")"
        return f"{cell}(?:{re.escape(self.between_cells)}{cell})*"


NOTATIONS: Mapping[str, Notation] = {
    "cells": Notation(),
    "numpy": Notation(DIGITS, " ", "]\n [", "[[", "]]"),
    "nested": Notation(DIGITS, ", ", "], [", "[[", "]]"),
    "words": Notation(COLOR_WORDS, " ", "\n"),
}
"""The notations that have a name."""
