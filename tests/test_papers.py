"""The papers' files; and every row of params.yaml at full scale, one by one, against where in its paper each number
stands. The table is of all rows of the papers, those too that params.yaml does not have yet.

"Ours" marks what a paper leaves open; the model files say why.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from autofaces import papers
from autofaces.app.cli import app
from autofaces.core import files, params

SETTINGS = params.load(Path(__file__).parents[1] / "params.yaml")

# Sections, tables and figures are those of the paper; "report": ray2020's final report of 2022.
ADAM, ADAMAX = {"optimizer": "adam"}, {"optimizer": "adamax"}
RAY = {"epochs": 10, "batch_size": 32, "learning_rate": 0.001} | ADAM  # report; Keras's default rate
KOVENKO = {"batch_size": 128, "learning_rate": 0.001} | ADAMAX  # section 3.2 ("the same throughout"); Keras's rate
KOENIG = {"learning_rate": 0.0002} | ADAM  # section 3
# section 1.2 the iteration, and none of the 87 sketches is kept from training; the rest ours
SKETCH = {"steps": 1299, "batch_size": 32, "learning_rate": 0.001, "with_validation": True} | ADAM
GREY = {"epochs": 10, "batch_size": 128, "learning_rate": 0.001} | ADAM  # all ours: section 1.3 gives none

STACKED, RECURSIVE = ("mse", {}), ("layerwise", {})  # section 3, figure 1
STACKED_VAE, RECURSIVE_VAE = ("mse", {"kl": 1.0}), ("layerwise", {"kl": 1.0})  # notebooks: mse + KL / (128 * 128)
SHARED = {"norm": "shared"}  # report, table 1
SHARED_RELU = {"norm": "shared", "activation": "relu"}  # report, table 1


def ray(model: dict, objective: tuple, parameters: int = 1_771_083) -> tuple:
    """report, section 4.2: seven levels, 6 to 384 filters, 1,771,083 parameters; + norms, + two maps to the code."""
    return ("ray2020", "lfw", "ladder", model, *objective, RAY, parameters)


def kovenko(model: dict, objective: str, settings: dict, epochs: int, parameters: int) -> tuple:
    """Figure 3 is not in the text: the architecture is ours."""
    return ("kovenko2020", "anime", "pooling", model, objective, settings, {"epochs": epochs} | KOVENKO, parameters)


def variance(value: float, **more: float) -> dict:
    """section 4.1, equation (5): a Gaussian of fixed variance."""
    return {"likelihood": "gaussian", "variance": value, **more}


def koenig(n_f: int, batch: int, epochs: int, parameters: int, **more: float) -> tuple:
    """section 2, model 1; parameters: README of the published code (n_f 64), the others by the same rule."""
    train = {"epochs": epochs, "batch_size": batch} | KOENIG
    return ("koenig2020", "celeba", "dcgan", {"n_f": n_f, **more}, "mse", {}, train, parameters)


def pooled(batch: int) -> tuple:
    """section 2, model 2, of the same feature maps as model 1 in experiment 1."""
    train = {"epochs": 8, "batch_size": batch} | KOENIG
    return ("koenig2020", "celeba", "dcgan_pooled", {"n_f": 16}, "mse", {}, train, 83_776)


def pca(dataset: str, code: int, pixels: int) -> tuple:
    """Ours: the code size of the dataset's main model; a mean and a component for each number."""
    return ("baseline", dataset, "pca", {"code": code}, None, None, None, (code + 1) * pixels)


