"""The sequences of a whole batch, made on its device: `encoding.py` says of one pair what they are.

Every feature is a gather from a canvas with the grid in its corner, so all samples and all tokens
take the same few steps, whatever their sizes, and what a device waits for is the cells alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from arc.grid import MAX_SIDE, Cells
from lm.embedded.encoding import (
    ABSENT,
    HEADER_PLANE,
    HEIGHT_KIND,
    INPUT_KIND,
    INPUT_PLANE,
    N_HEADER,
    OFFSETS,
    OUTPUT_KIND,
    OUTPUT_PLANE,
    OUTSIDE,
    WIDTH_KIND,
    seen_places,
    written_places,
)

PADDING = -100
_CANVAS = MAX_SIDE + 2
_PLANES = {
    INPUT_KIND: INPUT_PLANE,
    HEIGHT_KIND: HEADER_PLANE,
    WIDTH_KIND: HEADER_PLANE,
    OUTPUT_KIND: OUTPUT_PLANE,
}
_KNOWN_SIDES = {
    INPUT_KIND: (1, 1, 0, 0),
    HEIGHT_KIND: (1, 1, 0, 0),
    WIDTH_KIND: (1, 1, 1, 0),
    OUTPUT_KIND: (1, 1, 1, 1),
}
"""Which sides a token knows: the input's height and width, the output's."""


@dataclass(frozen=True, slots=True)
class Canvases:
    """One grid of each sample, with `OUTSIDE` around it.

    Attributes:
        cells: Cell (r, c) of a grid stands at (r + 1, c + 1), (batch, _CANVAS, _CANVAS).
        heights: (batch, 1).
        widths: (batch, 1).
        longest: Number of cells of the largest grid.
    """

    cells: Tensor
    heights: Tensor
    widths: Tensor
    longest: int

    @classmethod
    def of(cls, grids: Sequence[Cells], device: torch.device | str) -> Canvases:
        """Returns the grids on a device."""
        cells = np.full((len(grids), _CANVAS, _CANVAS), OUTSIDE, dtype=np.uint8)
        for canvas, grid in zip(cells, grids, strict=True):
            height, width = grid.shape
            canvas[1 : height + 1, 1 : width + 1] = grid
        shapes = torch.tensor([grid.shape for grid in grids], device=device)
        longest = max(grid.size for grid in grids)
        return cls(torch.from_numpy(cells).to(device), shapes[:, :1], shapes[:, 1:], longest)

    def places(self) -> tuple[Tensor, Tensor, Tensor]:
        """Returns row and column of each cell, 0 where padded, and where it is not.

        Each is (batch, longest).
        """
        numbers = torch.arange(self.longest, device=self.cells.device)
        rows, columns = numbers // self.widths, numbers % self.widths
        exists = rows < self.heights
        return rows * exists, columns * exists, exists

    def gather(self, places: Sequence[tuple[Tensor, Tensor]]) -> Tensor:
        """Returns what stands at rows and columns, each (batch, n): (batch, n, places)."""
        index = torch.stack([rows * _CANVAS + columns for rows, columns in places], dim=-1)
        return self.cells.flatten(1).gather(1, index.flatten(1)).view(index.shape)


@dataclass(frozen=True, slots=True)
class Sequences:
    """Input cells, header and output cells of every sample.

    Attributes:
        inputs: The input grids.
        outputs: The output grids.
        rows: Row of each token in its plane, 0 where padded, (batch, length).
        columns: The same of columns.
        exists: Whether a token is more than padding, (batch, length).
        kinds: What the token at each place is, (length,).
    """

    inputs: Canvases
    outputs: Canvases
    rows: Tensor
    columns: Tensor
    exists: Tensor
    kinds: Tensor

    @classmethod
    def of(cls, inputs: Canvases, outputs: Canvases) -> Sequences:
        """Returns the sequences that read the inputs and write the outputs."""
        device = inputs.cells.device
        slots = torch.arange(N_HEADER, device=device).expand(len(inputs.cells), -1)
        header = slots, torch.zeros_like(slots), torch.ones_like(slots, dtype=torch.bool)
        parts = zip(inputs.places(), header, outputs.places(), strict=True)
        rows, columns, exists = (torch.cat(part, dim=1) for part in parts)
        numbers = torch.arange(rows.shape[1], device=device) - inputs.longest
        kinds = (numbers + 1).clamp(INPUT_KIND, OUTPUT_KIND)
        return cls(inputs, outputs, rows, columns, exists, kinds)

    def features(self) -> Tensor:
        """Returns the codes of each token, (batch, length, N_FEATURES), 0 where padded."""
        header = slice(self.inputs.longest, self.inputs.longest + N_HEADER)
        seen = self.inputs.gather(self._seen_places())
        seen[:, header] = ABSENT
        written = self.outputs.gather(written_places(self.rows, self.columns))
        written[:, : header.stop] = ABSENT
        codes = torch.cat([seen, written, self._sides_and_kinds()], dim=-1)
        offsets = torch.from_numpy(OFFSETS).to(codes.device)
        return codes.add_(offsets).mul_(self.exists[..., None])

    def _seen_places(self) -> list[tuple[Tensor, Tensor]]:
        is_output = self.kinds == OUTPUT_KIND
        sides = self.inputs.heights, self.inputs.widths
        shape = (
            torch.where(is_output, self.outputs.heights, self.inputs.heights),
            torch.where(is_output, self.outputs.widths, self.inputs.widths),
        )
        return seen_places(self.rows, self.columns, sides, shape)

    def _sides_and_kinds(self) -> Tensor:
        """Returns the four sides, 0 where a token does not know them, and the kind."""
        grids = self.inputs, self.outputs
        sides = torch.cat([side for grid in grids for side in (grid.heights, grid.widths)], dim=1)
        known = torch.tensor(list(_KNOWN_SIDES.values()), device=sides.device)
        kinds = self.kinds[:, None].expand(len(sides), -1, -1)
        return torch.cat([sides[:, None] * known[self.kinds], kinds], dim=-1)

    def positions(self) -> Tensor:
        """Returns plane, row and column of each token, (batch, length, 3), 0 where padded."""
        planes = torch.tensor(list(_PLANES.values()), device=self.kinds.device)[self.kinds]
        return torch.stack([planes * self.exists, self.rows, self.columns], dim=-1)

    def mask(self) -> Tensor:
        """Returns what is added to the attention, (batch, 1, length, length).

        All see the inputs; what follows these sees itself and what is before it as well.
        """
        at = torch.arange(len(self.kinds), device=self.kinds.device)
        is_input = self.kinds == INPUT_KIND
        backwards = torch.where(~is_input & (at[:, None] >= at), 0.0, -torch.inf)
        inputs = torch.where(is_input & self.exists, 0.0, -torch.inf)
        return torch.maximum(backwards, inputs[:, None, None])

    def colors(self) -> Tensor:
        """Returns the output cells, (batch, longest output), `PADDING` where padded."""
        rows, columns, exists = self.outputs.places()
        cells = self.outputs.gather([(rows + 1, columns + 1)])[..., 0].long()
        return torch.where(exists, cells, PADDING)
