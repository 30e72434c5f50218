"""The `photo` renderer: a face as a camera would see it.

For every pixel the ray is followed back to the head (an elliptic skull with a relief of nose, sockets, cheeks and
lips), so all that is painted in the head's own coordinates turns, nods and foreshortens with it. Colours are
linear until the last step (gamma 2). Fine detail, the strands of hair and the texture of skin, comes from noise
tiles made once per process.

Shapes: a picture is float32 (3, height * width); the pixels of one thing are a list of n positions in it, and what
is known about them are arrays (n,), their colours (3, n). Lengths are in the head's units.
"""

import colorsys
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from autofaces.synthetic import face as geometry
from autofaces.synthetic.face import Face

Array = np.ndarray
f4 = np.float32


def render(face: Face, width: int, height: int) -> Array:
    """Draw `face` as uint8 (height, width, 3), sRGB. The same face and size give the same bytes."""
    rng = np.random.default_rng([face.seed, face.identity, face.image, 7])
    view, light, maps = _look(face, width, height), _light(face), _maps(face)
    picture = _background(face, width, height, rng)
    hair = _hair(face, view, light, rng)
    if hair:
        _lay(picture, hair.pixels, hair.inner, hair.behind)
    _body(picture, face, view, light, rng)
    _ears(picture, face, view, light, front=False)
    _head(picture, face, view, light, maps, hair, rng)
    _ears(picture, face, view, light, front=True)
    _brows(picture, face, view, light, rng)
    if face.beard != "none":
        _beard(picture, face, view, light, maps, rng)
    if hair:
        _lay_hair(picture, hair, view)
    if face.glasses != "none":
        _glasses(picture, face, view, rng)
    return _develop(picture, face, width, height, rng)


# Small tools


