"""Packages that bring solvers, installed as pip would."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from ensemble.plugin import GROUP

PAGE = Path(__file__).parent.parent / "docs" / "solvers.md"


def install(
    folder: Path, name: str, version: str, module: str, source: str, entry_points: Mapping[str, str]
) -> None:
    """Leaves in a folder what pip does of a package."""
    (folder / f"{module}.py").write_text(source)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [f"{key} = {value}" for key, value in entry_points.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *lines, ""]))


def install_example(folder: Path) -> None:
    """Installs the solver of the page on solvers."""
    blocks = dict(re.findall(r"```(python|toml)\n(.*?)```", PAGE.read_text(), re.DOTALL))
    project = tomllib.loads(blocks["toml"])["project"]
    points = project["entry-points"][GROUP]
    install(folder, project["name"], project["version"], "my_solver", blocks["python"], points)
