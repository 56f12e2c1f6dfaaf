"""Running: what a program found by the search makes of grids, in this process.

For programs of the search's own making only; anything else runs in the sandbox.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from induction.search.proposal import Proposal

Array = NDArray[np.int64]


def completed(
    proposal: Proposal, inputs: Sequence[Array], outputs: Sequence[Array]
) -> Proposal | None:
    """Returns the proposal with its test outputs, or `None` if it misses a demonstration."""
    scope: dict[str, object] = {}
    exec(proposal.source, scope)
    transform = scope["transform"]
    assert callable(transform)
    made = []
    for k, grid in enumerate(inputs):
        try:
            result = np.asarray(transform(grid.copy())).astype(np.int64)
        except ValueError:
            return None
        if k < len(outputs) and not np.array_equal(result, outputs[k]):
            return None
        made.append(result)
    return replace(proposal, outputs=tuple(made[len(outputs) :]))
