"""The outputs of all rows in one folder, by paper: what figures, claims and the page read."""

import lzma
import shutil
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

from autofaces.core import files, history
from autofaces.core.files import BadInput

ROWS = "rows.json"  # in the folder of a paper: its experiments, in their order
NOT_RUN = "not_run.json"  # the rows that the profile left out
MEASURED = ("metrics.json", "images.csv", "seeds.csv", "pictures.npz")
ROW = ("config.json", *MEASURED, "horizon.csv", "dvclive")
DAMAGE = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError, RuntimeError, ValueError)
CURVES = ["epoch", "step", "train_loss", "validation_loss", "validation_mse"]

Table = list[dict[str, object]]


def collect(evaluations: Iterable[Path | str], outliers: Iterable[Path | str], results: Path) -> tuple[Table, Table]:
    """Unpack what evaluate and outliers wrote, <experiment>.zip each, into `results`: to <paper>/<experiment>, and what
    is known of its outliers to outliers/ there. A row that the profile left out is only named in not_run.json.

    Returns the summary, a row per experiment in the order given with a column for all that any of them measured; and
    the histories of the experiments that were trained by gradient, in one long table, for `dvc plots`.
    """
    places, measured, curves, left_out = {}, {}, [], []
    for path in map(Path, evaluations):
        key, folder = path.stem, results / ".unpacked"
        advice = f"run `dvc repro --force evaluate@{key}` (of an ablation evaluate-ablation@{key})"
        _unpack(path, advice, folder)
        _need(path, advice, folder, ("config.json",))
        config = _json(folder / "config.json")
        if config.get("not_run"):
            shutil.rmtree(folder)
            left_out.append(key)
            continue
        _need(path, advice, folder, ROW)
        places[key] = results / config["paper"] / key
        places[key].parent.mkdir(exist_ok=True)
        folder.rename(places[key])
        measured[key] = _json(places[key] / "metrics.json")
        if config["train"]:
            table = history.read(places[key] / "dvclive")[CURVES].to_dict("records")
            curves += [{"paper": config["paper"], "experiment": key, **row} for row in table]
    for path in map(Path, outliers):
        key = path.stem
        if key not in places:
            raise BadInput(f"{path}: no evaluation beside it; name data/evaluations/{key}.zip in dvc.yaml as well")
        advice = f"run `dvc repro --force outliers@{key}`"
        _unpack(path, advice, places[key] / "outliers")
        _need(path, advice, places[key] / "outliers", MEASURED)
        measured[key] |= _json(places[key] / "outliers" / "metrics.json")
    files.write_json(results / NOT_RUN, left_out)
    for paper in {place.parent for place in places.values()}:  # a folder has no order, the table of a paper has
        files.write_json(paper / ROWS, [key for key, place in places.items() if place.parent == paper])
    columns = dict.fromkeys(name for metrics in measured.values() for name in metrics)
    return [{"experiment": key, **{n: metrics.get(n) for n in columns}} for key, metrics in measured.items()], curves


def _unpack(path: Path, advice: str, folder: Path) -> None:
    """What a stage packed, into a new folder. BadInput where it cannot be read."""
    try:
        shutil.unpack_archive(path, folder, "zip")
    except (shutil.ReadError, *DAMAGE) as error:
        raise BadInput(f"{path}: not readable ({error}); {advice}") from None


def _need(path: Path, advice: str, folder: Path, names: Iterable[str]) -> None:
    """BadInput where `folder`, unpacked from `path`, is not whole."""
    if missing := [name for name in names if not (folder / name).exists()]:
        raise BadInput(f"{path}: {', '.join(missing)} not there; {advice}")


def _json(path: Path) -> dict[str, object]:
    return files.read_json(path)
