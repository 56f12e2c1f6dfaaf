"""The colors of BARC's programs."""


class Color:
    """Names of the ten colors; plain integers.

    The published models write PURPLE, BROWN and GRAY where the library they learned from says
    TEAL, MAROON and GREY; both are here.
    """

    BLACK = 0
    BLUE = 1
    RED = 2
    GREEN = 3
    YELLOW = 4
    GREY = 5
    GRAY = 5
    PINK = 6
    ORANGE = 7
    TEAL = 8
    PURPLE = 8
    MAROON = 9
    BROWN = 9
    TRANSPARENT = 0
    BACKGROUND = 0


ALL_COLORS = list(range(10))
"""A list, since programs copy and sample from it."""

NOT_BLACK = list(range(1, 10))
