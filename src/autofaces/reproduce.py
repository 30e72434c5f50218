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

DVC = sys.executable, "-m", "dvc"
AT_ONCE = 6  # experiments of one `dvc repro`: it takes seconds to start


def main() -> None:
    settings = params.load()
    threads = settings.profiles[settings.profile].threads
    jobs = processors() // threads if threads else 1
    if jobs > 1 and subprocess.run([*DVC, "status", "--quiet"]).returncode:
        _call("repro", "preprocess")
        _in_parallel(list(settings.experiments), jobs)
    _call("repro")


def chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    """The keys in order, so many at a time."""
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


def _in_parallel(keys: list[str], jobs: int) -> None:
    """Train and evaluate the experiments, `jobs` at a time, under one progress bar."""
    running: list[subprocess.Popen] = []

    def work(some: list[str]) -> None:
        # single items: to look at what comes before them DVC would lock it against the others
        stages = [f"{name}@{key}" for key in some for name in ("train", "evaluate")]
        command = [*DVC, "--wait-for-lock", "repro", "--single-item", *stages]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            running.append(process)
            for line in process.stdout:
                if re.match(r"(Running stage|Stage) '(train|evaluate)@", line):
                    bar.update()
                elif not re.match(r"Stage|Verifying|Updating lock file|Use `dvc push`|> |$", line):
                    tqdm.write(line.rstrip())
        if process.returncode:
            raise BadInput(f"dvc repro {some[0]} ... failed; see above")

    total = 2 * len(keys)
    with (
        tqdm(total=total, desc="train, evaluate", unit=" stages", disable=None, dynamic_ncols=True) as bar,
        ThreadPoolExecutor(jobs) as pool,
    ):
        futures = [pool.submit(work, some) for some in chunks(keys, min(AT_ONCE, -(-len(keys) // jobs)))]
        failed = [f for f in wait(futures, return_when=FIRST_EXCEPTION).done if f.exception()]
        if failed:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in running:
                process.terminate()
            raise failed[0].exception()


def _call(*arguments: str) -> None:
    if code := subprocess.run([*DVC, *arguments]).returncode:
        sys.exit(code)


if __name__ == "__main__":
    stage.run(main)
