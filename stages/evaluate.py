"""Measure one experiment on its test images: `python stages/evaluate.py ray-stacked`.

Needs models/<experiment> and data/arrays/<dataset>/test.npy; makes metrics/<experiment>.json, the means over images,
and for the figures data/evaluations/<paper>/<experiment>: every image's values, pictures, and the history.
"""

import shutil

import numpy as np

from autofaces import devices, evaluation, files, models, params, stage
from autofaces.data import arrays


def main(key: str) -> None:
    experiment = params.section(f"experiments.{key}")
    profile = params.section("profile")
    test = arrays.load(f"data/arrays/{experiment.dataset}", "test")
    model, config = models.load(f"models/{key}")
    model.to(devices.pick())

    values = evaluation.per_image(model, test, key)
    pictures = evaluation.pictures(model, test)
    with files.writing(f"data/evaluations/{experiment.paper}/{key}") as folder:
        files.write_csv(folder / "images.csv", evaluation.rows(values))
        np.savez(folder / "pictures.npz", **pictures)
        shutil.copyfile(f"models/{key}/history.csv", folder / "history.csv")
    training = config["training"]
    summary = {"profile": profile, "paper": experiment.paper, "dataset": experiment.dataset}
    summary |= {"parameters": config["parameters"], "precision": training["precision"]}
    summary |= {"training_images_seen": training["images"], "test_images": len(test)}
    means = evaluation.means(values)
    means["generalisation_gap"] = means["mse"] / training["train_mse"]
    files.write_json(f"metrics/{key}.json", summary | {n: float(f"{v:.6g}") for n, v in means.items()})


if __name__ == "__main__":
    stage.run(main)
