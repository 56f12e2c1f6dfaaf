"""Programs that attack, break or exhaust whatever runs them, and what must come of each."""

from __future__ import annotations

from typing import NamedTuple

from arc.grid import Grid
from sandbox import FailureKind

RAISED = FailureKind.RAISED
BAD_OUTPUT = FailureKind.BAD_OUTPUT
CPU_TIMEOUT = FailureKind.CPU_TIMEOUT
WALL_TIMEOUT = FailureKind.WALL_TIMEOUT
OUT_OF_MEMORY = FailureKind.OUT_OF_MEMORY
SIGNAL = FailureKind.SIGNAL
POLICY = FailureKind.POLICY
PROTOCOL = FailureKind.PROTOCOL


class Hostile(NamedTuple):
    """A program and the kinds of failure it may end in; none means its grid is accepted."""

    name: str
    source: str
    kinds: tuple[FailureKind, ...]


def _in_transform(body: str) -> str:
    lines = body.strip().splitlines()
    return "def transform(grid):\n" + "".join(f"    {line}\n" for line in lines)


def _raw_call(arguments: str) -> str:
    return f"import ctypes\nlibc = ctypes.CDLL(None)\nlibc.syscall({arguments})\nreturn grid"


def _table(*rows: tuple[str, str, tuple[FailureKind, ...]]) -> list[Hostile]:
    return [Hostile(name, _in_transform(body), kinds) for name, body, kinds in rows]


TIME = _table(
    ("endless loop", "while True: pass", (CPU_TIMEOUT,)),
    (
        "endless loop that catches everything",
        "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
        (CPU_TIMEOUT,),
    ),
    (
        "signals ignored",
        "import signal\n"
        "for s in (signal.SIGALRM, signal.SIGTERM, signal.SIGXCPU, signal.SIGINT):\n"
        "    signal.signal(s, signal.SIG_IGN)\n"
        "while True: pass",
        (CPU_TIMEOUT,),
    ),
    ("long sleep", "import time\ntime.sleep(60)", (WALL_TIMEOUT,)),
    (
        "deadlock",
        "import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()",
        (WALL_TIMEOUT,),
    ),
    ("loop inside C", "return sum(range(10 ** 12))", (CPU_TIMEOUT,)),
    ("big power", "return len(str(7 ** 10 ** 9))", (CPU_TIMEOUT, OUT_OF_MEMORY, RAISED)),
    (
        "catastrophic regular expression",
        "import re\nreturn re.match(r'(a+)+$', 'a' * 40 + 'b')",
        (CPU_TIMEOUT,),
    ),
    ("own CPU limit raised", "import resource\nresource.setrlimit(0, (99, 99))", (RAISED,)),
    ("stopping itself", "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", (RAISED,)),
    (
        "printing without end",
        "while True: print('x' * 10000)",
        (CPU_TIMEOUT,),
    ),
)

MEMORY = _table(
    ("list of a gigabyte", "return [0] * (1 << 27)", (OUT_OF_MEMORY,)),
    ("array of a gigabyte", "import numpy as np\nreturn np.ones(1 << 27)", (OUT_OF_MEMORY,)),
    ("list that grows", "x = []\nwhile True: x.append(bytes(1 << 20))", (OUT_OF_MEMORY,)),
    (
        "out of memory in every handler",
        "x = []\n"
        "while True:\n"
        "    try:\n"
        "        x.append(bytearray(1 << 20))\n"
        "    except MemoryError: pass",
        (CPU_TIMEOUT, OUT_OF_MEMORY),
    ),
    ("huge text", "raise ValueError('x' * (1 << 25))", (RAISED,)),
    ("huge output list", "return [[0] * 1000 for _ in range(3000)]", (BAD_OUTPUT,)),
    (
        "endless recursion",
        "import sys\nsys.setrecursionlimit(10 ** 9)\nf = lambda: [f()]\nf()",
        (RAISED, SIGNAL, OUT_OF_MEMORY, CPU_TIMEOUT),
    ),
    (
        "recursion inside C",
        "x = []\nfor _ in range(10 ** 6): x = [x]\nreturn hash(repr(x))",
        (RAISED, SIGNAL, OUT_OF_MEMORY, CPU_TIMEOUT),
    ),
)

