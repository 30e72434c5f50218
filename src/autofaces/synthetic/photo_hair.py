"""The hair on a photographed head: its colour, the shell that it forms, its strands and its hairline."""

from typing import NamedTuple

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4, lay, linear, mix, ramp, smooth
from autofaces.synthetic.photo_light import Light, dot
from autofaces.synthetic.photo_noise import curl_tile, from_tile, from_tile_smooth, noise_tile, strand_tile
from autofaces.synthetic.photo_view import HEIGHTS, Hit, View, normals, trace


def hair_colour(face: Face, beard: bool = False) -> Array:
    """Linear (3, 1) colour of hair, before light; beards grey first."""
    dark = ramp(
        face.hair_dark, [0, 0.25, 0.5, 0.75, 1],
        [(0.86, 0.70, 0.46), (0.66, 0.48, 0.30), (0.42, 0.28, 0.18), (0.24, 0.16, 0.11), (0.10, 0.085, 0.08)],
    )  # fmt: skip
    dark = mix(dark, linear(0.62, 0.28, 0.12) * (1.2 - 0.8 * face.hair_dark), f4(face.hair_red))
    return mix(dark, linear(0.80, 0.79, 0.78), f4(min(face.hair_grey * (1.25 if beard else 1), 1)))


class Hair(NamedTuple):
    pixels: Array  # (n,)
    outer: Array  # (3, n) colour in front of the face
    front: Array  # (n,) opacity there
    inner: Array  # (3, n) colour of its inner side, behind neck and face
    behind: Array  # (n,)


_THICKNESS = {
    "bald": 0.015, "buzz": 0.03, "short": 0.1, "parted": 0.14, "swept": 0.13, "bangs": 0.14, "long": 0.13,
    "wavy": 0.18, "curly": 0.26, "afro": 0.5,
}  # fmt: skip


def hangs(face: Face) -> bool:
    """Whether the hair hangs down beside the face."""
    return face.hair_style in ("long", "wavy") or (face.hair_style in ("bangs", "curly") and not face.male)


def _cropped(face: Face) -> bool:
    return face.hair_style in ("bald", "buzz")


def grow_hair(face: Face, view: View, light: Light, rng: np.random.Generator) -> Hair | None:
    """Hair as a shell around the skull; long styles hang down from it like a curtain. None for shaven heads."""
    style = face.hair_style
    if style == "bald" and face.recession > 0.5:
        return None
    hit = trace(view, *_shell(face))
    single, lock = _flow(face, view, hit, rng)
    border = _hairline(face, hit) - hit.y
    if style == "bald":  # a wreath
        border = np.minimum(border, hit.y + 0.85 - 0.3 * smooth(hit.z))
    ragged = {"buzz": 0.03, "bangs": 0.09, "short": 0.07, "afro": 0.07, "curly": 0.1}.get(style, 0.05)
    depth = border + f4(ragged) * (0.6 * single + 0.7 * lock) * (1 + smooth(hit.y) * hangs(face))
    if _cropped(face):
        shape = smooth(hit.inside * f4(view.scale * 0.6) + 0.5)
        front = smooth(depth * 6 + 0.5) * np.clip(0.75 + 0.2 * single, 0, 1) * (0.75 if style == "bald" else 0.9)
    else:
        wild = 0.018 * (2.3 if style in ("curly", "afro", "wavy") else 1)
        shape = smooth((hit.inside + f4(wild) * (0.4 * single + 1.2 * lock)) * f4(view.scale * 0.6) + 0.5)
        front = smooth(depth * f4(0.6 * view.scale) + 0.5)
    if hangs(face):
        behind = shape = shape * smooth((face.hair_length + 0.12 * lock + 0.06 * single - hit.y) * 8)
    else:
        behind = shape * smooth((1 - hit.y) * 5) * (not _cropped(face))
    outer = _hair_light(face, view, light, hit, single, lock, depth)
    inner = hair_colour(face) * (light.key + light.ambient) * (0.16 + 0.04 * lock + 0.03 * single)
    return Hair(hit.pixels, outer, front * shape, inner, behind)


def _shell(face: Face) -> tuple[Array, Array, Array]:
    """Half-widths, half-depths and centres of the hair's outside at HEIGHTS."""
    style, volume = face.hair_style, face.hair_volume
    t = _THICKNESS[style] * (0.7 + 0.6 * volume)
    widths, depths, centres = geometry.skull(face, HEIGHTS / (1 + 0.75 * t))
    widths, depths = widths + 0.8 * t * (widths > 0.02), depths + t * (depths > 0.02)
    if hangs(face):  # straight down instead of in to the chin
        end, hang = face.hair_length, HEIGHTS > -0.25
        down, k = HEIGHTS[hang] + 0.25, int(np.argmax(hang))
        flare = 0.1 * volume + (0.16 if style in ("wavy", "curly") else 0.02)
        widths[hang] = widths[k] * (1 + flare * np.sin(2.6 * np.clip(down / (end + 0.3), 0, 1)))
        depths[hang] = depths[k] * (1 - 0.25 * np.clip(down / 2, 0, 1))
        if style == "wavy":
            widths[hang] *= 1 + 0.035 * np.sin(down * 6.5)
        centres[hang] = 0
        gone = end + 0.25 < HEIGHTS
        widths[gone] = depths[gone] = 1e-3
    return widths, depths, centres


