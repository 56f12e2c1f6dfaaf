"""Processes that train one model together, each on batches of its own."""

from __future__ import annotations

import importlib
import os
import signal
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed
from torch.multiprocessing.spawn import start_processes


@dataclass(frozen=True, slots=True)
class Team:
    """One member's view of all; a team of one needs no other process.

    Attributes:
        rank: Number of this member, from 0.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    def add_up(self, values: Tensor) -> None:
        """Replaces the values by their sums over all members, the same to the bit for each."""
        if self.size > 1:
            distributed.all_reduce(values)

    def gather(self, value: Any) -> list[Any]:
        """Returns what each member has, in the order of ranks."""
        if self.size == 1:
            return [value]
        found: list[Any] = [None] * self.size
        distributed.all_gather_object(found, value)
        return found


ALONE = Team()


def run_team(work: Callable[[Team], None], size: int, threads: int) -> None:
    """Runs `work` in every member, here if there is one; an error in one ends all.

    `work` must be picklable where there are several. Ctrl-C is for the members to handle.
    """
    if size == 1:
        torch.set_num_threads(threads)
        work(ALONE)
        return
    with tempfile.TemporaryDirectory() as folder:
        arguments = (work, size, threads, Path(folder) / "meeting")
        members = start_processes(
            _member, args=arguments, nprocs=size, join=False, start_method="spawn"
        )  # type: ignore[no-untyped-call]
        assert members is not None

        def pass_on(*_: object) -> None:
            for process in members.processes:
                os.kill(process.pid, signal.SIGINT)

        before = signal.signal(signal.SIGINT, pass_on)
        try:
            while not members.join():
                pass
        finally:
            signal.signal(signal.SIGINT, before)


def _member(
    rank: int, work: Callable[[Team], None], size: int, threads: int, meeting: Path
) -> None:
    # The functions of this module have the group at the moment of its import as a default and so
    # keep it, with its threads, past its end, and a thread that still runs at the exit can abort
    # the process. Optimizers import the module; imported here, it finds no group yet.
    importlib.import_module("torch.distributed.nn")
    torch.set_num_threads(threads)
    distributed.init_process_group("gloo", init_method=meeting.as_uri(), rank=rank, world_size=size)
    try:
        work(Team(rank, size))
    finally:
        distributed.destroy_process_group()
