"""The latent playground: what the page needs to decode codes of one trained variational model by itself, and pictures
of the same for readers without JavaScript."""

import base64
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image
from sklearn.decomposition import PCA
from threadpoolctl import threadpool_limits
from torch import nn

from autofaces.core import arrays, files
from autofaces.evaluation import inference
from autofaces.report import decoder
from autofaces.training import devices, models
from autofaces.training.pixels import pixels, to_unit

SLIDERS = 8  # leading directions that can be moved
LEADING = 64  # directions, at most, of the Gaussian that is drawn from
FACES = 8  # test images that can be chosen
STEPS = (-3, -2, -1, 0, 1, 2, 3)  # standard deviations, in the pictures of the directions
DRAWN = 6  # made-up faces of each kind
SIDE = 64  # pixels, at most, of a face in a picture


class Playground(NamedTuple):
    """One model's playground."""

    experiment: str
    data: dict[str, Any]  # what playground.js reads
    size: int  # pixels of a side of what the decoder makes
    numbers: int  # in a code
    images: int  # test images that the directions come from
    share: float  # of the codes' variance that lies along the leading directions
    faces: list[bytes]  # PNG of each face that can be chosen
    directions: list[bytes]  # PNG of the way along each direction
    morph: bytes
    prior: bytes  # faces decoded from N(0, I)
    fitted: bytes  # and from the Gaussian of the test codes


def make(model_folder: Path | str, arrays_folder: Path | str) -> Playground | None:
    """The playground of the model in `model_folder` with the test images of its data set; None where either folder is
    absent, or there are too few images. BadInput where the model is not variational, or decoder.js cannot run it."""
    if not (Path(model_folder).is_dir() and Path(arrays_folder).is_dir()):
        return None
    name = Path(model_folder).name
    devices.pick(1)  # the page is the same bytes whatever the number of threads
    model, config = models.load(model_folder)
    if not models.is_variational(*(config[k] for k in ("name", "size", "channels", "arguments"))):
        raise files.BadInput(f"{name}: it is not variational, so there is no N(0, I) to draw from; choose a VAE")
    images = arrays.load(arrays_folder, "test")
    with threadpool_limits(1):
        return _made(model, name, images) if len(images) > 1 else None


def principal(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Codes (N, D) -> their mean (D,), their leading directions (K, D), each one standard deviation long, and the share
    of the variance along them. A direction's largest entry is positive."""
    with np.errstate(invalid="ignore"):  # of codes that are all the same there is no share
        found = PCA(min(LEADING, len(codes) - 1, codes.shape[1]), svd_solver="full").fit(codes)
    share = np.nan_to_num(found.explained_variance_ratio_.sum(), nan=1.0)
    leading, deviations = found.components_, np.sqrt(found.explained_variance_)[:, None]
    largest = np.take_along_axis(leading, np.abs(leading).argmax(1, keepdims=True), 1)
    return found.mean_, leading * np.sign(largest) * deviations, float(share)


@torch.inference_mode()
def _made(model: nn.Module, name: str, images: np.memmap) -> Playground:
    codes = inference.codes(model, images)
    mean, directions, share = principal(codes.astype(np.float64))
    chosen = arrays.evenly(len(images), FACES)

    def shaped(flat: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(flat.astype(np.float32)).unflatten(1, model.code_shape)

    def decoded(flat: np.ndarray) -> np.ndarray:
        """Codes (B, D) -> uint8 (B, H, W, C)."""
        return pixels(to_unit(model.decode(shaped(flat)), model.pixel_range))

    noise = np.random.default_rng(0)
    first, last = codes[chosen[:2]]
    prior = noise.standard_normal((DRAWN, len(mean)))
    fitted = mean + noise.standard_normal((DRAWN, len(directions))) @ directions
    chain, _ = decoder.operations(model)
    kind, factors, weights = decoder.packed(model, shaped(np.concatenate([codes[chosen], prior])))
    data = {
        "operations": chain,
        "type": kind,
        "factors": factors,
        "weights": _base64(weights),
        "code": list(model.code_shape),
        "mean": _numbers(mean),
        "directions": [_numbers(direction) for direction in directions],
        "faces": [_numbers(code) for code in codes[chosen]],
    }
    return Playground(
        experiment=name,
        data=data,
        size=images.shape[1],
        numbers=len(mean),
        images=len(images),
        share=share,
        faces=[png([image]) for image in images[chosen]],
        directions=[png(decoded(mean + np.outer(STEPS, direction))) for direction in directions[:SLIDERS]],
        morph=png(decoded(first + (last - first) * np.linspace(0, 1, inference.STEPS)[:, None])),
        prior=png(decoded(prior)),
        fitted=png(decoded(fitted)),
    )


def png(images: np.ndarray | list[np.ndarray]) -> bytes:
    """uint8 (B, H, W, C) -> the images side by side, at most 64 pixels each, as a PNG file."""
    tiles = [Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image) for image in images]
    side = min(SIDE, tiles[0].width)
    strip = Image.new(tiles[0].mode, (side * len(tiles), side))
    for i, tile in enumerate(tiles):
        strip.paste(tile.resize((side, side), Image.Resampling.BOX), (i * side, 0))
    buffer = io.BytesIO()
    strip.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def _numbers(values: np.ndarray) -> str:
    return _base64(values.astype("<f4").tobytes())


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
