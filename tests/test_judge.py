"""What follows from numbers for a claim."""

import re

import numpy as np
import pytest
import rows
from rows import errors

from autofaces.core import files
from autofaces.verdicts import judge, results
from autofaces.verdicts.rules import NEAR, Arithmetic, Claim, Part, Rule, above, below, difference, rank, ratio, value

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

    def judged(*parts: Part, idle: tuple[str, ...] = ()) -> dict[str, dict]:
        claim = Claim("A1", "section 1", "They differ.", "The error says so.", parts)
        found = results.load(tmp_path / "results") if (tmp_path / "results").exists() else {}
        return {one["id"]: one for one in judge.judge({"paper2020": [claim]}, found, idle)}

    return judged


def seeds(*scales: float, images: int = 100) -> np.ndarray:
    """Errors of trainings from as many seeds, (S, N)."""
    return np.stack([errors(scale, images, seed) for seed, scale in enumerate(scales)])


def width(found: dict) -> float:
    return found["interval"][1] - found["interval"][0]


@pytest.mark.parametrize(("scale", "verdict"), [(0.8, "holds"), (1.2, "fails"), (1.0, "open"), (0.97, "holds")])
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


@pytest.mark.parametrize(("profile", "grade"), [("demo", "synthetic"), ("sample", "reduced"), ("paper", "paper")])
def test_a_verdict_is_given_at_every_scale_with_its_grade_and_shares(profile, grade, evaluate, judged):
    evaluate("a", seeds(0.5, 0.5, 0.5), profile)
    evaluate("b", seeds(1, 1, 1), profile)
    found = judged(ERROR)["A1"]
    passes, width = (1.0, 1.0) if profile == "paper" else (0.25, 0.25)
    assert (found["verdict"], found["grade"]) == ("holds", grade)
    assert found["shares"] == {"data": 1, "passes": passes, "width": width, "batch": 1, "size": 1, "seeds": 3}


def test_the_least_row_grades_a_claim_but_one_that_only_stands_beside_does_not(evaluate, judged):
    for key, profile in (("a", "paper"), ("b", "paper"), ("c", "demo")):
        evaluate(key, seeds(0.9, 1, 1), profile)
    deciding, beside = ratio("a:mse", "b:mse", below(2), "x"), ratio("c:mse", "b:mse", None, "beside")
    assert [found["grade"] for found in judged(deciding, beside).values()] == ["paper", "paper", "synthetic"]
    assert judged(deciding, beside._replace(rule=below(2)))["A1"]["grade"] == "synthetic"


def test_a_missing_row_or_number_is_named(evaluate, judged):
    evaluate("a", errors(0.5))
    assert (judged(ERROR)["A1"]["missing"], judged(ERROR)["A1"]["reason"]) == (["b"], "missing: b")
    evaluate("b", errors())
    found = judged(ERROR)["A1"]
    assert (found["verdict"], found["missing"], found["reason"]) == ("holds", [], None)
    found = judged(ratio("a:grain", "b:grain", above(1)))["A1"]
    assert (found["verdict"], found["effect"], found["interval"]) == ("not run", None, None)
    assert found["missing"] == ["a:grain", "b:grain"]


def test_with_no_results_at_all_only_arithmetic_is_decided(judged):
    found = judged(ERROR)["A1"]
    assert [found[name] for name in ("verdict", "grade", "shares")] == ["not run", None, None]
    found = judged(value(Arithmetic("compression", 0.99), Rule(0.94, 0.96)))["A1"]
    assert (found["verdict"], found["effect"], found["experiments"]) == ("fails", 0.99, [])
    assert (found["metric"], found["formula"], found["grade"]) == ("compression", "arithmetic:compression", "paper")


