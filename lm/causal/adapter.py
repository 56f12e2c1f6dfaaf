"""Adapters: low-rank weights beside a frozen base, any number of which work in one pass.

Hooks add an adapter's share to the outputs of the layers it is for, so the base is never written
to: it stays the same to the bit whatever was trained, and changing the adapter costs nothing. The
tokens of a pass may belong to several tasks. Then the base's products are made once, for all of
them, and each task's tokens go through that task's low-rank weights alone.

The weights are named and shaped as in the folders of `peft` (`lm.causal.folder`), which is not used
for the passes themselves: it serves one adapter at a time and keeps its products in float32.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import PreTrainedModel
from transformers.pytorch_utils import Conv1D

from arc.errors import ConfigError

Factors = Mapping[str, Tensor]
"""Low-rank weights by the name that `peft` gives them in a folder."""

_PREFIX = "base_model.model."


@dataclass(frozen=True, slots=True)
class Adapter:
    """The low-rank weights of one task, apart from any model.

    Attributes:
        tensors: By name; empty stands for the base as it is.
        n_dropped: Examples that were too long to be trained on.
    """

    tensors: Factors
    n_dropped: int = 0


@dataclass(frozen=True, slots=True)
class Shape:
    """What adapters look like.

    Attributes:
        rank: Rank of the product.
        alpha: Its scale, divided by the rank.
        rank_stabilized: Whether to divide by the root of the rank instead.
        target_modules: Names of the layers that get an adapter, or a regular expression.
    """

    rank: int
    alpha: int
    rank_stabilized: bool
    target_modules: str | tuple[str, ...]

    @property
    def scale(self) -> float:
        """What the product is multiplied by."""
        return self.alpha / (math.sqrt(self.rank) if self.rank_stabilized else self.rank)

    def covers(self, name: str) -> bool:
        """Whether a layer of this name gets an adapter."""
        if isinstance(self.target_modules, str):
            return re.fullmatch(self.target_modules, name) is not None
        return any(name == end or name.endswith("." + end) for end in self.target_modules)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A layer with an adapter: the names and shapes of the two factors."""

    first: str
    second: str
    n_in: int
    n_out: int
    is_embedding: bool

    @classmethod
    def of(cls, name: str, module: nn.Module) -> _Layer:
        if isinstance(module, nn.Embedding):
            kind, sizes = "lora_embedding_{}", (module.num_embeddings, module.embedding_dim)
        elif isinstance(module, Conv1D):
            kind, sizes = "lora_{}.weight", (module.nx, module.nf)
        elif isinstance(module, nn.Linear):
            kind, sizes = "lora_{}.weight", (module.in_features, module.out_features)
        else:
            raise ConfigError(
                f"target_modules: {name} is a {type(module).__name__}; adapters are for linear and "
                "embedding layers"
            )
        first, second = (f"{_PREFIX}{name}.{kind.format(factor)}" for factor in "AB")
        return cls(first, second, *sizes, isinstance(module, nn.Embedding))

    def fresh(self, rank: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Returns a random factor and one of zeros, whose product is zero."""
        first, second = torch.zeros(rank, self.n_in), torch.zeros(self.n_out, rank)
        if self.is_embedding:
            nn.init.normal_(second, generator=generator)
        else:
            nn.init.kaiming_uniform_(first, a=math.sqrt(5), generator=generator)
        return first, second

    def added(self, inputs: Tensor, output: Tensor, factors: Factors, scale: float) -> Tensor:
        """Returns the output, (n, out), with the product's share for inputs (n, in) or ids (n,)."""
        # In the base's precision; what is trained, and stays, is float32.
        first = factors[self.first].to(output.dtype)
        second = factors[self.second].to(output.dtype)
        if self.is_embedding:
            low = functional.embedding(inputs, first.t())
        else:
            low = functional.linear(inputs, first)
        return torch.addmm(output, low, second.t(), alpha=scale)


class AdaptedModel:
    """A base model whose passes may use adapters."""

    def __init__(self, base: PreTrainedModel, shape: Shape) -> None:
        """Freezes the base and finds the layers that adapters are for."""
        self.base: PreTrainedModel = base.requires_grad_(False).train(False)
        self.shape = shape
        named = {name: module for name, module in base.named_modules() if shape.covers(name)}
        if not named:
            raise ConfigError(f"target_modules: no layer is called {shape.target_modules!r}")
        self._layers = [_Layer.of(name, module) for name, module in named.items()]
        self._active: Sequence[Factors] = ()
        self._counts: Sequence[int] = ()
        for layer, module in zip(self._layers, named.values(), strict=True):
            module.register_forward_hook(self._hook(layer))

    @property
    def device(self) -> torch.device:
        """Where the base is."""
        device: torch.device = self.base.device
        return device

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """The names and shapes of an adapter's tensors."""
        rank = self.shape.rank
        return {
            name: sizes
            for layer in self._layers
            for name, sizes in (
                (layer.first, (rank, layer.n_in)),
                (layer.second, (layer.n_out, rank)),
            )
        }

    def fresh(self, rng: random.Random) -> dict[str, nn.Parameter]:
        """Returns the weights of a new adapter to train, which as yet changes no output."""
        generator = torch.Generator().manual_seed(rng.getrandbits(63))
        made: dict[str, nn.Parameter] = {}
        for layer in self._layers:
            first, second = layer.fresh(self.shape.rank, generator)
            made[layer.first] = nn.Parameter(first.to(self.device))
            made[layer.second] = nn.Parameter(second.to(self.device))
        return made

    @contextmanager
    def using(self, adapter: Adapter | None) -> Iterator[PreTrainedModel]:
        """Gives the base with an adapter for whatever is passed through, or without any."""
        if adapter is None or not adapter.tensors:
            active: list[Factors] = []
        else:
            dtype = self.base.dtype
            active = [{name: t.to(self.device, dtype) for name, t in adapter.tensors.items()}]
        with self.sharing(active, ()) as base:
            yield base

    @contextmanager
    def sharing(
        self, active: Sequence[Factors], counts: Sequence[int]
    ) -> Iterator[PreTrainedModel]:
        """Gives the base for a pass whose tokens belong to several adapters.

        The first `counts[0]` tokens of the batch, row by row, are for the first adapter, the next
        ones for the second. With one adapter all are for it, and there is nothing to count.
        """
        before = self._active, self._counts
        self._active, self._counts = active, counts
        try:
            yield self.base
        finally:
            self._active, self._counts = before

    def _hook(self, layer: _Layer) -> Any:
        def add(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor | None:
            if not self._active:
                return None
            scale = self.shape.scale
            flat_output = output.flatten(0, -2)
            flat_inputs = inputs[0].reshape(len(flat_output), *inputs[0].shape[output.ndim - 1 :])
            if len(self._active) == 1:
                whole = layer.added(flat_inputs, flat_output, self._active[0], scale)
                return whole.view_as(output)
            counts = list(self._counts)
            flat = (torch.split_with_sizes(whole, counts) for whole in (flat_inputs, flat_output))
            parts = zip(*flat, self._active, strict=True)
            return torch.cat([layer.added(x, y, f, scale) for x, y, f in parts]).view_as(output)

        return add
