"""The factors and geometry of made-up faces."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofaces.synthetic import geometry
from autofaces.synthetic.face import BEARDS, GLASSES, HAIR_STYLES, PERSON, draw

numbers = st.integers(0, 10_000)
SIZES = {"lfw": (250, 250), "celeba": (178, 218), "cufs": (200, 250)}  # anime has other landmarks


def test_the_same_numbers_give_the_same_face():
    assert draw(1, 2, 3) == draw(1, 2, 3)


@pytest.mark.parametrize("other", [(2, 2, 3), (1, 3, 3), (1, 2, 4)], ids=["seed", "identity", "image"])
def test_each_number_changes_the_face(other):
    one, two = draw(1, 2, 3), draw(*other)
    assert (one.yaw, one.smile, one.background_hue) != (two.yaw, two.smile, two.background_hue)


def test_pictures_of_a_person_share_the_person_and_nothing_that_varies():
    one, two = (dataclasses.asdict(draw(0, 5, image)) for image in (0, 1))
    differing = {name for name in one if one[name] != two[name]}
    assert not differing & set(PERSON)
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


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=numbers, identity=numbers, image=numbers, framing=st.sampled_from(sorted(SIZES)))
def test_landmarks_stay_inside_the_picture(seed, identity, image, framing):
    face = draw(seed, identity, image, framing)
    size = np.array(SIZES[framing])
    for points in geometry.landmarks(face).values():
        pixels = geometry.to_pixels(face, points, *size)
        assert (pixels > 0).all()
        assert (pixels < size).all()


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=numbers, identity=numbers, image=numbers)
def test_brows_eyes_nose_and_mouth_follow_each_other_down_the_face(seed, identity, image):
    level = dataclasses.replace(draw(seed, identity, image), roll=0, pitch=0)
    marks = geometry.landmarks(level)
    heights = [marks[name][:, 1].mean() for name in ("left_brow", "left_eye", "nose_base", "lips")]
    assert heights == sorted(heights)
    assert marks["lips"][:, 1].max() < marks["jaw"][:, 1].max()


def test_an_aligned_face_has_its_eyes_where_celeba_has_them():
    eyes = [
        geometry.to_pixels(face, geometry.landmarks(face)[f"{side}_eye"].mean(0), 178, 218)
        for face in (draw(0, identity, 0, "celeba") for identity in range(200))
        for side in ("left", "right")
    ]
    left, right = np.mean(eyes[::2], 0), np.mean(eyes[1::2], 0)
    assert np.allclose(left, (69.5, 111), atol=2.5)
    assert np.allclose(right, (107.5, 111), atol=2.5)


def test_turning_the_head_moves_the_nose_that_way():
    ahead = dataclasses.replace(draw(0, 0, 0), yaw=0.0, pitch=0.0, roll=0.0)
    tip = [geometry.landmarks(dataclasses.replace(ahead, yaw=yaw))["nose"][-1, 0] for yaw in (-30.0, 0.0, 30.0)]
    assert tip[0] < -0.1 < tip[1] < 0.1 < tip[2]


def test_a_smile_lifts_the_corners_of_the_mouth():
    face = dataclasses.replace(draw(0, 0, 0), mouth_open=0.0)
    corners = [
        geometry.lip_lines(dataclasses.replace(face, smile=smile), np.array([-1.0, 0.0]))["upper"]
        for smile in (-0.4, 1.0)
    ]
    assert np.diff(corners[0]) < 0.02 < 0.08 < np.diff(corners[1])
