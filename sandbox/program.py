"""A program at work: what happens inside the process that runs it.

Nothing here protects anything. The process is already confined when it gets here, and what it
sends is parsed as if a stranger had written it. The code is careful only so that an honest but
broken program gets the failure it deserves.

What counts as an answer: a numpy array, or a list or tuple of rows, that is 2-D, 1..30 on a side
and holds 0-9 as integers, booleans or floats without a fraction.
"""

from __future__ import annotations

import builtins
import ctypes
import io
import math
import random
import sys
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from arc.errors import GridError
from arc.grid import MAX_SIDE, N_COLORS, Grid
from sandbox.outcome import FailureKind
from sandbox.wire import MAX_TEXT, Held, decode_program, encode_failure, encode_grid

MODULE = "program"
ENTRY_POINTS = ("transform", "main")
SEED = 0
_PUT_OFF = bytes((Held.LATER,))
_RECURSION_LIMIT = sys.getrecursionlimit()

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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A program ready to run.

    Attributes:
        code: What to run; `None` if it is settled already what to send.
        inputs: Height, width and cells of each input.
        settled: What to send instead of running.
        is_certain: Whether it would be the same in another process; how deep the compiler may
            go, and how much memory there is, depends on the process.
    """

    code: types.CodeType | None
    inputs: list[tuple[int, int, bytes]]
    settled: bytes = b""
    is_certain: bool = True

    def replaced_by(self, settled: bytes) -> Prepared:
        """Returns a program that is not run but answered with these bytes."""
        return Prepared(None, self.inputs, settled)


def prepare(body: bytes) -> Prepared:
    """Returns an encoded program compiled, or settled by the compiler's complaint."""
    source, inputs = decode_program(body)
    try:
        return Prepared(compile(source, "<program>", "exec", dont_inherit=True), inputs)
    except BaseException as error:  # noqa: BLE001 (the compiler may run out of anything)
        is_certain = isinstance(error, (SyntaxError, ValueError))
        return Prepared(None, inputs, _record_of(error) * len(inputs), is_certain)


def run_programs(programs: Sequence[Prepared], send: Send, busy_s: float = math.inf) -> None:
    """Runs programs one after the other and sends a record for each input.

    Once so much CPU time is used up the others are put off, except for the first and the last.
    """
    for i, program in enumerate(programs):
        if 0 < i < len(programs) - 1 and time.process_time() > busy_s:
            send(_PUT_OFF)
        elif program.code is None:
            send(program.settled)
        else:
            _run(program.code, program.inputs, send)


def _run(code: types.CodeType, inputs: Sequence[tuple[int, int, bytes]], send: Send) -> None:
    try:
        function = _load(code)
    except BaseException as error:  # noqa: BLE001 (a program may raise anything)
        send(_record_of(error) * len(inputs))
        return
    for height, width, cells in inputs:
        try:
            record = _answer(function, height, width, cells)
        except BaseException as error:  # noqa: BLE001
            record = _record_of(error)
        send(record)


def _load(code: types.CodeType) -> Callable[[object], object]:
    module = types.ModuleType(MODULE)
    module.__dict__["__builtins__"] = builtins
    sys.modules[MODULE] = module
    sys.setrecursionlimit(_RECURSION_LIMIT)
    _chance().seed()
    exec(code, module.__dict__)
    for name in ENTRY_POINTS:
        function = module.__dict__.get(name)
        if callable(function):
            return function  # type: ignore[no-any-return]
    raise NameError("the program defines neither transform(grid) nor main(grid)")


class _Chance:
    """The global generators, put back to the same state before every call."""

    def __init__(self) -> None:
        np.random.seed(SEED)
        # A Mersenne twister's key and position. Comparing them is sooner done than seeding.
        generator = np.random.get_bit_generator()  # type: ignore[attr-defined]
        address = generator.ctypes.state_address
        self._memory = (ctypes.c_ubyte * (624 * 4 + 4)).from_address(address)
        self._seeded = bytes(self._memory)

    def seed(self) -> None:
        random.seed(SEED)
        if bytes(self._memory) != self._seeded:
            np.random.seed(SEED)


@cache
def _chance() -> _Chance:
    return _Chance()


def _answer(function: Callable[[object], object], height: int, width: int, cells: bytes) -> bytes:
    array = np.frombuffer(cells, dtype=np.uint8).reshape(height, width).astype(np.int64)
    _chance().seed()
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
        is_plain = value.ndim == 2 and value.size > 0 and value.dtype.kind in "iu"
        if is_plain and value.min() >= 0 and value.max() < N_COLORS:
            value = value.astype(np.uint8)  # spares the arithmetic that floats need
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
        # Cut before it is joined: a copy of a huge message would cost the program's own seconds.
        text = f"{name}: {str(error)[:MAX_TEXT]}" if kind is FailureKind.RAISED else name
        return encode_failure(kind, text[:MAX_TEXT])
    except BaseException:  # noqa: BLE001 (an exception's own __str__ may raise)
        return encode_failure(kind, "an exception that cannot be shown")
