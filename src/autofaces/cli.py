"""The command line: `autofaces --help`.

What imports PyTorch (two seconds) is imported by the commands that need it.
"""

import functools
import json
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from typer.models import OptionInfo

from autofaces import files, params

if TYPE_CHECKING:
    from autofaces import photos, sheets, uses

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Autoencoder papers on face images, re-tested; and what their models do with your own images.",
)

ACROSS = 8  # faces in a row of a picture
MOST = 64  # images that one picture shows

COLUMNS = {  # of the table of results: name in the metrics file -> heading
    "mse": "mse",
    "psnr_db": "psnr dB",
    "ssim": "ssim",
    "sharpness_ratio": "sharp",
    "sharpness_ratio_coarse": "coarse",
    "gradient_correlation": "detail",
    "grain": "grain",
    "blockiness": "blocks",
    "generalisation_gap": "gap",
}


def _command(function: Callable[..., None]) -> Callable[..., None]:
    """Make the function a command; bad input, and files that cannot be written, end it in one message."""

    @app.command()
    @functools.wraps(function)
    def run(*args: object, **kwargs: object) -> None:
        try:
            function(*args, **kwargs)
        except files.BadInput as error:
            _refuse(str(error))
        except BrokenPipeError:
            raise  # the reader of our output has gone: typer ends quietly
        except OSError as error:
            _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))

    return run


def _refuse(message: str) -> None:
    typer.echo(f"error: {_text(message)}", err=True)
    raise typer.Exit(1)


def _text(name: object) -> str:
    """A path or a message as text that can be printed: not every file's name is."""
    return str(name).encode("utf-8", "replace").decode()


def _known(incomplete: str) -> list[str]:
    return sorted(path.parent.name for path in Path("models").glob(f"{incomplete}*/config.json"))


def _parsed_crop(text: str) -> str | int:
    if text in ("square", "whole"):
        return text
    if text.isdigit() and int(text):
        return int(text)
    raise typer.BadParameter(f"{text!r}; expected square, whole, or a number of pixels")


def _out(text: str) -> OptionInfo:
    return typer.Option(metavar="PATH", help=text, show_default=False)


PICTURES = f"A .png of at most {MOST} images, or a folder for a PNG of each. Default: {{}}.png."

Images = Annotated[list[Path], typer.Argument(metavar="IMAGES", help="Images, and folders of them.")]
Experiment = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        autocompletion=_known,
        help="Trained model: a row of params.yaml, or a folder such as models/KEY. Default: the best row for this use.",
        show_default=False,
    ),
]
Crop = Annotated[
    str | None,
    typer.Option(
        metavar="CROP",
        parser=_parsed_crop,
        help="What is used of an image: square (the largest centred one), whole (squeezed to a square), or so many "
        "centred pixels (if it has over twice as many, the central half). Default: as the model was trained.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what --out names.")]


@_command
def reconstruct(
    images: Images,
    experiment: Experiment = None,
    out: Annotated[Path | None, _out(PICTURES.format("reconstruct"))] = None,
    crop: Crop = None,
    force: Force = False,
) -> None:
    """Show what a model makes of your images.

    The picture has each image above its reconstruction; where --out is a
    folder, it gets each reconstruction as a PNG. Both have the size that the
    model was trained at.

    \b
    Examples:
      autofaces reconstruct me.jpg
      autofaces reconstruct holiday/ --experiment ray-stacked --out rebuilt
    """
    _rebuild("reconstruct", images, experiment, out, crop, force)


@_command
def denoise(
    images: Images,
    experiment: Experiment = None,
    out: Annotated[Path | None, _out(PICTURES.format("denoise"))] = None,
    crop: Crop = None,
    force: Force = False,
) -> None:
    """Clean noisy images of faces.

    Nothing is added to your images. The model has learned to undo noise or
    missing pixels in faces like those of its data set; what it returns has
    the size that it was trained at, and is as soft as any reconstruction.

    \b
    Examples:
      autofaces denoise grainy.png
      autofaces denoise scans/ --experiment kovenko-denoise-dropout --out clean
    """
    _rebuild("denoise", images, experiment, out, crop, force)


