"""Muon for the matrices of the blocks, AdamW for everything else.

`torch.optim.Muon` orthogonalizes in bfloat16, one matrix at a time: without hardware support for
it that is 17 to 30 times slower than the float32 stacks below, longer than the rest of the step
(`benchmarks/embedded.py`). With it the stacks are in bfloat16 too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lm.device import has_bfloat16
from lm.embedded.model import EmbeddedModel

_QUINTIC = (3.4445, -4.7750, 2.0315)
"""Of x, x^3 and x^5 in one iteration; K. Jordan's, who repeats it."""

_TWO_QUINTICS = ((7.7413, -22.2002, 16.3119), (3.2027, -2.3830, 0.4916))
"""Where there are two iterations only, each has its own. A numerical search for the pair that
brings singular values from 0.02 to 1 nearest to one found these: to 0.49-1.51, which a test holds
them to."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Learning rates and their companions.

    Attributes:
        matrix: Of Muon, for the matrices in the blocks.
        other: Of AdamW, for tables, heads, norms and gains.
        vector: Of AdamW, for task vectors.
        momentum: Of Muon.
        weight_decay: Of Muon; AdamW has none here.
        iterations: Of Muon's orthogonalization; fewer are cheaper and rougher.
    """

    matrix: float = 0.02
    other: float = 3e-3
    vector: float = 1e-2
    momentum: float = 0.95
    weight_decay: float = 0.01
    iterations: int = 5


class Muon:
    """Momentum, orthogonalized by Newton-Schulz iterations (K. Jordan, 2024).

    A fused projection (several matrices in one parameter, stacked by rows) is orthogonalized
    part by part.
    """

    def __init__(self, parameters: Sequence[tuple[nn.Parameter, int]], rates: Rates) -> None:
        self._groups: dict[tuple[int, int], list[tuple[nn.Parameter, int]]] = {}
        for parameter, parts in parameters:
            shape = (parameter.shape[0] // parts, parameter.shape[1])
            self._groups.setdefault(shape, []).append((parameter, parts))
        self._momentum = rates.momentum
        self._weight_decay = rates.weight_decay
        self._iterations = rates.iterations
        self.buffers = [torch.zeros_like(p) for group in self._groups.values() for p, _ in group]

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Updates the parameters from their gradients."""
        buffers = iter(self.buffers)
        for (rows, columns), group in self._groups.items():
            directions = []
            for parameter, parts in group:
                gradient = parameter.grad
                assert gradient is not None
                buffer = next(buffers)
                buffer.lerp_(gradient, 1 - self._momentum)
                direction = gradient.lerp(buffer, self._momentum)
                directions.append(direction.view(parts, rows, columns))
            updates = _orthogonalize(torch.cat(directions), self._iterations)
            scale = learning_rate * max(1.0, rows / columns) ** 0.5
            at = 0
            for parameter, parts in group:
                parameter.mul_(1 - learning_rate * self._weight_decay)
                parameter.sub_(updates[at : at + parts].reshape(parameter.shape), alpha=scale)
                at += parts


def _orthogonalize(stack: Tensor, iterations: int) -> Tensor:
    """Returns the matrices with all singular values near one; shape (n, rows, columns)."""
    is_tall = stack.shape[-2] > stack.shape[-1]
    matrix = stack.to(torch.bfloat16) if has_bfloat16(stack.device.type) else stack
    matrix = matrix.mT if is_tall else matrix
    matrix = matrix / (matrix.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for a, b, c in _TWO_QUINTICS if iterations == 2 else (_QUINTIC,) * iterations:
        gram = matrix @ matrix.mT
        polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        matrix = torch.baddbmm(matrix, polynomial, matrix, beta=a)
    result: Tensor = matrix.mT if is_tall else matrix
    return result


class Optimizer:
    """Muon and AdamW side by side, with one schedule."""

    def __init__(
        self,
        matrices: Sequence[tuple[nn.Parameter, int]],
        others: Sequence[Tensor],
        vectors: Sequence[Tensor],
        *,
        rates: Rates,
    ) -> None:
        self.muon = Muon(matrices, rates)
        self.adam = torch.optim.AdamW(
            [{"params": list(others)}, {"params": list(vectors)}],
            lr=rates.other,
            betas=(0.9, 0.95),
            weight_decay=0.0,
        )
        self._rates = rates

    def step(self, schedule: float) -> None:
        """Updates everything; `schedule` in 0..1 scales both learning rates."""
        self.muon.step(self._rates.matrix * schedule)
        others, vectors = self.adam.param_groups
        others["lr"] = self._rates.other * schedule
        vectors["lr"] = self._rates.vector * schedule
        self.adam.step()
        self.adam.zero_grad()
        for parameters in self.muon._groups.values():
            for parameter, _ in parameters:
                parameter.grad = None

    @property
    def last_adam_index(self) -> int:
        """The number of the task vectors' table in the state of AdamW."""
        return sum(len(group["params"]) for group in self.adam.param_groups) - 1

    def state(self) -> dict[str, object]:
        """Returns what `restore` needs to go on as if never stopped."""
        return {"muon": self.muon.buffers, "adam": self.adam.state_dict()}

    def restore(self, state: dict[str, object]) -> None:
        """Takes over a state that `state` returned."""
        for buffer, saved in zip(self.muon.buffers, state["muon"], strict=True):  # type: ignore[call-overload]
            buffer.copy_(saved)
        self.adam.load_state_dict(state["adam"])  # type: ignore[arg-type]


def make_optimizer(
    model: EmbeddedModel, vectors: Sequence[nn.Parameter], rates: Rates
) -> Optimizer:
    """Returns the optimizer over a model and task vectors."""
    parts = {"query_key_value": 3, "gate_up": 2, "mix": 1, "down": 1}
    matrices: list[tuple[nn.Parameter, int]] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        part = name.split(".")[-2] if name.startswith("blocks.") else ""
        if part in parts and parameter.ndim == 2:
            matrices.append((parameter, parts[part]))
        else:
            others.append(parameter)
    return Optimizer(matrices, others, vectors, rates=rates)
