"""What a variational model does with its code."""

from torch import Tensor

ACTIVE = 0.01  # variance over images from which on a number of the code counts as used


def active_units(means: Tensor) -> int:
    """Means of the codes of N images, (N, ...) -> how many of a code's numbers vary over the images, with a variance
    above 0.01 (Burda et al. 2016, appendix C). 0: the decoder is told nothing."""
    return int((means.float().flatten(1).var(0, correction=0) > ACTIVE).sum())
