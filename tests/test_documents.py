"""README and CONTRIBUTING: what a reader is told to copy works."""

import re
from pathlib import Path

import pytest
import typer.main
import yaml

from autofaces import papers
from autofaces.app.cli import app
from autofaces.core import params
from autofaces.verdicts import rules

ROOT = Path(__file__).parents[1]
README, CONTRIBUTING = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "CONTRIBUTING.md"))
COMMAND = re.compile(r"\bautofaces ([a-z]+)([^\n`#]*)")  # in a block of commands, or in the text between backticks


def blocks(text: str, language: str = "") -> list[str]:
    """The blocks of code of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE)


def merged(a: dict, b: dict) -> dict:
    return a | {key: merged(a[key] or {}, b[key]) if isinstance(b[key], dict) and key in a else b[key] for key in b}


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "data/README.md"])
def test_what_a_page_links_to_is_there(name):
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / name).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / name).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("text", [README, CONTRIBUTING], ids=["README", "CONTRIBUTING"])
def test_commands_and_options_that_a_page_names_are_there(text):
    commands = typer.main.get_command(app).commands
    code = "\n".join([*blocks(text), *re.findall(r"`([^`\n]+)`", text)])
    named = COMMAND.findall(code)
    assert named
    for command, rest in named:
        assert command in commands
        known = {option for parameter in commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= known, command


def test_the_recipe_for_own_photos_is_settings_that_are_right(tmp_path):
    (recipe,) = blocks(README, "yaml")
    settings = merged(yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")), yaml.safe_load(recipe))
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings | {"profile": "sample"}))
    assert params.load(tmp_path / "params.yaml").experiments["my-row"].dataset == "mine"


def test_settings_that_are_swept_are_there(monkeypatch):
    monkeypatch.chdir(ROOT)
    swept = re.findall(r"-S ([a-z][^= ]*)=", README)
    assert len(swept) > 2
    assert None not in [params.section(name) for name in swept]


def test_the_example_of_a_claim_is_one():
    (example,) = blocks(CONTRIBUTING, "python")
    assert list(rules.named(eval(example, vars(rules)))) == ["R2"]


def test_readme_counts_the_claims_and_the_rows():
    claims = {key: [claim.id for claim in papers.load(key).CLAIMS] for key in papers.ordered([])}
    assert f"judges {sum(map(len, claims.values()))} claims" in README
    for first, last in ((its[0], its[-1]) for its in claims.values()):
        assert f"{first} to {last} |" in README
    settings = params.load(ROOT / "params.yaml")
    assert f"trains {len(settings.experiments)} models" in README
    assert f"There are {len(settings.ablations)}," in README
