"""How many workers a machine takes, and which engine has them."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from arc.candidate import CANDIDATES
from arc.errors import ConfigError
from ensemble.run.local_engine import LocalEngine
from ensemble.run.run import OpenEngine
from ensemble.settings import Settings
from ensemble.terminal import free_memory, n_cores

ENGINES = ("local", "ray")

_WORKER = 350 << 20
_STAGES = {"induction": 350 << 20, "sampling": 450 << 20, "transduction": 450 << 20, CANDIDATES: 0}
"""Bytes of a worker: its interpreter, and what a stage adds at its largest (`LOG.md`)."""
_PLUGIN = 450 << 20
"""What a plugged-in solver is taken to add; nobody here can know."""
_COPIES = 1.6
"""What a causal model takes, as a multiple of its files: weights, an adapter, and activations."""


@dataclass(frozen=True, slots=True)
class Crew:
    """The workers of a run.

    Attributes:
        n_workers: How many; 0 where the engine decides.
        open_engine: Makes them.
        reason: Why there are no more of them, for the user; or empty.
    """

    n_workers: int
    open_engine: OpenEngine
    reason: str = ""


def crew_of(
    engine: str, address: str, n_workers: int, settings: Settings, stages: Sequence[str]
) -> Crew:
    """Returns the workers that were asked for, or as many as there is room for.

    Args:
        engine: `local` or `ray`.
        address: That of a Ray cluster, or empty for what `RAY_ADDRESS` says.
        n_workers: How many workers; 0 for what cores and memory allow.
        settings: What they load.
        stages: The stages they will be at.

    Raises:
        ConfigError: There is no such engine.
        MissingExtraError: Ray is not installed.
    """
    if n_workers < 0:
        raise ConfigError(f"--workers {n_workers}: a number from 0 expected")
    if engine == "ray":
        from ensemble.run.ray_engine import RayEngine, check_installed

        check_installed()
        memory = 0 if n_workers else memory_of_worker(settings, stages)
        return Crew(n_workers, functools.partial(RayEngine, address=address, memory=memory))
    if engine != "local":
        raise ConfigError(f"--engine {engine}: one of {', '.join(ENGINES)} expected")
    if address:
        raise ConfigError("--ray-address needs --engine ray")
    if n_workers:
        return Crew(n_workers, LocalEngine)
    most = n_cores()
    need, free = memory_of_worker(settings, stages), free_memory()
    fitting = most if free is None else max(1, free // need)
    if fitting >= most:
        return Crew(most, LocalEngine)
    shown = f"{(free or 0) / 1e9:.1f} GB are free and a worker needs about {need / 1e9:.1f}"
    return Crew(fitting, LocalEngine, f"{fitting} of {most} processors are used: {shown}")


def memory_of_worker(settings: Settings, stages: Sequence[str]) -> int:
    """Returns about how many bytes a worker needs."""
    need = _WORKER + sum(_STAGES.get(stage, _PLUGIN) for stage in stages)
    models = [("sampling", settings.writer.settings)]
    models += [("transduction", table) for table in settings.model.tables.values()]
    for stage, of_model in models:
        folder = of_model.get("model")
        if stage in stages and folder and Path(folder).is_dir():
            weights = [*Path(folder).glob("*.safetensors"), *Path(folder).glob("*.gguf")]
            need += int(_COPIES * sum(path.stat().st_size for path in weights))
    return need
