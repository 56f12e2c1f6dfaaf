"""The processes of a sandbox: none is left behind, and when one dies the others go on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hostile import BENIGN, GRID, TURNED

from arc.errors import SandboxError
from sandbox import FailureKind, Limits, Sandbox, ZygoteSandbox, open_sandbox

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def children_of(pid: int) -> set[int]:
    """Returns the live children of a process."""
    children = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            if int(fields[1]) == pid and fields[0] != "Z":
                children.add(int(entry.name))
    return children


def zygote_of(child: int) -> int:
    """Returns the zygote, of a child that may only be waiting for it outside its namespaces."""
    for inner in children_of(child):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{inner}/status").read_text()
            numbers = status.split("NSpid:")[1].split("\n")[0].split()
            if len(numbers) > 1 and numbers[-1] == "1":
                return inner
    return child


def descriptors_of(processes: set[int]) -> dict[int, list[str]]:
    """Returns open descriptors as far as they may be seen; of a zygote, only by root."""
    descriptors = {}
    for pid in processes:
        with contextlib.suppress(PermissionError):
            descriptors[pid] = os.listdir(f"/proc/{pid}/fd")
    return descriptors


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return False
    return state != "Z"


def test_two_hundred_programs_leave_no_process_and_no_descriptor(sandbox: Sandbox) -> None:
    sandbox.run(BENIGN, [GRID])
    descriptors = os.listdir("/proc/self/fd")
    before = children_of(os.getpid())
    zygotes = {zygote_of(child) for child in before}
    inside = descriptors_of(zygotes)
    programs = [(BENIGN, [GRID]), ("import os; os._exit(1)", [GRID])] * 100
    assert sandbox.run_batch(programs)[-2] == [TURNED]
    assert os.listdir("/proc/self/fd") == descriptors
    assert children_of(os.getpid()) == before
    assert all(not children_of(zygote) for zygote in zygotes)
    assert descriptors_of(zygotes) == inside


def test_closing_ends_every_process_and_a_later_run_says_so() -> None:
    before = children_of(os.getpid())
    with open_sandbox() as opened:
        opened.run(BENIGN, [GRID], hash_seed=7)
        assert len(children_of(os.getpid()) - before) == 2
    assert children_of(os.getpid()) == before
    opened.close()
    with pytest.raises(SandboxError, match="closed"):
        opened.run(BENIGN, [GRID])


def test_a_dead_zygote_is_replaced() -> None:
    before = children_of(os.getpid())
    with open_sandbox() as opened:
        (zygote,) = children_of(os.getpid()) - before
        os.kill(zygote, signal.SIGKILL)
        assert opened.run_batch([(BENIGN, [GRID])] * 3) == [[TURNED]] * 3


@pytest.mark.slow
@pytest.mark.parametrize("kill_the_inner", [True, False])
def test_neither_a_zygote_nor_the_process_that_waits_for_it_outlives_the_other(
    kill_the_inner: bool,
) -> None:
    before = children_of(os.getpid())
    with open_sandbox() as opened:
        (child,) = children_of(os.getpid()) - before
        zygote = zygote_of(child)
        try:
            os.kill(zygote if kill_the_inner else child, signal.SIGKILL)
        except PermissionError:
            pytest.skip("an ordinary user's zygote has another user's identity")
        assert eventually(lambda pids=(child, zygote): not any(map(is_running, pids)))
        assert opened.run(BENIGN, [GRID]) == [TURNED]


@pytest.mark.slow
def test_a_program_whose_zygote_always_dies_is_a_failure_and_the_next_is_not() -> None:
    before = children_of(os.getpid())
    waiting = "import time\ndef transform(grid): time.sleep(30)"

    def kill_zygotes() -> None:
        # Once in company, then twice alone: only then is the program to blame.
        killed: set[int] = set()
        while len(killed) < 3:
            for child in children_of(os.getpid()) - before - killed:
                if has_lasting_child(child):
                    os.kill(child, signal.SIGKILL)
                    killed.add(child)

    with open_sandbox(Limits(cpu_s=10.0)) as opened:
        killer = threading.Thread(target=kill_zygotes)
        killer.start()
        outcomes = opened.run_batch([(BENIGN, [GRID]), (waiting, [GRID] * 2), (BENIGN, [GRID])])
        killer.join()
    assert outcomes[0] == outcomes[2] == [TURNED]
    assert [getattr(outcome, "kind", None) for outcome in outcomes[1]] == [FailureKind.PROTOCOL] * 2


def has_lasting_child(child: int) -> bool:
    """Whether a zygote is busy with a program that waits, and not with a short one."""
    seen = children_of(zygote_of(child))
    time.sleep(0.2)
    return bool(seen & children_of(zygote_of(child)))


def test_a_killed_parent_leaves_no_orphan() -> None:
    script = textwrap.dedent("""
        import sys, threading
        from arc.grid import Grid
        from sandbox import Limits, open_sandbox
        opened = open_sandbox(Limits(cpu_s=60.0))
        print("ready", flush=True)
        opened.run("def transform(grid):\\n while True: pass", [Grid.of([[1]])])
    """)
    parent = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert parent.stdout is not None
    with parent, parent.stdout:
        assert parent.stdout.readline() == b"ready\n"
        (child,) = children_of(parent.pid)
        assert eventually(lambda: bool(children_of(zygote_of(child))))
        zygote = zygote_of(child)
        (program,) = children_of(zygote)
        parent.kill()
    assert eventually(lambda: not any(is_running(pid) for pid in (child, zygote, program)))


def test_a_forked_copy_starts_its_own_zygotes(sandbox: ZygoteSandbox) -> None:
    zygotes = children_of(os.getpid())
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if sandbox.run(BENIGN, [GRID]) == [TURNED] else 2
            sandbox.close()
        finally:
            os._exit(code)
    assert os.waitpid(pid, 0)[1] == 0
    assert children_of(os.getpid()) == zygotes
    assert sandbox.run(BENIGN, [GRID]) == [TURNED]
