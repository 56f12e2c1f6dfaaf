import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

TASK = {
    "train": [
        {"input": [[1, 0], [0, 0]], "output": [[0, 1], [0, 0]]},
        {"input": [[2, 0, 3]], "output": [[3, 0, 2]]},
        {"input": [[0, 5], [7, 0]], "output": [[5, 0], [0, 7]]},
    ],
    "test": [{"input": [[4, 0], [0, 6]], "output": [[0, 4], [6, 0]]}],
}
QUICK = [
    "--workers=1",
    "--set=model.settings.tokens=2000",
    "--set=model.settings.min_updates=4",
    "--set=induction.steps=[500,2000]",
]


@pytest.fixture
def task_file(tmp_path):
    path = tmp_path / "mirror.json"
    path.write_text(json.dumps(TASK))
    return path


def test_one_task_goes_all_the_way(cli, task_file):
    status, out, err = cli("run", task_file, "--out", "r", *QUICK)
    assert status == 0, err
    assert "1 of 1" in out
    assert out.rstrip().endswith("r/submission.json")
    assert "induction 1/1" in err
    assert "transduction 1/1" in err
    submission = json.loads(Path("r/submission.json").read_text())
    assert submission["mirror"][0]["attempt_1"] == [[0, 4], [6, 0]]

    status, out, _ = cli("validate", "r/submission.json", "--tasks", task_file)
    assert (status, "valid" in out) == (0, True)
    assert cli("validate", "r/submission.json")[0] == 0

    status, out, _ = cli("score", "r/submission.json", "--answers", task_file)
    assert status == 0
    assert "100.00 % (1 of 1)" in out
    status, out, _ = cli("score", "r")
    assert status == 0
    assert "induction alone" in out
    assert "transduction alone" in out

    status, out, _ = cli("show", "mirror", "--run", "r", "--answers")
    assert status == 0
    assert "attempt 1: right" in out
    assert "def transform" in out

    before = sorted(os.listdir("r/candidates"))
    stamp = os.stat("r/candidates/mirror.induction.json").st_mtime_ns
    assert cli("run", task_file, "--out", "r", *QUICK)[0] == 0
    assert sorted(os.listdir("r/candidates")) == before
    assert os.stat("r/candidates/mirror.induction.json").st_mtime_ns == stamp

    status, out, _ = cli("compare", "r", "r/submission.json", "--html", "page.html")
    assert status == 0
    assert "only the first" in out
    assert '"id":"mirror"' in Path("page.html").read_text()

    status, _, err = cli("run", task_file, "--out", "r", *QUICK, "--seed", "9")
    assert status == 2
    assert "effort.seed (0 there, 9 here)" in err


