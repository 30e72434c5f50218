"""The light of the photo renderer, and how skin and cloth look under it."""

from typing import NamedTuple

import numpy as np

from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4


class Light(NamedTuple):
    direction: Array  # (3,) towards the key light
    half: Array  # (3,) between light and viewer, for highlights
    key: Array  # (3, 1) colour times strength
    ambient: Array  # (3, 1)


def light_of(face: Face) -> Light:
    side, height = np.radians((face.light_side, face.light_height))
    direction = np.array([np.sin(side) * np.cos(height), -np.sin(height), np.cos(side) * np.cos(height)])
    half = direction + np.array([0, 0, 1])  # the viewer looks along z
    warm, contrast = 0.1 * face.light_warmth, face.light_contrast
    key = (0.68 + 0.42 * contrast) * face.exposure * np.array([1 + warm, 1, 1 - 1.3 * warm])
    ambient = (0.42 - 0.24 * contrast) * face.exposure * np.array([0.97, 1, 1.05])
    return Light(
        direction.astype(f4),
        (half / np.linalg.norm(half)).astype(f4),
        key.astype(f4)[:, None],
        ambient.astype(f4)[:, None],
    )


def dot(n: tuple[Array, Array, Array], direction: Array) -> Array:
    return n[0] * direction[0] + n[1] * direction[1] + n[2] * direction[2]


def shade(albedo: Array, n: tuple[Array, Array, Array], light: Light, open_: Array) -> Array:
    """Skin or cloth (3, n) under the light; red light creeps furthest around into the shadow."""
    facing = dot(n, light.direction)
    sky = (f4(0.75) - f4(0.25) * n[1]) * open_
    out = np.empty((3, *facing.shape), f4)
    for channel, wrap in enumerate((0.38, 0.24, 0.18)):
        lit = np.maximum((facing + f4(wrap)) * f4(1 / (1 + wrap)), 0)
        lit *= open_ * light.key[channel]
        lit += sky * light.ambient[channel]
        np.multiply(lit, albedo[channel], out=out[channel])
    return out
