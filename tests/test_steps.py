"""An update as it stands, and one that is replayed on tensors that stay in place."""

from functools import partial

import pytest
import torch

from autofaces.core.params import Schedule
from autofaces.training import models, objectives, steps

SCHEDULE = Schedule(steps=6, batch_size=6, optimizer="adam", learning_rate=0.01)
ELBO = partial(objectives.elbo, likelihood="gaussian", variance=0.01, warmup_epochs=4)
NOISY = partial(objectives.mse, noise=0.1, dropout=0.1)


def trained(record=None, *, optimizer="adam", dtype=torch.float32, objective=ELBO, clip_norm=None):
    """Losses of six updates (6, T), and the weights after them."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    recipe = {"base": 4, "code": 8, "norm": "batch", "variational": objective is ELBO}
    model = models.build("pooling", 32, 3, 1.0, recipe)
    images = torch.randint(0, 256, (20, 32, 32, 3), dtype=torch.uint8)
    schedule = SCHEDULE.model_copy(update={"optimizer": optimizer})
    more = {"batch_size": 6, "clip_norm": clip_norm, "dtype": dtype, "record": record}
    gather = partial(images.index_select, 0)
    update = steps.updates(model, objective, steps.optimizer(schedule, model), gather, **more)
    values = [update(torch.randperm(20)[:6], float(step), 100 + step).values.clone() for step in range(6)]
    return torch.stack(values), model.state_dict()


def again(run, generator):
    """In place of a graph: each replay runs it, and writes into the tensors of the first."""
    first = run()

    def replay() -> steps.Losses:
        first.values.copy_(run().values)
        return first

    return replay


def frozen(run, generator):
    """A recording that forgot what changes."""
    losses = run()
    return lambda: losses


def refused(run, generator):
    run()
    raise RuntimeError("operation not permitted when stream is capturing\nand more")


def same(one, other) -> bool:
    return torch.equal(one[0], other[0]) and all(torch.equal(t, other[1][name]) for name, t in one[1].items())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"optimizer": "adamax", "clip_norm": 1.0},
        {"dtype": torch.bfloat16, "objective": NOISY},
    ],
    ids=["codes, with a warm-up", "adamax, clipped", "bfloat16, with noise"],
)
def test_a_replay_gives_the_same_bytes(settings, capsys):
    assert same(trained(None, **settings), trained(again, **settings))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("record", "why"), [(frozen, "its losses are"), (refused, "not permitted when stream is capturing)")]
)
def test_what_cannot_be_replayed_is_said_and_trained_as_it_stands(record, why, capsys):
    found = trained(record)
    said = capsys.readouterr().err
    assert said.startswith("the updates are not replayed as a CUDA graph (")
    assert why in said
    if record is frozen:
        assert same(found, trained())
