"""The search without some of its primitives."""

import ast
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tasks
from writers import HonestSandbox, Parrot, fenced

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair, Task
from induction import library
from induction.config import InductionConfig, SamplingConfig
from induction.sampling.solver import SamplingSolver
from induction.search.bounds import SearchConfig
from induction.search.proposal import HEADER
from induction.search.synthesis import proposals_for
from induction.search.withholding import FRAME, Withheld

QUICK = SearchConfig(max_steps=400, max_rule_pieces=5, max_bases=1)
shares = st.floats(0, 1)
ids = st.text("0123456789abcdef", min_size=8, max_size=8)


def primitives_in(source: str) -> set[str]:
    names = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    return names & set(library.__all__)


@given(ids, shares, shares)
def test_a_greater_share_withholds_all_that_a_smaller_one_does(task_id, one, other):
    fewer, more = (Withheld.of_task(task_id, share).names for share in sorted((one, other)))
    assert fewer <= more <= set(library.__all__) - FRAME


def test_shares_are_what_they_say_and_differ_between_tasks():
    assert Withheld.of_task("a", 0) == Withheld()
    assert Withheld.of_task("a", 1).names == set(library.__all__) - FRAME
    half = [len(Withheld.of_task(str(i), 0.5).names) for i in range(40)]
    # Each of some 370 names falls on either side: 40 draws have a standard error of 1.5.
    assert abs(sum(half) / 40 - len(set(library.__all__) - FRAME) / 2) < 8
    assert Withheld.of_task("a", 0.5) == Withheld.of_task("a", 0.5) != Withheld.of_task("b", 0.5)


def test_a_primitive_is_known_by_its_name_and_not_by_a_word_in_a_string():
    withheld = Withheld(frozenset(("crop", "left_half")))
    assert withheld.allows("crop_inside(grid)")
    assert withheld.allows("shift(grid, 'crop') + \"left_half\"")
    assert not withheld.allows("pick_most(components(crop(grid)), area)")
    assert not withheld.allows("sort_by({0}, left_half)")
    assert Withheld().allows("crop(grid)")


@settings(max_examples=8)
@given(tasks(5), shares)
def test_no_program_uses_what_is_withheld(task, share):
    withheld = Withheld.of_task(task.task_id, share)
    for proposal in proposals_for(task, replace(QUICK, withheld=share)):
        assert not primitives_in(proposal.source) & withheld.names, proposal.source


FLIP = Task(
    "flip",
    tuple(
        Pair(Grid.of(rows), Grid.of(rows[::-1]))
        for rows in ([[1, 2, 3], [0, 4, 0]], [[5, 0, 1], [2, 2, 0]])
    ),
    (Grid.of([[1, 0, 0], [0, 7, 1]]),),
)


def test_a_program_goes_with_its_primitives():
    def ways(share):
        return {p.source for p in proposals_for(FLIP, replace(QUICK, withheld=share))}

    assert any("flip_rows(grid)" in source for source in ways(0.0))
    assert not any("flip_rows" in source for source in ways(1.0))


def test_written_programs_do_without_it_too():
    source = f"{HEADER}    return render(flip_rows(image(input_grid)))\n"

    def found(share):
        solver = SamplingSolver(
            Parrot(fenced(source)),
            HonestSandbox(),
            SamplingConfig(programs=2, batch=2, views=False, revisions=0),
            InductionConfig(withheld=share),
        )
        return list(solver.solve(FLIP, 60.0, random.Random(0)))

    assert found(0.0)
    assert not found(1.0)


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_a_share_is_one(share):
    with pytest.raises(ConfigError, match="withheld: a share from 0 to 1 expected"):
        InductionConfig(withheld=share)
