"""Lengths of time as people write them."""

from __future__ import annotations

from arc.errors import ConfigError

_UNITS = {"s": 1, "m": 60, "h": 3600}


def seconds_in(text: str, option: str) -> float:
    """Returns the seconds in a text such as 90m, 2h or 600s; `option` is what gave it.

    Raises:
        ConfigError: It is no length of time, or not a positive one.
    """
    number, unit = (text[:-1], text[-1]) if text[-1:] in _UNITS else (text, "s")
    try:
        seconds = float(number) * _UNITS[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise ConfigError(f"{option} {text}: a time such as 90m, 2h or 600s expected")
    return seconds
