"""Where concrete classes are chosen: from settings to solvers.

A stage is one solver over all tasks. Building a stage's solver may load a model or open a sandbox,
so it happens once per worker, when its first task comes.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from arc.candidate import Candidate
from arc.errors import ConfigError
from arc.solver import Solver
from arc.task import Task
from ensemble.settings import Mode, Settings, checked

if TYPE_CHECKING:
    from lm.protocol import LanguageModel

STAGES: Mapping[Mode, tuple[str, ...]] = {
    "ensemble": ("induction", "transduction"),
    "induction": ("induction",),
    "transduction": ("transduction",),
}


class Workbench:
    """Builds the solvers of a run and runs them, one task at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._solvers: dict[str, Solver] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def solve(self, stage: str, task: Task, budget_s: float) -> list[Candidate]:
        """Returns a stage's candidates for a task."""
        if stage not in self._solvers:
            self._solvers[stage] = self._build(stage)
        rng = random.Random(f"{self._settings.effort.seed}:{task.task_id}")
        return list(self._solvers[stage].solve(task, budget_s, rng))

    def _build(self, stage: str) -> Solver:
        if stage == "induction":
            return self._induction()
        return self._transduction()

    def _induction(self) -> Solver:
        from induction.solver import InductionSolver
        from sandbox import open_sandbox

        sandbox = self._open.enter_context(
            open_sandbox(self._settings.sandbox, preload=["induction.library"])
        )
        return InductionSolver(sandbox, self._settings.induction)

    def _transduction(self) -> Solver:
        import torch

        from transduction.solver import TransductionSolver

        torch.set_num_threads(1)
        torch.set_flush_denormal(True)  # gradients of a task that is learned become tiny
        config, load_model = _transduction_settings(self._settings)
        return TransductionSolver(load_model(), config)


def check_settings(settings: Settings, mode: Mode) -> None:
    """Raises `ConfigError` for a wrong setting of what a mode will build, before it is built."""
    if "transduction" in STAGES[mode]:
        _transduction_settings(settings)


def _transduction_settings(settings: Settings) -> tuple[Any, Callable[[], LanguageModel]]:
    """Returns the checked settings of the solver, and what loads its model."""
    from transduction.solver import TransductionConfig

    problems: list[str] = []
    config = checked(TransductionConfig, settings.transduction, "transduction", problems)
    backend, kind = _backend(settings.model.kind)
    model_config = checked(kind, settings.model.settings, "model.settings", problems)
    if problems:
        raise ConfigError("; ".join(problems))
    return config, lambda: backend.load(model_config)


def _backend(kind: str) -> tuple[Any, type]:
    """Returns the class of a kind of model, and that of its settings."""
    if kind == "embedded":
        from lm.embedded.backend import EmbeddedConfig, EmbeddedLanguageModel

        return EmbeddedLanguageModel, EmbeddedConfig
    from lm.causal.backend import CausalConfig, CausalLanguageModel

    return CausalLanguageModel, CausalConfig
