"""The results of rows, as claims read them."""

import json

import numpy as np
import pandas as pd
import pytest
import rows
from rows import errors

from autofaces.core import files
from autofaces.verdicts import results


@pytest.fixture
def row(tmp_path):
    """A row of three seeds with everything that a row can have."""
    several = np.stack([errors(seed=seed) for seed in range(3)])
    folder = tmp_path / "results" / "paper2020" / "a"
    sets, horizon = {"swd": np.ones((3, 8))}, {"mse": np.arange(80.0).reshape(10, 8)}
    rows.write(folder, several, sets=sets, seeds={"active_units": [5, 6, 7]}, horizon=horizon, swd=1.0, lost=None)
    return folder


def load(folder):
    return results.load(folder.parents[1])


def edit(path, **columns):
    """Set columns of a table, or drop those that are None."""
    frame = pd.read_csv(path).assign(**{name: value for name, value in columns.items() if value is not None})
    dropped = [name for name, value in columns.items() if value is None]
    frame.drop(columns=dropped).to_csv(path, index=False)


def test_numbers_are_found_with_the_units_that_they_are_of(row):
    found = load(row)
    shapes = {
        name: (number.units, number.values.shape)
        for name in ("mse", "swd", "active_units", "mse@1/8", "lost", "test_images")
        if (number := results.find(f"a:{name}", found))
    }
    assert shapes == {
        "mse": ("test images", (3, 100)),
        "swd": ("folds of samples", (3, 8)),
        "active_units": ("seeds", (3, 1)),
        "mse@1/8": ("validation images", (3, 8)),
        "lost": ("seeds", (1, 1)),
        "test_images": ("seeds", (1, 1)),
    }
    assert np.isnan(results.find("a:lost", found).values).all()
    assert np.isnan(results.find("a:lost@1/8", found).values).all()
    assert results.find("a:nothing", found) is None
    assert results.find("a:swd@1", found) is None
    assert results.find("b:mse", found) is None


def test_points_are_counted_from_the_first_512th_to_all_of_the_training(row):
    found = load(row)
    for share, first in (("1/512", 0), ("1/256", 8), ("1/2", 64), ("1", 72)):
        assert results.find(f"a:mse@{share}", found).values[0].tolist() == list(range(first, first + 8))


def test_rows_of_a_table_may_stand_in_any_order(row):
    before = results.find("a:mse", load(row))
    frame = pd.read_csv(row / "images.csv").sample(frac=1, random_state=0)
    frame.to_csv(row / "images.csv", index=False)
    assert np.array_equal(results.find("a:mse", load(row)).values, before.values)


def test_the_gap_is_of_each_image_over_its_own_seeds_training_error(row):
    found = load(row)
    mse, gap = (results.find(f"a:{name}", found).values for name in ("mse", "generalisation_gap"))
    assert gap == pytest.approx(mse / mse.mean(1, keepdims=True))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda row: (row / "seeds.csv").unlink(),
            r"a/seeds.csv: not found; an older version wrote it; run `dvc repro",
        ),
        (lambda row: (row / "horizon.csv").unlink(), r"a/horizon.csv: not found; an older version wrote it"),
        (lambda row: edit(row / "images.csv", group=None), r"a/images.csv: group not there; an older version wrote it"),
        (lambda row: edit(row / "seeds.csv", train_mse=None), r"a/seeds.csv: train_mse not there; an older version"),
        (lambda row: edit(row / "horizon.csv", point=None, group=None), r"a/horizon.csv: point, group not there"),
        (lambda row: edit(row / "seeds.csv", seed=[0, 1, 3]), r"a: images.csv and seeds.csv are of different seeds"),
        (lambda row: edit(row / "images.csv", image=range(300)), r"a/images.csv: not the same test images under every"),
        (
            lambda row: edit(row / "images.csv", seed=[0] * 299 + [1]),
            r"a/images.csv: not the same test images under ev",
        ),
    ],
    ids=["no seeds", "no horizon", "no groups", "no training error", "no points", "other seeds", "other images", "cut"],
)
def test_tables_of_an_older_version_or_damaged_ones_are_refused(spoil, message, row):
    spoil(row)
    with pytest.raises(files.BadInput, match=message):
        load(row)


@pytest.mark.parametrize("key", ["official_images", "full_size", "training.full_images", "training.batch_size"])
def test_a_config_of_an_older_version_is_refused(key, row):
    config = json.loads((row / "config.json").read_text())
    *section, name = key.split(".")
    del (config[section[0]] if section else config)[name]
    files.write_json(row / "config.json", config)
    with pytest.raises(files.BadInput, match=rf"a/config.json: {name} not there; an older version wrote it"):
        load(row)


def test_a_closed_form_needs_no_schedule_in_its_config(tmp_path):
    config = {"train": None, "training": {"images": 80}}
    rows.write(tmp_path / "results/p/a", errors(), horizon={"mse": errors(images=8)[None]}, config=config)
    assert list(results.load(tmp_path / "results")["a"].horizon) == [0]


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(files.BadInput, match="no results there; expected <paper>/<experiment>; run `dvc repro coll"):
        results.load(tmp_path)


def history(kl: list[float], elbo: float = 100.0) -> pd.DataFrame:
    return pd.DataFrame({"step": 10 * np.arange(1, len(kl) + 1), "kl_nats": kl, "elbo_nats": elbo})


@pytest.mark.parametrize(("late", "share"), [(5.0, 0.05), (20.0, 0.2)])
def test_the_kl_may_be_large_only_at_the_start(late, share):
    assert results.share_of_kl(history([50.0, *[3.0] * 18, late]), 0.0) == share


def test_the_entropy_of_grey_targets_is_no_part_of_the_objective(tmp_path):
    several = np.ones((2, 10))
    nats = {"reconstruction_nats": 95 * several, "excess_nats": np.array([15, 35])[:, None] * several}
    rows.write(tmp_path / "results/p/a", several, history_rows=history([10.0] * 20), **nats)
    rows.write(tmp_path / "results/p/b", several, history_rows=history([10.0] * 20))
    rows.write(tmp_path / "results/p/c", several)
    found = results.load(tmp_path / "results")
    assert results.find("a:kl_share", found).values[:, 0].tolist() == [10 / 20, 10 / 40]
    assert results.find("b:kl_share", found).values[:, 0].tolist() == [0.1, 0.1]
    assert results.find("c:kl_share", found) is None  # trained without KL
