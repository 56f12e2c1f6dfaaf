import pickle

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from arc.grid import MAX_SIDE
from lm.embedded.corpus import load_corpus
from lm.embedded.variation import variation_of
from tests.lm.test_pretraining import tasks
from tests.strategies import grids

NAMES = st.text("0123456789abcdef", min_size=8, max_size=8)
NUMBERS = st.integers(0, 20)


@given(NAMES, NUMBERS, grids(), grids())
def test_a_variation_changes_one_side_and_stays_a_grid(name, number, source, target):
    variation = variation_of(name, number)
    changed = variation.apply(source.array, target.array)
    if changed is None:
        return
    kept = changed[0] if variation.on_output else changed[1]
    assert np.array_equal(kept, source.array if variation.on_output else target.array)
    for cells in changed:
        assert 1 <= min(cells.shape) <= max(cells.shape) <= MAX_SIDE
        assert cells.max() <= 9


@given(NAMES, NUMBERS, grids())
def test_a_variation_is_the_same_every_time(name, number, grid):
    first, second = (variation_of(name, number).apply(grid.array, grid.array) for _ in range(2))
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@given(NAMES, NUMBERS, grids())
def test_another_process_is_given_the_same_variation(name, number, grid):
    variation = variation_of(name, number)
    theirs = pickle.loads(pickle.dumps(variation))
    mine, other = (each.apply(grid.array, grid.array) for each in (variation, theirs))
    assert (mine is None) == (other is None)
    if mine is not None and other is not None:
        assert all(map(np.array_equal, mine, other))


def test_variations_have_vectors_and_names_of_their_own():
    corpus = load_corpus(None, tasks(3), hold_out=False, n_variations=2)
    assert len({rule.name for rule in corpus.rules}) == len(corpus.rules) == 9
    rng = np.random.default_rng(0)
    drawn = {corpus.draw(rng, 100, 0.3).vector for _ in range(300)}
    assert drawn == set(range(9))