def test_a_claim_is_as_good_as_its_worst_part(evaluate, judged):
    parts = ratio("a:mse", "b:mse", above(2), "ruined"), ratio("c:mse", "b:mse", below(2), "spared")
    evaluate("b", errors())
    evaluate("a", errors(3.0))
    assert judged(*parts)["A1"]["verdict"] == "not run"
    assert judged(*parts)["A1"]["reason"] == "not run: spared; missing: c"
    evaluate("c", errors(1.5))
    assert {found["verdict"] for found in judged(*parts).values()} == {"holds"}
    evaluate("c", errors(2.5))
    claim, ruined, spared = judged(*parts).values()
    assert [found["verdict"] for found in (claim, ruined, spared)] == ["fails", "holds", "fails"]
    assert claim["effect"] == spared["effect"]
    assert (claim["reason"], spared["reason"]) == ("fails: spared", None)
    assert claim["experiments"] == ["a", "b", "c"]


def test_a_part_that_fails_counts_for_more_than_one_that_is_not_run_or_open(evaluate, judged):
    evaluate("a", errors(2.0), nothing=None)
    evaluate("b", errors())
    parts = value("c:mse", below(1), "gone"), value("a:nothing", below(1), "empty")
    assert judged(*parts)["A1"]["verdict"] == "not run"
    assert judged(ERROR._replace(name="worse"), *parts)["A1"]["verdict"] == "fails"
    assert judged(ratio("b:mse", "a:mse", below(1), "better"), parts[1])["A1"]["verdict"] == "open"


def test_one_of_many_parts_has_to_break_its_rule_the_more_clearly(evaluate, judged):
    one, other = errors(), errors(seed=1)
    evaluate("a", 1.0178 * one * other.mean() / one.mean())  # 2.5 standard errors of 0.0071 above 1
    evaluate("b", other)
    alone = judged(ERROR)["A1"]
    assert (alone["verdict"], alone["interval"][0] > 1) == ("fails", True)
    among = judged(*(ERROR._replace(name=f"p{i}") for i in range(20)))
    assert among["A1-p0"]["interval"] == alone["interval"]
    assert (among["A1"]["verdict"], among["A1-p0"]["verdict"]) == ("open", "open")
    words = "breaks its rule at 95 %, not at the 99.75 % that one of 20 parts must"
    assert among["A1-p0"]["reason"] == words
    # those that stand beside, or are left out, do not count, and to hold takes no correction
    beside = [ERROR._replace(name=f"p{i}", rule=None) for i in range(19)]
    assert judged(ERROR._replace(name="one"), *beside)["A1"]["verdict"] == "fails"
    idle = [ratio("c:mse", "b:mse", below(1), f"p{i}") for i in range(19)]
    assert judged(ERROR._replace(name="one"), *idle, idle=("c",))["A1"]["verdict"] == "fails"
    held = judged(*(ratio("b:mse", "a:mse", below(1), f"p{i}") for i in range(20)))
    assert {found["verdict"] for found in held.values()} == {"holds"}


def test_ablations_that_the_profile_does_not_run_are_left_out_where_other_parts_decide(evaluate, judged):
    parts = ERROR._replace(name="own"), ratio("c:mse", "b:mse", below(1), "ablation")
    evaluate("a", errors(0.8))
    evaluate("b", errors())
    assert judged(*parts)["A1"]["verdict"] == "not run"  # c is no ablation: it should be there
    claim, _, ablation = judged(*parts, idle=("c",)).values()
    assert (claim["verdict"], ablation["verdict"]) == ("holds", "not run")
    assert ablation["reason"] == "ablations: set profiles.*.ablations to run them"
    assert claim["reason"] == "left out: ablation (ablations: set profiles.*.ablations to run them)"
    assert claim["missing"] == []
    assert judged(parts[1], idle=("c",))["A1"]["verdict"] == "not run"
    both = parts[1], ratio("c:grain", "b:grain", above(1), "grain")
    assert judged(*both, idle=("c",))["A1"]["missing"] == ["c", "b:grain"]
    evaluate("c", errors(1.2))
    assert judged(*parts, idle=("c",))["A1"]["verdict"] == "fails"


def test_what_stands_beside_decides_nothing(evaluate, judged):
    evaluate("a", errors(), sharpness=np.full(100, 0.5), coarse=np.full(100, 2.0))
    found = judged(value("a:sharpness", below(1), "sharp"), value("a:coarse", None, "coarse"))
    assert found["A1"]["verdict"] == "holds"
    assert [found["A1-coarse"][key] for key in ("effect", "rule", "verdict")] == [2.0, None, None]


