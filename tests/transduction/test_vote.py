from hypothesis import given
from hypothesis import strategies as st
from strategies import grids

from arc.grid import Grid
from arc.transform import SYMMETRIES, Symmetry
from transduction.vote import Prediction, flat_vote, hierarchical_vote

RED, BLUE, GREEN = Grid.of([[2]]), Grid.of([[1]]), Grid.of([[3]])
predictions = st.lists(
    st.builds(Prediction, grids(2), st.sampled_from(SYMMETRIES)), min_size=1, max_size=12
)


@given(predictions, st.randoms(use_true_random=False))
def test_votes_ignore_order(found, rng):
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert flat_vote(found) == flat_vote(shuffled)
    assert hierarchical_vote(found) == hierarchical_vote(shuffled)


@given(predictions)
def test_a_flat_vote_counts_every_prediction_once(found):
    ranked = flat_vote(found)
    assert sum(votes for _, votes in ranked) == len(found)
    assert {grid for grid, _ in ranked} == {p.grid for p in found}


@given(predictions)
def test_a_hierarchical_vote_gives_each_symmetry_one_voice_a_grid(found):
    n_symmetries = len({p.symmetry for p in found})
    assert all(1 <= votes <= n_symmetries for _, votes in hierarchical_vote(found))


def test_one_loud_symmetry_does_not_outvote_two_quiet_ones():
    found = [Prediction(RED, Symmetry.TRANSPOSE)] * 5
    found += [Prediction(BLUE, s) for s in (Symmetry.FLIP_ROWS, Symmetry.ROTATE_90)]
    assert flat_vote(found)[0] == (RED, 5)
    assert hierarchical_vote(found)[0] == (BLUE, 2)


def test_a_tie_goes_to_the_tasks_own_frame():
    found = [Prediction(RED, Symmetry.TRANSPOSE), Prediction(GREEN, Symmetry.IDENTITY)]
    assert flat_vote(found)[0][0] == GREEN


def test_a_symmetry_with_few_predictions_adds_its_majority_grid():
    grids = [Grid.of([[1, 1], [2, 3]]), Grid.of([[5, 5], [0, 1]])]
    ranked = hierarchical_vote([Prediction(grid, Symmetry.IDENTITY) for grid in grids])
    assert {grid for grid, _ in ranked} == {*grids, Grid.of([[1, 1], [0, 1]])}
