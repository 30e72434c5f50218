"""Train one experiment: `python stages/train.py ray-stacked`.

Needs data/arrays/<dataset>; makes models/<experiment>: weights, config, history, and DVCLive's curves.
"""

import json
import resource
import shutil
import time
from functools import partial
from pathlib import Path

import torch

from autofaces import checkpoints, devices, files, history, models, objectives, params, probability, stage, training
from autofaces.data import arrays

TRAIN_IMAGES = 2000  # training images, at most, that the final training error is measured on


def main(key: str) -> None:
    experiment = params.section(f"experiments.{key}")
    dataset = params.section(f"datasets.{experiment.dataset}")
    shared = params.section("train")
    width, factor = params.profile("width"), params.profile("batch")
    passes = params.profile("image_passes").get(experiment.dataset)
    device = devices.pick(params.profile("threads"))
    dtype = devices.precision(params.profile("precision"), device)
    train, validation = (arrays.load(f"data/arrays/{experiment.dataset}", s) for s in ("train", "validation"))

    recipe = {"size": dataset.size, "channels": dataset.channels, "width": width}
    recipe |= {"name": experiment.model.name, "arguments": experiment.model.arguments}
    machine = {"device": device.type, "precision": str(dtype).removeprefix("torch.")}
    if device.type == "cpu":
        machine["threads"] = torch.get_num_threads()
    everything = [
        key,
        experiment.model_dump(),
        dataset.model_dump(),
        shared.model_dump(),
        recipe,
        passes,
        factor,
        machine,
    ]
    sources = [Path(m.__file__) for m in (training, objectives, probability, models)]
    sources += [Path(models.__file__).with_name(f"{n}.py") for n in ("layers", experiment.model.name)]
    work = checkpoints.root() / checkpoints.fingerprint({"all": everything}, [train, validation], sources)

    torch.manual_seed(shared.seed)
    model = models.build(**recipe).to(device, memory_format=torch.channels_last)
    with checkpoints.exclusive(work):
        started = time.monotonic()
        if experiment.train is None:
            rows = [training.fit_closed_form(key, model, train, validation)]
        else:
            plan = training.plan(key, experiment.train, len(train), passes, factor)
            objective = partial(getattr(objectives, experiment.objective.name), **experiment.objective.arguments)
            rows = training.fit(
                key,
                model,
                objective,
                train,
                validation,
                plan,
                experiment.train,
                seed=shared.seed,
                clip_norm=shared.clip_norm,
                dtype=dtype,
                checkpoint=work / "checkpoint.pt",
            )
            rows = list(history.record(rows, work / "dvclive"))
        seconds = time.monotonic() - started
        train_mse = training.mean_squared_error(model, train, TRAIN_IMAGES)
        with files.writing(f"models/{key}") as folder:
            folder.mkdir()
            outcome = {"seed": shared.seed, **machine, "images": rows[-1]["images"], "train_mse": train_mse}
            about = {"crop": dataset.crop, "parameters": models.count(model), "training": outcome}
            models.save(folder, model, {**recipe, **about})
            files.write_csv(folder / "history.csv", rows)
            if (work / "dvclive").exists():
                shutil.copytree(work / "dvclive", folder / "dvclive")
    shutil.rmtree(work)
    report_speed(key, rows[-1], seconds, device)


def report_speed(key: str, row: training.Row, seconds: float, device: torch.device) -> None:
    """Print one line, and keep speed and memory where nothing tracks them: they differ from run to run."""
    speed = {"seconds": round(seconds, 2), "images_per_second": round(row["images"] / seconds, 1)}
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
