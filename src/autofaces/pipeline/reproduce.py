"""`dvc repro` with several stages at once, as many as the machine bears: `python -m autofaces.pipeline.reproduce`.

DVC runs one stage at a time, but lets several `dvc repro --single-item` work on one pipeline. Here a few processes, the
workers (autofaces.pipeline.worker), do so, in the order that DVC's own graph of the stages asks for. What is made is
the same as by a plain `dvc repro`. Stages may be named (`train@ray-stacked`): then those, and what they depend on.
SHARD=i/n in the environment names those of every n-th row.
"""

import os
import re
import selectors
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from contextlib import suppress
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from tqdm import tqdm

from autofaces.core import params, stage
from autofaces.core.files import BadInput
from autofaces.core.machine import processors
from autofaces.core.stage import SIGNALS
from autofaces.pipeline import leftovers
from autofaces.pipeline.crew import asked_for, crew, gpus, shard
from autofaces.pipeline.worker import GRACE, log_of

CHECK = sys.executable, "-m", "autofaces.app.cli", "check"
WORKER = sys.executable, "-m", "autofaces.pipeline.worker"
CHATTER = re.compile(
    r"Stage '.*(didn't change|is cached)|Running stage '|Verifying |(Generat|Updat)ing lock file|Use `dvc push`"
    r"|To (track|enable) |\s+(git add|dvc config) |Data and pipelines are|> |\s*$"
)  # what dvc itself says of a stage that goes well
LAST = 12  # lines that are shown of a stage that fails
TICK = 1  # seconds
KEPT = "finished stages are kept, a training goes on from its last checkpoint; run `make repro` again to go on"

Graph = dict[str, set[str]]  # a stage -> the stages that it waits for


def main(*targets: str) -> None:
    if options := [target for target in targets if target.startswith("-")]:
        raise BadInput(f"{options[0]}: there are no options, only names of stages; JOBS=n in the environment: at once")
    settings = params.load()
    rows = None
    if part := shard():
        if targets:
            raise BadInput("SHARD and names of stages: one or the other; SHARD=i/n is every n-th row")
        rows = sorted(settings.rows, key=lambda row: not settings.runs(row))[part[0] - 1 :: part[1]]  # in equal shares
    sys.exit(run(targets, settings.profiles[settings.profile].threads, CHECK, rows))


def run(targets: Sequence[str], threads: int | None, check: Sequence[str], rows: Collection[str] | None = None) -> int:
    """Make all that is not up to date, unless the command `check` finds something wrong; returns the exit status.

    rows: make the stages of these alone (`<stage>@<row>`), and what they depend on.
    """
    maker = os.getppid() if "MAKELEVEL" in os.environ else None
    try:
        with stage.stopping(), leftovers.alone():
            asked = asked_for()
            for line in leftovers.mend():
                print(line)
            leftovers.remove(leftovers.partial())
            with subprocess.Popen(check, stdout=subprocess.DEVNULL) as checking:  # takes as long as the status
                try:
                    graph = stale(targets, rows)
                except BadInput:  # what check says of it is better
                    if not checking.wait():
                        raise
            if checking.returncode:
                return checking.returncode
            if not graph:
                print("everything is up to date")
                return 0
            return _Run(graph, maker).work(crew(threads, processors(), gpus(), asked))
    except KeyboardInterrupt as stop:
        return stage.stopped(stop, KEPT)


