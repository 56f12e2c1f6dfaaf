"""The device that models compute on."""

from __future__ import annotations

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


def gpu_name() -> str:
    """Returns the first GPU's name and memory, or nothing where there is none."""
    if not torch.cuda.is_available():
        return ""
    properties = torch.cuda.get_device_properties(0)
    return f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"


def use_one_thread() -> None:
    """Makes torch compute on one core, where tasks share cores and not threads."""
    torch.set_num_threads(1)
