"""`ensemble prompts`: the templates of prompts, shown and learned."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import tomli_w
import typer

from arc.dataset import select_tasks
from arc.document import write_text
from ensemble.selection import Selection
from lm.causal.learning import learn_template
from lm.causal.rows import read_rows
from lm.causal.template import load_template, shipped_templates
from lm.protocol import Prompt

app = typer.Typer(
    name="prompts", help="Shows and learns the templates of prompts.", no_args_is_help=True
)


@app.command("list")
def list_templates() -> None:
    """Lists the templates that come with the package.

    ensemble prompts list
    """
    for name in shipped_templates():
        print(f"{name:14} {load_template(name).description}")


@app.command()
def show(
    template: Annotated[str, typer.Argument(help="A shipped template, or the path of one.")],
    task: Annotated[str, typer.Option(help="The id of a training task.")] = "007bbfb7",
) -> None:
    """Prints a training task as a prompt. Roles stand where a chat template puts its own text.

    ensemble prompts show words_chat --task 00d62c1b
    """
    shown = load_template(template)
    chosen = select_tasks(Selection(split="train").tasks(), [task])[0]
    print(shown.write_prompt(Prompt(chosen.test_inputs[0], chosen.pairs)), end="")
    print("{reply}" + shown.reply_end)


@app.command()
def learn(
    file: Annotated[Path, typer.Argument(help="Rows of a data set of prompts, as JSON lines.")],
    out: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads this at run time
        typer.Option(help="Where to write the template, a .toml file; without it, printed."),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="So many rows must follow the template.")] = 100,
) -> None:
    """Recovers the template that a published data set of prompts was written with.

    ensemble prompts learn train.jsonl --out templates/barc.toml
    """
    learned = learn_template(read_rows(file, rows), out.stem if out else "learned")
    for line in learned.report():
        typer.echo(line, err=True)
    text = tomli_w.dumps(learned.template.table())
    if out is None:
        print(text, end="")
        return
    write_text(out, text)
    print(out)
