"""A few of the faults of `faults/`: of each kind of file one damage, of each stage one full disk, of input some."""

import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from faults import damage, disk, hostile, workspace

pytestmark = pytest.mark.filterwarnings("default")  # of libraries, about files that are spoilt
READ_BY_HAND = {"split"}  # its reader is a stage, and DVC guards it


def broken(trials: Iterable[tuple[str, str, bool, str]]) -> list[str]:
    """The promises that did not hold."""
    return [f"{promise} | {fault} | {detail}" for promise, fault, held, detail in trials if not held]


def test_no_damage_is_a_silent_other_result_or_a_traceback(tmp_path):
    counts = dict.fromkeys(damage.KINDS.keys() - READ_BY_HAND - {"archive (zip)", "horizon"}, 2)
    assert broken(damage.trials(3, tmp_path, counts, dvc=0)) == []


def test_without_room_every_stage_ends_in_a_line_and_the_next_run_is_whole(tmp_path):
    assert broken(disk.trials(3, tmp_path, times=1, few=True)) == []


def test_hostile_input_is_read_or_refused(tmp_path):
    assert broken(hostile.trials(3, tmp_path / "work", count=20)) == []


def test_a_fault_of_the_program_is_told_from_an_error():
    assert not workspace.attempt(lambda: 1 / 0).clear