@pytest.mark.parametrize(("swd", "verdict"), [(12.0, "holds"), (10.4, "open"), (8.0, "fails")])
def test_without_an_interval_the_rule_has_a_margin(swd, verdict, evaluate, judged):
    evaluate("a", errors(), swd=swd)
    evaluate("b", errors(), swd=10.0)
    found = judged(ratio("a:swd", "b:swd", above(1, NEAR)))["A1"]
    assert (found["interval"], found["rule"], found["verdict"]) == (None, "> 1 ± 0.05", verdict)


@pytest.mark.parametrize(("scale", "verdict"), [(1.1, "holds"), (0.9, "holds"), (1.0, "fails")])
def test_a_change_counts_in_either_direction(scale, verdict, evaluate, judged):
    evaluate("a", errors(scale, images=2000))
    evaluate("b", errors(images=2000))
    assert judged(ratio("a:mse", "b:mse", Rule(0.99, 1.01, outside=True)))["A1"]["verdict"] == verdict


def test_overfitting_is_told_from_the_training_error_of_the_same_seed(evaluate, judged):
    found = np.array([0.5, 1, 2])[:, None] * errors(images=400)
    evaluate("a", found, seeds={"train_mse": found.mean(1) / 1.02})
    claim = judged(value("a:generalisation_gap", below(1.1)))["A1"]
    assert claim["effect"] == pytest.approx(1.02)
    assert claim["interval"][0] < 1.02 < claim["interval"][1]
    assert (claim["verdict"], width(claim) < 0.15) == ("holds", True)  # seeds differ in error by 4, in the gap not


def test_images_of_one_person_are_not_independent(evaluate, judged):
    difference = np.repeat(np.random.default_rng(0).lognormal(0, 0.3, 20), 5)
    narrow, wide = [], []
    for groups, found in ((np.arange(100), narrow), (np.repeat(np.arange(20), 5), wide)):
        evaluate("a", errors() * difference, groups=groups)
        evaluate("b", errors(), groups=groups)
        found.append(width(judged(ERROR)["A1"]))
    assert wide[0] > 1.5 * narrow[0]


def test_images_of_a_single_person_say_nothing_of_others(evaluate, judged):
    for key in "ab":
        evaluate(key, errors(0.5 if key == "a" else 1), groups=np.zeros(100, int))
    found = judged(ERROR)["A1"]
    assert (found["verdict"], found["interval"]) == ("open", None)
    assert found["reason"] == "too few images for an interval"


def test_images_without_a_value_are_left_out_of_both_rows(evaluate, judged):
    one, other = errors(0.5), errors()
    evaluate("a", errors(), grain=np.where(np.arange(100) < 10, np.nan, one))
    evaluate("b", errors(), grain=other)
    effect = judged(ratio("a:grain", "b:grain", above(1)))["A1"]["effect"]
    assert effect == pytest.approx(one[10:].mean() / other[10:].mean(), rel=1e-5)


@pytest.mark.parametrize("grain", [None, np.full(100, np.nan)], ids=["null in metrics.json", "empty cells"])
def test_a_number_without_value_leaves_a_claim_open_and_is_named(grain, evaluate, judged):
    evaluate("a", errors(), grain=grain)
    evaluate("b", errors(), grain=errors())
    found = judged(ratio("b:grain", "a:grain", above(1)))["A1"]
    assert [found[name] for name in ("verdict", "effect", "missing")] == ["open", None, []]
    assert found["reason"] == "a:grain has no value"


def test_a_seed_that_collapsed_is_named(evaluate, judged):
    grain = seeds(1, 1, 1)
    grain[1] = np.nan
    evaluate("a", seeds(1, 1, 1), grain=grain)
    found = judged(value("a:grain", above(0)))["A1"]
    assert (found["verdict"], found["reason"]) == ("open", "a:grain has no value under seed 1")


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (lambda place: place >= 50, "50 of 50 images lack a:grain or b:grain"),
        (lambda place: place < 44, "6 of 50 images lack a:grain or b:grain"),
        (lambda place: place < 45, None),
    ],
)
def test_what_a_tenth_of_the_images_lack_is_no_effect(other, reason, evaluate, judged):
    place = np.arange(100)
    evaluate("a", errors(), grain=np.where(place < 50, errors(), np.nan))
    evaluate("b", errors(), grain=np.where(other(place), errors(), np.nan))
    found = judged(ratio("a:grain", "b:grain", above(1)))["A1"]
    assert (found["reason"], found["effect"] is None) == (reason, reason is not None)


