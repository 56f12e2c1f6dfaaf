from __future__ import annotations

import random

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids
from tiny import byte_tokenizer

from arc.grid import Grid
from lm.causal.format import Format
from lm.causal.template import load_template
from lm.causal.vocabulary import Vocabulary
from lm.vllm.constraint import GrowingReply, leave_only, stop_token

FORMS = {
    name: Format(load_template(name), Vocabulary(byte_tokenizer(start=True), "tiny"))
    for name in ("compact", "numpy_chat", "nested_text", "words_chat")
}
forms = st.sampled_from(sorted(FORMS)).map(FORMS.get)


def growing(form: Format, tokens: list[int]) -> GrowingReply:
    return GrowingReply(form.start(), tokens, stop_token(form))


@given(forms, grids())
def test_every_grid_can_be_written_and_then_only_stopped(form, grid):
    tokens: list[int] = []
    reply = growing(form, tokens)
    for token in form.reply_tokens(grid):
        assert token in reply.allowed()
        tokens.append(token)
    assert list(reply.allowed()) == [stop_token(form)]
    tokens.append(stop_token(form))  # an engine may ask once more before it sees that it should end
    assert list(reply.allowed()) == [stop_token(form)]


@given(forms, st.integers(0, 2**32))
def test_whatever_is_allowed_is_the_reply_of_some_grid(form, seed):
    rng, tokens = random.Random(seed), []
    reply = growing(form, tokens)
    while (allowed := reply.allowed()) != (stop_token(form),):
        tokens.append(rng.choice(sorted(allowed)))
    whole = form.start()
    for token in tokens:
        whole.append(token)
    grid = whole.grid()
    assert grid is not None
    assert form.reply_tokens(grid) == tokens


@given(st.integers(2, 5), st.integers(2, 5), st.booleans())
def test_a_row_of_another_length_cannot_be_written(width, height, is_longer):
    form = FORMS["compact"]
    grid = Grid(height, width, bytes(height * width))
    ragged = form.reply_tokens(grid)
    n_end = len(form.reply_tokens(Grid(1, 1, bytes(1)))) - 1  # a cell is one token
    last_cell = len(ragged) - n_end - 1
    if is_longer:
        ragged.insert(last_cell, ragged[last_cell])
    else:
        del ragged[last_cell]
    tokens: list[int] = []
    reply = growing(form, tokens)
    for n, token in enumerate(ragged):
        if token not in reply.allowed():
            assert n == last_cell + is_longer
            return
        tokens.append(token)
    pytest.fail("a ragged grid was written")


@given(forms)
def test_no_reply_has_the_stop_token(form):
    assert stop_token(form) not in form.reply_ids
    assert stop_token(form) >= 0


@given(st.data())
def test_what_is_not_allowed_is_impossible_and_the_rest_stays(data):
    n_rows, n_tokens = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 8))
    row = st.lists(st.integers(0, n_tokens - 1), min_size=1, unique=True)
    allowed = data.draw(st.dictionaries(st.integers(0, n_rows - 1), row))
    logits = torch.randn(n_rows, n_tokens, generator=torch.Generator().manual_seed(0))
    masked = leave_only(logits.clone(), allowed)
    for r in range(n_rows):
        for token in range(n_tokens):
            stays = r not in allowed or token in allowed[r]
            assert masked[r, token] == (logits[r, token] if stays else -torch.inf)
