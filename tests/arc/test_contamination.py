from hypothesis import given

from arc.contamination import hashes_of, pair_hash, solved_pairs
from arc.dataset import load_split, load_split_answers
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