@_command
def morph(
    a: Annotated[Path, typer.Argument(metavar="A", help="Image to start from.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Image to end at.")],
    experiment: Experiment = None,
    out: Annotated[Path | None, _out("A .png. Default: morph.png.")] = None,
    crop: Crop = None,
    force: Force = False,
) -> None:
    """Turn one face into another, in nine steps from code to code.

    The picture has image A, the nine steps, and image B; the first and the
    last step are the model's reconstructions of the two.

    \b
    Examples:
      autofaces morph anna.jpg ben.jpg --out anna-to-ben.png
    """
    import numpy as np

    from autofaces import photos, sheets, uses

    paths = [_one(a), _one(b)]
    target = _target(out, "morph.png", force, paths)
    trained, fit = _begin("morph", experiment, crop)
    ends = np.stack([photos.read(path, fit) for path in paths])
    steps = uses.morph(trained.model, ends)
    captions = [f"step {i} of {len(steps) - 1}" for i in range(len(steps))]
    tiles = [sheets.Tile(*tile) for tile in zip(steps, captions, strict=True)]
    first, last = (sheets.Tile(end, _text(path.name)) for end, path in zip(ends, paths, strict=True))
    sheets.save(sheets.draw([[first, *tiles, last]]), target)
    _say(f"{target}: {len(steps)} steps from {a} to {b}")


@_command
def similar(
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="Image to find others like.")],
    folder: Annotated[Path, typer.Option("--in", metavar="FOLDER", help="Where to look: nested or flat.")],
    experiment: Experiment = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Images to find.")] = ACROSS - 1,
    out: Annotated[Path | None, _out("A .png, or a .csv of files and similarities. Default: similar.png.")] = None,
    crop: Crop = None,
    force: Force = False,
) -> None:
    """Find the images in a folder that are most like one image.

    Likeness is the cosine of two images' codes, less the folder's mean code:
    1 for the same, around 0 for any two. Codes are kept in .work/codes, so
    that only the first search of a folder opens all its images; later ones
    open what is new or changed. You may delete .work/codes at any time.

    \b
    Examples:
      autofaces similar me.jpg --in holiday/
      autofaces similar me.jpg --in holiday/ --count 50 --out like-me.csv
    """
    from autofaces import gallery, models, photos, sheets

    query = _one(query)
    target = _target(out, "similar.png", force, [query], (".png", ".csv"))
    if target.suffix.lower() == ".png" and count >= MOST:
        raise files.BadInput(f"--count {count}: a picture shows at most {MOST - 1}; write a .csv with --out")
    if not folder.is_dir():
        raise files.BadInput(f"--in {folder}: {'not a folder' if folder.exists() else 'not found'}")
    trained, fit = _begin("similar", experiment, crop)
    image = photos.read(query, fit)
    (code,) = models.codes(trained.model, image[None])
    started = time.monotonic()
    known, new = gallery.gather(folder, trained, fit)
    gathered = time.monotonic()
    found = gallery.nearest(known, code, count + 1)  # one may be the query itself
    searched = time.monotonic()
    near = [(path, value) for path, value in found if not (folder / path).samefile(query)][:count]
    if not near:
        raise files.BadInput(f"--in {folder}: no image there but {query} itself")
    if target.suffix.lower() == ".csv":
        files.write_csv(target, [{"file": _text(folder / path), "similarity": value} for path, value in near])
    else:
        tiles = [sheets.Tile(image, f"{_text(query.name)}\nthe query")]
        tiles += [sheets.Tile(photos.read(folder / p, fit), f"{_text(Path(p).name)}\n{value:.3f}") for p, value in near]
        sheets.save(sheets.draw(_rows(tiles)), target)
    _report(list(known.unreadable.values()), len(known.known) + len(known.unreadable))
    _say(
        f"{len(known.known):,} codes of {folder} in {gathered - started:.2f} s ({new:,} images opened), "
        f"searched in {searched - gathered:.3f} s"
    )
    _say(f"{target}: the {len(near)} nearest to {query}")


@_command
def sample(
    experiment: Experiment = None,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Faces to make up.")] = 2 * ACROSS,
    seed: Annotated[int, typer.Option(min=0, help="Another number, other faces.")] = 0,
    out: Annotated[Path | None, _out(PICTURES.format("sample"))] = None,
    force: Force = False,
) -> None:
    """Make faces up, with a variational model.

    The same seed on the same machine gives the same faces.

    \b
    Examples:
      autofaces sample
      autofaces sample --count 1000 --seed 7 --out made-up
    """
    from autofaces import models, probability, sheets, uses

    target = _target(out, "sample.png", force, [], (".png", ""))
    each = target.suffix.lower() != ".png"
    if not each and count > MOST:
        raise files.BadInput(f"--count {count}: a picture shows at most {MOST}; name a folder with --out")
    trained, _ = _begin("sample", experiment, None)
    noise = probability.generator(next(trained.model.parameters()).device, seed)
    batches = (uses.sample(trained.model, min(models.BATCH, count - i), noise) for i in range(0, count, models.BATCH))
    faces = (face for batch in batches for face in batch)
    if each:
        for i, face in enumerate(faces):
            sheets.save(sheets.image(face), target / f"{i:0{len(str(count - 1))}}.png")
    else:
        sheets.save(sheets.draw(_rows([sheets.Tile(face) for face in faces])), target)
    _say(f"{target}: {count:,} faces, seed {seed}")


