"""Package data: the weights that ship, and their model cards."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from importlib import resources
from pathlib import Path

SHIPPED = ("small", "small_long", "medium")
"""The models that ship, each in a folder of its name."""


def weights_folder(name: str) -> AbstractContextManager[Path]:
    """Returns the folder of the weights that ship under a name, or else the folder of that path."""
    if name in SHIPPED:
        return resources.as_file(resources.files(__name__) / name)
    return nullcontext(Path(name))
