"""The ledger of a run: what each task took at each stage, a line of JSON every time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lm.meter import NO_TOKENS, Usage

Key = tuple[str, str]
"""Task id and stage."""


class Ledger:
    """A file that grows; for reports alone, no result depends on it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, key: Key, seconds: float, usage: Usage) -> None:
        """Adds a line."""
        task_id, stage = key
        line = {"task_id": task_id, "stage": stage, "seconds": round(seconds, 3), **asdict(usage)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def seconds(self) -> dict[Key, float]:
        """Returns the wall-clock seconds spent."""
        seconds: dict[Key, float] = {}
        for key, line in self._lines():
            seconds[key] = seconds.get(key, 0.0) + float(line["seconds"])
        return seconds

    def usages(self) -> dict[Key, Usage]:
        """Returns what models read and wrote."""
        usages: dict[Key, Usage] = {}
        for key, line in self._lines():
            usage = Usage(int(line.get("read", 0)), int(line.get("written", 0)))
            usages[key] = usages.get(key, NO_TOKENS) + usage
        return usages

    def _lines(self) -> Iterator[tuple[Key, Mapping[str, Any]]]:
        if not self._path.exists():
            return
        for text in self._path.read_text(encoding="utf-8").splitlines():
            # A line that a kill cut off is no JSON, or lacks something.
            with suppress(ValueError, KeyError, TypeError):
                line = json.loads(text)
                key = (line["task_id"], line["stage"])
                float(line["seconds"])
                yield key, line
