"""Every paper's figures: all there, of the rows they say, readable, and refused where a row is missing."""

import itertools
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from dvc_render.vega import VegaRenderer
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from autofaces import applications, drawing, evaluation, figures, files, models, params

ROOT = Path(__file__).parents[1]
EXPERIMENTS = params.load(ROOT / "params.yaml").experiments
PAPERS = sorted({e.paper for e in EXPERIMENTS.values()} - {"baseline"})
LOSSES = ("loss", "mse", "reconstruction_nats", "kl_nats")


def history(seed: int, rows: int = 16) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    step = 20 * np.arange(1, rows + 1)
    table = pd.DataFrame({"epoch": step / 50, "step": step, "images": 32 * step, "train_loss": random.random(rows)})
    for name in LOSSES:
        table[name], table[f"validation_{name}"] = random.random((2, rows)) * 100
    return table


@pytest.fixture(scope="module")
def measured() -> tuple[dict, dict]:
    """Metrics and pictures of every use of some model."""
    torch.manual_seed(0)
    model = models.build("pooling", 32, 3, 0.25, {"levels": 3, "variational": True, "code": 8}).eval()
    train, test = np.random.default_rng(0).integers(0, 256, (2, 40, 32, 32, 3), np.uint8)
    names = np.arange(40) // 4
    labels = pd.DataFrame({"group": names.astype(str), "identity": names, "Male": names % 2})
    parts = (applications.Part(images, labels) for images in (train, test))
    kl = params.Component(name="mse", kl=1.0)
    metrics, values, pictures = applications.measure(applications.USES, model, kl, *parts, {"lfw": test // 4})
    return metrics | evaluation.means(values), pictures


def make_run(key: str, seed: int, measured: tuple[dict, dict]) -> figures.Run:
    random = np.random.default_rng(seed)
    dataset = EXPERIMENTS[key].dataset
    shape = (64, 64, 1) if dataset in ("cufs", "celeba-grey64") else (128, 128, 3)
    pictures = {
        "originals": np.random.default_rng(len(dataset)).integers(0, 256, (8, *shape), dtype=np.uint8),
        "reconstructions": random.integers(0, 256, (8, *shape), dtype=np.uint8),
        "samples": random.integers(0, 256, (24, *shape), dtype=np.uint8),
        "depths": random.integers(0, 256, (2, 7, *shape), dtype=np.uint8),
    }
    images = pd.DataFrame({name: random.random(20) for name in ("mse", "ssim", "gradient_correlation")})
    experiment = EXPERIMENTS[key].model_copy(update={"applications": list(applications.USES)})
    return figures.Run(experiment, measured[0], images, pictures | measured[1], history(seed))


@pytest.fixture(scope="module")
def runs(measured) -> dict[str, figures.Runs]:
    return {
        paper: {key: make_run(key, i, measured) for i, (key, e) in enumerate(EXPERIMENTS.items()) if e.paper == paper}
        for paper in PAPERS
    }


@pytest.fixture(scope="module")
def drawn(runs) -> dict[str, figures.Figures]:
    return {paper: figures.draw(paper, runs[paper], "demo", "synthetic") for paper in PAPERS}


def lines(figure) -> dict[str, dict[str, list[float]]]:
    """Heights of the curves of each panel, by the names that the legend gives their looks."""
    legend = figure.legends[0]
    looks = {
        (handle.get_color(), handle.get_linestyle()): text.get_text()
        for handle, text in zip(legend.get_lines(), legend.texts, strict=True)
    }
    return {
        axes.get_label(): {looks[line.get_color(), line.get_linestyle()]: list(line.get_ydata()) for line in axes.lines}
        for axes in figure.axes
    }


def shown_texts(figure) -> list[Text]:
    found = [*figure.texts, *(text for legend in figure.legends for text in legend.texts)]
    for axes in figure.axes:
        found += axes.texts
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            found += [axis.label, *(tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high)]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


@pytest.mark.parametrize(
    ("paper", "numbers"),
    [
        ("ray2020", {3}),
        ("kovenko2020", {4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16}),
        ("koenig2020", {3, 4, 5, 6, 7, 8, 13}),  # 8 to 13
        ("kolotouros2017", {1, 2, 3, 4}),
    ],
)
def test_a_papers_figures_are_there_and_named_in_the_notes(drawn, paper, numbers):
    notes = " ".join(figure.texts[1].get_text().replace("\n", " ") for figure in drawn[paper].values())
    words = [note.replace(",", " ").split() for note in notes.replace("figures", "Figures").split("Figure")[1:]]
    found = {int(w) for note in words for w in itertools.takewhile(lambda w: w != "of", note) if w.isdigit()}
    assert numbers <= found


@pytest.mark.parametrize("paper", PAPERS)
def test_every_text_is_inside_its_figure_and_apart_from_others(drawn, paper):
    for name, figure in drawn[paper].items():
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        assert figure.bbox.width <= 910, name
        boxes = {text: text.get_window_extent() for text in shown_texts(figure)}
        for text, box in boxes.items():
            assert box.x0 >= 0, (name, text)
            assert box.y0 >= 0, (name, text)
            assert box.x1 <= figure.bbox.x1, (name, text)
            assert box.y1 <= figure.bbox.y1, (name, text)
        for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
            across = min(a.x1, b.x1) - max(a.x0, b.x0)
            down = min(a.y1, b.y1) - max(a.y0, b.y0)
            between = 10 if {one, other} <= set(figure.texts) else 5  # pixels
            assert across < -between or down < 2, (name, one, other)


@pytest.mark.parametrize("paper", PAPERS)
def test_notes_say_what_a_figure_stands_for(drawn, paper):
    for name, figure in drawn[paper].items():
        assert "synthetic faces), profile demo, 10,240 images seen" in figure.texts[1].get_text().replace("\n", " "), (
            name
        )


def test_a_use_is_drawn_of_a_row_that_has_it(runs, drawn):
    names = ("search_", "probe_", "denoise_", "outlier_", "morph_", "copies_")

    def plain(run: figures.Run) -> figures.Run:
        return run._replace(pictures={name: p for name, p in run.pictures.items() if not name.startswith(names)})

    without = {paper: {key: plain(run) for key, run in rows.items()} for paper, rows in runs.items()}
    uses = {
        "ray2020": {"similar.png"},
        "kovenko2020": {
            "morphs.png",
            "feature-maps.png",
            "similar.png",
            "denoised-noise.png",
            "denoised-dropout.png",
            "outliers.png",
            "copies.png",
        },
        "koenig2020": {"similar.png"},
        "kolotouros2017": set(),
    }
    for paper, names in uses.items():
        assert set(drawn[paper]) - set(figures.draw(paper, without[paper], "demo", "synthetic")) == names
    some = runs["kovenko2020"] | {"kovenko-ae": without["kovenko2020"]["kovenko-ae"]}
    left = set(drawn["kovenko2020"]) - set(figures.draw("kovenko2020", some, "demo", "synthetic"))
    assert left == {"morphs.png", "feature-maps.png", "similar.png"}


def test_a_run_is_what_evaluate_wrote(runs, tmp_path):
    run = runs["ray2020"]["ray-stacked"]
    files.write_json(tmp_path / "metrics.json", {"mse": 0.5, "search_asked": 7})
    images = run.images.assign(seed=0)
    pd.concat([images, images.assign(seed=1)]).to_csv(tmp_path / "images.csv", index=False)
    run.history.to_csv(tmp_path / "history.csv", index=False)
    np.savez(tmp_path / "pictures.npz", **run.pictures)
    outliers = tmp_path.parent / "outliers" / tmp_path.name
    files.write_json(outliers / "metrics.json", {"outlier_auroc": 0.4})
    np.savez(outliers / "pictures.npz", outlier_kinds=np.array(["noise"]))
    found = figures.run(tmp_path, run.experiment)
    assert found.metrics == {"mse": 0.5, "search_asked": 7, "outlier_auroc": 0.4}
    assert found.pictures.keys() == run.pictures.keys() | {"outlier_kinds"}
    pd.testing.assert_frame_equal(found.images[list(images)], images)  # the first seed's
    pd.testing.assert_frame_equal(found.history, run.history)


def test_the_scale_names_the_data_of_its_own_rows(runs):
    sketches = {key: runs["kolotouros2017"][key] for key in ("kolotouros-sketch-ae", "kolotouros-sketch-vae")}
    assert figures.scale("paper", "official", sketches) == (
        "On cufs (real faces), profile paper, 10,240 images seen in training."
    )


NEEDED = [
    key for key in EXPERIMENTS if not key.startswith(("pca", "ray")) or key in ("ray-stacked", "ray-recursive-vae")
]


@pytest.mark.parametrize("key", NEEDED)
def test_a_missing_row_is_named(runs, key):
    paper = EXPERIMENTS[key].paper
    rest = {k: run for k, run in runs[paper].items() if k != key}
    with pytest.raises(files.BadInput, match=f"need the experiment {key}; params.yaml has {next(iter(rest))}"):
        figures.draw(paper, rest, "demo", "synthetic")


def test_a_row_that_saw_other_faces_is_refused(runs):
    pair = {key: runs["ray2020"][key] for key in ("ray-stacked", "ray-recursive")}
    other = pair["ray-recursive"]
    pair["ray-recursive"] = other._replace(pictures=other.pictures | {"originals": other.pictures["reconstructions"]})
    with pytest.raises(files.BadInput, match=r"ray-recursive \(dataset lfw\) was shown other faces than ray-stacked"):
        figures.compared(pair, "title", "note")


def test_a_row_that_somebody_adds_is_in_the_figures_of_all_rows(runs):
    more = runs["koenig2020"] | {"koenig-mine": runs["koenig2020"]["koenig-m2-bs32"]}
    figure = figures.draw("koenig2020", more, "demo", "synthetic")["errors.png"]
    assert "mine" in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_the_warm_up_is_shown_by_the_epoch_of_the_full_schedule(drawn, runs):
    left, right = drawn["kovenko2020"]["warmup.png"].axes
    epochs = {line.get_color(): line.get_xdata()[-1] for line in left.lines[:-1]}
    assert epochs == {drawing.BLUE: 200, drawing.ORANGE: 240}
    assert [list(axes.lines[-1].get_xdata()) for axes in (left, right)] == [[40, 40]] * 2
    shown = lines(drawn["kovenko2020"]["warmup.png"])["0"]
    kl = runs["kovenko2020"]["kovenko-vae-warmup"].history
    assert shown["with warm-up, training"] == list(kl["kl_nats"])
    assert shown["with warm-up, validation"] == list(kl["validation_kl_nats"])


def test_the_reconstruction_loss_of_a_gaussian_without_its_constant_is_the_error_over_twice_the_variance(runs):
    run = runs["kovenko2020"]["kovenko-vae-var1e-2"]
    mse, pixels = 0.03, 128 * 128 * 3
    nats = pixels / 2 * (mse / 0.01 + np.log(2 * np.pi * 0.01))  # kovenko2020, equation (5)
    table = pd.DataFrame({"reconstruction_nats": [nats], "validation_reconstruction_nats": [nats]})
    shown = figures._without_constant(run._replace(history=table)).history
    assert shown["validation_reconstruction_nats"][0] == pytest.approx(pixels * mse / (2 * 0.01))


def test_losses_of_koenigs_models_are_in_the_panels_that_say_so(drawn, runs):
    shown = lines(drawn["koenig2020"]["losses.png"])
    table = runs["koenig2020"]["koenig-m2-bs16"].history
    assert shown["0"]["model 2, bs16"] == list(table["validation_loss"])
    assert shown["1"]["model 2, bs16"] == list(table["train_loss"])
    grid = lines(drawn["koenig2020"]["grid-losses.png"])
    assert set(grid["0"]) == {"nf32-bs32", "nf64-bs32", "nf32-bs64", "nf64-bs64"}
    assert set(grid["1"]) == {"nf64-bs64", "nf128-bs128", "nf128-bs256"}
    assert set(grid["2"]) == {"nf64-bs64", "as published"}


def test_curves_are_one_long_table(runs):
    rows = figures.curve_rows(runs["kolotouros2017"])
    assert [row["experiment"] for row in rows[::16]] == list(runs["kolotouros2017"])
    assert list(rows[0]) == ["experiment", "epoch", "step", "train_loss", "validation_loss", "validation_mse"]


def test_every_papers_curves_are_a_plot_of_all_rows_at_two_revisions(runs):
    plots = [plot for plot in yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"] if isinstance(plot, dict)]
    assert [next(iter(plot)) for plot in plots] == [
        f"metrics/curves/{paper}.csv" for paper in ("ray2020", "kovenko2020", "koenig2020", "kolotouros2017")
    ]
    rows = figures.curve_rows(runs["ray2020"])
    points = [row | {"rev": revision} for revision in ("main", "workspace") for row in rows]
    for plot in plots:
        (settings,) = plot.values()
        spec = VegaRenderer(points, "curves", **settings, template_dir=ROOT / ".dvc" / "plots").get_filled_template()
        assert spec["data"]["values"] == points
        assert {channel: spec["encoding"][channel]["field"] for channel in ("x", "y", "color", "strokeDash")} == {
            "x": "epoch",
            "y": "validation_mse",
            "color": "experiment",
            "strokeDash": "rev",
        }
        assert "<DVC" not in json.dumps(spec)
