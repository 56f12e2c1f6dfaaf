"""Decoding of a batch of outputs with a key-value cache.

First the two sides, then every cell in its place, all outputs in step; so an output is a rectangle
by construction. Inputs are read once, however many outputs go on from them: what a slot leaves in
the cache says nothing of what is written into it, so outputs that part share all before.
That makes the search for all likely outputs breadth-first: with a threshold there are few at any
depth, and a batch of them costs little more than one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from arc.grid import Cells, Grid
from lm.embedded.choice import Branches, Chooser, LogProbabilities
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
from lm.meter import count
from lm.protocol import Completion


class BranchingCache(KeyValueCache):
    """A key-value cache whose sequences can be dropped and doubled."""

    @property
    def size(self) -> tuple[int, int]:
        """Number of sequences, and of tokens that each has room for."""
        return self._buffer.shape[2], self._buffer.shape[4]

    def select(self, rows: Indices, capacity: int) -> None:
        """Makes sequence `i` a copy of what was `rows[i]`, with room for `capacity` tokens."""
        old = self._buffer
        layers, two, _, heads, _, channels = old.shape
        self._buffer = old.new_empty(layers, two, len(rows), heads, capacity, channels)
        chosen = torch.from_numpy(rows).to(old.device)
        self._buffer[..., : self.length, :] = old[..., : self.length, :].index_select(2, chosen)


class Decoder:
    """One batch of inputs on its way to outputs."""

    def __init__(
        self,
        model: EmbeddedModel,
        inputs: Sequence[Cells],
        context: Tensor,
        shapes: Sequence[tuple[int, int] | None] | None = None,
    ) -> None:
        """`context` is `EmbeddedModel.context_of` each input, (batch, width).

        `shapes` are the shapes of the outputs of each input, where they are known. All computing is
        on the device of the context, all choosing on the CPU.
        """
        self._model = model
        self._inputs = inputs
        self._shapes = shapes or [None] * len(inputs)
        self._context = context
        self._device = context.device

    @torch.inference_mode()
    def decode(self, max_cells: int, chooser: Chooser) -> list[list[Completion]]:
        """Returns for each input the outputs that the chooser led to, a greedy one first.

        Where the sides ask for more than `max_cells` cells, there is no grid.
        """
        self._found: list[list[Completion]] = [[] for _ in self._inputs]
        self._read()
        shapes = self._choose_sides(chooser, max_cells)
        if len(shapes):
            self._write(chooser, shapes)
        return self._found

    def _read(self) -> None:
        """Puts the inputs into the cache."""
        self._branches = Branches.starting(len(self._inputs))
        inputs = [encode_input(cells) for cells in self._inputs]
        count(read=sum(map(len, inputs)))
        features, positions = _padded(inputs)
        batch, length, _ = features.shape
        architecture = self._model.architecture
        self._cache = BranchingCache(architecture, batch, length + N_HEADER, self._device)
        self._capacity = length + N_HEADER
        lengths = np.array([len(tokens) for tokens in inputs])
        self._is_input = self._moved(np.arange(length) < lengths[:, None])
        mask = self._is_input[:, None, None].expand(-1, 1, length, -1)
        self._forward(features, positions, mask)

    def _choose_sides(self, chooser: Chooser, max_cells: int) -> Indices:
        """Returns height and width of every branch that can be written, (n, 2)."""
        sides = np.ones((len(self._branches), N_HEADER), dtype=np.int64)
        for slot in range(N_HEADER):
            header = [
                encode_header(self._inputs[prompt], int(height))
                for prompt, height in zip(self._branches.prompts, sides[:, 0], strict=True)
            ]
            features, positions = _padded(header)
            hidden = self._advance(features[:, slot : slot + 1], positions[:, slot : slot + 1])
            options = self._options(self._model.side_head(hidden))
            for branch, prompt in enumerate(self._branches.prompts):
                shape = self._shapes[prompt]
                if shape is not None:
                    options[branch] = -np.inf
                    options[branch, shape[slot] - 1] = 0.0
            rows, choices = self._choose(chooser, options)
            sides = sides[rows]
            sides[:, slot] = choices + 1
            self._select(rows)
        fits = sides.prod(axis=1) <= max_cells
        for row in np.flatnonzero(~fits):
            self._finish(int(row), None)
        rows = np.flatnonzero(fits)
        self._branches = self._branches.take(rows)
        self._capacity += int(sides[rows].prod(axis=1).max(initial=0))
        self._select(rows)
        return sides[rows]

    def _write(self, chooser: Chooser, shapes: Indices) -> None:
        """Fills in the cells of all branches, row by row."""
        kinds = np.column_stack([self._branches.prompts, shapes])
        distinct, kind = np.unique(kinds, axis=0, return_inverse=True)
        slots = [blank_output(self._inputs[p], (h, w)) for p, h, w in distinct.tolist()]
        features, positions = _padded(slots)
        n_cells = np.array([len(tokens) for tokens in slots])
        kind = kind.reshape(-1)
        written = canvases(len(kind))
        for step in range(int(n_cells.max())):
            at, place = features[kind, step], positions[kind, step]
            at[:, OUTPUT_FEATURES] = neighbor_codes(written, place[:, 1], place[:, 2])
            hidden = self._advance(at[:, None], place[:, None])
            options = self._options(self._model.color_head(hidden))
            rows, colors = self._choose(chooser, options)
            kind, written, place = kind[rows], written[rows], place[rows]
            written[np.arange(len(rows)), place[:, 1] + 1, place[:, 2] + 1] = colors
            is_done = n_cells[kind] == step + 1
            for row in np.flatnonzero(is_done):
                _, height, width = distinct[kind[row]]
                cells = written[row, 1 : height + 1, 1 : width + 1]
                self._finish(int(row), Grid.from_array(cells.astype(np.uint8)))
            if is_done.any():
                going = np.flatnonzero(~is_done)
                rows, kind, written = rows[going], kind[going], written[going]
                self._branches = self._branches.take(going)
            if not len(rows):
                return
            self._select(rows)

    def _options(self, logits: Tensor) -> LogProbabilities:
        """Returns what each choice is likely, (branches, choices); `logits` has a 1 between."""
        return logits[:, 0].double().log_softmax(dim=-1).cpu().numpy()

    def _choose(self, chooser: Chooser, options: LogProbabilities) -> tuple[Indices, Indices]:
        """Returns which branches go on and how; `options` is (branches, choices)."""
        rows, choices = chooser.choose(self._branches, options)
        self._branches = self._branches.extend(rows, choices, options)
        return rows, choices

    def _finish(self, row: int, grid: Grid | None) -> None:
        found = self._found[self._branches.prompts[row]]
        completion = Completion(grid, float(self._branches.log_probabilities[row]))
        found.insert(0 if self._branches.is_greedy[row] else len(found), completion)

    def _select(self, rows: Indices) -> None:
        """Lets the cache follow the branches."""
        n_before, capacity = self._cache.size
        if capacity < self._capacity or not np.array_equal(rows, np.arange(n_before)):
            self._cache.select(rows, self._capacity)

    def _advance(self, features: Indices, positions: Indices) -> Tensor:
        """Returns the hidden states of one more slot, which sees inputs and all slots so far."""
        batch = len(features)
        count(written=batch)
        n_slots = self._cache.length - self._is_input.shape[1] + 1
        seen = torch.ones(batch, n_slots, dtype=torch.bool, device=self._device)
        is_input = self._is_input[self._moved(self._branches.prompts)]
        mask = torch.cat([is_input, seen], dim=1)[:, None, None]
        return self._forward(features, positions, mask)

    def _forward(self, features: Indices, positions: Indices, mask: Tensor) -> Tensor:
        context = self._context[self._moved(self._branches.prompts)]
        embedded = self._model.embed(self._moved(features), context)
        hidden: Tensor = self._model(embedded, self._moved(positions), mask, self._cache)
        return hidden

    def _moved(self, array: Indices | NDArray[np.bool_]) -> Tensor:
        return torch.from_numpy(array).to(self._device)


def _padded(parts: Sequence[Tokens]) -> tuple[Indices, Indices]:
    """Returns features (batch, longest, N_FEATURES) and positions (batch, longest, 3)."""
    length = max(len(tokens) for tokens in parts)
    features = np.zeros((len(parts), length, N_FEATURES), dtype=np.int64)
    positions = np.zeros((len(parts), length, 3), dtype=np.int64)
    for i, tokens in enumerate(parts):
        features[i, : len(tokens)] = tokens.features
        positions[i, : len(tokens)] = tokens.positions
    return features, positions
