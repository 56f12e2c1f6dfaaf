"""The Ray engine, on clusters of real nodes on this machine."""

import hashlib
import os
import sys
from collections import deque
from pathlib import Path

import pytest
from benches import DrawingBench, SlowBench
from rich.console import Console

from arc.errors import MissingExtraError
from arc.grid import Grid
from arc.task import Pair, Task
from ensemble.folder.store import RunFolder
from ensemble.progress import Progress
from ensemble.run.engine import work_off
from ensemble.run.ray_engine import RayEngine, check_installed
from ensemble.run.run import Run
from ensemble.run.unit import Unit
from ensemble.settings import Settings, load_settings

RED = Grid.of([[2]])
TASKS = [Task(f"t{i}", (Pair(RED, RED),), (RED,)) for i in range(24)]
FACTS = {"mode": "ensemble", "stages": ["induction", "transduction"], "data": {}}


def test_without_ray_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'arc-ensemble\[ray\]'"):
        check_installed()


@pytest.fixture
def cluster(monkeypatch):
    """Two nodes of one processor each beside a head without any."""
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    folders = [str(Path(__file__).parents[2]), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, folders)))
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    nodes = [made.add_node(num_cpus=1) for _ in range(2)]
    made.wait_for_nodes()
    yield made, nodes
    ray.shutdown()
    made.shutdown()


def run_bytes(path, open_engine, n_workers, bench=DrawingBench):
    folder = RunFolder.create_or_resume(path, TASKS, load_settings("default"), FACTS)
    progress = Progress(Console(quiet=True))
    outcome = Run(folder, TASKS, None, progress, bench).execute(n_workers, open_engine=open_engine)
    assert outcome.n_done == len(TASKS)
    digest = hashlib.sha256()
    for file in sorted([path / "submission.json", *(path / "candidates").iterdir()]):
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_two_nodes_give_the_bytes_of_one_machine(cluster, tmp_path):
    from ensemble.run.local_engine import LocalEngine

    made, _ = cluster

    def on_ray(n_workers, settings, bench):
        return RayEngine(n_workers, settings, bench, made.address)

    here = run_bytes(tmp_path / "local", LocalEngine, 1)
    assert run_bytes(tmp_path / "ray", on_ray, 0) == here


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_node_that_leaves_in_the_midst_loses_nothing(cluster):
    made, nodes = cluster
    engine = RayEngine(0, Settings(), SlowBench, made.address)
    assert engine.n_workers == 2
    queue, results = deque(Unit("echo", task, 60.0) for task in TASKS), []
    for result in work_off(engine, lambda: queue.popleft() if queue else None):
        results.append(result)
        if len(results) == 4:
            made.remove_node(nodes[1])
    assert sorted(r.unit.task.task_id for r in results) == sorted(t.task_id for t in TASKS)
    assert not [r.failure for r in results if r.failure]
