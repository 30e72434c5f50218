"""The photographed head: skin over the relief of the face, with eyes and mouth, and the ears."""

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, bump, f4, lay, smooth
from autofaces.synthetic.photo_eyes import paint_eyes
from autofaces.synthetic.photo_hair import Hair, hangs
from autofaces.synthetic.photo_light import Light, dot, shade
from autofaces.synthetic.photo_mouth import paint_mouth
from autofaces.synthetic.photo_noise import from_tile, noise_tile
from autofaces.synthetic.photo_relief import Maps, sample, sink
from autofaces.synthetic.photo_skin import complexion, skin_colour
from autofaces.synthetic.photo_view import HEIGHTS, Hit, View, clip_box, grid, normals, trace, upright


def paint_head(
    picture: Array,
    face: Face,
    view: View,
    light: Light,
    maps: Maps,
    hair: Hair | None,
    rng: np.random.Generator,
) -> None:
    """The head with skin, eyes and mouth, where hair leaves it open, without ears."""
    hit = trace(view, *geometry.skull(face, HEIGHTS))
    hidden = np.zeros(picture.shape[1], bool)
    if hair:
        hidden[hair.pixels[hair.front > 0.99]] = True
    shown = np.flatnonzero(~hidden[hit.pixels] & (hit.inside > -1 / view.scale))
    hit = Hit(*(a[shown] for a in hit))
    x, y, z = sink(view, hit, maps.relief)
    height, slope_x, slope_y, dark, red, growth = sample(np.stack(maps, -1), x, y)
    front = smooth(z * 4)
    base = np.maximum(z - hit.centre - height * front, 0)
    nz = base / (hit.depth * hit.depth)
    nx = x / (hit.width * hit.width) - nz * slope_x * front
    ny = (
        -(x * x) * hit.width_slope / hit.width**3
        - base * nz * hit.depth_slope / hit.depth
        - nz * (slope_y * front + hit.centre_slope)
    )
    n = normals(view, nx, ny, nz)
    start = rng.integers(256, 512, 2)
    texture = from_tile(noise_tile(), y * f4(view.scale) + start[0], x * f4(view.scale) + start[1])
    albedo = complexion(face, x, y, red, growth, texture)
    # the nose throws a shadow away from the light
    lx, ly = float(light.direction[0]), float(light.direction[1])
    tip = geometry.nose_tip(face)
    shadow = bump(x, -0.27 * float(np.sign(lx)), 0.13) * bump(y, tip - 0.02 - 0.2 * ly, 0.2)
    opened = np.clip(1 - dark - f4(0.45 * face.light_contrast * abs(lx)) * shadow, 0.12, 1)
    opened *= 1 - 0.5 * smooth(1 - hit.inside / 0.16) * smooth((y - 0.9) * 1.6)  # under the jaw
    colour = shade(albedo, n, light, opened)
    gloss = np.maximum(dot(n, light.half), 0) ** 24 * opened
    gloss *= (0.5 + 0.8 * bump(x, 0, 0.35) * (1 - growth)) * (0.10 + 0.04 * face.skin + 0.02 * texture[1])
    colour += gloss * light.key
    paint_eyes(colour, face, view, light, x, y, z)
    paint_mouth(colour, face, view, light, x, y, n, texture)
    lay(picture, hit.pixels, colour, smooth(hit.inside * f4(view.scale * 0.7) + 0.5))


def paint_ears(picture: Array, face: Face, view: View, light: Light, front: bool) -> None:
    """Paint the ears that stand in front of (or behind) the head's outline, unless hair covers them."""
    if hangs(face) or face.hair_style == "afro":
        return
    for side in (-1, 1):
        if (side * face.yaw < -4) != front:  # the far ear is behind, the near one in front
            continue
        width = float(geometry.skull(face, np.array(0.3))[0])
        ex, ey, _ = geometry.project(face, np.array([side * (width + 0.02), 0.3, -0.1]))
        flat = abs(view.yaw[1]) if front else 0
        wide, tall = face.ear_size * (0.15 + 0.15 * flat), face.ear_size * 0.42
        pixels, x, y = grid(view, clip_box(view, ex - 0.5, ey - 0.7, ex + 0.5, ey + 0.7))
        x, y = (a.ravel() for a in upright(view, x - f4(ex), y - f4(ey)))
        x = side * x + 0.12 * y  # it leans back
        r = np.hypot(x / (wide * (1 - 0.42 * smooth((y + 0.05) / 0.5))), y / f4(tall))
        pit = bump(x, -0.02, 0.5 * wide) * bump(y, 0.05, 0.45 * tall)
        n = (side * np.clip(0.3 + 0.9 * x / f4(wide), -1, 1) * 0.7, 0.5 * y / f4(tall), np.full_like(x, 0.6))
        open_ = np.clip(0.85 + 0.25 * bump(r, 0.86, 0.16) - 0.32 * pit - 0.25 * bump(r, 0.62, 0.14), 0.15, 1.1)
        albedo = skin_colour(face) * np.array([[1], [0.9], [0.89]], f4)
        alpha = smooth((1 - r) * f4(wide * view.scale) + 0.3)
        lay(picture, pixels, shade(np.broadcast_to(albedo, (3, x.size)), n, light, open_), alpha)
