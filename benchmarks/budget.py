"""Compares the schedule with an equal share of the time for all, under budgets of several lengths.

python benchmarks/budget.py [--tasks 400] [--workers 2] [--pace 1.5]

In simulated time, over recorded costs: see `simulated.py`. A pass that is cut brings nothing here,
though the real search keeps what it found; this holds for both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

# Modules beside a script come first, and two scripts have the names of packages, so this folder is
# searched last, when these are loaded. Workers that are spawned run these lines again, with the
# path as it is afterwards.
sys.path.sort(key=lambda entry: Path(entry).resolve() == Path(__file__).parent.resolve())
sys.path.pop()

import induction  # noqa: F401
import sandbox  # noqa: F401

sys.path.append(str(Path(__file__).parent))

from simulated import EqualShare, Simulation, recorded

MINUTES = (1, 2, 5, 10, 20, 40, 80)


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each budget."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=400)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument(
        "--pace", type=float, default=1.5, help="seconds of wall clock for a recorded CPU-second"
    )
    chosen = parser.parse_args(arguments)
    print(f"{chosen.tasks} tasks, {chosen.workers} workers, mean share of a task solved, simulated")
    print("budget    schedule   equal share   ended after, of the budget")
    for minutes in MINUTES:
        scores = []
        for name in ("schedule", "equal"):
            costs = recorded(chosen.tasks, chosen.pace)
            world = Simulation(costs, chosen.workers, 60.0 * minutes, start_s=5.0)
            deadline = world.budget.deadline
            policy = world.schedule() if name == "schedule" else EqualShare(world, deadline)
            scores.append((world.run(policy), world.now))
        (ours, end_s), (theirs, _) = scores
        print(f"{minutes:4} min  {ours:7.2f} %  {theirs:10.2f} %   {end_s / 60:6.2f} of {minutes}")


if __name__ == "__main__":
    main()