@_command
def outliers(
    images: Images,
    experiment: Experiment = None,
    out: Annotated[Path | None, _out("A .csv. Default: outliers.csv.")] = None,
    crop: Crop = None,
    force: Force = False,
) -> None:
    """List images by how unlike the faces a model knows they are.

    The table has, for each image, its score, the threshold, and outlier: 1
    where the score is above it; highest first. The score is the KL
    divergence of the image's code in nats or, where the model is not
    variational, the mean squared error of the reconstruction. The threshold
    is the score that one in a hundred faces of the model's own data set
    exceeds, of those it was not trained on; where data/arrays does not have
    that data set, one in a hundred of your own images.

    \b
    Examples:
      autofaces outliers holiday/
      autofaces outliers scans/ --experiment kovenko-vae-var1e-2 --out odd.csv
    """
    import numpy as np

    from autofaces import models, photos, uses

    paths = photos.find(images)
    target = _target(out, "outliers.csv", force, paths, (".csv",))
    trained, fit = _begin("outliers", experiment, crop)
    unreadable: list[str] = []
    names: list[str] = []
    scores = []
    for indices, batch in photos.batches(paths, fit, models.BATCH, unreadable, "outliers"):
        names += [_text(paths[i]) for i in indices]
        scores.append(uses.scores(trained.model, batch))
    _report(unreadable, len(paths))
    values = np.concatenate(scores)
    threshold, source = uses.threshold(trained) or (
        float(np.percentile(values, uses.PERCENTILE)),
        f"{uses.PERCENTILE}th percentile of these images themselves: the model's own data set is not here",
    )
    order = np.argsort(-values, kind="stable")
    files.write_csv(
        target,
        [
            {
                "file": names[i],
                "score": float(values[i]),
                "threshold": threshold,
                "outlier": int(values[i] > threshold),
            }
            for i in order
        ],
    )
    _say(f"threshold {threshold:.4g} {uses.unit(trained.config)}: {source}")
    _say(f"{target}: {len(values):,} images, {int((values > threshold).sum()):,} above the threshold")


@_command
def export(
    experiment: Annotated[
        str,
        typer.Argument(
            metavar="KEY",
            autocompletion=_known,
            help="Trained model: a row of params.yaml, or a folder such as models/KEY.",
        ),
    ],
    part: Annotated[
        Literal["reconstruct", "encode", "decode"],
        typer.Option(help="reconstruct: images to images; encode: images to codes; decode: codes to images."),
    ] = "reconstruct",
    out: Annotated[Path | None, _out("A .onnx. Default: KEY-PART.onnx.")] = None,
    force: Force = False,
) -> None:
    """Write a model as an ONNX file, for programs without PyTorch.

    Images go in and come out as float32 (N, channels, size, size), N any
    number, RGB or grey in [0, 1], whatever the model. Codes are float32
    (N, ...), of a variational model the mean, beside its log_variance. The
    file's metadata say so again, and how images are cut. What it computes
    is compared with PyTorch before it is kept.

    \b
    Examples:
      autofaces export ray-stacked
      autofaces export koenig-m1-nf16-bs32 --part encode --out encoder.onnx
    """
    from autofaces import export as onnx
    from autofaces import uses

    trained = uses.load("export", experiment)
    target = _target(out, f"{trained.key}-{part}.onnx", force, [], (".onnx",))
    difference = onnx.write(target, trained.model, trained.config, part)
    _say(f"{target}: {target.stat().st_size / 2**20:.1f} MiB, within {difference:.0e} of PyTorch")
    for name, what in onnx.described(trained.config, part).items():
        _say(f"  {name}: {what}")


