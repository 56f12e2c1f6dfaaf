from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids, pairs

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Pair
from lm.causal.template import (
    DEFAULT_TEMPLATE,
    Message,
    Template,
    load_template,
    messages_of,
    parse_template,
    shipped_templates,
)
from lm.protocol import Prompt

SHIPPED = shipped_templates("grid")
PLAIN = {"grid": "cells", "demonstration": "{input}={output}.", "question": "{input}="}


@pytest.mark.parametrize("name", SHIPPED)
@given(grid=grids(max_side=30))
def test_the_grid_of_a_reply_is_read_back(name: str, grid: Grid) -> None:
    template = load_template(name)
    assert template.read_reply(template.write_reply(grid)) == grid


@pytest.mark.parametrize("name", SHIPPED)
@given(st.lists(pairs(), max_size=2).map(tuple), st.lists(pairs(), max_size=2).map(tuple), grids())
def test_two_prompts_never_look_alike(
    name: str, one: tuple[Pair, ...], other: tuple[Pair, ...], grid: Grid
) -> None:
    template = load_template(name)
    written = [template.write_prompt(Prompt(grid, context)) for context in (one, other)]
    assert (written[0] == written[1]) == (one == other)


@pytest.mark.parametrize("name", SHIPPED)
def test_a_template_survives_writing(name: str) -> None:
    template = load_template(name)
    text = tomli_w.dumps(template.table())
    assert parse_template(text, name) == template


def test_the_default_is_shipped_and_every_template_says_what_it_is() -> None:
    assert DEFAULT_TEMPLATE in SHIPPED
    assert all(load_template(name).description for name in SHIPPED)


def test_demonstrations_are_numbered_and_joined() -> None:
    grid = Grid.of([[1]])
    template = replace(
        parse_template(json.dumps(PLAIN | {"reply_end": "."}), "x.json"),
        start="tasks:",
        between=" after {index} ",
        demonstration="{index}) {input}>{output}",
        question=" {index}? {input}>",
        first_index=0,
    )
    prompt = Prompt(grid, (Pair(grid, grid),) * 2)
    assert template.write_prompt(prompt) == "tasks:0) 1>1 after 0 1) 1>1 2? 1>"


def test_roles_make_messages() -> None:
    text = "{system}Be brief.{user}{input} {other}\n{assistant}"
    assert messages_of(text) == [
        Message("system", "Be brief."),
        Message("user", "{input} {other}\n"),
        Message("assistant", ""),
    ]


@pytest.mark.parametrize("name", ["x.json", "x.toml"])
def test_a_file_of_ones_own_is_a_template(tmp_path: Path, name: str) -> None:
    text = json.dumps(PLAIN) if name == "x.json" else tomli_w.dumps(PLAIN)
    (tmp_path / name).write_text(text + "\n")
    with pytest.raises(ConfigError, match="reply_end: empty"):
        load_template(str(tmp_path / name))
    (tmp_path / f"2{name}").write_text(text.replace('"cells"', '"numpy"'))
    assert load_template(str(tmp_path / f"2{name}")).write_reply(Grid.of([[1]])) == "[[1]]"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"demonstration": "{output}{input}"}, "demonstration: {input}, then {output}"),
        ({"demonstration": "{input}{output}{output}"}, "demonstration: {input}, then {output}"),
        ({"question": "?"}, "question: {input} once expected"),
        ({"question": "{input}{output}"}, "question: {input} once expected"),
        ({"start": "{input}"}, "start: no grid can stand here"),
        ({"start": "{index}"}, "{index} is no number"),
        ({"question": "{assistant}{input}"}, "begins with {system} or {user}"),
        ({"start": "{user}"}, "ends with {assistant}"),
        ({"start": "{user}", "question": "{input}{assistant}", "reply_end": "{user}"}, "begin"),
        ({"reply_end": ""}, "nothing would tell the end"),
        ({"grid": "roman"}, "roman"),
        ({"grid": {"cells": ["0"]}}, "10 different texts"),
        ({"grid": {"between": "0"}}, "between"),
        ({"quesion": "?"}, "quesion"),
        ({"first_index": -1}, "first_index"),
        ({"demonstration": 3}, "demonstration"),
    ],
)
def test_a_wrong_template_is_an_error_of_one_line(changes: dict[str, object], message: str) -> None:
    table = PLAIN | {"reply_end": "."} | changes
    with pytest.raises(ConfigError) as caught:
        parse_template(json.dumps(table), "x.json")
    assert str(caught.value).startswith("template x.json: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "a = ", "[]", "grid = 3", '"x"'])
@pytest.mark.parametrize("name", ["x.toml", "x.json"])
def test_what_is_no_template_is_an_error_of_one_line(text: str, name: str) -> None:
    with pytest.raises(ConfigError, match=f"template {name}: ") as caught:
        parse_template(text, name)
    assert "\n" not in str(caught.value)


def test_unknown_templates_name_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean compact"):
        load_template("compcat")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_template("nowhere/x.toml")


def test_a_template_for_programs_may_show_demonstrations_alone() -> None:
    grid = Grid.of([[1]])
    template = Template(
        notation=load_template("compact").notation,
        demonstration="{input}>{output};",
        question="Program:",
        reply="code",
        reply_end="end",
    )
    assert template.write_prompt(Prompt(grid, (Pair(grid, grid),))) == "1>1;Program:"
