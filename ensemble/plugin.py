"""Plug-ins: solvers that other packages bring along, found by their entry points.

A package offers a solver under a name in the group `arc_ensemble.solvers`; a run asks for it by
that name alone, so settings stay data and nothing is imported that was not asked for. What a
plug-in yields is checked here, since everything after it relies on the contract.
"""

from __future__ import annotations

import math
import operator
import random
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata

from arc.candidate import CANDIDATES, RANKING, Candidate, ProgramEvidence, ViewEvidence
from arc.dataset import unknown_name
from arc.errors import ConfigError, GridError
from arc.grid import Grid
from arc.solver import Solver
from arc.task import Task

GROUP = "arc_ensemble.solvers"
RESERVED = frozenset({"induction", "sampling", "transduction", RANKING, CANDIDATES})
"""Names that mean something else in a run folder."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
"""Part of a file name, on systems too that do not tell capitals from small letters."""


def origin_of(name: str) -> str:
    """Returns the distribution and version that a solver comes from; imports nothing of it.

    Raises:
        ConfigError: No installed package offers it, or several do, or its name cannot be a stage's.
    """
    distribution = _entry_point(name).dist
    return f"{distribution.name} {distribution.version}" if distribution else "no distribution"


class Plugin:
    """A solver of another package."""

    def __init__(self, name: str) -> None:
        """Imports and makes the solver; what that raises is for its author and passes through.

        Raises:
            ConfigError: There is none of this name, or what its entry point makes is none.
        """
        made = _entry_point(name).load()()
        if not callable(getattr(made, "solve", None)):
            raise ConfigError(
                f"solver {name}: its entry point makes a {type(made).__name__}, which has no "
                "solve(task, budget_s, rng)"
            )
        theirs = getattr(made, "name", None)
        if theirs != name:
            raise ConfigError(
                f"solver {name}: calls itself {theirs!r}; its name must be that of the entry point"
            )
        self._name = name
        self._solver: Solver = made

    def solve(self, task: Task, budget_s: float, rng: random.Random) -> tuple[Candidate, ...]:
        """Returns what the solver yields until it ends, or `budget_s` seconds have passed.

        Raises:
            ConfigError: It yields something else than candidates of its own for this task.
        """
        ends_at = time.monotonic() + budget_s
        found = []
        try:
            for candidate in self._solver.solve(task, budget_s, rng):
                found.append(self._checked(candidate, task))
                if time.monotonic() >= ends_at:
                    break
        except GridError as error:
            # One line would not say where in the plug-in this comes from.
            raise RuntimeError(f"solver {self._name}: made something that is no grid") from error
        return tuple(found)

    def _checked(self, candidate: Candidate, task: Task) -> Candidate:
        if not isinstance(candidate, Candidate):
            raise self._refusal(task, f"a {type(candidate).__name__}, not a Candidate")
        if candidate.task_id != task.task_id:
            raise self._refusal(task, f"a candidate of task {candidate.task_id!r}")
        if candidate.source != self._name:
            raise self._refusal(task, f"a candidate of source {candidate.source!r}")
        if not isinstance(candidate.grid, Grid):
            raise self._refusal(task, f"a {type(candidate.grid).__name__} as grid, not a Grid")
        if not isinstance(candidate.evidence, ProgramEvidence | ViewEvidence | None):
            raise self._refusal(task, f"evidence of type {type(candidate.evidence).__name__}")
        try:
            # Numpy's numbers are taken too; what is stored are plain ones.
            index, weight = operator.index(candidate.test_index), float(candidate.log_weight)
        except (TypeError, ValueError):
            raise self._refusal(task, "a test index or log weight that is no number") from None
        if not 0 <= index < len(task.test_inputs):
            n = len(task.test_inputs)
            raise self._refusal(task, f"a candidate of test index {index}; there are {n}, from 0")
        if not math.isfinite(weight):
            raise self._refusal(task, f"a log weight of {weight}, not a finite number")
        return replace(candidate, test_index=index, log_weight=weight)

    def _refusal(self, task: Task, what: str) -> ConfigError:
        return ConfigError(f"solver {self._name}: at task {task.task_id} it yields {what}")


def _entry_point(name: str) -> metadata.EntryPoint:
    if name in RESERVED:
        raise ConfigError(f"--solver {name}: the name is taken by a stage of this package")
    offered = metadata.entry_points(group=GROUP)
    found = offered.select(name=name)
    if not found:
        raise ConfigError(f"--solver: {_unknown(name, sorted(offered.names))}")
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"--solver {name!r}: an entry point's name must be small letters, digits, _ and -, "
            "at most 40, a letter first: files are called after it"
        )
    if len(found) > 1:
        packages = ", ".join(sorted(e.dist.name for e in found if e.dist))
        raise ConfigError(
            f"--solver {name}: several packages offer it: {packages}; remove all but one"
        )
    (entry_point,) = found
    return entry_point


def _unknown(name: str, known: Sequence[str]) -> str:
    what = unknown_name("solver", name, known) if known else f"no solver {name!r}, and no other"
    return (
        f"{what}; pip install the package that offers it, as an entry point in the group {GROUP} "
        "(docs/solvers.md)"
    )
