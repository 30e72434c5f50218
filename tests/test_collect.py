"""All rows' outputs in one folder, by paper."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import rows
import yaml

from autofaces.core import files
from autofaces.evaluation.collect import collect

ROOT = Path(__file__).parents[1]
ROWS = "data/evaluations"


def write(project: Path, key: str, paper: str = "paper2020", trained: bool = True, lost: str = "", **more) -> Path:
    """What evaluate leaves of a row: data/evaluations/<row>.zip; without what is `lost`."""
    path = project / ROWS / f"{key}.zip"
    with files.packing(path) as folder:
        rows.write(folder / "paper" / key, rows.errors(images=4), **more)
        shutil.copytree(folder / "paper" / key, folder, dirs_exist_ok=True)
        shutil.rmtree(folder / "paper")
        its = json.loads((folder / "config.json").read_text()) | {"experiment": key, "paper": paper}
        files.write_json(folder / "config.json", its | {"train": {"epochs": 1} if trained else None})
        if lost:
            shutil.rmtree(folder / lost) if lost == "dvclive" else (folder / lost).unlink()
    return path


def write_outliers(project: Path, key: str) -> Path:
    path = project / "data" / "outliers" / f"{key}.zip"
    with files.packing(path) as folder:
        files.write_json(folder / "metrics.json", {"outlier_auroc": 0.75})
        for name in ("images.csv", "seeds.csv", "pictures.npz"):
            (folder / name).touch()
    return path


def write_left_out(project: Path, key: str) -> Path:
    path = project / ROWS / f"{key}.zip"
    with files.packing(path) as folder:
        files.write_json(folder / "config.json", {"experiment": key, "paper": "paper2020", "not_run": True})
    return path


def packed(path: Path) -> dict[Path, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {Path(name): archive.read(name) for name in archive.namelist()}


def contents(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_row_is_copied_whole_below_its_paper_with_its_outliers(tmp_path):
    folder, outliers = write(tmp_path, "b", sets={"swd": [range(8)]}), write_outliers(tmp_path, "b")
    collect([folder], [outliers], tmp_path / "results")
    found = contents(tmp_path / "results" / "paper2020" / "b")
    assert {k: v for k, v in found.items() if k.parts[0] != "outliers"} == packed(folder)
    assert {Path(*k.parts[1:]): v for k, v in found.items() if k.parts[0] == "outliers"} == packed(outliers)


def test_the_summary_has_a_row_per_experiment_in_the_order_given_and_all_columns(tmp_path):
    folders = [write(tmp_path, "b"), write(tmp_path, "a", "other", swd=3.0)]
    summary, _ = collect(folders, [write_outliers(tmp_path, "b")], tmp_path / "results")
    assert [(row["experiment"], row["swd"], row["outlier_auroc"]) for row in summary] == [
        ("b", None, 0.75),
        ("a", 3.0, None),
    ]
    assert len({tuple(row) for row in summary}) == 1


def test_curves_are_the_histories_of_a_papers_rows_that_were_trained_by_gradient(tmp_path):
    folders = [write(tmp_path, "b"), write(tmp_path, "a"), write(tmp_path, "fitted", "baseline", trained=False)]
    _, curves = collect(folders, [], tmp_path / "results")
    table = pd.DataFrame(curves)
    assert list(table) == ["paper", "experiment", "epoch", "step", "train_loss", "validation_loss", "validation_mse"]
    assert table.experiment.tolist() == ["b", "b", "a", "a"]
    assert set(table.paper) == {"paper2020"}
    assert table.validation_mse.tolist() == [0.25, 0.15] * 2


def test_a_row_that_the_profile_left_out_is_only_named(tmp_path):
    left_out = [write_left_out(tmp_path, key) for key in ("a", "c")]
    summary, curves = collect([left_out[0], write(tmp_path, "b"), left_out[1]], [], tmp_path / "results")
    assert {row["experiment"] for row in summary} == {row["experiment"] for row in curves} == {"b"}
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["not_run.json", "paper2020"]
    assert json.loads((tmp_path / "results/not_run.json").read_text()) == ["a", "c"]
    assert sorted(path.name for path in (tmp_path / "results/paper2020").iterdir()) == ["b", "rows.json"]
    assert json.loads((tmp_path / "results/paper2020/rows.json").read_text()) == ["b"]


@pytest.mark.parametrize(
    "name", ["config.json", "metrics.json", "images.csv", "seeds.csv", "horizon.csv", "pictures.npz", "dvclive"]
)
def test_a_partial_row_is_named_with_what_it_lacks(name, tmp_path):
    path = write(tmp_path, "b", lost=name)
    with pytest.raises(
        files.BadInput, match=rf"evaluations/b\.zip: {name} not there; run `dvc repro --force evaluate@b`"
    ):
        collect([path], [], tmp_path / "results")


def test_a_damaged_row_is_named(tmp_path):
    path = write(tmp_path, "b")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(
        files.BadInput, match=r"evaluations/b\.zip: not readable .*; run `dvc repro --force evaluate@b`"
    ):
        collect([path], [], tmp_path / "results")


def test_outliers_that_are_not_there_or_of_no_row_are_refused(tmp_path):
    folder = write(tmp_path, "b")
    missing = r"outliers/b\.zip: not readable .*; run `dvc repro --force outliers@b`"
    with pytest.raises(files.BadInput, match=missing):
        collect([folder], [tmp_path / "data/outliers/b.zip"], tmp_path / "results")
    with pytest.raises(files.BadInput, match=r"c\.zip: no evaluation beside it; name data/evaluations/c\.zip in dvc"):
        collect([], [write_outliers(tmp_path, "c")], tmp_path / "results")


def run(project: Path, *needed: str) -> subprocess.CompletedProcess:
    (project / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"collect": {"deps": ["src/some.py", *needed]}}}))
    command = [sys.executable, str(ROOT / "stages" / "collect.py")]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)


def test_the_stage_gathers_what_dvc_yaml_names_and_leaves_nothing_from_before(tmp_path):
    for key, paper in (("b", "paper2020"), ("a", "paper2020"), ("c", "gone2020")):
        write(tmp_path, key, paper)
    write_outliers(tmp_path, "a")
    before = run(tmp_path, f"{ROWS}/c.zip", f"{ROWS}/b.zip")
    done = run(tmp_path, f"{ROWS}/b.zip", "data/outliers/a.zip", f"{ROWS}/a.zip")
    assert (before.returncode, done.returncode, done.stdout, done.stderr) == (0, 0, "", "")
    names = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("data/results/*/*"))
    assert names == [f"data/results/paper2020/{name}" for name in ("a", "b", "rows.json")]
    assert json.loads((tmp_path / "data/results/paper2020/rows.json").read_text()) == ["b", "a"]
    assert (tmp_path / "data/results/paper2020/a/outliers/metrics.json").exists()
    lines = (tmp_path / "metrics/summary.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["experiment", "b", "a"]
    assert (tmp_path / "metrics/curves.csv").read_text().splitlines()[1] == "paper2020,b,0.5,10,2,2.5,0.25"


def test_the_stage_keeps_what_was_there_where_a_row_is_missing(tmp_path):
    write(tmp_path, "b")
    assert run(tmp_path, f"{ROWS}/b.zip").returncode == 0
    before = contents(tmp_path / "data/results")
    done = run(tmp_path, f"{ROWS}/b.zip", f"{ROWS}/never-measured.zip")
    assert done.returncode == 1
    assert done.stderr.startswith("error: data/evaluations/never-measured.zip: not readable")
    assert contents(tmp_path / "data/results") == before
