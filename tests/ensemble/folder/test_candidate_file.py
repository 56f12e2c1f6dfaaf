"""Candidates made elsewhere: the file, its stage in a run, and how little it claims."""

import hashlib
import json

import pytest
from benches import DrawingBench
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from small_runs import RED, InlineEngine
from strategies import grids

from arc.candidate import CANDIDATES, Candidate, ProgramEvidence, StatedEvidence
from arc.errors import DataError, RunError
from arc.grid import Grid
from arc.submission import read_submission
from arc.task import Pair, Task
from ensemble.compare.entry import entry_of_run
from ensemble.folder.candidate_file import read_candidates
from ensemble.folder.difference import of_stage
from ensemble.folder.record import candidate_document, candidate_from
from ensemble.folder.store import RunFolder
from ensemble.merge.policy import choose_attempts, has_verified
from ensemble.progress import Progress
from ensemble.run.run import Run
from ensemble.run.trust import trust_in
from ensemble.settings import load_settings

BLUE = Grid.of([[1]])
TASKS = [Task(name, (Pair(RED, RED),), (RED, BLUE)) for name in ("a", "b")]
LINE = {"task_id": "a", "test_index": 0, "grid": [[5]], "source": "them"}
STATED = LINE | {"program": "def transform(grid): ...", "reproduced": 1, "demonstrations": 1}


def written(path, *lines):
    """Writes lines, of which a mapping becomes JSON; returns the file."""
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts))
    return path


@pytest.fixture
def file(tmp_path):
    return tmp_path / "theirs.jsonl"


def test_lines_become_candidates_of_their_tasks_and_name_the_file_by_its_hash(file):
    elsewhere = LINE | {"task_id": "elsewhere"}
    lines = LINE, "", STATED | {"grid": [[6]]}, elsewhere, LINE | {"log_weight": 2.5}
    found = read_candidates(written(file, *lines), TASKS)
    assert found.n_others == 1
    assert [c.log_weight for c in found.candidates["a"]] == [0, -1, 2.5]
    assert found.candidates["b"] == ()
    assert found.candidates["a"][1].evidence == StatedEvidence(STATED["program"], 1, 1)
    assert found.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()


def test_order_is_kept_by_test_input_and_source(file):
    lines = LINE, LINE | {"test_index": 1}, LINE | {"source": "others"}, LINE
    found = read_candidates(written(file, *lines), TASKS).candidates["a"]
    assert [c.log_weight for c in found] == [0, 0, 0, -1]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2: not JSON: Expecting property name enclosed in double quotes at column 2"),
        ("[" * 100_000, "nested too deeply"),
        ('{"test_index": ' + "9" * 5000 + "}", "too long"),
        ("[]", "$: [] is not of type 'object'"),
        ({}, "'task_id' is a required property"),
        (LINE | {"test_index": "0"}, "$.test_index: '0' is not of type 'integer'"),
        (LINE | {"test_index": -1}, "$.test_index: -1"),
        (LINE | {"test_index": 2}, "$.test_index: 2, but task a has 2 test inputs"),
        (LINE | {"grid": [[5], [5, 5]]}, "$.grid: "),
        (LINE | {"grid": [[10]]}, "$.grid: "),
        (LINE | {"grid": []}, "$.grid: "),
        (LINE | {"grid": "5"}, "$.grid: '5' is not of type 'array'"),
        (LINE | {"source": "ranking"}, "$.source: 'ranking'"),
        (LINE | {"source": "\x1b[2J"}, "$.source: "),
        (LINE | {"log_weight": "high"}, "$.log_weight: 'high' is not of type 'number'"),
        (LINE | {"log_weight": float("nan")}, "$.log_weight: "),
        (LINE | {"log_weight": float("inf")}, "$.log_weight: "),
        (LINE | {"log_weight": 10**400}, "$.log_weight: "),
        (LINE | {"verified": True}, "'verified' was unexpected"),
        (LINE | {"program": "..."}, "'reproduced' is a dependency of 'program'"),
        (STATED | {"reproduced": 2}, "$.reproduced: at most the 1"),
    ],
)
def test_a_wrong_line_is_told_by_file_line_and_place(file, line, said):
    with pytest.raises(DataError) as refused:
        read_candidates(written(file, LINE, line), TASKS)
    message = str(refused.value)
    assert message.startswith(str(file))
    assert "line 2" in message
    assert said in message
    assert "\n" not in message


