"""Every command of the README, run in its order in the folder of somebody who follows it.

Names stand for files of the reader's own; these are laid out first. Runs are cut to a task with
little effort, and of the training split: what a command prints about evaluation tasks is for
measuring, not for testing. Everything else is typed as it stands.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from packages import install_example
from pages import README, commands
from tiny import byte_tokenizer, tiny_llama

from arc.archive import archive_of, write_archive
from arc.dataset import load_split
from lm.causal.template import load_template
from lm.protocol import Prompt

_RUN = "from ensemble.cli import main; raise SystemExit(main())"
_TASK = "007bbfb7"
_PLACES = {"TASK": _TASK, "COMMAND": "run", "mine": "symmetries"}
_SEARCH = ("induction.steps=[300]", "sampling.programs=2", "sampling.guided_steps=300")
_EMBEDDED = (*_SEARCH, "model.settings.tokens=1500", "model.settings.min_updates=3")
_SMALL = (
    "rank=2", "dtype=float32", "quantization=", 'target_modules=["v_proj"]', "max_tokens=1000",
    "epochs=1", "device=cpu",
)  # fmt: skip
_CAUSAL = (
    *_SEARCH,
    "transduction.max_examples=4",
    *(f"model.settings.{each}" for each in _SMALL),
)


def adjusted(arguments: list[str]) -> list[str]:
    """Returns a command cut to what a test has time for."""
    arguments = ["train" if each == "eval" else each for each in arguments]
    if "paper80" in arguments:
        arguments[arguments.index("paper80")] = "held_out"
        arguments += ["--split=train"]
    command, is_causal = arguments[0], any("model=" in each for each in arguments)
    if command in ("run", "ablate"):
        arguments += [f"--set={each}" for each in (_CAUSAL if is_causal else _EMBEDDED)]
        arguments += ["--workers=1"]
        if not arguments[1].startswith("my_task"):
            arguments += ["--limit=1"]
    if command == "finetune":
        arguments += [f"--set={each}" for each in _CAUSAL if each.startswith("model.")]
        arguments += ["--updates=1", "--examples=1"]
    if command == "pretrain":
        arguments += ["--tokens=0.005", "--decay=0.001"]
    if command == "validate" and "--tasks" not in arguments:
        arguments += ["--split=train", "--limit=1"]
    return [_PLACES.get(each, each) for each in arguments]


def lay_out(folder: Path, site: Path) -> None:
    """Writes the files that the README's commands name."""
    task = next(t for t in load_split("arc1", "training") if t.task_id == _TASK)
    pairs = [{"input": p.input.rows, "output": p.output.rows} for p in task.pairs]
    shown = {"train": pairs, "test": [{"input": task.test_inputs[0].rows}]}
    (folder / "my_task.json").write_text(json.dumps(shown))
    (folder / "my_tasks").mkdir()
    shutil.copy(folder / "my_task.json", folder / "my_tasks")
    (folder / "challenges.json").write_text(json.dumps({_TASK: shown}))
    attempts = {"attempt_1": [[0]], "attempt_2": [[1]]}
    for name in ("submission.json", "other.json"):
        (folder / name).write_text(json.dumps({_TASK: [attempts]}))
    line = {"task_id": _TASK, "test_index": 0, "grid": [[7]], "source": "them"}
    (folder / "theirs.jsonl").write_text(json.dumps(line))
    template = load_template("nested_text")
    rows = [
        template.write_prompt(Prompt(p.input, task.pairs[:2])) + template.write_reply(p.output)
        for p in task.pairs[2:]
    ]
    (folder / "rows.jsonl").write_text("".join(json.dumps({"text": row}) + "\n" for row in rows))
    cells = [(np.asarray(p.input.array), np.asarray(p.output.array)) for p in task.pairs]
    write_archive(folder / "re_arc.npz.xz", archive_of([_TASK], [cells]))
    for name in ("path/to/checkpoint", "FOLDER"):
        tokenizer = byte_tokenizer(start=True)
        tiny_llama(len(tokenizer)).save_pretrained(folder / name)
        tokenizer.save_pretrained(folder / name)
    install_example(site)


@pytest.mark.slow
def test_every_command_of_the_readme_works_in_its_order(tmp_path):
    folder, site = tmp_path / "here", tmp_path / "site"
    folder.mkdir()
    site.mkdir()
    lay_out(folder, site)
    environment = dict(os.environ) | {
        "PYTHONPATH": os.pathsep.join([str(site), *filter(None, sys.path)]),
        "NO_COLOR": "1",
    }

    def typed(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", _RUN, *arguments],
            cwd=folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    for name in ("a", "b"):
        made = typed(adjusted(["run", "--split", "train", "--out", f"runs/{name}"]))
        assert made.returncode == 0, made.stderr
    failed = []
    for arguments in commands(README.read_text()):
        if "ray" in arguments and find_spec("ray") is None:
            continue
        done = typed(adjusted(arguments))
        if done.returncode:
            failed.append(f"ensemble {' '.join(arguments)}\n{done.stdout}{done.stderr}")
    assert not failed, "\n\n".join(failed)
    assert (folder / "report.html").stat().st_size > 10_000
    assert json.loads((folder / "runs" / "first" / "submission.json").read_text())
    shutil.rmtree(folder)  # checkpoints need not wait for pytest's third next session
