"""Products in bfloat16 give what products in float32 give, to their precision."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from strategies import grids
from tiny import random_embedded

from lm.device import as_multiplied, has_bfloat16
from lm.embedded import optimizer
from lm.embedded.batch import Sample, collate, token_losses
from lm.embedded.model import Architecture

TINY = Architecture(width=32, layers=2, heads=2, hidden=48)


def losses_of(samples, *, mixed):
    batch = collate(samples)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=mixed):
        return token_losses(
            random_embedded(TINY, 0.1), batch, torch.zeros(len(samples), TINY.width)
        )


@given(grids(6), grids(6), grids(6))
def test_losses_in_mixed_precision_are_those_in_single(first, second, third):
    samples = [Sample(first.array, second.array), Sample(second.array, third.array)]
    for mixed, single in zip(
        losses_of(samples, mixed=True), losses_of(samples, mixed=False), strict=True
    ):
        assert mixed.dtype == torch.float32
        assert torch.allclose(mixed, single, atol=0.15, rtol=0.05)


@given(grids(5), grids(5))
def test_in_mixed_precision_too_a_cell_knows_nothing_of_later_ones(source, output):
    changed = output.array.copy()
    changed.flat[-1] = (changed.flat[-1] + 1) % 10
    _, before = losses_of([Sample(source.array, output.array)], mixed=True)
    _, after = losses_of([Sample(source.array, changed)], mixed=True)
    assert torch.equal(before[:, :-1], after[:, :-1])


@pytest.mark.parametrize("in_bfloat16", [False, True])
@given(rows=st.integers(4, 40), columns=st.integers(4, 40), seed=st.integers(0, 99))
def test_an_orthogonalized_matrix_has_singular_values_near_one(in_bfloat16, rows, columns, seed):
    drawn = torch.randn(2, rows, columns, generator=torch.Generator().manual_seed(seed))
    # Singular values from 1 to 3: the iterations bring small ones up in more steps than five.
    left, _, right = torch.linalg.svd(drawn, full_matrices=False)
    values = torch.linspace(1, 3, min(rows, columns))
    stack = left @ torch.diag(values) @ right
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(optimizer, "has_bfloat16", lambda _: in_bfloat16)
        found = optimizer._orthogonalize(stack, 5).float()
    singular = torch.linalg.svdvals(found)
    assert singular.min() > 0.5
    assert singular.max() < 1.4
    aligned = torch.linalg.svdvals(found @ stack.mT - stack @ found.mT)
    assert aligned.max() < 0.2


@given(values=st.lists(st.floats(0.02, 1.0), min_size=2, max_size=12), seed=st.integers(0, 99))
def test_two_iterations_of_their_own_bring_singular_values_within_a_half_of_one(values, seed):
    n = len(values)
    drawn = torch.randn(2, n, n, generator=torch.Generator().manual_seed(seed))
    (left, right), _ = torch.linalg.qr(drawn)
    scaled = torch.tensor(values) / max(1.0, float(torch.tensor(values).norm()))
    stack = (left @ torch.diag(scaled.clamp(min=0.02)) @ right)[None]
    singular = torch.linalg.svdvals(optimizer._orthogonalize(stack, 2).float())
    assert singular.min() > 0.48
    assert singular.max() < 1.52


def test_without_being_told_a_processor_has_no_bfloat16(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not has_bfloat16.__wrapped__("cpu")
    assert has_bfloat16.__wrapped__("cuda")


def test_outside_of_mixed_precision_nothing_is_cast():
    tensor = torch.ones(2)
    assert as_multiplied(tensor) is tensor
    with torch.autocast("cpu", torch.bfloat16):
        assert as_multiplied(tensor).dtype == torch.bfloat16
