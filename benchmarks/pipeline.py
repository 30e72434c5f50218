"""What DVC and the runner take beside the stages' own work, in a clone of the project."""

import functools
import json
import operator
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from autofaces.core import params
from benchmarks.timing import ROOT, Bench, Others, Target, cpu_of_tree

TITLE = "The pipeline's own overhead"
ABOUT = """
In a clone of the project at profile `{profile}`. *scripts*: the seconds of the stage scripts, from a Python process's
start to its end, added up; of *make repro* several run at once. *of them training*: as .work/speed/ has it.
""".strip()
PAPER = "kolotouros2017"  # whose file is edited, and drawn anew
ROW = "kolotouros-sketch-ae"  # whose setting is edited: it is trained anew, measured and judged
SMALL = "download@anime"  # all that a quick run makes
NOTHING = Target(1.5, "seconds")
DEMO = Target(600, "seconds")
REPRODUCE = sys.executable, "-m", "autofaces.pipeline.reproduce"
# loaded by every Python process of the clone: it says at its end which script it was and what it took
RECORDER = """
import atexit, json, multiprocessing, os, pathlib, resource, sys, time
start = time.time()

def record():
    if multiprocessing.parent_process() is None:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        about = {"argv": sys.argv, "seconds": time.time() - start, "cpu": sum(u.ru_utime + u.ru_stime for u in used)}
        pathlib.Path(os.environ["RECORDS"], f"{os.getpid()}.json").write_text(json.dumps(about))

atexit.register(record)
"""


class Took(NamedTuple):
    """One command."""

    seconds: float
    cpu: float  # of it and all that it started
    others: float | None  # processors that others took
    scripts: list[dict[str, Any]]  # of stages: argv, seconds, cpu


