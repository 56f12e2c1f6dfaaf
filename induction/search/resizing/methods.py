"""Resizing: everything that is tried only where outputs don't have the sizes of their inputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from induction.search.proposal import Proposal
from induction.search.resizing.choosing import choice_proposals
from induction.search.resizing.combining import combination_proposals
from induction.search.resizing.counting import counting_proposals
from induction.search.resizing.cutting import Parts
from induction.search.resizing.expanding import expansion_proposals
from induction.search.resizing.reading import reading_proposals
from induction.search.resizing.summarizing import summary_proposals
from induction.search.resizing.tiling import tiling_proposals

Array = NDArray[np.int64]

WHOLE = (tiling_proposals, expansion_proposals)
"""Methods that take the input as it is."""

PARTED = (
    choice_proposals,
    combination_proposals,
    summary_proposals,
    reading_proposals,
    counting_proposals,
)
"""Methods that take it cut into parts."""


def resizing_proposals(
    inputs: Sequence[Array],
    outputs: Sequence[Array],
    cuts: Sequence[Parts],
    is_over: Callable[[], bool],
) -> list[Proposal]:
    """Returns the programs of all these methods, or of those that there is time for."""
    found = [proposal for method in WHOLE for proposal in method(inputs, outputs)]
    for method in PARTED:
        if not is_over():
            found += method(inputs, outputs, cuts)
    return found
