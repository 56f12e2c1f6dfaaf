"""The embedded transformer.

Attention sees the whole input from everywhere and the output only backwards. Every cell has a
rotary position (plane, row, column), so that the output cell being asked for and the input cell
at the same place are close whatever the grid's width. What distinguishes tasks is one
vector, added to every token; what distinguishes the eight symmetries is another.

Source of the main choices (one pair a sequence, three-axis rotary positions, task vector, loss on
outputs): mdlARC by M. Vakde, and VARC; see docs/architecture.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from arc.grid import MAX_SIDE, N_COLORS
from lm.device import as_multiplied
from lm.embedded.encoding import N_CODES, N_PLANES
from lm.embedded.layers import Rotation, gated, heads_of, normalized

N_SYMMETRIES = 8


@dataclass(frozen=True, slots=True)
class Architecture:
    """The sizes of an embedded model.

    Attributes:
        width: Channels of the residual stream.
        layers: Number of transformer blocks.
        heads: Attention heads a block; `width / heads` must be a multiple of 8.
        hidden: Channels inside the gated feed-forward part.
        rotary_base: The longest wavelength of the rotary positions, in cells over 2 pi.
    """

    width: int = 128
    layers: int = 5
    heads: int = 2
    hidden: int = 384
    rotary_base: float = 100.0


SIZES = {
    "small": Architecture(),
    "medium": Architecture(192, 6, 3, 512),
    "large": Architecture(448, 7, 7, 1216),
}
"""What models are made to: 1.1, 2.7 and 17.2 million parameters. The last takes a GPU to train."""


class KeyValueCache:
    """The keys and values of all tokens so far, in buffers made once for the whole decoding."""

    def __init__(
        self,
        architecture: Architecture,
        batch: int,
        length: int,
        device: torch.device | None = None,
    ) -> None:
        """Without a `device` it is on the CPU."""
        heads = architecture.heads
        shape = (architecture.layers, 2, batch, heads, length, architecture.width // heads)
        self._buffer = torch.zeros(shape, device=device)
        self.length = 0

    def extend(self, layer: int, keys: Tensor, values: Tensor) -> tuple[Tensor, Tensor]:
        """Writes the keys and values of new tokens, returns those of all tokens."""
        end = self.length + keys.shape[2]
        kept = self._buffer[layer, :, :, :, :end]
        kept[0, :, :, self.length :] = keys
        kept[1, :, :, self.length :] = values
        return kept[0], kept[1]


class EmbeddedModel(nn.Module):
    """Predicts output sides and cells, given the features of every slot and a task vector."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width = architecture.width
        self.architecture = architecture
        self.table = nn.Parameter(torch.randn(N_CODES, width) * 0.05)
        self.symmetries = nn.Parameter(torch.zeros(N_SYMMETRIES, width))
        self.recolored = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(_Block(architecture) for _ in range(architecture.layers))
        self.norm = nn.RMSNorm(width)
        self.color_head = nn.Linear(width, N_COLORS, bias=False)
        self.side_head = nn.Linear(width, MAX_SIDE, bias=False)
        nn.init.zeros_(self.color_head.weight)
        nn.init.zeros_(self.side_head.weight)
        self.angles: Tensor
        self.register_buffer("angles", _angles(architecture), persistent=False)

    def embed(self, features: Tensor, context: Tensor) -> Tensor:
        """Returns token embeddings of shape (batch, length, width).

        `features` is (batch, length, N_FEATURES); `context`, of shape (batch, width), is what
        holds for the whole sequence: see `context_of`.
        """
        batch, length, _ = features.shape
        bag = torch.zeros(batch, length, N_CODES, device=features.device, dtype=self.table.dtype)
        bag.scatter_(2, features, 1.0)
        return bag @ self.table + context[:, None]

    def context_of(self, vectors: Tensor, symmetries: Tensor, recolored: Tensor) -> Tensor:
        """Returns the sum of task vector, symmetry vector and, where recolored, its mark."""
        return vectors + self.symmetries[symmetries] + recolored[:, None] * self.recolored

    def forward(
        self,
        embedded: Tensor,
        positions: Tensor,
        mask: Tensor,
        cache: KeyValueCache,
    ) -> Tensor:
        """Returns hidden states (batch, length, width) of tokens that follow those in the cache.

        `mask` is (batch, 1, length, cached + length), true where attention is allowed. The tokens
        are added to the cache.
        """
        rotation = self.rotation(positions)
        hidden = embedded
        for layer, block in enumerate(self._layers()):
            hidden = block.extend(hidden, rotation, mask, cache, layer)
        cache.length += embedded.shape[1]
        return normalized(hidden, self.norm.weight)

    def read(self, embedded: Tensor, positions: Tensor, mask: Tensor, n_inputs: int) -> Tensor:
        """Returns hidden states (batch, length - n_inputs, width) of what follows the inputs.

        Inputs see each other only, so their attention leaves the rest out, and the last block
        makes nothing of them but what others see. `mask` is (batch, 1, length, length), added to
        the attention: 0 where it is allowed, else minus infinity.
        """
        rotation = self.rotation(positions)
        mask = as_multiplied(mask)
        hidden = embedded
        *blocks, last = self._layers()
        for block in blocks:
            hidden = block.read(hidden, rotation, mask, n_inputs, n_inputs)
        read = last.read(hidden, rotation, mask, n_inputs, 0)
        return normalized(read, self.norm.weight)

    def _layers(self) -> list[_Block]:
        return cast("list[_Block]", list(self.blocks))

    def rotation(self, positions: Tensor) -> Rotation:
        """Returns cosines and sines, each (batch, 1, length, head width / 2)."""
        planes, rows, columns = positions.unbind(-1)
        plane, row, column = self.angles.unbind(0)
        turned = planes[..., None] * plane + rows[..., None] * row + columns[..., None] * column
        return as_multiplied(turned.cos()[:, None]), as_multiplied(turned.sin()[:, None])


