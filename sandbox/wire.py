"""The wire: how programs go in and how outcomes come back, as bytes.

Three parties read these bytes. A request is written by the trusted parent. A record (one outcome)
is written by the process that ran the unread program, so everything in it may be a lie, and the
parser here is strict. A reply is a record stream framed by the zygote, which alone knows how the
process ended: a program cannot forge that header because it has no descriptor to write it to.
"""

from __future__ import annotations

import os
import signal
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from arc.errors import GridError
from arc.grid import Grid
from sandbox.outcome import Failure, FailureKind, Outcome

MAX_TEXT = 800
"""Most bytes of text in a record."""

GRID_TAG = 0
FAILURE_TAGS = {
    1: FailureKind.RAISED,
    2: FailureKind.BAD_OUTPUT,
    3: FailureKind.OUT_OF_MEMORY,
}
TAG_OF = {kind: tag for tag, kind in FAILURE_TAGS.items()}

SEAL = b"\xf5intact"
"""Ends a batch's records if the process found itself as it was before."""

REQUEST = struct.Struct("<IBI")
"""Length of the body that follows, tier, job."""
COUNT = struct.Struct("<H")
LENGTH = struct.Struct("<I")
REPLY = struct.Struct("<4sIBiII")
"""Magic, job, ending, wait status, CPU time in microseconds, length of the records that follow."""
MAGIC = b"arcz"


class Held(IntEnum):
    """Stands for a whole program in a batch's records: it was not run."""

    ALONE = 0xF0  # it may not share a process
    LATER = 0xF1  # the batch had no time left for it


class Tier(IntEnum):
    """How many programs share a process."""

    FRESH = 0
    SCREENING = 1


class Ending(IntEnum):
    """Who ended a program's process, as the zygote saw it."""

    READY = 0
    BROKEN = 1
    BY_ITSELF = 2
    CPU_LIMIT = 3
    WALL_LIMIT = 4
    OUTPUT_LIMIT = 5
    NOT_STARTED = 6
    WAITING = 7  # not an end: it runs on in the background


@dataclass(frozen=True, slots=True)
class Reply:
    """What the zygote reports of one process.

    Attributes:
        job: The number of the request.
        ending: Who ended the process.
        status: Its wait status.
        cpu_s: The CPU time it took.
        records: The bytes it sent; not to be trusted.
    """

    job: int
    ending: Ending
    status: int
    cpu_s: float
    records: bytes


def encode_program(source: str, inputs: Sequence[Grid]) -> bytes:
    """Returns a program and its inputs: the body of a request for a process of its own."""
    parts = [COUNT.pack(len(inputs))]
    for grid in inputs:
        parts.append(bytes(grid.shape))
        parts.append(grid.cells)
    # Sampled text may hold lone surrogates; it is for the compiler in the child to refuse them.
    parts.append(source.encode("utf-8", "surrogatepass"))
    return b"".join(parts)


def decode_program(body: bytes) -> tuple[str, list[tuple[int, int, bytes]]]:
    """Returns the source, and height, width and cells of each input."""
    (count,) = COUNT.unpack_from(body)
    at = COUNT.size
    inputs = []
    for _ in range(count):
        height, width = body[at], body[at + 1]
        at += 2
        inputs.append((height, width, body[at : at + height * width]))
        at += height * width
    return body[at:].decode("utf-8", "surrogatepass"), inputs


def encode_batch(programs: Sequence[bytes]) -> bytes:
    """Returns several encoded programs as one body."""
    return b"".join(LENGTH.pack(len(program)) + program for program in programs)


def decode_batch(body: bytes) -> list[bytes]:
    """Returns the encoded programs of a body."""
    programs = []
    at = 0
    while at < len(body):
        (length,) = LENGTH.unpack_from(body, at)
        at += LENGTH.size
        programs.append(body[at : at + length])
        at += length
    return programs


def encode_request(job: int, tier: Tier, body: bytes) -> bytes:
    """Returns the request, framed."""
    return REQUEST.pack(len(body), tier, job) + body


def encode_grid(height: int, width: int, cells: bytes) -> bytes:
    """Returns the record of a grid."""
    return bytes((GRID_TAG, height, width)) + cells


def encode_failure(kind: FailureKind, text: str) -> bytes:
    """Returns the record of a failure; only the kinds a program's own process can notice."""
    encoded = text[:MAX_TEXT].encode("utf-8", "replace")[:MAX_TEXT]
    return bytes((TAG_OF[kind],)) + COUNT.pack(len(encoded)) + encoded