@_command
def check() -> None:
    """Check params.yaml, and name every wrong key.

    Exit status 1 if any is wrong. Models are also built, without weights: of
    a size that they have, and variational where the objective has a KL.
    """
    from autofaces import models

    settings = params.load()
    wrong = []
    for key, experiment in settings.experiments.items():
        dataset, objective = settings.datasets[experiment.dataset], experiment.objective
        try:
            variational = models.is_variational(
                experiment.model.name, dataset.size, dataset.channels, experiment.model.arguments
            )
        except files.BadInput as error:
            wrong.append(f"experiments.{key}.model: {error}")
            continue
        if objective and not variational and (objective.name == "elbo" or objective.arguments.get("kl")):
            wrong.append(
                f"experiments.{key}.objective: {objective.name} has a KL, and {experiment.model.name} with "
                f"{experiment.model.arguments or 'no arguments'} is not variational"
            )
    if wrong:
        raise files.BadInput("\n".join([f"{params.PATH}: {len(wrong)} wrong:", *(f"  {line}" for line in wrong)]))


@_command
def experiments(
    profile: Annotated[str | None, typer.Option(help="Count parameters and epochs at this profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every setting.")] = False,
) -> None:
    """List every experiment.

    With its paper, dataset, model, objective, parameters and epochs.
    """
    settings = params.load()
    name = profile or settings.profile
    if name not in settings.profiles:
        raise files.BadInput(f"--profile {name}: unknown; known: {', '.join(settings.profiles)}")
    rows = [_experiment(settings, key, settings.profiles[name]) for key in settings.experiments]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    heads = ("experiment", "paper", "dataset", "model", "objective", "parameters", "epochs", "image passes", "width")
    table = [[_cell(row[head.replace(" ", "_")]) for head in heads] for row in rows]
    _print_table(heads, table, numbers=5)
    typer.echo(f"\nprofile {name}; epochs are the papers' own, cut where image passes are capped")


@_command
def summary() -> None:
    """Print the table of results."""
    settings = params.load()
    table = []
    for key in settings.experiments:
        path = Path("metrics") / f"{key}.json"
        if path.exists():
            metrics = json.loads(path.read_text(encoding="utf-8"))
            table.append([key, metrics["dataset"], *(f"{metrics[name]:.4g}" for name in COLUMNS)])
    if not table:
        raise files.BadInput("metrics/: no results yet; run `make repro`")
    _print_table(("experiment", "dataset", *COLUMNS.values()), table, numbers=2)
    source = settings.profiles[settings.profile].source
    typer.echo(f"\nprofile {settings.profile} ({source} faces), test images only; see README.md for the columns\n")


@app.command("claims")
def print_claims() -> None:
    """Print the verdict on every claim of the papers.

    And where the report page is.
    """
    path = Path("metrics/claims.json")
    if not path.exists():
        _refuse("metrics/claims.json: no claims judged yet; run `make repro`")
    from autofaces import claims  # scipy takes half a second to import: only where it is needed

    for line in claims.lines(json.loads(path.read_text(encoding="utf-8"))):
        typer.echo(line)
    page = Path("report/index.html")
    if page.exists():
        typer.echo(f"\nall of it, with pictures, on one page: {page}")


def _experiment(settings: params.Params, key: str, profile: params.Profile) -> dict[str, object]:
    from autofaces import models  # torch takes a second to import: only where it is needed

    experiment = settings.experiments[key]
    dataset = settings.datasets[experiment.dataset]
    schedule = experiment.train
    scale = profile.scale.get(experiment.dataset, params.Scale())
    return {
        "experiment": key,
        "paper": experiment.paper,
        "dataset": experiment.dataset,
        "model": experiment.model.name,
        "objective": experiment.objective and experiment.objective.name,
        "parameters": models.size(
            experiment.model.name, dataset.size, dataset.channels, scale.width, experiment.model.arguments
        ),
        "epochs": schedule and schedule.epochs,
        "image_passes": scale.image_passes if schedule else None,
        "width": scale.width,
        "arguments": experiment.model.arguments,
        "objective_arguments": experiment.objective and experiment.objective.arguments,
        "train": schedule and schedule.model_dump(exclude_none=True),
        "applications": experiment.applications,
    }


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _print_table(heads: tuple[str, ...], rows: list[list[str]], numbers: int) -> None:
    """Aligned columns, those from index `numbers` on to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (list(heads), *rows):
        cells = [c.rjust(w) if i >= numbers else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        typer.echo("  ".join(cells).rstrip())


def _begin(use: str, experiment: str | None, crop: str | int | None) -> tuple["uses.Trained", "photos.Fit"]:
    """The model for a use, and what it sees of an image; says which was chosen, and why."""
    from autofaces import photos, uses

    trained = uses.load(use, experiment)
    if trained.why:
        size, colour = trained.config["size"], "RGB" if trained.config["channels"] == 3 else "grey"
        data = ", ".join(filter(None, [trained.config.get("dataset"), f"{size} x {size} pixels", colour]))
        _say(f"{trained.key} ({data}): {trained.why}; --experiment KEY takes another")
    return trained, photos.fit(trained.config, crop)


def _say(message: str) -> None:
    typer.echo(_text(message))


def _one(path: Path) -> Path:
    """The path, which must be an image's."""
    if path.is_file():
        return path
    raise files.BadInput(f"{path}: {'a folder, expected one image' if path.is_dir() else 'not found'}")


