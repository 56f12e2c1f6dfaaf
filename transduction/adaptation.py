"""Adapters: one for a task from its own demonstrations, or one for all tasks of a run."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from arc.task import Task
from lm.protocol import Adaptation, Example, LanguageModel
from transduction.augment import training_examples
from transduction.config import TransductionConfig


def examples_of(
    task: Task, model: LanguageModel, config: TransductionConfig, rng: random.Random
) -> list[Example]:
    """Returns what the model is trained on for a task."""
    return training_examples(
        task,
        model.conditioning,
        config.max_examples,
        rng,
        with_transforms=config.transforms,
        with_context=config.data == "leave_one_out",
    )


def adapt_together(
    tasks: Sequence[Task],
    model: LanguageModel,
    config: TransductionConfig,
    rng: random.Random,
    timeout_s: float,
) -> Mapping[str, Adaptation]:
    """Returns each task's adaptation by task id, all of the same weights.

    The tasks' order does not matter; `timeout_s` is for all of them together.
    """
    ordered = sorted(tasks, key=lambda task: task.task_id)
    examples = [examples_of(task, model, config, rng) for task in ordered]
    adaptations = model.adapt_many(examples, rng, timeout_s, shared=True)
    return {t.task_id: adaptation for t, adaptation in zip(ordered, adaptations, strict=True)}