def test_rows_none_of_which_reconstruct_leave_a_comparison_open(evaluate, judged):
    mean = errors(1.5)
    for key, scale in (("good", 0.5), ("poor", 1.4), ("worst", 3.0)):
        evaluate(key, errors(scale), mse_of_mean=mean, kl_nats=errors(scale))
    comparison = ratio("poor:mse", "worst:mse", below(1))
    evaluate("poor", errors(1.5), mse_of_mean=mean, kl_nats=errors(1.5))
    found = judged(comparison)["A1"]
    assert (found["verdict"], found["reason"]) == ("open", "no better than the average picture: poor, worst")
    assert judged(ratio("good:mse", "worst:mse", below(1)))["A1"]["verdict"] == "holds"  # one of them does
    assert judged(ratio("poor:kl_nats", "worst:kl_nats", below(1)))["A1"]["verdict"] == "holds"  # of codes
    assert judged(ratio("worst:mse", "worst:mse_of_mean", below(1)))["A1"]["verdict"] == "fails"  # the very question


def test_what_is_counted_of_the_papers_network_rests_on_no_training(evaluate, judged):
    for key, count in (("a", 5), ("b", 10)):
        evaluate(key, errors(), "demo", parameters=count, parameters_full=count)
    grades = [
        judged(ratio(f"a:{name}", f"b:{name}", below(1)))["A1"]["grade"] for name in ("parameters", "parameters_full")
    ]
    assert grades == ["synthetic", "paper"]


@pytest.mark.parametrize("zero", [0.0, np.zeros(100)], ids=["one number", "of each image"])
def test_a_ratio_of_0_is_0_and_a_ratio_over_0_is_none(zero, evaluate, judged):
    evaluate("a", errors(), sharpness=zero)
    evaluate("b", errors(), sharpness=1.0 if np.isscalar(zero) else errors())
    found = judged(ratio("a:sharpness", "b:sharpness", below(1), "of"), ratio("b:sharpness", "a:sharpness", None, "by"))
    assert (found["A1-of"]["effect"], found["A1-of"]["verdict"]) == (0, "holds")
    assert found["A1-of"]["interval"] in (None, [0, 0])
    assert (found["A1-by"]["effect"], found["A1-by"]["reason"]) == (None, "a:sharpness is 0")
    assert judged(ratio("a:sharpness", "b:sharpness", above(1)))["A1"]["verdict"] == "fails"


def test_a_ratio_that_is_0_under_one_seed_has_an_interval(evaluate, judged):
    grain = seeds(0.5, 0.5, 0.5)
    grain[2] = 0
    evaluate("a", seeds(1, 1, 1), grain=grain)
    evaluate("b", errors(), grain=errors())
    found = judged(ratio("a:grain", "b:grain", below(3)))["A1"]
    assert found["interval"][0] < found["effect"] < found["interval"][1]
    assert found["effect"] == pytest.approx(1 / 3, rel=0.05)


def test_numbers_may_be_negative(evaluate, judged):
    evaluate("a", errors(), gain=-errors(2.0))
    evaluate("b", errors(), gain=errors())
    found = judged(ratio("a:gain", "b:gain", above(0), "ratio"), difference("a:gain", "b:gain", below(0), "less"))
    assert found["A1-ratio"]["effect"] == pytest.approx(-2, rel=0.05)
    assert [found[name]["verdict"] for name in ("A1-ratio", "A1-less")] == ["fails", "holds"]


def test_rows_of_different_test_images_are_refused(evaluate, judged):
    evaluate("a", errors(images=80))
    evaluate("b", errors(images=100))
    message = r"a:mse and b:mse were measured on different test images \(80, 100 of them\)"
    with pytest.raises(files.BadInput, match=message):
        judged(ERROR)
    evaluate("a", errors(images=100), groups=np.repeat(np.arange(50), 2))
    with pytest.raises(files.BadInput, match=r"different test images \(100, 100 of them\); run `dvc repro evaluate`"):
        judged(ERROR)


