"""What share of the papers' work rows were measured at, and the grade of a verdict there."""

import pytest

from autofaces.verdicts import scale

CONFIG = {
    "faces": "official",
    "scale": {"width": 1.0},
    "size": 128,
    "full_size": 128,
    "official_images": 13233,
    "train": {"epochs": 10, "batch_size": 32},
    "training": {"images": 120000, "full_images": 120000, "batch_size": 32},
}
METRICS = {"images": 13233, "seeds": 3}
CLOSED = CONFIG | {"train": None, "training": {"images": 12000}}


def trained(**more) -> dict:
    return CONFIG | {"training": CONFIG["training"] | more}


def test_the_papers_own_scale_is_graded_so_on_archives_of_either_source():
    assert scale.grade([(CONFIG, METRICS)]) == "paper"
    assert scale.grade([(CONFIG | {"faces": "local"}, METRICS)]) == "paper"


@pytest.mark.parametrize(("images", "grade"), [(13233, "paper"), (11249, "paper"), (11248, "reduced")])
def test_the_data_are_the_papers_own_from_85_percent_of_the_official_images_on(images, grade):
    assert scale.grade([(CONFIG, METRICS | {"images": images})]) == grade


@pytest.mark.parametrize(("seeds", "grade"), [(2, "reduced"), (3, "paper"), (4, "paper")])
def test_the_papers_grade_takes_three_seeds(seeds, grade):
    assert scale.grade([(CONFIG, METRICS | {"seeds": seeds})]) == grade


@pytest.mark.parametrize(
    "config",
    [
        trained(images=119968),
        trained(batch_size=16),
        CONFIG | {"scale": {"width": 0.5}},
        CONFIG | {"size": 64},
        CONFIG | {"official_images": None},
    ],
    ids=["fewer passes", "a smaller batch", "narrower", "smaller images", "an unknown number of images"],
)
def test_anything_less_is_reduced(config):
    assert scale.grade([(config, METRICS)]) == "reduced"


def test_the_least_row_decides_the_grade():
    full, less = (CONFIG, METRICS), (CONFIG, METRICS | {"seeds": 1})
    drawn = CONFIG | {"faces": "synthetic"}, METRICS
    assert scale.grade([full, full]) == "paper"
    assert scale.grade([full, less]) == "reduced"
    assert scale.grade([full, less, drawn]) == "synthetic"
    assert scale.grade([]) == "paper"  # arithmetic, from the paper's own numbers


def test_a_closed_form_has_no_passes_batches_or_seeds_to_lack():
    assert scale.grade([(CLOSED, METRICS | {"seeds": 1})]) == "paper"
    assert scale.grade([(CLOSED, METRICS | {"images": 1000})]) == "reduced"
    assert scale.shares([(CLOSED, METRICS | {"seeds": 1})]) == {
        "data": 1.0,
        "passes": None,
        "width": None,
        "batch": None,
        "size": 1.0,
        "seeds": None,
    }


def test_shares_are_the_least_of_the_rows():
    small = trained(images=6000, batch_size=16) | {"scale": {"width": 0.25}, "size": 64}
    found = scale.shares([(CONFIG, METRICS), (small, METRICS | {"seeds": 1}), (CLOSED, METRICS | {"images": 6616})])
    assert found == {"data": 0.5, "passes": 0.05, "width": 0.25, "batch": 0.5, "size": 0.5, "seeds": 1}


def test_shares_of_nothing_measured_are_not_known_and_one_unknown_makes_the_data_so():
    assert set(scale.shares([]).values()) == {None}
    unknown = CONFIG | {"official_images": None}
    assert scale.shares([(CONFIG, METRICS), (unknown, METRICS)])["data"] is None


def test_a_schedule_in_epochs_sees_less_of_the_papers_images_on_less_data():
    half = METRICS | {"images": 6616.5}
    assert scale.passes(CONFIG, half) == 0.5
    assert scale.passes(CONFIG | {"official_images": None}, half) == 1.0
    assert scale.passes(CLOSED, half) is None


def test_a_schedule_in_steps_sees_as_many_images_on_any_data():
    steps = trained(images=1000, full_images=4000) | {"train": {"steps": 125, "batch_size": 32}}
    assert scale.passes(steps, METRICS | {"images": 100}) == 0.25
