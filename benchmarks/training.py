"""Trainings of the same networks: as much code has it, by pythae's trainer, and by the project's own loop."""

import os
import shutil
from collections import deque
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import faces
from benchmarks.timing import Bench, Case, Enough, Round, Run, Skip, Target, Watch

TITLE = "Training"
ABOUT = """
Steps of one network at the paper's width on 3x128x128 images, from the start of one to the start of another, the first
of a round left out; validation, checkpoints and the like are counted nowhere. *DataLoader loop*: ImageFolder on JPEG
files, CenterCrop, Resize, ToTensor, 2 workers, Adam, loss.item() at each step, as in PyTorch-VAE. *pythae*: its own
BaseTrainer on the same files, 2 workers. *ours*: `training.loop.fit` on the array. *busy*: beside a process that never
rests. *rows*: trainings at once, their images together. Threads that wait sleep, as the pipeline sets it; *spinning*:
as OpenMP has it by itself. A peak of memory is of the whole process, where a row has one for itself.
""".strip()
SKIP = 1  # steps
STEPS = 10**6  # more than a round has
LARGE = 10  # GB


class Recipe(NamedTuple):
    """What is trained."""

    arguments: dict[str, Any]
    batch: int


NETWORKS = {
    "dcgan": Recipe({"n_f": 16}, 64),
    "ladder": Recipe({}, 32),
    "pooling": Recipe({}, 32),
}


def run(bench: Bench) -> list[dict[str, Any]]:
    tables = []
    for network in ["ladder"] if bench.quick else NETWORKS:
        recipe = NETWORKS[network]
        title = ", ".join([network, *(f"{k} = {v}" for k, v in recipe.arguments.items()), f"batch {recipe.batch}"])
        folder = {"folder": str(bench.folder)}
        cases = [c._replace(settings=c.settings | folder) for c in (_quick if bench.quick else _cases)(network)]
        tables.append({"title": title, "rows": bench.measure(cases, compared=True)})
    return tables


def _cases(network: str) -> list[Case]:
    case = partial(_ours, network)
    whole = {"float32": None, "bfloat16": None}
    more, busy = [], []
    if network == "dcgan":
        whole = {"float32": Target(1.6, "ratio"), "bfloat16": Target(3.0, "ratio")}
        more = [
            Case("pythae", "baselines:pythae", _given(network), None, "pythae", waiting=False),
            case("ours, busy, spinning", threads=None, busy=True, waiting=False),
            case("ours, array of 10 GB", threads=None, large=True, target=Target(_limit(network), "peak_mib")),
        ]
    if network != "pooling":
        busy = [
            _loader(network, "DataLoader loop, busy", busy=True),
            case("ours, busy", busy=True),
            case("ours, busy", threads=None, busy=True),
        ]
    return [
        _loader(network, "DataLoader loop"),
        case("ours", threads=None, target=whole["float32"]),
        case("ours", threads=None, precision="bfloat16", target=whole["bfloat16"]),
        case("ours"),
        case("ours", precision="bfloat16"),
        case("ours, 2 rows", copies=2, target=whole["float32"]),
        case("ours, 2 rows", precision="bfloat16", copies=2, target=whole["bfloat16"]),
        *busy,
        *more,
    ]


def _quick(network: str) -> list[Case]:
    return [_loader(network, "DataLoader loop"), _ours(network, "ours"), _ours(network, "ours, 2 rows", copies=2)]


def _loader(network: str, name: str, **more: Any) -> Case:
    return Case(name, "baselines:loader", _given(network), None, "loader", waiting=False, **more)


def _ours(
    network: str, name: str, threads: int | None = 1, precision: str = "float32", large: bool = False, **more: Any
) -> Case:
    name = f"{name}, {precision}, {'1 thread' if threads == 1 else 'all threads'}"
    settings = _given(network) | {"precision": precision, "large": large}
    return Case(name, "training:ours", settings, threads, "large" if large else "ours", **more)


def _given(network: str) -> dict[str, Any]:
    recipe = NETWORKS[network]
    return {"network": network, "arguments": recipe.arguments, "batch": recipe.batch}


def _limit(network: str) -> float:
    """1 GB and the model, MiB: its weights, their gradients, and two averages of Adam's for each."""
    from autofaces.training import models

    return round((10**9 + 16 * models.size(network, faces.SIZE, 3, 1.0, NETWORKS[network].arguments)) / 2**20)


def ours(settings: dict[str, Any]) -> Run:
    """The loop that the pipeline trains its rows with."""
    import torch

    from autofaces.core import arrays
    from autofaces.core.params import Schedule
    from autofaces.training import devices, horizon, loop, models, objectives

    network, batch = settings["network"], settings["batch"]
    dtype = getattr(torch, settings["precision"])
    if dtype == torch.bfloat16 and not torch.cpu._is_avx512_bf16_supported():
        raise Skip("this CPU does not multiply bfloat16")
    devices.pick(settings["threads"])
    folder = Path(settings["folder"])
    validation = arrays.load(folder / "arrays", "validation")
    train = faces.large(folder, LARGE) if settings["large"] else arrays.load(folder / "arrays", "train")
    schedule = Schedule(steps=STEPS, batch_size=batch, optimizer="adam", learning_rate=2e-4)
    plan = loop.plan(network, schedule, len(train), None)

    def run(seconds: float) -> Round:
        torch.manual_seed(0)
        model = models.build(network, faces.SIZE, 3, 1.0, settings["arguments"]).to(memory_format=torch.channels_last)
        watch = Watch(seconds, SKIP)

        def objective(*args: Any) -> objectives.Loss:
            watch.tick()
            return objectives.mse(*args)

        own = folder / f"training-{os.getpid()}"  # of two rows at once each has its own
        look = horizon.of_training(own / "horizon", validation, plan.steps, batch)
        rows = loop.fit(
            network,
            model,
            objective,
            [train],
            validation,
            plan,
            schedule,
            seed=0,
            dtype=dtype,
            checkpoint=own / "checkpoint.pt",
            look=look,
        )
        with suppress(Enough):
            deque(rows, 0)
        shutil.rmtree(own, ignore_errors=True)
        return watch.round(batch)

    return run
