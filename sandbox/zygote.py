"""The zygote: a warmed, confined interpreter that forks one process per request.

It imports what programs use, locks itself up, and then serves its parent. It dies when its parent
does. In process namespaces it is the first process, so that its own end takes all others along.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from sandbox import warmup
from sandbox.confinement import Confinement
from sandbox.limits import Limits
from sandbox.screening import Screening
from sandbox.server import Server
from sandbox.wire import Ending, encode_reply


def main(
    request_fd: int, reply_fd: int, setup: Mapping[str, Any], confinement: Confinement
) -> None:
    """Serves requests until the pipe closes or the parent is gone."""
    try:
        warmup.import_modules(warmup.USUAL_MODULES.split())
        screening = Screening(warmup.import_preloaded(setup["preload"]))
        warmup.settle()
        warmup.gather_pages()
        isolation = confinement.enclose()
    except Exception as error:  # noqa: BLE001 (whatever a preloaded module raises is reported)
        text = f"{type(error).__name__}: {error}".encode("utf-8", "replace")[:4096]
        os.write(reply_fd, encode_reply(0, Ending.BROKEN, 0, 0.0, text))
        return
    limits = Limits(**setup["limits"])
    Server(request_fd, reply_fd, limits, confinement, screening).serve(isolation)
