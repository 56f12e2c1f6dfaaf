"""Which package may import which, and what starts without torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "arc": set(),
    "sandbox": {"arc"},
    "lm": {"arc"},
    "induction": {"arc", "sandbox", "lm"},
    "transduction": {"arc", "lm"},
    "ensemble": {"arc", "sandbox", "lm", "induction", "transduction"},
}
FOLDERS = {
    "merge": set(),
    "folder": {"merge"},
    "run": {"merge", "folder"},
    "compare": {"merge", "folder"},
    "calibrate": {"merge", "folder", "compare"},
    "ablate": {"merge", "folder", "compare", "run"},
    "train": set(),
    "page": {"merge", "compare"},
}
HEAVY = {"torch", "transformers", "peft", "vllm"}


def modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def imports(path):
    return (module.split(".")[0] for module in modules(path))


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_lies_below_it(package):
    files = sorted((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        ours = {name for name in imports(file) if name in ALLOWED and name != package}
        assert ours <= ALLOWED[package], f"{file.relative_to(ROOT)} imports {ours}"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_folder_of_the_ensemble_imports_only_what_lies_below_it(folder):
    files = sorted((ROOT / "ensemble" / folder).rglob("*.py"))
    assert files
    for file in files:
        parts = [module.split(".") for module in modules(file)]
        ours = {part[1] for part in parts if part[0] == "ensemble" and part[1:]} & FOLDERS.keys()
        assert ours <= FOLDERS[folder] | {folder}, f"{file.relative_to(ROOT)} imports {ours}"


def test_every_folder_of_the_ensemble_has_its_place():
    assert FOLDERS.keys() == {file.parent.name for file in ROOT.glob("ensemble/*/__init__.py")}


def test_only_models_and_their_workbench_import_torch():
    permitted = {"lm", "transduction"}
    for package in ALLOWED.keys() - permitted:
        for file in sorted((ROOT / package).rglob("*.py")):
            if file.name == "assembly.py":
                continue
            assert not HEAVY & set(imports(file)), file.relative_to(ROOT)


def test_the_command_line_starts_without_torch_and_scipy():
    code = "import sys, ensemble.cli; print(*sys.modules)"
    started = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not {"torch", "transformers", "scipy"} & set(started.stdout.decode().split())
