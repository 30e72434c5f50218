"""A lock changed stage by stage has the bytes that DVC gives it."""

import copy
from pathlib import Path

import pytest
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
