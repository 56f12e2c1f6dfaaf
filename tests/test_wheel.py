"""What a user's `pip install .` carries, tested on the built wheel."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_wheel_carries_weights_schemas_configs_and_every_module(tmp_path):
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, ROOT]
    subprocess.run(command, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.split()
    packages = ("arc/", "sandbox/", "lm/", "induction/", "transduction/", "ensemble/", "configs/")
    expected = {name for name in tracked if name.startswith(packages)}
    assert any(name.endswith(".safetensors") for name in expected)
    assert any(name.endswith(".schema.json") for name in expected)
    assert expected <= names, sorted(expected - names)
