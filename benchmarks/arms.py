"""Pre-trainings that differ in one setting, for as many tokens each.

    python benchmarks/arms.py --re-arc re_arc.npz.xz --arm "" --arm reset_updates=40
    python benchmarks/updates.py --weights runs/arms/* --updates 20

An arm is settings of `Architecture` and `PretrainConfig`, such as `layers=9,width=96`; the empty
one is the small model as it is trained. Prints the losses at the end and the seconds that updates
took; the weights of each arm are in a folder of its name, for the second command, which says what
they are worth after test-time training. An arm that was trained before is not trained again.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

sys.path.pop(0)  # this folder, whose sandbox.py and induction.py are not the packages

from arc.errors import ConfigError
from ensemble.selection import Selection
from ensemble.settings import made, put
from lm.embedded.config import PretrainConfig
from lm.embedded.model import Architecture
from lm.embedded.pretraining import SETTINGS, pretrain

DECAY = 0.2
"""Share of the tokens over which the learning rate falls."""

POINTS = 20
"""Of the curve, about; the loss on reserved pairs takes seconds at each."""


def settings_of(arm: str, tokens: int) -> tuple[Architecture, PretrainConfig]:
    """Returns what `key=value,...` makes of the small model and its training."""
    sizes = {field.name for field in fields(Architecture)}
    of_model: dict[str, Any] = {}
    of_training = {
        "tokens": tokens,
        "decay_tokens": int(DECAY * tokens),
        "log_updates": max(1, tokens // PretrainConfig().batch_tokens // POINTS),
    }
    for item in filter(None, arm.split(",")):
        put(of_model if item.partition("=")[0] in sizes else of_training, item, "--arm")
    where = f"--arm {arm}"
    return made(Architecture, of_model, where), made(PretrainConfig, of_training, where)


def main() -> None:
    """Trains the arms one after the other, and prints a line for each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--arm", action="append", required=True, help="key=value,...; may repeat")
    parser.add_argument("--tokens", type=float, default=4.0, help="in millions, of each")
    parser.add_argument("--re-arc", type=Path)
    parser.add_argument("--generated", type=Path, action="append", default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/arms"))
    options = parser.parse_args()
    tasks = Selection(split="train").tasks()
    try:
        arms = {arm: settings_of(arm, int(options.tokens * 1e6)) for arm in options.arm}
    except ConfigError as error:
        parser.error(str(error))
    for arm, (architecture, config) in arms.items():
        export = options.out / (arm.replace(",", "_") or "as_it_is")
        folder = options.out.with_name(f"{options.out.name}_training") / export.name
        if not (export / "model.json").exists():
            is_complete = pretrain(
                folder,
                tasks,
                options.re_arc,
                config,
                members=1,
                threads=options.threads,
                hold_out=True,
                export=export,
                architecture=architecture,
                generated=options.generated,
            )
            if not is_complete:
                raise SystemExit("stopped early; the same command goes on from here")
        found = json.loads((folder / SETTINGS).read_text())
        last = found["curve"][-1]
        print(
            f"{export.name:24} {found['tokens'] / 1e6:.2f} M tokens, {found['seconds']} s: loss "
            f"{last['loss']:.4f}, on reserved pairs {last['reserved_loss']:.4f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
