"""Greedy decoding of a batch of outputs with a key-value cache.

First the two sides, then every cell in its place, all outputs in step. A shorter output idles
while a longer one finishes; the views of one task mostly have one size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arc.grid import Cells, Grid
from lm.embedded.encoding import (
    N_FEATURES,
    N_HEADER,
    OUTPUT_FEATURES,
    Indices,
    Tokens,
    blank_output,
    canvases,
    encode_header,
    encode_input,
    neighbor_codes,
)
from lm.embedded.model import EmbeddedModel, KeyValueCache


class Decoder:
    """One batch of inputs on its way to outputs."""

    def __init__(self, model: EmbeddedModel, inputs: Sequence[Cells], context: Tensor) -> None:
        """Reads the inputs; `context` is `EmbeddedModel.context_of` each, (batch, width)."""
        self._model = model
        self._inputs = inputs
        self._context = context
        self.log_probabilities = np.zeros(len(inputs))

    @torch.inference_mode()
    def decode(self, max_cells: int) -> list[Grid | None]:
        """Returns the most likely sides and cells, chosen greedily; sets `log_probabilities`.

        Where the sides ask for more than `max_cells` cells, there is no grid.
        """
        chosen = self._read_and_choose_sides(max_cells)
        shapes = [(h, w) if h * w <= max_cells else (1, 1) for h, w in chosen]
        batch = len(shapes)
        slots = [blank_output(c, s) for c, s in zip(self._inputs, shapes, strict=True)]
        n_cells = np.array([len(tokens) for tokens in slots])
        features, positions = _padded(slots)
        written = canvases(batch)
        each = np.arange(batch)
        for step in range(int(n_cells.max())):
            rows, columns = positions[:, step, 1], positions[:, step, 2]
            features[:, step, OUTPUT_FEATURES] = neighbor_codes(written, rows, columns)
            hidden = self._advance(features[:, step : step + 1], positions[:, step : step + 1])
            logits = self._model.color_head(hidden[:, 0])
            is_active = step < n_cells
            colors = self._choose(logits, is_active)
            active = each[is_active]
            written[active, rows[active] + 1, columns[active] + 1] = colors[active]
        return [
            Grid.from_array(written[i, 1 : h + 1, 1 : w + 1].astype(np.uint8))
            if (h, w) == chosen[i]
            else None
            for i, (h, w) in enumerate(shapes)
        ]

    def _read_and_choose_sides(self, max_cells: int) -> list[tuple[int, int]]:
        inputs = [encode_input(cells) for cells in self._inputs]
        features, positions = _padded(inputs)
        batch, length, _ = features.shape
        self._cache = KeyValueCache(self._model.architecture, batch, length + N_HEADER + max_cells)
        lengths = torch.tensor([len(tokens) for tokens in inputs])
        self._is_input = torch.arange(length)[None] < lengths[:, None]
        mask = self._is_input[:, None, None].expand(-1, 1, length, -1)
        self._forward(features, positions, mask)
        everyone = np.ones(batch, dtype=bool)
        heights = np.ones(batch, dtype=np.int64)
        for slot in range(N_HEADER):
            header = [encode_header(c, int(h)) for c, h in zip(self._inputs, heights, strict=True)]
            features, positions = _padded(header)
            hidden = self._advance(features[:, slot : slot + 1], positions[:, slot : slot + 1])
            sides = self._choose(self._model.side_head(hidden[:, 0]), everyone) + 1
            if slot == 0:
                heights = sides
        return [(int(height), int(width)) for height, width in zip(heights, sides, strict=True)]

    def _advance(self, features: Indices, positions: Indices) -> Tensor:
        """Returns the hidden states of one more slot, which sees inputs and all slots so far."""
        batch = len(features)
        n_slots = self._cache.length - self._is_input.shape[1] + 1
        seen = torch.ones(batch, n_slots, dtype=torch.bool)
        mask = torch.cat([self._is_input, seen], dim=1)[:, None, None]
        return self._forward(features, positions, mask)

    def _forward(self, features: Indices, positions: Indices, mask: Tensor) -> Tensor:
        embedded = self._model.embed(torch.from_numpy(features), self._context)
        hidden: Tensor = self._model(embedded, torch.from_numpy(positions), mask, self._cache)
        return hidden

    def _choose(self, logits: Tensor, counts: NDArray[np.bool_]) -> Indices:
        """Returns the likeliest choice of each, adding its log-probability where it counts."""
        log_probabilities, chosen = logits.log_softmax(dim=-1).max(dim=-1)
        self.log_probabilities += np.where(counts, log_probabilities.numpy(), 0.0)
        return chosen.numpy()


def _padded(parts: Sequence[Tokens]) -> tuple[Indices, Indices]:
    """Returns features (batch, longest, N_FEATURES) and positions (batch, longest, 3)."""
    length = max(len(tokens) for tokens in parts)
    features = np.zeros((len(parts), length, N_FEATURES), dtype=np.int64)
    positions = np.zeros((len(parts), length, 3), dtype=np.int64)
    for i, tokens in enumerate(parts):
        features[i, : len(tokens)] = tokens.features
        positions[i, : len(tokens)] = tokens.positions
    return features, positions
