"""Variants timed side by side: a round of each in turn, again and again, so that a neighbour spoils them all alike.

A case runs in a process that lives through all rounds, with the threads and the environment that it asks for, which
must be there before torch is loaded. The first round of a case warms up, and does not count.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from autofaces.core import WAITING
from autofaces.core.machine import processors

ROOT = Path(__file__).parents[1]
BUSY = sys.executable, "-c", "while True: pass"

# torch reads what its threads do as it is loaded; the project's own rooms set it as they are imported
SPINNING = "import torch, runpy; runpy.run_module('benchmarks.worker', run_name='__main__')"


class Skip(Exception):
    """Why a case cannot be measured here."""


class Enough(Exception):
    """The time of a round is over."""


class Target(NamedTuple):
    """What a case is to reach."""

    number: float
    of: str  # a key of a row: rate and ratio at least, seconds and peak_mib at most

    def reached(self, row: dict[str, Any]) -> bool:
        value = row[self.of]
        return value >= self.number if self.of in ("rate", "ratio") else value <= self.number

    def __str__(self) -> str:
        number = f"{self.number:,.4g}" if self.number < 1000 else f"{self.number:,.0f}"
        words = {"rate": f"{number}/s", "ratio": f"{number} times", "seconds": f"{number} s"}
        return words.get(self.of, f"{number} MiB")


class Case(NamedTuple):
    """One variant of a table."""

    name: str
    run: str  # <module of benchmarks>:<function>; the function takes the settings and returns a Run
    settings: dict[str, Any] = {}  # noqa: RUF012 (never changed)
    threads: int | None = 1  # of one process; None: as many as there are processors
    process: str = "ours"  # cases of the same name, threads and environment share one
    copies: int = 1  # processes at once, each a row of its own
    busy: bool = False  # beside a process that never rests
    waiting: bool = (
        True  # threads that wait sleep, as the pipeline has it; else they spin, which is the default elsewhere
    )
    target: Target | None = None


class Round(NamedTuple):
    """What was done between two points of time."""

    items: float
    seconds: float
    cpu: float  # seconds of the process, its threads and children
    more: dict[str, Any] = {}  # noqa: RUF012


Run = Callable[[float], Round]  # of about so many seconds


class Watch:
    """Counts the steps of a loop that is not ours to stop: `tick` where each begins raises Enough when time is up."""

    def __init__(self, seconds: float, skip: int) -> None:
        self.seconds, self.skip, self.ticks = seconds, skip, 0
        self.start = self.end = (0.0, 0.0)

    def tick(self) -> None:
        self.ticks += 1
        if self.ticks == self.skip + 1:
            self.start = time.perf_counter(), cpu_of_tree(os.getpid())
        elif self.ticks > self.skip + 1 and time.perf_counter() - self.start[0] >= self.seconds:
            self.end = time.perf_counter(), cpu_of_tree(os.getpid())
            raise Enough

    def round(self, items_per_step: int) -> Round:
        """What was done from the first step after `skip` to the one that began when time was up."""
        steps = self.ticks - self.skip - 1
        return Round(steps * items_per_step, *(b - a for a, b in zip(self.start, self.end, strict=True)))


def repeat(work: Callable[[], object], items: float) -> Run:
    """Do `work`, so many items each time, until the round's time is up, but once at least."""

    def run(seconds: float) -> Round:
        start, cpu, times = time.perf_counter(), cpu_of_tree(os.getpid()), 0
        while not times or time.perf_counter() - start < seconds:
            work()
            times += 1
        return Round(times * items, time.perf_counter() - start, cpu_of_tree(os.getpid()) - cpu)

    return run


def cpu_of_tree(root: int) -> float:
    """Seconds of CPU that a process and all below it have taken, those that have ended among them.

    Where there is no /proc: of this process and of children that have ended.
    """
    own, mine = 0.0, root == os.getpid()
    if mine:  # finer than the hundredths of /proc
        times = os.times()
        own = time.process_time() + times.children_user + times.children_system
    ticks, children = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended by now
            pid, fields = int(stat.parent.name), stat.read_text().rpartition(")")[2].split()
            ticks[pid] = sum(map(int, fields[11:15]))
            children.setdefault(int(fields[1]), []).append(pid)
    below = children.get(root, []) if mine else [root]
    total = 0
    while below:
        pid = below.pop()
        total += ticks.get(pid, 0)
        below += children.get(pid, [])
    return own + total / os.sysconf("SC_CLK_TCK")


