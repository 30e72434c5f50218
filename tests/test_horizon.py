"""What a model makes of a few images over its training."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_array
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file

from autofaces.core import files
from autofaces.evaluation import inference
from autofaces.training import horizon, models
from autofaces.training.pixels import pixels

COUNTS, PASSES = st.integers(1, 20000), st.integers(1, 10_000_000)


def build(variational: bool) -> torch.nn.Module:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    return models.build("pooling", 32, 3, 1.0, {"base": 4, "code": 8, "norm": "batch", "variational": variational})


@pytest.fixture
def validation(tmp_path) -> np.memmap:
    return write_array(tmp_path / "validation.npy", 20)


def look(folder: Path, validation: np.memmap, steps: int = 1024) -> horizon.Horizon:
    return horizon.of_training(folder / "horizon", validation, steps, 16)


def saved(looked: horizon.Horizon) -> dict[str, torch.Tensor]:
    path = looked.folder.parent / "horizon.safetensors"
    horizon.save(looked, path)
    return load_file(path)


def trained(model: torch.nn.Module, looked: horizon.Horizon) -> dict[str, torch.Tensor]:
    """What is kept of a training in which a model's last bias counts the steps."""
    for step in looked.steps:
        with torch.no_grad():
            model.decoder[-1].bias.fill_(step / looked.steps[-1])
        horizon.keep(looked, model, step)
    return saved(looked)


@given(PASSES)
def test_points_stand_at_half_the_steps_of_the_next_and_the_last_at_the_end(steps):
    looked = horizon.of_training(Path(), np.zeros((8, 1, 1, 1), np.uint8), steps, 4)
    assert len(looked.steps) == 10
    assert looked.steps[-1] == steps
    assert all(now == math.ceil(after / 2) for now, after in zip(looked.steps, looked.steps[1:], strict=False))
    assert list(looked.seen) == [4 * step for step in looked.steps]


@given(COUNTS, st.floats(0, 1000), st.floats(0, 1000))
def test_images_are_a_power_of_two_evenly_spaced_and_fewer_are_among_more(count, affordable, more):
    few, many = (horizon.few(count, number) for number in sorted((affordable, more)))
    assert set(few) <= set(many) <= set(range(count))
    for index, number in ((few, min(affordable, more)), (many, max(affordable, more))):
        assert len(index) in (1, 2, 4, 8, 16, 32, 64)
        assert len(index) <= max(8, number)
        assert len(index) >= min(8, 2 ** int(math.log2(count)))
        assert len(index) == 1 or np.ptp(np.diff(index)) <= 1


@given(COUNTS, st.integers(1, 100_000), st.integers(1, 512))
def test_a_look_costs_at_most_a_twentieth_of_the_training_unless_eight_images_do(count, steps, batch_size):
    looked = horizon.of_training(Path(), np.zeros((count, 1, 1, 1), np.uint8), steps, batch_size)
    forward_passes = len(looked.index) * (len(set(looked.steps)) + 3)
    assert forward_passes <= 0.05 * 3 * steps * batch_size or len(looked.index) <= 8


def test_the_last_point_is_what_the_trained_model_makes_of_the_images(tmp_path, validation):
    model, looked = build(variational=True), look(tmp_path, validation)
    kept = trained(model, looked)
    images = torch.from_numpy(validation[looked.index])
    model.eval()
    assert np.array_equal(kept["reconstructions"][-1], pixels(inference.reconstruct(model, images)))
    mean, log_variance = inference.encode(model, images)
    assert torch.equal(kept["mean"][-1], mean)
    assert torch.equal(kept["log_variance"][-1], log_variance)
    assert not torch.equal(kept["reconstructions"][-1], kept["reconstructions"][-2])


