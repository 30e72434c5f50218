"""The `sketch` renderer: a pencil portrait of a face, in the pose and the light of its photograph.

The draughtsman looks at photographs from `photo`: one with fair skin and light clothes, as a pencil would show them,
and one that differs in the colours of hair and background, which tells where those are. From their light come soft
shading, hatching in two directions and the strokes of hair; the contours of eyes, nose, lips and jaw are lines drawn
along the landmarks of the geometry. Everything is rubbed on one grain of paper.

Shapes: planes of the picture are float32 (height, width); ink is 0 for bare paper .. 1 for black.
"""

import dataclasses
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from autofaces.synthetic import geometry, photo
from autofaces.synthetic.face import Face

Array = np.ndarray
f4 = np.float32


def render(face: Face, width: int, height: int) -> Array:
    """Draw `face` as uint8 (height, width), 0 black .. 255 white. The same face and size give the same bytes."""
    rng = np.random.default_rng([face.seed, face.identity, face.image, 9])
    light, person, hair = _look(face, width, height)
    unit = face.eye_distance * width  # pixels
    grain, hatch, cross, pressure = _paper(width, height, rng)
    press = 1 + f4(0.2) * (pressure - f4(0.5))  # the hand weighs now more, now less

    tone = _tone(light, hair, unit)
    shade = 0.55 * tone + 0.3 * _strokes(tone, hatch) + 0.2 * _strokes(tone - f4(0.3), cross)
    shade *= person
    strands = _strands(light, hair, face, grain, pressure)
    ink = _over(shade * press, strands * person)
    ink = _over(ink, _edges(light, person, hair, unit) * press)
    ink = _over(ink, _contours(face, width, height, rng) * press)
    ink *= 1 - f4(0.5) * grain * (1 - f4(0.75) * ink)  # graphite skips the hollows of the paper
    white = f4(0.985) - f4(0.03) * grain * grain
    return (255 * np.clip(white - f4(0.93) * ink, 0, 1) + f4(0.5)).astype(np.uint8)


def _smooth(x: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _over(under: Array, ink: Array) -> Array:
    """Ink on top of ink."""
    ink = np.clip(ink, 0, 1)
    return under + ink - under * ink


def _blur(plane: Array, sigma: float) -> Array:
    """Gaussian blur of a plane with values in 0..1; sigma in pixels."""
    image = Image.fromarray((255 * np.clip(plane, 0, 1)).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(sigma)), f4) * f4(1 / 255)


# The model


def _look(face: Face, width: int, height: int) -> tuple[Array, Array, Array]:
    """Brightness of the model on white ground, share of the person and share of hair: three planes, 0..1."""
    sitter = dataclasses.replace(
        face,
        skin=0.05 + 0.3 * face.skin,
        hair_dark=0.45 + 0.55 * face.hair_dark,
        hair_grey=0.7 * face.hair_grey,
        makeup=0.6 * face.makeup,
        clothes_hue=0.13,
        clothes_light=0.55 + 0.45 * face.clothes_light,
        background="studio",
        background_hue=0.0,
        background_light=1.0,
        blur=0.0,
    )
    other = dataclasses.replace(sitter, background_light=0.0, hair_dark=0.0, hair_red=0.0, hair_grey=0.8)
    light, changed = (
        np.asarray(Image.fromarray(photo.render(model, width, height)).convert("L"), f4) * f4(1 / 255)
        for model in (sitter, other)
    )
    change = light - changed
    person = _smooth(_blur(change < 0.06, 0.8) * f4(1.6) - f4(0.3))
    hair = _blur(np.clip(-6 * change - f4(0.1), 0, 1), 0.6)
    return 1 - person * (1 - light), person, hair


def _tone(light: Array, hair: Array, unit: float) -> Array:
    """Darkness 0..1 that the shading should reach, outside the hair: that of the light, local contrast enhanced."""
    near = _blur(light, 0.25 * unit)
    local = 1 - light / np.maximum(near, f4(0.05))
    wide = _blur(light, 1.2 * unit)
    broad = np.clip(f4(0.82) - near, 0, 1)
    return np.clip(0.9 * local + 0.9 * broad + 0.5 * np.clip(wide - near, 0, 1), 0, 0.85) * (1 - hair)


# Paper and pencil


def _noise(seed: int, band: Callable[[Array, Array], Array]) -> Array:
    """Periodic noise (256, 256), its values evenly spread over 0..1; `band` weighs frequencies in cycles per tile."""
    noise = np.random.default_rng(seed).normal(size=(256, 256))
    cycles = np.fft.fftfreq(256) * 256
    layer = np.fft.ifft2(np.fft.fft2(noise) * band(cycles[:, None], cycles[None])).real.ravel()
    even = np.empty(layer.size, f4)
    even[np.argsort(layer)] = np.linspace(0, 1, layer.size, dtype=f4)
    return even.reshape(256, 256)


def _lines(v: Array, u: Array, angle: float) -> Array:
    """Band of noise that looks like lines about 3 pixels apart, at `angle` degrees."""
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    along, across = c * u + s * v, c * v - s * u
    return np.exp(-((along / 9) ** 2) - ((np.abs(across) - 72) / 30) ** 2)


