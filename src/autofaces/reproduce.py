"""`dvc repro` with several experiments at once, as many as the processors bear: `python -m autofaces.reproduce`.

DVC runs one stage at a time, but lets several `dvc repro` work on one pipeline. What each makes is the same either way.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from tqdm import tqdm

from autofaces import params, stage
from autofaces.files import BadInput
from autofaces.machine import processors

DVC = sys.executable, "-m", "dvc", "--wait-for-lock", "repro"
AT_ONCE = 6  # experiments of one `dvc repro`: it takes seconds to start
UNTOLD = r"Stage|Verifying|Updating lock file|Use `dvc push`|Data and pipelines|> |$"


def main() -> None:
    settings = params.load()
    threads = settings.profiles[settings.profile].threads
    jobs = processors() // threads if threads else 1
    stale = subprocess.run([sys.executable, "-m", "dvc", "status", "--quiet"]).returncode
    if stale and (code := subprocess.run([sys.executable, "-m", "autofaces.cli", "check"]).returncode):
        sys.exit(code)
    if jobs == 1 or not stale:
        sys.exit(subprocess.run(DVC).returncode)
    if code := subprocess.run([*DVC, "preprocess"]).returncode:
        sys.exit(code)
    _in_parallel(list(settings.experiments), jobs)
    for line in _lines():
        print(line, flush=True)


def hands(keys: list[str], size: int) -> list[list[str]]:
    """The keys dealt to as few hands as can hold them, at most `size` each: costly neighbours go to different ones."""
    count = -(-len(keys) // size)
    return [keys[i::count] for i in range(count)]


def _in_parallel(keys: list[str], jobs: int) -> None:
    """Train and evaluate the experiments, `jobs` at a time, under one progress bar."""
    running: list[subprocess.Popen] = []

    def work(some: list[str]) -> None:
        # single items: to look at what comes before them DVC would lock it against the others
        stages = [f"{name}@{key}" for key in some for name in ("train", "evaluate")]
        for line in _lines("--single-item", *stages, running=running):
            if line.startswith("Running stage"):
                bar.set_postfix_str(line.split("'")[1])
            else:
                bar.write(line)
                sys.stdout.flush()
            bar.update(line.startswith("Running stage"))

    with (
        tqdm(total=2 * len(keys), desc="train, evaluate", unit=" stages", disable=None, dynamic_ncols=True) as bar,
        ThreadPoolExecutor(jobs) as pool,
    ):
        futures = [pool.submit(work, some) for some in hands(keys, min(AT_ONCE, -(-len(keys) // jobs)))]
        failed = [future for future in wait(futures, return_when=FIRST_EXCEPTION).done if future.exception()]
        if failed:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            raise failed[0].exception()


def _lines(*arguments: str, running: list[subprocess.Popen] | None = None) -> Iterator[str]:
    """What `dvc repro` says, but for stages that have nothing to do. BadInput where it fails."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen([*DVC, *arguments], **pipes) as process:
        if running is not None:
            running.append(process)
        for line in process.stdout:
            if not re.match(UNTOLD, line):
                yield line.rstrip()
    if process.returncode:
        raise BadInput(
            f"dvc repro {' '.join(arguments[:2])} ... ended with exit status {process.returncode}; see above"
        )


if __name__ == "__main__":
    stage.run(main)
