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
import torch
import yaml
from conftest import write_array
from safetensors.torch import load_file

from autofaces.app import uses
from autofaces.core import files, history
from autofaces.evaluation.collect import collect
from autofaces.training import models
from autofaces.verdicts import judge, results
from autofaces.verdicts.rules import Claim, above, value

ROOT = Path(__file__).parents[1]
SIZES = {"train": 48, "validation": 8, "test": 12}
KEY = "kovenko-vae-var1e-2"
ABLATION, LEFT_OUT = "kovenko-vae-mean-reduction", "kovenko-ae-mae"  # the profile trains one of the two
EVALUATION = {"config.json", "metrics.json", "images.csv", "seeds.csv", "horizon.csv", "horizon_seeds.csv"}
EVALUATION |= {"pictures.npz", "dvclive"}
OF_SAMPLES = {"sets.csv", "seed-1"}


def run(folder: Path, stage: str, *arguments: str) -> subprocess.CompletedProcess:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("DVC", "AUTOFACES"))}
    command = [sys.executable, str(ROOT / "stages" / f"{stage}.py"), *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, timeout=300, check=False)


def set_up(folder: Path, seeds: int) -> None:
    """Two rows and two ablations on four data sets of 32x32 pixels."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text())
    scale = {name: {"image_passes": 64, "batch": 0.125} for name in settings["datasets"]}
    profile = {"scale": scale, "seeds": seeds, "size": {}, "ablations": [ABLATION]}
    settings["profiles"] = {"smoke": settings["profiles"]["smoke"] | profile}
    settings["profile"] = "smoke"
    for dataset in settings["datasets"].values():
        dataset["size"] = 32
    row, baseline = settings["experiments"][KEY], settings["experiments"]["pca-anime"]
    row["model"] |= {"base": 4, "code": 8}
    baseline["model"]["code"] = 8
    settings["experiments"] = {KEY: row, "pca-anime": baseline}
    settings["ablations"] = {key: settings["ablations"][key] for key in (ABLATION, LEFT_OUT)}
    settings["ablations"][ABLATION]["model"] |= {"base": 4, "code": 8}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings))
    about = {"profile": "smoke", "faces": "synthetic", "official_images": None, "full_size": 64}
    for number, name in enumerate(("lfw", "anime", "celeba", "cufs")):
        place = folder / "data" / "arrays" / name
        for part, count in SIZES.items():
            write_array(place / f"{part}.npy", count, seed=10 * number + count)
            groups = [f"{name}-{part}-{i}" for i in range(count)]
            pd.DataFrame({"file": groups, "group": groups}).to_csv(place / f"{part}.csv", index=False)
        files.write_json(place / "about.json", about | {"crop": settings["datasets"][name]["crop"]})


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """The rows trained with two seeds, and measured."""
    folder = tmp_path_factory.mktemp("project")
    set_up(folder, 2)
    for key in (KEY, "pca-anime", ABLATION, LEFT_OUT):
        for stage in ("train", "evaluate"):
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


def test_every_model_keeps_what_it_made_of_validation_images_on_its_way(project):
    first, second = (load_file(f / "horizon.safetensors") for f in models.seeds(project / "models" / KEY))
    assert first["steps"].tolist() == [1] * 8 + [2, 4]
    assert first["images"].tolist() == [16] * 8 + [32, 64]
    assert first["reconstructions"].shape == (10, SIZES["validation"], 32, 32, 3)
    assert not torch.equal(first["reconstructions"], second["reconstructions"])
    (only,) = load_file(project / "models" / "pca-anime" / "horizon.safetensors")["images"]
    assert only == SIZES["train"]


def test_an_ablation_is_trained_as_a_row_where_the_profile_names_it(project):
    (folder, _), left_out = (models.seeds(project / "models" / ABLATION), project / "models" / LEFT_OUT)
    config = models.config(folder)
    assert (config["experiment"], config["paper"], config["ablation"]) == (ABLATION, "kovenko2020", True)
    assert not models.config(project / "models" / KEY)["ablation"]
    assert [path.name for path in left_out.iterdir()] == ["config.json"]
    assert models.config(left_out) == {"experiment": LEFT_OUT, "paper": "kovenko2020", "not_run": True}


def test_a_model_says_what_it_was_trained_on(project):
    _, config = models.load(project / "models" / KEY)
    assert (config["dataset"], config["faces"], config["crop"]) == ("anime", "synthetic", "whole")
    assert (config["train"]["epochs"], config["train"]["optimizer"]) == (200, "adamax")  # the row's, and its paper's
    counts = {name: config["training"][name] for name in ("images", "full_images", "batch_size", "train_images")}
    # at the paper's batch of 128 an epoch of 48 images counts as one batch
    assert counts == {"images": 64, "full_images": 200 * 128, "batch_size": 16, "train_images": 48}
    assert config["parameters_full"] > config["parameters"]
    assert config["flops_full"] > 3 * config["flops_per_image"]


def test_an_evaluation_holds_what_claims_and_figures_need(project):
    for key, more in {KEY: OF_SAMPLES, "pca-anime": set()}.items():
        folder, model = project / "data/evaluations" / key, project / "models" / key
        assert {path.name for path in folder.iterdir()} == EVALUATION | more
        assert (folder / "metrics.json").read_bytes() == (project / "metrics" / f"{key}.json").read_bytes()
        assert (folder / "config.json").read_bytes() == (model / "config.json").read_bytes()
        for history_of in ["dvclive", *(["seed-1/dvclive"] if more else [])]:
            assert history.read(folder / history_of).equals(history.read(model / history_of))


def test_every_seed_has_its_own_numbers(project):
    seeds = pd.read_csv(project / "data/evaluations" / KEY / "seeds.csv")
    configs = [models.config(place) for place in models.seeds(project / "models" / KEY)]
    assert seeds.seed.tolist() == [0, 1]
    np.testing.assert_allclose(seeds.train_mse, [config["training"]["train_mse"] for config in configs])
    for name in ("parameters", "parameters_full", "flops_per_image", "flops_full"):
        assert seeds[name].tolist() == [config[name] for config in configs]
    assert {"active_units", "swd", "swd_codes", "swd_pca", "swd_floor", "generalisation_gap"} < set(seeds)


def test_the_points_of_the_training_are_measured(project):
    for key, points, seeds in ((KEY, 10, [0, 1]), ("pca-anime", 1, [0])):
        table = pd.read_csv(project / "data/evaluations" / key / "horizon.csv")
        assert table[["seed", "point", "image"]].drop_duplicates().shape[0] == len(table) == 8 * points * len(seeds)
        assert table.seed.unique().tolist() == seeds
        assert {"images", "group", "mse", "sharpness_ratio", "gradient_correlation"} < set(table)
    points = pd.read_csv(project / "data/evaluations" / KEY / "horizon_seeds.csv")
    assert points[points.swd.notna()].point.tolist() == [5, 7, 9] * 2


def test_an_ablation_is_measured_but_for_the_metrics_that_git_keeps(project):
    folder = project / "data/evaluations" / ABLATION
    assert {path.name for path in folder.iterdir()} == EVALUATION | OF_SAMPLES
    assert models.config(folder)["ablation"] is True
    assert {path.stem for path in (project / "metrics").glob("*.json")} == {KEY, "pca-anime"}


def test_of_a_row_that_is_left_out_the_config_is_passed_on(project):
    (config,) = (project / "data/evaluations" / LEFT_OUT).iterdir()
    assert json.loads(config.read_text()) == {"experiment": LEFT_OUT, "paper": "kovenko2020", "not_run": True}


def test_a_row_that_is_left_out_waits_for_no_torch(project):
    (project / "torch.py").write_text("raise ImportError('too slow')")
    try:
        environment = {**os.environ, "PYTHONPATH": str(project)}
        command = [sys.executable, str(ROOT / "stages/evaluate.py"), LEFT_OUT]
        result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    finally:
        (project / "torch.py").unlink()
    assert (result.returncode, result.stderr) == (0, "")


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
    assert {path.name for path in folder.iterdir()} == {"metrics.json", "images.csv", "seeds.csv", "pictures.npz"}
    assert json.loads((folder / "metrics.json").read_text()) == metrics


def test_claims_see_all_seeds_and_the_outliers(project, tmp_path):
    evaluations = [project / "data/evaluations" / f"{key}.zip" for key in (KEY, "pca-anime", ABLATION, LEFT_OUT)]
    collect(evaluations, [project / "data/outliers" / f"{KEY}.zip"], tmp_path / "results")
    rows = results.load(tmp_path / "results")
    assert set(rows) == {KEY, "pca-anime", ABLATION}
    known = {
        "mse": SIZES["test"],
        "generalisation_gap": SIZES["test"],
        "outlier_auroc_noise": SIZES["test"],
        "swd_pca": 8,
        "train_mse": 1,
        "mse@1/16": SIZES["validation"],
        "swd@1/4": 1,
    }
    for name, units in known.items():
        found = results.find(f"{KEY}:{name}", rows)
        assert found.values.shape == (2, units)
        assert np.isfinite(found.values).all()
    claim = Claim("X", "", "", "", (value(f"{KEY}:outlier_auroc", above(0)), value(f"{KEY}:swd", above(0), "swd")))
    (judged, *_) = judge.judge({"kovenko2020": [claim]}, rows)
    assert judged["verdict"] == judge.HOLDS


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
