from __future__ import annotations

import itertools
import math
import random
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_causal import BLUE, FOREVER, PROMPTS, RED, TASK, grid_of, tiny_model

from arc.grid import Grid
from lm.causal.cache import Reader, open_texts, shared_prefixes
from lm.protocol import Adaptation, Completion, DepthFirst, Example, Prompt, Sampling

MODEL = tiny_model(max_tokens=120, learning_rate=1e-2, batch_size=12, epochs=25)
TEXTS = st.lists(st.lists(st.integers(3, 15), min_size=1, max_size=12), min_size=1, max_size=5)
SMALL = [
    Grid.of([row[i * width : (i + 1) * width] for i in range(height)])
    for height, width in ((1, 1), (1, 2), (2, 1))
    for row in itertools.product(range(10), repeat=height * width)
]


@pytest.fixture(scope="module")
def unsure() -> Adaptation:
    """Trained to give any of a few grids for any input."""
    outputs = [*SMALL[:3], *SMALL[12:15], *SMALL[110:113], RED, BLUE, Grid.of([[3, 3, 3]])]
    examples = [Example(prompt, output) for prompt in PROMPTS for output in outputs]
    return MODEL.adapt(examples, random.Random(0), FOREVER, train=True)


def grids_of(completions: list[Completion]) -> list[Grid | None]:
    return [completion.grid for completion in completions]


@given(TEXTS)
def test_a_shared_beginning_leaves_something_of_every_text(texts) -> None:
    prefixes, owners = shared_prefixes(texts)
    for text, owner in zip(texts, owners, strict=True):
        prefix = prefixes[owner]
        assert text[: len(prefix)] == prefix
        assert len(prefix) < len(text)


@settings(max_examples=40)
@given(TEXTS, st.lists(st.integers(3, 15), max_size=10))
@torch.inference_mode()
def test_reading_a_shared_beginning_once_changes_nothing(texts, start) -> None:
    texts = [start + text for text in texts]
    base = MODEL.base
    shared, together = open_texts(base, texts)
    alone = [Reader(base).read([text])[0] for text in texts]
    assert torch.allclose(together, torch.stack(alone), atol=1e-4)
    assert shared.lengths == [len(text) for text in texts]


@settings(max_examples=40)
@given(TEXTS, TEXTS, st.randoms(use_true_random=False))
@torch.inference_mode()
def test_a_reader_goes_on_as_if_all_were_read_at_once(first, second, rng) -> None:
    n = min(len(first), len(second))
    base = MODEL.base
    reader = Reader(base)
    reader.read(first[:n])
    rows = [rng.randrange(n) for _ in range(3)]
    reader.select(rows)
    ends = [second[rng.randrange(n)] for _ in rows]
    logits = reader.read(ends)
    whole = [Reader(base).read([first[row] + end])[0] for row, end in zip(rows, ends, strict=True)]
    assert torch.allclose(logits, torch.stack(whole), atol=1e-4)
    alone = reader.row(1)
    alone.crop(len(ends[1]))
    assert torch.allclose(alone.read([ends[1]])[0], whole[1], atol=1e-4)


@pytest.mark.parametrize("threshold", [0.01, pytest.param(0.001, marks=pytest.mark.slow)])
def test_search_finds_what_enumeration_finds(unsure: Adaptation, threshold: float) -> None:
    bounds = DepthFirst(threshold, max_completions=10**6, max_tokens=10**6)
    for prompt, found in zip(PROMPTS, MODEL.search(PROMPTS, unsure, bounds), strict=True):
        scores = MODEL.score([prompt] * len(SMALL), SMALL, unsure)
        likely = {g for g, s in zip(SMALL, scores, strict=True) if s >= math.log(threshold)}
        assert len(likely) > 1
        [greedy] = MODEL.generate([prompt], unsure)
        assert {g for g in grids_of(found) if g in SMALL} == likely | ({greedy.grid} & {*SMALL})
        rescored = MODEL.score([prompt] * len(found), [grid_of(c) for c in found], unsure)
        assert rescored == pytest.approx([c.log_probability for c in found], abs=1e-3)
        others = [c.log_probability for c in found if c.grid != greedy.grid]
        assert min(others) >= math.log(threshold)


