"""What killed programs leave behind, and what is left alone."""

import fcntl
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autofaces.app.cli import app
from autofaces.core.files import BadInput
from autofaces.pipeline import leftovers


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path(".dvc/tmp").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


def written(name: str, text: str = "x" * 1000) -> Path:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["", '{"read": {"', "[]", "\0\0"])
def test_an_unreadable_list_of_locks_is_removed(text):
    path = written(".dvc/tmp/rwlock", text)
    assert leftovers.mend() == [".dvc/tmp/rwlock: unreadable, as a killed dvc may leave it; removed"]
    assert not path.exists()
    assert leftovers.mend() == []


def test_a_readable_list_of_locks_stays():
    path = written(".dvc/tmp/rwlock", '{"read": {}, "write": {}}')
    assert leftovers.mend() == []
    assert path.exists()


@pytest.mark.parametrize("name", [".dvc/tmp/rwlock", "dvc.lock"])
def test_an_unreadable_file_stays_while_another_dvc_is_at_work(name):
    path = written(name, "{[")
    waits = [sys.executable, "-c", "print(flush=True); input()", "dvc"]
    with subprocess.Popen(waits, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()  # it is at work, under its own name
        with pytest.raises(BadInput, match=f"another dvc is at work here: process {other.pid}; stop it"):
            leftovers.mend()
        other.communicate(b"\n")
    assert path.exists()


CUT = "schema: '2.0'\nstages:\n  a:\n    cmd: x\n    outs:\n    - path"  # YAML, but no dvc.lock


@pytest.mark.parametrize("text", ["schema: '2.0'\nstages:\n  a: [", "stages: {}\n", "\n", "\0", "- a\n", CUT])
def test_damaged_results_are_put_aside(text):
    path = written("dvc.lock", text)
    (said,) = leftovers.mend()
    assert said.endswith("removed, what was made is found in DVC's cache")
    assert not path.exists()
    assert Path(".work/dvc.lock.damaged").read_text() == text


def test_gits_results_take_the_place_of_damaged_ones():
    path = written("dvc.lock", "schema: '2.0'\n")
    subprocess.run("git init -q && git add dvc.lock", shell=True, check=True)
    path.write_text("schema: '2")
    (said,) = leftovers.mend()
    assert "git's is back in its place" in said
    assert path.read_text() == "schema: '2.0'\n"


@pytest.mark.parametrize("text", ["", "schema: '2.0'\nstages: {}\n"])
def test_whole_results_stay(text):
    path = written("dvc.lock", text)
    assert leftovers.mend() == []
    assert path.read_text() == text


def test_the_marks_of_a_merge_are_for_a_person():
    path = written("dvc.lock", "schema: '2.0'\n<<<<<<< HEAD\n")
    with pytest.raises(BadInput, match=r"dvc\.lock: has the marks of a merge"):
        leftovers.mend()
    assert path.exists()


def test_an_empty_run_is_removed_but_not_from_a_shared_cache_that_may_be_at_work(tmp_path):
    shared = tmp_path.parent / f"{tmp_path.name}-shared"
    for runs in (Path(".dvc/cache/runs"), shared):
        (runs / "ab/abcd").mkdir(parents=True)
        written(f"{runs}/ab/abef/run")
    (said,) = leftovers.mend_runs(Path(".dvc/cache/runs"))
    assert said == ".dvc/cache/runs/ab/abcd: empty, as a killed dvc may leave it; removed"
    assert leftovers.mend_runs(Path(".dvc/cache/runs")) == []
    assert leftovers.mend_runs(shared) == []
    os.utime(shared / "ab/abcd", (time.time() - 61, time.time() - 61))
    assert len(leftovers.mend_runs(shared)) == 1
    assert (shared / "ab/abef/run").exists()


def test_half_written_files_go_when_their_process_is_gone(gone):
    dead = [written(f"data/arrays/.{gone}.partial.lfw/train.npy").parent, written(f"models/.{gone}.partial.row")]
    living = written(f"figures/.{os.getpid()}.partial.a.png")
    other = written("metrics/a.json")
    found = leftovers.partial()
    assert {one.path for one in found} == set(dead)
    assert [one.bytes for one in found] == [1000, 1000]
    leftovers.remove(found)
    assert not any(path.exists() for path in dead)
    assert living.exists()
    assert other.exists()


def test_clean_frees_stopped_trainings_but_for_those_at_work_and_recent_ones(gone):
    old, recent, held = (written(f".work/{name * 16}/checkpoint.pt").parent for name in "abc")
    long_ago = time.time() - 8 * leftovers.DAY
    for folder in (old, held):
        written(f"{folder}/lock")
        for path in (folder / "checkpoint.pt", folder / "lock", folder):
            os.utime(path, (long_ago, long_ago))
    log = written(".work/logs/train@a.log")
    written(f"data/.{gone}.partial.a")
    with (held / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.utime(held / "lock", (long_ago, long_ago))
        listed = CliRunner().invoke(app, ["clean", "--dry-run"])
        assert listed.exit_code == 0
        assert re.findall(r"^(\S+): ", listed.stdout, re.MULTILINE) == [f"data/.{gone}.partial.a", f".work/{'a' * 16}"]
        assert listed.stdout.endswith("2 would go, 0.0 MB\n")
        assert old.exists()
        assert CliRunner().invoke(app, ["clean"]).stdout.endswith("2 removed, 0.0 MB\n")
        assert not old.exists()
        assert recent.exists()
        assert CliRunner().invoke(app, ["clean", "--days", "0"]).stdout.endswith("1 removed, 0.0 MB\n")
        assert held.exists()
    assert not recent.exists()
    assert log.exists()
