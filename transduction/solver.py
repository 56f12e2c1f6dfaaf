"""The transduction solver: adapt on the demonstrations, predict in many views, vote, rescore."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from arc.candidate import Candidate, ViewEvidence
from arc.grid import Grid
from arc.task import Pair, Task
from lm.protocol import Adaptation, Conditioning, LanguageModel
from transduction.augment import View, make_views, training_examples
from transduction.vote import Prediction, flat_vote, hierarchical_vote


@dataclass(frozen=True, slots=True)
class TransductionConfig:
    """Settings of the transduction solver.

    Attributes:
        train: Whether to train at test time at all.
        transforms: Whether training and prediction use the symmetries.
        max_examples: Training examples per task.
        colorings: Colorings in which outputs are predicted, the task's own among them.
        orders: Random orders of the demonstrations per view, for an in-context model.
        vote: How predictions are counted.
        rescored: Of the leading grids, how many are ranked anew by their mean log-probability over
            the views (a product of experts); 0 leaves the vote as it is.
        n_candidates: Grids proposed per test input.
    """

    train: bool = True
    transforms: bool = True
    max_examples: int = 250
    colorings: int = 1
    orders: int = 1
    vote: Literal["hierarchical", "flat"] = "hierarchical"
    rescored: int = 4
    n_candidates: int = 6


class TransductionSolver:
    """Predicts outputs directly, with a model trained on the task's own demonstrations."""

    name = "transduction"

    def __init__(
        self, model: LanguageModel, config: TransductionConfig = TransductionConfig()
    ) -> None:
        self.config = config
        self._model = model

    def solve(self, task: Task, budget_s: float, rng: random.Random) -> Iterator[Candidate]:
        """Yields ranked candidates, test input by test input.

        The training is cut off after three quarters of `budget_s`; the views that would start
        after it has run out are left out.
        """
        config = self.config
        started = time.monotonic()
        examples = training_examples(
            task,
            self._model.conditioning,
            config.max_examples,
            rng,
            with_transforms=config.transforms,
        )
        adaptation = self._model.adapt(examples, rng, budget_s * 0.75, train=config.train)
        views = make_views(task, config.colorings, rng)
        if not config.transforms:
            views = views[:1]
        for test_index, test_input in enumerate(task.test_inputs):
            predictions = self._predict(task, test_input, views, adaptation, rng)
            is_late = time.monotonic() - started > budget_s
            ranked = self._rank(task, test_input, views, adaptation, predictions, late=is_late)
            for grid, log_weight, evidence in ranked:
                yield Candidate(task.task_id, test_index, grid, self.name, log_weight, evidence)

    def _predict(
        self,
        task: Task,
        test_input: Grid,
        views: Sequence[View],
        adaptation: Adaptation,
        rng: random.Random,
    ) -> list[Prediction]:
        asked = [(view, context) for view in views for context in self._contexts(task.pairs, rng)]
        prompts = [view.prompt(test_input, context) for view, context in asked]
        completions = self._model.generate(prompts, adaptation)
        return [
            Prediction(view.transform.inverse().apply(completion.grid), view.symmetry)
            for (view, _), completion in zip(asked, completions, strict=True)
            if completion.grid is not None
        ]

    def _contexts(self, pairs: Sequence[Pair], rng: random.Random) -> list[Sequence[Pair]]:
        if self._model.conditioning is Conditioning.TASK_VECTOR:
            return [()]
        return [rng.sample(pairs, len(pairs)) for _ in range(self.config.orders)]

    def _rank(
        self,
        task: Task,
        test_input: Grid,
        views: Sequence[View],
        adaptation: Adaptation,
        predictions: Sequence[Prediction],
        *,
        late: bool,
    ) -> list[tuple[Grid, float, ViewEvidence]]:
        """Returns grids with log weight and evidence, the best first.

        The log weight is the mean log-probability where the grid was rescored; the others stand
        below, in the order of their votes.
        """
        config = self.config
        vote = hierarchical_vote if config.vote == "hierarchical" else flat_vote
        voted = vote(predictions)[: config.n_candidates]
        n_rescored = 0 if late else min(config.rescored, len(voted))
        leaders = [grid for grid, _ in voted[:n_rescored]]
        scores = self._rescore(task, test_input, views, adaptation, leaders)
        in_views = flat_votes_by_view(predictions, views)
        ranked = []
        for place, (grid, votes) in enumerate(voted):
            if place < n_rescored:
                log_probability: float | None = scores[place]
                log_weight = scores[place]
            else:
                log_probability = None
                log_weight = min(scores, default=0.0) - 1.0 - place + 0.01 * votes
            names = in_views.get(grid, ())
            evidence = ViewEvidence(len(names), len(predictions), log_probability, names)
            ranked.append((grid, log_weight, evidence))
        return sorted(ranked, key=lambda item: (-item[1], item[0]))

    def _rescore(
        self,
        task: Task,
        test_input: Grid,
        views: Sequence[View],
        adaptation: Adaptation,
        grids: Sequence[Grid],
    ) -> list[float]:
        """Returns each grid's log-probability, averaged over the views."""
        if not grids:
            return []
        context: Sequence[Pair] = (
            () if self._model.conditioning is Conditioning.TASK_VECTOR else task.pairs
        )
        prompts = [view.prompt(test_input, context) for grid in grids for view in views]
        outputs = [view.transform.apply(grid) for grid in grids for view in views]
        scores = self._model.score(prompts, outputs, adaptation)
        return [float(mean) for mean in np.reshape(scores, (len(grids), len(views))).mean(axis=1)]


def flat_votes_by_view(
    predictions: Sequence[Prediction], views: Sequence[View]
) -> dict[Grid, tuple[str, ...]]:
    """Returns for each grid the names of the symmetries that predicted it, repeated as often."""
    order = {view.symmetry: i for i, view in enumerate(views)}
    found: dict[Grid, list[str]] = {}
    for prediction in sorted(predictions, key=lambda p: order[p.symmetry]):
        found.setdefault(prediction.grid, []).append(prediction.symmetry.value)
    return {grid: tuple(names) for grid, names in found.items()}
