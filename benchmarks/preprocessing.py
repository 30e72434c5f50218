"""From 178x218 JPEG to uint8 128x128, three ways that are common and ours."""

from pathlib import Path
from typing import Any

from benchmarks import faces
from benchmarks.timing import Bench, Case, Run, Skip, Target, repeat

TITLE = "Preprocessing"
ABOUT = """
178x218 JPEG -> the centred square of 178 pixels -> 128x128 RGB uint8, antialiased. *Pillow*: open, convert, crop,
bilinear resize, into an array in memory. *ImageFolder*: torchvision's data set with CenterCrop, Resize, ToTensor, read
one after the other. *decode_jpeg*: torchvision's decoder and its antialiased resize of tensors. *ours*:
`preprocessing.write`, from the archive to the arrays on the disk, the start of its processes counted.
""".strip()
CROP = 178


def run(bench: Bench) -> list[dict[str, Any]]:
    cases = [
        _case("Pillow", "pillow", bench),
        _case("ImageFolder", "image_folder", bench),
        _case("decode_jpeg", "decode_jpeg", bench),
        _case("ours, one process", "ours", bench, images=3000, processes=1),
        _case("ours, all processes", "ours", bench, Target(4500, "rate"), images=12_000, processes=None),
    ]
    return [{"title": "", "rows": bench.measure(cases, compared=True)}]


def _case(name: str, function: str, bench: Bench, target: Target | None = None, **settings: Any) -> Case:
    if "images" in settings and bench.quick:
        settings["images"] = 64
    settings["folder"] = str(bench.folder)
    return Case(name, f"preprocessing:{function}", settings, 1, name, target=target)


def pillow(settings: dict[str, Any]) -> Run:
    import numpy as np
    from PIL import Image

    paths = _jpegs(settings)
    images = np.empty((len(paths), faces.SIZE, faces.SIZE, 3), np.uint8)

    def work() -> None:
        for i, path in enumerate(paths):
            with Image.open(path) as image:
                left, top = (image.width - CROP) // 2, (image.height - CROP) // 2
                square = image.convert("RGB").crop((left, top, left + CROP, top + CROP))
                images[i] = np.asarray(square.resize((faces.SIZE, faces.SIZE), Image.Resampling.BILINEAR))

    return repeat(work, len(paths))


def image_folder(settings: dict[str, Any]) -> Run:
    from torchvision import datasets, transforms

    chain = transforms.Compose(
        [transforms.CenterCrop(CROP), transforms.Resize(faces.SIZE), transforms.ToTensor()]  # as examples have it
    )
    images = datasets.ImageFolder(Path(settings["folder"], "jpeg"), chain)
    images.samples = images.samples[: len(_jpegs(settings))]
    return repeat(lambda: [images[i] for i in range(len(images))], len(images))


def decode_jpeg(settings: dict[str, Any]) -> Run:
    import torch
    from torchvision import io
    from torchvision.transforms.v2 import functional

    torch.set_num_threads(1)
    paths = [str(path) for path in _jpegs(settings)]
    images = torch.empty((len(paths), 3, faces.SIZE, faces.SIZE), dtype=torch.uint8)

    def work() -> None:
        for i, path in enumerate(paths):
            image = functional.center_crop(io.decode_jpeg(io.read_file(path)), [CROP, CROP])
            images[i] = functional.resize(image, [faces.SIZE, faces.SIZE], antialias=True)

    try:
        work()
    except RuntimeError as error:  # a torchvision that was built without libjpeg
        raise Skip(str(error).partition("\n")[0]) from None
    return repeat(work, len(paths))


def ours(settings: dict[str, Any]) -> Run:
    folder, images, processes = Path(settings["folder"]), settings["images"], settings["processes"]
    target = folder / f"preprocessed-{processes or 'all'}"
    return repeat(lambda: faces.preprocess(folder, range(1, images + 1), target, processes), images)


def _jpegs(settings: dict[str, Any]) -> list[Path]:
    """Files for about half a second of work."""
    return sorted(Path(settings["folder"], "jpeg", "faces").iterdir())[:800]
