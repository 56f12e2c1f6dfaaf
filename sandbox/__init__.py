"""Runs programs nobody has read, and returns grids or reasons.

    from arc.grid import Grid
    from sandbox import open_sandbox

    with open_sandbox() as sandbox:
        outcomes = sandbox.run("def transform(grid): return grid.T", [Grid.of([[1, 2]])])

A program is Python text that defines `transform(grid)` or `main(grid)`. It is called once per
input with a fresh int64 array; `random` and `numpy.random` are seeded before each call. An
outcome is a `Grid`, or a `Failure` whose kind comes from a closed set. Processes are forked from an
interpreter that has numpy, scipy.ndimage, the usual standard modules and the modules named in
`preload` imported; no other module can be imported.

`run_batch` gives each program a process of its own. `screen` gives the same outcomes sooner where
few programs pass: harmless ones share a process, and every pass is repeated alone under another
hash seed. `open_sandbox(workers=n)` runs n programs at once. `docs/sandbox.md` says what is
guaranteed.

Levels, found by trying what is forbidden each time a sandbox is opened:

    A     seccomp, Landlock, own namespaces, an unprivileged user
    B     seccomp and Landlock, as in a container
    C     seccomp and resource limits; one line is logged
    none  no seccomp: `open_sandbox` refuses, unless told `allow_unsafe=True`

What is covered: files, network, other processes, new processes and threads, executable memory,
CPU time, wall clock, memory, size of the reply, and text that would garble a terminal. The
expected output never enters the sandbox, so that no program can find it there.

What is not covered: errors in the kernel, which all levels share with the host (a virtual machine
covers those); timing channels; the clock, `os.urandom` and addresses as sources of chance, which a
second run under another `hash_seed` finds; and one input's effect on the next within a program.
Without seccomp nothing but honest mistakes is covered.
"""

from sandbox.level import Isolation, Level
from sandbox.limits import Limits
from sandbox.outcome import Failure, FailureKind, Outcome
from sandbox.protocol import Sandbox
from sandbox.zygote_sandbox import ZygoteSandbox, open_sandbox

__all__ = [
    "Failure",
    "FailureKind",
    "Isolation",
    "Level",
    "Limits",
    "Outcome",
    "Sandbox",
    "ZygoteSandbox",
    "open_sandbox",
]
