"""The page of `dvc plots diff`, in a repository of two figures and three curves, one of each changed."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import browser
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).parents[1]
FIGURES = Path("figures/ray2020")
EXPERIMENTS = {"ray-a": "ray2020", "ray-b": "ray2020", "kovenko-a": "kovenko2020"}
OUTLINE = "[...document.querySelectorAll('h1, h2, h3, #same > summary')].map((line) => line.textContent)"
LINES = "document.querySelectorAll('{} > .plot .mark-line path').length"


def run(*command: str, where: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("DVC", "GIT"))}
    environment["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    result = subprocess.run(command, cwd=where, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def draw(folder: Path, changed: int) -> None:
    """The figures, their digests, and the curves; what is called changed depends on a number below 256."""
    (folder / FIGURES).mkdir(parents=True, exist_ok=True)
    (folder / "metrics").mkdir(exist_ok=True)
    digests = "figure,sha256\n"
    for name, grey in {"as-before.png": 200, "changed.png": changed}.items():
        Image.new("L", (60, 40), grey).save(folder / FIGURES / name)
        digests += f"{FIGURES / name},{hashlib.sha256((folder / FIGURES / name).read_bytes()).hexdigest()}\n"
    (folder / FIGURES / "digests.csv").write_text(digests)
    curves = "paper,experiment,epoch,step,train_loss,validation_loss,validation_mse\n"
    for experiment, paper in EXPERIMENTS.items():
        error = changed if experiment == "ray-b" else 50
        curves += "".join(f"{paper},{experiment},{n},{n},1,1,{error / n}\n" for n in (1, 2, 3))
    (folder / "metrics/curves.csv").write_text(curves)


@pytest.fixture(scope="module")
def repository(tmp_path_factory) -> Path:
    """With the project's settings and templates, and what its dvc.yaml says of plots; changed since the last commit."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / ".dvc/plots", folder / ".dvc/plots")
    shutil.copy(ROOT / ".dvc/config", folder / ".dvc/config")
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"plots": plots}))
    (folder / ".gitignore").write_text("/.dvc/tmp\n/page\n/without\n")
    draw(folder, 100)
    run("git", "init", "--quiet", where=folder)
    run("git", "add", "--all", where=folder)
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@localhost")
    run("git", *identity, "commit", "--quiet", "--message", "before", where=folder)
    draw(folder, 120)
    return folder


@pytest.fixture(scope="module")
def page(repository) -> Path:
    run("dvc", "plots", "diff", "--out", "page", where=repository)
    return repository / "page/index.html"


@pytest.fixture(scope="module")
def window():
    if browser.find() is None:
        pytest.skip(f"no browser: none of {', '.join(browser.NAMES)}")
    with browser.page() as window:
        yield window


@pytest.fixture
def opened(window, page):
    window.errors.clear()
    window.requests.clear()
    window.open(page)
    window.wait("document.querySelector('main') !== null")
    return window


def test_the_page_holds_vega_and_asks_no_network_for_a_script(page):
    html = page.read_text(encoding="utf-8")
    libraries = re.findall("^<script>(!function.{999})", (ROOT / ".dvc/plots/page.html").read_text("utf-8"), re.M)
    assert len(libraries) == 3
    assert all(library in html for library in libraries)
    assert not re.search(r"<(script|link)[^>]+(src|href)", html)
    assert not re.search("cdn[.]|jsdelivr|unpkg|npmjs", html)


def test_what_changed_comes_first_and_the_rest_is_folded(opened):
    assert opened.run(OUTLINE) == [
        "HEAD → workspace",
        "1 figure changed",
        "figures/ray2020/changed.png",
        "1 curve changed",
        "Unchanged: 1 figure and 2 curves",
        "figures/ray2020/as-before.png",
    ]
    assert not opened.run("document.getElementById('same').open")
    captions = "[...document.querySelectorAll('article figcaption')].map((caption) => caption.textContent)"
    assert opened.run(captions)[:2] == ["HEAD", "workspace"]


def test_its_pictures_and_curves_are_there_without_a_network(opened):
    assert opened.run("[...document.images].every((image) => image.complete && image.naturalWidth === 60)")
    opened.wait(f"{LINES.format('main')} === 2")  # ray-b, before and after
    opened.run("document.getElementById('same').open = true")
    opened.wait(f"{LINES.format('#same')} === 2")  # ray-a and kovenko-a, once
    texts = opened.run("[...document.querySelectorAll('#same .plot text')].map((text) => text.textContent)")
    assert {"ray2020", "kovenko2020"} < set(texts)  # a panel for each paper
    assert opened.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in opened.requests)


def test_figures_without_digests_are_all_shown_and_not_called_the_same(repository, page, window):
    digests = repository / FIGURES / "digests.csv"
    text = digests.read_text()
    digests.unlink()
    run("dvc", "plots", "diff", "--out", "without", where=repository)
    digests.write_text(text)
    window.open(repository / "without/index.html")
    window.wait("document.querySelector('main') !== null")
    assert "2 figures may have changed: a revision has no digests" in window.run(OUTLINE)
    assert "Unchanged: 2 curves" in window.run(OUTLINE)
