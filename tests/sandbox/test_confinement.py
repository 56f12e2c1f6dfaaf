"""The filters as the kernel would read them, and levels as a report would."""

from __future__ import annotations

import errno
import mmap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from arc.errors import ConfigError, SandboxError
from sandbox import Isolation, Level, Limits
from sandbox.bpf import ALLOW, KILL, X32_BIT, refuse, verdict
from sandbox.landlock import ruleset
from sandbox.level import NAMESPACES, require_confinement
from sandbox.seccomp import COMPUTING, KILLED, RESULT_FD, program_filter, zygote_filter
from sandbox.syscalls import ARCHITECTURES, Architecture

EPERM = refuse(errno.EPERM)
architectures = pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)


def says(architecture: Architecture, name: str, *arguments: int) -> int:
    number = architecture.numbers[name]
    return verdict(program_filter(architecture), architecture.audit_arch, number, arguments)


@architectures
def test_a_program_may_write_to_its_result_alone(architecture: Architecture) -> None:
    assert says(architecture, "write", RESULT_FD) == ALLOW
    for fd in (0, 1, 2, 4, 2**31, 2**32 - 1):
        assert says(architecture, "write", fd) == EPERM


@architectures
def test_memory_may_be_had_but_not_executed(architecture: Architecture) -> None:
    for name in ("mmap", "mprotect"):
        assert says(architecture, name, 0, 4096, mmap.PROT_READ | mmap.PROT_WRITE) == ALLOW
        assert says(architecture, name, 0, 4096, mmap.PROT_READ | mmap.PROT_EXEC) == EPERM


@architectures
def test_what_no_program_does_by_accident_kills(architecture: Architecture) -> None:
    code = zygote_filter(architecture)
    for name in KILLED.split():
        assert verdict(code, architecture.audit_arch, architecture.numbers[name]) == KILL
        assert says(architecture, name) == EPERM


@architectures
def test_a_program_can_neither_fork_nor_signal_nor_read(architecture: Architecture) -> None:
    for name in ("clone", "kill", "read", "prctl", "seccomp", "close", "dup3", "pipe2"):
        assert says(architecture, name) == EPERM
    assert says(architecture, "clone3") == refuse(errno.ENOSYS)


@architectures
def test_the_zygote_may_fork_but_not_start_threads_or_namespaces(
    architecture: Architecture,
) -> None:
    code, number = zygote_filter(architecture), architecture.numbers["clone"]
    fork_flags = 0x01200011  # as the C library forks: SIGCHLD and two thread-id addresses
    assert verdict(code, architecture.audit_arch, number, [fork_flags]) == ALLOW
    for flag in (0x10000, 0x20000, 0x10000000, 0x40000000):
        assert verdict(code, architecture.audit_arch, number, [fork_flags | flag]) == EPERM


@architectures
@settings(deadline=None)
@given(number=st.integers(0, 2**32 - 1), arguments=st.lists(st.integers(0, 2**64 - 1), max_size=6))
def test_only_listed_calls_are_ever_allowed(
    architecture: Architecture, number: int, arguments: list[int]
) -> None:
    listed = {architecture.numbers.get(name) for name in COMPUTING.split()}
    listed |= {architecture.numbers[name] for name in ("write", "mmap", "mprotect")}
    code = program_filter(architecture)
    if verdict(code, architecture.audit_arch, number, arguments) == ALLOW:
        assert number in listed


@architectures
@settings(deadline=None)
@given(number=st.integers(0, 500))
def test_foreign_architectures_and_x32_kill(architecture: Architecture, number: int) -> None:
    code = program_filter(architecture)
    assert verdict(code, 0x40000003, number) == KILL
    assert verdict(code, architecture.audit_arch, number | X32_BIT) == KILL


@pytest.mark.parametrize(("version", "size"), [(1, 8), (3, 8), (4, 16), (5, 16), (6, 24), (9, 24)])
def test_landlock_is_asked_for_no_more_than_its_version_knows(version: int, size: int) -> None:
    assert len(ruleset(version)) == size


@pytest.mark.parametrize(
    ("isolation", "level"),
    [
        (Isolation(), Level.NONE),
        (Isolation(landlock=True, namespaces=NAMESPACES, unprivileged=True), Level.NONE),
        (Isolation(seccomp=True), Level.C),
        (Isolation(seccomp=True, landlock=True), Level.B),
        (Isolation(seccomp=True, landlock=True, namespaces=NAMESPACES), Level.B),
        (Isolation(True, True, ("net", "ipc"), unprivileged=True), Level.B),
        (Isolation(True, True, NAMESPACES, unprivileged=True), Level.A),
    ],
)
def test_layers_make_levels(isolation: Isolation, level: Level) -> None:
    assert isolation.level is level
    assert Isolation.decode(isolation.encode()) == isolation


def test_an_unconfined_machine_is_refused_unless_it_is_accepted() -> None:
    nothing = Isolation(missing="seccomp: no")
    with pytest.raises(SandboxError, match=r"seccomp: no.*allow_unsafe=True"):
        require_confinement(nothing, allow_unsafe=False)
    require_confinement(nothing, allow_unsafe=True)
    require_confinement(Isolation(seccomp=True), allow_unsafe=False)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"missing": "", "more": 1}', b"\xff"])
def test_an_unreadable_start_message_is_an_error(text: bytes) -> None:
    with pytest.raises(SandboxError):
        Isolation.decode(text)


@pytest.mark.parametrize(
    "setting",
    [
        {"cpu_s": 0.0},
        {"cpu_s": float("nan")},
        {"wall_factor": 0.5},
        {"memory_mb": 1},
        {"output_bytes": 0},
    ],
)
def test_limits_that_make_no_sense_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(setting))):
        Limits(**setting)
