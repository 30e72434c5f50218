"""benchmarks/: that every section runs, and what its page says."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.__main__ import SECTIONS
from benchmarks.timing import Enough, Target, Watch

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict:
    """What a quick run measures."""
    path = tmp_path_factory.mktemp("benchmarks") / "found.json"
    command = [sys.executable, "-m", "benchmarks", "--quick", "--json", str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(path.read_text())


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_gives_finite_numbers(found, section):
    rows = [row for table in found["sections"][section]["tables"] for row in table["rows"]]
    measured = [row for row in rows if "skipped" not in row]
    assert measured or section == "pipeline"  # which needs a git checkout
    for row in measured:
        numbers = [row[key] for key in ("rate", "seconds", "share", "factor") if key in row]
        assert numbers, row
        assert all(math.isfinite(number) and number > 0 for number in numbers), row


def test_two_rows_side_by_side_are_counted_together(found):
    alone, both = found["sections"]["training"]["tables"][0]["rows"][1:]
    assert (alone["processes"], both["processes"]) == (1, 2)
    assert both["ratio"] == pytest.approx(both["rate"] / found["sections"]["training"]["tables"][0]["rows"][0]["rate"])


def test_the_page_names_the_machine_and_says_what_was_reached(found):
    page = results.page(found)
    assert f"- torch: {found['machine']['torch']}" in page
    assert "Preprocessing: ours, all processes" in page
    assert all(f"## {found['sections'][section]['title']}" in page for section in SECTIONS)


def test_a_row_that_was_skipped_says_why():
    rows = [{"name": "a", "rate": 2.0}, {"name": "pythae", "skipped": "not installed"}]
    assert results.table(rows).splitlines()[2:] == ["| a | 2 |", "| pythae: not installed |  |"]


def test_a_watch_leaves_the_first_steps_out_and_ends_the_loop():
    watch = Watch(seconds=0, skip=2)
    for _ in range(3):  # two, and the one at which the clock starts
        watch.tick()
    with pytest.raises(Enough):
        watch.tick()
    assert watch.round(items_per_step=5).items == 5


@pytest.mark.parametrize(
    ("target", "row", "reached"),
    [
        (Target(1.6, "ratio"), {"ratio": 1.59}, False),
        (Target(4500, "rate"), {"rate": 4500.0}, True),
        (Target(1.5, "seconds"), {"seconds": 1.6}, False),
        (Target(1000, "peak_mib"), {"peak_mib": 900}, True),
    ],
    ids=["times", "per second", "seconds", "memory"],
)
def test_a_target_is_a_least_rate_or_a_most_of_seconds_and_memory(target, row, reached):
    assert target.reached(row) is reached
