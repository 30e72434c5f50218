"""The colours of an anime character: skin, hair, iris and ribbon, and how colours are mixed."""

import colorsys

import numpy as np

from autofaces.synthetic.anime_sheet import Colour
from autofaces.synthetic.face import Face


def hsv(hue: float, saturation: float, value: float) -> Colour:
    return tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(max(value, 0), 1)))


def _ramp(value: float, stops: list[float], colours: list[Colour]) -> Colour:
    return tuple(int(np.interp(value, stops, channel)) for channel in zip(*colours, strict=True))


def mix(one: Colour, two: Colour, share: float) -> Colour:
    return tuple(round(a + share * (b - a)) for a, b in zip(one, two, strict=False))


def times(colour: Colour, *factors: float) -> Colour:
    return tuple(min(255, round(c * f)) for c, f in zip(colour, factors, strict=True))


_HUES = (0.95, 0.0, 0.07, 0.13, 0.3, 0.47, 0.56, 0.62, 0.7, 0.78, 0.86)  # pink, red, orange, ... purple


class Paint:
    """The colours of a character: base, shadow and ink of skin and hair; the iris."""

    def __init__(self, face: Face, rng: np.random.Generator) -> None:
        self.skin = _ramp(
            face.skin**1.5, [0, 0.25, 0.5, 1], [(255, 238, 224), (253, 222, 196), (222, 170, 130), (142, 92, 66)]
        )
        self.skin_shadow = times(self.skin, 0.93, 0.78, 0.76)
        self.skin_ink = times(self.skin_shadow, 0.55, 0.42, 0.42)
        hue, strong, odd = float(rng.choice(_HUES)), rng.uniform(0.3, 0.68), rng.random()
        hair = _ramp(
            face.hair_dark, [0, 0.3, 0.6, 0.85, 1],
            [(250, 222, 140), (196, 146, 92), (132, 88, 62), (74, 58, 58), (52, 52, 68)],
        )  # fmt: skip
        if odd > 0.45 or face.hair_red > 0.4:
            hair = hsv(0.03 if face.hair_red > 0.4 else hue, strong, 0.97 - 0.42 * face.hair_dark)
        hair = mix(hair, (206, 208, 220), min(1.3 * face.hair_grey, 0.95))
        self.hair = hair
        self.hair_shadow = times(hair, 0.72, 0.66, 0.76)
        self.hair_ink = times(hair, 0.34, 0.28, 0.36)
        self.hair_light = mix(hair, (255, 250, 244), 0.62)
        iris = _ramp(
            face.iris, [0, 0.2, 0.4, 0.6, 0.8, 1],
            [(120, 58, 34), (164, 92, 42), (196, 148, 54), (72, 158, 96), (52, 140, 190), (64, 92, 206)],
        )  # fmt: skip
        self.iris = hsv(rng.choice((0.0, 0.12, 0.77, 0.92)), 0.72, 0.8) if rng.random() < 0.3 else iris
        self.ribbon = hsv(rng.random(), 0.65, 0.85)
