from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids, pairs

from arc.errors import DataError
from arc.grid import N_COLORS, Grid
from arc.task import Pair, Task
from lm.causal.learning import Learned, learn_template
from lm.causal.notation import COLOR_WORDS, DIGITS, NOTATIONS, Notation
from lm.causal.rows import Row, read_rows
from lm.causal.template import Template, load_template, messages_of, shipped_templates
from lm.protocol import Prompt

EOS = "</s>"
SHIPPED = {name: load_template(name) for name in shipped_templates("grid")}
STYLES = SHIPPED | {
    "turns": Template(
        NOTATIONS["nested"], "{user}{input}{assistant}{output}", "{user}{input}{assistant}"
    ),
    "numbered everywhere": Template(
        NOTATIONS["words"],
        "#{index} in\n{input}\n#{index} out\n{output}\n#{index} done\n\n",
        "#{index} in\n{input}\nout\n{assistant}",
        start="{user}There are 10 colors.\n\n",
        first_index=0,
        reply_end="\nThat is all.",
    ),
    "joined": Template(
        Notation(DIGITS, " "), "{input}\n->\n{output}", "\n====\n{input}\n->\n", between="\n--\n",
        reply_end="\n.",
    ),
    "small letters": Template(
        Notation(tuple(word.lower() for word in COLOR_WORDS), " "),
        "From:\n{input}\nTo:\n{output}\n", "From:\n{input}\nTo:\n", reply_end="\nStop",
    ),
}  # fmt: skip


def task(seed: int, n: int) -> Task:
    rng = random.Random(seed)

    def grid() -> Grid:
        height, width = rng.randint(1, 4), rng.randint(2, 4)
        return Grid(height, width, bytes(rng.randrange(N_COLORS) for _ in range(height * width)))

    return Task(str(seed), tuple(Pair(grid(), grid()) for _ in range(n)), (grid(), grid()))


def row(template: Template, of: Task, reply: str = "") -> dict[str, Any]:
    """A row of a published data set; the second test input plays the answer."""
    asked = template.write_prompt(Prompt(of.test_inputs[0], of.pairs))
    said = reply or template.write_reply(of.test_inputs[1])
    if not template.is_chat:
        return {"text": (asked + said).replace("{eos}", EOS)}
    messages = messages_of(asked + said)
    return {"messages": [{"role": m.role, "content": m.text} for m in messages]}


def learn(tmp_path: Path, rows: Sequence[dict[str, Any]]) -> Learned:
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return learn_template(read_rows(path, 100))


def written(template: Template, of: Task) -> str:
    text = template.write_prompt(Prompt(of.test_inputs[0], of.pairs))
    return (text + template.write_reply(of.test_inputs[1])).replace("{eos}", EOS)


@pytest.mark.parametrize("name", STYLES)
def test_what_a_template_wrote_is_learned_and_holds_for_other_tasks(
    name: str, tmp_path: Path
) -> None:
    template = STYLES[name]
    learned = learn(tmp_path, [row(template, task(seed, 2 + seed)) for seed in range(3)])
    assert (learned.n_rows, learned.n_demonstrations, learned.remarks) == (3, 4, ())
    for n in (1, 2, 5, 10):
        of = task(100 + n, n)
        assert written(learned.template, of) == written(template, of)


@pytest.mark.parametrize("name", STYLES)
def test_one_row_is_enough_where_it_leaves_nothing_open(name: str, tmp_path: Path) -> None:
    template = STYLES[name]
    learned = learn(tmp_path, [row(template, task(7, 3))])
    assert "one row only" in learned.remarks[0]
    expected = written(template, task(8, 2))
    if name != "numbered everywhere":  # whether a number in the question counts is open
        assert written(learned.template, task(8, 2)) == expected


words = st.text(st.sampled_from("abc xyz.:\n-"), min_size=1, max_size=12)


@settings(max_examples=40)
@given(
    st.sampled_from(["numpy", "nested"]), words, words, words, words, words,
    st.lists(pairs(3), min_size=2, max_size=4).map(tuple), grids(3), grids(3),
)  # fmt: skip
def test_any_text_around_bracketed_grids_is_learned(
    tmp_path_factory: pytest.TempPathFactory,
    notation: str,
    start: str,
    before: str,
    middle: str,
    after: str,
    end: str,
    shown: tuple[Pair, ...],
    test: Grid,
    reply: Grid,
) -> None:
    template = Template(
        NOTATIONS[notation],
        f"{before}{{index}}{middle}{{input}}{middle}{{output}}{after}",
        f"{before}{{input}}{middle}",
        start=start,
        reply_end=end,
    )
    of = Task("x", shown, (test, reply))
    learned = learn(tmp_path_factory.getbasetemp(), [row(template, of), row(template, task(1, 4))])
    assert written(learned.template, task(2, 6)) == written(template, task(2, 6))


@pytest.mark.parametrize("key", ["completion", "response"])
def test_a_prompt_with_its_completion_ends_with_the_end_token(key: str, tmp_path: Path) -> None:
    template, rows = SHIPPED["nested_text"], []
    for seed in range(2):
        text = row(template, task(seed, 3))["text"]
        at = text.rindex("[[")
        rows.append({"prompt": text[:at], key: text[at:]})
    learned = learn(tmp_path, rows).template
    assert learned.reply_end == template.reply_end + "{eos}"
    assert learned.question == template.question


