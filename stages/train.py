"""Train one experiment: `python stages/train.py ray-stacked`.

Needs data/arrays/<dataset>; makes models/<experiment>: weights, config, history, and DVCLive's curves, of the profile's
first seed; of each other one the same in the folder seed-<n> below. A closed form is fitted once.
"""

import json
import resource
import shutil
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from autofaces import checkpoints, devices, files, history, models, objectives, params, probability, stage, training
from autofaces.data import arrays

TRAIN_IMAGES = 200, 2000  # that the final training error is measured on: a third of all, but so many at least, at most


def main(key: str) -> None:
    experiment = params.section(f"experiments.{key}")
    dataset = params.section(f"datasets.{experiment.dataset}")
    clip_norm = params.section("train").clip_norm
    scale = params.profile(f"scale.{experiment.dataset}")
    seeds = params.profile("seeds") if experiment.train else params.profile("seeds")[:1]
    device = devices.pick(params.profile("threads"))
    dtype = devices.precision(params.profile("precision"), device)
    train, validation = (arrays.load(f"data/arrays/{experiment.dataset}", s) for s in ("train", "validation"))

    recipe = {"size": dataset.size, "channels": dataset.channels, "width": scale.width}
    recipe |= {"name": experiment.model.name, "arguments": experiment.model.arguments}
    machine = {"device": device.type, "precision": str(dtype).removeprefix("torch.")}
    if device.type == "cpu":
        machine["threads"] = torch.get_num_threads()
    sources = [Path(m.__file__) for m in (training, objectives, probability, models)]
    sources += [Path(models.__file__).with_name(f"{n}.py") for n in ("layers", experiment.model.name)]
    decisive = [experiment.train, experiment.objective, dataset, scale]
    settings = {"key": key, "recipe": recipe, "machine": machine, "clip_norm": clip_norm}
    settings |= {"parts": [part and part.model_dump() for part in decisive]}

    works = []  # kept until all seeds are trained: what one seed has learned is not lost with the next
    with files.writing(f"models/{key}") as folder:
        for seed in seeds:
            place = folder if seed == seeds[0] else folder / f"seed-{seed}"
            work = checkpoints.root() / checkpoints.fingerprint(settings | {"seed": seed}, [train, validation], sources)
            works.append(work)
            torch.manual_seed(seed)
            model = models.build(**recipe).to(device, memory_format=torch.channels_last)
            with checkpoints.exclusive(work):
                started = time.monotonic()
                if experiment.train is None:
                    rows = [training.fit_closed_form(key, model, train, validation)]
                else:
                    plan = training.plan(key, experiment.train, len(train), scale.image_passes, scale.batch)
                    objective = partial(
                        getattr(objectives, experiment.objective.name), **experiment.objective.arguments
                    )
                    rows = training.fit(
                        key if len(seeds) == 1 else f"{key}, seed {seed}",
                        model,
                        objective,
                        train,
                        validation,
                        plan,
                        experiment.train,
                        seed=seed,
                        clip_norm=clip_norm,
                        dtype=dtype,
                        checkpoint=work / "checkpoint.pt",
                    )
                    rows = list(history.record(rows, work / "dvclive"))
                seconds = time.monotonic() - started
                train_mse = training.mean_squared_error(model, train, int(np.clip(len(train) // 3, *TRAIN_IMAGES)))
                place.mkdir()
                outcome = {"seed": seed, **machine, "images": rows[-1]["images"], "train_mse": train_mse}
                about = {"dataset": experiment.dataset, "crop": dataset.crop, "parameters": models.count(model)}
                # here, not in evaluate: torch loads its compiler for it, in seconds; the optimiser has done so already
                about["flops_per_image"] = models.flops(model, dataset.size, dataset.channels)
                models.save(place, model, {**recipe, **about, "training": outcome})
                files.write_csv(place / "history.csv", rows)
                if (work / "dvclive").exists():
                    shutil.copytree(work / "dvclive", place / "dvclive")
            report_speed(key, seed, rows[-1], seconds, device)
    for work in works:
        shutil.rmtree(work)


def report_speed(key: str, seed: int, row: training.Row, seconds: float, device: torch.device) -> None:
    """Print one line, and keep speed and memory where nothing tracks them: they differ from run to run."""
    speed = {"seed": seed, "seconds": round(seconds, 2), "images_per_second": round(row["images"] / seconds, 1)}
    speed["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if device.type == "cuda":
        speed["peak_device_mib"] = torch.cuda.max_memory_allocated() // 2**20
    files.write_json(checkpoints.root() / "speed" / f"{key}.json", speed)
    print(
        f"{key}: validation mse {row['validation_mse']:.5f} after {row['images']:,} images;",
        json.dumps(speed),
    )


if __name__ == "__main__":
    stage.run(main)
