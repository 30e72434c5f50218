"""The papers' claims: what they compare is there, and the stage judges them all."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import rows
import torch
from rows import errors
from typer.testing import CliRunner

from autofaces import papers
from autofaces.app import cli
from autofaces.core import files, params
from autofaces.training import models
from autofaces.verdicts import judge, results, rules
from autofaces.verdicts.rules import Arithmetic

ROOT = Path(__file__).parents[1]
SETTINGS = params.load(ROOT / "params.yaml")
CLAIMS = {key: papers.load(key).CLAIMS for key in SETTINGS.papers}
ALL = [claim for claims in CLAIMS.values() for claim in claims]
NAMED = {name: part for claim in ALL for name, part in rules.named(claim).items()}
PARTS = [pytest.param(part, id=name) for name, part in NAMED.items()]


def experiments(part) -> list[str]:
    return [number.partition(":")[0] for number in part.numbers if isinstance(number, str)] + list(part.gate)


def test_all_claims_are_there_and_say_where_and_why():
    letters = {"ray2020": "R", "kovenko2020": "K", "koenig2020": "G", "kolotouros2017": "C"}
    found = {paper: [claim.id for claim in claims] for paper, claims in CLAIMS.items() if claims}
    assert list(found) == list(letters)  # the order of metrics/claims.json
    assert found == {key: [f"{letter}{i + 1}" for i in range(len(found[key]))] for key, letter in letters.items()}
    for claim in ALL:
        assert re.search(r"section|report|code", claim.place)
        assert claim.claim.endswith(".")
        assert claim.why.endswith(".")
        assert any(part.rule for part in claim.parts)
        names = [part.name for part in claim.parts]
        assert len(set(names)) == len(names)
        assert all(names) or names == [""]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_compares_rows_of_one_data_set_that_exist(part):
    assert set(experiments(part)) <= set(SETTINGS.rows)
    assert len({SETTINGS.rows[key].dataset for key in experiments(part)}) <= 1
    for number in part.numbers:
        share = str(number).partition("@")[2]
        assert share in ("", *results.POINTS)


@pytest.mark.parametrize("part", PARTS)
def test_codes_are_of_one_size_where_an_error_is_compared_with_that_of_principal_components(part):
    closed = [n for n in part.numbers if isinstance(n, str) and re.match(r"pca-\w+:mse", n)]
    if not closed:
        return
    first = {int(size[1]) for number in closed if (size := re.search(r"mse_(\d+)", number))}  # components
    sizes = set(first)
    for key in experiments(part):
        experiment = SETTINGS.rows[key]
        if experiment.model.name == "pca" and first:
            assert max(first) < experiment.model.arguments["code"]
            continue
        dataset = SETTINGS.datasets[experiment.dataset]
        with torch.device("meta"):
            shape = dataset.size, dataset.channels
            model = models.build(experiment.model.name, *shape, 1.0, experiment.model.arguments).eval()
            code = model.encode(torch.empty(1, dataset.channels, dataset.size, dataset.size))
        sizes.add((code if isinstance(code, torch.Tensor) else code[0]).numel())
    assert len(sizes) == 1


@pytest.mark.parametrize("claim", [pytest.param(claim, id=claim.id) for claim in ALL])
def test_a_claim_needs_results_to_be_decided_unless_arithmetic_decides_it(claim):
    found = judge.judge({"paper": [claim]}, {})[0]
    arithmetic = [all(isinstance(n, Arithmetic) for n in part.numbers) for part in claim.parts if part.rule]
    assert any(arithmetic) or found["verdict"] == "not run"
    assert found["verdict"] != "not run" or not all(arithmetic)


def test_koenigs_compression_is_another_number_than_theirs():
    (found,) = (found for found in judge.judge(CLAIMS, {}) if found["formula"] == "arithmetic:compression")
    assert (found["verdict"], judge.words(found["verdict"], found["grade"])) == ("fails", "not reproduced")
    assert 1 - found["effect"] == pytest.approx(256 / 49152, abs=1e-6)


def make_up(claim, folder: Path) -> None:
    """Results of the rows that a claim compares, with all of its numbers known per image."""
    names: dict[str, set[str]] = {}
    for part in claim.parts:
        for number in part.numbers:
            key, _, name = number.partition(":")
            names.setdefault(key, set()).add(name)
    for i, (key, its) in enumerate(names.items()):
        values = {name: (1 + i) * errors(seed=i) for name in its - {"mse"}}
        few = {name: np.tile(value[:8], (rows.POINTS, 1)) for name, value in values.items()}
        rows.write(folder / SETTINGS.rows[key].paper / key, (1 + i) * errors(seed=i), "demo", horizon=few, **values)


@pytest.fixture
def project(tmp_path):
    """A project with the results of one claim: of several parts of test images' numbers, of the papers' rows."""

    def plain(part) -> bool:
        numbers = [number for number in part.numbers if isinstance(number, str)]
        return len(numbers) == len(part.numbers) == 2 and not any(
            "@" in n or n.partition(":")[0] not in SETTINGS.experiments for n in numbers
        )

    claim = next(claim for claim in ALL if len(claim.parts) > 1 and all(map(plain, claim.parts)))
    make_up(claim, tmp_path / "data" / "results")
    files.write_json(tmp_path / "data" / "results" / "not_run.json", list(SETTINGS.ablations))
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    return tmp_path, claim


def run(folder: Path) -> None:
    command = [sys.executable, str(ROOT / "stages" / "claims.py")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_stage_writes_the_same_bytes_again_and_the_command_prints_them(project, monkeypatch):
    folder, claim = project
    written = []
    for _ in range(2):
        run(folder)
        written.append({path: path.read_bytes() for path in sorted((folder / "metrics").rglob("*")) if path.is_file()})
    assert written[0] == written[1]
    names = {f"horizon/{key}.csv" for key in SETTINGS.papers} | {"claims.json", "verdicts.json"}
    assert {str(path.relative_to(folder / "metrics")) for path in written[0]} == names

    found, effects = (json.loads((folder / "metrics" / name).read_text()) for name in ("claims.json", "verdicts.json"))
    keys = "id paper place claim why experiments metric kind formula effect interval rule verdict grade shares reason"
    assert {tuple(one) for one in found} == {(*keys.split(), "missing", "turns")}
    assert set(rules.named(claim)) <= set(effects)
    monkeypatch.chdir(folder)
    lines = CliRunner().invoke(cli.app, ["claims"]).output.splitlines()
    assert max(map(len, lines)) <= 100
    ids = [words[0] for line in lines if line and (words := line.split())[0] in {claim.id for claim in ALL}]
    assert ids == [claim.id for claim in ALL]
    total = " ".join(lines[lines.index("") + 1 :])
    assert re.match(r"\d claims? on synthetic faces, 25 % of the papers' images: ", total)
    assert re.search(r"; \d by arithmetic: .*; \d+ not run \d+ parts left out, ablations: set profiles", total)


def test_the_stage_writes_how_effects_went_on_over_the_training(project):
    folder, claim = project
    run(folder)
    (paper,) = (paper for paper, claims in CLAIMS.items() if claim in claims)
    table = pd.read_csv(folder / "metrics" / "horizon" / f"{paper}.csv")
    assert set(rules.named(claim)) <= set(table.claim)
    assert set(table.point) == set(range(rows.POINTS))


def test_the_stage_leaves_out_ablations_that_the_profile_does_not_run(project):
    folder, _ = project
    run(folder)
    found = json.loads((folder / "metrics" / "claims.json").read_text())
    left = [one for one in found if one["reason"] == judge.ABLATION]
    assert left
    assert {one["verdict"] for one in left} <= {"not run", None}
    for one in left:
        assert set(one["missing"]) <= set(SETTINGS.ablations)


def test_the_command_says_how_to_get_claims(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["claims"])
    assert result.exit_code == 1
    assert "metrics/claims.json: no claims judged yet; run `make repro`" in result.stderr


def test_results_of_an_older_version_end_the_stage_in_one_line(project):
    folder, _ = project
    lost = next((folder / "data/results").glob("*/*/seeds.csv"))
    lost.unlink()
    command = [sys.executable, str(ROOT / "stages" / "claims.py")]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    relative = lost.relative_to(folder)
    assert done.stderr == f"error: {relative}: not found; an older version wrote it; run `dvc repro collect`\n"
