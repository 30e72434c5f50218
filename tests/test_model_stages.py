"""The stages that train and measure, by themselves, on a few small pictures."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import write_array

from autofaces.app import uses
from autofaces.core import files, history
from autofaces.evaluation.collect import collect
from autofaces.papers import kovenko2020
from autofaces.training import models
from autofaces.verdicts import judge

ROOT = Path(__file__).parents[1]
SIZES = {"train": 48, "validation": 8, "test": 12}
KEY = "kovenko-vae-var1e-2"
EVALUATION = {"config.json", "metrics.json", "images.csv", "pictures.npz", "dvclive"}


def run(folder: Path, stage: str, *arguments: str) -> subprocess.CompletedProcess:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DVC", "AUTOFACES"))}
    command = [sys.executable, str(ROOT / "stages" / f"{stage}.py"), *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)


def set_up(folder: Path, seeds: int) -> None:
    """Two rows on four data sets of 32x32 pixels."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    scale = {name: {"image_passes": 64, "batch": 0.125} for name in settings["datasets"]}
    settings["profiles"] = {"smoke": settings["profiles"]["smoke"] | {"scale": scale, "seeds": seeds}}
    settings["profile"] = "smoke"
    for dataset in settings["datasets"].values():
        dataset["size"] = 32
    row, baseline = settings["experiments"][KEY], settings["experiments"]["pca-anime"]
    row["model"] |= {"base": 4, "code": 8}
    baseline["model"]["code"] = 8
    settings["experiments"] = {KEY: row, "pca-anime": baseline}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    about = {"profile": "smoke", "faces": "synthetic"}
    for number, name in enumerate(("lfw", "anime", "celeba", "cufs")):
        place = folder / "data" / "arrays" / name
        for part, count in SIZES.items():
            write_array(place / f"{part}.npy", count, seed=10 * number + count)
            groups = [f"{name}-{part}-{i}" for i in range(count)]
            pd.DataFrame({"file": groups, "group": groups}).to_csv(place / f"{part}.csv", index=False)
        files.write_json(place / "about.json", about | {"crop": settings["datasets"][name]["crop"]})


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """Both rows trained with two seeds, and measured."""
    folder = tmp_path_factory.mktemp("project")
    set_up(folder, 2)
    for stage, key in (("train", KEY), ("train", "pca-anime"), ("evaluate", KEY), ("evaluate", "pca-anime")):
        result = run(folder, stage, key)
        assert result.returncode == 0, result.stderr
    result = run(folder, "outliers", KEY)
    assert result.returncode == 0, result.stderr
    for packed in folder.glob("data/*/*.zip"):
        shutil.unpack_archive(packed, packed.with_suffix(""))
    return folder


def test_every_seed_has_a_model_of_its_own(project):
    first, second = models.seeds(project / "models" / KEY)
    assert second.name == "seed-1"
    assert [models.load(folder)[1]["training"]["seed"] for folder in (first, second)] == [0, 1]
    assert (first / "weights.safetensors").read_bytes() != (second / "weights.safetensors").read_bytes()
    assert {len(history.read(folder / "dvclive")) for folder in (first, second)} == {4}


def test_a_closed_form_is_fitted_once(project):
    assert len(models.seeds(project / "models" / "pca-anime")) == 1


def test_a_model_says_what_it_was_trained_on(project):
    _, config = models.load(project / "models" / KEY)
    assert (config["dataset"], config["faces"], config["crop"]) == ("anime", "synthetic", "whole")
    assert (config["train"]["epochs"], config["train"]["optimizer"]) == (200, "adamax")  # the row's, and its paper's


def test_an_evaluation_holds_what_claims_and_figures_need(project):
    for key in (KEY, "pca-anime"):
        folder, model = project / "data/evaluations" / key, project / "models" / key
        assert {path.name for path in folder.iterdir()} == EVALUATION
        assert (folder / "metrics.json").read_bytes() == (project / "metrics" / f"{key}.json").read_bytes()
        assert (folder / "config.json").read_bytes() == (model / "config.json").read_bytes()
        assert history.read(folder / "dvclive").equals(history.read(model / "dvclive"))


def test_metrics_are_means_over_images_and_seeds(project):
    metrics = json.loads((project / "metrics" / f"{KEY}.json").read_text())
    images = pd.read_csv(project / "data/evaluations" / KEY / "images.csv")
    assert (metrics["seeds"], metrics["images"], metrics["test_images"]) == (2, sum(SIZES.values()), SIZES["test"])
    assert images.groupby("seed").image.apply(list).to_dict() == {seed: list(range(12)) for seed in (0, 1)}
    assert metrics["mse"] == pytest.approx(images.mse.mean(), rel=1e-5)
    assert images.mse[images.seed == 0].mean() != images.mse[images.seed == 1].mean()


def test_applications_are_measured_where_a_row_lists_them(project):
    folders = (project / "data/evaluations" / key for key in (KEY, "pca-anime"))
    listed, other = (json.loads((folder / "metrics.json").read_text()) for folder in folders)
    assert "morph_smoothness" in listed
    assert "morph_smoothness" not in other
    assert "morph_strips" in np.load(project / "data/evaluations" / KEY / "pictures.npz")


def test_outliers_are_images_of_the_other_data_sets_and_spoilt_ones(project):
    metrics = json.loads((project / "metrics" / "outliers" / f"{KEY}.json").read_text())
    kinds = {name.removeprefix("outlier_auroc_") for name in metrics if name.startswith("outlier_auroc_")}
    assert kinds >= {"lfw", "celeba", "cufs", "noise", "turned180"}
    assert "anime" not in kinds
    assert 0 <= metrics["outlier_fpr_at_median"] <= 1
    folder = project / "data" / "outliers" / KEY
    assert {path.name for path in folder.iterdir()} == EVALUATION - {"config.json", "dvclive"}
    assert json.loads((folder / "metrics.json").read_text()) == metrics


def test_claims_see_all_seeds_and_the_outliers(project, tmp_path):
    evaluations = [project / "data/evaluations" / f"{key}.zip" for key in (KEY, "pca-anime")]
    collect(evaluations, [project / "data/outliers" / f"{KEY}.zip"], tmp_path / "results")
    rows = judge.load(tmp_path / "results")
    assert len(rows[KEY].images) == 2 * SIZES["test"]
    assert "outlier_auroc" in rows[KEY].metrics
    assert rows[KEY].images["outlier_fpr_at_median"].notna().all()
    judged = {found["id"]: found for found in judge.judge({"kovenko2020": kovenko2020.CLAIMS}, rows, None)}
    low, high = judged["K8-fpr"]["interval"]
    assert low <= judged["K8-fpr"]["effect"] <= high


def test_the_best_row_for_outliers_is_found(project, monkeypatch):
    monkeypatch.chdir(project)
    assert uses.load("outliers", None).key == KEY


def test_trained_again_the_bytes_are_the_same(project):
    before = {f: f.read_bytes() for f in (project / "models" / KEY).rglob("*") if f.is_file()}
    assert run(project, "train", KEY).returncode == 0
    assert {f: f.read_bytes() for f in (project / "models" / KEY).rglob("*") if f.is_file()} == before


def test_outliers_of_another_data_set_than_the_four_are_refused(tmp_path):
    config = {"dataset": "celeba-grey64"}
    files.write_json(tmp_path / "models" / KEY / "config.json", config)
    result = run(tmp_path, "outliers", KEY)
    assert result.returncode == 1
    assert f"models/{KEY}: dataset celeba-grey64; expected one of lfw, anime, celeba, cufs" in result.stderr
