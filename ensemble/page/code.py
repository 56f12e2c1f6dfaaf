"""Programs as HTML: a few classes of tokens, everything else as it is."""

from __future__ import annotations

from html import escape
from typing import Any

from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String

_CLASSES: tuple[tuple[Any, str], ...] = (
    (Keyword, "k"),
    (Operator.Word, "k"),
    (String, "s"),
    (Comment, "c"),
    (Number, "m"),
    (Name.Function, "f"),
)


def highlighted(source: str) -> str:
    """Returns a program as HTML whose text, without the tags, is the program."""
    parts: list[str] = []
    for token, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        name = next((short for kind, short in _CLASSES if token in kind), "")
        written = escape(text, quote=False)
        parts.append(f"<i class={name}>{written}</i>" if name and text.strip() else written)
    return "".join(parts)
