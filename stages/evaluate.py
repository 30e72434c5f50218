"""Measure one experiment on its test images: `python stages/evaluate.py ray-stacked`.

Needs models/<experiment> and data/arrays/<dataset>; makes metrics/<experiment>.json, the means over images, and for
figures and claims data/evaluations/<paper>/<experiment>: these, every image's values, pictures, and the history. Of a
variational model also what its code holds, and what it makes up beside the test images.
"""

import shutil

import numpy as np

from autofaces import devices, evaluation, files, models, params, stage
from autofaces.data import arrays
from autofaces.metrics import latent


def main(key: str) -> None:
    experiment = params.section(f"experiments.{key}")
    profile = params.section("profile")
    train, test = (arrays.load(f"data/arrays/{experiment.dataset}", s) for s in ("train", "test"))
    model, config = models.load(f"models/{key}")
    model.to(devices.pick(params.profile("threads")))

    values = evaluation.per_image(model, test, key) | {"mse_of_mean": evaluation.mse_of_mean(train, test)}
    pictures = evaluation.pictures(model, test)
    generation = {}
    if codes := evaluation.codes(model, test):
        values |= evaluation.nats(model, test, codes, experiment.objective)
        samples = evaluation.samples(model, len(test))
        generation = {"active_units": latent.active_units(codes[0]), **evaluation.of_samples(samples, test)}
        pictures["samples"] = samples[: evaluation.MADE_UP]
    training = config["training"]
    summary = {"profile": profile, "paper": experiment.paper, "dataset": experiment.dataset}
    summary |= {"parameters": config["parameters"]}
    summary |= {"flops_per_image": evaluation.flops(model, config["size"], config["channels"])}
    summary |= {"precision": training["precision"]}
    summary |= {"training_images_seen": training["images"], "test_images": len(test)}
    means = evaluation.means(values)
    means["generalisation_gap"] = means["mse"] / training["train_mse"]
    rounded = {n: v if isinstance(v, int) else float(f"{v:.6g}") for n, v in (means | generation).items()}
    with files.writing(f"data/evaluations/{experiment.paper}/{key}") as folder:
        files.write_json(folder / "metrics.json", summary | rounded)
        files.write_csv(folder / "images.csv", evaluation.rows(values))
        np.savez(folder / "pictures.npz", **pictures)
        shutil.copyfile(f"models/{key}/history.csv", folder / "history.csv")
    files.write_json(f"metrics/{key}.json", summary | rounded)


if __name__ == "__main__":
    stage.run(main)
