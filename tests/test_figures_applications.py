"""Figures of a code's uses: byte-stable, saying what was measured, all of it inside and apart."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from autofaces.core.params import Component
from autofaces.evaluation import applications, measure
from autofaces.figures import applications as shows
from autofaces.figures import canvas
from autofaces.training import models

SAID = (
    "a title",
    "Figure 0 of paper1999, ours. On anime (synthetic faces), profile demo, 8,000 images seen in training.",
)


def part(count: int, seed: int) -> applications.Labelled:
    random = np.random.default_rng(seed)
    person = np.arange(count) // 4
    scene = random.integers(0, 200, (count // 4, 32, 32, 3))[person]
    images = (scene + random.integers(0, 56, (count, 1, 1, 3))).astype(np.uint8)
    names = [f"{seed}-{p}" for p in person]
    return applications.Labelled(images, pd.DataFrame({"group": names, "identity": names}))


@pytest.fixture(scope="module")
def measured():
    torch.manual_seed(0)
    model = models.build("pooling", 32, 3, 0.25, {"levels": 3, "variational": True, "code": 8}).eval()
    others = {"celeba-grey64": np.random.default_rng(2).integers(0, 256, (6, 64, 64, 1), np.uint8)}
    objective = Component(name="mse", kl=1.0)
    metrics, values, pictures = applications.measure(
        applications.USES, model, objective, part(40, 0), part(24, 1), others
    )
    return metrics | measure.means(values), pictures


NAMES = list(shows.USES)


def draw(name: str, metrics, pictures) -> Figure:
    return shows.USES[name][1](pictures, metrics, *SAID)


@pytest.fixture(scope="module")
def drawn(measured):
    return {name: draw(name, *measured) for name in NAMES}


def words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts).replace("\n", " ")


def cell(figure: Figure, row: int, column: int, side: int = canvas.FACE) -> np.ndarray:
    step = side + canvas.GAP
    return figure.images[0].get_array()[row * step :, column * step :][:side, :side]


def test_equal_measurements_are_equal_bytes(measured, drawn, tmp_path):
    canvas.save(drawn["outliers"], tmp_path / "a.png")
    canvas.save(draw("outliers", *measured), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("name", NAMES)
def test_what_a_figure_shows_is_inside_and_apart(drawn, name):
    figure = drawn[name]
    renderer = FigureCanvasAgg(figure).get_renderer()
    assert figure.bbox.width <= canvas.WIDTH
    boxes = [text.get_window_extent(renderer) for text in figure.texts if text.get_text()]
    boxes += [Bbox.from_bounds(i.ox, i.oy, *i.get_array().shape[1::-1]) for i in figure.images]
    boxes += [axes.get_tightbbox(renderer) for axes in figure.axes]
    for box in boxes:
        assert box.x0 >= 0 <= box.y0
        assert box.x1 <= figure.bbox.x1
        assert box.y1 <= figure.bbox.y1
    assert not [pair for pair in combinations(boxes, 2) if pair[0].padded(-1).overlaps(pair[1].padded(-1))]


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_says_what_it_is_told_to(drawn, name):
    found = words(drawn[name])
    assert all(said in found for said in SAID)


def test_a_morph_is_shown_between_its_originals(measured, drawn):
    metrics, pictures = measured
    figure = drawn["morphs"]
    shown = [pictures["morph_ends"][1, 0], *pictures["morph_blends"][1], pictures["morph_ends"][1, 1]]
    for column, face in enumerate(shown):
        np.testing.assert_array_equal(cell(figure, 3, column, 64), face.repeat(2, 0).repeat(2, 1))
    assert f"the Laplacian): {metrics['morph_sharpness']:.2f} (by pixels: {metrics['morph_sharpness_blend']:.2f})" in (
        words(figure)
    )


def test_maps_are_shown_beside_their_face(measured, drawn):
    _, pictures = measured
    figure = drawn["feature_maps"]
    np.testing.assert_array_equal(cell(figure, 2, 0, 64), pictures["probe_faces"][2].repeat(2, 0).repeat(2, 1))
    small = pictures["probe_maps"][2, 1]
    large = small.repeat(64 // len(small), 0).repeat(64 // len(small), 1)
    np.testing.assert_array_equal(cell(figure, 2, 2, 64), large[..., None].repeat(3, 2))


def test_maps_say_what_a_linear_map_reads_where_there_are_labels(measured, drawn):
    metrics, pictures = measured
    assert "linear map" not in words(drawn["feature_maps"])
    read = {"probe_accuracy": 0.812, "probe_accuracy_pca": 0.701, "probe_accuracy_majority": 0.6}
    found = words(shows.feature_maps(pictures, metrics | read, *SAID))
    assert "81.2% from the code, 70.1% from as many principal components; 60.0% if it always" in found


def test_right_neighbours_are_in_a_frame(measured, drawn):
    metrics, pictures = measured
    right = pictures["search_right"]
    assert 0 < right.sum() < right.size
    figure = drawn["similar"]
    colour = np.round(255 * np.array(to_rgb(canvas.TEAL)))
    framed = [
        [(cell(figure, r, c, 64)[[0, 0, -1, -1], [0, -1, 0, -1]] == colour).all() for c in range(1, 6)]
        for r in range(len(right))
    ]
    np.testing.assert_array_equal(framed, right)
    found = words(figure)
    assert f"{right[-1].sum()} of 5 right" in found
    assert "In a frame: the same person" in found
    assert f"{metrics['search_precision_at_5_pixels']:.1%} by pixels" in found


def test_without_labels_neighbours_are_shown_as_they_are(measured):
    metrics, pictures = measured
    bare = {name: value for name, value in pictures.items() if name not in ("search_right", "search_label")}
    figure = shows.similar(bare, metrics, *SAID)
    np.testing.assert_array_equal(cell(figure, 1, 3, 64), pictures["search_nearest"][1, 2].repeat(2, 0).repeat(2, 1))
    assert "query 1" in words(figure)
    assert "no labels to count by" in words(figure)
    assert "frame" not in words(figure)


def test_restored_images_say_what_they_gained(measured, drawn):
    metrics, pictures = measured
    figure = drawn["dropout"]
    np.testing.assert_array_equal(
        cell(figure, 3, 0, 96), pictures["denoise_dropout_inpainting"][0].repeat(3, 0).repeat(3, 1)
    )
    gain = metrics["denoise_dropout_psnr_gain_db_inpainting"]
    (name,) = (i for i, text in enumerate(figure.texts) if text.get_text() == "inpainting")
    assert figure.texts[name + 1].get_text() == f"{gain:+.1f} dB"


def test_images_above_the_median_are_marked(measured, drawn):
    metrics, pictures = measured
    figure = drawn["outliers"]
    median = np.median(pictures["outlier_scores_train"])
    shown = np.concatenate([pictures[f"outlier_shown_{kind}"] for kind in ("test", *pictures["outlier_kinds"])])
    found = [text.get_text() for text in figure.texts]
    assert [word for word in found if word.endswith(" ▲")] == [f"{shows._digits(v)} ▲" for v in shown if v > median]
    assert 0 < (shown > median).sum() < len(shown)
    assert found[found.index("celeba-grey64") + 1] == f"AUROC {metrics['outlier_auroc_celeba-grey64']:.2f}"


@pytest.mark.parametrize(("score", "said"), [(0.00205, "0.00205"), (17, "17"), (80.84, "80.8"), (1044.6, "1,045")])
def test_a_score_is_said_in_plain_digits(score, said):
    assert shows._digits(score) == said


def test_histograms_hold_every_image(drawn):
    for axes in drawn["outliers"].axes:
        assert sum(patch.get_height() for patch in axes.patches[: shows.BINS]) == pytest.approx(1)


@pytest.mark.parametrize("scores", [lambda old: 0 * old, lambda old: 1e6 ** (old / old.max()) - 1])
def test_any_scores_have_an_axis(measured, scores):
    metrics, pictures = measured
    changed = {
        name: scores(value) if name.startswith(("outlier_scores", "outlier_shown")) else value
        for name, value in pictures.items()
    }
    figure = shows.outliers(changed, metrics, *SAID)
    axes = figure.axes[-1]
    renderer = FigureCanvasAgg(figure).get_renderer()
    low, high = axes.get_xlim()
    ticks = [
        label.get_window_extent(renderer)
        for tick, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if low <= tick <= high
    ]
    assert ticks
    assert not [pair for pair in combinations(ticks, 2) if pair[0].overlaps(pair[1])]


def test_a_model_without_kl_is_judged_by_its_error(measured):
    metrics, pictures = measured
    plain = {name: value for name, value in metrics.items() if "outlier" not in name or "_mse" in name}
    figure = shows.outliers(pictures, plain, *SAID)
    assert f"0.5 where the error cannot tell; mean of all kinds {plain['outlier_auroc_mse']:.2f}." in words(figure)
    assert "▲" not in words(figure)
    assert figure.axes[-1].get_xlabel() == "mean squared error of an image"
