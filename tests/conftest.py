"""Settings that every test shares."""

import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

# No test is timed: a slow machine must not fail one. `--hypothesis-profile thorough` tries more.
settings.register_profile("quick", deadline=None, max_examples=30)
settings.register_profile("thorough", deadline=None, max_examples=300)
settings.load_profile("quick")


@pytest.fixture(autouse=True)
def keep_tiny_numbers() -> Iterator[None]:
    """Takes back what a worker does to its own process, where a test plays the worker."""
    yield
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_flush_denormal(False)
