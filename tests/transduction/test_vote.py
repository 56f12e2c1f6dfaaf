from hypothesis import given
from hypothesis import strategies as st
from strategies import grids

from arc.grid import Grid
from arc.transform import SYMMETRIES, Symmetry
from transduction.vote import Prediction, by_count, flat_vote, hierarchical_vote, rank

RED, BLUE, GREEN = Grid.of([[2]]), Grid.of([[1]]), Grid.of([[3]])
predictions = st.lists(
    st.builds(Prediction, grids(2), st.sampled_from(SYMMETRIES), st.sampled_from([-0.7, -0.1])),
    min_size=1,
    max_size=12,
)


@given(predictions, st.randoms(use_true_random=False))
def test_votes_ignore_order(found, rng):
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert flat_vote(found) == flat_vote(shuffled)
    assert hierarchical_vote(found) == hierarchical_vote(shuffled)


@given(
    predictions,
    st.dictionaries(grids(2), st.sampled_from([-3.0, -2.0, -1.0]), max_size=6),
    st.sampled_from(["flat", "hierarchical", "product_of_experts"]),
    st.randoms(use_true_random=False),
)
def test_every_ranking_is_a_total_order_that_ignores_arrival(found, scores, vote, rng):
    ranked = rank(vote, found, scores)
    shuffled = list(found)
    rng.shuffle(shuffled)
    assert rank(vote, shuffled, scores) == ranked
    assert len({grid for grid, _ in ranked}) == len(ranked)
    assert {p.grid for p in found} <= {grid for grid, _ in ranked}
    weights = [weight for _, weight in ranked]
    assert weights == sorted(weights, reverse=True)


@given(predictions, st.randoms(use_true_random=False))
def test_a_product_of_experts_goes_by_score_and_then_by_votes(found, rng):
    distinct = sorted({p.grid for p in found})
    scores = {grid: -rng.random() for grid in distinct if rng.random() < 0.5}
    ranked = [grid for grid, _ in rank("product_of_experts", found, scores)]
    assert ranked[: len(scores)] == sorted(scores, key=lambda grid: -scores[grid])
    voted = by_count("hierarchical", found)
    assert ranked[len(scores) :] == [grid for grid in voted if grid not in scores]
    assert sorted(voted) == distinct


def test_a_product_of_experts_proposes_nothing_that_no_view_predicted():
    grids = [Grid.of([[1, 1], [2, 3]]), Grid.of([[5, 5], [0, 1]])]
    found = [Prediction(grid, Symmetry.IDENTITY) for grid in grids]
    filler = Grid.of([[1, 1], [0, 1]])
    ranked = rank("product_of_experts", found, {filler: 0.0, grids[0]: -1.0})
    assert {grid for grid, _ in ranked} == set(grids)


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
