"""Claims: what the papers say, and what follows from numbers."""

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from autofaces import claims, cli, files, models, params

ROOT = Path(__file__).parents[1]
SETTINGS = params.load(ROOT / "params.yaml")
PARTS = [pytest.param(part, id=f"{claim.id}-{part.name}") for claim in claims.CLAIMS for part in claim.parts]
HISTORY = pd.DataFrame({"epoch": [1, 2], "step": [10, 20], "train_loss": [2.0, 1.0]})


@pytest.fixture
def evaluate(tmp_path):
    """Write what evaluate leaves of an experiment whose images have these values (or columns of them)."""

    def write(key: str, mse, profile: str = "paper", history: pd.DataFrame = HISTORY, **more) -> str:
        scalars = {name: v for name, v in more.items() if np.isscalar(v)}
        columns = {"seed": 0, "image": range(len(mse)), "mse": mse} | {
            n: v for n, v in more.items() if n not in scalars
        }
        folder = tmp_path / "data" / "evaluations" / SETTINGS.experiments[key].paper / key
        files.write_csv(folder / "images.csv", pd.DataFrame(columns).to_dict("records"))
        files.write_csv(folder / "history.csv", history.to_dict("records"))
        metrics = {"profile": profile, "dataset": SETTINGS.experiments[key].dataset, "images": 10 * len(mse)}
        metrics |= {"training_images_seen": 1000, "test_images": len(mse)}
        metrics |= {"mse": float(np.mean(mse)), "generalisation_gap": 1.0} | scalars
        files.write_json(folder / "metrics.json", metrics)
        return key

    return write


@pytest.fixture
def judge(tmp_path):
    """Judge the experiments that were written, by claim."""

    def judged() -> dict[str, dict]:
        folders = {f.name: f for f in tmp_path.glob("data/evaluations/*/*")}
        return {found["id"]: found for found in claims.judge(claims.load(folders), SETTINGS.profiles)}

    return judged


def errors(scale: float = 1.0, images: int = 100, seed: int = 0) -> np.ndarray:
    """Errors of the same images (some are hard) by models that differ in scale and in luck."""
    hard = np.random.default_rng(99).lognormal(-5, 0.4, images)
    return scale * hard * np.random.default_rng([seed, int(1000 * scale)]).lognormal(0, 0.05, images)


def test_all_claims_are_there_and_say_where_and_why():
    numbers = {"R": 6, "K": 9, "G": 8, "C": 4}
    papers = {"R": "ray2020", "K": "kovenko2020", "G": "koenig2020", "C": "kolotouros2017"}
    assert [c.id for c in claims.CLAIMS] == [f"{paper}{i}" for paper, n in numbers.items() for i in range(1, n + 1)]
    for claim in claims.CLAIMS:
        assert claim.paper == papers[claim.id[0]]
        assert re.search(r"section|report|code", claim.place)
        assert claim.claim.endswith(".")
        assert claim.why.endswith(".")
        assert any(part.rule for part in claim.parts)
        names = [part.name for part in claim.parts]
        assert len(set(names)) == len(names)
        assert all(names) or names == [""]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_compares_rows_of_one_data_set_that_exist(part):
    keys = {number.partition(":")[0] for number in part.numbers} - {"arithmetic"}
    assert keys <= set(SETTINGS.experiments)
    assert len({SETTINGS.experiments[key].dataset for key in keys}) <= 1


def test_codes_are_of_one_size_where_autoencoders_are_compared_with_principal_components():
    (claim,) = (claim for claim in claims.CLAIMS if claim.id == "K9")
    for part in claim.parts:
        sizes = set()
        for number in part.numbers:
            experiment = SETTINGS.experiments[number.partition(":")[0]]
            dataset = SETTINGS.datasets[experiment.dataset]
            with torch.device("meta"):
                shape = dataset.size, dataset.channels
                model = models.build(experiment.model.name, *shape, 1.0, experiment.model.arguments).eval()
                code = model.encode(torch.empty(1, dataset.channels, dataset.size, dataset.size))
            sizes.add((code if isinstance(code, torch.Tensor) else code[0]).numel())
        assert len(sizes) == 1, part


@pytest.mark.parametrize(
    ("interval", "verdict"), [((1.1, 1.2), True), ((0.8, 0.9), False), ((0.9, 1.1), None), ((0.9, 1.0), False)]
)
def test_a_rule_is_kept_broken_or_straddled(interval, verdict):
    assert claims.above(1).keeps(interval) is verdict


@given(st.floats(-2, 2), st.floats(0, 2), st.floats(-1, 0), st.floats(0.01, 1))
def test_outside_is_the_opposite_of_inside(low, width, start, length):
    inside = claims.Rule(start, start + length)
    found, opposite = (rule.keeps((low, low + width)) for rule in (inside, inside._replace(outside=True)))
    assert opposite is (None if found is None else not found)


