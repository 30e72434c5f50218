"""What follows from numbers for a claim."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import rows
from rows import errors

from autofaces.core import files
from autofaces.verdicts import judge
from autofaces.verdicts.rules import NEAR, Arithmetic, Claim, Part, Rule, above, below, difference, ratio, value

ERROR = ratio("a:mse", "b:mse", below(1))


@pytest.fixture
def evaluate(tmp_path):
    """Write what evaluate leaves of an experiment whose images have these errors."""
    return lambda key, mse, *profile, **more: rows.write(
        tmp_path / "results" / "paper2020" / key, mse, *profile, **more
    )


@pytest.fixture
def judged(tmp_path):
    """Judge one claim of these parts by the experiments that were written, by id."""

    def judged(*parts: Part) -> dict[str, dict]:
        claim = Claim("A1", "section 1", "They differ.", "The error says so.", parts)
        found = judge.load(tmp_path / "results") if (tmp_path / "results").exists() else {}
        return {one["id"]: one for one in judge.judge({"paper2020": [claim]}, found, None)}

    return judged


@pytest.mark.parametrize(
    ("scale", "verdict"), [(0.8, "reproduced"), (1.2, "not reproduced"), (1.0, "inconclusive"), (0.97, "reproduced")]
)
def test_the_verdict_follows_the_interval(scale, verdict, evaluate, judged):
    one, other = errors(scale), errors(seed=1)
    evaluate("a", one)
    evaluate("b", other)
    found = judged(ERROR)["A1"]
    assert (found["paper"], found["verdict"], found["formula"]) == ("paper2020", verdict, "a:mse / b:mse")
    assert found["effect"] == pytest.approx(one.mean() / other.mean(), rel=1e-5)
    low, high = found["interval"]
    assert low < found["effect"] < high
    assert high - low < 0.05  # of pairs: the images' own spread is 0.4
    assert found["scale"] == "paper (official faces): 1,000 images seen in training, 100 test images"


@pytest.mark.parametrize("profile", ["demo", "sample"])
def test_a_smaller_scale_decides_nothing_and_shows_its_effect(profile, evaluate, judged):
    evaluate("a", errors(0.5), profile)
    evaluate("b", errors(), profile)
    found = judged(ERROR)["A1"]
    assert found["verdict"] == profile
    assert found["effect"] == pytest.approx(0.5, rel=0.05)
    assert judged(ratio("a:grain", "b:grain", above(1)))["A1"]["verdict"] == "not run"


def test_rows_of_a_smaller_scale_spoil_a_claim_on_all(evaluate, judged):
    evaluate("a", errors(0.5), "paper")
    evaluate("b", errors(), "demo")
    assert judged(ERROR)["A1"]["verdict"] == "demo"


def test_the_profiles_cap_on_images_decides_nothing_where_it_bites(evaluate, tmp_path):
    evaluate("a", errors())
    claims = {"paper2020": [Claim("A1", "", "", "", (value("a:mse", below(1)),))]}
    results = judge.load(tmp_path / "results")
    verdicts = [judge.judge(claims, results, cap)[0]["verdict"] for cap in (None, 1001, 1000)]
    assert verdicts == ["reproduced", "reproduced", "paper"]


def test_a_part_that_decides_is_not_spoilt_by_one_that_does_not(evaluate, judged):
    for key, scale, profile in (("a", 2.0, "paper"), ("b", 1.0, "paper"), ("c", 0.5, "sample"), ("d", 1.0, "sample")):
        evaluate(key, errors(scale), profile)
    found = judged(ERROR._replace(name="whole"), ratio("c:mse", "d:mse", below(1), "less"))
    assert [found[f"A1{name}"]["verdict"] for name in ("-whole", "-less", "")] == [
        "not reproduced",
        "sample",
        "not reproduced",
    ]


def test_a_missing_row_or_number_is_named(evaluate, judged):
    evaluate("a", errors(0.5))
    assert judged(ERROR)["A1"]["missing"] == ["b"]
    evaluate("b", errors())
    found = judged(ERROR)["A1"]
    assert (found["verdict"], found["missing"]) == ("reproduced", [])
    found = judged(ratio("a:grain", "b:grain", above(1)))["A1"]
    assert (found["verdict"], found["effect"], found["interval"]) == ("not run", None, None)
    assert found["missing"] == ["a:grain", "b:grain"]


def test_with_no_results_at_all_only_arithmetic_is_decided(judged):
    found = judged(ERROR)["A1"]
    assert (found["verdict"], found["scale"]) == ("not run", "-")
    found = judged(value(Arithmetic("compression", 0.99), Rule(0.94, 0.96)))["A1"]
    assert (found["verdict"], found["effect"], found["experiments"]) == ("not reproduced", 0.99, [])
    assert (found["metric"], found["formula"]) == ("compression", "arithmetic:compression")


def test_a_claim_is_as_good_as_its_worst_part(evaluate, judged):
    parts = ratio("a:mse", "b:mse", above(2), "ruined"), ratio("c:mse", "b:mse", below(2), "spared")
    evaluate("b", errors())
    evaluate("a", errors(3.0))
    assert judged(*parts)["A1"]["verdict"] == "not run"
    evaluate("c", errors(1.5))
    assert {found["verdict"] for found in judged(*parts).values()} == {"reproduced"}
    evaluate("c", errors(2.5))
    claim, ruined, spared = judged(*parts).values()
    assert [found["verdict"] for found in (claim, ruined, spared)] == ["not reproduced", "reproduced", "not reproduced"]
    assert claim["effect"] == spared["effect"]
    assert claim["experiments"] == ["a", "b", "c"]


def test_what_stands_beside_decides_nothing(evaluate, judged):
    evaluate("a", errors(), sharpness=np.full(100, 0.5), coarse=np.full(100, 2.0))
    found = judged(value("a:sharpness", below(1), "sharp"), value("a:coarse", None, "coarse"))
    assert found["A1"]["verdict"] == "reproduced"
    assert [found["A1-coarse"][key] for key in ("effect", "rule", "verdict")] == [2.0, None, None]


@pytest.mark.parametrize(("swd", "verdict"), [(12.0, "reproduced"), (10.4, "inconclusive"), (8.0, "not reproduced")])
def test_without_an_interval_the_rule_has_a_margin(swd, verdict, evaluate, judged):
    evaluate("a", errors(), swd=swd)
    evaluate("b", errors(), swd=10.0)
    found = judged(ratio("a:swd", "b:swd", above(1, NEAR)))["A1"]
    assert (found["interval"], found["rule"], found["verdict"]) == (None, "> 1 ± 0.05", verdict)


@pytest.mark.parametrize(("scale", "verdict"), [(1.1, "reproduced"), (0.9, "reproduced"), (1.0, "not reproduced")])
def test_a_change_counts_in_either_direction(scale, verdict, evaluate, judged):
    evaluate("a", errors(scale, images=2000))
    evaluate("b", errors(images=2000))
    assert judged(ratio("a:mse", "b:mse", Rule(0.99, 1.01, outside=True)))["A1"]["verdict"] == verdict


def test_overfitting_is_told_from_the_training_error(evaluate, judged):
    evaluate("a", errors(images=400), generalisation_gap=1.02)
    found = judged(value("a:generalisation_gap", below(1.1)))["A1"]
    assert found["effect"] == pytest.approx(1.02)
    assert found["interval"][0] < 1.02 < found["interval"][1]


def test_images_without_a_value_are_left_out_of_both_rows(evaluate, judged):
    one, other = errors(0.5), errors()
    evaluate("a", errors(), grain=np.where(np.arange(100) < 10, math.nan, one))
    evaluate("b", errors(), grain=other)
    effect = judged(ratio("a:grain", "b:grain", above(1)))["A1"]["effect"]
    assert effect == pytest.approx(one[10:].mean() / other[10:].mean(), rel=1e-5)


def test_what_has_no_value_is_missing(evaluate, judged):
    evaluate("a", errors(), precision=0.0, chance=0.1, pixels=0.0, grain=np.full(100, math.nan))
    evaluate("b", errors(), grain=errors())
    found = judged(ratio("a:precision", "a:chance", above(1), "chance"), ratio("a:precision", "a:pixels", None, "b"))
    assert (found["A1-chance"]["effect"], found["A1-chance"]["verdict"]) == (0, "not reproduced")
    assert (found["A1-b"]["effect"], found["A1-b"]["missing"]) == (None, ["a value of a:precision / a:pixels"])
    found = judged(ratio("a:grain", "b:grain", above(1)))["A1"]
    assert (found["verdict"], found["missing"]) == ("not run", ["a value of a:grain / b:grain"])


def test_rows_of_different_test_images_are_refused(evaluate, judged):
    evaluate("a", errors(images=80))
    evaluate("b", errors(images=100))
    message = r"a:mse and b:mse were measured on different test images \(80, 100 of them\)"
    with pytest.raises(files.BadInput, match=message):
        judged(ERROR)


def test_several_seeds_count_and_a_closed_form_stands_beside_each(evaluate, judged):
    values = [errors(scale, seed=seed) for seed, scale in enumerate((0.8, 0.9, 1.0))]
    evaluate("a", np.concatenate(values), seed=np.repeat([0, 1, 2], 100), image=np.tile(np.arange(100), 3))
    evaluate("b", errors(seed=3))
    several = judged(ERROR)["A1"]
    assert several["effect"] == pytest.approx(0.9, rel=0.02)
    evaluate("a", values[1])
    one = judged(ERROR)["A1"]
    assert one["verdict"] == "reproduced"
    assert several["verdict"] == "inconclusive"  # another seed might be worse than the closed form
    assert several["interval"][1] - several["interval"][0] > 5 * (one["interval"][1] - one["interval"][0])


def warming_up(kl: list[float]) -> pd.DataFrame:
    step = np.arange(1, len(kl) + 1)
    table = pd.DataFrame({"step": step * 10, "beta": np.minimum(1, step / 4), "validation_kl_nats": kl, "kl_nats": kl})
    return table.assign(elbo_nats=100.0, mse_over_variance=2.0)


def test_the_kl_is_followed_through_warm_up_and_after(evaluate, judged):
    evaluate("a", errors(0.9), history_rows=warming_up([80, 60, 40, 42, 45, 50]))
    evaluate("b", errors(), history_rows=warming_up([30] * 6).assign(mse_over_variance=2.5))
    found = judged(
        ratio("a:kl_nats_warmed_up", "a:kl_nats_first", below(1, NEAR), "falls"),
        ratio("a:kl_nats_last", "a:kl_nats_warmed_up", above(1, NEAR), "rises"),
        ratio("a:train_mse_over_variance", "b:train_mse_over_variance", below(1, NEAR), "training"),
    )
    assert [found[f"A1-{name}"]["effect"] for name in ("falls", "rises", "training")] == [0.5, 1.25, 0.8]
    assert found["A1"]["verdict"] == "reproduced"


@pytest.mark.parametrize(("late", "verdict"), [(5, "reproduced"), (20, "not reproduced")])
def test_the_kl_may_be_large_only_at_the_start(late, verdict, evaluate, judged):
    evaluate("a", errors(), history_rows=warming_up([50, *[3] * 18, late]).assign(beta=1.0))
    found = judged(value("a:kl_share", below(0.1, 0.01)))["A1"]
    assert (found["effect"], found["verdict"]) == (late / 100, verdict)


def test_what_is_known_of_outliers_belongs_to_the_row(evaluate, judged, tmp_path):
    evaluate("a", errors())
    outliers = tmp_path / "results/paper2020/a/outliers"
    files.write_json(outliers / "metrics.json", {"auroc": 0.75})
    files.write_csv(outliers / "images.csv", [{"seed": 0, "image": i, "above": i % 2} for i in range(100)])
    found = judged(value("a:auroc", above(0.5), "auroc"), value("a:above", None, "above"))
    assert [found[name]["effect"] for name in ("A1-auroc", "A1-above")] == [0.75, 0.5]
    assert found["A1-above"]["interval"]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(files.BadInput, match="no results there; expected <paper>/<experiment>; run `dvc repro coll"):
        judge.load(tmp_path)


def test_effects_by_id_are_of_claims_or_of_their_parts_as_far_as_there_are_any(evaluate, judged):
    evaluate("a", errors(), swd=3.0)
    found = [*judged(value("a:swd", above(1), "one"), value("b:swd", above(1), "none")).values()]
    found += [one | {"id": "A2"} for one in judged(value("a:swd", above(1))).values()]
    assert judge.flat(found) == {"A1-one": 3.0, "A2": 3.0}


def test_printed_lines_are_narrow_and_end_in_a_count(evaluate, judged):
    evaluate("a", errors(0.8), "demo", a_gain_of_a_very_long_name=-1.25)
    evaluate("b", errors(), "demo", a_gain_of_a_very_long_name=12.5)
    parts = ERROR._replace(name="mse"), difference("a:a_gain_of_a_very_long_name", "b:a_gain_of_a_very_long_name", None)
    lines = list(judge.lines(judged(*parts, value("c:" + "long_" * 30, below(0), "none")).values()))
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"A1  {'They differ.':<82}not run"
    assert "    " + f"{'':<13}a_gain_of_a_very_long…   -13.75  -                     -" in lines
    assert re.fullmatch(r" +mse +mse +×0\.[78]\d+ +\[0\.[78]\d+, 0\.[78]\d+\] +< 1 +demo", lines[1])
    assert lines[-1] == "1 claims: 1 not run"
    assert (
        list(judge.lines(judged(ERROR).values()))[-1] == "demo: not the papers' own scale, decides nothing about them"
    )
