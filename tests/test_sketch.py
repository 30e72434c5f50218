"""The sketch renderer."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autofaces.synthetic import geometry, photo, sketch
from autofaces.synthetic.face import BACKGROUNDS, BEARDS, GLASSES, HAIR_STYLES, draw

numbers = st.integers(0, 10_000)


def facing(identity, **changes):
    """A face that looks straight ahead in even light, without glasses and beard."""
    face = draw(0, identity, 0, "cufs")
    plain = {"yaw": 0.0, "pitch": 0.0, "roll": 0.0, "glasses": "none", "beard": "none", "light_side": 0.0}
    return dataclasses.replace(face, **(plain | changes))


def around(picture, face, name, reach=6, right=0):
    """Mean value about a landmark, or so many pixels to its right."""
    points = geometry.landmarks(face)[name]
    x, y = geometry.to_pixels(face, points, 200, 250).mean(0).round().astype(int)
    return picture[y - reach : y + reach, x + right - reach : x + right + reach].mean()


def edges(picture):
    """Strength of the edges of a grey picture, coarse and standardised."""
    down, across = np.gradient(picture.astype(float))
    strength = np.hypot(down, across)[:250, :200].reshape(50, 5, 40, 5).mean((1, 3))
    return (strength - strength.mean()) / strength.std()


def test_the_picture_is_grey_and_has_the_size_asked_for():
    picture = sketch.render(draw(0, 0, 0, "cufs"), 200, 250)
    assert picture.shape == (250, 200)
    assert picture.dtype == np.uint8


def test_the_same_face_gives_the_same_bytes_whatever_was_drawn_before():
    one = sketch.render(draw(0, 1, 0, "cufs"), 200, 250)
    sketch.render(draw(0, 2, 0), 128, 100)
    assert sketch.render(draw(0, 1, 0, "cufs"), 200, 250).tobytes() == one.tobytes()


@settings(max_examples=8, deadline=None, derandomize=True)
@given(identity=numbers, kind=st.sampled_from(BACKGROUNDS), hue=st.floats(0, 1), light=st.floats(0, 1))
def test_what_stands_behind_the_sitter_is_left_out(identity, kind, hue, light):
    face = draw(0, identity, 0, "cufs")
    other = dataclasses.replace(face, background=kind, background_hue=hue, background_light=light)
    assert sketch.render(face, 100, 125).tobytes() == sketch.render(other, 100, 125).tobytes()


def test_tones_are_those_of_real_sketches():
    """Of the 169 real ones at hand: mean 0.81, lower quartile 0.73, darkest hundredth 0.12."""
    pictures = np.stack([sketch.render(draw(0, i, 0, "cufs"), 200, 250) for i in range(12)]) / 255
    assert 0.72 < pictures.mean() < 0.9
    assert np.percentile(pictures, 1) < 0.25
    assert np.median(pictures) > 0.9


def test_a_sketch_shows_the_face_in_its_photograph_and_no_other():
    faces = [facing(i) for i in range(8)]
    taken = [edges(photo.render(face, 200, 250).mean(-1)) for face in faces]
    drawn = [edges(sketch.render(face, 200, 250)) for face in faces]
    likeness = np.array([[np.mean(one * two) for two in drawn] for one in taken])
    assert list(likeness.argmax(1)) == list(range(8))


def test_skin_is_paper_white_whatever_its_colour_and_hair_is_dark():
    for skin in (0.05, 0.95):
        face = facing(4, skin=skin, hair_style="bangs", hair_dark=0.9)
        picture = sketch.render(face, 200, 250)
        assert around(picture, face, "nose", right=22) > 190
        assert picture[20:60, 80:120].min() < 110


def test_shading_lies_on_the_side_away_from_the_light():
    shades = []
    for side in (-60.0, 60.0):
        face = facing(4, light_side=side, light_contrast=1.0, hair_style="buzz")
        picture = sketch.render(face, 200, 250)
        shades.append(around(picture, face, "nose_base", right=26) - around(picture, face, "nose_base", right=-26))
    assert shades[0] < -50
    assert shades[1] > 50


def test_contours_follow_the_landmarks(monkeypatch):
    face = facing(2, hair_style="buzz")
    whole = sketch.render(face, 200, 250).astype(int)
    monkeypatch.setattr(sketch, "_contours", lambda *_: np.zeros((250, 200), np.float32))
    rows, columns = np.nonzero(sketch.render(face, 200, 250) - whole > 25)
    lines = np.concatenate([geometry.landmarks(face)[name] for name in ("left_eye", "right_eye", "nose_base", "lips")])
    away = np.stack([columns, rows], -1)[:, None] - geometry.to_pixels(face, lines, 200, 250)
    assert len(rows) > 60
    assert np.linalg.norm(away, axis=-1).min(1).max() < 10  # a fifth of the distance between the eyes


@pytest.mark.parametrize("name", ["left_iris", "right_iris", "nose_base", "mouth", "left_brow"])
def test_the_darkest_lines_are_drawn_at_the_landmarks(name):
    face = facing(2, hair_style="buzz")
    picture = sketch.render(face, 200, 250)
    x, y = geometry.to_pixels(face, geometry.landmarks(face)[name], 200, 250).mean(0).round().astype(int)
    assert picture[y - 5 : y + 6, x - 5 : x + 6].min() < 150


@pytest.mark.parametrize("field", ["beard", "glasses", "hair_style"])
def test_every_kind_draws_another_picture_at_extreme_poses(field):
    kinds = {"beard": BEARDS, "glasses": GLASSES, "hair_style": HAIR_STYLES}[field]
    face = facing(3, male=True, recession=0.2, yaw=38.0, pitch=-16.0, roll=-13.0)
    pictures = {sketch.render(dataclasses.replace(face, **{field: kind}), 100, 125).tobytes() for kind in kinds}
    assert len(pictures) == len(kinds)


def test_paper_has_grain():
    corner = sketch.render(facing(1), 200, 250)[:25, :25]
    assert 225 < corner.mean() < 255
    assert 0.5 < corner.std() < 6
