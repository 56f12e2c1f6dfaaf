"""Seconds a task of test-time training, ours against a plain loop with the same steps.

python benchmarks/ttt.py embedded [--tasks 3]
python benchmarks/ttt.py causal [--model FOLDER] [--tasks 2]

Both train on the same examples in the same order, decode the same views and score the same
candidates; what differs is how they pass through the model. Prints seconds of each part, and how
far the results are apart. Without `--model` the causal model is a random one of 7 M parameters.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from plain import PlainCausal, PlainEmbedded
from random_llama import make_model
from transformers import LlamaConfig

from arc.grid import Grid
from arc.task import Task
from ensemble.selection import Selection
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.embedded.backend import EmbeddedLanguageModel
from lm.embedded.config import EmbeddedConfig
from lm.protocol import Prompt
from transduction.augment import make_views, training_examples

TASKS = ("a85d4709", "25ff71a9", "d037b0a7", "0d3d703e", "a5313dff")
"""From the training split: small and middling grids."""

FOREVER = 1e9
PARTS = ("train", "decode", "score")


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each task and one for all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", choices=("embedded", "causal"))
    parser.add_argument("--model", default="", help="the folder of a causal checkpoint")
    parser.add_argument("--tasks", type=int, default=3)
    parser.add_argument("--examples", type=int, default=0, help="a task; 0: the default")
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=EmbeddedConfig().tokens)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cpu-time", action="store_true", help="count processor seconds instead")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    clock = time.process_time if options.cpu_time else time.perf_counter
    ours: Any
    plain: Any
    if options.kind == "embedded":
        ours = EmbeddedLanguageModel.load(EmbeddedConfig(tokens=options.tokens))
        plain, n_examples = PlainEmbedded(ours), options.examples or 250
    else:
        ours = load_causal(options.model, options.rank)
        plain, n_examples = PlainCausal(ours), options.examples or 12
    known = {task.task_id: task for task in Selection(split="train").tasks()}
    sums = {name: [0.0] * len(PARTS) for name in ("ours", "plain")}
    for task_id in TASKS[: options.tasks]:
        print(compare(known[task_id], ours, plain, n_examples, clock, sums))
    n = min(options.tasks, len(TASKS))
    for name, seconds in sums.items():
        parts = ", ".join(f"{p} {s / n:.1f}" for p, s in zip(PARTS, seconds, strict=True))
        print(f"{name}: {sum(seconds) / n:.1f} s a task ({parts})")
    ratios = [p / o for p, o in zip(sums["plain"], sums["ours"], strict=True)]
    parts = ", ".join(f"{p} {r:.1f}" for p, r in zip(PARTS, ratios, strict=True))
    print(f"ratio: {sum(sums['plain']) / sum(sums['ours']):.1f} ({parts})")


def load_causal(folder: str, rank: int) -> CausalLanguageModel:
    """Returns the model in the folder, or a random one."""
    config = CausalConfig(model=folder, rank=rank, epochs=2, batch_size=2, learning_rate=1e-3)
    if folder:
        return CausalLanguageModel.load(config)
    shape = LlamaConfig(
        vocab_size=512,
        hidden_size=256,
        intermediate_size=768,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=8192,
    )
    return make_model(shape, torch.float32, config)


def compare(
    task: Task,
    ours: Any,
    plain: Any,
    n_examples: int,
    clock: Callable[[], float],
    sums: dict[str, list[float]],
) -> str:
    """Runs both on a task, adds their seconds to the sums and returns how the results compare."""
    examples = training_examples(task, ours.conditioning, n_examples, random.Random(0))
    context = task.pairs if isinstance(ours, CausalLanguageModel) else ()
    views = make_views(task, 1, random.Random(1))
    prompts = [view.prompt(task.test_inputs[0], context) for view in views]
    longest = getattr(ours, "max_tokens", 0)

    started = clock()
    adaptation = ours.adapt(examples, random.Random(2), FOREVER, train=True)
    if isinstance(ours, CausalLanguageModel):  # an untrained model may not come to an end
        room = 8 + max(grid.height * (grid.width + 1) for grid in task.outputs)
        ours.max_tokens = room + max(len(ours.form.tokens_of_prompt(prompt)) for prompt in prompts)
    trained = clock()
    replies = [completion.grid for completion in ours.generate(prompts, adaptation)]
    decoded = clock()
    asked, outputs = candidates(task, prompts, views, replies)
    scores = ours.score(asked, outputs, adaptation)
    _add(sums["ours"], [started, trained, decoded, clock()])

    started = clock()
    loss = plain.adapt(examples, random.Random(2))
    trained = clock()
    plain_replies = plain.generate(prompts)
    decoded = clock()
    plain_scores = plain.score(asked, outputs)
    _add(sums["plain"], [started, trained, decoded, clock()])

    if longest:
        ours.max_tokens = longest
    n_alike = sum(a == b for a, b in zip(replies, plain_replies, strict=True))
    apart = max((abs(a - b) for a, b in zip(scores, plain_scores, strict=True)), default=0.0)
    return (
        f"{task.task_id}: {adaptation.updates} updates, loss {adaptation.loss:.5f} and {loss:.5f}; "
        f"{n_alike} of {len(prompts)} replies alike; "
        f"log-probabilities of {len(scores)} candidates at most {apart:.1e} nats apart"
    )


def candidates(
    task: Task, prompts: Sequence[Prompt], views: Sequence[Any], replies: Sequence[Grid | None]
) -> tuple[list[Prompt], list[Grid]]:
    """Returns four grids, predicted ones first, each asked about in every view."""
    undone = [
        view.transform.inverse().apply(reply)
        for view, reply in zip(views, replies, strict=True)
        if reply is not None
    ]
    grids = list(dict.fromkeys([*undone, *task.outputs]))[:4]
    return (
        [prompt for _ in grids for prompt in prompts],
        [view.transform.apply(grid) for grid in grids for view in views],
    )


def _add(sums: list[float], times: Sequence[float]) -> None:
    for part in range(len(PARTS)):
        sums[part] += times[part + 1] - times[part]


if __name__ == "__main__":
    main()
