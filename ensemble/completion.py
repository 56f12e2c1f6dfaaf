"""What the shell offers when the tab key is pressed: `ensemble --install-completion`."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata

from arc.dataset import DATASETS, SUBSETS
from ensemble.plugin import GROUP
from ensemble.run.crew import ENGINES
from ensemble.settings import MODES, Settings, shipped_configs

Completer = Callable[[str], list[str]]
"""From what is typed of a value to the values that begin so."""


def among(values: Iterable[str]) -> Completer:
    """Returns what completes one of some names."""
    known = sorted(values)
    # typer tells what a completer takes by the parameter's name
    return lambda incomplete: [value for value in known if value.startswith(incomplete)]


mode = among(MODES)
split = among(("eval", "train"))
dataset = among(DATASETS)
subset = among(SUBSETS)
engine = among(ENGINES)


def config(incomplete: str) -> list[str]:
    """Completes the name of a shipped configuration."""
    return among(shipped_configs())(incomplete)


def solver(incomplete: str) -> list[str]:
    """Completes the name of a solver that an installed package offers."""
    return among(point.name for point in metadata.entry_points(group=GROUP))(incomplete)


def setting(incomplete: str) -> list[str]:
    """Completes the key of a setting, and the value where it is one of a few."""
    from lm.embedded.config import EmbeddedConfig
    from transduction.config import TransductionConfig

    # Beside the tables of `Settings` those that their own packages check; of models the default's.
    known = (
        *_settings(Settings, ""),
        *_settings(TransductionConfig, "transduction."),
        *_settings(EmbeddedConfig, "model.settings."),
    )
    return among(known)(incomplete)


def _settings(kind: type, prefix: str) -> Iterator[str]:
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        key, expected = prefix + field.name, hints[field.name]
        if dataclasses.is_dataclass(expected):
            yield from _settings(typing.cast(type, expected), f"{key}.")
        elif typing.get_origin(expected) is typing.Literal:
            yield from (f"{key}={value}" for value in typing.get_args(expected))
        elif expected is bool:
            yield from (f"{key}=true", f"{key}=false")
        elif "Mapping" not in str(expected):
            yield f"{key}="
