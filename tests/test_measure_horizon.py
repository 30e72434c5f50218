"""What is measured of the points of a training that were kept."""

from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_array
from safetensors.torch import save_file

from autofaces.core import files
from autofaces.evaluation import generation, horizon, reconstruction, sharpness
from autofaces.training import likelihoods
from autofaces.training.pixels import normalise

INDEX = [0, 5, 9, 19]
GROUP = np.arange(20) // 2


@pytest.fixture
def validation(tmp_path) -> np.memmap:
    return write_array(tmp_path / "validation.npy", 20)


def keep(folder: Path, points: int = 10, variational: bool = False) -> dict[str, torch.Tensor]:
    """horizon.safetensors of reconstructions that come nearer point by point."""
    images = torch.from_numpy(np.load(folder / "validation.npy")[INDEX])
    random = np.random.default_rng(0)
    noise = torch.from_numpy(random.integers(-60, 60, (points, *images.shape)))
    blurred = images + noise / torch.arange(1, points + 1).reshape(-1, 1, 1, 1, 1)
    tensors = {"steps": torch.arange(1, points + 1), "images": 16 * torch.arange(1, points + 1)}
    tensors |= {"index": torch.tensor(INDEX), "reconstructions": blurred.clamp(0, 255).byte()}
    if variational:
        codes = torch.from_numpy(random.standard_normal((2, points, 4, 6))).float()
        active = torch.arange(6) < torch.arange(points)[:, None] // 2
        tensors |= {"mean": codes[0] * active[:, None], "log_variance": codes[1]}
        made = random.integers(0, 256, (3, *images.shape), np.uint8)
        tensors |= {"samples": torch.from_numpy(made), "sample_points": torch.tensor([5, 7, 9])}
    save_file(tensors, folder / "horizon.safetensors")
    return tensors


def measured(folder: Path, validation: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    found = horizon.measure(folder, validation, GROUP, torch.device("cpu"))
    assert list(found) == ["horizon", "horizon_seeds"]
    return found["horizon"], found["horizon_seeds"]


def test_every_point_has_all_metrics_of_every_image(tmp_path, validation):
    kept = keep(tmp_path)
    images, points = measured(tmp_path, validation)
    assert list(images)[:4] == ["point", "images", "image", "group"]
    assert {len(values) for values in images.values()} == {40}
    assert images["point"].tolist() == np.repeat(range(10), 4).tolist()
    assert images["images"].tolist() == np.repeat(16 * np.arange(1, 11), 4).tolist()
    assert images["image"][:5].tolist() == [0, 5, 9, 19, 0]
    assert images["group"][:5].tolist() == [0, 2, 4, 9, 0]
    x, y = (normalise(torch.from_numpy(i), (0, 1)) for i in (validation[INDEX], kept["reconstructions"][3].numpy()))
    expected = reconstruction.errors(x, y) | sharpness.detail(x, y)
    assert list(images)[4:] == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(images[name][12:16], values, err_msg=name)
    errors = images["mse"].reshape(10, 4).mean(1)
    assert (np.diff(errors) < 0).all()
    assert {name: list(values) for name, values in points.items()} == {
        "point": list(range(10)),
        "images": list(range(16, 161, 16)),
    }


def test_a_variational_model_has_its_kl_and_units_and_where_it_made_images_up_their_distance(tmp_path, validation):
    kept = keep(tmp_path, variational=True)
    images, points = measured(tmp_path, validation)
    expected = likelihoods.kl_nats(kept["mean"][4], kept["log_variance"][4])
    np.testing.assert_allclose(images["kl_nats"][16:20], expected, rtol=1e-5)
    assert points["active_units"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert np.flatnonzero(np.isfinite(points["swd"])).tolist() == [5, 7, 9]
    assert points["swd"][7] == generation.swd(kept["samples"][1].numpy(), np.array(validation[INDEX]))


def test_a_closed_form_has_one_point(tmp_path, validation):
    keep(tmp_path, points=1)
    images, points = measured(tmp_path, validation)
    assert images["point"].tolist() == [0] * 4
    assert len(points["images"]) == 1


def test_a_missing_or_damaged_file_is_named(tmp_path, validation):
    for text in (None, "not a file of tensors"):
        if text:
            (tmp_path / "horizon.safetensors").write_text(text)
        with pytest.raises(
            files.BadInput, match=r"horizon\.safetensors: not readable .*; run `dvc repro --force train`"
        ):
            measured(tmp_path, validation)
