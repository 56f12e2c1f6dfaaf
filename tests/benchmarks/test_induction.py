import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "induction.py"


@pytest.mark.slow
def test_the_shipped_model_writes_programs_where_its_speed_is_measured():
    command = [sys.executable, SCRIPT, "--model", "embedded", "--tasks", "1", "--programs", "32"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    counts = re.search(r"(\d+) replies, (\d+) with a program, (\d+) distinct", done.stdout)
    assert counts, done.stdout
    n_replies, n_programs, n_distinct = map(int, counts.groups())
    assert n_replies == 32
    assert n_programs > 16
    assert n_distinct > 0
