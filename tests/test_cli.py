"""The command line, as a user sees it."""

import csv
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_uses import AUTOENCODER, VARIATIONAL, train
from typer.testing import CliRunner

from autofaces.app import gallery, knobs, uses
from autofaces.app.cli import app
from autofaces.core import files, params
from autofaces.evaluation import inference
from autofaces.evaluation.scores import scores
from autofaces.figures.canvas import FACE, GAP, LINE
from autofaces.training import models
from autofaces.training.pixels import pixels as seen

ROOT = Path(__file__).parents[1]


@pytest.fixture
def invoke(tmp_path, monkeypatch):
    """Run the command line in a folder with the project's params.yaml and dvc.yaml (each: old and new text in it)."""

    def run(*arguments: str, replace: tuple[str, str] = ("", ""), pipeline: tuple[str, str] = ("", "")):
        (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text().replace(*replace))
        (tmp_path / "dvc.yaml").write_text((ROOT / "dvc.yaml").read_text().replace(*pipeline))
        monkeypatch.chdir(tmp_path)
        return CliRunner().invoke(app, arguments)

    return run


def test_experiments_lists_every_row_with_its_parameters(invoke):
    result = invoke("experiments", "--profile", "paper")
    assert result.exit_code == 0
    (row,) = [line.split() for line in result.output.splitlines() if line.startswith("ray-recursive ")]
    assert row == ["ray-recursive", "ray2020", "lfw", "ladder", "layerwise", "yes", "1,771,083", "10", "-", "1.0"]


def test_experiments_as_json_has_every_setting(invoke):
    rows = json.loads(invoke("experiments", "--profile", "smoke", "--json").output)
    row = next(r for r in rows if r["experiment"] == "koenig-m1-nf16-bs32")
    assert (row["ablation"], row["run"]) == (False, True)
    assert row["arguments"] == {"n_f": 16}
    assert row["train"] == {"epochs": 8, "batch_size": 32, "optimizer": "adam", "learning_rate": 0.0002}
    assert row["parameters"] < 3_493_824  # half as wide
    assert row["image_passes"] == 256


def test_ablations_are_listed_last_whether_the_profile_trains_them_or_not(invoke):
    lines = invoke("experiments", "--profile", "smoke").output.splitlines()
    assert lines[-1] == "the last 20 are ablations, of no paper; this profile trains 8 of them"
    assert [line.split()[0] for line in lines[-24:-3]][1:] == list(params.load().ablations)
    run = {line.split()[0]: line.split()[5] for line in lines[1:-3]}
    assert (run["ray-stacked"], run["kovenko-ae-mae"], run["kovenko-vae-bn"]) == ("yes", "yes", "-")
    rows = json.loads(invoke("experiments", "--profile", "smoke", "--json").output)
    found = {row["experiment"]: (row["ablation"], row["run"]) for row in rows}
    assert (found["kovenko-ae-mae"], found["kovenko-vae-bn"]) == ((True, True), (True, False))


def test_of_a_data_set_that_another_profile_does_not_scale_the_papers_own_settings_are_listed(invoke):
    old = "      anime: {image_passes: 256, batch: 0.125}\n"  # smoke's
    rows = json.loads(invoke("experiments", "--profile", "smoke", "--json", replace=(old, "")).output)
    row = next(r for r in rows if r["experiment"] == "kovenko-ae")
    assert (row["width"], row["image_passes"]) == (1.0, None)


def test_an_unknown_profile_is_refused_with_the_known_ones(invoke):
    result = invoke("experiments", "--profile", "huge")
    assert result.exit_code == 1
    assert "error: --profile huge: unknown; known: smoke, demo, sample, paper" in result.stderr


