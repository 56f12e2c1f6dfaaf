"""Laws of the rules that the benchmark of rankings compares."""

from __future__ import annotations

import importlib
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

FOLDER = Path(__file__).parents[2] / "benchmarks"
NATS = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=st.floats(-200, 0)
)


@pytest.fixture(scope="module")
def ranking():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield importlib.import_module("ranking")


@given(NATS)
def test_power_means_rise_with_the_exponent_from_the_product_to_the_average(ranking, nats):
    means = [ranking.power_means(nats, exponent) for exponent in ranking.EXPONENTS]
    assert np.allclose(means[0], nats.mean(axis=1))
    assert np.allclose(np.exp(means[-1]), np.exp(nats).mean(axis=1))
    for lower, higher in pairwise(means):
        assert (higher >= lower - 1e-6).all()
    assert (means[-1] <= nats.max(axis=1) + 1e-6).all()


def test_models_that_are_not_asked_say_nothing(ranking):
    # The first model predicts grid 0 twice, the second grid 1, which it is sure of.
    output = ranking.Output(1, [[[-1.0, -1.0], [-9.0, -9.0]], [[-8.0, -8.0], [0.0, 0.0]]],
                            [[0, 0], [1, 1]])  # fmt: skip
    product, votes = ranking.RULES["0"], ranking.RULES["votes"]
    assert ranking.attempts(output, (0,), product) == [0]
    assert ranking.attempts(output, (1,), product) == [1]
    assert ranking.attempts(output, (0, 1), product) == [0, 1]
    assert ranking.attempts(output, (0, 1), votes) == [1, 0]
    outcome = ranking.Outcome("t", [output], 1.0)
    assert ranking.share(outcome, (0,), product, 2) == 0
    assert ranking.share(outcome, (0, 1), product, 2) == 1
    assert ranking.share(outcome, (0, 1), product, 1) == 0


def test_a_right_grid_that_nobody_predicts_is_not_found(ranking):
    output = ranking.Output(-1, [[[-1.0]]], [[0]])
    assert ranking.share(ranking.Outcome("t", [output], 1.0), (0,), ranking.RULES["1"], None) == 0
