import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids

from arc.candidate import Candidate, ProgramEvidence, ViewEvidence
from arc.errors import RunError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.folder.reuse import take_over
from ensemble.folder.store import Effort, RunFolder
from ensemble.settings import load_settings
from lm.meter import Usage

RED = Grid.of([[2]])
TASKS = [Task(i, (Pair(RED, RED),), (RED,)) for i in ("a", "b")]
FACTS = {"mode": "ensemble", "stages": ["induction", "transduction"], "data": {}}
SETTINGS = load_settings("default")

evidence = st.one_of(
    st.none(),
    st.builds(ProgramEvidence, st.text(), st.floats(0, 9), st.integers(0, 3), st.just(3)),
    st.builds(ViewEvidence, st.integers(0, 8), st.just(8), st.none() | st.floats(-9, 0)),
)
candidates = st.lists(
    st.builds(
        Candidate, st.just("a"), st.integers(0, 3), grids(3), st.text(), st.floats(-9, 0), evidence
    ),
    max_size=4,
)


def folder(path, tasks=TASKS, settings=SETTINGS, facts=FACTS):
    return RunFolder.create_or_resume(path, tasks, settings, facts)


@given(found=candidates)
@settings(max_examples=10)
def test_what_is_stored_reads_back(tmp_path_factory, found):
    run = folder(tmp_path_factory.mktemp("run") / "a")
    assert not run.has("a", "induction")
    run.write("a", "induction", found, 1.25)
    assert run.has("a", "induction")
    assert run.read_task("a") == found
    assert run.timings() == {("a", "induction"): 1.25}


def test_the_same_run_is_resumed(tmp_path):
    folder(tmp_path / "a").write("a", "induction", [], 1.0)
    again = folder(tmp_path / "a")
    assert again.has("a", "induction")
    assert again.settings == SETTINGS


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"settings": load_settings("default", ["effort.seed=5"])}, r"effort\.seed \(0 there, 5"),
        ({"tasks": TASKS[:1]}, "task_ids"),
        ({"facts": {**FACTS, "mode": "induction", "stages": ["induction"]}}, "mode, stages"),
    ],
)
def test_another_run_is_refused_with_what_differs(tmp_path, change, message):
    folder(tmp_path / "a")
    with pytest.raises(RunError, match=message):
        folder(tmp_path / "a", **change)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(RunError, match="not a run folder"):
        folder(tmp_path)
    assert os.listdir(tmp_path) == ["thesis.txt"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 2}', "\x00"])
def test_a_damaged_manifest_is_a_one_line_error(tmp_path, text):
    folder(tmp_path / "a")
    (tmp_path / "a" / "manifest.json").write_text(text)
    with pytest.raises(RunError, match=r"manifest\.json.*another --out") as caught:
        folder(tmp_path / "a")
    assert "\n" not in str(caught.value)


def test_damaged_settings_are_a_one_line_error(tmp_path):
    folder(tmp_path / "a")
    (tmp_path / "a" / "config.toml").write_text("[effort")
    with pytest.raises(RunError, match=r"config\.toml"):
        folder(tmp_path / "a")


@pytest.mark.parametrize(
    "document",
    [
        "{",
        {},
        {"task_id": "a", "stage": "s", "candidates": [{}]},
        {
            "task_id": "a",
            "stage": "s",
            "candidates": [
                {"test_index": 0, "source": "s", "log_weight": 0, "grid": [[11]], "evidence": None}
            ],
        },
    ],
)
def test_damaged_candidates_say_which_file_to_delete(tmp_path, document):
    run = folder(tmp_path / "a")
    text = document if isinstance(document, str) else json.dumps(document)
    (tmp_path / "a" / "candidates" / "a.induction.json").write_text(text)
    with pytest.raises(RunError, match=r"a\.induction\.json.*delete this file"):
        run.read("a", "induction")


def test_a_timing_cut_off_by_a_kill_is_passed_over(tmp_path):
    run = folder(tmp_path / "a")
    run.write("a", "induction", [], 2.0)
    with (tmp_path / "a" / "timings.jsonl").open("a") as file:
        file.write('{"task_id": "b", "sta')
    assert run.timings() == {("a", "induction"): 2.0}


def test_no_folder_can_be_made_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match="choose another --out"):
        folder(tmp_path / "file" / "run")


def test_a_finished_stage_of_another_run_is_taken_over(tmp_path):
    other = folder(tmp_path / "a", facts={**FACTS, "mode": "induction", "stages": ["induction"]})
    found = [Candidate("a", 0, RED, "induction", -1.0)]
    other.write("a", "induction", [], 1.0, Effort(1, 1.0), usage=Usage(3, 1))
    other.write("a", "induction", found, 1.5, usage=Usage(4))
    run = folder(tmp_path / "b", tasks=TASKS[:1])
    assert take_over(run, other) == 1
    assert run.read_task("a") == found
    assert run.timings() == {("a", "induction"): 2.5}
    assert run.usages() == {("a", "induction"): Usage(7, 1)}
    assert take_over(run, other) == 0


@pytest.mark.parametrize(
    ("override", "refused"),
    [("effort.seed=3", True), ("induction.steps=[5]", True), ("transduction.train=false", False)],
)
def test_only_settings_that_a_stage_depends_on_forbid_taking_it_over(tmp_path, override, refused):
    other = folder(tmp_path / "a", facts={**FACTS, "mode": "induction", "stages": ["induction"]})
    run = folder(tmp_path / "b", settings=load_settings("default", [override]))
    if refused:
        with pytest.raises(RunError, match=override.split("=")[0].split(".")[1]):
            take_over(run, other)
    else:
        assert take_over(run, other) == 0


def test_a_run_over_other_tasks_is_not_taken_over(tmp_path):
    other = folder(tmp_path / "a", facts={**FACTS, "data": {"path": "elsewhere"}})
    with pytest.raises(RunError, match="other tasks"):
        take_over(folder(tmp_path / "b"), other)