def test_rows_of_different_seeds_are_refused(evaluate, judged):
    evaluate("a", seeds(1, 1, 1))
    evaluate("b", seeds(1, 1))
    with pytest.raises(files.BadInput, match="a:mse and b:mse are of different seeds; run `dvc repro evaluate`"):
        judged(ERROR)


def test_test_images_cannot_be_compared_with_folds_or_validation_images(evaluate, judged):
    evaluate("a", errors(), sets={"swd": np.ones(8)})
    for number, units in (("a:swd", "folds of samples"), ("a:mse@1", "validation images")):
        with pytest.raises(
            files.BadInput, match=f"cannot be compared image by image: they are of test images, {units}"
        ):
            judged(ratio("a:mse", number, None))


def test_several_seeds_count_and_a_closed_form_stands_beside_each(evaluate, judged):
    several = seeds(0.8, 0.9, 1.0)
    evaluate("a", several)
    evaluate("b", errors(seed=3), config={"train": None})
    three = judged(ERROR)["A1"]
    assert three["effect"] == pytest.approx(0.9, rel=0.02)
    assert three["shares"]["seeds"] == 3
    evaluate("a", several[1])
    one = judged(ERROR)["A1"]
    assert (one["verdict"], three["verdict"]) == ("holds", "open")  # another seed might be worse than the closed form
    assert width(three) > 5 * width(one)


@pytest.mark.parametrize(
    ("units", "verdict"), [((60, 61, 62), "holds"), ((52, 61, 70), "open"), ((38, 39, 40), "fails")]
)
def test_what_is_known_of_seeds_alone_has_an_interval_over_them(units, verdict, evaluate, judged):
    evaluate("a", seeds(1, 1, 1), seeds={"active_units": units})
    found = judged(value("a:active_units", above(50, 1)))["A1"]
    assert (found["effect"], found["verdict"], found["rule"]) == (np.mean(units), verdict, "> 50")
    mean, half = np.mean(units), 4.302653 * np.std(units, ddof=1) / np.sqrt(3)  # t with 2 degrees of freedom
    assert found["interval"] == pytest.approx([mean - half, mean + half], rel=1e-4)


def test_what_is_the_same_under_every_seed_is_exact(evaluate, judged):
    evaluate("a", seeds(1, 1, 1), seeds={"parameters": 90.0})
    evaluate("b", errors(), seeds={"parameters": 100.0})
    found = judged(ratio("a:parameters", "b:parameters", below(1)))["A1"]
    assert (found["effect"], found["interval"], found["verdict"]) == (0.9, None, "holds")


def test_folds_of_samples_give_an_interval(evaluate, judged):
    fold = np.random.default_rng(0).normal(0, 0.1, 8)
    evaluate("a", errors(), sets={"swd": 12 + fold}, swd=12.0)
    evaluate("b", errors(), sets={"swd": 10 + 2 * fold}, swd=10.0)
    found = judged(ratio("a:swd", "b:swd", above(1, NEAR)))["A1"]
    assert (found["verdict"], found["rule"]) == ("holds", "> 1")
    assert 1 < found["interval"][0] < found["effect"] < found["interval"][1]


GATED = ratio("a:swd", "b:swd", below(1), gate=("a", "b"))


def faces(pca: float) -> dict:
    """Samples at a distance of about 10, those of a Gaussian on principal components at another."""
    fold = np.random.default_rng(0).normal(0, 0.1, 8)
    return {"swd": 10 + fold, "swd_pca": pca + fold}


