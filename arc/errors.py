"""Errors that a user can fix.

    ArcError
    |-- GridError          not a rectangle of colors 0-9, 1..30 on a side
    |-- DataError          a file that is not what it should be
    |-- ConfigError        a setting that does not exist or has the wrong type
    |-- RunError           a run folder that cannot be used
    |-- SandboxError       the sandbox itself cannot be had here
    `-- MissingExtraError  an optional package that is not installed

Each prints as one line: where, what was found, what was expected, what to try. A bug of ours
is not one of these, and shows its traceback.
"""

from __future__ import annotations


class ArcError(Exception):
    """The root of all errors that a user can fix."""


class GridError(ArcError):
    """Something is not a grid."""


class DataError(ArcError):
    """A file or data set cannot be read as what it should be."""


class ConfigError(ArcError):
    """A setting does not exist, or has a value of the wrong kind."""


class RunError(ArcError):
    """A run folder cannot be created, resumed or written."""


class SandboxError(ArcError):
    """Programs cannot be run safely on this machine."""


class MissingExtraError(ArcError):
    """An optional package is needed and not installed."""
