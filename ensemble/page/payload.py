"""What the page's gallery draws from, as JSON: each grid and each program once.

A grid is a text of its width and its cells, so that a task takes a few kilobytes; the page draws it
when somebody looks. Beside the two attempts a few further candidates are kept, and the right one
wherever it ranked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from arc.candidate import Candidate, ProgramEvidence, StatedEvidence, ViewEvidence
from arc.grid import Grid
from arc.submission import N_ATTEMPTS
from arc.task import Answers
from arc.transform import SYMMETRIES
from ensemble.compare.comparison import Comparison, Row
from ensemble.compare.entry import Entry
from ensemble.compare.failures import Reason
from ensemble.compare.strata import largest_grid
from ensemble.merge.policy import has_verified
from ensemble.page.code import highlighted
from ensemble.picture import stated_words

_SHOWN = N_ATTEMPTS + 3
_REASONS = list(Reason)
_SYMMETRIES = [symmetry.value for symmetry in SYMMETRIES]


def payload_of(comparison: Comparison) -> str:
    """Returns the JSON of the tasks, safe within a `script` element."""
    pool = _Pool()
    levels = list(dict.fromkeys(s.name for d in comparison.divisions if d.key == "level"
                                for s in d.strata))  # fmt: skip
    document = {
        "rows": [row.name for row in comparison.rows],
        "reasons": [reason.value for reason in _REASONS],
        "levels": levels,
        "symmetries": [name.replace("_", " ") for name in _SYMMETRIES],
        "tasks": [
            _task(comparison, answers, levels, pool) for answers in comparison.answers.values()
        ],
        "grids": pool.grids,
        "programs": pool.programs,
    }
    return json.dumps(document, separators=(",", ":")).replace("<", "\\u003c")


class _Pool:
    """Grids and programs, each once."""

    def __init__(self) -> None:
        self.grids: list[str] = []
        self.programs: list[str] = []
        self._places: dict[Grid | str, int] = {}

    def grid(self, grid: Grid) -> int:
        if grid not in self._places:
            self._places[grid] = len(self.grids)
            self.grids.append(f"{grid.width}:{''.join(map(str, grid.cells))}")
        return self._places[grid]

    def program(self, source: str) -> int:
        if source not in self._places:
            self._places[source] = len(self.programs)
            self.programs.append(highlighted(source.rstrip()))
        return self._places[source]


def _task(
    comparison: Comparison, answers: Answers, levels: Sequence[str], pool: _Pool
) -> dict[str, Any]:
    task = comparison.tasks.get(answers.task_id)
    level = comparison.levels.get(answers.task_id, "")
    return {
        "id": answers.task_id,
        "level": levels.index(level) if level in levels else -1,
        "cells": largest_grid(task) if task else 0,
        "pairs": [[pool.grid(p.input), pool.grid(p.output)] for p in task.pairs] if task else [],
        "tests": [pool.grid(grid) for grid in task.test_inputs] if task else [],
        "answers": [pool.grid(grid) for grid in answers.outputs],
        "rows": [_outcome(row, answers, pool) for row in comparison.rows],
    }


def _outcome(row: Row, answers: Answers, pool: _Pool) -> dict[str, Any]:
    entry, task_id = row.entry, answers.task_id
    verdict = row.verdicts[task_id]
    candidates = (entry.candidates or {}).get(task_id, ())
    ranked = entry.ranked.get(task_id, ())
    tests = [
        _shown(i, ranked[i] if i < len(ranked) else (), answer, candidates, pool)
        for i, answer in enumerate(answers.outputs)
    ]
    return {
        "reason": _REASONS.index(verdict.reason),
        "note": verdict.note,
        "share": round(row.score.shares[task_id], 3),
        "seconds": _seconds(entry, task_id),
        "unverified": bool(
            entry.has_programs and entry.candidates is not None and not has_verified(candidates)
        ),
        "tests": tests,
    }


def _seconds(entry: Entry, task_id: str) -> dict[str, float]:
    known: Mapping[tuple[str, str], float] = entry.seconds or {}
    return {s: round(known[task_id, s], 1) for s in entry.stages if (task_id, s) in known}


def _shown(
    index: int,
    grids: Sequence[Grid],
    answer: Grid,
    candidates: Sequence[Candidate],
    pool: _Pool,
) -> list[dict[str, Any]]:
    """Returns the candidates of a test input that are shown, with what speaks for each."""
    here = [candidate for candidate in candidates if candidate.test_index == index]
    return [
        {
            "grid": pool.grid(grid),
            "place": place,
            "right": int(grid == answer),
            "why": [_evidence(c, place <= N_ATTEMPTS, pool) for c in here if c.grid == grid],
        }
        for place, grid in enumerate(grids, start=1)
        if place <= _SHOWN or grid == answer
    ]


def _evidence(candidate: Candidate, is_attempt: bool, pool: _Pool) -> dict[str, Any]:
    evidence = candidate.evidence
    if isinstance(evidence, ProgramEvidence):
        agree = f"; {evidence.n_programs} programs agree" if evidence.n_programs > 1 else ""
        said: dict[str, Any] = {
            "text": f"{candidate.source}: a program that reproduces {evidence.reproduced} of "
            f"{evidence.demonstrations} demonstrations{agree}"
        }
        return said | ({"program": pool.program(evidence.program)} if is_attempt else {})
    if isinstance(evidence, ViewEvidence):
        text = f"{candidate.source}: {evidence.votes} of {evidence.views} replies"
        if evidence.log_probability is not None:
            text += f", mean log-probability {evidence.log_probability:.1f}"
        votes = [evidence.transforms.count(name) for name in _SYMMETRIES]
        return {"text": text} | ({"votes": votes} if any(votes) else {})
    weight = f"{candidate.source}: log weight {candidate.log_weight:.2f}"
    if isinstance(evidence, StatedEvidence):
        program = {"program": pool.program(evidence.program)} if is_attempt else {}
        return {"text": f"{weight}, {stated_words(evidence)}"} | program
    return {"text": weight}