@pytest.mark.parametrize(
    ("pca", "verdict"), [((12, 5), "holds"), ((5, 12), "holds"), ((5, 10), "open"), ((5, 5), "open")]
)
def test_samples_none_of_which_are_near_to_faces_leave_a_comparison_open(pca, verdict, evaluate, judged):
    for key, distance, less in zip("ab", pca, (0.5, 0), strict=True):
        near = faces(distance)
        evaluate(key, errors(), sets=near | {"swd": near["swd"] - less})
    found = judged(GATED)["A1"]
    assert (found["verdict"], found["effect"] < 1) == (verdict, True)
    if verdict == "open":
        words = "no samples shown to be nearer to faces than a Gaussian's on PCA codes"
        assert re.fullmatch(words + r" \(swd / swd_pca: a ×1.89, b ×(1|1.99)\)", found["reason"])


def test_a_gate_that_was_not_measured_is_missing_unless_another_row_passes(evaluate, judged):
    evaluate("a", errors(), sets={"swd": faces(1)["swd"] - 0.5})
    evaluate("b", errors(), sets=faces(5))
    found = judged(GATED)["A1"]
    assert (found["verdict"], found["missing"]) == ("not run", ["a:swd_pca"])
    evaluate("b", errors(), sets=faces(15))
    assert (judged(GATED)["A1"]["verdict"], judged(GATED)["A1"]["missing"]) == ("holds", [])


def test_rows_of_a_gate_are_among_the_experiments(evaluate, judged):
    evaluate("a", errors(), sharpness=errors())
    evaluate("b", errors(), sets=faces(12))
    found = judged(value("a:sharpness", above(0), gate=("b",)))["A1"]
    assert (found["experiments"], found["verdict"]) == (["a", "b"], "holds")


THEIRS = (1.0, 2.0, 3.0, 4.0, 5.0)
RANK = rank([f"{key}:mse" for key in "abcde"], THEIRS, above(0.5))


@pytest.mark.parametrize(
    ("scales", "effect", "verdict"),
    [((1, 2, 3, 4, 5), 1.0, "holds"), ((5, 4, 3, 2, 1), -1.0, "fails"), ((2, 1, 3, 4, 5), 0.9, "holds")],
)
def test_an_order_is_compared_with_theirs(scales, effect, verdict, evaluate, judged):
    for key, scale in zip("abcde", scales, strict=True):
        evaluate(key, errors(scale))
    found = judged(RANK)["A1"]
    assert (found["effect"], found["verdict"]) == (effect, verdict)
    assert -1 <= found["interval"][0] <= found["interval"][1] <= 1
    assert found["formula"] == "rank(a:mse, b:mse, c:mse, d:mse, e:mse)"


def test_an_order_of_rows_that_are_alike_is_open(evaluate, judged):
    for seed, key in enumerate("abcde"):
        evaluate(key, errors(seed=seed))
    assert judged(RANK)["A1"]["verdict"] == "open"


def test_rows_that_are_all_equal_have_no_order(evaluate, judged):
    for key in "abcde":
        evaluate(key, errors())
    found = judged(RANK)["A1"]
    assert (found["verdict"], found["effect"]) == ("open", None)
    assert found["reason"] == "no order among numbers that are all equal"


def test_effects_along_the_training_are_of_the_validation_images_that_all_rows_looked_at(evaluate, judged):
    image = errors(images=64)
    falling = np.linspace(3, 1, 10)[:, None] * image
    evaluate("a", errors(), horizon={"mse": falling})
    evaluate("b", errors(), horizon={"mse": np.tile(image[:16], (10, 1))})
    found = judged(
        ratio("a:mse@1", "b:mse@1", below(2), "end"),
        ratio("a:mse@1/512", "a:mse@1", above(2), "falls"),
        ratio("a:mse@1/8", "b:mse@1", above(1), "less"),
    )
    assert [found[f"A1-{name}"]["effect"] for name in ("end", "falls", "less")] == pytest.approx(
        [1, 3, 5 / 3], rel=1e-5
    )
    assert found["A1"]["verdict"] == "holds"
    assert judged(value("a:kl_nats@1/8", above(0)))["A1"]["missing"] == ["a:kl_nats@1/8"]
    with pytest.raises(files.BadInput, match=r"a:mse@1/3: no share 1/3 of a training; known: 1/512, .*, 1/2, 1$"):
        judged(value("a:mse@1/3", above(0)))


