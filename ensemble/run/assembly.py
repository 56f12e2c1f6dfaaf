"""Where concrete classes are chosen: from settings to solvers.

A stage is one solver over all tasks. Building a stage's solver may load a model or open a sandbox,
so it happens once per worker, when its first task comes. A writer that most tasks need not be asked
is loaded when one does.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.merge.calibration import load_calibration
from ensemble.plugin import Plugin
from ensemble.run.unit import Found, Unit
from ensemble.settings import Mode, Settings, checked

if TYPE_CHECKING:
    from lm.protocol import Adaptation, Conditioning, LanguageModel
    from lm.writing import Draft, Writer, Writing
    from sandbox.protocol import Sandbox
    from transduction.config import TransductionConfig

_STAGES: Mapping[Mode, tuple[str, ...]] = {
    "ensemble": ("induction", "sampling", "transduction"),
    "induction": ("induction", "sampling"),
    "transduction": ("transduction",),
}


def stages_of(settings: Settings, mode: Mode, added: Sequence[str] = ()) -> tuple[str, ...]:
    """Returns what each task goes through, in order; programs are sampled if a model is named.

    `added` are further stages, which come before transduction.
    """
    ours = [s for s in _STAGES[mode] if s != "sampling" or settings.writer.kind != "none"]
    place = ours.index("transduction") if "transduction" in ours else len(ours)
    return (*ours[:place], *added, *ours[place:])


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

    def prepare(self, stage: str) -> None:
        """Builds a stage's solver."""
        if stage not in self._solvers:
            self._solvers[stage] = self._build(stage, self._settings)

    def solve(self, unit: Unit) -> Found:
        """Returns what a stage finds for a task.

        Time that runs out leaves it incomplete, unless that is the time which the settings give.
        """
        if unit.is_small:
            found = self._build(unit.stage, smaller(self._settings))(unit)
            return replace(found, is_complete=False, memory=None)
        self.prepare(unit.stage)
        found = self._solvers[unit.stage](unit)
        if unit.n_passes is None and unit.budget_s >= self._settings.effort.limit_s(unit.stage):
            return replace(found, is_complete=True)
        return found

    def _rng(self, name: str) -> random.Random:
        return random.Random(f"{self._settings.effort.seed}:{name}")

    def _build(self, stage: str, settings: Settings) -> _Solve:
        build = {
            "induction": self._induction,
            "sampling": self._sampling,
            "transduction": self._transduction,
        }
        return build[stage](settings) if stage in build else self._plugged_in(stage)

    def _sandbox(self, settings: Settings) -> Sandbox:
        from sandbox import open_sandbox

        opened = open_sandbox(settings.sandbox, preload=["induction.library"])
        return self._open.enter_context(opened)

    def _sampling(self, settings: Settings) -> _Solve:
        from induction.sampling.solver import SamplingSolver

        writer = _Deferred(_writer_settings(settings))
        if not settings.sampling.skip_settled:
            writer.load()
        solver = SamplingSolver(
            writer, self._sandbox(settings), settings.sampling, settings.induction
        )

        def solve(unit: Unit) -> Found:
            if not solver.leaves(unit.earlier):
                writer.load()
            started = time.monotonic()
            rng = self._rng(unit.task.task_id)
            candidates = tuple(solver.solve(unit.task, unit.budget_s, rng, unit.earlier))
            return Found(candidates, time.monotonic() - started < unit.budget_s)

        return solve

    def _plugged_in(self, name: str) -> _Solve:
        plugin = Plugin(name)

        def solve(unit: Unit) -> Found:
            started = time.monotonic()
            rng = self._rng(f"{name}:{unit.task.task_id}")
            candidates = plugin.solve(unit.task, unit.budget_s, rng)
            return Found(candidates, time.monotonic() - started < unit.budget_s)

        return solve

    def _induction(self, settings: Settings) -> _Solve:
        from induction.solver import InductionSolver, Memory

        solver = InductionSolver(self._sandbox(settings), settings.induction)
        # What is compiled and started when it is first used is no task's time.
        next(solver.passes(_WARM_UP, settings.effort.induction_s))

        def solve(unit: Unit) -> Found:
            found = Found((), is_complete=False, memory=unit.memory)
            passes = solver.passes(unit.task, unit.budget_s, unit.memory or Memory())
            for latest in itertools.islice(passes, unit.n_passes):
                memory = None if latest.is_last else latest.memory
                n_passes = latest.memory.n_passes
                found = Found(latest.candidates, latest.is_last, memory, n_passes)
            return found

        return solve

    def _transduction(self, settings: Settings) -> _Solve:
        import torch

        from lm.device import use_one_thread
        from transduction.adaptation import adapt_together
        from transduction.solver import TRAINING_SHARE, TransductionSolver

        use_one_thread()
        torch.set_flush_denormal(True)  # gradients of a task that is learned become tiny
        config, load_models = _transduction_settings(settings)
        models = load_models()
        shared: list[Mapping[str, Adaptation]] = []
        if config.shared:
            timeout_s = settings.effort.transduction_s * TRAINING_SHARE * len(self._tasks)
            rng = self._rng("shared")
            shared = [
                adapt_together(self._tasks, model, config, rng, timeout_s / len(models))
                for model in models
            ]
        solver = TransductionSolver(models[0], config, models[1:], shared)

        def solve(unit: Unit) -> Found:
            started = time.monotonic()
            rng = self._rng(unit.task.task_id)
            candidates = tuple(solver.solve(unit.task, unit.budget_s, rng, unit.earlier))
            is_uncut = time.monotonic() - started < TRAINING_SHARE * unit.budget_s
            return Found(candidates, is_uncut)

        return solve


