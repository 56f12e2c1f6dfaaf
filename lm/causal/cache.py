"""Texts on their way through a model, with the keys and values of what was read."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers.cache_utils import Cache, DynamicLayer

from lm.causal.batch import PADDING
from lm.meter import count

Tokens = Sequence[int]
_ROOM = 128


class _GrowingLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """One layer's keys and values, in buffers with room to grow.

    `DynamicLayer` copies all it holds for each token read, which for long prompts takes longer than
    the model's own work. Here a token is written in its place.
    """

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Returns all keys and values, the given ones last."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
            self._buffers = [states[..., :0, :] for states in (key_states, value_states)]
        start = self.get_seq_length()
        end = start + key_states.shape[-2]
        for i, states in enumerate((key_states, value_states)):
            if end > self._buffers[i].shape[-2]:
                self._buffers[i] = _enlarged(self._buffers[i], start, end + _ROOM + end // 8)
            self._buffers[i][..., start:end, :] = states
        self.keys, self.values = (buffer[..., :end, :] for buffer in self._buffers)
        return self.keys, self.values

    def batch_select_indices(self, indices: Tensor) -> None:
        """Keeps these rows, in this order; a row may be named twice."""
        length = self.get_seq_length()
        self._buffers = [buffer[..., :length, :][indices] for buffer in self._buffers]
        self.keys, self.values = self._buffers


def _enlarged(buffer: Tensor, length: int, capacity: int) -> Tensor:
    *outer, _, width = buffer.shape
    larger = buffer.new_empty(*outer, capacity, width)
    larger[..., :length, :] = buffer[..., :length, :]
    return larger


class Reader:
    """A batch of texts that a model reads bit by bit, each continued by tokens of its own.

    Rows are padded on the left of every bit, so texts of different lengths go on together; what
    one row holds never changes what another gets, but for the last bits of a number.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._device = next(model.parameters()).device
        self._cache_name = _cache_name(model)
        self._cache = Cache(layer_class_to_replicate=_GrowingLayer)
        self._lengths: list[int] = []
        self._mask: Tensor | None = None
        self._length = 0

    @property
    def lengths(self) -> list[int]:
        """How many tokens each row holds, padding not counted."""
        return list(self._lengths)

    def read(self, texts: Sequence[Tokens], *, every: bool = False) -> Tensor:
        """Reads a bit of each row, at least one token long.

        Returns:
            Logits of what follows the last token, (rows, vocabulary); with `every` of what follows
            each, (rows, longest, vocabulary), aligned at their ends.
        """
        if not self._lengths:
            self._lengths = [0] * len(texts)
        longest = max(map(len, texts))
        tokens = torch.full((len(texts), longest), PADDING)
        positions = torch.zeros_like(tokens)
        mask = torch.zeros_like(tokens)
        for i, (text, held) in enumerate(zip(texts, self._lengths, strict=True)):
            n = len(text)
            tokens[i, longest - n :] = torch.tensor(text)
            positions[i, longest - n :] = torch.arange(held, held + n)
            mask[i, longest - n :] = 1
        has_gaps = min(map(len, texts)) < longest
        self._extend_mask(mask, has_gaps=has_gaps)
        self._lengths = [held + len(t) for held, t in zip(self._lengths, texts, strict=True)]
        self._length += longest
        logits: Tensor = self._model(
            input_ids=tokens.to(self._device),
            attention_mask=self._mask,
            position_ids=positions.to(self._device),
            use_cache=True,
            logits_to_keep=0 if every else 1,
            **{self._cache_name: self._cache},
        ).logits
        return logits if every else logits[:, -1]

    def select(self, rows: Sequence[int]) -> None:
        """Keeps these rows, in this order; a row may be named twice."""
        if list(rows) == list(range(len(self._lengths))):
            return
        indices = torch.tensor(rows, device=self._device)
        self._cache.batch_select_indices(indices)
        self._lengths = [self._lengths[row] for row in rows]
        if self._mask is not None:
            self._mask = self._mask[indices]

    def crop(self, n_tokens: int) -> None:
        """Forgets the last tokens of every row; the bits they came in had no padding."""
        if not n_tokens:
            return
        self._cache.crop(-n_tokens)
        self._lengths = [length - n_tokens for length in self._lengths]
        self._length -= n_tokens
        if self._mask is not None:
            self._mask = self._mask[:, : self._length]

    def row(self, index: int) -> Reader:
        """Returns a copy of one row without its padding, which goes on by itself."""
        alone = Reader(self._model)
        alone._lengths = [self._lengths[index]]
        alone._length = self._lengths[index]
        kept = slice(None) if self._mask is None else self._mask[index].bool()
        for i, layer in enumerate(self._cache.layers):
            assert isinstance(layer, _GrowingLayer)
            assert layer.keys is not None
            assert layer.values is not None
            keys, values = (part[index : index + 1, :, kept] for part in (layer.keys, layer.values))
            alone._cache.update(keys, values, i)
        return alone

    def _extend_mask(self, bit: Tensor, *, has_gaps: bool) -> None:
        """No mask is kept while there is no padding: plain causal attention is faster."""
        if self._mask is None and not has_gaps:
            return
        if self._mask is None:
            self._mask = bit.new_ones(len(bit), self._length).to(self._device)
        self._mask = torch.cat([self._mask, bit.to(self._device)], dim=1)


def _cache_name(model: nn.Module) -> str:
    """Returns what a model calls the keys and values it is given.

    `transformers` renamed them in its version 5.24 and warns where the old name is used.
    """
    return "cache" if "cache" in inspect.signature(model.forward).parameters else "past_key_values"


def open_texts(model: nn.Module, texts: Sequence[Tokens]) -> tuple[Reader, Tensor]:
    """Returns a reader that has read the texts, and the logits of what follows each.

    What several texts have in common at their beginnings is read once.
    """
    count(read=sum(map(len, texts)))
    prefixes, owners = shared_prefixes(texts)
    reader = Reader(model)
    if len(prefixes) == len(texts):
        return reader, reader.read(texts)
    reader.read(prefixes)
    reader.select(owners)
    rests = [text[len(prefixes[owner]) :] for text, owner in zip(texts, owners, strict=True)]
    return reader, reader.read(rests)


def shared_prefixes(texts: Sequence[Tokens]) -> tuple[list[Tokens], list[int]]:
    """Returns beginnings that texts share, and for each text the index of its own.

    In sorted order, a text joins the beginning before it if it has half its tokens in common with
    it. Of every text at least the last token is left.
    """
    prefixes: list[Tokens] = []
    owners = [0] * len(texts)
    for i in sorted(range(len(texts)), key=lambda i: tuple(texts[i])):
        text = texts[i]
        n = _n_common(prefixes[-1], text[:-1]) if prefixes else 0
        if prefixes and 2 * n >= len(text):
            prefixes[-1] = text[:n]
        else:
            prefixes.append(text[:-1])
        owners[i] = len(prefixes) - 1
    return prefixes, owners


def _n_common(first: Tokens, second: Tokens) -> int:
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a != b:
            return i
    return min(len(first), len(second))
