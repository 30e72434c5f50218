"""Measure one experiment on its test images: `python stages/evaluate.py ray-stacked`.

Needs models/<experiment> and data/arrays/<dataset>/test.npy; makes metrics/<experiment>.json (means over images) and
data/samples/<experiment>.npz (every image's values, and the pictures that figures show).
"""

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
    samples = evaluation.samples(model, test)
    with files.writing(f"data/samples/{key}.npz") as temporary, temporary.open("wb") as file:
        np.savez(file, **{f"image_{name}": value for name, value in values.items()}, **samples)
    training = config["training"]
    summary = {"profile": profile, "paper": experiment.paper, "dataset": experiment.dataset}
    summary |= {"parameters": config["parameters"], "precision": training["precision"]}
    summary |= {"training_images_seen": training["images"], "test_images": len(test)}
    means = evaluation.means(values)
    means["generalisation_gap"] = means["mse"] / training["train_mse"]
    files.write_json(f"metrics/{key}.json", summary | {n: float(f"{v:.6g}") for n, v in means.items()})


if __name__ == "__main__":
    stage.run(main)
