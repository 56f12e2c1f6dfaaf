"""The transduction solver: adapt on the demonstrations, predict in many views, rank."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Mapping, Sequence

from arc.candidate import RANKING, Candidate, ViewEvidence
from arc.grid import Grid
from arc.task import Task
from lm.protocol import Adaptation, LanguageModel
from transduction.adaptation import examples_of
from transduction.augment import make_views
from transduction.config import TransductionConfig
from transduction.expert import Expert, joint_scores
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
        beside: Sequence[LanguageModel] = (),
        shared: Sequence[Mapping[str, Adaptation]] = (),
    ) -> None:
        """`beside` are further models, each of which is adapted to a task like the first.

        `shared` has each model's adaptations by task id where they were made together before.
        """
        self.config = config or TransductionConfig()
        self.config.check(model.conditioning)
        self._models = [model, *beside]
        self._shared = shared

    def solve(
        self, task: Task, budget_s: float, rng: random.Random, others: Sequence[Candidate] = ()
    ) -> Iterator[Candidate]:
        """Yields ranked candidates, test input by test input.

        The training is cut off after three quarters of `budget_s`, which several adaptations and
        models share equally; what would be scored after it has run out is not. With `rank_programs`
        the grids of `others` are scored as well, and come as candidates of source `RANKING`.
        """
        started = time.monotonic()
        experts = self.experts(task, budget_s * TRAINING_SHARE, rng)
        for test_index in range(len(task.test_inputs)):
            predictions = [p for expert in experts for p in expert.predict(test_index, rng)]
            is_late = time.monotonic() - started > budget_s
            leaders = [] if is_late else self._leaders(predictions)
            scores = joint_scores(experts, test_index, leaders)
            ranked = rank(self.config.vote, predictions, scores)[: self.config.n_candidates]
            for grid, log_weight in ranked:
                evidence = _evidence(grid, predictions, scores.get(grid))
                yield Candidate(task.task_id, test_index, grid, self.name, log_weight, evidence)
            if self.config.rank_programs and not is_late:
                asked = [c.grid for c in others if c.test_index == test_index]
                unscored = [grid for grid in dict.fromkeys(asked) if grid not in scores]
                scores |= joint_scores(experts, test_index, unscored)
                for grid in dict.fromkeys(asked):
                    evidence = _evidence(grid, predictions, scores[grid])
                    yield Candidate(task.task_id, test_index, grid, RANKING, scores[grid], evidence)

    def experts(self, task: Task, timeout_s: float, rng: random.Random) -> list[Expert]:
        """Returns the models, each adapted to the task in its share of the time."""
        config = self.config
        asked = list(enumerate(self._models)) * config.adaptations
        experts = []
        for i, model in asked:
            if self._shared:
                adaptation = self._shared[i][task.task_id]
            else:
                examples = examples_of(task, model, config, rng)
                share_s = timeout_s / len(asked)
                adaptation = model.adapt(examples, rng, share_s, train=config.train)
            views = make_views(task, config.colorings, rng, symmetries=config.views_in)
            experts.append(Expert(model, adaptation, task, views, config))
        return experts

    def _leaders(self, predictions: Sequence[Prediction]) -> list[Grid]:
        """Returns the grids whose log-probability is computed."""
        return by_count(self.config.vote, predictions)[: self.config.scored]


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
