"""How far images that a model makes up are from real ones: of two sets of as many, one number.

All take uint8 (N, H, W, C): samples are rounded to 256 levels, as real images are. Nothing is drawn but what seeds fix.
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view

from autofaces.evaluation.sharpness import coarse, laplacian_variance, luma

PATCH = 7  # pixels of a patch's side
PATCHES = 128  # of each image and level
REPEATS, DIRECTIONS = 4, 128  # projections: so many times so many at once
COARSEST = 16  # pixels of the pyramid's smallest level
FLAT = 1e-3  # of 255: a spread below it is rounding, not a picture
BATCH = 32  # images in memory as floats


def swd(samples: np.ndarray, images: np.ndarray) -> float:
    """Sliced Wasserstein distance of Laplacian-pyramid patches, times 1e3, the mean over levels of H, H / 2, ..., 16
    pixels (Karras et al. 2018, Progressive Growing of GANs, section 5). H = W, a multiple of 16.

    Per level: 128 patches of 7x7 pixels an image; each channel brought to mean 0 and spread 1 over its own set, so that
    structure counts and contrast does not (grey mush may come out well: read it beside sharpness_ratio, diversity); the
    mean distance of their projections on 512 random directions. The patches of both sets are at the same places: it is
    0 for equal sets, and the same both ways. ValueError where numbers differ: sorted projections are compared in pairs.
    """
    return float(swds([samples], images, [slice(None)])[0, 0])


def swds(
    sets: Sequence[np.ndarray], images: np.ndarray, parts: Sequence[slice | np.ndarray], repeats: int = REPEATS
) -> np.ndarray:
    """`swd` of several sets from the images, and of parts of each from the same part of the images: (sets, parts).

    Patches are cut once: the places in a part are those that its images have in the whole. repeats: of `REPEATS`, how
    many times 128 directions are projected on.
    """
    for samples in sets:
        if samples.shape != images.shape:
            raise ValueError(f"swd: sets of one size and shape, not {samples.shape} and {images.shape}")
    distances = []
    for level in range((images.shape[1] // COARSEST).bit_length()):
        random = np.random.default_rng(level)
        corners = random.integers(0, (images.shape[1] >> level) - PATCH + 1, (2, len(images), PATCHES))
        numbers = images.shape[3] * PATCH**2
        directions = [random.standard_normal((DIRECTIONS, numbers), np.float32) for _ in range(repeats)]
        directions = [d / np.linalg.norm(d, axis=1, keepdims=True) for d in directions]
        cut = [patches(x, level, corners) for x in (images, *sets)]
        distances.append([_distances([standardised(x[part]) for x in cut], directions) for part in parts])
    return 1e3 * np.mean(distances, axis=0).T


def swd_floor(images: np.ndarray) -> float:
    """swd between the images at even and those at odd places: what it is between two sets of real images, half as many
    in each, and so at least as far apart as two sets of N. NaN of a single image."""
    half = len(images) // 2
    return swd(images[: 2 * half : 2], images[1 : 2 * half : 2]) if half else math.nan


def sharpness(images: np.ndarray) -> dict[str, np.ndarray]:
    """Variance of the Laplacian of luma of each image, (N,) float64: "" as it is, "_coarse" after a Gaussian of 2
    pixels, where checkerboard is gone."""
    found: dict[str, list[torch.Tensor]] = {"": [], "_coarse": []}
    for start in range(0, len(images), BATCH):
        grey = luma(torch.from_numpy(images[start : start + BATCH] / 255).permute(0, 3, 1, 2))
        for name, picture in {"": grey, "_coarse": coarse(grey)}.items():
            found[name].append(laplacian_variance(picture))
    return {name: torch.cat(values).numpy() for name, values in found.items()}


def diversity(samples: np.ndarray, images: np.ndarray) -> float:
    """Root mean square distance, pixel by pixel, between two samples over that between two images: 1 where samples
    differ as much as real images do, near 0 where all are the same. NaN where no two images differ.

    It knows nothing of faces: noise is as diverse as any. Read it beside swd.
    """
    return math.sqrt(ratio(mean_squared_distance(samples), mean_squared_distance(images)))


def mean_squared_distance(images: np.ndarray) -> float:
    """Mean over all pairs of the squared distance, in units of 1/255: from sums, not pair by pair. NaN of one image."""
    count = len(images)
    if count < 2:
        return math.nan
    squares = sum(int(np.square(image, dtype=np.int64).sum()) for image in images)
    of_the_sum = int(np.square(images.sum(0, dtype=np.int64)).sum())
    return 2 * (count * squares - of_the_sum) / (count * (count - 1))


def band(images: np.ndarray, level: int) -> np.ndarray:
    """uint8 (B, H, H, C) -> float32 (B, C, H >> level, H >> level): a level of the Laplacian pyramid, 0 the finest; the
    one of 16 pixels is what the others leave. Burt and Adelson (1983), borders mirrored, as OpenCV's pyrDown, pyrUp."""
    x = images.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    for _ in range(level):
        down = _binomial(x.shape[-1])[::2]
        x = down @ x @ down.T
    if x.shape[-1] >= 2 * COARSEST:
        smooth = _binomial(x.shape[-1])
        down_and_up = 2 * smooth[:, ::2] @ smooth[::2]
        x -= down_and_up @ x @ down_and_up.T
    return x


