"""Programs of a run as files of their own, for other tools and for people.

Each file is a program as it was verified, and below it what runs it on grids from standard input:

    python TASK-1.py < grid.json      a grid, a list of rows: prints what it becomes
    python TASK-1.py < task.json      a task: prints what each of its test inputs becomes

A grid is printed as JSON on a line of its own. Apart from the library nothing is imported, and
nothing confines the program: whoever runs it has read it, or trusts the search.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from arc.candidate import Candidate, ProgramEvidence
from ensemble.folder.store import RunFolder

_BARC = """import sys

import induction.library.common

sys.modules["common"] = induction.library.common

"""
"""Inside the sandbox that name stands for our own implementation."""

_ENDING = """

if __name__ == "__main__":
    import json
    import sys

    import numpy as np

    given = json.load(sys.stdin)
    grids = [pair["input"] for pair in given["test"]] if isinstance(given, dict) else [given]
    for rows in grids:
        print(json.dumps(np.asarray({entry}(np.array(rows))).astype(int).tolist()))
"""


def write_programs(run: RunFolder, folder: Path) -> list[Path]:
    """Writes each verified program of a run once, the best of a task first; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for task_id in run.task_ids:
        for number, source in enumerate(_verified(run.read_task(task_id)), start=1):
            path = folder / f"{task_id}-{number}.py"
            path.write_text(standalone(source), encoding="utf-8")
            written.append(path)
    return written


def standalone(source: str) -> str:
    """Returns a program with what runs it alone."""
    entry = "transform" if "def transform(" in source else "main"
    opening = _BARC if "from common import" in source or "import common" in source else ""
    return opening + source.rstrip() + "\n" + _ENDING.replace("{entry}", entry)


def _verified(candidates: Sequence[Candidate]) -> list[str]:
    ordered = sorted(candidates, key=lambda c: (-c.log_weight, c.test_index))
    return list(
        dict.fromkeys(
            c.evidence.program
            for c in ordered
            if isinstance(c.evidence, ProgramEvidence) and c.evidence.is_verified
        )
    )
