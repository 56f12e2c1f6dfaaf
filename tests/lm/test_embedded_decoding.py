import math
import random
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids
from tiny import random_embedded

from arc.errors import ConfigError
from arc.grid import Grid
from arc.transform import SYMMETRIES
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.config import EmbeddedConfig
from lm.embedded.model import Architecture
from lm.protocol import DepthFirst, Example, Prompt, Sampling

TINY = Architecture(width=16, layers=1, heads=1, hidden=16)


def tiny_model(seed=0, **settings_):
    model = random_embedded(TINY, 0.3, seed)
    config = EmbeddedConfig(**{"tokens": 600, "min_updates": 1, "max_length": 60, **settings_})
    return EmbeddedLanguageModel(model, torch.zeros(1, TINY.width), config)


SIDES = st.integers(1, 5)
ONE, TWO, SEVEN = Grid.of([[1]]), Grid.of([[2]]), Grid.of([[7, 7]])
AMBIGUOUS = [Example(Prompt(ONE), output) for output in (ONE, ONE, TWO, TWO, SEVEN)]


@pytest.fixture(scope="module")
def undecided():
    """A model, and an adaptation by which an input has several likely outputs."""
    model = tiny_model(tokens=2500)
    return model, model.adapt(AMBIGUOUS * 3, random.Random(0), 60, train=True)


def test_search_finds_every_likely_reply_and_no_other(undecided):
    model, adaptation = undecided
    shapes = [(1, 1), (1, 2), (2, 1)]
    every = [
        Grid(h, w, bytes(cells))
        for h, w in shapes
        for cells in ([a, b][: h * w] for a in range(10) for b in range(10))
    ]
    every = list(dict.fromkeys(every))
    scores = model.score([Prompt(ONE)] * len(every), every, adaptation)
    greedy = model.generate([Prompt(ONE)], adaptation)[0].grid
    for threshold in (0.4, 0.1, 0.02):
        likely = {greedy} | {
            g for g, s in zip(every, scores, strict=True) if s >= math.log(threshold)
        }
        found = model.search([Prompt(ONE)], adaptation, DepthFirst(threshold))[0]
        assert likely == {c.grid for c in found if c.grid.shape in shapes}
    assert len(likely) >= 3


@given(st.lists(grids(4), min_size=1, max_size=3), st.sampled_from([1.0, 0.2, 0.01, 1e-4]))
@settings(max_examples=15, deadline=None)
def test_what_a_search_finds_is_as_likely_as_scoring_says(inputs, threshold):
    model = tiny_model(seed=len(inputs[0].cells))
    prompts = [Prompt(g, symmetry=SYMMETRIES[i]) for i, g in enumerate(inputs)]
    greedy = model.generate(prompts)
    found = model.search(prompts, None, DepthFirst(threshold, max_tokens=500))
    for prompt, best, completions in zip(prompts, greedy, found, strict=True):
        assert best.grid is None or best.grid in [c.grid for c in completions]
        assert len({c.grid for c in completions}) == len(completions)
        assert completions == sorted(completions, key=lambda c: -c.log_probability)
        scores = model.score([prompt] * len(completions), [c.grid for c in completions])
        for completion, score in zip(completions, scores, strict=True):
            assert completion.log_probability == pytest.approx(score, abs=1e-3)
            assert completion.grid == best.grid or score >= math.log(threshold) - 1e-3


@pytest.mark.parametrize("bound", [{"threshold": 1.0}, {"max_completions": 1}, {"max_tokens": 1}])
def test_a_search_without_room_gives_the_greedy_reply(undecided, bound):
    model, adaptation = undecided
    search = DepthFirst(**{"threshold": 0.001, **bound})
    found = model.search([Prompt(ONE), Prompt(TWO)], adaptation, search)
    greedy = model.generate([Prompt(ONE), Prompt(TWO)], adaptation)
    assert [[c.grid for c in completions] for completions in found] == [[c.grid] for c in greedy]


def test_a_search_keeps_to_its_number_of_completions(undecided):
    model, adaptation = undecided
    found = model.search([Prompt(ONE)], adaptation, DepthFirst(0.001, max_completions=2))[0]
    more = model.search([Prompt(ONE)], adaptation, DepthFirst(0.001))[0]
    assert len(found) == 2 < len(more)
    assert {c.grid for c in found} <= {c.grid for c in more}


def test_samples_are_as_likely_as_scoring_says_and_follow_their_seed(undecided):
    model, adaptation = undecided
    prompts = [Prompt(ONE), Prompt(TWO)]
    for temperature in (0.5, 1.0, 2.0):
        sampling = Sampling(5, temperature, seed=3)
        found = model.sample(prompts, adaptation, sampling)
        assert model.sample(prompts, adaptation, sampling) == found
        for prompt, replies in zip(prompts, found, strict=True):
            assert len(replies) == 5
            drawn = [c for c in replies if c.grid is not None]
            scores = model.score([prompt] * len(drawn), [c.grid for c in drawn], adaptation)
            for completion, score in zip(drawn, scores, strict=True):
                assert completion.log_probability == pytest.approx(score, abs=1e-3)


