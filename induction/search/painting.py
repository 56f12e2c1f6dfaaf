"""Painting: programs made of pieces, images that have the size of the output.

A piece may be the answer itself, or be it after its colors are replaced; two may determine the
answer by a table of their colors; or several are painted over each other, greedily: each step
takes the piece, or a painted form of it, that is right on all cells not painted yet and covers
the most of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from induction.library import kernels
from induction.search.node import Piece
from induction.search.proposal import Proposal

MAX_LAYERS = 8
MAX_WORK = 3_000_000
"""Pieces times cells that are painted with at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """The outputs of the demonstrations as one row, to compare pieces with.

    Attributes:
        cells: The colors.
        shapes: The sizes of the test outputs.
    """

    cells: NDArray[np.int8]
    shapes: tuple[tuple[int, int], ...]

    def split(self, cells: NDArray[np.generic]) -> tuple[NDArray[np.int64], ...]:
        """Returns the test part of a row of cells as one array per test input."""
        found = []
        start = len(self.cells)
        for height, width in self.shapes:
            stop = start + height * width
            found.append(cells[start:stop].reshape(height, width).astype(np.int64))
            start = stop
        return tuple(found)


def exact_proposals(pieces: Sequence[Piece], target: Target) -> list[Proposal]:
    """Returns the pieces that are the answer, or are it after their colors are replaced."""
    found = []
    n = len(target.cells)
    for piece in pieces:
        table = np.full(10, -1)
        shown = piece.cells[:n]
        table[shown] = target.cells
        if not np.array_equal(table[shown], target.cells):
            continue
        changed = {c: int(t) for c, t in enumerate(table) if t not in (-1, c)}
        if not changed:
            body = (f"answer = render({piece.text})",)
            found.append(Proposal(body, piece.cost, target.split(piece.cells), "exact"))
            continue
        table = np.where(table < 0, np.arange(10), table)
        if (table[1:] == table[0]).all():
            continue
        body = (f"answer = render(map_colors({piece.text}, {changed}))",)
        cost = piece.cost + 1 + 0.5 * len(changed)
        found.append(Proposal(body, cost, target.split(table[piece.cells]), "colors"))
    return found


