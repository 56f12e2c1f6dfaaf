"""Programs sampled from a language model as a stage of a run; its weights are random noise."""

import json

import pytest
from tiny import byte_tokenizer, tiny_llama

from arc.dataset import load_tasks
from arc.grid import Grid
from ensemble.folder.store import RunFolder
from ensemble.run.assembly import Workbench, check_settings, stages_of
from ensemble.run.unit import Unit
from ensemble.settings import load_settings

TASK = {
    "train": [{"input": [[1, 2]], "output": [[2, 1]]}, {"input": [[3]], "output": [[3]]}],
    "test": [{"input": [[4, 5]]}],
}


def flipped(i):
    rows = [[i, 0, 3], [0, i, 0], [2, 2, i], [0, 0, 5]]
    return {"input": rows, "output": rows[::-1]}


FLIP = {"train": [flipped(i) for i in (1, 4, 6)], "test": [{"input": flipped(7)["input"]}]}


def test_a_run_samples_only_if_a_model_is_named():
    plain = load_settings("default", ["writer.kind=none"])
    assert stages_of(plain, "ensemble") == ("induction", "transduction")
    shipped = load_settings("default")
    assert shipped.writer.kind == "embedded"
    assert stages_of(shipped, "ensemble") == ("induction", "sampling", "transduction")
    assert stages_of(shipped, "induction") == ("induction", "sampling")
    assert stages_of(shipped, "transduction") == ("transduction",)


@pytest.mark.slow
def test_the_shipped_model_is_not_loaded_for_a_task_that_the_search_settles(monkeypatch, tmp_path):
    def refuse(_):
        raise AssertionError("loaded")

    monkeypatch.setattr("lm.causal.writer.CausalWriter.load", refuse)
    (tmp_path / "flip.json").write_text(json.dumps(FLIP))
    (task,) = load_tasks(tmp_path / "flip.json")
    with Workbench(load_settings("default"), [task]) as bench:
        searched = bench.solve(Unit("induction", task, 60.0))
        assert searched.candidates[0].grid == Grid.of(flipped(7)["output"])
        assert not bench.solve(Unit("sampling", task, 60.0, searched.candidates)).candidates
        with pytest.raises(AssertionError, match="loaded"):
            bench.solve(Unit("sampling", task, 60.0))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("writer.settings.temperature=1", "temperature"),
        ("writer.settings.template=compact", "model"),
        ("sampling.programs=0", "programs"),
    ],
)
def test_a_wrong_setting_is_one_line(cli, override, message):
    arguments = ("--split", "train", "--limit", "1", "--set", "writer.kind=causal")
    status, _, error = cli("run", *arguments, "--set", override)
    assert status == 2
    assert message in error
    assert error.count("\n") == 1


def test_replies_that_leave_no_room_for_the_task_are_refused(cli):
    status, _, error = cli("run", "--split", "train", "--set", "sampling.max_tokens=1024")
    assert status == 2
    assert "sampling.max_tokens: 1024 leaves no room" in error


@pytest.mark.slow
def test_a_run_with_a_writer_goes_its_whole_way_and_comes_out_the_same(cli, tmp_path):
    tokenizer = byte_tokenizer()
    tiny_llama(len(tokenizer)).save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    (tmp_path / "mine.json").write_text(json.dumps(TASK))
    settings = (
        "writer.kind=causal",
        f"writer.settings.model={tmp_path / 'model'}",
        "sampling.programs=6",
        "sampling.batch=3",
        "sampling.max_tokens=20",
    )
    found = []
    for name in ("a", "b"):
        out = tmp_path / name
        options = [part for text in settings for part in ("--set", text)]
        status, _, error = cli(
            "run", str(tmp_path / "mine.json"), "--mode", "induction", "--out", str(out), *options
        )
        assert status == 0, error
        folder = RunFolder.open(out)
        assert folder.manifest["stages"] == ["induction", "sampling"]
        assert folder.has("mine", "sampling")
        found.append((out / "submission.json").read_bytes())
    assert found[0] == found[1]
    assert json.loads(found[0])["mine"]


@pytest.mark.slow
def test_the_settings_of_a_writer_are_checked_before_it_is_loaded():
    check_settings(
        load_settings("default", ["writer.kind=causal", "writer.settings.model=x"]), "induction"
    )


@pytest.mark.slow
def test_the_shipped_model_s_programs_are_a_stage_of_a_run(cli, tmp_path):
    (tmp_path / "flip.json").write_text(json.dumps(FLIP))
    check_settings(load_settings("default"), "induction")
    options = ("--mode", "induction", "--set", "sampling.programs=128")

    def sampled(name, *more):
        out = tmp_path / name
        status, _, error = cli(
            "run", str(tmp_path / "flip.json"), "--out", str(out), *options, *more
        )
        assert status == 0, error
        return RunFolder.open(out).read("flip", "sampling")

    assert not sampled("left_to_the_search")
    best = sampled("asked", "--set", "sampling.skip_settled=false")[0]
    assert best.grid.rows == flipped(7)["output"]
    assert best.evidence.is_verified
    assert "from induction.library import *" in best.evidence.program
