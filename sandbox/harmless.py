"""Harmless programs: those that may share a process, since they cannot change it.

Programs that run one after the other in one interpreter could spoil it for each other. So a
program is screened in company only if its compiled code names nothing but what is listed here:
functions and methods that give no access to anything shared that can be changed. It may not set
attributes or define classes. Whatever is not listed is no judgement on a program: it runs in a
process of its own.

The check reads code that has not run yet, in a process in which no program has run yet.
"""

from __future__ import annotations

import builtins
import importlib
import opcode
import sys
import typing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from types import CodeType, ModuleType

_NUMPY = """
abs absolute add all allclose any append arange argmax argmin argpartition argsort argwhere around
array array_equal array_split asarray ascontiguousarray atleast_1d atleast_2d average bincount
bitwise_and bitwise_or bitwise_xor block bool_ broadcast_to ceil choose clip column_stack
compress concatenate convolve copy copyto count_nonzero cross cumprod cumsum delete diag diagonal
diff digitize divide divmod dot dsplit dstack ediff1d einsum equal expand_dims extract eye fill
fill_diagonal flatnonzero flip fliplr flipud float32 float64 floor floor_divide full full_like
gcd greater greater_equal histogram hsplit hstack identity iinfo in1d indices inf inner insert
int16 int32 int64 int8 integer interp intersect1d invert isclose isfinite isin isinf isnan ix_ kron
lcm less less_equal lexsort linspace log log2 logical_and logical_not logical_or logical_xor
mask_indices matmul max maximum mean median meshgrid min minimum mod moveaxis multiply nan
nan_to_num nanmax nanmean nanmin nanargmax nanargmin nansum ndarray ndenumerate ndim ndindex
negative newaxis nonzero not_equal number ones ones_like outer packbits pad partition percentile
pi piecewise place power prod ptp put put_along_axis putmask quantile ravel ravel_multi_index
remainder repeat reshape roll rollaxis rot90 round row_stack s_ searchsorted select setdiff1d
setxor1d shape sign signbit size sort split sqrt square squeeze stack std subtract sum swapaxes
take take_along_axis tensordot tile trace transpose tri tril tril_indices trim_zeros triu
triu_indices true_divide trunc uint16 uint32 uint64 uint8 union1d unique unpackbits unravel_index
unwrap var vdot vectorize vsplit vstack where zeros zeros_like sliding_window_view
T astype at dtype flat flatten item itemsize nbytes tolist accumulate reduce outer real
random rand randint randn choice shuffle permutation integers default_rng RandomState seed linalg
matrix_rank norm det inv solve NDArray ArrayLike
"""

_NDIMAGE = """
affine_transform binary_closing binary_dilation binary_erosion binary_fill_holes
binary_hit_or_miss binary_opening binary_propagation center_of_mass convolve convolve1d correlate
correlate1d distance_transform_bf distance_transform_cdt distance_transform_edt extrema
find_objects gaussian_filter generate_binary_structure generic_filter grey_closing grey_dilation
grey_erosion grey_opening histogram iterate_structure label labeled_comprehension laplace
map_coordinates maximum maximum_filter maximum_position mean median median_filter minimum
minimum_filter minimum_position morphological_gradient percentile_filter rank_filter rotate shift
sobel standard_deviation sum sum_labels uniform_filter value_indices variance watershed_ift zoom
ndimage
"""

