import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_array

from autofaces import files, models, photos, probability, uses
from autofaces.models.layers import point

AUTOENCODER = {"name": "ladder", "arguments": {"levels": 3}}
VARIATIONAL = {"name": "ladder", "arguments": {"levels": 3, "latent": "gaussian"}}


def train(key: str, recipe: dict, metrics: dict | None = None, **more: object) -> Path:
    """As much of a training as the uses see: models/<key> of a fresh model, and metrics/<key>.json."""
    torch.manual_seed(0)
    config = {"size": 32, "channels": 3, "width": 0.5, **recipe, "crop": "square", **more}
    model = models.build(**{k: config[k] for k in ("name", "size", "channels", "width", "arguments")})
    folder = Path("models") / key
    folder.mkdir(parents=True)
    models.save(folder, model, config)
    if metrics is not None:
        files.write_json(f"metrics/{key}.json", metrics)
    return folder


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def faces(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 32, 32, 3), np.uint8)


class TestLoad:
    @pytest.mark.parametrize(
        ("use", "metric", "best"),
        [
            ("reconstruct", "mse", "low"),
            ("denoise", "denoise_psnr_gain_db", "high"),
            ("morph", "swd", "low"),
            ("similar", "search_precision_at_5", "high"),
            ("sample", "swd", "low"),
            ("outliers", "outlier_auroc", "high"),
        ],
    )
    def test_takes_the_best_row_for_the_use_and_says_why(self, use, metric, best):
        train("low", VARIATIONAL, {metric: 0.25})
        train("high", VARIATIONAL, {metric: 0.75})
        train("unmeasured", VARIATIONAL)
        trained = uses.load(use, None)
        assert trained.key == best
        assert trained.why == f"{best}est {metric}, {0.25 if best == 'low' else 0.75}, of 2 rows"

    def test_takes_a_row_by_its_key_and_a_model_by_its_folder(self, tmp_path, monkeypatch):
        folder = train("a", AUTOENCODER).absolute()
        assert uses.load("reconstruct", "a").folder == Path("models/a")
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
        trained = uses.load("reconstruct", str(folder))
        assert (trained.key, trained.folder, trained.why) == ("a", folder, "")

    def test_only_a_variational_row_is_chosen_to_sample(self):
        train("a", AUTOENCODER, {"swd": 0.1})
        train("b", VARIATIONAL, {"swd": 0.2})
        assert uses.load("sample", None).key == "b"

    def test_a_row_that_cannot_serve_is_refused_with_those_that_can(self):
        train("a", AUTOENCODER)
        train("b", VARIATIONAL)
        with pytest.raises(files.BadInput, match=r"experiment a: it is not variational, .* rows that can: b$"):
            uses.load("sample", "a")

    def test_without_the_metric_the_rows_are_named(self):
        train("a", AUTOENCODER, {"mse": 0.1})
        train("b", VARIATIONAL, {"mse": 0.1})
        with pytest.raises(files.BadInput, match=r"the metric search_precision_at_5 .* with --experiment: a, b$"):
            uses.load("similar", None)

    def test_where_nothing_is_trained_it_says_how_to(self):
        with pytest.raises(files.BadInput, match="run `make repro` in the project's folder"):
            uses.load("reconstruct", None)

    def test_an_unknown_row_is_refused_with_the_nearest(self):
        train("ray-stacked", AUTOENCODER)
        with pytest.raises(
            files.BadInput, match=r"no trained model at models/ray-staked; .*did you mean ray-stacked\?"
        ):
            uses.load("reconstruct", "ray-staked")


