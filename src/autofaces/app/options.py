"""What the commands share: their options, what they print, and where they may write."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.models import OptionInfo

from autofaces.core.files import BadInput

ACROSS = 8  # faces in a row of a picture
MOST = 64  # images that one picture shows
PICTURES = f"A .png of at most {MOST} images, or a folder for a PNG of each. Default: {{}}.png."


def _trained(incomplete: str) -> list[str]:
    return sorted(path.parent.name for path in Path("models").glob(f"{incomplete}*/weights.safetensors"))


def _crop(text: str) -> str | int:
    if text in ("square", "whole"):
        return text
    if text.isdigit() and int(text):
        return int(text)
    raise typer.BadParameter(f"{text!r}; expected square, whole, or a number of pixels")


def written(text: str) -> OptionInfo:
    """Where a command writes, and the help text on it."""
    return typer.Option(metavar="PATH", help=text, show_default=False)


MODEL = "Trained model: a row of params.yaml, or a folder such as models/KEY."

Images = Annotated[list[Path], typer.Argument(metavar="IMAGES", help="Images, and folders of them.")]
Key = Annotated[str, typer.Argument(metavar="KEY", autocompletion=_trained, help=MODEL)]
Experiment = Annotated[
    str | None,
    typer.Option(
        metavar="KEY",
        autocompletion=_trained,
        help=f"{MODEL} Default: the best row for this use.",
        show_default=False,
    ),
]
Crop = Annotated[
    str | None,
    typer.Option(
        metavar="CROP",
        parser=_crop,
        help="What is used of an image: square (the largest centred one), whole (squeezed to a square), or so many "
        "centred pixels (if it has over twice as many, the central half). Default: as the model was trained.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace what --out names.")]


def text(name: object) -> str:
    """A path or a message as text that can be printed: not every file's name is."""
    return str(name).encode("utf-8", "replace").decode()


def say(message: str, error: bool = False) -> None:
    """Print a line, to stderr where it is an error."""
    typer.echo(text(message), err=error)


def one(path: Path) -> Path:
    """The path, which must be an image's."""
    if path.is_file():
        return path
    raise BadInput(f"{path}: {'a folder, expected one image' if path.is_dir() else 'not found'}")


def target(
    out: Path | None, default: str, force: bool, inputs: Sequence[Path], suffixes: tuple[str, ...] = (".png",)
) -> Path:
    """Where to write, one of the suffixes ("" for a folder); BadInput where that is wrong, taken, or an input."""
    path = out or Path(default)
    suffix = "" if path.is_dir() else path.suffix.lower()
    if suffix not in suffixes:
        known = " or ".join(s or "a folder" for s in suffixes)
        raise BadInput(f"--out {path}: {'a folder' if path.is_dir() else 'not known'}; expected {known}")
    taken = any(path.iterdir()) if path.is_dir() else path.exists()
    if taken and not force:
        raise BadInput(f"{path}: exists; --force replaces it, --out PATH writes elsewhere")
    if path.resolve() in {image.resolve() for image in inputs}:
        raise BadInput(f"--out {path}: one of the images to read; write elsewhere")
    return path
