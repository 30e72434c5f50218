"""Kills: of the runner, of dvc and of a stage, at random moments and in the middle of a rename or a writing.

The pipeline is the real one with few rows and images, made once without a fault. A trial makes one of its stages anew,
kills what makes it, and lets `make repro`'s runner finish: every byte must be as before.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import yaml

from faults import Trial

ROOT = Path(__file__).parents[1]
PYTHON = sys.executable
RUNNER = (PYTHON, "-m", "autofaces.pipeline.reproduce")
DVC = (PYTHON, "-m", "dvc", "repro", "--single-item")
ROWS = "ray-recursive-vae", "kovenko-vae-var1e-2", "kolotouros-sketch-ae", "pca-cufs"
STAGES = (  # trained rows more often than others: there is most to lose
    *("download@lfw", "split@lfw", "preprocess@lfw", "train@kolotouros-sketch-ae", "train@ray-recursive-vae"),
    *("train@kovenko-vae-var1e-2", "train@pca-cufs", "evaluate@kolotouros-sketch-ae", "evaluate@pca-cufs"),
    *("outliers@kovenko-vae-var1e-2", "collect", "render@baseline", "claims", "report"),
)
IMAGES = 120  # of a data set
MADE = "data", "figures", "metrics", "models", "report"
NOT_OURS = re.compile(r"(metrics|figures|results|tests)/|dvc\.lock$")  # of the repository: what a run makes
KILLS = 30  # at random moments
CUTS = 20  # in renames and in writing
MISSES = 20  # blows that may come too late, one after another
WAIT = 30  # seconds in which all that a kill leaves behind must have ended
LONG = 600

# What is loaded by every Python of a trial, through PYTHONPATH: it kills its process in the middle of something.
KILLER = """
import json, os, sys

words = " ".join(sys.orig_argv)
who = "stage" if "stages/" in words else "dvc" if "dvc" in words or "pipeline.worker" in words else ""
target, what, left = os.environ["KILLS"].split()
left = [int(left)]

def now(here):
    left[0] -= here
    return here and left[0] < 0

def end():
    os.kill(os.getpid(), 9)

if who == target and what in ("before", "after"):
    def wrapped(rename):
        def cut(*args, **kwargs):
            dies = now(True)
            if dies and what == "before":
                end()
            rename(*args, **kwargs)
            if dies:
                end()
        return cut
    os.replace, os.rename = wrapped(os.replace), wrapped(os.rename)
