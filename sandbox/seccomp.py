"""The two seccomp policies: of the zygote, which may fork, and of a program, which may compute.

Both are lists of what is allowed; the rest fails with EPERM, so that a program sees an ordinary
`PermissionError`. What no program does by accident kills at once. Filters add up: a program is
under both, and neither can be taken off.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
from collections.abc import Iterable

from sandbox import kernel
from sandbox.bpf import ALLOW, KILL, OnlyValue, Rule, Verdict, WithoutBits, assemble, refuse
from sandbox.syscalls import Architecture

RESULT_FD = 3
"""The only descriptor a program's process has, and the only one it may write to."""

_EPERM = refuse(errno.EPERM)
_SET_MODE_FILTER = 1
_FLAG_SPEC_ALLOW = 4  # spares the filter's processes a costly Spectre mitigation

# CLONE_NEW*, CLONE_THREAD, CLONE_PTRACE, CLONE_PARENT
_CLONE_MORE_THAN_FORK = 0x7E020000 | 0x80 | 0x10000 | 0x2000 | 0x8000

KILLED = (
    "ptrace execve execveat unshare setns bpf io_uring_setup io_uring_enter io_uring_register "
    "keyctl add_key request_key process_vm_readv process_vm_writev userfaultfd perf_event_open "
    "mount umount2 pivot_root chroot reboot init_module finit_module delete_module kexec_load "
    "kexec_file_load open_by_handle_at pidfd_getfd personality"
)

COMPUTING = (
    "brk munmap mremap madvise futex rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack "
    "clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrandom "
    "sched_yield sched_getaffinity getpid gettid getuid geteuid getgid getegid getrusage "
    "rseq set_robust_list exit exit_group"
)

FORKING = (
    "read write close pipe2 dup2 dup3 close_range poll ppoll fork vfork wait4 kill getppid prctl "
    "seccomp getrlimit setrlimit prlimit64 set_tid_address"
)


def _rules(architecture: Architecture, allowed: str, special: list[Rule]) -> list[Rule]:
    numbers = architecture.numbers
    rules: list[Rule] = [
        Verdict(numbers[name], ALLOW) for name in allowed.split() if name in numbers
    ]
    # A thread library falls back from clone3 to clone, whose flags a filter can read.
    return [*rules, *special, Verdict(numbers["clone3"], refuse(errno.ENOSYS))]


def _without_executable_memory(architecture: Architecture) -> list[Rule]:
    numbers = architecture.numbers
    return [
        WithoutBits(numbers["mmap"], 2, mmap.PROT_EXEC, _EPERM),
        WithoutBits(numbers["mprotect"], 2, mmap.PROT_EXEC, _EPERM),
    ]


def program_filter(architecture: Architecture) -> bytes:
    """Returns the filter of a process that runs one program."""
    special: list[Rule] = [
        *_without_executable_memory(architecture),
        OnlyValue(architecture.numbers["write"], 0, RESULT_FD, _EPERM),
    ]
    return assemble(architecture.audit_arch, _rules(architecture, COMPUTING, special), _EPERM)


def zygote_filter(architecture: Architecture) -> bytes:
    """Returns the filter of the warmed interpreter that forks the programs' processes."""
    special: list[Rule] = [
        *_without_executable_memory(architecture),
        WithoutBits(architecture.numbers["clone"], 0, _CLONE_MORE_THAN_FORK, _EPERM),
    ]
    rules = _rules(architecture, f"{COMPUTING} {FORKING}", special)
    # The sternest verdict of all filters counts, so this list need not be repeated per program.
    rules += [Verdict(architecture.numbers[name], KILL) for name in KILLED.split()]
    return assemble(architecture.audit_arch, rules, _EPERM)


_DENIED = {
    # What the default profile of Docker denies of what we would use, and more of what it denies.
    "namespaces": (
        "unshare setns mount umount2 pivot_root bpf keyctl add_key request_key perf_event_open "
        "userfaultfd open_by_handle_at io_uring_setup io_uring_enter io_uring_register "
        "process_vm_readv process_vm_writev init_module finit_module delete_module kexec_load "
        "kexec_file_load reboot"
    ),
    "landlock": "landlock_create_ruleset landlock_add_rule landlock_restrict_self",
    "seccomp": "seccomp",
}
LAYERS = tuple(_DENIED)


def denial_filter(architecture: Architecture, layers: Iterable[str]) -> bytes:
    """Returns a filter under which this machine seems to be one that lacks these layers."""
    names = [name for layer in layers for name in _DENIED[layer].split()]
    rules: list[Rule] = [Verdict(architecture.numbers[name], _EPERM) for name in names]
    return assemble(architecture.audit_arch, rules, ALLOW)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def install(program: bytes, architecture: Architecture) -> None:
    """Puts this process under a filter, for good; needs no_new_privs to be set."""
    fprog = _Program(len(program) // 8, program)
    number = architecture.numbers["seccomp"]
    try:
        kernel.syscall(number, _SET_MODE_FILTER, _FLAG_SPEC_ALLOW, ctypes.byref(fprog))
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        kernel.syscall(number, _SET_MODE_FILTER, 0, ctypes.byref(fprog))