# experiment -> paper, dataset, model, its arguments, objective, its arguments, training, parameters
ROWS = {
    "ray-stacked": ray({}, STACKED),  # section 4
    "ray-recursive": ray({}, RECURSIVE),  # section 4
    "ray-stacked-bn": ray({"norm": "batch"}, STACKED, 1_773_363),  # report, table 1
    "ray-recursive-bn": ray({"norm": "batch"}, RECURSIVE, 1_773_363),  # report, table 1
    "ray-stacked-sharedbn": ray(SHARED, STACKED, 1_772_607),  # report, table 1
    "ray-recursive-sharedbn": ray(SHARED, RECURSIVE, 1_772_607),  # report, table 1
    "ray-stacked-sharedbn-relu": ray(SHARED_RELU, STACKED, 1_772_607),  # report, table 1
    "ray-recursive-sharedbn-relu": ray(SHARED_RELU, RECURSIVE, 1_772_607),  # report, table 1
    "ray-stacked-vae": ray({"latent": "gaussian"}, STACKED_VAE, 2_066_763),  # report; notebooks
    "ray-recursive-vae": ray({"latent": "gaussian"}, RECURSIVE_VAE, 2_066_763),  # report; notebooks
    "ray-weighted": ray({}, ("weighted", {"decay": 0.5})),  # report, the open idea; the weights are ours
    "kovenko-ae": kovenko({}, "mse", {}, 10, 9_181_827),  # section 3.2: 10 epochs
    "kovenko-denoise-noise": kovenko({}, "mse", {"noise": 0.3}, 10, 9_181_827),  # section 3.2, figure 9; epochs ours
    "kovenko-denoise-dropout": kovenko({}, "mse", {"dropout": 0.3}, 10, 9_181_827),  # figure 10; epochs ours
    # section 4.2, figure 12: three variances, 200 epochs
    "kovenko-vae-var1e-1": kovenko({"variational": True}, "elbo", variance(0.1), 200, 13_376_387),
    "kovenko-vae-var1e-2": kovenko({"variational": True}, "elbo", variance(0.01), 200, 13_376_387),
    "kovenko-vae-var1e-3": kovenko({"variational": True}, "elbo", variance(0.001), 200, 13_376_387),
    # section 4.2, figures 13 to 15: batch norm, 40 epochs of warm-up and 200 more; the variance, the best, is ours
    "kovenko-vae-warmup": kovenko(
        {"norm": "batch", "variational": True}, "elbo", variance(0.01, warmup_epochs=40), 240, 13_377_795
    ),
    "koenig-m1-nf16-bs16": koenig(16, 16, 8, 3_493_824),  # section 5, experiment 1
    "koenig-m1-nf16-bs32": koenig(16, 32, 8, 3_493_824),  # experiment 1
    "koenig-m2-bs16": pooled(16),  # experiment 1
    "koenig-m2-bs32": pooled(32),  # experiment 1
    "koenig-m1-nf32-bs32": koenig(32, 32, 8, 9_772_416),  # experiment 2, figure 6
    "koenig-m1-nf32-bs64": koenig(32, 64, 8, 9_772_416),  # experiment 2
    "koenig-m1-nf64-bs32": koenig(64, 32, 8, 30_685_440),  # experiment 2
    "koenig-m1-nf64-bs64": koenig(64, 64, 8, 30_685_440),  # experiment 2
    "koenig-m1-nf128-bs128": koenig(128, 128, 10, 105_934_848),  # experiment 3, figure 7
    "koenig-m1-nf128-bs256": koenig(128, 256, 10, 105_934_848),  # experiment 3
    "koenig-m1-nf64-bs64-as-published": koenig(64, 64, 8, 30_685_440, slope=1.0),  # the code's LeakyReLU(True)
    # section 1.1, table 1; figure 2
    "kolotouros-sketch-ae": ("kolotouros2017", "cufs", "sketch", {}, "mse", {}, SKETCH, 68_285),
    # section 1.2, table 2: 16 numbers, CE and KL
    "kolotouros-sketch-vae": (
        "kolotouros2017", "cufs", "sketch_vae", {"code": 16}, "elbo", {"likelihood": "bernoulli"}, SKETCH, 39_728,
    ),
    # section 1.3, table 3: 512 numbers, CE and KL
    "kolotouros-celeba-vae": (
        "kolotouros2017", "celeba-grey64", "deep_vae", {"code": 512}, "elbo", {"likelihood": "bernoulli"}, GREY,
        8_030_401,
    ),
    "pca-lfw": pca("lfw", 384, 3 * 128 * 128),
    "pca-anime": pca("anime", 256, 3 * 128 * 128),
    "pca-celeba": pca("celeba", 256, 3 * 128 * 128),
    "pca-cufs": pca("cufs", 16, 64 * 64),
}  # fmt: skip


