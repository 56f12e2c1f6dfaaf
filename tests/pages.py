"""The commands in the README and the pages of docs/."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"(?:^    .*\n)+", re.MULTILINE)
_SPAN = re.compile(r"`(ensemble(?:\s+[^`\s]+){2,})`")
"""A command among words; with one word more than `ensemble` it is the name of a command."""


def commands(text: str) -> list[list[str]]:
    """Returns the arguments of each `ensemble` command of a page, in its order."""
    found = [(span.start(), span[1]) for span in _SPAN.finditer(text)]
    for block in _BLOCK.finditer(text):
        lines = re.sub(r"\\\n\s*", " ", block[0]).splitlines()
        for line in lines:
            for part in re.split(r"&&|;", line.split("#")[0]):
                # What stands two spaces behind a command says what it is for.
                written = re.split(r"\s{2,}", part.strip().lstrip("!"))[0]
                if written.startswith("ensemble "):
                    found.append((block.start(), written))
    return [shlex.split(written)[1:] for _, written in sorted(found, key=lambda each: each[0])]
