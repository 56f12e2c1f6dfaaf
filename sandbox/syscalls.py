"""Numbers of system calls, for the two architectures that are supported.

Only calls that a policy names are listed; a name missing from a table does not exist there.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_X86_64 = """
read 0 write 1 close 3 poll 7 mmap 9 mprotect 10 munmap 11 brk 12 rt_sigaction 13
rt_sigprocmask 14 rt_sigreturn 15 sched_yield 24 mremap 25 madvise 28 dup2 33 nanosleep 35
getpid 39 clone 56 fork 57 vfork 58 execve 59 exit 60 wait4 61 kill 62 gettimeofday 96
getrlimit 97 getrusage 98 times 100 ptrace 101 getuid 102 getgid 104 geteuid 107 getegid 108
getppid 110 capset 126 sigaltstack 131 personality 135 pivot_root 155 prctl 157 setrlimit 160
chroot 161 mount 165 umount2 166 reboot 169 init_module 175 delete_module 176 gettid 186 time 201
futex 202 sched_getaffinity 204 set_tid_address 218 clock_gettime 228 clock_getres 229
clock_nanosleep 230 exit_group 231 kexec_load 246 add_key 248 request_key 249 keyctl 250
ppoll 271 unshare 272 set_robust_list 273 dup3 292 pipe2 293 perf_event_open 298 prlimit64 302
open_by_handle_at 304 setns 308 process_vm_readv 310 process_vm_writev 311 finit_module 313
seccomp 317 getrandom 318 kexec_file_load 320 bpf 321 execveat 322 userfaultfd 323 rseq 334
io_uring_setup 425 io_uring_enter 426 io_uring_register 427 clone3 435 close_range 436
pidfd_getfd 438 landlock_create_ruleset 444 landlock_add_rule 445 landlock_restrict_self 446
"""

_AARCH64 = """
dup3 24 umount2 39 mount 40 pivot_root 41 chroot 51 close 57 pipe2 59 read 63 write 64 ppoll 73
capset 91 personality 92 exit 93 exit_group 94 set_tid_address 96 unshare 97 futex 98
set_robust_list 99 nanosleep 101 kexec_load 104 init_module 105 delete_module 106
clock_gettime 113 clock_getres 114 clock_nanosleep 115 ptrace 117 sched_getaffinity 123
sched_yield 124 kill 129 sigaltstack 132 rt_sigaction 134 rt_sigprocmask 135 rt_sigreturn 139
reboot 142 times 153 getrlimit 163 setrlimit 164 getrusage 165 prctl 167 gettimeofday 169
getpid 172 getppid 173 getuid 174 geteuid 175 getgid 176 getegid 177 gettid 178 brk 214
munmap 215 mremap 216 add_key 217 request_key 218 keyctl 219 clone 220 execve 221 mmap 222
mprotect 226 madvise 233 perf_event_open 241 wait4 260 prlimit64 261 open_by_handle_at 265
setns 268 process_vm_readv 270 process_vm_writev 271 finit_module 273 seccomp 277 getrandom 278
bpf 280 execveat 281 userfaultfd 282 rseq 293 kexec_file_load 294
io_uring_setup 425 io_uring_enter 426 io_uring_register 427 clone3 435 close_range 436
pidfd_getfd 438 landlock_create_ruleset 444 landlock_add_rule 445 landlock_restrict_self 446
"""


@dataclass(frozen=True, slots=True)
class Architecture:
    """A processor's name for the kernel's auditing, and its table of calls."""

    audit_arch: int
    numbers: Mapping[str, int]


def _table(text: str) -> Mapping[str, int]:
    words = text.split()
    pairs = zip(words[::2], words[1::2], strict=True)
    return MappingProxyType({name: int(number) for name, number in pairs})


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "x86_64": Architecture(0xC000003E, _table(_X86_64)),
        "aarch64": Architecture(0xC00000B7, _table(_AARCH64)),
    }
)


def this_architecture() -> Architecture | None:
    """Returns this machine's table; none off Linux, on other processors or in 32 bits."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    return ARCHITECTURES.get(platform.machine())
