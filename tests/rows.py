"""Results of experiments, made up, as evaluate leaves them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from autofaces.core import files, history, params

HISTORY = pd.DataFrame({"epoch": [0.5, 1], "step": [10, 20], "train_loss": [2.0, 1.0]})
HISTORY = HISTORY.assign(validation_loss=[2.5, 1.5], validation_mse=[0.25, 0.15])
FULL = params.Scale().model_dump()
SMALL = FULL | {"image_passes": 1000, "width": 0.25}
PROFILES = {"demo": ("synthetic", SMALL), "sample": ("local", SMALL), "paper": ("official", FULL)}
POINTS = 10  # of a horizon


def write(
    folder: Path,
    mse,
    profile: str = "paper",
    *,
    history_rows: pd.DataFrame = HISTORY,
    groups=None,
    seeds: Mapping[str, object] | None = None,
    sets: Mapping[str, object] | None = None,
    horizon: Mapping[str, object] | None = None,
    horizon_seeds: Mapping[str, object] | None = None,
    config: Mapping[str, object] | None = None,
    **more,
) -> str:
    """A row <paper>/<experiment> with these errors of its images, (N,) or of each seed (S, N).

    more: numbers, one, or of each image; groups: of the images (N,), each its own otherwise; seeds: numbers of each
    seed, sets: of each fold (S, 8), horizon: of validation images (points, n), of one point (1, n) for a closed form;
    horizon_seeds: of each point. config: what differs from a row at its profile's scale.
    """
    mse = np.atleast_2d(mse)
    trained, images = mse.shape
    scalars = {name: v for name, v in more.items() if v is None or np.isscalar(v)}
    values = {"mse": mse} | {name: np.atleast_2d(v) for name, v in more.items() if name not in scalars}
    groups = np.arange(images) if groups is None else np.asarray(groups)
    _table(folder / "images.csv", (trained, images), ("seed", "image"), values, np.tile(groups, trained))
    # each seed's own: a gap of 1
    numbers = {"train_mse": mse.mean(1)} | {name: np.broadcast_to(v, trained) for name, v in (seeds or {}).items()}
    _table(folder / "seeds.csv", (trained,), ("seed",), numbers)
    if sets:
        folds = {name: np.atleast_2d(v) for name, v in sets.items()}
        _table(folder / "sets.csv", next(iter(folds.values())).shape, ("seed", "fold"), folds)
    horizon = {"mse": np.tile(mse[0, :8], (POINTS, 1))} | dict(horizon or {})
    points, few = np.shape(horizon["mse"])
    seen = np.linspace(0, 1000, points + 1)[1:].astype(int)
    _horizon(folder / "horizon.csv", points, trained, few, horizon, seen, groups)
    _horizon(folder / "horizon_seeds.csv", points, trained, 0, horizon_seeds or {}, seen, None)

    faces, scale = PROFILES[profile]
    about = {"experiment": folder.name, "paper": folder.parent.name, "dataset": "lfw", "faces": faces}
    about |= {"profile": profile, "scale": scale, "size": 128, "full_size": 128, "official_images": 10 * images}
    about |= {"train": {"epochs": 1, "batch_size": 32}, "ablation": False}
    about["training"] = {"images": 1000, "full_images": 1000 if scale == FULL else 4000, "batch_size": 32}
    files.write_json(folder / "config.json", about | dict(config or {}))
    metrics = {"profile": profile, "paper": folder.parent.name, "images": 10 * images, "seeds": trained}
    metrics |= {"training_images_seen": 1000, "test_images": images}
    files.write_json(folder / "metrics.json", metrics | {"mse": float(mse.mean()), "generalisation_gap": 1.0} | scalars)
    (folder / "pictures.npz").touch()
    for seed in range(trained):
        history._write(folder / ("dvclive" if seed == 0 else f"seed-{seed}/dvclive"), history_rows.to_dict("records"))
    return folder.name


def errors(scale: float = 1.0, images: int = 100, seed: int = 0) -> np.ndarray:
    """Errors of the same images (some are hard) by models that differ in scale and in luck."""
    hard = np.random.default_rng(99).lognormal(-5, 0.4, images)
    return scale * hard * np.random.default_rng([seed, int(1000 * scale)]).lognormal(0, 0.05, images)


def _horizon(path: Path, points: int, trained: int, few: int, values, seen, groups) -> None:
    """The same under every seed. few: images; 0 of what no image has alone."""
    shape, names = (points, trained, few)[: 3 if few else 2], ("point", "seed", "image")[: 3 if few else 2]
    each = [np.moveaxis(np.broadcast_to(v, (trained, points, *shape[2:])), 0, 1) for v in values.values()]
    counted = np.broadcast_to(seen.reshape(-1, *[1] * (len(shape) - 1)), shape)
    table = {"images": counted} | dict(zip(values, each, strict=True))
    _table(path, shape, names, table, np.tile(groups[:few], points * trained) if few else None)


def _table(path: Path, shape, names, values: Mapping[str, np.ndarray], groups: np.ndarray | None = None) -> None:
    places = np.indices(shape).reshape(len(shape), -1)
    columns = dict(zip(names, places, strict=True)) | ({} if groups is None else {"group": groups})
    columns |= {name: np.broadcast_to(v, shape).ravel() for name, v in values.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame(columns).to_csv(path, index=False, lineterminator="\n")
