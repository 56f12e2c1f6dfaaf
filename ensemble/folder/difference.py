"""What differs between two runs, and what of it a stage depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arc.candidate import CANDIDATES
from ensemble.settings import Settings


def of_stage(
    settings: Settings, stage: str, origins: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Returns what a stage's candidates depend on, by dotted names.

    Args:
        settings: Of the run.
        stage: The stage.
        origins: Where the run's stages come from that are none of ours, by name.
    """
    table, origins = settings.table(), origins or {}
    kept = {"seed": settings.effort.seed, "seconds": settings.effort.limit_s(stage)}
    if stage in origins:
        effort = {} if stage == CANDIDATES else {"effort": kept}
        return flat(effort) | named_origins({stage: origins[stage]})
    names = {
        "induction": ("induction", "sandbox"),
        "sampling": ("sampling", "writer", "induction", "sandbox"),
        "transduction": ("transduction", "model"),
    }
    depends_on = list(names[stage])
    earlier = {}
    if stage == "transduction" and table["transduction"].get("rank_programs"):
        depends_on += names["induction"]
        earlier = named_origins(origins)
    return flat({"effort": kept, **{name: table[name] for name in depends_on}}) | earlier


def run_differences(
    theirs: Mapping[str, Any], their_settings: Settings, mine: Mapping[str, Any], settings: Settings
) -> list[str]:
    """Returns a text for whatever makes two runs, by manifests and settings, not the same."""
    ignored = {"versions", "origins"}
    differing = [key for key in mine if key not in ignored and mine[key] != theirs.get(key)]
    origins = [named_origins(manifest.get("origins", {})) for manifest in (theirs, mine)]
    differing += differences(*origins)
    return differing + differences(flat(their_settings.table()), flat(settings.table()))


def named_origins(origins: Mapping[str, str]) -> dict[str, str]:
    """Returns where stages come from, under names for people."""
    return {f"origin of {stage}": origin for stage, origin in origins.items()}


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
