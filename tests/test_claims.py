"""The papers' claims: what they compare is there, and the stage judges them all."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import rows
import torch
from rows import errors
from typer.testing import CliRunner

from autofaces import papers
from autofaces.app import cli
from autofaces.core import files, params
from autofaces.training import models
from autofaces.verdicts import judge

ROOT = Path(__file__).parents[1]
SETTINGS = params.load(ROOT / "params.yaml")
CLAIMS = {key: papers.load(key).CLAIMS for key in SETTINGS.papers}
ALL = [claim for claims in CLAIMS.values() for claim in claims]
PARTS = [pytest.param(part, id=f"{claim.id}-{part.name}") for claim in ALL for part in claim.parts]


def experiments(part) -> list[str]:
    return [number.partition(":")[0] for number in part.numbers if isinstance(number, str)]


def test_all_claims_are_there_and_say_where_and_why():
    numbers = {"ray2020": ("R", 6), "kovenko2020": ("K", 9), "koenig2020": ("G", 8), "kolotouros2017": ("C", 4)}
    found = {paper: [claim.id for claim in claims] for paper, claims in CLAIMS.items() if claims}
    assert found == {paper: [f"{letter}{i}" for i in range(1, n + 1)] for paper, (letter, n) in numbers.items()}
    assert list(found) == list(numbers)  # the order of metrics/claims.json
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
    assert set(experiments(part)) <= set(SETTINGS.experiments)
    assert len({SETTINGS.experiments[key].dataset for key in experiments(part)}) <= 1


def test_codes_are_of_one_size_where_autoencoders_are_compared_with_principal_components():
    (claim,) = (claim for claim in ALL if claim.id == "K9")
    for part in claim.parts:
        sizes = set()
        for experiment in map(SETTINGS.experiments.get, experiments(part)):
            dataset = SETTINGS.datasets[experiment.dataset]
            with torch.device("meta"):
                shape = dataset.size, dataset.channels
                model = models.build(experiment.model.name, *shape, 1.0, experiment.model.arguments).eval()
                code = model.encode(torch.empty(1, dataset.channels, dataset.size, dataset.size))
            sizes.add((code if isinstance(code, torch.Tensor) else code[0]).numel())
        assert len(sizes) == 1, part


def test_koenigs_compression_is_another_number_than_theirs():
    (found,) = (found for found in judge.judge(CLAIMS, {}, None) if found["id"] == "G7")
    assert (found["verdict"], found["formula"]) == ("not reproduced", "arithmetic:compression")
    assert 1 - found["effect"] == pytest.approx(256 / 49152, abs=1e-6)


def test_the_stage_writes_the_same_bytes_again_and_the_command_prints_them(tmp_path, monkeypatch):
    results = tmp_path / "data" / "results"
    numbers = {"gradient_correlation": errors(), "sharpness_ratio": errors()}
    rows.write(results / "ray2020/ray-recursive", errors(0.8), "demo", **numbers)
    rows.write(results / "ray2020/ray-stacked", errors(), "demo", **numbers | {"gradient_correlation": errors(2.0)})
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    files.write_csv(tmp_path / "metrics" / "summary.csv", [{"paper": key} for key in CLAIMS])
    written = []
    for _ in range(2):
        command = [sys.executable, str(ROOT / "stages" / "claims.py")]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        written.append([(tmp_path / "metrics" / name).read_bytes() for name in ("claims.json", "verdicts.json")])
    assert written[0] == written[1]

    found, effects = map(json.loads, written[0])
    keys = "id paper place claim why experiments metric kind formula effect interval rule scale verdict missing"
    assert {tuple(one) for one in found} == {tuple(keys.split())}
    assert list(effects) == ["R1-sharp", "R1-detail", "R2", "G7"]
    monkeypatch.chdir(tmp_path)
    lines = CliRunner().invoke(cli.app, ["claims"]).output.splitlines()
    assert max(map(len, lines)) <= 100
    assert [line.split()[0] for line in lines if line and line[0].isupper()] == [claim.id for claim in ALL]
    (line,) = (line for line in lines if line.lstrip().startswith("detail") and "missing" not in line)
    assert re.fullmatch(r" +detail +gradient_correlation +-0\.0\d+ +\[-0\.0\d+, -0\.0\d+\] +> 0 +demo", line)
    assert lines[-2:] == [
        "27 claims: 2 demo, 24 not run, 1 not reproduced",
        "demo: not the papers' own scale, decides nothing about them",
    ]


def test_the_command_says_how_to_get_claims(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli.app, ["claims"])
    assert result.exit_code == 1
    assert "metrics/claims.json: no claims judged yet; run `make repro`" in result.stderr
