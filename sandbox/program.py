"""A program at work: what happens inside the process that runs it.

Nothing here protects anything. The process is already confined when it gets here, and what it
sends is parsed as if a stranger had written it. The code is careful only so that an honest but
broken program gets the failure it deserves.

What counts as an answer: a numpy array, or a list or tuple of rows, that is 2-D, 1..30 on a side
and holds 0-9 as integers, booleans or floats without a fraction.
"""

from __future__ import annotations

import builtins
import gc
import io
import random
import sys
import types
from collections.abc import Callable

import numpy as np

from arc.errors import GridError
from arc.grid import MAX_SIDE, Grid
from sandbox.outcome import FailureKind
from sandbox.wire import MAX_TEXT, decode_request, encode_failure, encode_grid

MODULE = "program"
ENTRY_POINTS = ("transform", "main")
SEED = 0

Send = Callable[[bytes], object]


class _Nowhere(io.TextIOBase):
    """A stream that takes everything and keeps nothing, for programs that print."""

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        return len(text)


def silence() -> None:
    """Points the standard streams nowhere, since no descriptor is left behind them."""
    streams: dict[str, io.TextIOBase] = {
        "stdin": io.StringIO(),
        "stdout": _Nowhere(),
        "stderr": _Nowhere(),
    }
    for name, stream in streams.items():
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def answer_request(body: bytes, send: Send) -> None:
    """Runs the requested program on each input and sends one record per input."""
    source, inputs = decode_request(body)
    try:
        function = _load(source)
    except BaseException as error:  # noqa: BLE001 (a program may raise anything)
        send(_record_of(error) * len(inputs))
        return
    for height, width, cells in inputs:
        try:
            record = _answer(function, height, width, cells)
        except BaseException as error:  # noqa: BLE001
            record = _record_of(error)
        send(record)


def _load(source: str) -> Callable[[object], object]:
    module = types.ModuleType(MODULE)
    module.__dict__["__builtins__"] = builtins
    sys.modules[MODULE] = module
    gc.enable()
    _seed()
    exec(compile(source, "<program>", "exec", dont_inherit=True), module.__dict__)
    for name in ENTRY_POINTS:
        function = module.__dict__.get(name)
        if callable(function):
            return function  # type: ignore[no-any-return]
    raise NameError("the program defines neither transform(grid) nor main(grid)")


def _seed() -> None:
    random.seed(SEED)
    np.random.seed(SEED)


def _answer(function: Callable[[object], object], height: int, width: int, cells: bytes) -> bytes:
    array = np.frombuffer(cells, dtype=np.uint8).reshape(height, width).astype(np.int64)
    _seed()
    value = function(array)
    try:
        grid = grid_of(value)
    except (GridError, ValueError, TypeError, OverflowError, RecursionError) as error:
        return encode_failure(FailureKind.BAD_OUTPUT, str(error))
    return encode_grid(grid.height, grid.width, grid.cells)


def grid_of(value: object) -> Grid:
    """Returns the grid a program meant; raises `GridError` saying what it gave instead."""
    if isinstance(value, np.ndarray):
        if value.ndim == 2 and max(value.shape) > MAX_SIDE:
            raise GridError(f"sides must be 1..{MAX_SIDE}, got {value.shape[0]}x{value.shape[1]}")
        return Grid.from_array(np.ascontiguousarray(value) if value.ndim == 2 else value)
    if not isinstance(value, (list, tuple)):
        raise GridError(f"an array or a list of rows expected, got {type(value).__name__}")
    if not 1 <= len(value) <= MAX_SIDE:
        raise GridError(f"sides must be 1..{MAX_SIDE}, got {len(value)} rows")
    for r, row in enumerate(value):
        if not isinstance(row, (list, tuple, np.ndarray)):
            raise GridError(f"row {r} is not a list but {type(row).__name__}")
        if not 1 <= len(row) <= MAX_SIDE or len(row) != len(value[0]):
            raise GridError(f"row {r} has {len(row)} cells, row 0 has {len(value[0])}")
        for cell in row:
            if not isinstance(cell, (int, float, np.number, np.bool_)):
                raise GridError(f"row {r} holds {type(cell).__name__}, colors are 0-9")
    return Grid.from_array(np.array(value))


def _record_of(error: BaseException) -> bytes:
    kind = FailureKind.OUT_OF_MEMORY if isinstance(error, MemoryError) else FailureKind.RAISED
    name = type(error).__name__
    try:
        text = f"{name}: {error}" if kind is FailureKind.RAISED else name
        return encode_failure(kind, text[:MAX_TEXT])
    except BaseException:  # noqa: BLE001 (an exception's own __str__ may raise)
        return encode_failure(kind, "an exception that cannot be shown")
