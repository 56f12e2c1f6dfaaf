"""How much of each worker is work: measured up to this machine's cores, simulated beyond.

python benchmarks/scaling.py [--units 200] [--unit-s 0.1] [--workers 1,2]

Measured: the local engine over units that keep a processor busy for a while, from the first result
to the last; an efficiency of 1 is as many units a second, per worker, as one worker alone does.
Beside other work on the same cores it says little; the share of processor time that the workers
really got is printed with it. Simulated: everything over 400 tasks with recorded costs (see
`simulated.py`), 5 s for a worker to come up; what is work of all workers' time until the last ends.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Modules beside a script come first, and two scripts have the names of packages, so this folder is
# searched last, when these are loaded. Workers that are spawned run these lines again, with the
# path as it is afterwards.
sys.path.sort(key=lambda entry: Path(entry).resolve() == Path(__file__).parent.resolve())
sys.path.pop()

import induction  # noqa: F401
import sandbox  # noqa: F401

sys.path.append(str(Path(__file__).parent))

from simulated import Simulation, recorded

from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.run.engine import work_off
from ensemble.run.local_engine import LocalEngine
from ensemble.run.unit import Found, Unit
from ensemble.settings import Settings
from ensemble.terminal import n_cores

SIMULATED = (1, 2, 4, 8, 16, 32, 64)
N_TASKS, START_S = 400, 5.0


class BusyBench:
    """Counts for a given number of steps, and tells how much processor time that took."""

    def __init__(self, settings: Settings) -> None:
        pass

    def __enter__(self) -> BusyBench:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def prepare(self, stage: str) -> None:
        """Needs nothing."""

    def solve(self, unit: Unit) -> Found:
        """Counts as far as the unit says."""
        begun = time.process_time()
        count(unit.memory)
        return Found((), memory=time.process_time() - begun)


def count(n_steps: int) -> int:
    """Keeps the processor busy."""
    total = 0
    for i in range(n_steps):
        total += i & 3
    return total


def steps_in(seconds: float) -> int:
    """Returns how many steps take about so much processor time here."""
    begun = time.process_time()
    count(2_000_000)
    return int(2_000_000 * seconds / (time.process_time() - begun))


def measured(n_workers: int, n_units: int, n_steps: int) -> tuple[float, float]:
    """Returns units a second, and the processor time got as a share of the workers' time."""
    grid = Grid.of([[0]])
    waiting = deque(
        Unit("count", Task(f"t{i}", (Pair(grid, grid),), (grid,)), 60.0, memory=n_steps)
        for i in range(n_units)
    )
    engine = LocalEngine(n_workers, Settings(), BusyBench)
    ends, processor_s = [], 0.0
    for result in work_off(engine, lambda: waiting.popleft() if waiting else None):
        ends.append(time.monotonic())
        processor_s += result.found.memory if len(ends) > n_workers else 0.0
    # The first ones come while other workers are still starting.
    spent_s = ends[-1] - ends[n_workers - 1]
    return (len(ends) - n_workers) / spent_s, processor_s / (n_workers * spent_s)


def print_measured(chosen: Any) -> None:
    """Prints a line for each number of workers on this machine."""
    n_steps = steps_in(chosen.unit_s)
    counts = [int(text) for text in chosen.workers.split(",") if text]
    alone = 0.0
    print(f"measured, {chosen.units} units of {chosen.unit_s:g} s, {n_cores()} cores")
    print("workers   units/s   efficiency   processor time got")
    for n_workers in counts or range(1, n_cores() + 1):
        rate, got = measured(n_workers, chosen.units, n_steps)
        alone = alone or rate / n_workers
        print(f"{n_workers:7}   {rate:7.2f}   {rate / n_workers / alone:10.2f}   {got:18.2f}")


def print_simulated() -> None:
    """Prints a line for each number of workers."""
    print(f"simulated, {N_TASKS} tasks, both stages in full")
    print("workers   minutes   efficiency")
    for n_workers in SIMULATED:
        world = Simulation(recorded(N_TASKS), n_workers, start_s=START_S)
        world.run(world.schedule())
        efficiency = world.worked_s / (n_workers * world.now)
        print(f"{n_workers:7}   {world.now / 60:7.1f}   {efficiency:10.3f}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--units", type=int, default=200)
    parser.add_argument("--unit-s", type=float, default=0.1, help="processor seconds of a unit")
    parser.add_argument("--workers", default="", help="numbers of workers; else 1 to all cores")
    chosen = parser.parse_args(arguments)
    print_measured(chosen)
    print_simulated()


if __name__ == "__main__":
    main()