class TestCheck:
    def test_names_a_wrong_setting(self, invoke):
        result = invoke("check", replace=("precision: float32", "precision: float8"))
        assert result.exit_code == 1
        assert "profiles.smoke.precision = 'float8': input should be 'float32' or 'auto'" in result.stderr

    def test_finds_nothing_wrong_here_and_says_what_the_profile_does_less_of(self, invoke):
        result = invoke("check")
        assert result.exit_code == 0
        assert result.output.splitlines() == ["nothing wrong", *knobs.lines(params.load())]
        assert invoke("check", replace=("profile: demo", "profile: paper")).output == "nothing wrong\n"

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("mse\n    app", "mse\n      kl: 0.5\n    app", "ray-stacked.objective: kl = 0.5 needs a model"),
            ("      variational: true\n", "", "kovenko-vae-var1e-1.objective: elbo needs a model with mean"),
            ("    size: 128", "    size: 64", "ray-stacked.model: ladder: images of 64 pixels do not fit"),
        ],
        ids=["mse", "elbo", "size"],
    )  # fmt: skip
    def test_tries_every_row_and_names_what_does_not_go_together(self, invoke, old, new, message):
        result = invoke("check", replace=(old, new))
        assert result.exit_code == 1
        assert f"  params.yaml: experiments.{message}" in result.stderr

    def test_tries_networks_at_the_data_sets_own_size_too(self, invoke):
        settings = (ROOT / "params.yaml").read_text()
        grey = settings[settings.index("  celeba-grey64:\n    archive") : settings.index("  cufs:\n    archive")]
        larger = settings.replace(grey, grey.replace("size: 64", "size: 128"))
        result = invoke("check", replace=(settings, larger.replace("celeba: 64}", "celeba: 64, celeba-grey64: 64}")))
        assert result.stderr.splitlines() == [
            "error: 1 wrong:",
            "  params.yaml: experiments.kolotouros-celeba-vae.model: at datasets.celeba-grey64.size = 128: deep_vae: "
            "images of 128 pixels do not fit; sizes allowed: 64 (row kolotouros-celeba-vae and 1 more)",
        ]

    def test_names_an_objective_that_asks_for_what_the_network_does_not_have(self, invoke):
        result = invoke("check", replace=("      name: ladder\n      latent: gaussian", "      name: sketch"))
        assert "objective: layerwise cannot train Sketch: AttributeError: " in result.stderr

    def test_names_a_networks_file_without_its_class_once(self, invoke, tmp_path, monkeypatch):
        (tmp_path / "networks").mkdir()
        (tmp_path / "networks/mine.py").write_text("class Other:\n    pass\n")
        monkeypatch.setattr(params, "PACKAGE", tmp_path)
        monkeypatch.setattr(params, "networks", lambda: ["mine"])
        monkeypatch.setattr(params, "models", params.models.__wrapped__)  # without its cache
        said = (
            f"error: {tmp_path}/networks/mine.py: no class Mine, which its file's name asks for; classes there: Other\n"
        )
        assert invoke("check").stderr == said

    def test_names_rows_that_the_pipeline_does_not_collect_and_rows_that_there_are_not(self, invoke):
        line = "    - data/evaluations/ray-weighted.zip\n"
        result = invoke("check", pipeline=(line, "    - data/evaluations/ray-waited.zip\n"))
        assert result.stderr.splitlines() == [
            "error: 2 wrong:",
            "  dvc.yaml: collect does not name data/evaluations/ray-weighted.zip; add it, or the row stays out of "
            "summary, claims and figures",
            "  dvc.yaml: collect names data/evaluations/ray-waited.zip, but params.yaml has no such row; "
            "remove it there",
        ]
        result = invoke("check", pipeline=("  collect:", "  gather:"))
        assert "dvc.yaml: no stage collect can be read there" in result.stderr

    def test_names_papers_without_a_file_beside_all_else_that_is_wrong(self, invoke):
        wrong = ("papers: ", "papers:\n  mine2026:\n    train:"), ("    - data/evaluations/ray-weighted.zip\n", "")
        lines = invoke("check", replace=wrong[0], pipeline=wrong[1]).stderr.splitlines()
        assert lines[0] == "error: 2 wrong:"
        assert lines[1].startswith(
            "  params.yaml: papers.mine2026: there is no src/autofaces/papers/mine2026.py; known: "
        )
        assert lines[2].startswith("  dvc.yaml: collect does not name data/evaluations/ray-weighted.zip")


