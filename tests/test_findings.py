"""Findings: a sentence with its numbers, for one verdict; claims as the first run judged them."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from autofaces.app import findings
from autofaces.core.files import BadInput

ROOT = Path(__file__).parents[1]
CLAIM = dict(
    json.loads((ROOT / "metrics/claims.json").read_text(encoding="utf-8"))[0],
    id="R2",
    claim="It costs no error.",
    kind="ratio",
    effect=0.84,
    interval=[0.8, 0.88],
    rule="< 1",
    verdict="holds",
    grade="reduced",
    reason=None,
    turns=[416, 12544],
)
OTHER = CLAIM | {"id": "R3", "verdict": "not run", "effect": None, "interval": None, "grade": None, "shares": None}
TOLD = {
    "sources": ["new", "old"],
    "ratios": {"later": ["old/metrics", "a", "b", "mse"]},
    "lead": ["R2"],
    "findings": {
        "R2": {
            "told": "holds",
            "text": "{R2:.0%} of it, at least {R2 low}; since {R2 turned:,} images; later {later:.1f}.",
        }
    },
}


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes what a run judged, and the sentences; its folder is the working folder."""
    monkeypatch.chdir(tmp_path)

    def write(new=(CLAIM, OTHER), old=(CLAIM | {"effect": 2.0}, OTHER), told=TOLD) -> None:
        for folder, claims in (("new", new), ("old", old)):
            shutil.rmtree(folder, ignore_errors=True)
            Path(folder, "metrics").mkdir(parents=True)
            Path(folder, "claims.json").write_text(json.dumps(claims))
        for row, mse in (("a", 0.3), ("b", 0.2)):
            Path(f"old/metrics/{row}.json").write_text(json.dumps({"mse": mse}))
        Path("docs").mkdir(exist_ok=True)
        Path("docs/findings.yaml").write_text(yaml.safe_dump(told))

    return write


def test_a_sentence_has_its_numbers(written):
    written()
    sentence = "84 % of it, at least 0.8; since 12,544 images; later 1.5."
    assert findings.lead().splitlines()[2:] == [f"| [R2](top:docs/claims.md#r2) | **holds** | reduced | {sentence} |"]


def test_one_for_another_verdict_is_refused(written):
    written(new=(CLAIM | {"verdict": "open"}, OTHER))
    with pytest.raises(BadInput, match=r"findings\.yaml: R2 is written for the verdict 'holds', but it is now 'open'"):
        findings.lead()


def test_the_same_verdict_at_the_papers_scale_is_another_word(written):
    written(new=(CLAIM | {"grade": "paper"}, OTHER))
    with pytest.raises(BadInput, match="'holds', but it is now 'reproduced'"):
        findings.lead()


def test_a_number_that_is_not_there_is_named(written):
    told = TOLD | {"findings": {"R2": {"told": "holds", "text": "{R2-all:.0%} of it"}}}
    written(told=told)
    with pytest.raises(BadInput, match=r"findings\.yaml: R2: there is no number 'R2-all' in the results"):
        findings.lead()


def test_the_first_run_that_judged_a_claim_counts(written):
    written()
    assert "| R2 | × 0.84 | [0.8, 0.88] | < 1 | holds |" in findings.verdicts()
    written(new=(CLAIM | {"verdict": "not run"}, OTHER))
    assert "| R2 | × 2 | [0.8, 0.88] | < 1 | holds |" in findings.verdicts()
    assert "[old](top:old)" in findings.verdicts()


def test_claims_that_no_run_judged_are_named(written):
    written()
    assert findings.not_run() == "Not run there so far: [R3](top:docs/claims.md#r3)."


def test_a_bar_within_a_cell_does_not_end_it():
    assert findings.table(("a",), [["x | y"]]).splitlines()[-1] == "| x \\| y |"
