"""Every command in the README and in docs/ is one that the command line takes."""

import shlex

import pytest
import typer
from pages import PAGES, README, commands

from ensemble.cli import app


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
        if arguments == ["COMMAND", "--help"]:
            continue
        try:
            assert parsed(arguments)
        except Exception as error:  # noqa: BLE001 - whatever is wrong, say with which command
            pytest.fail(f"{page.name}: ensemble {shlex.join(arguments)}: {error!r}")


def test_the_readme_has_commands_and_a_wrong_one_is_noticed():
    assert len(commands(README.read_text())) > 15
    for wrong in (["rum"], ["run", "--no-such-option"], ["score"]):
        with pytest.raises(Exception, match=r"."):
            parsed(wrong)
