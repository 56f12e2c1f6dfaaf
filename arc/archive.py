"""Archives: pairs of many tasks in one compressed file, in the arrays RE-ARC is kept in here.

`ids` (task ids), `task` (index into `ids`, one a pair), `shapes` (input height and width, output
height and width, one row a pair) and `cells` (two a byte, the first in the high half: for each
pair its input row by row, then its output). An archive of generated tasks also has `programs`.
"""

from __future__ import annotations

import io
import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from arc.errors import DataError
from arc.grid import MAX_SIDE, N_COLORS, Cells


@dataclass(frozen=True, slots=True, eq=False)
class Archive:
    """Pairs of many tasks, in one flat array.

    Attributes:
        ids: The tasks.
        task: Index into `ids` of each pair, (n,).
        shapes: Input height and width, output height and width, (n, 4).
        cells: All input and output cells, one byte each.
        programs: The program of each task, or nothing.
    """

    ids: tuple[str, ...]
    task: NDArray[np.int64]
    shapes: NDArray[np.int64]
    cells: NDArray[np.uint8]
    programs: tuple[str, ...] = ()

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of cells of each pair, (n,)."""
        heights, widths = self.shapes[:, ::2], self.shapes[:, 1::2]
        return np.asarray((heights * widths).sum(axis=1), dtype=np.int64)

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each pair's cells begin in `cells`, (n,)."""
        return np.concatenate([[0], np.cumsum(self.sizes)])[:-1]

    def pair(self, index: int, start: int) -> tuple[Cells, Cells]:
        """Returns the input and output cells of a pair that begins at `start`, as views."""
        height, width, out_height, out_width = self.shapes[index]
        middle = start + height * width
        end = middle + out_height * out_width
        return (
            self.cells[start:middle].reshape(height, width),
            self.cells[middle:end].reshape(out_height, out_width),
        )


def archive_of(
    ids: Sequence[str],
    pairs: Sequence[Sequence[tuple[Cells, Cells]]],
    programs: Sequence[str] = (),
) -> Archive:
    """Returns the archive of the pairs of each task."""
    flat = [(i, *pair) for i, of_task in enumerate(pairs) for pair in of_task]
    return Archive(
        tuple(ids),
        np.array([i for i, _, _ in flat], dtype=np.int64),
        np.array([(*s.shape, *t.shape) for _, s, t in flat], dtype=np.int64).reshape(-1, 4),
        np.frombuffer(b"".join(s.tobytes() + t.tobytes() for _, s, t in flat), dtype=np.uint8),
        tuple(programs),
    )


def read_archive(path: Path) -> Archive:
    """Returns what is in an archive.

    Raises:
        DataError: The file is missing or holds other arrays.
    """
    try:
        with lzma.open(path) as file:
            # All at once: a compressed stream starts over whenever an array stands further up.
            arrays = np.load(io.BytesIO(file.read()))
        ids, task = arrays["ids"], arrays["task"].astype(np.int64)
        shapes, packed = arrays["shapes"].astype(np.int64), arrays["cells"]
        programs = arrays.get("programs", ())
    except (OSError, EOFError, lzma.LZMAError, BadZipFile, KeyError, ValueError) as error:
        raise DataError(
            f"{path}: RE-ARC's arrays expected ({error}); see CONTRIBUTING.md"
        ) from None
    cells = np.stack([packed >> 4, packed & 15], axis=-1).reshape(-1)
    found = Archive(tuple(map(str, ids)), task, shapes, cells, tuple(map(str, programs)))
    problem = _problem(found)
    if problem:
        raise DataError(f"{path}: {problem}; the archive is damaged")
    return found


def _problem(archive: Archive) -> str:
    if archive.shapes.shape != (len(archive.task), 4):
        return f"{len(archive.task)} pairs, but shapes of {len(archive.shapes)}"
    if len(archive.task) and not 0 <= archive.task.min() <= archive.task.max() < len(archive.ids):
        return f"a pair of task {archive.task.max()}, but {len(archive.ids)} ids"
    if len(archive.shapes) and not 1 <= archive.shapes.min() <= archive.shapes.max() <= MAX_SIDE:
        return f"sides must be 1..{MAX_SIDE}"
    if not 0 <= len(archive.cells) - int(archive.sizes.sum()) <= 1:
        return f"{len(archive.cells)} cells, {int(archive.sizes.sum())} expected"
    if len(archive.cells) and archive.cells.max() >= N_COLORS:
        return f"colors are 0-{N_COLORS - 1}, found {archive.cells.max()}"
    return ""


def write_archive(path: Path, archive: Archive) -> None:
    """Writes an archive, replacing a file of that name in one step."""
    even = np.append(archive.cells, np.zeros(len(archive.cells) % 2, dtype=np.uint8))
    buffer = io.BytesIO()
    np.savez(
        buffer,
        ids=np.array(archive.ids, dtype=np.str_),
        task=archive.task.astype(np.uint32),
        shapes=archive.shapes.astype(np.uint8),
        cells=(even[::2] << 4) | even[1::2],
        programs=np.array(archive.programs, dtype=np.str_),
    )
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(lzma.compress(buffer.getvalue(), preset=3))
        partial.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror or error})") from None
