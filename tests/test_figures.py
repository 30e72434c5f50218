"""Figures: byte-stable, and showing what they are given."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from autofaces import figures, files, params


def experiment(paper: str, model: str) -> params.Experiment:
    schedule = {"epochs": 1, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.1}
    settings = {
        "paper": paper,
        "dataset": "lfw",
        "model": {"name": model, **({"n_f": 16} if model == "dcgan" else {})},
        "objective": {"name": "mse"},
    }
    return params.Experiment.model_validate({**settings, "train": schedule})


def make_run(paper: str, model: str, seed: int) -> figures.Run:
    random = np.random.default_rng(seed)
    shown = random.integers(0, 256, (2, 8, 128, 128, 3), dtype=np.uint8)
    pictures = {"originals": shown[0], "reconstructions": shown[1]}
    pictures["samples"] = shown[0, :4]
    pictures["depths"] = random.integers(0, 256, (2, 7, 128, 128, 3), dtype=np.uint8)
    images = pd.DataFrame({name: random.random(20) for name in ("mse", "ssim", "gradient_correlation")})
    history = pd.DataFrame({"epoch": [1, 2], "step": [20, 40], "images": [640, 1280], "train_loss": [2.0, 1.0]})
    history = history.assign(validation_loss=[2.1, 1.2], validation_mse=[0.5, 0.3])
    return figures.Run(experiment(paper, model), images, pictures, history)


def runs(paper: str) -> dict[str, figures.Run]:
    keys = {
        "ray2020": {f"ray-{row}": "ladder" for row in ("stacked", "recursive", "stacked-vae")},
        "koenig2020": {"koenig-m1-nf16-bs32": "dcgan", "koenig-m2-bs32": "dcgan_pooled"},
        "kolotouros2017": {f"kolotouros-{row}": "sketch" for row in ("sketch-ae", "sketch-vae")},
    }[paper]
    return {key: make_run(paper, model, seed) for seed, (key, model) in enumerate(keys.items())}


@pytest.mark.parametrize("paper", ["ray2020", "koenig2020", "kolotouros2017"])
def test_a_papers_figures_are_drawn_twice_to_the_same_bytes(paper, tmp_path):
    for folder in ("a", "b"):
        for name, figure in figures.draw(paper, runs(paper), "a scale").items():
            figures.save(figure, tmp_path / folder / name)
    names = sorted(p.name for p in (tmp_path / "a").iterdir())
    assert {"losses.png", "reconstructions.png"} <= set(names)
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_face_is_shown_pixel_by_pixel(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8)
    figures.save(figures.faces([("one", picture)], "title", "note"), tmp_path / "f.png")
    drawn = np.asarray(Image.open(io.BytesIO((tmp_path / "f.png").read_bytes())).convert("RGB"))
    windows = np.lib.stride_tricks.sliding_window_view(drawn, (128, 128, 3))[:, :, 0]
    corners = np.argwhere((windows[:, :, 0, 0] == picture[0, 0, 0]).all(-1))
    assert any(np.array_equal(windows[y, x], picture[0]) for y, x in corners)


def test_the_scale_names_profile_data_and_images_seen():
    text = figures.scale("demo", "synthetic", runs("ray2020").values())
    assert text == "lfw, synthetic faces, profile demo, 1,280 images seen in training."


def test_a_missing_row_is_named():
    with pytest.raises(files.BadInput, match=r"figures of ray2020 need the experiment ray-recursive; params.yaml has"):
        figures.draw("ray2020", {"ray-stacked": runs("ray2020")["ray-stacked"]}, "")


def test_curves_are_one_long_table():
    rows = figures.curve_rows(runs("ray2020"))
    assert [(row["experiment"], row["epoch"]) for row in rows] == [
        ("ray-stacked", 1),
        ("ray-stacked", 2),
        ("ray-recursive", 1),
        ("ray-recursive", 2),
        ("ray-stacked-vae", 1),
        ("ray-stacked-vae", 2),
    ]


def test_an_interval_holds_the_mean_and_narrows_with_more_images():
    values = np.random.default_rng(0).normal(5, 1, 4000)
    few, many = figures.interval(values[:40]), figures.interval(values)
    assert few[0] < values[:40].mean() < few[1]
    assert many[1] - many[0] == pytest.approx(4 / 4000**0.5, rel=0.1)  # twice 1.96 standard errors
    assert few[1] - few[0] > 5 * (many[1] - many[0])