class Clone:
    """The project as it stands here, without what a run has made, in a repository of its own."""

    def __init__(self, bench: Bench) -> None:
        self.folder, self.records = bench.folder / "clone", bench.folder / "records"
        recorder = bench.folder / "recorder" / "sitecustomize.py"
        recorder.parent.mkdir()
        recorder.write_text(RECORDER)
        self.records.mkdir()
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("DVC", "GIT", "AUTOFACES", "MAKE", "OMP"))}
        self.environment = kept | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{recorder.parent}:{self.folder / 'src'}",
            "RECORDS": str(self.records),
            "DVC_NO_ANALYTICS": "1",
        }
        listed = self.git("ls-files", "--cached", "--others", "--exclude-standard", where=ROOT).splitlines()
        for name in listed:
            if (ROOT / name).is_file() and not name.startswith(("metrics/", "figures/", "results/", "dvc.lock")):
                (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(ROOT / name, self.folder / name)
        self.set("profile", bench.profile)
        if bench.quick:
            self.set(f"profiles.{bench.profile}.images", 256)  # the least that no batch is larger than
        self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("-c", "user.name=b", "-c", "user.email=b@localhost", "commit", "--quiet", "--message", "state")

    def git(self, *arguments: str, where: Path | None = None) -> str:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=where or self.folder, check=True, capture_output=True, text=True).stdout

    def set(self, name: str, value: object) -> None:
        """Set what stands at a dotted name of params.yaml."""
        path = self.folder / "params.yaml"
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        *parents, last = name.split(".")
        functools.reduce(operator.getitem, parents, settings)[last] = value
        path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    def time(self, *command: str) -> Took:
        shutil.rmtree(self.records)
        self.records.mkdir()
        others, start, cpu = Others(), time.perf_counter(), cpu_of_tree(os.getpid())
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        took = time.perf_counter() - start, cpu_of_tree(os.getpid()) - cpu, others.taken()
        print(f"  {Path(command[0]).name} {' '.join(command[1:])}: {took[0]:.2f} s", file=sys.stderr)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: status {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
        records = [json.loads(path.read_text()) for path in self.records.iterdir()]
        return Took(*took, [r for r in records if r["argv"][0].startswith("stages/")])


def run(bench: Bench) -> list[dict[str, Any]]:
    if not shutil.which("git") or not (ROOT / ".git").exists():
        reason = "not a git checkout: dvc needs one"
        return [{"title": "", "rows": [{"name": "all", "skipped": reason}]}]
    clone = Clone(bench)
    if bench.quick:
        rows = [_row(f"dvc repro {SMALL}", [clone.time("dvc", "repro", SMALL)])]
        rows += [
            _row(f"dvc {what} {SMALL}, nothing to do", [clone.time("dvc", what, SMALL)]) for what in ("status", "repro")
        ]
        return [{"title": "", "rows": rows}]
    whole = clone.time(*REPRODUCE)
    target = DEMO if bench.profile == "demo" else None
    rows = [_row("make repro, everything", [whole], target) | _trained(clone)]
    for name, command in {
        "dvc status, nothing to do": ("dvc", "status"),
        "dvc repro, nothing to do": ("dvc", "repro"),
        "make repro, nothing to do": REPRODUCE,
    }.items():
        rows.append(_row(name, [clone.time(*command) for _ in range(3)], NOTHING if command[-1] == "repro" else None))
    figure = f"render@{PAPER}"
    rows.append(
        _row("the script of one figure stage", [clone.time("python", "stages/render.py", PAPER) for _ in range(3)])
    )
    forced = "dvc", "repro", "--single-item", "--force", figure
    rows.append(_row("dvc repro of one figure stage", [clone.time(*forced) for _ in range(3)]))
    edited = []
    for number in range(2):
        clone.append(f"src/autofaces/papers/{PAPER}.py", f"\n# {number}\n")
        edited.append(clone.time(*REPRODUCE))
    rows.append(_row("make repro, one paper's file edited", edited))
    clone.set(f"experiments.{ROW}.train.learning_rate", 0.002)
    rows.append(_row("make repro, one row's setting edited", [clone.time(*REPRODUCE)]))
    return [{"title": "", "rows": rows}, {"title": "Stages, seconds of their scripts", "rows": _stages(whole.scripts)}]


def _row(name: str, runs: list[Took], target: Target | None = None) -> dict[str, Any]:
    seconds = [took.seconds for took in runs]
    last = runs[-1]
    row = {"name": name, "seconds": statistics.median(seconds), "low": min(seconds), "high": max(seconds)}
    row |= {"rounds": len(runs), "cpu": statistics.median(took.cpu for took in runs), "stages": len(last.scripts)}
    row |= {f"scripts_{key}": sum(script[key] for script in last.scripts) for key in ("seconds", "cpu")}
    row["others"] = None if last.others is None else statistics.mean(took.others for took in runs)
    return row | ({"target": str(target), "reached": target.reached(row)} if target else {})


def _trained(clone: Clone) -> dict[str, float]:
    """Seconds of all trainings, without the start of their processes."""
    speeds = [json.loads(path.read_text()) for path in (clone.folder / ".work" / "speed").glob("*.json")]
    return {"training_seconds": sum(speed["seconds"] for speed in speeds)}


def _stages(scripts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each kind of stage, then each row of params.yaml that is trained: train and evaluate."""
    kinds: dict[str, list[dict]] = defaultdict(list)
    for script in scripts:
        kinds[Path(script["argv"][0]).stem].append(script)
    rows = [_stage(f"{kind}, all {len(its)}", its) for kind, its in kinds.items()]
    settings = params.load(ROOT / "params.yaml")
    for kind in ("train", "evaluate"):
        its = [script for script in kinds[kind] if script["argv"][1] in settings.experiments]
        rows += [_stage(f"{kind}@{script['argv'][1]}", [script]) for script in its]
    return rows


def _stage(name: str, scripts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"name": name} | {f"scripts_{key}": sum(script[key] for script in scripts) for key in ("seconds", "cpu")}
