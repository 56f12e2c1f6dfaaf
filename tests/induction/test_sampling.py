"""Programs from a language model: here one that says what the test wants."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids
from writers import HonestSandbox, Parrot, fenced, function_of

from arc.grid import Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES
from induction.config import SamplingConfig
from induction.sampling.complaint import complaint
from induction.sampling.reply import form_of, program_in
from induction.sampling.sampler import ProgramSampler
from induction.sampling.solver import SamplingSolver
from induction.sampling.view import View, random_view
from induction.search.prior import calls_in
from sandbox.outcome import Failure, FailureKind

FLIP = "import numpy as np\ndef transform(grid):\n    return grid[::-1]\n"
SAME = "def transform(grid):\n    return grid\n"
BROKEN = "def transform(grid):\n    return grid / 0 + missing\n"
TASK = Task(
    "flip",
    (
        Pair(Grid.of([[1, 2], [3, 4]]), Grid.of([[3, 4], [1, 2]])),
        Pair(Grid.of([[5], [0]]), Grid.of([[0], [5]])),
    ),
    (Grid.of([[7], [8], [9]]),),
)


@pytest.mark.parametrize(
    "reply",
    [
        fenced(FLIP),
        fenced(FLIP, ""),
        fenced(FLIP, "py"),
        fenced("print('no program')\n") + fenced(FLIP),
        fenced("1 2\n", "") + "\n" + fenced(FLIP),
        FLIP,
        f"Sure! Here it is:\n\n{FLIP}",
        f"{FLIP}\nThis flips the rows, as asked.",
        f"```python\n{FLIP}",
        f"```python\n{FLIP}\ndef another(x):\n    return (x +",
    ],
)
def test_a_program_is_found_whatever_stands_around_it(reply):
    program = program_in(reply)
    assert form_of(program) == form_of(FLIP)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "I do not know.",
        fenced("x = 1\n"),
        "```python\ndef transform(:\n```",
        "\x00",
        "def f(): 1",
    ],
)
def test_a_reply_without_a_program_has_none(reply):
    assert program_in(reply) is None


@given(st.text())
def test_any_text_is_read_without_an_error(reply):
    program_in(reply)
    program_in(f"```python\n{reply}\n```")


def test_a_program_that_is_oddly_written_warns_nobody(recwarn):
    odd = "def transform(grid):\n    return grid if 1or 2is 3 else '\\d'\n"
    assert program_in(odd) is not None
    assert form_of(odd).size
    assert "grid" not in calls_in(odd)
    assert not recwarn.list


def test_programs_that_differ_in_names_and_words_are_one():
    one = """
def helper(a: int, b=2) -> int:
    '''Adds.'''
    return a + b  # a sum
def transform(grid):
    total: int = 0
    for row in grid:
        total = helper(total)
    return [[c for c in line] for line in grid]
def generate_input():
    return 1
if __name__ == "__main__":
    print(transform([[1]]))
"""
    other = """
def add(x, y=2):
    return x + y
def transform(g):
    n = 0
    for r in g: n = add(n)
    return [[cell for cell in cells] for cells in g]
