"""The outputs of all rows in one folder, by paper: what figures, claims and the page read."""

import json
import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from autofaces.core import files, history
from autofaces.core.files import BadInput

ROWS = "rows.json"  # in the folder of a paper: its experiments, in their order
MEASURED = ("metrics.json", "images.csv", "pictures.npz")
CURVES = ["epoch", "step", "train_loss", "validation_loss", "validation_mse"]

Table = list[dict[str, object]]


def collect(evaluations: Iterable[Path | str], outliers: Iterable[Path | str], results: Path) -> tuple[Table, Table]:
    """Unpack what evaluate and outliers wrote, <experiment>.zip each, into `results`: to <paper>/<experiment>, and what
    is known of its outliers to outliers/ there.

    Returns the summary, a row per experiment in the order given with a column for all that any of them measured; and
    the histories of the experiments that were trained by gradient, in one long table, for `dvc plots`.
    """
    places, measured, curves = {}, {}, []
    for path in map(Path, evaluations):
        key, folder = path.stem, results / ".unpacked"
        _unpack(path, f"evaluate@{key}", ("config.json", *MEASURED, "dvclive"), folder)
        config = _json(folder / "config.json")
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
        _unpack(path, f"outliers@{key}", MEASURED, places[key] / "outliers")
        measured[key] |= _json(places[key] / "outliers" / "metrics.json")
    for paper in {place.parent for place in places.values()}:  # a folder has no order, the table of a paper has
        files.write_json(paper / ROWS, [key for key, place in places.items() if place.parent == paper])
    columns = dict.fromkeys(name for metrics in measured.values() for name in metrics)
    return [{"experiment": key, **{n: metrics.get(n) for n in columns}} for key, metrics in measured.items()], curves


def _unpack(path: Path, stage: str, names: Iterable[str], folder: Path) -> None:
    """What a stage packed, into a new folder. BadInput where it is not there, or not whole."""
    try:
        shutil.unpack_archive(path, folder, "zip")
    except (OSError, shutil.ReadError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path}: not readable ({error}); run `dvc repro --force {stage}`") from None
    if missing := [name for name in names if not (folder / name).exists()]:
        raise BadInput(f"{path}: {', '.join(missing)} not there; run `dvc repro --force {stage}`")


def _json(path: Path) -> dict[str, object]:
    return json.loads(path.read_text(encoding="utf-8"))
