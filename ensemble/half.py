"""The two halves, and which stages of a run are whose."""

from __future__ import annotations

from collections.abc import Sequence

PROGRAMS = ("induction", "sampling")
"""The stages that look for programs; as a half they go by the first one's name."""


def halves_of(stages: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Returns the stages of each half by its name; a stage of neither stands by itself."""
    halves: dict[str, tuple[str, ...]] = {}
    for stage in stages:
        name = PROGRAMS[0] if stage in PROGRAMS else stage
        halves[name] = (*halves.get(name, ()), stage)
    return halves
