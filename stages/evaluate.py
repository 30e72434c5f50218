"""Measure one experiment on its test images: `python stages/evaluate.py ray-stacked`.

Needs models/<experiment> and data/arrays/<dataset>; makes metrics/<experiment>.json, the means over images and seeds,
and for figures and claims data/evaluations/<paper>/<experiment>: these, every image's values, and of the first seed
pictures and the history. Of a variational model also what its code holds, and what it makes up beside the test images;
of an experiment with applications what its code is good for.
"""

import shutil
from typing import Any

import numpy as np

from autofaces import devices, evaluation, files, models, params, stage
from autofaces.data import arrays
from autofaces.metrics import latent


def main(key: str) -> None:
    experiment = params.section(f"experiments.{key}")
    profile = params.section("profile")
    device = devices.pick(params.profile("threads"))
    parts = {s: arrays.load(f"data/arrays/{experiment.dataset}", s) for s in ("train", "validation", "test")}
    rows, found = [], []
    for folder in models.seeds(f"models/{key}"):
        model, config = models.load(folder)
        values, numbers, made = measured(model.to(device), config, experiment, parts, key)
        if not found:
            pictures, about = made, described(config)
        rows += evaluation.rows(values, config["training"]["seed"])
        found.append(numbers)
    summary = {
        "profile": profile,
        "paper": experiment.paper,
        "dataset": experiment.dataset,
        "seeds": len(found),
        **about,
    }
    summary |= {"images": sum(map(len, parts.values())), "test_images": len(parts["test"])}
    summary |= evaluation.over_seeds(found)
    with files.writing(f"data/evaluations/{experiment.paper}/{key}") as folder:
        files.write_json(folder / "metrics.json", summary)
        files.write_csv(folder / "images.csv", rows)
        np.savez(folder / "pictures.npz", **pictures)
        shutil.copyfile(f"models/{key}/history.csv", folder / "history.csv")
    files.write_json(f"metrics/{key}.json", summary)


def described(config: dict[str, Any]) -> dict[str, Any]:
    """What a model is, and how it was trained."""
    return {
        "parameters": config["parameters"],
        "flops_per_image": config["flops_per_image"],
        "precision": config["training"]["precision"],
        "training_images_seen": config["training"]["images"],
    }


def measured(
    model, config: dict[str, Any], experiment: params.Experiment, parts: dict[str, np.memmap], key: str
) -> tuple[dict[str, np.ndarray], dict[str, float], dict[str, np.ndarray]]:
    """One seed's values of every test image, its numbers (means, and what no image has alone), and pictures."""
    train, test = parts["train"], parts["test"]
    values = evaluation.per_image(model, test, key) | {"mse_of_mean": evaluation.mse_of_mean(train, test)}
    pictures = evaluation.pictures(model, test)
    numbers = {}
    if codes := evaluation.codes(model, test):
        values |= evaluation.nats(model, test, codes, experiment.objective)
        samples = evaluation.samples(model, len(test))
        numbers = {"active_units": latent.active_units(codes[0]), **evaluation.of_samples(samples, test)}
        pictures["samples"] = samples[: evaluation.MADE_UP]
    if experiment.applications:
        from autofaces import applications  # scikit-learn takes over a second: only where it is needed

        both = (
            applications.Part(parts[s], arrays.labels(f"data/arrays/{experiment.dataset}", s))
            for s in ("train", "test")
        )
        of_all, of_images, shown = applications.measure(experiment.applications, model, experiment.objective, *both, {})
        values |= of_images
        numbers |= of_all
        pictures |= shown
    means = evaluation.means(values)
    return values, means | {"generalisation_gap": means["mse"] / config["training"]["train_mse"]} | numbers, pictures


if __name__ == "__main__":
    stage.run(main)
