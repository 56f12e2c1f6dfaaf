"""What `ensemble finetune` does: from settings and sources of tasks to a fine-tuned model."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from arc.dataset import is_held_out
from arc.errors import ConfigError
from ensemble.selection import Selection
from ensemble.settings import Settings, checked
from ensemble.train.contamination import refuse_contaminated

N_HELD_OUT = 32
_CELLS = 0.9  # of the tokens of a text; the rest is what stands around its grids


def finetune(
    out: Path,
    settings: Settings,
    *,
    re_arc: Path | None,
    hold_out: bool,
    minutes: float | None,
    threads: int,
    options: dict[str, object],
) -> str:
    """Starts or continues the fine-tuning in a folder; returns the settings that take its result.

    Args:
        out: The folder; a checkpoint in it is resumed.
        settings: Of a causal model; the adapter has the shape that tasks' adapters have.
        re_arc: RE-ARC's examples as one archive or a folder, or none.
        hold_out: Whether the held-out training tasks are left out, to measure progress on.
        minutes: When to stop at the latest, or none.
        threads: Threads of torch; 0 leaves them as they are.
        options: Fields of `FinetuneConfig`.
    """
    from lm.causal.backend import CausalLanguageModel
    from lm.causal.config import CausalConfig
    from lm.causal.finetuning import ADAPTER, CHECKPOINT, MODEL, FinetuneConfig, Finetuning
    from lm.embedded.corpus import load_corpus
    from transduction.curriculum import Curriculum, held_out_examples

    if settings.model.kind != "causal":
        raise ConfigError("only a causal model can be fine-tuned; give --config causal")
    problems: list[str] = []
    model_config = checked(CausalConfig, settings.model.settings, "model.settings", problems)
    if problems:
        raise ConfigError("; ".join(problems))
    if options.get("full") and (model_config.cut_vocabulary or model_config.quantization):
        raise ConfigError(
            "all weights of a base can be trained and saved only whole: leave out "
            "model.settings.cut_vocabulary and model.settings.quantization, or use --lora"
        )
    config = FinetuneConfig(seed=settings.effort.seed, **options)  # type: ignore[arg-type]
    tasks = Selection(split="train").tasks()
    corpus = load_corpus(re_arc, tasks, hold_out=hold_out)
    refuse_contaminated(corpus, str(re_arc or "the training split"))
    curriculum = Curriculum(
        corpus, settings.effort.seed, max_cells=int(_CELLS * model_config.max_tokens)
    )
    kept = [task for task in tasks if hold_out and is_held_out(task.task_id)]
    held_out = held_out_examples(kept, N_HELD_OUT)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    model = CausalLanguageModel.load(model_config)
    training = Finetuning(model, config, curriculum.example, held_out, threads)
    if (out / CHECKPOINT).exists():
        training.load(out)
    training.run(out, minutes)
    if config.full:
        return f"--set model.settings.model={out / MODEL}"
    base = f"--set model.settings.model={model_config.model}"
    return f"{base} --set model.settings.adapter={out / ADAPTER}"
