"""Several stages at once: the real runner and the real dvc, on a pipeline of small scripts."""

import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

from autofaces.core import params
from autofaces.core.files import BadInput
from autofaces.core.machine import processors
from autofaces.pipeline import reproduce
from autofaces.pipeline.crew import asked_for, crew, gpus, shard
from autofaces.pipeline.worker import BUSY, log_of

RUNNER = """
import sys
from autofaces.core import stage
from autofaces.pipeline import reproduce

def main(threads, check, rows, *targets):
    sys.exit(reproduce.run(targets, int(threads) or None, [sys.executable, "-c", check], rows.split() or None))

stage.run(main)
"""

PIPELINE = """
stages:
  make:
    foreach: ${rows}
    do:
      cmd: python work.py made/${key} ${item}
      deps: [work.py]
      outs: ["made/${key}"]
  use:
    foreach: ${rows}
    do:
      cmd: python work.py used/${key} writes
      deps: [work.py, "made/${key}"]
      outs: ["used/${key}"]
  all:
    cmd: python work.py all.txt writes
    deps: [used]
    outs: [all.txt]
"""

WORK = """
import os, signal, sys, time
from pathlib import Path

out, does = Path(sys.argv[1]), sys.argv[2]
if does == "fails":
    sys.exit("no luck today")
if does == "stubborn":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
Path("at-work").mkdir(exist_ok=True)
Path("at-work", out.name).write_text(str(os.getpid()))
if does == "meets":
    while len(list(Path("at-work").iterdir())) < 2:
        time.sleep(0.05)
while does in ("waits", "stubborn") and Path("wait").exists():
    time.sleep(0.05)
out.parent.mkdir(exist_ok=True)
told = [os.environ.get(name, "-") for name in ("OMP_WAIT_POLICY", "CUDA_VISIBLE_DEVICES")]
out.write_text(" ".join([out.name, *told]))
print(f"{out} is made")
"""

LONG = 60  # seconds that nothing here takes


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A DVC project without rows."""
    root = tmp_path_factory.mktemp("project")
    subprocess.run(["git", "init", "-q", root], check=True)
    for words in (["init", "-q"], ["config", "core.analytics", "false"], ["config", "core.check_update", "false"]):
        subprocess.run([sys.executable, "-m", "dvc", *words], cwd=root, check=True)
    (root / "dvc.yaml").write_text(PIPELINE)
    (root / "work.py").write_text(WORK)
    return root


@pytest.fixture
def toy(project, tmp_path, monkeypatch):
    """A copy of the project, to work in; nothing of it may be left at work."""
    shutil.copytree(project, tmp_path / "toy")
    monkeypatch.chdir(tmp_path / "toy")
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    for name in ("JOBS", "SHARD", "MAKELEVEL", "MAKEFLAGS", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    yield tmp_path / "toy"
    assert not left_at_work()


def rows(**does: str) -> None:
    Path("params.yaml").write_text("rows:\n" + "".join(f"  {key}: {value}\n" for key, value in does.items()))


def command(*targets: str, threads: int = 1, check: str = "pass", only: str = "") -> list[str]:
    return [sys.executable, "-c", RUNNER, str(threads), check, only, *targets]


def run(*targets: str, **settings) -> subprocess.CompletedProcess:
    return subprocess.run(command(*targets, **settings), capture_output=True, text=True, timeout=LONG)


def is_clean() -> bool:
    return not subprocess.run([sys.executable, "-m", "dvc", "status", "--quiet"]).returncode


def left_at_work() -> list[str]:
    """Processes in the toy's folder, but for ours."""
    left = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended by now
            if (process / "cwd").readlink() == Path.cwd() and process.name != str(os.getpid()):
                left.append((process / "cmdline").read_text())
    return left


def wait_until(happened) -> None:
    deadline = time.monotonic() + LONG
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def at_work(key: str) -> int | None:
    """The process of a row's script."""
    path = Path("at-work", key)
    return int(path.read_text() or 0) if path.exists() else None


def test_everything_is_made_and_then_nothing_is_left_to_do(toy):
    rows(a="writes", b="writes", c="writes")
    first = run()
    assert first.returncode == 0, first.stderr
    assert "made/a is made" in first.stdout
    assert "use@c: " in first.stdout
    assert "7 stages in " in first.stdout
    assert "Running stage" not in first.stdout
    assert Path("all.txt").read_text().startswith("all.txt passive")
    assert is_clean()
    assert run().stdout == "everything is up to date\n"

    rows(a="writes", b="writes", c="writes", d="writes")
    second = run()
    assert "3 stages in " in second.stdout  # make@d, use@d, all
    assert is_clean()


