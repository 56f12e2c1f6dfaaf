"""What differs between the settings of two runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ensemble.settings import Settings


def of_stage(settings: Settings, stage: str) -> dict[str, Any]:
    """Returns the settings that a stage's candidates depend on, by dotted names."""
    table = settings.table()
    effort = table["effort"]
    kept = {"seed": effort["seed"], "seconds": effort[f"{stage}_s"]}
    names = {
        "induction": ("induction", "sandbox"),
        "sampling": ("sampling", "writer", "sandbox"),
        "transduction": ("transduction", "model"),
    }
    depends_on = list(names[stage])
    if stage == "transduction" and table["transduction"].get("rank_programs"):
        depends_on += names["induction"]
    return flat({"effort": kept, **{name: table[name] for name in depends_on}})


def differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """Returns a text for each setting that is not the same."""
    return [
        f"{key} ({theirs.get(key)} there, {mine.get(key)} here)"
        for key in sorted(mine.keys() | theirs.keys())
        if mine.get(key) != theirs.get(key)
    ]


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Returns the values of nested tables by their dotted names."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = value
    return found