def test_completions_come_likeliest_first_each_once_and_greedy_among_them(
    unsure: Adaptation,
) -> None:
    for threshold in (1.0, 0.01):
        lists = MODEL.search(PROMPTS, unsure, DepthFirst(threshold))
        for found, greedy in zip(lists, MODEL.generate(PROMPTS, unsure), strict=True):
            ranks = [completion.log_probability for completion in found]
            assert ranks == sorted(ranks, reverse=True)
            assert len(set(grids_of(found))) == len(found)
            assert greedy.grid in grids_of(found)
            assert (len(found) == 1) == (threshold == 1.0)


def test_the_bounds_of_a_search_hold(unsure: Adaptation) -> None:
    def search(**bounds: int) -> list[Grid | None]:
        return grids_of(MODEL.search(PROMPTS[:1], unsure, DepthFirst(0.003, **bounds))[0])

    everything = search()
    greedy = MODEL.generate(PROMPTS[:1], unsure)[0].grid
    likeliest = [grid for grid in everything if grid != greedy]
    assert len(everything) > 6
    for n in (1, 2, 4):
        assert [grid for grid in search(max_completions=n) if grid != greedy] == likeliest[: n - 1]
        assert greedy in search(max_completions=n)
    assert greedy in search(max_tokens=1)
    assert len(search(max_tokens=1)) < len(everything)


def test_a_search_does_not_depend_on_the_prompts_beside_it(unsure: Adaptation) -> None:
    bounds = DepthFirst(0.005)
    together = MODEL.search(PROMPTS, unsure, bounds)
    alone = [MODEL.search([prompt], unsure, bounds)[0] for prompt in PROMPTS]
    assert list(map(grids_of, together)) == list(map(grids_of, alone))


def test_samples_are_grids_with_the_log_probability_that_score_gives() -> None:
    samples = MODEL.sample(PROMPTS, None, Sampling(n=3, temperature=1.5, seed=1))
    assert [len(drawn) for drawn in samples] == [3, 3, 3]
    for prompt, drawn in zip(PROMPTS, samples, strict=True):
        whole = [completion for completion in drawn if completion.grid is not None]
        scores = MODEL.score([prompt] * len(whole), [c.grid for c in whole if c.grid])
        assert scores == pytest.approx([c.log_probability for c in whole], abs=1e-3)


@pytest.mark.slow
def test_samples_depend_on_the_seed_and_not_on_the_batch() -> None:
    sampling = Sampling(n=4, seed=5)
    together = MODEL.sample(PROMPTS, None, sampling)
    assert MODEL.sample(PROMPTS, None, sampling) == together
    assert list(map(grids_of, tiny_model(max_tokens=120, batch_tokens=1).sample(
        PROMPTS, None, sampling
    ))) == list(map(grids_of, together))  # fmt: skip
    assert MODEL.sample(PROMPTS, None, Sampling(n=4, seed=6)) != together


@pytest.mark.parametrize("temperature", [0.7, 1.0, 2.0])
def test_first_cells_are_drawn_as_often_as_they_are_likely(temperature: float) -> None:
    short = tiny_model(max_tokens=1 + len(MODEL.form.tokens_of_prompt(PROMPTS[0])))
    n = 1500
    prompt = PROMPTS[0]
    drawn = short.sample([prompt], None, Sampling(n, temperature, seed=2))[0]
    with torch.inference_mode():
        logits = Reader(MODEL.base).read([MODEL.form.tokens_of_prompt(prompt)])[0]
    log_probabilities = logits.log_softmax(0)[list(MODEL.form.start().allowed())]
    expected = (log_probabilities / temperature).softmax(0)
    # Each reply is cut after one cell, which its log-probability tells.
    cells = Counter(int((log_probabilities - c.log_probability).abs().argmin()) for c in drawn)
    for cell, p in enumerate(expected.tolist()):
        assert abs(cells[cell] - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 1


def test_prompts_with_one_context_are_decoded_as_if_alone() -> None:
    asked = [Prompt(grid, TASK.pairs) for grid in (RED, BLUE, Grid.of([[1, 2, 3]]))]
    together = MODEL.generate(asked)
    alone = [MODEL.generate([prompt])[0] for prompt in asked]
    assert grids_of(together) == grids_of(alone)
    outputs = [random.Random(i).choice(SMALL) for i in range(3)]
    scores = MODEL.score(asked * 2, outputs * 2)
    single = [MODEL.score([p], [o])[0] for p, o in zip(asked, outputs, strict=True)]
    assert scores == pytest.approx(single * 2, abs=1e-3)
