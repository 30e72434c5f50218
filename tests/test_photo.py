"""The photo renderer."""

import dataclasses

import numpy as np
import pytest
from PIL import Image, ImageFilter

from autofaces.synthetic import geometry, photo
from autofaces.synthetic.face import BACKGROUNDS, BEARDS, CLOTHES, GLASSES, HAIR_STYLES, draw

KINDS = {"beard": BEARDS, "glasses": GLASSES, "background": BACKGROUNDS, "clothes": CLOTHES}


def laplacian_variance(image: Image.Image) -> float:
    """The sharpness used for photographs: variance of the Laplacian of luma in 0..1."""
    y = np.asarray(image.convert("L"), float) / 255
    return float(np.var(y[:-2, 1:-1] + y[2:, 1:-1] + y[1:-1, :-2] + y[1:-1, 2:] - 4 * y[1:-1, 1:-1]))


def pixel(face, points, side=250):
    """Mean position of landmarks as (row, column)."""
    x, y = geometry.to_pixels(face, points, side, side).mean(0).round().astype(int)
    return y, x


def test_the_picture_has_the_size_asked_for():
    picture = photo.render(draw(0, 0, 0, "celeba"), 178, 218)
    assert picture.shape == (218, 178, 3)
    assert picture.dtype == np.uint8


def test_the_same_face_gives_the_same_bytes_whatever_was_drawn_before():
    one = photo.render(draw(0, 1, 0), 250, 250)
    photo.render(draw(0, 2, 0), 128, 100)
    assert photo.render(draw(0, 1, 0), 250, 250).tobytes() == one.tobytes()


def test_pictures_of_a_person_differ():
    one, two = (photo.render(draw(0, 1, image), 100, 100).astype(int) for image in (0, 1))
    assert np.abs(one - two).mean() > 5


@pytest.mark.parametrize("style", HAIR_STYLES)
def test_every_hair_style_draws_at_extreme_poses(style):
    face = dataclasses.replace(draw(0, 3, 0), hair_style=style, recession=0.2)
    for yaw, pitch, roll in ((-38.0, 16.0, 13.0), (38.0, -16.0, -13.0)):
        picture = photo.render(dataclasses.replace(face, yaw=yaw, pitch=pitch, roll=roll), 120, 120)
        assert picture.std() > 15


@pytest.mark.parametrize("field", ["beard", "glasses", "background", "clothes"])
def test_every_kind_draws_another_picture(field):
    kinds = KINDS[field]
    face = draw(0, 4, 0)
    pictures = {photo.render(dataclasses.replace(face, **{field: kind}), 100, 100).tobytes() for kind in kinds}
    assert len(pictures) == len(kinds)


@pytest.mark.parametrize(
    "change",
    [{"smile": 1.0}, {"mouth_open": 0.8}, {"yaw": 25.0}, {"age": 84.0}, {"iris": 0.95}, {"light_side": -65.0}],
    ids=lambda change: next(iter(change)),
)
def test_each_factor_shows(change):
    plain = {
        "smile": 0.0,
        "mouth_open": 0.0,
        "yaw": 0.0,
        "age": 25.0,
        "iris": 0.0,
        "light_side": 40.0,
        "glasses": "none",
    }
    face = dataclasses.replace(draw(0, 4, 0), **plain)
    one, two = (photo.render(f, 128, 128).astype(int) for f in (face, dataclasses.replace(face, **change)))
    changed = np.abs(one - two).max(-1) > 12
    assert changed.sum() > 10


def test_the_skin_at_the_cheek_is_the_persons():
    cheeks = []
    for skin in (0.05, 0.95):
        face = dataclasses.replace(
            draw(0, 4, 0), skin=skin, beard="none", yaw=0.0, glasses="none", light_side=0.0, hair_style="buzz"
        )
        row, column = pixel(face, geometry.landmarks(face)["nose_base"])
        cheeks.append(photo.render(face, 250, 250)[row - 5 : row + 5, column + 22 : column + 32].mean())
    assert cheeks[0] > cheeks[1] + 60


def test_dark_glasses_hide_the_eyes():
    face = dataclasses.replace(draw(0, 4, 0), yaw=0.0, skin=0.1, hair_style="buzz", glasses="none")
    row, column = pixel(face, geometry.landmarks(face)["left_eye"])
    bright = [
        photo.render(dataclasses.replace(face, glasses=kind), 250, 250)[
            row - 8 : row + 8, column - 8 : column + 8
        ].mean()
        for kind in ("none", "sun")
    ]
    assert bright[1] < 0.6 * bright[0]


def test_faces_have_detail_that_a_slight_blur_removes():
    for identity in range(4):
        image = Image.fromarray(photo.render(draw(0, identity, 0), 250, 250)).crop((61, 61, 189, 189))
        assert laplacian_variance(image) > 5 * laplacian_variance(image.filter(ImageFilter.GaussianBlur(1.5)))


def test_faces_are_about_as_sharp_as_photographs_of_lfw():
    sharp = [
        laplacian_variance(Image.fromarray(photo.render(draw(0, i, 0), 250, 250)).crop((61, 61, 189, 189)))
        for i in range(24)
    ]
    assert 0.001 < np.median(sharp) < 0.006  # half of LFW's centres lie within 0.0014..0.0036


def test_the_two_halves_of_a_person_facing_the_light_agree():
    """The geometry is symmetric: mirrored pose and light mirror the face."""
    face = dataclasses.replace(
        draw(0, 6, 0), yaw=20.0, roll=0.0, light_side=30.0, gaze_x=0.4, eye_x=0.5, background="studio",
        hair_style="bald", recession=1.0, glasses="none",
    )  # fmt: skip
    twin = dataclasses.replace(face, yaw=-20.0, light_side=-30.0, gaze_x=-0.4)
    one, two = (photo.render(f, 250, 250)[90:170, 85:165].astype(float).mean(-1) for f in (face, twin))
    assert np.corrcoef(one.ravel(), two[:, ::-1].ravel())[0, 1] > 0.985