"""
    assert form_of(one) == form_of(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("return grid", "return grid.T"),
        ("return f(a=1)", "return f(b=1)"),
        ("return crop(grid)", "return blit(grid)"),
        ("crop = 1; return g(crop)", "crop = 1; return crop(g)"),
    ],
)
def test_programs_that_do_other_things_are_two(one, other):
    forms = {form_of(f"def transform(grid):\n    {body}\n") for body in (one, other)}
    assert len(forms) == 2


@pytest.mark.parametrize(
    "source",
    [
        "N = 0\ndef transform(g):\n    global N\n    N = N + 1\n    return N",
        "def transform(g):\n    N = 0\n    def f():\n        nonlocal N\n        N = 1\n    f()",
    ],
)
def test_a_declared_name_is_the_one_outside(source):
    assert form_of(source.replace("N", "count")) == form_of(source.replace("N", "total"))


def test_parameters_called_by_name_are_not_mixed_up():
    source = "def f({}, {}):\n    return {}\ndef transform(g):\n    return f(a=g, b=1)\n"
    forms = {form_of(source.format(*names)) for names in (("a", "b", "a"), ("b", "a", "b"))}
    assert len(forms) == 2


@settings(max_examples=30, deadline=None)
@given(grids(4), st.sampled_from(SYMMETRIES), st.integers(0, 10**6))
def test_a_program_brought_back_does_to_a_grid_what_it_did_to_its_view(grid, symmetry, seed):
    view = View(symmetry, random_view(random.Random(seed)).colors)
    program = "def transform(grid):\n    return 9 - grid[:, ::-1]\n"
    brought = function_of(view.brought_back(program))
    expected = function_of(program)(view.of_grid(grid).array.astype(int))
    seen = view.of_grid(Grid.from_array(np.asarray(brought(grid.array.astype(int)))))
    assert np.array_equal(seen.array, expected)


def test_a_complaint_names_the_first_pair_that_is_wrong():
    right = [pair.output for pair in TASK.pairs]
    assert complaint(TASK, right) == ""
    assert "pair 2" in complaint(TASK, [right[0], Failure.of(FailureKind.RAISED, "ZeroDivision")])
    assert "ZeroDivision" in complaint(TASK, [Failure.of(FailureKind.RAISED, "ZeroDivision")])
    assert "[0, 0] is 5, not 0" in complaint(TASK, [right[0], Grid.of([[5], [5]])])
    assert "3 columns, not 2 rows" in complaint(TASK, [Grid.of([[1, 2, 3]]), right[1]])


def solved(writer, **changes):
    config = SamplingConfig(**({"programs": 8, "batch": 2} | changes))
    solver = SamplingSolver(writer, HonestSandbox(), config)
    return list(solver.solve(TASK, 60.0, random.Random(0))), solver.sampler.tally


def test_the_right_program_answers():
    candidates, tally = solved(Parrot(fenced(SAME), "no idea", fenced(FLIP)), views=False)
    assert candidates[0].grid == Grid.of([[9], [8], [7]])
    assert candidates[0].evidence.is_verified
    assert candidates[0].source == "sampling"
    assert (tally.replies, tally.distinct, tally.verified) == (8, 2, 1)


def test_enough_programs_that_agree_end_it():
    other = FLIP.replace("grid[::-1]", "np.flipud(grid)")
    writer = Parrot(fenced(FLIP), fenced(other))
    _, tally = solved(writer, programs=40, agreement=2, views=False)
    assert tally.replies == 2
    _, tally = solved(Parrot(fenced(FLIP)), programs=10, agreement=2, views=False)
    assert tally.replies == 10, "the same program twice is no agreement"


def test_a_program_that_fails_goes_back_with_what_is_wrong():
    writer = Parrot(fenced(BROKEN), fenced(SAME))
    solved(writer, programs=4, views=False)
    (revised,) = [draft for draft in writer.asked if draft.revisions][:1]
    assert "pair 1" in revised.revisions[0].complaint
    assert "transform" in revised.revisions[0].reply
    writer = Parrot(fenced(BROKEN), fenced(SAME))
    solved(writer, programs=4, views=False, revisions=0)
    assert not [draft for draft in writer.asked if draft.revisions]


def test_the_clock_ends_it():
    sampler = ProgramSampler(Parrot(fenced(SAME)), HonestSandbox(), SamplingConfig(programs=100))
    ticks = iter([False, False, True])
    rounds = list(sampler.rounds(TASK, random.Random(0), lambda: next(ticks)))
    assert len(rounds) == 2


def test_the_same_seed_asks_the_same():
    asked = []
    for _ in range(2):
        writer = Parrot(fenced(SAME), fenced(BROKEN))
        solved(writer)
        asked.append(writer.asked)
    assert asked[0] == asked[1]
    assert any(draft.prompt.recolored for draft in asked[0])


def test_questions_in_a_row_see_the_task_in_one_way():
    writer = Parrot(fenced(SAME))
    solved(writer, programs=32, batch=8, per_view=4, revisions=0)
    contexts = [draft.prompt.context for draft in writer.asked]
    blocks = [contexts[i : i + 4] for i in range(0, 32, 4)]
    assert all(len(set(block)) == 1 for block in blocks)
    assert len(set(contexts)) > 3
    plain = [block[0] == TASK.pairs for block in blocks]
    assert plain[:2] == [True, True]
    assert not all(plain[2:4])
