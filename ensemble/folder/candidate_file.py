"""Candidates made elsewhere, from a file of JSON lines: a stage that is done before a run starts.

Nobody here has run the programs that such candidates may name, so what the file says of them is
kept as a statement and weighs nothing: the candidates are direct predictions to the merge.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arc.candidate import CANDIDATES, Candidate, StatedEvidence
from arc.document import check_document, grid_at, parse_json, read_text
from arc.errors import DataError
from arc.task import Task
from ensemble.folder.store import RunFolder


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """The candidates in a file, as far as they are about a run's tasks.

    Attributes:
        sha256: Of the whole file, in hexadecimal.
        candidates: By task id, in the order of the lines; each task of the run is there.
        n_others: How many lines are about other tasks.
    """

    sha256: str
    candidates: Mapping[str, tuple[Candidate, ...]]
    n_others: int

    @property
    def origin(self) -> str:
        """What a resumed run must have the same."""
        return f"a file of sha256 {self.sha256}"

    def store(self, folder: RunFolder) -> None:
        """Writes the stage for every task that has none yet."""
        missing = [i for i in self.candidates if not folder.has(i, CANDIDATES)]
        if missing:
            with folder.locked():
                for task_id in missing:
                    folder.write(task_id, CANDIDATES, self.candidates[task_id], 0.0)


def read_candidates(path: Path, tasks: Sequence[Task]) -> CandidateFile:
    """Returns the candidates in a file; every line is checked, whatever task it is about.

    Raises:
        DataError: A line is not a candidate, or none is about one of the tasks; names the line and
            the JSON path.
    """
    text = read_text(path)
    known = {task.task_id: task for task in tasks}
    found: dict[str, list[Candidate]] = {task_id: [] for task_id in known}
    n_others = 0
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        where = f"{path}: line {number}"
        document = parse_json(line, where, is_line=True)
        check_document(document, "candidate_line", where)
        task = known.get(document["task_id"])
        candidate = _candidate(document, where, found[task.task_id] if task else ())
        if task is None:
            n_others += 1
            continue
        n_tests = len(task.test_inputs)
        if candidate.test_index >= n_tests:
            raise DataError(
                f"{where}: $.test_index: {candidate.test_index}, but task {task.task_id} has "
                f"{n_tests} test input{'s' if n_tests > 1 else ''}, counted from 0"
            )
        found[task.task_id].append(candidate)
    if not any(found.values()):
        raise DataError(
            f"{path}: no candidate for any of the {len(tasks)} tasks of this run "
            f"({n_others} for others); is it the file of another data set?"
        )
    digest = hashlib.sha256(text.encode("utf-8")).hexdigest()
    return CandidateFile(digest, {i: tuple(each) for i, each in found.items()}, n_others)


def _candidate(document: dict[str, Any], where: str, before: Sequence[Candidate]) -> Candidate:
    """Returns the candidate on a checked line, which comes after those `before` of its task."""
    test_index, source = int(document["test_index"]), document["source"]
    evidence = None
    if "program" in document:
        reproduced, demonstrations = int(document["reproduced"]), int(document["demonstrations"])
        if reproduced > demonstrations:
            raise DataError(
                f"{where}: $.reproduced: at most the {demonstrations} of $.demonstrations "
                f"expected, found {reproduced}"
            )
        evidence = StatedEvidence(document["program"], reproduced, demonstrations)
    n_before = sum(c.test_index == test_index and c.source == source for c in before)
    # Where nothing else is said, the order of the lines is the order.
    weight = float(document.get("log_weight", -n_before))
    if math.isnan(weight):
        raise DataError(f"{where}: $.log_weight: a finite number expected, found NaN")
    grid = grid_at(document["grid"], where, "grid")
    return Candidate(document["task_id"], test_index, grid, source, weight, evidence)
