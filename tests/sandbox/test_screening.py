"""Screening gives what processes of their own give, whatever shares the process."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from hostile import BENIGN, FILES, GRID, HOSTILE, SPOILERS, TURNED, VERDICT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arc.grid import Grid
from sandbox import Failure, FailureKind, Limits, Outcome, ZygoteSandbox, open_sandbox
from sandbox.tiers import BATCH_SIZE, Screen
from sandbox.wire import SEAL, Ending, Held, Reply, encode_grid, read_batch

GOOD = {
    BENIGN: TURNED,
    "def transform(grid):\n    return grid.T": Grid.of([[1, 4], [2, 5], [3, 6]]),
    "from scipy import ndimage\n"
    "def transform(grid):\n"
    "    labels, n = ndimage.label(grid > 3)\n"
    "    return labels": Grid.of([[0, 0, 0], [1, 1, 1]]),
    "import random\n"
    "def transform(grid):\n"
    "    rows = sorted(grid.tolist(), reverse=True)\n"
    "    random.shuffle(rows[0])\n"
    "    return [sorted(row) for row in rows]": Grid.of([[4, 5, 6], [1, 2, 3]]),
    "import sys\n"
    "sys.setrecursionlimit(3000)\n"
    "def depth(n): return n and 1 + depth(n - 1)\n"
    "def transform(grid): return grid + depth(2000) - 2000": GRID,
}
BAD = ["def transform(grid): return 1 / 0", "def transform(grid): return 'x'", "def f(", ""]
CHANCE = (
    "import time\n"
    "def transform(grid):\n"
    "    now = time.perf_counter_ns()\n"
    "    return [[now // 7**i % 10 for i in range(9)]]"
)
BY_HASH = "def transform(grid): return [[hash(f'x{i}') % 10 for i in range(30)]]"
ADMIT_ALL = "from sandbox.harmless import Harmless\nHarmless.includes = lambda self, code: True\n"


def never(_: int, outcomes: Sequence[Outcome]) -> bool:
    return False


def always(_: int, outcomes: Sequence[Outcome]) -> bool:
    return True


def programs_of(sources: Sequence[str]) -> list[tuple[str, list[Grid]]]:
    return [(source, [GRID, GRID]) for source in sources]


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZygoteSandbox]:
    """A sandbox that screens everything in company, so that only the second line holds."""
    folder = tmp_path_factory.mktemp("preload")
    (folder / "admit_everything_for_a_test.py").write_text(ADMIT_ALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        limits = Limits(cpu_s=0.25, wall_factor=3.0, memory_mb=256)
        with open_sandbox(limits, preload=["admit_everything_for_a_test"]) as opened:
            yield opened


spoilers = st.sampled_from([hostile.source for hostile in SPOILERS])
sources = st.lists(st.sampled_from([*GOOD, *BAD]) | spoilers, max_size=2 * BATCH_SIZE)


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(sources)
def test_screening_gives_what_running_alone_gives(
    sandbox: ZygoteSandbox, sources: list[str]
) -> None:
    programs = programs_of(sources)
    assert sandbox.screen(programs, never) == sandbox.run_batch(programs)


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck))
@given(sources)
def test_so_it_does_when_spoilers_are_let_into_company(
    unguarded: ZygoteSandbox, sources: list[str]
) -> None:
    programs = programs_of(sources)
    assert unguarded.screen(programs, never) == unguarded.run_batch(programs)


def test_good_programs_are_right_between_hostile_ones_even_in_company(
    unguarded: ZygoteSandbox,
) -> None:
    good = list(GOOD.items())
    sources, answers = [], []
    for at, hostile in enumerate(HOSTILE if os.environ.get("CI") else [*VERDICT, *FILES]):
        source, answer = good[at % len(good)]
        sources += [hostile.source, source]
        answers.append([answer, answer])
    assert unguarded.screen(programs_of(sources), never)[1::2] == answers


def test_a_pass_is_confirmed_and_a_failure_is_not(sandbox: ZygoteSandbox) -> None:
    asked: list[int] = []

    def passes(index: int, outcomes: Sequence[Outcome]) -> bool:
        asked.append(index)
        return outcomes == [TURNED, TURNED]

    sources = [BENIGN, *BAD, BENIGN]
    outcomes = sandbox.screen(programs_of(sources), passes)
    assert outcomes == sandbox.run_batch(programs_of(sources))
    assert set(asked) == set(range(len(sources)))


@pytest.mark.parametrize("source", [CHANCE, BY_HASH])
def test_a_pass_that_cannot_be_repeated_is_called_so(sandbox: ZygoteSandbox, source: str) -> None:
    (outcomes,) = sandbox.screen([(source, [GRID])], always)
    assert outcomes == [
        Failure(FailureKind.NONDETERMINISTIC, "gave something else in a second run")
    ]
    (unconfirmed,) = sandbox.screen([(source, [GRID])], never)
    assert isinstance(unconfirmed[0], Grid)


def test_the_two_seeds_must_differ(sandbox: ZygoteSandbox) -> None:
    with pytest.raises(ValueError, match="differ"):
        sandbox.screen([], never, hash_seed=3, confirming_seed=3)
    assert sandbox.screen([], always) == []


def test_a_batch_that_hangs_or_crashes_takes_no_other_program_along(
    unguarded: ZygoteSandbox,
) -> None:
    for lethal in (
        "def transform(grid):\n    while True: pass",
        "import ctypes\nctypes.string_at(0)",
        "import os\nos._exit(0)",
        "x = [0] * (1 << 27)",
        "import os\nos.write(3, b'\\0\\1\\1\\5' * 9)",
    ):
        sources = [BENIGN] * 3 + [lethal] + [BENIGN] * 3
        outcomes = unguarded.screen(programs_of(sources), never)
        assert outcomes[:3] + outcomes[4:] == [[TURNED, TURNED]] * 6
        assert all(isinstance(outcome, Failure) for outcome in outcomes[3])


def test_slow_programs_are_put_off_and_not_lost(sandbox: ZygoteSandbox) -> None:
    slow = "def transform(grid):\n    for i in range(200_000): pass\n    return grid"
    programs = programs_of([slow] * 12 + [BENIGN])
    assert sandbox.screen(programs, never) == [[GRID, GRID]] * 12 + [[TURNED, TURNED]]


def seal_of(outcomes: Sequence[Grid], end: bytes = SEAL) -> bytes:
    return b"".join(encode_grid(grid.height, grid.width, grid.cells) for grid in outcomes) + end


def test_a_batch_is_believed_only_when_everything_is_right() -> None:
    records = seal_of([GRID, TURNED])

    def read(records: bytes, ending: Ending = Ending.BY_ITSELF, status: int = 0) -> object:
        return read_batch(Reply(0, ending, status, 0.0, records), [1, 1])

    assert read(records) == [[GRID], [TURNED]]
    assert read(b"\xf0" + seal_of([TURNED])) == [Held.ALONE, [TURNED]]
    assert read(b"\xf1" + seal_of([TURNED])) == [Held.LATER, [TURNED]]
    for wrong in (b"", records[:-1], records[1:], records + b"x", seal_of([GRID, TURNED], b"")):
        assert read(wrong) is None
    assert read(seal_of([GRID, GRID, GRID])) is None
    assert read(records, Ending.CPU_LIMIT) is None
    assert read(records, status=9) is None
    assert read(b"\x03\x00\x00" + seal_of([TURNED])) is None  # out of memory


@settings(deadline=None)
@given(st.binary(max_size=400), st.lists(st.integers(0, 4), max_size=5))
def test_any_bytes_are_one_list_of_outcomes_a_program_or_nothing(
    records: bytes, n_inputs: list[int]
) -> None:
    for sealed in (records, records + SEAL):
        batch = read_batch(Reply(0, Ending.BY_ITSELF, 0, 0.0, sealed), n_inputs)
        if batch is not None:
            for outcomes, n in zip(batch, n_inputs, strict=True):
                assert isinstance(outcomes, Held) or len(outcomes) == n


@pytest.mark.parametrize("forged", [TURNED, GRID])
def test_outcomes_forged_in_company_do_not_outlast_a_look_alone(forged: Grid) -> None:
    """As if a program had forged all records of its batch, and the riddle's answer too."""
    passes: Callable[[int, Sequence[Outcome]], bool] = lambda _, outcomes: outcomes == [TURNED]  # noqa: E731
    screen = Screen([("good", [GRID]), ("bad", [GRID])], passes)
    ((*_, (_, riddle)),) = [job.programs for job in screen.jobs()]
    answer = Grid.from_array(riddle[0].array.T[::-1, ::-1])
    records = seal_of([forged, TURNED, answer])
    screen.read([Reply(0, Ending.BY_ITSELF, 0, 0.0, records)])
    truth = {"good": [TURNED], "bad": [GRID]}

    def alone(programs: Sequence[tuple[str, object]], *, hash_seed: int) -> list[list[Outcome]]:
        return [list(truth[source]) for source, _ in programs]

    assert screen.settled(alone, 0, 1) == [[TURNED], [GRID]]


