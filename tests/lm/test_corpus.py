import numpy as np
import pytest

from arc.grid import Grid
from arc.task import Pair, Task
from lm.embedded.batch import Sample
from lm.embedded.corpus import load_corpus

PAIRS = [Pair(Grid.of([[1] * width]), Grid.of([[2] * width] * 2)) for width in (4, 1, 3, 2, 5)]
LENGTHS = sorted(Sample(pair.input.array, pair.output.array).length for pair in PAIRS)


@pytest.mark.parametrize("longest", LENGTHS)
def test_every_pair_that_is_short_enough_is_drawn_and_no_other(longest):
    corpus = load_corpus(None, [Task("task", tuple(PAIRS), (PAIRS[0].input,))], hold_out=False)
    rng = np.random.default_rng(0)
    drawn = {corpus.draw(rng, longest, 0.3).length for _ in range(200)}
    assert drawn == {length for length in LENGTHS if length <= longest}