def _smooth(x: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    x = np.minimum(np.maximum(x, 0), 1)
    return x * x * (3 - 2 * x)


def _bump(x: Array, middle: float, width: float) -> Array:
    u = (x - f4(middle)) * f4(1 / width)
    return np.exp(-u * u)


def _colour(*srgb: float) -> Array:
    """sRGB in 0..1 -> linear float32 (3, 1)."""
    return (np.array(srgb, f4) ** 2)[:, None]


def _hue(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(hue % 1, saturation, value)


def _ramp(value: float, stops: list[float], colours: list[tuple[float, float, float]]) -> Array:
    """Linear colour (3, 1) at `value` between the stops' sRGB colours."""
    return _colour(*(np.interp(value, stops, channel) for channel in zip(*colours, strict=True)))


def _mix(under: Array, over: Array, alpha: Array) -> Array:
    return under + alpha * (over - under)


def _lay(picture: Array, pixels: Array, colour: Array, alpha: Array) -> None:
    """Lay `colour` (3, n) or (3, 1) over the picture's pixels, in place, with opacity alpha (n,)."""
    for plane, ink in zip(picture, np.broadcast_to(colour, (3, colour.shape[1])), strict=True):
        under = plane[pixels]
        under += alpha * (ink - under)
        plane[pixels] = under


# Noise


def _filtered(seed: int, size: int, band: Callable[[Array, Array], Array]) -> Array:
    """Periodic noise (size, size) of unit variance; `band` weighs its frequencies in cycles per tile."""
    noise = np.random.default_rng(seed).normal(size=(size, size))
    cycles = np.fft.fftfreq(size) * size
    layer = np.fft.ifft2(np.fft.fft2(noise) * band(cycles[:, None], cycles[None])).real
    return layer / layer.std()


@cache
def _noise() -> Array:
    """float32 (256, 256, 4): grain, pores (2 px), blotches (6 px), clouds (25 px)."""
    layers = [
        _filtered(k, 256, lambda v, u, period=period: np.exp(-2 * (u * u + v * v) * (period / 256) ** 2))
        for k, period in enumerate((0, 2, 6, 25))
    ]
    return np.stack(layers, -1).astype(f4)


@cache
def _strands() -> Array:
    """float32 (512 along, 512 across, 2): single strands, and locks of them."""
    layers = [
        _filtered(
            k,
            512,
            lambda v, u, low=low, high=high, drift=drift: (
                np.exp(-((v / drift) ** 2) - (u / high) ** 2) * (1 - np.exp(-((u / low) ** 2)))
            ),
        )
        for k, (low, high, drift) in enumerate(((80, 190, 8), (14, 60, 5)))
    ]
    return np.stack(layers, -1).astype(f4)


@cache
def _curls() -> Array:
    """float32 (256, 256, 2): brightness of ringlets of about 12 px, and of the locks they form, lit from above."""
    swirl = _filtered(3, 256, lambda v, u: np.exp(-(u * u + v * v) / 51**2) * (1 - np.exp(-(u * u + v * v) / 6.4**2)))
    rings = np.sin(9 * swirl + 0.5 * _noise()[..., 1])
    locks = np.roll(swirl, (1, 1), (0, 1)) - np.roll(swirl, (-1, -1), (0, 1))
    return np.stack([0.8 * rings, locks / locks.std()], -1).astype(f4)


def _tile(tile: Array, row: Array, column: Array) -> Array:
    """Nearest values (k, n) of a periodic tile (m, m, k), m a power of two, at float positions above 0."""
    m = tile.shape[0]
    index = (row.astype(np.int32) & (m - 1)) * m + (column.astype(np.int32) & (m - 1))
    return tile.reshape(m * m, -1).take(index, axis=0).T


def _tile_smooth(tile: Array, row: Array, column: Array) -> Array:
    """As `_tile`, but linear between columns, so that strands have no stairs."""
    left = np.floor(column)
    one, two = _tile(tile, row, left), _tile(tile, row, left + 1)
    return one + (column - left) * (two - one)


# Camera and light


class _View(NamedTuple):
    """From pixels to rays."""

    width: int  # pixels
    height: int
    scale: float  # pixels per unit
    x0: float  # pixel of the middle of the eyes
    y0: float
    roll: tuple[float, float]  # cosine, sine
    yaw: tuple[float, float]
    pitch: tuple[float, float]
    eyes: tuple[float, float]  # the eyes' middle, from the axis of the skull, after yaw and pitch


def _look(face: Face, width: int, height: int) -> _View:
    roll, yaw, pitch = ((float(np.cos(a)), float(np.sin(a))) for a in np.radians((face.roll, face.yaw, face.pitch)))
    depth = float(geometry.eyes_middle(face)[2])
    return _View(
        width=width,
        height=height,
        scale=face.eye_distance * width,
        x0=face.eye_x * width,
        y0=face.eye_y * height,
        roll=roll,
        yaw=yaw,
        pitch=pitch,
        eyes=(depth * yaw[1], depth * yaw[0] * pitch[1]),
    )


def _box(view: _View, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """Pixels (left, top, right, bottom) of these units about the eyes, clipped to the picture, never empty."""

    def clip(value: float, low: int, high: int) -> int:
        return int(min(max(round(value), low), high))

    x, y = (
        clip(view.x0 + left * view.scale, 0, view.width - 1),
        clip(view.y0 + top * view.scale, 0, view.height - 1),
    )
    return (
        x,
        y,
        clip(view.x0 + right * view.scale, x + 1, view.width),
        clip(view.y0 + bottom * view.scale, y + 1, view.height),
    )


def _grid(view: _View, box: tuple[int, int, int, int]) -> tuple[Array, Array, Array]:
    """Positions (n,) of the box's pixels, and x (1, w) and y (h, 1) from the middle of the eyes, roll kept."""
    left, top, right, bottom = box
    columns, rows = np.arange(left, right), np.arange(top, bottom)
    x = ((columns + 0.5 - view.x0) / view.scale).astype(f4)[None]
    y = ((rows + 0.5 - view.y0) / view.scale).astype(f4)[:, None]
    return (rows[:, None] * view.width + columns[None]).ravel(), x, y


def _upright(view: _View, x: Array, y: Array) -> tuple[Array, Array]:
    """Undo the roll."""
    c, s = f4(view.roll[0]), f4(view.roll[1])
    return c * x + s * y, c * y - s * x


class _Light(NamedTuple):
    direction: Array  # (3,) towards the key light
    half: Array  # (3,) between light and viewer, for highlights
    key: Array  # (3, 1) colour times strength
    ambient: Array  # (3, 1)


def _light(face: Face) -> _Light:
    side, height = np.radians((face.light_side, face.light_height))
    direction = np.array([np.sin(side) * np.cos(height), -np.sin(height), np.cos(side) * np.cos(height)])
    half = direction + np.array([0, 0, 1])  # the viewer looks along z
    warm, contrast = 0.1 * face.light_warmth, face.light_contrast
    key = (0.68 + 0.42 * contrast) * face.exposure * np.array([1 + warm, 1, 1 - 1.3 * warm])
    ambient = (0.42 - 0.24 * contrast) * face.exposure * np.array([0.97, 1, 1.05])
    return _Light(
        direction.astype(f4),
        (half / np.linalg.norm(half)).astype(f4),
        key.astype(f4)[:, None],
        ambient.astype(f4)[:, None],
    )


def _dot(n: tuple[Array, Array, Array], direction: Array) -> Array:
    return n[0] * direction[0] + n[1] * direction[1] + n[2] * direction[2]


def _shade(albedo: Array, n: tuple[Array, Array, Array], light: _Light, open_: Array) -> Array:
    """Skin or cloth (3, n) under the light; red light creeps furthest around into the shadow."""
    facing = _dot(n, light.direction)
    sky = (f4(0.75) - f4(0.25) * n[1]) * open_
    out = np.empty((3, *facing.shape), f4)
    for channel, wrap in enumerate((0.38, 0.24, 0.18)):
        lit = np.maximum((facing + f4(wrap)) * f4(1 / (1 + wrap)), 0)
        lit *= open_ * light.key[channel]
        lit += sky * light.ambient[channel]
        np.multiply(lit, albedo[channel], out=out[channel])
    return out


# Rays that meet the head


_HEIGHTS = np.linspace(-2.6, 4.0, 661)
_STEP = 0.01


class _Hit(NamedTuple):
    """Where the rays of some pixels meet a surface around the skull's axis; arrays (n,)."""

    pixels: Array  # positions in the picture
    x: Array  # head coordinates
    y: Array
    z: Array
    width: Array  # half-width and half-depth of the section at y, and their slopes
    depth: Array
    width_slope: Array
    depth_slope: Array
    centre: Array  # z of its middle, and its slope
    centre_slope: Array
    inside: Array  # distance from the outline, positive inside


def _trace(view: _View, widths: Array, depths: Array, centres: Array) -> _Hit:
    """Follow rays to a surface whose sections are ellipses, with half-widths, half-depths and centres at _HEIGHTS."""
    (cy, sy), (cp, sp) = view.yaw, view.pitch
    outline = np.hypot(widths * cy, depths * sy)
    # the ray's way to the front of a section is m + lift * side + sqrt(bend * side^2 + size), side = x0 - shift
    narrow, shallow = 1 / widths**2, 1 / depths**2
    a, b = sy**2 * narrow + cy**2 * shallow, (shallow - narrow) * sy * cy
    bend = (b**2 - a * (cy**2 * narrow + sy**2 * shallow)) / a**2
    ways = np.column_stack([centres * cy, -b / a, bend, 1 / a, centres * sy]).astype(f4)
    sections = np.column_stack(
        [widths, depths, np.gradient(widths, _STEP), np.gradient(depths, _STEP),
         centres, np.gradient(centres, _STEP), outline, 1 / np.hypot(1, np.gradient(outline, _STEP))]
    ).astype(f4)  # fmt: skip
    there = np.flatnonzero(outline > 0.03)
    reach, ex, ey = float(outline.max()) + 0.15, *view.eyes
    low, high = _HEIGHTS[there[0]] - 0.15, _HEIGHTS[there[-1]] + 0.15
    lean = abs(view.roll[1])
    box = _box(
        view,
        -reach - ex - lean * max(abs(low), abs(high)),
        low - ey - lean * reach - 0.1,
        reach - ex + lean * max(abs(low), abs(high)),
        high - ey + lean * reach + 0.1,
    )
    pixels, x0, y0 = _grid(view, box)
    x0, y0 = (a.ravel() for a in _upright(view, x0, y0))
    x0, y0 = x0 + f4(ex), y0 + f4(ey)

    def at(y: Array) -> Array:
        index = np.minimum(np.maximum((y - f4(_HEIGHTS[0])) * f4(1 / _STEP), 0), len(_HEIGHTS) - 1)
        return index.astype(np.int32)

    # drop what is clearly beside it
    near = np.flatnonzero(sections[:, 6].take(at(y0 * f4(1 / cp))) + f4(0.12 + abs(sp) + 0.45 * abs(sy)) > np.abs(x0))
    pixels, x0, y0 = pixels[near], x0[near], y0[near]
    y = y0 * f4(cp) + f4(0.5 * max(-sp, 0))
    for _ in range(3 if abs(sp) > 0.01 else 1):
        index = at(y)
        m, lift, bend, size, shift = ways.take(index, axis=0).T
        side = x0 - shift
        forward = m + lift * side + np.sqrt(np.maximum(bend * side * side + size, 0))
        y = y0 * f4(cp) - (forward - y0 * f4(sp)) * f4(sp / cp)
    row = sections.take(index, axis=0).T
    gap = row[6] - np.abs(side)
    # the slope of the outline tells the distance only next to it
    inside = gap * _mix(row[7], 1, np.clip(np.abs(gap) * 5 - 0.2, 0, 1)) - (row[0] < 0.02)
    seen = np.flatnonzero(inside > -0.1)
    x0, forward = x0[seen], forward[seen]
    return _Hit(
        pixels[seen],
        x0 * f4(cy) - forward * f4(sy),
        y[seen],
        x0 * f4(sy) + forward * f4(cy),
        *row[:6, seen],
        inside[seen],
    )


def _normals(view: _View, nx: Array, ny: Array, nz: Array) -> tuple[Array, Array, Array]:
    """Unit normals of the head, turned into the upright view."""
    (cy, sy), (cp, sp) = view.yaw, view.pitch
    inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + f4(1e-9))
    nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
    nx, nz = nx * f4(cy) + nz * f4(sy), nz * f4(cy) - nx * f4(sy)
    return nx, ny * f4(cp) + nz * f4(sp), nz * f4(cp) - ny * f4(sp)


# Background


_WORDS = ("PRESS", "FORUM", "ART", "CITY", "OPEN", "MUSIC", "SUMMIT", "NEWS", "FILM", "SPORT", "UNION", "DAY")


@cache
def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)


def _background(face: Face, width: int, height: int, rng: np.random.Generator) -> Array:
    """float32 (3, height * width), linear: what stands behind, out of focus, drawn small and enlarged."""
    n, hue, bright = 64, face.background_hue, face.background_light
    base = 0.15 + 0.75 * bright

    def rgb(h: float, s: float, v: float) -> tuple[int, ...]:
        return tuple(int(255 * c) for c in _hue(h, 0.7 * s, min(max(v, 0), 1)))

    image = Image.new("RGB", (n, n))
    draw = ImageDraw.Draw(image)
    everywhere = (0, 0, n, n)
    blur = 1.0
    match face.background:
        case "studio":
            draw.rectangle(everywhere, rgb(hue, 0.2 + 0.4 * rng.random(), base))
            blur = 0
        case "indoor":  # walls with doors and frames
            draw.rectangle(everywhere, rgb(0.06 + 0.08 * hue, 0.3, base))
            for x, y, w, h, v in zip(*rng.random((5, 5)), strict=True):
                x, y = int(72 * x) - 8, int(72 * y) - 8
                ink = rgb(hue + 0.2 * v, 0.35, base * (0.4 + 0.85 * v))
                draw.rectangle((x, y, x + int(8 + 26 * w), y + int(8 + 26 * h)), ink)
        case "outdoor":  # sky over trees
            horizon = int(rng.integers(18, 50))
            draw.rectangle(everywhere, rgb(0.55 + 0.06 * hue, 0.4, 0.55 + 0.4 * bright))
            draw.rectangle((0, horizon, n, n), rgb(0.2 + 0.15 * hue, 0.5, 0.2 + 0.3 * bright))
            for x, y, r, g in zip(*rng.random((4, 50)), strict=True):
                x, y, r = n * x, horizon + (y - 0.35) * 30, 2 + 4 * r
                draw.ellipse((x - r, y - r, x + r, y + r), rgb(0.2 + 0.18 * g, 0.6, 0.12 + 0.45 * g * base))
        case "bokeh":  # lights far away
            draw.rectangle(everywhere, rgb(hue, 0.6, 0.08 + 0.2 * bright))
            for x, y, r, h in zip(*rng.random((4, 22)), strict=True):
                x, y, r = n * x, n * y, 1.5 + 4 * r
                draw.ellipse((x - r, y - r, x + r, y + r), rgb(hue + 0.3 * (h - 0.5), 0.6, 0.25 + 0.7 * h))
        case "stage":  # dark, with a spot
            draw.rectangle(everywhere, rgb(hue, 0.6, 0.08))
            x, y = rng.integers(0, n, 2).tolist()
            draw.ellipse((x - 22, y - 22, x + 22, y + 22), rgb(hue + 0.1, 0.6, 0.2 + 0.45 * bright))
            blur = 9
        case "banner":  # rows of lettering
            draw.rectangle(everywhere, rgb(hue, 0.65, 0.25 + 0.5 * bright))
            ink = rgb(hue + 0.5, 0.15, 0.95 if bright < 0.6 else 0.15)
            for y in range(int(rng.integers(-8, 4)), n, 17):
                draw.text((-int(rng.integers(0, 20)), y), " ".join(rng.choice(_WORDS, 4)), ink, _font())
            blur = 0.6
        case "blinds":
            draw.rectangle(everywhere, rgb(0.1 + 0.05 * hue, 0.15, base * 0.6))
            for y in range(0, n, 4):
                draw.rectangle((0, y, n, y + 2), rgb(0.1 + 0.05 * hue, 0.15, base * 0.8 + 0.2))
            x = int(rng.integers(0, n))
            draw.rectangle((x, 0, x + 18, n), rgb(hue, 0.3, base * 0.6))
            blur = 0.5
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    picture = np.empty((3, height, width), f4)
    picture[:] = np.moveaxis(np.asarray(image), -1, 0)
    picture *= picture
    across, down = rng.uniform(-0.35, 0.35, 2)
    shade = 1 + across * np.linspace(-1, 1, width)[None] + down * np.linspace(-1, 1, height)[:, None]
    picture *= (shade / 255**2).astype(f4)
    return picture.reshape(3, -1)


# Head


def _skin(face: Face) -> Array:
    """Linear (3, 1) colour of the face's skin."""
    tone = _ramp(
        face.skin, [0, 0.2, 0.4, 0.6, 0.8, 1],
        [(0.96, 0.80, 0.73), (0.92, 0.73, 0.63), (0.85, 0.64, 0.51), (0.70, 0.49, 0.37), (0.53, 0.35, 0.26),
         (0.39, 0.25, 0.19)],
    )  # fmt: skip
    u = face.undertone
    return tone * np.array([[1 - 0.03 * u], [1 + 0.03 * u], [1 - 0.06 * u]], f4)


_CELLS = 40  # cells per unit of the maps of the face
_LEFT, _TOP, _RIGHT, _BOTTOM = -1.3, -1.5, 1.3, 2.1


class _Maps(NamedTuple):
    """What varies over the face, float32 (rows, columns) each."""

    relief: Array  # height over the smooth skull, units
    slope_x: Array
    slope_y: Array
    dark: Array  # share of light that folds and hollows swallow
    red: Array  # share of reddening
    beard: Array  # growth, 0..1


def _maps(face: Face) -> _Maps:
    x = np.arange(_LEFT, _RIGHT, 1 / _CELLS, dtype=f4)[None]
    y = np.arange(_TOP, _BOTTOM, 1 / _CELLS, dtype=f4)[:, None]
    both = np.abs(x)

    def spot(cx: float, cy: float, sx: float, sy: float) -> Array:
        return _bump(both, cx, sx) * _bump(y, cy, sy)

    relief = _relief(face, x, y, spot)
    slope_y, slope_x = np.gradient(relief, f4(1 / _CELLS))
    m, tip, wide = geometry.mouth(face), geometry.nose_tip(face), face.nose_width
    old = float(np.clip((face.age - 35) / 45, 0, 1))
    dark = 0.9 * _lines(face, x.size, y.size)
    dark += 0.26 * spot(0.47, -0.06, 0.24, 0.13) + 0.16 * spot(0.2, -0.03, 0.08, 0.14)
    dark += (0.05 + 0.12 * old) * spot(0.46, 0.17, 0.17, 0.07)
    dark += 0.75 * spot(0.115 * wide, tip + 0.155, 0.062 * wide, 0.035)  # nostrils
    dark += 0.22 * spot(0, tip + 0.21, 0.2 * wide, 0.06) + 0.25 * spot(0.3 * wide, tip + 0.08, 0.04, 0.09)
    dark += 0.22 * spot(0, m.y + 0.8 * m.gap + m.lower + 0.08, 0.22, 0.06)
    dark += 0.25 * spot(m.half_width + 0.03, m.y - m.lift, 0.05, 0.05)
    red = 0.5 * spot(0.62, 0.55, 0.3, 0.22) + 0.55 * spot(0, tip, 0.18, 0.16)
    red += 0.3 * spot(0, geometry.chin(face) - 0.2, 0.25, 0.2) + 0.25 * spot(0.5, 0.02, 0.28, 0.16)
    red += 0.4 * face.makeup * spot(0.72, 0.5, 0.25, 0.16)
    return _Maps(relief, slope_x, slope_y, dark, red, np.broadcast_to(_growth(face, both, y), relief.shape))


def _relief(face: Face, x: Array, y: Array, spot: Callable[[float, float, float, float], Array]) -> Array:
    """Height of nose, sockets, cheeks, lips and chin over the smooth skull."""
    tip, m, wide, bridge = geometry.nose_tip(face), geometry.mouth(face), face.nose_width, face.nose_bridge
    smile, old = max(face.smile, 0), float(np.clip((face.age - 35) / 45, 0, 1))
    ridge = np.interp(
        y, np.array([-0.4, -0.15, 0.1, 0.75 * tip, tip, tip + 0.1, tip + 0.19]),
        [0, 0.05 * bridge, 0.16 * bridge, 0.3 * bridge + 0.02, 0.36, 0.27, 0],
    ).astype(f4)  # fmt: skip
    ridge[2:-2] = (ridge[:-4] + 2 * ridge[1:-3] + 3 * ridge[2:-2] + 2 * ridge[3:-1] + ridge[4:]) / 9
    thick = np.interp(y, [-0.3, 0.1, 0.7 * tip, tip + 0.1], [0.14, 0.135, 0.16 * wide, 0.21 * wide]).astype(f4)
    relief = ridge * np.exp(-((x / thick) ** 2))
    relief += 0.13 * spot(0.19 * wide, tip + 0.06, 0.085 * wide, 0.09)  # wings
    relief -= 0.05 * spot(0.1 * wide, tip + 0.15, 0.05, 0.035)  # nostrils
    relief -= 0.13 * spot(0.47, -0.02, 0.26, 0.19) + 0.08 * spot(0.17, -0.06, 0.1, 0.14)  # sockets
    relief += 0.055 * spot(0.5, 0.0, 0.17, 0.12)  # eyeballs
    relief += (0.05 + 0.03 * face.male) * spot(0.42, -face.brow_height + 0.02, 0.34, 0.1)
    relief += (0.06 + 0.06 * smile + 0.03 * face.cheeks) * spot(0.62, 0.52 - 0.06 * smile, 0.26, 0.2)
    relief -= (0.08 * (1 - face.cheeks) + 0.03 * old) * spot(0.68, 1.0, 0.2, 0.3)
    relief += 0.08 * spot(0, m.y, 0.42, 0.33)
    lips = 0.8 * m.half_width
    relief += 0.045 * spot(0, m.y - 0.2 * m.gap - 0.6 * m.upper, lips, 0.06)
    relief += 0.06 * spot(0, m.y + 0.8 * m.gap + 0.5 * m.lower, lips, 0.075)
    relief -= 0.06 * spot(0, m.y + 0.8 * m.gap + m.lower + 0.1, lips, 0.075)
    relief += (0.07 + 0.03 * face.jaw) * spot(0, geometry.chin(face) - 0.24, 0.22, 0.16)
    relief -= 0.02 * spot(0, 0.88 * face.face_length, 0.035, 0.1)  # the groove under the nose
    return relief * _smooth((1.15 * face.face_width - np.abs(x)) * 4)


def _growth(face: Face, both: Array, y: Array) -> Array:
    """Where a beard grows, 0..1, at |x| and y."""
    if face.beard == "none":
        return np.zeros((1, 1), f4)
    m = geometry.mouth(face)
    lip = m.y - 0.2 * m.gap - m.upper
    if face.beard == "moustache":
        return _smooth((m.half_width + 0.1 - both) * 8) * np.exp(-(((y - lip + 0.06 - 0.1 * both**2) / 0.1) ** 2))
    beside = _smooth((m.half_width + 0.09 - both) * 8)
    goatee = np.maximum(beside * _bump(y, lip - 0.06, 0.09), beside * _smooth((y - lip) * 8))
    return goatee if face.beard == "goatee" else np.maximum(_smooth((y - _cheek_line(both)) * 6), goatee)


def _cheek_line(both: Array) -> Array:
    """y of the upper border of a beard on the cheek at |x|."""
    return f4(0.52) + f4(0.75) * np.clip(1.05 - both, 0, 1) ** f4(1.3)


def _lines(face: Face, columns: int, rows: int) -> Array:
    """float32 (rows, columns): wrinkles and folds as soft dark lines, 0..1."""
    old, smile = float(np.clip((face.age - 28) / 45, 0, 1)), max(face.smile, 0)
    m, tip, wing = geometry.mouth(face), geometry.nose_tip(face), 0.27 * face.nose_width
    corner = m.half_width + 0.1
    image = Image.new("L", (columns, rows))
    draw = ImageDraw.Draw(image)

    def line(points: list[tuple[float, float]], strength: float, width: int = 1) -> None:
        for side in (-1, 1):
            path = [((side * x - _LEFT) * _CELLS, (y - _TOP) * _CELLS) for x, y in points]
            draw.line(path, fill=int(255 * min(strength, 1)), width=width, joint="curve")

    fold = [
        (wing, tip + 0.02),
        (wing + 0.07, tip + 0.16),
        (corner, m.y - 0.16),
        (corner + 0.01, m.y + 0.05 + 0.1 * old),
    ]
    line(fold, 0.16 + 0.4 * old + 0.35 * smile, 2)
    line([(0.3, 0.12), (0.45, 0.2), (0.62, 0.19), (0.72, 0.12)], 0.12 + 0.4 * old + 0.15 * smile, 2)
    if old > 0.15:
        brow = 0.5 * old * (1 + 0.5 * face.brow_raise)
        for y in (-0.62, -0.78, -0.94):
            line([(0, y - 0.02), (0.3, y - 0.03), (0.55, y + 0.02), (0.7, y + 0.07)], brow)
        for k in range(3):
            line([(0.8, -0.06 + 0.08 * k), (0.98, -0.14 + 0.14 * k)], 0.45 * old + 0.3 * smile)
        line([(0.07, -0.4), (0.08, -0.2)], 0.5 * old)
        line([(m.half_width + 0.02, m.y + 0.06), (m.half_width + 0.08, m.y + 0.35)], 0.35 * old, 2)
        line([(0.36, 0.3), (0.55, 0.34), (0.72, 0.27)], 0.3 * old, 2)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(0.8)), f4) * f4(1 / 255)


