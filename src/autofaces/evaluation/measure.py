"""A trained model on its test images: every image's values, the pictures that figures show, and images made up."""

import math
import shutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from autofaces.core import arrays, files
from autofaces.core.arrays import evenly
from autofaces.evaluation import horizon, inference, quality, samples, sharpness, tables
from autofaces.evaluation.generation import ratio
from autofaces.evaluation.inference import batches, encode, joined, reconstruct, tensor
from autofaces.evaluation.scores import Objective
from autofaces.evaluation.tables import Columns, Measured, means
from autofaces.training import devices, likelihoods, models
from autofaces.training.layers import point
from autofaces.training.pixels import normalise, pixels, to_unit

SHOWN = 8  # test images in the figures, the same for every model of a dataset
DEEP = 2  # of them also decoded from every depth
AVERAGED = 2000  # training images
FEWEST = 8  # components that are measured alone, the least
CODES = 1  # what noise is for
SIZES = ("parameters", "parameters_full", "flops_per_image", "flops_full")  # in a model's config


def row(folder: Path | str, data: Path | str, target: Path) -> dict[str, Any]:
    """Measure a row's models on its test images: the summary, which is means over images and seeds.

    folder: of its models, as training.rows.train writes it; data: of its arrays. Into the folder `target` goes what
    tables.write makes of it, the first model's config.json, and dvclive/, the history of its training; of other seeds
    theirs, in seed-<n>.
    """
    parts = {part: arrays.load(data, part) for part in arrays.PARTS}
    group = {part: tables.groups(data, part) for part in ("validation", "test")}
    gate = cache(lambda numbers, count: samples.gaussian(parts["train"], numbers, count))  # the same for every seed

    def measured(place: Path, model: nn.Module, config: Mapping[str, Any]) -> Measured:
        found = _measured(model, config, parts, data, gate)
        device = inference.device(model)
        return found._replace(
            more=found.more | horizon.measure(place, parts["validation"], group["validation"], device)
        )

    seeds, config = _of_each_seed(folder, measured)
    summary = described(config, len(seeds))
    summary |= {"images": sum(map(len, parts.values())), "test_images": len(parts["test"])}
    summary |= _summary(seeds)
    tables.write(target, summary, seeds, group["test"])
    files.write_json(target / "config.json", config)
    for place in models.seeds(folder):
        shutil.copytree(place / "dvclive", target / place.relative_to(folder) / "dvclive")
    return summary


def outliers(folder: Path | str, own: str, data: Mapping[str, Path | str], target: Path) -> dict[str, Any]:
    """How well a row's models tell images of other data sets from their own: the summary, as of `row`.

    own: the models' data set; data: the arrays of it and of others, by data set. The folder `target` gets no config and
    history, which `row` keeps. BadInput where `data` lacks the models' own set.
    """
    from autofaces.evaluation import applications

    if own not in data:
        raise files.BadInput(f"{folder}: dataset {own}; expected one of {', '.join(data)}")
    train, test = (applications.Labelled.load(data[own], part) for part in ("train", "test"))
    others = {name: arrays.load(place, "test") for name, place in data.items() if name != own}

    def measured(_: Path, model: nn.Module, config: Mapping[str, Any]) -> Measured:
        numbers, values, shown = applications.measure(["outliers"], model, objective(config), train, test, others)
        return Measured(values, numbers, shown, {})

    seeds, _ = _of_each_seed(folder, measured)
    summary = _summary(seeds)
    tables.write(target, summary, seeds, tables.groups(data[own], "test"))
    return summary


def objective(config: Mapping[str, Any]) -> Objective | None:
    """What a model was trained with, from its config; None of a closed form."""
    found = config["objective"]
    return found and Objective(**found)


def described(config: Mapping[str, Any], seeds: int) -> dict[str, Any]:
    """What a row is, and how it was trained, from its first model's config: the head of its summary."""
    return {
        **{name: config[name] for name in ("profile", "paper", "dataset")},
        "seeds": seeds,
        "precision": config["training"]["precision"],
        "training_images_seen": config["training"]["images"],
    }


def _of_each_seed(
    folder: Path | str, measured: Callable[[Path, nn.Module, Mapping[str, Any]], Measured]
) -> tuple[dict[int, Measured], dict[str, Any]]:
    """What is measured of every seed's model, and the first one's config."""
    found, first = {}, None
    for place in models.seeds(folder):
        model, config = models.load(place)
        model = model.to(devices.pick(config["training"].get("threads")).device)
        found[config["training"]["seed"]] = measured(place, model, config)
        first = first or config
    return found, first


def _summary(seeds: Mapping[int, Measured]) -> dict[str, float | None]:
    return tables.over_seeds([means(its.values) | its.numbers for its in seeds.values()])


def _measured(
    model: nn.Module,
    config: Mapping[str, Any],
    parts: Mapping[str, np.memmap],
    data: Path | str,
    gate: samples.Gate,
) -> Measured:
    train, test = parts["train"], parts["test"]
    values = per_image(model, test, config["experiment"]) | {"mse_of_mean": mse_of_mean(train, test)}
    shown = pictures(model, test)
    numbers = {name: config[name] for name in SIZES} | {"train_mse": config["training"]["train_mse"]}
    numbers["generalisation_gap"] = ratio(means(values)["mse"], numbers["train_mse"])
    more: dict[str, Columns] = {}
    if found := codes(model, test):
        values |= nats(model, test, found, objective(config))
        numbers["active_units"] = likelihoods.active_units(found[0])
    if found or "samples" in config["applications"]:
        of_all, more["sets"], made_up = samples.measure(model, train, test, gate)
        numbers |= of_all
        shown |= made_up
    if config["applications"]:
        from autofaces.evaluation import applications  # pandas and scikit-learn: only where they are needed

        both = (applications.Labelled.load(data, part) for part in ("train", "test"))
        of_all, of_images, their = applications.measure(config["applications"], model, objective(config), *both, {})
        values |= of_images
        numbers |= of_all
        shown |= their
    return Measured(values, numbers, shown, more)


