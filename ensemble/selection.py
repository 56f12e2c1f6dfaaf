"""Which tasks a command is about, and their answers where they are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arc.dataset import (
    DATASETS,
    SPLITS,
    SUBSETS,
    Dataset,
    load_answers,
    load_split,
    load_split_answers,
    load_subset,
    load_tasks,
    select_tasks,
    unknown_name,
)
from arc.errors import DataError
from arc.task import Answers, Task


@dataclass(frozen=True, slots=True)
class Selection:
    """A choice of tasks.

    Attributes:
        dataset: `arc1` or `arc2`.
        split: `eval` or `train`, or empty.
        path: A task, a challenges file or a folder, in place of a split.
        subset: A named subset of the split, or empty.
        ids: Task ids, or none for all.
        limit: At most so many tasks, or none.
    """

    dataset: str = "arc1"
    split: str = ""
    path: Path | None = None
    subset: str = ""
    ids: Sequence[str] | None = None
    limit: int | None = None

    def tasks(self) -> list[Task]:
        """Returns the chosen tasks.

        Raises:
            DataError: Nothing is chosen, or something that does not exist.
        """
        if self.limit is not None and self.limit < 1:
            raise DataError(f"--limit {self.limit}: a number from 1 expected")
        tasks = self._all()
        if self.subset:
            chosen = load_subset(self.subset)
            own = SUBSETS[self.subset]
            if (self.dataset, SPLITS.get(self.split)) != ("arc1", own):
                raise DataError(f"--subset {self.subset}: belongs to --dataset arc1 --split {own}")
            tasks = select_tasks(tasks, chosen)
        return select_tasks(tasks, self.ids, self.limit)

    def answers(self) -> dict[str, Answers] | None:
        """Returns the answers to all tasks of the source, or `None` where it has none."""
        if self.path is None:
            return load_split_answers(self._dataset(), SPLITS[self.split])
        try:
            return load_answers(self.path)
        except DataError:
            return None

    def describe(self) -> dict[str, Any]:
        """Returns where the tasks come from, for the manifest of a run."""
        if self.path is not None:
            return {"path": str(self.path.resolve())}
        return {"dataset": self.dataset, "split": SPLITS[self.split], "subset": self.subset}

    def title(self) -> str:
        """Returns where the tasks come from, for people."""
        if self.path is not None:
            return str(self.path)
        subset = f", subset {self.subset}" if self.subset else ""
        return f"{self.dataset} {SPLITS[self.split]}{subset}"

    def _all(self) -> list[Task]:
        if self.path is not None:
            if self.split:
                raise DataError("give a path or --split, not both")
            return load_tasks(self.path)
        if not self.split:
            raise DataError("which tasks? give --split eval, --split train, or a path")
        if self.split not in SPLITS:
            raise DataError(unknown_name("split", self.split, list(SPLITS)))
        return load_split(self._dataset(), SPLITS[self.split])

    def _dataset(self) -> Dataset:
        for dataset in DATASETS:
            if self.dataset == dataset:
                return dataset
        raise DataError(unknown_name("dataset", self.dataset, list(DATASETS)))


def selection_of(manifest: Mapping[str, Any]) -> Selection:
    """Returns the selection that a run's manifest describes."""
    data = manifest["data"]
    ids = tuple(manifest["task_ids"])
    if "path" in data:
        return Selection(path=Path(data["path"]), ids=ids)
    split = "eval" if data.get("split") == "evaluation" else "train"
    return Selection(dataset=data.get("dataset", "arc1"), split=split, ids=ids)
