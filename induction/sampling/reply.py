"""Programs in replies, and which of them are the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import lru_cache

from sandbox.program import ENTRY_POINTS

_FENCE = re.compile(r"^[ \t]*```([^\n`]*)\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_PYTHON = ("python", "py", "python3")
_BEGINNING = re.compile(r"^(?:from |import |def |class |@|#|[A-Za-z_]\w* *=)", re.MULTILINE)


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
            tree = ast.parse(source)
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


@lru_cache(maxsize=256)
def form_of(source: str) -> Form:
    """Returns the form of a program that can be parsed.

    Only what runs when a grid is transformed counts: a generator of inputs and what stands under
    `if __name__ == "__main__"` do not.
    """
    tree = ast.parse(source)
    tree.body = [node for node in tree.body if not _is_aside(node)]
    keywords = {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword) and n.arg}
    plain = _Plain().visit(tree)
    size = sum(1 for _ in ast.walk(plain))
    return Form(ast.dump(_Renamed(keywords | _imported(plain), {}).visit(plain)), size)


def _is_aside(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return node.name == "generate_input"
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Compare)
        and isinstance(node.test.left, ast.Name)
        and node.test.left.id == "__name__"
    )


class _Plain(ast.NodeTransformer):
    """Takes out docstrings and annotations."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.returns = None
        first = node.body[0]
        is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        if is_text and len(node.body) > 1:
            del node.body[0]
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if node.value is None:
            return ast.Pass()
        return ast.Assign([node.target], node.value)


def _imported(tree: ast.AST) -> set[str]:
    return {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }


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


class _Renamed(ast.NodeTransformer):
    """Numbers the names that a program gives, scope by scope, all but those it must keep."""

    def __init__(self, kept: Set[str], names: dict[str, str]) -> None:
        self._kept = kept | set(ENTRY_POINTS)
        self._names = names

    def visit_Module(self, node: ast.Module) -> ast.AST:
        self._add(node.body)
        self.generic_visit(node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        inner = _Renamed(self._kept, dict(self._names))
        inner._add([node.args, *node.body])
        node.args = inner.visit(node.args)
        node.body = [inner.visit(part) for part in node.body]
        node.name = self._names.get(node.name, node.name)
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._names.get(node.id, node.id)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.arg = self._names.get(node.arg, node.arg)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._names.get(name, name) for name in node.names]
        return node

    def visit_Nonlocal(self, node: ast.Nonlocal) -> ast.AST:
        return self.visit_Global(node)  # type: ignore[arg-type]

    def _add(self, scope: Sequence[ast.AST]) -> None:
        for name in _given(scope):
            if name not in self._kept:
                self._names[name] = f"v{len(self._names)}"