@pytest.mark.slow
def test_a_half_alone_runs_and_without_answers_shows_no_score(cli, tmp_path):
    hidden = {**TASK, "test": [{"input": [[4, 0], [0, 6]]}]}
    (tmp_path / "h.json").write_text(json.dumps(hidden))
    status, out, _ = cli("run", "h.json", "--mode", "induction", "--out", "r", *QUICK)
    assert status == 0
    assert out.split() == ["r/submission.json"]
    assert sorted(os.listdir("r/candidates")) == ["h.induction.json", "h.sampling.json"]
    status, _, err = cli("score", "r")
    assert status == 2
    assert "--answers" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "which tasks?"),
        (["run", "nowhere.json"], "no such file"),
        (["run", "--split", "evl"], "did you mean eval"),
        (["run", "--split", "train", "--ids", "zzz"], "no task 'zzz'"),
        (["run", "--split", "train", "--ids", "007bbfb"], "did you mean 007bbfb7"),
        (["run", "--split", "train", "--limit", "0"], "a number from 1"),
        (["run", "--split", "train", "--mode", "inductoin"], "did you mean induction"),
        (["run", "--split", "train", "--config", "defalt"], "did you mean default"),
        (["run", "--split", "train", "--budget", "soon"], "such as 90m"),
        (["run", "--split", "train", "--budget", "-5m"], "such as 90m"),
        (["run", "--split", "train", "--engine", "rya"], "one of local, ray"),
        (["run", "--split", "train", "--ray-address", "auto"], "needs --engine ray"),
        (["run", "--split", "train", "--workers", "-1"], "a number from 0"),
        (["run", "--split", "train", "--dataset", "arc3"], "no dataset 'arc3'"),
        (["run", "--split", "train", "--subset", "paper80"], "belongs to"),
        (["run", "--split", "train", "--set", "effort.sed=1"], "did you mean seed"),
        (["score", "nowhere.json", "--split", "train"], "neither a run folder nor a file"),
        (["score", "."], "not a run folder"),
        (["validate", "nowhere.json", "--split", "train"], "no such file"),
        (["compare", "nowhere"], "neither a run folder nor a file"),
        (["compare", "nowhere.json", "--split", "train"], "neither a run folder nor a file"),
        (["show", "zzz"], "no task 'zzz'"),
        (["show", "007bbfb7", "--run", "nowhere"], "not a run folder"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(cli, arguments, message):
    status, out, err = cli(*arguments)
    assert status == 2
    assert out == ""
    assert message in err
    assert err.startswith("ensemble: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["rum"], ["run", "--no-such-option"], ["run", "--limit", "x"]]
)
def test_a_mistyped_command_line_is_explained_with_status_2(cli, arguments):
    status, _, err = cli(*arguments)
    assert status == 2
    assert "Error" in err or "Usage" in err


@pytest.mark.parametrize(
    ("part", "grid", "message"),
    [
        ("train", [[0] * 31], "$.train[0].input"),
        ("train", [[0, 1], [0]], "row 1 has 1 cells"),
        ("test", [[10]], "$.test[0].input: cell (0, 0) is 10"),
        ("test", [], "no rows"),
    ],
)
def test_a_broken_task_is_one_line_and_leaves_no_run_folder(cli, tmp_path, part, grid, message):
    broken = json.loads(json.dumps(TASK))
    broken[part][0]["input"] = grid
    (tmp_path / "broken.json").write_text(json.dumps(broken))
    status, _, err = cli("run", "broken.json", "--out", "r")
    assert status == 2
    assert message in err
    assert "broken.json" in err
    assert not os.path.exists("r")


def test_a_folder_that_cannot_be_written_is_one_line(cli, task_file):
    Path("file").touch()
    status, _, err = cli("run", task_file, "--out", "file/r")
    assert status == 2
    assert "choose another --out" in err


@pytest.mark.slow
def test_a_corrupted_run_says_which_file_and_what_to_do(cli, task_file):
    assert cli("run", task_file, "--mode", "induction", "--out", "r", *QUICK)[0] == 0
    with open("r/candidates/mirror.induction.json", "w") as file:
        file.write('{"task_id"')
    status, _, err = cli("run", task_file, "--mode", "induction", "--out", "r", *QUICK)
    assert status == 2
    assert "mirror.induction.json" in err
    assert "delete this file" in err


def allow_ctrl_c():
    """Undoes what a shell does to jobs it starts in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_the_run_goes_on_later(tmp_path):
    tasks = {f"t{i}": TASK for i in range(200)}
    (tmp_path / "many.json").write_text(json.dumps(tasks))
    command = [
        sys.executable, "-c", "import sys; from ensemble.cli import main; sys.exit(main())",
        "run", "many.json", "--mode", "induction", "--out", "r", *QUICK,
    ]  # fmt: skip
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=allow_ctrl_c,
    )  # fmt: skip
    found = tmp_path / "r" / "candidates"
    while not (found.exists() and len(os.listdir(found)) >= 2):
        assert process.poll() is None, process.communicate()
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.rstrip().endswith("ensemble: stopped; what is done is kept")
    assert "Traceback" not in err
    submission = json.loads((tmp_path / "r" / "submission.json").read_text())
    assert len(submission) == 200
    assert submission["t0"][0]["attempt_1"] == [[0, 4], [6, 0]]


@pytest.mark.slow
def test_a_spent_budget_leaves_a_valid_submission(cli, tmp_path):
    (tmp_path / "many.json").write_text(json.dumps({f"t{i}": TASK for i in range(500)}))
    status, _, err = cli("run", "many.json", "--mode", "induction", "--budget", "12s", "--out", "r")
    assert status == 0
    assert "--out r goes on with the rest" in err
    assert cli("validate", "r/submission.json", "--tasks", "many.json")[0] == 0


@pytest.mark.slow
def test_a_short_pretraining_gives_weights_that_a_run_can_use(cli, task_file):
    trained = ["pretrain", "--tokens", "0.004", "--decay", "0.002", "--out", "p"]
    assert cli(*trained, "--export", "w")[0] == 0
    arguments = ["--mode", "transduction", "--set", "model.settings.weights=w", *QUICK]
    status, out, err = cli("run", task_file, "--out", "r", *arguments)
    assert status == 0, err
    assert "of 1" in out


@pytest.mark.slow
def test_a_run_can_be_put_together_from_the_halves_of_two(cli, task_file):
    for half in ("induction", "transduction"):
        assert cli("run", task_file, "--out", half, "--mode", half, *QUICK)[0] == 0
    halves = ["--reuse", "induction", "--reuse", "transduction"]
    status, out, err = cli("run", task_file, "--out", "both", *halves, *QUICK)
    assert status == 0, err
    assert "1 of 1" in out
    assert "1/1" not in err, "nothing is computed again"