def test_what_is_kept_has_the_shapes_and_kinds_that_are_promised(tmp_path, validation):
    kept = trained(build(variational=True), look(tmp_path, validation))
    assert {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in kept.items()} == {
        "steps": (torch.int64, (10,)),
        "images": (torch.int64, (10,)),
        "index": (torch.int64, (16,)),
        "reconstructions": (torch.uint8, (10, 16, 32, 32, 3)),
        "mean": (torch.float32, (10, 16, 8)),
        "log_variance": (torch.float32, (10, 16, 8)),
        "samples": (torch.uint8, (3, 16, 32, 32, 3)),
        "sample_points": (torch.int64, (3,)),
    }
    assert kept["steps"][kept["sample_points"]].tolist() == [64, 256, 1024]


def test_a_plain_autoencoder_has_no_spread_and_makes_nothing_up(tmp_path, validation):
    kept = trained(build(variational=False), look(tmp_path, validation))
    assert set(kept) == {"steps", "images", "index", "reconstructions"}


def test_points_of_a_short_training_that_share_a_step_are_equal(tmp_path, validation):
    kept = trained(build(variational=True), look(tmp_path, validation, steps=3))
    assert kept["steps"].tolist() == [1] * 8 + [2, 3]
    first = kept["reconstructions"][0]
    assert all(torch.equal(first, other) for other in kept["reconstructions"][1:8])
    assert torch.equal(kept["samples"][0], kept["samples"][1])  # 1/16 and 1/4
    assert not torch.equal(kept["samples"][1], kept["samples"][2])


def test_samples_are_of_the_same_draws_at_every_point_and_in_every_training(tmp_path, validation):
    looked, kept = look(tmp_path, validation), []
    for seed in (0, 1):
        model = build(variational=True)
        torch.manual_seed(seed)
        for step in looked.steps:
            horizon.keep(looked, model, step)
        kept.append(saved(looked)["samples"])
    assert torch.equal(kept[0], kept[1])
    assert torch.equal(kept[0][0], kept[0][2])
    assert not torch.equal(kept[0][0][0], kept[0][0][1])


@pytest.mark.parametrize("training", [True, False], ids=["in training", "in evaluation"])
def test_a_look_leaves_the_model_and_the_random_numbers_as_they_were(tmp_path, validation, training):
    model, looked = build(variational=True).train(training), look(tmp_path, validation)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()} | {"": torch.get_rng_state()}
    horizon.keep(looked, model, looked.steps[-1])
    after = model.state_dict() | {"": torch.get_rng_state()}
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert {module.training for module in model.modules()} == {training}
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.parameters())


def test_a_closed_form_has_one_point_of_as_many_images_as_there_are_at_most(tmp_path):
    validation = write_array(tmp_path / "many.npy", 80)
    looked = horizon.of_closed_form(tmp_path / "horizon", validation, 48)
    horizon.keep(looked, models.build("pca", 32, 3, 1.0, {"code": 4}), 1)
    kept = saved(looked)
    assert (kept["steps"].tolist(), kept["images"].tolist()) == ([1], [48])
    assert kept["reconstructions"].shape == (1, 64, 32, 32, 3)
    assert set(looked.index) > set(look(tmp_path, validation, steps=100).index)


def test_what_other_trainings_have_left_does_not_enter(tmp_path, validation):
    expected = trained(build(variational=False), look(tmp_path / "a", validation))
    folder = tmp_path / "b" / "horizon"
    folder.mkdir(parents=True)
    for stray in ("7.pt", "2000.pt", ".99.partial.512.pt", "1024.pt"):
        (folder / stray).write_bytes(b"abandoned")  # the last of them is of a step that comes again
    kept = trained(build(variational=False), look(tmp_path / "b", validation))
    assert set(kept) == set(expected)
    assert all(torch.equal(tensor, expected[name]) for name, tensor in kept.items())


def test_a_point_that_is_missing_or_damaged_is_refused_with_what_to_do(tmp_path, validation):
    looked = look(tmp_path, validation)
    trained(build(variational=False), looked)
    point = looked.folder / "512.pt"
    whole = point.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for damaged in (flipped, whole[: len(whole) // 2], b"", None):
        if damaged is None:
            point.unlink()
        else:
            point.write_bytes(damaged)
        with pytest.raises(files.BadInput, match=r"512\.pt: (missing|damaged).*; delete .* to train from"):
            saved(looked)
