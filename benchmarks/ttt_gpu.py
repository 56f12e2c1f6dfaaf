"""Seconds a task of test-time training of an 8B model, and how well the device is used.

python benchmarks/ttt_gpu.py                       (8B Llama shape, bfloat16, about 60 GB)
python benchmarks/ttt_gpu.py --shape 1B --checkpointing
python benchmarks/ttt_gpu.py --shape tiny --examples 8 --dtype float32

The weights are random, so nothing is solved, but every product has its real size. One task is as
in Akyurek et al. (2024): 250 examples, 2 epochs, rank 128, then 12 views decoded greedily and
candidates scored in them. Their figure is 432 s a task on one A100. Operations are counted as a
frozen base needs them: forward, and backward to the inputs; low-rank weights also get gradients.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence

import torch
from random_llama import make_model
from transformers import LlamaConfig

from arc.task import Task
from arc.transform import SYMMETRIES
from ensemble.selection import Selection
from lm.causal.backend import CausalLanguageModel
from lm.causal.config import CausalConfig
from lm.causal.precision import choose_dtype
from lm.protocol import Example
from transduction.augment import make_views, training_examples

SHAPES = {
    "tiny": (512, 64, 128, 2, 4, 2),
    "1B": (128256, 2048, 8192, 16, 32, 8),
    "3B": (128256, 3072, 8192, 28, 24, 8),
    "8B": (128256, 4096, 14336, 32, 32, 8),
}
"""Vocabulary, width, feed-forward width, layers, heads, key-value heads."""

TASKS = ("0d3d703e", "25ff71a9", "a5313dff", "d037b0a7")
"""From the training split."""

PAPER_S = 432.0
FOREVER = 1e9


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each task and one about the device."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shape", choices=SHAPES, default="8B")
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--examples", type=int, default=250)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--batch-size", type=int, default=2)
    parser.add_argument("--rank", type=int, default=128)
    parser.add_argument("--views", type=int, default=12)
    parser.add_argument("--together", type=int, default=1, help="adapters trained in one batch")
    parser.add_argument("--train-tokens", type=int, default=16384)
    parser.add_argument("--checkpointing", action="store_true")
    options = parser.parse_args(arguments)
    config = CausalConfig(
        device=options.device,
        rank=options.rank,
        epochs=options.epochs,
        batch_size=options.batch_size,
        train_tokens=options.train_tokens,
        together=options.together,
        checkpointing=options.checkpointing,
    )
    model = load(options.shape, options.dtype, config)
    peak = matmul_flops(model.base.dtype, model.base.device)
    print(f"{describe(model)}; products of large matrices reach {peak / 1e12:.1f} TFLOP/s")
    known = {task.task_id: task for task in Selection(split="train").tasks()}
    tasks = [known[task_id] for task_id in TASKS[: options.together]]
    measure(model, tasks, options.examples, options.views, peak)


def load(shape: str, dtype: str, config: CausalConfig) -> CausalLanguageModel:
    """Returns a random model of a shape."""
    vocabulary, width, hidden, layers, heads, shared = SHAPES[shape]
    llama = LlamaConfig(
        vocab_size=vocabulary,
        hidden_size=width,
        intermediate_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=shared,
        max_position_embeddings=8192,
    )
    chosen = choose_dtype(dtype, torch.device("cuda" if _has_gpu(config) else "cpu"))
    return make_model(llama, getattr(torch, chosen), config)


def measure(
    model: CausalLanguageModel, tasks: Sequence[Task], n_examples: int, n_views: int, peak: float
) -> None:
    """Trains, decodes and scores, and prints seconds, memory and the share of the peak."""
    examples_of = [
        training_examples(task, model.conditioning, n_examples, random.Random(0)) for task in tasks
    ]
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    started = _now()
    adaptations = model.adapt_many(examples_of, random.Random(1), FOREVER, shared=False)
    trained = _now()
    flops = sum(training_flops(model, examples) for examples in examples_of)
    longest = model.max_tokens
    n_tokens = 0
    for task, adaptation in zip(tasks, adaptations, strict=True):
        rng = random.Random(2)
        symmetries = make_views(task, 1, rng, symmetries=SYMMETRIES[: (n_views + 1) // 2])
        prompts = [
            view.prompt(task.test_inputs[0], rng.sample(task.pairs, len(task.pairs)))
            for view in symmetries
            for _ in range(2)
        ][:n_views]
        # Random weights know no end: replies get the room of the largest demonstration.
        room = max(grid.height * (grid.width + 1) for grid in task.outputs) + 1
        lengths = [len(model.form.tokens_of_prompt(prompt)) for prompt in prompts]
        model.max_tokens = min(longest, max(lengths) + room)
        model.generate(prompts, adaptation)
        model.max_tokens = longest
        grids = list(dict.fromkeys(task.outputs))[:4]
        model.score([p for _ in grids for p in prompts], [g for g in grids for _ in prompts],
                    adaptation)  # fmt: skip
        n_tokens += sum(lengths)
    ended = _now()
    n = len(tasks)
    train_s, rest_s = (trained - started) / n, (ended - trained) / n
    n_trained = sum(len(model.tokenized(e).tokens) for each in examples_of for e in each)
    print(
        f"{n} tasks of {len(examples_of[0])} examples, {n_trained // n} tokens an epoch: "
        f"{train_s + rest_s:.1f} s a task (train {train_s:.1f}, decode and score {rest_s:.1f}); "
        f"the paper's {PAPER_S:.0f} s on an A100 is {PAPER_S / (train_s + rest_s):.1f} times that"
    )
    reached = flops / n / train_s
    print(f"training: {reached / 1e12:.2f} TFLOP/s, {100 * reached / peak:.0f} % of the peak")
    if torch.cuda.is_available():
        print(f"peak memory: {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")


def training_flops(model: CausalLanguageModel, examples: Sequence[Example]) -> float:
    """Returns the operations of training on the examples, as many epochs as are configured."""
    shape = model.base.config
    parts = dict(model.base.named_parameters())
    head = parts["lm_head.weight"].numel()
    layers = sum(p.numel() for name, p in parts.items() if ".layers." in name)
    low_rank = sum(factor.numel() for factor in model.fresh_adapter(random.Random(0)).values())
    total = 0.0
    for example in examples:
        tokenized = model.tokenized(example)
        n = len(tokenized.tokens)
        total += n * (4 * layers + 6 * low_rank) + 4 * head * tokenized.n_targets
        # Each token attends to half the text on average; backward takes twice the forward.
        total += 3 * 2 * n * n * shape.hidden_size * shape.num_hidden_layers
    return total * model.config.epochs


def matmul_flops(dtype: torch.dtype, device: torch.device) -> float:
    """Returns the operations a second of products of large matrices, the best of a few."""
    side = 8192 if device.type == "cuda" else 512
    a, b = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(8):
        started = _now()
        for _ in range(4):
            a @ b
        best = min(best, (_now() - started) / 4)
    return 2 * side**3 / best


def describe(model: CausalLanguageModel) -> str:
    """Returns what runs where."""
    n = sum(parameter.numel() for parameter in model.base.parameters())
    device = model.base.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "CPU"
    return f"{n / 1e9:.2f} B parameters, {str(model.base.dtype).removeprefix('torch.')}, {name}"


def _has_gpu(config: CausalConfig) -> bool:
    return config.device != "cpu" and torch.cuda.is_available()


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


if __name__ == "__main__":
    main()