def _sample(maps: Array, x: Array, y: Array) -> Array:
    """Bilinear values (k, n) of maps (rows, columns, k) at head coordinates; the border goes on outside."""
    rows, columns, k = maps.shape
    u = np.minimum(np.maximum((x - f4(_LEFT)) * f4(_CELLS), 0), columns - f4(1.001))
    v = np.minimum(np.maximum((y - f4(_TOP)) * f4(_CELLS), 0), rows - f4(1.001))
    i, j = v.astype(np.int32), u.astype(np.int32)
    u, v = u - j, v - i
    flat, index = maps.reshape(-1, k), i * columns + j
    above = _mix(flat.take(index, axis=0).T, flat.take(index + 1, axis=0).T, u)
    below = _mix(flat.take(index + columns, axis=0).T, flat.take(index + columns + 1, axis=0).T, u)
    return _mix(above, below, v)


def _sink(view: _View, hit: _Hit, relief: Array) -> tuple[Array, Array, Array]:
    """Head coordinates (n,) x3 on the relief: walk in along the rays until they are below its surface."""
    (cy, sy), (cp, sp) = view.yaw, view.pitch
    step_x, step_y, step_z = f4(-sy), f4(-sp / cp), f4(cy)
    front = _smooth(hit.z * 4)
    steep = abs(sy / cy) + abs(sp / cp)
    gain = f4(1 / (1 + 1.6 * steep))  # short steps, lest a ray jumps through the nose
    rows, columns = relief.shape
    over = f4(0.45) * front if steep > 0.05 else 0 * hit.z
    for _ in range(1 + int(14 * steep)):
        u = (hit.x + step_x * over) * f4(_CELLS) + f4(0.5 - _LEFT * _CELLS)
        v = (hit.y + step_y * over) * f4(_CELLS) + f4(0.5 - _TOP * _CELLS)
        u = np.minimum(np.maximum(u, 0), columns - 1).astype(np.int32)
        v = np.minimum(np.maximum(v, 0), rows - 1).astype(np.int32)
        over = over - gain * (over - relief.take(v * columns + u) * front)
    height = _sample(relief[..., None], hit.x + step_x * over, hit.y + step_y * over)[0]
    over = over - gain * (over - height * front)
    return hit.x + step_x * over, hit.y + step_y * over, hit.z + step_z * over


