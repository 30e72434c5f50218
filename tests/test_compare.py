"""What a change moved, told to its reviewer; on the two rows of test_verify."""

import json
import shutil

import pytest
from test_verify import (
    CLAIM,
    PARAMS,
    STAGES,
    ablated,
    commit,
    git,
    remeasured,
    reproduce,
    results,
    root,
    write,
)

from autofaces.core.files import BadInput
from autofaces.pipeline.compare import between

__all__ = ["ablated", "root"]  # fixtures
BROKEN = {"verdict": "fails", "effect": 1.3, "interval": [1.2, 1.4]}


def with_setting(root, **outputs) -> None:
    """Row a trained with another rate, and what came of it."""
    write(root, "params.yaml", PARAMS.replace("a: {rate: 0.1}", "a: {rate: 0.2}"))
    reproduce(root, results({"models/a": "other", "data/evaluations/a": "other"}, **outputs))


def test_where_nothing_moved_it_says_so(root):
    short = git(root, "rev-parse", "--short", "HEAD").strip()
    assert between("HEAD", root=root) == [f"compare: HEAD ({short}) -> the workspace", "nothing moved"]


def test_a_part_that_crossed_its_rule_and_the_verdict_that_turned_are_named(root):
    with_setting(root, a={"mse": 0.03}, claim=BROKEN)
    assert between("HEAD", root=root)[1:] == [
        "claims whose verdict changed:",
        "  C1            holds -> fails",
        "parts of claims that crossed their rule:",
        "  C1            0.66 -> 1.3, rule < 1: now broken",
        "rows whose error (mse) moved most, of 1 whose inputs differ:",
        "  a                                   0.02 -> 0.03 (+50.0 %): experiments.a",
    ]


def claims(**parts: dict) -> list[dict]:
    """A claim of two parts, and as itself the worst of them."""
    named = {"C1-sharp": CLAIM | parts.get("sharp", {}), "C1-error": CLAIM | parts.get("error", {})}
    worst = max(named.values(), key=lambda part: part["effect"])
    return [part | {"id": name} for name, part in ({"C1": worst} | named).items()]


def test_of_a_claim_of_several_parts_those_that_crossed_are_named_and_not_its_worst(root):
    reproduce(root, results({"metrics/claims.json": claims(error={"effect": 0.9, "interval": [0.8, 0.95]})}))
    commit(root)
    write(root, "src/judge.py", "# another rule\n")
    sharp = BROKEN | {"rule": "< 1.1"}
    reproduce(
        root, results({"metrics/claims.json": claims(sharp=sharp, error={"effect": 0.5, "interval": [0.4, 0.6]})})
    )
    told = between("HEAD", root=root)
    assert told[1:] == [
        "claims whose verdict changed:",
        "  C1            holds -> fails",
        "parts of claims that crossed their rule:",
        "  C1-sharp      0.66 -> 1.3, rule < 1.1 (was < 1): now broken",
    ]


def test_a_part_whose_interval_alone_came_to_straddle_its_rule_is_named(root):
    with_setting(root, claim={"verdict": "open", "effect": 0.95, "interval": [0.9, 1.1]})
    assert "  C1            0.66 -> 0.95, rule < 1: holds -> open" in between("HEAD", root=root)


def test_a_part_that_kept_its_rule_is_not_told(root):
    with_setting(root, claim={"effect": 0.5, "interval": [0.4, 0.6]})
    assert between("HEAD", root=root)[1:] == ["nothing moved"]


def test_a_verdict_that_has_lost_its_numbers_is_told(root):
    with_setting(root, claim={"verdict": "not run", "effect": None, "interval": None})
    assert between("HEAD", root=root)[1:] == ["claims whose verdict changed:", "  C1            holds -> not run"]


def test_what_the_machine_moved_is_one_line_and_no_verdict_of_the_change(root):
    reproduce(root, results({"models/b": "other"}, b={"mse": 0.021}, claim=BROKEN))
    assert between("HEAD", root=root)[1:] == [
        "nothing moved",
        "same inputs, other machine: 1 row, verdicts of C1; at most 4.8 % (b mse)",
    ]


def test_rows_are_told_by_how_much_their_error_moved_and_why(root):
    write(root, "src/train.py", "# another optimiser\n")
    write(root, "params.yaml", PARAMS.replace("b: {rate: 0.1}", "b: {rate: 0.2}"))
    reproduce(root, results({"models/a": "1", "models/b": "2"}, a={"mse": 0.021}, b={"mse": 0.01}))
    assert between("HEAD", root=root)[1:] == [
        "rows whose error (mse) moved most, of 2 whose inputs differ:",
        "  b                                   0.02 -> 0.01 (-50.0 %): experiments.b, src/train.py",
        "  a                                   0.02 -> 0.021 (+5.0 %): src/train.py",
    ]


def test_an_ablation_is_told_as_other_rows_are(ablated):
    write(ablated, "src/measure.py", "# another measure\n")
    remeasured(ablated, "b,demo,0.06,4\n")
    assert between("HEAD", root=ablated)[1:] == [
        "rows whose error (mse) moved most, of 1 whose inputs differ:",
        "  b                                   0.03 -> 0.06 (+100.0 %): src/measure.py",
    ]


def test_new_and_gone_rows_and_claims_are_listed(root):
    stages = {name: stage for name, stage in STAGES.items() if not name.endswith("@b")}
    moved = [CLAIM | {"id": "C3"}]
    reproduce(root, results({"metrics/claims.json": moved}), stages | {"train@c": STAGES["train@a"]})
    assert between("HEAD", root=root)[1:] == ["new: train@c, C3", "gone: train@b, evaluate@b, C1, C2"]


def test_edits_that_have_not_run_are_told_first(root):
    write(root, "src/draw.py", "# edited\n")
    told = between("HEAD", root=root)
    assert told[1] == "stages that have not run: 1 (missing or edited since: src/draw.py): `make repro` first"


def test_two_revisions_and_the_folder_of_a_checkout_can_be_compared(root, tmp_path):
    shutil.copytree(root, tmp_path / "base")
    with_setting(root, a={"mse": 0.03})
    commit(root)
    row = "  a                                   0.02 -> 0.03 (+50.0 %): experiments.a"
    assert between("HEAD~1", "HEAD", root)[-1] == between("../base", root=root)[-1] == row
    assert between("../base", root=root)[0] == "compare: ../base -> the workspace"


def test_a_commit_without_claims_is_refused_in_one_line(root):
    git(root, "rm", "--quiet", "--cached", "metrics/claims.json")
    git(root, "commit", "--quiet", "--message", "without")
    with pytest.raises(BadInput, match=r"HEAD \(\w+\) has no metrics/claims\.json: only what was reproduced"):
        between("HEAD", root=root)


def test_verdicts_json_is_not_needed_which_older_commits_lack(root):
    assert not (root / "metrics/verdicts.json").exists()
    assert json.loads((root / "metrics/claims.json").read_text())[0]["id"] == "C1"
    assert between("HEAD", root=root)[-1] == "nothing moved"
