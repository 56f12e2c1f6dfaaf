"""The commands that make models, and what models learn from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from arc.dataset import unknown_name
from arc.errors import ConfigError
from ensemble.selection import Selection
from ensemble.settings import load_settings, made, put
from ensemble.terminal import console, n_cores
from ensemble.train.contamination import refuse_contaminated, refuse_contaminated_programs


def pretrain(
    out: Annotated[Path, typer.Option(help="Folder of checkpoints; resumed if it has one.")],
    re_arc: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="RE-ARC's examples, re_arc.npz.xz; without it the training split alone."),
    ] = None,
    generated: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="Tasks that `ensemble generate` made; may be repeated."),
    ] = None,
    size: Annotated[
        str, typer.Option(help="small, medium or large: 1.1, 2.7 or 17.2 million parameters.")
    ] = "small",
    tokens: Annotated[float, typer.Option(help="Length of the training, in millions.")] = 10.0,
    decay: Annotated[float, typer.Option(help="Of these, at a falling rate, in millions.")] = 1.5,
    members: Annotated[int, typer.Option(help="Processes that train together.")] = 1,
    threads: Annotated[int, typer.Option(help="Threads of each.")] = 1,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    hold_out: Annotated[
        bool, typer.Option(help="Leave out 156 of the training tasks, to choose settings on.")
    ] = True,
    export: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="Where to write the weights at the end."),
    ] = None,
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option(
            "--set", help="A setting of the training, such as batch_tokens=65536; may be repeated."
        ),
    ] = None,
) -> None:
    """Trains the embedded model on the training split, RE-ARC and generated tasks.

    ensemble pretrain --re-arc re_arc.npz.xz --tokens 10 --out pretrain/s --export pretrain/weights
    """
    from lm.embedded.config import PretrainConfig
    from lm.embedded.corpus import load_corpus
    from lm.embedded.model import SIZES
    from lm.embedded.pretraining import pretrain as train

    if size not in SIZES:
        raise ConfigError(f"--size: {unknown_name('size', size, list(SIZES))}")
    table: dict[str, Any] = {
        "tokens": int(tokens * 1e6), "decay_tokens": int(decay * 1e6), "device": device
    }  # fmt: skip
    for setting in settings or []:
        put(table, setting)
    config = made(PretrainConfig, table, "--set")
    tasks = Selection(split="train").tasks()
    corpus = load_corpus(re_arc, tasks, hold_out=hold_out, generated=generated or [])
    refuse_contaminated(corpus, str(re_arc or "the training split"))
    is_complete = train(
        out,
        tasks,
        re_arc,
        config,
        members=members,
        threads=threads,
        hold_out=hold_out,
        export=export,
        architecture=SIZES[size],
        generated=generated or [],
    )
    if not is_complete:
        print("ensemble: stopped early; the same command goes on from here", file=sys.stderr)
    print(export if export and is_complete else out)


def generate(
    out: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="The archive to write, a .npz.xz file; without it give --show."),
    ] = None,
    tasks: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option(help="How many tasks; 2000, or as many as are drawn."),
    ] = None,
    pairs: Annotated[int, typer.Option(help="Pairs of each.")] = 40,
    max_cells: Annotated[int, typer.Option(help="Cells of the largest pair.")] = 500,
    seed: Annotated[int, typer.Option(help="Another seed makes other tasks.")] = 0,
    re_arc: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="RE-ARC's examples, re_arc.npz.xz, to take inputs from."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Worker processes; 0: one per core.")] = 0,
    show: Annotated[int, typer.Option(help="Draw so many of the tasks.")] = 0,
    programs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="A file of JSON lines to write, a program with its pairs each."),
    ] = None,
    lengths: Annotated[
        str, typer.Option(help="Weights of programs with 1, 2, 3 and 4 operations.")
    ] = "0.1,0.42,0.34,0.14",
    repeats: Annotated[
        bool, typer.Option("--repeats", help="Keep programs that do what another does.")
    ] = False,
) -> None:
    """Makes training tasks: random programs run on inputs of known tasks and on scenes.

    ensemble generate --out tasks.npz.xz --re-arc re_arc.npz.xz --tasks 2000
    """
    from ensemble.train.generation import generate as make
    from induction.generation.making import GenerationConfig

    if show < 0:
        raise ConfigError(f"--show {show}: a number from 0 expected")
    if out is None and programs is None and not show:
        raise ConfigError("give --out or --programs FILE to write tasks, or --show N to see some")
    config = GenerationConfig(pairs, max_cells, seed, _weights(lengths), repeats)
    is_written = out is not None or programs is not None
    n_tasks = (2000 if is_written else show) if tasks is None else tasks
    made = make(
        n_tasks,
        config,
        re_arc=re_arc,
        n_workers=workers or n_cores(),
        out=out,
        programs=programs,
    )
    terminal = console()
    for picture in made.drawn(show):
        terminal.print(picture)
    print(made.report(), file=sys.stderr)
    if len(made.tasks) < n_tasks:
        print(f"ensemble: {len(made.tasks)} of {n_tasks} tasks made", file=sys.stderr)
    for path in (out, programs):
        if path is not None and made.tasks:
            print(path)


def _weights(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if not 1 <= len(found) <= 4 or min(found) < 0 or not sum(found):
        raise ConfigError(f"--lengths {text}: one to four numbers expected, such as 0.3,0.5,0.2")
    return found


def finetune(
    out: Annotated[Path, typer.Option(help="Folder of the checkpoint and the result; resumed.")],
    config: Annotated[str, typer.Option(help="A configuration of a causal model.")] = "causal",
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", help="Override a setting, such as model.settings.model=FOLDER."),
    ] = None,
    re_arc: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(help="RE-ARC: re_arc.npz.xz or its folder; without it the training split."),
    ] = None,
    full: Annotated[
        bool, typer.Option("--full/--lora", help="Train all weights, or an adapter.")
    ] = False,
    updates: Annotated[int, typer.Option(help="Length of the whole training.")] = 1000,
    examples: Annotated[int, typer.Option(help="Examples an update, accumulated.")] = 8,
    learning_rate: Annotated[
        float, typer.Option(help="0: 1e-4 for an adapter, 1e-5 for all weights.")
    ] = 0.0,
    minutes: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Stop after so long; the same command goes on."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads of torch; 0: its own choice.")] = 0,
    hold_out: Annotated[
        bool, typer.Option(help="Leave the held-out training tasks out, to measure progress on.")
    ] = True,
    programs: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(help="Learn to write these programs instead; may be repeated."),
    ] = None,
    template: Annotated[
        str, typer.Option(help="How programs are asked for, a template or its path.")
    ] = "signature_program",
) -> None:
    """Fine-tunes a causal model on tasks like those to come, before any of them is seen.

    ensemble finetune --set model.settings.model=FOLDER --re-arc re_arc.npz.xz --out finetuned

    With --programs, a file of `ensemble generate --programs FILE`, its replies are programs.
    """
    from ensemble.train.finetuning import Grids, Programs
    from ensemble.train.finetuning import finetune as train

    if programs and re_arc:
        raise ConfigError("give --re-arc for replies that are grids, or --programs, not both")
    made = train(
        out,
        load_settings(config, settings or []),
        Programs(tuple(programs), template) if programs else Grids(re_arc, hold_out, config),
        minutes=minutes,
        threads=threads,
        options={
            "full": full,
            "updates": updates,
            "examples": examples,
            "learning_rate": learning_rate,
        },
    )
    print(made)


def train_writer(
    out: Annotated[Path, typer.Option(help="Folder of the checkpoint and the model; resumed.")],
    programs: Annotated[
        list[Path], typer.Option(help="What `ensemble generate --programs` wrote; may be repeated.")
    ],
    updates: Annotated[int, typer.Option(help="Length of the whole training.")] = 1000,
    minutes: Annotated[
        Optional[float],  # noqa: UP045
        typer.Option(help="Stop after so long; the same command goes on."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the first weights and the order.")] = 0,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Trains a small model that writes programs, from nothing, on generated ones.

    ensemble train-writer --programs programs.jsonl --out writer --updates 2000
    """
    import logging

    from induction.library import __all__ as names
    from induction.search.proposal import HEADER
    from lm.programs.config import ProgramTraining
    from lm.programs.corpus import read_programs
    from lm.programs.training import MODEL
    from lm.programs.training import train_writer as train

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    tasks = [task for path in programs for task in read_programs(path)]
    refuse_contaminated_programs(tasks, str(programs[0]))
    phrases = (
        f"{HEADER}    grid = image(input_grid)\n    ", HEADER,
        "return render(", "lambda item: ", ".with_cells(where(", ", color_of(", " for p in ",
    )  # fmt: skip
    config = ProgramTraining(updates=updates, seed=seed)
    if not train(tasks, out, config, names, phrases, minutes, threads):
        print("ensemble: stopped early; the same command goes on from here", file=sys.stderr)
    print(out / MODEL)
