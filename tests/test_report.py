"""The report page: everything that was found stands in it, whatever is missing, the same bytes each time."""

import itertools
import json
import runpy
import shutil
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_array
from hypothesis import given
from hypothesis import strategies as st

from autofaces import papers, report
from autofaces.core import files, params
from autofaces.report import decoder, playground, scatter, sparks, tables
from autofaces.training import models
from autofaces.verdicts import rules

ROOT = Path(__file__).parents[1]
SETTINGS = params.load(ROOT / "params.yaml")
VOID = {"meta", "link", "img", "input", "br"}
ROW = {
    "experiment": "ray-stacked",
    "profile": "demo",
    "paper": "ray2020",
    "dataset": "lfw",
    "parameters": "787603",
    "precision": "float32",
    "training_images_seen": "4000",
    "test_images": "120",
    "mse": "0.0116",
    "sharpness_ratio_coarse": "0.0761",
    "sharpness_ratio": "",
    "seeds": "3",
}
RECIPE = {
    "name": "ladder",
    "arguments": {"norm": "batch"},
    "objective": {"name": "mse", "arguments": {"kl": 1.0}},
    "train": {"epochs": 10},
    "faces": "synthetic",
    "scale": {"image_passes": 1600, "width": 0.25, "batch": 0.125},
    "ablation": False,
    "size": 64,
    "full_size": 128,
}
CLOSED = RECIPE | {"name": "pca", "arguments": {"code": 4}, "objective": None, "train": None}
CLAIM = {
    "id": "R3",
    "paper": "ray2020",
    "place": "table 1",
    "claim": "Batch norm ruins it.",
    "why": "Against the same training.",
    "experiments": ["ray-recursive-bn", "ray-recursive"],
    "metric": "mse",
    "kind": "ratio",
    "formula": "ray-recursive-bn:mse / ray-recursive:mse",
    "effect": 2.448,
    "interval": [2.258, 2.655],
    "rule": "> 2",
    "verdict": "holds",
    "grade": "paper",
    "shares": {"data": 0.95, "passes": 1, "width": 1, "batch": 1, "size": 1, "seeds": 3},
    "reason": None,
    "missing": [],
    "turns": [],
}
DEMO = {"grade": "synthetic", "shares": CLAIM["shares"] | {"passes": 0.032, "width": 0.125, "seeds": 1}}
SAMPLE = {"grade": "reduced", "shares": CLAIM["shares"] | {"data": 0.157, "passes": 0.31, "size": 0.5}}
NOTHING = {"effect": None, "interval": None, "verdict": "not run", "grade": None, "shares": None}
ARITHMETIC = {"experiments": [], "shares": dict.fromkeys(CLAIM["shares"]), "verdict": "fails"}


def judged() -> list[dict]:
    """Every claim of the papers, as if it had been judged, with what its verdict might be."""
    found = []
    for paper in papers.keys():  # noqa: SIM118
        for i, claim in enumerate(papers.load(paper).CLAIMS):
            about = CLAIM | DEMO | {"paper": paper, "claim": claim.claim, "verdict": ("holds", "fails", "open")[i % 3]}
            parts = [
                about | {"id": key, "kind": part.kind, "rule": part.rule and part.rule.text(exact=False)}
                for key, part in rules.named(claim).items()
            ]
            found += [*([about | {"id": claim.id}] if len(parts) > 1 else []), *parts]
    return found


def course(*effects: float, first: int = 100) -> list[sparks.Point]:
    """Points of a training: twice as many images at each, with intervals that get narrower."""
    return [sparks.Point(first * 2**i, x, x - 0.2 / (i + 1), x + 0.2 / (i + 1)) for i, x in enumerate(effects)]


def page(found=(), rows=None, recipes=None, figures="nowhere", played=None, horizons=None) -> str:
    return report.page(list(found), rows or {}, recipes or {}, figures, played, 0, horizons or {})


LADDER = {"levels": 5, "latent": "gaussian"}