def _head(
    picture: Array,
    face: Face,
    view: _View,
    light: _Light,
    maps: _Maps,
    hair: "_Hair | None",
    rng: np.random.Generator,
) -> None:
    """The head with skin, eyes and mouth, where hair leaves it open, without ears."""
    hit = _trace(view, *geometry.skull(face, _HEIGHTS))
    hidden = np.zeros(picture.shape[1], bool)
    if hair:
        hidden[hair.pixels[hair.front > 0.99]] = True
    shown = np.flatnonzero(~hidden[hit.pixels] & (hit.inside > -1 / view.scale))
    hit = _Hit(*(a[shown] for a in hit))
    x, y, z = _sink(view, hit, maps.relief)
    height, slope_x, slope_y, dark, red, growth = _sample(np.stack(maps, -1), x, y)
    front = _smooth(z * 4)
    base = np.maximum(z - hit.centre - height * front, 0)
    nz = base / (hit.depth * hit.depth)
    nx = x / (hit.width * hit.width) - nz * slope_x * front
    ny = (
        -(x * x) * hit.width_slope / hit.width**3
        - base * nz * hit.depth_slope / hit.depth
        - nz * (slope_y * front + hit.centre_slope)
    )
    n = _normals(view, nx, ny, nz)
    start = rng.integers(256, 512, 2)
    texture = _tile(_noise(), y * f4(view.scale) + start[0], x * f4(view.scale) + start[1])
    albedo = _complexion(face, x, y, red, growth, texture)
    # the nose throws a shadow away from the light
    lx, ly = float(light.direction[0]), float(light.direction[1])
    tip = geometry.nose_tip(face)
    shadow = _bump(x, -0.27 * float(np.sign(lx)), 0.13) * _bump(y, tip - 0.02 - 0.2 * ly, 0.2)
    opened = np.clip(1 - dark - f4(0.45 * face.light_contrast * abs(lx)) * shadow, 0.12, 1)
    opened *= 1 - 0.5 * _smooth(1 - hit.inside / 0.16) * _smooth((y - 0.9) * 1.6)  # under the jaw
    colour = _shade(albedo, n, light, opened)
    gloss = np.maximum(_dot(n, light.half), 0) ** 24 * opened
    gloss *= (0.5 + 0.8 * _bump(x, 0, 0.35) * (1 - growth)) * (0.10 + 0.04 * face.skin + 0.02 * texture[1])
    colour += gloss * light.key
    _eyes(colour, face, view, light, x, y, z)
    _mouth(colour, face, view, light, x, y, n, texture)
    _lay(picture, hit.pixels, colour, _smooth(hit.inside * f4(view.scale * 0.7) + 0.5))


def _complexion(face: Face, x: Array, y: Array, red: Array, growth: Array, texture: Array) -> Array:
    """Colour (3, n) of the skin with pores, blotches, freckles and the shadow of a beard, before light."""
    grain, pores, blotches, clouds = texture
    rough = 0.02 + 0.02 * np.clip((face.age - 25) / 50, 0, 1) - 0.012 * face.makeup
    albedo = _skin(face) * (1 + f4(rough) * pores + f4(0.025) * blotches + f4(0.03) * clouds)
    albedo[1:] *= 1 - np.maximum(red * f4(0.19 - 0.09 * face.skin) + f4(0.012) * blotches, 0)
    if face.freckles:
        spots = _smooth((pores + 0.4 * blotches - 1.9 + 0.8 * face.freckles) * 2) * (0.3 + red)
        albedo *= 1 - np.minimum(0.55 * spots, 0.6) * np.array([[0.5], [0.8], [1]], f4)
    if face.age > 55:
        spots = _smooth((blotches + 0.4 * clouds - 2.2) * 3) * f4((face.age - 55) / 60)
        albedo *= 1 - spots * np.array([[0.5], [0.7], [0.9]], f4)
    if face.beard != "none":
        cover = np.clip(growth * (0.38 if face.beard == "stubble" else 0.8) * (0.8 + 0.25 * grain), 0, 0.92)
        albedo = _mix(albedo, _hair_colour(face, beard=True) * (1 + 0.3 * pores), cover)
    elif face.male:
        cover = f4(0.13 * face.hair_dark * (1 - face.hair_grey)) * _smooth((y - _cheek_line(np.abs(x)) - 0.08) * 4)
        albedo *= 1 - cover * np.array([[1], [0.85], [0.7]], f4)
    return albedo


_IRISES = [(0.16, 0.09, 0.06), (0.36, 0.22, 0.12), (0.45, 0.37, 0.20), (0.36, 0.44, 0.33), (0.38, 0.52, 0.66)]