def test_summary_shows_results_in_the_order_of_params(invoke, tmp_path):
    names = ("mse", "psnr_db", "ssim", "sharpness_ratio", "sharpness_ratio_coarse")
    names += ("gradient_correlation", "grain", "blockiness", "generalisation_gap")
    for key in ("pca-lfw", "ray-stacked"):
        metrics = dict.fromkeys(names, 0.123456) | {"dataset": "lfw", "profile": "demo"}
        files.write_json(tmp_path / "metrics" / f"{key}.json", metrics)
    lines = invoke("summary").output.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["experiment", "ray-stacked", "pca-lfw"]
    assert "0.1235" in lines[1]
    assert lines[-2].startswith("profile demo (synthetic faces), test images only")


def test_summary_shows_ablations_that_ran_last_and_a_dash_where_there_is_no_number(invoke, tmp_path):
    metrics = {"dataset": "lfw", "profile": "demo", "mse": 0.123456, "gradient_correlation": None}
    files.write_json(tmp_path / "metrics" / "ray-stacked.json", metrics)
    row = {"experiment": "kovenko-ae-mae", "dataset": "anime", "mse": 0.0254321, "gradient_correlation": ""}
    files.write_csv(tmp_path / "metrics" / "summary.csv", [row | {"experiment": "ray-stacked", "mse": 9}, row])
    assert [line.split() for line in invoke("summary").output.splitlines()[1:3]] == [
        ["ray-stacked", "lfw", "0.1235", *"--------"],
        ["kovenko-ae-mae", "anime", "0.02543", *"--------"],
    ]


def test_summary_without_results_says_how_to_get_them(invoke):
    result = invoke("summary")
    assert result.exit_code == 1
    assert "no results yet; run `make repro`" in result.stderr


def test_claims_that_an_older_version_judged_are_refused_with_advice(invoke, tmp_path):
    files.write_json(tmp_path / "metrics" / "claims.json", [{"id": "R1", "verdict": "demo", "scale": "demo"}])
    result = invoke("claims")
    assert result.exit_code == 1
    assert "claims.json: an older version wrote it; run `make repro`" in result.stderr


RESULTS = ("check", "experiments", "summary", "claims", "verify", "compare")
USES = ("reconstruct", "denoise", "morph", "similar", "sample", "outliers", "export", "lpips")


def run(*arguments: object):
    return CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"}).invoke(app, [str(a) for a in arguments])


