"""Programs with pairs that they explain, as JSON lines: what a model of programs learns from.

Each line is an object of these members, in any order:

    id            a name, unlike those of other lines
    source        the program, Python text that defines `transform(grid)`
    n_operations  how many operations it is made of
    pairs         two or more objects with `input` and `output`; a grid is a list of its rows,
                  a row a text of digits, one a cell

so that each line can be read without the others, and by other tools.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from arc.document import parse_json, read_text
from arc.errors import ConfigError, DataError, GridError
from arc.grid import Grid
from arc.task import Pair

LEAST_PAIRS = 2


@dataclass(frozen=True, slots=True)
class ProgramTask:
    """A program and some of its inputs and outputs.

    Attributes:
        task_id: A name.
        source: The program.
        n_operations: How many operations it is made of.
        pairs: Inputs with what it makes of them.
    """

    task_id: str
    source: str
    n_operations: int
    pairs: tuple[Pair, ...]

    def line(self) -> str:
        """Returns it as a line of JSON, with its end."""
        document = {
            "id": self.task_id,
            "source": self.source,
            "n_operations": self.n_operations,
            "pairs": [
                {"input": _written(pair.input), "output": _written(pair.output)}
                for pair in self.pairs
            ],
        }
        return json.dumps(document, separators=(",", ":")) + "\n"


def read_programs(path: Path) -> list[ProgramTask]:
    """Returns the programs in a file; empty lines are skipped.

    Raises:
        DataError: A line is not a program with pairs, or there is none; names the line.
    """
    found = list(_programs(path))
    if not found:
        raise DataError(f"{path}: no programs; `ensemble generate --programs FILE` writes some")
    return found


def kept_apart(
    tasks: Sequence[ProgramTask], one_of: int
) -> tuple[list[ProgramTask], list[ProgramTask]]:
    """Returns programs to learn, and one of so many of those that come once to measure on.

    Short programs come often, on other inputs; they are to be learned, all of them.

    Raises:
        ConfigError: One of the two would be empty.
    """
    n_with = Counter(task.source for task in tasks)
    reserved = [task for task in tasks if n_with[task.source] == 1][::one_of]
    taken = {task.task_id for task in reserved}
    learned = [task for task in tasks if task.task_id not in taken]
    if not learned or not reserved:
        raise ConfigError(f"{len(tasks)} programs are too few to keep some apart")
    return learned, reserved


def drawn(tasks: Sequence[ProgramTask], index: int, seed: int) -> ProgramTask:
    """Returns the program of an index, from 0: each comes once, then all in a new order."""
    epoch, place = divmod(index, len(tasks))
    return tasks[_order(len(tasks), seed, epoch)[place]]


@lru_cache(maxsize=2)  # a batch may reach into the next epoch
def _order(n: int, seed: int, epoch: int) -> list[int]:
    order = list(range(n))
    random.Random(f"{seed}:epoch {epoch}").shuffle(order)
    return order


def some_places(task: ProgramTask, most: int, rng: random.Random) -> list[int]:
    """Returns two or more of the first `most` pairs of a program, by chance."""
    n = min(most, len(task.pairs))
    return rng.sample(range(n), rng.randint(LEAST_PAIRS, n))


def _programs(path: Path) -> Iterator[ProgramTask]:
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if line.strip():
            where = f"{path}: line {number}"
            document = parse_json(line, where, is_line=True)
            try:
                yield _parsed(document)
            except (AttributeError, GridError, KeyError, TypeError, ValueError) as error:
                raise DataError(
                    f"{where}: an object with id, source, n_operations and pairs of grids "
                    f"expected: {type(error).__name__}: {error}"
                ) from None


def _parsed(document: dict[str, Any]) -> ProgramTask:
    pairs = tuple(Pair(_read(p["input"]), _read(p["output"])) for p in document["pairs"])
    if len(pairs) < LEAST_PAIRS:
        raise ValueError(f"{LEAST_PAIRS} pairs or more expected, found {len(pairs)}")
    source = document["source"]
    if not isinstance(source, str):
        raise TypeError("source: a text expected")
    return ProgramTask(str(document["id"]), source, int(document["n_operations"]), pairs)


def _written(grid: Grid) -> list[str]:
    return ["".join(map(str, row)) for row in grid.rows]


def _read(rows: Sequence[str]) -> Grid:
    return Grid.of([[int(cell) for cell in row] for row in rows])
