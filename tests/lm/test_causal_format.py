from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids, pairs
from tiny import byte_tokenizer

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair
from lm.causal.format import Format
from lm.causal.template import Template, load_template, parse_template, shipped_templates
from lm.causal.vocabulary import Vocabulary
from lm.protocol import Example, Prompt

MERGES = {
    "characters": (),
    # As Llama 3 has them: runs of digits, brackets with a space or a line end, words with a space.
    "merges": (
        ("0", "0"), ("1", "2"), ("\n", "\n"), ("[", "["), (" ", "[["), (" ", "["), ("]", "]"),
        ("]", "\n"), (" ", "B"), ("B", "l"), ("u", "e"), ("Bl", "ue"), (" ", "R"), ("e", "d"),
        ("R", "ed"), (" ", "Red"), ("`", "`"), ("``", "`"),
    ),
}  # fmt: skip
TOKENIZERS = {name: byte_tokenizer(merges=merges) for name, merges in MERGES.items()}
FORMATS = {
    (template, name): Format(load_template(template), Vocabulary(tokenizer, name))
    for template in shipped_templates("grid")
    for name, tokenizer in TOKENIZERS.items()
}
formats = pytest.mark.parametrize("key", FORMATS)
contexts = st.lists(pairs(), max_size=3).map(tuple)
ONE, TWO = Grid.of([[1]]), Grid.of([[2, 2]])
CONTEXT = (Pair(ONE, TWO), Pair(TWO, ONE), Pair(ONE, ONE))


def text_of(key: tuple[str, str], tokens: list[int]) -> str:
    return str(TOKENIZERS[key[1]].decode(tokens))


def read(form: Format, tokens: list[int]) -> Grid | None:
    reply = form.start()
    for token in tokens:
        if token not in reply.allowed():
            return None
        assert reply.grid() is None
        reply.append(token)
    return reply.grid()


@formats
@settings(max_examples=20)
@given(grid=grids(max_side=30))
def test_the_tokens_of_a_reply_are_read_as_its_grid(key: tuple[str, str], grid: Grid) -> None:
    form = FORMATS[key]
    tokens = form.reply_tokens(grid)
    assert read(form, tokens) == grid
    assert set(tokens) <= set(form.reply_ids)


@formats
@settings(max_examples=20)
@given(grid=grids(), data=st.data())
def test_tokens_are_read_only_if_they_are_those_of_their_grid(
    key: tuple[str, str], grid: Grid, data: st.DataObject
) -> None:
    form = FORMATS[key]
    tokens = form.reply_tokens(grid)
    at = data.draw(st.integers(0, len(tokens) - 1))
    put = data.draw(st.lists(st.sampled_from(form.reply_ids), max_size=2))
    changed = [*tokens[:at], *put, *tokens[at + 1 :]]
    found = read(form, changed)
    assert found is None or form.reply_tokens(found) == changed


@formats
@settings(max_examples=20)
@given(choices=st.lists(st.integers(0, 30), max_size=80))
def test_any_walk_through_allowed_tokens_ends_in_a_grid(
    key: tuple[str, str], choices: list[int]
) -> None:
    form = FORMATS[key]
    reply, tokens = form.start(), []
    end = form.reply_tokens(ONE)[-1]
    for _ in range(10_000):
        allowed = list(reply.allowed())
        if not allowed:
            break
        assert set(allowed) <= set(form.reply_ids)
        other = end if end in allowed else allowed[0]
        token = allowed[choices.pop() % len(allowed)] if choices else other
        reply.append(token)
        tokens.append(token)
    assert reply.is_complete
    grid = reply.grid()
    assert grid is not None
    assert form.reply_tokens(grid) == tokens


@formats
@settings(max_examples=20)
@given(context=contexts, grid=grids(), output=grids())
def test_the_tokens_of_an_example_spell_its_text(
    key: tuple[str, str], context: tuple[Pair, ...], grid: Grid, output: Grid
) -> None:
    form, template = FORMATS[key], load_template(key[0])
    prompt = Prompt(grid, context)
    segments = form.segments(Example(prompt, output), demonstration_loss=True)
    tokens = [token for segment in segments for token in segment.tokens]
    assert tokens == [*form.tokens_of_prompt(prompt), *form.reply_tokens(output)]
    if template.is_chat:
        text = text_of(key, tokens)
        for shown in [*(g for p in context for g in (p.input, p.output)), grid, output]:
            _, found, text = text.partition(template.notation.write(shown))
            assert found
    else:
        expected = template.write_prompt(prompt) + template.write_reply(output)
        assert text_of(key, tokens) == expected.replace("{eos}", "</s>")
    assert set(tokens) <= set(form.every_token(len(context)))


@formats
@settings(max_examples=20)
@given(context=contexts, last=pairs())
def test_targets_are_the_outputs_after_the_first(
    key: tuple[str, str], context: tuple[Pair, ...], last: Pair
) -> None:
    form, notation = FORMATS[key], load_template(key[0]).notation
    example = Example(Prompt(last.input, context), last.output)
    segments = form.segments(example, demonstration_loss=True)
    *shown, reply = [s for s in segments if s.is_target]
    assert reply.tokens == tuple(form.reply_tokens(last.output))
    assert len(shown) == max(0, len(context) - 1)
    for segment, pair in zip(shown, context[1:], strict=True):
        assert text_of(key, [*segment.tokens]).lstrip(" ").startswith(notation.write(pair.output))
    without = form.segments(example, demonstration_loss=False)
    assert [s.is_target for s in without] == [False] * (len(segments) - 1) + [True]