def busy_of_machine() -> float | None:
    """Seconds that all processors together were not idle, or were not given to this machine; None where unknown."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, fields[:8])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Others:
    """Processors that others took, on average, from its making until `taken` is asked."""

    def __init__(self) -> None:
        self.start = self._now()

    def taken(self) -> float | None:
        (seconds, busy, own), (then, before, mine) = self._now(), self.start
        return None if busy is None else max(0.0, (busy - before) - (own - mine)) / (seconds - then)

    @staticmethod
    def _now() -> tuple[float, float | None, float]:
        return time.perf_counter(), busy_of_machine(), cpu_of_tree(os.getpid())


class Bench:
    """What all sections share: a folder, how long they may take, and the processes."""

    def __init__(self, folder: Path, quick: bool, profile: str, rounds: int = 5) -> None:
        self.folder, self.quick, self.profile = folder, quick, profile
        self.rounds, self.seconds = (1, 0.05) if quick else (rounds, 1.5)
        self._workers: dict[tuple, subprocess.Popen] = {}

    def __enter__(self) -> "Bench":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, and so free their memory."""
        for worker in self._workers.values():
            with suppress(OSError):
                worker.stdin.close()
        for worker in self._workers.values():
            worker.wait()
            worker.stdout.close()
        self._workers = {}

    def measure(
        self, cases: Sequence[Case], seconds: float = 1.5, rounds: int = 5, compared: bool = False
    ) -> list[dict]:
        """A row for each case: the median of the rates, the least and the most; CPU; what others took.

        rounds: at most. compared: each rate also as a multiple of the first case's.
        """
        rounds, seconds = min(rounds, self.rounds), min(seconds, self.seconds)
        for case in cases:  # all are started before any is waited for
            self._processes(case)
        found: dict[str, list[tuple[Round, float | None]]] = {case.name: [] for case in cases}
        skipped: dict[str, str] = {}
        for number in range(rounds + 1):
            start = number % len(cases)
            for case in [*cases[start:], *cases[:start]]:  # none is always after the same other
                if case.name in skipped:
                    continue
                try:
                    one = self._once(case, seconds if number else 0.0)
                except Skip as reason:
                    skipped[case.name] = str(reason)
                    continue
                if number:
                    found[case.name].append(one)
                print(f"  {number}/{rounds} {case.name}: {one[0].items / one[0].seconds:,.1f}/s", file=sys.stderr)
        rows = [_row(case, found[case.name], skipped.get(case.name)) for case in cases]
        places = [(case.process, case.threads, case.waiting) for case in cases]
        for case, row, place in zip(cases, rows, places, strict=True):
            if compared and "rate" in row and "rate" in rows[0]:
                row["ratio"] = row["rate"] / rows[0]["rate"]
            if self.quick or case.copies > 1 or places.count(place) > 1:  # the peak is of more than this case
                row.pop("peak_mib", None)
            if case.target and case.target.of in row:
                row |= {"target": str(case.target), "reached": case.target.reached(row)}
        return rows

    def _processes(self, case: Case) -> list[subprocess.Popen]:
        threads = case.threads or processors()
        environment = {k: v for k, v in os.environ.items() if k not in WAITING}
        environment |= {"OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": ""}  # of GPUs: benchmarks/gpu.py
        found = []
        for copy in range(case.copies):
            key = (case.process, threads, case.waiting, copy) if not self.quick else (copy,)
            if key not in self._workers:
                command = (sys.executable, *(("-m", "benchmarks.worker") if case.waiting else ("-c", SPINNING)))
                pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
                with (self.folder / "workers.log").open("a") as log:
                    self._workers[key] = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log, **pipes)
            found.append(self._workers[key])
        return found

    def _once(self, case: Case, seconds: float) -> tuple[Round, float | None]:
        workers = self._processes(case)
        order = {"run": case.run, "settings": case.settings | {"threads": case.threads}, "seconds": seconds}
        with _neighbour(case.busy):
            others = Others()
            for worker in workers:
                worker.stdin.write(json.dumps(order) + "\n")
                worker.stdin.flush()
            rounds = [_answer(worker, case) for worker in workers]
            taken = others.taken()
        wall = max(one.seconds for one in rounds)
        items = sum(one.items / one.seconds for one in rounds) * wall  # each in its own window
        cpu = sum(one.cpu / one.seconds for one in rounds) * wall
        return Round(items, wall, cpu, rounds[0].more), taken


@contextmanager
def _neighbour(wanted: bool):
    process = subprocess.Popen(BUSY) if wanted else None
    try:
        yield
    finally:
        if process:
            process.kill()
            process.wait()


def _answer(worker: subprocess.Popen, case: Case) -> Round:
    line = worker.stdout.readline()
    answer = json.loads(line) if line else {"error": f"its process ended with status {worker.wait()}"}
    if "skip" in answer:
        raise Skip(answer["skip"])
    if "error" in answer:
        raise RuntimeError(f"{case.name}: {answer['error']}")
    return Round(**answer)


def _row(case: Case, rounds: Sequence[tuple[Round, float | None]], skipped: str | None) -> dict[str, Any]:
    row: dict[str, Any] = {"name": case.name, "threads": case.threads or processors(), "processes": case.copies}
    if skipped:
        return row | {"skipped": skipped}
    rates = [one.items / one.seconds for one, _ in rounds]
    row |= {"rate": statistics.median(rates), "low": min(rates), "high": max(rates), "rounds": len(rates)}
    row["cpu_ms"] = 1000 * statistics.median(one.cpu / one.items for one, _ in rounds)
    taken = [others for _, others in rounds if others is not None]
    row["others"] = statistics.mean(taken) if taken else None
    return row | rounds[-1][0].more
