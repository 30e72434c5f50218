"""Whether a variational model makes images up or gives its training images back."""

import numpy as np
from torch import Tensor, nn

from autofaces.core import files
from autofaces.core.arrays import evenly
from autofaces.evaluation import inference
from autofaces.evaluation.applications.encoding import BLOCK, numbers, rebuilt
from autofaces.evaluation.inference import draw, tensor
from autofaces.training.likelihoods import generator
from autofaces.training.pixels import pixels

IMAGES = 128  # samples, and at most as many test images
SHOWN = 6


def measure(model: nn.Module, train: np.ndarray, test: np.ndarray) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """How near samples are to training images, beside images that are certainly no copies: test images.

    train, test: uint8 (N, H, W, C); the model is variational. Distance: root mean square over pixels, in [0, 1].

    copies_distance: median over 128 samples of the distance to the nearest training image. copies_ratio: that over the
    same of test images' reconstructions, which are as blurred as the samples (blur brings an image nearer to all
    others); 1: samples are no nearer to the training images than what shows other people, far below: copies.
    copies_ratio_originals: over that of the test images themselves.
    Pictures, uint8 (K, H, W, C): copies_samples, copies_nearest: their nearest training images.
    """
    if isinstance(inference.encode(model, tensor(model, test[:1])), Tensor):
        raise files.BadInput(
            f"applications: copies: {type(model).__name__} makes no images up; leave this use out, or take a model "
            "with mean and log-variance"
        )
    samples = pixels(draw(model, IMAGES, generator(inference.device(model), 0)))
    chosen = test[evenly(len(test), IMAGES)]
    index, distance = nearest(np.concatenate([samples, rebuilt(model, chosen), chosen]), train)
    made_up, others, originals = (np.median(d) for d in np.split(distance, [IMAGES, IMAGES + len(chosen)]))
    metrics = {
        "copies_distance": float(made_up),
        "copies_ratio": float(made_up / others),
        "copies_ratio_originals": float(made_up / originals),
    }
    return metrics, {"copies_samples": samples[:SHOWN], "copies_nearest": train[index[:SHOWN]]}


def nearest(images: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The training image nearest to each image, uint8 (M, H, W, C) and (N, H, W, C): its index (M,), and how far it is
    (M,), root mean square over pixels in [0, 1]. Training images are read in blocks."""
    a = numbers(images)
    index, least = np.zeros(len(images), int), np.full(len(images), np.inf, np.float32)
    for start in range(0, len(train), BLOCK):
        b = numbers(train[start : start + BLOCK])
        distance = np.einsum("ij,ij->i", b, b) - 2 * (a @ b.T)  # squared, less that of the image itself
        here = distance.argmin(1)
        closer = (found := distance[np.arange(len(a)), here]) < least
        index[closer], least[closer] = start + here[closer], found[closer]
    difference = (a - numbers(train[index])).reshape(len(a), -1)
    return index, np.sqrt(np.square(difference).mean(1, dtype=np.float64))
