"""`dvc`, quicker where a pipeline has many small stages in Python: `autofaces.quick_dvc.main(["repro"])`.

After every stage DVC reads and writes all of dvc.lock with a parser that would keep comments, which takes it seconds
where there are ninety stages. Here a stage's own lines are read and written alone; the file has the same bytes.
And for every stage DVC starts a shell and Python. Here, on Linux without a GPU, autofaces.forks runs the scripts.
"""

import re
import signal
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dvc.cli
import dvc.dvcfile
import dvc.stage.run
from dvc.stage.exceptions import StageCmdFailedError
from dvc.utils.serialize import dumps_yaml, loads_yaml, modify_yaml

from autofaces import files, forks

HEAD = "schema: '2.0'\nstages:\n"
STAGE = re.compile(r"  ([\w@.-]+):\n(?:    .*\n)+")  # its name, and all of its lines
SCRIPT = re.compile(r"python [\w./-]+\.py( [\w./@-]+)*")  # a command that no shell has to read


class Stages(MutableMapping):
    """The stages of a lock, parsed when they are asked for, kept as text."""

    def __init__(self, text: dict[str, str]) -> None:
        self.text = text

    def __getitem__(self, name: str) -> Any:
        return loads_yaml(self.text[name])[name]

    def __setitem__(self, name: str, stage: Any) -> None:
        self.text[name] = dumps_yaml({"stages": {name: stage}}).removeprefix("stages:\n")

    def __delitem__(self, name: str) -> None:
        del self.text[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.text)

    def __len__(self) -> int:
        return len(self.text)


@contextmanager
def modify(path: str, fs: Any = None) -> Iterator[Any]:
    """As DVC's modify_yaml: yield what a file says, then write what was made of it. Quick if it is a lock's text."""
    text = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
    stages = {found[1]: found[0] for found in STAGE.finditer(text)}
    if HEAD + "".join(stages.values()) != text:
        with modify_yaml(path, fs=fs) as data:
            yield data
        return
    lock = {"schema": "2.0", "stages": Stages(stages)}
    yield lock
    with files.writing(path) as temporary:
        temporary.write_text(HEAD + "".join(lock["stages"].text.values()), encoding="utf-8")


def run(executable: str | None, command: str, **kwargs: Any) -> None:
    """As DVC's _run: run a stage's command, or raise StageCmdFailedError. Quick if it is `python <script> ...`."""
    if forks.possible() and SCRIPT.fullmatch(command):
        _, script, *arguments = command.split()
        interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the stage, and with it DVC
        try:
            status = forks.run(script, arguments, str(kwargs["cwd"]), kwargs["env"])
        finally:
            signal.signal(signal.SIGINT, interrupt)
        if status:
            raise StageCmdFailedError(command, status)
    else:
        run_anew(executable, command, **kwargs)


run_anew = dvc.stage.run._run


def main(arguments: list[str]) -> int:
    """Exit status of `dvc *arguments`."""
    dvc.dvcfile.modify_yaml = modify
    dvc.stage.run._run = run
    return dvc.cli.main(arguments)
