"""The report page in a real browser, opened from disk with the network off. Skipped where no Chromium is installed."""

from pathlib import Path

import browser
import numpy as np
import pytest
import torch
from conftest import write_array
from test_report import page as written
from test_report import played, trained, whole  # noqa: F401  fixtures

from autofaces.report import playground
from autofaces.training import models

pytestmark = pytest.mark.skipif(browser.find() is None, reason=f"no browser: none of {', '.join(browser.NAMES)}")
LIVE = "document.querySelector('.live') && !document.querySelector('.live').hidden"
COLUMN = "[...document.querySelectorAll('#table thead th')].findIndex((h) => h.textContent === '{}')"
VALUES = "[...document.querySelectorAll('#table tbody tr')].map((r) => r.cells[{}].dataset.value)"
PIXELS = "document.getElementById('{}-canvas').toDataURL()"
BLANK = "Object.assign(document.createElement('canvas'), { width: 96, height: 64 }).toDataURL()"  # of three by two


@pytest.fixture(scope="module")
def window():
    with browser.page() as window:
        yield window


@pytest.fixture(scope="module")
def file(whole, tmp_path_factory) -> Path:  # noqa: F811
    path = tmp_path_factory.mktemp("page") / "index.html"
    path.write_text(whole, encoding="utf-8")
    return path


@pytest.fixture
def opened(window, file):
    window.errors.clear()
    window.requests.clear()
    window.open(file)
    window.wait(LIVE)
    return window


def test_it_opens_without_a_complaint_and_asks_nothing_of_a_network(opened):
    opened.wait(f"{PIXELS.format('fitted')} !== {BLANK}")
    assert opened.errors == []
    assert opened.requests
    assert all(url.startswith(("file:", "blob:", "data:")) for url in opened.requests)
    assert opened.run("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")


def test_a_column_is_sorted_by_its_button_both_ways_with_empty_cells_last(opened):
    for name in ("mse", "swd"):
        column = opened.run(COLUMN.format(name))
        for direction in ("ascending", "descending"):
            opened.run(f"document.querySelectorAll('#table thead button')[{column}].click()")
            assert opened.run("document.querySelector('[aria-sort]').getAttribute('aria-sort')") == direction
            assert opened.run("document.querySelectorAll('[aria-sort]').length") == 1
            texts = opened.run(VALUES.format(column))
            numbers = [float(text) for text in texts if text]
            assert numbers == sorted(numbers, reverse=direction == "descending")
            assert texts[len(numbers) :] == [""] * (len(texts) - len(numbers))


def test_the_filter_leaves_the_rows_that_have_every_word(opened):
    shown = "[...document.querySelectorAll('#table tbody tr')].filter((r) => !r.hidden).map((r) => r.id)"
    everything = opened.run(shown)
    typed = (
        "document.getElementById('{0}').value = '{1}'; document.getElementById('{0}').dispatchEvent(new Event('{2}'))"
    )
    opened.run(typed.format("filter", "VAE lfw", "input"))
    assert opened.run(shown) == ["row-ray-stacked-vae", "row-ray-recursive-vae"]
    assert opened.run("document.getElementById('count').textContent") == f"2 of {len(everything)}"
    opened.run(typed.format("filter", "", "input"))
    opened.run(typed.format("paper", "kolotouros2017", "change"))
    assert opened.run(shown) == [row for row in everything if row.startswith("row-kolotouros")]


def test_the_hidden_columns_and_the_other_charts_are_shown_on_demand(opened):
    visible = "document.querySelector('{}').checkVisibility()"
    assert not opened.run(visible.format("#table th.more"))
    opened.run("document.getElementById('all-columns').click()")
    assert opened.run(visible.format("#table th.more"))
    opened.run("document.getElementById('axis-1').click()")
    assert opened.run(visible.format(".chart-1"))
    assert not opened.run(visible.format(".chart-0"))


