"""Views: a task as it looks turned and recolored, and programs brought back from there."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

from arc.grid import N_COLORS, Grid
from arc.task import Task
from arc.transform import SYMMETRIES, Compose, PermuteColors, Symmetry, transform_task
from sandbox.program import ENTRY_POINTS

_CALLS = {
    Symmetry.IDENTITY: "{}",
    Symmetry.ROTATE_90: "np.rot90({})",
    Symmetry.ROTATE_180: "np.rot90({}, 2)",
    Symmetry.ROTATE_270: "np.rot90({}, 3)",
    Symmetry.FLIP_ROWS: "np.flipud({})",
    Symmetry.FLIP_COLUMNS: "np.fliplr({})",
    Symmetry.TRANSPOSE: "np.transpose({})",
    Symmetry.ANTI_TRANSPOSE: "np.rot90({}, 2).T",
}
_PLAIN = tuple(range(N_COLORS))


@dataclass(frozen=True, slots=True)
class View:
    """A symmetry, then a permutation of colors.

    Attributes:
        symmetry: The symmetry.
        colors: The image of each color.
    """

    symmetry: Symmetry = Symmetry.IDENTITY
    colors: tuple[int, ...] = _PLAIN

    @property
    def is_plain(self) -> bool:
        """Whether nothing is changed."""
        return self.symmetry is Symmetry.IDENTITY and self.colors == _PLAIN

    def of_task(self, task: Task) -> Task:
        """Returns the task as it looks in this view."""
        return task if self.is_plain else transform_task(task, self._transform)

    def of_grid(self, grid: Grid) -> Grid:
        """Returns a grid as it looks in this view."""
        return self._transform.apply(grid)

    @property
    def _transform(self) -> Compose:
        return Compose(self.symmetry, PermuteColors(self.colors))

    def brought_back(self, source: str) -> str:
        """Returns the program that does to a task what `source` does to its view.

        Args:
            source: A program that defines an entry point.
        """
        if self.is_plain:
            return source
        entry = next(name for name in ENTRY_POINTS if re.search(rf"^def {name}\b", source, re.M))
        back = PermuteColors(self.colors).inverse().image
        there = _CALLS[self.symmetry].format("input_grid")
        return (
            f"{source.rstrip()}\n\n\n"
            "import numpy as np\n\n"
            f"_in_view = {entry}\n\n\n"
            f"def {entry}(input_grid):\n"
            f"    seen = np.array({list(self.colors)})[{there}]\n"
            f"    made = np.array({list(back)})[np.asarray(_in_view(seen)).astype(int)]\n"
            f"    return {_CALLS[self.symmetry.inverse()].format('made')}\n"
        )


def random_view(rng: random.Random) -> View:
    """Returns a view by any symmetry and any permutation of the colors but 0."""
    others = list(_PLAIN[1:])
    rng.shuffle(others)
    return View(rng.choice(SYMMETRIES), (0, *others))