def stale(targets: Sequence[str], rows: Collection[str] | None = None) -> Graph:
    """The stages to offer to dvc, in DVC's order: those that `dvc status` finds changed, and all that depend on them.

    Of all stages, or of those named and of these rows, and what they depend on.

    No plain `dvc repro` is needed after them: a stage that is left out has not changed, and nor has anything that it
    depends on, so dvc would skip it. What turns out to be unchanged among those offered, dvc skips.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo() as repo:
            for line in leftovers.mend_runs(Path(repo.stage_cache.cache_dir)):
                print(line)
            graph = repo.index.graph
            if rows is not None:
                targets = [one.addressing for one in graph if one.addressing.partition("@")[2] in rows]
            wanted = {found for target in targets for found in repo.stage.collect(target, with_deps=True)}
            needs = {
                one.addressing: {other.addressing for other in graph.successors(one)}
                for one in graph
                if one in wanted or (not targets and rows is None)
            }
            changed = repo.status()
    except DvcException as error:
        raise BadInput(f"dvc: {error}") from None
    offered: set[str] = set()
    for name in TopologicalSorter(needs).static_order():
        if name in changed or needs[name] & offered:
            offered.add(name)
    return {name: needs[name] & offered for name in needs if name in offered}


def ranks(graph: Graph) -> dict[str, tuple[int, ...]]:
    """For each stage what to sort the stages by that are ready: the first is made first.

    First comes what most others wait for: all data before the first training, lest a download fails after days. But
    stages that form a chain stay together: a row is evaluated before the next is trained.
    """
    before: Graph = {}  # all that a stage waits for, however indirectly
    opens: defaultdict[str, list[str]] = defaultdict(list)  # what can start as soon as a stage, in the end, is done
    for name in TopologicalSorter(graph).static_order():
        before[name] = graph[name].union(*(before[need] for need in graph[name]))
        for need in graph[name]:
            if graph[name] <= before[need] | {need}:
                opens[need].append(name)
    head = {name: name for name in before}  # of the chain that a stage belongs to
    for name in before:
        if len(opens[name]) == 1:
            head[opens[name][0]] = head[name]
    others = Counter(name for names in before.values() for name in names)
    place = {name: number for number, name in enumerate(graph)}
    return {name: (-others[head[name]], place[head[name]], place[name]) for name in graph}


class _Worker:
    """A process that makes one stage after another, in a session of its own: no signal to us reaches it."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
        self.process = subprocess.Popen(WORKER, env=environment, start_new_session=True, **pipes)
        self.stage = ""
        self.started = 0.0

    def start(self, name: str) -> None:
        self.stage, self.started = name, time.monotonic()
        log_of(name).unlink(missing_ok=True)  # of an earlier run
        with suppress(BrokenPipeError):  # it has been killed, as its answer will tell
            self.process.stdin.write(name.encode())

    def answer(self) -> int | None:
        """Exit status of dvc; None if it has been killed, which here ends its stage as well."""
        line = self.process.stdout.readline()
        if not line:
            self.end(0)
        return int(line) if line else None

    def end(self, seconds: float) -> None:
        """Kill what is left of it and of its stage, if it does not end within so many seconds."""
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        with suppress(ProcessLookupError, PermissionError):  # macOS says the latter of a group of the dead
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class _Run:
    """The stages of one run, and what has become of them."""

    def __init__(self, graph: Graph, maker: int | None) -> None:
        self.maker = maker  # the process of make
        self.order = TopologicalSorter(graph)
        self.order.prepare()
        self.ready: list[str] = []
        self.rank = ranks(graph)
        self.done: list[str] = []
        self.failed: list[str] = []
        self.workers: list[_Worker] = []
        self.answers = selectors.DefaultSelector()

    def work(self, free: list[dict[str, str]]) -> int:
        """Make all stages with a worker for each environment, say what becomes of them; returns the exit status."""
        started = time.monotonic()
        free = free[::-1]
        with tqdm(total=len(self.rank), desc="make", unit=" stages", disable=None, dynamic_ncols=True) as bar:
            try:
                while busy := self._start(free):
                    bar.set_postfix_str(", ".join(busy))
                    for key, _ in self.answers.select(TICK):
                        self._take(key.data, free, quiet=not bar.disable)
                    bar.update(len(self.done) - bar.n)
                    if self.maker not in (None, os.getppid()):  # make was killed: nobody waits for us
                        raise KeyboardInterrupt(signal.SIGTERM)
            finally:
                self._end()
        if not self.failed:
            print(f"{len(self.done)} stages in {time.monotonic() - started:.0f} s")
            return 0
        left = len(self.rank) - len(self.done) - len(self.failed)
        after = f"; not run because of that: {left}" if left else ""
        print(f"error: {len(self.failed)} of {len(self.rank)} stages failed{after}; all output:", file=sys.stderr)
        for name in self.failed:
            print(f"  {name}: {log_of(name)}", file=sys.stderr)
        return 1

    def _start(self, free: list[dict[str, str]]) -> list[str]:
        """Give work to idle workers, and to new ones while an environment is free; returns the stages at work."""
        self.ready = sorted([*self.ready, *self.order.get_ready()], key=self.rank.__getitem__)
        idle = [worker for worker in self.workers if not worker.stage]
        while self.ready and (idle or free):
            if not idle:
                idle = [_Worker(free.pop())]
                self.workers += idle
                self.answers.register(idle[0].process.stdout, selectors.EVENT_READ, idle[0])
            idle.pop().start(self.ready.pop(0))
        return [worker.stage for worker in self.workers if worker.stage]

    def _take(self, worker: _Worker, free: list[dict[str, str]], quiet: bool) -> None:
        """Hear what has become of a worker's stage, and tell."""
        status, name = worker.answer(), worker.stage
        worker.stage = ""
        if status is None:
            self.answers.unregister(worker.process.stdout)
            self.workers.remove(worker)
            free.append(worker.environment)
        if name:
            if status == 0:
                self.order.done(name)
            (self.done if status == 0 else self.failed).append(name)
            _tell(name, status, time.monotonic() - worker.started, quiet)

    def _end(self) -> None:
        """End all workers, and so their stages: their input closes, as it does if we are killed."""
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        for worker in self.workers:
            worker.process.stdin.close()
        deadline = time.monotonic() + GRACE + 2
        for worker in self.workers:
            worker.end(max(0, deadline - time.monotonic()))


def _tell(name: str, status: int | None, seconds: float, quiet: bool) -> None:
    """Print, above the bar if there is one, what a stage has printed that is worth it; if not quiet, its seconds."""
    log = log_of(name).read_text(encoding="utf-8", errors="replace").splitlines() if log_of(name).exists() else []
    lines = [line for line in log if not CHATTER.match(line)]
    if status is None:
        lines.append("its dvc was killed")
    if status != 0:
        lines = [f"{name} failed after {seconds:.1f} s:", *(f"  {line}" for line in lines[-LAST:])]
    elif not quiet:
        skipped = any(CHATTER.match(line) and "didn't change" in line for line in log)
        lines.append(f"{name}: {seconds:.1f} s" + (", unchanged" if skipped else ""))
    for line in lines:
        tqdm.write(line)
    sys.stdout.flush()


if __name__ == "__main__":
    stage.run(main)
