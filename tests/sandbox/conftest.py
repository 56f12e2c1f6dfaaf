from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox import Limits, ZygoteSandbox, open_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[ZygoteSandbox]:
    with open_sandbox(Limits(cpu_s=0.25, wall_factor=3.0, memory_mb=256)) as opened:
        yield opened