def per_image(model: nn.Module, test: np.memmap, name: str) -> dict[str, np.ndarray]:
    """uint8 (N, H, W, C) -> every metric of reconstruction, (N,) float64 each."""
    parts = []
    number = math.ceil(len(test) / inference.BATCH)
    for images in tqdm(batches(model, test), desc=name, total=number, unit=" batches", disable=None):
        original, output = normalise(images, (0.0, 1.0)), reconstruct(model, images)
        parts.append(quality.measure(original, output))
        for part, output in partly(model, images):
            parts[-1][part] = (original - output).square().mean((1, 2, 3), dtype=torch.float64)
            if part.startswith("depth"):
                parts[-1][part.replace("mse", "detail")] = sharpness.gradient_correlation(original, output)
    return joined(parts)


@torch.inference_mode()
def partly(model: nn.Module, images: Tensor) -> Iterator[tuple[str, Tensor]]:
    """What a model with an order in its code makes of uint8 (B, H, W, C) from a part of it, float32 (B, C, H, W) in
    [0, 1], by the name that its error gets.

    Of one with levels depth_mse_<k> (and depth_detail_<k>, gradient_correlation): encoded to depth k and decoded from
    there. Of principal components mse_<k>: from the first k, for the powers of two from 8 to below all of them.
    """
    inputs = normalise(images, model.pixel_range)
    if hasattr(model, "levels"):
        for k, (_, code, _) in enumerate(model.levels(inputs), start=1):
            yield f"depth_mse_{k}", to_unit(model.decode(point(code), k), model.pixel_range)
    if hasattr(model, "components"):
        code = model.encode(inputs)
        k = FEWEST
        while k < code.shape[1]:
            output = model.mean + code[:, :k] @ model.components[:k]
            yield f"mse_{k}", to_unit(output.unflatten(1, inputs.shape[1:]), model.pixel_range)
            k *= 2


def mse_of_mean(train: np.memmap, test: np.memmap) -> np.ndarray:
    """uint8 (N, H, W, C) each -> (N,) float64: the error of showing, for every test image, the average of at most 2,000
    training images: what a model has to beat."""
    mean = np.mean([train[i] for i in evenly(len(train), AVERAGED)], axis=0, dtype=np.float64)
    return np.array([np.square((image - mean) / 255).mean() for image in test])


@torch.inference_mode()
def codes(model: nn.Module, test: np.memmap) -> tuple[Tensor, Tensor] | None:
    """Mean and log-variance of every test image's code, (N, ...) each; None of a model that is not variational."""
    parts = []
    for images in batches(model, test):
        code = encode(model, images)
        if isinstance(code, Tensor):
            return None
        parts.append(code)
    mean, log_variance = (torch.cat(part) for part in zip(*parts, strict=True))
    return mean, log_variance


@torch.inference_mode()
def nats(
    model: nn.Module, test: np.memmap, codes: tuple[Tensor, Tensor], objective: Objective
) -> dict[str, np.ndarray]:
    """A variational model's values, (N,) float64 each: kl_nats; of one trained with the objective elbo also
    reconstruction_nats, elbo_nats and bits_per_dim, with the likelihood it was trained with, an optimal variance being
    each image's own; with a Bernoulli one excess_nats, what reconstruction_nats are above the least they could be, the
    entropy of the pixels.

    KL counts in full, whatever its factor in training. As there the code is drawn once; the noise is the same at every
    call and for every model with such a code.
    """
    if objective.name != "elbo":
        return joined([{"kl_nats": likelihoods.kl_nats(*codes)}])
    likelihood = {k: v for k, v in objective.arguments.items() if k in ("likelihood", "variance")}
    parts = []
    drawn_from = zip(*(part.split(inference.BATCH) for part in codes), strict=True)
    for number, (batch, code) in enumerate(zip(batches(model, test), drawn_from, strict=True)):
        images = normalise(batch, model.pixel_range)
        noise = likelihoods.generator(images.device, CODES, number * inference.BATCH)
        parts.append(likelihoods.evidence(model, images, code, noise, **likelihood))
        if likelihood["likelihood"] == "bernoulli":
            entropy = torch.special.entr(images.double()) + torch.special.entr(1 - images.double())
            parts[-1]["excess_nats"] = parts[-1]["reconstruction_nats"] - entropy.sum((1, 2, 3))
    return joined(parts)


def pictures(model: nn.Module, test: np.memmap) -> dict[str, np.ndarray]:
    """Pictures, uint8: originals and reconstructions (K, H, W, C), evenly spaced in the test set at index (K,); of a
    model with levels also depths (2, levels, H, W, C): encoded to depth k and decoded from there."""
    index = evenly(len(test), SHOWN)
    images = tensor(model, test[index])
    shown = {
        "index": index,
        "originals": test[index],
        "reconstructions": pixels(reconstruct(model, images)),
    }
    if hasattr(model, "levels"):
        shown["depths"] = np.stack([pixels(output) for _, output in partly(model, images[:DEEP])], axis=1)
    return shown
