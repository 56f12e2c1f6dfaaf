"""The device that models compute on."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from arc.errors import ConfigError


def choose_device(device: str) -> torch.device:
    """Returns the named device; `auto` is a GPU if there is one."""
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
    except RuntimeError:
        raise ConfigError(f"device: {device!r} is none; try auto, cpu or cuda:0") from None
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"device: {device!r}, but no GPU can be used here; try auto or cpu")
    return chosen


def mixed_precision(device: torch.device) -> torch.autocast:
    """Returns a context in which products are in bfloat16, where the device is faster at these.

    Weights, and what the layers add up, stay in float32. Elsewhere the context changes nothing.
    """
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device.type))


@cache
def has_bfloat16(kind: str) -> bool:
    """Whether devices of this kind (`cpu`, `cuda`) have instructions for products in bfloat16.

    Without them a processor is many times slower than in float32.
    """
    if kind != "cpu":
        return True
    # Older versions of torch do not tell: then float32, which is right everywhere.
    found: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))


def as_multiplied(tensor: torch.Tensor) -> torch.Tensor:
    """Returns the tensor in the precision of products, cast once instead of at each of them."""
    kind = tensor.device.type
    if not (torch.amp.is_autocast_available(kind) and torch.is_autocast_enabled(kind)):
        return tensor
    return tensor.to(torch.get_autocast_dtype(kind))


def gpu_name() -> str:
    """Returns the first GPU's name and memory, or nothing where there is none."""
    if not torch.cuda.is_available():
        return ""
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"


def use_one_thread() -> None:
    """Makes torch compute on one core, where tasks share cores and not threads."""
    torch.set_num_threads(1)
