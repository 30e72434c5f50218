"""The commands on a user's own images: reconstruct, denoise, morph, similar, sample, outliers; and export."""

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from autofaces.app.options import (
    ACROSS,
    MOST,
    PICTURES,
    Crop,
    Experiment,
    Force,
    Images,
    Key,
    one,
    say,
    target,
    text,
    written,
)
from autofaces.core import files

if TYPE_CHECKING:
    from autofaces.app import photos, uses
    from autofaces.figures.canvas import Tile


def reconstruct(
    images: Images,
    experiment: Experiment = None,
    out: Annotated[Path | None, written(PICTURES.format("reconstruct"))] = None,
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


def denoise(
    images: Images,
    experiment: Experiment = None,
    out: Annotated[Path | None, written(PICTURES.format("denoise"))] = None,
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


def morph(
    a: Annotated[Path, typer.Argument(metavar="A", help="Image to start from.")],
    b: Annotated[Path, typer.Argument(metavar="B", help="Image to end at.")],
    experiment: Experiment = None,
    out: Annotated[Path | None, written("A .png. Default: morph.png.")] = None,
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

    from autofaces.app import photos
    from autofaces.evaluation import inference
    from autofaces.figures import canvas
    from autofaces.training.pixels import pixels

    path = target(out, "morph.png", force, [one(a), one(b)])
    trained, fit = _begin("morph", experiment, crop)
    ends = np.stack([photos.read(end, fit) for end in (a, b)])
    steps = pixels(inference.morph(trained.model, ends))
    tiles = [canvas.Tile(face, f"step {i} of {len(steps) - 1}") for i, face in enumerate(steps)]
    first, last = (canvas.Tile(face, text(end.name)) for face, end in zip(ends, (a, b), strict=True))
    canvas.save(canvas.captioned([[first, *tiles, last]]), path)
    say(f"{path}: {len(steps)} steps from {a} to {b}")


def similar(
    query: Annotated[Path, typer.Argument(metavar="QUERY", help="Image to find others like.")],
    folder: Annotated[Path, typer.Option("--in", metavar="FOLDER", help="Where to look: nested or flat.")],
    experiment: Experiment = None,
    count: Annotated[int, typer.Option(min=1, max=1000, help="Images to find.")] = ACROSS - 1,
    out: Annotated[Path | None, written("A .png, or a .csv of files and similarities. Default: similar.png.")] = None,
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
    from autofaces.app import gallery, photos
    from autofaces.evaluation import inference
    from autofaces.figures import canvas

    path = target(out, "similar.png", force, [one(query)], (".png", ".csv"))
    table = path.suffix.lower() == ".csv"
    if not table and count >= MOST:
        raise files.BadInput(f"--count {count}: a picture shows at most {MOST - 1}; write a .csv with --out")
    if not folder.is_dir():
        raise files.BadInput(f"--in {folder}: {'not a folder' if folder.exists() else 'not found'}")
    trained, fit = _begin("similar", experiment, crop)
    image = photos.read(query, fit)
    (code,) = inference.codes(trained.model, image[None])
    started = time.monotonic()
    beside: list[str] = []
    known, new = gallery.gather(folder, trained, fit, beside)
    gathered = time.monotonic()
    found = gallery.nearest(known, code, count + 1)  # one may be the query itself
    searched = time.monotonic()
    near = [(folder / name, value) for name, value in found if not (folder / name).samefile(query)][:count]
    if not near:
        raise files.BadInput(f"--in {folder}: no image there but {query} itself")
    if table:
        files.write_csv(path, [{"file": text(file), "similarity": value} for file, value in near])
    else:
        tiles = [canvas.Tile(image, f"{text(query.name)}\nthe query")]
        tiles += [canvas.Tile(photos.read(file, fit), f"{text(file.name)}\n{value:.3f}") for file, value in near]
        canvas.save(canvas.captioned(_rows(tiles)), path)
    unreadable = [*known.unreadable.values(), *beside]
    _report(unreadable, len(known.known) + len(unreadable))
    say(
        f"{len(known.known):,} codes of {folder} in {gathered - started:.2f} s ({new:,} images opened), "
        f"searched in {searched - gathered:.3f} s"
    )
    say(f"{path}: the {len(near)} nearest to {query}")


def sample(
    experiment: Experiment = None,
    source: Annotated[
        Literal["prior", "codes"],
        typer.Option("--from", help="What codes are drawn from: N(0, I), or where those of training images lie."),
    ] = "prior",
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Faces to make up.")] = 2 * ACROSS,
    seed: Annotated[int, typer.Option(min=0, help="Another number, other faces.")] = 0,
    out: Annotated[Path | None, written(PICTURES.format("sample"))] = None,
    force: Force = False,
) -> None:
    """Make faces up.

    A variational model has learned to decode codes from its prior, N(0, I).
    Those of any model can be drawn --from codes: from a mixture of Gaussians
    that is fitted to the codes of the images it was trained on, which have
    to be in data/arrays (Ghosh et al. 2020, From Variational to
    Deterministic Autoencoders). The same seed on the same machine gives the
    same faces.

    \b
    Examples:
      autofaces sample
      autofaces sample --count 1000 --seed 7 --out made-up
      autofaces sample --from codes --experiment kovenko-ae
    """
    from autofaces.app import uses
    from autofaces.figures import canvas

    path = target(out, "sample.png", force, [], (".png", ""))
    each = path.suffix.lower() != ".png"
    if not each and count > MOST:
        raise files.BadInput(f"--count {count}: a picture shows at most {MOST}; name a folder with --out")
    trained, _ = _begin("sample" if source == "prior" else "sample from codes", experiment, None)
    faces = uses.made_up(trained, source, count, seed)
    if each:
        for i, face in enumerate(faces):
            canvas.save_picture(face, path / f"{i:0{len(str(count - 1))}}.png")
    else:
        canvas.save(canvas.captioned(_rows([canvas.Tile(face) for face in faces])), path)
    say(f"{path}: {count:,} faces, seed {seed}")


def outliers(
    images: Images,
    experiment: Experiment = None,
    out: Annotated[Path | None, written("A .csv. Default: outliers.csv.")] = None,
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

    from autofaces.app import photos, uses
    from autofaces.evaluation import inference
    from autofaces.evaluation.scores import scores

    unreadable: list[str] = []
    paths = photos.find(images, unreadable)
    number = len(paths) + len(unreadable)
    path = target(out, "outliers.csv", force, paths, (".csv",))
    trained, fit = _begin("outliers", experiment, crop)
    names: list[str] = []
    found = []
    for indices, batch in photos.batches(paths, fit, inference.BATCH, unreadable, "outliers"):
        names += [text(paths[i]) for i in indices]
        found.append(scores(trained.model, batch))
    _report(unreadable, number)
    values = np.concatenate(found)
    threshold, source = uses.threshold(trained) or (
        float(np.percentile(values, uses.PERCENTILE)),
        f"{uses.PERCENTILE}th percentile of these images themselves: the model's own data set is not here",
    )
    rows = [
        {"file": name, "score": float(value), "threshold": threshold, "outlier": int(value > threshold)}
        for name, value in zip(names, values, strict=True)
    ]
    files.write_csv(path, sorted(rows, key=lambda row: -row["score"]))
    say(f"threshold {threshold:.4g} {uses.unit(trained.config)}: {source}")
    say(f"{path}: {len(values):,} images, {int((values > threshold).sum()):,} above the threshold")


def export(
    experiment: Key,
    part: Annotated[
        Literal["reconstruct", "encode", "decode"],
        typer.Option(help="reconstruct: images to images; encode: images to codes; decode: codes to images."),
    ] = "reconstruct",
    out: Annotated[Path | None, written("A .onnx. Default: KEY-PART.onnx.")] = None,
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
    from autofaces.app import export as onnx
    from autofaces.app import uses

    trained = uses.load("export", experiment)
    path = target(out, f"{trained.key}-{part}.onnx", force, [], (".onnx",))
    difference = onnx.write(path, trained.model, trained.config, part)
    say(f"{path}: {path.stat().st_size / 2**20:.1f} MiB, within {difference:.0e} of PyTorch")
    for name, what in onnx.described(trained.config, part).items():
        say(f"  {name}: {what}")


def _begin(use: str, experiment: str | None, crop: str | int | None) -> tuple["uses.Trained", "photos.Fit"]:
    """The model for a use, and what it sees of an image; says which was chosen, and why."""
    from autofaces.app import photos, uses

    trained = uses.load(use, experiment)
    if trained.why:
        size, colour = trained.config["size"], "RGB" if trained.config["channels"] == 3 else "grey"
        synthetic = "synthetic faces" if trained.config.get("faces") == "synthetic" else None
        data = ", ".join(filter(None, [trained.config.get("dataset"), synthetic, f"{size} x {size} pixels", colour]))
        say(f"{trained.key} ({data}): {trained.why}; --experiment KEY takes another")
    return trained, photos.fit(trained.config, crop)


def _rebuild(
    use: str, images: list[Path], experiment: str | None, out: Path | None, crop: str | int | None, force: bool
) -> None:
    """Every image through the model: a picture of pairs, or a PNG each."""
    import numpy as np

    from autofaces.app import photos
    from autofaces.evaluation import inference
    from autofaces.figures import canvas
    from autofaces.training.pixels import pixels

    unreadable: list[str] = []
    paths = photos.find(images, unreadable)
    number = len(paths) + len(unreadable)
    path = target(out, f"{use}.png", force, paths, (".png", ""))
    each = path.suffix.lower() != ".png"
    if not each and len(paths) > MOST:
        raise files.BadInput(f"{len(paths):,} images: a picture shows at most {MOST}; name a folder with --out")
    names = _names(path, paths) if each else []
    if clash := {name.resolve() for name in names} & {image.resolve() for image in paths}:
        raise files.BadInput(f"--out {path}: would replace {min(clash)}, one of the images to read; write elsewhere")
    trained, fit = _begin(use, experiment, crop)
    originals: list[Tile] = []
    results: list[Tile] = []
    for indices, batch in photos.batches(paths, fit, inference.BATCH, unreadable, use):
        made = pixels(inference.reconstruct(trained.model, inference.tensor(trained.model, batch)))
        for i, original, result in zip(indices, batch, made, strict=True):
            if each:
                canvas.save_picture(result, names[i])
            else:
                originals.append(canvas.Tile(original, text(paths[i].name)))
                error = f"\nmse {np.square((original - result.astype(float)) / 255).mean():.4f}"
                results.append(canvas.Tile(result, trained.key + (error if use == "reconstruct" else "")))
    _report(unreadable, number)
    if not each:
        pairs = zip(_rows(originals), _rows(results), strict=True)
        canvas.save(canvas.captioned([row for pair in pairs for row in pair]), path)
    done = number - len(unreadable)
    say(f"{path}: {done:,} {'image' if done == 1 else 'images'}, {fit.size} x {fit.size} pixels each")


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


def _rows(tiles: Sequence["Tile"]) -> list[Sequence["Tile"]]:
    return [tiles[i : i + ACROSS] for i in range(0, len(tiles), ACROSS)]


def _report(unreadable: Sequence[str], number: int) -> None:
    """Name the images that cannot be read; BadInput where these are all."""
    from autofaces.app import photos

    if len(unreadable) == number:
        raise files.BadInput(photos.named(unreadable, number))
    if unreadable:
        say(photos.named(unreadable, number), error=True)