def trained(
    folder: Path, arguments: dict = LADDER, name: str = "ladder", size: int = 32, channels: int = 3, gain: float = 2
) -> Path:
    """The folder of a small variational model; with a gain, fresh weights make pictures with contrast."""
    torch.manual_seed(3)
    model = models.build(name, size, channels, 0.5, arguments)
    with torch.no_grad():
        for weight in model.decoder.parameters():
            weight *= gain
    config = {"name": name, "size": size, "channels": channels, "width": 0.5, "arguments": arguments}
    models.save(folder, model, config)
    return folder


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> playground.Playground:
    folder = tmp_path_factory.mktemp("playground")
    write_array(folder / "arrays" / "test.npy", 12)
    return playground.make(trained(folder / "ray-recursive-vae"), folder / "arrays")


@pytest.fixture(scope="module")
def whole(played) -> str:
    """A page of all claims, of the rows and figures in git, with a small model to play with."""
    found, rows = judged(), report.read_rows(ROOT / "metrics/summary.csv")
    recipes = {key: CLOSED if row["paper"] == "baseline" else RECIPE for key, row in rows.items()}
    horizons = {claim["id"]: course(0.5, 0.9, 1.2) for claim in found}
    return page(found, rows, recipes, ROOT / "figures", played, horizons)


class Outline(HTMLParser):
    """What a page is made of; AssertionError where an element is not closed in its place."""

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [about for tag, about in self.elements if tag in tags]


