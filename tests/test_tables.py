"""What evaluate packs, and what it does where a value does not exist."""

import math

import numpy as np
import pandas as pd
import pytest
from conftest import write_array

from autofaces.core import files
from autofaces.evaluation import tables
from autofaces.evaluation.tables import Measured

NOTHING = math.nan


def test_every_seed_has_its_rows_and_what_no_row_has_is_no_column():
    found = {
        0: {"image": np.arange(2), "mse": np.array([0.5, 0.25]), "ratio": np.array([np.nan, np.inf])},
        3: {"image": np.arange(2), "mse": np.array([0.1, np.nan]), "rare": np.array([7.0, 8.0])},
    }
    assert list(tables.long(found)) == [
        {"seed": 0, "image": 0, "mse": 0.5, "rare": None},
        {"seed": 0, "image": 1, "mse": 0.25, "rare": None},
        {"seed": 3, "image": 0, "mse": 0.1, "rare": 7.0},
        {"seed": 3, "image": 1, "mse": None, "rare": 8.0},
    ]
    assert list(tables.long({0: {}})) == []


def test_a_value_that_does_not_exist_is_an_empty_cell(tmp_path):
    values = {"mse": np.array([0.5, 0.25, 1.0]), "ratio": np.array([np.nan, 2.0, np.nan]), "none": np.full(3, np.nan)}
    found = Measured(values, {"swd": 3.0, "units": 5, "gone": NOTHING}, {"samples": np.zeros(2)}, {"sets": {}})
    tables.write(tmp_path, {"mse": 0.5}, {0: found}, np.array([4, 4, 2]))
    assert (tmp_path / "images.csv").read_text().splitlines() == [
        "seed,image,group,mse,ratio",
        "0,0,4,0.5,",
        "0,1,4,0.25,2",
        "0,2,2,1,",
    ]
    assert (tmp_path / "seeds.csv").read_text().splitlines() == ["seed,swd,units", "0,3,5"]
    names = {"metrics.json", "images.csv", "seeds.csv", "pictures.npz"}
    assert {path.name for path in tmp_path.iterdir()} == names  # no table without rows


def test_means_are_of_the_images_that_have_a_value():
    means = tables.means(
        {"ratio": np.array([0.5, np.nan, 0.7]), "psnr": np.array([np.inf, 3]), "no": np.full(2, np.nan)}
    )
    assert means == {"ratio": pytest.approx(0.6), "psnr": 3, "no": pytest.approx(NOTHING, nan_ok=True)}


def test_numbers_of_several_seeds_are_means_of_those_that_have_one_and_counts_stay_counts():
    found = [
        {"mse": 0.1, "asked": 7, "units": 8, "rare": 1.0, "never": NOTHING},
        {"mse": 0.2, "asked": 7, "units": 9, "rare": NOTHING, "never": math.inf},
    ]
    summary = tables.over_seeds(found)
    assert summary == {"mse": 0.15, "asked": 7, "units": 8.5, "rare": 1.0, "never": None}
    assert isinstance(summary["asked"], int)


def test_images_of_one_person_have_one_number(tmp_path):
    write_array(tmp_path / "test.npy", 4)
    table = pd.DataFrame({"file": list("abcd"), "group": ["NA", "Zoe", "NA", "Ann"]})
    table.to_csv(tmp_path / "test.csv", index=False)
    assert tables.groups(tmp_path, "test").tolist() == [0, 1, 0, 2]


def test_only_a_row_that_was_left_out_is_passed_on(tmp_path):
    config = {"experiment": "a", "paper": "p", "not_run": True}
    files.write_json(tmp_path / "a/config.json", config)
    files.write_json(tmp_path / "b/config.json", {"experiment": "b"})
    assert tables.left_out(tmp_path / "a", tmp_path / "packed")
    assert (tmp_path / "packed/config.json").read_bytes() == (tmp_path / "a/config.json").read_bytes()
    assert not tables.left_out(tmp_path / "b", tmp_path / "other")
    assert not tables.left_out(tmp_path / "absent", tmp_path / "other")
    assert not (tmp_path / "other").exists()
