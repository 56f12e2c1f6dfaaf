import errno
import math
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from benches import DrawingBench, SettlingBench, SteppingBench
from small_runs import MANY_TASKS, TASKS, InlineEngine, bytes_of, small_run

from arc.errors import DataError, RunError
from arc.submission import validate_submission
from ensemble.folder.store import RunFolder
from ensemble.run.budget import Budget


def stopping_after(n, bench):
    """Makes benches that stop the whole run at the n-th unit."""

    class Stopping(bench):
        count = 0

        def solve(self, unit):
            Stopping.count += 1
            if Stopping.count > n:
                raise DataError("stopped")
            return super().solve(unit)

    return Stopping


def budget_of(within_s):
    return Budget(time.monotonic(), time.monotonic() + within_s, len(TASKS))


def finished(path, bench=DrawingBench, n_workers=1, within_s=math.inf, tasks=TASKS):
    outcome = small_run(path, bench, tasks).execute(n_workers, budget_of(within_s), InlineEngine)
    return outcome, bytes_of(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of an uninterrupted run."""
    outcome, found = finished(tmp_path_factory.mktemp("whole") / "r")
    assert outcome.n_done == len(TASKS)
    return found


@pytest.mark.parametrize("within_s", [math.inf, 60.0])
def test_transduction_is_left_out_where_it_cannot_change_the_submission(tmp_path, within_s):
    outcomes = {}
    for name in ("false", "true"):
        overrides = [f"effort.skip_settled={name}"]
        run = small_run(tmp_path / name, SettlingBench, overrides=overrides)
        outcomes[name] = run.execute(1, budget_of(within_s), InlineEngine)
    submissions = [(tmp_path / name / "submission.json").read_bytes() for name in outcomes]
    assert submissions[0] == submissions[1]
    assert {name: each.n_left_out for name, each in outcomes.items()} == {"false": 0, "true": 4}
    assert all(each.n_done == len(TASKS) for each in outcomes.values())
    folder = RunFolder.open(tmp_path / "true")
    assert [folder.has(task.task_id, "transduction") for task in TASKS] == [False, True] * 4
    again = small_run(tmp_path / "true", SettlingBench, overrides=["effort.skip_settled=true"])
    assert again.execute(1, budget_of(within_s), InlineEngine) == outcomes["true"]


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(tmp_path, whole):
    for n in (0, 5, 8):
        with pytest.raises(DataError, match="stopped"):
            finished(tmp_path / "r", stopping_after(n, DrawingBench))
        validate_submission(tmp_path / "r" / "submission.json", TASKS)
    assert finished(tmp_path / "r", n_workers=3)[1] == whole


def test_what_a_budget_cut_short_is_kept_and_gone_on_with(tmp_path):
    path = tmp_path / "r"
    with pytest.raises(DataError, match="stopped"):
        finished(path, stopping_after(14, SteppingBench), within_s=1e4)
    parts = sorted((path / "candidates").glob("*.part.json"))
    assert parts
    folder = RunFolder.open(path)
    task_id = parts[0].name.split(".")[0]
    assert not folder.has(task_id, "induction")
    assert folder.read(task_id, "induction")
    assert folder.effort(task_id, "induction").n_passes in (1, 2)
    outcome, found = finished(path, SteppingBench)
    assert outcome.n_done == len(TASKS)
    assert not list((path / "candidates").glob("*.part.json"))
    assert found == finished(tmp_path / "again", SteppingBench)[1]


def test_with_enough_time_a_budget_changes_nothing(tmp_path):
    _, found = finished(tmp_path / "r", SteppingBench, within_s=1e4)
    assert found == finished(tmp_path / "again", SteppingBench)[1]


def test_a_spent_budget_still_leaves_a_valid_submission(tmp_path):
    outcome, _ = finished(tmp_path / "r", within_s=0.0)
    assert outcome.n_done == 0
    validate_submission(tmp_path / "r" / "submission.json", TASKS)


def test_a_second_process_on_the_same_folder_is_told_so(tmp_path):
    run = small_run(tmp_path / "r")
    with RunFolder.open(tmp_path / "r").locked():
        with pytest.raises(RunError, match=rf"another process .*\(pid {os.getpid()}\)") as caught:
            run.execute(1, None, InlineEngine)
        assert "\n" not in str(caught.value)
    run.execute(1, None, InlineEngine)


@pytest.mark.parametrize("n_written", [0, 17])
def test_a_full_disk_is_one_line_and_nothing_is_lost(tmp_path, monkeypatch, whole, n_written):
    path, real, count = tmp_path / "r", os.fsync, 0

    def full(handle):
        nonlocal count
        count += 1
        if count > n_written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    run = small_run(path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(RunError, match="No space left on device; what is done is kept") as told:
            run.execute(1, None, InlineEngine)
    assert "\n" not in str(told.value)
    for file in (path / "candidates").iterdir():
        assert RunFolder.open(path).read(*file.name.split(".")[:2])
    assert finished(path)[1] == whole


def test_what_a_kill_left_half_written_is_cleared_away(tmp_path, whole):
    run = small_run(tmp_path / "r")
    for name in (".submission.json.x1y2", "candidates/.t1.induction.json.abcd"):
        (tmp_path / "r" / name).write_text('{"half')
    run.execute(1, None, InlineEngine)
    assert bytes_of(tmp_path / "r") == whole
    assert not list((tmp_path / "r").rglob(".*.json.*"))


@pytest.mark.parametrize("kept", [[], ["manifest.json"], [".manifest.json.ab12"]])
def test_a_run_killed_before_it_began_is_begun_again(tmp_path, whole, kept):
    small_run(tmp_path / "r")
    (tmp_path / "r" / "config.toml").unlink()
    if kept != ["manifest.json"]:
        (tmp_path / "r" / "manifest.json").unlink()
    for name in kept:
        (tmp_path / "r" / name).touch()
    assert finished(tmp_path / "r")[1] == whole


def test_a_manifest_that_is_not_ours_is_left_alone(tmp_path):
    (tmp_path / "manifest.json").write_text('{"name": "an extension"}')
    with pytest.raises(RunError, match="not a run folder"):
        small_run(tmp_path)


def started(path, n_workers):
    """Starts a run in a process of its own, and returns when that has loaded its modules."""
    script = Path(__file__).parents[2] / "small_runs.py"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, str(script), str(path), str(n_workers)],
        stdout=subprocess.PIPE, env=environment,
    )  # fmt: skip
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.slow
@pytest.mark.parametrize("n_workers", [1, 2])
def test_a_run_killed_at_30_random_moments_gives_the_bytes_of_one_that_was_not(tmp_path, n_workers):
    _, whole = finished(tmp_path / "whole", tasks=MANY_TASKS)
    rng = random.Random(n_workers)
    n_killed, n_whole, number = 0, 0, 0
    path = tmp_path / "r0"
    while n_killed < 30:
        process = started(path, n_workers)
        try:
            process.wait(rng.uniform(0.0, 2.5))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            n_killed += 1
        process.wait()
        process.stdout.close()
        if (path / "submission.json").exists():
            validate_submission(path / "submission.json", MANY_TASKS)
        if process.returncode == 0:
            assert bytes_of(path) == whole
            n_whole, number = n_whole + 1, number + 1
            path = tmp_path / f"r{number}"
    process = started(path, n_workers)
    assert process.wait() == 0
    process.stdout.close()
    assert bytes_of(path) == whole
    print(  # noqa: T201 - the number that the test is for
        f"{n_workers} workers: killed {n_killed} times, {n_whole + 1} runs came to the same bytes"
    )


@pytest.mark.slow
def test_a_disk_that_really_is_full_or_read_only_is_one_line(tmp_path, whole):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        run = small_run(disk / "r")
        with pytest.raises(RunError, match="No space left on device"):
            run.execute(1, None, InlineEngine)
        validate_submission(disk / "r" / "submission.json", TASKS)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(RunError, match=r"Read-only file system.*another --out"):
            run.execute(1, None, InlineEngine)
        subprocess.run(["mount", "-o", "remount,rw,size=16m", str(disk)], check=True)
        assert finished(disk / "r")[1] == whole
    finally:
        subprocess.run(["umount", str(disk)], check=True)
