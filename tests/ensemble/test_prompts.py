import json
import tomllib

import pytest

from arc.dataset import load_split
from ensemble.cli import main
from lm.causal.template import load_template, shipped_templates
from lm.protocol import Prompt


def ensemble(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["ensemble", "prompts", *map(str, arguments)])
    return main()


def rows_of(template, n):
    """Rows of plain text, of the first training tasks with a demonstration more than two."""
    tasks = [task for task in load_split("arc1", "training") if len(task.pairs) > 2][:n]
    for task in tasks:
        *shown, last = task.pairs
        prompt = template.write_prompt(Prompt(last.input, tuple(shown)))
        yield {"text": prompt + template.write_reply(last.output)}


def test_all_templates_are_listed(monkeypatch, capsys):
    assert ensemble(monkeypatch, "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == shipped_templates()


def test_a_training_task_is_shown_as_a_prompt(monkeypatch, capsys):
    assert ensemble(monkeypatch, "show", "words_chat", "--task", "0d3d703e") == 0
    shown = capsys.readouterr().out
    task = next(t for t in load_split("arc1", "training") if t.task_id == "0d3d703e")
    notation = load_template("words_chat").notation
    assert all(notation.write(grid) in shown for p in task.pairs for grid in (p.input, p.output))
    assert "{reply}" in shown
    assert not {"{input}", "{output}", "{index}"} & {part + "}" for part in shown.split("}")}


def test_a_learned_template_is_one_that_settings_take(monkeypatch, capsys, tmp_path):
    template = load_template("nested_text")
    file, out = tmp_path / "rows.jsonl", tmp_path / "own.toml"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows_of(template, 3)))
    assert ensemble(monkeypatch, "learn", file, "--out", out) == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(out)
    assert "nested lists; plain text" in said.err
    assert "3 of 3 rows" in said.err
    learned = load_template(str(out))
    assert (learned.demonstration, learned.question) == (template.demonstration, template.question)
    assert ensemble(monkeypatch, "learn", file, "--rows", 1) == 0
    printed = capsys.readouterr()
    assert tomllib.loads(printed.out)["grid"] == "nested"
    assert "one row only" in printed.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["show", "compcat"], "did you mean compact"),
        (["show", "compact", "--task", "nowhere1"], "nowhere1"),
        (["show", "none.toml"], "cannot be read"),
        (["learn", "none.jsonl"], "none.jsonl: cannot be read"),
    ],
)
def test_what_is_missing_is_told_in_one_line(arguments, message, monkeypatch, capsys):
    assert ensemble(monkeypatch, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