class TestPage:
    def test_every_element_is_closed_and_every_inner_link_leads_somewhere(self, whole):
        outline = Outline(whole)
        ids = [about["id"] for _, about in outline.elements if "id" in about]
        assert len(ids) == len(set(ids))
        links = [about["href"] for about in outline.all("a")]
        assert {link[1:] for link in links} <= set(ids)
        assert all(link.startswith("#") for link in links)

    def test_it_is_readable_by_ear(self, whole):
        outline = Outline(whole)
        assert all(about.get("alt") for about in outline.all("img"))
        levels = [int(tag[1]) for tag, _ in outline.elements if tag in ("h1", "h2", "h3", "h4")]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
        assert all("scope" in about for about in outline.all("th"))
        assert len(outline.all("caption")) == len(outline.all("table"))
        labelled = {about["for"] for about in outline.all("label") if "for" in about}
        assert {about["id"] for about in outline.all("input") if about.get("type") == "range"} <= labelled

    def test_all_claims_experiments_and_figures_are_in_it(self, whole):
        ids = {about.get("id") for _, about in Outline(whole).elements}
        assert {claim.id for key in papers.keys() for claim in papers.load(key).CLAIMS} <= ids  # noqa: SIM118
        assert {f"row-{key}" for key in SETTINGS.experiments} <= ids
        assert whole.count("<figure style=") == len(list(ROOT.glob("figures/*/*.png")))

    def test_nothing_is_asked_of_a_network(self, whole):
        for about in (about for _, about in Outline(whole).elements):
            sources = [about[name] for name in ("src", "href") if about.get(name)]
            assert all(source.startswith(("data:", "#")) for source in sources)
        assert "url(" not in whole
        assert len(whole.encode()) < 15e6

    def test_equal_results_are_equal_bytes(self, tmp_path):
        write_array(tmp_path / "arrays" / "test.npy", 12)
        folder = trained(tmp_path / "vae")
        first, second = (page([CLAIM], {"a": ROW}, played=playground.make(folder, tmp_path / "arrays")) for _ in "ab")
        assert first == second
        assert str(tmp_path) not in first

    def test_it_stands_with_nothing_to_tell(self):
        text = page()
        Outline(text)
        assert "No claim has been judged yet" in text
        assert "No experiment has been measured yet" in text
        assert "there is no playground" in text
        assert text.count("Pictures of this data set are not included.") == 4  # papers with claims

    def test_only_at_the_papers_scale_is_a_claim_called_reproduced(self):
        text = page([CLAIM, CLAIM | {"id": "R4", "verdict": "fails"}])
        assert "Measured at the papers' own scale" in text
        assert '<span aria-hidden="true">✓</span> reproduced</span>' in text
        assert '<span aria-hidden="true">✗</span> not reproduced</span>' in text
        text = page([CLAIM | DEMO])
        assert "Faces that a program drew are no photographs" in text
        assert '<span class="badge yes short"><span aria-hidden="true">✓</span> holds</span>' in text
        assert (
            '<span class="scale">synthetic faces, 3 % of the paper&#39;s images, width × 0.125, one seed</span>' in text
        )
        assert '<span aria-hidden="true">✓</span> reproduced</span>' not in text

    def test_a_claim_that_was_not_run_names_what_is_missing(self):
        assert "missing: ray-bn:mse" in page([CLAIM | NOTHING | {"reason": "missing: ray-bn:mse"}])
        assert "there is no <code>ray-bn:mse</code>" in page([CLAIM | NOTHING | {"missing": ["ray-bn:mse"]}])

    def test_a_part_that_only_stands_beside_says_so_and_the_legend_what_that_is(self):
        text = page([CLAIM, CLAIM | {"id": "R3-bn"}, CLAIM | {"id": "R3-coarse", "rule": None, "verdict": None}])
        assert text.count('<span class="soft">beside</span>') == 2
        assert "it decides nothing" in text

    def test_a_reason_stands_once_in_a_claim(self):
        gate, left = "no samples nearer to faces", "ablations: set something"
        parts = {"sharp": gate, "artefacts": gate, "more": left, "most": left}
        parts = [CLAIM | {"id": f"R3-{name}", "reason": reason, "missing": ["x"]} for name, reason in parts.items()]
        (group,) = tables.claim_groups([CLAIM | {"reason": f"open: sharp, artefacts; {gate}"}, *parts])
        assert [(part.reason, part.missing) for part in group.parts] == [("", []), ("", []), (left, ["x"]), ("", [])]

    def test_every_table_that_scrolls_can_be_reached_by_keyboard(self, whole):
        outline = Outline(whole)
        scrolling = [about for _, about in outline.elements if "scroll" in (about.get("class") or "").split()]
        assert all(
            about["tabindex"] == "0" and about["role"] == "region" and about["aria-label"] for about in scrolling
        )
        assert "Images, by data set" in [about["aria-label"] for about in scrolling]

    def test_what_no_number_decides_stands_below_the_claims(self):
        said = papers.load("ray2020").PAPER.undecided
        section = page([CLAIM]).partition('<section id="ray2020"')[2].partition("</section>")[0]
        assert f"no number of ours can decide ({len(said)})" in section
        assert section.count("<dd>") == len(said) > 0

    def test_a_claim_shows_how_it_went_over_the_training_and_where_it_turned(self):
        claims = [CLAIM | {"id": "R2", "turns": [200]}]
        text = page(claims, horizons={"R2": course(1.5, 0.5)})
        label = "R2 over the training: from × 1.5 after 100 images to × 0.5 after 200 images seen in training; rule < 1"
        assert label.replace("<", "&lt;") in text
        assert "the other way until 200 images seen" in text
        assert 'class="spark"' not in page(claims)

    def test_text_from_results_cannot_break_the_page(self):
        text = page([CLAIM | {"claim": "<script>alert(1)</script>"}], {"</script>": ROW | {"experiment": "</script>"}})
        assert "<script>alert" not in text
        Outline(text)

    def test_figures_are_shown_in_the_papers_order_with_what_it_says_of_them(self, tmp_path):
        (tmp_path / "ray2020").mkdir()
        for name in ("a-thing", "losses", "errors"):
            (tmp_path / "ray2020" / f"{name}.png").write_bytes(playground.png([np.zeros((4, 4, 3), np.uint8)]))
        shown = [about["alt"] for about in Outline(page(figures=tmp_path)).all("img")]
        said = {figure.name: figure.alt for figure in papers.load("ray2020").FIGURES}
        assert shown == [said["errors"], said["losses"], "A thing, a figure of our results for ray2020."]
        assert 'width="4" height="4"' in page(figures=tmp_path)

    def test_papers_are_in_the_order_of_their_rows(self):
        rows = {"b": ROW | {"paper": "own"}, "a": ROW | {"paper": "koenig2020"}, "pca": ROW | {"paper": "baseline"}}
        outline = Outline(page(rows=rows))
        sections = [about["id"] for about in outline.all("section") if about.get("class") == "paper"]
        assert sections == ["own", "koenig2020", "baseline", "kolotouros2017", "kovenko2020", "ray2020"]

    def test_rows_of_ones_own_have_a_section_with_figures_and_nothing_that_only_papers_have(self, tmp_path):
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "lfw-errors.png").write_bytes(playground.png([np.zeros((4, 4, 3), np.uint8)]))
        text = page(rows={"mine": ROW | {"paper": "own"}}, recipes={"mine": RECIPE}, figures=tmp_path)
        section = text.partition('<section id="own"')[2].partition("</section>")[0]
        assert "Error of every row on unseen images (lfw)" in section
        assert not [words for words in ("What it claims", "Their numbers", "Data:", "()") if words in section]
        assert "own rows" in text

    def test_it_says_what_the_rows_were_measured_on(self):
        text = page(rows={"a": ROW, "b": ROW | {"dataset": "anime"}}, recipes={"a": RECIPE})
        assert "<strong>demo</strong>: synthetic faces" in text
        assert "0 for faces and splits; 0, 1, 2 for weights, order and noise" in text
        assert "model ladder (norm batch); objective mse (kl 1.0)" in text

    def test_the_stage_writes_it_where_nothing_has_been_run(self, tmp_path, monkeypatch):
        shutil.copy(ROOT / "params.yaml", tmp_path)
        monkeypatch.chdir(tmp_path)
        runpy.run_path(str(ROOT / "stages/report.py"))["main"]()
        assert "no playground" in (tmp_path / "report/index.html").read_text(encoding="utf-8")


