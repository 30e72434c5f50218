import sys

import pytest

from autofaces.core import stage
from autofaces.core.files import BadInput


def call(monkeypatch, main, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["stages/x.py", *arguments])
    stage.run(main)


def raising(error: BaseException):
    def main(key):
        raise error

    return main


def test_the_arguments_reach_main(monkeypatch):
    found = []
    call(monkeypatch, lambda key, part: found.append((key, part)), "lfw", "train")
    assert found == [("lfw", "train")]


def test_bad_input_is_one_message_and_status_1(monkeypatch):
    with pytest.raises(SystemExit, match=r"^error: lfw\.tgz: cut$"):  # a text makes the status 1
        call(monkeypatch, raising(BadInput("lfw.tgz: cut")), "lfw")


def test_a_fault_of_the_program_keeps_its_traceback(monkeypatch):
    with pytest.raises(ValueError, match="a fault"):
        call(monkeypatch, raising(ValueError("a fault")), "lfw")


def test_ctrl_c_is_status_130(monkeypatch):
    with pytest.raises(SystemExit, match=r"^130$"):
        call(monkeypatch, raising(KeyboardInterrupt()), "lfw")


@pytest.mark.parametrize("arguments", [[], ["lfw", "more"]], ids=["too few", "too many"])
def test_a_wrong_number_of_arguments_shows_the_usage(monkeypatch, arguments):
    with pytest.raises(SystemExit, match=r"^usage: python stages/x\.py <key>$"):
        call(monkeypatch, raising(AssertionError()), *arguments)


def test_dependencies_are_those_of_dvc_yaml_in_its_order(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {a: {cmd: x, deps: [data/b, data/a]}, b: {cmd: y, deps: [data/c]}}")
    assert stage.dependencies("a") == ["data/b", "data/a"]
