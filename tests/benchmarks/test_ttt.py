"""The benchmarks of test-time training, on models small enough for a test."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent.parent / "benchmarks"


@pytest.fixture(autouse=True)
def _beside_the_benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))


def printed(capsys: pytest.CaptureFixture[str], name: str, *arguments: str) -> str:
    importlib.import_module(name).main(arguments)
    return capsys.readouterr().out


def assert_alike(out: str) -> None:
    """The plain loop and ours must have come to the same."""
    [(ours, plain, alike, asked, apart)] = re.findall(
        r"loss (\S+) and (\S+); (\d+) of (\d+) replies alike; .* at most (\S+) nats", out
    )
    assert float(ours) == pytest.approx(float(plain), abs=1e-3)
    assert alike == asked
    assert float(apart) < 1e-2
    assert "ratio" in out


@pytest.mark.slow
def test_the_embedded_model_does_what_a_plain_loop_does(capsys) -> None:
    assert_alike(printed(capsys, "ttt", "embedded", "--tasks", "1", "--tokens", "600"))


@pytest.mark.slow
def test_a_causal_model_does_what_a_plain_loop_does(capsys) -> None:
    assert_alike(printed(capsys, "ttt", "causal", "--tasks", "1", "--examples", "2"))


@pytest.mark.slow
def test_the_benchmark_for_gpus_runs_on_a_tiny_model(capsys) -> None:
    out = printed(
        capsys, "ttt_gpu", "--shape", "tiny", "--examples", "3", "--epochs", "1", "--device",
        "cpu", "--dtype", "float32", "--rank", "2", "--views", "2", "--together", "2",
    )  # fmt: skip
    assert "2 tasks of 3 examples" in out
    assert re.search(r"training: \d+\.\d+ TFLOP/s, \d+ % of the peak", out)
