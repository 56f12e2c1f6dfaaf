"""Programs sampled from a language model as a stage of a run; its weights are random noise."""

import json

import pytest
from tiny import byte_tokenizer, tiny_llama

from ensemble.folder.store import RunFolder
from ensemble.run.assembly import check_settings, stages_of
from ensemble.settings import load_settings

TASK = {
    "train": [{"input": [[1, 2]], "output": [[2, 1]]}, {"input": [[3]], "output": [[3]]}],
    "test": [{"input": [[4, 5]]}],
}


def test_a_run_samples_only_if_a_model_is_named():
    plain = load_settings("default")
    assert stages_of(plain, "ensemble") == ("induction", "transduction")
    named = load_settings("default", ["writer.kind=causal"])
    assert stages_of(named, "ensemble") == ("induction", "sampling", "transduction")
    assert stages_of(named, "induction") == ("induction", "sampling")
    assert stages_of(named, "transduction") == ("transduction",)
    shipped = load_settings("programs")
    assert shipped.writer.kind == "embedded"
    assert stages_of(shipped, "induction") == ("induction", "sampling")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("writer.settings.temperature=1", "temperature"),
        ("writer.settings.template=compact", "model"),
        ("sampling.programs=0", "programs"),
        ("writer.kind=embedded", "sampling.max_tokens: 1024 leaves no room"),
    ],
)
def test_a_wrong_setting_is_one_line(cli, override, message):
    arguments = ("--split", "train", "--limit", "1", "--set", "writer.kind=causal")
    status, _, error = cli("run", *arguments, "--set", override)
    assert status == 2
    assert message in error
    assert error.count("\n") == 1


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
    def flipped(i):
        rows = [[i, 0, 3], [0, i, 0], [2, 2, i], [0, 0, 5]]
        return {"input": rows, "output": rows[::-1]}

    task = {"train": [flipped(i) for i in (1, 4, 6)], "test": [{"input": flipped(7)["input"]}]}
    (tmp_path / "flip.json").write_text(json.dumps(task))
    check_settings(load_settings("programs"), "induction")
    options = ("--config", "programs", "--mode", "induction", "--set", "sampling.programs=128")

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
