"""How many stages run at once on this machine, and what each finds in its environment."""

import os
import re
import shutil
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

from autofaces.core.files import BadInput

GPU = re.compile(r"\(UUID: (?:(GPU-[^)]+)\)(?!\n\s+MIG)|(MIG-[^)]+)\))")  # in `nvidia-smi -L`; parts instead of a whole


def asked_for() -> int | None:
    """JOBS of the environment: how many stages are to run at once."""
    jobs = os.environ.get("JOBS", "")
    if jobs and not (jobs.isdecimal() and int(jobs)):
        raise BadInput(f"JOBS={jobs}: expected a whole number, 1 or more: how many stages run at once")
    return int(jobs) if jobs else None


def shard() -> tuple[int, int] | None:
    """SHARD of the environment, i/n: of every n rows the i-th alone, counted from 1."""
    said = os.environ.get("SHARD", "")
    if not said:
        return None
    found = re.fullmatch(r"(\d+)/(\d+)", said)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise BadInput(f"SHARD={said}: expected i/n, of every n rows the i-th, 1 to n: SHARD=1/4")
    return int(found[1]), int(found[2])


def gpus() -> list[str]:
    """The GPUs of this machine, as CUDA_VISIBLE_DEVICES names them: those that it allows, if it is set."""
    if (allowed := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        return list(takewhile(lambda name: name and name != "-1", allowed.replace(" ", "").split(",")))
    if not shutil.which("nvidia-smi"):
        return []
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        raise BadInput("nvidia-smi -L: no answer in a minute; CUDA_VISIBLE_DEVICES= does without GPUs") from None
    return [whole or part for whole, part in GPU.findall(listed.stdout)] if listed.returncode == 0 else []


def crew(threads: int | None, processors: int, gpus: list[str], asked: int | None) -> list[dict[str, str]]:
    """The environment of each worker: one worker per GPU; without one, as many as the processors bear.

    On a CPU a training takes so many threads, None: as many as there are processors; on a GPU one processor will do,
    and `threads` says nothing.
    """
    threads = 1 if gpus else threads
    most = max(1, processors // (threads or processors))
    count = min(asked or len(gpus) or most, most)
    if asked and asked > most:
        print(f"JOBS={asked}: only {most} at once, as a training takes {threads or 'all'} of {processors} processors")
    shared = {**os.environ, "PYTHONUNBUFFERED": "1"}
    shared["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])  # `python`
    # of NumPy and scikit-learn too: two threads beside a busy neighbour are several times slower than one
    shared.setdefault("OMP_NUM_THREADS", str((not gpus and threads) or processors // count))
    return [shared | ({"CUDA_VISIBLE_DEVICES": gpus[i % len(gpus)]} if gpus else {}) for i in range(count)]
