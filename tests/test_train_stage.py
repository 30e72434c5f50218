"""The stage train of a row that the profile leaves out."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
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


def test_a_row_that_is_in_neither_section_is_refused_with_those_that_are(tmp_path):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    command = [sys.executable, str(ROOT / "stages/train.py"), "kovenko-vae-bm"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: experiments.kovenko-vae-bm: 'kovenko-vae-bm' is unknown; known: ray-stacked,")
    assert done.stderr.endswith("did you mean kovenko-vae-bn?\n")
