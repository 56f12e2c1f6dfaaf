"""Python text that somebody else wrote, as a syntax tree."""

from __future__ import annotations

import ast
import warnings


def parsed(source: str) -> ast.Module:
    """Returns the tree of a program, and says nothing about how it is written.

    Raises:
        SyntaxError, ValueError, RecursionError, MemoryError: It can't be parsed.
    """
    with warnings.catch_warnings():  # such as `1or 2`, which nobody here can mend
        warnings.simplefilter("ignore")
        return ast.parse(source)
