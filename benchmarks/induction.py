"""Programs a second: how fast replies of a language model become verified programs.

    python benchmarks/induction.py
    python benchmarks/induction.py --model FOLDER --programs 8 --max-tokens 256
    python benchmarks/induction.py --model embedded --batch 256

Replies come from a list at no cost, so that all time is ours: taking programs from replies, telling
which are new, running and verifying them in the sandbox. They are what the search proposes for
other training tasks, in a fence with prose around it, so nearly all of them run and few are right.
With --model a real model writes, `embedded` for the one that is shipped, by its configuration;
the share of time outside it is printed too. The sandbox's processes, those that confirm a pass
among them, are started before, as they are once a run.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

sys.path.pop(0)  # this folder, whose sandbox.py is not the package

from arc.dataset import load_split
from arc.task import Task
from ensemble.settings import load_settings
from induction.config import InductionConfig, SamplingConfig
from induction.sampling.sampler import ProgramSampler
from induction.search.synthesis import passes_for
from lm.writing import Draft, Writer, Writing
from sandbox import open_sandbox

_NEVER = 10**9


class Reader:
    """A writer that reads from a list."""

    def __init__(self, replies: Sequence[str]) -> None:
        self._replies = itertools.cycle(replies)

    def write(self, drafts: Sequence[Draft], writing: Writing) -> list[str]:
        """Returns the next replies."""
        return [next(self._replies) for _ in drafts]


class Timed:
    """Another writer, with the time it takes."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self.seconds = 0.0

    def write(self, drafts: Sequence[Draft], writing: Writing) -> list[str]:
        """Returns what the other writer does."""
        started = time.perf_counter()
        replies = self._writer.write(drafts, writing)
        self.seconds += time.perf_counter() - started
        return replies


def programs_of(tasks: Sequence[Task], n: int) -> Iterator[str]:
    """Yields n different programs that the search proposes for tasks."""
    seen: set[str] = set()
    config = InductionConfig()
    for task in tasks:
        for proposals in passes_for(task, config.search, (4000,), lambda: False):
            for proposal in proposals:
                if len(seen) == n:
                    return
                if proposal.source not in seen:
                    seen.add(proposal.source)
                    yield proposal.source


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", type=int, default=500, help="replies a task")
    parser.add_argument("--tasks", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2, help="of the sandbox")
    parser.add_argument("--model", default="", help="a causal language model's folder, or embedded")
    parser.add_argument("--template", default="words_program", help="how the folder's is asked")
    parser.add_argument("--gguf", default="", help="the name of a GGUF file in it")
    parser.add_argument("--batch", type=int, help="replies asked for at once")
    parser.add_argument("--max-tokens", type=int, default=512, help="of a folder's replies")
    options = parser.parse_args()
    training = load_split("arc1", "training")
    writer: Writer
    config = SamplingConfig(batch=64, max_tokens=options.max_tokens)
    if options.model:
        from lm.causal.writer import CausalWriter, WriterConfig
        from lm.programs.shipped import shipped_writer

        asked = {"model": options.model, "template": options.template, "gguf_file": options.gguf}
        if options.model == "embedded":
            asked, config = shipped_writer(), load_settings("default").sampling
        writer = CausalWriter.load(WriterConfig(**asked))
    else:
        sources = list(programs_of(training[options.tasks :], options.programs))
        writer = Reader([f"The rule:\n```python\n{source}```\nDone." for source in sources])
        print(f"{len(sources)} different programs to be read")
    timed = Timed(writer)
    batch = options.batch or config.batch
    config = replace(config, programs=options.programs, batch=batch, agreement=_NEVER)
    config = replace(config, revisions=0, views=False)
    with open_sandbox(preload=["induction.library"], workers=options.workers) as sandbox:
        same = "from common import *\ndef transform(g): return g"
        sandbox.screen([(same, training[0].inputs)], lambda *_: True)
        sampler = ProgramSampler(timed, sandbox, config)
        started = time.perf_counter()
        for task in training[: options.tasks]:
            for _ in sampler.rounds(task, random.Random(0), lambda: False):
                pass
        total_s = time.perf_counter() - started
    ours_s = total_s - timed.seconds
    tally = sampler.tally
    print(
        f"{tally.replies} replies, {tally.programs} with a program, {tally.distinct} distinct, "
        f"{tally.verified} verified\n"
        f"sampled {tally.replies / max(timed.seconds, 1e-9):.2f}/s, "
        f"read, executed and verified {tally.replies / ours_s:.1f}/s\n"
        f"outside the model {ours_s:.1f} of {total_s:.1f} s ({100 * ours_s / total_s:.1f} %)"
    )


if __name__ == "__main__":
    main()
