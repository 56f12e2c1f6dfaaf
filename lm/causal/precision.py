"""Which number format a base is computed in where that is left open."""

from __future__ import annotations

from pathlib import Path

import torch

AUTO = "auto"


def choose_dtype(dtype: str, device: torch.device, cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Returns the named format; `auto` is bfloat16 where the device multiplies in it.

    A processor that has to emulate bfloat16 is slower in it than in float32.
    """
    if dtype != AUTO:
        return dtype
    if device.type == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16"
    return "bfloat16" if _cpu_has_bfloat16(cpuinfo) else "float32"


def _cpu_has_bfloat16(cpuinfo: Path) -> bool:
    try:
        text = cpuinfo.read_text()
    except OSError:  # not Linux
        return False
    flags = next((line.split() for line in text.splitlines() if line.startswith("flags")), [])
    return bool({"avx512_bf16", "amx_bf16"} & set(flags))
