"""The Ray engine: workers on the machines of a cluster.

A worker is an actor with one processor. Results are those of the local engine, byte for byte, if
all machines have the same packages, which each worker makes sure of. A machine that leaves takes
its workers along; their units are done by others, and where the cluster gets a new machine, new
workers start there. Ray itself is imported only when a cluster is asked for.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import platform
from collections.abc import Mapping, Sequence
from typing import Any

from arc.errors import ArcError, ConfigError, MissingExtraError
from ensemble.folder.difference import differences
from ensemble.folder.versions import installed_versions
from ensemble.run.engine import Worker, WorkerLost
from ensemble.run.unit import Bench, MakeBench, Order, Reply, reply_to
from ensemble.settings import Settings


def check_installed() -> None:
    """Raises `MissingExtraError` where Ray is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise MissingExtraError(
            "--engine ray needs the package ray, on every machine: pip install 'arc-ensemble[ray]'"
        )


class RayEngine:
    """Starts workers in a Ray cluster."""

    def __init__(
        self,
        n_workers: int,
        settings: Settings,
        bench: MakeBench,
        address: str = "",
        memory: int = 0,
    ) -> None:
        """Connects to a cluster, or starts one on this machine where no address is known.

        Args:
            n_workers: How many workers; 0 for as many as the cluster has room for now.
            settings: What `bench` is made from in each.
            bench: What they work at.
            address: Of the cluster, such as `auto` or `10.0.0.1:6379`.
            memory: Bytes that a worker needs, of those the cluster counts as free.

        Raises:
            MissingExtraError: Ray is not installed.
            ConfigError: There is no cluster at the address, or it has no room for a worker.
        """
        check_installed()
        _connect(address)
        self.n_workers = n_workers or _room(memory)
        if self.n_workers < 1:
            raise ConfigError(
                "--engine ray: no machine of the cluster has a processor and "
                f"{memory / 1e9:.1f} GB for a worker; add one with ray start --address"
            )
        self._memory = memory
        self._made_of = settings, bench, _facts()

    def start(self) -> Worker:
        """Returns a new worker; it comes up when the cluster has room for it."""
        import ray

        kind = ray.remote(num_cpus=1, memory=self._memory or None, max_restarts=0)(_Seat)
        return _Actor(kind.options(scheduling_strategy="SPREAD").remote(*self._made_of))

    def wait(self, workers: Sequence[Worker], timeout_s: float) -> list[Worker]:
        """Returns a worker that has replied or is lost, if there is one in time."""
        import ray

        by_reference = {w.reply: w for w in workers if isinstance(w, _Actor)}
        ready, _ = ray.wait(list(by_reference), num_returns=1, timeout=timeout_s)
        return [by_reference[reference] for reference in ready]


class _Actor:
    """A worker, as seen from here."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self.reply = handle.greet.remote()

    def give(self, order: Order) -> None:
        """Sends an order."""
        self.reply = self._handle.answer.remote(order)

    def take(self) -> Reply:
        """Returns the reply that has come; raises `WorkerLost`."""
        import ray
        from ray.exceptions import RayActorError, RaySystemError

        try:
            reply = ray.get(self.reply)
        except (RayActorError, RaySystemError) as error:
            raise WorkerLost("out of memory" in str(error).lower()) from None
        assert isinstance(reply, Reply)
        return reply

    def close(self) -> None:
        """Ends the process at once."""
        import ray

        ray.kill(self._handle)


class _Seat:
    """A worker, where it works."""

    def __init__(self, settings: Settings, bench: MakeBench, facts: Mapping[str, str]) -> None:
        self._made_of = settings, bench
        self._facts = facts
        self._open = contextlib.ExitStack()
        self._bench: Bench | None = None

    def greet(self) -> Reply:
        """Opens the bench; refuses where packages are others than at the run's start."""
        settings, bench = self._made_of
        differing = differences(_facts(), self._facts)
        if differing:
            node = platform.node()
            return Reply(
                error=ConfigError(
                    f"{node}: not the packages of the machine that started the run, so results "
                    f"would differ: {', '.join(differing)}; install the same there"
                )
            )
        try:
            self._bench = self._open.enter_context(bench(settings))
        except ArcError as error:
            return Reply(error=error)
        return Reply()

    def answer(self, order: Order) -> Reply:
        """Does what it is told."""
        assert self._bench is not None
        return reply_to(order, self._bench)


def _facts() -> dict[str, str]:
    return installed_versions() | {"python": platform.python_version()}


def _connect(address: str) -> None:
    import ray

    if ray.is_initialized():
        return
    where = address or os.environ.get("RAY_ADDRESS", "")
    options: dict[str, Any] = {"address": where} if where else {"include_dashboard": False}
    try:
        ray.init(**options, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError, OSError) as error:
        line = " ".join(str(error).split())
        raise ConfigError(
            f"--ray-address {where}: no cluster there: {line[:160]}; ray start --head starts one"
        ) from None


def _room(memory: int) -> int:
    """Returns how many workers the machines of the cluster can take."""
    import ray

    n_workers = 0
    for node in ray.nodes():
        resources = node["Resources"] if node["Alive"] else {}
        processors = int(resources.get("CPU", 0))
        fitting = int(resources.get("memory", 0) // memory) if memory else processors
        n_workers += min(processors, fitting)
    return n_workers
