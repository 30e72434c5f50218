"""How the effects of claims went on over the training."""

import numpy as np
import pandas as pd
import pytest
import rows
from rows import errors

from autofaces.verdicts import horizon, results
from autofaces.verdicts.rules import Arithmetic, Claim, above, below, difference, ratio, value

FACTORS = np.array([3, 2.5, 2, 1.5, 1.2, 0.9, 0.8, 0.7, 0.9, 1.1])
IMAGE = errors(images=64)


@pytest.fixture
def found(tmp_path):
    """Two rows whose errors differ by a factor that changes over the training, and one of a closed form."""
    luck = np.random.default_rng(0).lognormal(0, 0.05, (10, 16))
    curves = {"mse": FACTORS[:, None] * luck * IMAGE[:16], "grain": np.where(np.arange(10) > 1, 1.0, np.nan)[:, None]}
    rows.write(tmp_path / "results/p/a", errors(), horizon=curves)
    rows.write(tmp_path / "results/p/b", errors(), horizon={"mse": np.tile(IMAGE, (10, 1)), "grain": 2.0})
    closed = {"train": None, "training": {"images": 80}}
    rows.write(tmp_path / "results/p/closed", errors(), horizon={"mse": IMAGE[None]}, config=closed)
    return results.load(tmp_path / "results")


def test_an_effect_is_followed_over_the_images_that_both_rows_looked_at(found):
    course = horizon.course(ratio("a:mse", "b:mse", below(1)), found)
    assert [(point, images) for point, images, _ in course] == [(k, 100 * (k + 1)) for k in range(10)]
    assert [effect.effect for _, _, effect in course] == pytest.approx(FACTORS, rel=0.05)
    assert {effect.sample.values.shape for _, _, effect in course} == {(1, 16, 2)}


def test_it_turns_wherever_the_effect_crosses_the_rule(found):
    assert horizon.turns(ratio("a:mse", "b:mse", below(1)), found) == [600, 1000]
    assert horizon.turns(ratio("b:mse", "a:mse", above(1)), found) == [600, 1000]
    assert horizon.turns(ratio("a:mse", "b:mse", below(5)), found) == []
    assert horizon.turns(ratio("a:mse", "b:mse", None), found) == []


def test_a_closed_form_stands_beside_every_point_and_alone_has_one(found):
    beside = horizon.course(ratio("closed:mse", "a:mse", None), found)
    assert [effect.effect for _, _, effect in beside] == pytest.approx(1 / FACTORS, rel=0.05)
    assert [images for _, images, _ in beside] == [100 * (k + 1) for k in range(10)]
    (alone,) = horizon.course(value("closed:mse", None), found)
    assert (alone.point, alone.effect.effect) == (0, pytest.approx(IMAGE.mean()))


@pytest.mark.parametrize(
    "part",
    [
        ratio("a:mse", "c:mse", None),
        ratio("a:mse@1/8", "b:mse@1/8", None),
        ratio("a:generalisation_gap", "b:generalisation_gap", None),
        value("a:train_mse", None),
        value(Arithmetic("compression", 0.5), None),
    ],
    ids=["no such row", "a point itself", "of test images alone", "of a seed alone", "arithmetic alone"],
)
def test_what_is_not_known_along_the_training_has_no_course(part, found):
    assert horizon.course(part, found) == []


def test_where_an_early_point_has_no_value_its_cells_are_empty(found, tmp_path):
    parts = ratio("a:mse", "b:mse", below(1), "error"), difference("a:grain", "b:grain", None, "grain")
    horizon.write(tmp_path / "p.csv", [Claim("A1", "", "", "", parts), Claim("A2", "", "", "", parts[:1])], found)
    table = pd.read_csv(tmp_path / "p.csv")
    assert list(table) == ["claim", "point", "images", "effect", "low", "high"]
    assert table.claim.value_counts().to_dict() == {"A1-error": 10, "A1-grain": 10, "A2": 10}
    grain = table[table.claim == "A1-grain"].set_index("point").effect
    assert grain.isna().tolist() == [True] * 2 + [False] * 8
    error = table[table.claim == "A2"]
    assert ((error.low < error.effect) & (error.effect < error.high)).all()


def test_without_any_course_there_is_a_head_alone(found, tmp_path):
    horizon.write(tmp_path / "p.csv", [], found)
    assert (tmp_path / "p.csv").read_text() == "claim,point,images,effect,low,high\n"


def test_what_differs_by_nothing_has_an_interval_of_no_width(found, tmp_path):
    horizon.write(tmp_path / "p.csv", [Claim("A1", "", "", "", (ratio("b:mse", "closed:mse", None),))], found)
    table = pd.read_csv(tmp_path / "p.csv")
    assert table[["effect", "low", "high"]].to_numpy() == pytest.approx(np.ones((10, 3)))
