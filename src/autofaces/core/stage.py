"""How a stage script runs: its main with the command's arguments; bad input ends in one message, not a traceback."""

import inspect
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType

import yaml

from autofaces.core.files import BadInput, lacking
from autofaces.core.machine import end_with_parent
from autofaces.core.yaml12 import Loader

SIGNALS = signal.SIGINT, signal.SIGTERM, signal.SIGHUP
KEPT = "nothing half-written stays, and a training goes on from its last checkpoint; run the same again"


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's arguments.

    BadInput (settings, archives, images that cannot be worked on) is printed to stderr and exits with status
    1, and so is what the machine lacks (disk, permission, memory); a wrong number of arguments prints the usage and
    exits likewise, a signal that stops it is told in a line and exits with 128 and its number. Any other exception is
    a fault of the program and keeps its traceback. A stage that DVC started ends with it.
    """
    script, *arguments = sys.argv
    try:
        inspect.signature(main).bind(*arguments)
    except TypeError:
        sys.exit(f"usage: python {' '.join([script, *(f'<{p}>' for p in inspect.signature(main).parameters)])}")
    if "DVC_STAGE" in os.environ:
        end_with_parent()
    try:
        with stopping():
            main(*arguments)
    except BadInput as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt as stop:
        sys.exit(stopped(stop, KEPT))
    except Exception as error:
        if (lack := lacking(error)) is None:
            raise
        sys.exit(f"error: {lack}")


@contextmanager
def stopping() -> Iterator[None]:
    """Have the signals that stop a program raise KeyboardInterrupt, with the signal's number, once: what is then
    cleared up is not interrupted again. One that is ignored, as nohup has it, stays so."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heard = [number for number in SIGNALS if before[number] != signal.SIG_IGN]

    def stop(number: int, frame: object) -> None:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt(number)

    for number in heard:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def stopped(stop: KeyboardInterrupt, kept: str) -> int:
    """Say on stderr what stopped the program and what is kept; returns the exit status."""
    number = signal.Signals(stop.args[0]) if stop.args else signal.SIGINT
    with suppress(OSError):  # the terminal may have gone
        print(f"stopped by {number.name}: {kept}", file=sys.stderr)
    return 128 + number


def _in_a_line(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):  # while modules are imported; Python then ends as by the signal
        stopped(KeyboardInterrupt(), KEPT)
    else:
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _in_a_line


def dependencies(name: str) -> list[str]:
    """What dvc.yaml names as the dependencies of a stage, in its order: what a stage that gathers outputs reads."""
    return yaml.load(Path("dvc.yaml").read_text(encoding="utf-8"), Loader)["stages"][name]["deps"]
