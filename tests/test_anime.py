"""The anime renderer."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofaces.synthetic import anime, photo
from autofaces.synthetic.face import BACKGROUNDS, BEARDS, CLOTHES, FRAMINGS, GLASSES, HAIR_STYLES, draw

KINDS = {"beard": BEARDS, "glasses": GLASSES, "background": BACKGROUNDS, "clothes": CLOTHES}
numbers = st.integers(0, 10_000)


def facing(identity, **changes):
    """The face of a person who looks straight ahead, in the middle of the picture."""
    face = draw(0, identity, 0, "anime")
    ahead = {
        "yaw": 0.0,
        "pitch": 0.0,
        "roll": 0.0,
        "eye_x": 0.5,
        "eye_y": 0.57,
        "eye_distance": 0.33,
        "light_side": 0.0,
    }
    return dataclasses.replace(face, **(ahead | changes))


def patch(picture, x, y):
    """Median colour about a point given in shares of width and height."""
    row, column = round(y * len(picture)), round(x * len(picture))
    return np.median(picture[row - 2 : row + 3, column - 2 : column + 3].reshape(-1, 3).astype(int), 0)


def flat(picture):
    """Share of pixels next to which the colour stays the same."""
    return np.mean(np.abs(np.diff(picture.astype(int), axis=1)).max(-1) <= 2)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(identity=numbers, image=numbers, framing=st.sampled_from(sorted(FRAMINGS)), side=st.integers(90, 120))
def test_every_face_of_every_framing_can_be_drawn(identity, image, framing, side):
    picture = anime.render(draw(0, identity, image, framing), side, side)
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 15


def test_the_same_face_gives_the_same_bytes_whatever_was_drawn_before():
    one = anime.render(draw(0, 1, 0, "anime"), 100, 100)
    anime.render(draw(0, 2, 0, "anime"), 90, 120)
    assert anime.render(draw(0, 1, 0, "anime"), 100, 100).tobytes() == one.tobytes()


@pytest.mark.parametrize("style", HAIR_STYLES)
@pytest.mark.parametrize("male", [True, False])
def test_every_cut_of_hair_is_drawn_differently_and_at_extreme_poses(style, male):
    face = dataclasses.replace(draw(0, 3, 0, "anime"), male=male, recession=0.2, hair_length=2.0)
    other = "bald" if style != "bald" else "long"
    for yaw, pitch, roll in ((-38.0, 16.0, 13.0), (38.0, -16.0, -13.0)):
        face = dataclasses.replace(face, yaw=yaw, pitch=pitch, roll=roll)
        one, two = (anime.render(dataclasses.replace(face, hair_style=s), 90, 90).astype(int) for s in (style, other))
        assert np.mean(np.abs(one - two).max(-1) > 30) > 0.08


@pytest.mark.parametrize("field", ["beard", "glasses", "background", "clothes"])
def test_every_kind_draws_another_picture(field):
    kinds = KINDS[field]
    face = draw(0, 4, 0, "anime")
    pictures = {anime.render(dataclasses.replace(face, **{field: kind}), 100, 100).tobytes() for kind in kinds}
    assert len(pictures) == len(kinds)


@pytest.mark.parametrize(
    "change",
    [{"smile": 1.0}, {"mouth_open": 0.8}, {"yaw": 25.0}, {"age": 84.0}, {"iris": 0.95}, {"light_side": -65.0},
     {"male": True}, {"eye_open": 0.3}, {"brow_raise": 1.0}, {"gaze_x": 1.0}, {"freckles": 1.0}],
    ids=lambda change: next(iter(change)),
)  # fmt: skip
def test_each_factor_shows(change):
    plain = {"smile": 0.0, "mouth_open": 0.0, "age": 25.0, "iris": 0.0, "male": False, "eye_open": 1.0,
             "brow_raise": -0.5, "gaze_x": -0.5, "glasses": "none", "hair_style": "parted"}  # fmt: skip
    face = facing(4, **plain)
    one, two = (anime.render(f, 120, 120).astype(int) for f in (face, dataclasses.replace(face, **change)))
    assert (np.abs(one - two).max(-1) > 12).sum() > 10


def test_a_character_keeps_the_colour_of_her_hair():
    for identity in range(8):
        fixed = {name: getattr(facing(identity), name) for name in ("yaw", "pitch", "roll", "eye_x", "eye_y")}
        fixed |= {"eye_distance": 0.33, "hair_style": "short", "blur": 0.0}
        crowns = [
            patch(
                anime.render(dataclasses.replace(draw(0, identity, image, "anime"), **fixed), 120, 120),
                0.5,
                0.15,
            )
            for image in range(3)
        ]
        assert np.ptp(crowns, axis=0).max() < 25


def test_hair_has_natural_and_unnatural_colours():
    crowns = np.array(
        [patch(anime.render(facing(i, hair_style="short", age=20.0), 100, 100), 0.5, 0.15) for i in range(60)]
    )
    red, green, blue = crowns.T
    unnatural = (np.maximum(green, blue) > red + 25).mean()
    assert 0.15 < unnatural < 0.6


def test_the_skin_at_the_cheek_is_the_persons():
    cheeks = [
        patch(anime.render(facing(4, skin=skin, glasses="none", hair_style="buzz"), 120, 120), 0.4, 0.78).mean()
        for skin in (0.05, 0.95)
    ]
    assert cheeks[0] > cheeks[1] + 60


def test_eyes_are_larger_than_in_a_photograph():
    """What changes with the colour of the iris is the iris."""

    def iris(renderer):
        one, two = (renderer(facing(4, iris=i, glasses="none", eye_open=1.0), 120, 120).astype(int) for i in (0.0, 1.0))
        return (np.abs(one - two).max(-1) > 12).mean()

    assert iris(anime.render) > 5 * iris(photo.render)


def test_colours_are_flat_where_a_photograph_has_grain():
    faces = [draw(0, identity, 0, "anime") for identity in range(8)]
    drawn, taken = (
        np.mean([flat(render(face, 100, 100)) for face in faces]) for render in (anime.render, photo.render)
    )
    assert drawn > 1.25 * taken


def test_colours_are_spread_as_in_the_real_set():
    """The means of 1,000 real pictures are 0.68, 0.58 and 0.56, the standard deviations 0.27 to 0.29."""
    faces = [draw(0, identity, 0, "anime") for identity in range(60)]
    pictures = np.stack([anime.render(face, 90, 90) for face in faces]) / 255
    assert np.allclose(pictures.mean((0, 1, 2)), (0.68, 0.58, 0.56), atol=0.1)
    assert np.allclose(pictures.std((0, 1, 2)), 0.28, atol=0.05)