@pytest.mark.parametrize("recipe", [AUTOENCODER, VARIATIONAL], ids=["autoencoder", "variational"])
class TestUse:
    @pytest.fixture
    def trained(self, recipe) -> uses.Trained:
        train("a", recipe)
        return uses.load("reconstruct", "a")

    def test_a_model_is_variational_where_its_code_is_a_pair(self, trained, recipe):
        assert uses.is_variational(trained.config) == (recipe is VARIATIONAL)
        assert uses.unit(trained.config) == ("nats" if recipe is VARIATIONAL else "mse")

    def test_a_reconstruction_is_the_models(self, trained):
        images = faces(3)
        made = uses.reconstruct(trained.model, images)
        expected = models.reconstruct(trained.model, torch.from_numpy(images))
        assert (made.shape, made.dtype) == (images.shape, np.uint8)
        np.testing.assert_allclose(made / 255, expected.permute(0, 2, 3, 1), atol=0.5 / 255 + 1e-6)

    def test_a_code_decodes_to_the_reconstruction(self, trained):
        codes = torch.from_numpy(models.codes(trained.model, faces(2)))
        with torch.no_grad():
            decoded = trained.model.decode(codes.unflatten(1, trained.model.code_shape))
        np.testing.assert_array_equal(models.pixels(decoded), uses.reconstruct(trained.model, faces(2)))

    def test_a_morph_ends_in_the_reconstructions(self, trained):
        steps = uses.morph(trained.model, faces(2))
        assert steps.shape == (9, 32, 32, 3)
        np.testing.assert_array_equal(steps[[0, -1]], uses.reconstruct(trained.model, faces(2)))

    def test_a_morph_is_decoded_half_way_between_the_codes(self, trained):
        with torch.no_grad():
            code = point(trained.model.encode(models.normalise(torch.from_numpy(faces(2)), (0.0, 1.0))))
            middle = models.pixels(trained.model.decode(code.mean(0, keepdim=True)))
        np.testing.assert_allclose(uses.morph(trained.model, faces(2))[4].astype(int), middle[0], atol=1)

    def test_a_score_is_of_each_image_alone(self, trained):
        together = uses.scores(trained.model, faces(4))
        alone = [uses.scores(trained.model, face[None])[0] for face in faces(4)]
        assert together.shape == (4,)
        np.testing.assert_allclose(together, alone, rtol=1e-5)

    def test_the_threshold_is_what_one_unseen_face_in_a_hundred_exceeds(self, trained):
        parts = [
            write_array(Path(f"data/arrays/mine/{p}.npy"), n, seed=n) for p, n in (("validation", 90), ("test", 110))
        ]
        known = trained._replace(config=trained.config | {"dataset": "mine"})
        value, source = uses.threshold(known)
        scores = np.concatenate([uses.scores(trained.model, np.array(part)) for part in parts])
        assert (scores > value).sum() == 2
        assert source == "99th percentile of 200 faces of data/arrays/mine it was not trained on"

    def test_without_the_data_set_there_is_no_threshold(self, trained):
        assert uses.threshold(trained) is None
        assert uses.threshold(trained._replace(config=trained.config | {"dataset": "absent"})) is None


def test_a_score_is_the_error_of_the_reconstruction_where_there_is_no_kl():
    train("a", AUTOENCODER)
    model = uses.load("reconstruct", "a").model
    with torch.no_grad():
        inputs = models.normalise(torch.from_numpy(faces(2)), (0.0, 1.0))
        expected = (model(inputs) - inputs).square().mean((1, 2, 3))
    np.testing.assert_allclose(uses.scores(model, faces(2)), expected, rtol=1e-5)


def test_a_score_is_the_kl_of_a_variational_model():
    train("a", VARIATIONAL)
    model = uses.load("reconstruct", "a").model
    with torch.no_grad():
        mean, log_variance = model.encode(models.normalise(torch.from_numpy(faces(2)), (0.0, 1.0)))
    posterior = torch.distributions.Normal(mean.flatten(1), (log_variance.flatten(1) / 2).exp())
    prior = torch.distributions.Normal(0, 1)
    expected = torch.distributions.kl_divergence(posterior, prior).sum(1)
    np.testing.assert_allclose(uses.scores(model, faces(2)), expected, rtol=1e-4)


def test_using_a_model_does_not_import_what_measuring_it_needs():
    heavy = {"sklearn", "skimage", "autofaces.applications"}
    code = f"import sys, autofaces.uses; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_samples_depend_on_the_seed_alone():
    train("a", VARIATIONAL)
    model = uses.load("sample", "a").model
    one, again, other = (uses.sample(model, 4, probability.generator(torch.device("cpu"), seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert one.shape == (4, 32, 32, 3)
    assert (one != other).any()


def test_a_model_folder_loads_from_anywhere(tmp_path, monkeypatch):
    folder = train("a", AUTOENCODER).absolute()
    before = uses.reconstruct(models.load("models/a")[0], faces(2))
    moved = folder.rename(tmp_path / "copied")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    model, config = models.load(moved)
    np.testing.assert_array_equal(uses.reconstruct(model, faces(2)), before)
    assert photos.fit(config) == (32, 3, "square")
    assert json.loads((moved / "config.json").read_text()) == config
