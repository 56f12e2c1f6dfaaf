"""What a signature says is true, of all pairs, and says no more of colors than it means to."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids, pairs

from arc.grid import Grid
from arc.task import Pair
from arc.transform import SYMMETRIES, PermuteColors
from lm.signature.motion import fallen
from lm.signature.signature import MIXED, PROPERTIES, joined, properties_of, signature

OF_COLORS = re.compile(
    "ground|.*_color|out_ground|(becomes|has|gains|loses)_.|changed_(from|to)|.*_part_gets"
)
BY_COLOR = re.compile("panel.*|.*panel|out_has_size_of_plain_part")
"""Where there are several candidates, a color decides which is meant."""


def said(source, target):
    return properties_of(Pair(Grid.from_array(source), Grid.from_array(target)))


@settings(max_examples=40)
@given(st.lists(pairs(), min_size=1, max_size=3))
def test_words_are_told_once_each_in_a_fixed_order(given_pairs):
    words = signature(given_pairs)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*:[a-z0-9_]+", word) for word in words)
    names = [word.split(":")[0] for word in words]
    order = list(PROPERTIES)
    assert [order.index(name) for name in names] == sorted({order.index(name) for name in names})
    assert signature(given_pairs[::-1]) == words


@settings(max_examples=40)
@given(st.lists(pairs(), min_size=2, max_size=3))
def test_what_is_said_of_several_pairs_is_true_of_each(given_pairs):
    each = [properties_of(pair) for pair in given_pairs]
    for word in joined(each):
        name, value = word.split(":")
        values = {of_pair[name] for of_pair in each}
        assert values == {value} or (value == MIXED and len(values) > 1)


@given(grids(), grids())
def test_everything_can_be_said_of_any_grids(one, other):
    assert properties_of(Pair(one, other))["in_parts"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (30, 1), (30, 30)])
def test_grids_of_extreme_shapes_have_signatures(shape):
    rng = np.random.default_rng(0)
    for cells in (np.zeros(shape, np.uint8), rng.integers(0, 10, shape, np.uint8)):
        for other in (np.zeros((30, 30), np.uint8), np.full((1, 1), 5, np.uint8), cells):
            assert said(cells, other)
            assert said(other, cells)


@settings(max_examples=30)
@given(grids())
def test_an_output_that_is_the_input_turned_is_told(grid):
    for symmetry in SYMMETRIES:
        found = properties_of(Pair(grid, symmetry.apply(grid)))
        assert found[f"out_is_{symmetry.value}"] == "exact"


@settings(max_examples=40)
@given(pairs(), st.permutations(range(1, 10)))
def test_only_properties_of_colors_know_colors(pair, others):
    if 0 not in pair.input.array:
        return  # the commonest color is ground then, and of two the lower
    permuted = PermuteColors((0, *others))
    again = Pair(permuted.apply(pair.input), permuted.apply(pair.output))

    def rest(said):
        kept = {name for name in said if not OF_COLORS.fullmatch(name)}
        return {name: said[name] for name in kept if not BY_COLOR.fullmatch(name)}

    assert rest(properties_of(pair)) == rest(properties_of(again))


@given(pairs())
def test_sizes_are_told_as_they_are(pair):
    found = properties_of(pair)
    (height, width), (out_height, out_width) = pair.input.shape, pair.output.shape
    assert (found["height"] == "same") == (height == out_height)
    assert (found["width"] == "half") == (2 * out_width == width)
    assert ("changed" in found) == (pair.input.shape == pair.output.shape)
    assert (found.get("changed") == "none") == (pair.input == pair.output)


@settings(max_examples=30)
@given(grids(), st.integers(1, 3), st.integers(1, 3))
def test_tiling_and_scaling_are_told(grid, rows, columns):
    if rows * columns == 1:
        return
    cells, times = grid.array, f"{rows}x{columns}"
    assert said(cells, np.tile(cells, (rows, columns)))["tiled"] == times
    large = cells.repeat(rows, 0).repeat(columns, 1)
    assert said(cells, large)["upscaled"] == times
    assert said(large, cells)["downscaled"] == "whole"


@given(grids(), st.sampled_from(["up", "down", "left", "right"]))
def test_what_fell_keeps_its_lines_and_lies_at_the_end(grid, direction):
    cells = grid.array
    after = fallen(cells, 0, direction)
    axis = 0 if direction in ("up", "down") else 1
    assert np.array_equal(np.sort(after, axis), np.sort(cells, axis))
    mask = np.asarray(after != 0).astype(int)
    steps = np.diff(mask, axis=axis)
    assert (steps >= 0).all() if direction in ("down", "right") else (steps <= 0).all()


def grid_of(text):
    return np.array([[int(c) for c in row] for row in text.split()], np.uint8)


@pytest.mark.parametrize(
    ("source", "target", "words"),
    [
        ("100 020 000", "000 000 120", {"falls:down"}),
        ("030 303 030", "030 343 030", {"changed_holes:all", "changed_to:4", "new_color:4"}),
        ("10510 01500", "10 00", {"panels_combined:and", "line_color:5", "panel_columns:2"}),
        ("11510 00501", "00 01", {"panels_combined:second_only"}),
        ("0000 0120 0000", "12", {"out_is_box_identity:exact", "cut_from_input:plain"}),
        ("110 110 003", "11 11", {"part_has_cells:most", "out_color_is:most_common"}),
        ("0123 0123", "0213 0213", {"colors_swapped:yes", "becomes_1:2", "recolored:one_to_one"}),
        ("10 00", "11 00", {"extends_right:yes", "changed:many", "changed_as:one_cell"}),
        ("11000 11020", "11000 11000", {"kept_with_cells:more", "cells:removed"}),
    ],
)
def test_what_people_see_is_told(source, target, words):
    found = said(grid_of(source), grid_of(target))
    assert words <= {f"{name}:{value}" for name, value in found.items()}