class TestReading:
    def test_what_is_absent_is_empty(self, tmp_path):
        assert report.read_claims(tmp_path / "claims.json") == []
        assert report.read_rows(tmp_path / "summary.csv") == {}
        assert report.read_recipes(tmp_path / "results") == {}

    def test_the_recipe_of_a_row_is_its_config(self, tmp_path):
        files.write_json(tmp_path / "own" / "mine" / "config.json", RECIPE)
        assert report.read_recipes(tmp_path) == {"mine": RECIPE}

    @pytest.mark.parametrize("text", ["{", "[3]", '[{"id": "R1"}]'])
    def test_what_is_not_a_list_of_claims_is_refused(self, tmp_path, text):
        (tmp_path / "claims.json").write_text(text)
        with pytest.raises(
            files.BadInput, match=r"claims\.json: not a list of claims .*run `dvc repro --force claims`"
        ):
            report.read_claims(tmp_path / "claims.json")

    @pytest.mark.parametrize("text", ["a,b\n1,2\n", "experiment,mse\nray-stacked\n"])
    def test_what_is_not_a_row_per_experiment_is_refused(self, tmp_path, text):
        (tmp_path / "summary.csv").write_text(text)
        with pytest.raises(files.BadInput, match=r"summary\.csv: (not a row per experiment|damaged CSV)"):
            report.read_rows(tmp_path / "summary.csv")


