"""The contract of a sandbox, over tiers and levels: what must come of which program.

Every hostile program is followed by a benign one that must still be right. All of them run in one
call, so that they could harm each other if anything let them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import pytest
from hostile import BENIGN, GRID, HOSTILE, MALFORMED, TURNED, Hostile, returning

from arc.grid import Grid
from sandbox import Failure, FailureKind, Level, Limits, Outcome, ZygoteSandbox, open_sandbox

LIMITS = Limits(cpu_s=0.25, wall_factor=3.0, memory_mb=256)
LACKING = {"own": (), "B": ("namespaces",), "C": ("namespaces", "landlock")}

Programs = list[tuple[str, Sequence[Grid]]]


def _fresh(sandbox: ZygoteSandbox, programs: Programs) -> list[list[Outcome]]:
    return sandbox.run_batch(programs)


def _screened(sandbox: ZygoteSandbox, programs: Programs) -> list[list[Outcome]]:
    return sandbox.screen(programs, lambda _, outcomes: isinstance(outcomes[0], Grid))


TIERS: dict[str, Callable[[ZygoteSandbox, Programs], list[list[Outcome]]]] = {
    "fresh": _fresh,
    "screening": _screened,
}


QUICK = ("fresh", "own")
"""What plain `pytest` tries; the slow tier has the others."""


class Results(NamedTuple):
    level: Level
    hostile: dict[str, Outcome]
    malformed: dict[str, Outcome]
    benign: dict[str, list[Outcome]]


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(
            (tier, level), id=f"{tier}-{level}", marks=slow if (tier, level) != QUICK else []
        )
        for slow in [pytest.mark.slow]
        for tier in TIERS
        for level in LACKING
    ],
)
def results(request: pytest.FixtureRequest) -> Results:
    tier, level = request.param
    names = [hostile.name for hostile in HOSTILE] + list(MALFORMED)
    sources = [h.source for h in HOSTILE] + [returning(text) for text in MALFORMED.values()]
    programs: Programs = []
    for source in sources:
        programs += [(source, [GRID]), (BENIGN, [GRID, GRID])]
    with open_sandbox(LIMITS, without=LACKING[level]) as sandbox:
        outcomes = TIERS[tier](sandbox, programs)
        reached = sandbox.level
    first = [of_one[0] for of_one in outcomes[::2]]
    n = len(HOSTILE)
    return Results(
        reached,
        dict(zip(names[:n], first[:n], strict=True)),
        dict(zip(names[n:], first[n:], strict=True)),
        dict(zip(names, outcomes[1::2], strict=True)),
    )


def test_there_are_a_hundred_hostile_programs_and_thirty_malformed_outputs() -> None:
    assert len({hostile.name for hostile in HOSTILE}) == len(HOSTILE) >= 100
    assert len(MALFORMED) >= 30
    assert not {hostile.name for hostile in HOSTILE} & set(MALFORMED)


@pytest.mark.parametrize("hostile", [pytest.param(h, id=h.name) for h in HOSTILE])
def test_a_hostile_program_fails_alone(results: Results, hostile: Hostile) -> None:
    outcome = results.hostile[hostile.name]
    if hostile.kinds:
        assert isinstance(outcome, Failure)
        assert outcome.kind in hostile.kinds, outcome
        assert outcome.detail.isprintable()
        assert 0 < len(outcome.detail) <= 200
    else:
        assert outcome == Grid.of([[1]])
    assert results.benign[hostile.name] == [TURNED, TURNED]


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_a_grid_is_refused(results: Results, name: str) -> None:
    outcome = results.malformed[name]
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.BAD_OUTPUT
    assert results.benign[name] == [TURNED, TURNED]


def test_the_level_is_the_one_that_was_asked_for(
    results: Results, request: pytest.FixtureRequest
) -> None:
    level = request.node.callspec.params["results"][1]
    if level == "own":
        assert results.level in (Level.A, Level.B, Level.C)
    elif results.level is not Level.C:  # a machine may have less to begin with
        assert results.level.value == level
