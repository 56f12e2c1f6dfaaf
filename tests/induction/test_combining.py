import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from induction import library
from induction.library import Image, image
from induction.search.resizing.combining import combination_proposals
from induction.search.resizing.cutting import all_parts
from induction.search.resizing.seeding import seeds

QUICKLY = settings(max_examples=30, deadline=None)
layers = arrays(np.int8, (3, 2, 4), elements=st.integers(0, 3)).map(
    lambda stack: tuple(Image(cells) for cells in stack)
)


def run(source: str, grid: np.ndarray) -> np.ndarray:
    scope: dict = {}
    exec(source, scope)
    return scope["transform"](grid.copy())


@QUICKLY
@given(layers)
def test_what_lies_on_top_is_what_overlaying_shows(pictures: tuple[Image, ...]) -> None:
    assert np.array_equal(library.topmost(pictures), library.overlay_at_origin(pictures).cells)
    assert np.array_equal(library.lowest(pictures), library.topmost(pictures[::-1]))


@QUICKLY
@given(layers)
def test_a_cell_is_blank_on_top_where_no_layer_is_colored(pictures: tuple[Image, ...]) -> None:
    none = library.layers_colored(pictures) == 0
    assert np.array_equal(library.topmost(pictures) == 0, none)
    assert (library.layers_agreeing(pictures) >= 1).all()


def test_a_priority_among_three_panels_is_learned() -> None:
    rng = np.random.default_rng(0)
    inputs, outputs = [], []
    for _ in range(4):
        one, two, three = (rng.integers(0, 2, (4, 4)) * c for c in (3, 4, 6))
        line = np.full((4, 1), 5)
        inputs.append(np.hstack([one, line, two, line, three]))
        outputs.append(np.where(two, two, np.where(one, one, three)))
    found = combination_proposals(inputs, outputs[:3], all_parts(inputs, outputs[:3]))
    assert found
    assert np.array_equal(found[0].outputs[0], outputs[3])
    for proposal in found:
        for grid, wanted in zip(inputs, (*outputs[:3], *proposal.outputs), strict=True):
            assert np.array_equal(run(proposal.source, grid), wanted)


def test_seeds_have_the_values_their_text_says() -> None:
    rng = np.random.default_rng(0)
    grids = [rng.integers(0, 3, (6, 7)) for _ in range(2)]
    pictures = [image(grid) for grid in grids]
    found = seeds(pictures, all_parts(grids, grids))
    assert found
    for node in found:
        for grid, picture in zip(pictures, node.images, strict=True):
            assert eval(node.text, vars(library) | {"grid": grid}) == picture
