"""Functions compiled by numba, and kept from one start to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(signature: str, **options: Any) -> Callable[[Function], Function]:
    """Returns a decorator that compiles a function for one signature, in numba's notation.

    That is done when its module is first imported on a machine, and kept in numba's cache on disk;
    anew in every process where neither the package's folder nor the user's can be written to.
    `options` are those of `numba.njit`.
    """

    def decorate(function: Function) -> Function:
        try:
            return cast(Function, numba.njit(signature, cache=True, **options)(function))
        except RuntimeError:  # there is no folder for the cache
            return cast(Function, numba.njit(signature, **options)(function))

    return decorate
