"""What the machine lacks: room on the disk, the right to write, memory. Every stage ends in one line that names a path
(of memory: what to do), leaves nothing half-written, and the next run makes the bytes of one that was never disturbed.
"""

import contextlib
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from faults import workspace
from faults.workspace import ROW

Trial = tuple[str, str, bool, str]  # promise, fault, held, detail
STAGES = {  # and what each makes, from which its limits are taken
    ("download", "lfw"): "data/raw/lfw",
    ("split", "lfw", "lfw"): "data/splits/lfw.csv",
    ("preprocess", "lfw", "lfw"): "data/arrays/lfw",
    ("train", ROW): f"models/{ROW}",
    ("evaluate", ROW): f"data/evaluations/{ROW}.zip",
    ("collect",): "data/results",
}
TIMES = 3  # each stage meets each fault
MEMORY = """
import os, resource, runpy, sys
import autofaces.data.preprocessing, autofaces.evaluation.measure, autofaces.training.rows  # before the limit counts
import autofaces.evaluation.applications, dvclive, pandas, sklearn.mixture, torch._dynamo
stage, margin, *arguments = sys.argv[1:]
pages = int(open("/proc/self/statm").read().split()[0])
limit = pages * os.sysconf("SC_PAGE_SIZE") + int(margin)
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
sys.argv = [stage, *arguments]
runpy.run_path(stage, run_name="__main__")
"""


def trials(seed: int, work: Path, times: int = TIMES, few: bool = False) -> Iterator[Trial]:
    """Disturb each stage `times` times by each fault, in copies of a small project that is made in `work`; few: two
    stages by the first fault alone."""
    random = np.random.default_rng(seed)
    whole = workspace.make(work / "whole")
    workspace.run(whole, "collect")
    for stage in list(STAGES)[3:5] if few else STAGES:
        for _ in range(times):
            yield _too_large(whole, work / "spoilt", stage, random)
    if few:
        return
    yield from _tmpfs(whole, work, random, times)
    yield from _not_allowed(whole)
    for stage in [stage for stage in STAGES if stage[0] in ("preprocess", "train", "evaluate")]:
        for _ in range(times):
            yield _little_memory(whole, work / "spoilt", stage, random)


def _too_large(whole: Path, folder: Path, stage: tuple[str, ...], random: np.random.Generator) -> Trial:
    """A file may have so many bytes only: what a full disk does, without one."""
    project = workspace.copy(whole, folder)
    made = project / STAGES[stage]
    files = [made] if made.is_file() else [file for file in made.rglob("*") if file.is_file()]
    limit = int(random.integers(1, max(file.stat().st_size for file in files)))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        outcome = workspace.run(project, *stage)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return _judged(whole, project, stage, f"no file above {limit:,} bytes", outcome)


def _judged(whole: Path, project: Path, stage: tuple[str, ...], fault: str, outcome: workspace.Outcome) -> Trial:
    left = [str(path.relative_to(project)) for path in project.rglob(".*.partial.*")]
    named = outcome.error.partition(":")[0]
    said = outcome.clear and "\n" not in outcome.error and ("/" in named or "memory" in outcome.error)
    again = workspace.run(project, *stage)
    expected, found = (workspace.contents(folder / STAGES[stage]) for folder in (whole, project))
    whole_or_said = said or not (outcome.error or outcome.fault)
    held = whole_or_said and found == expected and (not left or "memory" in outcome.error)  # to remove them takes some
    problem = f"left: {left[:3]}; " if left else "" if found == expected else "the next run made other bytes; "
    promise = f"{stage[0]}: one line, nothing half-written, the next run is whole"
    return promise, fault, held, problem + (outcome.fault or outcome.error or "it needed no more") + again.fault


@contextlib.contextmanager
def _mounted(folder: Path, size: int) -> Iterator[bool]:
    """A disk of so many bytes at `folder`; False where mounting is not permitted."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


def _tmpfs(whole: Path, work: Path, random: np.random.Generator, times: int) -> Iterator[Trial]:
    for stage in [("train", ROW), ("evaluate", ROW), ("preprocess", "lfw", "lfw")]:
        size = sum(path.stat().st_size for path in (whole / STAGES[stage]).parent.rglob("*") if path.is_file())
        for _ in range(times):
            project = workspace.copy(whole, work / "spoilt")
            place = (project / STAGES[stage]).parent
            place.rename(place.with_name("aside"))
            room = int(random.integers(4096, max(8192, size)))
            with _mounted(place, room) as there:
                if not there:
                    place.rmdir()
                    place.with_name("aside").rename(place)
                    place.with_name("aside").mkdir()
                    yield "a full disk", "not tried: mounting is not permitted here", True, "not tried"
                    return
                outcome = workspace.run(project, *stage)
                partial = [path.name for path in place.rglob(".*.partial.*")]
            said = outcome.clear and "\n" not in outcome.error and (not outcome.error or "/" in outcome.error)
            promise = f"{stage[0]}: one line, nothing half-written, on a full disk"
            yield (
                promise,
                f"{room:,} bytes",
                said and not partial,
                outcome.fault or outcome.error or "it needed no more",
            )


def _not_allowed(whole: Path) -> Iterator[Trial]:
    """By a user who may read all and write nothing (root becomes nobody for it)."""
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        Path(place).chmod(0o755)
        project = workspace.copy(whole, Path(place) / "project")
        folders = [project, *(path for path in project.rglob("*") if path.is_dir())]
        for folder in folders:
            folder.chmod(0o555)
        root = os.geteuid() == 0
        for stage in STAGES:
            if root:
                os.seteuid(65534)
            try:
                outcome = workspace.run(project, *stage)
            finally:
                if root:
                    os.seteuid(0)
            held = outcome.clear and "ermission denied" in outcome.error and "\n" not in outcome.error
            partial = "partial" in outcome.error
            promise = f"{stage[0]}: one line with the path, where one may not write"
            yield promise, "a folder without permission", held and not partial, outcome.fault or outcome.error
        for folder in folders:
            folder.chmod(0o755)


def _little_memory(whole: Path, folder: Path, stage: tuple[str, ...], random: np.random.Generator) -> Trial:
    project = workspace.copy(whole, folder)
    margin = int(2 ** random.uniform(18, 27))
    script, *arguments = str(workspace.ROOT / "stages" / f"{stage[0]}.py"), *stage[1:]
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, script, str(margin), *arguments],
        cwd=project,
        env=os.environ | {"DVC_ROOT": str(project)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    last = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    error = "" if done.returncode == 0 else "".join(last).removeprefix("error: ")
    fault = "" if done.returncode == 0 or (last and "Traceback" not in done.stderr) else done.stderr[-600:] or "killed"
    return _judged(whole, project, stage, f"{margin >> 10:,} KiB of memory", workspace.Outcome(error, fault, ""))
