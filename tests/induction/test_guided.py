"""The search with a prior: what programs that are not right tell of the one that is."""

import random

from hypothesis import given
from hypothesis import strategies as st
from writers import HonestSandbox, Parrot, fenced

from arc.candidate import Candidate, ProgramEvidence
from arc.grid import Grid
from arc.task import Pair, Task
from induction import library
from induction.config import InductionConfig, SamplingConfig
from induction.sampling.solver import SamplingSolver
from induction.search.prior import COMMON, Prior, calls_in
from induction.search.proposal import HEADER
from induction.search.vocabulary import operations

ALL = operations((1, 2, 3), has_canvas=True)
NOTED = [each for each in ALL if not each.text.startswith("tuple(")]


def program(*expressions):
    lines = ["v0 = image(input_grid)"]
    lines += [f"v{i + 1} = {text.replace('{0}', f'v{i}')}" for i, text in enumerate(expressions)]
    body = "".join(f"    {line}\n" for line in lines)
    return f"{HEADER}{body}    return render(v{len(expressions)})\n"


programs = st.lists(
    st.tuples(
        st.lists(st.sampled_from([each.text for each in NOTED]), min_size=1, max_size=3),
        st.floats(0, 1),
    ),
    min_size=1,
    max_size=6,
)


def test_a_call_is_known_by_the_text_of_its_operation():
    for operation in NOTED:
        assert operation.text in calls_in(program(operation.text)), operation.text


@given(programs, st.floats(0, 1))
def test_operations_stay_what_they_were_but_for_their_cost(written, error_of_input):
    prior = Prior.of([(program(*texts), error) for texts, error in written], error_of_input)
    assert all(0 <= share <= 1 + 1e-9 for share in prior.shares.values())
    found = prior.recosted(ALL)
    costs = [operation.cost for operation in found]
    assert costs == sorted(costs)
    assert min(costs) >= 1
    assert sorted(o.text for o in found) == sorted(o.text for o in ALL)
    before = {o.text: o for o in ALL}
    for operation in found:
        old = before[operation.text]
        assert operation.function is old.function
        assert operation.cost <= old.cost + 1


@given(st.sampled_from(NOTED), st.sampled_from(NOTED))
def test_what_every_program_uses_is_cheapest_and_what_none_uses_is_dearer(used, unused):
    prior = Prior.of([(program(used.text), 1.0)] * 3, 1.0)
    cost = {operation.text: operation.cost for operation in prior.recosted(ALL)}
    assert cost[used.text] == 1
    if used.text.partition("(")[0] != unused.text.partition("(")[0]:
        assert cost[unused.text] == unused.cost + 1


def test_a_program_that_comes_nearer_counts_more():
    near, far = program("crop({0})"), program("transpose({0})")
    prior = Prior.of([(near, 0.1), (far, 0.5), (far, 0.5)], 0.5)
    assert prior.shares["crop({0})"] > 10 * prior.shares["transpose({0})"]
    assert prior.shares["transpose({0})"] < COMMON


def test_programs_of_other_libraries_tell_nothing():
    prior = Prior.of([("def transform(grid):\n    return flood(grid[::-1])\n", 0.2)], 0.5)
    assert not prior.tells([each for each in ALL if not each.text.startswith("flood")])
    assert not Prior.of([], 0.5).tells(ALL)


PARTS = (
    "fall({0}, 'right')",
    "rays_from_objects({0}, ('up_left', 'down_right'))",
    "outline({0}, False)",
)


def turned(rows):
    picture = library.image(Grid.of(rows).array.astype("int64"))
    for text in PARTS:
        picture = next(each for each in NOTED if each.text == text).function(picture, None)
    return Grid.from_array(library.render(picture).astype("uint8"))


SHAPES = (
    [[0, 0, 0, 0, 0], [0, 2, 2, 2, 0], [0, 2, 0, 2, 0], [0, 2, 2, 2, 0], [0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0, 0], [0, 3, 3, 3, 3, 0], [0, 3, 0, 0, 3, 0], [0, 3, 3, 3, 3, 0],
     [0, 0, 0, 0, 0, 0], [0, 4, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0]],
    [[0, 0, 0, 0, 0, 0], [0, 0, 0, 5, 0, 0], [0, 0, 5, 0, 5, 0], [0, 0, 0, 5, 0, 0],
     [0, 0, 0, 0, 0, 0]],
)  # fmt: skip
TASK = Task(
    "parts",
    tuple(Pair(Grid.of(rows), turned(rows)) for rows in SHAPES[:2]),
    (Grid.of(SHAPES[2]),),
)
QUICK = InductionConfig(steps=(200,))


def solved(writer, others=(), **changes):
    config = SamplingConfig(
        **{"programs": 4, "batch": 4, "views": False, "revisions": 0, "guided_steps": 1000}
        | changes
    )
    solver = SamplingSolver(writer, HonestSandbox(), config, QUICK)
    return list(solver.solve(TASK, 60.0, random.Random(0), others))


def verified(candidates):
    return [c for c in candidates if c.evidence.is_verified]


def test_wrong_programs_lead_the_search_to_the_right_one():
    writer = Parrot(*(fenced(program(text)) for text in PARTS))
    found = verified(solved(writer))
    assert found
    assert found[0].grid == turned(SHAPES[2])
    assert found[0].source == "sampling"
    assert not verified(solved(writer, guided_steps=0))


def test_without_the_right_parts_the_same_work_finds_nothing():
    assert not verified(solved(Parrot(fenced(program("transpose({0})")))))


def test_what_is_known_is_not_searched_for_again():
    writer = Parrot(*(fenced(program(text)) for text in PARTS))
    evidence = ProgramEvidence("def transform(grid): return grid", 3.0, 2, 2)
    known = Candidate("parts", 0, Grid.of([[1]]), "induction", -0.1, evidence)
    assert not verified(solved(writer, [known]))
    assert writer.asked
    unasked = Parrot(fenced(program(PARTS[0])))
    assert not solved(unasked, [known], skip_settled=True)
    assert not unasked.asked
    for poor in (ProgramEvidence("p", 3.0, 1, 2), ProgramEvidence("p", 30.0, 2, 2)):
        doubtful = Candidate("parts", 0, Grid.of([[1]]), "induction", -0.1, poor)
        assert verified(solved(writer, [doubtful]))