@pytest.mark.parametrize("name", ["compact", "letters"])
def test_the_end_of_an_output_is_a_target_where_demonstrations_have_it(name: str) -> None:
    form = FORMATS[name, "characters"]
    example = Example(Prompt(ONE, CONTEXT), TWO)
    targets = [s.tokens for s in form.segments(example, True) if s.is_target]
    assert targets == [tuple(form.reply_tokens(grid)) for grid in (ONE, ONE, TWO)]


@formats
def test_a_copy_goes_on_apart(key: tuple[str, str]) -> None:
    form = FORMATS[key]
    first, *rest = form.reply_tokens(TWO)
    reply = form.start()
    reply.append(first)
    other = reply.copy()
    for token in rest:
        other.append(token)
    assert other.grid() == TWO
    assert (reply.is_complete, reply.grid()) == (False, None)
    for token in rest:
        reply.append(token)
    assert reply.grid() == TWO


@formats
def test_rows_and_replies_end_at_thirty_at_the_latest(key: tuple[str, str]) -> None:
    form = FORMATS[key]
    widest, largest = Grid(1, 30, bytes(30)), Grid(30, 30, bytes(900))
    assert read(form, form.reply_tokens(largest)) == largest
    further = len(form.reply_tokens(Grid(1, 30, bytes(30)))) - len(
        form.reply_tokens(Grid(1, 29, bytes(29)))
    )
    reply, tokens = form.start(), form.reply_tokens(widest)
    n_end = len(form._end)
    for token in tokens[:-n_end]:
        reply.append(token)
    first_of_cell = tokens[-n_end - further]
    assert first_of_cell not in reply.allowed()
    reply, tokens = form.start(), form.reply_tokens(largest)
    for token in tokens[:-n_end]:
        reply.append(token)
    assert list(reply.allowed()) == [form._end[0]]


def test_the_compact_prompt_is_what_it_always_was() -> None:
    form = FORMATS["compact", "characters"]
    tokens = form.tokens_of_prompt(Prompt(Grid.of([[3], [4]]), CONTEXT[:2]))
    assert text_of(("", "characters"), tokens) == "I\n1\nO\n22\nI\n22\nO\n1\nI\n3\n4\nO\n"


def test_a_chat_template_wraps_messages_and_ends_the_reply() -> None:
    form = FORMATS["words_chat", "characters"]
    text = text_of(("", "characters"), form.tokens_of_prompt(Prompt(ONE)))
    assert text.startswith("<s><turn>system\n")
    assert text.endswith("<end>\n<turn>assistant\n```grid\n")
    assert text_of(("", "characters"), form.reply_tokens(TWO)) == "Red Red\n```<end>"


def test_every_turn_of_a_chat_can_be_a_demonstration() -> None:
    template = parse_template(
        'grid = "numpy"\ndemonstration = "{user}{input}{assistant}{output}"\n'
        'question = "{user}{input}{assistant}"',
        "turns.toml",
    )
    form = Format(template, Vocabulary(TOKENIZERS["characters"], "tiny"))
    tokens = form.tokens_of_prompt(Prompt(ONE, CONTEXT[:1]))
    assert text_of(("", "characters"), tokens) == (
        "<s><turn>user\n[[1]]<end>\n<turn>assistant\n[[2 2]]<end>\n"
        "<turn>user\n[[1]]<end>\n<turn>assistant\n"
    )
    example = Example(Prompt(ONE, CONTEXT), TWO)
    targets = [s.tokens for s in form.segments(example, True) if s.is_target]
    assert targets == [tuple(form.reply_tokens(grid)) for grid in (ONE, ONE, TWO)]


@pytest.mark.parametrize(
    ("key", "is_natural"),
    [
        (("compact", "characters"), True),
        (("compact", "merges"), False),
        (("numpy_chat", "merges"), True),
        (("words_chat", "merges"), True),
        (("nested_text", "merges"), True),
    ],
)
def test_whether_a_tokenizer_would_write_the_same_is_known(
    key: tuple[str, str], is_natural: bool
) -> None:
    assert (FORMATS[key].unnatural() is None) == is_natural


def broken(**changes: str) -> Template:
    texts = {"demonstration": "{input}={output};", "question": "{input}=", "reply_end": ";"}
    lines = [f'{key} = "{value}"' for key, value in (texts | {"grid": "cells"} | changes).items()]
    return parse_template("\n".join(lines), "x.toml")


def test_a_tokenizer_without_a_chat_template_is_told_apart() -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = None
    with pytest.raises(ConfigError, match="tiny: the template has roles, but the tokenizer has no"):
        Format(load_template("numpy_chat"), Vocabulary(tokenizer, "tiny"))
    Format(load_template("compact"), Vocabulary(tokenizer, "tiny"))


@pytest.mark.parametrize(
    ("chat_template", "message"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{{ messages[1 }}", "takes no such chat"),
        ("{{ messages[-1].content }}", "leaves out part of a message"),
    ],
)
def test_a_chat_template_that_cannot_be_used_is_an_error_of_one_line(
    chat_template: str, message: str
) -> None:
    tokenizer = byte_tokenizer()
    tokenizer.chat_template = chat_template
    with pytest.raises(ConfigError, match=message) as caught:
        Format(load_template("numpy_chat"), Vocabulary(tokenizer, "tiny"))
    assert "\n" not in str(caught.value)


def test_a_template_for_programs_has_no_grid_to_decode() -> None:
    with pytest.raises(ConfigError, match="replies are programs"):
        Format(broken(reply="code"), Vocabulary(byte_tokenizer(), "tiny"))


def test_steps_that_begin_alike_are_refused() -> None:
    # The end would be the beginning of a further row.
    with pytest.raises(ConfigError, match="as the beginning of"):
        Format(broken(reply_end="\\n"), Vocabulary(byte_tokenizer(), "tiny"))
