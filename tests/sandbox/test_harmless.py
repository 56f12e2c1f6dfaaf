"""Which programs may share a process: those whose code names nothing that can be changed."""

from __future__ import annotations

import importlib
from types import ModuleType

import numpy as np
import pytest
from hostile import BENIGN, FILES, INTERPRETER, KERNEL, PROCESSES, SPOILERS
from scipy import ndimage

from sandbox import harmless
from sandbox.harmless import Harmless

STANDARD = """
random math itertools collections functools operator heapq bisect copy string re statistics
fractions decimal sys
"""
HARMLESS = Harmless(["induction.library"])

PLAIN = [
    BENIGN,
    "def transform(grid):\n    return [[c for c in row if c] for row in grid]",
    "from typing import List\ndef main(grid: List[List[int]]) -> List[List[int]]: return grid",
    "import numpy as np\nfrom scipy.ndimage import label\n"
    "def transform(grid: np.ndarray):\n"
    "    labels, n = label(grid)\n    return np.where(labels, 1, 0)",
    "from collections import deque, Counter\nimport itertools, math, random, copy\n"
    "def helper(x):\n    q = deque([x])\n    while q: q.popleft()\n    return math.gcd(4, 6)\n"
    "def transform(grid):\n    g = copy.deepcopy(grid)\n    g[0, 0] = helper(1)\n    return g",
    "from induction.library import *\ndef transform(grid): return flip_rows(grid)",
    "def transform(grid):\n    def inner():\n        nonlocal total\n        total += 1\n"
    "    total = 0\n    inner()\n    return sorted(grid.tolist(), key=lambda row: sum(row))",
    "if __name__ == '__main__': print(1)\ndef transform(grid): return grid",
]

TELLING = [
    "import numpy as np\nnp.rot90 = None",
    "import os",
    "import numpy as np\nnp.__dict__['rot90'] = None",
    "__builtins__['len'] = None",
    "setattr(1, 'x', 2)",
    "if 0: setattr = 1\nimport numpy as np\nsetattr(np, 'rot90', None)",
    "if 0: __import__ = 1\n__import__('os')",
    "__dict__ = 1\nimport numpy as np\nnp.__dict__",
    "class Sly:\n    def __del__(self): pass",
    "(lambda: 0).__globals__['x'] = 1",
    "import numpy as np\nnp.lib.stride_tricks.as_strided",
    "from numpy.lib.stride_tricks import as_strided",
    "from numpy import lib",
    "from numpy import *",
    "import numpy.core as c",
    "def f():\n    def g():\n        return [x.__class__ for x in ()]",
    "import functools\nfunctools.update_wrapper(len, len)",
    "import random\nrandom._inst",
    "global __name__\n__name__ = 1\ndel __builtins__",
    "getattr",
    "eval('1')",
    "import induction.library.image",
]


@pytest.mark.parametrize("source", PLAIN)
def test_plain_programs_are_harmless(source: str) -> None:
    assert HARMLESS.includes(compile(source, "", "exec"))


@pytest.mark.parametrize("source", TELLING)
def test_whatever_reaches_for_more_is_not(source: str) -> None:
    assert not HARMLESS.includes(compile(source, "", "exec"))


def test_neither_is_any_program_that_attacks_or_spoils() -> None:
    tame = {"own CPU limit raised", "a sum of endless rows", "a generator that never ends"}
    tame |= {"an endless comparison"}
    for hostile in [*PROCESSES, *KERNEL, *FILES, *INTERPRETER, *SPOILERS]:
        if hostile.name not in tame and hostile.name != "a low recursion limit":
            assert not HARMLESS.includes(compile(hostile.source, "", "exec")), hostile.name


def test_many_names_are_told_apart_as_well() -> None:
    many = "".join(f"v{i} = {i}\n" for i in range(600))
    assert HARMLESS.includes(compile(many + "import numpy as np\nx = np.zeros", "", "exec"))
    assert not HARMLESS.includes(compile(many + "import numpy as np\nx = np.load", "", "exec"))


def test_no_listed_name_leads_to_a_module_or_to_something_that_can_be_changed() -> None:
    names = harmless._ATTRIBUTES
    for owner in (
        np,
        ndimage,
        np.linalg,
        np.random,
        *map(importlib.import_module, STANDARD.split()),
    ):
        for name in names & set(dir(owner)):
            value = getattr(owner, name)
            if isinstance(value, ModuleType):
                assert value.__name__ in harmless._MODULES.split()
            else:
                assert not isinstance(value, (list, dict, set, bytearray, np.ndarray)), name
