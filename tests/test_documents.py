"""The texts: what a reader is told to copy works, links lead somewhere, and numbers are those of the results."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml
from dvc.utils.hydra import apply_overrides

from autofaces import papers
from autofaces.app import documents
from autofaces.app.cli import app
from autofaces.core import params
from autofaces.core.files import BadInput
from autofaces.verdicts import rules

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"]
PAGES += [f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"\bautofaces ([a-z]+)([^\n`#]*)")  # in a block of commands, or in the text between backticks
LINK = re.compile(r"\]\(([^)#:]*)(?:#([^)]+))?\)")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str, language: str = "") -> list[str]:
    """The blocks of code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def merged(a: dict, b: dict) -> dict:
    return a | {key: merged(a[key] or {}, b[key]) if isinstance(b[key], dict) and key in a else b[key] for key in b}


def anchors(page: str) -> set[str]:
    """What GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture
def top(monkeypatch):
    """The project's top folder as the working folder."""
    monkeypatch.chdir(ROOT)


@pytest.fixture
def copied(tmp_path, monkeypatch) -> Path:
    """A copy of all that the blocks are made from, as the working folder."""
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "CITATION.cff", "Makefile", "params.yaml", "dvc.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("docs", "metrics"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for name in ("benchmarks", "pretrained"):
        (tmp_path / name).mkdir()
        for page in (ROOT / name).glob("*.md"):
            shutil.copy(page, tmp_path / name)
    shutil.copytree(ROOT / "results", tmp_path / "results", ignore=shutil.ignore_patterns("*.png", "*.html"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_links_to_is_there(name):
    for link, anchor in LINK.findall(text(name)):
        target = (ROOT / name).parent / link if link else ROOT / name
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text(encoding="utf-8")), f"{link}#{anchor}"


@pytest.mark.parametrize("name", PAGES)
def test_commands_and_options_that_a_page_names_are_there(name):
    commands = typer.main.get_command(app).commands
    code = "\n".join([*blocks(text(name)), *re.findall(r"`([^`\n]+)`", text(name))])
    for command, rest in COMMAND.findall(code):
        assert command in commands
        known = {option for parameter in commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, command


def test_readme_is_short():
    assert len(text("README.md").encode()) <= 12_000


@pytest.mark.usefixtures("top")
class TestBlocks:
    def test_are_as_results_and_settings_have_them(self):
        for page in documents.pages():
            assert documents.filled(page, text(str(page))) == text(str(page)), f"{page}: run `make docs`"

    def test_each_stands_on_some_page(self):
        named = {name for page in documents.pages() for name, _ in documents.BLOCK.findall(text(str(page)))}
        assert named == set(documents.BLOCKS)

    def test_are_made_without_torch(self):
        code = "import sys; from autofaces.app.documents import main; main(['--check']); print('torch' in sys.modules)"
        found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        assert found.stdout == "False\n"

    def test_an_unknown_one_is_named_with_those_that_there_are(self):
        with pytest.raises(BadInput, match=r"README\.md: block leed: unknown; known: start, "):
            documents.filled(Path("README.md"), "<!-- begin leed -->\n<!-- end leed -->\n")

    def test_one_without_an_end_is_named(self):
        with pytest.raises(
            BadInput, match=r"block lead: expected <!-- begin lead --> and, below it, <!-- end lead -->"
        ):
            documents.filled(Path("README.md"), "<!-- begin lead -->\nR1\n")

    def test_links_lead_to_the_same_place_from_every_folder(self):
        mark = "<!-- begin not-run -->\n<!-- end not-run -->\n"
        assert "](docs/claims.md#k" in documents.filled(Path("README.md"), mark)
        assert "](claims.md#k" in documents.filled(Path("docs/results.md"), mark)


class TestTheCommand:
    def test_check_names_the_block_that_differs_and_writes_nothing(self, copied):
        page = copied / "README.md"
        page.write_text(page.read_text().replace("| reduced |", "| paper |", 1))
        was = page.read_bytes()
        with pytest.raises(SystemExit, match=r"README\.md: lead\nrun `make docs`"):
            documents.main(["--check"])
        assert page.read_bytes() == was

    def test_writes_what_differs_then_check_is_content(self, copied, capsys):
        page = copied / "README.md"
        right = page.read_bytes()
        page.write_text(page.read_text().replace("| reduced |", "| paper |", 1))
        documents.main([])
        assert capsys.readouterr().out == "README.md: lead: written\n"
        assert page.read_bytes() == right
        documents.main(["--check"])

    def test_without_results_it_says_what_to_do(self, copied):
        (copied / "metrics/claims.json").unlink()
        with pytest.raises(SystemExit, match=r"metrics/claims\.json: not found in .*; run `make repro`"):
            documents.main(["--check"])


def test_the_recipe_for_own_photos_is_settings_that_are_right(tmp_path):
    """README's block, as it is pasted, and the settings of docs/data.md come to the same."""
    (recipe,) = [block for block in blocks(text("README.md")) if "my-row" in block]
    shutil.copy(ROOT / "params.yaml", tmp_path)
    pasted = re.findall(r"-S ('[^']*'|\S+)", recipe)
    apply_overrides(tmp_path / "params.yaml", [one.strip("'") for one in pasted])
    (written,) = blocks(text("docs/data.md"), "yaml")
    settings = merged(yaml.safe_load(text("params.yaml")), yaml.safe_load(written)) | {"profile": "sample"}
    (tmp_path / "written.yaml").write_text(yaml.safe_dump(settings))
    found = params.load(tmp_path / "params.yaml")
    assert found.experiments["my-row"].dataset == "mine"
    assert found == params.load(tmp_path / "written.yaml")


@pytest.mark.usefixtures("top")
def test_settings_that_are_swept_are_there():
    swept = re.findall(r"-S ([a-z][^= ]*)=", text("docs/commands.md"))
    assert len(swept) > 2
    assert None not in [params.section(name) for name in swept]


def test_the_example_of_a_claim_is_one():
    (example,) = blocks(text("CONTRIBUTING.md"), "python")
    assert list(rules.named(eval(example, vars(rules)))) == ["R2"]


def test_the_citation_names_every_paper():
    cited = {paper["title"]: paper for paper in yaml.safe_load(text("CITATION.cff"))["references"]}
    for paper in (papers.load(key).PAPER for key in papers.ordered([])):
        names = [f"{one['given-names']} {one['family-names']}" for one in cited[paper.title]["authors"]]
        assert (", ".join(names), str(cited[paper.title]["year"])) == (paper.authors, paper.year)


def test_what_docker_leaves_out_git_leaves_out_too():
    left = [line for line in text(".dockerignore").split() if not line.startswith("!")]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    tops = {line for line in left if "*" not in line}
    assert not [name for name in tracked if any(name.startswith(f"{one}{os.sep}") for one in tops)]
