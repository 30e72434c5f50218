"""What rows were measured at, and whether that decides."""

import pytest

from autofaces.core import params
from autofaces.verdicts import scale

FULL = params.Scale().model_dump()
CONFIG = {"faces": "official", "scale": FULL}
METRICS = {"profile": "paper", "images": 12533, "training_images_seen": 1000, "test_images": 80}


def test_the_papers_own_scale_decides():
    assert scale.decides(CONFIG, METRICS, None)
    assert scale.decides(CONFIG | {"faces": "local"}, METRICS, None)
    assert scale.decides(CONFIG, METRICS, 15000)  # there are no more


@pytest.mark.parametrize(
    ("config", "cap"),
    [
        ({"faces": "synthetic"}, None),
        ({}, 12533),
        ({"scale": FULL | {"image_passes": 1000}}, None),
        ({"scale": FULL | {"width": 0.5}}, None),
        ({"scale": FULL | {"batch": 0.5}}, None),
    ],
    ids=["drawn faces", "a cap on images", "fewer images seen", "narrower", "a smaller batch"],
)
def test_anything_less_decides_nothing(config, cap):
    assert not scale.decides(CONFIG | config, METRICS, cap)


def test_it_reads_as_profile_faces_and_images():
    row = CONFIG, METRICS
    other = {"faces": "synthetic"}, METRICS | {"profile": "demo", "training_images_seen": 2500}
    assert scale.text([]) == "-"
    assert scale.text([row, row]) == "paper (official faces): 1,000 images seen in training, 80 test images"
    assert scale.text([row, other]) == (
        "demo (synthetic faces), paper (official faces): 1,000 to 2,500 images seen in training, 80 test images"
    )
