"""Settings: a TOML file, overridden by `--set`, checked all at once.

Every table belongs to a frozen dataclass next to the code that reads it. TOML is data here: a value
is never a class path and never evaluated.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import tomli_w

from arc.errors import ConfigError
from ensemble.merge.policy import MergeConfig
from induction.config import InductionConfig, SamplingConfig
from sandbox.limits import Limits

Mode = Literal["ensemble", "induction", "transduction"]
MODES: tuple[Mode, ...] = ("ensemble", "induction", "transduction")
DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class EffortConfig:
    """How long a task may take.

    Attributes:
        induction_s: Wall-clock backstop of induction for one task, in seconds.
        sampling_s: Wall-clock backstop of sampling programs for one task, in seconds.
        transduction_s: Wall-clock backstop of transduction for one task, in seconds.
        solver_s: Wall-clock backstop of each plugged-in solver for one task, in seconds.
        skip_settled: Whether transduction is left out where it cannot change the attempts, since
            programs that reproduce every demonstration give two grids for each test input. The
            submission is the same; a comparison then lacks transduction on those tasks.
        seed: Seed of all chance; each task derives its own from it.
    """

    induction_s: float = 120.0
    sampling_s: float = 600.0
    transduction_s: float = 600.0
    solver_s: float = 60.0
    skip_settled: bool = False
    seed: int = 0

    def limit_s(self, stage: str) -> float:
        """Returns the seconds that a stage may take for a task."""
        return float(getattr(self, f"{stage}_s", self.solver_s))


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Which language model transduction uses.

    Attributes:
        kind: `embedded`: the shipped model. `causal`: a `transformers` model from a local path.
            `vllm`: the same, with vLLM for the replies.
        settings: The model's own settings, checked where the model is loaded: `EmbeddedConfig` in
            `lm/embedded/config.py`, `CausalConfig` in `lm/causal/config.py`, `VllmConfig` in
            `lm/vllm/config.py`.
        beside: Further models of the same kind, each as what it changes in `settings`; every one is
            adapted to a task too, and what one predicts is scored by all.
    """

    kind: Literal["embedded", "causal", "vllm"] = "embedded"
    settings: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[Mapping[str, Any], ...] = ()

    @property
    def tables(self) -> dict[str, Mapping[str, Any]]:
        """The settings of every model, by where they are given."""
        changed = {f"model.beside[{i}]": {**self.settings, **c} for i, c in enumerate(self.beside)}
        return {"model.settings": self.settings, **changed}


@dataclass(frozen=True, slots=True)
class ProgramModelConfig:
    """Which language model writes programs, beside the search.

    Attributes:
        kind: `none`: the search alone. `embedded`: the small model that is shipped. `causal`: a
            `transformers` model from a local path. `vllm`: the same, served by vLLM.
        settings: The model's own settings, checked where it is loaded: `WriterConfig` in
            `lm/causal/writer.py`.
    """

    kind: Literal["none", "embedded", "causal", "vllm"] = "none"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a run depends on beside its tasks.

    `transduction` and `model.settings` stay plain tables here, so that commands which do not
    need torch do not import it; `ensemble.run.assembly` checks them before a run starts.
    """

    effort: EffortConfig = EffortConfig()
    sandbox: Limits = field(default_factory=Limits)
    induction: InductionConfig = field(default_factory=InductionConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    writer: ProgramModelConfig = ProgramModelConfig()
    transduction: Mapping[str, Any] = field(default_factory=dict)
    model: ModelConfig = ModelConfig()
    merge: MergeConfig = field(default_factory=MergeConfig)

    def table(self) -> dict[str, Any]:
        """Returns the settings as TOML has them."""
        return dataclasses.asdict(self)


Config = TypeVar("Config")


def load_settings(name: str, overrides: Sequence[str] = (), variant: str = "") -> Settings:
    """Returns the settings of a shipped configuration, or a file, with `key=value` overrides.

    An override that names another kind of model leaves out the configuration's `model.beside`,
    which are of the kind it was before; one that names another writer than the shipped, what the
    configuration has for that one in `sampling`.

    Args:
        name: The configuration.
        overrides: Texts such as `effort.seed=1`.
        variant: A second configuration, laid over the result; but the kind of model stays: a
            variant names one only so that it can also be used by itself.

    Raises:
        ConfigError: Lists every unknown key and wrong type at once.
    """
    table, where = _parsed(name)
    if _other_kind(table, "model", overrides):
        table["model"].pop("beside", None)
    if _other_kind(table, "writer", overrides) and table["writer"].get("kind") == "embedded":
        table.pop("sampling", None)
    for override in overrides:
        put(table, override)
    if variant:
        table = _with_variant(table, variant)
    return settings_from(table, where)


def _other_kind(table: Mapping[str, Any], name: str, overrides: Sequence[str]) -> bool:
    """Whether overrides change the kind in a table of settings of that name."""
    over: dict[str, Any] = {}
    for override in overrides:
        if override.startswith(f"{name}.kind="):
            put(over, override)
    own = table.get(name)
    if not over or not isinstance(own, dict):
        return False
    return bool(over[name]["kind"] != own.get("kind", getattr(Settings(), name).kind))


def varied(settings: Settings, variant: str) -> Settings:
    """Returns the settings with a variant's configuration laid over them; see `load_settings`."""
    table = tomllib.loads(dump_settings(settings))
    return settings_from(_with_variant(table, variant), variant)