def test_a_line_about_another_task_is_checked_as_well(file):
    wrong = LINE | {"task_id": "elsewhere", "grid": [[77]]}
    with pytest.raises(DataError, match="line 2"):
        read_candidates(written(file, LINE, wrong), TASKS)


@pytest.mark.parametrize("lines", [(), ("",), (LINE | {"task_id": "elsewhere"},)])
def test_a_file_without_a_candidate_for_the_run_is_an_error(file, lines):
    with pytest.raises(DataError, match="no candidate for any of the 2 tasks"):
        read_candidates(written(file, *lines), TASKS)


def test_a_file_that_is_no_text_or_not_there_is_one_line(file, tmp_path):
    file.write_bytes(b"\xff\xfe")
    for path in (file, tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=str(path)):
            read_candidates(path, TASKS)


@given(grids(2), st.floats(-9, 1e300), st.integers(1, 9))
def test_what_is_said_of_a_program_is_kept_and_never_counts_as_verified(grid, weight, n):
    stated = Candidate("a", 0, grid, "them", weight, StatedEvidence("...", n, n))
    assert candidate_from("a", candidate_document(stated), "", 0) == stated
    assert not has_verified([stated])
    assert trust_in(TASKS[0], [stated]) == 0
    verified = Candidate("a", 0, RED, "induction", -99.0, ProgramEvidence("...", 1.0, 1, 1))
    assert choose_attempts([stated, verified])[0] == RED


class WatchedBench(DrawingBench):
    """Never hears of the stage that came from a file."""

    def solve(self, unit):
        assert unit.stage != CANDIDATES
        return super().solve(unit)


def folder_with(path, found, stages=("induction", CANDIDATES, "transduction")):
    facts = {"mode": "ensemble", "stages": list(stages), "data": {}}
    facts["origins"] = {CANDIDATES: found.origin}
    folder = RunFolder.create_or_resume(path, TASKS, load_settings("default"), facts)
    found.store(folder)
    return folder


@pytest.mark.parametrize("stages", [("induction", CANDIDATES), (CANDIDATES, "transduction")])
def test_a_run_merges_the_stage_and_does_no_work_for_it(file, tmp_path, stages):
    found = read_candidates(written(file, LINE, LINE | {"grid": [[6]]}), TASKS)
    folder = folder_with(tmp_path / "r", found, stages)
    run = Run(folder, TASKS, None, Progress(Console(quiet=True)), WatchedBench)
    assert run.execute(1, None, InlineEngine).n_done == len(TASKS)
    attempts = read_submission(tmp_path / "r" / "submission.json")
    assert Grid.of([[5]]) in attempts["a"][0]
    assert Grid.of([[5]]) not in attempts["b"][0]
    entry = entry_of_run(folder, TASKS)
    assert [part.name for part in entry.parts] == [f"{stage} alone" for stage in stages]
    alone = entry.parts[stages.index(CANDIDATES)]
    assert alone.ranked["a"] == ((Grid.of([[5]]), Grid.of([[6]])), ())


def test_a_damaged_stage_is_remade_from_the_file_and_another_file_is_refused(file, tmp_path):
    found = read_candidates(written(file, LINE), TASKS)
    folder = folder_with(tmp_path / "r", found)
    (stored,) = (tmp_path / "r" / "candidates").glob("a.*.json")
    before = stored.read_bytes()
    stored.unlink()
    folder_with(tmp_path / "r", found)
    assert stored.read_bytes() == before
    other = read_candidates(written(file, LINE | {"grid": [[6]]}), TASKS)
    with pytest.raises(RunError, match=f"origin of candidates .*{found.sha256} there"):
        folder_with(tmp_path / "r", other)
    assert folder.read("a", CANDIDATES)[0].grid == Grid.of([[5]])


def test_the_stage_depends_on_the_file_alone():
    settings = [load_settings("default", [f"effort.seed={seed}"]) for seed in (0, 1)]
    one, same = (of_stage(each, CANDIDATES, {CANDIDATES: "x"}) for each in settings)
    assert one == same != of_stage(settings[0], CANDIDATES, {CANDIDATES: "y"})
