"""Prompt templates: the text around grids, as data.

A template is a TOML or JSON file. Its texts may hold these placeholders; all else is literal, other
braces too:

    {input} {output}             grids, in the notation the template names
    {index}                      the number of a demonstration; in the question, the next one
    {signature}                  words for what the demonstrations have in common (`lm/signature`)
    {system} {user} {assistant}  a new message of that role; the tokenizer's chat template wraps it
    {eos}                        the tokenizer's end token

A template without roles is literal text, with special tokens as the tokenizer spells them.
Where replies are programs, a question or start with a signature may do without any grid.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from arc.document import check_document
from arc.errors import ConfigError, DataError
from arc.grid import Grid
from lm.causal.notation import NOTATIONS, Notation
from lm.protocol import Prompt

DEFAULT_TEMPLATE = "compact"
INPUT, OUTPUT, INDEX, EOS = "{input}", "{output}", "{index}", "{eos}"
SIGNATURE = "{signature}"
FIXED_DATE = {"date_string": "26 Jul 2024"}
"""An option that some chat templates take; without it they write the day into every prompt."""

ROLES = ("system", "user", "assistant")
_PACKAGE = "lm.causal.templates"
_GRID = re.compile("{input}|{output}")
_ROLE = re.compile("{(system|user|assistant)}")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat: a role and its text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """The text of prompts and replies.

    Attributes:
        notation: How grids are written.
        demonstration: The text of a pair; `{input}` comes before `{output}`. Empty where a
            signature stands for all pairs.
        question: The text from the test input up to the reply. Where replies are programs it may
            lack `{input}`, for prompts that show demonstrations alone.
        start: What stands before all.
        between: What stands between demonstrations; `{index}` is the number of the one before.
        reply_end: What follows the reply, apart from what a chat template puts there.
        reply: Whether the reply is a grid or a program.
        first_index: The number of the first demonstration.
        chat_options: What the tokenizer's chat template is given beside the messages.
        description: One line for people.
        name: What errors call it.
    """

    notation: Notation
    demonstration: str
    question: str
    start: str = ""
    between: str = ""
    reply_end: str = ""
    reply: Literal["grid", "code"] = "grid"
    first_index: int = 1
    chat_options: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    name: str = "template"

    def __post_init__(self) -> None:
        n_signatures = (self.start + self.question).count(SIGNATURE)
        if n_signatures > 1 or (n_signatures and self.reply != "code"):
            self._reject("question", "{signature} at most once, where the reply is a program")
        for part in ("demonstration", "between", "reply_end"):
            if SIGNATURE in getattr(self, part):
                self._reject(part, "{signature} can stand in start or question only")
        is_without = not self.demonstration and n_signatures == 1
        if not is_without and _GRID.findall(self.demonstration) != [INPUT, OUTPUT]:
            self._reject("demonstration", "{input}, then {output}, once each expected")
        in_question = _GRID.findall(self.question)
        if in_question != [INPUT] and not (self.reply == "code" and not in_question):
            self._reject("question", "{input} once expected, and no {output}")
        for part in ("start", "between", "reply_end"):
            if _GRID.search(getattr(self, part)):
                self._reject(part, "no grid can stand here")
        if INDEX in self.start + self.reply_end:
            self._reject("start, reply_end", "{index} is no number of a demonstration here")
        whole = self.start + self.demonstration + self.between + self.question
        if self.is_chat:
            if not _ROLE.match(self.start or self.demonstration):
                self._reject("start", "in a chat the text begins with {system} or {user}")
            if _ROLE.findall(self.question or whole)[-1:] != ["assistant"]:
                self._reject("question", "in a chat the question ends with {assistant}")
            if _ROLE.search(self.reply_end):
                self._reject("reply_end", "no message can begin here")
        elif self.reply == "grid" and not self.notation.close and not self.reply_end:
            self._reject("reply_end", "empty, so nothing would tell the end of a grid")

    @property
    def is_chat(self) -> bool:
        """Whether a tokenizer's chat template wraps the messages."""
        return _ROLE.search(self.start + self.demonstration + self.question) is not None

    def texts(self, n: int) -> list[str]:
        """Returns what stands before, between and after the grids of a prompt of n demonstrations.

        The grids are each input and output in turn, then the test input; the last text ends where
        the reply begins. So there is one text more than there are grids.
        """
        text = self.start
        for i in range(n):
            if i:
                text += self._numbered(self.between, i - 1)
            text += self._numbered(self.demonstration, i)
        return _GRID.split(text + self._numbered(self.question, n))

    def write(self, grids: Sequence[Grid]) -> str:
        """Returns the prompt whose grids these are, with roles as placeholders."""
        texts = self.texts(len(grids) // 2)
        assert len(texts) == len(grids) + 1, f"{len(texts) - 1} grids expected, got {len(grids)}"
        written = [text + self.notation.write(g) for text, g in zip(texts, grids, strict=False)]
        return "".join(written) + texts[-1]

    def write_prompt(self, prompt: Prompt, words: Sequence[str] | None = None) -> str:
        """Returns the text to which the output, or a program, is the reply.

        Args:
            prompt: The demonstrations and a test input.
            words: The signature of the demonstrations, if it is known already.
        """
        context = prompt.context if self.demonstration else ()
        shown = [grid for pair in context for grid in (pair.input, pair.output)]
        text = self.write([*shown, prompt.input] if INPUT in self.question else shown)
        if SIGNATURE not in text:
            return text
        if words is None:
            from lm.signature.signature import signature  # scipy, which few templates need

            words = signature(prompt.context)
        return text.replace(SIGNATURE, " ".join(words))

    def write_reply(self, grid: Grid) -> str:
        """Returns the text of a reply, with its end."""
        return self.notation.write(grid) + self.reply_end

    def read_reply(self, text: str) -> Grid:
        """Returns the grid of a whole reply; raises `GridError` if it is none."""
        inner = text.removesuffix(self.reply_end) if text.endswith(self.reply_end) else ""
        return self.notation.read(inner)

    def table(self) -> dict[str, Any]:
        """Returns the template as its file has it."""
        notation = self.notation
        names = [name for name, known in NOTATIONS.items() if known == notation]
        texts = ("start", "demonstration", "between", "question", "reply_end")
        written = {key: getattr(self, key) for key in texts if getattr(self, key)}
        table: dict[str, Any] = {
            "description": self.description,
            "reply": self.reply,
            **written,
            "first_index": self.first_index,
            "grid": names[0]
            if names
            else {
                "cells": list(notation.cells),
                "between_cells": notation.between_cells,
                "between_rows": notation.between_rows,
                "open": notation.open,
                "close": notation.close,
            },
        }
        return table | ({"chat_options": dict(self.chat_options)} if self.chat_options else {})

    def _numbered(self, text: str, i: int) -> str:
        return text.replace(INDEX, str(self.first_index + i))

    def _reject(self, part: str, reason: str) -> None:
        raise ConfigError(f"template {self.name}: {part}: {reason}")


def messages_of(text: str) -> list[Message]:
    """Returns the messages of a text with roles as placeholders, which begins with a role."""
    _, *parts = _ROLE.split(text)
    return [Message(role, content) for role, content in zip(parts[::2], parts[1::2], strict=True)]


@lru_cache(maxsize=32)
def load_template(name: str) -> Template:
    """Returns a shipped template, or the one in a .toml or .json file.

    Raises:
        ConfigError: There is none of this name, or it is not what a template should be.
    """
    if name.endswith((".toml", ".json")) or "/" in name:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"template {name}: cannot be read: {error}") from None
        return parse_template(text, name)
    known = shipped_templates()
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"shipped: {', '.join(known)}"
        raise ConfigError(f"no template {name!r}; {hint} (or give a path ending in .toml)")
    return parse_template(resources.files(_PACKAGE).joinpath(f"{name}.toml").read_text(), name)


def shipped_templates(reply: Literal["grid", "code", ""] = "") -> list[str]:
    """Returns the names of the templates in the package, all or those of one kind of reply."""
    files = resources.files(_PACKAGE).iterdir()
    names = sorted(file.name.removesuffix(".toml") for file in files if file.name.endswith(".toml"))
    return [name for name in names if not reply or load_template(name).reply == reply]


def parse_template(text: str, name: str) -> Template:
    """Returns the template in a file's text; JSON if the name ends so, else TOML."""
    try:
        table = json.loads(text) if name.endswith(".json") else tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"template {name}: cannot be parsed: {error}") from None
    try:
        check_document(table, "template", f"template {name}", _PACKAGE)
    except DataError as error:
        raise ConfigError(str(error)) from None
    try:
        table.setdefault("demonstration", "")
        return Template(notation=_notation(table.pop("grid")), name=name, **table)
    except ConfigError as error:
        message = str(error)
        raise ConfigError(
            message if message.startswith("template ") else f"template {name}: {message}"
        ) from None


def _notation(grid: str | dict[str, Any]) -> Notation:
    if isinstance(grid, str):
        return NOTATIONS[grid]
    return Notation(**grid | ({"cells": tuple(grid["cells"])} if "cells" in grid else {}))
