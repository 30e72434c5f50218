"""Every paper's figures: all there, of the rows they say, readable, and refused where a row is missing."""

import itertools
import runpy
from collections.abc import Iterable
from pathlib import Path
from typing import get_args, get_type_hints

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from autofaces import figures, papers
from autofaces.core import files, history, params
from autofaces.evaluation import applications, measure
from autofaces.figures import canvas, comparisons, horizons, runs
from autofaces.figures.canvas import BLUE, FAINT, ORANGE
from autofaces.figures.runs import Run, Runs
from autofaces.training import models
from autofaces.verdicts import rules
from autofaces.verdicts.rules import Claim

ROOT = Path(__file__).parents[1]
SETTINGS = params.load(ROOT / "params.yaml")
EXPERIMENTS = SETTINGS.experiments
PAPERS = papers.keys()
OWN = {"mine": "ray-stacked", "my-other": "ray-recursive", "small": "kolotouros-sketch-ae"}  # named as, made like
LOSSES = ("loss", "mse", "reconstruction_nats", "kl_nats")


def trained(seed: int, rows: int = 16) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    step = 20 * np.arange(1, rows + 1)
    table = pd.DataFrame({"step": step, "epoch": step / 50, "images": 32 * step, "train_loss": random.random(rows)})
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
    parts = (applications.Labelled(images, labels) for images in (train, test))
    kl = params.Component(name="mse", kl=1.0)
    metrics, values, pictures = applications.measure(applications.USES, model, kl, *parts, {"lfw": test // 4})
    return metrics | measure.means(values), pictures


def config(key: str, paper: str) -> dict:
    """What train writes of a row."""
    row = EXPERIMENTS[key]
    train = params.schedule(SETTINGS.papers[row.paper].train, row)
    return {
        "paper": paper,
        "dataset": row.dataset,
        "objective": row.objective and {"name": row.objective.name, "arguments": row.objective.arguments},
        "train": train and train.model_dump(exclude_none=True),
        "faces": "synthetic",
        "profile": "demo",
        "training": {"images": 10240, "full_images": 102400},
        "official_images": None,
    }


def make_run(key: str, paper: str, seed: int, measured: tuple[dict, dict]) -> Run:
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
    images["group"] = np.arange(20) // 2
    images["image"], images["seed"] = np.arange(20), 0
    return Run(config(key, paper), measured[0], images, pictures | measured[1], trained(seed))


@pytest.fixture(scope="module")
def found(measured) -> dict[str, Runs]:
    made = {"own": {name: make_run(key, "own", i, measured) for i, (name, key) in enumerate(OWN.items())}}
    for i, (key, row) in enumerate(EXPERIMENTS.items()):
        made.setdefault(row.paper, {})[key] = make_run(key, row.paper, i, measured)
    return made


@pytest.fixture(scope="module")
def drawn(found) -> dict[str, dict]:
    return {paper: figures.draw(paper, found[paper], course(papers.load(paper).CLAIMS)) for paper in PAPERS}


def course(claims: Iterable[Claim], images: Iterable[int] = (20, 320, 10240), width: float = 0.1) -> list[dict]:
    """What stage claims writes of every part: effects of 0.8, 0.9 and so on, as far off as `width` at either end."""
    return [
        {
            "claim": key,
            "point": str(i),
            "images": str(seen),
            "effect": str(x),
            "low": str(x - width),
            "high": str(x + width),
        }
        for claim in claims
        for key in rules.named(claim)
        for i, seen in enumerate(images)
        for x in [0.8 + i / 10]
    ]


def write(folder: Path, run: Run) -> None:
    """What collect leaves of a row."""
    files.write_json(folder / "config.json", run.config)
    files.write_json(folder / "metrics.json", {"mse": 0.5, "search_asked": 7})
    run.images.to_csv(folder / "images.csv", index=False)
    np.savez(folder / "pictures.npz", **run.pictures)
    history._write(folder / "dvclive", run.history.to_dict("records"))


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


def test_every_figure_that_a_paper_describes_is_drawn(drawn, found):
    for paper in PAPERS:
        described = papers.figures(paper, [run.config["dataset"] for run in found[paper].values()])
        assert list(drawn[paper]) == [f"{figure.name}.png" for figure in described]
    assert set(drawn["own"]) == {f"{d}-{kind}.png" for d in ("lfw", "cufs") for kind in ("errors", "reconstructions")}
    assert len(drawn["baseline"]) == 4


def test_there_is_a_hand_for_every_kind_use_and_colour():
    assert set(figures.KINDS) | {papers.Horizon} == set(papers.Figure.__subclasses__())
    assert set(get_args(get_type_hints(papers.Use)["use"])) == set(figures.applications.USES)
    assert set(get_args(papers.Colour)) == set(canvas.COLOURS)


def test_a_use_is_drawn_of_a_row_that_has_it(found, drawn):
    names = ("search_", "probe_", "denoise_", "outlier_", "morph_", "copies_")

    def plain(run: Run) -> Run:
        return run._replace(pictures={name: p for name, p in run.pictures.items() if not name.startswith(names)})

    for paper, rows in found.items():
        without = {key: plain(run) for key, run in rows.items()}
        kinds = papers.Use, papers.Horizon  # of which there is no table
        uses = {f"{figure.name}.png" for figure in papers.load(paper).FIGURES if isinstance(figure, kinds)}
        assert set(drawn[paper]) - set(figures.draw(paper, without)) == uses
    some = found["kovenko2020"] | {"kovenko-ae": plain(found["kovenko2020"]["kovenko-ae"])}
    left = set(drawn["kovenko2020"]) - set(figures.draw("kovenko2020", some)) - {"horizon.png"}
    assert left == {"morphs.png", "feature-maps.png", "similar.png"}


def test_made_up_faces_are_shown_from_codes_and_from_components_where_there_are_such(found):
    run = found["ray2020"]["ray-recursive-vae"]
    more = run._replace(
        pictures=run.pictures | {"samples_codes": run.pictures["samples"], "samples_pca": run.pictures["samples"]}
    )
    told = next(figure for figure in papers.load("ray2020").FIGURES if isinstance(figure, papers.Samples))
    texts = {text.get_text() for text in comparisons.samples(told, {"vae": more}, "note").texts}
    assert {"vae", "from codes", "components", "lfw"} <= texts
    assert any("a mixture of Gaussians" in text for text in texts)
    plain = {text.get_text() for text in comparisons.samples(told, {"vae": run}, "note").texts}
    assert not {"from codes", "components"} & plain


class TestHorizon:
    TOLD = papers.Horizon(name="horizon", title="title", note="Note.", alt="Alt.")
    RULES = (rules.above(1), rules.below(1), rules.Rule(0.85, 0.95), None)
    CLAIM = rules.Claim("X1", "", "", "", tuple(rules.ratio("a:mse", "b:mse", r, f"p{i}") for i, r in enumerate(RULES)))

    def draw(self, claims=(CLAIM,), table=None, runs=None, **more):
        found = course(claims, **more) if table is None else table
        return horizons.horizon(self.TOLD, claims, runs or {}, found)

    def test_there_is_a_chart_for_each_part_that_has_numbers_and_no_figure_without_any(self):
        figure = self.draw()
        assert [axes.get_label() for axes in figure.axes] == ["X1-p0", "X1-p1", "X1-p2", "X1-p3"]
        rows = [row for row in course([self.CLAIM]) if row["claim"] == "X1-p2"]
        assert [axes.get_label() for axes in self.draw(table=rows).axes] == ["X1-p2"]
        assert self.draw(table=[]) is None
        assert self.draw(table=[row | {"effect": "", "low": "", "high": ""} for row in rows]) is None
        assert self.draw(table=[row | {"claim": "Y1"} for row in rows]) is None

    def test_dots_tell_where_the_whole_interval_keeps_or_breaks_the_rule(self):
        looks = [
            [(dot.get_color(), dot.get_markerfacecolor()) for dot in axes.lines[1:4]]
            for axes in self.draw(width=0.09).axes
        ]
        blue, orange, open_, grey = (BLUE, BLUE), (ORANGE, ORANGE), (BLUE, "white"), (FAINT, FAINT)
        assert looks == [[orange, orange, open_], [blue, blue, open_], [open_] * 3, [grey] * 3]
        looks = [dot.get_color() for dot in self.draw(width=0.01).axes[2].lines[1:4]]
        assert looks == [ORANGE, BLUE, ORANGE]

    def test_the_rule_is_a_line_and_the_side_on_which_the_claim_is_right_is_green(self):
        above, below, between, beside = self.draw().axes
        spans = [
            [(p.get_y(), p.get_y() + p.get_height()) for p in axes.patches] for axes in (above, below, between, beside)
        ]
        assert spans[0][0] == (1, pytest.approx(above.get_ylim()[1]))
        assert spans[1][0] == (pytest.approx(below.get_ylim()[0]), 1)
        assert spans[2][0] == (0.85, pytest.approx(0.95))
        assert spans[3] == []
        assert [list(axes.lines[-1].get_ydata()) for axes in (above, below)] == [[1, 1]] * 2

    def test_effects_and_rule_are_in_sight_however_wide_early_intervals_are(self):
        table = course([self.CLAIM])
        for row in table[::3]:
            row |= {"low": "0.00001", "high": "70000"}
        for axes in self.draw(table=table).axes:
            low, high = axes.get_ylim()
            assert 0.3 < low < 0.8
            assert 1 < high < 2
            assert axes.get_yscale() == "log"

    def test_the_end_of_the_papers_training_is_marked_where_it_is_in_sight_and_else_said(self, found):
        run = found["ray2020"]["ray-stacked"]
        near = run._replace(config=run.config | {"training": {"images": 10240, "full_images": 8192}})
        dotted = [axes.lines[-1].get_xdata()[0] for axes in self.draw(runs={"a": near}).axes]
        assert dotted == [8192] * 4
        notes = [self.draw(runs={"a": one}).texts[1].get_text().replace("\n", " ") for one in (near, run)]
        assert "Dotted: where the paper's training ended." in notes[0]
        assert "end beyond what is shown, at 102,400 images." in notes[1]
        assert "Dotted" not in notes[1]

    def test_of_more_than_two_dozen_charts_those_that_stand_beside_are_left_out(self):
        claims = [self.CLAIM._replace(id=f"X{n}") for n in range(1, 8)]
        labels = [axes.get_label() for axes in self.draw(claims).axes]
        assert len(labels) == 21
        assert not any(label.endswith("p3") for label in labels)

    def test_an_early_effect_far_off_all_else_leaves_the_chart_and_does_not_squeeze_it(self):
        table = course([self.CLAIM], images=(10, 20, 40, 80))
        for row in table[::4]:
            row |= {"effect": "1e24", "low": "1e23", "high": "1e25"}
        for axes in self.draw(table=table).axes:
            low, high = axes.get_ylim()
            assert low < 0.8
            assert 1 < high < 1e4

    def test_a_note_is_of_the_rows_in_the_charts_alone_and_names_those_of_other_papers(self, found):
        claims = [rules.Claim("X1", "", "", "", (rules.ratio("ray-stacked:mse", "other:mse", None),))]
        own = {key: found["ray2020"][key] for key in ("ray-stacked", "ray-weighted")}
        elsewhere = own["ray-weighted"]._replace(config=own["ray-weighted"].config | {"dataset": "anime"})
        figure = self.draw(claims, runs=own | {"ray-weighted": elsewhere}, images=(10, 4000))
        note = figure.texts[1].get_text().replace("\n", " ")
        assert "On lfw (synthetic faces), profile demo, 4,000 images seen in training." in note
        assert "Rows of other papers, some on other data: other." in note
        assert "trained on" not in note

    def test_points_at_one_step_of_a_short_training_are_one_dot(self):
        table = course([self.CLAIM], images=(10, 10, 10, 40))
        for axes in self.draw(table=table).axes:
            assert list(axes.lines[0].get_xdata()) == [10, 40]
            assert list(axes.lines[0].get_ydata()) == pytest.approx([1.0, 1.1])

    @given(
        kind=st.sampled_from(["value", "ratio", "difference", "rank"]),
        rule=st.sampled_from(RULES),
        effects=st.lists(st.floats(-1e4, 1e4) | st.just(0.0), min_size=1, max_size=4),
        spread=st.floats(0, 1e5) | st.just(float("nan")),
    )
    @settings(max_examples=40, deadline=None)
    def test_whatever_the_numbers_are_each_effect_of_the_later_half_is_in_sight(self, kind, rule, effects, spread):
        claim = rules.Claim("X1", "", "", "", (rules.Part(kind, ("a:mse", "b:mse"), rule),))
        numbers = [{"effect": str(x), "low": str(x - spread), "high": str(x + spread)} for x in effects]
        table = [{"claim": "X1", "images": str(10 * 2**i), **row} for i, row in enumerate(numbers)]
        (axes,) = self.draw([claim], table).axes
        low, high = axes.get_ylim()
        assert all(low < x < high for x in effects[len(effects) // 2 :])
        assert axes.get_xlim()[0] < 10 <= 10 * 2 ** len(effects) / 2 < axes.get_xlim()[1]


class TestReading:
    def test_a_run_is_what_was_collected_of_it(self, found, tmp_path):
        run = found["ray2020"]["ray-stacked"]
        write(tmp_path, run)
        both = pd.concat([run.images.assign(seed=1), run.images], ignore_index=True)
        both.to_csv(tmp_path / "images.csv", index=False)
        files.write_json(tmp_path / "outliers" / "metrics.json", {"outlier_auroc": 0.4})
        np.savez(tmp_path / "outliers" / "pictures.npz", outlier_kinds=np.array(["noise"]))
        read = runs.run(tmp_path)
        assert read.config == run.config
        assert read.metrics == {"mse": 0.5, "search_asked": 7, "outlier_auroc": 0.4}
        assert read.pictures.keys() == run.pictures.keys() | {"outlier_kinds"}
        assert list(read.images.seed) == [0] * 20 + [1] * 20
        assert list(read.images.image) == [*range(20)] * 2
        pd.testing.assert_frame_equal(read.history[list(run.history)], run.history, check_dtype=False)

    def test_rows_are_in_the_order_of_the_results(self, found, tmp_path):
        for key in ("a", "b", "c"):
            write(tmp_path / "ray2020" / key, found["ray2020"]["ray-stacked"])
        files.write_json(tmp_path / "ray2020" / "rows.json", ["c", "a", "b"])
        assert list(figures.read(tmp_path / "ray2020")) == ["c", "a", "b"]

    def test_a_paper_without_results_is_refused_with_advice(self, tmp_path):
        with pytest.raises(
            files.BadInput, match=r"rows.json: not found; name rows of this paper in dvc.yaml's collect"
        ):
            figures.read(tmp_path)

    def test_the_stage_draws_what_is_in_the_folder(self, found, tmp_path, monkeypatch):
        write(tmp_path / "data" / "results" / "own" / "mine", found["own"]["mine"])
        files.write_json(tmp_path / "data" / "results" / "own" / "rows.json", ["mine"])
        files.write_csv(tmp_path / "metrics" / "horizon" / "own.csv", [])
        (tmp_path / "figures" / "own").mkdir(parents=True)
        (tmp_path / "figures" / "own" / "old.png").touch()
        monkeypatch.chdir(tmp_path)
        runpy.run_path(str(ROOT / "stages" / "render.py"))["main"]("own")
        names = {"lfw-errors.png", "lfw-reconstructions.png", "digests.csv"}
        assert {path.name for path in Path("figures/own").iterdir()} == names
        digests = pd.read_csv("figures/own/digests.csv").set_index("figure").sha256
        assert digests["figures/own/lfw-errors.png"] == files.sha256("figures/own/lfw-errors.png")


def test_the_scale_names_the_data_of_its_own_rows(found):
    sketches = {key: found["kolotouros2017"][key] for key in ("kolotouros-sketch-ae", "kolotouros-sketch-vae")}
    of_paper = {"faces": "official", "profile": "paper"}
    full = {key: run._replace(config=run.config | of_paper) for key, run in sketches.items()}
    assert runs.measured_at(full) == "On cufs (real faces), profile paper, 10,240 images seen in training."


NEEDED = [
    key for key in EXPERIMENTS if not key.startswith(("pca", "ray")) or key in ("ray-stacked", "ray-recursive-vae")
]


@pytest.mark.parametrize("key", NEEDED)
def test_a_missing_row_is_named(found, key):
    paper = EXPERIMENTS[key].paper
    rest = {k: run for k, run in found[paper].items() if k != key}
    with pytest.raises(files.BadInput, match=f"{paper} need the experiment {key}; there are {next(iter(rest))}"):
        figures.draw(paper, rest)


def test_a_row_that_saw_other_faces_is_refused(found):
    pair = {key: found["ray2020"][key] for key in ("ray-stacked", "ray-recursive")}
    other = pair["ray-recursive"]
    pair["ray-recursive"] = other._replace(pictures=other.pictures | {"originals": other.pictures["reconstructions"]})
    told = papers.load("ray2020").FIGURES[0]
    with pytest.raises(files.BadInput, match=r"ray-recursive \(dataset lfw\) was shown other faces than ray-stacked"):
        comparisons.compared(told, pair, "note")


@pytest.mark.parametrize(("key", "name"), [("koenig-mine", "mine"), ("fast", "fast"), ("my-net", "my-net")])
def test_a_row_that_somebody_adds_is_in_the_figures_of_all_rows(found, key, name):
    more = found["koenig2020"] | {key: found["koenig2020"]["koenig-m2-bs32"]}
    figure = figures.draw("koenig2020", more)["errors.png"]
    assert name in [label.get_text() for label in figure.axes[0].get_yticklabels()]


def test_a_name_says_the_variance_that_a_row_has(found):
    run = found["kovenko2020"]["kovenko-vae-var1e-1"]
    objective = {"name": "elbo", "arguments": run.config["objective"]["arguments"] | {"variance": 0.5}}
    changed = found["kovenko2020"] | {"kovenko-vae-var1e-1": run._replace(config=run.config | {"objective": objective})}
    texts = [text.get_text() for text in figures.draw("kovenko2020", changed)["sprites.png"].texts]
    assert {"variance 0.5", "variance 0.01", "variance 0.001"} <= set(texts)


def test_the_warm_up_is_shown_by_the_epoch_of_the_full_schedule(drawn, found):
    left, right = drawn["kovenko2020"]["warmup.png"].axes
    epochs = {line.get_color(): line.get_xdata()[-1] for line in left.lines[:-1]}
    assert epochs == {canvas.BLUE: 200, canvas.ORANGE: 240}
    assert [list(axes.lines[-1].get_xdata()) for axes in (left, right)] == [[40, 40]] * 2
    shown = lines(drawn["kovenko2020"]["warmup.png"])["0"]
    kl = found["kovenko2020"]["kovenko-vae-warmup"].history
    assert shown["with warm-up, training"] == list(kl["kl_nats"])
    assert shown["with warm-up, validation"] == list(kl["validation_kl_nats"])


def test_the_reconstruction_loss_of_a_gaussian_without_its_constant_is_the_error_over_twice_the_variance(found):
    run = found["kovenko2020"]["kovenko-vae-var1e-2"]
    mse, pixels = 0.03, 128 * 128 * 3
    nats = pixels / 2 * (mse / 0.01 + np.log(2 * np.pi * 0.01))  # kovenko2020, equation (5)
    run = run._replace(history=pd.DataFrame({"validation_reconstruction_nats": [nats]}))
    shown = comparisons._column(run, "validation_reconstruction_nats")
    assert shown[0] == pytest.approx(pixels * mse / (2 * 0.01))


def test_the_loss_of_a_gaussian_whose_variance_is_the_error_is_shown_as_it_is(found):
    run = found["kovenko2020"]["kovenko-vae-var1e-2"]
    arguments = run.config["objective"]["arguments"] | {"variance": "optimal"}
    run = run._replace(config=run.config | {"objective": {"name": "elbo", "arguments": arguments}})
    shown = comparisons._column(run, "validation_reconstruction_nats")
    assert list(shown) == list(run.history["validation_reconstruction_nats"])


def test_errors_and_means_are_of_all_seeds(found):
    run = found["ray2020"]["ray-stacked"]
    more = pd.concat([run.images, run.images.assign(seed=1, mse=run.images.mse + 1)], ignore_index=True)
    both = {"stacked": run._replace(images=more)}
    mean = run.images.mse.mean() + 0.5
    bars = comparisons.errors(papers.Errors(name="errors", title="title", note="", alt=""), both, "note").axes[0]
    assert bars.patches[0].get_width() == pytest.approx(mean)
    assert bars.get_xlabel().endswith("over images and seeds")
    figure = comparisons.compared(papers.load("ray2020").FIGURES[0], both, "note")
    texts = [text.get_text().replace("\n", " ") for text in figure.texts]
    assert any(f"mse {mean:.4f}" in text for text in texts)
    assert any("Means over 20 unseen faces" in text for text in texts)


def test_figures_say_which_rows_trained_on_the_validation_images(drawn):
    said = "Validation images were trained on too by"
    notes = {name: f.texts[1].get_text().replace("\n", " ") for name, f in drawn["kolotouros2017"].items()}
    assert {name for name, note in notes.items() if said in note} == {"losses.png"}
    assert f"{said} kolotouros-sketch-ae, kolotouros-sketch-vae: no curve" in notes["losses.png"]
    others = [f.texts[1].get_text() for paper in PAPERS if paper != "kolotouros2017" for f in drawn[paper].values()]
    assert not any("trained on too" in note.replace("\n", " ") for note in others)


def test_losses_of_koenigs_models_are_in_the_panels_that_say_so(drawn, found):
    shown = lines(drawn["koenig2020"]["losses.png"])
    table = found["koenig2020"]["koenig-m2-bs16"].history
    assert shown["0"]["model 2, bs16"] == list(table["validation_loss"])
    assert shown["1"]["model 2, bs16"] == list(table["train_loss"])
    grid = lines(drawn["koenig2020"]["grid-losses.png"])
    assert set(grid["0"]) == {"nf32-bs32", "nf64-bs32", "nf32-bs64", "nf64-bs64"}
    assert set(grid["1"]) == {"nf64-bs64", "nf128-bs128", "nf128-bs256"}
    assert set(grid["2"]) == {"nf64-bs64", "as published"}