def _target(
    out: Path | None, default: str, force: bool, inputs: Sequence[Path], suffixes: tuple[str, ...] = (".png",)
) -> Path:
    """Where to write, one of the suffixes ("" for a folder); BadInput where that is wrong, taken, or an input."""
    target = out or Path(default)
    suffix = "" if target.is_dir() else target.suffix.lower()
    if suffix not in suffixes:
        known = " or ".join(s or "a folder" for s in suffixes)
        raise files.BadInput(f"--out {target}: {'a folder' if target.is_dir() else 'not known'}; expected {known}")
    taken = any(target.iterdir()) if target.is_dir() else target.exists()
    if taken and not force:
        raise files.BadInput(f"{target}: exists; --force replaces it, --out PATH writes elsewhere")
    if target.resolve() in {path.resolve() for path in inputs}:
        raise files.BadInput(f"--out {target}: one of the images to read; write elsewhere")
    return target


def _rebuild(
    use: str, images: list[Path], experiment: str | None, out: Path | None, crop: str | int | None, force: bool
) -> None:
    """Every image through the model: a picture of pairs, or a PNG each."""
    import numpy as np

    from autofaces import models, photos, sheets, uses

    paths = photos.find(images)
    target = _target(out, f"{use}.png", force, paths, (".png", ""))
    each = target.suffix.lower() != ".png"
    if not each and len(paths) > MOST:
        raise files.BadInput(f"{len(paths):,} images: a picture shows at most {MOST}; name a folder with --out")
    names = _names(target, paths) if each else []
    if clash := {name.resolve() for name in names} & {path.resolve() for path in paths}:
        raise files.BadInput(f"--out {target}: would replace {min(clash)}, one of the images to read; write elsewhere")
    trained, fit = _begin(use, experiment, crop)
    unreadable: list[str] = []
    originals: list[sheets.Tile] = []
    results: list[sheets.Tile] = []
    for indices, batch in photos.batches(paths, fit, models.BATCH, unreadable, use):
        made = uses.reconstruct(trained.model, batch)
        for i, original, result in zip(indices, batch, made, strict=True):
            if each:
                sheets.save(sheets.image(result), names[i])
            else:
                originals.append(sheets.Tile(original, _text(paths[i].name)))
                error = f"\nmse {np.square((original - result.astype(float)) / 255).mean():.4f}"
                results.append(sheets.Tile(result, trained.key + (error if use == "reconstruct" else "")))
    _report(unreadable, len(paths))
    if not each:
        pairs = zip(_rows(originals), _rows(results), strict=True)
        sheets.save(sheets.draw([row for pair in pairs for row in pair]), target)
    done = len(paths) - len(unreadable)
    _say(f"{target}: {done:,} {'image' if done == 1 else 'images'}, {fit.size} x {fit.size} pixels each")


def _names(folder: Path, paths: Sequence[Path]) -> list[Path]:
    """A PNG in `folder` for each image, in its place below the folder that all images share; no two the same."""
    shared = os.path.commonpath([path.absolute().parent for path in paths])
    names: dict[Path, None] = {}
    for path in paths:
        name = folder / path.absolute().relative_to(shared).with_suffix(".png")
        while name in names:  # of a.jpg and a.png
            name = name.with_stem(f"{name.stem}_")
        names[name] = None
    return list(names)


def _rows(tiles: Sequence["sheets.Tile"]) -> list[Sequence["sheets.Tile"]]:
    return [tiles[i : i + ACROSS] for i in range(0, len(tiles), ACROSS)]


def _report(unreadable: Sequence[str], number: int) -> None:
    """Name the images that cannot be read; BadInput where these are all."""
    from autofaces import photos

    if len(unreadable) == number:
        raise files.BadInput(photos.named(unreadable, number))
    if unreadable:
        typer.echo(_text(photos.named(unreadable, number)), err=True)


if __name__ == "__main__":
    app()