class TestTables:
    def test_parts_follow_their_claim(self):
        groups = tables.claim_groups([CLAIM, CLAIM | {"id": "R3-bn"}, CLAIM | {"id": "R3-x-y"}, CLAIM | {"id": "R4"}])
        assert [(g.id, [p.name for p in g.parts]) for g in groups] == [("R3", ["bn", "x-y"]), ("R4", [])]

    @pytest.mark.parametrize(
        ("claim", "said"),
        [
            (CLAIM, "real faces, 3 seeds"),
            (CLAIM | SAMPLE, "real faces, 16 % of the data, 31 % of the paper's images, size of images × 0.5, 3 seeds"),
            (CLAIM | DEMO, "synthetic faces, 3 % of the paper's images, width × 0.125, one seed"),
            (CLAIM | ARITHMETIC, "by arithmetic"),
            (CLAIM | NOTHING, ""),
        ],
        ids=["paper", "reduced", "synthetic", "arithmetic", "not run"],
    )
    def test_what_a_claim_was_measured_at_is_told_by_what_is_less_than_the_papers(self, claim, said):
        assert tables.claim_groups([claim])[0].scale == said

    @pytest.mark.parametrize(
        ("kind", "effect", "interval"),
        [("ratio", "× 0.5000", "[0.25, 1]"), ("difference", "+0.5", "[+0.25, +1]"), ("value", "0.5", "[0.25, 1]")],
    )
    def test_effects_read_as_what_they_are(self, kind, effect, interval):
        (group,) = tables.claim_groups([CLAIM | {"kind": kind, "effect": 0.5, "interval": [0.25, 1]}])
        assert (group.whole.effect, group.whole.interval) == (effect.replace("0.5000", "0.5"), interval)

    def test_ours_stands_beside_theirs_with_ranks(self):
        rows = {"ray-recursive": ROW | {"mse": "0.02"}, "ray-stacked": ROW}
        beside = tables.beside(papers.load("ray2020").PAPER.numbers[0], rows, [])
        assert beside.ranked
        assert [row[1:] for row in beside.rows[:3]] == [
            ("0.02000", "1", "2"),
            ("0.01160", "2", "1"),
            ("not run", "3", ""),
        ]

    def test_a_networks_size_is_that_at_full_width_whatever_was_trained(self):
        rows = {"ray-stacked": ROW | {"parameters_full": "1771083"}}
        beside = tables.beside(papers.load("ray2020").PAPER.numbers[1], rows, [])
        assert beside.rows[0][1] == "1,771,083" == beside.rows[0][0].theirs

    def test_the_share_of_a_claim_is_in_percent(self):
        claim = CLAIM | {"id": "G7", "effect": 0.994792}
        beside = tables.beside(papers.load("koenig2020").PAPER.numbers[0], {}, [claim])
        assert beside.rows[0][1] == "99.48 %"

    def test_every_number_of_ours_is_of_an_experiment_or_claim_that_there_is(self):
        every = [papers.load(key) for key in SETTINGS.papers]
        claims = [claim for file in every for claim in file.CLAIMS]
        known = {c.id for c in claims} | {f"{c.id}-{part.name}" for c in claims for part in c.parts}
        for number in (n for file in every for table in file.PAPER.numbers for n in table.rows):
            kind, _, name = number.ours.partition(":")
            if name:
                assert (name in known) if kind == "claim" else (kind in SETTINGS.experiments)

    def test_closed_forms_see_no_images_in_a_training(self):
        rows = {"a": ROW, "pca": ROW | {"training_images_seen": "640"}}
        (found,) = tables.datasets(rows, {"a": RECIPE, "pca": CLOSED})
        assert (found["seen"], found["width"], found["batch"], found["size"]) == ("4,000", "0.25", "0.125", "0.5")
        assert tables.recipe(CLOSED) == "model pca (code 4); objective: a closed form"

    def test_recipes_that_differ_in_their_training_alone_read_differently(self):
        longer = RECIPE | {"train": {"epochs": 40, "batch_size": 32}}
        assert tables.recipe(RECIPE).endswith("; training: epochs 10")
        assert tables.recipe(longer).endswith("; training: epochs 40, batch_size 32")

    def test_the_recipe_of_an_ablation_says_that_it_is_one(self):
        assert tables.recipe(CLOSED | {"ablation": True}).startswith("an ablation, not the paper's; model pca")

    def test_columns_without_values_are_left_out_and_unknown_ones_kept(self):
        columns = tables.columns({"a": ROW | {"new_metric": "1"}})
        assert [c.key for c in columns if c.key in ("sharpness_ratio", "new_metric")] == ["new_metric"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("787603", "787,603"), ("0.25", "0.2500"), ("-1169.01", "−1,169"), ("", ""), ("lfw", "lfw")],
    )
    def test_numbers_read_well(self, text, expected):
        assert tables.number(text) == expected


