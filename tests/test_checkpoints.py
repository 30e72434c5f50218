"""State that survives a kill, and belongs to one training only."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from autofaces.core import files
from autofaces.training import checkpoints


def test_a_state_comes_back_as_it_was(tmp_path):
    state = {"model": {"w": torch.rand(3)}, "step": 7, "rows": [{"loss": 0.1}], "sums": {}}
    checkpoints.save(tmp_path / "c.pt", state)
    loaded = checkpoints.load(tmp_path / "c.pt")
    assert torch.equal(loaded.pop("model")["w"], state.pop("model")["w"])
    assert loaded == state


def test_no_checkpoint_is_no_state(tmp_path):
    assert checkpoints.load(tmp_path / "c.pt") is None


def damages(whole: bytes) -> list[bytes]:
    """A file cut, empty, of another kind, and with one bit turned at each of twenty places."""
    turned = [bytearray(whole) for _ in range(20)]
    for i, its in enumerate(turned):
        its[i * (len(whole) - 1) // 19] ^= 1 << i % 8
    return [whole[: len(whole) // 2], whole[:-1], b"", b"not a checkpoint", whole + b"more", *map(bytes, turned)]


def test_a_damaged_checkpoint_is_refused_with_what_to_do(tmp_path):
    checkpoints.save(tmp_path / "c.pt", {"step": 7, "w": torch.rand(100)})
    for damaged in damages((tmp_path / "c.pt").read_bytes()):
        (tmp_path / "c.pt").write_bytes(damaged)
        with pytest.raises(files.BadInput, match=r"c\.pt: damaged checkpoint .*; delete it to train from the start"):
            checkpoints.load(tmp_path / "c.pt")


def test_in_place_of_a_damaged_checkpoint_the_one_before_is_taken_up_and_said(tmp_path, capsys):
    path = tmp_path / "c.pt"
    for step in (7, 8):
        checkpoints.save(path, {"step": step})
    before = path.with_name("c.before.pt").read_bytes()
    for damaged in damages(path.read_bytes()):
        path.write_bytes(damaged)
        assert checkpoints.load(path) == {"step": 7}
        line = f"{path}: damaged checkpoint (not the bytes that were written); the training goes on from the one before"
        assert capsys.readouterr().err == f"{line}\n"
    checkpoints.save(path, {"step": 9})  # the damaged one does not take the place of the one before
    assert (checkpoints.load(path), path.with_name("c.before.pt").read_bytes()) == ({"step": 9}, before)


def test_between_two_renames_the_one_before_is_the_state(tmp_path):
    checkpoints.save(tmp_path / "c.pt", {"step": 7})
    (tmp_path / "c.pt").rename(tmp_path / "c.before.pt")
    assert checkpoints.load(tmp_path / "c.pt") == {"step": 7}


def test_a_state_of_something_else_is_refused_with_what_to_do(tmp_path):
    for wrong in (KeyError("model"), RuntimeError("size mismatch")):
        refused = pytest.raises(
            files.BadInput, match=r"c\.pt: not a state of this training .*; delete it to train from"
        )
        with refused, checkpoints.taken_up(tmp_path / "c.pt"):
            raise wrong


def test_the_fingerprint_follows_settings_code_and_images(tmp_path):
    code = tmp_path / "code.py"
    code.write_text("a = 1")
    images = np.arange(100 * 12, dtype=np.uint8).reshape(100, 2, 2, 3)
    first = checkpoints.fingerprint({"lr": 0.1}, [images], [code])
    assert first == checkpoints.fingerprint({"lr": 0.1}, [images.copy()], [code])
    others = {checkpoints.fingerprint({"lr": 0.2}, [images], [code])}
    others.add(checkpoints.fingerprint({"lr": 0.1}, [images[1:]], [code]))
    code.write_text("a = 2")
    others.add(checkpoints.fingerprint({"lr": 0.1}, [images], [code]))
    assert len(others - {first}) == 3


HOLD = """
import sys
from pathlib import Path
from autofaces.training import checkpoints
with checkpoints.exclusive(Path({folder!r})):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_trainer_is_kept_out_until_the_first_is_gone(tmp_path):
    folder = tmp_path / "work"
    script = HOLD.format(folder=str(folder))
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout.readline() == "held\n"
        held = pytest.raises(files.BadInput, match="work: another process is training this very experiment")
        with held, checkpoints.exclusive(folder):
            pass
        first.kill()
    with checkpoints.exclusive(folder):
        assert folder.is_dir()


def test_the_work_folder_lies_in_the_main_checkout_of_a_queued_experiment(tmp_path, monkeypatch):
    monkeypatch.setenv("DVC_ROOT", str(tmp_path))
    assert checkpoints.root() == tmp_path / ".work"
