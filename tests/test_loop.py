"""The loop: what it minimises, what it remembers, how it ends."""

import math
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from autofaces.core import files
from autofaces.core.params import Schedule
from autofaces.training import checkpoints, horizon, loop, models, objectives

SCHEDULE = Schedule(epochs=6, batch_size=16, optimizer="adam", learning_rate=0.01)


@pytest.fixture
def arrays(arrays_folder, monkeypatch) -> tuple[np.memmap, np.memmap]:
    monkeypatch.setattr(loop, "ROWS", (1, 100))  # a row for every epoch, of three updates
    return tuple(np.load(arrays_folder / f"{name}.npy", mmap_mode="r") for name in ("train", "validation"))


def build() -> torch.nn.Module:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return models.build("dcgan", 32, 3, 1.0, {"n_f": 8, "code": 32})


def build_variational() -> torch.nn.Module:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return models.build("pooling", 32, 3, 1.0, {"base": 4, "code": 8, "norm": "batch", "variational": True})


# what a training may draw: name in the report -> model, objective
NOISY = {
    "nothing drawn": (build, objectives.mse),
    "noise on the images": (build, partial(objectives.mse, noise=0.3)),
    "dropout of the input": (build, partial(objectives.mse, dropout=0.3)),
    "codes, with a warm-up": (
        build_variational,
        partial(objectives.elbo, likelihood="gaussian", variance=0.01, warmup_epochs=4),
    ),
}


def look(validation: np.memmap, checkpoint: Path, steps: int = 18) -> horizon.Horizon:
    """What `fit` with this checkpoint keeps of the training."""
    return horizon.of_training(checkpoint.with_suffix(".horizon"), validation, steps, 16)


def kept(validation: np.memmap, checkpoint: Path) -> bytes:
    """All that a training left to be looked at."""
    path = checkpoint.with_suffix(".safetensors")
    horizon.save(look(validation, checkpoint), path)
    return path.read_bytes()


def fit(model, arrays, checkpoint, schedule=SCHEDULE, objective=objectives.mse, passes=None, **settings):
    train, validation = arrays
    plan = loop.plan("tiny", schedule, len(train), passes)
    settings = {"seed": 0, "dtype": torch.float32, "look": look(validation, checkpoint, plan.steps)} | settings
    return loop.fit("tiny", model, objective, [train], validation, plan, schedule, checkpoint=checkpoint, **settings)


