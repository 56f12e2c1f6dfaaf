"""What a sandbox keeps from one program to the next."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from hostile import BENIGN, GRID, TURNED

from arc.errors import SandboxError
from arc.grid import Grid
from sandbox import Failure, FailureKind, Level, Sandbox, ZygoteSandbox, open_sandbox

HASH_OF_TEXT = "def transform(grid): return [[hash(f'x{i}') % 10 for i in range(30)]]"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


def kind_of(outcome: object) -> FailureKind | None:
    return outcome.kind if isinstance(outcome, Failure) else None


def test_every_input_has_its_own_outcome_in_order(sandbox: Sandbox) -> None:
    source = "def transform(grid): return grid if grid[0, 0] else 1 / 0"
    inputs = [Grid.of([[c]]) for c in (3, 0, 4)]
    outcomes = sandbox.run(source, inputs)
    assert [outcomes[0], outcomes[2]] == [inputs[0], inputs[2]]
    assert outcomes[1] == Failure(FailureKind.RAISED, "ZeroDivisionError: division by zero")


def test_a_timeout_keeps_the_outcomes_before_it(sandbox: Sandbox) -> None:
    source = "def transform(grid):\n    while grid[0, 0] == 4: pass\n    return grid"
    inputs = [Grid.of([[c]]) for c in (3, 4, 5)]
    first, second, third = sandbox.run(source, inputs)
    assert first == inputs[0]
    assert kind_of(second) is kind_of(third) is FailureKind.CPU_TIMEOUT


def test_no_inputs_give_no_outcomes(sandbox: Sandbox) -> None:
    assert sandbox.run(BENIGN, []) == []
    assert sandbox.run_batch([]) == []


def test_main_is_an_entry_point_and_transform_goes_before_it(sandbox: Sandbox) -> None:
    main = "def main(grid): return grid[::-1, ::-1]\n"
    assert sandbox.run(main, [GRID]) == [TURNED]
    assert sandbox.run(main + "def transform(grid): return grid", [GRID]) == [GRID]


def test_inputs_are_fresh_writable_arrays_of_int64(sandbox: Sandbox) -> None:
    source = (
        "import numpy as np\n"
        "def transform(grid):\n"
        "    assert type(grid) is np.ndarray and grid.dtype == np.int64\n"
        "    assert grid.flags.c_contiguous and grid.flags.writeable and grid.ndim == 2\n"
        "    grid += 1\n"
        "    return grid"
    )
    assert sandbox.run(source, [Grid.of([[1]])] * 3) == [Grid.of([[2]])] * 3


def test_a_batch_gives_what_single_runs_give(sandbox: Sandbox) -> None:
    large = [
        Grid.of([[c % 10 for c in range(30)]] * 30)
    ] * 45  # a request larger than is sent ahead
    programs = [(BENIGN, [GRID]), ("def transform(grid): return grid", large), ("x", [GRID, GRID])]
    batch = sandbox.run_batch([*programs, *programs])
    assert batch == [sandbox.run(*program) for program in programs] * 2


def test_the_same_program_gives_the_same_outcomes_again(sandbox: Sandbox) -> None:
    sources = [
        "import random\ndef transform(g): return [[random.randrange(10) for _ in range(30)]]",
        "import numpy as np\ndef transform(g): return np.random.randint(0, 10, (5, 5))",
        "from numpy.random import default_rng\n"
        "def transform(g): return default_rng().integers(0, 10, (5, 5))",
        "def transform(g): return [list({'a': 1, 'b': 2, 'c': 3}.values())]",
        "def transform(g): raise ValueError(object())",
        HASH_OF_TEXT,
    ]
    for source in sources:
        assert sandbox.run(source, [GRID, GRID]) == sandbox.run(source, [GRID, GRID])


def test_another_hash_seed_changes_only_what_depends_on_hashes(sandbox: Sandbox) -> None:
    assert sandbox.run(HASH_OF_TEXT, [GRID]) != sandbox.run(HASH_OF_TEXT, [GRID], hash_seed=1)
    assert sandbox.run(BENIGN, [GRID], hash_seed=1) == [TURNED]


def test_one_program_cannot_change_numpy_for_the_next(sandbox: Sandbox) -> None:
    spoil = (
        "import builtins, numpy as np\n"
        "np.rot90 = lambda *a: np.zeros((1, 1), int)\n"
        "builtins.len = None\n"
        "def transform(grid): return np.rot90(grid)"
    )
    assert sandbox.run_batch([(spoil, [GRID]), (BENIGN, [GRID])])[1] == [TURNED]


def test_printing_goes_nowhere_and_does_no_harm(sandbox: Sandbox, capfd) -> None:
    source = (
        "import sys\n"
        "def transform(grid):\n"
        "    print('x', flush=True)\n"
        "    sys.stderr.write('x')\n"
        "    return grid"
    )
    assert sandbox.run(source, [GRID]) == [GRID]
    assert capfd.readouterr() == ("", "")


def test_usual_modules_work_with_files_shut(sandbox: Sandbox) -> None:
    source = """
