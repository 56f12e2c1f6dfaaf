"""What `ensemble finetune` does: from settings and sources of examples to a fine-tuned model."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from arc.dataset import is_held_out
from arc.errors import ConfigError
from ensemble.selection import Selection
from ensemble.settings import Settings, checked
from ensemble.train.contamination import refuse_contaminated, refuse_contaminated_programs

if TYPE_CHECKING:
    from lm.causal.backend import CausalLanguageModel
    from lm.causal.batch import TokenizedExample

N_HELD_OUT = 32
_CELLS = 0.9  # of the tokens of a text; the rest is what stands around its grids

_Examples = tuple["Callable[[int], TokenizedExample]", "list[TokenizedExample]"]
"""The i-th example, and those that progress is measured on."""


@dataclass(frozen=True, slots=True)
class Grids:
    """Replies that are grids: the training split, with or without RE-ARC.

    Attributes:
        re_arc: RE-ARC's examples as one archive or a folder, or none.
        hold_out: Whether the held-out training tasks are left out, to measure progress on.
        config: The configuration that the result is run by.
    """

    re_arc: Path | None = None
    hold_out: bool = True
    config: str = "causal"

    def prepared(self, seed: int) -> Callable[[CausalLanguageModel], _Examples]:
        """Returns what makes examples for a model that is loaded; refuses contaminated sources."""
        from lm.embedded.corpus import load_corpus
        from transduction.curriculum import Curriculum, held_out_examples

        tasks = Selection(split="train").tasks()
        corpus = load_corpus(self.re_arc, tasks, hold_out=self.hold_out)
        refuse_contaminated(corpus, str(self.re_arc or "the training split"))
        kept = [task for task in tasks if self.hold_out and is_held_out(task.task_id)]
        held_out = held_out_examples(kept, N_HELD_OUT)

        def examples(model: CausalLanguageModel) -> _Examples:
            max_cells = int(_CELLS * model.config.max_tokens)
            curriculum = Curriculum(corpus, seed, max_cells=max_cells)
            return (
                lambda index: model.tokenized(curriculum.example(index)),
                [model.tokenized(example) for example in held_out],
            )

        return examples

    def taken_by(self, model: Sequence[str]) -> str:
        """Returns the command that runs a model, given its settings."""
        chosen = [f"--set model.settings.{setting}" for setting in model]
        return " ".join([f"ensemble run --config {self.config}", *chosen])


@dataclass(frozen=True, slots=True)
class Programs:
    """Replies that are programs, from files that `ensemble generate --programs` wrote.

    Attributes:
        paths: The files.
        template: How programs are asked for.
    """

    paths: tuple[Path, ...]
    template: str

    def prepared(self, seed: int) -> Callable[[CausalLanguageModel], _Examples]:
        """Returns what makes examples for a model that is loaded; refuses contaminated sources."""
        from lm.causal.template import load_template
        from lm.causal.writer import Asking
        from lm.programs.corpus import read_programs
        from lm.programs.exercise import Exercises

        template = load_template(self.template)
        if template.reply != "code":
            raise ConfigError(
                f"--template {self.template}: asks for grids; words_program asks for programs"
            )
        tasks = [task for path in self.paths for task in read_programs(path)]
        refuse_contaminated_programs(tasks, str(self.paths[0]))

        def examples(model: CausalLanguageModel) -> _Examples:
            exercises = Exercises(tasks, Asking(template, model.vocabulary), seed)
            return exercises.example, exercises.held_out(N_HELD_OUT)

        return examples

    def taken_by(self, model: Sequence[str]) -> str:
        """Returns the command that runs a model, given its settings."""
        settings = [f"settings.template={self.template}"]
        settings += [f"settings.{setting}" for setting in model]
        chosen = [f"--set writer.{setting}" for setting in settings]
        return " ".join(["ensemble run --config programs --mode induction", *chosen])


def finetune(
    out: Path,
    settings: Settings,
    source: Grids | Programs,
    *,
    minutes: float | None,
    threads: int,
    options: dict[str, object],
) -> str:
    """Starts or continues the fine-tuning in a folder; returns the command that takes its result.

    Args:
        out: The folder; a checkpoint in it is resumed.
        settings: Of a causal model; the adapter has the shape that tasks' adapters have.
        source: What is learned.
        minutes: When to stop at the latest, or none.
        threads: Threads of torch; 0 leaves them as they are.
        options: Fields of `FinetuneConfig`.
    """
    from lm.causal.backend import CausalLanguageModel
    from lm.causal.config import CausalConfig
    from lm.causal.finetuning import ADAPTER, CHECKPOINT, MODEL, FinetuneConfig, Finetuning

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
    if isinstance(source, Programs) and model_config.cut_vocabulary:
        raise ConfigError("programs need all words: leave out model.settings.cut_vocabulary")
    config = FinetuneConfig(seed=settings.effort.seed, **options)  # type: ignore[arg-type]
    examples_for = source.prepared(settings.effort.seed)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    model = CausalLanguageModel.load(model_config)
    example, held_out = examples_for(model)
    training = Finetuning(model, config, example, held_out, threads)
    if (out / CHECKPOINT).exists():
        training.load(out)
    training.run(out, minutes)
    if config.full:
        return source.taken_by([f"model={out / MODEL}"])
    base = [f"model={model_config.model}"]
    base += [f"gguf_file={model_config.gguf_file}"] if model_config.gguf_file else []
    return source.taken_by([*base, f"adapter={out / ADAPTER}"])