@pytest.fixture(scope="module")
def listed() -> dict[str, dict]:
    result = CliRunner().invoke(app, ["experiments", "--profile", "paper", "--json"])
    assert result.exit_code == 0, result.output
    return {row["experiment"]: row for row in json.loads(result.output)}


@pytest.mark.parametrize("key", SETTINGS.experiments)
def test_a_row_is_the_papers(listed, key):
    names = ("paper", "dataset", "model", "arguments", "objective", "objective_arguments", "train", "parameters")
    row = listed[key]
    assert {name: row[name] for name in names} == dict(zip(names, ROWS[key], strict=True))
    assert row["image_passes"] is None  # as many as the paper


def test_every_paper_of_params_yaml_has_a_file_and_so_have_rows_of_ones_own():
    assert set(papers.keys()) == {*SETTINGS.papers, "own"}
    for key in papers.keys():  # noqa: SIM118
        file = papers.load(key)
        assert file.PAPER.title
        assert bool(file.CLAIMS) == bool(file.PAPER.authors)


def test_an_unknown_paper_is_refused_with_what_to_do():
    with pytest.raises(files.BadInput, match=r"no src/autofaces/papers/mine\.py; known: .*koenig2020.* `paper: own`"):
        papers.load("mine")


def test_papers_are_data_and_need_nothing_that_draws_or_trains():
    heavy = {"matplotlib", "numpy", "pandas", "torch", "PIL", "autofaces.figures"}
    code = "import sys; from autofaces import papers; [papers.load(k) for k in papers.keys()]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert not heavy & set(loaded.split())


@pytest.mark.parametrize("key", papers.keys())
def test_what_no_number_decides_says_what_where_and_why_and_is_no_claim(key):
    file = papers.load(key)
    for one in file.PAPER.undecided:
        assert one.says.endswith(".")
        assert one.place
        assert one.why
        assert not one.why.endswith(".")
        assert one.says not in [claim.claim for claim in file.CLAIMS]


@pytest.mark.parametrize("key", papers.keys())
def test_a_paper_with_claims_shows_how_they_went_over_the_training(key):
    file = papers.load(key)
    assert sum(isinstance(figure, papers.Horizon) for figure in file.FIGURES) == bool(file.CLAIMS)


@pytest.mark.parametrize("key", papers.keys())
def test_a_figure_has_a_name_of_its_own_and_words(key):
    found = papers.figures(key, ["lfw", "anime", "lfw"])
    assert len({figure.name for figure in found}) == len(found) > 0
    for figure in found:
        assert figure.title
        assert figure.note.endswith(".")
        assert figure.alt.endswith(".")


@pytest.mark.parametrize("key", papers.keys())
def test_a_figure_shows_rows_that_there_are(key):
    for figure in papers.load(key).FIGURES:
        assert all(SETTINGS.rows[row].paper == key for row in figure.rows or {})


def test_there_is_a_figure_of_each_data_set_where_a_file_says_so():
    names = [figure.name for figure in papers.figures("own", ["lfw", "anime", "lfw"])]
    assert names == ["lfw-reconstructions", "anime-reconstructions", "lfw-errors", "anime-errors"]
    assert papers.figures("own", ["lfw"])[0].dataset == "lfw"
    assert papers.figures("own", []) == []


def test_a_loss_has_a_line_for_each_split():
    training, validation = papers.splits("a-row", "loss", "ours, ")
    assert training == papers.Line("a-row", "train_loss", "ours, training", "blue", "--")
    assert validation == papers.Line("a-row", "validation_loss", "ours, validation")
    assert [line.column for line in papers.splits("a-row", "kl_nats")] == ["kl_nats", "validation_kl_nats"]