SEVERAL = [BENIGN, *GOOD, *BAD, *(hostile.source for hostile in SPOILERS)] * 4


@pytest.mark.slow
def test_the_outcomes_do_not_depend_on_the_number_of_workers(sandbox: ZygoteSandbox) -> None:
    programs = programs_of(SEVERAL)
    alone = sandbox.run_batch(programs)
    with open_sandbox(workers=3) as pool:
        assert pool.run_batch(programs) == alone
        assert pool.screen(programs, never) == alone


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_the_outcomes_survive_the_death_of_any_worker(sandbox: ZygoteSandbox) -> None:
    programs = programs_of(SEVERAL * 2)
    expected = sandbox.run_batch(programs)
    before = children()
    stopped = threading.Event()
    killed: list[int] = []

    def kill_now_and_then() -> None:
        while len(killed) < 4 and not stopped.wait(0.1):
            for pid in children() - before:
                # A zygote without children may still be starting.
                if Path(f"/proc/{pid}/stat").exists() and descendants_of(pid) > 1:
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                    break

    with open_sandbox(workers=2) as pool:
        killer = threading.Thread(target=kill_now_and_then)
        killer.start()
        try:
            outcomes = pool.run_batch(programs)
        finally:
            stopped.set()
            killer.join()
    assert outcomes == expected
    assert killed


def children(pid: int | str = "self") -> set[int]:
    found = set()
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found |= {int(child) for child in (thread / "children").read_text().split()}
    return found


def descendants_of(pid: int) -> int:
    return sum(1 + descendants_of(child) for child in children(pid))


@pytest.mark.slow
def test_programs_that_wait_do_not_wait_for_each_other() -> None:
    limits = Limits(cpu_s=1.0, wall_factor=2.0)
    waiting = "import time\ndef transform(grid): time.sleep(99)"
    with open_sandbox(limits) as opened:
        started = time.monotonic()
        outcomes = opened.run_batch([(waiting, [GRID]), (BENIGN, [GRID])] * 3)
        passed_s = time.monotonic() - started
    assert outcomes[1::2] == [[TURNED]] * 3
    assert {o.kind for (o,) in outcomes[::2] if isinstance(o, Failure)} == {
        FailureKind.WALL_TIMEOUT
    }
    assert passed_s < 3 * limits.wall_s
