"""The run folder: everything a run was made from and everything it found.

    config.toml       the settings, resolved
    manifest.json     tasks, mode, versions, sandbox level
    candidates/       one file per task and stage, written in one step when the stage is done;
                      TASK.STAGE.part.json while time has cut it short and more would be tried
    timings.jsonl     seconds and tokens per task and stage
    submission.json   always valid; refreshed while the run goes on

What a run found is never overwritten: a folder is resumed by the same run, refused to another, and
one process at a time works on it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from arc.candidate import Candidate
from arc.document import check_document, read_json, write_json, write_text
from arc.errors import DataError, RunError
from arc.submission import Attempts, write_submission
from arc.task import Task
from ensemble.folder.difference import run_differences
from ensemble.folder.ledger import Ledger
from ensemble.folder.lock import locked
from ensemble.folder.record import candidate_document, candidate_from
from ensemble.folder.versions import installed_versions
from ensemble.settings import Settings, dump_settings, settings_from
from lm.meter import NO_TOKENS, Usage

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Effort:
    """What was spent on a stage of a task that is not complete.

    Attributes:
        n_passes: How many passes of the stage were made to their end.
        cap_s: The longest time it was given for one more, in seconds, all of which it took; or 0.
    """

    n_passes: int = 0
    cap_s: float = 0.0


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
            facts: What else must be the same on resuming: mode, data set, and the `origins` of
                stages that come from outside, by name.

        Raises:
            RunError: The folder holds another run (says what differs), or cannot be written.
        """
        manifest = {
            "format": _FORMAT,
            **facts,
            "task_ids": [task.task_id for task in tasks],
            "tasks_sha256": _digest(tasks),
            "versions": installed_versions(),
        }
        if (path / "config.toml").exists() and (path / "manifest.json").exists():
            found = cls.open(path)
            differing = run_differences(found.manifest, found.settings, manifest, settings)
            if differing:
                raise RunError(
                    f"{path}: holds another run; these differ: {', '.join(differing)}; "
                    "choose another --out"
                )
            return found
        if path.exists() and not _is_begun(path):
            raise RunError(f"{path}: exists and is not a run folder; choose another --out")
        with _writing(path):
            (path / "candidates").mkdir(parents=True, exist_ok=True)
            write_json(path / "manifest.json", manifest, indent=1)
            write_text(path / "config.toml", dump_settings(settings))
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

    @property
    def origins(self) -> Mapping[str, str]:
        """Where the stages come from that are not of this package, by name."""
        origins: Mapping[str, str] = self.manifest.get("origins", {})
        return origins

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps other processes off the folder, and clears away what a kill has left half-written.

        Raises:
            RunError: Another process is at work on it, or nothing can be written.
        """
        with locked(self.path):
            with _writing(self.path):
                for folder in (self.path, self.path / "candidates"):
                    for partial in (*folder.glob(".*.json.*"), *folder.glob(".*.toml.*")):
                        partial.unlink()
                for part in (self.path / "candidates").glob("*.part.json"):
                    if part.with_name(part.name.replace(".part.json", ".json")).exists():
                        part.unlink()
                write_text(self.path / ".writable", "")
                (self.path / ".writable").unlink()
            yield

    def has(self, task_id: str, stage: str) -> bool:
        """Whether a stage of a task is done: more time would change nothing."""
        return self._file(task_id, stage).exists()

    def effort(self, task_id: str, stage: str) -> Effort | None:
        """Returns what was spent on a stage that is not done, or `None` where nothing was."""
        path = self._part(task_id, stage)
        if not path.exists():
            return None
        return Effort(**self._document(path)["effort"])

    def write(
        self,
        task_id: str,
        stage: str,
        candidates: Iterable[Candidate],
        seconds: float,
        effort: Effort | None = None,
        usage: Usage = NO_TOKENS,
    ) -> None:
        """Stores what a stage of a task found; `effort` says what was spent where it is not done.

        Raises:
            RunError: The disk is full or the folder cannot be written; what was there is kept.
        """
        document: dict[str, Any] = {"task_id": task_id, "stage": stage}
        if effort is not None:
            document["effort"] = asdict(effort)
        document["candidates"] = [candidate_document(candidate) for candidate in candidates]
        with _writing(self.path):
            if effort is not None:
                write_json(self._part(task_id, stage), document)
            else:
                write_json(self._file(task_id, stage), document)
                self._part(task_id, stage).unlink(missing_ok=True)
            self._ledger.note((task_id, stage), seconds, usage)

    def read(self, task_id: str, stage: str) -> list[Candidate]:
        """Returns what a stage of a task found so far.

        Raises:
            RunError: The file is damaged.
        """
        path = self._file(task_id, stage)
        if not path.exists():
            path = self._part(task_id, stage)
        if not path.exists():
            return []
        document = self._document(path)
        try:
            return [
                candidate_from(task_id, candidate, str(path), i)
                for i, candidate in enumerate(document["candidates"])
            ]
        except DataError as error:
            raise _damaged(error) from None

    def _document(self, path: Path) -> Any:
        try:
            document = read_json(path)
            check_document(document, "candidates", str(path))
        except DataError as error:
            raise _damaged(error) from None
        return document

    def read_task(self, task_id: str) -> list[Candidate]:
        """Returns all candidates of a task."""
        return [c for stage in self.manifest["stages"] for c in self.read(task_id, stage)]

    def write_submission(self, tasks: Sequence[Task], attempts: Attempts) -> None:
        """Writes `submission.json`, with placeholders for what is missing."""
        with _writing(self.path):
            write_submission(self.path / "submission.json", tasks, attempts)

    def timings(self) -> dict[tuple[str, str], float]:
        """Returns the seconds spent, by task id and stage."""
        return self._ledger.seconds()

    def usages(self) -> dict[tuple[str, str], Usage]:
        """Returns what models read and wrote, by task id and stage."""
        return self._ledger.usages()

    @property
    def _ledger(self) -> Ledger:
        return Ledger(self.path / "timings.jsonl")

    def _file(self, task_id: str, stage: str) -> Path:
        return self.path / "candidates" / f"{task_id}.{stage}.json"

    def _part(self, task_id: str, stage: str) -> Path:
        return self.path / "candidates" / f"{task_id}.{stage}.part.json"


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turns what goes wrong while a run folder is written into one line."""
    try:
        yield
    except (DataError, OSError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        reason = cause.strerror if isinstance(cause, OSError) else str(error)
        raise RunError(
            f"{path}: cannot be written: {reason}; what is done is kept: "
            "make it writable and go on, or choose another --out"
        ) from None


def _damaged(error: DataError) -> RunError:
    return RunError(f"{error}; delete this file and run again to have it remade")


def _is_begun(path: Path) -> bool:
    """Whether a folder holds nothing but what a run that was killed at once has left."""
    ours = ("candidates", "manifest.json", ".manifest.json.", ".config.toml.")
    if not path.is_dir() or any(not p.name.startswith(ours) for p in path.iterdir()):
        return False
    manifest = path / "manifest.json"
    is_ours = not manifest.exists() or '"tasks_sha256"' in manifest.read_text(errors="replace")
    return is_ours and not any((path / "candidates").glob("*"))


def _read_settings(path: Path) -> Settings:
    import tomllib

    try:
        return settings_from(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: {error}") from None


def _digest(tasks: Sequence[Task]) -> str:
    digest = hashlib.sha256()
    for task in tasks:
        digest.update(repr(task).encode())
    return digest.hexdigest()