class TestSparks:
    def test_points_are_read_from_the_files_of_all_papers_without_those_that_have_no_effect(self, tmp_path):
        head = "claim,point,images,effect,low,high\n"
        (tmp_path / "ray2020.csv").write_text(f"{head}R2,0,7,,,\nR2,9,3200,0.9,0.8,1\n")
        (tmp_path / "koenig2020.csv").write_text(f"{head}G1-bs16,0,2,1.5,,\n")
        found = sparks.read(tmp_path)
        assert found["R2"] == [sparks.Point(3200, 0.9, 0.8, 1)]
        assert found["G1-bs16"][0][:2] == (2, 1.5)
        assert np.isnan(found["G1-bs16"][0][2:]).all()
        assert sparks.read(tmp_path / "absent") == {}

    @pytest.mark.parametrize("text", ["a,b\n1,2\n", "claim,point,images,effect,low,high\nR2,0,7,much,,\n"])
    def test_what_is_no_such_table_is_refused(self, tmp_path, text):
        (tmp_path / "ray2020.csv").write_text(text)
        with pytest.raises(files.BadInput, match=r"ray2020\.csv: not the effects .*run `dvc repro --force claims`"):
            sparks.read(tmp_path)

    @given(
        kind=st.sampled_from(["value", "ratio", "difference", "rank"]),
        rule=st.sampled_from([None, rules.above(1), rules.below(0.5), rules.Rule(0.9, 1.1)]),
        points=st.lists(
            st.builds(
                sparks.Point,
                st.integers(1, 10**7).map(float),
                st.floats(-100, 100),
                *[st.floats(-1e6, 1e6) | st.just(float("nan"))] * 2,
            ),
            min_size=2,
            max_size=10,
            unique_by=lambda point: point.images,
        ).map(sorted),
    )
    def test_everything_lies_inside_higher_is_higher_and_later_is_further_right(self, kind, rule, points):
        claim = rules.Claim("X1", "", "", "", (rules.Part(kind, ("a:mse", "b:mse"), rule),))
        spark = sparks.draw({"X1": points}, [claim], tables.EFFECT)["X1"]
        line, band = (
            [tuple(map(float, place.split())) for place in path.lstrip("M").split("L") if place]
            for path in (spark.line, spark.band)
        )
        assert all(0 <= x <= sparks.WIDTH and 0 <= y <= sparks.HEIGHT for x, y in [*line, *band, spark.end])
        assert all(0 <= height <= sparks.HEIGHT for height in spark.rules)
        assert [x for x, _ in line] == sorted(x for x, _ in line)
        assert line[-1] == spark.end
        by_effect = sorted(zip((point.effect for point in points), line, strict=True))
        assert all(below[1] >= above[1] for (_, below), (_, above) in itertools.pairwise(by_effect))

    def test_one_point_is_no_course(self):
        assert sparks.draw({"R2": course(0.9)}, papers.load("ray2020").CLAIMS, tables.EFFECT) == {}


class TestScatter:
    def test_lower_errors_are_lower_and_sharper_ones_further_right(self):
        rows = {"a": ROW, "b": ROW | {"mse": "0.05", "sharpness_ratio_coarse": "0.5"}}
        (chart,) = scatter.charts(rows)
        a, b = chart.points
        assert a.y > b.y
        assert a.x < b.x

    def test_rows_without_the_numbers_are_left_out(self):
        rows = {"a": ROW, "b": ROW | {"sharpness_ratio_coarse": ""}, "c": ROW | {"sharpness_ratio_coarse": "nan"}}
        (chart,) = scatter.charts(rows)
        assert [point.key for point in chart.points] == ["a"]
        assert scatter.charts({}) == []

    def test_every_paper_has_a_mark_that_the_style_colours(self):
        kinds = scatter.kinds({key: papers.load(key).PAPER for key in papers.keys()})  # noqa: SIM118
        assert len({kind.shape for kind in kinds.values()}) == len(kinds) == 6
        style = (Path(report.__file__).parent / "page.css").read_text()
        assert all(f".point.{kind.look} {{" in style for kind in kinds.values())
        assert [kinds[key].legend for key in ("baseline", "ray2020")] == ["PCA baseline", "ray2020"]

    def test_places_and_ticks_lie_inside(self):
        rows = {str(i): ROW | {"mse": str(10.0**-i), "gradient_correlation": str(i / 10)} for i in range(1, 5)}
        for chart in scatter.charts(rows):
            assert all(0 < t.at < scatter.WIDTH for t in chart.across)
            assert all(0 < p.x < scatter.WIDTH and 0 < p.y < scatter.HEIGHT for p in chart.points)
            assert len(chart.up) > 1


