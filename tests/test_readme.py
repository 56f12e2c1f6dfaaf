"""Every command in the README and in docs/ is one that the command line takes."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from ensemble.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"(?:^    .*\n)+", re.MULTILINE)


def commands(text):
    """Returns the arguments of each `ensemble` command in the indented blocks of a page."""
    found = []
    for block in _BLOCK.findall(text):
        lines = re.sub(r"\\\n\s*", " ", block).splitlines()
        for line in lines:
            for part in re.split(r"&&|;", line.split("#")[0]):
                # What stands two spaces behind a command says what it is for.
                written = re.split(r"\s{2,}", part.strip().lstrip("!"))[0]
                if written.startswith("ensemble "):
                    found.append(shlex.split(written)[1:])
    return found


def parsed(arguments):
    """Resolves a command and its options without running it."""
    command = typer.main.get_command(app)
    context = command.make_context("ensemble", list(arguments))
    while hasattr(command, "resolve_command"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)
    return command.name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists_with_its_options(page):
    for arguments in commands(page.read_text()):
        try:
            assert parsed(arguments)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, say with which command
            pytest.fail(f"{page.name}: ensemble {shlex.join(arguments)}: {error!r}")


def test_the_readme_has_commands_and_a_wrong_one_is_noticed():
    assert len(commands(PAGES[0].read_text())) > 15
    for wrong in (["rum"], ["run", "--no-such-option"], ["score"]):
        with pytest.raises(Exception, match=r"."):
            parsed(wrong)