PROCESSES = _table(
    ("fork", "import os\nos.fork()", (RAISED,)),
    (
        "fork bomb",
        "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
        (CPU_TIMEOUT,),
    ),
    ("thread", "import threading\nthreading.Thread(target=print).start()", (RAISED,)),
    ("subprocess", "import subprocess\nsubprocess.run(['true'])", (RAISED, POLICY)),
    ("posix.system", "import posix\nreturn posix.system('touch /tmp/x')", (BAD_OUTPUT, RAISED)),
    ("exec", "import os\nos.execv('/bin/true', ['true'])", (POLICY,)),
    ("kill the parent", "import posix\nposix.kill(posix.getppid(), 9)", (RAISED,)),
    ("kill everybody", "import posix\nposix.kill(-1, 9)", (RAISED,)),
    ("own session", "import os\nos.setsid()", (RAISED,)),
    ("multiprocessing", "import multiprocessing as m\nm.Process(target=print).start()", (RAISED,)),
)

KERNEL = _table(
    ("ptrace", "import ctypes\nctypes.CDLL(None).ptrace(16, 1, 0, 0)", (POLICY,)),
    ("unshare", "import ctypes\nctypes.CDLL(None).unshare(0x10000000)", (POLICY,)),
    ("io_uring", _raw_call("425, 8, 0"), (POLICY,)),
    ("personality", "import ctypes\nctypes.CDLL(None).personality(0x40000)", (POLICY,)),
    (
        "writable executable memory",
        "import mmap\nmmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)",
        (RAISED,),
    ),
    (
        "memory of the parent",
        "import os\nopen(f'/proc/{os.getppid()}/mem', 'rb')",
        (RAISED,),
    ),
    ("set user", "import os\nos.setuid(0)", (RAISED,)),
    ("segmentation fault", "import ctypes\nctypes.string_at(0)", (SIGNAL,)),
    ("abort", "import os\nos.abort()", (SIGNAL,)),
)

FILES = _table(
    ("read a file", "open('/etc/passwd').read()", (RAISED,)),
    ("write a file", "open('/tmp/x', 'w').write('x')", (RAISED,)),
    ("shared memory", "open('/dev/shm/x', 'wb')", (RAISED,)),
    ("memory file", "import os\nos.memfd_create('x')", (RAISED,)),
    ("list a directory", "import os\nos.listdir('/')", (RAISED,)),
    ("remove a file", "import os\nos.remove('/tmp/x')", (RAISED,)),
    ("look at a file", "import os\nos.stat('/etc/passwd')", (RAISED,)),
    ("a secret of the environment", "import os\nreturn os.environ['PATH']", (RAISED,)),
    ("TCP", "import socket\nsocket.create_connection(('127.0.0.1', 22), 1)", (RAISED,)),
    ("UDP", "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM)", (RAISED,)),
    ("socket pair", "import socket\nsocket.socketpair()", (RAISED,)),
    ("descriptors", "import os\nwhile True: os.pipe()", (RAISED,)),
    ("close everything", "import os\nos.close(3)", (RAISED,)),
    ("move the result", "import os\nos.dup2(3, 9)", (RAISED,)),
)