@cache
def _tiles() -> Array:
    """float32 (4, 256, 256): grain of the paper, hatching, hatching across it, slow changes of pressure."""
    return np.stack(
        [
            _noise(0, lambda v, u: np.exp(-(u * u + v * v) / 95**2) * (u * u + v * v)),
            _noise(1, lambda v, u: _lines(v, u, -52)),
            _noise(2, lambda v, u: _lines(v, u, 38)),
            _noise(3, lambda v, u: np.exp(-(u * u + v * v) / 9**2)),
        ]
    )


def _paper(width: int, height: int, rng: np.random.Generator) -> Array:
    """float32 (4, height, width): the tiles from a place of its own."""
    top, left = rng.integers(0, 256, 2)
    rows, columns = (np.arange(height) + top) % 256, (np.arange(width) + left) % 256
    return _tiles()[:, rows[:, None], columns[None]]


def _strokes(darkness: Array, hatch: Array) -> Array:
    """Strokes of the hatching that cover a share `darkness` of the paper."""
    return _smooth((darkness - hatch) * f4(2.2) + f4(0.15)) * np.clip(darkness * 4, 0, 1)


def _strands(light: Array, hair: Array, face: Face, grain: Array, pressure: Array) -> Array:
    """Ink of the hair: dark where the photograph's is, its strands and locks as strokes with lights between."""
    light = f4(0.3) + hair * (light - f4(0.3))  # no glare from beside the hair
    fine = light - _blur(light, 1.6)
    locks = _blur(light, 1.2) - _blur(light, 5)
    dark = f4(0.88) - f4(0.25) * (1 - face.hair_dark) - f4(0.25) * face.hair_grey - f4(0.5) * light
    return _smooth(hair * f4(1.3)) * np.clip(
        dark - f4(2.6) * fine - f4(2.4) * locks + f4(0.15) * (pressure - grain), 0.08, 0.88
    )


def _edges(light: Array, person: Array, hair: Array, unit: float) -> Array:
    """Pencil lines where the light steps: the darker side of each edge, and the outline of the person."""
    seen = np.minimum(light, 1 - f4(0.5) * person)
    thin = 0.016 * unit
    step = _blur(light, 2.6 * thin + 0.6) - _blur(light, thin)
    outline = _blur(seen, 1.6) - _blur(seen, 0.5)
    return np.clip(f4(3.2) * step - f4(0.03), 0, 0.6) * (1 - f4(0.8) * hair) + (
        np.clip(f4(3) * outline - f4(0.1), 0, 0.55) * (1 - f4(0.7) * _blur(hair, 1.5))
    )


# Contours


class _Pencil:
    """Tapering lines on a sheet three times as large as the picture."""

    zoom = 3

    def __init__(self, face: Face, width: int, height: int, rng: np.random.Generator) -> None:
        self.face, self.size, self.rng = face, (width, height), rng
        self.image = Image.new("L", (width * self.zoom, height * self.zoom))
        self.draw = ImageDraw.Draw(self.image)
        self.unit = face.eye_distance * width * self.zoom  # pixels of the sheet

    def line(self, points: Array, weight: float, ink: float, times: int = 1) -> None:
        """Draw through landmarks (n, 3), `weight` units wide in the middle, `times` over, never quite the same."""
        path = geometry.to_pixels(self.face, points, *self.size) * self.zoom
        t = np.linspace(0, len(path) - 1, 4 * len(path))
        path = np.stack([np.interp(t, np.arange(len(path)), axis) for axis in path.T], -1)
        along = np.gradient(path, axis=0)
        across = np.stack([-along[:, 1], along[:, 0]], -1) / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-6)
        for _ in range(times):
            a, b, c = self.rng.normal(0, 0.008 * self.unit, 3)
            wobble = a + b * np.sin(np.linspace(0, 5, len(t))) + c * np.linspace(-1, 1, len(t))
            half = 0.5 * weight * self.unit * (0.35 + 0.65 * np.sin(np.linspace(0, np.pi, len(t))))
            middle = path + wobble[:, None] * across
            ring = np.concatenate([middle + half[:, None] * across, (middle - half[:, None] * across)[::-1]])
            self.draw.polygon(ring.ravel().tolist(), fill=int(255 * ink))

    def mask(self) -> Array:
        """float32 (height, width), 0..1."""
        return np.asarray(self.image.reduce(self.zoom), f4) * f4(1 / 255)


def _contours(face: Face, width: int, height: int, rng: np.random.Generator) -> Array:
    """Ink of the lines that every portrait has, along the landmarks."""
    pencil, marks = _Pencil(face, width, height, rng), geometry.landmarks(face)
    hidden = face.glasses == "sun"
    for side in ("left", "right"):
        lids = marks[f"{side}_eye"]
        if not hidden:
            pencil.line(np.concatenate([lids[12:], lids[:1]]), 0.02, 0.35)
            pencil.line(lids[:13], 0.04, 0.7, times=2)
            pencil.line(lids[1:12] - np.array([0, 0.06 + 0.04 * face.lids, 0]), 0.02, 0.5)
    base, lips, gap = marks["nose_base"], marks["lips"], marks["mouth"]
    pencil.line(base[1:-1], 0.02, 0.35)
    for wing, out in ((base[0], -0.03), (base[-1], 0.03)):
        arc = [[-out, -0.16, 0], [0.4 * out, -0.1, 0], [out, -0.03, 0], [0, 0.03, 0]]
        pencil.line(wing + np.array(arc), 0.025, 0.5)
    pencil.line(gap[:13], 0.03, 0.6, times=2)
    pencil.line(lips[:13], 0.02, 0.35)
    pencil.line(lips[15:23], 0.03, 0.3)
    return pencil.mask()
