"""What figures are drawn from: the results of experiments."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from autofaces.core import files, history
from autofaces.core.files import BadInput
from autofaces.papers import Figure
from autofaces.verdicts.scale import FACES_ARE, trained_on_validation


class Run(NamedTuple):
    """One experiment's results, as the figures need them."""

    config: dict[str, Any]  # config.json
    metrics: dict[str, object]  # metrics.json
    images: pd.DataFrame  # every test image's metrics, under each seed: its images are in the same order
    pictures: dict[str, np.ndarray]  # pictures.npz; uint8 (K, H, W, C): originals, reconstructions, samples, depths
    history: pd.DataFrame


Runs = dict[str, Run]  # by experiment, or by the name a figure gives it


def read(folder: Path | str) -> Runs:
    """The results of a paper's experiments, in the order of rows.json, from the folder that collect filled."""
    path = Path(folder) / "rows.json"
    if not path.exists():
        raise BadInput(f"{path}: not found; name rows of this paper in dvc.yaml's collect, then `dvc repro collect`")
    return {key: run(path.with_name(key)) for key in files.read_json(path, list)}


def run(folder: Path) -> Run:
    """What evaluate found, and what stage outliers did, in outliers/ below."""
    config = files.read_json(folder / "config.json")
    images = pd.read_csv(folder / "images.csv").sort_values(["seed", "image"], kind="stable", ignore_index=True)
    metrics, pictures = {}, {}
    for place in (folder, folder / "outliers"):
        if place.exists():
            metrics |= files.read_json(place / "metrics.json")
            with np.load(place / "pictures.npz") as found:
                pictures |= dict(found)
    return Run(config, metrics, images, pictures, history.read(folder / "dvclive"))


def picked(told: Figure, paper: str, runs: Runs) -> Runs:
    """The runs that a figure shows, by the names it gives them. BadInput where one is not there."""
    if told.rows is None:
        of = {key: run for key, run in runs.items() if told.dataset in ("", run.config["dataset"])}
        return {_short(key, paper): run for key, run in of.items()}
    for key in told.rows:
        if key not in runs:
            raise BadInput(
                f"figures of {paper} need the experiment {key}; there are {', '.join(runs) or 'none of this paper'}; "
                "take the row of params.yaml, and its line of stage collect in dvc.yaml, back from git"
            )
    return {name.format(**_arguments(runs[key])): runs[key] for key, name in told.rows.items()}


def by_seed(run: Run, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """A metric of every test image under each seed (S, N), and the images' groups (N,)."""
    values = run.images[metric].to_numpy().reshape(run.images.seed.nunique(), -1)
    return values, run.images["group"].to_numpy()[: values.shape[1]]


def measured_at(runs: Runs, seen: Sequence[int] | None = None) -> str:
    """What a figure of these runs stands for, in a line: data, profile, and images seen in training, which are those of
    the runs unless told."""
    configs = [run.config for run in runs.values()]
    datasets, faces, profiles = ({config[name] for config in configs} for name in ("dataset", "faces", "profile"))
    seen = seen or [config["training"]["images"] for config in configs]
    return (
        f"On {', '.join(sorted(datasets))} ({'; '.join(FACES_ARE[name] for name in sorted(faces))}), "
        f"profile {', '.join(sorted(profiles))}, "
        f"{' to '.join(f'{n:,}' for n in dict.fromkeys((min(seen), max(seen))))} images seen in training."
    )


def trained_on(runs: Runs) -> str:
    """What a figure says of validation images that some of the runs were trained on."""
    names = [key for key, run in runs.items() if trained_on_validation(run.config)]
    if not names:
        return ""
    return f"Validation images were trained on too by {', '.join(names)}: no curve of theirs is of unseen ones."


def _arguments(run: Run) -> dict[str, Any]:
    return (run.config["objective"] or {}).get("arguments", {})


def _short(key: str, paper: str) -> str:
    """An experiment without its paper: ray-stacked -> stacked."""
    first, _, rest = key.partition("-")
    return rest if rest and paper.startswith(first) else key