VERDICT = _table(
    ("os._exit(0)", "import os\nos._exit(0)", (PROTOCOL,)),
    ("os._exit(1)", "import os\nos._exit(1)", (PROTOCOL,)),
    ("SystemExit", "raise SystemExit(0)", (RAISED,)),
    ("KeyboardInterrupt", "raise KeyboardInterrupt", (RAISED,)),
    ("GeneratorExit", "raise GeneratorExit", (RAISED,)),
    (
        "garbage to every descriptor",
        "import os\n"
        "for fd in range(64):\n"
        "    try: os.write(fd, b'\\xff' * 999)\n"
        "    except OSError: pass\n"
        "return grid",
        (PROTOCOL,),
    ),
    (
        "a crafted reply header",
        "import os, struct\n"
        "os.write(3, struct.pack('<4sBiII', b'arcz', 2, 0, 1, 3) + b'\\0\\1\\1\\5')\n"
        "return grid",
        (PROTOCOL,),
    ),
    (
        "more records than inputs",
        "import os\nos.write(3, b'\\0\\1\\1\\5' * 99)\nreturn grid",
        (PROTOCOL,),
    ),
    (
        "a flood of records",
        "import os\nwhile True: os.write(3, b'\\0\\1\\1\\5' * 999)",
        (PROTOCOL,),
    ),
    (
        "a record of a huge text",
        "import os\nos.write(3, b'\\1\\xff\\xff' + b'x' * 70000)\nreturn grid",
        (PROTOCOL,),
    ),
    (
        "walking frames and objects",
        "import gc, sys\n"
        "frame = sys._getframe()\n"
        "while frame:\n"
        "    for value in frame.f_locals.values():\n"
        "        if 'expected' in str(type(value)): return value\n"
        "    frame = frame.f_back\n"
        "return [o for o in gc.get_objects() if isinstance(o, dict) and 'expected' in o][0]",
        (RAISED,),
    ),
    (
        "an output equal to everything",
        "class Equal:\n    def __eq__(self, other): return True\nreturn Equal()",
        (BAD_OUTPUT,),
    ),
    (
        "a pickle payload",
        "class Payload:\n    def __reduce__(self): return (print, ('run',))\nreturn Payload()",
        (BAD_OUTPUT,),
    ),
    (
        "an __array__ trick",
        "class Trick:\n    def __array__(self, *a, **k): raise SystemExit\nreturn Trick()",
        (BAD_OUTPUT,),
    ),
    (
        "a list that is not one",
        "class Rows(list):\n    def __len__(self): raise SystemExit\nreturn Rows([[1]])",
        (RAISED,),
    ),
    ("a list within itself", "x = []\nx.append(x)\nreturn x", (BAD_OUTPUT,)),
    (
        "an exception that raises",
        "class Bad(Exception):\n    def __str__(self): raise Bad\nraise Bad",
        (RAISED,),
    ),
    (
        "an exception that loops",
        "class Bad(Exception):\n    def __str__(self):\n        while True: pass\nraise Bad",
        (CPU_TIMEOUT,),
    ),
    ("terminal escapes", "raise ValueError('\\x1b[2J\\x1b]0;x\\x07\\r\\n\\u202e')", (RAISED,)),
    (
        "atexit",
        "import atexit, os\natexit.register(os.abort)\nreturn [[1]]",
        (),
    ),
    (
        "a destructor",
        "class Late:\n    def __del__(self): raise SystemExit\nx = Late()\nreturn [[1]]",
        (),
    ),
    (
        "broken numpy",
        "import numpy as np\n"
        "for name in dir(np):\n"
        "    if not name.startswith('_'): setattr(np, name, None)\n"
        "return grid",
        (RAISED, BAD_OUTPUT),
    ),
    (
        "broken builtins",
        "import builtins, sys\n"
        "sys.modules.clear()\n"
        "for name in ('len', 'isinstance', 'bytes', 'max', 'print'): delattr(builtins, name)\n"
        "return grid",
        (RAISED, PROTOCOL),
    ),
    ("forgetting the modules", "import sys\nsys.modules.clear()\nreturn [[1]]", ()),
)

SOURCES = [
    Hostile("no source", "", (RAISED,)),
    Hostile("no function", "x = 1", (RAISED,)),
    Hostile("a function that is a number", "transform = 3", (RAISED,)),
    Hostile("a syntax error", "def transform(grid) return grid", (RAISED,)),
    Hostile("a NUL byte", "def transform(grid): return '\0'", (RAISED,)),
    Hostile("a lone surrogate", "def transform(grid): return '\ud800'", (RAISED,)),
    Hostile("deep parentheses", "(" * 100_000, (RAISED, OUT_OF_MEMORY, SIGNAL)),
    Hostile("deep operators", "x = " + "-" * 500_000 + "1", (RAISED, OUT_OF_MEMORY, SIGNAL)),
    Hostile("a compile bomb", "x = ((1,) * 10 ** 9,)", (OUT_OF_MEMORY, RAISED)),
    Hostile("another compile bomb", "(1 << 60) ** (1 << 40)", (OUT_OF_MEMORY, RAISED, CPU_TIMEOUT)),
    Hostile("an endless module", "while True: pass", (CPU_TIMEOUT,)),
    Hostile("an exiting module", "import os; os._exit(0)", (PROTOCOL,)),
    Hostile("an import that is not there", "import pandas", (RAISED,)),
    Hostile("two arguments", "def transform(grid, extra): return grid", (RAISED,)),
    Hostile("a coroutine", "async def transform(grid): return grid", (BAD_OUTPUT,)),
]

