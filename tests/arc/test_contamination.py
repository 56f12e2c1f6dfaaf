import pytest
from hypothesis import given
from hypothesis import strategies as st

from arc.contamination import (
    evaluation_pairs_among,
    hashes_of,
    overlap_of,
    pair_hash,
    solved_pairs,
    solved_split,
)
from arc.dataset import TWINS, load_split, load_split_answers
from arc.transform import SYMMETRIES, Compose, PermuteColors, transform_pair
from tests.strategies import grids, pairs, transforms


def seen(pair):
    return pair_hash(pair.input.array, pair.output.array)


@given(pairs(), transforms())
def test_no_symmetry_and_no_recoloring_changes_the_hash_of_a_pair(pair, transform):
    assert seen(transform_pair(pair, transform)) == seen(pair)


@given(pairs(3), pairs(3))
def test_pairs_of_one_hash_are_the_same_pair_seen_differently(one, other):
    """What is equal up to a symmetry and the order in which colors appear, and nothing else."""

    def views(pair):
        found = set()
        for symmetry in SYMMETRIES:
            turned = transform_pair(pair, symmetry)
            order = dict.fromkeys(turned.input.cells + turned.output.cells)
            rest = [c for c in range(10) if c not in order]
            image = PermuteColors(tuple([*order, *rest].index(c) for c in range(10)))
            found.add(transform_pair(turned, image))
        return found

    assert (seen(one) == seen(other)) == bool(views(one) & views(other))


@given(grids(5), grids(5))
def test_input_and_output_are_told_apart(one, other):
    mirrored = {Compose(s, PermuteColors(tuple(range(10)))).apply(one) for s in SYMMETRIES}
    if one.shape != other.shape and other.shape != one.shape[::-1]:
        assert pair_hash(one.array, other.array) != pair_hash(other.array, one.array)
        assert other not in mirrored


def test_the_pairs_of_a_task_and_of_its_answers_are_found_however_they_are_seen():
    answers = load_split_answers("arc1", "training")
    for task in load_split("arc1", "training")[:20]:
        solved = solved_pairs(task, answers[task.task_id])
        assert len(solved) == len(task.inputs)
        found = hashes_of(solved)
        assert all(seen(transform_pair(p, SYMMETRIES[3])) in found for p in solved)


COUNTS = [
    ("arc1", "evaluation", "arc2", "training", 376, 376),
    ("arc1", "training", "arc2", "training", 391, 392),
    ("arc1", "evaluation", "arc2", "evaluation", 6, 7),
    ("arc1", "training", "arc1", "evaluation", 0, 2),
]


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "split", "other", "in_split", "by_id", "by_pair"), COUNTS)
def test_what_the_public_sets_share_is_found(dataset, split, other, in_split, by_id, by_pair):
    """Under other ids, in another order of demonstrations: only pairs tell."""
    overlap = overlap_of(solved_split(dataset, split), solved_split(other, in_split))
    assert (len(overlap.by_id), len(overlap.by_pair)) == (by_id, by_pair)


@pytest.mark.slow
def test_the_twins_are_found():
    answers = {}
    for split in ("training", "evaluation"):
        answers |= load_split_answers("arc1", split)
    tasks = {
        task.task_id: solved_pairs(task, answers[task.task_id])
        for split in ("training", "evaluation")
        for task in load_split("arc1", split)
        if task.task_id in {"40853293", "070dd51e"}
    }
    overlap = overlap_of({"a": tasks["40853293"]}, {"b": tasks["070dd51e"]})
    assert overlap.whole == ("a",)
    assert overlap.by_pair == {"a": ("b",)}
    assert "40853293" in TWINS


@given(st.lists(pairs(3), min_size=1, max_size=3), transforms())
def test_a_task_is_found_whatever_is_done_to_it(task, transform):
    seen_otherwise = [transform_pair(pair, transform) for pair in reversed(task)]
    overlap = overlap_of({"mine": seen_otherwise}, {"mine": task, "other": []})
    assert overlap.by_id == overlap.whole == ("mine",)
    assert overlap.by_pair == {"mine": ("mine",)}
    assert not overlap_of({"mine": task}, {"other": []}).by_pair


@pytest.mark.slow
def test_evaluation_pairs_are_found_among_others():
    """Only counts leave the module; the pairs are those of training tasks known to be shared."""
    shared = solved_split("arc1", "training")["40853293"]
    own = solved_split("arc1", "training")["007bbfb7"]
    mixed = [*own, *(transform_pair(pair, SYMMETRIES[3]) for pair in shared)]
    cells = [(pair.input.array, pair.output.array) for pair in mixed]
    assert list(evaluation_pairs_among(cells)) == list(range(len(own), len(mixed)))