def test_a_closed_form_is_the_same_all_along_the_training(evaluate, judged):
    evaluate("a", errors(), horizon={"mse": np.tile(errors(images=8), (10, 1))})
    evaluate("b", errors(), horizon={"mse": errors(images=8)[None] / 2}, config={"train": None})
    assert judged(ratio("a:mse@1/8", "b:mse@1/8", above(1)))["A1"]["effect"] == pytest.approx(2)


def test_numbers_of_seeds_along_the_training_have_no_value_where_none_was_measured(evaluate, judged):
    swd = np.full(10, np.nan)
    swd[[5, 7, 9]] = 30, 20, 10
    evaluate("a", errors(), horizon_seeds={"swd": swd})
    found = judged(ratio("a:swd@1/16", "a:swd@1", above(2), "falls"), value("a:swd@1/8", None, "not"))
    assert (found["A1-falls"]["effect"], found["A1-falls"]["verdict"]) == (3, "holds")
    assert found["A1-not"]["reason"] == "a:swd@1/8 has no value"


def test_what_is_known_of_outliers_belongs_to_the_row(evaluate, judged, tmp_path):
    evaluate("a", errors())
    outliers = tmp_path / "results/paper2020/a/outliers"
    files.write_json(outliers / "metrics.json", {"auroc": 0.75})
    table = [{"seed": 0, "image": i, "group": i, "above": i % 2} for i in range(100)]
    files.write_csv(outliers / "images.csv", table)
    found = judged(value("a:auroc", above(0.5), "auroc"), value("a:above", None, "above"))
    assert [found[name]["effect"] for name in ("A1-auroc", "A1-above")] == [0.75, 0.5]
    assert found["A1-above"]["interval"]


def test_the_numbers_of_images_at_which_the_effect_crosses_its_rule_are_told(evaluate, judged):
    course = np.array([1.5, 1.4, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 1.2, 1.1])[:, None] * errors(images=8)
    evaluate("a", errors(0.5), horizon={"mse": course})
    evaluate("b", errors(), horizon={"mse": np.tile(errors(images=8), (10, 1))})
    assert judged(ERROR)["A1"]["turns"] == [300, 900]
    assert judged(ERROR._replace(rule=None))["A1"]["turns"] == []


def test_words_are_the_papers_own_at_their_scale_alone():
    assert [judge.words(verdict, "paper") for verdict in (judge.HOLDS, judge.FAILS)] == ["reproduced", "not reproduced"]
    assert [judge.words(verdict, "paper") for verdict in (judge.OPEN, judge.NOT_RUN)] == ["open", "not run"]
    assert {judge.words(judge.HOLDS, grade) for grade in ("reduced", "synthetic", None)} == {"holds"}


def test_effects_by_id_are_of_claims_or_of_their_parts_as_far_as_there_are_any(evaluate, judged):
    evaluate("a", errors(), swd=3.0)
    found = [*judged(value("a:swd", above(1), "one"), value("b:swd", above(1), "none")).values()]
    found += [one | {"id": "A2"} for one in judged(value("a:swd", above(1))).values()]
    assert judge.flat(found) == {"A1-one": 3.0, "A2": 3.0}


def test_printed_lines_are_narrow(evaluate, judged):
    evaluate("a", seeds(0.8, 0.8, 0.8), a_gain_of_a_very_long_name=-1.25)
    evaluate("b", seeds(1, 1, 1), a_gain_of_a_very_long_name=12.5)
    parts = [
        ratio("a:mse", "b:mse", Rule(0.99, 1.01, outside=True), "a-name-of-sixteen"),
        difference("a:a_gain_of_a_very_long_name", "b:a_gain_of_a_very_long_name", None, "gain"),
        value("c:" + "long_" * 30, below(0), "none"),
    ]
    lines = list(judge.lines(judged(*parts).values()))
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"A1  {'They differ.':<82}not run"
    assert re.fullmatch(r" +a-name-of-sixteen +mse +×0\.[78]\d+ +\[0\.\d+, 0\.\d+\]  outside .* +reproduced", lines[1])
    assert lines[2] == "    " + f"{'gain':<16}a_gain_of_a_very_long…   -13.75  -                     -"