def test_what_depends_on_something_that_comes_out_the_same_is_unchanged(toy):
    rows(a="writes", b="writes")
    assert run(threads=processors() + 1).returncode == 0  # one worker then
    Path("made/a").unlink()
    result = run()
    assert "make@a: " in result.stdout
    unchanged = [line.partition(":")[0] for line in result.stdout.splitlines() if line.endswith(", unchanged")]
    assert unchanged == ["use@a", "all"]
    assert is_clean()


def test_a_named_stage_is_made_with_what_it_depends_on_and_nothing_else(toy):
    rows(a="writes", b="writes")
    assert "2 stages in " in run("use@b").stdout
    assert Path("used/b").exists()
    assert not Path("made/a").exists()
    unknown = run("use@x")
    assert unknown.returncode == 1
    assert unknown.stderr.startswith("error: dvc: ")
    assert "use@x" in unknown.stderr


def test_of_some_rows_only_their_stages_are_made(toy):
    rows(a="writes", b="writes", c="writes")
    assert "4 stages in " in run(only="a c").stdout
    assert sorted(path.name for path in Path("used").glob("[a-z]")) == ["a", "c"]
    assert not Path("made/b").exists()
    assert not Path("all.txt").exists()
    assert run(only="a").stdout == "everything is up to date\n"
    assert run(only="none").stdout == "everything is up to date\n"


@pytest.mark.skipif(processors() < 2, reason="needs two processors")
def test_stages_run_at_once_and_each_worker_has_a_gpu_of_its_own(toy, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3,5")
    rows(a="meets", b="meets")
    result = run("make")
    assert result.returncode == 0, result.stderr
    assert {Path(f"made/{key}").read_text().split()[2] for key in "ab"} == {"3", "5"}


def test_a_row_that_fails_is_told_and_skips_only_what_depends_on_it(toy):
    rows(a="fails", b="writes", c="writes")
    result = run()
    assert result.returncode == 1
    assert "make@a failed after " in result.stdout
    assert "  no luck today\n" in result.stdout
    assert "error: 1 of 7 stages failed; not run because of that: 2; all output:\n" in result.stderr
    assert "  make@a: .work/logs/make@a.log" in result.stderr
    assert "no luck today" in Path(".work/logs/make@a.log").read_text()
    assert Path("used/b").exists()
    assert Path("used/c").exists()
    assert not Path("all.txt").exists()

    rows(a="writes", b="writes", c="writes")
    assert "3 stages in " in run().stdout
    assert is_clean()


STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}


@pytest.mark.parametrize("number", STATUS, ids=lambda number: number.name)
def test_a_runner_that_is_stopped_or_killed_takes_all_with_it_and_the_next_one_goes_on(toy, number):
    Path("wait").touch()
    rows(a="writes", b="waits", c="waits")
    with subprocess.Popen(command("make"), stderr=subprocess.PIPE, text=True) as runner:
        wait_until(lambda: at_work("b") or at_work("c"))
        runner.send_signal(number)
        _, errors = runner.communicate(timeout=LONG)
    assert runner.returncode == STATUS[number]
    if number != signal.SIGKILL:
        assert errors == f"stopped by {number.name}: {reproduce.KEPT}\n"
        assert not left_at_work()
    wait_until(lambda: not left_at_work())

    Path("wait").unlink()
    assert run("make").returncode == 0
    assert run("make").stdout == "everything is up to date\n"


