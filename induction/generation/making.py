"""Making: attempts at a task, each from a seed and a number to pairs or the reason why not."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice

import numpy as np

from arc.ahead import worked_ahead
from arc.contamination import pair_hash
from induction.generation.growth import LENGTHS, grown_program
from induction.generation.inputs import Source, inputs_for_task
from induction.generation.program import Program
from induction.generation.quality import CellPair, Cells, behavior, fault_of, output_of
from induction.library.image import image

N_TRIED = 12
"""Inputs that a program is grown on."""

PATIENCE = 4
"""How many inputs are drawn at most for a pair that is kept."""

AHEAD = 8
"""Attempts that are under way or waiting, for each worker."""


@dataclass(frozen=True, slots=True)
class GenerationConfig:
    """Settings of the generator.

    Attributes:
        pairs: Pairs of a task.
        max_cells: Cells of the largest pair, input and output.
        seed: Seed of all chance.
        lengths: Weights of programs with one operation, two, and so on up to four.
        repeats: Whether programs that do the same may be several tasks, on other inputs.
    """

    pairs: int = 40
    max_cells: int = 500
    seed: int = 0
    lengths: tuple[float, ...] = LENGTHS
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of one attempt.

    Attributes:
        fault: Why there is no task, or nothing.
        source: The program.
        n_operations: How many operations it is made of.
        pairs: Inputs and outputs, cells of (height, width).
        behavior: What programs that do the same have in common; empty where they may repeat.
    """

    fault: str
    source: str = ""
    n_operations: int = 0
    pairs: tuple[CellPair, ...] = ()
    behavior: bytes = b""


@contextmanager
def attempts(
    config: GenerationConfig,
    sources: Sequence[Source],
    forbidden: frozenset[bytes],
    n_workers: int = 1,
) -> Iterator[Iterator[Attempt]]:
    """Yields the endless sequence of attempts; it does not depend on the number of workers."""
    work = partial(attempt, config=config, sources=sources, forbidden=forbidden)
    with worked_ahead(work, n_workers if n_workers > 1 else 0, AHEAD) as attempts_from:
        yield attempts_from(0)


def attempt(
    index: int, config: GenerationConfig, sources: Sequence[Source], forbidden: frozenset[bytes]
) -> Attempt:
    """Returns what comes of the attempt with this number; the same every time.

    Args:
        index: Its number, from 0.
        config: The settings.
        sources: Grids of known tasks, or none.
        forbidden: Hashes of pairs that no task may have.
    """
    rng = random.Random(f"{config.seed}:{index}")
    inputs = inputs_for_task(np.random.default_rng(rng.getrandbits(64)), sources)
    first = list(islice(inputs, N_TRIED))
    if len(first) < N_TRIED:
        return Attempt("no inputs")
    program = grown_program(rng, [image(cells) for cells in first], config.lengths)
    if program is None:
        return Attempt("not grown")
    pairs = _pairs(program, first, inputs, config)
    if pairs is None:
        return Attempt("undefined or too large")
    fault = fault_of(program, pairs)
    if not fault and any(pair_hash(*map(_unsigned, pair)) in forbidden for pair in pairs):
        fault = "contaminated"
    if fault:
        return Attempt(fault)
    alike = b"" if config.repeats else behavior(program)
    return Attempt("", program.source, program.n_operations, tuple(pairs), alike)


def _unsigned(cells: Cells) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return cells.astype(np.uint8)


def _pairs(
    program: Program, first: Sequence[Cells], more: Iterator[Cells], config: GenerationConfig
) -> list[CellPair] | None:
    """Returns the pairs of different inputs, or `None` if too many inputs have no output."""
    found: list[CellPair] = []
    known: set[tuple[tuple[int, ...], bytes]] = set()
    drawn = islice(more, PATIENCE * config.pairs)
    for count, source in enumerate((*first, *drawn), start=1):
        key = (source.shape, source.tobytes())
        if key not in known:
            known.add(key)
            target = output_of(program, source)
            if target is not None and source.size + target.size <= config.max_cells:
                found.append((source, target))
        if len(found) == config.pairs:
            return found
        if count > 3 * N_TRIED and len(found) * PATIENCE < count:
            return None
    return None
