"""A batch is what the encoding of each of its pairs is, padded."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from slots import encode_output
from strategies import grids

from arc.grid import N_COLORS, Grid
from arc.transform import SYMMETRIES, PermuteColors
from lm.embedded.batch import Sample, collate
from lm.embedded.encoding import (
    N_FEATURES,
    N_HEADER,
    Tokens,
    encode_header,
    encode_input,
)
from lm.embedded.sequence import PADDING

LARGEST = Grid.of([[c % N_COLORS for c in range(30)]] * 30)


@st.composite
def samples(draw, max_side):
    """A pair under a symmetry and a permutation of colors."""
    number = draw(st.integers(0, len(SYMMETRIES) - 1))
    image = tuple(draw(st.permutations(range(N_COLORS))))
    source, target = (
        SYMMETRIES[number](PermuteColors(image).apply(draw(grids(max_side))).array) for _ in "io"
    )
    is_recolored = image != tuple(range(N_COLORS))
    return Sample(source, target, number, is_recolored, draw(st.integers(0, 99)))


def padded(tokens, length):
    """The tokens, then zeros."""
    features = np.zeros((length, N_FEATURES), dtype=np.int64)
    positions = np.zeros((length, 3), dtype=np.int64)
    features[: len(tokens)], positions[: len(tokens)] = tokens.features, tokens.positions
    return Tokens(features, positions)


def assert_holds(batch, index, sample):
    """Fails unless a row of the batch is the sample."""
    n_input, n_output = sample.input.size, sample.output.size
    n_outputs = batch.colors.shape[1]
    parts = [
        padded(encode_input(sample.input), batch.inputs),
        encode_header(sample.input, sample.output.shape[0]),
        padded(encode_output(sample.input, sample.output), n_outputs),
    ]
    features = np.concatenate([part.features for part in parts])
    positions = np.concatenate([part.positions for part in parts])
    mask = np.full((len(features), len(features)), -np.inf, dtype=np.float32)
    mask[:, :n_input] = 0
    backwards = np.tri(N_HEADER + n_outputs, dtype=bool)
    mask[batch.inputs :, batch.inputs :][backwards] = 0
    colors = np.full(n_outputs, PADDING)
    colors[:n_output] = sample.output.reshape(-1)
    for found, expected in [
        (batch.features, features),
        (batch.positions, positions),
        (batch.mask[:, 0], mask),
        (batch.colors, colors),
        (batch.sides, np.array(sample.output.shape) - 1),
        (batch.symmetries, np.array(sample.symmetry)),
        (batch.recolored, np.array(sample.recolored, dtype=np.float32)),
        (batch.vectors, np.array(sample.vector)),
    ]:
        assert found.dtype == torch.from_numpy(expected).dtype
        assert np.array_equal(found[index].numpy(), expected)


def assert_all_held(drawn):
    batch = collate(drawn)
    assert batch.inputs == max(sample.input.size for sample in drawn)
    assert batch.colors.shape == (len(drawn), max(sample.output.size for sample in drawn))
    for index, sample in enumerate(drawn):
        assert_holds(batch, index, sample)


@given(st.lists(samples(6), min_size=1, max_size=5))
def test_a_batch_holds_what_encoding_says_of_each_pair(drawn):
    assert_all_held(drawn)


@settings(max_examples=5)  # a batch with the largest pair has a mask of 10 MB a sample
@given(samples(30), samples(3))
def test_neither_the_largest_grids_nor_their_padding_are_an_exception(large, small):
    assert_all_held([small, large, Sample(LARGEST.array, LARGEST.array)])


def test_a_batch_is_made_where_it_is_asked_for():
    batch = collate([Sample(LARGEST.array, LARGEST.array)], "meta")
    tensors = [getattr(batch, name) for name in batch.__slots__ if name != "inputs"]
    assert all(tensor.is_meta for tensor in tensors)


@pytest.mark.gpu
def test_a_gpu_makes_the_same_batch():
    drawn = [Sample(LARGEST.array, LARGEST.array), Sample(LARGEST.array[:2], LARGEST.array[:, :3])]
    expected, found = collate(drawn), collate(drawn, "cuda")
    for name in expected.__slots__:
        value = getattr(found, name)
        assert np.array_equal(getattr(expected, name), value if name == "inputs" else value.cpu())
