"""JSON files, read with errors that name the file, the JSON path, what is there and what should be.

The schemas check the structure; cells are left to `Grid`, which is a hundred times faster at it and
knows about rectangles.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from arc.errors import DataError, GridError
from arc.grid import Grid


def read_json(path: Path) -> Any:
    """Returns the JSON document in a file."""
    return parse_json(read_text(path), str(path))


def read_text(path: Path) -> str:
    """Returns the text of a file, with the ends of its lines as they are."""
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise DataError(f"{path}: a file expected, this is a folder") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: not JSON: not UTF-8 text at byte {error.start}") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None


def parse_json(text: str, where: str, *, is_line: bool = False) -> Any:
    """Returns the JSON document in a text that came from `where`, a file or one line of it."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        line = "" if is_line else f"line {error.lineno}, "
        place = f"{line}column {error.colno}"
        raise DataError(f"{where}: not JSON: {error.msg} at {place}") from None
    except RecursionError:
        raise DataError(f"{where}: not JSON that can be read: nested too deeply") from None
    except ValueError:
        raise DataError(f"{where}: not JSON that can be read: a number is too long") from None


def write_json(path: Path, document: Any, *, indent: int | None = None) -> None:
    """Writes a JSON document in one step: a reader sees the old file or the new one, never half."""
    write_text(path, json.dumps(document, indent=indent) + "\n")


def write_text(path: Path, text: str) -> None:
    """Writes a text file in one step; raises `DataError` where that is impossible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(partial).chmod(0o644)
            Path(partial).replace(path)
            _sync_folder(path.parent)
        except BaseException:
            Path(partial).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise DataError(
            f"{path}: cannot be written: {error.strerror}; choose another folder"
        ) from error


def _sync_folder(path: Path) -> None:
    """Makes a new name in a folder outlast a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def check_document(document: Any, schema: str, where: str, package: str = "arc.resources") -> None:
    """Raises `DataError` for the first thing in a document that its schema does not allow.

    Args:
        document: As JSON or TOML gives it.
        schema: The name of a schema among the package's data.
        where: What errors call the document.
        package: The package that has the schema.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(schema, package).iter_errors(document))
    if error is not None:
        raise DataError(f"{where}: {json_path(*error.absolute_path)}: {_shorten(error.message)}")


def grid_at(document: Any, where: str, *path: str | int) -> Grid:
    """Returns the grid that stands at a JSON path of a checked document."""
    try:
        return Grid.of(document)
    except GridError as error:
        raise DataError(f"{where}: {json_path(*path)}: {error}") from None


def json_path(*parts: str | int) -> str:
    """Returns a JSON path such as `$.train[0].input`."""
    written = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts]
    return "$" + "".join(written)


@cache
def _validator(schema: str, package: str) -> Any:
    from jsonschema import Draft202012Validator

    text = resources.files(package).joinpath(f"{schema}.schema.json").read_text()
    return Draft202012Validator(json.loads(text))


def _shorten(message: str, longest: int = 160) -> str:
    line = " ".join(message.split())
    return line if len(line) <= longest else f"{line[: longest // 2]} ... {line[-longest // 2 :]}"