def _eyes(colour: Array, face: Face, view: _View, light: _Light, x: Array, y: Array, z: Array) -> None:
    """Paint both eyes into `colour` (3, n), whose pixels lie at (x, y, z) of the head."""
    shape = geometry.eye(face)
    iris = _ramp(face.iris, [0, 0.3, 0.45, 0.65, 1], _IRISES)
    level = (light.key + light.ambient) * f4(0.85)
    pixel = 1 / view.scale
    soft = f4(0.77 * view.scale)
    for side in (-1, 1):
        near = np.flatnonzero((np.abs(x - side * 0.5) < 0.36) & (np.abs(y + 0.035) < 0.235) & (z > 0.2))
        skin, ex, ey = colour[:, near], side * x[near] - f4(0.5), y[near]
        t = ex / f4(shape.half_width)  # -1 inner corner .. 1 outer corner
        ey = ey + f4(np.sin(shape.tilt)) * ex
        bow = np.maximum(1 - t * t, 0)
        upper, lower = -f4(shape.upper) * bow**0.75, f4(shape.lower) * bow
        inside = _smooth(np.minimum(ey - upper, lower - ey) * soft + 0.35) * (np.abs(t) < 1)
        # the fold above the lid, colour on the lid, the bag below
        fold = upper - f4(0.035 + 0.05 * face.lids) - 0.02 * (1 - bow)
        mask = _smooth((1.12 - np.abs(t)) * 8)
        dark = _bump(ey - fold, 0, max(0.022, 0.7 * pixel)) * f4(0.35 + 0.2 * face.lids)
        dark += f4(0.28 * face.makeup) * _smooth((ey - fold + 0.04) * 12) * _smooth((0.02 - ey) * 12)
        dark += 0.16 * _bump(ey - lower, 0.03, 0.025)
        skin *= 1 - np.minimum(dark * mask, 0.9)
        skin = _mix(skin, _eyeball(face, light, iris, side, ex, ey, t, upper, soft), inside)
        rim = 0.25 * _bump(ey - lower, 0.008, 0.012) * (np.abs(t) < 0.95)  # wet
        skin = _mix(skin, _colour(0.9, 0.72, 0.68) * level, rim)
        # lashes grow from a dark line
        line = _bump(ey - upper, -0.004, max(0.02 + 0.016 * face.makeup + 0.006 * (not face.male), 0.7 * pixel))
        line *= _smooth((1.06 - np.abs(t)) * 10)
        comb = 0.5 + 0.5 * np.sin(t * 30 + 25 * ey)
        length = f4(0.055 + (not face.male) * (0.03 + 0.03 * face.makeup))
        lash = comb * _smooth(1 - (upper - ey) / length) * (ey < upper)
        lash *= _smooth((t + 0.6) * 2) * _smooth((1.25 - t) * 6)
        below = _bump(ey - lower, 0.012, max(0.014, 0.6 * pixel)) * _smooth((t + 0.5) * 2) * (t < 1.02)
        cover = 0.88 * line + (0.35 if face.male else 0.6) * lash + (0.12 + 0.45 * face.makeup) * below
        colour[:, near] = _mix(skin, _colour(0.10, 0.07, 0.06) * level, np.minimum(cover, 0.95))


def _eyeball(
    face: Face,
    light: _Light,
    iris: Array,
    side: int,
    ex: Array,
    ey: Array,
    t: Array,
    upper: Array,
    soft: float,
) -> Array:
    """Colour (3, n) of white, iris, pupil and highlight of one eye."""
    level = (light.key + light.ambient) * f4(0.85)
    gx, gy = f4(0.1 * face.gaze_x * side), f4(-0.012 + 0.035 * face.gaze_y)
    dx, dy = ex - gx, ey - gy
    r, angle = np.hypot(dx, dy), np.arctan2(dy, dx)
    radius = geometry.eye(face).iris
    fibres = 1 + 0.25 * np.sin(angle * 17 + 3 * np.sin(angle * 5)) + 0.5 * _bump(r, 0.06, 0.025)
    ring = 1 - 0.6 * _smooth((r - f4(0.72 * radius)) * 40)
    ball = _colour(0.88, 0.85, 0.82) * (1 - 0.35 * t * t)
    ball = _mix(ball, iris * (1.25 * fibres * ring), _smooth((f4(radius) - r) * soft + 0.5))
    ball *= 1 - 0.97 * _smooth((f4(0.037) - r) * soft + 0.5)  # pupil
    ball *= 1 - 0.6 * _smooth(1 - (ey - upper) / 0.06)  # the lid's shadow
    corner = 0.7 * _bump(t, -0.97, 0.12) * _bump(ey, 0.01, 0.04)
    ball = _mix(ball, _colour(0.78, 0.5, 0.46), corner) * level
    shine = np.hypot(dx - side * f4(0.055) * light.direction[0], dy - f4(0.055) * light.direction[1])
    return ball + 0.9 * _smooth((0.026 - shine) * soft + 0.5)


def _mouth(
    colour: Array,
    face: Face,
    view: _View,
    light: _Light,
    x: Array,
    y: Array,
    n: tuple[Array, ...],
    texture: Array,
) -> None:
    """Paint lips, teeth and the opening into `colour` (3, n), whose pixels lie at (x, y) of the head."""
    m = geometry.mouth(face)
    near = np.flatnonzero((np.abs(x) < m.half_width + 0.1) & (y > m.y - 0.4) & (y < m.y + 0.65))
    part, mx, my = colour[:, near], x[near], y[near]
    t = mx / f4(m.half_width)
    line = {name: value.astype(f4) for name, value in geometry.lip_lines(face, np.clip(t, -1, 1)).items()}
    soft = f4(0.7 * view.scale)
    side = _smooth((1 - np.abs(t)) * 12)
    tone = _skin(face) * np.array([[0.86], [0.54], [0.54]], f4)
    painted = _colour(*_hue(0.97 + 0.025 * (face.undertone + 1), 0.75, 0.75 - 0.2 * face.skin))
    tone = _mix(tone, painted, f4(0.75 * face.makeup**1.5))
    creases = 1 + 0.05 * texture[0, near] + 0.10 * np.sin(mx * 70 + 2 * texture[2, near])
    normal = tuple(a[near] for a in n)
    upper_lip = my < m.y - 0.2 * m.gap
    lips = _shade(tone * creases, normal, light, np.where(upper_lip, f4(0.82), f4(1)))
    shine = np.maximum(_dot(normal, light.half), 0) ** 30 * _bump(my, m.y + 0.8 * m.gap + 0.45 * m.lower, 0.05)
    lips += shine * (0.1 + 0.22 * face.makeup) * (1 + 0.4 * texture[1, near])
    mask = _smooth(np.minimum(my - line["top"], line["bottom"] - my) * soft * 0.8 + 0.3) * side
    part = _mix(part, lips, mask * (0.78 + 0.22 * face.makeup))
    if m.gap > 0.03:
        opening = _smooth(np.minimum(my - line["upper"], line["lower"] - my) * soft + 0.4) * side
        part = _mix(part, _inside_mouth(face, light, mx, t, my - line["upper"], soft), opening)
        part *= 1 - 0.35 * _bump(my - line["upper"], 0, 0.6 / view.scale) * side
    else:
        seam = _bump(my - line["upper"], 0.005, max(0.014, 0.75 / view.scale)) * _smooth((1.05 - np.abs(t)) * 10)
        part *= 1 - 0.72 * seam
    colour[:, near] = part


def _inside_mouth(face: Face, light: _Light, mx: Array, t: Array, depth: Array, soft: float) -> Array:
    """Colour (3, n) of teeth, tongue and the dark behind, at `depth` below the upper lip."""
    level = light.key + light.ambient
    tongue = _bump(mx, 0, 0.22) * _smooth((depth - 0.13) * 10)
    inner = _mix(_colour(0.24, 0.07, 0.07) * level * 0.7, _colour(0.62, 0.30, 0.30) * level * 0.6, tongue)
    edge = 0.035 + 0.085 * min(1, 2 * max(face.smile, 0)) - 0.03 * t * t + 0.012 * np.abs(np.sin(mx * 28))
    cover = _smooth((edge - depth) * soft + 0.4) * _smooth((0.95 - np.abs(t)) * 6)
    between = 1 - 0.2 * _bump((mx * 9) % 1, 0.5, 0.12) - 0.5 * t * t
    enamel = _colour(0.95, 0.92, 0.89 - 0.08 * face.age / 80) * level * 0.95
    return _mix(inner, enamel * np.clip(between * (0.65 + 0.35 * _smooth(depth / 0.05)), 0.05, 1), cover)


def _ears(picture: Array, face: Face, view: _View, light: _Light, front: bool) -> None:
    """Paint the ears that stand in front of (or behind) the head's outline, unless hair covers them."""
    if _hangs(face) or face.hair_style == "afro":
        return
    for side in (-1, 1):
        if (side * face.yaw < -4) != front:  # the far ear is behind, the near one in front
            continue
        width = float(geometry.skull(face, np.array(0.3))[0])
        ex, ey, _ = geometry.project(face, np.array([side * (width + 0.02), 0.3, -0.1]))
        flat = abs(view.yaw[1]) if front else 0
        wide, tall = face.ear_size * (0.15 + 0.15 * flat), face.ear_size * 0.42
        pixels, x, y = _grid(view, _box(view, ex - 0.5, ey - 0.7, ex + 0.5, ey + 0.7))
        x, y = (a.ravel() for a in _upright(view, x - f4(ex), y - f4(ey)))
        x = side * x + 0.12 * y  # it leans back
        r = np.hypot(x / (wide * (1 - 0.42 * _smooth((y + 0.05) / 0.5))), y / f4(tall))
        pit = _bump(x, -0.02, 0.5 * wide) * _bump(y, 0.05, 0.45 * tall)
        n = (side * np.clip(0.3 + 0.9 * x / f4(wide), -1, 1) * 0.7, 0.5 * y / f4(tall), np.full_like(x, 0.6))
        open_ = np.clip(0.85 + 0.25 * _bump(r, 0.86, 0.16) - 0.32 * pit - 0.25 * _bump(r, 0.62, 0.14), 0.15, 1.1)
        albedo = _skin(face) * np.array([[1], [0.9], [0.89]], f4)
        alpha = _smooth((1 - r) * f4(wide * view.scale) + 0.3)
        _lay(picture, pixels, _shade(np.broadcast_to(albedo, (3, x.size)), n, light, open_), alpha)


