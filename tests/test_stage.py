import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from autofaces.core import files, stage
from autofaces.core.files import BadInput
from autofaces.core.machine import alive


def call(monkeypatch, main, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["stages/x.py", *arguments])
    stage.run(main)


def raising(error: BaseException):
    def main(key):
        raise error

    return main


def test_the_arguments_reach_main(monkeypatch):
    found = []
    call(monkeypatch, lambda key, part: found.append((key, part)), "lfw", "train")
    assert found == [("lfw", "train")]


def test_bad_input_is_one_message_and_status_1(monkeypatch):
    with pytest.raises(SystemExit, match=r"^error: lfw\.tgz: cut$"):  # a text makes the status 1
        call(monkeypatch, raising(BadInput("lfw.tgz: cut")), "lfw")


def test_what_the_machine_lacks_is_one_message(monkeypatch):
    error = OSError(errno.ENOSPC, "No space left on device", "models/a")
    with pytest.raises(SystemExit, match=r"^error: models/a: No space left on device; make room on its disk, and run"):
        call(monkeypatch, raising(error), "lfw")


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch):
    with pytest.raises(ValueError, match="a fault"):
        call(monkeypatch, raising(ValueError("a fault")), "lfw")


@pytest.mark.parametrize("number", stage.SIGNALS, ids=lambda number: number.name)
def test_a_signal_stops_in_one_line_and_what_is_being_written_goes(monkeypatch, capsys, tmp_path, number):
    before = signal.getsignal(number)
    monkeypatch.setattr(signal, "getsignal", lambda number: signal.SIG_DFL)  # even if the tests run under nohup

    def main(key):
        with files.writing(tmp_path / "out"):
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), number)  # a second one does not interrupt the clearing up

    with pytest.raises(SystemExit, match=f"^{128 + number}$"):
        call(monkeypatch, main, "lfw")
    signal.signal(number, before)
    assert capsys.readouterr().err == f"stopped by {number.name}: {stage.KEPT}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_is_ignored_stays_so(monkeypatch):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    call(monkeypatch, lambda key: os.kill(os.getpid(), signal.SIGHUP), "lfw")
    signal.signal(signal.SIGHUP, before)


def test_ctrl_c_while_modules_are_imported_is_one_line_too():
    interrupted = "from autofaces.core import stage; import os, signal; os.kill(os.getpid(), signal.SIGINT)"
    result = subprocess.run([sys.executable, "-c", interrupted], capture_output=True, text=True)
    assert result.stderr == f"stopped by SIGINT: {stage.KEPT}\n"
    assert result.returncode == -signal.SIGINT  # 130 to a shell


STAGE = """
import time
from autofaces.core import stage

def main():
    print("started", flush=True)
    time.sleep(60)

stage.run(main)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
def test_a_stage_ends_with_the_dvc_that_started_it(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "train@x")
    parent = "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[1]]); print(p.pid); p.wait()"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-u", "-c", parent, STAGE], **pipes) as dvc:
        process = int(dvc.stdout.readline())
        assert dvc.stdout.readline() == "started\n"
        dvc.kill()
        assert dvc.stderr.read() == f"stopped by SIGTERM: {stage.KEPT}\n"  # ends as the stage does
    deadline = time.monotonic() + 30
    while alive(process) and Path(f"/proc/{process}/stat").read_text().split()[2] != "Z":
        assert time.monotonic() < deadline


@pytest.mark.parametrize("script", ["train", "evaluate", "outliers"])
def test_threads_that_wait_sleep_wherever_a_stage_is_started_from(script):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "KMP_", "GOMP_"))}
    loads = f"import runpy; runpy.run_path('stages/{script}.py'); import torch, sklearn.utils"
    result = subprocess.run(
        [sys.executable, "-c", loads],
        cwd=Path(__file__).parents[1],
        env=kept | {"OMP_DISPLAY_ENV": "verbose", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    said = {line.split("OMP_WAIT_POLICY")[1] for line in result.stderr.splitlines() if "OMP_WAIT_POLICY" in line}
    assert said == {" = 'PASSIVE'"}  # of each library of OpenMP that was loaded


@pytest.mark.parametrize("arguments", [[], ["lfw", "more"]], ids=["too few", "too many"])
def test_a_wrong_number_of_arguments_shows_the_usage(monkeypatch, arguments):
    with pytest.raises(SystemExit, match=r"^usage: python stages/x\.py <key>$"):
        call(monkeypatch, raising(AssertionError()), *arguments)


def test_dependencies_are_those_of_dvc_yaml_in_its_order(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: x, deps: [data/b, data/a]}, b: {cmd: y, deps: [data/c]}}")
    assert stage.dependencies("a") == ["data/b", "data/a"]
