"""A flipped byte, or a cut, at a random place of every kind of file that is read: the same result, or a clear error
that names the file; never another result in silence, never a traceback.

What has no checksum of its own (a split, a history) has DVC's: there another result is allowed to a reader that is run
by itself, and `dvc status` has to name the file.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple
from unittest import mock

import numpy as np
import yaml
from PIL import Image

from autofaces.app import gallery, photos, uses
from autofaces.core import arrays, history
from autofaces.training import horizon, models
from faults import workspace
from faults.workspace import ROW, Outcome

Trial = tuple[str, str, bool, str]  # promise, fault, held, detail
MODEL = Path("models") / ROW
DVC_SECONDS = 120


class Kind(NamedTuple):
    """A kind of file, and who reads it."""

    pattern: str  # of its files in the project
    read: Callable[[Path], Outcome]
    made: tuple[str, ...]  # what the reader writes
    guarded: bool = True  # by a checksum of its own, not by DVC's alone


def _stages(*commands: tuple[str, ...]) -> Callable[[Path], Outcome]:
    def read(project: Path) -> Outcome:
        for command in commands:
            outcome = workspace.run(project, *command)
            if outcome.error or outcome.fault:
                break
        return outcome

    return read


def _reading(work: Callable[[Path], Mapping[str, np.ndarray]]) -> Callable[[Path], Outcome]:
    """A reader whose result is written into `read`, to be compared."""

    def read(project: Path) -> Outcome:
        (project / "read").mkdir(exist_ok=True)

        def work_and_keep() -> None:
            for name, array in work(project).items():
                np.save(project / "read" / f"{name}.npy", array)

        with workspace.inside(project):
            return workspace.attempt(work_and_keep)

    return read


def _arrays(project: Path) -> dict[str, np.ndarray]:
    folder, found = project / "data/arrays/lfw", {}
    for part in arrays.PARTS:
        found[part] = np.array(arrays.load(folder, part))
        found[f"{part}-labels"] = arrays.labels(folder, part).to_csv().encode()
    return {name: np.frombuffer(made, np.uint8) if isinstance(made, bytes) else made for name, made in found.items()}


def _model(project: Path) -> dict[str, np.ndarray]:
    model, its = models.load(project / MODEL)
    made = {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    return made | {"config": np.array(sorted(map(str, its.items())))}


def _history(project: Path) -> dict[str, np.ndarray]:
    return {"history": history.read(project / MODEL / "dvclive").to_numpy(float)}


def _codes(project: Path) -> dict[str, np.ndarray]:
    trained = uses.load("similar", str(MODEL))
    found, _ = gallery.gather(project / "photos", trained, photos.fit(trained.config), [])
    return {"codes": found.codes, "norms": found.norms, "known": np.array(found.known)}


KINDS = {
    "archive (tar.gz)": Kind(
        "data/raw/lfw/lfw.tgz",
        _stages(("split", "lfw", "lfw"), ("preprocess", "lfw", "lfw")),
        ("data/splits/lfw.csv", "data/arrays/lfw"),
    ),
    "archive (zip)": Kind(
        "data/raw/celeba/*.zip",
        _stages(("split", "celeba", "celeba"), ("preprocess", "celeba", "celeba")),
        ("data/splits/celeba.csv", "data/arrays/celeba"),
    ),
    "list of an archive": Kind(
        "data/raw/celeba/*.txt", _stages(("split", "celeba", "celeba")), ("data/splits/celeba.csv",), guarded=False
    ),
    "split": Kind("data/splits/lfw.csv", _stages(("preprocess", "lfw", "lfw")), ("data/arrays/lfw",), guarded=False),
    "array": Kind("data/arrays/lfw/*.npy", _reading(_arrays), ("read",)),
    "labels of an array": Kind("data/arrays/lfw/*.csv", _reading(_arrays), ("read",)),
    "checkpoint": Kind(".work/*/checkpoint.pt", _stages(("train", ROW)), (str(MODEL),)),
    "point of the horizon": Kind(".work/*/horizon/[0-9]*.pt", _stages(("train", ROW)), (str(MODEL),)),
    "weights": Kind(f"{MODEL}/weights.safetensors", _reading(_model), ("read",)),
    "config": Kind(f"{MODEL}/config.json", _reading(_model), ("read",)),
    "horizon": Kind(
        f"{MODEL}/horizon.safetensors", _stages(("evaluate", ROW)), ("metrics", "data/evaluations"), guarded=False
    ),
    "history": Kind(f"{MODEL}/dvclive/plots/metrics/*.tsv", _reading(_history), ("read",), guarded=False),
    "evaluation": Kind(f"data/evaluations/{ROW}.zip", _stages(("collect",)), ("data/results", "metrics/summary.csv")),
    "codes of a search": Kind(".work/codes/*/*", _reading(_codes), ("read",)),
}
COUNTS = dict.fromkeys(KINDS, 18) | {"checkpoint": 8, "point of the horizon": 6, "horizon": 6}
DVC_COUNT = 4  # of each of three: a file that DVC alone guards, dvc.lock, an object of the cache


def trials(seed: int, work: Path, counts: Mapping[str, int] = COUNTS, dvc: int = DVC_COUNT) -> Iterator[Trial]:
    """Spoil copies of a small project that is made in `work`; `counts`: how often, by kind of file."""
    random = np.random.default_rng(seed)
    whole = prepared(work / "whole")
    for kind, count in counts.items():
        its = KINDS[kind]
        expected = _result(its, workspace.copy(whole, work / "spoilt"))[1]
        for _ in range(count):
            yield _trial(kind, its, workspace.copy(whole, work / "spoilt"), expected, random)
    if dvc:
        yield from _by_dvc(whole, work / "dvc", random, dvc)


def prepared(folder: Path) -> Path:
    """The project, with a training that was stopped at its very end, and a folder whose images were searched."""
    workspace.make(folder)
    (folder / "photos").mkdir()
    for i, image in enumerate(np.load(folder / "data/arrays/lfw/test.npy")):
        Image.fromarray(image).save(folder / "photos" / f"{i}.png")
    _done(KINDS["codes of a search"].read(folder))
    shutil.rmtree(folder / "read")
    with mock.patch.object(horizon, "save", side_effect=KeyboardInterrupt):
        try:
            workspace.run(folder, "train", ROW)
        except KeyboardInterrupt:
            return folder
    raise RuntimeError("the training was not stopped")


def spoil(file: Path, random: np.random.Generator) -> str:
    """Flip a bit or more of a byte of the file, or cut it; what was done, and where, in words: `<what>: <where>`."""
    data = bytearray(file.read_bytes())
    at = int(random.integers(len(data)))
    if random.random() < 0.5:
        file.write_bytes(data[:at])
        return f"cut: {file.name}, at byte {at}"
    mask = int(random.integers(1, 256))
    data[at] ^= mask
    file.write_bytes(data)
    return f"a byte turned: {file.name}, byte {at} by {mask}"


def _trial(kind: str, its: Kind, project: Path, expected: dict[str, str], random: np.random.Generator) -> Trial:
    file = random.choice(sorted(project.glob(its.pattern)))
    fault, _, where = spoil(file, random).partition(": ")
    outcome, found = _result(its, project)
    told = f"{outcome.error}{outcome.said}"
    named = file.name in told or file.parent.name in told
    if outcome.error:
        held, detail = outcome.clear and named, outcome.error
    else:
        held = outcome.clear and (found == expected or not its.guarded)
        detail = "the same result" if found == expected else "another result, which DVC notices"
    promise = "same result, or an error that names it" if its.guarded else "no traceback; DVC guards it"
    return f"{kind}: {promise}", fault, held, f"{where}: {outcome.fault or detail}"


def _result(its: Kind, project: Path) -> tuple[Outcome, dict[str, str]]:
    for place in its.made:  # what was there is no result
        shutil.rmtree(project / place, ignore_errors=True) if (project / place).is_dir() else None
    outcome = its.read(project)
    return outcome, {path: sum_ for place in its.made for path, sum_ in workspace.contents(project / place).items()}


OUTS = ["data/raw/celeba", "data/splits/lfw.csv", "data/arrays/lfw", f"models/{ROW}", f"data/evaluations/{ROW}.zip"]


def _by_dvc(whole: Path, folder: Path, random: np.random.Generator, count: int) -> Iterator[Trial]:
    """What DVC says of a spoilt output, of a spoilt dvc.lock, and what readers say of one that comes out of a spoilt
    cache."""
    workspace.copy(whole, folder)
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"keep": {"cmd": "true", "outs": OUTS}}}))
    for command in (("init", "--no-scm", "--quiet"), ("commit", "--force", "--quiet")):
        _dvc(folder, *command)
    for _ in range(count):
        place = str(random.choice(OUTS))
        files = [folder / place] if (folder / place).is_file() else sorted((folder / place).rglob("*"))
        file = random.choice([path for path in files if path.is_file()])
        data = file.read_bytes()
        file.unlink()  # it may be a link into the cache
        file.write_bytes(data)
        fault, _, where = spoil(file, random).partition(": ")
        status = _dvc(folder, "status")
        yield "output: dvc status names it", fault, place in status, f"{where}: {status}"
        _dvc(folder, "checkout", "--force", "--quiet")
    lock = (folder / "dvc.lock").read_bytes()
    for _ in range(count):
        fault, _, where = spoil(folder / "dvc.lock", random).partition(": ")
        status = _dvc(folder, "status")
        clear = "Traceback" not in status and ("dvc.lock" in status or "keep" in status or "up to date" in status)
        yield "dvc.lock: the same state, a change, or an error", fault, clear, f"{where}: {status}"
        (folder / "dvc.lock").write_bytes(lock)
    for _ in range(count):
        yield _cache_trial(folder, random)


def _cache_trial(folder: Path, random: np.random.Generator) -> Trial:
    kind = str(random.choice(["array", "weights", "config"]))
    its = KINDS[kind]
    file = random.choice(sorted(folder.glob(its.pattern)))
    digest = _dvc_md5(file)
    stored = folder / ".dvc/cache/files/md5" / digest[:2] / digest[2:]
    kept = stored.read_bytes()
    stored.chmod(0o644)
    fault, _, where = spoil(stored, random).partition(": ")
    stored.chmod(0o444)
    file.unlink()
    said = _dvc(folder, "checkout", "--force")
    outcome = its.read(folder)
    refused = outcome.clear and outcome.error != ""
    stored.chmod(0o644)
    stored.write_bytes(kept)
    stored.chmod(0o444)
    file.unlink(missing_ok=True)
    _dvc(folder, "checkout", "--force", "--quiet")
    promise = f"object of .dvc/cache ({kind}): refused when it is read"
    return promise, fault, refused, f"{file.relative_to(folder)}, {where}: {outcome.fault or outcome.error or said}"


def _dvc_md5(file: Path) -> str:
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _dvc(folder: Path, *arguments: str) -> str:
    """What dvc says, on stdout and stderr together."""
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DVC_SECONDS,
        check=False,
    )
    return done.stdout


def _done(outcome: Outcome) -> None:
    if outcome.error or outcome.fault:
        raise RuntimeError(f"{outcome.error}{outcome.fault}")
