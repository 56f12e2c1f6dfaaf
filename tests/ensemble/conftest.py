"""What several tests of the command line share."""

import signal
import sys

import pytest

from ensemble.cli import main


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """Runs a command line in an empty folder; returns status, stdout and stderr."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["ensemble", *map(str, arguments)])
        handler = signal.getsignal(signal.SIGINT)
        status = main()
        signal.signal(signal.SIGINT, handler)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