class TestDecoder:
    @pytest.mark.parametrize(
        ("name", "size", "channels", "arguments"),
        [
            ("ladder", 32, 3, {"levels": 5, "norm": "batch"}),
            ("ladder", 32, 3, {"levels": 5, "norm": "shared", "latent": "gaussian"}),
            ("dcgan", 128, 3, {"n_f": 16}),
            ("deep_vae", 64, 1, {}),
            ("pca", 32, 3, {"code": 4}),
        ],
    )
    def test_a_decoder_with_other_steps_is_refused(self, name, size, channels, arguments):
        model = models.build(name, size, channels, 0.25, arguments).eval()
        with pytest.raises(files.BadInput, match=r"the page cannot run its decoder: .*choose another model"):
            decoder.operations(model)

    def test_weights_are_rounded_where_it_does_not_show(self):
        torch.manual_seed(0)
        model = models.build("sketch_vae", 64, 1, 1.0, {}).eval()
        codes = torch.randn(4, *model.code_shape)
        before = model.decode(codes)
        kind, factors, content = decoder.packed(model, codes)
        _, weights = decoder.operations(model)
        assert kind == "int16"
        assert len(factors) == len(weights)
        assert len(content) == 2 * sum(w.numel() for w in weights)
        assert torch.equal(model.decode(codes), before)
        with torch.no_grad():
            for weight in model.decoder.parameters():
                weight *= 30
        assert decoder.packed(model, codes)[:2] == ("float32", [1.0] * len(weights))


class TestPlayground:
    def test_directions_are_those_the_codes_differ_along(self):
        random = np.random.default_rng(0)
        ways = np.linalg.qr(random.standard_normal((6, 6)))[0][:2]
        codes = 5 + random.standard_normal((4000, 2)) * [3, 1] @ ways
        mean, directions, share = playground.principal(codes)
        np.testing.assert_allclose(mean, 5, atol=0.2)
        np.testing.assert_allclose(np.linalg.norm(directions[:2], axis=1), [3, 1], rtol=0.05)
        np.testing.assert_allclose(np.abs(np.sum(directions[:2] * ways, 1)), [3, 1], rtol=0.05)
        assert (directions[0] > 0)[np.abs(directions[0]).argmax()]
        assert share == pytest.approx(1)

    def test_codes_that_are_all_the_same_have_directions_of_no_length(self):
        mean, directions, share = playground.principal(np.full((5, 3), 2.0))
        np.testing.assert_array_equal(mean, 2)
        np.testing.assert_allclose(directions, 0, atol=1e-12)
        assert share == 1

    def test_it_has_pictures_for_readers_without_javascript(self, played):
        assert len(played.faces) == playground.FACES
        assert len(played.directions) == playground.SLIDERS
        assert all(
            png.startswith(b"\x89PNG") for png in [*played.directions, played.morph, played.prior, played.fitted]
        )
        json.dumps(played.data, allow_nan=False)

    def test_without_model_or_images_there_is_none(self, tmp_path):
        folder = trained(tmp_path / "vae")
        assert playground.make(tmp_path / "absent", tmp_path) is None
        assert playground.make(folder, tmp_path / "absent") is None

    def test_a_model_that_is_not_variational_is_refused(self, tmp_path, arrays_folder):
        folder = trained(tmp_path / "plain", {"levels": 5})
        with pytest.raises(files.BadInput, match="plain: it is not variational"):
            playground.make(folder, arrays_folder)