def patches(images: np.ndarray, level: int, corners: np.ndarray) -> np.ndarray:
    """uint8 (N, H, H, C) -> float32 (N, P, C, 7, 7): at `level` of the pyramid the patches with upper left corners
    (2, N, P)."""
    found = np.empty((*corners.shape[1:], images.shape[3], PATCH, PATCH), np.float32)
    for start in range(0, len(images), BATCH):
        windows = sliding_window_view(band(images[start : start + BATCH], level), (PATCH, PATCH), axis=(2, 3))
        rows, columns = corners[:, start : start + BATCH]
        found[start : start + BATCH] = windows[np.arange(len(windows))[:, None], :, rows, columns]
    return found


def standardised(patches: np.ndarray) -> np.ndarray:
    """float32 (N, P, C, 7, 7) -> (N * P, C * 7 * 7): each channel at mean 0 and spread 1 over all patches (0 throughout
    where they are flat)."""
    patches = patches.copy()
    for channel in np.moveaxis(patches, 2, 0):
        channel -= channel.mean(dtype=np.float64)
        channel /= max(channel.std(dtype=np.float64), FLAT)
    return patches.reshape(patches.shape[0] * patches.shape[1], -1)


def projected(x: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """(M, D), directions (K, D) -> the projections on each direction, sorted, (K, M): two sets' Wasserstein distance in
    a direction is the mean absolute difference of theirs."""
    found = directions @ x.T
    found.sort(axis=1)
    return found


def _distances(sets: Sequence[np.ndarray], directions: Sequence[np.ndarray]) -> np.ndarray:
    """Of the first of the sets, (M, D) each, from each other one: the mean Wasserstein distance over all directions."""
    found = np.zeros(len(sets) - 1)
    for some in directions:
        to = projected(sets[0], some)
        for i, x in enumerate(sets[1:]):
            difference = projected(x, some)
            difference -= to
            found[i] += np.abs(difference, out=difference).mean(dtype=np.float64)
    return found / len(directions)


def _binomial(size: int) -> np.ndarray:
    """(size, size): smoothing by 1, 4, 6, 4, 1 (of 16), each row a pixel's window, mirrored at the borders."""
    window = np.arange(size)[:, None] + np.arange(-2, 3)
    mirrored = size - 1 - np.abs(size - 1 - np.abs(window))
    weights = np.zeros((size, size), np.float32)
    np.add.at(weights, (np.arange(size)[:, None], mirrored), np.float32([1, 4, 6, 4, 1]) / 16)
    return weights


def ratio(a: float, b: float) -> float:
    """a / b, NaN where b is 0 (to rounding)."""
    return a / b if b > 1e-12 else math.nan