@pytest.mark.parametrize(
    ("scale", "verdict"), [(0.8, "reproduced"), (1.2, "not reproduced"), (1.0, "inconclusive"), (0.97, "reproduced")]
)
def test_the_verdict_follows_the_interval(scale, verdict, evaluate, judge):
    recursive, stacked = errors(scale), errors(seed=1)
    evaluate("ray-recursive", recursive)
    evaluate("ray-stacked", stacked)
    found = judge()["R2"]
    assert found["verdict"] == verdict
    assert found["effect"] == pytest.approx(recursive.mean() / stacked.mean(), rel=1e-5)
    low, high = found["interval"]
    assert low < found["effect"] < high
    assert high - low < 0.05  # of pairs: the images' own spread is 0.4
    assert found["formula"] == "ray-recursive:mse / ray-stacked:mse"
    assert found["scale"] == "paper (official faces): 1,000 images seen in training, 100 test images"


@pytest.mark.parametrize("profile", ["smoke", "demo"])
def test_a_smaller_scale_decides_nothing_and_shows_its_effect(profile, evaluate, judge):
    evaluate("ray-recursive", errors(0.5), profile)
    evaluate("ray-stacked", errors(), profile)
    found = judge()["R2"]
    assert found["verdict"] == profile
    assert found["effect"] == pytest.approx(0.5, rel=0.05)
    assert judge()["R6"]["verdict"] == "not run"


def test_only_the_papers_own_scale_decides():
    metrics = {"dataset": "lfw", "images": 12533}
    profiles = SETTINGS.profiles
    assert [name for name, profile in profiles.items() if claims.decides(profile, metrics)] == ["sample", "paper"]
    for data in ("anime", "celeba", "celeba-grey64"):  # LFW and CUFS alone are in sample as in their papers
        assert [n for n, profile in profiles.items() if claims.decides(profile, metrics | {"dataset": data})] == [
            "paper"
        ]
    paper = profiles["paper"]
    assert claims.decides(paper.model_copy(update={"source": "local"}), metrics)
    assert claims.decides(paper.model_copy(update={"images": 15000}), metrics)  # there are no more
    scales = [params.Scale(**cut) for cut in ({"image_passes": 1000}, {"width": 0.5}, {"batch": 0.5})]
    for cut in ({"source": "synthetic"}, {"images": 12533}, *({"scale": {"lfw": scale}} for scale in scales)):
        assert not claims.decides(paper.model_copy(update=cut), metrics)


def test_rows_of_a_smaller_scale_spoil_a_claim_on_all(evaluate, judge):
    evaluate("ray-recursive", errors(0.5), "paper")
    evaluate("ray-stacked", errors(), "demo")
    assert judge()["R2"]["verdict"] == "demo"


def test_a_part_that_decides_is_not_spoilt_by_one_that_does_not(evaluate, judge):
    for key, scale, profile in (
        ("ray-stacked", 2.0, "paper"),
        ("pca-lfw", 1.0, "paper"),
        ("kovenko-ae", 0.5, "sample"),
    ):
        evaluate(key, errors(scale), profile)
    evaluate("pca-anime", errors(), "sample")
    found = judge()
    assert [found[f"K9-{name}"]["verdict"] for name in ("lfw", "anime")] == ["not reproduced", "sample"]
    assert found["K9"]["verdict"] == "not reproduced"


def test_a_missing_row_or_number_is_named_and_stops_no_other_claim(evaluate, judge):
    evaluate("ray-recursive", errors(0.5))
    assert judge()["R2"]["missing"] == ["ray-stacked"]
    evaluate("ray-stacked", errors())
    found = judge()
    assert (found["R2"]["verdict"], found["R2"]["missing"]) == ("reproduced", [])
    assert (found["R6"]["verdict"], found["R6"]["effect"], found["R6"]["interval"]) == ("not run", None, None)
    assert found["R6"]["missing"] == ["ray-recursive:grain", "ray-stacked:grain"]


def test_with_no_results_at_all_only_arithmetic_is_decided(judge):
    found = judge()
    assert {v["verdict"] for name, v in found.items() if name != "G7"} == {"not run", None}
    assert found["G7"]["verdict"] == "not reproduced"
    assert found["G7"]["effect"] == pytest.approx(0.994792, abs=1e-6)
    assert 1 - found["G7"]["effect"] == pytest.approx(256 / 49152, abs=1e-6)


