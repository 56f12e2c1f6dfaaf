"""Candidates as JSON documents, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from arc.candidate import Candidate, Evidence, ProgramEvidence, StatedEvidence, ViewEvidence
from arc.document import grid_at


def candidate_document(candidate: Candidate) -> dict[str, Any]:
    """Returns a candidate as a document; the task is left to what holds it."""
    evidence: dict[str, Any] | None = None
    if isinstance(candidate.evidence, ProgramEvidence):
        evidence = {"kind": "program", **asdict(candidate.evidence)}
    elif isinstance(candidate.evidence, ViewEvidence):
        evidence = {"kind": "views", **asdict(candidate.evidence)}
    elif isinstance(candidate.evidence, StatedEvidence):
        evidence = {"kind": "stated", **asdict(candidate.evidence)}
    return {
        "test_index": candidate.test_index,
        "source": candidate.source,
        "log_weight": candidate.log_weight,
        "grid": candidate.grid.rows,
        "evidence": evidence,
    }


def candidate_from(task_id: str, document: dict[str, Any], where: str, index: int) -> Candidate:
    """Returns the candidate at a place of a checked document; `where` is what errors call it."""
    evidence: Evidence | None = None
    if document["evidence"] is not None:
        fields = dict(document["evidence"])
        kind = fields.pop("kind")
        if kind == "program":
            evidence = ProgramEvidence(**fields)
        elif kind == "stated":
            evidence = StatedEvidence(**fields)
        else:
            lists = ("transforms", "replies")
            evidence = ViewEvidence(**fields | {n: tuple(fields.get(n, ())) for n in lists})
    grid = grid_at(document["grid"], where, "candidates", index, "grid")
    return Candidate(
        task_id,
        document["test_index"],
        grid,
        document["source"],
        document["log_weight"],
        evidence,
    )
