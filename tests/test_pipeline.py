"""The whole pipeline under DVC, in a clone of the project at smoke scale."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
EXPERIMENTS = yaml.safe_load((ROOT / "params.yaml").read_text())["experiments"]

pytestmark = pytest.mark.slow


class Clone:
    """A copy of the project as git would have it, in a repository of its own."""

    def __init__(self, folder: Path):
        self.folder = folder
        names = self.git("ls-files", "--cached", "--others", "--exclude-standard", where=ROOT).split()
        for name in names:
            # what the demo profile left behind is not the source
            if (ROOT / name).is_file() and not name.startswith(("metrics/", "figures/", "results/", "dvc.lock")):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, folder / name)
        self.replace("params.yaml", "profile: demo", "profile: smoke")
        self.git("init", "--quiet")
        self.commit()

    def run(self, *command: str, where: Path | None = None) -> subprocess.CompletedProcess:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("DVC", "GIT", "AUTOFACES"))}
        environment["PATH"] = f"{BIN}:{os.environ['PATH']}"
        for role in ("AUTHOR", "COMMITTER"):
            environment |= {f"GIT_{role}_NAME": "tests", f"GIT_{role}_EMAIL": "tests@localhost"}
        return subprocess.run(command, cwd=where or self.folder, env=environment, capture_output=True, text=True)

    def dvc(self, *arguments: str) -> str:
        result = self.run("dvc", *arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    def git(self, *arguments: str, where: Path | None = None) -> str:
        result = self.run("git", *arguments, where=where)
        assert result.returncode == 0, result.stderr
        return result.stdout

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "state")

    def replace(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))

    def stale(self) -> set[str]:
        return set(json.loads(self.run("dvc", "status", "--json").stdout))


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Clone:
    clone = Clone(tmp_path_factory.mktemp("clone"))
    result = clone.run(sys.executable, "-m", "autofaces.reproduce")
    assert result.returncode == 0, result.stdout + result.stderr
    clone.commit()
    return clone


@pytest.fixture
def restored(clone):
    yield clone
    clone.git("checkout", "--quiet", ".")


@pytest.mark.parametrize("key", EXPERIMENTS)
def test_every_experiment_has_its_metrics(clone, key):
    metrics = json.loads((clone.folder / "metrics" / f"{key}.json").read_text())
    assert metrics["profile"] == "smoke"
    assert metrics["test_images"] > 30
    assert 0 < metrics["mse"] < 0.2
    assert metrics["generalisation_gap"] > 0.5


def test_figures_and_curves_of_every_paper_are_there(clone):
    for paper in {e["paper"] for e in EXPERIMENTS.values()} - {"baseline"}:
        assert list((clone.folder / "figures" / paper).glob("*.png"))
        header = (clone.folder / "metrics" / "curves" / f"{paper}.csv").read_text().splitlines()[0]
        assert header == "experiment,epoch,step,train_loss,validation_loss,validation_mse"


def test_a_second_run_does_nothing_and_leaves_git_clean(clone):
    assert "Data and pipelines are up to date" in clone.dvc("repro")
    assert clone.git("status", "--porcelain") == ""


def test_all_that_is_made_again_is_the_same_bytes(clone):
    clone.dvc("repro", "--force", "--single-item", "preprocess@lfw", "train@ray-recursive", "evaluate@ray-recursive")
    clone.dvc("repro", "--force", "--single-item", "download@lfw", "split@lfw", "render@ray2020")
    assert clone.git("status", "--porcelain") == ""


def test_editing_a_model_retrains_only_its_rows(restored):
    restored.replace("src/autofaces/models/dcgan_pooled.py", "2020", "two thousand and twenty")
    rows = {key for key, e in EXPERIMENTS.items() if e["model"]["name"] == "dcgan_pooled"}
    assert restored.stale() == {f"{stage}@{key}" for stage in ("train", "evaluate") for key in rows}


def test_editing_a_figure_retrains_nothing(restored):
    restored.replace("src/autofaces/figures.py", "SOME, MORE = 5, 6", "SOME, MORE = 4, 6")
    assert {name.split("@")[0] for name in restored.stale()} == {"render"}


def test_one_rows_setting_touches_no_other_row(restored):
    restored.replace("params.yaml", "learning_rate: 0.001", "learning_rate: 0.002")  # the first is ray-stacked's
    assert {name for name in restored.stale() if name.startswith("train")} == {"train@ray-stacked"}


def test_a_data_sets_scale_touches_its_rows_alone(restored):
    restored.replace("params.yaml", "anime: {image_passes: 256", "anime: {image_passes: 128")
    rows = {f"train@{key}" for key, e in EXPERIMENTS.items() if e["dataset"] == "anime"}
    assert {name for name in restored.stale() if name.startswith("train")} == rows


def test_a_wrong_setting_stops_before_any_work(restored):
    restored.replace("params.yaml", "learning_rate: 0.001", "learning_rate: 2.0")
    result = restored.run("dvc", "repro")
    assert result.returncode != 0
    assert "experiments.ray-stacked.train.learning_rate = 2.0: input should be less than or equal to 1" in result.stderr
    assert "Traceback" not in result.stderr
    assert (restored.folder / "models" / "ray-recursive").exists()
