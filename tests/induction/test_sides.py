import numpy as np

from induction import library
from induction.library import image
from induction.search.resizing.sides import side_canvases


def test_a_side_may_be_half_the_other_one_or_a_product_with_a_count() -> None:
    grids = [image(np.array([[1] * k + [0] * (n - k)])) for n, k in ((6, 1), (8, 2), (10, 3))]
    (half,) = side_canvases(grids, [(3, 6), (4, 8)])
    assert [c.shape for c in half.images] == [(3, 6), (4, 8), (5, 10)]
    (product,) = side_canvases(grids, [(1, 6), (1, 16)])
    assert [c.shape for c in product.images] == [(1, 6), (1, 16), (1, 30)]


def test_the_text_of_a_size_gives_the_size() -> None:
    grids = [image(np.full((2, n), n % 4 + 1)) for n in (3, 4, 5)]
    for canvas in side_canvases(grids, [(6, 3), (6, 4)]):
        for grid, blank in zip(grids, canvas.images, strict=True):
            assert eval(canvas.text, vars(library) | {"grid": grid}).shape == blank.shape


def test_no_size_is_made_up() -> None:
    grids = [image(np.eye(n)) for n in (3, 4, 5)]
    assert not side_canvases(grids, [(17, 2), (5, 29)])
