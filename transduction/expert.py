"""Experts: models adapted to a task, each asked in several views.

What experts hold of a grid is the product of its probabilities over all of them and all views.
Where the grid is from does not matter: it may be a prediction of one of them, or what a program
gave. Source: Franzen et al., "Product of Experts with LLMs" (2025).
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from arc.grid import Grid
from arc.task import Pair, Task
from lm.protocol import (
    Adaptation,
    Completion,
    Conditioning,
    DepthFirst,
    LanguageModel,
    Prompt,
    Sampling,
)
from transduction.augment import View
from transduction.config import TransductionConfig
from transduction.shape import Shape, known_shape
from transduction.vote import Prediction


class Expert:
    """A model adapted to a task, and the views it is asked in."""

    def __init__(
        self,
        model: LanguageModel,
        adaptation: Adaptation,
        task: Task,
        views: Sequence[View],
        config: TransductionConfig,
    ) -> None:
        self._model = model
        self._adaptation = adaptation
        self._task = task
        self._views = views
        self._config = config

    def predict(self, test_index: int, rng: random.Random) -> list[Prediction]:
        """Returns what it replies in each view, brought back to the task's own frame."""
        test_input, shape = self._asked(test_index)
        asked = [(view, context) for view in self._views for context in self._contexts(rng)]
        prompts = [view.prompt(test_input, context, shape) for view, context in asked]
        return [
            Prediction(
                view.transform.inverse().apply(completion.grid),
                view.symmetry,
                completion.log_probability,
            )
            for (view, _), completions in zip(asked, self._decode(prompts, rng), strict=True)
            for completion in completions
            if completion.grid is not None
        ]

    def log_probabilities(self, test_index: int, grids: Sequence[Grid]) -> NDArray[np.float64]:
        """Returns each grid's log-probability as the answer in each view, (grids, views), in nats.

        Grids are in the task's own frame.
        """
        if not grids:
            return np.empty((0, len(self._views)))
        test_input, shape = self._asked(test_index)
        context = self._task.pairs if self._reads_context else ()
        asked = [view.prompt(test_input, context, shape) for view in self._views]
        prompts = [prompt for _ in grids for prompt in asked]
        outputs = [view.transform.apply(grid) for grid in grids for view in self._views]
        scores = self._model.score(prompts, outputs, self._adaptation)
        return np.reshape(np.asarray(scores, dtype=np.float64), (len(grids), len(self._views)))

    def _asked(self, test_index: int) -> tuple[Grid, Shape | None]:
        """Returns a test input, and the shape of its output where that is taken as known."""
        shape = known_shape(self._task, test_index) if self._config.deduce_shapes else None
        return self._task.test_inputs[test_index], shape

    @property
    def _reads_context(self) -> bool:
        return self._model.conditioning is Conditioning.IN_CONTEXT

    def _contexts(self, rng: random.Random) -> list[Sequence[Pair]]:
        if not self._reads_context:
            return [()]
        pairs = self._task.pairs
        return [rng.sample(pairs, len(pairs)) for _ in range(self._config.orders)]

    def _decode(self, prompts: Sequence[Prompt], rng: random.Random) -> list[list[Completion]]:
        config = self._config
        if config.decode == "search":
            return self._model.search(prompts, self._adaptation, DepthFirst(config.threshold))
        if config.decode == "sample":
            sampling = Sampling(config.samples, config.temperature, rng.getrandbits(32))
            return self._model.sample(prompts, self._adaptation, sampling)
        return [[completion] for completion in self._model.generate(prompts, self._adaptation)]


def joint_scores(
    experts: Sequence[Expert], test_index: int, grids: Sequence[Grid]
) -> dict[Grid, float]:
    """Returns each grid's log-probability, the mean over experts and views, in nats.

    Times the number of views, over all experts, that is the logarithm of the product.
    """
    scores = [expert.log_probabilities(test_index, grids) for expert in experts]
    means = np.concatenate(scores, axis=1).mean(axis=1)
    return dict(zip(grids, means.tolist(), strict=True))
