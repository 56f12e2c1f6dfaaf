"""Rows of published data sets of prompts: JSON lines, brought to one text each.

A row is `{"messages": [{"role": ..., "content": ...}, ...]}`, or a `prompt` with a `completion` or
`response`, or one `text`. Roles become the placeholders that templates have, so a chat and a plain
text are learned alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from arc.document import parse_json
from arc.errors import DataError
from lm.causal.template import EOS, ROLES

_PLACEHOLDER = re.compile(r"\{(input|output|index|system|user|assistant|eos)\}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    Attributes:
        text: Prompt and reply, with roles as placeholders.
        searched_from: Where grids of the task can begin: after a system message.
        reply_from: Where the reply begins; no more than a lower bound in a row of one text.
        where: File and line, for errors.
    """

    text: str
    searched_from: int
    reply_from: int
    where: str


def read_rows(path: Path, limit: int) -> list[Row]:
    """Returns the first rows of a file of JSON lines.

    Raises:
        DataError: The file can't be read, is empty, or has a line that is no such row.
    """
    rows: list[Row] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if len(rows) == limit:
                    break
                if line.strip():
                    where = f"{path}: line {number}"
                    rows.append(_row(parse_json(line, where), where))
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not UTF-8 text at byte {error.start}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    if not rows:
        raise DataError(f"{path}: no rows; JSON lines expected")
    return rows


def _row(document: Any, where: str) -> Row:
    if isinstance(document, dict):
        if "messages" in document:
            return _chat(document["messages"], where)
        for reply in ("completion", "response"):
            if isinstance(document.get("prompt"), str) and isinstance(document.get(reply), str):
                prompt = _checked(document["prompt"], where)
                text = prompt + _checked(document[reply], where) + EOS
                return Row(text, 0, len(prompt), where)
        if isinstance(document.get("text"), str):
            return Row(_checked(document["text"], where), 0, 0, where)
    found = f"the keys {', '.join(document)}"[:80] if isinstance(document, dict) else "no object"
    raise DataError(
        f"{where}: messages, or prompt with completion or response, or text expected; found {found}"
    )


def _chat(messages: Any, where: str) -> Row:
    text, searched_from, reply_from = "", 0, 0
    for i, message in enumerate(messages if isinstance(messages, list) else []):
        role = message.get("role") if isinstance(message, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        if role not in ROLES or not isinstance(content, str):
            raise DataError(
                f"{where}: messages[{i}]: a role of {', '.join(ROLES)} and a text as content "
                f"expected, found {str(message)[:60]!r}"
            )
        text += f"{{{role}}}"
        reply_from = len(text)
        text += _checked(content, where)
        if role == "system":
            searched_from = len(text)
    if not text.startswith(("{system}", "{user}")) or role != "assistant":
        raise DataError(f"{where}: messages: a user's message, then an assistant's reply expected")
    return Row(text, searched_from, reply_from, where)


def _checked(text: str, where: str) -> str:
    found = _PLACEHOLDER.search(text)
    if found:
        raise DataError(
            f"{where}: the text has {found[0]}, which templates use as a placeholder, so no "
            "template can render this row"
        )
    return text
