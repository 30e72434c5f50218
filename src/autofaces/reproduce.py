"""`dvc repro` with several stages at once, as many as the processors bear: `python -m autofaces.reproduce`.

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

# not -m: a module started so is imported again by every process that autofaces.forks starts
QUICK = "import sys; from autofaces import quick_dvc; sys.exit(quick_dvc.main(sys.argv[1:]))"
DVC = sys.executable, "-c", QUICK, "--wait-for-lock", "repro"
AT_ONCE = 9  # experiments of one `dvc repro`: it takes seconds to start, as do the first runs of its scripts
UNTOLD = r"Stage|Verifying|Updating lock file|Use `dvc push`|Data and pipelines|> |$"


def main() -> None:
    settings = params.load()
    threads = settings.profiles[settings.profile].threads
    jobs = processors() // threads if threads else 1
    with subprocess.Popen([sys.executable, "-m", "autofaces.cli", "check"]) as check:  # takes as long as the status
        stale = subprocess.run([sys.executable, "-m", "dvc", "status", "--quiet"]).returncode
    if check.returncode:
        sys.exit(check.returncode)
    if jobs == 1 or not stale:
        sys.exit(subprocess.run(DVC).returncode)
    _in_parallel("data", [made_of(archive, settings) for archive in settings.archives], jobs)
    rows = list(settings.experiments)
    dealt = hands(rows, min(AT_ONCE, -(-len(rows) // jobs)))
    _in_parallel("train, evaluate", [[f"{s}@{k}" for k in some for s in ("train", "evaluate")] for some in dealt], jobs)
    for line in _lines():
        print(line, flush=True)


def made_of(archive: str, settings: params.Params) -> list[str]:
    """The stages that get an archive, and make the arrays of its datasets, in their order."""
    datasets = [key for key, dataset in settings.datasets.items() if dataset.archive == archive]
    return [f"download@{archive}", *(f"{stage}@{key}" for key in datasets for stage in ("split", "preprocess"))]


def hands(keys: list[str], size: int) -> list[list[str]]:
    """The keys dealt to as few hands as can hold them, at most `size` each: costly neighbours go to different ones."""
    count = -(-len(keys) // size)
    return [keys[i::count] for i in range(count)]


def _in_parallel(what: str, lists: list[list[str]], jobs: int) -> None:
    """Run lists of stages, `jobs` lists at a time, under one progress bar."""
    running: list[subprocess.Popen] = []

    def work(stages: list[str]) -> None:
        # single items: to look at what comes before them DVC would lock it against the others
        for line in _lines("--single-item", *stages, running=running):
            if line.startswith("Running stage"):
                bar.set_postfix_str(line.split("'")[1])
            else:
                bar.write(line)
                sys.stdout.flush()
            bar.update(line.startswith("Running stage"))

    with (
        tqdm(total=sum(map(len, lists)), desc=what, unit=" stages", disable=None, dynamic_ncols=True) as bar,
        ThreadPoolExecutor(jobs) as pool,
    ):
        futures = [pool.submit(work, stages) for stages in lists]
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
