import itertools
import operator
from functools import partial

import pytest

from arc.ahead import worked_ahead

N_WORKERS = [0, pytest.param(2, marks=pytest.mark.slow)]


@pytest.mark.parametrize("n_workers", N_WORKERS)
def test_items_come_in_order_from_any_number_on(n_workers):
    with worked_ahead(partial(operator.mul, 3), n_workers, 4) as items:
        assert list(itertools.islice(items(0), 20)) == [3 * n for n in range(20)]
        assert list(itertools.islice(items(7), 3)) == [21, 24, 27]


@pytest.mark.parametrize("n_workers", N_WORKERS)
def test_an_error_comes_where_its_item_would(n_workers):
    with worked_ahead(partial(operator.floordiv, 6), n_workers, 4) as items:
        given = items(0)
        with pytest.raises(ZeroDivisionError):
            next(given)
        assert next(items(1)) == 6
