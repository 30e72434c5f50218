"""One stage after another, each by `dvc --wait-for-lock repro --single-item`: what autofaces.pipeline.reproduce starts.

Names of stages come in on the standard input, exit statuses go out on the standard output; what dvc and the stage print
goes to the stage's log. To start dvc takes longer than many a stage, hence a process that lives on: what it calls is
dvc's own command line, which reads dvc.yaml, params.yaml and dvc.lock anew each time, and starts each stage anew.

It leads a process group, which ends with it: if the standard input closes, be it that the run is over, is stopped, or
that its process was killed, the stage is interrupted, dvc finishes what it writes, and nothing lives on.
"""

import os
import queue
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import dvc.cli

GRACE = 5  # seconds that an interrupted stage has to end itself
BUSY = "is busy, it is being blocked by"  # dvc's words when another dvc works on the same files
TRIES = 4
PAUSE = 2  # seconds from one to the next


def log_of(stage: str) -> Path:
    """Where all goes that a stage and its dvc print."""
    return Path(".work/logs", stage.replace("/", "_") + ".log")


def main() -> None:
    orders, answers = os.dup(0), os.dup(1)  # copies, which what is started here does not inherit
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # An interrupt is for the stage. It must not end dvc in the middle of dvc.lock. And it must not be ignored, as the
    # stage would inherit that.
    signal.signal(signal.SIGINT, lambda *_: None)
    stages: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders, stages), daemon=True).start()
    while stage := stages.get():
        status = _reproduce(stage)
        with suppress(BrokenPipeError):
            os.write(answers, f"{status}\n".encode())
    os.killpg(0, signal.SIGKILL)  # what stages have left behind, and this process


def _listen(orders: int, stages: queue.SimpleQueue[str]) -> None:
    """Pass on the names that come in; then end the group."""
    while name := os.read(orders, 4096):  # one at a time: the next comes after the answer
        stages.put(name.decode())
    stages.put("")
    for _ in range(GRACE):  # more than once: dvc may be about to start the stage
        os.killpg(0, signal.SIGINT)
        time.sleep(1)
    os.killpg(0, signal.SIGKILL)


def _reproduce(stage: str) -> int:
    """Exit status of dvc; what is printed goes to the log. Waits a little where another dvc is in the way."""
    path = log_of(stage)
    path.parent.mkdir(parents=True, exist_ok=True)
    for rest in reversed(range(TRIES)):
        with path.open("wb") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        # a single item: to look at what comes before it dvc would lock that against the others
        status = dvc.cli.main(["--wait-for-lock", "repro", "--single-item", stage])
        sys.stdout.flush()
        if not status or not rest or BUSY not in path.read_text(encoding="utf-8", errors="replace"):
            break
        time.sleep(PAUSE)
    return status


if __name__ == "__main__":
    main()
