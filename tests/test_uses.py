import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_array

from autofaces.app import photos, uses
from autofaces.core import files
from autofaces.evaluation import inference
from autofaces.evaluation.scores import scores
from autofaces.training import models
from autofaces.training.layers import point

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
            ("sample from codes", "swd_codes", "low"),
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

    def test_a_model_is_called_by_its_row_wherever_it_lies(self):
        train("a", AUTOENCODER, experiment="ray-stacked").rename("theirs")
        assert uses.load("reconstruct", "theirs").key == "ray-stacked"

    @pytest.mark.parametrize(
        ("use", "metrics", "words"),
        [
            ("outliers", {"outlier_auroc": 0.4544}, "no better than chance"),
            ("denoise", {"denoise_psnr_gain_db": -2.0}, "no better than the noisy images"),
        ],
    )
    def test_where_the_best_row_is_of_no_use_it_says_so(self, use, metrics, words):
        train("a", AUTOENCODER, metrics)
        assert uses.load(use, None).why.endswith(f"of 1 row, {words}")

    def test_only_a_variational_row_is_chosen_to_sample(self):
        train("a", AUTOENCODER, {"swd": 0.1})
        train("b", VARIATIONAL, {"swd": 0.2})
        assert uses.load("sample", None).key == "b"

    def test_a_row_that_cannot_serve_is_refused_with_those_that_can(self):
        train("a", AUTOENCODER)
        train("b", VARIATIONAL)
        with pytest.raises(
            files.BadInput, match=r"experiment a: it is not variational, .* add --from codes, or take a row that is: b$"
        ):
            uses.load("sample", "a")

    def test_without_the_metric_the_rows_are_named(self):
        train("a", AUTOENCODER, {"mse": 0.1})
        train("b", VARIATIONAL, {"mse": 0.1})
        with pytest.raises(files.BadInput, match=r"the metric search_precision_at_5 .* with --experiment: a, b$"):
            uses.load("similar", None)

    def test_any_row_is_chosen_to_sample_from_codes(self):
        train("a", AUTOENCODER, {"swd_codes": 0.1})
        train("b", VARIATIONAL, {"swd_codes": 0.2})
        assert uses.load("sample from codes", None).key == "a"

    def test_where_nothing_is_trained_it_says_how_to(self):
        with pytest.raises(files.BadInput, match="run `make repro` in the project's folder"):
            uses.load("reconstruct", None)

    def test_an_ablation_that_was_not_run_is_refused_with_what_to_set(self):
        files.write_json("models/a/config.json", {"experiment": "a", "paper": "p", "not_run": True})
        with pytest.raises(
            files.BadInput,
            match=r"a: an ablation that the profile does not run; set profiles\.<profile>\.ablations .*-ablation@a`$",
        ):
            uses.load("reconstruct", "a")

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

    def test_a_morph_is_decoded_half_way_between_the_codes(self, trained):
        with torch.no_grad():
            code = point(inference.encode(trained.model, torch.from_numpy(faces(2))))
            middle = trained.model.decode(code.mean(0, keepdim=True))
        np.testing.assert_allclose(inference.morph(trained.model, faces(2))[4], middle[0], atol=1e-5)

    def test_a_score_is_of_each_image_alone(self, trained):
        together = scores(trained.model, faces(4))
        alone = [scores(trained.model, face[None])[0] for face in faces(4)]
        assert together.shape == (4,)
        np.testing.assert_allclose(together, alone, rtol=1e-5)

    def test_the_threshold_is_what_one_unseen_face_in_a_hundred_exceeds(self, trained):
        parts = [
            write_array(Path(f"data/arrays/mine/{p}.npy"), n, seed=n) for p, n in (("validation", 90), ("test", 110))
        ]
        known = trained._replace(config=trained.config | {"dataset": "mine"})
        value, source = uses.threshold(known)
        found = np.concatenate([scores(trained.model, np.array(part)) for part in parts])
        assert (found > value).sum() == 2
        assert source == "99th percentile of 200 faces of data/arrays/mine it was not trained on"

    def test_images_that_are_not_here_or_of_another_size_are_refused(self, trained):
        known = trained._replace(config=trained.config | {"dataset": "mine"})
        with pytest.raises(files.BadInput, match=r"data/arrays/mine/train.npy: not found; .* `dvc repro preprocess`"):
            uses.images(known, "train")
        write_array(Path("data/arrays/mine/train.npy"), 2, size=64)
        with pytest.raises(files.BadInput, match=r"images \(64, 64, 3\), expected \(32, 32, 3\), as a was trained on"):
            uses.images(known, "train")

    def test_without_the_data_set_there_is_no_threshold(self, trained):
        assert uses.threshold(trained) is None
        assert uses.threshold(trained._replace(config=trained.config | {"dataset": "absent"})) is None


def test_using_a_model_does_not_import_what_measuring_it_needs():
    heavy = {"sklearn", "skimage", "autofaces.evaluation.applications"}
    code = f"import sys, autofaces.app.uses; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_model_folder_loads_from_anywhere(tmp_path, monkeypatch):
    folder = train("a", AUTOENCODER).absolute()
    before = inference.codes(models.load("models/a")[0], faces(2))
    moved = folder.rename(tmp_path / "copied")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    model, config = models.load(moved)
    np.testing.assert_array_equal(inference.codes(model, faces(2)), before)
    assert photos.fit(config) == (32, 3, "square")
    assert json.loads((moved / "config.json").read_text()) == config
