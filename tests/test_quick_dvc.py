"""A lock changed stage by stage has the bytes that DVC gives it, and a stage runs as when DVC runs it."""

import copy
import os
import signal
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from dvc.stage.exceptions import StageCmdFailedError
from dvc.utils.serialize import loads_yaml, modify_yaml

from autofaces import quick_dvc

LOCK = Path(__file__).parents[1] / "dvc.lock"
NEW = {
    "cmd": "python stages/train.py new",
    "deps": [{"path": "data/arrays/lfw", "hash": "md5", "md5": "12e4567", "size": 8, "nfiles": 6}],
    "params": {"params.yaml": {"rate": 1e-05, "none": None, "empty": {}, "list": [], "text": "no", "seeds": [0, 1]}},
}


@pytest.fixture
def locks(tmp_path) -> list[Path]:
    """Two copies of the start of the project's lock."""
    text = LOCK.read_text()
    text = text[: text.index("  train@ray-recursive-vae:")]
    paths = [tmp_path / name / "dvc.lock" for name in ("quick", "dvc")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(text)
    return paths


def test_changed_and_new_stages_are_written_as_dvc_writes_them(locks):
    for path, modify in zip(locks, (quick_dvc.modify, modify_yaml), strict=True):
        with modify(str(path)) as lock:  # as dvc.dvcfile.Lockfile does
            lock["stages"] = lock.get("stages", {})
            found = lock["stages"].get("train@ray-stacked", {})
            assert found["outs"][0]["path"] == "models/ray-stacked"
            assert lock["stages"].get("new", {}) == {}
            lock["stages"].update({"train@ray-stacked": copy.deepcopy(NEW), "new": NEW})
    quick, slow = (path.read_text() for path in locks)
    assert quick == slow
    assert loads_yaml(quick)["stages"]["new"] == NEW


def test_every_stage_is_read_as_dvc_reads_it(locks):
    with quick_dvc.modify(str(locks[0])) as lock:
        assert isinstance(lock["stages"], quick_dvc.Stages)
        assert dict(lock["stages"]) == loads_yaml(locks[1].read_text())["stages"]


@pytest.mark.parametrize(
    "text", ["", "schema: '2.0'\nstages:\n  a:\n    cmd: b\ndatasets: []\n", "# mine\nstages: {}\n"]
)
def test_what_is_no_lock_of_stages_alone_is_left_to_dvc(text, tmp_path):
    path = tmp_path / "dvc.lock"
    path.write_text(text)
    with quick_dvc.modify(str(path)) as lock:
        lock.setdefault("stages", {})["b"] = {"cmd": "c"}
    assert loads_yaml(path.read_text())["stages"]["b"] == {"cmd": "c"}
    assert text.startswith("#") == path.read_text().startswith("#")


def kwargs(folder: Path) -> dict:
    return {"cwd": str(folder), "env": dict(os.environ), "close_fds": True, "shell": False}


@pytest.mark.parametrize("command", ["python a.py one", "python a.py one && python a.py two", "python a.py $NAME >&2"])
def test_a_command_says_the_same_as_when_dvc_runs_it(command, tmp_path, capfd):
    (tmp_path / "a.py").write_text("import sys\nif __name__ == '__main__':\n    print(sys.argv)\n")
    said = []
    for run in (quick_dvc.run, quick_dvc.run_anew):
        run("/bin/sh", command, **kwargs(tmp_path))
        said.append(capfd.readouterr())
    assert said[0] == said[1]
    assert "a.py" in said[0].out + said[0].err


def test_a_command_that_fails_fails_as_when_dvc_runs_it(tmp_path):
    (tmp_path / "a.py").write_text("import sys\nif __name__ == '__main__':\n    sys.exit(3)\n")
    messages = []
    for run in (quick_dvc.run, quick_dvc.run_anew):
        with pytest.raises(StageCmdFailedError) as failure:
            run("/bin/sh", "python a.py", **kwargs(tmp_path))
        messages.append(str(failure.value))
    assert messages[0] == messages[1]


def test_ctrl_c_ends_the_script_and_tells_dvc(tmp_path):
    (tmp_path / "a.py").write_text(
        "import sys, time\nif __name__ == '__main__':\n    print('started', flush=True)\n"
        "    try:\n        time.sleep(60)\n    except KeyboardInterrupt:\n        sys.exit(130)\n"
    )
    code = f"from autofaces import quick_dvc\nquick_dvc.run('/bin/sh', 'python a.py', **{kwargs(tmp_path)!r})"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True) as process:
        assert process.stdout.readline() == "started\n"
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert "StageCmdFailedError: failed to run: python a.py, exited with 130" in said
    assert said.count("Traceback") == 1  # DVC's