def _flow(face: Face, view: View, hit: Hit, rng: np.random.Generator) -> tuple[Array, Array]:
    """Brightness (n,) of single strands and of locks, unit variance: where the strands run on the shell."""
    style, x, y, z, scale = face.hair_style, hit.x, hit.y, hit.z, f4(view.scale)
    start = rng.integers(0, 512, 2)
    angle = np.arctan2(x / hit.width, z / hit.depth)
    if _cropped(face):
        texture = from_tile(noise_tile(), y * scale + 512 + start[0], x * scale + 512 + start[1])
        return texture[0], texture[2]
    if style in ("curly", "afro"):
        zoom = scale * f4(1.1 if style == "curly" else 1.6)
        return tuple(from_tile(curl_tile(), y * zoom + 1024 + start[0], angle * hit.width * zoom + 1024 + start[1]))
    along = 0.8 * y * scale
    if style in ("parted", "long", "wavy"):
        # from a parting; beside the head the strands follow its outline, further down they hang
        drop = np.arctan2(y + 0.75, np.abs(x - f4(face.hair_part) * smooth(-y)) + 0.05)
        hanging = smooth((y + 0.55) * 1.3)
        across = mix(0.9 * z + 0.25 * drop, -1.25 * np.abs(angle), hanging)
        if style == "wavy":
            across = across + 0.09 * np.sin(y * 6 + 2.5 * np.sin(angle * 4))
        along = 0.4 * y * scale
    elif style == "bangs":  # straight down from the crown
        across, along = 1.25 * angle, 0.4 * y * scale
    elif style == "swept":
        across, along = x * (1 + 0.25 * y), (0.4 * z + 0.24 * y) * scale
    else:
        across, along = 1.4 * angle * hit.width, (1.4 * y + 0.5 * z) * scale
    waver = from_tile(noise_tile(), 0.7 * y * scale + 512, 0.7 * x * scale + 512)[3]
    column = (across + 0.02 * waver) * (1.35 * scale) + 4096 + start[1]
    return tuple(from_tile_smooth(strand_tile(), along + 1024 + start[0], column))


def _hairline(face: Face, hit: Hit) -> Array:
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
    if hangs(face):
        inner, end = 0.80 + 0.1 * volume, face.hair_length
        angles = [0, 0.4, inner - 0.08, inner + 0.12, 1.3, 3.2]
        line = [middle, middle + 0.03, temple + 0.25, end * 0.75, end, end]
    around = np.arctan2(np.abs(hit.x) / hit.width, hit.z / hit.depth)
    growing = np.interp(around, angles, line).astype(f4)
    if style in ("short", "swept"):
        growing += f4(0.25 * face.hair_part) * np.clip(hit.x, -0.8, 0.8)
    if style in ("parted", "long", "wavy"):  # it sweeps down from the parting
        growing += 0.18 * smooth(np.abs(hit.x - f4(face.hair_part)) * 1.2) * smooth(1.1 - around)
    return growing


def _hair_light(face: Face, view: View, light: Light, hit: Hit, single: Array, lock: Array, depth: Array) -> Array:
    """Colour (3, n): the shell's normals give volume, the strands' direction the band of highlight."""
    style, x, z = face.hair_style, hit.x, hit.z
    nx = x / hit.width**2 + 0.12 * lock * hangs(face)
    ny = -x * x * hit.width_slope / hit.width**3 - z * z * hit.depth_slope / hit.depth**3
    nx, ny, nz = normals(view, nx, ny, z / hit.depth**2)
    facing = np.maximum(0.45 + 0.55 * dot((nx, ny, nz), light.direction), 0.05)
    curled = style in ("curly", "afro")
    varied = 0.9 + 0.28 * single + 0.25 * lock if curled else 1 + 0.2 * single + 0.13 * lock
    lit = facing * np.clip(varied, 0.1, 2.2) * f4(1.05)
    lit *= 0.65 + 0.35 * smooth(depth * 3.5 + 0.25)  # thinner at the border over the face
    lit *= 0.6 + 0.4 * smooth(hit.inside * 5)
    colour = hair_colour(face)
    level = light.key + 0.9 * light.ambient
    out = lit * (colour * level)
    if 0.1 < face.hair_grey < 0.9:
        white = 0.5 * np.clip(single - 1.2 + face.hair_grey, 0, 1)
        out = mix(out, linear(0.75, 0.75, 0.75) * level * facing, white)
    if not _cropped(face) and style != "afro":
        run = (light.half[1] - ny * dot((nx, ny, nz), light.half)) / np.sqrt(np.maximum(1 - ny * ny, 0.02))
        band = np.maximum(1 - run * run, 0) ** 10 * facing
        out += band * np.clip(0.7 + 0.6 * single + 0.3 * lock, 0, 2.5) * (light.key * (0.06 + 0.1 * np.sqrt(colour)))
    return out


def lay_hair(picture: Array, hair: Hair, view: View) -> None:
    """The hair in front of the face, with the soft shadow that it throws on the brow below."""
    shown = np.flatnonzero(hair.front > 0.004)
    pixels, front = hair.pixels[shown], hair.front[shown]
    below = pixels + max(1, round(0.1 * view.scale)) * view.width
    kept = np.flatnonzero(below < picture.shape[1])
    picture[:, below[kept]] *= 1 - 0.35 * front[kept]
    lay(picture, pixels, hair.outer[:, shown], front)
