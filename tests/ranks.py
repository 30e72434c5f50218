"""A training as several processes see it, under torchrun: `ranks.py <folder with arrays> <folder to write> <what>`.

what: each (the histories of all cases), fatal (rank 1 kills itself in the middle) or after (the same, to its end).
"""

import os
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from autofaces.core import files
from autofaces.core.params import Schedule
from autofaces.training import horizon, loop, models, objectives, ranks, steps
from autofaces.training.pixels import normalise

SCHEDULE = Schedule(epochs=2, batch_size=15, optimizer="adam", learning_rate=0.0001, clip_norm=1.0)  # slices differ
DCGAN = {"name": "dcgan", "arguments": {"n_f": 8, "code": 32}}
POOLING = {"name": "pooling", "arguments": {"base": 4, "code": 8, "norm": "batch", "variational": True}}
LADDER = {"name": "ladder", "arguments": {"levels": 3, "norm": "shared"}}
GAUSSIAN = partial(objectives.elbo, likelihood="gaussian")
CASES = {
    "batch norm": (DCGAN, objectives.mse),
    "noise": (DCGAN, partial(objectives.mse, noise=0.3)),
    "dropout": (DCGAN, partial(objectives.mse, dropout=0.3)),
    "codes, with a warm-up": (POOLING, partial(GAUSSIAN, variance=0.01, warmup_epochs=2)),
    "a variance of the whole batch": (POOLING, partial(GAUSSIAN, variance="optimal")),
    "levels that share a norm": (LADDER, objectives.layerwise),
}


KINDS = "float32", "float64"


def fit(
    case: str, arrays: Path, folder: Path, kind: str = "float32", epochs: int = 2, objective=None
) -> tuple[torch.nn.Module, list[dict]]:
    """The model and the history of a case; its checkpoint and what is looked at lie in `folder`."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe, own = CASES[case]
    model = models.build(recipe["name"], 32, 3, 1.0, recipe["arguments"])
    kinds = {
        "float32": normalise,
        "float64": lambda *given: normalise(*given).double(),
    }  # of the latter, hardly rounded
    if kind == "float64":
        model = model.double()
        model.decoder.register_forward_pre_hook(lambda _, given: given[0].double())  # a code is drawn in float32
    train, validation = (np.load(arrays / f"{part}.npy", mmap_mode="r") for part in ("train", "validation"))
    schedule = SCHEDULE.model_copy(update={"epochs": epochs})
    plan = loop.plan("tiny", schedule, len(train), None)
    folder.mkdir(exist_ok=True)
    more = {"checkpoint": folder / f"{case}.pt", "look": horizon.of_training(folder / case, validation, plan.steps, 15)}
    with ExitStack() as undone:
        for module in (horizon, loop, steps):
            undone.enter_context(mock.patch.object(module, "normalise", kinds[kind]))
        given = (model, objective or own, [train], validation, plan, schedule)
        return model, list(loop.fit("tiny", *given, seed=0, dtype=torch.float32, **more))


def fatal(model, images, context):
    """Ends a rank at its eighth step, without a word."""
    fatal.steps += model.training
    if fatal.steps == 8 and ranks.rank() == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return objectives.mse(model, images, context)


def main(arrays: Path, folder: Path, what: str) -> None:
    with ranks.group(torch.device("cpu")):
        if what == "each":
            found = {kind: {case: fit(case, arrays, folder / kind, kind)[1] for case in CASES} for kind in KINDS}
        else:
            fatal.steps = 0
            loop.CHECKPOINT_SECONDS = 0
            model, rows = fit("batch norm", arrays, folder, epochs=4, objective=fatal if what == "fatal" else None)
            found = {"rows": rows, "weights": {name: tensor.tolist() for name, tensor in model.state_dict().items()}}
        if not ranks.rank():
            files.write_json(folder / f"{what}.json", found)


if __name__ == "__main__":
    if ranks.launched():
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    else:  # as a stage starts itself
        try:
            ranks.launch(2)
        except files.BadInput as error:
            sys.exit(f"error: {error}")
