"""Results of experiments, made up, as evaluate leaves them."""

from pathlib import Path

import numpy as np
import pandas as pd

from autofaces.core import files, history, params

HISTORY = pd.DataFrame({"epoch": [0.5, 1], "step": [10, 20], "train_loss": [2.0, 1.0]})
HISTORY = HISTORY.assign(validation_loss=[2.5, 1.5], validation_mse=[0.25, 0.15])
FULL = params.Scale().model_dump()
SMALL = FULL | {"image_passes": 1000, "width": 0.25}
PROFILES = {"demo": ("synthetic", SMALL), "sample": ("local", SMALL), "paper": ("official", FULL)}


def write(folder: Path, mse, profile: str = "paper", history_rows: pd.DataFrame = HISTORY, **more) -> str:
    """A row <paper>/<experiment> with these errors of its images, and more numbers: one, or one of each image."""
    scalars = {name: v for name, v in more.items() if np.isscalar(v)}
    columns = {"seed": 0, "image": range(len(mse)), "mse": mse} | {n: v for n, v in more.items() if n not in scalars}
    faces, scale = PROFILES[profile]
    about = {"experiment": folder.name, "paper": folder.parent.name, "dataset": "lfw", "train": {"epochs": 1}}
    files.write_json(folder / "config.json", about | {"faces": faces, "profile": profile, "scale": scale})
    metrics = {"profile": profile, "paper": folder.parent.name, "images": 10 * len(mse)}
    metrics |= {"training_images_seen": 1000, "test_images": len(mse)}
    metrics |= {"mse": float(np.mean(mse)), "generalisation_gap": 1.0} | scalars
    files.write_json(folder / "metrics.json", metrics)
    files.write_csv(folder / "images.csv", pd.DataFrame(columns).to_dict("records"))
    (folder / "pictures.npz").touch()
    history._write(folder / "dvclive", history_rows.to_dict("records"))
    return folder.name


def errors(scale: float = 1.0, images: int = 100, seed: int = 0) -> np.ndarray:
    """Errors of the same images (some are hard) by models that differ in scale and in luck."""
    hard = np.random.default_rng(99).lognormal(-5, 0.4, images)
    return scale * hard * np.random.default_rng([seed, int(1000 * scale)]).lognormal(0, 0.05, images)
