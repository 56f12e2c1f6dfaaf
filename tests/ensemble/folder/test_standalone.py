"""Programs of a run, written to files and run there by themselves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from small_runs import FACTS

from arc.candidate import Candidate, ProgramEvidence
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.folder.standalone import standalone
from ensemble.folder.store import RunFolder
from ensemble.settings import load_settings
from induction.sampling.reply import form_of

FLIP = (
    "from induction.library import *\n\n\ndef transform(input_grid):\n"
    "    return render(flip_rows(image(input_grid)))\n"
)
BARC = "from common import *\n\ndef main(input_grid):\n    return np.flipud(input_grid)\n"
BEFORE, AFTER = Grid.of([[1, 0], [2, 0]]), Grid.of([[2, 0], [1, 0]])
TASK = Task("flipped0", (Pair(BEFORE, AFTER),), (BEFORE, AFTER))
ROOT = Path(__file__).parents[3]


@pytest.fixture
def run(tmp_path):
    folder = RunFolder.create_or_resume(
        tmp_path / "run", [TASK], load_settings("default"), FACTS | {"data": {"path": "x"}}
    )

    def found(program, index, weight, reproduced=1):
        evidence = ProgramEvidence(program, 1.0, reproduced, 1)
        grid = (AFTER, BEFORE)[index]
        return Candidate("flipped0", index, grid, "induction", weight, evidence)

    wrong = "def transform(grid):\n    return grid\n"
    candidates = [
        found(BARC, 0, -2.0), found(FLIP, 0, -1.0), found(FLIP, 1, -1.0), found(wrong, 0, 0.0, 0),
    ]  # fmt: skip
    folder.write("flipped0", "induction", candidates, 0.0)
    return folder


def test_each_verified_program_is_written_once_the_best_first(cli, run):
    status, out, error = cli("export", run.path, "--programs", "programs")
    assert (status, out.strip()) == (0, "programs"), error
    texts = [path.read_text() for path in sorted(Path("programs").iterdir())]
    assert [path.name for path in sorted(Path("programs").iterdir())] == [
        "flipped0-1.py",
        "flipped0-2.py",
    ]
    assert texts == [standalone(FLIP), standalone(BARC)]
    assert "exists already" in cli("export", run.path, "--programs", "programs")[2]
    assert "give --out" in cli("export", run.path)[2]


def test_a_file_is_the_same_program():
    assert form_of(standalone(FLIP)) == form_of(FLIP)


@pytest.mark.slow
@pytest.mark.parametrize("program", [FLIP, BARC])
def test_a_file_gives_the_candidate_s_grid(program, tmp_path):
    (tmp_path / "alone.py").write_text(standalone(program))

    def printed(document):
        ran = subprocess.run(
            [sys.executable, tmp_path / "alone.py"],
            input=json.dumps(document),
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        )
        return [json.loads(line) for line in ran.stdout.splitlines()]

    assert printed(BEFORE.rows) == [AFTER.rows]
    task = {"train": [], "test": [{"input": BEFORE.rows}, {"input": AFTER.rows}]}
    assert printed(task) == [AFTER.rows, BEFORE.rows]
