"""Python scripts without starting Python for each run: importing torch takes longer than a small stage does.

Each script has a process that forks for every run of it, and that imports what the script does, and what its runs have
imported later.
"""

import atexit
import multiprocessing
import os
import runpy
import signal
import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

GPUS = "/dev/nvidiactl", "/dev/kfd", "/dev/dxg"  # NVIDIA's, AMD's, WSL's


def possible() -> bool:
    """Whether this machine can: other systems' libraries have threads that no fork survives, and after a look at a GPU,
    which torch may take when it is imported, no fork can use it."""
    return sys.platform == "linux" and not any(Path(device).exists() for device in GPUS)


def run(script: str, arguments: list[str], cwd: str, env: dict[str, str]) -> int:
    """Exit status of `python script *arguments` there, negative if a signal ended it. The script's `__main__` part
    works, and what stands outside it only imports."""
    server = _server(Path(cwd, script))
    server.send((script, arguments, cwd, env))
    return server.recv()


@cache
def _server(path: Path) -> Connection:
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.get_context("spawn").Process(target=_serve, args=(path, theirs)).start()
    theirs.close()
    atexit.register(ours.close)  # and the server ends; before multiprocessing waits for that
    return ours


def _serve(path: Path, connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the script that runs
    sys.path.insert(0, str(path.parent))
    with suppress(Exception):  # each run will fail with it, and say so
        runpy.run_path(str(path), run_name="imported")
    with suppress(EOFError):
        while True:
            status, loaded = _fork(connection.recv())
            connection.send(status)
            for name in loaded:
                with suppress(Exception):
                    import_module(name)


def _fork(run: tuple) -> tuple[int, list[str]]:
    """Exit status, and what modules the run has loaded, if it came to its end."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_script, args=(theirs, *run))
    process.start()
    theirs.close()
    loaded = []
    with suppress(EOFError):
        loaded = ours.recv()
    process.join()
    return process.exitcode, loaded


def _script(tell: Connection, script: str, arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [script, *arguments]
    runpy.run_path(script, run_name="__main__")
    tell.send(list(sys.modules))
