"""From generated programs to a model that writes some, by the command line."""

import json

import pytest

from arc.grid import Grid
from arc.task import Pair
from lm.causal.writer import CausalWriter, WriterConfig
from lm.programs.corpus import ProgramTask, read_programs
from lm.programs.shipped import TEMPLATE
from lm.protocol import Prompt
from lm.writing import Draft, Writing

SMALL = ("--pairs=5", "--workers=1", "--max-cells=150", "--repeats", "--lengths=1,1")
FLIP = "def transform(grid):\n    return grid[::-1]\n"


@pytest.mark.parametrize("lengths", ["a", "", "1,2,3,4,5", "0,0", "-1,2", "1,,2"])
def test_weights_that_are_none_are_told(lengths, cli):
    status, _, error = cli("generate", "--show=1", "--lengths", lengths)
    assert (status, "--lengths" in error, error.count("\n")) == (2, True, 1)


def test_an_evaluation_pair_among_the_pairs_is_refused(cli, monkeypatch, tmp_path):
    pair = Pair(Grid.of([[1, 2]]), Grid.of([[2, 1]]))
    recolored = Pair(Grid.of([[3], [4]]), Grid.of([[4], [3]]))
    line = ProgramTask("p", FLIP, 1, (recolored, Pair(pair.input, pair.input))).line()
    (tmp_path / "p.jsonl").write_text(line)
    monkeypatch.setattr("ensemble.train.contamination.evaluation_pairs_among", _honest(pair))
    status, _, error = cli("train-writer", "--programs", tmp_path / "p.jsonl", "--out", "w")
    assert status == 2
    assert "1 of 2 pairs are of an evaluation task, the first in task p" in error


def _honest(known):
    """The check itself, against one pair in place of the evaluation splits, which it caches."""
    from arc.contamination import pair_hash

    wanted = pair_hash(known.input.array, known.output.array)

    def among(pairs):
        return (place for place, pair in enumerate(pairs) if pair_hash(*pair) == wanted)

    return among


@pytest.mark.slow
def test_generated_programs_train_a_model_that_settings_take(cli, tmp_path):
    path = tmp_path / "p.jsonl"
    status, out, error = cli("generate", "--programs", path, "--tasks=12", *SMALL)
    assert (status, out.strip()) == (0, str(path)), error
    tasks = read_programs(path)
    assert len(tasks) == 12
    assert all(len(task.pairs) == 5 and task.n_operations < 3 for task in tasks)
    assert json.loads(path.read_text().split("\n")[0])["source"] == tasks[0].source
    assert "exists already" in cli("generate", "--programs", path, "--tasks=1", *SMALL)[2]
    status, out, error = cli("train-writer", "--programs", path, "--out", "w", "--updates=1")
    assert (status, out.strip()) == (0, "w/model"), error
    writer = CausalWriter.load(
        WriterConfig("w/model", template=TEMPLATE, device="cpu", max_context=512)
    )
    draft = Draft(Prompt(tasks[0].pairs[0].input, tasks[0].pairs))
    assert writer.write([draft], Writing(max_tokens=4, temperature=0.0))[0]
