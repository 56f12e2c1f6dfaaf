from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids

from arc.grid import Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES, transform_task
from ensemble.selection import Selection
from transduction.shape import known_shape


def task_of(*shapes, asked):
    """A task with demonstrations of these input and output shapes, whose cells are all 1."""
    pairs = [Pair(filled(source), filled(target)) for source, target in shapes]
    return Task("t", tuple(pairs), (filled(asked),))


def filled(shape):
    return Grid.of([[1] * shape[1]] * shape[0])


@pytest.mark.parametrize(
    ("shapes", "asked", "expected"),
    [
        ([((2, 3), (2, 3)), ((4, 5), (4, 5))], (6, 1), (6, 1)),  # the input's
        ([((2, 3), (1, 1)), ((4, 5), (1, 1))], (6, 2), (1, 1)),  # always the same
        ([((2, 3), (4, 9)), ((4, 5), (8, 15))], (6, 2), (12, 6)),  # times a number
        ([((4, 3), (2, 3)), ((6, 5), (3, 5))], (8, 2), (4, 2)),  # a part
        ([((4, 3), (6, 5)), ((6, 5), (8, 7))], (8, 2), (10, 4)),  # more by a number
        ([((4, 1), (1, 4)), ((6, 5), (5, 6))], (8, 2), (2, 8)),  # turned
        ([((4, 3), (1, 3)), ((6, 5), (1, 5))], (8, 2), (1, 2)),  # each side by a rule of its own
        ([((3, 3), (9, 9)), ((3, 3), (9, 9))], (3, 3), (9, 9)),  # rules that agree
        ([((3, 3), (9, 9)), ((3, 3), (9, 9))], (4, 4), None),  # rules that do not
        ([((3, 3), (3, 3)), ((5, 5), (5, 5))], (4, 6), None),  # turned or not
        ([((4, 3), (2, 3)), ((6, 5), (3, 5))], (7, 2), None),  # half of an odd side
        ([((4, 3), (2, 3)), ((6, 5), (4, 4))], (7, 2), None),  # no rule
        ([((2, 2), (6, 6)), ((4, 4), (12, 12))], (11, 11), None),  # larger than a grid can be
        ([((3, 3), (1, 1)), ((5, 5), (3, 3))], (2, 2), None),  # and smaller
        ([((3, 3), (3, 3))], (3, 3), None),  # one demonstration shows no rule
    ],
)
def test_the_shape_is_known_where_all_rules_that_fit_agree(shapes, asked, expected):
    assert known_shape(task_of(*shapes, asked=asked), 0) == expected


def test_of_the_training_split_most_shapes_are_known_and_nearly_all_of_these_right():
    selection = Selection(split="train")
    answers = selection.answers()
    found = [
        (known_shape(task, i), output.shape)
        for task in selection.tasks()
        for i, output in enumerate(answers[task.task_id].outputs)
    ]
    known = [(shape, right) for shape, right in found if shape is not None]
    n_right = sum(shape == right for shape, right in known)
    assert (len(found), len(known), n_right) == (416, 350, 349)


SHAPES = st.tuples(st.integers(1, 6), st.integers(1, 6))


@given(
    st.lists(st.tuples(SHAPES, SHAPES), min_size=2, max_size=3),
    SHAPES,
    st.sampled_from(SYMMETRIES),
)
def test_a_turned_task_has_the_turned_shape(shapes, asked, symmetry):
    task = task_of(*shapes, asked=asked)
    shape = known_shape(task, 0)
    turned = known_shape(transform_task(task, symmetry), 0)
    assert turned == (None if shape is None else symmetry.apply(filled(shape)).shape)


@given(st.lists(st.tuples(SHAPES, SHAPES), min_size=2, max_size=3), SHAPES, grids())
def test_other_test_inputs_do_not_matter(shapes, asked, other):
    task = task_of(*shapes, asked=asked)
    more = replace(task, test_inputs=(*task.test_inputs, other))
    assert known_shape(more, 0) == known_shape(task, 0)
