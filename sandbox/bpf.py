"""A small assembler for seccomp filters in classic BPF.

A filter is a straight line of blocks. Each block looks at one system call and either returns a
verdict or falls through to the next, so there are no labels and no jumps longer than a block.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ALLOW = 0x7FFF0000
KILL = 0x80000000


def refuse(errno: int) -> int:
    """Returns the verdict that makes a call fail with this error number."""
    return 0x00050000 | errno


_LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_IF_AT_LEAST = 0x35  # BPF_JMP | BPF_JGE | BPF_K
_IF_ANY_BIT = 0x45  # BPF_JMP | BPF_JSET | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K

_NUMBER_AT = 0  # offsets within struct seccomp_data
_ARCH_AT = 4
_ARGUMENTS_AT = 16
X32_BIT = 0x40000000

Instruction = tuple[int, int, int, int]
"""Code, jump if true, jump if false, operand: struct sock_filter."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One verdict for a call, whatever its arguments."""

    number: int
    action: int

    def block(self) -> list[Instruction]:
        """Returns the instructions, entered with the call's number loaded."""
        return [(_IF_EQUAL, 0, 1, self.number), (_RETURN, 0, 0, self.action)]


@dataclass(frozen=True, slots=True)
class OnlyValue:
    """Allows a call whose argument has one value; only its low 32 bits are looked at."""

    number: int
    argument: int
    value: int
    otherwise: int

    def block(self) -> list[Instruction]:
        """Returns the instructions, entered with the call's number loaded."""
        return [
            (_IF_EQUAL, 0, 4, self.number),
            (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * self.argument),
            (_IF_EQUAL, 0, 1, self.value),
            (_RETURN, 0, 0, ALLOW),
            (_RETURN, 0, 0, self.otherwise),
        ]


@dataclass(frozen=True, slots=True)
class WithoutBits:
    """Allows a call whose argument has none of some bits set (of its low 32)."""

    number: int
    argument: int
    mask: int
    otherwise: int

    def block(self) -> list[Instruction]:
        """Returns the instructions, entered with the call's number loaded."""
        return [
            (_IF_EQUAL, 0, 4, self.number),
            (_LOAD, 0, 0, _ARGUMENTS_AT + 8 * self.argument),
            (_IF_ANY_BIT, 0, 1, self.mask),
            (_RETURN, 0, 0, self.otherwise),
            (_RETURN, 0, 0, ALLOW),
        ]


Rule = Verdict | OnlyValue | WithoutBits


def assemble(audit_arch: int, rules: Iterable[Rule], otherwise: int) -> bytes:
    """Returns a filter that kills on a foreign architecture, then asks the rules in order."""
    program: list[Instruction] = [
        (_LOAD, 0, 0, _ARCH_AT),
        (_IF_EQUAL, 1, 0, audit_arch),
        (_RETURN, 0, 0, KILL),
        (_LOAD, 0, 0, _NUMBER_AT),
        (_IF_AT_LEAST, 0, 1, X32_BIT),
        (_RETURN, 0, 0, KILL),
    ]
    for rule in rules:
        program += rule.block()
    program.append((_RETURN, 0, 0, otherwise))
    return b"".join(struct.pack("<HBBI", *instruction) for instruction in program)


def verdict(program: bytes, audit_arch: int, number: int, arguments: Sequence[int] = ()) -> int:
    """Returns what a filter says to a call, by interpreting it; for tests of the policy."""
    padded = (*arguments, 0, 0, 0, 0, 0, 0)[:6]
    data = struct.pack("<IIQ6Q", number, audit_arch, 0, *padded)
    code = [struct.unpack_from("<HBBI", program, at) for at in range(0, len(program), 8)]
    at, loaded = 0, 0
    while True:
        operation, if_true, if_false, operand = code[at]
        at += 1
        if operation == _RETURN:
            return int(operand)
        if operation == _LOAD:
            (loaded,) = struct.unpack_from("<I", data, operand)
            continue
        holds = {
            _IF_EQUAL: loaded == operand,
            _IF_AT_LEAST: loaded >= operand,
            _IF_ANY_BIT: bool(loaded & operand),
        }[operation]
        at += if_true if holds else if_false