def test_a_printed_part_says_why_and_where_it_turns(evaluate, judged):
    course = np.array([2, 2, 2, 2, 2, 0.5, 0.5, 2, 0.5, 0.5])[:, None] * errors(images=8)
    evaluate("a", errors(0.8), "demo", horizon={"mse": course}, nothing=None)
    evaluate("b", errors(), "demo", horizon={"mse": np.tile(errors(images=8), (10, 1))})
    lines = list(judge.lines(judged(ERROR._replace(name="mse"), value("a:nothing", above(0), "no")).values()))
    assert lines[1].endswith("< 1         holds")
    assert lines[2].strip() == "crosses its rule at 600, 800 and 900 images seen"
    assert lines[3] == "    no              a:nothing has no value"
    course[0] /= 4
    evaluate("a", errors(0.8), "demo", horizon={"mse": course})
    lines = list(judge.lines(judged(ERROR).values()))
    assert lines[2].strip() == "crosses its rule 4 times, the last time at 900 images seen"


def claim(verdict: str, grade: str | None, number: int, passes: float | None = 0.03, **more) -> dict:
    """A claim as `judge` gives it, as far as it is printed."""
    shares = grade and {"passes": passes, "size": 1.0}
    about = {"claim": "It is so.", "verdict": verdict, "grade": grade, "shares": shares, "experiments": ["a"]}
    about |= {"reason": None, "turns": [], "effect": 1.0, "interval": None, "kind": "value", "metric": "mse"}
    return about | {"rule": "> 1", "missing": []} | more | {"id": f"A{number}"}


def tally(*claims: dict) -> list[str]:
    lines = list(judge.lines(claims))
    return lines[lines.index("") + 1 :]


def test_printed_lines_end_in_how_many_claims_hold_on_synthetic_faces():
    claims = [claim(verdict, "synthetic", i) for i, verdict in enumerate(["holds"] * 3 + ["fails"] * 2 + ["open"] * 4)]
    assert tally(*claims) == ["9 claims on synthetic faces, 3 % of the papers' images: 3 hold, 2 fail, 4 open"]
    more = (
        claim("holds", "synthetic", 8, 0.125),
        claim("fails", "paper", 9, shares={"passes": None}),
        claim("not run", None, 10),
    )
    assert tally(*claims[3:5], *more) == [
        "3 claims on synthetic faces, 3 to 12 % of the papers' images: 1 holds, 2 fail; 1 by arithmetic: 1",
        "not reproduced; 1 not run",
    ]


def test_printed_lines_end_in_how_many_claims_are_reproduced_at_the_papers_scale_and_hold_below_it():
    claims = [claim("holds", "paper", 1), claim("fails", "paper", 2), claim("open", "reduced", 3)]
    assert tally(*claims, claim("holds", "reduced", 4)) == [
        "2 claims at the papers' scale: 1 reproduced, 1 not reproduced; 2 on real faces, at less than the",
        "papers' scale, 3 % of the papers' images: 1 holds, 1 open",
    ]
    assert tally(claim("not run", None, 1), claim("not run", None, 2)) == ["2 claims not run"]
    assert tally(claim("holds", "synthetic", 1, None)) == ["1 claim on synthetic faces: 1 holds"]


def test_a_rule_never_touches_the_verdict():
    lines = list(
        judge.lines(
            [claim("holds", "synthetic", 1), claim("holds", "synthetic", 1, rule="< 0.5 ± 0.01") | {"id": "A1-b"}]
        )
    )
    assert lines[1].endswith("< 0.5 ± 0.01 holds")


def test_printed_lines_end_in_how_many_parts_are_left_out():
    idle = {"reason": judge.ABLATION, "effect": None, "grade": None, "shares": None}
    parts = [claim("not run", None, 1) | idle | {"id": f"A1-{i}"} for i in range(3)]
    told = tally(claim("holds", "reduced", 1), *parts)
    assert told == [
        "1 claim on real faces, at less than the papers' scale, 3 % of the papers' images: 1 holds",
        "3 parts left out, ablations: set profiles.*.ablations to run them",
    ]
    assert tally(claim("not run", None, 1) | idle)[-1] == f"1 part left out, {judge.ABLATION}"
