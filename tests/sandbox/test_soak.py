"""Ten thousand programs in a row leave nothing behind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hostile import BENIGN, GRID, TURNED

from arc.grid import Grid
from sandbox import Limits, Outcome, ZygoteSandbox, open_sandbox

N = 10_000
SOURCES = [
    BENIGN,
    "def transform(grid): return 1 / 0",
    "import os\nos._exit(1)",
    "import numpy as np\nnp.rot90 = None\ndef transform(grid): return grid",
]


def never(_: int, outcomes: Sequence[Outcome]) -> bool:
    return False


def tree(pid: int) -> list[int]:
    """Returns a process and all below it."""
    found = [pid]
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text().split():
            found += tree(int(child))
    return found


def resident_kb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


def held(pids: Sequence[int]) -> list[int]:
    """Returns how many descriptors each process has, as far as that may be seen."""
    counts = []
    for pid in pids:
        try:
            counts.append(len(os.listdir(f"/proc/{pid}/fd")))
        except PermissionError:
            counts.append(-1)
    return counts


def run_many(sandbox: ZygoteSandbox, n: int) -> None:
    programs = [(SOURCES[i % len(SOURCES)], [GRID]) for i in range(n)]
    for at in range(0, n, 1000):
        some = programs[at : at + 1000]
        outcomes = sandbox.run_batch(some) if at % 2000 else sandbox.screen(some, never)
        assert outcomes[:: len(SOURCES)] == [[TURNED]] * len(outcomes[:: len(SOURCES)])


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")
def test_ten_thousand_programs_leave_no_process_no_descriptor_and_no_memory() -> None:
    with open_sandbox(Limits(cpu_s=1.0), workers=2) as sandbox:
        run_many(sandbox, 2000)
        before = tree(os.getpid())
        descriptors = held(before)
        memory_kb = [resident_kb(pid) for pid in before]
        run_many(sandbox, N)
        after = tree(os.getpid())
        assert after == before
        assert held(after) == descriptors
        growth_kb = [resident_kb(pid) - kb for pid, kb in zip(after, memory_kb, strict=True)]
        assert max(growth_kb) < 4096, f"in kB, by process: {growth_kb}"


def test_grids_of_every_size_come_back_from_both_tiers(sandbox: ZygoteSandbox) -> None:
    grids = [Grid(n, 31 - n, bytes(i % 10 for i in range(n * (31 - n)))) for n in range(1, 31)]
    programs = [("def transform(grid): return grid", grids)] * 30
    assert sandbox.run_batch(programs[:2]) == [grids] * 2
    assert sandbox.screen(programs, never) == [grids] * 30
