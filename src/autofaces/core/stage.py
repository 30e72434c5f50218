"""How a stage script runs: its main with the command's arguments; bad input ends in one message, not a traceback."""

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

import yaml

from autofaces.core.files import BadInput
from autofaces.core.yaml12 import Loader


def run(main: Callable[..., None]) -> None:
    """Call `main` with the command line's arguments.

    BadInput (settings, archives, images that cannot be worked on) is printed to stderr and exits with status
    1, a wrong number of arguments prints the usage and exits likewise, Ctrl-C exits with 130. Any other
    exception is a fault of the program and keeps its traceback.
    """
    script, *arguments = sys.argv
    try:
        inspect.signature(main).bind(*arguments)
    except TypeError:
        sys.exit(f"usage: python {' '.join([script, *(f'<{p}>' for p in inspect.signature(main).parameters)])}")
    try:
        main(*arguments)
    except BadInput as error:
        sys.exit(f"error: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def dependencies(name: str) -> list[str]:
    """What dvc.yaml names as the dependencies of a stage, in its order: what a stage that gathers outputs reads."""
    return yaml.load(Path("dvc.yaml").read_text(encoding="utf-8"), Loader)["stages"][name]["deps"]
