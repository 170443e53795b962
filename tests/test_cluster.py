"""Panels on real Dask workers: the same pictures as one after the other, whatever happens to a worker."""

import os
import signal
import sys
import threading
import time

import pytest
import torch

from stylekit import paper
from stylekit.errors import AssetError
from stylekit.networks import load_network
from stylekit.paper import sweep
from stylekit.paper.panels import Inputs, inputs

distributed = pytest.importorskip("distributed", reason='Dask is not installed: pip install -e ".[cluster]"')


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def cluster():
    local = {"n_workers": 2, "threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": None}
    with distributed.LocalCluster(**local, env={"OMP_NUM_THREADS": "1"}) as running:
        yield running


def finish(sweep):
    return [progress.recipe.panel for progress in sweep if progress.written]


def same(one, two):
    return all(
        torch.equal(a.image, b.image) and (a.losses, a.evaluations, a.recipe) == (b.losses, b.evaluations, b.recipe)
        for a, b in zip(one, two, strict=True)
    )


def test_two_workers_paint_exactly_what_one_process_paints_and_paint_nothing_twice(tmp_path, one_thread, cluster):
    recipes = paper.recipes("fig2", size=64, steps=6)
    finish(paper.run(recipes, tmp_path / "serial", "cpu"))
    address = cluster.scheduler_address
    done = finish(paper.run_on_cluster(recipes, tmp_path / "workers", address=address, device="cpu"))
    assert sorted(done) == list("ABCDEF")
    assert same(*(paper.read_panels(recipes, tmp_path / where) for where in ("serial", "workers")))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "workers").iterdir()}
    assert finish(paper.run_on_cluster(recipes, tmp_path / "workers", workers=1, device="cpu")) == list("ABCDEF")
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "workers").iterdir()} == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_worker_that_is_killed_in_mid_panel_costs_that_panel_only(tmp_path, one_thread, cluster):
    recipes = [r for r in paper.recipes("cvpr6", size=64, steps=40)][:4]
    killed = []

    def kill_a_busy_worker():
        with distributed.Client(cluster.scheduler_address) as client:
            deadline = time.monotonic() + 60
            while not killed and time.monotonic() < deadline:
                busy = [worker for worker, tasks in client.processing().items() if tasks]
                pids = client.run(os.getpid, workers=busy[:1], nanny=False) if busy else {}
                for pid in pids.values():
                    os.kill(pid, signal.SIGKILL)
                    killed.append(pid)
                time.sleep(0.05)

    killer = threading.Thread(target=kill_a_busy_worker)
    killer.start()
    done = finish(paper.run_on_cluster(recipes, tmp_path / "workers", address=cluster.scheduler_address, device="cpu"))
    killer.join()
    assert len(killed) == 1 and sorted(done) == sorted(r.panel for r in recipes)
    finish(paper.run(recipes, tmp_path / "serial", "cpu"))
    assert same(*(paper.read_panels(recipes, tmp_path / where) for where in ("serial", "workers")))


def test_a_task_is_names_and_hashes_and_weighs_less_than_ten_kilobytes():
    recipe = paper.recipes("fig3")[0]
    job = (sweep.painted, recipe, inputs(recipe, load_network("compact", device="cpu")), "cpu", 1)
    assert len(distributed.protocol.pickle.dumps(job)) < 10_000


def test_a_worker_with_another_file_under_a_name_refuses():
    recipe = paper.recipes("slides1", size=64, steps=1)[2]
    found = inputs(recipe, load_network("compact", device="cpu"))
    with pytest.raises(AssetError, match="another file under the name 'waves'.*same version"):
        sweep.painted(recipe, Inputs(found.content, "0" * 64, found.weights), "cpu", None)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ({"workers": 0}, "1 or more workers"),
        ({"address": "here"}, "looks like tcp"),
        ({"address": "tcp://127.0.0.1:9"}, "no scheduler answers"),
    ],
)
def test_a_cluster_that_cannot_be_had_is_told(tmp_path, where, words):
    with pytest.raises(ValueError, match=words):
        finish(paper.run_on_cluster(paper.recipes("slides1", size=64, steps=1), tmp_path, device="cpu", **where))


def test_without_dask_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match="cluster"):
        finish(paper.run_on_cluster(paper.recipes("slides1", size=64, steps=1), tmp_path, workers=2, device="cpu"))
