"""What the measures of uses share: reconstructions, and what codes are compared with: pixels, principal components."""

import numpy as np
from torch import nn

from autofaces.evaluation.inference import batches, reconstruct
from autofaces.training.pixels import pixels

BLOCK = 512  # pictures whose pixels are in memory as numbers at a time


def spread(values: np.ndarray, index: np.ndarray, number: int) -> np.ndarray:
    """Values (K,) of the images at `index` (K,) -> float64 (number,), NaN of all others."""
    result = np.full(number, np.nan)
    result[index] = values
    return result


def rebuilt(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> the model's reconstructions, the same."""
    return np.concatenate([pixels(reconstruct(model, batch)) for batch in batches(model, images)])


def numbers(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> float32 (N, H W C) in [-0.5, 0.5]: so centred, float32 stays precise in products."""
    values = images.reshape(len(images), -1).astype(np.float32)
    values /= 255
    values -= 0.5
    return values


def products(a: np.ndarray, b: np.ndarray | None = None) -> np.ndarray:
    """Inner products of the pixels of pictures, uint8 (N, H, W, C) and (M, H, W, C) -> float32 (N, M); of `a` with
    itself where there is no `b`. In blocks, so that few are in memory as numbers."""
    result = np.empty((len(a), len(a if b is None else b)), np.float32)
    for i in range(0, len(a), BLOCK):
        rows = numbers(a[i : i + BLOCK])
        if b is None:
            for j in range(0, i + 1, BLOCK):
                block = rows @ (rows if j == i else numbers(a[j : j + BLOCK])).T
                result[i : i + BLOCK, j : j + BLOCK] = block
                result[j : j + BLOCK, i : i + BLOCK] = block.T
        else:
            for j in range(0, len(b), BLOCK):
                result[i : i + BLOCK, j : j + BLOCK] = rows @ numbers(b[j : j + BLOCK]).T
    return result


def principal(train: np.ndarray, test: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Codes of `size` principal components of the training images' pixels, or as many as there can be: uint8
    (N, H, W, C), (M, H, W, C) -> float32 (N, K), (M, K), K = min(size, N - 1).

    From the inner products of images (kernel PCA with a linear kernel is PCA): there are fewer images than pixels.
    """
    from sklearn.decomposition import KernelPCA  # a second, which copies and morphs do without

    pca = KernelPCA(min(size, len(train) - 1), kernel="precomputed", eigen_solver="dense")
    return pca.fit_transform(products(train)), pca.transform(products(test, train))
