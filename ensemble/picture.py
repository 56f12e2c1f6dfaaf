"""Grids and tasks as blocks of color in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from arc.candidate import Candidate, ProgramEvidence, ViewEvidence
from arc.grid import Grid
from arc.task import Answers, Task

# The palette the public data sets are usually drawn in.
COLORS = (
    "#000000", "#0074d9", "#ff4136", "#2ecc40", "#ffdc00",
    "#aaaaaa", "#f012be", "#ff851b", "#7fdbff", "#870c25",
)  # fmt: skip


def draw_grid(grid: Grid, answer: Grid | None = None) -> Text:
    """Returns a grid as colored digits; cells that differ from the answer are marked `x`."""
    text = Text(no_wrap=True)
    for r, row in enumerate(grid.rows):
        for c, color in enumerate(row):
            differs = answer is not None and not (
                answer.shape == grid.shape and answer.rows[r][c] == color
            )
            shade = "white" if color in (0, 1, 9) else "black"
            text.append(f"{color}{'x' if differs else ' '}", style=f"{shade} on {COLORS[color]}")
        text.append("\n")
    return text


def draw_task(task: Task) -> RenderableType:
    """Returns a task's demonstrations and test inputs."""
    parts: list[RenderableType] = [Text(f"task {task.task_id}", style="bold")]
    for i, pair in enumerate(task.pairs):
        parts.append(Text(f"demonstration {i}: input, output"))
        parts.append(Columns([draw_grid(pair.input), Text("->"), draw_grid(pair.output)]))
    for i, grid in enumerate(task.test_inputs):
        parts += [Text(f"test input {i}"), draw_grid(grid)]
    return Group(*parts)


def draw_attempts(
    task: Task,
    attempts: Sequence[Sequence[Grid]],
    candidates: Sequence[Candidate],
    answers: Answers | None,
) -> RenderableType:
    """Returns the attempts of a run on a task, with why; compared with answers if given."""
    parts: list[RenderableType] = []
    for i, grids in enumerate(attempts):
        if not grids:
            parts.append(Text(f"test input {i}: no attempt"))
        for place, grid in enumerate(grids, start=1):
            answer = answers.outputs[i] if answers else None
            verdict = "" if answer is None else ": right" if grid == answer else ": wrong"
            parts.append(Text(f"test input {i}, attempt {place}{verdict}", style="bold"))
            parts.append(draw_grid(grid, answer))
            backers = [c for c in candidates if c.test_index == i and c.grid == grid]
            parts += [_reason(candidate) for candidate in backers]
    return Group(*parts)


def _reason(candidate: Candidate) -> RenderableType:
    evidence = candidate.evidence
    if isinstance(evidence, ProgramEvidence):
        fits = f"reproduces {evidence.reproduced} of {evidence.demonstrations} demonstrations"
        others = f", {evidence.n_programs} programs agree" if evidence.n_programs > 1 else ""
        head = Text(f"{candidate.source}: a program that {fits}{others}")
        return Group(head, Text(evidence.program, style="dim"))
    if isinstance(evidence, ViewEvidence):
        likely = (
            ""
            if evidence.log_probability is None
            else f", mean log-probability {evidence.log_probability:.2f}"
        )
        return Text(f"{candidate.source}: {evidence.votes} of {evidence.views} views{likely}")
    return Text(f"{candidate.source}: log weight {candidate.log_weight:.2f}")
