import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import grids, tasks

from arc.benchmarking import Spent, read_results, write_results
from arc.errors import DataError
from arc.grid import Grid
from arc.task import Answers, Pair, Task

RED, BLUE = Grid.of([[2]]), Grid.of([[1]])
TASK = Task("a", (Pair(RED, BLUE),), (RED, BLUE))


@settings(max_examples=30, deadline=None)
@given(tasks(), st.data())
def test_what_is_written_reads_back(tmp_path_factory, task, data):
    folder = tmp_path_factory.mktemp("results")
    attempts = tuple(tuple(data.draw(st.lists(grids(3), max_size=2))) for _ in task.test_inputs)
    write_results(folder, [task], {task.task_id: attempts}, {}, None, "some")
    assert read_results(folder) == {task.task_id: attempts}


def test_the_summary_counts_what_is_right_and_what_it_took(tmp_path):
    answers = {"a": Answers("a", (BLUE, BLUE))}
    attempts = {"a": ((RED, BLUE), (RED,))}
    write_results(
        tmp_path, [TASK], attempts, {"a": Spent(30.0, 90.0, 0.5, 800, 40)}, answers, "some"
    )
    summary = json.loads((tmp_path / "results.json").read_text())
    assert summary["score"] == 0.5
    assert summary["total_attempts"] == 3
    assert (summary["total_cost"], summary["avg_duration_per_task"]) == (0.5, 30.0)
    first, second = json.loads((tmp_path / "a.json").read_text())
    assert [first[f"attempt_{i}"]["correct"] for i in (1, 2)] == [False, True]
    assert second["attempt_2"] is None
    metadata = first["attempt_1"]["metadata"]
    assert metadata["cost"]["total_cost"] == 0.5 / 4
    used = [metadata["usage"][f"{kind}_tokens"] for kind in ("prompt", "completion", "total")]
    assert used == [200, 10, 210]
    assert second["attempt_1"]["metadata"]["pair_index"] == 1
    assert first["attempt_1"]["metadata"]["end_timestamp"] == "1970-01-01T00:01:30+00:00"


ANSWER = {"answer": [[1]]}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([{"attempt_1": {"answer": [[1]], "metadata": {"pair_index": 1}}}], "in the place of 0"),
        ([{"attempt_1": ANSWER, "attempt_3": ANSWER}], "attempt_3"),
        ([{"attempt_1": {"answer": [[1], [1, 2]]}}], "row 1"),
        ([{"attempt_1": {"answer": [[11]]}}], "0-9"),
        ([{"attempt_2": ANSWER}], "attempt_1"),
        ([], r"\$"),
        ({"a": 1}, r"\$"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(tmp_path, document, message):
    (tmp_path / "a.json").write_text(json.dumps(document))
    with pytest.raises(DataError, match=message) as raised:
        read_results(tmp_path)
    assert "\n" not in str(raised.value)


def test_an_empty_answer_is_no_attempt(tmp_path):
    document = [{"attempt_1": {"answer": []}, "attempt_2": None}, {"attempt_1": ANSWER}]
    (tmp_path / "a.json").write_text(json.dumps(document))
    assert read_results(tmp_path) == {"a": ((), (BLUE,))}
    with pytest.raises(DataError, match="no results"):
        read_results(tmp_path / "nothing")
