import json

import pytest

from arc.dataset import (
    load_answers,
    load_levels,
    load_split,
    load_split_answers,
    load_subset,
    load_tasks,
    select_tasks,
)
from arc.errors import DataError
from arc.grid import Grid

ONE = {
    "train": [{"input": [[1]], "output": [[2]]}],
    "test": [{"input": [[3]], "output": [[4]]}],
}


def write(path, document):
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


@pytest.mark.parametrize(
    ("dataset", "split", "n_tasks", "n_outputs"),
    [
        ("arc1", "training", 400, 416),
        ("arc1", "evaluation", 400, 419),
        ("arc2", "evaluation", 120, 167),
    ],
)
def test_the_public_splits_have_their_published_sizes(dataset, split, n_tasks, n_outputs):
    tasks = load_split(dataset, split)
    answers = load_split_answers(dataset, split)
    assert len(tasks) == n_tasks
    assert sum(len(task.test_inputs) for task in tasks) == n_outputs
    assert [task.task_id for task in tasks] == sorted(answers)
    assert all(len(answers[t.task_id].outputs) == len(t.test_inputs) for t in tasks)


def test_a_task_file_a_challenges_file_and_a_folder_give_the_same_task(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    alone = load_tasks(write(folder / "a.json", ONE))
    assert load_tasks(folder) == alone
    assert load_tasks(write(tmp_path / "challenges.json", {"a": ONE})) == alone


def test_answers_come_from_tasks_with_outputs_and_from_solutions_files(tmp_path):
    from_task = load_answers(write(tmp_path / "a.json", ONE))
    assert from_task["a"].outputs == (Grid.of([[4]]),)
    assert load_answers(write(tmp_path / "solutions.json", {"a": [[[4]]]})) == from_task


def test_a_test_input_without_output_is_a_task_but_no_answer(tmp_path):
    hidden = {**ONE, "test": [{"input": [[3]]}]}
    path = write(tmp_path / "a.json", hidden)
    assert load_tasks(path)[0].test_inputs == (Grid.of([[3]]),)
    with pytest.raises(DataError, match="test 0 has no output"):
        load_answers(path)


def changed(part, index, key, value):
    document = json.loads(json.dumps(ONE))
    document[part][index][key] = value
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (changed("train", 0, "input", [[0] * 31]), r"a\.json: \$\.train\[0\]\.input: sides .*1x31"),
        (changed("train", 0, "output", [[0, 1], [0]]), r"\$\.train\[0\]\.output: row 1 has 1"),
        (changed("test", 0, "input", [[10]]), r"\$\.test\[0\]\.input: cell \(0, 0\) is 10"),
        (changed("test", 0, "input", []), r"\$\.test\[0\]\.input: .*no rows"),
        (changed("test", 0, "input", "text"), r"\$\.test\[0\]\.input"),
        ({"train": [{"input": [[1]]}], "test": [{"input": [[1]]}]}, "'output' is a required"),
        ({"train": ONE["train"]}, "'test' is a required"),
        ({"train": [], "test": ONE["test"]}, r"\$\.train"),
        ({"train": ONE["train"], "test": []}, r"\$\.test"),
        ("not json", "not JSON: .* at line 1, column 1"),
        ("", "not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ([], "found a list"),
        ({}, "found an empty object"),
        ({"a": 3}, r"task a: \$"),
        ("7", "found a int"),
    ],
)
def test_a_broken_task_is_refused_with_file_and_place(tmp_path, document, message):
    path = write(tmp_path / "a.json", document)
    with pytest.raises(DataError, match=message) as caught:
        load_tasks(path)
    assert "a.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_there_or_not_text_is_said_so(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        load_tasks(tmp_path / "missing.json")
    with pytest.raises(DataError, match=r"no \.json file"):
        load_tasks(tmp_path)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not UTF-8"):
        load_tasks(tmp_path / "binary.json")


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(DataError, match="did you mean 007bbfb7"):
        select_tasks(load_split("arc1", "training"), ["007bbfb"])


def test_selection_keeps_the_order_of_the_tasks_and_the_limit():
    tasks = load_split("arc1", "training")[:5]
    ids = [task.task_id for task in tasks]
    assert select_tasks(tasks, reversed(ids)) == tasks
    assert select_tasks(tasks, None, 2) == tasks[:2]


def test_the_papers_subset_is_balanced_over_levels():
    levels = load_levels()
    subset = load_subset("paper80")
    assert len(levels) == 400
    assert sorted(levels[i] for i in subset) == sorted(["easy", "medium", "hard", "expert"] * 20)
    assert set(levels) == {task.task_id for task in load_split("arc1", "evaluation")}


def test_the_held_out_tasks_are_a_part_of_the_training_split():
    held = load_subset("held_out")
    assert len(held) == len(set(held)) == 156
    assert set(held) <= {task.task_id for task in load_split("arc1", "training")}


def test_an_unknown_subset_is_refused():
    with pytest.raises(DataError, match="paper80, held_out"):
        load_subset("paper81")
