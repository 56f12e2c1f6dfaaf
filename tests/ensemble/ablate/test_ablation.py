import json
import os
import random
import re
import sys
from pathlib import Path

import pytest
import torch
from tiny import random_embedded

from arc.errors import ConfigError
from arc.grid import Grid
from arc.task import Answers, Pair, Task
from ensemble.ablate.ablation import Ablation
from ensemble.ablate.lines import (
    _chooser,
    ablated,
    ablation_lines,
    derived_attempts,
    is_complete,
    variants_of,
)
from ensemble.ablate.variants import VARIANTS, variants_named
from ensemble.cli import main
from ensemble.folder.store import RunFolder
from ensemble.merge.policy import attempts_for
from ensemble.run.assembly import check_settings, conditioning_of
from ensemble.selection import Selection
from ensemble.settings import load_settings
from lm.embedded.backend import EmbeddedLanguageModel, save_model
from lm.embedded.config import EmbeddedConfig
from lm.embedded.model import Architecture
from lm.protocol import Conditioning
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver

TINY = Architecture(width=16, layers=1, heads=1, hidden=16)
PAIRS = tuple(Pair(Grid.of([[a, b]]), Grid.of([[b, a]])) for a, b in ((1, 2), (3, 4), (5, 1)))
TASK = Task("t", PAIRS, (Grid.of([[4, 2]]), Grid.of([[2, 1], [1, 3]])))
DERIVED = [v for v in VARIANTS if v.kind in ("vote", "symmetry")]


def scattered_model():
    """A model of chance weights, whose views disagree on the one cell of every output."""
    model = random_embedded(TINY, 0.3, seed=1)
    with torch.no_grad():
        model.side_head.weight.zero_()
    return model


def candidates_with(config):
    model = EmbeddedLanguageModel(
        scattered_model(), torch.zeros(1, TINY.width), EmbeddedConfig(max_length=40)
    )
    return list(TransductionSolver(model, config).solve(TASK, 600, random.Random(0)))


@pytest.fixture(scope="module")
def full():
    found = candidates_with(TransductionConfig(train=False))
    assert len({c.grid for c in found}) > 2
    return found


@pytest.mark.parametrize("variant", DERIVED, ids=lambda variant: variant.key)
def test_a_derived_row_is_what_its_configuration_gives_when_it_is_run(variant, full):
    table = load_settings("no_training", [], variant.config).transduction
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in table.items()}
    run = candidates_with(TransductionConfig(**values))
    assert is_complete(TASK, full)
    assert derived_attempts(TASK, full, _chooser(variant)) == attempts_for(TASK, run)


def test_candidates_that_were_cut_off_are_noticed():
    found = candidates_with(TransductionConfig(train=False, n_candidates=1))
    assert not is_complete(TASK, found)
    found = candidates_with(TransductionConfig(train=False, vote="flat", scored=0))
    assert not is_complete(TASK, found)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.key)
def test_every_row_can_be_run_or_says_why_not(variant):
    for name in ("default", "causal"):
        chosen = load_settings(name, [], variant.config)
        conditioning = conditioning_of(chosen)
        assert chosen.model.kind == load_settings(name).model.kind
        if not variant.reason_against(conditioning):
            check_settings(chosen, "transduction")
        elif conditioning is Conditioning.TASK_VECTOR and variant.kind == "run":
            with pytest.raises(ConfigError):
                check_settings(chosen, "transduction")


def test_the_full_method_is_always_among_the_rows():
    assert [v.key for v in variants_named(["oracle", "shared"])] == ["full", "shared", "oracle"]
    assert variants_named(None) == VARIANTS


