"""The stage train: what it asks of a row, and of one that the profile leaves out."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from autofaces.training import devices, rows

ROOT = Path(__file__).parents[1]
CPU = devices.Machine(torch.device("cpu"), torch.float32)
KEY = "kovenko-vae-bn"


def test_an_ablation_that_the_profile_leaves_out_is_only_told_of_without_torch(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    (tmp_path / "torch.py").write_text("raise RuntimeError('torch is imported')")
    before = tmp_path / "models" / KEY / "seed-1"  # of another profile
    before.mkdir(parents=True)
    command = [sys.executable, str(ROOT / "stages/train.py"), KEY]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (config,) = (tmp_path / "models" / KEY).iterdir()
    assert json.loads(config.read_text()) == {"experiment": KEY, "paper": "kovenko2020", "not_run": True}
    assert [path.name for path in (tmp_path / "models").iterdir()] == [KEY]


@pytest.mark.parametrize(
    ("profile", "allowed", "expected"),
    [("auto", True, "auto"), ("auto", False, "float32"), ("float32", True, "float32")],
    ids=["both say so", "only the profile", "only the paper"],
)
def test_bfloat16_is_asked_for_where_profile_and_paper_say_so(tmp_path, monkeypatch, profile, allowed, expected):
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    settings["profiles"]["demo"]["precision"] = profile
    settings["papers"]["koenig2020"]["train"]["bfloat16"] = allowed
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    monkeypatch.chdir(tmp_path)
    asked = []
    monkeypatch.setattr(devices, "pick", lambda threads, precision: asked.append(precision) or CPU)
    monkeypatch.setattr(rows, "train", lambda *given, **_: given[-1].mkdir())
    runpy.run_path(str(ROOT / "stages/train.py"))["main"]("koenig-m2-bs16")
    assert asked == [expected]


def test_a_row_that_is_in_neither_section_is_refused_with_those_that_are(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    command = [sys.executable, str(ROOT / "stages/train.py"), "kovenko-vae-bm"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: experiments.kovenko-vae-bm: 'kovenko-vae-bm' is unknown; known: ray-stacked,")
    assert done.stderr.endswith("did you mean kovenko-vae-bn?\n")
