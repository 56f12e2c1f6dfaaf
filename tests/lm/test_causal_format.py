from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids, pairs

from arc.grid import Grid
from arc.task import Pair
from lm.causal.format import (
    REPLY_ALPHABET,
    PartialReply,
    decode,
    encode,
    encode_example,
    encode_prompt,
)
from lm.protocol import Example, Prompt

law = settings(deadline=None)  # a busy machine is no error

ONE = Grid.of([[1]])
TWO = Grid.of([[2, 2]])
CONTEXT = (Pair(ONE, TWO), Pair(TWO, ONE), Pair(ONE, ONE))


@law
@given(grids(max_side=30))
def test_decode_undoes_encode(grid: Grid) -> None:
    assert decode(encode(grid)) == grid


@law
@given(grids(), st.data())
def test_a_text_is_decoded_only_if_it_is_the_one_of_its_grid(
    grid: Grid, data: st.DataObject
) -> None:
    text = encode(grid)
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.sampled_from(["", *REPLY_ALPHABET])) + text[at + 1 :]
    decoded = decode(changed)
    assert decoded is None or encode(decoded) == changed


@law
@given(st.lists(st.integers(0, 20), max_size=60))
def test_any_walk_through_allowed_characters_ends_in_a_grid(choices: list[int]) -> None:
    reply, text = PartialReply(), ""
    while not reply.is_complete:
        # The last allowed character ends rows and replies where that is possible.
        allowed = reply.allowed()
        choice = choices.pop() if choices else len(allowed) - 1
        character = allowed[min(choice, len(allowed) - 1)]
        reply.append(character)
        text += character
    grid = reply.grid()
    assert grid is not None
    assert encode(grid) == text
    assert not reply.allowed()


def test_rows_and_replies_end_at_thirty_at_the_latest() -> None:
    reply = PartialReply()
    for _ in range(30):
        assert reply.grid() is None
        for _ in range(30):
            reply.append("0")
        assert reply.allowed() == "\n"
        reply.append("\n")
    assert reply.allowed() == "I"


def test_a_prompt_shows_the_demonstrations_and_asks_for_an_output() -> None:
    prompt = Prompt(Grid.of([[3], [4]]), CONTEXT[:2])
    assert encode_prompt(prompt) == "I\n1\nO\n22\nI\n22\nO\n1\nI\n3\n4\nO\n"


@law
@given(grids(), st.lists(pairs(), max_size=3).map(tuple), grids())
def test_an_example_is_its_prompt_and_its_reply(
    grid: Grid, context: tuple[Pair, ...], output: Grid
) -> None:
    prompt = Prompt(grid, context)
    segments = encode_example(Example(prompt, output), demonstration_loss=True)
    assert "".join(s.text for s in segments) == encode_prompt(prompt) + encode(output)


@law
@given(st.lists(pairs(), max_size=4).map(tuple), pairs())
def test_targets_are_the_outputs_after_the_first(context: tuple[Pair, ...], last: Pair) -> None:
    segments = encode_example(
        Example(Prompt(last.input, context), last.output), demonstration_loss=True
    )
    targets = [segment.text for segment in segments if segment.is_target]
    assert targets == [encode(pair.output) for pair in [*context[1:], last]]


def test_without_demonstration_loss_the_reply_alone_is_a_target() -> None:
    segments = encode_example(Example(Prompt(ONE, CONTEXT), TWO), demonstration_loss=False)
    assert [segment.is_target for segment in segments] == [False] * (len(segments) - 1) + [True]
