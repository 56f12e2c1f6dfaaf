import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import tasks

from arc.grid import Grid
from arc.task import Pair, Task
from arc.transform import SYMMETRIES, Symmetry
from lm.protocol import Conditioning
from transduction.augment import make_views, permute_colors, training_examples

seeds = st.integers(0, 1000)


@given(tasks(), seeds)
def test_every_view_can_be_undone(task, seed):
    for view in make_views(task, 2, random.Random(seed)):
        for grid in task.inputs:
            assert view.transform.inverse().apply(view.prompt(grid).input) == grid


@given(tasks(), seeds)
def test_black_and_colors_of_outputs_alone_keep_their_meaning(task, seed):
    image = permute_colors(task, random.Random(seed)).image
    in_inputs = set().union(*(grid.cells for grid in task.inputs))
    in_outputs = set().union(*(grid.cells for grid in task.outputs))
    assert image[0] == 0
    assert all(image[color] == color for color in in_outputs - in_inputs)


@given(tasks(), seeds, st.sampled_from(Conditioning), st.integers(1, 40))
@settings(max_examples=30)
def test_examples_are_distinct_and_no_more_than_asked(task, seed, conditioning, n):
    examples = training_examples(task, conditioning, n, random.Random(seed))
    assert 0 < len(examples) <= n or len(task.pairs) == 0
    assert len(set(examples)) == len(examples)


@given(tasks(), seeds)
@settings(max_examples=30)
def test_the_same_seed_gives_the_same_examples(task, seed):
    def made():
        return training_examples(task, Conditioning.IN_CONTEXT, 30, random.Random(seed))

    assert made() == made()


def numbered_task(n):
    pairs = tuple(Pair(Grid.of([[i, i, 0]]), Grid.of([[i], [0]])) for i in range(1, n + 1))
    return Task("numbered", pairs, (Grid.of([[9, 9, 0]]),))


def test_leave_one_out_never_shows_the_held_out_pair():
    examples = training_examples(
        numbered_task(4), Conditioning.IN_CONTEXT, 1000, random.Random(0), with_transforms=False
    )
    assert examples
    for example in examples:
        assert Pair(example.prompt.input, example.output) not in example.prompt.context
        assert len(example.prompt.context) in (2, 3)


@pytest.mark.parametrize("with_transforms", [True, False])
def test_end_to_end_examples_have_no_context_and_are_the_pairs_themselves(with_transforms):
    task = numbered_task(4)
    examples = training_examples(
        task,
        Conditioning.IN_CONTEXT,
        1000,
        random.Random(0),
        with_transforms=with_transforms,
        with_context=False,
    )
    assert not any(example.prompt.context for example in examples)
    shown = {Pair(example.prompt.input, example.output) for example in examples}
    assert set(task.pairs) <= shown
    assert (len(examples) > 100) is with_transforms


@pytest.mark.parametrize("conditioning", Conditioning)
def test_test_inputs_are_never_trained_on(conditioning):
    task = Task("t", numbered_task(3).pairs, (Grid.of([[8] * 7]),))
    for example in training_examples(task, conditioning, 1000, random.Random(0)):
        shown = [example.prompt.input, *(pair.input for pair in example.prompt.context)]
        assert all(7 not in grid.shape for grid in shown)


def test_an_in_context_task_reaches_the_papers_number_of_examples():
    examples = training_examples(numbered_task(3), Conditioning.IN_CONTEXT, 250, random.Random(0))
    assert len(examples) > 100


def test_pairs_are_shown_under_every_symmetry():
    examples = training_examples(numbered_task(2), Conditioning.TASK_VECTOR, 1000, random.Random(0))
    assert {example.prompt.symmetry for example in examples} == set(SYMMETRIES)
    assert not any(example.prompt.context for example in examples)


def test_without_transforms_every_example_is_in_the_tasks_own_frame():
    examples = training_examples(
        numbered_task(2),
        Conditioning.TASK_VECTOR,
        1000,
        random.Random(0),
        with_transforms=False,
    )
    assert {example.prompt.symmetry for example in examples} == {Symmetry.IDENTITY}