elif who == target == "dvc":
    def half(text, stream):
        stream.write(text[: len(text) // 2])
        stream.flush()
        end()
    if what == "rwlock":
        dump = json.dump
        def cut(it, to, **k):
            here = now(str(getattr(to, "name", "")).endswith(what))
            half(json.dumps(it), to) if here else dump(it, to, **k)
        json.dump = cut
    else:
        import io
        from ruamel.yaml import YAML
        write = YAML.dump
        def cut(self, data, stream=None, **k):
            if not now(str(getattr(stream, "name", "")).endswith("dvc.lock")):
                return write(self, data, stream, **k)
            text = io.StringIO()
            write(self, data, text, **k)
            half(text.getvalue(), stream)
        YAML.dump = cut
"""


PROMISE = "the next `make repro` ends in the same bytes; nothing runs on, nothing half-written stays"
STOPS = signal.SIGTERM, signal.SIGINT, signal.SIGHUP
CUT = (  # who dies, in the middle of what, and after how many of them at most
    *(("dvc", "rwlock", 6), ("dvc", "dvc.lock", 1), ("stage", "before", 3), ("stage", "after", 3)),
    *(("dvc", "before", 3), ("dvc", "after", 3)),
)
IN = {"before": "just before a rename", "after": "just after a rename"}


def trials(seed: int, work: Path) -> Iterator[Trial]:
    chance = random.Random(seed)
    (work / "killer").mkdir()
    (work / "killer/sitecustomize.py").write_text(KILLER, encoding="utf-8")
    whole, seconds = _made(work / "whole")
    right, folder = _state(whole), work / "trial"
    plan = [(signal.SIGKILL, ("runner", "dvc", "stage")[n % 3], "") for n in range(KILLS)]
    for n in range(CUTS):
        who, what, most = CUT[n % len(CUT)]
        plan.append((signal.SIGKILL, who, f"{who} {what} {chance.randrange(most)}"))
    plan += [(number, who, "") for who in ("runner", "stage") for number in STOPS]
    for number, who, cut in plan:
        for _ in range(MISSES):  # a blow that came too late says nothing
            stage = chance.choice(STAGES)
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(whole, folder, symlinks=True)
            _forget(folder, stage)
            if cut:
                struck, problem = _cut(folder, stage, cut)
            else:
                after = chance.random() * (seconds[stage] + (seconds["runner"] if who == "runner" else 0))
                struck, problem = _stopped(folder, stage, who, number, after)
            if struck:
                break
        problem = problem or ("" if struck else "never at work when it was to be hit") or _finished(folder, right)
        what = cut.split()[1] if cut else ""
        where = IN.get(what, f"in the middle of writing {what}") if what else "at a random moment"
        name = "kill -9" if number == signal.SIGKILL else number.name
        yield Trial(PROMISE, f"{name} of {who} {where}", not problem, f"{stage} ({cut}): {problem}" if problem else "")
    yield _two_at_once(folder, right)


def _made(folder: Path) -> tuple[Path, dict[str, float]]:
    """The project with few rows, made without a fault; and the seconds of each stage, and of a runner with nothing to
    do."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if not NOT_OURS.match(name) and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, folder / name)
    settings, pipeline = (yaml.safe_load((folder / name).read_text()) for name in ("params.yaml", "dvc.yaml"))
    settings["profile"] = "smoke"
    settings["profiles"]["smoke"] |= {"images": IMAGES, "ablations": False}
    for profile in settings["profiles"].values():
        profile["ablations"] = False
    settings["experiments"] = {row: settings["experiments"][row] for row in ROWS}
    settings["ablations"] = {}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
    stages = pipeline["stages"]
    stages["outliers"]["foreach"] = [row for row in stages["outliers"]["foreach"] if row in ROWS]
    stages["render"]["foreach"] = {"baseline": {}}  # whose figures need no row that is left out
    stages["collect"]["deps"] = [dep for dep in stages["collect"]["deps"] if not _of_a_row_left_out(dep)]
    (folder / "dvc.yaml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
    who = "-c", "user.name=faults", "-c", "user.email=faults@localhost"
    for words in (["init", "--quiet"], ["add", "--all"], [*who, "commit", "--quiet", "--message", "few rows"]):
        subprocess.run(["git", *words], cwd=folder, check=True)
    result = _run(folder, *RUNNER)
    assert result.returncode == 0, result.stdout + result.stderr
    seconds = {name: float(some) for name, some in re.findall(r"^(\S+): ([\d.]+) s$", result.stdout, re.MULTILINE)}
    started = time.monotonic()
    _run(folder, *RUNNER)
    return folder, seconds | {"runner": time.monotonic() - started}


def _of_a_row_left_out(dep: str) -> bool:
    return Path(dep).suffix == ".zip" and Path(dep).stem not in ROWS


def _environment(folder: Path, cut: str = "") -> dict[str, str]:
    """Of a process that works in the project, killed as KILLER reads it in `cut`: who, what, after how many."""
    mine = {k: v for k, v in os.environ.items() if not k.startswith(("DVC", "GIT", "AUTOFACES", "MAKE", "SHARD"))}
    mine |= {"PYTHONPATH": str(folder / "src"), "DVC_SITE_CACHE_DIR": str(folder / ".dvc/site")}
    mine["PATH"] = os.pathsep.join([str(Path(PYTHON).parent), os.environ["PATH"]])
    if cut:
        mine["KILLS"] = cut
        mine["PYTHONPATH"] = os.pathsep.join([str(folder.parent / "killer"), mine["PYTHONPATH"]])
    return mine


def _run(folder: Path, *command: str, cut: str = "") -> subprocess.CompletedProcess:
    environment = _environment(folder, cut)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=LONG)


def _forget(folder: Path, stage: str) -> None:
    """Have DVC know nothing of what a stage has made."""
    lock = yaml.safe_load((folder / "dvc.lock").read_text())
    command = lock["stages"].pop(stage)["cmd"]
    (folder / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False))
    for kept in (folder / ".dvc/cache/runs").glob("*/*/*"):
        if yaml.safe_load(kept.read_text())["cmd"] == command:
            shutil.rmtree(kept.parent)


def _stopped(folder: Path, stage: str, who: str, number: signal.Signals, after: float) -> tuple[bool, str]:
    """Have a stage made, and send `who` the signal after some seconds; returns whether it was still at work, and what
    went wrong."""
    command = [*(RUNNER if who == "runner" else DVC), stage]
    more = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, "preexec_fn": _hears}
    with subprocess.Popen(command, cwd=folder, env=_environment(folder), start_new_session=True, **more) as process:
        time.sleep(after)
        victims = [process.pid]
        while who == "stage" and process.poll() is None and not (victims := _processes(folder, "stages/")):
            time.sleep(0.01)
        struck = process.poll() is None
        if struck:
            with suppress(ProcessLookupError):
                os.kill(victims[0], number)
        _, said = process.communicate(timeout=LONG)
    if not struck or number == signal.SIGKILL or f"stopped by {number.name}: " in said:
        right = process.returncode == 128 + number or f"exited with {128 + number}" in said
        return struck, "" if right or number == signal.SIGKILL or not struck else f"{process.returncode}, {said!r}"
    silent = process.returncode == -number or f"exited with -{number}" in said  # before its first line of code
    return process.returncode != 0, "" if silent or process.returncode == 0 else f"{process.returncode}, {said!r}"


