import numpy as np
from PIL import Image

from autofaces import sheets
from autofaces.sheets import FACE, GAP, LINE, Tile


def face(value: int, size: int = FACE, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(value).integers(0, 200, (size, size, channels), np.uint8)


def at(sheet: Image.Image, column: int, top: int) -> np.ndarray:
    left = GAP + column * (FACE + GAP)
    return np.asarray(sheet)[top : top + FACE, left : left + FACE]


def test_every_face_is_shown_pixel_by_pixel():
    sheet = sheets.draw([[Tile(face(0)), Tile(face(1))], [Tile(face(2))]])
    assert sheet.size == (GAP + 2 * (FACE + GAP), GAP + 2 * (FACE + GAP))
    np.testing.assert_array_equal(at(sheet, 0, GAP), face(0))
    np.testing.assert_array_equal(at(sheet, 1, GAP), face(1))
    np.testing.assert_array_equal(at(sheet, 0, FACE + 2 * GAP), face(2))
    assert (at(sheet, 1, FACE + 2 * GAP) == 255).all()


def test_a_small_grey_face_is_shown_with_its_pixels_repeated():
    small = face(0, FACE // 2, channels=1)
    shown = at(sheets.draw([[Tile(small)]]), 0, GAP)
    np.testing.assert_array_equal(shown, small.repeat(2, 0).repeat(2, 1).repeat(3, 2))


def test_captions_stand_below_their_face_and_within_its_width():
    sheet = sheets.draw([[Tile(face(0), "a name that is much too long for it.jpg\n0.9"), Tile(face(1))]])
    assert sheet.height == GAP + FACE + 2 * LINE + GAP
    ink = np.asarray(sheet.convert("L"))[GAP + FACE :] < 200
    columns = np.flatnonzero(ink.any(0))
    assert ink[:LINE].any()
    assert ink[LINE : 2 * LINE].any()
    assert GAP <= columns.min() <= columns.max() < GAP + FACE


def test_a_long_name_keeps_its_ends():
    font = sheets.ImageFont.load_default(11)
    short = sheets._fitted("Ashley_Postlewaite_the_third_0001.jpg", font)
    assert short.startswith("Ashley")
    assert short.endswith(".jpg")
    assert "…" in short
    assert sheets._fitted("short.jpg", font) == "short.jpg"


def test_the_same_faces_give_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        sheets.save(sheets.draw([[Tile(face(0), "ä.jpg")]]), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as image:
        assert image.format == "PNG"
