"""Adapters: low-rank weights beside the frozen base, one set of them loaded at a time."""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import peft
import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from arc.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Adapter:
    """The low-rank weights of one task, apart from any model.

    Attributes:
        tensors: By parameter name; empty stands for the base as it is.
        n_dropped: Examples that were too long to be trained on.
    """

    tensors: dict[str, Tensor]
    n_dropped: int = 0


class AdaptedModel:
    """A base model with room for one adapter.

    The base is never written to: adapters are added to its layers' outputs, not merged into
    their weights, so the base stays the same to the bit whatever was trained.
    """

    def __init__(
        self,
        base: PreTrainedModel,
        *,
        rank: int,
        alpha: int,
        target_modules: str | tuple[str, ...],
        rank_stabilized: bool,
    ) -> None:
        config = peft.LoraConfig(
            task_type="CAUSAL_LM",
            r=rank,
            lora_alpha=alpha,
            target_modules=target_modules if isinstance(target_modules, str) else [*target_modules],
            use_rslora=rank_stabilized,
            lora_dropout=0.0,
            bias="none",
        )
        try:
            with warnings.catch_warnings():
                # peft 0.21 asks transformers 5 for a property under its old name.
                warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
                self._model = peft.get_peft_model(base, config)
        except ValueError as error:
            raise ConfigError(f"target_modules: {' '.join(str(error).split())}") from None
        self._model.eval()
        self._parameters: dict[str, nn.Parameter] = {
            name: parameter
            for name, parameter in self._model.named_parameters()
            if parameter.requires_grad
        }
        self._loaded: Adapter | None = None

    @property
    def parameters(self) -> list[nn.Parameter]:
        """The adapter's weights, those that training changes."""
        return list(self._parameters.values())

    def reset(self, rng: random.Random) -> nn.Module:
        """Returns the model with a fresh adapter to train, which as yet changes no output."""
        generator = torch.Generator().manual_seed(rng.getrandbits(63))
        self._loaded = None
        for name, parameter in self._parameters.items():
            fresh = torch.zeros(parameter.shape)
            if "_B." not in name:  # the second factor, lora_B or lora_embedding_B, starts at zero
                nn.init.kaiming_uniform_(fresh, a=math.sqrt(5), generator=generator)
            with torch.no_grad():
                parameter.copy_(fresh)
        module: nn.Module = self._model
        return module

    def snapshot(self, n_dropped: int = 0) -> Adapter:
        """Returns a copy of the weights as they are."""
        tensors = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._loaded = Adapter(tensors, n_dropped)
        return self._loaded

    @contextmanager
    def using(self, adapter: Adapter | None) -> Iterator[nn.Module]:
        """Gives the model with an adapter, or the base alone."""
        if adapter is None or not adapter.tensors:
            with self._model.disable_adapter():
                yield self._model
            return
        self._load(adapter)
        yield self._model

    def save(self, adapter: Adapter, folder: Path) -> None:
        """Writes an adapter as `peft` and the engines that read its folders expect it."""
        with self.using(adapter):
            self._model.save_pretrained(str(folder), save_embedding_layers=False)

    def _load(self, adapter: Adapter) -> None:
        if adapter is self._loaded:
            return
        assert adapter.tensors.keys() == self._parameters.keys(), "an adapter of another model"
        with torch.no_grad():
            for name, parameter in self._parameters.items():
                parameter.copy_(adapter.tensors[name])
        self._loaded = adapter
