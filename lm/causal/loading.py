"""Base models and tokenizers from local folders; the hub is asked only where settings allow it."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    BitsAndBytesConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from arc.errors import DataError, MissingExtraError
from lm.device import choose_device

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}
QUANTIZATIONS = ("", "4bit")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def load_base(
    model: str,
    gguf_file: str,
    dtype: str,
    device: str,
    *,
    quantization: str = "",
    allow_download: bool = False,
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Returns a model and its tokenizer.

    Args:
        model: A folder as `save_pretrained` writes it, or any that holds the GGUF file; or the id
            of a model of the hub.
        gguf_file: The name of a GGUF file in the folder, which is dequantized; empty for none.
        dtype: A key of `DTYPES`.
        device: As `torch.device` takes it, or `auto` for a GPU if there is one.
        quantization: One of `QUANTIZATIONS`; `4bit` needs bitsandbytes.
        allow_download: Whether the hub may be asked.
    """
    _check(model, gguf_file, allow_download)
    place = choose_device(device)
    options: dict[str, Any] = {"local_files_only": not allow_download, "trust_remote_code": False}
    if gguf_file:
        options["gguf_file"] = gguf_file
    weights: dict[str, Any] = {"dtype": DTYPES[dtype]}
    if quantization:
        weights |= {"quantization_config": four_bits(dtype), "device_map": {"": place}}
    if not allow_download:  # every worker would draw a bar of its own into the run's
        quiet: Any = logging.disable_progress_bar
        quiet()
    try:
        tokenizer = AutoTokenizer.from_pretrained(model, **options)
        base: Any = AutoModelForCausalLM.from_pretrained(model, **weights, **options)
    except (ImportError, KeyError, OSError, RuntimeError, SafetensorError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{model}: no causal language model can be loaded: {reason}") from None
    return (base if quantization else base.to(place)).eval(), tokenizer


def four_bits(dtype: str) -> BitsAndBytesConfig:
    """Returns how a base is quantized to four bits, as QLoRA does; sums are made in `dtype`."""
    if importlib.util.find_spec("bitsandbytes") is None:
        raise MissingExtraError(
            "quantization = '4bit' needs the package bitsandbytes: pip install bitsandbytes"
        )
    config: Any = BitsAndBytesConfig
    made: BitsAndBytesConfig = config(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=DTYPES[dtype],
    )
    return made


def copy_tokenizer(source: Path, gguf_file: str, folder: Path) -> None:
    """Writes the tokenizer of a folder, or of a GGUF file in it, to another folder."""
    options = {"gguf_file": gguf_file} if gguf_file else {}
    tokenizer = AutoTokenizer.from_pretrained(str(source), local_files_only=True, **options)
    tokenizer.save_pretrained(str(folder))


def _check(model: str, gguf_file: str, allow_download: bool) -> None:
    folder = Path(model)
    if not folder.is_dir():
        is_id = _HUB_ID.fullmatch(model) is not None
        if is_id and allow_download:
            return
        hint = (
            f"if it is a model of the hub, fetch it with `hf download {model} --local-dir FOLDER` "
            "and name FOLDER, or set allow_download = true"
            if is_id
            else "the folder of a model, or the id of one of the hub, expected"
        )
        raise DataError(f"{model}: no such folder; {hint}")
    if not gguf_file:
        return
    if not (folder / gguf_file).is_file():
        raise DataError(f"{folder / gguf_file}: no such file")
    if importlib.util.find_spec("gguf") is None:
        raise MissingExtraError("reading a GGUF file needs the package gguf: pip install gguf")