def test_samples_come_as_often_as_they_are_likely(undecided):
    model, adaptation = undecided
    drawn = [c.grid for c in model.sample([Prompt(ONE)], adaptation, Sampling(600))[0]]
    for grid in (ONE, TWO, SEVEN):
        expected = math.exp(model.score([Prompt(ONE)], [grid], adaptation)[0])
        assert abs(drawn.count(grid) / 600 - expected) < 5 * math.sqrt(0.25 / 600)


def test_a_cold_sample_is_the_greedy_reply(undecided):
    model, adaptation = undecided
    replies = model.sample([Prompt(ONE)], adaptation, Sampling(3, 1e-6))[0]
    assert {c.grid for c in replies} == {model.generate([Prompt(ONE)], adaptation)[0].grid}


@given(st.lists(st.tuples(grids(4), st.none() | st.tuples(SIDES, SIDES)), min_size=1, max_size=3))
@settings(max_examples=15, deadline=None)
def test_a_reply_has_the_shape_that_is_known_and_is_as_likely_as_its_cells(asked):
    model = tiny_model(seed=len(asked[0][0].cells))
    prompts = [Prompt(grid, shape=shape) for grid, shape in asked]
    found = [
        [[reply] for reply in model.generate(prompts)],
        model.sample(prompts, None, Sampling(2)),
        model.search(prompts, None, DepthFirst(0.2, max_tokens=200)),
    ]
    for replies_of in found:
        for prompt, replies in zip(prompts, replies_of, strict=True):
            grids_ = [reply.grid for reply in replies if reply.grid is not None]
            if prompt.shape is not None:
                assert {grid.shape for grid in grids_} == {prompt.shape}
            scores = model.score([prompt] * len(grids_), grids_)
            given_ = [r.log_probability for r in replies if r.grid is not None]
            assert given_ == pytest.approx(scores, abs=1e-3)


def test_a_known_shape_counts_for_nothing_where_a_reply_has_another():
    model = tiny_model()
    prompt = Prompt(ONE)
    free = model.score([prompt, prompt], [SEVEN, TWO])
    known = model.score([replace(prompt, shape=(1, 1))] * 2, [SEVEN, TWO])
    assert known[0] == pytest.approx(free[0])
    assert known[1] > free[1]


def test_an_input_too_large_for_a_reply_gets_none():
    large = Prompt(Grid.of([[3] * 6] * 6))
    assert tiny_model().search([large, Prompt(ONE)], None, DepthFirst())[0] == []
    replies = tiny_model().sample([large, Prompt(ONE)], None, Sampling(2))
    assert [c.grid for c in replies[0]] == [None, None]
    assert len(replies[1]) == 2


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Sampling, {"n": 0}),
        (Sampling, {"temperature": 0.0}),
        (DepthFirst, {"threshold": 0.0}),
        (DepthFirst, {"threshold": 1.5}),
        (DepthFirst, {"max_completions": 0}),
        (DepthFirst, {"max_tokens": 0}),
    ],
)
def test_bounds_that_make_no_sense_are_refused(kind, values):
    with pytest.raises(ConfigError, match=next(iter(values))):
        kind(**values)


SWAPS = [Example(Prompt(Grid.of([[a, b]])), Grid.of([[b, a]])) for a in (1, 2, 3) for b in (4, 5)]
COPIES = [Example(Prompt(Grid.of([[a, b]])), Grid.of([[a, b]])) for a in (1, 2, 3) for b in (4, 5)]


def scores_of(model, adaptation, examples):
    prompts, outputs = [e.prompt for e in examples], [e.output for e in examples]
    return model.score(prompts, outputs, adaptation)


@pytest.mark.parametrize("shared", [True, False])
def test_one_task_among_many_is_adapted_as_one_alone(shared):
    model = tiny_model()
    alone = model.adapt(SWAPS, random.Random(0), 60, train=True)
    together = model.adapt_many([SWAPS], random.Random(0), 60, shared=shared)
    assert len(together) == 1
    assert together[0].updates == alone.updates
    expected = scores_of(model, alone, SWAPS)
    assert scores_of(model, together[0], SWAPS) == pytest.approx(expected, rel=1e-3)


def test_tasks_that_share_weights_still_have_vectors_of_their_own():
    model = tiny_model(tokens=2000, vector_rate=0.1)
    swaps, copies = model.adapt_many([SWAPS, COPIES], random.Random(0), 60, shared=True)
    assert swaps.weights.model is copies.weights.model
    for own, other, examples in ((swaps, copies, SWAPS), (copies, swaps, COPIES)):
        mine, others = scores_of(model, own, examples), scores_of(model, other, examples)
        assert sum(mine) > sum(others)


def test_tasks_apart_do_not_see_each_other():
    model = tiny_model()
    first, second = model.adapt_many([SWAPS, COPIES], random.Random(0), 60, shared=False)
    assert first.weights.model is not second.weights.model
    alone = model.adapt(SWAPS, random.Random(0), 60, train=True)
    assert scores_of(model, first, SWAPS) == scores_of(model, alone, SWAPS)


def test_no_tasks_are_no_adaptations():
    assert tiny_model().adapt_many([], random.Random(0), 60, shared=True) == []
