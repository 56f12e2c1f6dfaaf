"""Programs in replies, and which of them are the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from induction.source import parsed
from sandbox.program import ENTRY_POINTS

_FENCE = re.compile(r"^[ \t]*```([^\n`]*)\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON = ("python", "py", "python3")
_BEGINNING = re.compile(r"^(?:from |import |def |class |@|#|[A-Za-z_]\w* *=)", re.MULTILINE)


@lru_cache(maxsize=1024)  # small models repeat themselves
def program_in(reply: str) -> str | None:
    """Returns the program of a reply, or `None` where there is none that can be parsed.

    A block marked as Python goes before one that is not; of several the first that defines an
    entry point is taken. A fence may be missing at the end, when the reply was cut, or
    altogether; then lines that are no Python are given up at the end.
    """
    blocks = [(mark.strip().lower(), text) for mark, text in _FENCE.findall(reply)]
    marked = [text for mark, text in blocks if mark in _PYTHON]
    others = [text for mark, text in blocks if mark not in _PYTHON]
    for text in (*marked, *others):
        program = _parsed(text)
        if program:
            return program
    beginning = _BEGINNING.search(reply)
    return None if blocks or beginning is None else _parsed(reply[beginning.start() :])


def _parsed(text: str) -> str | None:
    """Returns the longest beginning of a text that parses and defines an entry point."""
    lines = text.rstrip().split("\n")
    while lines:
        source = "\n".join(lines)
        try:
            tree = parsed(source)
        except SyntaxError as error:
            # Nothing that ends behind the first wrong line can be right.
            del lines[max(0, min(len(lines), error.lineno or 1) - 1) :]
            continue
        except (ValueError, RecursionError, MemoryError):
            return None
        defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        return source + "\n" if defined & set(ENTRY_POINTS) else None
    return None


@dataclass(frozen=True, slots=True)
class Form:
    """What programs share that differ in names, comments, layout and annotations alone.

    Attributes:
        text: Equal for such programs.
        size: Nodes of the syntax tree.
    """

    text: str
    size: int


@lru_cache(maxsize=1024)
def form_of(source: str) -> Form:
    """Returns the form of a program that can be parsed.

    Only what runs when a grid is transformed counts: a generator of inputs and what stands under
    `if __name__ == "__main__"` do not.
    """
    nodes = [node for node in parsed(source).body if not _is_aside(node)]
    spelling = _Spelling(_kept(nodes))
    spelling.add_scope(nodes, {})
    return Form(" ".join(spelling.parts), spelling.size)


def _is_aside(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "generate_input"
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


def _kept(nodes: Sequence[ast.AST]) -> set[str]:
    """Returns the names that mean something outside: entry points, keywords, what is imported."""
    kept = set(ENTRY_POINTS)
    for node in nodes:
        for part in ast.walk(node):
            if isinstance(part, ast.keyword) and part.arg:
                kept.add(part.arg)
            elif isinstance(part, (ast.Import, ast.ImportFrom)):
                kept.update((alias.asname or alias.name).split(".")[0] for alias in part.names)
    return kept


def _given(nodes: Sequence[ast.AST]) -> dict[str, None]:
    """Returns the names that a scope gives to something, in order, but not those it declares."""
    found: dict[str, None] = {}
    declared: set[str] = set()
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                found[node.id] = None
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = None  # what is inside is its own
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            declared.update(node.names)
        else:
            if isinstance(node, ast.arg):
                found[node.arg] = None
            waiting += reversed(list(ast.iter_child_nodes(node)))
    return {name: None for name in found if name not in declared}


class _Spelling:
    """Syntax trees as words, the names that a program gives numbered scope by scope.

    Docstrings and annotations are left out. Every node writes its kind and all its fields, so that
    two trees are spelled alike only if they are alike.
    """

    def __init__(self, kept: Set[str]) -> None:
        self.parts: list[str] = []
        self.size = 1
        self._kept = kept

    def add_scope(
        self, nodes: Sequence[ast.AST], names: Mapping[str, str], of: Sequence[ast.AST] = ()
    ) -> None:
        """Adds nodes that share a scope, and before them those `of` it that are not its body."""
        inner = dict(names)
        for name in _given([*of, *nodes]):
            if name not in self._kept:
                inner[name] = f"v{len(inner)}"
        self._add([*of], inner)
        self._add([*nodes], inner)

    def _add(self, value: object, names: Mapping[str, str]) -> None:
        if isinstance(value, list):
            self.parts.append("[")
            for each in value:
                self._add(each, names)
            self.parts.append("]")
        elif isinstance(value, ast.expr_context):
            self.size += 1
        elif isinstance(value, ast.AST):
            self.size += 1
            self._add_node(value, names)
        else:
            self.parts.append(repr(value))

    def _add_node(self, node: ast.AST, names: Mapping[str, str]) -> None:
        if isinstance(node, ast.Name):
            self.size += 1
            self.parts.append(f"Name {names.get(node.id, node.id)}")
        elif isinstance(node, ast.arg):
            self.parts.append(f"arg {names.get(node.arg, node.arg)}")
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            self.parts.append(" ".join([_kind(node), *(names.get(n, n) for n in node.names)]))
        elif isinstance(node, ast.FunctionDef):
            self.parts.append(f"FunctionDef {names.get(node.name, node.name)}")
            self._add(node.decorator_list, names)
            self.add_scope(node.body[_has_docstring(node) :], names, of=[node.args])
        elif isinstance(node, ast.AnnAssign):
            self.parts.append("Assign" if node.value else "Pass")
            if node.value:
                self._add([node.target], names)
                self._add(node.value, names)
                self._add(None, names)
        else:
            self.parts.append(_kind(node))
            for field in node._fields:
                self._add(getattr(node, field, None), names)


def _kind(node: ast.AST) -> str:
    return type(node).__name__


def _has_docstring(node: ast.FunctionDef) -> bool:
    first = node.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return is_text and len(node.body) > 1
