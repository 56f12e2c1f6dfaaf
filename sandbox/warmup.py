"""Warm-up: what the zygote does once so that each program's process has less to do.

A fork copies the tables of all pages, and every page a program then writes to is copied singly. So
modules are imported, numpy's own caches are filled by a rehearsal, and the heap is gathered in
large pages: their tables are copied in a fraction of the time. None of it changes an outcome.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import sys
import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from arc.grid import Grid
from sandbox.program import MODULE, prepare, run_programs, silence
from sandbox.wire import encode_program

USUAL_MODULES = (
    "abc array bisect cmath collections collections.abc copy dataclasses datetime decimal enum "
    "fractions functools heapq itertools json math numbers operator queue random re statistics "
    "string textwrap time traceback typing encodings.ascii encodings.latin_1 "
    "numpy numpy.fft numpy.lib.stride_tricks numpy.linalg numpy.ma numpy.polynomial numpy.random "
    "numpy.typing scipy scipy.ndimage"
)

_MADV_COLLAPSE = 25
_LARGE_PAGE = 2 << 20

_libc = ctypes.CDLL(None)

_REHEARSAL = """
import random
import numpy as np
from scipy import ndimage

def transform(grid):
    result = np.zeros_like(grid)
    labels, count = ndimage.label(grid == 1)
    for color in np.unique(grid):
        result[grid == color] = color
    for r, c in np.argwhere(grid > 0):
        result[r, c] = max(int(grid[r, c]), 0)
    rows = [[int(cell) for cell in row] for row in result.tolist()]
    sizes = sorted({color: (grid == color).sum() for color in range(3)}.items())
    random.choice(sizes), np.random.randint(3), f"{count} {rows}"
    turned = np.rot90(np.array(rows), 2)[::-1, ::-1].copy()
    return np.pad(np.where(turned > 0, turned, 0), 1)[1:-1, 1:-1].T if count else rows
"""


def import_preloaded(names: Sequence[str]) -> list[str]:
    """Imports what the sandbox was opened with; returns every name programs have for it.

    A module's `ALIASES`, if it has any, are more names to import by, each with the name of
    the module that then answers.
    """
    aliases = {name: name for name in names}
    for name in names:
        aliases |= getattr(importlib.import_module(name), "ALIASES", {})
    for alias, name in aliases.items():
        sys.modules[alias] = importlib.import_module(name)
    return list(aliases)


def import_modules(names: Iterable[str]) -> None:
    """Imports what programs may use, and what numpy and scipy import only at first use."""
    warnings.simplefilter("ignore")
    for name in names:
        importlib.import_module(name)
    from scipy import ndimage

    cells = np.array([[0, 1, 1], [0, 0, 1], [2, 2, 0]])
    labels, count = ndimage.label(cells)
    ndimage.find_objects(labels)
    ndimage.sum_labels(cells, labels, range(1, count + 1))
    ndimage.center_of_mass(cells, labels, [1])
    ndimage.binary_dilation(cells > 0)
    ndimage.binary_fill_holes(cells > 0)
    ndimage.distance_transform_edt(cells > 0)
    ndimage.convolve(cells, np.ones((3, 3), int), mode="constant")
    ndimage.generic_filter(cells, np.max, size=3)
    ndimage.rotate(cells, 90)
    ndimage.zoom(cells, 2, order=0)
    np.unique(cells, axis=0, return_counts=True)
    np.pad(np.kron(cells, cells), 1)
    np.linalg.matrix_rank(cells)
    np.random.default_rng().permutation(3)
    str(cells)


def settle() -> None:
    """Leaves the process as every program should find it."""
    silence()
    warnings.resetwarnings()
    warnings.simplefilter("ignore")
    sys.argv[:] = [""]
    sys.path.clear()  # nothing can be opened, so looking only costs time
    sys.path_importer_cache.clear()
    os.environ.clear()
    _rehearse()
    gc.collect()
    gc.disable()  # a collection here would copy pages that children share
    gc.freeze()


def _rehearse() -> None:
    grids = [Grid.of([[1, 0, 2], [0, 1, 2]]), Grid.of([[0]])]
    for _ in range(10):  # the interpreter specializes code that it has run a few times
        run_programs([prepare(encode_program(_REHEARSAL, grids))], lambda record: None)
    del sys.modules[MODULE]


def gather_pages() -> None:
    """Moves the heap into large pages where the kernel can; needs /proc, and no filter yet."""
    try:
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            lines = [line.split() for line in file]
    except OSError:
        return
    for area, access, _, _, _, *name in lines:
        if access == "rw-p" and name in ([], ["[heap]"]):
            _enlarge_pages(*(int(address, 16) for address in area.split("-")))


def _enlarge_pages(start: int, end: int) -> None:
    first = -(-start // _LARGE_PAGE) * _LARGE_PAGE
    for at in range(first, end - _LARGE_PAGE + 1, _LARGE_PAGE):
        _libc.madvise(ctypes.c_void_p(at), ctypes.c_size_t(_LARGE_PAGE), _MADV_COLLAPSE)
