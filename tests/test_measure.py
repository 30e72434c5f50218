"""What evaluate keeps of a model's test images."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import save_file
from torch.distributions import Normal, kl_divergence

from autofaces.core import files, history
from autofaces.core.params import Component
from autofaces.evaluation import inference, measure
from autofaces.training import likelihoods, models, objectives, pixels


@pytest.fixture
def test_images(arrays_folder) -> np.memmap:
    return np.load(arrays_folder / "test.npy", mmap_mode="r")


def build(name: str, arguments: dict) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(name, 32, 3, 1.0, arguments).eval()


def vae() -> torch.nn.Module:
    return build("pooling", {"base": 2, "code": 6, "variational": True})


def test_every_metric_has_one_value_per_test_image(test_images, monkeypatch):
    model = build("ladder", {"levels": 3})
    whole = measure.per_image(model, test_images, "ladder")
    monkeypatch.setattr(inference, "BATCH", 3)  # a short last batch changes nothing
    parts = measure.per_image(model, test_images, "ladder")
    assert {"mse", "mae", "psnr_db", "ssim", "sharpness_ratio", "grain", "blockiness"} < set(whole)
    for name, values in whole.items():
        assert values.shape == (10,)
        np.testing.assert_allclose(values, parts[name], rtol=1e-4, err_msg=name)


def test_pictures_are_the_same_test_images_for_every_model(test_images):
    ladder = measure.pictures(build("ladder", {"levels": 3}), test_images)
    pca = measure.pictures(build("pca", {"code": 3}), test_images)
    assert np.array_equal(ladder["originals"], pca["originals"])
    assert np.array_equal(ladder["originals"], test_images[ladder["index"]])
    assert ladder["reconstructions"].shape == ladder["originals"].shape == (8, 32, 32, 3)
    assert not np.array_equal(ladder["reconstructions"], pca["reconstructions"])


def test_only_a_model_with_levels_is_decoded_from_every_depth(test_images):
    shown = measure.pictures(build("ladder", {"levels": 3}), test_images)
    assert shown["depths"].shape == (2, 3, 32, 32, 3)
    assert np.array_equal(shown["depths"][:, -1], shown["reconstructions"][:2])
    assert "depths" not in measure.pictures(build("pca", {"code": 3}), test_images)


def test_only_a_variational_model_has_codes_with_a_mean_and_a_log_variance(test_images, monkeypatch):
    model = build("ladder", {"levels": 3, "latent": "gaussian"})
    monkeypatch.setattr(inference, "BATCH", 4)
    mean, log_variance = measure.codes(model, test_images)
    assert mean.shape == log_variance.shape == (10, *model.code_shape)
    last = model.encode(pixels.normalise(torch.from_numpy(test_images[9:].copy()), model.pixel_range))
    torch.testing.assert_close(mean[9:], last[0])
    assert measure.codes(build("ladder", {"levels": 3}), test_images) is None
    assert measure.codes(build("pca", {"code": 3}), test_images) is None


@pytest.mark.parametrize("objective", [{"name": "mse", "kl": 1.0}, {"name": "layerwise", "kl": 1.0}])
def test_a_model_trained_with_an_error_has_its_kl_and_no_likelihood(test_images, objective):
    model = build("ladder", {"levels": 3, "latent": "gaussian"})
    codes = measure.codes(model, test_images)
    values = measure.nats(model, test_images, codes, Component(**objective))
    expected = kl_divergence(Normal(codes[0], (codes[1] / 2).exp()), Normal(0.0, 1.0)).sum((1, 2, 3))
    assert list(values) == ["kl_nats"]
    assert values["kl_nats"].dtype == np.float64
    np.testing.assert_allclose(values["kl_nats"], expected.numpy(), rtol=1e-4)


@pytest.mark.parametrize(
    "arguments",
    [
        {"likelihood": "gaussian", "variance": 0.01},
        {"likelihood": "bernoulli"},
        {"likelihood": "gaussian", "variance": 0.1, "beta": 4.0, "warmup_epochs": 40},
    ],
)
def test_a_model_trained_with_the_elbo_is_measured_with_its_own_likelihood(test_images, arguments):
    model = vae()
    values = measure.nats(model, test_images, measure.codes(model, test_images), Component(name="elbo", **arguments))
    noise = likelihoods.generator(torch.device("cpu"), measure.CODES, 0)
    images = pixels.normalise(torch.from_numpy(test_images[:].copy()), model.pixel_range)
    _, terms = objectives.elbo(model, images, objectives.Context(0.0, noise), **arguments)
    assert list(values)[:4] == ["reconstruction_nats", "kl_nats", "elbo_nats", "bits_per_dim"]
    assert list(values)[4:] == (["excess_nats"] if arguments["likelihood"] == "bernoulli" else [])
    for name, value in list(values.items())[:4]:
        assert value.shape == (10,)
        assert value.mean() == pytest.approx(float(terms[name]), rel=1e-4)
    np.testing.assert_allclose(values["reconstruction_nats"] + values["kl_nats"], values["elbo_nats"], rtol=1e-5)
    np.testing.assert_allclose(values["bits_per_dim"], values["elbo_nats"] / math.log(2) / (3 * 32 * 32), rtol=1e-5)


def test_nats_are_the_same_at_every_call_and_stand_beside_the_errors(test_images, monkeypatch):
    monkeypatch.setattr(inference, "BATCH", 4)
    model, objective = vae(), Component(name="elbo", likelihood="gaussian", variance=0.01)
    codes = measure.codes(model, test_images)
    values = measure.nats(model, test_images, codes, objective)
    again = measure.nats(model, test_images, codes, objective)
    assert all(np.array_equal(values[name], again[name]) for name in values)
    table = measure.per_image(model, test_images, "vae") | values
    assert {"mse", "kl_nats", "elbo_nats"} < set(measure.means(table))


def test_the_error_of_the_mean_is_that_of_showing_the_average_image(arrays_folder, test_images):
    train = np.load(arrays_folder / "train.npy", mmap_mode="r")
    expected = np.square(test_images / 255.0 - train[:].mean(0) / 255.0).mean((1, 2, 3))
    np.testing.assert_allclose(measure.mse_of_mean(train, test_images), expected, rtol=1e-12)


def test_depths_have_the_error_of_what_is_decoded_from_them(test_images):
    model = build("ladder", {"levels": 3, "norm": "shared"})
    values = measure.per_image(model, test_images, "ladder")
    inputs = pixels.normalise(torch.from_numpy(np.array(test_images)), (0, 1))
    for k in (1, 2, 3):
        expected = (model.decode(model.encode(inputs, k), k) - inputs).square().mean((1, 2, 3))
        np.testing.assert_allclose(values[f"depth_mse_{k}"], expected.detach(), rtol=1e-4)
    np.testing.assert_allclose(values["depth_mse_3"], values["mse"])
    assert not [name for name in measure.per_image(vae(), test_images, "vae") if name.startswith("depth")]


def test_fewer_principal_components_are_those_of_a_smaller_code(arrays_folder, test_images):
    train = torch.from_numpy(np.load(arrays_folder / "train.npy")).permute(0, 3, 1, 2) / 255
    found = {}
    for code in (8, 16, 20):
        model = build("pca", {"code": code})
        model.fit(lambda: [train])
        found[code] = measure.per_image(model, test_images, "pca")
    assert [name for name in found[20] if name.startswith("mse_")] == ["mse_8", "mse_16"]
    assert [name for name in found[16] if name.startswith("mse_")] == ["mse_8"]
    for k in (8, 16):
        np.testing.assert_allclose(found[20][f"mse_{k}"], found[k]["mse"], rtol=1e-3, atol=1e-7)


def test_excess_is_nothing_where_the_network_says_the_pixels_themselves(test_images):
    class Oracle(torch.nn.Module):
        pixel_range = (0.0, 1.0)

        def logits(self, code):
            return code

        def decode(self, code):
            return code.sigmoid()

    images = pixels.normalise(torch.from_numpy(np.array(test_images)), (0.0, 1.0))
    oracle, objective = Oracle(), Component(name="elbo", likelihood="bernoulli")
    oracle.anchor = torch.nn.Parameter(torch.zeros(1))
    for shift in (0.0, 1.0):
        codes = images.clamp(1e-7, 1 - 1e-7).logit() + shift, torch.full_like(images, -80)
        values = measure.nats(oracle, test_images, codes, objective)
        assert (values["excess_nats"] < values["reconstruction_nats"]).all()
        assert (np.abs(values["excess_nats"]) < 0.5).all() == (shift == 0)


def test_an_optimal_variance_is_each_images_own(test_images):
    model = vae()
    codes = measure.codes(model, test_images)

    def nats(variance):
        objective = Component(name="elbo", likelihood="gaussian", variance=variance)
        return measure.nats(model, test_images, codes, objective)["reconstruction_nats"]

    best = nats("optimal")
    assert all((best < nats(variance)).all() for variance in (1e-3, 1e-2, 0.03, 0.1, 1.0))
    errors = (np.exp(2 * best / (3 * 32 * 32) - 1)) / (2 * np.pi)
    for i in (0, 7):
        assert nats(float(errors[i]))[i] == pytest.approx(best[i], rel=1e-4)


CONSTANT = {  # networks whose output is always the same
    "plain": ("pooling", {"base": 2, "code": 6}, {"name": "mse", "arguments": {}}, ["samples"]),
    "variational": (
        "pooling",
        {"base": 2, "code": 6, "variational": True},
        {"name": "elbo", "arguments": {"likelihood": "gaussian", "variance": "optimal"}},
        [],
    ),
    "levels": ("ladder", {"levels": 3, "latent": "gaussian"}, {"name": "mse", "arguments": {"kl": 1.0}}, []),
}


def label(data: Path) -> None:
    """Two images of each person."""
    for part, count in {"train": 48, "validation": 8, "test": 10}.items():
        names = [f"{part}-{i // 2}" for i in range(count)]
        pd.DataFrame({"file": names, "group": names}).to_csv(data / f"{part}.csv", index=False)


def save_row(folder: Path, data: Path, name: str, arguments: dict, objective: dict, applications: list[str]) -> None:
    """A row of two seeds, as training leaves it: a network whose numbers are all 0, and a fresh one."""
    validation = torch.from_numpy(np.load(data / "validation.npy"))
    for seed in (0, 7):
        model = build(name, arguments)
        if seed == 0:
            for parameter in model.parameters():
                torch.nn.init.zeros_(parameter)
        about = {"name": name, "size": 32, "channels": 3, "width": 1.0, "arguments": arguments, "objective": objective}
        about |= {"experiment": "row", "profile": "smoke", "paper": "p", "dataset": "d", "applications": applications}
        about |= dict(zip(measure.SIZES, (1, 2, 3, 4), strict=True)) | {"ablation": False}
        about["training"] = {"seed": seed, "precision": "float32", "images": 9, "train_mse": 0.02, "threads": 1}
        place = folder / f"seed-{seed}" if seed else folder
        models.save(place, model, about)
        output = inference.reconstruct(model, validation)
        tensors = {"steps": torch.tensor([1]), "images": torch.tensor([9]), "index": torch.arange(8)}
        tensors["reconstructions"] = torch.from_numpy(np.ascontiguousarray(pixels.pixels(output)))[None]
        save_file(tensors, place / "horizon.safetensors")
        history._write(place / "dvclive", [{"step": 1, "train_loss": 0.5 + seed}])


@pytest.mark.parametrize("kind", CONSTANT)
def test_a_collapsed_model_is_measured_as_any_other(kind, arrays_folder, tmp_path):
    label(arrays_folder)
    save_row(tmp_path / "row", arrays_folder, *CONSTANT[kind])
    out = tmp_path / "out"
    out.mkdir()
    summary = measure.row(tmp_path / "row", arrays_folder, out)
    assert json.loads((out / "metrics.json").read_text()) == summary
    images, seeds = (pd.read_csv(out / f"{name}.csv") for name in ("images", "seeds"))
    assert images.columns[:3].tolist() == ["seed", "image", "group"]
    assert images.group.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4] * 2
    collapsed, other = (images[images.seed == seed] for seed in (0, 7))
    assert collapsed.mse.notna().all()
    assert collapsed.gradient_correlation.isna().all()  # of a flat image there is none
    assert other.gradient_correlation.notna().all()
    assert summary["gradient_correlation"] == pytest.approx(other.gradient_correlation.mean(), rel=1e-5)
    sizes = {"parameters": 1, "parameters_full": 2, "flops_per_image": 3, "flops_full": 4}
    assert seeds[list(sizes)].to_dict("records") == [sizes, sizes]
    assert sizes.items() <= summary.items()
    gaps = images.groupby("seed").mse.mean() / 0.02
    np.testing.assert_allclose(seeds.generalisation_gap, gaps, rtol=1e-6)
    assert seeds.sample_diversity.tolist()[0] == 0
    assert seeds.swd_pca.nunique() == 1  # the same for both seeds
    sets = pd.read_csv(out / "sets.csv")
    assert sets.groupby("seed").fold.apply(list).to_dict() == {0: list(range(8)), 7: list(range(8))}
    np.testing.assert_allclose(sets.groupby("seed").swd.mean(), seeds.swd, rtol=1e-6)
    if kind != "plain":
        assert seeds.active_units.tolist()[0] == 0
        assert collapsed.kl_nats.tolist() == [0] * 10
    horizon = pd.read_csv(out / "horizon.csv")
    assert horizon[["seed", "point", "image", "group"]].to_numpy()[[0, 7, 8, 15]].tolist() == [
        *([0, 0, 0, 0], [0, 0, 7, 3], [7, 0, 0, 0], [7, 0, 7, 3])
    ]
    assert len(pd.read_csv(out / "horizon_seeds.csv")) == 2
    assert history.read(out / "seed-7" / "dvclive").train_loss.tolist() == [7.5]
    assert history.read(out / "dvclive").train_loss.tolist() == [0.5]
    assert files.sha256(out / "config.json") == files.sha256(tmp_path / "row" / "config.json")
    with np.load(out / "pictures.npz") as shown:
        assert {"samples", "samples_codes", "samples_pca"} < set(shown)


def test_what_no_image_of_any_seed_has_is_null_and_no_column(arrays_folder, tmp_path):
    label(arrays_folder)
    grey = np.full((10, 32, 32, 3), 99, np.uint8)
    np.save(arrays_folder / "test.npy", grey)
    save_row(tmp_path / "row", arrays_folder, "pooling", {"base": 2, "code": 6}, {"name": "mse", "arguments": {}}, [])
    out = tmp_path / "out"
    out.mkdir()
    summary = measure.row(tmp_path / "row", arrays_folder, out)
    assert summary["sharpness_ratio"] is None
    assert summary["mse"] > 0
    assert "sharpness_ratio" not in pd.read_csv(out / "images.csv")
    assert not (out / "sets.csv").exists()  # it makes nothing up