def _hears() -> None:
    for number in STOPS:  # even if we run in the background, or under nohup
        signal.signal(number, signal.SIG_DFL)


def _cut(folder: Path, stage: str, cut: str) -> tuple[bool, str]:
    """Have a stage made until the process that `cut` names dies; returns whether it did, and what went wrong."""
    result = _run(folder, *DVC, stage, cut=cut)
    return result.returncode != 0, f"traceback: {result.stderr}" if "Traceback" in result.stderr else ""


def _processes(folder: Path, word: str = "") -> list[int]:
    """Those at work in the folder, with this in their command."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended by now
            if folder == (process / "cwd").readlink() and word in (process / "cmdline").read_text():
                found.append(int(process.name))
    return found


def _finished(folder: Path, right: dict[str, str]) -> str:
    """Let the runner finish; returns what is not as it should be."""
    deadline = time.monotonic() + WAIT
    while left := _processes(folder):
        if time.monotonic() > deadline:
            commands = [Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ") for process in left]
            for process in left:
                os.kill(process, signal.SIGKILL)
            return f"runs on: {commands}"
        time.sleep(0.1)
    result = _run(folder, *RUNNER)
    if result.returncode:
        return f"`make repro` fails: {result.stdout[-500:]}{result.stderr[-500:]}"
    if "Traceback" in result.stdout + result.stderr:
        return f"traceback: {result.stdout}{result.stderr}"
    found = _state(folder)
    differ = sorted(name for name in found.keys() | right.keys() if found.get(name) != right.get(name))
    return f"not as without the fault: {', '.join(differ[:5])}" if differ else ""


def _state(folder: Path) -> dict[str, str]:
    """What a run has made: a digest of each file, half-written ones and checkpoints among them, and of dvc.lock."""
    lock = yaml.safe_load((folder / "dvc.lock").read_text())
    found = {name: hashlib.sha256(repr(stage).encode()).hexdigest() for name, stage in lock["stages"].items()}
    kept = [path for place in MADE for path in (folder / place).rglob("*")]
    kept += [path for path in (folder / ".work").glob("*/*") if path.parent.name not in ("logs", "speed")]
    kept += (folder / ".dvc/cache").rglob("*.tmp")
    for path in kept:
        if path.is_file():
            found[str(path.relative_to(folder))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def _two_at_once(folder: Path, right: dict[str, str]) -> Trial:
    """A second runner beside a first."""
    _forget(folder, "train@ray-recursive-vae")
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(RUNNER, cwd=folder, env=_environment(folder), **pipes) as first:
        while not _processes(folder, "stages/") and first.poll() is None:
            time.sleep(0.05)
        second = _run(folder, *RUNNER)
    told = f"process {first.pid}; wait for it, or stop it" in second.stderr
    problem = "" if second.returncode == 1 and told else f"the second said {second.stderr!r}"
    problem = problem or _finished(folder, right)
    return Trial(
        "two runners at once: the second says who is at work, the first ends", "a second one", not problem, problem
    )
