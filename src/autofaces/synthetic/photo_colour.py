"""Linear colours of the photo renderer, and the soft steps that blend them."""

import colorsys

import numpy as np

Array = np.ndarray
f4 = np.float32


def smooth(x: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    x = np.minimum(np.maximum(x, 0), 1)
    return x * x * (3 - 2 * x)


def bump(x: Array, middle: float, width: float) -> Array:
    u = (x - f4(middle)) * f4(1 / width)
    return np.exp(-u * u)


def linear(*srgb: float) -> Array:
    """sRGB in 0..1 -> linear float32 (3, 1)."""
    return (np.array(srgb, f4) ** 2)[:, None]


def hsv(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(hue % 1, saturation, value)


def ramp(value: float, stops: list[float], colours: list[tuple[float, float, float]]) -> Array:
    """Linear colour (3, 1) at `value` between the stops' sRGB colours."""
    return linear(*(np.interp(value, stops, channel) for channel in zip(*colours, strict=True)))


def mix(under: Array, over: Array, alpha: Array) -> Array:
    return under + alpha * (over - under)


def lay(picture: Array, pixels: Array, colour: Array, alpha: Array) -> None:
    """Lay `colour` (3, n) or (3, 1) over the picture's pixels, in place, with opacity alpha (n,)."""
    for plane, ink in zip(picture, np.broadcast_to(colour, (3, colour.shape[1])), strict=True):
        under = plane[pixels]
        under += alpha * (ink - under)
        plane[pixels] = under