_MARK = Grid.of([[0, 1], [2, 0], [0, 0]])
_WARM_UP = Task("warm-up", (Pair(_MARK, _MARK), Pair(_MARK, _MARK)), (_MARK,))

_Solve = Callable[[Unit], Found]
"""How a stage solves a task."""


class _Deferred:
    """A writer that is not loaded before it is needed; implements `lm.writing.Writer`."""

    def __init__(self, load: Callable[[], Writer]) -> None:
        self.load = functools.cache(load)

    def write(self, drafts: Sequence[Draft], writing: Writing) -> list[str]:
        """Returns what the writer replies."""
        return self.load().write(drafts, writing)


def needs_earlier(settings: Settings) -> bool:
    """Whether what a stage finds depends on what the stages before it have found."""
    sampling = settings.sampling
    asks = settings.writer.kind != "none" and (sampling.guided_steps or sampling.skip_settled)
    return bool(asks or settings.transduction.get("rank_programs"))


def smaller(settings: Settings) -> Settings:
    """Returns settings that need a fraction of the memory, for a task that ran out of it."""
    batch = max(1, settings.sampling.batch // 4)
    sampling = replace(settings.sampling, batch=batch, guided_steps=0)
    induction = replace(
        settings.induction,
        steps=settings.induction.steps[:1],
        max_pieces=max(1, settings.induction.max_pieces // 8),
    )
    names = _MEMORY[settings.model.kind]
    _, kind = _backend(settings.model.kind)
    given = {name: getattr(kind(), name) for name in names} | dict(settings.model.settings)
    reduced = {name: max(1, int(given[name] * share)) for name, share in names.items()}
    model = replace(settings.model, settings={**settings.model.settings, **reduced}, beside=())
    return replace(settings, induction=induction, sampling=sampling, model=model)


_MEMORY: Mapping[str, Mapping[str, float]] = {
    "embedded": {"batch_tokens": 0.25, "max_length": 0.6},
    "causal": {"batch_tokens": 0.25, "train_tokens": 0.25, "together": 0.25},
    "vllm": {"train_tokens": 0.25, "together": 0.25},
}
"""What a model's memory grows with, and what is left of it in a second try."""


def check_settings(settings: Settings, mode: Mode) -> None:
    """Raises `ConfigError` for a wrong setting of what a mode will build, before it is built."""
    stages = stages_of(settings, mode)
    if settings.merge.policy == "calibrated":
        load_calibration(settings.merge.calibration)
    if "transduction" in stages:
        _transduction_settings(settings)
    if "sampling" in stages:
        _writer_settings(settings)


def conditioning_of(settings: Settings) -> Conditioning:
    """Returns how the configured model learns which task it is at; loads no weights."""
    backend, _ = _backend(settings.model.kind)
    conditioning: Conditioning = backend.conditioning
    return conditioning


def _transduction_settings(
    settings: Settings,
) -> tuple[TransductionConfig, Callable[[], list[LanguageModel]]]:
    """Returns the checked settings of the solver, and what loads its models."""
    from transduction.config import TransductionConfig

    problems: list[str] = []
    config = checked(TransductionConfig, settings.transduction, "transduction", problems)
    backend, kind = _backend(settings.model.kind)
    model_configs = []
    of_models: list[str] = []
    for path, table in settings.model.tables.items():
        if not of_models:  # models beside the first have its settings, and so its mistakes
            model_configs.append(checked(kind, table, path, of_models))
    problems += of_models
    if not problems:
        try:
            config.check(backend.conditioning)
        except ConfigError as error:
            problems.append(f"transduction.{error}")
    if problems:
        raise ConfigError("; ".join(problems))
    return config, lambda: [backend.load(model_config) for model_config in model_configs]


def _writer_settings(settings: Settings) -> Callable[[], Writer]:
    """Returns what loads the model that writes programs; its settings are checked."""
    from lm.causal.writer import CausalWriter, WriterConfig, check_writer
    from lm.programs.shipped import shipped_writer

    problems: list[str] = []
    given = settings.writer.settings
    if settings.writer.kind == "embedded":
        given = {**shipped_writer(), **given}
    config = checked(WriterConfig, given, "writer.settings", problems)
    if problems:
        raise ConfigError("; ".join(problems))
    check_writer(config)
    if settings.sampling.max_tokens >= config.max_context:
        raise ConfigError(
            f"sampling.max_tokens: {settings.sampling.max_tokens} leaves no room for the task in "
            f"writer.settings.max_context of {config.max_context}; try {config.max_context // 4}"
        )
    if settings.writer.kind != "vllm":
        return lambda: CausalWriter.load(config)
    from lm.vllm.writer import VllmWriter

    return lambda: VllmWriter.load(config)


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
