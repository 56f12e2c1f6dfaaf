"""Kernels: what a layer does to its numbers beside matrix products, forward and backward, compiled.

Each goes once over memory, where the same in `torch` would take five to twenty passes. They are for
single precision on a processor; `lm/embedded/layers.py` says when, and what they compute.

Sums may be reordered, so that they are computed in vectors; what is not a number stays so.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from arc.compiled import compiled

Floats = NDArray[np.float32]

EPSILON = np.finfo(np.float32).eps
"""Added to the mean square before a root is taken; that of `torch.nn.RMSNorm`."""

_ONE = np.float32(1)
_FAST = {"reassoc", "contract", "nsz", "arcp"}


@compiled("void(f4[:, ::1], f4[::1], f4[:, ::1], f4[::1])", fastmath=_FAST)
def normalize(rows: Floats, weight: Floats, normed: Floats, scales: Floats) -> None:
    """Divides each row by the root of its mean square and multiplies it by `weight`.

    `scales` keeps what each row was multiplied by, for `normalize_backward`.
    """
    n, width = rows.shape
    for i in range(n):
        total = np.float32(0)
        for j in range(width):
            total += rows[i, j] * rows[i, j]
        scale = _ONE / np.sqrt(total / np.float32(width) + EPSILON)
        scales[i] = scale
        for j in range(width):
            normed[i, j] = rows[i, j] * scale * weight[j]


@compiled("void(f4[:, ::1], f4[::1], f4[::1], f4[:, ::1], f4[:, ::1], f4[::1])", fastmath=_FAST)
def normalize_backward(
    rows: Floats,
    weight: Floats,
    scales: Floats,
    of_normed: Floats,
    of_rows: Floats,
    of_weight: Floats,
) -> None:
    """Writes the gradient of `rows`, adds that of `weight`, given that of what was normalized."""
    n, width = rows.shape
    for i in range(n):
        scale = scales[i]
        along = np.float32(0)
        for j in range(width):
            along += of_normed[i, j] * weight[j] * rows[i, j]
        along *= scale * scale / np.float32(width)
        for j in range(width):
            of_rows[i, j] = scale * (of_normed[i, j] * weight[j] - rows[i, j] * along)
            of_weight[j] += of_normed[i, j] * rows[i, j] * scale


@compiled(
    "void(f4[:, :, ::1], i8, f4[::1], f4[:, :, ::1], f4[:, :, ::1],"
    " f4[:, :, :, ::1], f4[:, :, ::1])",
    fastmath=_FAST,
)
def turn_heads(
    projected: Floats,
    start: int,
    gain: Floats,
    cosine: Floats,
    sine: Floats,
    turned: Floats,
    scales: Floats,
) -> None:
    """Takes heads from channel `start` on, normalizes each, multiplies by its gain and turns it.

    `projected` is (batch, length, channels), `turned` (batch, heads, length, head width), cosines
    and sines are (batch, length, half of that); `scales`, (batch, heads, length), is kept for
    `turn_heads_backward`.
    """
    batch, heads, length, width = turned.shape
    half = width // 2
    for b in range(batch):
        for h in range(heads):
            first = start + h * width
            for i in range(length):
                row = projected[b, i, first : first + width]
                total = np.float32(0)
                for j in range(width):
                    total += row[j] * row[j]
                scale = _ONE / np.sqrt(total / np.float32(width) + EPSILON)
                scales[b, h, i] = scale
                scale *= gain[h]
                c, s, out = cosine[b, i], sine[b, i], turned[b, h, i]
                for j in range(half):
                    x, y = row[j] * scale, row[half + j] * scale
                    out[j] = x * c[j] - y * s[j]
                    out[half + j] = x * s[j] + y * c[j]


@compiled(
    "void(f4[:, :, ::1], i8, f4[::1], f4[:, :, ::1], f4[:, :, ::1], f4[:, :, ::1],"
    " f4[:, :, :, ::1], f4[:, :, ::1], f4[::1])",
    fastmath=_FAST,
)
def turn_heads_backward(
    projected: Floats,
    start: int,
    gain: Floats,
    cosine: Floats,
    sine: Floats,
    scales: Floats,
    of_turned: Floats,
    of_projected: Floats,
    of_gain: Floats,
) -> None:
    """Writes the gradient of the heads' channels, adds that of the gains."""
    batch, heads, length, width = of_turned.shape
    half = width // 2
    for b in range(batch):
        for h in range(heads):
            first = start + h * width
            for i in range(length):
                row = projected[b, i, first : first + width]
                out = of_projected[b, i, first : first + width]
                c, s, given = cosine[b, i], sine[b, i], of_turned[b, h, i]
                along = np.float32(0)
                for j in range(half):
                    x = given[j] * c[j] + given[half + j] * s[j]
                    y = given[half + j] * c[j] - given[j] * s[j]
                    out[j] = x
                    out[half + j] = y
                    along += x * row[j] + y * row[half + j]
                scale = scales[b, h, i]
                of_gain[h] += along * scale
                along *= scale * scale / np.float32(width)
                scale *= gain[h]
                for j in range(width):
                    out[j] = scale * (out[j] - row[j] * along)


@compiled("void(f4[:, ::1], f4[:, ::1], f4[:, ::1])", fastmath=_FAST)
def gate(gate_up: Floats, opened: Floats, gated: Floats) -> None:
    """Multiplies gates, how far they are open (their sigmoid) and what comes up, row by row."""
    n, hidden = opened.shape
    for i in range(n):
        gates, up = gate_up[i, :hidden], gate_up[i, hidden:]
        share, out = opened[i], gated[i]
        for j in range(hidden):
            out[j] = gates[j] * share[j] * up[j]


@compiled("void(f4[:, ::1], f4[:, ::1], f4[:, ::1], f4[:, ::1])", fastmath=_FAST)
def gate_backward(gate_up: Floats, opened: Floats, of_gated: Floats, of_gate_up: Floats) -> None:
    """Writes the gradient of the gates and of what comes up."""
    n, hidden = opened.shape
    for i in range(n):
        gates, up = gate_up[i, :hidden], gate_up[i, hidden:]
        of_gates, of_up = of_gate_up[i, :hidden], of_gate_up[i, hidden:]
        share, given = opened[i], of_gated[i]
        for j in range(hidden):
            through = given[j] * share[j]
            of_gates[j] = through * up[j] * (_ONE + gates[j] * (_ONE - share[j]))
            of_up[j] = through * gates[j]
