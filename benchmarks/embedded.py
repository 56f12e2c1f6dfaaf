"""Speed of the embedded model, by size and precision; layers and Muon against plain torch.

python benchmarks/embedded.py [--threads 2]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from unittest import mock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from lm.device import has_bfloat16, mixed_precision
from lm.embedded import layers, scoring
from lm.embedded.batch import Sample, collate, token_losses
from lm.embedded.model import SIZES, Architecture, EmbeddedModel, _attend
from lm.embedded.optimizer import Rates, make_optimizer

SIDE, N_PAIRS, REPEATS = 14, 9, 3


def main() -> None:
    """Prints a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    rng = np.random.default_rng(0)
    grids = rng.integers(0, 10, (N_PAIRS, 2, SIDE, SIDE)).astype(np.uint8)
    samples = [Sample(source, target) for source, target in grids]
    batch = collate(samples)
    n_tokens = sum(sample.length for sample in samples)
    print("products in bfloat16" if has_bfloat16("cpu") else "products in float32")
    for name, size in SIZES.items():
        model = EmbeddedModel(size)
        vectors = torch.zeros(N_PAIRS, size.width)

        def differentiate(model: EmbeddedModel = model, vectors: torch.Tensor = vectors) -> None:
            of_sides, of_cells = token_losses(model, batch, vectors)
            torch.autograd.backward(of_sides.mean() + of_cells.mean())

        def mixed(differentiate: Callable[[], None] = differentiate) -> None:
            with mixed_precision(torch.device("cpu")):
                differentiate()

        differentiate()
        mixed()
        passes, mixed_passes = median_s(differentiate), median_s(mixed)
        with mock.patch.object(layers, "_is_compiled", return_value=False):
            plain_passes = median_s(differentiate)
        own = make_optimizer(model, [], Rates())
        matrices = [p for name, p in model.blocks.named_parameters() if p.ndim == 2]
        theirs = torch.optim.Muon(nn.ParameterList(matrices).parameters(), lr=0.0)
        theirs_s, own_s = median_s(theirs.step), median_s(lambda own=own: own.muon.step(0.0))
        n_parameters = sum(p.numel() for p in model.parameters())
        print(
            f"{name}, {n_parameters / 1e6:.1f} M parameters, {threads} threads: "
            f"{n_tokens / passes:.0f} tokens/s forward and backward in float32, "
            f"{n_tokens / plain_passes:.0f} with plain layers, "
            f"{n_tokens / mixed_passes:.0f} as trained here; Muon {own_s:.3f} s, "
            f"torch.optim.Muon {theirs_s:.3f} s an update, ratio {theirs_s / own_s:.1f}; "
            f"{attention(size)}; {scoring_ratio(model, grids)}"
        )


def attention(size: Architecture) -> str:
    """Returns what attention takes in bfloat16, forward and backward, ours and the fused kernel."""
    shape = (N_PAIRS, size.heads, 2 * SIDE * SIDE, size.width // size.heads)
    heads = [torch.randn(shape, dtype=torch.bfloat16, requires_grad=True) for _ in range(3)]
    mask = torch.zeros(N_PAIRS, 1, shape[2], shape[2], dtype=torch.bfloat16)

    def ours() -> None:
        torch.autograd.backward(_attend(*heads, mask).sum())

    def fused() -> None:
        seen = functional.scaled_dot_product_attention(*heads, attn_mask=mask)
        torch.autograd.backward(seen.sum())

    ours(), fused()
    return f"attention {1000 * median_s(ours):.1f} ms, fused {1000 * median_s(fused):.1f} ms"


@torch.inference_mode()
def scoring_ratio(model: EmbeddedModel, grids: NDArray[np.uint8]) -> str:
    """Returns how much faster outputs are scored that share their inputs, as candidates do."""
    samples = [Sample(source, output) for output in grids[:, 1] for source in grids[:, 0]]
    vector = torch.zeros(model.architecture.width)

    def score() -> None:
        scoring.sample_losses(model, vector, samples)

    score()
    together = median_s(score)
    with mock.patch.object(scoring, "_prompt", side_effect=id):
        apart = median_s(score)
    return f"scoring {N_PAIRS} outputs for each input {apart / together:.2f} times as fast as apart"


def median_s(action: Callable[[], object]) -> float:
    """Returns the median seconds of a few calls."""
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
