import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "scaling.py"


@pytest.mark.slow
def test_workers_that_are_spawned_find_the_package_and_not_the_benchmark_of_its_name():
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--units", "4", "--unit-s", "0.01", "--workers", "1,2"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured, simulated = done.stdout.split("simulated, ")
    assert len(measured.splitlines()) == 4
    assert len(simulated.splitlines()) == 9