_STANDARD = """
append appendleft extend extendleft insert remove pop popleft clear index count sort reverse copy
rotate get items keys values update setdefault popitem fromkeys move_to_end most_common elements
subtract total add discard union intersection difference symmetric_difference issubset issuperset
isdisjoint intersection_update difference_update symmetric_difference_update
join split rsplit splitlines strip lstrip rstrip replace startswith endswith find rfind upper lower
title zfill ljust rjust center isdigit isalpha isalnum isspace isupper islower format partition
rpartition encode decode swapcase capitalize
real imag numerator denominator bit_length bit_count is_integer to_bytes from_bytes conjugate
start stop step maxlen default_factory
deque Counter defaultdict OrderedDict namedtuple Iterable Iterator Sequence Mapping Hashable
product permutations combinations combinations_with_replacement chain from_iterable groupby
accumulate cycle islice repeat starmap takewhile dropwhile zip_longest tee compress pairwise
filterfalse
reduce partial lru_cache cache cmp_to_key cache_clear
deepcopy heappush heappop heapify heappushpop heapreplace nlargest nsmallest merge
bisect bisect_left bisect_right insort insort_left insort_right
sqrt ceil floor gcd lcm factorial comb perm log log2 log10 exp pow sin cos tan atan atan2 asin acos
hypot fabs fmod isclose isqrt prod pi e inf nan degrees radians trunc copysign dist isnan isinf
fsum modf tau
itemgetter mul sub truediv floordiv mod neg eq ne lt le gt ge and_ or_ xor not_ contains
mean median mode multimode stdev pstdev variance fmean
Fraction Decimal limit_denominator
choice choices sample shuffle randint randrange random uniform seed Random
sub match search findall finditer fullmatch compile group groups span
ascii_letters ascii_lowercase ascii_uppercase digits
List Dict Tuple Set FrozenSet Optional Union Any Callable Iterable Iterator Sequence Mapping
MutableMapping Generator NamedTuple Literal Type TypeVar DefaultDict Deque Collection cast
setrecursionlimit getrecursionlimit maxsize
annotations
"""

_BUILTINS = """
abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float
format frozenset hash hex int isinstance issubclass iter len list map max min next oct ord pow
print range repr reversed round set slice sorted str sum tuple zip
None True False Ellipsis NotImplemented
"""

_MODULES = """
numpy numpy.linalg numpy.random numpy.lib.stride_tricks numpy.typing scipy scipy.ndimage random math
itertools collections collections.abc functools operator heapq bisect copy string re statistics
fractions decimal typing sys __future__
"""

_MODULE_VARIABLES = frozenset({"__name__", "__doc__", "__annotations__"})

# Names a program may use without having defined them, and names of attributes and of imports.
_GLOBALS = (
    frozenset(_BUILTINS.split())
    | _MODULE_VARIABLES
    | {
        name
        for name, value in vars(builtins).items()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
)
_ATTRIBUTES = frozenset(f"{_NUMPY} {_NDIMAGE} {_STANDARD}".split())
_TYPING = frozenset(typing.__all__)

_OF_ATTRIBUTE = ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM")
_OF_GLOBAL = ("LOAD_GLOBAL", "LOAD_NAME")
_OF_STORE = ("STORE_NAME", "STORE_GLOBAL", "DELETE_NAME", "DELETE_GLOBAL")
_SHIFTED = ("LOAD_GLOBAL", "LOAD_ATTR") if sys.version_info >= (3, 12) else ("LOAD_GLOBAL",)
_IMPORT = opcode.opmap["IMPORT_NAME"]
_CONSTANT = opcode.opmap["LOAD_CONST"]
_EXTENDED = opcode.opmap["EXTENDED_ARG"]
_KNOWN = {opcode.opmap[name] for name in (*_OF_ATTRIBUTE, *_OF_GLOBAL, *_OF_STORE, "IMPORT_NAME")
          if name in opcode.opmap}  # fmt: skip
_NAMED = frozenset(opcode.hasname)
_NEVER = (_NAMED - _KNOWN) | {
    opcode.opmap[name] for name in ("LOAD_BUILD_CLASS", "PRINT_EXPR") if name in opcode.opmap
}


@dataclass(slots=True)
class _Names:
    """What some code names, by how it uses the names."""

    attributes: set[str] = field(default_factory=set)
    loaded: set[str] = field(default_factory=set)
    stored: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    star_modules: set[str] = field(default_factory=set)


class Harmless:
    """Decides which programs are; knows what the preloaded modules add.

    A preloaded module adds its public functions, classes with what they hold, and immutable
    values. That calling them changes nothing for the next program is for its author to see to.
    """

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self._modules = frozenset(_MODULES.split()) | frozenset(preload)
        self._star_modules = frozenset(preload) | {"typing"}
        public = {
            name: value
            for module in preload
            for name, value in _public(importlib.import_module(module)).items()
        }
        added = {name for name, value in public.items() if self._is_safe(value)}
        held = {
            name
            for value in public.values()
            if isinstance(value, type)
            for name, member in _public(value).items()
            if _is_constant(member)
        }
        self._globals = _GLOBALS | added | (_TYPING & _ATTRIBUTES)
        self._attributes = _ATTRIBUTES | added | held
        # A program that defines a name only sometimes would at other times get what is behind it.
        self._hidden = (frozenset(dir(builtins)) | public.keys() | _TYPING) - self._globals
        self._is_understood = _names_of(compile(_SAMPLE_SOURCE, "", "exec")) == _SAMPLE

    def _is_safe(self, value: object) -> bool:
        if isinstance(value, ModuleType):
            return value.__name__ in self._modules
        return _is_constant(value)

    def includes(self, code: CodeType) -> bool:
        """Whether the program may share a process."""
        if not self._is_understood or not _is_plain(code):
            return False
        names = _names_of(code)
        return (
            names.attributes <= self._attributes
            and names.modules <= self._modules
            and names.star_modules <= self._star_modules
            and names.loaded <= self._globals | names.stored
            and self._hidden.isdisjoint(names.stored)
            and not any(_is_special(name) for name in names.stored)
        )


def _public(owner: ModuleType | type) -> dict[str, object]:
    """Returns what a star import takes from a module, or what a class holds by plain names."""
    names = getattr(owner, "__all__", None) or [n for n in vars(owner) if not n.startswith("_")]
    return {name: getattr(owner, name) for name in names}


def _is_constant(value: object) -> bool:
    return callable(value) or isinstance(value, (int, float, str, bytes, frozenset))


def _is_special(name: str) -> bool:
    return name.startswith("__") and name not in _MODULE_VARIABLES


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)