def lookup_proposals(pieces: Sequence[Piece], target: Target, limit: int) -> list[Proposal]:
    """Returns the pairs of pieces whose colors together determine the answer."""
    found: list[tuple[float, int, int, NDArray[np.int8]]] = []
    table = np.empty(100, np.int8)
    for i, one in enumerate(pieces):
        for j in range(i + 1, len(pieces)):
            size = kernels.table_size(one.cells, pieces[j].cells, target.cells, table)
            if size:
                cost = one.cost + pieces[j].cost + 1 + 0.5 * size
                found.append((cost, i, j, table.copy()))
    found.sort(key=lambda f: f[:3])
    proposals = []
    for cost, i, j, result in found[:limit]:
        entries = {(int(k) // 10, int(k) % 10): int(v) for k, v in enumerate(result) if v >= 0}
        body = (
            f"one = {pieces[i].text}",
            f"other = {pieces[j].text}",
            f"answer = render(lookup(one, other, {entries}))",
        )
        cells = result[pieces[i].cells.astype(np.int64) * 10 + pieces[j].cells]
        proposals.append(Proposal(body, cost, target.split(cells), "lookup"))
    return proposals


@dataclass(frozen=True, slots=True)
class _Layer:
    """A piece as it is painted.

    Attributes:
        index: Which piece.
        mode: Whether its `colored`, its `blank`, or `all` cells are painted.
        color: In which color, or `None` for its own.
    """

    index: int
    mode: str
    color: int | None


def painted_proposals(
    pieces: Sequence[Piece], target: Target, cost_caps: Sequence[int]
) -> list[Proposal]:
    """Returns greedy paintings, one for each bound on the cost of its pieces."""
    cells_in_row = len(pieces[0].cells)
    pieces = pieces[: max(1, MAX_WORK // cells_in_row)]
    n = len(target.cells)
    rows = np.stack([piece.cells for piece in pieces])
    colored = (rows[:, :n] != 0).astype(np.float32)
    right = (rows[:, :n] == target.cells).astype(np.float32)
    costs = np.array([piece.cost for piece in pieces])
    wanted = np.zeros((n, 10), np.float32)
    wanted[np.arange(n), target.cells] = 1
    found = []
    tried: set[tuple[_Layer, ...]] = set()
    for cap in cost_caps:
        count = int((costs <= cap).sum())
        if not count:
            continue
        layers = _greedy(colored[:count], right[:count], costs[:count], wanted)
        if layers is None or tuple(layers) in tried:
            continue
        tried.add(tuple(layers))
        found.append(_painting(pieces, rows, layers, target))
    return found


def _greedy(
    colored: NDArray[np.float32],
    right: NDArray[np.float32],
    costs: NDArray[np.int64],
    wanted: NDArray[np.float32],
) -> list[_Layer] | None:
    """Returns layers, the topmost first, or `None` where no painting succeeds."""
    left = wanted.copy()
    layers: list[_Layer] = []
    right_colored = right * colored
    right_blank = right - right_colored
    for _ in range(MAX_LAYERS):
        open_cells = left.sum(axis=1)
        total = open_cells.sum()
        if not total:
            return layers
        by_color = colored @ left
        n_colored = by_color.sum(axis=1)
        n_blank = total - n_colored
        best_gain, best = 0.0, None
        own = right_colored @ open_cells
        own_blank = right_blank @ open_cells
        options: list[tuple[str, int | None, NDArray[np.bool_], NDArray[np.float32]]] = [
            ("colored", None, own == n_colored, n_colored),
            ("blank", None, own_blank == n_blank, n_blank),
            ("all", None, own + own_blank == total, np.full_like(n_colored, total)),
        ]
        all_by_color = left.sum(axis=0)
        for color in range(10):
            if all_by_color[color]:
                painted = by_color[:, color]
                options.append(("colored", color, painted == n_colored, n_colored))
                rest = all_by_color[color] - painted
                options.append(("blank", color, rest == n_blank, n_blank))
        for mode, fill, valid, gain in options:
            penalty = costs * 0.01 + (0.02 if fill is not None else 0.0)
            score = np.where(valid, gain - penalty, 0.0)
            index = int(score.argmax())
            if score[index] > best_gain:
                best_gain, best = float(score[index]), _Layer(index, mode, fill)
        if best is None:
            return None
        layers.append(best)
        chosen = colored[best.index]
        if best.mode == "colored":
            left *= (1 - chosen)[:, None]
        elif best.mode == "blank":
            left *= chosen[:, None]
        else:
            left[:] = 0
    return layers if not left.any() else None


def _painting(
    pieces: Sequence[Piece], rows: NDArray[np.int8], layers: Sequence[_Layer], target: Target
) -> Proposal:
    cells = np.zeros(rows.shape[1], np.int64)
    first = pieces[layers[-1].index]
    body = [f"answer = 0 * render({first.text})"]
    cost = 0.0
    for number, layer in enumerate(reversed(layers), 1):
        row = rows[layer.index].astype(np.int64)
        value = row if layer.color is None else np.full_like(row, layer.color)
        covered = {"colored": row != 0, "blank": row == 0, "all": row == row}[layer.mode]
        cells = np.where(covered, value, cells)
        name = f"layer_{number}"
        body.append(f"{name} = render({pieces[layer.index].text})")
        shown = name if layer.color is None else str(layer.color)
        if layer.mode == "all":
            body.append(f"answer = {shown}")
        else:
            sign = "!=" if layer.mode == "colored" else "=="
            body.append(f"answer = where({name} {sign} 0, {shown}, answer)")
        cost += pieces[layer.index].cost + 1 + (0.5 if layer.color is not None else 0)
    return Proposal(tuple(body), cost, target.split(cells), "painting")