def test_the_face_changes_when_a_slider_moves_by_key(opened):
    before = opened.run(PIXELS.format("directions"))
    opened.run("document.getElementById('direction-0').focus()")
    for _ in range(20):
        opened.press("ArrowRight", 39)
    assert opened.run("document.querySelector('output[for=direction-0]').textContent") == "+2.0 sd"
    opened.wait(f"{PIXELS.format('directions')} !== '{before}'")


def test_morphs_and_samples_answer(opened):
    way = "{{ const way = document.getElementById('way'); way.value = {}; way.dispatchEvent(new Event('input')); }}"
    for value in (0, 100):
        before = opened.run(PIXELS.format("morph"))
        opened.run(way.format(value))
        opened.wait(f"{PIXELS.format('morph')} !== '{before}'")
    opened.wait(f"{PIXELS.format('prior')} !== {BLANK}")
    before = opened.run(PIXELS.format("prior"))
    opened.run("document.getElementById('draw').click()")
    opened.wait(f"{PIXELS.format('prior')} !== '{before}'")
    assert opened.run("document.getElementById('drawn').textContent") == "draw 2"


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_nothing_is_wider_than_the_screen(opened, width):
    opened.resize(width)
    assert opened.run("document.documentElement.scrollWidth") <= width


def test_on_a_narrow_screen_a_claim_has_no_empty_cells(opened):
    dashes = (
        "[...document.querySelectorAll('.claims td')].filter((c) => c.innerText.trim() === '–' && c.checkVisibility())"
    )
    opened.resize(1280)
    assert opened.run(f"{dashes}.length") > 0
    opened.resize(390)
    assert opened.run(f"{dashes}.length") == 0


def test_without_javascript_tables_and_pictures_are_there(window, file):
    window.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        window.open(file)
        assert window.run("[...document.querySelectorAll('.still')].every((s) => s.checkVisibility())")
        assert not window.run("[...document.querySelectorAll('.live, .filters')].some((s) => s.checkVisibility())")
        assert window.run("document.querySelectorAll('#table tbody tr').length > 30")
        assert window.run("document.querySelector('.chart-0').checkVisibility()")
    finally:
        window.call("Emulation.setScriptExecutionDisabled", value=False)


@pytest.mark.parametrize(
    ("name", "size", "channels", "arguments", "gain", "kind"),
    [
        ("ladder", 128, 3, {"latent": "gaussian"}, 2, "int16"),
        ("ladder", 32, 3, {"levels": 5, "latent": "gaussian"}, 6, "float32"),
        ("sketch_vae", 64, 1, {}, 2, "int16"),
        ("pooling", 32, 3, {"levels": 3, "code": 8, "variational": True}, 2, "int16"),
    ],
    ids=["ladder", "steep ladder", "sketch_vae", "pooling"],
)
def test_the_page_decodes_as_pytorch_does(window, tmp_path, name, size, channels, arguments, gain, kind):
    write_array(tmp_path / "arrays" / "test.npy", 4, size)
    images = np.load(tmp_path / "arrays" / "test.npy")[..., :channels]
    np.save(tmp_path / "arrays" / "test.npy", np.ascontiguousarray(images))
    folder = trained(tmp_path / "vae", arguments, name, size, channels, gain)
    text = written(played=playground.make(folder, tmp_path / "arrays"))
    (tmp_path / "index.html").write_text(text, encoding="utf-8")
    window.open(tmp_path / "index.html")
    window.wait(LIVE)

    model, _ = models.load(folder)
    codes = 2 * torch.randn(3, *model.code_shape, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = model.decode(codes).numpy()
    assert f'"type":"{kind}"' in text
    assert expected.std() > 0.02  # a picture, not a grey plane
    for code, image in zip(codes, expected, strict=True):
        values = code.flatten().tolist()
        found = window.run(f"autofaces.decode({values}).then((p) => ({{...p, pixels: Array.from(p.pixels)}}))")
        shape = (found["channels"], found["height"], found["width"])
        np.testing.assert_allclose(np.reshape(found["pixels"], shape), image, atol=1e-3)
