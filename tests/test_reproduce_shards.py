"""Several machines: three clones, and a folder as the remote of DVC that they share."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = """
import sys
from autofaces.core import stage
from autofaces.pipeline import reproduce

stage.run(lambda rows: sys.exit(reproduce.run((), 1, [sys.executable, "-c", ""], rows.split())))
"""

PIPELINE = """
stages:
  preprocess:
    cmd: python work.py data
    deps: [work.py]
    outs: [data]
  train:
    foreach: ${rows}
    do:
      cmd: python work.py models/${key}
      deps: [work.py, data]
      outs: ["models/${key}"]
  evaluate:
    foreach: ${rows}
    do:
      cmd: python work.py evaluations/${key} metrics/${key}.json
      deps: [work.py, data, "models/${key}"]
      outs: ["evaluations/${key}"]
      metrics: ["metrics/${key}.json": {cache: false}]
  collect:
    cmd: python work.py summary
    deps: [evaluations]
    outs: [summary: {cache: false}]
"""

WORK = """
import sys
from pathlib import Path

for out in map(Path, sys.argv[1:]):
    out.parent.mkdir(exist_ok=True)
    out.write_text(f'{{"{out.stem}": 1}}')
    with open("ran", "a") as ran:
        print(out, file=ran)
"""


@pytest.fixture
def machines(tmp_path, monkeypatch) -> list[Path]:
    """Three clones of one project; two have made a half of the rows each."""
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    for name in ("JOBS", "MAKELEVEL", "MAKEFLAGS"):
        monkeypatch.delenv(name, raising=False)
    project = tmp_path / "project"
    project.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    for words in ("init -q", "config core.analytics false", f"remote add -q -d shared {tmp_path / 'remote'}"):
        dvc(project, *words.split())
    (project / "dvc.yaml").write_text(PIPELINE)
    (project / "work.py").write_text(WORK)
    (project / "params.yaml").write_text("rows: {a: 1, b: 2, c: 3}\n")
    clones = [tmp_path / name for name in ("one", "two", "all")]
    for clone in clones:
        shutil.copytree(project, clone)
    for clone, rows in zip(clones, ("a c", "b"), strict=False):
        subprocess.run([sys.executable, "-c", RUNNER, rows], cwd=clone, check=True, stdout=subprocess.DEVNULL)
    return clones


def dvc(folder: Path, *words: str) -> str:
    result = subprocess.run([sys.executable, "-m", "dvc", *words], cwd=folder, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def ran(folder: Path) -> set[str]:
    return set((folder / "ran").read_text().split()) if (folder / "ran").exists() else set()


def test_what_several_machines_made_is_put_together_without_training(machines):
    one, two, together = machines
    assert {name for name in ran(one) & ran(two) if name != "data"} == set()
    for machine in (one, two):
        dvc(machine, "push", "--run-cache", "--quiet")
    dvc(together, "repro", "--pull", "--quiet")
    assert not {name for name in ran(together) if name.startswith(("data", "models"))}
    for name in ("models/a", "models/b", "models/c", "metrics/b.json", "summary"):
        assert (together / name).exists()
    assert "up to date" in dvc(together, "repro")


def test_a_cache_that_is_shared_needs_no_pushing_and_no_evaluation(machines, tmp_path):
    for machine in machines[:2]:  # as if they had worked with it
        shutil.copytree(machine / ".dvc/cache", tmp_path / "shared", dirs_exist_ok=True)
    together = machines[2]
    dvc(together, "cache", "dir", "--local", str(tmp_path / "shared"))
    dvc(together, "repro", "--quiet")
    assert ran(together) == {"summary"}