# Neck, shoulders and clothes


def _body(picture: Array, face: Face, view: _View, light: _Light, rng: np.random.Generator) -> None:
    nx, ny, _ = geometry.project(face, np.array([0.0, 1.55, -0.25]))
    half = (0.82 if face.male else 0.64) * face.face_width  # of the neck
    base = 0.36 if face.male else 0.46  # where neck meets shoulders, below the neck's middle
    start = rng.integers(256, 512)

    def area(left: float, top: float, right: float) -> tuple[Array, Array, Array, Array, Array]:
        """Pixels of a strip down to the picture's edge, x and y from the neck, height of the shoulders, texture."""
        pixels, x, y = _grid(view, _box(view, nx + left, ny + top, nx + right, 99))
        x, y = (a.ravel() for a in np.broadcast_arrays(x - f4(nx), y - f4(ny)))
        away = np.abs(x) - f4(half)
        shoulder = base + 0.40 * np.maximum(away, 0) ** f4(0.85) - 2.1 * np.clip(-away, 0, 0.12)
        shoulder += 0.9 * np.maximum(np.abs(x) - (2.5 if face.male else 2.05), 0) ** 2
        texture = _tile(_noise(), y * f4(view.scale) + 512, x * f4(view.scale) + 1024 + start)
        return pixels, x, y, shoulder, texture

    pixels, x, y, shoulder, texture = area(-half - 0.5, -0.9, half + 0.5)
    neck = f4(half) * (1 + 0.14 * np.clip(y - 0.3, 0, 1) ** 2)
    u, chest = np.clip(x / neck, -1, 1), _smooth((y - base) * 2)
    n = (_mix(u, 0.25 * np.tanh(x), chest), -0.25 * chest, _mix(np.sqrt(1.02 - u * u), 0.95, chest))
    open_ = 1 - 0.55 * _smooth(1 - (y + 0.05) / 0.55)  # the chin's shadow
    open_ *= 1 - 0.1 * np.exp(-(((np.abs(x) - 0.35 + 0.15 * y) / 0.06) ** 2))  # cords
    open_ *= 1 - 0.16 * _bump(x, 0, 0.09) * _bump(y, base + 0.12, 0.1)
    albedo = _skin(face) * np.array([[0.96], [0.9], [0.88]], f4) * (1 + 0.025 * texture[1] + 0.03 * texture[3])
    alpha = _smooth(np.maximum(neck - np.abs(x), y - shoulder) * f4(view.scale) + 0.5)
    _lay(picture, pixels, _shade(albedo, n, light, open_), alpha)

    pixels, x, y, shoulder, texture = area(-99, base - 0.4, 99)
    below = np.flatnonzero(y > shoulder - 0.25)
    pixels, x, y, shoulder, texture = pixels[below], x[below], y[below], shoulder[below], texture[:, below]
    albedo, crease, edge = _clothes(face, view, x, y - f4(base), shoulder - f4(base), half)
    fold = texture[3] + 0.5 * np.sin(3.1 * x + 2 * y + f4(6 * face.clothes_hue))
    n = (0.35 * np.tanh(0.8 * x) + 0.12 * fold, np.full_like(x, -0.25), np.full_like(x, 0.9))
    if face.clothes_hue * 13 % 1 > 0.75:
        crease = crease * (1 - 0.35 * (np.sin(x * 26 + 0.8 * fold) > 0.5))  # stripes
    cloth = _shade(albedo, n, light, crease * (0.85 + 0.06 * fold) * (1 + 0.05 * texture[0]))
    alpha = _smooth(edge * f4(view.scale) + 0.5) * _smooth((y - shoulder + 0.2) * f4(view.scale))
    _lay(picture, pixels, cloth, alpha)


def _clothes(face: Face, view: _View, x: Array, y: Array, shoulder: Array, half: float) -> tuple[Array, Array, Array]:
    """Colour (3, n), creases (n,) and depth (n,) inside the border of clothes; y counts from the neck's base."""
    hue, bright, side = face.clothes_hue, face.clothes_light, np.abs(x)
    if face.clothes in ("tie", "jacket"):
        soft = f4(view.scale)
        lapel = f4(half + 0.08) * np.clip(1 - 0.42 * y, 0, 1)
        albedo = np.repeat(_colour(*_hue(0.6 + 0.1 * hue, 0.25, 0.1 + 0.25 * bright)), x.size, 1)
        albedo = _mix(albedo, _colour(*_hue(hue + 0.4, 0.08, 0.93)), _smooth((lapel - side) * soft + 0.5))
        if face.clothes == "tie":
            silk = _colour(*_hue(hue, 0.75, 0.25 + 0.5 * bright)) * (1 - 0.4 * (np.sin(30 * (x + y)) > 0.3))
            knot = np.where(y < 0.3, 0.13 - 0.1 * y, 0.07 + 0.05 * y)
            albedo = _mix(albedo, silk, _smooth((knot - side) * soft + 0.5) * (y > 0.12))
        crease = 1 - 0.4 * _bump(side - lapel, 0.02, 0.04)
        crease -= 0.3 * np.exp(-(((side - 0.72 * half - 0.25 * y) / 0.02) ** 2)) * (y < 0.42)  # collar
        throat = side - f4(half - 0.1) * np.clip(1 - 2.6 * y, 0, 1)
        return albedo, crease, np.minimum(throat, np.where(side < half + 0.1, y + 0.1, y - shoulder + 0.03))
    if face.clothes == "scoop":
        edge = np.maximum(shoulder, 0.95 * np.clip(1 - (x / (half + 0.35)) ** 2, 0, 1) ** 0.6)
    elif face.clothes == "crew":
        edge = np.maximum(shoulder, 0.28 * np.clip(1 - (x / (half + 0.1)) ** 2, 0, 1) ** 0.5) - 0.04
    else:  # a shirt, open at the neck
        edge = np.where(side < half + 0.1, 0.85 * np.clip(1 - side / 0.42, 0, 1) - 0.08, shoulder - 0.03)
    crease = 1 - 0.35 * _bump(y - edge, 0.03, 0.04)
    if face.clothes == "shirt":
        crease -= 0.3 * _bump(side, 0.02, 0.03)
    colour = _colour(*_hue(hue, 0.15 + 0.5 * (hue * 7 % 1), 0.12 + 0.8 * bright))
    return np.broadcast_to(colour, (3, x.size)), crease, y - edge.astype(f4)


# Hair


def _hair_colour(face: Face, beard: bool = False) -> Array:
    """Linear (3, 1) colour of hair, before light; beards grey first."""
    dark = _ramp(
        face.hair_dark, [0, 0.25, 0.5, 0.75, 1],
        [(0.86, 0.70, 0.46), (0.66, 0.48, 0.30), (0.42, 0.28, 0.18), (0.24, 0.16, 0.11), (0.10, 0.085, 0.08)],
    )  # fmt: skip
    dark = _mix(dark, _colour(0.62, 0.28, 0.12) * (1.2 - 0.8 * face.hair_dark), f4(face.hair_red))
    return _mix(dark, _colour(0.80, 0.79, 0.78), f4(min(face.hair_grey * (1.25 if beard else 1), 1)))


class _Hair(NamedTuple):
    pixels: Array  # (n,)
    outer: Array  # (3, n) colour in front of the face
    front: Array  # (n,) opacity there
    inner: Array  # (3, n) colour of its inner side, behind neck and face
    behind: Array  # (n,)


_THICKNESS = {
    "bald": 0.015, "buzz": 0.03, "short": 0.1, "parted": 0.14, "swept": 0.13, "bangs": 0.14, "long": 0.13,
    "wavy": 0.18, "curly": 0.26, "afro": 0.5,
}  # fmt: skip


def _hangs(face: Face) -> bool:
    """Whether the hair hangs down beside the face."""
    return face.hair_style in ("long", "wavy") or (face.hair_style in ("bangs", "curly") and not face.male)


def _cropped(face: Face) -> bool:
    return face.hair_style in ("bald", "buzz")


