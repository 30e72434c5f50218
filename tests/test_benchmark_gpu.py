"""The script that measures a GPU, where there is none."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from autofaces.core import params

ROOT = Path(__file__).parents[1]
SCRIPT = ROOT / "benchmarks" / "gpu.py"


def test_without_a_gpu_it_ends_in_one_line(tmp_path):
    command = [sys.executable, str(SCRIPT), "--out", str(tmp_path)]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "error: no GPU that torch can use; expected one of CUDA's (--device cpu --quick tries the code)\n"
    )
    assert not list(tmp_path.iterdir())


def test_every_row_that_is_trained_by_gradient_is_in_one_case():
    its, settings = runpy.run_path(str(SCRIPT)), params.load(ROOT / "params.yaml")
    rows = [row for case in its["cases"](settings, quick=False) for row in case.rows]
    assert sorted(rows) == sorted(key for key, row in settings.rows.items() if row.objective)


def test_the_bound_is_the_arithmetic_where_memory_is_fast_and_the_traffic_where_it_is_slow():
    its, settings = runpy.run_path(str(SCRIPT)), params.load(ROOT / "params.yaml")
    case = its["cases"](settings, quick=True)[0]._replace(size=8, channels=3, dtype=torch.float32)
    layer = torch.nn.Conv2d(3, 5, 3, padding=1)
    flops = 3 * 2 * 8 * 8 * 5 * 27
    bound = its["roofline"](layer, case, 4, {"flops_per_second": 1e6, "bytes_per_second": 1e18})
    assert bound == pytest.approx(1e6 / flops)
    moved = 4 * (3 * 4 * 192 + 2 * 4 * 320 + 3 * 135) + 28 * 140
    bound = its["roofline"](layer, case, 4, {"flops_per_second": 1e18, "bytes_per_second": 1e6})
    assert bound == pytest.approx(4 * 1e6 / moved)