def test_a_claim_is_as_good_as_its_worst_part(evaluate, judge):
    evaluate("ray-recursive", errors())
    evaluate("ray-recursive-bn", errors(3.0))
    assert judge()["R3"]["verdict"] == "not run"
    evaluate("ray-recursive-sharedbn", errors(1.5))
    found = judge()
    assert {found[name]["verdict"] for name in ("R3", "R3-bn", "R3-sharedbn")} == {"reproduced"}
    evaluate("ray-recursive-sharedbn", errors(2.5))
    found = judge()
    assert [found[name]["verdict"] for name in ("R3", "R3-bn", "R3-sharedbn")] == [
        "not reproduced",
        "reproduced",
        "not reproduced",
    ]
    assert found["R3"]["effect"] == found["R3-sharedbn"]["effect"]
    assert found["R3"]["experiments"] == ["ray-recursive-bn", "ray-recursive", "ray-recursive-sharedbn"]


def test_what_stands_beside_decides_nothing(evaluate, judge):
    evaluate("kovenko-ae", errors(), sharpness_ratio=np.full(100, 0.5), sharpness_ratio_coarse=np.full(100, 2.0))
    found = judge()
    assert found["K2"]["verdict"] == "reproduced"
    assert [found["K2-coarse"][key] for key in ("effect", "rule", "verdict")] == [2.0, None, None]


@pytest.mark.parametrize(("swd", "verdict"), [(12.0, "reproduced"), (10.4, "inconclusive"), (8.0, "not reproduced")])
def test_without_an_interval_the_rule_has_a_margin(swd, verdict, evaluate, judge):
    evaluate("ray-recursive-vae", errors(), swd=swd)
    evaluate("ray-stacked-vae", errors(), swd=10.0)
    found = judge()["R5"]
    assert (found["interval"], found["rule"], found["verdict"]) == (None, "> 1 ± 0.05", verdict)


@pytest.mark.parametrize(("scale", "verdict"), [(1.1, "reproduced"), (0.9, "reproduced"), (1.0, "not reproduced")])
def test_a_change_counts_in_either_direction(scale, verdict, evaluate, judge):
    evaluate("koenig-m1-nf64-bs64-as-published", errors(scale, images=2000))
    evaluate("koenig-m1-nf64-bs64", errors(images=2000))
    assert judge()["G8"]["verdict"] == verdict


def test_overfitting_is_told_from_the_training_error(evaluate, judge):
    evaluate("kolotouros-celeba-vae", errors(images=400), generalisation_gap=1.02)
    found = judge()["C4"]
    assert found["effect"] == pytest.approx(1.02)
    assert found["interval"][0] < 1.02 < found["interval"][1]


def test_images_without_a_value_are_left_out_of_both_rows(evaluate, judge):
    recursive, stacked = errors(0.5), errors()
    evaluate("ray-recursive", errors(), grain=np.where(np.arange(100) < 10, math.nan, recursive))
    evaluate("ray-stacked", errors(), grain=stacked)
    assert judge()["R6"]["effect"] == pytest.approx(recursive[10:].mean() / stacked[10:].mean(), rel=1e-5)


def test_what_has_no_value_is_missing(evaluate, judge):
    nothing = {"search_precision_at_5": 0.0, "search_precision_at_5_pixels": 0.0}
    evaluate("ray-stacked", errors(), search_precision_at_5_chance=0.1, grain=np.full(100, math.nan), **nothing)
    evaluate("ray-recursive", errors(), grain=errors())
    found = judge()
    assert (found["K4-chance"]["effect"], found["K4-chance"]["verdict"]) == (0, "not reproduced")
    assert (found["K4-pixels"]["effect"], found["K4-pixels"]["verdict"]) == (None, "not run")
    assert found["K4-pixels"]["missing"] == [
        "a value of ray-stacked:search_precision_at_5 / ray-stacked:search_precision_at_5_pixels"
    ]
    assert found["R6"]["missing"] == ["a value of ray-recursive:grain / ray-stacked:grain"]


def test_rows_of_different_test_images_are_refused(evaluate, judge):
    evaluate("ray-recursive", errors(images=80))
    evaluate("ray-stacked", errors(images=100))
    message = r"ray-recursive:mse and ray-stacked:mse were measured on different test images \(80, 100 of them\)"
    with pytest.raises(files.BadInput, match=message):
        judge()


def test_several_seeds_count_and_a_closed_form_stands_beside_each(evaluate, judge):
    values = [errors(scale, seed=seed) for seed, scale in enumerate((0.8, 0.9, 1.0))]
    evaluate("ray-stacked", np.concatenate(values), seed=np.repeat([0, 1, 2], 100), image=np.tile(np.arange(100), 3))
    evaluate("pca-lfw", errors(seed=3))
    several = judge()["K9-lfw"]
    assert several["effect"] == pytest.approx(0.9, rel=0.02)
    evaluate("ray-stacked", values[1])
    one = judge()["K9-lfw"]
    assert one["verdict"] == "reproduced"
    assert several["verdict"] == "inconclusive"  # another seed might be worse than the closed form
    assert several["interval"][1] - several["interval"][0] > 5 * (one["interval"][1] - one["interval"][0])


