"""Where concrete classes are chosen: from settings to solvers.

A stage is one solver over all tasks. Building a stage's solver may load a model or open a sandbox,
so it happens once per worker, when its first task comes.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from arc.candidate import Candidate
from arc.errors import ConfigError
from arc.solver import Solver
from arc.task import Task
from ensemble.settings import Mode, Settings, checked

if TYPE_CHECKING:
    from lm.protocol import Conditioning, LanguageModel
    from transduction.config import TransductionConfig
    from transduction.solver import TransductionSolver

STAGES: Mapping[Mode, tuple[str, ...]] = {
    "ensemble": ("induction", "transduction"),
    "induction": ("induction",),
    "transduction": ("transduction",),
}


class Workbench:
    """Builds the solvers of a run and runs them, one task at a time."""

    def __init__(self, settings: Settings, tasks: Sequence[Task] = ()) -> None:
        """`tasks` are all tasks of the run, for what has to see them before the first is solved."""
        self._settings = settings
        self._tasks = tasks
        self._solvers: dict[str, _Solve] = {}
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Workbench:
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def solve(
        self, stage: str, task: Task, budget_s: float, earlier: Sequence[Candidate] = ()
    ) -> list[Candidate]:
        """Returns a stage's candidates for a task; `earlier` are those of the stages before."""
        if stage not in self._solvers:
            self._solvers[stage] = self._build(stage)
        rng = self._rng(task.task_id)
        return list(self._solvers[stage](task, budget_s, rng, earlier))

    def _rng(self, name: str) -> random.Random:
        return random.Random(f"{self._settings.effort.seed}:{name}")

    def _build(self, stage: str) -> _Solve:
        if stage == "induction":
            solver = self._induction()
            return lambda task, budget_s, rng, _: solver.solve(task, budget_s, rng)
        return self._transduction().solve

    def _induction(self) -> Solver:
        from induction.solver import InductionSolver
        from sandbox import open_sandbox

        sandbox = self._open.enter_context(
            open_sandbox(self._settings.sandbox, preload=["induction.library"])
        )
        return InductionSolver(sandbox, self._settings.induction)

    def _transduction(self) -> TransductionSolver:
        import torch

        from lm.device import use_one_thread
        from transduction.adaptation import adapt_together
        from transduction.solver import TRAINING_SHARE, TransductionSolver

        use_one_thread()
        torch.set_flush_denormal(True)  # gradients of a task that is learned become tiny
        config, load_model = _transduction_settings(self._settings)
        model = load_model()
        if not config.shared:
            return TransductionSolver(model, config)
        timeout_s = self._settings.effort.transduction_s * TRAINING_SHARE * len(self._tasks)
        rng = self._rng("shared")
        return TransductionSolver(
            model, config, adapt_together(self._tasks, model, config, rng, timeout_s)
        )


_Solve = Callable[[Task, float, random.Random, Sequence[Candidate]], Iterable[Candidate]]
"""How a stage solves a task: the task, seconds, chance, and what earlier stages found."""


def check_settings(settings: Settings, mode: Mode) -> None:
    """Raises `ConfigError` for a wrong setting of what a mode will build, before it is built."""
    if "transduction" in STAGES[mode]:
        _transduction_settings(settings)


def conditioning_of(settings: Settings) -> Conditioning:
    """Returns how the configured model learns which task it is at; loads no weights."""
    backend, _ = _backend(settings.model.kind)
    conditioning: Conditioning = backend.conditioning
    return conditioning


def _transduction_settings(
    settings: Settings,
) -> tuple[TransductionConfig, Callable[[], LanguageModel]]:
    """Returns the checked settings of the solver, and what loads its model."""
    from transduction.config import TransductionConfig

    problems: list[str] = []
    config = checked(TransductionConfig, settings.transduction, "transduction", problems)
    backend, kind = _backend(settings.model.kind)
    model_config = checked(kind, settings.model.settings, "model.settings", problems)
    if not problems:
        try:
            config.check(backend.conditioning)
        except ConfigError as error:
            problems.append(f"transduction.{error}")
    if problems:
        raise ConfigError("; ".join(problems))
    return config, lambda: backend.load(model_config)


def _backend(kind: str) -> tuple[Any, type]:
    """Returns the class of a kind of model, and that of its settings."""
    if kind == "embedded":
        from lm.embedded.backend import EmbeddedLanguageModel
        from lm.embedded.config import EmbeddedConfig

        return EmbeddedLanguageModel, EmbeddedConfig
    if kind == "vllm":
        from lm.vllm.backend import VllmLanguageModel
        from lm.vllm.config import VllmConfig

        return VllmLanguageModel, VllmConfig
    from lm.causal.backend import CausalLanguageModel
    from lm.causal.config import CausalConfig

    return CausalLanguageModel, CausalConfig