def encode_reply(job: int, ending: Ending, status: int, cpu_s: float, records: bytes) -> bytes:
    """Returns the reply, framed."""
    cpu_us = min(int(cpu_s * 1e6), 0xFFFFFFFF)
    return REPLY.pack(MAGIC, job, ending, status, cpu_us, len(records)) + records


def read_outcomes(reply: Reply, n_inputs: int) -> list[Outcome]:
    """Returns one outcome per input.

    Records are taken in order until they stop or stop making sense; how the process ended says
    why the rest is missing. More records than inputs make all of them untrustworthy.
    """
    outcomes: list[Outcome] = []
    at = 0
    rest = ending_failure(reply)
    while len(outcomes) < n_inputs and at < len(reply.records):
        try:
            outcome, at = _read_record(reply.records, at)
        except (IndexError, struct.error, GridError, KeyError) as error:
            if reply.ending == Ending.BY_ITSELF and os.WIFEXITED(reply.status):
                rest = Failure.of(FailureKind.PROTOCOL, f"unreadable reply at byte {at}: {error}")
            at = len(reply.records)
            break
        outcomes.append(outcome)
    if at < len(reply.records):
        surplus = Failure(FailureKind.PROTOCOL, "the reply is longer than the answer")
        return [surplus] * n_inputs
    return outcomes + [rest] * (n_inputs - len(outcomes))


_HELD_TAGS = frozenset(Held)


def read_batch(reply: Reply, n_inputs: Sequence[int]) -> list[list[Outcome] | Held] | None:
    """Returns the outcomes of each program of a batch, or why it was not run.

    Returns `None` unless the process ended well, sent exactly what was due, sealed it,
    and no program ran out of memory: then nothing it sent is to be believed.
    """
    if reply.ending != Ending.BY_ITSELF or reply.status != 0:
        return None
    records = reply.records
    at = 0
    batch: list[list[Outcome] | Held] = []
    try:
        for count in n_inputs:
            if records[at] in _HELD_TAGS:
                batch.append(Held(records[at]))
                at += 1
                continue
            outcomes: list[Outcome] = []
            for _ in range(count):
                outcome, at = _read_record(records, at)
                if isinstance(outcome, Failure) and outcome.kind is FailureKind.OUT_OF_MEMORY:
                    return None
                outcomes.append(outcome)
            batch.append(outcomes)
    except (IndexError, struct.error, GridError, KeyError):
        return None
    return batch if records[at:] == SEAL else None


def _read_record(records: bytes, at: int) -> tuple[Outcome, int]:
    tag = records[at]
    if tag == GRID_TAG:
        height, width = records[at + 1], records[at + 2]
        end = at + 3 + height * width
        return Grid(height, width, records[at + 3 : end]), end
    kind = FAILURE_TAGS[tag]
    (length,) = COUNT.unpack_from(records, at + 1)
    start = at + 1 + COUNT.size
    end = start + length
    if length > MAX_TEXT or end > len(records):
        raise IndexError(f"a text of {length} bytes")
    return Failure.of(kind, records[start:end].decode("utf-8", "replace")), end


def ending_failure(reply: Reply) -> Failure:
    """Returns why a process sent no further records."""
    match reply.ending:
        case Ending.CPU_LIMIT:
            return Failure(FailureKind.CPU_TIMEOUT, f"stopped after {reply.cpu_s:.2f} s of CPU")
        case Ending.WALL_LIMIT:
            return Failure(FailureKind.WALL_TIMEOUT, "stopped by the wall clock")
        case Ending.OUTPUT_LIMIT:
            return Failure(FailureKind.PROTOCOL, "sent more bytes than allowed")
        case Ending.NOT_STARTED:
            return Failure(FailureKind.PROTOCOL, "no process could be started")
    if not os.WIFSIGNALED(reply.status):
        code = os.waitstatus_to_exitcode(reply.status)
        return Failure(FailureKind.PROTOCOL, f"ended with status {code} before its answer")
    number = os.WTERMSIG(reply.status)
    if number == signal.SIGSYS:
        return Failure(FailureKind.POLICY, "killed for a forbidden system call")
    if number == signal.SIGXCPU:
        return Failure(FailureKind.CPU_TIMEOUT, "stopped by the kernel's CPU limit")
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return Failure(FailureKind.SIGNAL, f"killed by {name}")
