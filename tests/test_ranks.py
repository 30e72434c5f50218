"""Several processes train what one does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from ranks import CASES, KINDS, fit

from autofaces.core import files
from autofaces.training import checkpoints, ranks

SCRIPT = str(Path(__file__).with_name("ranks.py"))
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone"]


@pytest.mark.parametrize("processes", [2, 4])
def test_several_processes_have_the_losses_of_one(arrays_folder, tmp_path, processes):
    command = [*TORCHRUN, f"--nproc-per-node={processes}", SCRIPT, arrays_folder, tmp_path, "each"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "each.json").read_text())
    for kind in KINDS:
        for case in CASES:
            _, rows = fit(case, arrays_folder, tmp_path / f"one-{kind}", kind)
            assert len(rows) == len(found[kind][case]) == 6
            # in float32 Adam makes steps of what rounding leaves of gradients that are none, as before a batch norm:
            # the losses of an epoch; in float64 all that is told of two
            for row, theirs in list(zip(rows, found[kind][case], strict=True))[: 3 if kind == "float32" else 6]:
                told = row if kind == "float64" else {"train_loss": row["train_loss"]}
                near = pytest.approx(told, rel=1e-5 if kind == "float32" else 1e-6)
                assert {name: theirs[name] for name in told} == near, (kind, case)


def test_a_killed_process_ends_the_training_with_a_message_and_the_next_start_goes_on(arrays_folder, tmp_path):
    def start(folder: str, what: str) -> subprocess.CompletedProcess:
        command = [sys.executable, SCRIPT, arrays_folder, tmp_path / folder, what]
        return subprocess.run(command, capture_output=True, text=True)

    assert start("whole", "after").returncode == 0
    killed = start("cut", "fatal")
    assert killed.returncode == 1
    assert "cut fatal: one of its 2 processes ended, and so all did" in killed.stderr
    assert "The next start goes on from the last checkpoint" in killed.stderr
    assert checkpoints.load(tmp_path / "cut" / "batch norm.pt")["step"] == 7
    assert start("cut", "after").returncode == 0
    whole, cut = (json.loads((tmp_path / folder / "after.json").read_text()) for folder in ("whole", "cut"))
    assert cut == whole


def test_one_process_is_all_there_is_where_nothing_was_launched(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert (ranks.count(), ranks.rank(), ranks.launched()) == (1, 0, False)
    assert ranks.share(7) == slice(0, 7)
    model = torch.nn.BatchNorm2d(3)
    ranks.synchronise(model)
    assert type(model) is torch.nn.BatchNorm2d


@pytest.mark.parametrize(("gpus", "batch", "expected"), [(0, 256, 1), (1, 256, 1), (4, 256, 4), (4, 16, 2), (4, 4, 1)])
def test_a_row_takes_the_gpus_that_its_batch_fills(monkeypatch, gpus, batch, expected):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert ranks.wanted(batch) == expected
    monkeypatch.setenv("WORLD_SIZE", "4")
    assert ranks.wanted(batch) == 1


@pytest.mark.parametrize(("images", "processes"), [(15, 2), (15, 4), (4, 4), (128, 3)])
def test_slices_hold_every_image_once(monkeypatch, images, processes):
    monkeypatch.setattr(ranks, "count", lambda: processes)
    held = []
    for rank in range(processes):
        monkeypatch.setattr(ranks, "rank", lambda rank=rank: rank)
        held += range(images)[ranks.share(images)]
    assert held == list(range(images))


def test_more_processes_than_images_are_refused(monkeypatch):
    monkeypatch.setattr(ranks, "count", lambda: 4)
    with pytest.raises(files.BadInput, match="a batch of 3 images on 4 processes: start at most 3"):
        ranks.share(3)
