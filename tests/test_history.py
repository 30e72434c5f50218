"""What a training says while it runs, written and read again."""

import math
import re
import sys

import pandas as pd
import pytest

from autofaces.core import files, history

ROWS = [
    {"epoch": 0.5, "step": 10, "images": 320, "train_loss": math.pi, "validation_mse": 1 / 3e7},
    {"epoch": 1.0, "step": 20, "images": 640, "train_loss": 1e9 / 7, "validation_mse": 2.5e-12},
]


@pytest.fixture(params=["with DVCLive", "without DVCLive"])
def recorded(request, monkeypatch):
    """How to record rows into a folder; what comes out again."""

    def record(rows, folder) -> list[history.Row]:
        if request.param == "without DVCLive":
            monkeypatch.setitem(sys.modules, "dvclive", None)
        return list(history.record(rows, folder))

    return record


def test_rows_pass_on_as_they_are(recorded, tmp_path):
    assert recorded(ROWS, tmp_path / "live") == ROWS


def test_what_is_written_is_read_again_in_nine_digits(recorded, tmp_path):
    recorded(ROWS, tmp_path / "live")
    expected = pd.DataFrame(ROWS).map(lambda value: float(f"{value:.9g}") if isinstance(value, float) else value)
    expected["step"], expected["images"] = (expected[name].astype("int64") for name in ("step", "images"))
    found = history.read(tmp_path / "live")
    assert found.columns[0] == "step"
    pd.testing.assert_frame_equal(found[expected.columns], expected, check_exact=True)


def test_integers_stay_integers_and_other_numbers_have_nine_digits_at_most(recorded, tmp_path):
    recorded(ROWS, tmp_path / "live")
    written = {file.stem: file.read_text() for file in (tmp_path / "live/plots/metrics").iterdir()}
    assert written["images"] == "step\timages\n10\t320\n20\t640\n"
    assert written["train_loss"] == "step\ttrain_loss\n10\t3.14159265\n20\t142857143.0\n"
    assert written["validation_mse"] == "step\tvalidation_mse\n10\t3.33333333e-08\n20\t2.5e-12\n"
    assert re.search(r'"images": 640,', (tmp_path / "live/metrics.json").read_text())


def test_the_same_files_are_written_with_and_without_dvclive(monkeypatch, tmp_path):
    list(history.record(ROWS, tmp_path / "with"))
    monkeypatch.setitem(sys.modules, "dvclive", None)
    list(history.record(ROWS, tmp_path / "without"))
    found = [
        {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}
        for folder in (tmp_path / "with", tmp_path / "without")
    ]
    assert found[0] == found[1]


def test_a_row_can_be_read_before_the_next_is_made(recorded, tmp_path):
    def rows():
        for number, row in enumerate(ROWS):
            if number:
                assert len(history.read(tmp_path / "live")) == number
            yield row

    assert len(recorded(rows(), tmp_path / "live")) == 2


def test_nothing_of_an_earlier_training_stays(recorded, tmp_path):
    recorded([row | {"kl_nats": 3.0} for row in [*ROWS, ROWS[1] | {"step": 30}]], tmp_path / "live")
    recorded(ROWS, tmp_path / "live")
    assert set(history.read(tmp_path / "live")) == set(ROWS[0])
    assert len(history.read(tmp_path / "live")) == 2


def test_a_folder_without_a_history_is_refused(tmp_path):
    (tmp_path / "plots" / "metrics").mkdir(parents=True)
    with pytest.raises(files.BadInput, match=r"no history there; expected plots/metrics/\*\.tsv, as DVCLive writes"):
        history.read(tmp_path)
