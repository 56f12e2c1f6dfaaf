"""What the blocks of the embedded model compute beside matrix products and attention.

Three functions: normalization, heads made ready for attention, gating. In single precision on a
processor each is one compiled pass (`lm/embedded/kernels.py`), forward and backward; on a GPU and
in bfloat16 it is plain `torch`, which the kernels are held against in the tests.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from lm.embedded import kernels

Rotation = tuple[Tensor, Tensor]
"""Cosines and sines, each (batch, 1, length, half a head's width)."""


def normalized(hidden: Tensor, weight: Tensor) -> Tensor:
    """Returns the channels divided by the root of their mean square, times the weights."""
    if not _is_compiled(hidden):
        return functional.rms_norm(hidden, weight.shape, weight)
    found: Tensor = _Normalized.apply(hidden, weight)  # type: ignore[no-untyped-call]
    return found


def heads_of(projected: Tensor, gain: Tensor, rotation: Rotation) -> tuple[Tensor, Tensor, Tensor]:
    """Returns queries, keys and values, each (batch, heads, length, head width).

    `projected` is (batch, length, 3 * width), queries first. Queries and keys are normalized head
    by head and turned by the rotary positions; queries are multiplied by `gain`, (heads, 1, 1).
    """
    if _is_compiled(projected):
        queries, keys, values = _Heads.apply(projected, gain, *rotation)  # type: ignore[no-untyped-call]
        return queries, keys, values
    batch, length, _ = projected.shape
    split = projected.view(batch, length, 3, gain.shape[0], -1)
    queries, keys, values = split.permute(2, 0, 3, 1, 4)
    queries = _turned(_normalized_heads(queries) * gain.to(queries.dtype), rotation)
    return queries, _turned(_normalized_heads(keys), rotation), values


def gated(gate_up: Tensor) -> Tensor:
    """Returns the second half of the channels, let through by the SiLU of the first half."""
    if _is_compiled(gate_up):
        found: Tensor = _Gated.apply(gate_up)  # type: ignore[no-untyped-call]
        return found
    gate, up = gate_up.chunk(2, dim=-1)
    return functional.silu(gate) * up


def _is_compiled(tensor: Tensor) -> bool:
    return tensor.device.type == "cpu" and tensor.dtype == torch.float32


def _normalized_heads(heads: Tensor) -> Tensor:
    return functional.rms_norm(heads, (heads.shape[-1],))


def _turned(heads: Tensor, rotation: Rotation) -> Tensor:
    cosine, sine = rotation
    first, second = heads.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


def _rows(tensor: Tensor) -> kernels.Floats:
    """Returns all but the last axis as one, (rows, channels)."""
    return _array(tensor.reshape(-1, tensor.shape[-1]))


def _array(tensor: Tensor) -> kernels.Floats:
    found: kernels.Floats = tensor.detach().contiguous().numpy()
    return found


class _Normalized(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, hidden: Tensor, weight: Tensor) -> Tensor:
        normed = torch.empty(hidden.shape)
        scales = torch.empty(hidden.shape[:-1])
        kernels.normalize(_rows(hidden), _array(weight), _rows(normed), scales.view(-1).numpy())
        ctx.save_for_backward(hidden, weight, scales)
        return normed

    @staticmethod
    def backward(ctx: Any, of_normed: Tensor) -> tuple[Tensor, Tensor]:
        hidden, weight, scales = ctx.saved_tensors
        of_hidden, of_weight = torch.empty(hidden.shape), torch.zeros(weight.shape)
        kernels.normalize_backward(
            *(_rows(hidden), _array(weight), scales.view(-1).numpy(), _rows(of_normed)),
            *(_rows(of_hidden), of_weight.numpy()),
        )
        return of_hidden, of_weight


class _Heads(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, projected: Tensor, gain: Tensor, cosine: Tensor, sine: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        batch, length, channels = projected.shape
        heads = gain.shape[0]
        turned = torch.empty(2, batch, heads, length, channels // 3 // heads)
        scales = torch.empty(2, batch, heads, length)
        gains = torch.stack([gain.view(-1), torch.ones(heads)])
        turning = _array(cosine[:, 0]), _array(sine[:, 0])
        for i in range(2):
            kernels.turn_heads(
                *(_array(projected), i * channels // 3, _array(gains[i]), *turning),
                *(turned[i].numpy(), scales[i].numpy()),
            )
        values = projected[..., 2 * channels // 3 :].view(batch, length, heads, -1)
        ctx.save_for_backward(projected, gains, cosine, sine, scales)
        return turned[0], turned[1], values.transpose(1, 2).contiguous()

    @staticmethod
    def backward(
        ctx: Any, of_queries: Tensor, of_keys: Tensor, of_values: Tensor
    ) -> tuple[Tensor, Tensor, None, None]:
        projected, gains, cosine, sine, scales = ctx.saved_tensors
        batch, length, channels = projected.shape
        of_projected, of_gains = torch.empty(projected.shape), torch.zeros(gains.shape)
        turning = _array(cosine[:, 0]), _array(sine[:, 0])
        for i, of_turned in enumerate((of_queries, of_keys)):
            kernels.turn_heads_backward(
                *(_array(projected), i * channels // 3, _array(gains[i]), *turning),
                *(scales[i].numpy(), _array(of_turned)),
                *(of_projected.numpy(), of_gains[i].numpy()),
            )
        place = of_projected[..., 2 * channels // 3 :].view(batch, length, gains.shape[1], -1)
        place.copy_(of_values.transpose(1, 2))
        return of_projected, of_gains[0].view(-1, 1, 1), None, None


class _Gated(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        hidden = gate_up.shape[-1] // 2
        opened = torch.sigmoid(gate_up[..., :hidden]).contiguous()
        found = torch.empty(opened.shape)
        kernels.gate(_rows(gate_up), _rows(opened), _rows(found))
        ctx.save_for_backward(gate_up, opened)
        return found

    @staticmethod
    def backward(ctx: Any, of_found: Tensor) -> Tensor:
        gate_up, opened = ctx.saved_tensors
        of_gate_up = torch.empty(gate_up.shape)
        kernels.gate_backward(_rows(gate_up), _rows(opened), _rows(of_found), _rows(of_gate_up))
        return of_gate_up
