"""The factors of made-up faces."""

import dataclasses

import numpy as np
import pytest

from autofaces.synthetic.face import BEARDS, GLASSES, HAIR_STYLES, Face, draw


def test_the_same_numbers_give_the_same_face():
    assert draw(1, 2, 3) == draw(1, 2, 3)


@pytest.mark.parametrize("other", [(2, 2, 3), (1, 3, 3), (1, 2, 4)], ids=["seed", "identity", "image"])
def test_each_number_changes_the_face(other):
    one, two = draw(1, 2, 3), draw(*other)
    assert (one.yaw, one.smile, one.background_hue) != (two.yaw, two.smile, two.background_hue)


def test_pictures_of_a_person_share_the_person_and_nothing_that_varies():
    one, two = (dataclasses.asdict(draw(0, 5, image)) for image in (0, 1))
    differing = {name for name in one if one[name] != two[name]}
    assert not differing & set(list(Face.__annotations__)[: list(Face.__annotations__).index("image")])
    assert {"yaw", "pitch", "roll", "smile", "light_side", "eye_x"} <= differing


def test_glasses_are_the_persons_own_or_none():
    faces = [draw(0, identity, image) for identity in range(60) for image in range(3)]
    assert {face.glasses for face in faces} == set(GLASSES)
    assert all(face.glasses in ("none", face.glasses_style) for face in faces)


def test_people_differ_in_sex_age_skin_and_hair():
    people = [draw(0, identity, 0) for identity in range(300)]
    assert 0.4 < np.mean([p.male for p in people]) < 0.7
    assert {p.hair_style for p in people} == set(HAIR_STYLES)
    assert {p.beard for p in people} == set(BEARDS)
    assert min(p.age for p in people) < 25
    assert max(p.age for p in people) > 70
    assert np.ptp([p.skin for p in people]) > 0.9
