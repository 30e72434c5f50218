"""Work on every image of archives, in several processes, with the bytes of what it makes the same for any number."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import NamedTuple, TypeVar

from tqdm import tqdm

from autofaces.core.machine import processors
from autofaces.data import archives
from autofaces.data.archives import ImageError, Place

CHUNK = 64  # images handed to a process at a time, at most
CHUNK_BYTES = 4 << 20  # of images from a tar: these close a chunk
FEW = 3000  # images below which starting processes costs more than it saves

T = TypeVar("T")


def each_image(
    raw: Path,
    files: Sequence[str],
    work: Callable[[int, bytes], T],
    description: str,
    processes: int | None = None,
) -> list[T]:
    """`work(i, bytes of files[i])` for every i, in order of i, whatever the number of processes.

    raw: the folder of the archives; files: `<archive>/<member>` each; work: a function of a module (or a
    partial of one), because it is sent to the processes. processes: None for one per CPU this process may
    use. An exception of `work` is raised here, an ImageError with the name of its file in front.
    """
    processes = processes or processors()
    results: dict[int, T] = {}
    with tqdm(total=len(files), desc=description, unit=" images", disable=None) as bar:
        if processes == 1 or len(files) < FEW:
            for task in _tasks(raw, files):
                _collect(_work_on(work, task), files, results, bar)
        else:
            with _pool(processes) as pool:
                pending: set[Future] = set()
                for task in _tasks(raw, files):
                    pending.add(pool.submit(_work_on, work, task))
                    # waiting here bounds what a tar's reader runs ahead, hence memory
                    if len(pending) >= 4 * processes:
                        done, pending = wait(pending, return_when=FIRST_COMPLETED)
                        for future in done:
                            _collect(future.result(), files, results, bar)
                for future in pending:
                    _collect(future.result(), files, results, bar)
    return [results[i] for i in range(len(files))]


class Task(NamedTuple):
    """What a process works on: indices of images, each with its bytes or its place in the zip `path`."""

    path: Path
    images: list[tuple[int, bytes | Place]]


def _tasks(raw: Path, files: Sequence[str]) -> Iterator[Task]:
    """Chunks of images in the order of the archives. Images in a zip are only located, and read by the processes; a
    tar has one reader, here, because every further one would unpack all of it again."""
    index = {file: i for i, file in enumerate(files)}
    wanted: dict[str, list[str]] = {}
    for file in files:
        archive, _, name = file.partition("/")
        wanted.setdefault(archive, []).append(name)
    for archive, names in wanted.items():
        path = raw / archive
        with archives.damage_named(path):
            in_zip = archives.is_zip(path)
        images = archives.places(path, names) if in_zip else archives.read(path, names)
        task = Task(path, [])
        size = 0
        for name, source in images:
            task.images.append((index[f"{archive}/{name}"], source))
            size += len(source) if isinstance(source, bytes) else 0
            if len(task.images) == CHUNK or size >= CHUNK_BYTES:
                yield task
                task, size = Task(path, []), 0
        if task.images:
            yield task


def _work_on(work: Callable[[int, bytes], T], task: Task) -> list[tuple[int, T | ImageError]]:
    results: list[tuple[int, T | ImageError]] = []
    with archives.damage_named(task.path):
        file = task.path.open("rb")
    with file:
        for i, source in task.images:
            data = source if isinstance(source, bytes) else archives.at(task.path, file, source)
            try:
                results.append((i, work(i, data)))
            except ImageError as error:
                results.append((i, error))
    return results


def _collect(new: list, files: Sequence[str], results: dict, bar: tqdm) -> None:
    for i, result in new:
        if isinstance(result, ImageError):
            raise ImageError(f"{files[i]}: {result}")
        results[i] = result
    bar.update(len(new))


@contextlib.contextmanager
def _pool(processes: int) -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")  # fork is not safe beside the threads of other libraries
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_start_process)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _start_process() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends it in silence: the parent reports
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # a killed parent does not wake a process that waits for work, and the stage must not leave it behind
    multiprocessing.parent_process().join()
    os._exit(1)
