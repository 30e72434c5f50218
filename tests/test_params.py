"""params.yaml: what is read, and what is refused by name."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from autofaces.core import params
from autofaces.core.found import class_name
from autofaces.core.yaml12 import Loader
from autofaces.training import models, objectives

ROOT = Path(__file__).parents[1]


@pytest.fixture
def settings() -> dict:
    return yaml.load((ROOT / "params.yaml").read_text(), Loader)


@pytest.fixture
def refused(tmp_path, settings):
    """Write the settings with one value replaced (or, given a dict, added to), and return the message."""

    def refusal(dotted: str, value: object) -> str:
        *path, last = dotted.split("/")
        place = settings
        for part in path:
            place = place[part]
        if value is KeyError:
            del place[last]
        else:
            place[last] = value
        (tmp_path / "params.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))
        with pytest.raises(params.SettingsError) as error:
            params.load(tmp_path / "params.yaml")
        return str(error.value)

    return refusal


def test_the_projects_own_settings_are_allowed():
    assert params.load(ROOT / "params.yaml").profile == "demo"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("profile", "dmeo", "profile: 'dmeo' is unknown; known: smoke, demo, sample, paper; did you mean demo?"),
        ("colour", "red", "colour = 'red': unknown key"),
        ("seed", -1, "seed = -1: input should be greater than or equal to 0"),
        ("seed", KeyError, "seed: missing"),
        ("smallest_batch", KeyError, "smallest_batch: missing"),
        ("smallest_batch", 0, "smallest_batch = 0: input should be greater than or equal to 1"),
        ("seed", True, "seed = True: input should be a valid integer"),
        ("profiles/demo/source", "web", "profiles.demo.source = 'web': input should be 'synthetic', 'local' or"),
        ("profiles/demo/images", None, "profiles.demo: images: source synthetic draws as many faces as asked for"),
        ("profiles/demo/images", 3, "profiles.demo.images = 3: input should be greater than or equal to 30"),
        ("profiles/demo/scale/lfw/width", 0, "profiles.demo.scale.lfw.width = 0: input should be greater than 0"),
        ("profiles/demo/scale", {"lfw": {}}, "profiles.demo.scale: anime, the dataset of kovenko-ae, is missing; `anime: {}` tr"),
        ("profiles/demo/scale", {"celebA": {}}, "profiles.demo.scale: 'celebA' is unknown; known: lfw, anime, celeba,"),
        ("profiles/demo/seeds", 0, "profiles.demo.seeds = 0: input should be greater than or equal to 1"),
        ("profiles/demo/seeds", [0, 1, 2], "profiles.demo.seeds = [0, 1, 2]: input should be a valid integer"),
        ("experiments/ray-stacked/applications", ["fly"], "experiments.ray-stacked.applications.0 = 'fly': input should be 'search'"),
        ("profiles/demo/precision", "fp16", "profiles.demo.precision = 'fp16': input should be 'float32' or 'auto'"),
        ("profiles/demo/split", {"celebA": "identity"}, "profiles.demo.split: 'celebA' is unknown; known: lfw, anime, celeba,"),
        ("profiles/demo/split", {"lfw": "person"}, "profiles.demo.split.lfw = 'person': input should be 'identity',"),
        ("profiles/demo/split", KeyError, "profiles.demo.split: missing"),
        ("profiles/demo/size", KeyError, "profiles.demo.size: missing"),
        ("profiles/demo/size", {"amine": 64}, "profiles.demo.size: 'amine' is unknown; known: lfw, anime, celeba, celeba-grey64, cufs; did you mean anime?"),
        ("profiles/demo/size", {"anime": 60}, "profiles.demo.size.anime = 60: input should be 32, 64 or 128"),
        ("profiles/demo/ablations", "all", "profiles.demo.ablations = 'all': input should be a valid boolean"),
        ("profiles/demo/ablations", ["kovenko-vae-bm"], "profiles.demo.ablations: 'kovenko-vae-bm' is unknown; known: ray-recursive-bn-postnorm, "),
        ("profiles/sample/scale/celeba/width", 0.5, "profiles.sample: scale.celeba.width = 0.5: networks are narrower on synthetic faces alone; for less work set image_passes, images or size"),
        ("profiles/paper/scale/lfw/width", 0.25, "profiles.paper: scale.lfw.width = 0.25: networks are narrower on"),
        ("archives/lfw/images", KeyError, "archives.lfw.images: missing"),
        ("archives/lfw/images", 0, "archives.lfw.images = 0: input should be greater than or equal to 1"),
        ("archives/lfw/layout", "ifw", "archives.lfw.layout = 'ifw': input should be 'lfw', 'anime', 'celeba',"),
        ("datasets/lfw/archive", "ifw", "datasets.lfw.archive: 'ifw' is unknown; known: lfw, anime, celeba, cufs; did"),
        ("datasets/lfw/size", 100, "datasets.lfw.size = 100: input should be 32, 64 or 128"),
        ("datasets/lfw/crop", "round", "datasets.lfw.crop = 'round': input should be 'square' or 'whole'"),
        ("datasets/lfw/validation", KeyError, "datasets.lfw.validation: missing"),
        ("datasets/lfw/test", KeyError, "datasets.lfw.test: missing"),
        ("datasets/lfw/test", 1.0, "datasets.lfw.test = 1.0: input should be less than 1"),
        ("datasets/lfw/test", 0.95, "datasets.lfw: validation + test: 0.1 + 0.95 leave nothing to train on"),
        ("archives/lfw/files/lfw.tgz/sha256", "abc", "archives.lfw.files.lfw.tgz.sha256 = 'abc': string should match"),
        ("archives/lfw/files/lfw.tgz/urls", ["ftp://x"], "archives.lfw.files.lfw.tgz.urls.0 = 'ftp://x': string should"),
        ("train", {"clip_norm": 1.0}, "train = {'clip_norm': 1.0}: unknown key"),
        ("papers/ray2020/train/clip_norm", 0.0, "papers.ray2020.train.clip_norm = 0.0: input should be greater than 0"),
        ("papers/Ray 2020", {}, "papers.Ray 2020"),
        ("experiments/ray-stacked/paper", "ray2021", "experiments.ray-stacked.paper: 'ray2021' is unknown; known: ray2020, kovenko2020, koenig2020, kolotouros2017, baseline; did you mean ray2020?"),
        ("experiments/ray-stacked/dataset", "ifw", "experiments.ray-stacked.dataset: 'ifw' is unknown; known: lfw,"),
        ("experiments/ray-stacked/model", {"name": "lader"}, "'lader' is unknown; known: dcgan, dcgan_pooled, deep_vae, ladder,"),
        ("experiments/ray-stacked/model", {"name": "ladder", "levles": 7}, "levles = 7: unknown key"),
        ("experiments/ray-stacked/model", {"name": "ladder", "levels": 8}, "levels = 8: input should be less than or"),
        ("experiments/pca-lfw/model", {"name": "pca"}, "model pca: code: missing (arguments of pca: code)"),
        ("experiments/ray-stacked/objective", {"name": "mse2"}, "'mse2' is unknown; known: mse, mae, layerwise, weighted, elbo"),
        ("experiments/ray-stacked/objective", {"name": "mse", "beta": 1.0}, "beta = 1.0: unknown key"),
        ("experiments/ray-stacked/model", {"name": "ladder", "norm": "b"}, "norm = 'b': input should be 'none', 'batch'"),
        ("experiments/ray-weighted/objective", {"name": "weighted"}, "objective weighted: decay: missing (arguments of"),
        ("experiments/ray-stacked/objective/dropout", 1.0, "objective mse: dropout = 1.0: input should be less"),
        ("experiments/ray-stacked/objective/dropout", -0.1, "objective mse: dropout = -0.1: input should be gr"),
        ("experiments/ray-stacked/objective/noise", -0.1, "objective mse: noise = -0.1: input should be greater"),
        ("experiments/kolotouros-sketch-vae/objective/variance", 0, "objective elbo: variance = 0: input should be greater"),
        ("experiments/kolotouros-sketch-vae/objective/variance", "best", "objective elbo: variance = 'best': input should be a valid number; variance = 'best': input should be 'optimal'"),
        ("experiments/kolotouros-sketch-vae/objective/reduction", "max", "objective elbo: reduction = 'max': input should be 'sum' or 'mean'"),
        ("experiments/ray-stacked/model/targets", "norm", "targets = 'norm': input should be 'activations' or 'normalised'"),
        ("experiments/kolotouros-celeba-vae/model/repeats", 0, "repeats = 0: input should be greater than or equal to 1"),
        ("experiments/ray-stacked/train", {"with_validation": 1}, "experiments.ray-stacked.train.with_validation = 1: input should be"),
        ("experiments/kolotouros-sketch-vae/objective/likelihood", "cauchy", "likelihood = 'cauchy': input should be 'gaus"),
        ("experiments/ray-stacked-vae/objective", {"name": "elbo", "likelihood": "gaussian", "warmup_epochs": 11}, "objective.warmup_epochs = 11: longer than the training of 10 epochs"),
        ("experiments/kolotouros-sketch-vae/objective/warmup_epochs", 9, "objective.warmup_epochs = 9: longer than the training in steps"),
        ("experiments/pca-lfw/objective", {"name": "mse"}, "experiments.pca-lfw: objective, train: set both (trained by gradient) or neither (a closed form); papers.baseline.train may hold what rows share"),
        ("experiments/pca-lfw/train", {"epochs": 1}, "experiments.pca-lfw: objective, train: set both (trained by"),
        ("experiments/ray-stacked/train", {"steps": 5, "epochs": 2}, "experiments.ray-stacked.train: epochs, steps: set one of the two"),
        ("papers/ray2020/train/steps", 5, "ray-stacked.train: epochs, steps: set one of the two (here or in papers.ray2020.train)"),
        ("papers/ray2020/train/epochs", KeyError, "experiments.ray-stacked.train: epochs, steps: set one of the two"),
        ("papers/ray2020/train/epochs", 0, "papers.ray2020.train.epochs = 0: input should be greater"),
        ("papers/ray2020/train", KeyError, "papers.ray2020.train: missing"),
        ("papers/ray2020/train/bfloat16", KeyError, "papers.ray2020.train.bfloat16: missing"),
        ("papers/ray2020/train/bfloat16", "yes", "papers.ray2020.train.bfloat16 = 'yes': input should be a valid boolean"),
        ("experiments/ray-stacked/train", {"bfloat16": True}, "experiments.ray-stacked.train.bfloat16 = True: unknown key"),
        ("papers/koenig2020/train/optimizer", KeyError, "bs16.train: optimizer: missing (here or in papers.koenig2020.train)"),
        ("experiments/ray-stacked/train", {"batch_size": 0}, "experiments.ray-stacked.train.batch_size = 0: input should"),
        ("papers/ray2020/train/batch_size", 9000, "experiments.ray-stacked.train.batch_size = 9000: times profiles.demo.scale.lfw.batch = 0.5 more than profiles.demo.images = 1600, all the images there are"),
        ("ablations/kovenko-vae-bn/paper", "kovenko", "ablations.kovenko-vae-bn.paper: 'kovenko' is unknown; known: ray2020, kovenko2020,"),
        ("ablations/kovenko-vae-bn/train", {"steps": 9, "epochs": 9}, "ablations.kovenko-vae-bn.train: epochs, steps: set one of the two"),
        ("ablations/kovenko-vae-bn/model", {"name": "polling"}, "ablations.kovenko-vae-bn.model: name: 'polling' is unknown"),
        ("ablations/ray-stacked", {"paper": "ray2020", "dataset": "lfw", "model": {"name": "ladder"}, "objective": {"name": "mse"}}, "ablations.ray-stacked: there is a row of this name in experiments; give it another"),
        ("papers/ray2020/train/optimizer", "adm", "train.optimizer = 'adm': input should be 'adam' or"),
        ("papers/ray2020/train/learning_rate", "fast", "train.learning_rate = 'fast': input should be a valid"),
        ("experiments/Ray Stacked", {}, "experiments.Ray Stacked"),
    ],
)  # fmt: skip
def test_a_wrong_setting_is_refused_by_key_value_and_what_is_allowed(refused, key, value, message):
    assert message in refused(key, value)


def test_every_wrong_setting_is_named_at_once(refused, settings):
    settings["seed"] = "zero"
    message = refused("papers/ray2020/train/clip_norm", 0)
    assert "2 wrong" in message
    assert re.search(r"\n  seed = 'zero'.*\n  papers\.ray2020\.train\.clip_norm = 0:", message)


@pytest.mark.parametrize("text", ["1e-05", "1.0e-5", "0.00001", "1E-5"])
def test_numbers_are_numbers_as_dvc_writes_them(tmp_path, text):
    source = (ROOT / "params.yaml").read_text().replace("learning_rate: 0.001", f"learning_rate: {text}")
    (tmp_path / "params.yaml").write_text(source)
    loaded = params.load(tmp_path / "params.yaml")
    assert loaded.papers["ray2020"].train.learning_rate == 1e-5


def test_text_that_looks_like_a_number_is_pointed_at(refused):
    message = refused("papers/ray2020/train/learning_rate", "0.001")
    assert "'0.001': this is text; write the number without quotes" in message


def row(train: dict | None, objective: str | None = "mse") -> params.Experiment:
    settings = {"paper": "ray2020", "dataset": "lfw", "model": {"name": "ladder"}, "train": train}
    return params.Experiment.model_validate(settings | {"objective": objective and {"name": objective}})


@pytest.mark.parametrize(
    ("shared", "own", "expected"),
    [
        ({"epochs": 10, "batch_size": 32}, None, {"epochs": 10, "batch_size": 32}),
        ({"epochs": 10, "batch_size": 32}, {"batch_size": 16, "clip_norm": 1.0}, {"epochs": 10, "batch_size": 16, "clip_norm": 1.0}),
        ({"epochs": 10, "batch_size": 32, "clip_norm": 1.0}, {"clip_norm": None}, {"epochs": 10, "batch_size": 32}),
        ({"epochs": 10, "batch_size": 32}, {"epochs": 2}, {"epochs": 2, "batch_size": 32}),
        ({"epochs": 10, "batch_size": 32}, {"steps": 99}, {"steps": 99, "batch_size": 32}),
        ({"steps": 99, "batch_size": 32}, {"epochs": 2}, {"epochs": 2, "batch_size": 32}),
        (None, {"steps": 99, "optimizer": "adam"}, {"steps": 99, "optimizer": "adam"}),
    ],
    ids=["all shared", "some of its own", "no clipping of its own", "epochs", "steps for epochs", "epochs for steps", "none shared"],
)  # fmt: skip
def test_a_row_is_trained_as_its_paper_says_but_for_what_it_says_itself(shared, own, expected):
    found = params.schedule(params.Shared(**shared, bfloat16=True) if shared else None, row(own))
    assert found.model_dump(exclude_none=True) == expected


def test_a_closed_form_has_no_schedule_whatever_its_paper_shares():
    assert params.schedule(params.Schedule(epochs=10), row(None, objective=None)) is None
    assert params.schedule(None, row(None, objective=None)) is None


@given(st.integers(1, 1000), st.floats(0, 1, exclude_min=True), st.integers(1, 64))
def test_a_batch_is_cut_to_what_batch_norm_bears_and_never_grows(batch_size, factor, least):
    batch = params.Schedule(batch_size=batch_size).batch(factor, least)
    assert min(batch_size, least) <= batch <= batch_size
    if batch_size * factor >= least:
        assert batch == round(batch_size * factor)


class TestRows:
    @pytest.fixture
    def loaded(self, settings) -> Callable[[bool | list[str]], params.Params]:
        """The settings, with those ablations in the profile demo."""

        def load(ablations: bool | list[str]) -> params.Params:
            settings["profiles"]["demo"]["ablations"] = ablations
            return params.Params.model_validate(settings)

        return load

    def test_are_those_of_the_papers_and_then_the_ablations(self, loaded):
        found = loaded(False)
        assert list(found.rows) == [*found.experiments, *found.ablations]
        assert found.place("ray-stacked") == "experiments.ray-stacked"
        assert found.place("kovenko-vae-bn") == "ablations.kovenko-vae-bn"

    @pytest.mark.parametrize(
        ("named", "expected"), [(True, [True, True]), (False, [False, False]), (["kovenko-vae-bn"], [True, False])]
    )
    def test_of_the_papers_all_run_and_of_the_ablations_those_that_a_profile_names(self, loaded, named, expected):
        found = loaded(named)
        assert [found.runs(key) for key in ("kovenko-vae-bn", "kovenko-ae-mae")] == expected
        assert all(map(found.runs, found.experiments))
        assert found.runs("kovenko-ae-mae", "paper")

    def test_a_stage_finds_either_by_its_key(self, monkeypatch):
        monkeypatch.chdir(ROOT)
        assert params.row("ray-stacked").paper == "ray2020"
        assert params.row("kovenko-vae-bn").train.epochs == 240
        assert [params.is_ablation(key) for key in ("ray-stacked", "kovenko-vae-bn")] == [False, True]
        assert [params.runs(key) for key in ("ray-stacked", "kovenko-vae-bn")] == [True, False]
        with pytest.raises(
            params.SettingsError, match=r"experiments\.ray-staked: 'ray-staked' is unknown.*mean ray-stacked"
        ):
            params.row("ray-staked")

    def test_an_ablation_is_the_row_of_a_paper_but_for_one_setting(self):
        found = params.load(ROOT / "params.yaml")

        def settings(key: str) -> dict:
            row = found.rows[key]
            return row.model_dump(exclude={"applications"}) | {
                "model": row.model.model_dump(),
                "objective": row.objective.model_dump(),
                "train": params.schedule(found.papers[row.paper].train, row).model_dump(exclude_none=True),
            }

        def differ(one: dict, other: dict) -> set[str]:
            flat = [
                {f"{k}.{n}": x for k, v in d.items() if isinstance(v, dict) for n, x in v.items()} for d in (one, other)
            ]
            return {name for name in flat[0].keys() | flat[1].keys() if flat[0].get(name) != flat[1].get(name)}

        for key, (of, name) in ONE_SETTING.items():
            assert differ(settings(key), settings(of)) == set(name.split()), key
        assert ONE_SETTING.keys() == found.ablations.keys()


CODES = {f"kovenko-ae-code{n}": ("kovenko-ae", "model.code train.epochs") for n in (8, 16, 32, 64, 128, 256)}
CODES |= {f"kolotouros-sketch-vae-code{n}": ("kolotouros-sketch-vae", "model.code") for n in (4, 8, 32, 64, 128)}
ONE_SETTING = CODES | {
    "ray-recursive-bn-postnorm": ("ray-recursive-bn", "model.targets"),
    "kovenko-vae-bn": ("kovenko-vae-warmup", "objective.warmup_epochs"),
    "kovenko-vae-warmup-only": ("kovenko-vae-warmup", "model.norm"),
    "kovenko-vae-mean-reduction": ("kovenko-vae-var1e-1", "objective.reduction"),
    "kovenko-vae-optimal-variance": ("kovenko-vae-var1e-2", "objective.variance"),
    "kovenko-ae-mae": ("kovenko-ae", "objective.name"),
    "kolotouros-sketch-ae-long": ("kolotouros-sketch-ae", "train.steps train.with_validation"),
    "kolotouros-sketch-vae-long": ("kolotouros-sketch-vae", "train.steps train.with_validation"),
    "kolotouros-celeba-vae-deeper": ("kolotouros-celeba-vae", "model.repeats"),
}


def test_a_missing_file_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(params.SettingsError, match=r"absent.yaml: not found in .*; run from the project's top folder"):
        params.load(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    "data",
    [b"profile: [demo", b"seed: 2026-13-45", b"? [a]\n: 1", b"\x00", b"[" * 5000, b"a: " + b"9" * 5000, b"seed: !!x 1"],
    ids=["no end", "a date", "a list as key", "no text", "deep", "long number", "tag"],
)
def test_broken_yaml_is_refused(tmp_path, data):
    (tmp_path / "params.yaml").write_bytes(data)
    with pytest.raises(params.SettingsError, match=r"^[^\n]*not readable as YAML[^\n]*$"):
        params.load(tmp_path / "params.yaml")


def test_what_is_no_utf8_is_refused(tmp_path):
    (tmp_path / "params.yaml").write_bytes(b"profile: \xff")
    with pytest.raises(params.SettingsError, match=r"params.yaml: not UTF-8 text"):
        params.load(tmp_path / "params.yaml")


def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text() + "seed: 1\n")
    with pytest.raises(
        params.SettingsError, match=r"the key 'seed' stands twice, first in line \d+; take one out line "
    ):
        params.load(tmp_path / "params.yaml")


def test_a_section_is_found_by_its_dotted_name(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert params.section("experiments.ray-stacked").model.name == "ladder"
    assert params.section("seed") == 0
    with pytest.raises(
        params.SettingsError, match=r"experiments\.ray-staked: 'ray-staked' is unknown.*mean ray-stacked"
    ):
        params.section("experiments.ray-staked")


def test_the_schema_of_a_model_is_its_constructor():
    import importlib

    for name, schema in params.models().items():
        cls = getattr(importlib.import_module(f"autofaces.networks.{name}"), class_name(name))
        keywords = [p for p in inspect.signature(cls).parameters.values() if p.kind is p.KEYWORD_ONLY]
        assert list(schema.model_fields) == [p.name for p in keywords]


def test_the_schema_of_an_objective_is_its_function():
    for name, schema in params.objectives().items():
        keywords = inspect.signature(getattr(objectives, name)).parameters.values()
        assert list(schema.model_fields) == [p.name for p in keywords if p.kind is p.KEYWORD_ONLY]


def test_every_experiment_can_be_built():
    settings = params.load(ROOT / "params.yaml")
    for experiment in settings.rows.values():
        dataset = settings.datasets[experiment.dataset]
        model = experiment.model
        for size in {settings.size(experiment.dataset, profile) for profile in settings.profiles}:
            assert models.size(model.name, size, dataset.channels, 1.0, model.arguments) > 0
