"""The whole job where there is no network: in a network namespace of its own, without a route."""

import json
import os
import shutil
import subprocess
import sys

import pytest

TASK = {
    "train": [
        {"input": [[1, 0], [0, 0]], "output": [[0, 1], [0, 0]]},
        {"input": [[2, 0, 3]], "output": [[3, 0, 2]]},
    ],
    "test": [{"input": [[4, 0], [0, 6]]}],
}
_RUN = "from ensemble.cli import main; raise SystemExit(main())"
_PROBE = "import socket; socket.create_connection(('192.0.2.1', 80), 3)"
ALONE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]


def can_unshare():
    return (
        shutil.which("unshare") is not None
        and subprocess.run([*ALONE, "true"], capture_output=True, check=False).returncode == 0
    )


@pytest.mark.slow
@pytest.mark.skipif(not can_unshare(), reason="no network namespace can be made here")
def test_a_run_needs_no_network(tmp_path):
    probe = subprocess.run(
        [*ALONE, sys.executable, "-c", _PROBE], capture_output=True, text=True, check=False
    )
    assert "unreachable" in probe.stderr
    (tmp_path / "challenges.json").write_text(json.dumps({"mirror": TASK}))
    command = [*ALONE, sys.executable, "-c", _RUN, "run", "challenges.json", "--out", "r"]
    quick = ["--workers=1", "--set=induction.steps=[500,2000]"]
    quick += ["--set=model.settings.tokens=2000", "--set=model.settings.min_updates=4"]
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [*command, *quick],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    submission = json.loads((tmp_path / "r" / "submission.json").read_text())
    assert submission["mirror"][0]["attempt_1"] == [[0, 4], [6, 0]]