def _is_plain(code: CodeType) -> bool:
    """Whether no instruction sets an attribute, defines a class or is unknown here."""
    return all(_NEVER.isdisjoint(part.co_code[::2]) for part in _nested(code))


def _names_of(code: CodeType) -> _Names:
    names = _Names()
    for part in _nested(code):
        text, table, constants = part.co_code, part.co_names, part.co_consts
        extended = 0
        last_constant: object = None
        for at in range(0, len(text), 2):
            operation, argument = text[at], text[at + 1] | extended
            extended = argument << 8 if operation == _EXTENDED else 0
            if operation == _CONSTANT:
                last_constant = constants[argument]
            elif operation in _NAMED:
                _KIND[operation](names).add(table[argument >> _SHIFT[operation]])
                if operation == _IMPORT and last_constant == ("*",):
                    names.star_modules.add(table[argument])
    return names


_KIND: dict[int, Callable[[_Names], set[str]]] = {
    **{opcode.opmap[name]: lambda names: names.attributes
       for name in _OF_ATTRIBUTE if name in opcode.opmap},
    **{opcode.opmap[name]: lambda names: names.loaded for name in _OF_GLOBAL},
    **{opcode.opmap[name]: lambda names: names.stored for name in _OF_STORE},
    _IMPORT: lambda names: names.modules,
}  # fmt: skip
_SHIFT = {number: int(opcode.opname[number] in _SHIFTED) for number in _KNOWN}

_SAMPLE_SOURCE = """
import m1.m2 as a
from m3 import f as b
from m4 import *
def g(x):
    global c
    c = x.t1.t2(u)
    return [y.t3 for y in v(d(x.t4), *e)]
def h(x): return g(x.t5(), lambda: w.t6)
"""
_SAMPLE = _Names(
    attributes={"f", "m2", "t1", "t2", "t3", "t4", "t5", "t6"},
    loaded={"u", "v", "d", "e", "w", "g"},
    stored={"a", "b", "c", "g", "h"},
    modules={"m1.m2", "m3", "m4"},
    star_modules={"m4"},
)