class _Block(nn.Module):
    """Attention, then a gated feed-forward part, each on normalized input."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        width, hidden = architecture.width, architecture.hidden
        self.attention_norm = nn.RMSNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width, bias=False)
        self.gain = nn.Parameter(torch.full((architecture.heads, 1, 1), 2.0))
        self.mix = nn.Linear(width, width, bias=False)
        self.feed_norm = nn.RMSNorm(width)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        nn.init.zeros_(self.mix.weight)
        nn.init.zeros_(self.down.weight)

    def extend(
        self,
        hidden: Tensor,
        rotation: Rotation,
        mask: Tensor,
        cache: KeyValueCache,
        layer: int,
    ) -> Tensor:
        """Returns what becomes of new tokens that see the cache and each other."""
        queries, keys, values = self._project(hidden, rotation)
        keys, values = cache.extend(layer, keys, values)
        seen = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        return self._feed(hidden, seen)

    def read(
        self,
        hidden: Tensor,
        rotation: Rotation,
        mask: Tensor,
        n_inputs: int,
        n_kept: int,
    ) -> Tensor:
        """Returns what becomes of the last `n_kept` inputs, which see inputs, and of the rest."""
        first = n_inputs - n_kept
        queries, keys, values = self._project(hidden, rotation)
        seen = _attend(queries[:, :, n_inputs:], keys, values, mask[:, :, n_inputs:])
        if n_kept:
            of_inputs = _attend(
                queries[:, :, first:n_inputs],
                keys[:, :, :n_inputs],
                values[:, :, :n_inputs],
                mask[:, :, first:n_inputs, :n_inputs],
            )
            seen = torch.cat([of_inputs, seen], dim=2)
        return self._feed(hidden[:, first:], seen)

    def _project(self, hidden: Tensor, rotation: Rotation) -> tuple[Tensor, Tensor, Tensor]:
        """Returns queries, keys and values of all tokens: (batch, heads, length, head width)."""
        normed = normalized(hidden, self.attention_norm.weight)
        return heads_of(self.query_key_value(normed), self.gain, rotation)

    def _feed(self, hidden: Tensor, seen: Tensor) -> Tensor:
        """Returns the tokens after what they have seen and the feed-forward part are added."""
        hidden = hidden + self.mix(seen.transpose(1, 2).reshape(hidden.shape))
        normed = normalized(hidden, self.feed_norm.weight)
        fed: Tensor = self.down(gated(self.gate_up(normed)))
        return hidden + fed


def _attend(queries: Tensor, keys: Tensor, values: Tensor, mask: Tensor) -> Tensor:
    """Returns what the queries see of the values, (batch, heads, queries, head width).

    `mask` is added to the scores. In bfloat16 a processor multiplies whole matrices faster than the
    fused kernel does (`benchmarks/embedded.py`); elsewhere that kernel, which keeps no matrix of
    all scores.
    """
    if queries.device.type != "cpu" or queries.dtype != torch.bfloat16:
        return functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
    scores = (queries * queries.shape[-1] ** -0.5) @ keys.mT + mask
    seen: Tensor = scores.softmax(-1).to(values.dtype) @ values
    return seen


def _angles(architecture: Architecture) -> Tensor:
    """Returns radians per step along plane, row and column, shape (3, head width / 2).

    An eighth of the frequencies turns with the plane, the rest alternates between row and column
    so that both get the whole range of wavelengths.
    """
    half = architecture.width // architecture.heads // 2
    n_plane = half // 8
    n_axis = (half - n_plane) // 2
    angles = torch.zeros(3, half)
    angles[0, :n_plane] = torch.pi / N_PLANES
    speeds = architecture.rotary_base ** -(torch.arange(n_axis) / max(n_axis - 1, 1))
    angles[1, n_plane : n_plane + n_axis] = speeds
    angles[2, n_plane + n_axis : n_plane + 2 * n_axis] = speeds
    return angles
