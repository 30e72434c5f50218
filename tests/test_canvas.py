"""The drawing stack: byte-stable, and showing what it is given, all of it inside and apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from autofaces.figures import canvas
from autofaces.figures.canvas import BLUE, FACE, GAP, LINE, ORANGE, Line, Panel, Tile

RANDOM = np.random.default_rng(0)


def noise(count: int, side: int = 128, channels: int = 3) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def drawn(figure) -> np.ndarray:
    agg = FigureCanvasAgg(figure)
    agg.draw()
    return np.asarray(agg.buffer_rgba())[..., :3]


def holds(drawing: np.ndarray, picture: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(drawing, picture.shape)[:, :, 0]
    corners = np.argwhere((windows[:, :, 0, 0] == picture[0, 0]).all(-1))
    return any(np.array_equal(windows[y, x], picture) for y, x in corners)


def texts(figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_every_face_is_shown_pixel_by_pixel():
    one, other = noise(3), noise(3)
    picture = drawn(canvas.faces([("one", one), ("other", other)], "title", "note"))
    assert all(holds(picture, face) for face in (*one, *other))


def test_a_face_shown_smaller_is_the_mean_of_its_areas_and_said_to_be():
    picture = noise(1)
    figure = canvas.faces([("one", picture)], "title", "note.", side=64)
    (shown,) = figure.images
    means = picture[0].reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(shown.get_array() - means).max() <= 1  # rounded in both directions
    assert holds(drawn(figure), shown.get_array())
    assert "note. Pictures of 128x128 pixels, shown at 64x64." in texts(figure)


def test_a_small_grey_face_is_enlarged_pixel_by_pixel_and_said_to_be():
    picture = noise(1, side=64, channels=1)
    figure = canvas.faces([("one", picture)], "title", "note.")
    assert holds(drawn(figure), picture[0].repeat(2, 0).repeat(2, 1).repeat(3, 2))
    assert "Pictures of 64x64 pixels, enlarged to 128x128." in texts(figure)


@pytest.mark.parametrize(("given", "shown"), [(24, 8), (9, 8), (7, 4), (3, 3)])
def test_sprites_show_whole_rows_of_what_there_is(given, shown):
    pictures = noise(given)
    picture = drawn(canvas.sprites([[("a", pictures), ("b", noise(24))]], "title", "note", columns=4, rows=2))
    assert [holds(picture, face) for face in pictures] == [True] * shown + [False] * (given - shown)


def test_lines_of_sprites_stand_below_each_other():
    above, below, other = noise(8), noise(8), noise(8)
    lines = [[("a", above), ("b", other)], [("a\nfrom codes", below)]]
    figure = canvas.sprites(lines, "title", "note", columns=4, rows=2)
    picture = drawn(figure)
    assert all(holds(picture, face) for face in (*above, *below, *other))
    tops = [text.get_position()[1] for text in figure.texts if text.get_text() in ("a", "b", "a, from codes")]
    assert tops[0] == tops[1] > tops[2]


def two_panels(**more) -> list[Panel]:
    x = [1, 2, 3]
    return [
        Panel("left", "epoch", "error", [Line("a", x, [0.3, 0.2, 0.1], BLUE)], **more),
        Panel("right", "epoch", "error", [Line("a", x, [0.3, 0.2, 0.1], BLUE), Line("b", x, [9, 8, 7], ORANGE, "--")]),
    ]


def test_panels_of_one_quantity_share_its_scale_and_one_legend():
    figure = canvas.curves(two_panels(mark=(2, "a moment")), "title", "note")
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] < 0.1 < 9 < left.get_ylim()[1]
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b", "a moment"]
    assert [list(line.get_ydata()) for line in right.lines] == [[0.3, 0.2, 0.1], [9, 8, 7]]


@pytest.mark.parametrize("values", [[0.0, 3.0], [2.0, 2.0], [1.49, 1.5], [1e-6, 1e5]])
def test_any_loss_has_ticks_in_plain_digits(values):
    figure = canvas.curves([Panel("", "step", "KL", [Line("a", [1, 2], values, BLUE)])], "title", "note")
    drawn(figure)
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert 2 <= len(ticks) <= 12
    assert not any("$" in label.get_text() for label in axes.get_yticklabels())


def test_bars_are_the_means_with_their_digits():
    values = {"a": np.full(20, 0.25), "b": np.linspace(0, 1, 21)}
    alone = {name: (numbers[None], np.arange(len(numbers))) for name, numbers in values.items()}
    figure = canvas.bars(alone, [BLUE, ORANGE], "title", "error", "note")
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.25, 0.5]
    assert [text.get_text() for text in axes.texts] == ["0.2500", "0.5000"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]
    none, some = axes.collections[0].get_segments()  # the intervals, along the bars
    assert none[0][0] == none[1][0] == 0.25
    assert some[1][0] - some[0][0] == pytest.approx(2 * 2.09 * np.std(values["b"]) / 20**0.5, rel=0.1)


def test_images_of_one_person_make_an_interval_as_wide_as_persons_do():
    numbers = np.linspace(0, 1, 21)
    together = {"a": (numbers[None], np.arange(21)), "b": (np.tile(numbers, (1, 4)), np.tile(np.arange(21), 4))}
    axes = canvas.bars(together, [BLUE, ORANGE], "title", "error", "note").axes[0]
    one, four = axes.collections[0].get_segments()
    assert four[1][0] - four[0][0] == pytest.approx(one[1][0] - one[0][0], rel=0.1)


def test_images_of_one_person_alone_make_no_interval():
    axes = canvas.bars({"a": (np.linspace(0, 1, 21)[None], np.zeros(21))}, [BLUE], "title", "error", "note").axes[0]
    ((left, right),) = axes.collections[0].get_segments()
    assert left[0] == right[0] == 0.5


def test_seeds_that_differ_make_a_wider_interval_around_their_mean():
    numbers = np.linspace(0.4, 0.6, 21)
    several = {"a": (numbers[None], np.arange(21)), "b": (numbers + np.array([[-0.3], [0], [0.3]]), np.arange(21))}
    axes = canvas.bars(several, [BLUE, ORANGE], "title", "error", "note").axes[0]
    assert [bar.get_width() for bar in axes.patches] == pytest.approx([0.5, 0.5])
    one, three = axes.collections[0].get_segments()
    assert three[1][0] - three[0][0] > 3 * (one[1][0] - one[0][0])


def test_equal_figures_are_equal_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        canvas.save(canvas.curves(two_panels(), "title", "note"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "RGB"
        assert picture.size[0] == canvas.WIDTH
        assert picture.info == {}


@given(st.lists(st.text("abc -MW", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join))
def test_a_note_is_broken_into_lines_that_fit_and_loses_no_word(text):
    lines = canvas._wrapped(text, 120, canvas.SMALL)
    assert " ".join(lines).split() == text.split()
    assert all(canvas.text_width(line, canvas.SMALL) <= 120 or " " not in line for line in lines)


class TestCaptioned:
    @staticmethod
    def at(drawing: np.ndarray, column: int, top: int) -> np.ndarray:
        left = GAP + column * (FACE + GAP)
        return drawing[top : top + FACE, left : left + FACE]

    def test_every_face_is_shown_pixel_by_pixel(self):
        one, two, three = noise(3)
        sheet = drawn(canvas.captioned([[Tile(one), Tile(two)], [Tile(three)]]))
        assert sheet.shape == (GAP + 2 * (FACE + GAP), GAP + 2 * (FACE + GAP), 3)
        np.testing.assert_array_equal(self.at(sheet, 0, GAP), one)
        np.testing.assert_array_equal(self.at(sheet, 1, GAP), two)
        np.testing.assert_array_equal(self.at(sheet, 0, FACE + 2 * GAP), three)
        assert (self.at(sheet, 1, FACE + 2 * GAP) == 255).all()

    @pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 2), (8, 5), (9, 40)])
    def test_no_size_loses_a_pixel(self, columns, rows):
        sheet = drawn(canvas.captioned([[Tile(noise(1)[0], "name")] * columns] * rows))
        assert sheet.shape[:2] == (GAP + rows * (FACE + LINE + GAP), GAP + columns * (FACE + GAP))

    def test_a_small_grey_face_is_shown_with_its_pixels_repeated(self):
        (small,) = noise(1, side=64, channels=1)
        shown = self.at(drawn(canvas.captioned([[Tile(small)]])), 0, GAP)
        np.testing.assert_array_equal(shown, small.repeat(2, 0).repeat(2, 1).repeat(3, 2))

    def test_captions_stand_below_their_face_and_within_its_width(self):
        caption = "a name that is much too long for it.jpg\n0.9"
        sheet = drawn(canvas.captioned([[Tile(noise(1)[0], caption), Tile(noise(1)[0])]]))
        assert len(sheet) == GAP + FACE + 2 * LINE + GAP
        ink = sheet[GAP + FACE :].mean(2) < 200
        columns = np.flatnonzero(ink.any(0))
        assert ink[:LINE].any()
        assert ink[LINE : 2 * LINE].any()
        assert not ink[2 * LINE :].any()
        assert GAP <= columns.min() <= columns.max() < GAP + FACE

    def test_a_long_name_keeps_its_ends(self):
        short = canvas.fitted("Ashley_Postlewaite_the_third_0001.jpg", FACE, canvas.SMALLEST)
        assert short.startswith("Ashley")
        assert short.endswith(".jpg")
        assert "…" in short
        assert canvas.fitted("short.jpg", FACE, canvas.SMALLEST) == "short.jpg"


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_is_saved_as_it_is(tmp_path, channels):
    (picture,) = noise(1, channels=channels)
    canvas.save_picture(picture, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(picture.shape), picture)