def _hair(face: Face, view: _View, light: _Light, rng: np.random.Generator) -> _Hair | None:
    """Hair as a shell around the skull; long styles hang down from it like a curtain. None for shaven heads."""
    style = face.hair_style
    if style == "bald" and face.recession > 0.5:
        return None
    hit = _trace(view, *_shell(face))
    single, lock = _flow(face, view, hit, rng)
    border = _hairline(face, hit) - hit.y
    if style == "bald":  # a wreath
        border = np.minimum(border, hit.y + 0.85 - 0.3 * _smooth(hit.z))
    ragged = {"buzz": 0.03, "bangs": 0.09, "short": 0.07, "afro": 0.07, "curly": 0.1}.get(style, 0.05)
    depth = border + f4(ragged) * (0.6 * single + 0.7 * lock) * (1 + _smooth(hit.y) * _hangs(face))
    if _cropped(face):
        shape = _smooth(hit.inside * f4(view.scale * 0.6) + 0.5)
        front = _smooth(depth * 6 + 0.5) * np.clip(0.75 + 0.2 * single, 0, 1) * (0.75 if style == "bald" else 0.9)
    else:
        wild = 0.018 * (2.3 if style in ("curly", "afro", "wavy") else 1)
        shape = _smooth((hit.inside + f4(wild) * (0.4 * single + 1.2 * lock)) * f4(view.scale * 0.6) + 0.5)
        front = _smooth(depth * f4(0.6 * view.scale) + 0.5)
    if _hangs(face):
        behind = shape = shape * _smooth((face.hair_length + 0.12 * lock + 0.06 * single - hit.y) * 8)
    else:
        behind = shape * _smooth((1 - hit.y) * 5) * (not _cropped(face))
    outer = _hair_light(face, view, light, hit, single, lock, depth)
    inner = _hair_colour(face) * (light.key + light.ambient) * (0.16 + 0.04 * lock + 0.03 * single)
    return _Hair(hit.pixels, outer, front * shape, inner, behind)


def _shell(face: Face) -> tuple[Array, Array, Array]:
    """Half-widths, half-depths and centres of the hair's outside at _HEIGHTS."""
    style, volume = face.hair_style, face.hair_volume
    t = _THICKNESS[style] * (0.7 + 0.6 * volume)
    widths, depths, centres = geometry.skull(face, _HEIGHTS / (1 + 0.75 * t))
    widths, depths = widths + 0.8 * t * (widths > 0.02), depths + t * (depths > 0.02)
    if _hangs(face):  # straight down instead of in to the chin
        end, hang = face.hair_length, _HEIGHTS > -0.25
        down, k = _HEIGHTS[hang] + 0.25, int(np.argmax(hang))
        flare = 0.1 * volume + (0.16 if style in ("wavy", "curly") else 0.02)
        widths[hang] = widths[k] * (1 + flare * np.sin(2.6 * np.clip(down / (end + 0.3), 0, 1)))
        depths[hang] = depths[k] * (1 - 0.25 * np.clip(down / 2, 0, 1))
        if style == "wavy":
            widths[hang] *= 1 + 0.035 * np.sin(down * 6.5)
        centres[hang] = 0
        gone = end + 0.25 < _HEIGHTS
        widths[gone] = depths[gone] = 1e-3
    return widths, depths, centres


def _flow(face: Face, view: _View, hit: _Hit, rng: np.random.Generator) -> tuple[Array, Array]:
    """Brightness (n,) of single strands and of locks, unit variance: where the strands run on the shell."""
    style, x, y, z, scale = face.hair_style, hit.x, hit.y, hit.z, f4(view.scale)
    start = rng.integers(0, 512, 2)
    angle = np.arctan2(x / hit.width, z / hit.depth)
    if _cropped(face):
        texture = _tile(_noise(), y * scale + 512 + start[0], x * scale + 512 + start[1])
        return texture[0], texture[2]
    if style in ("curly", "afro"):
        zoom = scale * f4(1.1 if style == "curly" else 1.6)
        return tuple(_tile(_curls(), y * zoom + 1024 + start[0], angle * hit.width * zoom + 1024 + start[1]))
    along = 0.8 * y * scale
    if style in ("parted", "long", "wavy"):
        # from a parting; beside the head the strands follow its outline, further down they hang
        drop = np.arctan2(y + 0.75, np.abs(x - f4(face.hair_part) * _smooth(-y)) + 0.05)
        hanging = _smooth((y + 0.55) * 1.3)
        across = _mix(0.9 * z + 0.25 * drop, -1.25 * np.abs(angle), hanging)
        if style == "wavy":
            across = across + 0.09 * np.sin(y * 6 + 2.5 * np.sin(angle * 4))
        along = 0.4 * y * scale
    elif style == "bangs":  # straight down from the crown
        across, along = 1.25 * angle, 0.4 * y * scale
    elif style == "swept":
        across, along = x * (1 + 0.25 * y), (0.4 * z + 0.24 * y) * scale
    else:
        across, along = 1.4 * angle * hit.width, (1.4 * y + 0.5 * z) * scale
    waver = _tile(_noise(), 0.7 * y * scale + 512, 0.7 * x * scale + 512)[3]
    column = (across + 0.02 * waver) * (1.35 * scale) + 4096 + start[1]
    return tuple(_tile_smooth(_strands(), along + 1024 + start[0], column))


def _hairline(face: Face, hit: _Hit) -> Array:
    """Height y (n,) above which hair grows, all around the head."""
    style, volume, back = face.hair_style, face.hair_volume, face.recession
    middle = -1.0 + 0.12 * volume - 0.5 * back
    temple, burns = -0.6 - 0.9 * back, 0.25 if face.male else 0.0
    if style == "bangs":
        middle, temple = -face.brow_height - 0.16 - 0.1 * volume, -0.3
    angles = [0, 0.45, 0.8, 1.02, 1.15, 1.35, 1.5, 1.75, 2.0, 3.2]  # 0 in front, pi at the back
    line = [middle, middle - 0.12 * back, temple, -0.2, burns, burns - 0.1, -0.15, 0.1, 1.0, 1.1]
    if style == "bald":
        line = [-2.5, -2.5, -2.3, -0.7, 0.05, 0.05, -0.15, 0.1, 1.0, 1.1]
    if style == "afro":
        line[3:] = [-0.1, burns, burns + 0.1, 0.35, 0.7, 1.3, 1.3, 1.3][: len(line[3:])]
    if _hangs(face):
        inner, end = 0.80 + 0.1 * volume, face.hair_length
        angles = [0, 0.4, inner - 0.08, inner + 0.12, 1.3, 3.2]
        line = [middle, middle + 0.03, temple + 0.25, end * 0.75, end, end]
    around = np.arctan2(np.abs(hit.x) / hit.width, hit.z / hit.depth)
    growing = np.interp(around, angles, line).astype(f4)
    if style in ("short", "swept"):
        growing += f4(0.25 * face.hair_part) * np.clip(hit.x, -0.8, 0.8)
    if style in ("parted", "long", "wavy"):  # it sweeps down from the parting
        growing += 0.18 * _smooth(np.abs(hit.x - f4(face.hair_part)) * 1.2) * _smooth(1.1 - around)
    return growing


def _hair_light(face: Face, view: _View, light: _Light, hit: _Hit, single: Array, lock: Array, depth: Array) -> Array:
    """Colour (3, n): the shell's normals give volume, the strands' direction the band of highlight."""
    style, x, z = face.hair_style, hit.x, hit.z
    nx = x / hit.width**2 + 0.12 * lock * _hangs(face)
    ny = -x * x * hit.width_slope / hit.width**3 - z * z * hit.depth_slope / hit.depth**3
    nx, ny, nz = _normals(view, nx, ny, z / hit.depth**2)
    facing = np.maximum(0.45 + 0.55 * _dot((nx, ny, nz), light.direction), 0.05)
    curled = style in ("curly", "afro")
    varied = 0.9 + 0.28 * single + 0.25 * lock if curled else 1 + 0.2 * single + 0.13 * lock
    lit = facing * np.clip(varied, 0.1, 2.2) * f4(1.05)
    lit *= 0.65 + 0.35 * _smooth(depth * 3.5 + 0.25)  # thinner at the border over the face
    lit *= 0.6 + 0.4 * _smooth(hit.inside * 5)
    colour = _hair_colour(face)
    level = light.key + 0.9 * light.ambient
    out = lit * (colour * level)
    if 0.1 < face.hair_grey < 0.9:
        white = 0.5 * np.clip(single - 1.2 + face.hair_grey, 0, 1)
        out = _mix(out, _colour(0.75, 0.75, 0.75) * level * facing, white)
    if not _cropped(face) and style != "afro":
        run = (light.half[1] - ny * _dot((nx, ny, nz), light.half)) / np.sqrt(np.maximum(1 - ny * ny, 0.02))
        band = np.maximum(1 - run * run, 0) ** 10 * facing
        out += band * np.clip(0.7 + 0.6 * single + 0.3 * lock, 0, 2.5) * (light.key * (0.06 + 0.1 * np.sqrt(colour)))
    return out


def _lay_hair(picture: Array, hair: _Hair, view: _View) -> None:
    """The hair in front of the face, with the soft shadow that it throws on the brow below."""
    shown = np.flatnonzero(hair.front > 0.004)
    pixels, front = hair.pixels[shown], hair.front[shown]
    below = pixels + max(1, round(0.1 * view.scale)) * view.width
    kept = np.flatnonzero(below < picture.shape[1])
    picture[:, below[kept]] *= 1 - 0.35 * front[kept]
    _lay(picture, pixels, hair.outer[:, shown], front)


