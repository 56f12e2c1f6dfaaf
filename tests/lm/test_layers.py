"""The compiled layers compute what plain `torch` does, gradients too."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lm.embedded import layers
from lm.embedded.layers import gated, heads_of, normalized

SIZES = st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 3))


def drawn(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def both(function, *inputs):
    """Returns results and gradients of all inputs that have one, compiled and plain."""
    found = []
    for is_compiled in (True, False):
        leaves = [tensor.clone().requires_grad_() for tensor in inputs]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(layers, "_is_compiled", lambda _, answer=is_compiled: answer)
            results = function(*leaves)
        results = results if isinstance(results, tuple) else (results,)
        weighted = sum((result * drawn(*result.shape, seed=9)).sum() for result in results)
        found.append([*results, *torch.autograd.grad(weighted, leaves)])
    return zip(*found, strict=True)


@given(SIZES, st.integers(0, 99), st.sampled_from([1e-6, 1.0, 1e3]))
def test_normalization(sizes, seed, scale):
    batch, length, heads = sizes
    hidden = drawn(batch, length, 8 * heads, seed=seed) * scale
    for compiled, plain in both(normalized, hidden, drawn(8 * heads, seed=seed + 1)):
        assert torch.allclose(
            compiled, plain, rtol=1e-4, atol=1e-5 * float(plain.detach().abs().max())
        )


@given(SIZES, st.integers(0, 99))
def test_heads(sizes, seed):
    batch, length, heads = sizes
    angles = drawn(batch, 1, length, 4, seed=seed)

    def split(projected, gain):
        return heads_of(projected, gain, (angles.cos(), angles.sin()))

    projected = drawn(batch, length, 3 * 8 * heads, seed=seed + 1)
    for compiled, plain in both(split, projected, drawn(heads, 1, 1, seed=seed + 2)):
        assert compiled.shape == plain.shape
        assert torch.allclose(compiled, plain, rtol=1e-4, atol=1e-5)


@given(SIZES, st.integers(0, 99))
def test_gates(sizes, seed):
    batch, length, heads = sizes
    for compiled, plain in both(gated, drawn(batch, length, 16 * heads, seed=seed) * 5):
        assert torch.allclose(compiled, plain, rtol=1e-4, atol=1e-5)


def test_slices_of_larger_tensors_are_read_in_their_places():
    whole = drawn(2, 6, 48, seed=0)
    for compiled, plain in both(lambda x: gated(x[:, 2:, 16:]), whole):
        assert torch.allclose(compiled, plain, rtol=1e-4, atol=1e-5)
    for compiled, plain in both(lambda x: normalized(x[:, 1:4, 8:16], torch.ones(8)), whole):
        assert torch.allclose(compiled, plain, rtol=1e-4, atol=1e-5)


def test_what_is_not_a_number_stays_so():
    hidden = torch.ones(2, 8)
    hidden[0, 3] = float("nan")
    normed = normalized(hidden, torch.ones(8))
    assert normed[0].isnan().all()
    assert normed[1].isfinite().all()


def test_in_bfloat16_nothing_is_compiled():
    assert gated(torch.ones(1, 4, dtype=torch.bfloat16)).dtype == torch.bfloat16
