"""Base models and tokenizers from local folders; nothing is ever fetched."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from arc.errors import ConfigError, DataError, MissingExtraError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def load_base(
    folder: Path, gguf_file: str, dtype: str, device: str
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Returns the model and the tokenizer in a folder.

    Args:
        folder: As `save_pretrained` writes it, or any that holds the GGUF file.
        gguf_file: The name of a GGUF file in the folder, which is dequantized; empty for none.
        dtype: A key of `DTYPES`.
        device: As `torch.device` takes it, or `auto` for a GPU if there is one.
    """
    _check(folder, gguf_file)
    place = choose_device(device)
    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
    if gguf_file:
        options["gguf_file"] = gguf_file
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
        model: Any = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=DTYPES[dtype], **options
        )
    except (ImportError, KeyError, OSError, RuntimeError, SafetensorError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{folder}: no causal language model can be loaded: {reason}") from None
    return model.to(place).eval(), tokenizer


def copy_tokenizer(source: Path, gguf_file: str, folder: Path) -> None:
    """Writes the tokenizer of a folder, or of a GGUF file in it, to another folder."""
    options = {"gguf_file": gguf_file} if gguf_file else {}
    tokenizer = AutoTokenizer.from_pretrained(str(source), local_files_only=True, **options)
    tokenizer.save_pretrained(str(folder))


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


def _check(folder: Path, gguf_file: str) -> None:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; models are read from local folders only")
    if not gguf_file:
        return
    if not (folder / gguf_file).is_file():
        raise DataError(f"{folder / gguf_file}: no such file")
    if importlib.util.find_spec("gguf") is None:
        raise MissingExtraError("reading a GGUF file needs the package gguf: pip install gguf")
