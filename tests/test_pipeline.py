"""The whole pipeline under DVC, in a clone of the project at smoke scale."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SETTINGS = yaml.safe_load((ROOT / "params.yaml").read_text())
PIPELINE = yaml.safe_load((ROOT / "dvc.yaml").read_text())
EXPERIMENTS, ABLATIONS, PAPERS = SETTINGS["experiments"], SETTINGS["ablations"], set(SETTINGS["papers"])

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
        environment["PYTHONPATH"] = str(self.folder / "src")  # the clone's own code
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
    result = clone.run(sys.executable, "-m", "autofaces.pipeline.reproduce")
    assert result.returncode == 0, result.stdout + result.stderr
    clone.commit()
    return clone


@pytest.fixture
def remade(restored):
    """As restored, for tests that make outputs anew."""
    yield restored
    restored.git("checkout", "--quiet", ".")
    restored.dvc("checkout", "--quiet", "--force")


@pytest.fixture
def restored(clone):
    yield clone
    clone.git("checkout", "--quiet", ".")
    clone.git("clean", "--quiet", "--force", "-d")


def test_every_row_is_measured(clone):
    for key in EXPERIMENTS:
        metrics = json.loads((clone.folder / "metrics" / f"{key}.json").read_text())
        assert metrics["profile"] == "smoke", key
        assert metrics["test_images"] > 30, key
        assert 0 < metrics["mse"] < 0.2, key
        assert metrics["generalisation_gap"] > 0.5, key


def test_an_ablation_is_measured_if_the_profile_names_it(clone):
    measured = {path.name for path in (clone.folder / "data/results").glob("*/*") if path.is_dir()}
    assert measured & ABLATIONS.keys() == set(SETTINGS["profiles"]["smoke"]["ablations"])
    assert not [key for key in ABLATIONS if (clone.folder / "metrics" / f"{key}.json").exists()]
    left_out = json.loads((clone.folder / "models/kovenko-vae-bn/config.json").read_text())
    assert left_out == {"experiment": "kovenko-vae-bn", "paper": "kovenko2020", "not_run": True}


def test_every_paper_has_its_figures_and_every_claim_its_effect(clone):
    for paper in PAPERS:
        assert list((clone.folder / "figures" / paper).glob("*.png")), paper
    claims = json.loads((clone.folder / "metrics" / "claims.json").read_text())
    assert {c["paper"] for c in claims} == PAPERS - {"baseline"}
    effects = json.loads((clone.folder / "metrics" / "verdicts.json").read_text())
    assert all(effects[c["id"]] == c["effect"] for c in claims if c["id"] in effects)
    header = (clone.folder / "metrics" / "curves.csv").read_text().splitlines()[0]
    assert header == "paper,experiment,epoch,step,train_loss,validation_loss,validation_mse"


def test_the_lock_stays_small(clone):
    assert len((clone.folder / "dvc.lock").read_text().splitlines()) <= 6000


def test_a_second_run_does_nothing_and_leaves_git_clean(clone):
    assert "Data and pipelines are up to date" in clone.dvc("repro")
    assert clone.git("status", "--porcelain") == ""


def test_all_that_is_made_again_is_the_same_bytes(clone):
    clone.dvc("repro", "--force", "--single-item", "preprocess@lfw", "train@ray-recursive", "evaluate@ray-recursive")
    clone.dvc("repro", "--force", "--single-item", "download@lfw", "split@lfw", "collect", "render@ray2020", "claims")
    assert clone.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "stages"),
    [
        ("networks/dcgan_pooled.py", "2020", "two thousand and twenty", {"train": "dcgan_pooled"}),
        ("training/layers.py", "NARROWEST = 4 ", "NARROWEST = 5 ", {"train": ""}),
        ("training/loop.py", "PREFETCH = 3", "PREFETCH = 4", {"train": ""}),
        (
            "evaluation/sharpness.py",
            '"""',
            '"""A metric. ',
            {"evaluate": "", "outliers": "", "collect": "", "report": ""},
        ),
        ("verdicts/judge.py", '"""', '"""Edited. ', {"render": "", "claims": "", "report": ""}),
        (
            "papers/ray2020.py",
            "Trained level by level",
            "Trained level after level",
            {"render": "ray2020", "claims": "", "report": ""},
        ),
        ("figures/canvas.py", "WIDTH = 900", "WIDTH = 901", {"render": ""}),
        ("core/files.py", '"""', '"""Said otherwise. ', {}),
        ("core/stage.py", '"error: ', '"Error: ', {}),
        ("app/cli.py", '"""', '"""Edited. ', {}),
    ],
    ids=[
        "a network",
        "layers",
        "the loop",
        "a metric",
        "a verdict",
        "a paper",
        "a figure",
        "files",
        "a message",
        "a command",
    ],
)
def test_an_edit_makes_exactly_those_stages_stale(restored, file, old, new, stages):
    restored.replace(f"src/autofaces/{file}", old, new)
    assert restored.stale() == expected(stages)


def expected(stages: dict[str, str]) -> set[str]:
    """The stages' names: of trainings all, or those of a network; of figures all, or those of a paper."""
    found = set()
    for stage, of in stages.items():
        if stage in ("train", "evaluate"):
            found |= rows(stage, lambda row, of=of: of in ("", row["model"]["name"]))
        elif stage == "outliers":
            found |= {f"outliers@{key}" for key in PIPELINE["stages"]["outliers"]["foreach"]}
        elif stage == "render":
            found |= {f"render@{paper}" for paper in PAPERS if of in ("", paper)}
        else:
            found.add(stage)
    return found


