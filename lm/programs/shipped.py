"""The small model of programs that is shipped."""

from __future__ import annotations

from pathlib import Path

TEMPLATE = "signature_program"
"""How it is asked."""

FOLDER = Path(__file__).parent / "weights"
"""Where it lies, in the form that `transformers` and vLLM read."""


def shipped_writer() -> dict[str, object]:
    """Returns the settings of a writer that it is."""
    return {"model": str(FOLDER), "template": TEMPLATE, "device": "cpu", "max_context": 512}