def test_grids_of_the_instructions_are_text(tmp_path: Path) -> None:
    base = SHIPPED["words_chat"]
    example = base.notation.write(Grid.of([[1, 2], [3, 4]]))
    for start in (
        f"{{system}}A grid is\n{example}\nor\n{example}\n{{user}}",
        f"{{system}}Be brief.{{user}}A grid is\n{example}\nand nothing else.\n",
        f"{{user}}Such as\n{example}\nor\n{example}\nor\n{example}\n",
    ):
        template = replace(base, start=start)
        learned = learn(tmp_path, [row(template, task(seed, 3)) for seed in range(2)])
        assert written(learned.template, task(9, 5)) == written(template, task(9, 5))


@pytest.mark.parametrize("test_input", [True, False])
def test_the_prompt_of_a_program_is_learned_with_its_fence(
    test_input: bool, tmp_path: Path
) -> None:
    asked = "New:\n{input}\nWrite it.{assistant}" if test_input else "Write it.{assistant}"
    template = replace(
        SHIPPED["words_chat"], question=asked + "```python\n", reply="code", reply_end="\n```"
    )
    program = "def transform(grid):\n    return [[0, 1], [2, 3]]\n```"
    rows = [row(template, task(seed, 3), program) for seed in range(3)]
    learned = learn(tmp_path, rows).template
    assert learned.reply == "code"
    assert learned.reply_end == "\n```"
    for n in (1, 5):
        prompt = Prompt(task(n, n).test_inputs[0], task(n, n).pairs)
        assert learned.write_prompt(prompt) == template.write_prompt(prompt)


def test_words_before_a_program_are_left_to_the_model(tmp_path: Path) -> None:
    template = replace(SHIPPED["words_chat"], question="{input}{assistant}", reply="code")
    said = ["Let us see.\n```python\nx\n```\nDone.", "```python\ny\n```"]
    rows = [row(template, task(i, 3), text) for i, text in enumerate(said)]
    learned = learn(tmp_path, rows[:1])
    assert learned.template.question.endswith("{input}{assistant}")
    assert any("words before its code" in remark for remark in learned.remarks)


def broken(change: Any) -> list[dict[str, Any]]:
    rows = [row(SHIPPED["numpy_chat"], task(seed, 3)) for seed in range(2)]
    change(rows)
    return rows


def says(rows: list[dict[str, Any]], i: int, message: int, old: str, new: str) -> None:
    found = rows[i]["messages"][message]
    assert old in found["content"]
    found["content"] = found["content"].replace(old, new, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: says(rows, 1, 1, "Output 2:", "Result 2:"), "line 2"),
        (lambda rows: says(rows, 0, 1, "Output 2:", "Result 2:"), "line 1"),
        (lambda rows: says(rows, 1, 1, "Input 3:", "Input three:"), "line 2"),
        (lambda rows: says(rows, 1, 0, "Find", "Seek"), "line 2: differs at character"),
        (lambda rows: says(rows, 1, 2, "]]", "]] "), "line 2: differs at character"),
        (lambda rows: says(rows, 1, 2, "[[", "["), "line 2: 7 grids found"),
        (lambda rows: says(rows, 0, 1, "]]", "] [1 2 3]]"), "line 1"),
        (lambda rows: rows.append({"messages": []}), "line 3: messages: a user's message"),
        (lambda rows: rows.append({"messages": [{"role": "x"}]}), r"line 3: messages\[0\]: a role"),
        (lambda rows: rows.append({"question": "?"}), "line 3: messages, or prompt .* question"),
        (lambda rows: says(rows, 0, 1, "Test", "Test {input}"), "line 1: .* placeholder"),
        (lambda rows: rows.__setitem__(slice(1, 2), [row(SHIPPED["words_chat"], task(4, 3))]),
             "no grids as color words, which other rows have"),
        (lambda rows: rows.pop(0) and says(rows, 0, 1, "Input 2", "Input II"), "line 1: .* 2 is"),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_an_error_of_one_line(
    change: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        learn(tmp_path, broken(change))
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "rows.jsonl"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no rows; JSON lines expected"),
        ("\n\n", "no rows"),
        ('{"text": "[[1]]', "line 1: not JSON"),
        ('\n{"text": 3}\n', "line 2: .* found the keys text"),
        ("[1, 2]", "line 1: .* found no object"),
        ('{"text": "A text without any."}', "line 1: no grids found; looked for arrays as numpy"),
        ('{"text": "[[1 2]\\n [3]] then [[1]]"}', "line 1: .* is no grid: row 1 has 1 cells"),
        ('{"text": "[[1]] [[2]] [[3]]"}', "line 1: 3 grids found"),
        ('{"text": "[[1]] [[2]] [[3]] [[4]]"}', "line 1: 1 demonstrations, .* at least two"),
        ('{"prompt": "[[1]] [[2]]", "completion": "x ```python\\nprint("}', "is not closed"),
        ('{"prompt": "[[1]] [[2]]", "completion": "none"}', "one grid in the reply .* found 0"),
    ],
)
def test_a_hostile_file_is_an_error_of_one_line(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        learn_template(read_rows(path, 100))
    assert "\n" not in str(caught.value)


def test_a_missing_or_undecodable_file_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(tmp_path / "none.jsonl", 1)
    (tmp_path / "x.jsonl").write_bytes(b'{"text": "\xff"}')
    with pytest.raises(DataError, match="not UTF-8"):
        read_rows(tmp_path / "x.jsonl", 1)


@settings(max_examples=50)
@given(st.text(st.sampled_from("01 \n[],BlueRed:a"), max_size=80), st.integers(0, 3))
def test_any_text_is_learned_so_that_it_is_written_again_or_refused(text: str, n: int) -> None:
    rows = [Row(text, 0, min(n, len(text)), "x.jsonl: line 1")]
    try:
        learned = learn_template(rows)
    except DataError as refused:
        learned, message = None, str(refused)
    assert message.startswith("x.jsonl: line 1") if learned is None else learned.n_rows == 1