def rows(stage: str, wanted: Callable[[dict], bool]) -> set[str]:
    """The names that train or evaluate has for those rows."""
    found = {f"{stage}@{key}" for key, row in EXPERIMENTS.items() if wanted(row)}
    return found | {f"{stage}-ablation@{key}" for key, row in ABLATIONS.items() if wanted(row)}


def test_what_rows_of_a_paper_share_is_one_setting(restored):
    restored.replace("params.yaml", "optimizer: adamax", "optimizer: adam")
    stale = {name for name in restored.stale() if name.startswith("train")}
    assert stale == rows("train", lambda row: row["paper"] == "kovenko2020")


def test_one_rows_setting_touches_no_other_row(restored):
    restored.replace("params.yaml", "variance: 0.1\n", "variance: 0.2\n")
    assert {name for name in restored.stale() if name.startswith("train")} == {"train@kovenko-vae-var1e-1"}


def test_a_data_sets_scale_touches_its_rows_alone(restored):
    restored.replace("params.yaml", "anime: {image_passes: 256", "anime: {image_passes: 128")
    stale = {name for name in restored.stale() if name.startswith("train")}
    assert stale == rows("train", lambda row: row["dataset"] == "anime")


def test_the_ablations_of_a_profile_touch_no_row_of_a_paper(restored):
    restored.replace("params.yaml", "    - kovenko-ae-mae\n", "")
    assert restored.stale() == {f"train-ablation@{key}" for key in ABLATIONS}


def test_a_wrong_setting_stops_before_any_work(restored):
    restored.replace("params.yaml", "learning_rate: 0.001", "learning_rate: 2.0")
    result = restored.run("dvc", "repro")
    assert result.returncode != 0
    assert "papers.ray2020.train.learning_rate = 2.0: input should be less than or equal to 1" in result.stderr
    assert "Traceback" not in result.stderr
    assert (restored.folder / "models" / "ray-recursive").exists()


def test_a_sweep_of_one_row_runs_that_row_and_changes_no_other_line(remade):
    key = "kolotouros-sketch-ae"
    remade.dvc("exp", "run", "-S", f"experiments.{key}.train.steps=7", f"evaluate@{key}")
    moved = remade.git("diff", "--numstat", "params.yaml").split()
    assert moved[:2] == ["1", "1"]
    assert json.loads((remade.folder / "metrics" / f"{key}.json").read_text())["training_images_seen"] < 256


TOY = '''"""A toy paper: what CONTRIBUTING says a paper's file is."""

from autofaces.papers import Compared, Number, Numbers, Paper
from autofaces.verdicts.rules import Claim, below, ratio

PAPER = Paper(
    title="Toys Reconstructed",
    authors="A. Toymaker",
    year="2026",
    asks="Does a toy learn?",
    data="CUFS sketches",
    numbers=(Numbers("What it states", "ours", "", (Number("test sketches", "100", "section 1", "toy:test_images"),)),),
)

CLAIMS = (
    Claim(
        "T1",
        "section 1",
        "A toy reconstructs better than the average picture.",
        "Its error over that of the average picture.",
        (ratio("toy:mse", "toy:mse_of_mean", below(1)),),
    ),
)

FIGURES = (
    Compared(
        name="reconstructions",
        rows={"toy": "toy"},
        title="Unseen sketches, and what the toy makes of them",
        note="Figure 1 of toy2026, ours.",
        caption="Unseen sketches through the toy (their figure 1)",
        alt="Two rows of sketches: originals and reconstructions.",
    ),
)
'''


def test_a_fifth_paper_is_a_file_and_its_rows(remade):
    """Follows CONTRIBUTING, "A paper", to the end."""
    file = remade.folder / "src/autofaces/papers/toy2026.py"
    file.write_text(TOY)
    train = {"steps": 9, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.001, "bfloat16": False}
    remade.replace("params.yaml", "  baseline:\n", f"  toy2026: {{train: {json.dumps(train)}}}\n  baseline:\n")
    row = {"paper": "toy2026", "dataset": "cufs", "model": {"name": "sketch"}, "objective": {"name": "mse"}}
    remade.replace("params.yaml", "  pca-lfw:\n", f"  toy: {json.dumps(row)}\n  pca-lfw:\n")
    told = remade.run("autofaces", "check")
    assert told.returncode == 1
    assert "collect does not name data/evaluations/toy.zip" in told.stderr
    line = "    - data/evaluations/{}.zip\n"
    remade.replace("dvc.yaml", line.format("pca-lfw"), line.format("toy") + line.format("pca-lfw"))
    assert remade.run("autofaces", "check").returncode == 0
    said = remade.dvc("repro")
    ran = {line.split("'")[1] for line in said.splitlines() if line.startswith("Running stage")}
    assert ran == {"train@toy", "evaluate@toy", "collect", "render@toy2026", "claims", "report"}
    assert (remade.folder / "figures/toy2026/reconstructions.png").exists()
    claims = json.loads((remade.folder / "metrics/claims.json").read_text())
    assert next(c for c in claims if c["id"] == "T1")["paper"] == "toy2026"
    page = (remade.folder / "report/index.html").read_text()
    assert "Toys Reconstructed" in page
