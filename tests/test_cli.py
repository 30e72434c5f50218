"""The command line, as a user sees it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autofaces import files
from autofaces.cli import app

ROOT = Path(__file__).parents[1]


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run the command line in a folder with the project's params.yaml (`replace`: old and new text in it)."""

    def run(*arguments: str, replace: tuple[str, str] = ("", "")):
        (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text().replace(*replace))
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(app, arguments)

    return run


def test_experiments_lists_every_row_with_its_parameters(invoke):
    result = invoke("experiments", "--profile", "paper")
    assert result.exit_code == 0
    (row,) = [line.split() for line in result.output.splitlines() if line.startswith("ray-recursive ")]
    assert row == ["ray-recursive", "ray2020", "lfw", "ladder", "layerwise", "1,771,083", "10", "-"]


def test_experiments_as_json_has_every_setting(invoke):
    rows = json.loads(invoke("experiments", "--profile", "smoke", "--json").output)
    row = next(r for r in rows if r["experiment"] == "koenig-m1-nf16-bs32")
    assert row["arguments"] == {"n_f": 16}
    assert row["train"] == {"epochs": 8, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.0002}
    assert row["parameters"] < 3_493_824  # half as wide
    assert row["image_passes"] == 256


def test_an_unknown_profile_is_refused_with_the_known_ones(invoke):
    result = invoke("experiments", "--profile", "huge")
    assert result.exit_code == 1
    assert "error: --profile huge: unknown; known: smoke, demo, sample, paper" in result.stderr


def test_check_names_a_wrong_setting(invoke):
    assert invoke("check").exit_code == 0
    result = invoke("check", replace=("precision: float32", "precision: float8"))
    assert result.exit_code == 1
    assert "profiles.smoke.precision = 'float8': input should be 'float32' or 'auto'" in result.stderr


def test_summary_shows_results_in_the_order_of_params(invoke, tmp_path):
    names = ("mse", "psnr_db", "ssim", "sharpness_ratio", "sharpness_ratio_coarse")
    names += ("gradient_correlation", "grain", "blockiness", "generalisation_gap")
    for key in ("pca-lfw", "ray-stacked"):
        metrics = dict.fromkeys(names, 0.123456) | {"dataset": "lfw", "profile": "demo"}
        files.write_json(tmp_path / "metrics" / f"{key}.json", metrics)
    (tmp_path / "figures" / "ray2020").mkdir(parents=True)
    (tmp_path / "figures" / "ray2020" / "losses.png").touch()
    lines = invoke("summary").output.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["experiment", "ray-stacked", "pca-lfw"]
    assert "0.1235" in lines[1]
    assert lines[-1] == "  figures/ray2020/losses.png"


def test_summary_without_results_says_how_to_get_them(invoke):
    result = invoke("summary")
    assert result.exit_code == 1
    assert "no results yet; run `make repro`" in result.stderr