def test_a_make_that_is_killed_takes_all_with_it(toy):
    Path("wait").touch()
    rows(b="waits")
    Path("runner.py").write_text(RUNNER)
    Path("Makefile").write_text(f"repro:\n\t@{sys.executable} runner.py 1 pass ''\n")
    with subprocess.Popen(["make", "repro"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as make:
        wait_until(lambda: at_work("b"))
        make.kill()
    wait_until(lambda: not left_at_work())


def test_a_stage_that_ignores_an_interrupt_is_killed_when_the_terminal_goes(toy):
    Path("wait").touch()
    rows(b="stubborn")
    heard = functools.partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)  # even if the tests run under nohup
    with subprocess.Popen(command(), stderr=subprocess.DEVNULL, preexec_fn=heard) as runner:
        wait_until(lambda: at_work("b"))
        started = time.monotonic()
        runner.send_signal(signal.SIGHUP)
        runner.wait(LONG)
    assert runner.returncode == 129
    assert time.monotonic() - started > reproduce.GRACE - 1
    assert not left_at_work()


def test_a_dvc_that_is_killed_ends_its_stage_and_counts_as_failed(toy):
    Path("wait").touch()
    rows(a="writes", b="waits")
    with subprocess.Popen(command("make"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as runner:
        wait_until(lambda: at_work("b"))
        os.kill(os.getpgid(at_work("b")), signal.SIGKILL)
        output, errors = runner.communicate(timeout=LONG)
    assert runner.returncode == 1
    assert not left_at_work()
    assert "make@b failed after " in output
    assert "its dvc was killed" in output
    assert "make@b: .work/logs/make@b.log" in errors
    assert Path("made/a").exists()

    Path("wait").unlink()
    assert run("make").returncode == 0


def test_a_second_runner_is_told_who_is_at_work(toy):
    Path("wait").touch()
    rows(a="waits")
    with subprocess.Popen(command(), stdout=subprocess.DEVNULL) as first:
        wait_until(lambda: at_work("a"))
        second = run()
        assert second.returncode == 1
        assert second.stderr == (
            f"error: another `make repro` is at work here: process {first.pid}; wait for it, or stop it\n"
        )
        Path("wait").unlink()
    assert first.returncode == 0
    assert run().stdout == "everything is up to date\n"


def test_what_a_kill_left_is_cleared_up_first(toy):
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    rows(a="writes")
    Path(".dvc/tmp").mkdir(exist_ok=True)
    Path(".dvc/tmp/rwlock").write_text('{"read": {"')
    partial = Path(f"data/.{gone.pid}.partial.arrays")
    partial.mkdir(parents=True)
    (partial / "train.npy").touch()
    result = run()
    assert result.returncode == 0, result.stderr
    assert ".dvc/tmp/rwlock: unreadable, as a killed dvc may leave it; removed\n" in result.stdout
    assert not partial.exists()


def test_a_damaged_list_of_results_costs_no_work(toy):
    rows(a="writes", b="writes")
    assert run().returncode == 0
    whole = Path("dvc.lock").read_text()
    Path("dvc.lock").write_text(whole[: len(whole) // 2] + "\n  [")
    shutil.rmtree("at-work")
    result = run()
    assert result.returncode == 0, result.stderr
    assert "dvc.lock: unreadable, as a killed dvc may leave it; removed, what was made is found in " in result.stdout
    assert not Path("at-work").exists()  # nothing ran
    assert yaml.safe_load(Path("dvc.lock").read_text()) == yaml.safe_load(whole)


def test_a_stage_waits_for_another_dvc_that_is_in_its_way(toy):
    Path("wait").touch()
    rows(a="waits")
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-m", "dvc", "repro", "--quiet", "make@a"]) as other:
        wait_until(lambda: at_work("a"))
        refused = run()
        assert refused.returncode == 1
        assert BUSY in refused.stderr
        assert str(other.pid) in refused.stderr
        with subprocess.Popen(reproduce.WORKER, start_new_session=True, **pipes) as worker:
            worker.stdin.write(b"use@a")
            worker.stdin.flush()
            wait_until(lambda: log_of("use@a").exists() and BUSY in log_of("use@a").read_text())
            Path("wait").unlink()
            assert worker.stdout.readline() == b"0\n"
    assert Path("used/a").exists()


def test_nothing_is_made_if_the_check_finds_something_wrong(toy):
    rows(a="writes")
    result = run(check="import sys; sys.exit(3)")
    assert result.returncode == 3
    assert not Path("made").exists()


def test_a_wrong_number_of_jobs_is_refused_in_one_line(toy, monkeypatch):
    monkeypatch.setenv("JOBS", "two")
    rows(a="writes")
    result = run()
    assert result.returncode == 1
    assert result.stderr == "error: JOBS=two: expected a whole number, 1 or more: how many stages run at once\n"


def test_jobs_is_a_whole_number(monkeypatch):
    for jobs in ("0", "-1", "1.5", " "):
        monkeypatch.setenv("JOBS", jobs)
        with pytest.raises(BadInput, match=f"JOBS={jobs}: expected"):
            asked_for()


def test_data_come_first_and_a_row_is_evaluated_before_the_next_is_trained():
    graph = {"download@a": set(), "download@b": set(), "split@a": {"download@a"}, "split@b": {"download@b"}}
    graph |= {f"preprocess@{key}": {f"download@{key}", f"split@{key}"} for key in "ab"}
    rows = {"1": "a", "2": "b", "3": "a", "4": "b"}
    graph |= {f"train@{row}": {f"preprocess@{key}"} for row, key in rows.items()}
    graph |= {f"evaluate@{row}": {f"preprocess@{key}", f"train@{row}"} for row, key in rows.items()}
    graph |= {"claims": {f"evaluate@{row}" for row in rows}, "report": {"claims", "train@2"}}
    order, ready, made = TopologicalSorter(graph), [], []
    order.prepare()
    while order.is_active():
        ready = sorted([*ready, *order.get_ready()], key=reproduce.ranks(graph).__getitem__)
        made.append(ready.pop(0))
        order.done(made[-1])
    data = [f"{name}@{key}" for key in "ab" for name in ("download", "split", "preprocess")]
    assert made == [*data, *(f"{name}@{row}" for row in rows for name in ("train", "evaluate")), "claims", "report"]


def test_options_are_refused():
    with pytest.raises(BadInput, match="there are no options"):
        reproduce.main("--force")


ROOT = Path(__file__).parents[1]


def test_shards_are_equal_parts_of_the_rows_without_one_twice(monkeypatch):
    monkeypatch.chdir(ROOT)
    found = []
    monkeypatch.setattr(reproduce, "run", lambda targets, threads, check, rows: found.append(rows))
    for i in range(1, 5):
        monkeypatch.setenv("SHARD", f"{i}/4")
        with pytest.raises(SystemExit):
            reproduce.main()
    settings = params.load()
    assert sorted(row for part in found for row in part) == sorted(settings.rows)
    trained = [sum(settings.runs(row) for row in part) for part in found]
    assert max(trained) - min(trained) <= 1
    with pytest.raises(BadInput, match="one or the other"):
        reproduce.main("train@ray-stacked")


@pytest.mark.parametrize("said", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_a_wrong_shard_is_refused(monkeypatch, said):
    monkeypatch.setenv("SHARD", said)
    with pytest.raises(BadInput, match=f"SHARD={said}: expected i/n"):
        shard()


@pytest.mark.parametrize(
    ("threads", "processors", "gpus", "asked", "count"),
    [
        (3, 8, 0, None, 2),
        (4, 2, 0, None, 1),
        (None, 8, 0, None, 1),
        (4, 8, 0, 3, 2),
        (None, 8, 0, 2, 1),
        (None, 64, 8, None, 8),
        (None, 4, 8, None, 4),
        (None, 64, 2, 4, 4),
        (1, 64, 1, None, 1),
        (16, 8, 2, None, 2),
    ],
)
def test_workers_never_take_more_than_the_processors(threads, processors, gpus, asked, count, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    workers = crew(threads, processors, [str(n) for n in range(gpus)], asked)
    assert len(workers) == count
    for worker in workers:
        assert int(worker["OMP_NUM_THREADS"]) == (processors // count if gpus or not threads else threads)
    if gpus:
        assert [worker["CUDA_VISIBLE_DEVICES"] for worker in workers] == [str(i % gpus) for i in range(count)]


def test_fewer_workers_than_asked_for_are_told(capsys):
    crew(threads=2, processors=4, gpus=[], asked=3)
    assert capsys.readouterr().out == "JOBS=3: only 2 at once, as a training takes 2 of 4 processors\n"


def test_cuda_visible_devices_tells_the_gpus(monkeypatch):
    for allowed, expected in {"": [], "-1": [], "0, 2": ["0", "2"], "GPU-1,-1,2": ["GPU-1"]}.items():
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", allowed)
        assert gpus() == expected


LISTED = """GPU 0: NVIDIA A100 (UUID: GPU-11-a)
  MIG 3g.20gb     Device  0: (UUID: MIG-22-b)
  MIG 3g.20gb     Device  1: (UUID: MIG-33-c)
GPU 1: NVIDIA A100 (UUID: GPU-44-d)
"""


@pytest.mark.parametrize(("status", "expected"), [(0, ["MIG-22-b", "MIG-33-c", "GPU-44-d"]), (9, [])])
def test_nvidia_smi_tells_the_gpus_and_parts_of_gpus(tmp_path, monkeypatch, status, expected):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\ncat <<'END'\n{LISTED}END\nexit {status}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert gpus() == expected