def warming_up(kl: list[float]) -> pd.DataFrame:
    rows = len(kl)
    beta = np.minimum(1, np.arange(1, rows + 1) / 4)
    table = pd.DataFrame({"step": np.arange(1, rows + 1) * 10, "beta": beta, "validation_kl_nats": kl})
    return table.assign(kl_nats=kl, elbo_nats=100.0, mse_over_variance=2.0)


def test_the_kl_is_followed_through_warm_up_and_after(evaluate, judge):
    evaluate("kovenko-vae-warmup", errors(0.9), history=warming_up([80, 60, 40, 42, 45, 50]))
    evaluate("kovenko-vae-var1e-2", errors(), history=warming_up([30] * 6).assign(mse_over_variance=2.5))
    found = judge()
    assert {found[f"K6-{name}"]["effect"] for name in ("falls", "training")} == {0.5, 0.8}
    assert found["K6-rises"]["effect"] == 1.25
    assert found["K6"]["verdict"] == "reproduced"


@pytest.mark.parametrize(("late", "verdict"), [(5, "reproduced"), (20, "not reproduced")])
def test_the_kl_may_be_large_only_at_the_start(late, verdict, evaluate, judge):
    history = warming_up([50, *[3] * 18, late]).assign(beta=1.0)
    evaluate("kolotouros-sketch-vae", errors(), history=history)
    found = judge()["C3"]
    assert (found["effect"], found["verdict"]) == (late / 100, verdict)


def test_the_summary_has_a_row_per_experiment_and_all_columns(evaluate, tmp_path):
    evaluate("ray-stacked", errors())
    evaluate("ray-stacked-vae", errors(), swd=3.0)
    folders = {f.name: f for f in tmp_path.glob("data/evaluations/*/*")}
    order = ("ray-stacked-vae", "ray-recursive", "ray-stacked")
    rows = claims.summary(claims.load({key: folders.get(key, tmp_path / "none") for key in order}))
    assert [(row["experiment"], row["swd"]) for row in rows] == [("ray-stacked-vae", 3.0), ("ray-stacked", None)]
    assert len({tuple(row) for row in rows}) == 1


def test_the_stage_writes_the_same_bytes_again_and_the_command_prints_them(evaluate, tmp_path, monkeypatch):
    evaluate("ray-recursive", errors(0.8), "demo", gradient_correlation=errors(), sharpness_ratio=errors())
    evaluate("ray-stacked", errors(), "demo", gradient_correlation=errors(2.0), sharpness_ratio=errors())
    gain = "denoise_dropout_psnr_gain_db"
    gains = {gain: -1.25, f"{gain}_mean": -11.25, f"{gain}_inpainting": 12.5}
    evaluate("kovenko-denoise-dropout", errors(), "demo", **gains)
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    written = []
    for _ in range(2):
        command = [sys.executable, str(ROOT / "stages" / "claims.py")]
        done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        written.append([(tmp_path / "metrics" / name).read_bytes() for name in ("claims.json", "summary.csv")])
    assert written[0] == written[1]
    names = [line.split(",")[0] for line in written[0][1].decode().splitlines()]
    assert names == [
        "experiment",
        "ray-stacked",
        "ray-recursive",
        "kovenko-denoise-dropout",
    ]  # in the order of params.yaml

    found = json.loads(written[0][0])
    keys = "id paper place claim why experiments metric kind formula effect interval rule scale verdict missing"
    assert {tuple(one) for one in found} == {tuple(keys.split())}
    monkeypatch.chdir(tmp_path)
    lines = CliRunner().invoke(cli.app, ["claims"]).output.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines if line and line[0].isupper()] == [c.id for c in claims.CLAIMS]
    (line,) = (line for line in lines if line.lstrip().startswith("detail") and "missing" not in line)
    assert re.fullmatch(r" +detail +gradient_correlation +-0\.0\d+ +\[-0\.0\d+, -0\.0\d+\] +> 0 +demo", line)
    assert "    inpainting   denoise_dropout_psnr_…   -13.75  -                     -" in lines
    assert lines[-2] == "27 claims: 2 demo, 24 not run, 1 not reproduced"
    assert lines[-1] == "demo: not the papers' own scale, decides nothing about them"


def test_the_command_says_how_to_get_claims(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["claims"])
    assert result.exit_code == 1
    assert "metrics/claims.json: no claims judged yet; run `make repro`" in result.stderr
