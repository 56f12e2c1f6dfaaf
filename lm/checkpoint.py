"""Checkpoints of trainings: written in one step, and read with errors of one line."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping, Sequence, Set
from pathlib import Path
from typing import Any

import torch

from arc.errors import ConfigError, DataError


def write_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Writes a state; a reader finds the old file or the new one, never half."""
    partial = path.with_name(f"{path.name}.partial")
    torch.save(dict(state), partial)
    partial.replace(path)


def read_checkpoint(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Returns a state: tensors, numbers and texts, for nothing else is loaded.

    Raises:
        DataError: The file is missing, cut short or something else.
    """
    if not zipfile.is_zipfile(path):
        raise DataError(f"{path}: no checkpoint can be read: it is cut short or something else")
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True, map_location=device)
    except (OSError, RuntimeError, ValueError, pickle.UnpicklingError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{path}: no checkpoint can be read: {reason}") from None
    return state


def changed(theirs: Mapping[str, Any], own: Mapping[str, Any], free: Set[str]) -> list[str]:
    """Returns a text for each setting that is not what it was, those in `free` aside."""
    return [
        f"{name} was {theirs.get(name)} and is {value}"
        for name, value in own.items()
        if name not in free and theirs.get(name) != value
    ]


def refuse_another(path: Path, differing: Sequence[str]) -> None:
    """Raises `ConfigError` where a checkpoint is of another training than the one going on."""
    if differing:
        raise ConfigError(f"{path}: {'; '.join(differing)}; take another --out, or go on alike")