MORE_OF_THE_KERNEL = _table(
    ("io_uring_enter", _raw_call("426, 0, 0, 0, 0, 0"), (POLICY,)),
    ("process_vm_writev", _raw_call("311, 1, 0, 0, 0, 0, 0"), (POLICY,)),
    ("setns", "import ctypes\nctypes.CDLL(None).setns(0, 0)", (POLICY,)),
    ("mount", "import ctypes\nctypes.CDLL(None).mount(0, b'/', 0, 0, 0)", (POLICY,)),
    ("chroot", "import os\nos.chroot('/')", (POLICY,)),
    ("a key ring", _raw_call("250, 0, 0, 0, 0, 0"), (POLICY,)),
    ("performance counters", _raw_call("298, 0, 0, 0, 0, 0"), (POLICY,)),
    ("the x32 interface", _raw_call("0x40000000 + 39"), (POLICY,)),
    ("dumpable again", _raw_call("157, 4, 1, 0, 0, 0") + "[:0]", (BAD_OUTPUT,)),
    ("a clone in the same memory", _raw_call("56, 0x100, 0, 0, 0, 0") + "[:0]", (BAD_OUTPUT,)),
    (
        "memory made executable later",
        "import ctypes, mmap\n"
        "area = mmap.mmap(-1, 4096)\n"
        "address = ctypes.addressof(ctypes.c_char.from_buffer(area))\n"
        "assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(address), 4096, 5) == -1\n"
        "raise PermissionError",
        (RAISED,),
    ),
    ("a signal to itself", "import signal\nsignal.raise_signal(signal.SIGSTOP)", (RAISED,)),
    ("a timer", "import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.01)", (RAISED,)),
    ("another core", "import os\nos.sched_setaffinity(0, {0})", (RAISED,)),
    ("a higher priority", "import os\nos.nice(-20)", (RAISED,)),
    ("a host name", "import socket\nsocket.sethostname('x')", (RAISED,)),
    ("an abstract socket", "import socket\nsocket.socket(socket.AF_UNIX).bind('\\0x')", (RAISED,)),
    ("an event descriptor", "import os\nos.eventfd(0)", (RAISED,)),
    ("descriptor flags", "import fcntl\nfcntl.fcntl(3, fcntl.F_SETFL, 0)", (RAISED,)),
    ("a terminal's input", "import fcntl\nfcntl.ioctl(3, 0x5412, b'x')", (RAISED,)),
    ("reading its own pipe", "import os\nos.read(3, 9)", (RAISED,)),
    ("renaming", "import os\nos.rename('/tmp/x', '/tmp/y')", (RAISED,)),
    ("a link", "import os\nos.symlink('/etc/passwd', '/tmp/x')", (RAISED,)),
)

INTERPRETER = _table(
    ("a trace", "import sys\nsys.settrace(lambda *a: 1 / 0)\nreturn (lambda: grid)()", (RAISED,)),
    (
        "an audit hook",
        "import sys\n"
        "def hook(*a): raise SystemExit\n"
        "sys.addaudithook(hook)\n"
        "import os\n"
        "os.listdir('/')",
        (RAISED,),
    ),
    (
        "overwritten small numbers",
        "import ctypes\nctypes.memset(id(1) + 24, 7, 1)\nreturn [[1]] * 1",
        (BAD_OUTPUT, RAISED, SIGNAL, PROTOCOL, CPU_TIMEOUT, WALL_TIMEOUT, OUT_OF_MEMORY),
    ),
    (
        "overwritten nothing",
        "import ctypes\nctypes.memset(id(None), 0, 16)\nreturn None",
        (BAD_OUTPUT, RAISED, SIGNAL, PROTOCOL, CPU_TIMEOUT, WALL_TIMEOUT),
    ),
    (
        "writing beyond an array",
        "import numpy as np\n"
        "far = np.lib.stride_tricks.as_strided(grid, (1 << 40,), (8,))\n"
        "far[1 << 36] = 1",
        (SIGNAL, RAISED),
    ),
    (
        "freeing what is in use",
        "import ctypes\n"
        "for _ in range(99): ctypes.pythonapi.Py_DecRef(ctypes.py_object(grid))\n"
        "return grid + 1",
        (BAD_OUTPUT, RAISED, SIGNAL, PROTOCOL, CPU_TIMEOUT, WALL_TIMEOUT, OUT_OF_MEMORY),
    ),
    (
        "bad bytecode",
        "f = lambda: 0\nf.__code__ = f.__code__.replace(co_code=b'\\xff' * 64)\nreturn f()",
        (SIGNAL, RAISED, BAD_OUTPUT, POLICY, CPU_TIMEOUT),
    ),
    (
        "a seal of its own",
        "import os\nos.write(3, b'\\0\\1\\1\\5' * 2 + b'\\xf5intact')\nos._exit(0)",
        (PROTOCOL,),
    ),
    ("held back by itself", "import os\nos.write(3, b'\\xf0')\nos._exit(0)", (PROTOCOL,)),
    ("a generator that never ends", "return (x for x in iter(int, 1))", (BAD_OUTPUT,)),
    ("an endless comparison", "x = []\nx.append(x)\ny = []\ny.append(y)\nreturn x == y", (RAISED,)),
    ("a sum of endless rows", "return [iter(int, 1)]", (BAD_OUTPUT,)),
    (
        "a class that lies about itself",
        "import numpy as np\n"
        "class Grid:\n"
        "    __class__ = np.ndarray\n"
        "    ndim, shape, size = 2, (1, 1), 1\n"
        "return Grid()",
        (BAD_OUTPUT, RAISED),
    ),
    (
        "an array that lies about itself",
        "import numpy as np\n"
        "class Sly(np.ndarray):\n"
        "    def min(self): return 0\n"
        "    max = min\n"
        "    def astype(self, *a, **k): return self\n"
        "return np.full((2, 2), 12, np.uint8).view(Sly)",
        (BAD_OUTPUT, RAISED, PROTOCOL),
    ),
    (
        "a module that replaces itself",
        "import sys, types\n"
        "sys.modules['numpy'] = types.ModuleType('numpy')\n"
        "import numpy as np\n"
        "return np.rot90(grid)",
        (RAISED,),
    ),
)

