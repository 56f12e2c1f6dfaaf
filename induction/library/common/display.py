"""Printing of grids; programs name it at their end, under `if __name__ == "__main__"`."""

# ruff: noqa: T201 (these functions are there to print)

from __future__ import annotations

from collections.abc import Callable

from numpy import ndarray


def show_colored_grid(grid: ndarray, text: bool = True) -> None:
    """Prints a grid, one line for each index of axis 0; without `text` nothing."""
    if text:
        for line in grid:
            print(" ".join(str(int(cell)) for cell in line))


def visualize(
    input_generator: Callable[[], ndarray],
    transform: Callable[[ndarray], ndarray],
    n_examples: int = 5,
    n_attempts: int = 100,
) -> None:
    """Prints examples of a generator and what a program makes of them.

    Of `n_attempts` generated inputs those on which either fails are left out.
    """
    n_shown = 0
    for _ in range(n_attempts):
        if n_shown == n_examples:
            return
        try:
            grid = input_generator()
            result = transform(grid.copy())
        except Exception:  # noqa: BLE001 (a generator may fail in any way, and be tried again)
            continue
        n_shown += 1
        print("input:")
        show_colored_grid(grid)
        print("output:")
        show_colored_grid(result)
