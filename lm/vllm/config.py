"""Settings of a model that vLLM serves."""

from __future__ import annotations

from dataclasses import dataclass

from arc.errors import ConfigError
from lm.causal.config import CausalConfig

RANKS = (1, 8, 16, 32, 64, 128, 256, 320, 512)
"""The ranks an engine may have room for."""

SERVED_MODULES = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The layers an engine takes adapters of, by the names that folders of adapters give them."""


@dataclass(frozen=True, slots=True)
class VllmConfig(CausalConfig):
    """Settings of a causal model and its training, with those of the engine.

    So a configuration of a causal model becomes one for vLLM by its kind alone.

    Attributes:
        gpu_memory_utilization: Share of the device's memory for the engine: its copy of the base,
            the adapters in use and the cache of keys and values. Training takes from the rest.
        cache_gb: Memory of that cache, in GB; 0 for what the share leaves.
        max_loras: Adapters in use at a time.
        enforce_eager: Whether the engine compiles nothing: it starts sooner and is slower.
    """

    gpu_memory_utilization: float = 0.5
    cache_gb: float = 0.0
    max_loras: int = 1
    enforce_eager: bool = False

    def __post_init__(self) -> None:
        CausalConfig.__post_init__(self)  # slots leave `super()` without its class
        if not 0 < self.gpu_memory_utilization <= 1:
            raise ConfigError(
                f"gpu_memory_utilization: a share in 0..1 expected, "
                f"got {self.gpu_memory_utilization}"
            )
        if self.cache_gb < 0:
            raise ConfigError(f"cache_gb: 0 or more expected, got {self.cache_gb}")
        if self.max_loras < 1:
            raise ConfigError(f"max_loras: at least 1 expected, got {self.max_loras}")
        if self.quantization:
            raise ConfigError(
                f"quantization: {self.quantization!r} is not served by vLLM here; "
                "set it to '' or model.kind to causal"
            )
        if self.rank > RANKS[-1]:
            raise ConfigError(f"rank: vLLM takes at most {RANKS[-1]}, got {self.rank}")
        modules = self.target_modules
        if isinstance(modules, str):
            raise ConfigError("target_modules: vLLM needs a list of names, not an expression")
        unserved = [name for name in modules if name.split(".")[-1] not in SERVED_MODULES]
        if unserved:
            raise ConfigError(
                f"target_modules: vLLM serves no adapters of {', '.join(unserved)}; "
                f"it does of {', '.join(SERVED_MODULES)}"
            )

    @property
    def room_for_rank(self) -> int:
        """The least rank of an engine's adapters that this rank fits."""
        return next(rank for rank in RANKS if rank >= self.rank)