SPOILERS = [
    Hostile(name, f"{body}\ndef transform(grid): return [[1]]", ())
    for name, body in {
        "a rot90 of its own": "import numpy as np\nnp.rot90 = lambda *a: np.zeros((1, 1), int)",
        "other built-ins": "import builtins\nbuiltins.sorted = builtins.reversed = list",
        "a low recursion limit": "import sys\nsys.setrecursionlimit(60)",
        "warnings as errors": "import warnings\nwarnings.simplefilter('error')",
        "floating point errors": "import numpy as np\nnp.seterr(all='raise')",
        "other printing": "import numpy as np\nnp.set_printoptions(precision=1, threshold=1)",
        "another seed": "import random\nrandom.seed = lambda *a: None\nrandom.random()",
        "a label of its own": "from scipy import ndimage\nndimage.label = lambda g, **k: (g, 0)",
        "no collection of garbage": "import gc\ngc.disable()\nx = [bytes(1 << 20)] * 99",
        "a decoder of its own": "import codecs\ncodecs.register(lambda name: 1 / 0)",
        "an import hook": "import sys\nsys.meta_path.insert(0, None)\nsys.path_hooks.clear()",
    }.items()
]
"""Programs that do nothing worse than change what the next one in their process would find."""

INTERPRETER.append(
    Hostile(
        "a poisoned library",
        "import arc.grid\n"
        "arc.grid.Grid.__post_init__ = lambda self: 1 / 0\n"
        "def transform(grid): return [[1]]",
        (RAISED,),
    )
)

HOSTILE = (
    TIME + MEMORY + PROCESSES + KERNEL + FILES + VERDICT + SOURCES
    + MORE_OF_THE_KERNEL + INTERPRETER + SPOILERS
)  # fmt: skip

GRID = Grid.of([[1, 2, 3], [4, 5, 6]])
BENIGN = "import numpy as np\ndef transform(grid): return np.rot90(grid, 2)"
TURNED = Grid.of([[6, 5, 4], [3, 2, 1]])

MALFORMED = {
    "nothing": "None",
    "a number": "1",
    "a text": "'[[1]]'",
    "a set": "{1}",
    "a dictionary": "{0: [1]}",
    "a generator": "(row for row in [[1]])",
    "1-D": "np.array([1, 2])",
    "3-D": "np.zeros((1, 1, 1), int)",
    "0-D": "np.array(1)",
    "no rows": "np.zeros((0, 3), int)",
    "no columns": "np.zeros((3, 0), int)",
    "empty list": "[]",
    "empty row": "[[]]",
    "too high": "np.zeros((31, 1), int)",
    "too wide": "np.zeros((1, 31), int)",
    "too large a list": "[[0] * 31]",
    "ragged": "[[1, 2], [3]]",
    "color 10": "np.array([[10]])",
    "color -1": "np.array([[-1]])",
    "color 256": "np.array([[256]])",
    "color 2**64": "[[2 ** 64]]",
    "a huge integer": "[[10 ** 400]]",
    "fraction": "np.array([[0.5]])",
    "fraction in a list": "[[0.5]]",
    "NaN": "np.array([[np.nan]])",
    "infinity": "np.array([[np.inf]])",
    "complex": "np.array([[1 + 0j]])",
    "objects": "np.array([[object()]])",
    "objects that are numbers": "np.array([[1]], dtype=object)",
    "strings": "np.array([['1']])",
    "strings in a list": "[['1']]",
    "rows of text": "['12', '34']",
    "bytes": "[b'12']",
    "dates": "np.array([['2020-01-01']], dtype='datetime64[D]')",
    "records": "np.zeros((1, 1), dtype=[('a', int)])",
    "nested too deep": "[[[1]]]",
    "none in a list": "[[None]]",
}


def returning(expression: str) -> str:
    """Returns a program with this output."""
    return f"import numpy as np\ndef transform(grid): return {expression}"
