"""A small project to spoil: two archives, their splits and arrays, one row trained, measured and collected."""

import contextlib
import io
import os
import runpy
import shutil
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from autofaces.core import files

ROOT = Path(__file__).parents[1]
ROW = "kovenko-vae-var1e-2"
DATASETS = ("lfw", "celeba")  # a tar.gz and a zip
IMAGES = 60


class Outcome(NamedTuple):
    """How a stage, a command or a function ended."""

    error: str  # the message of a refusal; "" where there was none
    fault: str  # the traceback of anything else; "" where there was none
    said: str  # on stdout and stderr

    @property
    def clear(self) -> bool:
        """Whether it ended well, or in an error of a line or a few."""
        return not self.fault and "Traceback" not in self.said and self.error.count("\n") < 8


def make(folder: Path) -> Path:
    """Build the project in `folder`, which is made."""
    folder.mkdir(parents=True)
    write_settings(folder)
    for key in DATASETS:
        for stage, arguments in (("download", [key]), ("split", [key, key]), ("preprocess", [key, key])):
            _done(run(folder, stage, *arguments))
    for stage in ("train", "evaluate"):
        _done(run(folder, stage, ROW))
    return folder


def write_settings(folder: Path) -> None:
    """The project's params.yaml at the scale of a test, with the one row, and a dvc.yaml whose collect names it."""
    settings = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
    smoke = settings["profiles"]["smoke"]
    smoke |= {"images": IMAGES, "ablations": [], "size": dict.fromkeys(DATASETS, 32)}
    smoke["scale"] = {"lfw": {"image_passes": 64, "batch": 0.125}}
    row = settings["experiments"][ROW] | {"dataset": "lfw"}
    row["model"] |= {"base": 4, "code": 8}
    row["applications"] = []
    settings |= {"profile": "smoke", "profiles": {"smoke": smoke}, "experiments": {ROW: row}, "ablations": {}}
    for section in ("archives", "datasets"):
        settings[section] = {key: settings[section][key] for key in DATASETS}
    (folder / "params.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    stages = {"collect": {"cmd": "python stages/collect.py", "deps": [f"data/evaluations/{ROW}.zip"]}}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}), encoding="utf-8")


def run(folder: Path, stage: str, *arguments: str) -> Outcome:
    """Run a stage script's main in this process, in `folder`."""
    main = runpy.run_path(str(ROOT / "stages" / f"{stage}.py"))["main"]
    with inside(folder):
        return attempt(lambda: main(*arguments))


def attempt(work) -> Outcome:
    """Call `work` as core.stage runs a stage: what is refused, and what would end in a traceback."""
    said, error, fault = io.StringIO(), "", ""
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            work()
        except files.BadInput as refused:
            error = str(refused)
        except Exception as other:
            lack = files.lacking(other)
            error, fault = (lack, "") if lack else ("", "".join(traceback.format_exception(other)[-3:]))
    return Outcome(error, fault, said.getvalue())


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """In `folder` as the working directory, and as DVC's root."""
    before, root = Path.cwd(), os.environ.get("DVC_ROOT")
    os.chdir(folder)
    os.environ["DVC_ROOT"] = str(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.environ.pop("DVC_ROOT")
        if root is not None:
            os.environ["DVC_ROOT"] = root


def copy(project: Path, folder: Path) -> Path:
    """A copy to spoil, in place of an earlier one."""
    shutil.rmtree(folder, ignore_errors=True)
    return shutil.copytree(project, folder)


def contents(place: Path) -> dict[str, str]:
    """SHA-256 of a file, or of all files in a folder, by path; nothing where it is absent."""
    found = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    return {str(path.relative_to(place.parent)): files.sha256(path) for path in found}


def _done(outcome: Outcome) -> None:
    if outcome.error or outcome.fault:
        raise RuntimeError(f"the project to spoil cannot be made: {outcome.error}{outcome.fault}")