def test_training_lowers_the_loss_on_both_sets(arrays, tmp_path):
    rows = list(fit(build(), arrays, tmp_path / "c.pt"))
    assert [row["epoch"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert rows[-1]["images"] == 6 * 48
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert rows[-1]["validation_mse"] < rows[0]["validation_mse"]
    # [-1, 1] is twice as long as [0, 1]
    assert rows[-1]["validation_loss"] == pytest.approx(4 * rows[-1]["validation_mse"], rel=1e-3)


@pytest.mark.parametrize("noisy", NOISY)
def test_another_seed_draws_other_noise_and_the_same_seed_the_same(arrays, tmp_path, noisy):
    build, objective = NOISY[noisy]
    schedule = SCHEDULE.model_copy(update={"epochs": 1, "batch_size": 48})  # every seed sees all images at once
    losses = []
    for run, seed in enumerate((0, 0, 1)):
        (row,) = fit(build(), arrays, tmp_path / f"{run}.pt", schedule, objective, seed=seed)
        losses.append(row["train_loss"])
    assert losses[0] == losses[1]
    assert (losses[0] == pytest.approx(losses[2], rel=1e-5)) == (noisy == "nothing drawn")


def test_a_variational_history_has_every_term(arrays, tmp_path):
    build, objective = NOISY["codes, with a warm-up"]
    rows = list(fit(build(), arrays, tmp_path / "c.pt", objective=objective))
    nats = {"reconstruction_nats", "kl_nats", "elbo_nats", "bits_per_dim", "beta", "mse_over_variance"}
    assert nats | {f"validation_{name}" for name in nats} | {"active_units"} < set(rows[0])
    assert all(set(row) == set(rows[0]) for row in rows)
    assert [row["beta"] for row in rows] == pytest.approx([1 / 12, 4 / 12, 7 / 12, 10 / 12, 1, 1])  # 3 updates each
    assert [row["validation_beta"] for row in rows] == pytest.approx([0.25, 0.5, 0.75, 1, 1, 1])
    assert all(0 <= row["active_units"] <= 8 for row in rows)
    assert rows[-1]["validation_elbo_nats"] < rows[0]["validation_elbo_nats"]


def test_a_warm_up_shrinks_with_a_training_that_is_cut_short(arrays, tmp_path):
    build, objective = NOISY["codes, with a warm-up"]
    schedule = SCHEDULE.model_copy(update={"epochs": 12})
    objective = partial(objective, warmup_epochs=6)
    rows = list(fit(build(), arrays, tmp_path / "c.pt", schedule, objective, passes=4 * 48))
    assert [row["validation_beta"] for row in rows] == pytest.approx([0.5, 1, 1, 1])


def test_validation_says_the_same_each_time(arrays):
    build, objective = NOISY["codes, with a warm-up"]
    model = build()
    said = [loop.validate(model, objective, arrays[1], torch.float32, 1.0, seed) for seed in (0, 0, 1)]
    assert said[0] == said[1]
    assert said[0]["validation_reconstruction_nats"] != said[2]["validation_reconstruction_nats"]
    assert said[0]["validation_mse"] == said[2]["validation_mse"]  # from the mean


@pytest.mark.parametrize(
    ("noise", "calls"), [(0.0, {"encode": 2, "decode": 2}), (0.3, {"encode": 4, "decode": 4})], ids=["plain", "noisy"]
)
def test_validation_computes_nothing_twice(arrays, monkeypatch, noise, calls):
    monkeypatch.setattr(loop, "VALIDATION_BATCH", 4)  # two batches, of which a noisy objective sees other images
    model, called = build(), Counter()

    def counted(what: str, own: Callable[[torch.Tensor], torch.Tensor]) -> Callable[[torch.Tensor], torch.Tensor]:
        def call(asked: torch.Tensor) -> torch.Tensor:
            called[what] += 1
            return own(asked)

        return call

    expected = loop.validate(model, partial(objectives.mse, noise=noise), arrays[1], torch.float32, 1.0, 0)
    for what in calls:
        monkeypatch.setattr(model, what, counted(what, getattr(model, what)), raising=False)
    found = loop.validate(model, partial(objectives.mse, noise=noise), arrays[1], torch.float32, 1.0, 0)
    assert (called, found) == (calls, expected)
    assert found["validation_mse"] == pytest.approx(loop.mean_squared_error(model, [arrays[1]], 8))


def test_a_code_unit_is_active_if_its_mean_varies_over_the_images(arrays):
    build, objective = NOISY["codes, with a warm-up"]
    model = build().eval()
    with torch.no_grad():
        model.code.mean.weight[3:] = 0
        model.code.mean.weight[:3] *= 1e3
    assert loop.validate(model, objective, arrays[1], torch.float32, 1.0, 0)["active_units"] == 3


def test_the_same_seed_gives_the_same_weights_and_another_does_not(arrays, tmp_path):
    trained = []
    for run, seed in enumerate((0, 0, 1)):
        model = build()
        list(fit(model, arrays, tmp_path / f"{run}.pt", seed=seed))
        trained.append(torch.cat([p.detach().flatten() for p in model.parameters()]))
    assert torch.equal(trained[0], trained[1])
    assert not torch.equal(trained[0], trained[2])


KILLED = """
import os, signal, sys
sys.path.insert(0, {tests!r})
import numpy as np, test_loop as t
t.loop.CHECKPOINT_SECONDS = {seconds}
t.loop.ROWS = 1, 100
arrays = tuple(np.load(f"{folder}/{{n}}.npy", mmap_mode="r") for n in ("train", "validation"))
steps = 0
build, own = t.NOISY[{noisy!r}]
def objective(model, images, context):
    global steps
    steps += model.training
    if steps == 8:
        os.kill(os.getpid(), signal.SIGKILL)
    return own(model, images, context)
list(t.fit(build(), arrays, t.Path("{checkpoint}"), objective=objective))
"""


@pytest.mark.parametrize(
    ("noisy", "seconds"),
    [("nothing drawn", 60), *((noisy, 0) for noisy in NOISY)],
    ids=["from the last epoch", *(f"from the middle of an epoch, {noisy}" for noisy in NOISY)],
)
def test_a_training_killed_midway_goes_on_to_the_same_bytes(arrays, arrays_folder, tmp_path, seconds, noisy):
    build, objective = NOISY[noisy]
    uninterrupted = build()
    expected = list(fit(uninterrupted, arrays, tmp_path / "a.pt", objective=objective))

    checkpoint = tmp_path / "b.pt"
    tests = str(Path(__file__).parent)
    script = KILLED.format(tests=tests, folder=arrays_folder, checkpoint=checkpoint, seconds=seconds, noisy=noisy)
    killed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert killed.returncode == -9, killed.stderr
    assert checkpoints.load(checkpoint)["step"] == (6 if seconds else 7)

    resumed = build()
    assert list(fit(resumed, arrays, checkpoint, objective=objective)) == expected
    for name, tensor in uninterrupted.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name
    assert kept(arrays[1], checkpoint) == kept(arrays[1], tmp_path / "a.pt")


class Killed(BaseException):
    """The end of a process, as far as a test in the same process can have it."""


@pytest.mark.parametrize("seconds", [60, 0], ids=["a checkpoint for each epoch", "a checkpoint for each step"])
@pytest.mark.parametrize("where", ["before a look", "in a look", "after a look"])
def test_a_training_that_ends_beside_any_look_goes_on_to_the_same_bytes(arrays, tmp_path, monkeypatch, where, seconds):
    build, objective = NOISY["codes, with a warm-up"]
    expected = list(fit(build(), arrays, tmp_path / "whole.pt", objective=objective))
    monkeypatch.setattr(loop, "CHECKPOINT_SECONDS", seconds)
    keep, save_file = horizon.keep, horizon.save_file

    def dying(at: int, looked: horizon.Horizon, model: torch.nn.Module, step: int) -> None:
        if step == at and where == "before a look":
            raise Killed
        if step == at and where == "in a look":
            monkeypatch.setattr(horizon, "save_file", die)
        keep(looked, model, step)
        if step == at:
            raise Killed

    def die(tensors: dict, path: Path) -> None:
        path.write_bytes(b"half of it")
        raise Killed

    for at in sorted(set(look(arrays[1], tmp_path).steps)):
        checkpoint = tmp_path / f"{at}.pt"
        monkeypatch.setattr(horizon, "keep", partial(dying, at))
        with pytest.raises(Killed):
            list(fit(build(), arrays, checkpoint, objective=objective))
        monkeypatch.setattr(horizon, "keep", keep)
        monkeypatch.setattr(horizon, "save_file", save_file)
        assert list(fit(build(), arrays, checkpoint, objective=objective)) == expected
        assert kept(arrays[1], checkpoint) == kept(arrays[1], tmp_path / "whole.pt")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("noisy", NOISY)
def test_a_training_that_is_looked_at_ends_in_the_same_bytes_as_one_that_is_not(arrays, tmp_path, noisy, dtype):
    build, objective = NOISY[noisy]
    schedule = SCHEDULE.model_copy(update={"epochs": 2})
    nothing = look(arrays[1], tmp_path)._replace(steps=())
    every = nothing._replace(steps=[1] * 4 + [1, 2, 3, 4, 5, 6], folder=tmp_path / "every")
    ends = []
    for run, its in enumerate((nothing, every)):
        model = build()
        settings = {"objective": objective, "dtype": dtype, "look": its}
        rows = list(fit(model, arrays, tmp_path / f"{run}.pt", schedule, **settings))
        ends.append((rows, checkpoints.load(tmp_path / f"{run}.pt")))
    assert len(list(every.folder.iterdir())) == 6
    assert ends[0][0] == ends[1][0]
    states = [
        state["model"] | {f"{i}": s["exp_avg"] for i, s in state["optimizer"]["state"].items()} for _, state in ends
    ]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_a_finished_training_is_not_trained_further(arrays, tmp_path):
    model = build()
    rows = list(fit(model, arrays, tmp_path / "c.pt"))
    again = build()
    assert list(fit(again, arrays, tmp_path / "c.pt", objective=None)) == rows
    assert torch.equal(next(model.parameters()), next(again.parameters()))


def test_a_loss_that_is_no_longer_finite_stops_with_step_rate_and_advice(arrays, tmp_path):
    def explode(model, images, context):
        loss, terms = objectives.mse(model, images, context)
        explode.steps += model.training
        return (loss * torch.inf if explode.steps == 5 else loss), terms

    explode.steps = 0
    rows = fit(build(), arrays, tmp_path / "c.pt", objective=explode)
    message = r"tiny: step 5: the loss is no longer finite at learning rate 0.01; set a smaller train"
    with pytest.raises(files.BadInput, match=message):
        list(rows)
    assert checkpoints.load(tmp_path / "c.pt")["step"] == 3  # the last good one stays


def test_a_learning_rate_of_one_trains_or_stops_and_every_kept_state_is_finite(arrays, tmp_path):
    schedule = SCHEDULE.model_copy(update={"learning_rate": 1.0})
    for number, (make, objective) in enumerate([*NOISY.values(), *NOISY.values()]):
        checkpoint, model = tmp_path / f"{number}.pt", make()
        if number >= len(NOISY):  # and with weights that only a batch norm makes small
            torch.nn.init.constant_(next(model.parameters()), 1e20)
        try:
            list(fit(model, arrays, checkpoint, schedule, objective))
        except files.BadInput as error:
            assert "the loss is no longer finite at learning rate 1.0; set a smaller" in str(error)  # noqa: PT017
        if state := checkpoints.load(checkpoint):
            assert all(tensor.isfinite().all() for tensor in state["model"].values())


@pytest.mark.parametrize("huge", [1e38, float("nan"), float("inf")])
def test_weights_beyond_all_bounds_are_stopped_before_any_state_is_kept(arrays, tmp_path, huge):
    model = build()
    torch.nn.init.constant_(next(model.parameters()), huge)
    torch.nn.init.constant_(list(model.parameters())[-1], huge)
    with pytest.raises(files.BadInput, match=r"tiny: step \d: the loss is no longer finite"):
        list(fit(model, arrays, tmp_path / "c.pt", objective=objectives.mse))
    assert not (tmp_path / "c.pt").exists()


def test_an_update_that_spoils_the_weights_after_a_finite_loss_is_stopped(arrays, tmp_path):
    def poisoned(model, images, context):
        loss, terms = objectives.mse(model, images, context)
        if model.training:
            next(model.parameters()).register_hook(lambda gradient: gradient * torch.nan)
        return loss, terms

    with pytest.raises(files.BadInput, match=r"tiny: step 1: the loss is no longer finite"):
        list(
            fit(build(), arrays, tmp_path / "c.pt", SCHEDULE.model_copy(update={"epochs": None, "steps": 1}), poisoned)
        )
    assert not (tmp_path / "c.pt").exists()


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("key", NOISY)
def test_constant_images_are_trained_on_as_any_other(tmp_path, key, value):
    for name, count in {"train": 16, "validation": 1}.items():
        np.save(tmp_path / f"{name}.npy", np.full((count, 32, 32, 3), value, np.uint8))
    flat = tuple(np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("train", "validation"))
    make, objective = NOISY[key]
    *_, last = fit(make(), flat, tmp_path / "c.pt", objective=objective)
    assert all(math.isfinite(number) for number in last.values())


def test_a_batch_of_one_before_batch_norm_is_refused_with_what_to_set(arrays, tmp_path):
    schedule = SCHEDULE.model_copy(update={"batch_size": 1})
    with pytest.raises(files.BadInput, match=r"tiny: train.batch_size: 1 at this profile, and batch norm .* set 2"):
        list(fit(build_variational(), arrays, tmp_path / "c.pt", schedule))


def test_clipping_bounds_the_first_step(arrays, tmp_path):
    schedule = Schedule(steps=1, batch_size=16, optimizer="adamax", learning_rate=0.01)
    free, clipped = build(), build()
    list(fit(free, arrays, tmp_path / "a.pt", schedule))
    list(fit(clipped, arrays, tmp_path / "b.pt", schedule.model_copy(update={"clip_norm": 1e-9})))
    start = build()
    moved = [(p - q).abs().max().item() for p, q in zip(clipped.parameters(), start.parameters(), strict=True)]
    freely = [(p - q).abs().max().item() for p, q in zip(free.parameters(), start.parameters(), strict=True)]
    assert max(moved) < 0.5 * max(freely)


def test_bfloat16_trains_too_and_keeps_float32_weights(arrays, tmp_path):
    model = build()
    rows = list(fit(model, arrays, tmp_path / "c.pt", dtype=torch.bfloat16))
    assert rows[-1]["train_loss"] < rows[0]["train_loss"]
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_layerwise_training_records_every_level(arrays, tmp_path):
    torch.manual_seed(0)
    model = models.build("ladder", 32, 3, 0.5, {"levels": 3})
    rows = list(fit(model, arrays, tmp_path / "c.pt", objective=objectives.layerwise))
    levels = [rows[-1][f"level_{i}"] for i in (1, 2, 3)]
    assert rows[-1]["train_loss"] == pytest.approx(sum(levels), rel=1e-5)


def fit_closed_form(model, arrays, folder: Path) -> dict[str, float]:
    train, validation = arrays
    look = horizon.of_closed_form(folder / "horizon", validation, len(train))
    return loop.fit_closed_form("pca-tiny", model, [train], validation, look)


def test_a_closed_form_has_one_row_with_the_error_of_both_sets(arrays, tmp_path):
    model = models.build("pca", 32, 3, 1.0, {"code": 4})
    row = fit_closed_form(model, arrays, tmp_path)
    assert row["images"] == 48
    assert row["train_loss"] < row["validation_loss"] == row["validation_mse"]
    assert row["train_loss"] == pytest.approx(loop.mean_squared_error(model, arrays[:1], 48))


def test_a_closed_form_of_too_few_images_names_the_setting(arrays, tmp_path):
    model = models.build("pca", 32, 3, 1.0, {"code": 48})
    with pytest.raises(files.BadInput, match=r"pca-tiny: model: pca: 48 components need more than 48"):
        fit_closed_form(model, arrays, tmp_path)


def test_a_network_without_an_objective_is_refused_by_name(arrays, tmp_path):
    message = r"pca-tiny: objective: missing; Dcgan has no closed form"
    with pytest.raises(files.BadInput, match=message):
        fit_closed_form(build(), arrays, tmp_path)


def test_a_batch_larger_than_the_set_is_refused_by_name():
    message = r"tiny: train\.batch_size: 16 at this profile, larger than the training set of 15 images"
    with pytest.raises(files.BadInput, match=message):
        loop.plan("tiny", SCHEDULE, 15, None)
    schedule = SCHEDULE.model_copy(update={"batch_size": 32})
    assert loop.plan("tiny", schedule, 16, None, 0.5).batch_size == 16
    assert loop.plan("tiny", schedule, 24, None, 0.5, 24).batch_size == 24


@given(st.integers(16, 500), st.integers(1, 300), st.none() | st.integers(1, 5000))
def test_a_plan_keeps_its_cap_and_its_rows(images, epochs, cap):
    schedule = SCHEDULE.model_copy(update={"epochs": epochs})
    plan = loop.plan("tiny", schedule, images, cap)
    assert plan.per_epoch == images // 16
    assert 1 <= plan.steps <= epochs * plan.per_epoch
    assert cap is None or plan.steps == 1 or plan.steps * 16 <= cap
    assert plan.steps / plan.row_every <= loop.ROWS[1]
    if plan.steps >= loop.ROWS[0] * plan.per_epoch:
        assert plan.row_every % plan.per_epoch == 0
    else:  # a curve is drawn of a few epochs too
        assert plan.row_every <= math.ceil(plan.steps / loop.ROWS[0])
    assert (plan.epoch(0), plan.epoch(plan.steps)) == (0, pytest.approx(epochs))
    assert plan.full_images == epochs * (images // 16) * 16
    assert (plan.steps * 16 == plan.full_images) == (cap is None or max(cap, 16) >= plan.full_images)


@pytest.mark.parametrize(("length", "asked"), [({"epochs": 3}, 3 * 2 * 32), ({"steps": 7}, 7 * 32)], ids=str)
def test_what_the_paper_asks_for_is_counted_in_its_own_batches(length, asked):
    schedule = Schedule(**length, batch_size=32, optimizer="adam", learning_rate=0.01)
    plan = loop.plan("tiny", schedule, 80, 64, 0.5)
    assert (plan.batch_size, plan.steps * plan.batch_size, plan.full_images) == (16, 64, asked)
    few = loop.plan("tiny", Schedule(epochs=3, **schedule.model_dump(include={"batch_size"})), 20, None, 0.5)
    assert few.full_images == 3 * 32  # an epoch of which no batch of the paper's is full counts as one


def drawn(parts, plan: loop.Plan, seed: int, start: int) -> list[torch.Tensor]:
    """The images of each batch."""
    batches, images_of = loop.batches(parts, plan, seed, start, torch.device("cpu"))
    return [images_of(batch) for batch in batches]


def test_images_that_lie_on_a_device_are_gathered_as_they_are_read(arrays, monkeypatch):
    monkeypatch.setattr(loop, "BLOCK", 10)
    plan, cpu = loop.plan("tiny", SCHEDULE, 56, None), torch.device("cpu")
    images = loop.resident(arrays, cpu)
    assert np.array_equal(images, np.concatenate(arrays))
    gathered = [images.index_select(0, places) for places in loop.places(56, plan, 3, 4, cpu)]
    assert all(torch.equal(a, b) for a, b in zip(gathered, drawn(arrays, plan, 3, 4), strict=True))


def test_every_epoch_shows_every_image_at_most_once_in_an_order_of_its_own(arrays):
    plan = loop.plan("tiny", SCHEDULE, 48, None)
    seen = [images.numpy() for images in drawn(arrays[:1], plan, 0, 0)]
    assert len(seen) == plan.steps
    epochs = [np.concatenate(seen[e * 3 : e * 3 + 3]) for e in range(6)]
    for epoch in epochs:
        assert len(np.unique(epoch.reshape(48, -1), axis=0)) == len(np.unique(arrays[0].reshape(48, -1), axis=0))
    assert not np.array_equal(epochs[0], epochs[1])


def test_batches_from_a_step_on_are_those_of_the_whole_run(arrays):
    plan = loop.plan("tiny", SCHEDULE, 48, None)
    whole, rest = drawn(arrays[:1], plan, 3, 0), drawn(arrays[:1], plan, 3, 5)
    assert len(rest) == len(whole) - 5
    assert all(torch.equal(a, b) for a, b in zip(whole[5:], rest, strict=True))


def test_parts_are_read_as_one_array(arrays):
    joined, index = np.concatenate(arrays), np.random.default_rng(0).permutation(56)
    assert loop.total(arrays) == 56
    assert np.array_equal(loop.read_images(arrays, index), joined[index])
    plan = loop.plan("tiny", SCHEDULE, 56, None)
    seen = np.concatenate(drawn(arrays, plan, 0, 0))
    assert {image.tobytes() for image in seen} == {image.tobytes() for image in joined}
    model = build()
    errors = [loop.mean_squared_error(model, parts, 56) for parts in (arrays, arrays[:1], arrays[1:])]
    assert 56 * errors[0] == pytest.approx(48 * errors[1] + 8 * errors[2])


def test_an_array_that_ends_early_is_refused(arrays):
    with Path(arrays[0].filename).open("r+b") as file:
        file.truncate(arrays[0].offset + 10 * 32 * 32 * 3)
    with pytest.raises(files.BadInput, match=r"train.npy: ends before image 11; run `dvc repro preprocess`"):
        loop.read_images(arrays[:1], np.array([3, 11]))
