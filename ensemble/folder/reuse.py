"""What other runs found, taken over where this one would find the same."""

from __future__ import annotations

from arc.errors import RunError
from ensemble.folder.difference import differences, of_stage
from ensemble.folder.store import RunFolder
from lm.meter import NO_TOKENS


def take_over(folder: RunFolder, other: RunFolder) -> int:
    """Copies what another run found for tasks of this one; returns how many files.

    Raises:
        RunError: The other run is over other data, or had other settings at a shared stage.
    """
    source = {key: folder.manifest["data"].get(key) for key in ("path", "dataset", "split")}
    if any(other.manifest["data"].get(key) != value for key, value in source.items()):
        raise RunError(f"{other.path}: is over other tasks; --reuse takes the same data set")
    shared = [stage for stage in folder.manifest["stages"] if stage in other.manifest["stages"]]
    for stage in shared:
        theirs, ours = (of_stage(run.settings, stage, run.origins) for run in (other, folder))
        if differing := differences(theirs, ours):
            raise RunError(f"{other.path}: cannot be reused; these differ: {', '.join(differing)}")
    timings, usages = other.timings(), other.usages()
    missing = [
        (task_id, stage)
        for stage in shared
        for task_id in folder.task_ids
        if other.has(task_id, stage) and not folder.has(task_id, stage)
    ]
    with folder.locked():
        for key in missing:
            usage = usages.get(key, NO_TOKENS)
            folder.write(*key, other.read(*key), timings.get(key, 0.0), usage=usage)
    return len(missing)
