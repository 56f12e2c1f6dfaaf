"""The transduction solver: adapt on the demonstrations, predict in many views, rank."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence

from arc.candidate import RANKING, Candidate, ViewEvidence
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
from transduction.adaptation import examples_of
from transduction.augment import View, make_views
from transduction.config import TransductionConfig
from transduction.pooling import pooled
from transduction.ranking import Ranker
from transduction.vote import Prediction, by_count, rank

TRAINING_SHARE = 0.75
"""Of the time a task may take, what training may."""


class TransductionSolver:
    """Predicts outputs directly, with a model trained on the task's own demonstrations."""

    name = "transduction"

    def __init__(
        self,
        model: LanguageModel,
        config: TransductionConfig | None = None,
        shared: Mapping[str, Adaptation] | None = None,
        beside: Sequence[LanguageModel] = (),
    ) -> None:
        """`shared` has the adaptations by task id where they were made together before.

        `beside` are further models, each of which is adapted to a task like the first.
        """
        self.config = config or TransductionConfig()
        self.config.check(model.conditioning, 1 + len(beside))
        self._model = model
        self._shared = shared
        self._beside = [TransductionSolver(each, self.config) for each in beside]

    def solve(
        self, task: Task, budget_s: float, rng: random.Random, others: Sequence[Candidate] = ()
    ) -> Iterator[Candidate]:
        """Yields ranked candidates, test input by test input.

        The training is cut off after three quarters of `budget_s`, which several adaptations and
        models share equally; what would be scored after it has run out is not. With `rank_programs`
        the grids of `others` are scored as well, and come as candidates of source `RANKING`.
        """
        adapted = [self, *self._beside] * self.config.adaptations
        if len(adapted) == 1:
            yield from self._solve_once(task, budget_s, rng, others)
            return
        share_s = budget_s / len(adapted)
        found = [list(each._solve_once(task, share_s, rng, others)) for each in adapted]
        for test_index in range(len(task.test_inputs)):
            mine = [[c for c in each if c.test_index == test_index] for each in found]
            yield from pooled(mine, self.config.n_candidates)

    def _solve_once(
        self, task: Task, budget_s: float, rng: random.Random, others: Sequence[Candidate]
    ) -> Iterator[Candidate]:
        started = time.monotonic()
        adaptation = self._adapt(task, budget_s, rng)
        views = make_views(task, self.config.colorings, rng, symmetries=self.config.views_in)
        ranker = Ranker(self._model, adaptation, task, views)
        for test_index in range(len(task.test_inputs)):
            predictions = self._predict(task, test_index, views, adaptation, rng)
            is_late = time.monotonic() - started > budget_s
            leaders = [] if is_late else self._leaders(predictions)
            scores = _scores(ranker, test_index, leaders)
            ranked = rank(self.config.vote, predictions, scores)[: self.config.n_candidates]
            for grid, log_weight in ranked:
                evidence = _evidence(grid, predictions, scores.get(grid))
                yield Candidate(task.task_id, test_index, grid, self.name, log_weight, evidence)
            if self.config.rank_programs and not is_late:
                asked = [c.grid for c in others if c.test_index == test_index]
                unscored = [grid for grid in dict.fromkeys(asked) if grid not in scores]
                scores |= _scores(ranker, test_index, unscored)
                for grid in dict.fromkeys(asked):
                    evidence = _evidence(grid, predictions, scores[grid])
                    yield Candidate(task.task_id, test_index, grid, RANKING, scores[grid], evidence)

    def _adapt(self, task: Task, budget_s: float, rng: random.Random) -> Adaptation:
        if self._shared is not None:
            return self._shared[task.task_id]
        examples = examples_of(task, self._model, self.config, rng)
        timeout_s = budget_s * TRAINING_SHARE
        return self._model.adapt(examples, rng, timeout_s, train=self.config.train)

    def _predict(
        self,
        task: Task,
        test_index: int,
        views: Sequence[View],
        adaptation: Adaptation,
        rng: random.Random,
    ) -> list[Prediction]:
        test_input = task.test_inputs[test_index]
        asked = [(view, context) for view in views for context in self._contexts(task.pairs, rng)]
        prompts = [view.prompt(test_input, context) for view, context in asked]
        replies = self._decode(prompts, adaptation, rng)
        return [
            Prediction(
                view.transform.inverse().apply(completion.grid),
                view.symmetry,
                completion.log_probability,
            )
            for (view, _), completions in zip(asked, replies, strict=True)
            for completion in completions
            if completion.grid is not None
        ]

    def _contexts(self, pairs: Sequence[Pair], rng: random.Random) -> list[Sequence[Pair]]:
        if self._model.conditioning is Conditioning.TASK_VECTOR:
            return [()]
        return [rng.sample(pairs, len(pairs)) for _ in range(self.config.orders)]

    def _decode(
        self, prompts: Sequence[Prompt], adaptation: Adaptation, rng: random.Random
    ) -> list[list[Completion]]:
        config = self.config
        if config.decode == "search":
            return self._model.search(prompts, adaptation, DepthFirst(config.threshold))
        if config.decode == "sample":
            sampling = Sampling(config.samples, config.temperature, rng.getrandbits(32))
            return self._model.sample(prompts, adaptation, sampling)
        return [[completion] for completion in self._model.generate(prompts, adaptation)]

    def _leaders(self, predictions: Sequence[Prediction]) -> list[Grid]:
        """Returns the grids whose log-probability is computed."""
        return by_count(self.config.vote, predictions)[: self.config.scored]


def _scores(ranker: Ranker, test_index: int, grids: Sequence[Grid]) -> dict[Grid, float]:
    return dict(zip(grids, ranker.log_probabilities(test_index, grids), strict=True))


def _evidence(
    grid: Grid, predictions: Sequence[Prediction], log_probability: float | None
) -> ViewEvidence:
    mine = [prediction for prediction in predictions if prediction.grid == grid]
    return ViewEvidence(
        len(mine),
        len(predictions),
        log_probability,
        tuple(prediction.symmetry.value for prediction in mine),
        tuple(prediction.log_probability for prediction in mine),
    )