def photo(path: Path, seed: int = 0, size: tuple[int, int] = (32, 32)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def rebuilt(model, images: np.ndarray) -> np.ndarray:
    return seen(inference.reconstruct(model, inference.tensor(model, images)))


def tile(path: Path, row: int, column: int, lines: int = 0) -> np.ndarray:
    """A face of a picture, whose captions have so many lines in each row above."""
    top, left = GAP + row * (FACE + GAP) + LINE * lines, GAP + column * (FACE + GAP)
    return pixels(path)[top : top + FACE : FACE // 32, left : left + FACE : FACE // 32]


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A folder with two trained models, and photos: 12 that can be read and one that cannot."""
    monkeypatch.chdir(tmp_path)
    metrics = {"mse": 0.2, "denoise_psnr_gain_db": 1, "search_precision_at_5": 0.5, "swd": 3, "outlier_auroc": 0.9}
    train("plain", AUTOENCODER, {"mse": 0.1})
    train("vae", VARIATIONAL, metrics)
    for i in range(12):
        photo(tmp_path / "photos" / f"{i:02}.png", i)
    (tmp_path / "photos" / "text.jpg").write_text("no image")
    return tmp_path


@pytest.fixture
def plain(project):
    return models.load("models/plain")[0]


class TestHelp:
    def test_lists_every_command_with_a_whole_sentence(self):
        shown = run("--help").output
        commands = shown.split("Commands:")[1].strip().splitlines()
        assert {line.split()[0] for line in commands} >= {*USES, *RESULTS}
        assert all(line.endswith(".") and not line.endswith("...") for line in commands)

    @pytest.mark.parametrize("command", USES)
    def test_fits_in_80_columns_and_gives_an_example(self, command):
        result = run(command, "--help")
        assert result.exit_code == 0
        assert max(map(len, result.output.splitlines())) <= 80
        assert f"  autofaces {command}" in result.output.split("Examples:")[1]

    @pytest.mark.parametrize("command", ["--help", "summary", "claims", "verify", "compare HEAD"])
    def test_is_there_before_torch_could_be_imported(self, command):
        code = (
            "import sys; from typer.testing import CliRunner; from autofaces.app.cli import app; "
            f"assert CliRunner().invoke(app, {command.split()}).output; sys.exit('torch' in sys.modules)"
        )
        subprocess.run([sys.executable, "-c", code], check=True)

    def test_examples_name_rows_that_there_are(self):
        keys = set(params.load(ROOT / "params.yaml").experiments)
        for command in USES:
            words = run(command, "--help").output.split("Examples:")[1].split()
            named = {after for word, after in itertools.pairwise(words) if word in ("--experiment", "export", "lpips")}
            assert named - {"KEY"} <= keys


def test_a_shell_completes_the_rows_that_are_trained(project):
    files.write_json("models/not-run/config.json", {"experiment": "not-run", "paper": "p", "not_run": True})
    words = "autofaces reconstruct --experiment "
    environment = {"_AUTOFACES_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": "3"}
    result = CliRunner(env=environment).invoke(app, prog_name="autofaces")
    assert result.output.split() == ["plain", "vae"]


class TestReconstruct:
    def test_shows_each_image_above_what_the_model_makes_of_it(self, project, plain):
        result = run("reconstruct", "photos/00.png", "photos/03.png", "--experiment", "plain")
        assert (result.exit_code, result.output) == (0, "reconstruct.png: 2 images, 32 x 32 pixels each\n")
        originals = np.stack([pixels(project / "photos" / name) for name in ("00.png", "03.png")])
        made = rebuilt(plain, originals)
        for i in range(2):
            np.testing.assert_array_equal(tile(project / "reconstruct.png", 0, i), originals[i])
            np.testing.assert_array_equal(tile(project / "reconstruct.png", 1, i, lines=1), made[i])

    def test_says_which_row_it_took_and_why(self, project):
        lines = run("reconstruct", "photos/00.png").output.splitlines()
        assert lines[0] == "plain (32 x 32 pixels, RGB): lowest mse, 0.1, of 2 rows; --experiment KEY takes another"

    def test_says_of_which_faces_it_was_trained(self, project):
        train("newer", AUTOENCODER, {"mse": 0.01}, dataset="lfw", faces="synthetic")
        said = run("reconstruct", "photos/00.png").output
        assert said.startswith("newer (lfw, synthetic faces, 32 x 32 pixels, RGB): lowest mse, 0.01, of 3 rows;")

    def test_into_a_folder_writes_a_png_for_each_image_in_its_place(self, project, plain):
        photo(project / "photos/below/00.jpg", 3)
        photo(project / "photos/below/00.png", 4)
        result = run("reconstruct", "photos", "--experiment", "plain", "--out", "made")
        assert result.exit_code == 0
        assert "1 of 15 images cannot be read:\n  photos/text.jpg: not an image of a kind that is read" in result.stderr
        assert result.stdout == "made: 14 images, 32 x 32 pixels each\n"
        names = {str(path.relative_to("made")) for path in Path("made").rglob("*.*")}
        assert names == {*(f"{i:02}.png" for i in range(12)), "below/00.png", "below/00_.png"}
        expected = rebuilt(plain, pixels(project / "photos/07.png")[None])[0]
        np.testing.assert_array_equal(pixels(project / "made/07.png"), expected)

    def test_a_picture_of_too_many_is_refused_before_any_work(self, project):
        for i in range(65):
            photo(project / "many" / f"{i}.png", i)
        result = run("reconstruct", "many")
        assert result.exit_code == 1
        assert "error: 65 images: a picture shows at most 64; name a folder with --out" in result.stderr

    @pytest.mark.parametrize("out", ["reconstruct.png", "made"])
    def test_nothing_is_replaced_without_being_told(self, project, out):
        assert run("reconstruct", "photos/00.png", "--experiment", "vae", "--out", out).exit_code == 0
        before = {path: path.read_bytes() for path in project.rglob("*.png")}
        result = run("reconstruct", "photos/00.png", "--experiment", "plain", "--out", out)
        assert result.exit_code == 1
        assert f"error: {out}: exists; --force replaces it, --out PATH writes elsewhere" in result.stderr
        assert {path: path.read_bytes() for path in project.rglob("*.png")} == before
        assert run("reconstruct", "photos/00.png", "--experiment", "plain", "--out", out, "--force").exit_code == 0
        assert {path: path.read_bytes() for path in project.rglob("*.png")} != before

    def test_force_keeps_what_else_is_in_the_folder(self, project):
        photo(project / "made/mine.png")
        assert run("reconstruct", "photos/00.png", "--out", "made", "--force").exit_code == 0
        assert {path.name for path in Path("made").iterdir()} == {"mine.png", "00.png"}

    @pytest.mark.parametrize("out", ["photos", "photos/00.png"])
    def test_not_even_force_replaces_the_images_themselves(self, project, out):
        before = pixels(project / "photos/00.png")
        result = run("reconstruct", "photos/00.png", "--out", out, "--force")
        assert result.exit_code == 1
        assert "one of the images to read; write elsewhere" in result.stderr
        np.testing.assert_array_equal(pixels(project / "photos/00.png"), before)

    def test_where_nothing_can_be_read_nothing_is_written(self, project):
        for out in ("made", "made.png"):
            result = run("reconstruct", "photos/text.jpg", "--out", out)
            assert result.exit_code == 1
            assert "error: 1 of 1 images cannot be read:\n  photos/text.jpg" in result.stderr
            assert not Path(out).exists()

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["nowhere.jpg"], "error: nowhere.jpg: not found"),
            (["empty"], "error: empty: no images there (files that end in jpg, jpeg, png"),
            (["photos", "--out", "a.jpg"], "error: --out a.jpg: not known; expected .png or a folder"),
            (["photos", "--experiment", "ray"], "error: experiment ray: no trained model at models/ray"),
            (["photos", "--experiment", "broken"], "error: models/broken: no whole model there"),
            (["photos", "--out", "photos/00.png/a.png"], "error: photos/00.png: File exists"),
        ],
        ids=["absent", "empty", "suffix", "unknown row", "broken model", "unwritable"],
    )
    def test_what_cannot_be_is_refused_in_one_message(self, project, arguments, message):
        (project / "empty").mkdir()
        (project / "models/broken").mkdir()
        result = run("reconstruct", *arguments)
        assert result.exit_code == 1
        assert message in result.stderr
        assert "Traceback" not in result.stderr

    def test_crop_says_what_is_used_of_an_image(self, project):
        photo(project / "wide.png", 1, (64, 32))
        shown = []
        for crop in ("square", "whole", "16"):
            run("reconstruct", "wide.png", "--experiment", "plain", "--crop", crop, "--out", f"{crop}.png")
            shown.append(tile(project / f"{crop}.png", 0, 0))
        np.testing.assert_array_equal(shown[0], pixels(project / "wide.png")[:, 16:48])
        assert (shown[0] != shown[1]).any()
        assert (shown[1] != shown[2]).any()
        result = run("reconstruct", "wide.png", "--crop", "round")
        assert (result.exit_code, "expected square, whole, or a number" in result.stderr) == (2, True)

    def test_a_name_that_is_no_text_does_no_harm(self, project):
        name = os.fsdecode(b"\xff.png")
        photo(project / name)
        assert run("reconstruct", name).exit_code == 0
        assert run("outliers", name, "photos").exit_code == 0


def test_denoise_gives_what_the_model_makes_of_the_image_as_it_is(project):
    result = run("denoise", "photos/00.png", "--out", "clean")
    assert result.output.splitlines()[0].startswith(
        "vae (32 x 32 pixels, RGB): highest denoise_psnr_gain_db, 1, of 1 row;"
    )
    expected = rebuilt(models.load("models/vae")[0], pixels(project / "photos/00.png")[None])[0]
    np.testing.assert_array_equal(pixels(project / "clean/00.png"), expected)


class TestMorph:
    def test_has_both_images_with_nine_steps_between(self, project, plain):
        result = run("morph", "photos/00.png", "photos/01.png", "--experiment", "plain")
        assert result.output == "morph.png: 9 steps from photos/00.png to photos/01.png\n"
        ends = np.stack([pixels(project / f"photos/0{i}.png") for i in (0, 1)])
        expected = [ends[0], *seen(inference.morph(plain, ends)), ends[1]]
        for column, face in enumerate(expected):
            np.testing.assert_array_equal(tile(project / "morph.png", 0, column), face)

    def test_a_folder_or_an_unreadable_file_is_no_image(self, project):
        result = run("morph", "photos/00.png", "photos")
        assert (result.exit_code, result.stderr) == (1, "error: photos: a folder, expected one image\n")
        result = run("morph", "photos/00.png", "photos/text.jpg")
        assert result.exit_code == 1
        assert "error: photos/text.jpg: not an image of a kind that is read" in result.stderr


class TestSimilar:
    def test_finds_the_most_similar_without_the_image_itself(self, project):
        Path("photos/copy.png").write_bytes(Path("photos/05.png").read_bytes())
        result = run("similar", "photos/05.png", "--in", "photos", "--out", "near.csv", "--count", 3)
        assert result.exit_code == 0
        assert "1 of 14 images cannot be read:\n  photos/text.jpg" in result.stderr
        assert "13 codes of photos in " in result.stdout
        with Path("near.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert rows[0]["file"] == "photos/copy.png"
        values = [float(row["similarity"]) for row in rows]
        assert values[0] == pytest.approx(1, abs=1e-5)
        assert values == sorted(values, reverse=True)
        assert len({row["file"] for row in rows} - {"photos/05.png"}) == 3

    def test_shows_the_query_first_and_opens_no_image_twice(self, project):
        for new in (13, 0):
            result = run("similar", "photos/05.png", "--in", "photos", "--force")
            assert f"({new} images opened)" in result.stdout
        np.testing.assert_array_equal(tile(project / "similar.png", 0, 0), pixels(project / "photos/05.png"))
        others = [pixels(path) for path in sorted((project / "photos").glob("*.png")) if path.name != "05.png"]
        for column in range(1, 8):
            shown = tile(project / "similar.png", 0, column)
            assert any((shown == other).all() for other in others)

    def test_the_folder_must_be_one(self, project):
        result = run("similar", "photos/05.png", "--in", "photos/01.png")
        assert (result.exit_code, result.stderr) == (1, "error: --in photos/01.png: not a folder\n")

    def test_a_folder_with_nothing_but_the_query_has_nothing_similar(self, project):
        photo(project / "one/a.png")
        result = run("similar", "one/a.png", "--in", "one")
        assert result.exit_code == 1
        assert "error: --in one: no image there but one/a.png itself" in result.stderr


class TestSample:
    def test_makes_the_same_faces_of_the_same_seed(self, project):
        for seed, out in ((0, "a.png"), (0, "b.png"), (1, "c.png")):
            assert run("sample", "--seed", seed, "--out", out).output.endswith(f"{out}: 16 faces, seed {seed}\n")
        assert Path("a.png").read_bytes() == Path("b.png").read_bytes() != Path("c.png").read_bytes()

    def test_writes_any_number_into_a_folder(self, project):
        assert run("sample", "--count", 70, "--out", "made").exit_code == 0
        names = sorted(path.name for path in Path("made").iterdir())
        assert (len(names), names[0], names[-1]) == (70, "00.png", "69.png")
        assert pixels(project / "made/07.png").shape == (32, 32, 3)
        result = run("sample", "--count", 70)
        assert "error: --count 70: a picture shows at most 64; name a folder with --out" in result.stderr

    def test_needs_a_variational_model(self, project):
        result = run("sample", "--experiment", "plain")
        assert result.exit_code == 1
        assert "error: experiment plain: it is not variational" in result.stderr
        assert "add --from codes, or take a row that is: vae" in result.stderr

    def test_any_model_makes_faces_up_from_the_codes_of_its_training_images(self, project, plain):
        models.save(Path("models/plain"), plain, models.config("models/plain") | {"dataset": "mine"})
        command = ("sample", "--from", "codes", "--experiment", "plain")
        result = run(*command)
        assert result.exit_code == 1
        assert "error: data/arrays/mine/train.npy: not found" in result.stderr
        training = np.random.default_rng(0).integers(0, 256, (30, 32, 32, 3), np.uint8)
        Path("data/arrays/mine").mkdir(parents=True)
        np.save("data/arrays/mine/train.npy", training)
        for seed, out in ((0, "a"), (0, "b"), (1, "c")):
            assert run(*command, "--count", 70, "--seed", seed, "--out", out).exit_code == 0
        a, b, c = (np.stack([pixels(path) for path in sorted(Path(out).iterdir())]) for out in "abc")
        np.testing.assert_array_equal(a, b)
        assert (a != c).any()
        assert len(np.unique(a, axis=0)) == 70  # in the second batch too
        np.save("data/arrays/mine/train.npy", np.repeat(training[:1], 30, axis=0))
        assert run(*command, "--count", 3, "--out", "same").exit_code == 0
        faces = np.stack([pixels(path) for path in Path("same").iterdir()])
        np.testing.assert_allclose(faces, rebuilt(plain, training[:1]).repeat(3, axis=0), atol=1)


class TestOutliers:
    def rows(self, *arguments: object) -> list[dict[str, str]]:
        result = run("outliers", *arguments, "--out", "o.csv", "--force")
        assert result.exit_code == 0
        with Path("o.csv").open() as file:
            return list(csv.DictReader(file))

    def test_has_every_image_that_can_be_read_with_its_score_highest_first(self, project):
        rows = self.rows("photos", "--experiment", "plain")
        assert list(rows[0]) == ["file", "score", "threshold", "outlier"]
        assert {row["file"] for row in rows} == {f"photos/{i:02}.png" for i in range(12)}
        found = [float(row["score"]) for row in rows]
        assert found == sorted(found, reverse=True)
        model, _ = models.load("models/plain")
        images = np.stack([pixels(project / row["file"]) for row in rows])
        np.testing.assert_allclose(found, scores(model, images), rtol=1e-5)

    def test_without_the_data_set_the_threshold_is_of_the_images_themselves_and_says_so(self, project):
        rows = self.rows("photos", "--experiment", "plain")
        assert [row["outlier"] for row in rows] == ["1", *["0"] * 11]
        assert float(rows[0]["threshold"]) == pytest.approx(np.percentile([float(r["score"]) for r in rows], 99))
        output = run("outliers", "photos", "--experiment", "plain").output
        assert "mse: 99th percentile of these images themselves: the model's own data set is not here" in output

    def test_with_the_data_set_the_threshold_is_of_its_unseen_faces(self, project):
        model, config = models.load("models/vae")
        models.save(Path("models/vae"), model, config | {"dataset": "mine"})
        for part, seed in (("validation", 1), ("test", 2)):
            Path("data/arrays/mine").mkdir(parents=True, exist_ok=True)
            images = np.random.default_rng(seed).integers(0, 256, (50, 32, 32, 3), np.uint8)
            np.save(f"data/arrays/mine/{part}.npy", images)
        Image.new("RGB", (32, 32)).save(project / "black.bmp")
        rows = self.rows("photos", "black.bmp", "--experiment", "vae")
        value, _ = uses.threshold(uses.load("outliers", "vae"))
        assert [float(row["threshold"]) for row in rows] == pytest.approx([value] * 13)
        assert [row["outlier"] == "1" for row in rows] == [float(row["score"]) > value for row in rows]


class TestExport:
    def test_writes_a_file_and_says_what_it_takes(self, project):
        pytest.importorskip("onnxscript")
        result = run("export", "plain", "--part", "encode")
        lines = result.output.splitlines()
        assert lines[0].startswith("plain-encode.onnx: ")
        assert "  images: float32 (N, 3, 32, 32), RGB in [0, 1], rows from the top" in lines
        assert Path("plain-encode.onnx").exists()
        assert "exists; --force replaces it" in run("export", "plain", "--part", "encode").stderr


def test_interrupted_work_leaves_nothing_under_its_name(project, monkeypatch):
    def interrupt(*args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(gallery, "nearest", interrupt)
    monkeypatch.setattr(inference, "reconstruct", interrupt)
    before = set(project.glob("*"))
    for arguments in (["reconstruct", "photos"], ["similar", "photos/00.png", "--in", "photos"]):
        result = run(*arguments)
        assert result.exit_code == 130
    assert set(project.glob("*")) - before == {project / ".work"}
