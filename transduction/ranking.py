"""Ranking by product of experts: what an adapted model, asked in many views, holds of any grid.

Where the grid is from does not matter: it may be a prediction of the same model, or what a program
gave. Source: Franzen et al., "Product of Experts with LLMs" (2025).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from arc.grid import Grid
from arc.task import Pair, Task
from lm.protocol import Adaptation, Conditioning, LanguageModel
from transduction.augment import View


class Ranker:
    """A model adapted to a task, and the views it is asked in."""

    def __init__(
        self, model: LanguageModel, adaptation: Adaptation, task: Task, views: Sequence[View]
    ) -> None:
        in_context = model.conditioning is Conditioning.IN_CONTEXT
        self._context: Sequence[Pair] = task.pairs if in_context else ()
        self._model = model
        self._adaptation = adaptation
        self._task = task
        self._views = views

    def log_probabilities(self, test_index: int, grids: Sequence[Grid]) -> list[float]:
        """Returns each grid's log-probability as the answer, the mean over the views, in nats.

        Times the number of views that is the logarithm of the experts' product. Grids are in the
        task's own frame.
        """
        if not grids:
            return []
        test_input = self._task.test_inputs[test_index]
        asked = [view.prompt(test_input, self._context) for view in self._views]
        prompts = [prompt for _ in grids for prompt in asked]
        outputs = [view.transform.apply(grid) for grid in grids for view in self._views]
        scores = self._model.score(prompts, outputs, self._adaptation)
        means = np.reshape(scores, (len(grids), len(self._views))).mean(axis=1)
        return [float(mean) for mean in means]
