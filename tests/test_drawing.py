"""Figures: byte-stable, and showing what they are given, all of it inside and apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from autofaces import drawing
from autofaces.drawing import BLUE, ORANGE, Line, Panel

RANDOM = np.random.default_rng(0)


def noise(count: int, side: int = 128, channels: int = 3) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, side, side, channels), dtype=np.uint8)


def drawn(figure) -> np.ndarray:
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def holds(drawing: np.ndarray, picture: np.ndarray) -> bool:
    windows = np.lib.stride_tricks.sliding_window_view(drawing, picture.shape)[:, :, 0]
    corners = np.argwhere((windows[:, :, 0, 0] == picture[0, 0]).all(-1))
    return any(np.array_equal(windows[y, x], picture) for y, x in corners)


def texts(figure) -> str:
    return "\n".join(text.get_text() for text in figure.texts).replace("\n", " ")


def test_every_face_is_shown_pixel_by_pixel():
    one, other = noise(3), noise(3)
    picture = drawn(drawing.faces([("one", one), ("other", other)], "title", "note"))
    assert all(holds(picture, face) for face in (*one, *other))


def test_a_face_shown_smaller_is_the_mean_of_its_areas_and_said_to_be():
    picture = noise(1)
    figure = drawing.faces([("one", picture)], "title", "note.", side=64)
    (shown,) = figure.images
    means = picture[0].reshape(64, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(shown.get_array() - means).max() <= 1  # rounded in both directions
    assert holds(drawn(figure), shown.get_array())
    assert "note. Pictures of 128x128 pixels, shown at 64x64." in texts(figure)


def test_a_small_grey_face_is_enlarged_pixel_by_pixel_and_said_to_be():
    picture = noise(1, side=64, channels=1)
    figure = drawing.faces([("one", picture)], "title", "note.")
    assert holds(drawn(figure), picture[0].repeat(2, 0).repeat(2, 1).repeat(3, 2))
    assert "Pictures of 64x64 pixels, enlarged to 128x128." in texts(figure)


@pytest.mark.parametrize(("given", "shown"), [(24, 8), (9, 8), (7, 4), (3, 3)])
def test_sprites_show_whole_rows_of_what_there_is(given, shown):
    pictures = noise(given)
    picture = drawn(drawing.sprites([("a", pictures), ("b", noise(24))], "title", "note", columns=4, rows=2))
    assert [holds(picture, face) for face in pictures] == [True] * shown + [False] * (given - shown)


def two_panels(**more) -> list[Panel]:
    x = [1, 2, 3]
    return [
        Panel("left", "epoch", "error", [Line("a", x, [0.3, 0.2, 0.1], BLUE)], **more),
        Panel("right", "epoch", "error", [Line("a", x, [0.3, 0.2, 0.1], BLUE), Line("b", x, [9, 8, 7], ORANGE, "--")]),
    ]


def test_panels_of_one_quantity_share_its_scale_and_one_legend():
    figure = drawing.curves(two_panels(mark=(2, "a moment")), "title", "note")
    left, right = figure.axes
    assert left.get_ylim() == right.get_ylim()
    assert left.get_ylim()[0] < 0.1 < 9 < left.get_ylim()[1]
    assert [text.get_text() for text in figure.legends[0].texts] == ["a", "b", "a moment"]
    assert [list(line.get_ydata()) for line in right.lines] == [[0.3, 0.2, 0.1], [9, 8, 7]]


@pytest.mark.parametrize("values", [[0.0, 3.0], [2.0, 2.0], [1.49, 1.5], [1e-6, 1e5]])
def test_any_loss_has_ticks_in_plain_digits(values):
    figure = drawing.curves([Panel("", "step", "KL", [Line("a", [1, 2], values, BLUE)])], "title", "note")
    drawn(figure)
    axes = figure.axes[0]
    low, high = axes.get_ylim()
    ticks = [tick for tick in axes.get_yticks() if low <= tick <= high]
    assert 2 <= len(ticks) <= 12
    assert not any("$" in label.get_text() for label in axes.get_yticklabels())


def test_bars_are_the_means_with_their_digits():
    values = {"a": np.full(20, 0.25), "b": np.linspace(0, 1, 21)}
    figure = drawing.bars(values, [BLUE, ORANGE], "title", "error", "note")
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.25, 0.5]
    assert [text.get_text() for text in axes.texts] == ["0.2500", "0.5000"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b"]


def test_equal_figures_are_equal_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        drawing.save(drawing.curves(two_panels(), "title", "note"), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "RGB"
        assert picture.size[0] == drawing.WIDTH
        assert picture.info == {}


@given(st.lists(st.text("abc -MW", min_size=1, max_size=12), min_size=1, max_size=30).map(" ".join))
def test_a_note_is_broken_into_lines_that_fit_and_loses_no_word(text):
    lines = drawing._wrapped(text, 120, drawing.SMALL)
    assert " ".join(lines).split() == text.split()
    assert all(drawing.text_width(line, drawing.SMALL) <= 120 or " " not in line for line in lines)


def test_an_interval_holds_the_mean_and_narrows_with_more_images():
    values = np.random.default_rng(0).normal(5, 1, 4000)
    few, many = drawing.interval(values[:40]), drawing.interval(values)
    assert few[0] < values[:40].mean() < few[1]
    assert many[1] - many[0] == pytest.approx(4 / 4000**0.5, rel=0.1)  # twice 1.96 standard errors
    assert few[1] - few[0] > 5 * (many[1] - many[0])
