"""Adapters as folders of `peft`: what other tools write and read."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peft
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import PreTrainedModel

from arc.errors import ConfigError, DataError
from lm.causal.adapter import AdaptedModel, Adapter, Shape

_CONFIG = "adapter_config.json"
_TENSORS = "adapter_model.safetensors"


def write_adapter(folder: Path, adapter: Adapter, shape: Shape, base_name: str) -> None:
    """Writes an adapter for a base of this name or local path."""
    modules = shape.target_modules
    config = peft.LoraConfig(
        task_type="CAUSAL_LM",
        base_model_name_or_path=base_name,
        r=shape.rank,
        lora_alpha=shape.alpha,
        target_modules=modules if isinstance(modules, str) else [*modules],
        use_rslora=shape.rank_stabilized,
        inference_mode=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(str(folder))
    tensors = {name: tensor.cpu().contiguous() for name, tensor in adapter.tensors.items()}
    save_file(tensors, folder / _TENSORS, metadata={"format": "pt"})


def read_adapter(folder: Path, model: AdaptedModel, base_name: str) -> Adapter:
    """Returns the adapter in a folder, if it is one for this model and of its shape.

    Raises:
        DataError: There is no adapter to read.
        ConfigError: Says in one line all that differs.
    """
    try:
        found = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        tensors = load_file(folder / _TENSORS)
    except (OSError, ValueError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{folder}: no adapter of peft can be read: {reason}") from None
    differences = [*_differences(found, model.shape, base_name), *_misfits(tensors, model)]
    if differences:
        raise ConfigError(f"{folder}: the adapter does not fit: {'; '.join(differences)}")
    return Adapter({name: tensors[name].float() for name in model.shapes})


def merge_adapter(base: PreTrainedModel, folder: Path) -> PreTrainedModel:
    """Returns the base with the adapter in a folder added to its weights for good.

    Raises:
        DataError: There is no adapter to read, or it is for another model.
    """
    if not (folder / _CONFIG).is_file():
        raise DataError(f"{folder}: no adapter there; a folder with {_CONFIG} expected")
    try:
        with warnings.catch_warnings():
            # peft 0.21 asks transformers 5 for a property under its old name.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            adapted = peft.PeftModel.from_pretrained(base, str(folder))
            merged: PreTrainedModel = adapted.merge_and_unload(safe_merge=True)
    except (OSError, KeyError, RuntimeError, SafetensorError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{folder}: the adapter can't be merged: {reason}") from None
    return merged


def _differences(found: dict[str, Any], shape: Shape, base_name: str) -> Iterator[str]:
    """Yields how a folder's configuration differs from what is configured here."""
    if found.get("peft_type") != "LORA":
        yield f"it is of type {found.get('peft_type')}, not LORA"
        return
    of_base = str(found.get("base_model_name_or_path") or "")
    # A hub's name and a local path agree in their last parts.
    if of_base and Path(of_base).name.lower() != Path(base_name).name.lower():
        yield f"it is for the base {of_base}, and the model is {base_name}"
    expected = {
        "r": shape.rank,
        "lora_alpha": shape.alpha,
        "use_rslora": shape.rank_stabilized,
        "bias": "none",
        "use_dora": False,
    }
    for key, value in expected.items():
        if found.get(key, value) != value:
            yield f"{key} is {found[key]}, {value} expected"
    for key in ("modules_to_save", "rank_pattern", "alpha_pattern"):
        if found.get(key):
            yield f"{key} is set, which is not supported"


def _misfits(tensors: dict[str, Tensor], model: AdaptedModel) -> Iterator[str]:
    """Yields which layers have an adapter in one place only, and wrong shapes."""
    expected = model.shapes
    for name in sorted(tensors.keys() - expected.keys())[:1]:
        n = len(tensors.keys() - expected.keys())
        yield f"target_modules: {n} tensors are for other layers, such as {name}"
    for name in sorted(expected.keys() - tensors.keys())[:1]:
        n = len(expected.keys() - tensors.keys())
        yield f"target_modules: {n} tensors are missing, such as {name}"
    for name in sorted(expected.keys() & tensors.keys()):
        if tuple(tensors[name].shape) != expected[name]:
            yield f"{name} is of shape {tuple(tensors[name].shape)}, {expected[name]} expected"
            return
