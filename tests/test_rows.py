"""A row with all its seeds, as it is left behind."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import write_array
from safetensors.torch import load_file

from autofaces.core import files, history, params
from autofaces.training import checkpoints, loop, models, objectives, rows
from autofaces.training.devices import Machine

SCHEDULE = params.Schedule(epochs=2, batch_size=16, optimizer="adam", learning_rate=0.001)
ROW = params.Experiment.model_validate(
    {
        "paper": "koenig2020",
        "dataset": "celeba",
        "model": {"name": "dcgan", "n_f": 4, "code": 8},
        "objective": {"name": "mse", "noise": 0.1},
        "applications": ["search"],
    }
)
PCA = params.Experiment.model_validate({"paper": "baseline", "dataset": "lfw", "model": {"name": "pca", "code": 4}})


ABOUT = {"profile": "sample", "faces": "local", "crop": "square", "official_images": 202599, "full_size": 64}


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch) -> Path:
    """A folder to work in, with arrays in `arrays`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DVC_ROOT", raising=False)
    torch.set_num_threads(1)
    for seed, (part, count) in enumerate({"train": 48, "validation": 8}.items()):
        write_array(tmp_path / "arrays" / f"{part}.npy", count, seed=seed)
    files.write_json(tmp_path / "arrays" / "about.json", ABOUT)
    return tmp_path


def train(
    folder: str,
    experiment=ROW,
    schedule: params.Schedule | None = SCHEDULE,
    seeds: int = 1,
    ablation: bool = False,
    smallest_batch: int = 16,
    **scale,
) -> Path:
    place, machine = Path(folder), Machine(torch.device("cpu"), torch.float32)
    more = {"smallest_batch": smallest_batch, "ablation": ablation}
    rows.train("tiny", experiment, schedule, params.Scale(**scale), seeds, machine, "arrays", place, **more)
    return place


def contents(folder: Path) -> dict[Path, bytes]:
    return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_config_holds_what_the_model_is_and_how_it_was_trained():
    folder = train("row", image_passes=64, width=0.5)
    model, config = models.load(folder)
    full = models.build("dcgan", 64, 3, 1.0, {"n_f": 4, "code": 8}).eval()
    code = rows.sources("dcgan")
    train_mse = loop.mean_squared_error(model, [np.load("arrays/train.npy", mmap_mode="r")], 48)
    assert config == {
        "name": "dcgan",
        "size": 32,
        "channels": 3,
        "width": 0.5,
        "arguments": {"n_f": 4, "code": 8},
        "experiment": "tiny",
        "ablation": False,
        "paper": "koenig2020",
        "dataset": "celeba",
        "objective": {"name": "mse", "arguments": {"noise": 0.1}},
        "train": {"epochs": 2, "batch_size": 16, "optimizer": "adam", "learning_rate": 0.001},
        "applications": ["search"],
        **ABOUT,
        "scale": {"image_passes": 64, "width": 0.5, "batch": 1.0},
        "parameters": models.count(model),
        "flops_per_image": models.flops(model, 32, 3),
        "parameters_full": models.count(full),
        "flops_full": models.flops(full, 64, 3),
        "sources": checkpoints.digest(code),
        "training": {
            "seed": 0,
            "device": "cpu",
            "precision": "float32",
            "threads": 1,
            "images": 64,
            "full_images": 96,
            "batch_size": 16,
            "train_images": 48,
            "train_mse": pytest.approx(train_mse),
        },
        "sha256": config["sha256"],
    }


def test_a_closed_form_has_neither_objective_nor_schedule_and_is_fitted_once():
    folder = train("row", PCA, None, seeds=3)
    config = models.config(folder)
    assert (config["objective"], config["train"], config["applications"]) == (None, None, [])
    assert models.seeds(folder) == [folder]
    counts = {name: config["training"][name] for name in ("images", "full_images", "train_images", "batch_size")}
    assert counts == {"images": 48, "full_images": 48, "train_images": 48, "batch_size": None}
    assert load_file(folder / "horizon.safetensors")["reconstructions"].shape == (1, 8, 32, 32, 3)
    assert history.read(folder / "dvclive").images.tolist() == [48]


def test_the_history_is_there_while_a_row_trains_and_is_kept_with_the_model(monkeypatch):
    seen, fit = [], loop.fit

    def watched(*arguments, **settings):
        for row in fit(*arguments, **settings):
            yield row
            seen.append(history.read("data/live/tiny"))

    monkeypatch.setattr(loop, "fit", watched)
    folder = train("row")
    kept = history.read(folder / "dvclive")
    assert [len(table) for table in seen] == list(range(1, len(kept) + 1))
    assert seen[-1].equals(kept)
    assert {"step", "epoch", "images", "train_loss", "validation_loss", "validation_mse"} <= set(kept)
    assert kept.images.iloc[-1] == models.config(folder)["training"]["images"] == 96
    assert list(Path("data/live").iterdir()) == []


