"""Attention over several texts in one row, each of which sees itself alone.

A row of texts one after the other has no padding. Each text goes through the attention kernel by
itself, so the row costs what its texts cost apart and none sees another: no mask as large as the
square of the row is made, and kernels for plain causal attention apply.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from arc.errors import ConfigError

_NAME = "arc_packed"


def can_pack(base: PreTrainedModel) -> bool:
    """Whether a model lets its attention be chosen by name."""
    return bool(getattr(base, "_supports_attention_backend", False))


@contextmanager
def packed_rows(base: PreTrainedModel) -> Iterator[None]:
    """Lets a model take packed rows: pass `text_lengths` beside one row of tokens.

    Position ids must start anew at each text. Passes with a cache are not meant.
    """
    before = base.config._attn_implementation
    base.config._attn_implementation = _NAME
    try:
        yield
    finally:
        base.config._attn_implementation = before


def _attend(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    text_lengths: Sequence[int] = (),
    sliding_window: int | None = None,
    **options: Any,
) -> tuple[Tensor, None]:
    """Returns the attention of each text, joined: (1, tokens, heads, width)."""
    if not text_lengths:
        raise ConfigError(
            f"packed: {type(module).__name__} does not hand on where texts begin; set it to false"
        )
    parts = []
    lengths = list(text_lengths)
    texts = (torch.split_with_sizes(whole, lengths, 2) for whole in (query, key, value))
    for q, k, v in zip(*texts, strict=True):
        mask = _window(q.shape[2], sliding_window, q.device)
        parts.append(sdpa_attention_forward(module, q, k, v, mask, **options)[0])
    return torch.cat(parts, dim=1), None


def _window(length: int, width: int | None, device: torch.device) -> Tensor | None:
    """Returns a causal mask in which no token sees `width` back, where that makes a difference."""
    if width is None or length <= width:
        return None
    full = torch.ones(length, length, dtype=torch.bool, device=device)
    return (full.tril() & full.triu(1 - width))[None, None]


AttentionInterface.register(_NAME, _attend)
