"""The command that tries faults: what it makes of what its families find. The families run under `make faults`."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def main(monkeypatch, tmp_path):
    """The command, with one family, whose trials are given, instead of its own."""
    monkeypatch.syspath_prepend(ROOT)
    command = importlib.import_module("faults.__main__")
    toy = ModuleType("faults.toy")
    monkeypatch.setitem(sys.modules, "faults.toy", toy)
    monkeypatch.setattr(command, "families", lambda: ["toy"])
    monkeypatch.setattr(command, "PAGE", tmp_path / "docs/faults.md")

    def run(trials, *arguments: str) -> int:
        toy.trials = lambda seed, work: iter(trials)
        return command.main(list(arguments))

    return run


HELD = ("nothing is lost", "kill", True, "")


def test_a_table_of_what_held_is_printed_and_becomes_the_page(main, tmp_path, capsys):
    assert main([HELD, ("nothing is lost", "a full disk", True, ""), HELD]) == 0
    rows = "| nothing is lost | a full disk | 1 | held |\n| nothing is lost | kill | 2 | held |\n"
    assert capsys.readouterr().out.endswith(f"{rows}\n")
    page = (tmp_path / "docs/faults.md").read_text()
    assert page.startswith("# Faults\n")
    assert page.endswith(rows)


def test_what_was_not_held_is_told_with_its_detail_and_the_status_is_1(main, capsys):
    assert main([HELD, ("nothing is lost", "kill", False, "train@a: other bytes")]) == 1
    told = capsys.readouterr().out
    assert "NOT HELD: nothing is lost: kill: train@a: other bytes\n" in told
    assert "| nothing is lost | kill | 2 | **1 not held** |\n" in told


@pytest.mark.parametrize("part", [["--only", "toy"], ["--first", "1"]])
def test_a_part_of_the_trials_writes_no_page(main, tmp_path, part):
    assert main([HELD, HELD], *part) == 0
    assert not (tmp_path / "docs").exists()


def test_an_unknown_family_is_refused(main, capsys):
    with pytest.raises(SystemExit):
        main([], "--only", "ghosts")
    assert "invalid choice: 'ghosts'" in capsys.readouterr().err


def test_every_family_is_found_and_gives_trials(monkeypatch):
    monkeypatch.syspath_prepend(ROOT)
    for name in importlib.import_module("faults.__main__").families():
        assert callable(importlib.import_module(f"faults.{name}").trials)