def _with_variant(table: Mapping[str, Any], variant: str) -> dict[str, Any]:
    over, _ = _parsed(variant)
    over.get("model", {}).pop("kind", None)
    return _laid_over(table, over)


def _parsed(name: str) -> tuple[dict[str, Any], str]:
    text, where = _read(name)
    try:
        return tomllib.loads(text), where
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from None


def _laid_over(table: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    laid = dict(table)
    for key, value in over.items():
        below = laid.get(key, {})
        is_table = isinstance(value, Mapping) and isinstance(below, Mapping)
        laid[key] = _laid_over(below, value) if is_table else value
    return laid


def settings_from(table: Mapping[str, Any], where: str) -> Settings:
    """Returns the settings in a parsed TOML table that came from `where`."""
    return made(Settings, table, where)


def made(kind: type[Config], table: Mapping[str, Any], where: str) -> Config:
    """Returns a dataclass made from a table that came from `where`.

    Raises:
        ConfigError: Lists every unknown key and wrong type at once.
    """
    problems: list[str] = []
    config: Config = checked(kind, table, "", problems)
    if problems:
        raise ConfigError(f"{where}: " + "; ".join(problems))
    return config


def dump_settings(settings: Settings) -> str:
    """Returns the settings as TOML text."""
    return tomli_w.dumps(settings.table())


def shipped_configs() -> list[str]:
    """Returns the names of the configurations that come with the package."""
    files = resources.files("configs").iterdir()
    return sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml"))


def checked(kind: type, table: Any, path: str, problems: list[str]) -> Any:
    """Returns a dataclass made from a table, appending what is wrong to `problems`."""
    if not isinstance(table, Mapping):
        problems.append(f"{path}: a table expected, found {table!r}")
        return kind()
    types_of = typing.get_type_hints(kind)
    values = {}
    for key, value in table.items():
        at = f"{path}.{key}" if path else key
        if key not in types_of:
            near = difflib.get_close_matches(key, types_of, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(types_of))}"
            problems.append(f"no setting {at}; {hint}")
        elif dataclasses.is_dataclass(types_of[key]):
            values[key] = checked(typing.cast(type, types_of[key]), value, at, problems)
        elif _fits(value, types_of[key]):
            values[key] = tuple(value) if isinstance(value, list) else value
        else:
            problems.append(f"{at}: {_named(types_of[key])} expected, found {value!r}")
    try:
        return kind(**values)
    except (ConfigError, ValueError, TypeError) as error:
        problems.append(f"{path or 'settings'}: {error}")
        return kind()


def _fits(value: Any, expected: Any) -> bool:
    origin = typing.get_origin(expected)
    if origin is Literal:
        return value in typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, option) for option in typing.get_args(expected))
    if origin is tuple:
        item = typing.get_args(expected)[0]
        return isinstance(value, list) and all(_fits(v, item) for v in value)
    if origin is not None:
        return isinstance(value, origin)
    if isinstance(value, bool) or expected is bool:
        return isinstance(value, bool) and expected is bool
    if expected is float:
        return isinstance(value, (int, float))
    return isinstance(value, expected)


def _named(expected: Any) -> str:
    if typing.get_origin(expected) is Literal:
        return "one of " + ", ".join(map(str, typing.get_args(expected)))
    if typing.get_origin(expected) is tuple:
        return f"a list of {_named(typing.get_args(expected)[0])}"
    return getattr(expected, "__name__", str(expected))


def _read(name: str) -> tuple[str, str]:
    if name.endswith(".toml") or "/" in name:
        try:
            return Path(name).read_text(encoding="utf-8"), name
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{name}: cannot be read: {error}") from None
    known = shipped_configs()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"shipped: {', '.join(known)}"
        raise ConfigError(f"no configuration {name!r}; {hint} (or give a path ending in .toml)")
    return resources.files("configs").joinpath(f"{name}.toml").read_text(), f"configs/{name}.toml"


def put(table: dict[str, Any], override: str, option: str = "--set") -> None:
    """Puts the value of `key=value`, given by an option, into a table of settings.

    Raises:
        ConfigError: It is not of this form, or the key leads through a value.
    """
    key, equals, text = override.partition("=")
    if not equals or not key:
        raise ConfigError(
            f"{option} {override}: key=value expected, such as merge.policy=interleave"
        )
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text  # a bare word is a string
    *tables, last = key.split(".")
    for name in tables:
        table = table.setdefault(name, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{option} {override}: {name} is not a table")
    table[last] = value
