"""Confinement: the steps by which a warmed interpreter locks itself up, and the proof that it did.

The order matters and is that of `enclose`. What a machine does not grant is noted and skipped; the
probe decides afterwards what the result is worth.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from sandbox import kernel, landlock, privileges, probe, seccomp
from sandbox.level import Isolation
from sandbox.limits import Limits
from sandbox.syscalls import Architecture, this_architecture


class Confinement:
    """The state of this process's confinement, first for the zygote and then for its children.

    Attributes:
        parent: A descriptor that becomes readable when the zygote's parent dies, or -1.
    """

    def __init__(self, limits: Limits, without: Sequence[str] = ()) -> None:
        self.parent = -1
        self._outside = -1
        self._limits = limits
        self._architecture = this_architecture()
        self._isolation = Isolation()
        self._missing: list[str] = []
        self._program_filter = b""
        if without and self._architecture is not None:
            denial = seccomp.denial_filter(self._architecture, without)
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            seccomp.install(denial, self._architecture)

    @classmethod
    def separated(cls, setup: Mapping[str, Any]) -> Confinement:
        """Enters own namespaces; to be called before anything starts a thread."""
        confinement = cls(Limits(**setup["limits"]), setup["without"])
        confinement._watch_parent(setup["parent"])
        confinement._separate()
        return confinement

    def _watch_parent(self, parent: int) -> None:
        # The kernel's parent-death signal would fire when the parent's *thread* ends.
        if sys.platform == "linux":
            with suppress(OSError):
                self.parent = os.pidfd_open(parent)
        if os.getppid() != parent:
            os._exit(1)

    def _separate(self) -> None:
        if self._architecture is None:
            self._missing.append("not Linux on x86-64 or aarch64")
            return
        before = privileges.namespaces()
        self._attempt("namespaces", self._leave_namespaces)
        after = privileges.namespaces()
        own = tuple(name for name, number in after.items() if number != before.get(name))
        self._isolation = replace(self._isolation, namespaces=own)

    def _leave_namespaces(self) -> None:
        self._outside = privileges.leave_namespaces()
        privileges.follow(self._outside)

    def enclose(self) -> Isolation:
        """Gives up everything a program must not have, and returns what was achieved."""
        architecture = self._architecture
        used = privileges.address_space()
        if architecture is None:
            if sys.platform == "linux":
                self._attempt(
                    "resource limits", lambda: privileges.limit_resources(self._limits, used)
                )
            return replace(self._isolation, missing="; ".join(self._missing))
        credentials = privileges.Credentials()
        self._hide_files(architecture)
        self._attempt("bounding set", privileges.bound_capabilities)
        self._attempt("user", privileges.drop_user)
        self._attempt("capabilities", lambda: privileges.drop_capabilities(architecture))
        unprivileged = credentials.are_unprivileged()
        credentials.close()
        self._attempt("dump flag", lambda: kernel.prctl(kernel.PR_SET_DUMPABLE, 0))
        if self._outside >= 0:
            privileges.follow(self._outside)
            os.close(self._outside)
        self._attempt("resource limits", lambda: privileges.limit_resources(self._limits, used))
        self._attempt(
            "write-xor-execute",
            lambda: kernel.prctl(kernel.PR_SET_MDWE, kernel.PR_MDWE_REFUSE_EXEC_GAIN),
        )
        self._attempt("no_new_privs", lambda: kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1))
        self._attempt("landlock", lambda: landlock.restrict(architecture))
        has_landlock = probe.is_opening_refused()
        self._program_filter = seccomp.program_filter(architecture)
        self._attempt(
            "seccomp", lambda: seccomp.install(seccomp.zygote_filter(architecture), architecture)
        )
        self._isolation = replace(
            self._isolation,
            landlock=has_landlock,
            unprivileged=unprivileged,
            seccomp=self._is_program_confined(architecture),
            missing="; ".join(self._missing),
        )
        return self._isolation

    def confine_program(self, zygote: int) -> None:
        """Takes from a freshly forked process what only the zygote needs; raises `OSError`."""
        if sys.platform != "linux":
            return
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != zygote:
            os._exit(1)  # the zygote died before the line above
        privileges.limit_process(self._limits.cpu_s)
        if self._architecture is not None and self._isolation.seccomp:
            seccomp.install(self._program_filter, self._architecture)

    def _hide_files(self, architecture: Architecture) -> None:
        """Empties the own mount namespace; one that still shows files does not count."""
        own = self._isolation.namespaces
        if "mnt" in own:
            self._attempt("mount namespace", lambda: privileges.hide_files(architecture))
            if os.listdir("/"):
                own = tuple(name for name in own if name != "mnt")
                self._isolation = replace(self._isolation, namespaces=own)

    def _attempt(self, what: str, step: Callable[[], object]) -> None:
        try:
            step()
        except (OSError, ValueError) as error:
            self._missing.append(f"{what}: {error}")

    def _is_program_confined(self, architecture: Architecture) -> bool:
        """Whether a child under the program's filter is refused everything that is tried."""
        self._isolation = replace(self._isolation, seccomp=True)
        zygote = os.getpid()

        def refused() -> int:
            self.confine_program(zygote)
            return min(len(probe.not_refused()), 100)

        def forbidden() -> int:
            self.confine_program(zygote)
            probe.survive_forbidden_call(architecture)
            return 0

        status = _status_of(refused)
        if status != 0:
            self._missing.append(f"seccomp: the probe ended with {status}")
            return False
        if not probe.is_killed_by_policy(_status_of(forbidden)):
            self._missing.append("seccomp: a forbidden call did not kill")
            return False
        return True


def _status_of(action: Callable[[], int]) -> int:
    """Returns the wait status of a child that exits with the action's result."""
    pid = os.fork()
    if pid == 0:
        code = 101
        try:
            code = action()
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1]