class _Sheet:
    """A mask over a part of the picture, drawn larger with Pillow for smooth edges."""

    def __init__(self, face: Face, view: _View, box: tuple[int, int, int, int], zoom: int) -> None:
        self.face, self.view, self.box, self.zoom = face, view, box, zoom
        self.image = Image.new("L", ((box[2] - box[0]) * zoom, (box[3] - box[1]) * zoom))
        self.draw = ImageDraw.Draw(self.image)

    def place(self, solid: Array) -> Array:
        """Points of the head (n, 3) -> points of the sheet (n, 2)."""
        pixels = geometry.to_pixels(self.face, geometry.project(self.face, solid), self.view.width, self.view.height)
        return (pixels - self.box[:2]) * self.zoom

    def mask(self) -> Array:
        """float32 (n,) over the box's pixels, 0..1."""
        return np.asarray(self.image.reduce(self.zoom), f4).ravel() * f4(1 / 255)

    def hairs(self, root: Array, lean: Array, ink: Array, width: int) -> None:
        """Short lines from the points (n, 2) of the face, in shades of grey `ink`."""
        tip = root + lean
        ends = [np.c_[p, geometry.surface(self.face, p[:, 0], p[:, 1]) + 0.02] for p in (root, tip)]
        lines = np.concatenate([self.place(p) for p in ends], 1).tolist()
        for line, value in zip(lines, ink.tolist(), strict=True):
            self.draw.line(line, fill=value, width=width)


def _brows(picture: Array, face: Face, view: _View, light: _Light, rng: np.random.Generator) -> None:
    box = _box(view, -1.2, -1.1, 1.2, 0.5)
    sheet = _Sheet(face, view, box, 2)
    count = int(60 + 70 * face.brow_thickness)
    root, lean = [], []
    for side in (-1, 1):
        t = rng.random(count) ** 0.9
        thick = (0.035 + 0.05 * face.brow_thickness) * np.sin(np.pi * np.clip(0.16 + 0.84 * t, 0, 1)) ** 0.6
        root.append(geometry.brow_line(face, side, t) + np.c_[0 * t, rng.uniform(-1, 1, count) * thick])
        lean.append(np.c_[side * (0.05 + 0.09 * t), -0.09 + 0.13 * t] * rng.uniform(0.6, 1.2, (count, 1)))
    ink = rng.integers(120, 235, 2 * count)
    sheet.hairs(np.concatenate(root), np.concatenate(lean), ink, 1 + (view.scale > 36))
    colour = _hair_colour(face) * (0.4 if face.hair_grey < 0.5 else 0.7) + 0.01
    opacity = 0.95 if face.hair_dark > 0.3 else 0.75
    _lay(picture, _grid(view, box)[0], colour * (light.key + light.ambient) * 0.8, sheet.mask() * f4(opacity))


def _beard(picture: Array, face: Face, view: _View, light: _Light, maps: _Maps, rng: np.random.Generator) -> None:
    """Single hairs over the tinted skin of a beard."""
    box = _box(view, -1.6, 0, 1.6, 2.6)
    sheet = _Sheet(face, view, box, 2)
    m = geometry.mouth(face)
    narrow = m.half_width + 0.05
    count, length, spread = {
        "stubble": (350, 0.025, 1.0),
        "moustache": (160, 0.1, narrow),
        "goatee": (300, 0.13, narrow),
        "full": (550, 0.14, 1.02),
    }[face.beard]
    low = m.y - m.upper if face.beard == "moustache" else geometry.chin(face) - 0.02
    x, y = rng.uniform(-spread, spread, 2 * count), rng.uniform(m.y - 0.35, low, 2 * count)
    lines = geometry.lip_lines(face, np.clip(x / m.half_width, -1, 1))
    lips = (np.abs(x) < m.half_width) & (y > lines["top"] - 0.01) & (y < lines["bottom"] + 0.01)
    grows = _sample(np.ascontiguousarray(maps.beard)[..., None], x.astype(f4), y.astype(f4))[0] * ~lips
    keep = np.flatnonzero(rng.random(2 * count) < grows)[:count]
    root = np.c_[x[keep], y[keep]]
    reach = length * (0.5 + face.beard_length) * rng.uniform(0.6, 1.3, keep.size)
    lean = np.c_[0.35 * root[:, 0] + rng.normal(0, 0.25, keep.size), np.full(keep.size, 0.9)] * reach[:, None]
    sheet.hairs(root, lean, rng.integers(70, 220, keep.size), 1)
    fair = face.beard != "stubble" and (face.hair_dark < 0.9 or face.hair_grey > 0.2)
    colour = _hair_colour(face, beard=True) * (light.key + light.ambient) * (1.25 if fair else 0.5)
    _lay(picture, _grid(view, box)[0], colour, sheet.mask() * f4(0.8))


# Glasses


def _glasses(picture: Array, face: Face, view: _View, rng: np.random.Generator) -> None:
    box = _box(view, -1.7, -0.9, 1.7, 1.0)
    frame, lens = _Sheet(face, view, box, 2), _Sheet(face, view, box, 2)
    power, wide, tall = {
        "oval": (2.6, 0.37, 0.25), "square": (5.0, 0.39, 0.26), "round": (2.0, 0.33, 0.32), "sun": (3.0, 0.43, 0.34),
    }[face.glasses]  # fmt: skip
    angle = np.linspace(0, 2 * np.pi, 33)
    ring_x, ring_y = (np.sign(a) * np.abs(a) ** (2 / power) for a in (np.cos(angle), np.sin(angle)))
    depth = float(geometry.surface(face, np.array(0.0), np.array(0.0))) + 0.12
    thin = face.glasses == "oval"
    weight = max(1, round((0.035 if thin else 0.065) * view.scale * frame.zoom))

    def pen(points: Array) -> list[tuple[float, float]]:
        return [tuple(p) for p in frame.place(points).tolist()]

    ear = float(geometry.skull(face, np.array(0.1))[0])
    for side in (-1, 1):
        x = side * 0.52 + wide * ring_x
        rim = pen(np.c_[x, 0.05 + tall * ring_y, depth - 0.22 * x**2])
        lens.draw.polygon(rim, fill=255)
        frame.draw.line([*rim, rim[1]], fill=255, width=weight, joint="curve")
        if side * face.yaw < 8:  # the head hides the other arm
            outer = 0.52 + wide
            arm = [(side * outer, -0.02, depth - 0.22 * outer**2), (side * (ear + 0.03), 0.02, 0.45)]
            frame.draw.line(pen(np.array([*arm, (side * (ear + 0.04), 0.08, 0.05)])), fill=255, width=weight)
    t = np.linspace(-1, 1, 7)
    bridge = np.c_[t * (0.52 - wide), -0.05 * (1 - t**2), np.full(7, depth + 0.02)]
    frame.draw.line(pen(bridge), fill=255, width=weight)

    pixels, x, y = _grid(view, box)
    x, y = (a.ravel() for a in _upright(view, x, y))
    rims, panes = frame.mask(), lens.mask()
    shadow = np.roll(rims, 2 * (box[2] - box[0]))  # two rows below
    _lay(picture, pixels, np.zeros((3, 1), f4), 0.25 * shadow * (1 - rims))
    if face.glasses == "sun":
        _lay(picture, pixels, np.zeros((3, 1), f4), panes * (0.93 - 0.25 * _smooth((y + 0.2) * 1.5)))
    sweep = x + 0.6 * y + f4(rng.uniform(-0.6, 0.6))
    glare = 0.5 * _bump(sweep, 0, 0.13) + 0.35 * _bump(sweep, 0.32, 0.05)
    _lay(picture, pixels, _colour(0.85, 0.9, 0.95), panes * glare * f4(0.28 * (0.4 + face.light_contrast)))
    hue = face.identity * 0.618 % 1  # a person keeps a frame
    metal = _colour(0.55, 0.5, 0.42) if thin else _colour(*_hue(0.05 * hue, 0.4, 0.08 + 0.2 * hue))
    _lay(picture, pixels, metal * (0.7 + 0.6 * _smooth(-(y + 0.1) * 3)), rims * f4(0.95))


# Camera


@cache
def _sensor(width: int, height: int) -> Array:
    """float32 (height + 256, width + 256): the sensor's noise, periodic."""
    noise = 255 * (0.01 * _noise()[..., 0] + 0.005 * _noise()[..., 1])
    return np.tile(noise, (2 + height // 256, 2 + width // 256))[: height + 256, : width + 256].astype(f4)


def _develop(picture: Array, face: Face, width: int, height: int, rng: np.random.Generator) -> Array:
    """Linear light (3, height * width) -> uint8 sRGB (height, width, 3), with noise and the lens's softness."""
    top, left = rng.integers(0, 256, 2)
    noise = _sensor(width, height)[top : top + height, left : left + width]
    tones = np.sqrt(np.maximum(picture, 0)).reshape(3, height, width)
    tones *= f4(255)
    tones += noise
    tones += f4(0.5)
    np.clip(tones, 0, 255, out=tones)
    developed = np.ascontiguousarray(np.moveaxis(tones.astype(np.uint8), 0, -1))
    return np.array(Image.fromarray(developed).filter(ImageFilter.BoxBlur(face.blur)))
