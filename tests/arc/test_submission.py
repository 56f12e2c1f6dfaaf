import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids, tasks

from arc.errors import DataError
from arc.grid import Grid
from arc.submission import read_submission, validate_submission, write_submission
from arc.task import Pair, Task

RED, BLUE = Grid.of([[2]]), Grid.of([[1]])


def task(task_id="a", n_tests=1):
    return Task(task_id, (Pair(RED, BLUE),), (RED,) * n_tests)


@given(tasks(), st.data())
def test_what_is_written_validates_and_reads_back(tmp_path_factory, task, data):
    path = tmp_path_factory.mktemp("submission") / "submission.json"
    attempts = [data.draw(st.lists(grids(3), max_size=2)) for _ in task.test_inputs]
    write_submission(path, [task], {task.task_id: attempts})
    validate_submission(path, [task])
    for given_, found in zip(attempts, read_submission(path)[task.task_id], strict=True):
        assert list(found[: len(given_)]) == given_
        assert all(grid == Grid.of([[0]]) for grid in found[len(given_) :])


def test_a_missing_attempt_is_a_placeholder_only_in_the_file(tmp_path):
    write_submission(tmp_path / "s.json", [task(n_tests=2)], {"a": [[RED]]})
    assert json.loads((tmp_path / "s.json").read_text()) == {
        "a": [
            {"attempt_1": [[2]], "attempt_2": [[0]]},
            {"attempt_1": [[0]], "attempt_2": [[0]]},
        ]
    }


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("[]", r"\$: .*object"),
        ("{", "not JSON"),
        ("{}", "1 of 1 tasks are missing, the first is a"),
        ('{"a": []}', r"\$\.a"),
        ('{"a": [{"attempt_1": [[0]]}]}', "attempt_2"),
        ('{"a": [{"attempt_1": [[0]], "attempt_2": [[10]]}]}', r"\$\.a\[0\]\.attempt_2: cell"),
        ('{"a": [{"attempt_1": [[0], []], "attempt_2": [[0]]}]}', "row 1 has 0 cells"),
        ('{"a": [{"attempt_1": [[0]], "attempt_2": [[0]], "attempt_3": [[0]]}]}', "attempt_3"),
        ('{"a": [{"attempt_1": [[0]], "attempt_2": [[0]]}], "b": []}', r"\$\.b"),
        (
            '{"a": [{"attempt_1": [[0]], "attempt_2": [[0]]}, '
            '{"attempt_1": [[0]], "attempt_2": [[0]]}]}',
            "2 entries, but 1 test inputs",
        ),
        (
            '{"a": [{"attempt_1": [[0]], "attempt_2": [[0]]}], '
            '"b": [{"attempt_1": [[0]], "attempt_2": [[0]]}]}',
            "no task 'b'",
        ),
    ],
)
def test_what_the_competition_would_refuse_is_refused(tmp_path, document, message):
    (tmp_path / "s.json").write_text(document)
    with pytest.raises(DataError, match=message):
        validate_submission(tmp_path / "s.json", [task()])