from __future__ import annotations
import collections, copy, dataclasses, enum, fractions, functools, heapq, itertools, math, re
import statistics, string, typing
import numpy as np
import scipy
from scipy import ndimage
from scipy.ndimage import label, binary_fill_holes

@dataclasses.dataclass
class Thing:
    size: int

def transform(grid: np.ndarray) -> np.ndarray:
    labels, n = label(grid > 0, structure=np.ones((3, 3)))
    ndimage.find_objects(labels), ndimage.center_of_mass(grid), ndimage.median_filter(grid, 3)
    ndimage.maximum_filter(grid, 3), ndimage.binary_erosion(grid), ndimage.shift(grid, 1)
    ndimage.uniform_filter(grid, 3), ndimage.correlate(grid, grid), binary_fill_holes(grid)
    np.linalg.solve(np.eye(2), np.ones(2)), np.fft.fft(grid), np.einsum("ij->ji", grid)
    np.array2string(grid), f"{grid}", np.isin(grid, [1]), np.median(grid), np.argwhere(grid)
    np.lib.stride_tricks.sliding_window_view(grid, (2, 2)), np.vectorize(int)(grid)
    re.sub("a", "b", "abc"), Thing(1), collections.Counter(grid.ravel()), copy.deepcopy(grid)
    "x".encode("ascii"), "x".encode("latin-1"), np.savetxt
    return np.array(labels)
"""
    assert sandbox.run(source, [GRID]) == [Grid.of([[1, 1, 1], [1, 1, 1]])]


def test_preloaded_modules_can_be_imported_with_a_star_and_by_their_aliases(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = 'ALIASES = {"nickname": "toolbox_for_a_test"}\ndef flip(grid): return grid[::-1]\n'
    (tmp_path / "toolbox_for_a_test.py").write_text(module)
    monkeypatch.syspath_prepend(tmp_path)
    with open_sandbox(preload=["toolbox_for_a_test"]) as opened:
        for name in ("toolbox_for_a_test", "nickname"):
            source = f"from {name} import *\ndef transform(grid): return flip(grid)"
            assert opened.run(source, [GRID]) == [Grid.of([[4, 5, 6], [1, 2, 3]])]
            assert opened.screen([(source, [GRID])], lambda *_: False) == [
                [Grid.of([[4, 5, 6], [1, 2, 3]])]
            ]


def test_a_module_that_cannot_be_preloaded_is_one_line() -> None:
    with pytest.raises(SandboxError, match="No module named 'not_there'") as raised:
        open_sandbox(preload=["not_there"])
    assert "\n" not in str(raised.value)


def test_threads_share_a_sandbox(sandbox: Sandbox) -> None:
    wrong = []

    def work(color: int) -> None:
        grid = Grid.of([[color]])
        for _ in range(5):
            if sandbox.run("def transform(grid): return grid", [grid]) != [grid]:
                wrong.append(color)

    threads = [threading.Thread(target=work, args=(color,)) for color in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@on_linux
def test_an_interrupted_run_does_not_spoil_the_next(sandbox: Sandbox) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        with pytest.raises(KeyboardInterrupt):
            sandbox.run("import time\ndef transform(grid): time.sleep(30)", [GRID])
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert sandbox.run(BENIGN, [GRID]) == [TURNED]


def test_too_many_inputs_and_bad_seeds_are_bugs_of_the_caller(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="inputs"):
        sandbox.run(BENIGN, [GRID] * 65536)
    with pytest.raises(ValueError, match="hash_seed"):
        sandbox.run(BENIGN, [GRID], hash_seed=-1)


@on_linux
def test_the_level_is_found_and_is_not_none_here(sandbox: ZygoteSandbox) -> None:
    assert sandbox.level in (Level.A, Level.B, Level.C)
    assert sandbox.isolation.seccomp


@on_linux
@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        (["unshare"], "B True"),
        (["unshare", "landlock_create_ruleset"], "C True"),
        (["seccomp"], "SandboxError"),
    ],
)
def test_a_machine_that_grants_less_has_a_lower_level(refused: list[str], expected: str) -> None:
    script = textwrap.dedent("""
        import errno, sys
        from arc.grid import Grid
        from sandbox import kernel, open_sandbox, seccomp
        from sandbox.bpf import ALLOW, Verdict, assemble, refuse
        from sandbox.syscalls import this_architecture

        machine = this_architecture()
        rules = [Verdict(machine.numbers[name], refuse(errno.EPERM)) for name in sys.argv[1:]]
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        seccomp.install(assemble(machine.audit_arch, rules, ALLOW), machine)
        try:
            with open_sandbox() as opened:
                grid = Grid.of([[1]])
                same = opened.run("def transform(grid): return grid", [grid]) == [grid]
                print(opened.level.value, same)
        except Exception as error:
            print(type(error).__name__)
    """)
    finished = subprocess.run(
        [sys.executable, "-c", script, *refused],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert finished.stdout.strip() == expected