def test_each_seed_has_a_model_and_a_history_of_its_own_and_no_work_is_left():
    folder = train("row", seeds=2)
    places = models.seeds(folder)
    assert places == [folder, folder / "seed-1"]
    assert [models.config(place)["training"]["seed"] for place in places] == [0, 1]
    for name in ("weights", "horizon"):
        assert len({(place / f"{name}.safetensors").read_bytes() for place in places}) == 2
    assert len({history.read(place / "dvclive").train_loss.iloc[-1] for place in places}) == 2
    assert list(Path("data/live").iterdir()) == []
    assert [path.name for path in checkpoints.root().iterdir()] == ["speed"]


def test_the_first_seed_is_the_same_whatever_the_number_of_seeds():
    one, two = contents(train("one")), contents(train("two", seeds=2))
    assert {name: data for name, data in two.items() if name.parts[0] != "seed-1"} == one


def test_what_one_seed_has_learned_is_not_lost_with_the_next(monkeypatch):
    expected = contents(train("whole", seeds=2))
    mse, steps = objectives.mse, []

    def interrupted(model, images, context, **settings):
        if model.training:
            steps.append(1)
        if len(steps) == 8:  # of the second seed: the first has six
            raise KeyboardInterrupt
        return mse(model, images, context, **settings)

    monkeypatch.setattr(objectives, "mse", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train("cut", seeds=2)
    assert contents(train("again", seeds=2)) == expected
    assert len(steps) == 8 + 5  # the second goes on after its first


def test_the_validation_images_train_too_where_a_schedule_says_so():
    schedule = SCHEDULE.model_copy(update={"with_validation": True})
    folder = train("row", schedule=schedule)
    model, config = models.load(folder)
    parts = [np.load(f"arrays/{part}.npy", mmap_mode="r") for part in ("train", "validation")]
    assert config["training"]["train_images"] == 56
    assert config["training"]["train_mse"] == pytest.approx(loop.mean_squared_error(model, parts, 56))
    assert (config["training"]["images"], config["training"]["full_images"]) == (
        96,
        96,
    )  # of the rest, others each epoch
    without, (_, its) = train("without"), models.load(train("again", schedule=schedule))
    assert its == config
    assert (folder / "weights.safetensors").read_bytes() != (without / "weights.safetensors").read_bytes()
    index = [load_file(place / "horizon.safetensors")["index"] for place in (folder, without)]
    assert torch.equal(*index)


def test_a_row_beside_the_papers_says_so_and_is_the_same_otherwise():
    own, theirs = contents(train("own", ablation=True)), contents(train("theirs"))
    its, others = (json.loads(found.pop(Path("config.json"))) for found in (own, theirs))
    assert its["sha256"].pop("config") != others["sha256"].pop("config")
    assert its == others | {"ablation": True}
    assert own == theirs


@pytest.mark.parametrize(
    "change",
    [
        *({"profile": "demo"}, {"official_images": None}, {"full_size": 128}),
        *({"applications": ["probe"]}, {"ablation": True}),
    ],
    ids=lambda change: next(iter(change)),
)
def test_only_what_decides_the_weights_is_in_the_fingerprint(monkeypatch, change):
    found, fingerprint = [], checkpoints.fingerprint

    def spy(settings, *others):
        found.append(fingerprint(settings, *others))
        return found[-1]

    monkeypatch.setattr(checkpoints, "fingerprint", spy)
    train("row")
    files.write_json("arrays/about.json", ABOUT | {k: v for k, v in change.items() if k in ABOUT})
    row = ROW.model_copy(update={k: v for k, v in change.items() if k == "applications"})
    train("again", row, ablation="ablation" in change)
    for other in ({"clip_norm": 1.0}, {"with_validation": True}):
        train(f"other-{len(found)}", schedule=SCHEDULE.model_copy(update=other))
    train("other", smallest_batch=8)
    assert found[0] == found[1]
    assert len(set(found)) == 4


def test_a_batch_is_not_cut_below_the_smallest():
    sizes = [models.config(train(f"{n}", batch=0.25, smallest_batch=n))["training"]["batch_size"] for n in (2, 8, 32)]
    assert sizes == [4, 8, 16]


def test_a_network_that_takes_no_images_of_the_data_sets_own_size_is_refused_before_it_trains():
    files.write_json("arrays/about.json", ABOUT | {"full_size": 48})
    with pytest.raises(files.BadInput, match=r"^tiny: counted at the data set's own size: dcgan: images of 48 pixels"):
        train("row")
    assert not Path("row").exists()


def test_speed_and_memory_are_told_where_nothing_tracks_them(capsys):
    train("row")
    speed = json.loads((checkpoints.root() / "speed" / "tiny.json").read_text())
    assert {"seconds", "images_per_second", "peak_memory_mib"} <= set(speed)
    said = capsys.readouterr().out
    assert said.startswith("tiny: validation mse 0.")
    assert " after 96 images; " in said


def test_the_code_that_a_training_depends_on_is_that_of_its_own_network():
    names = {str(path.relative_to(path.parents[1])) for path in rows.sources("pca")}
    assert {"training/layers.py", "training/loop.py", "networks/pca.py"} <= names
    assert not {"networks/dcgan.py", "evaluation/measure.py"} & names