def test_runs_are_known_as_ablations_by_their_settings_not_by_their_names(tmp_path):
    facts = {"mode": "transduction", "stages": ["transduction"], "data": {"path": "x"}}

    def run(name, config="", *overrides):
        settings = load_settings("default", overrides, config)
        return RunFolder.create_or_resume(tmp_path / name, [TASK], settings, facts)

    whole, shared = run("a"), run("b", "ablation_shared")
    untrained, other = run("c", "no_training"), run("d", "no_training", "effort.seed=1")
    found = ablated([other, untrained, shared, whole])
    assert found == {"full": whole, "no_training": untrained, "shared": shared}
    assert ablated([whole, other]) == {}
    lines = ablation_lines(variants_of(found), found, [TASK], {"t": Answers("t", TASK.test_inputs)})
    assert [line.variant.key for line in lines][:3] == ["full", "no_training", "shared"]
    assert all(line.score.tasks_right == 0 for line in lines)


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Runs `ensemble ablate` on two tasks with a tiny model; returns status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    document = {
        "train": [{"input": p.input.rows, "output": p.output.rows} for p in PAIRS],
        "test": [{"input": [[4, 2]], "output": [[2, 4]]}],
    }
    Path("tasks.json").write_text(json.dumps({"a": document, "b": document}))
    save_model(Path("w"), scattered_model(), torch.eye(3, TINY.width), {})

    def run(*arguments):
        quick = ["--workers=1", "--set=model.settings.weights=w", "--set=model.settings.tokens=300"]
        short = ["--set=model.settings.max_length=40", "--set=model.settings.min_updates=1"]
        monkeypatch.setattr(sys, "argv", ["ensemble", "ablate", *arguments, *quick, *short])
        status = main()
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


@pytest.mark.slow
def test_rows_that_need_no_training_come_from_one_run(cli):
    status, out, err = cli("tasks.json", "--rows", "flat,only_transpose,oracle,end_to_end")
    assert status == 0, err
    assert os.listdir("runs/ablation") == ["full"]
    lines = {re.split(r"  +", line.strip())[0]: line for line in out.splitlines()}
    assert "29 of 80" in lines["full method"]
    assert all(" of 2 " in lines[key] for key in ("flat vote", "only transpose"))
    assert "does not apply" in lines["end-to-end data"]
    assert "end-to-end data: does not apply: a model with a task vector" in out
    stamp = os.stat("runs/ablation/full/candidates/a.transduction.json").st_mtime_ns
    again = cli("tasks.json", "--rows", "flat,only_transpose,oracle,end_to_end")
    assert again[:2] == (status, out)
    assert os.stat("runs/ablation/full/candidates/a.transduction.json").st_mtime_ns == stamp


@pytest.mark.slow
def test_a_whole_ablation_runs_and_reuses(cli):
    status, out, err = cli("tasks.json", "--out", "r")
    assert status == 0, err
    assert sorted(os.listdir("r")) == ["full", "no_training", "no_transforms", "shared"]
    assert sum(" of 2 " in line for line in out.splitlines()) == 4 + len(DERIVED) + 1
    reuse = [f"--reuse=r/{key}" for key in os.listdir("r")]
    status, again, err = cli("tasks.json", "--out", "q", *reuse)
    assert status == 0, err
    assert again == out
    assert "transduction 0/" not in err, "nothing is computed again"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["tasks.json", "--rows", "sharde"], "did you mean shared"),
        (["--subset", "paper8"], "no subset 'paper8'"),
        (["--split", "train", "--subset", "paper80"], "belongs to"),
        (["hidden.json"], "no answers are known"),
        (["tasks.json", "--set", "transduction.votes=1"], "did you mean vote"),
        (["tasks.json", "--reuse", "nowhere"], "not a run folder"),
        (["tasks.json", "--out", "tasks.json"], "choose another --out"),
    ],
)
def test_a_mistake_is_one_line_and_runs_nothing(cli, arguments, message):
    hidden = {"train": [{"input": [[1]], "output": [[2]]}], "test": [{"input": [[3]]}]}
    Path("hidden.json").write_text(json.dumps(hidden))
    status, out, err = cli(*arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_run_of_other_settings_cannot_be_reused(cli):
    selection = Selection(path=Path("tasks.json"))
    Ablation(variants_named(["full"]), selection, "default", ["effort.seed=4"], Path("r"))
    status, _, err = cli("tasks.json", "--rows", "full", "--reuse", "r/full")
    assert status == 2
    assert "effort.seed" in err
