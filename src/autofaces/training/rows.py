"""One row of a paper's table: a training for each seed, each kept whole beside what it was trained with."""

import json
import resource
import shutil
import time
from collections import deque
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from autofaces.core import arrays, files, history
from autofaces.core.found import PACKAGE
from autofaces.core.params import Experiment, Scale, Schedule
from autofaces.training import checkpoints, horizon, loop, models, objectives, ranks
from autofaces.training.devices import Machine

TRAIN_IMAGES = 200, 2000  # that the final training error is measured on: a third of all, but so many at least, at most
FREE = "ablation", "applications", "full_size", "official_images", "profile"  # of a config: decides no weight
LIVE = Path("data/live")  # where a training writes its history while it runs: `dvc plots show` finds it there


def train(
    key: str,
    experiment: Experiment,
    schedule: Schedule | None,
    scale: Scale,
    seeds: int,
    machine: Machine,
    data: Path | str,
    folder: Path | None,
    *,
    smallest_batch: int,
    ablation: bool,
) -> None:
    """Train the row `key` on the arrays in `data`, and write its models into `folder` (which is made).

    schedule: as `params.schedule` gives it, None of a closed form, which is fitted once. smallest_batch: that the scale
    leaves. ablation: whether the row is one beside the papers'. The first seed's model lies in `folder`, each other
    one's in seed-<n> below: weights, horizon, config.json and dvclive/, the history. What one seed has learned is not
    lost if a later one is interrupted. Of several ranks each calls this; `folder` is rank 0's alone.
    """
    if schedule is None and ranks.rank():  # a closed form is fitted by one
        return
    train, validation = (arrays.load(data, part) for part in ("train", "validation"))
    parts = [train, validation] if schedule and schedule.with_validation else [train]
    recipe = {"size": train.shape[1], "channels": train.shape[3], "width": scale.width}
    recipe |= {"name": experiment.model.name, "arguments": experiment.model.arguments}
    code = sources(experiment.model.name)
    about = {"experiment": key, "ablation": ablation, **arrays.about(data), "scale": scale.model_dump()}
    about |= experiment.model_dump(include={"paper", "dataset", "applications"})
    about["objective"] = experiment.objective and _component(experiment.objective)
    about["train"] = schedule and schedule.model_dump(exclude_none=True)
    settings = {"recipe": recipe, "machine": machine.described(), **about, **dict.fromkeys(FREE)}
    settings["smallest_batch"] = smallest_batch
    full = _full(key, recipe, about["full_size"])
    images = loop.total(parts)
    plan = schedule and loop.plan(key, schedule, images, scale.image_passes, scale.batch, smallest_batch)
    if folder:
        folder.mkdir()
    works = []
    for seed in range(seeds if schedule else 1):
        works.append(checkpoints.root() / checkpoints.fingerprint(settings | {"seed": seed}, [train, validation], code))
        torch.manual_seed(seed)
        model = models.build(**recipe).to(machine.device, memory_format=torch.channels_last)
        name = key if seeds == 1 else f"{key}-seed-{seed}"
        with nullcontext() if ranks.rank() else checkpoints.exclusive(works[-1]):
            started = time.monotonic()
            if plan:
                look = horizon.of_training(works[-1] / "horizon", validation, plan.steps, plan.batch_size)
                rows = loop.fit(
                    name,
                    model,
                    partial(getattr(objectives, experiment.objective.name), **experiment.objective.arguments),
                    parts,
                    validation,
                    plan,
                    schedule,
                    seed=seed,
                    dtype=machine.dtype,
                    checkpoint=works[-1] / "checkpoint.pt",
                    look=look,
                )
            else:
                look = horizon.of_closed_form(works[-1] / "horizon", validation, images)
                rows = iter([loop.fit_closed_form(key, model, parts, validation, look)])
            if ranks.rank():
                deque(rows, maxlen=0)
                continue
            *_, last = history.record(rows, LIVE / name)
            seconds = time.monotonic() - started
            train_mse = loop.mean_squared_error(model, parts, int(np.clip(images // 3, *TRAIN_IMAGES)))
            place = folder if seed == 0 else folder / f"seed-{seed}"
            place.mkdir(exist_ok=True)
            models.save(
                place,
                model,
                {
                    **recipe,
                    **about,
                    "parameters": models.count(model),
                    "flops_per_image": models.flops(model, recipe["size"], recipe["channels"]),
                    "parameters_full": models.count(full),
                    "flops_full": models.flops(full, about["full_size"], recipe["channels"]),
                    "sources": checkpoints.digest(code),
                    "training": {
                        "seed": seed,
                        **machine.described(),
                        "images": last["images"],
                        "full_images": plan.full_images if plan else images,
                        "batch_size": plan and plan.batch_size,
                        "train_images": images,
                        "train_mse": train_mse,
                    },
                },
            )
            horizon.save(look, place / "horizon.safetensors")
            shutil.move(LIVE / name, place / "dvclive")
        _report_speed(name, last, seconds, model)
    for work in () if ranks.rank() else works:
        shutil.rmtree(work)


def sources(network: str) -> list[Path]:
    """The source files that a training with this network depends on: this room's, and the network's own."""
    return [*sorted((PACKAGE / "training").glob("*.py")), PACKAGE / "networks" / f"{network}.py"]


def _full(key: str, recipe: dict[str, Any], size: int) -> nn.Module:
    """The outline of a row's network at the paper's width and the data set's own size, to count it."""
    try:
        return models.outline(**recipe | {"size": size, "width": 1.0})
    except files.BadInput as error:
        raise files.BadInput(f"{key}: counted at the data set's own size: {error}") from None


def _component(component: Any) -> dict[str, Any]:
    return {"name": component.name, "arguments": component.arguments}


def _report_speed(name: str, row: history.Row, seconds: float, model: nn.Module) -> None:
    """Print one line, and keep speed and memory where nothing tracks them: they differ from run to run."""
    speed = {"seconds": round(seconds, 2), "images_per_second": round(row["images"] / seconds, 1)}
    speed["peak_memory_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if next(model.parameters()).is_cuda:
        speed["peak_device_mib"] = torch.cuda.max_memory_allocated() // 2**20
    files.write_json(checkpoints.root() / "speed" / f"{name}.json", speed)
    print(f"{name}: validation mse {row['validation_mse']:.5f} after {row['images']:,} images;", json.dumps(speed))
