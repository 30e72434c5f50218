"""The eyes in a photograph: lids, lashes, iris and pupil."""

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, bump, f4, linear, mix, ramp, smooth
from autofaces.synthetic.photo_light import Light
from autofaces.synthetic.photo_view import View

_IRISES = [(0.16, 0.09, 0.06), (0.36, 0.22, 0.12), (0.45, 0.37, 0.20), (0.36, 0.44, 0.33), (0.38, 0.52, 0.66)]


def paint_eyes(colour: Array, face: Face, view: View, light: Light, x: Array, y: Array, z: Array) -> None:
    """Paint both eyes into `colour` (3, n), whose pixels lie at (x, y, z) of the head."""
    shape = geometry.eye(face)
    iris = ramp(face.iris, [0, 0.3, 0.45, 0.65, 1], _IRISES)
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
        inside = smooth(np.minimum(ey - upper, lower - ey) * soft + 0.35) * (np.abs(t) < 1)
        # the fold above the lid, colour on the lid, the bag below
        fold = upper - f4(0.035 + 0.05 * face.lids) - 0.02 * (1 - bow)
        mask = smooth((1.12 - np.abs(t)) * 8)
        dark = bump(ey - fold, 0, max(0.022, 0.7 * pixel)) * f4(0.35 + 0.2 * face.lids)
        dark += f4(0.28 * face.makeup) * smooth((ey - fold + 0.04) * 12) * smooth((0.02 - ey) * 12)
        dark += 0.16 * bump(ey - lower, 0.03, 0.025)
        skin *= 1 - np.minimum(dark * mask, 0.9)
        skin = mix(skin, _eyeball(face, light, iris, side, ex, ey, t, upper, soft), inside)
        rim = 0.25 * bump(ey - lower, 0.008, 0.012) * (np.abs(t) < 0.95)  # wet
        skin = mix(skin, linear(0.9, 0.72, 0.68) * level, rim)
        # lashes grow from a dark line
        line = bump(ey - upper, -0.004, max(0.02 + 0.016 * face.makeup + 0.006 * (not face.male), 0.7 * pixel))
        line *= smooth((1.06 - np.abs(t)) * 10)
        comb = 0.5 + 0.5 * np.sin(t * 30 + 25 * ey)
        length = f4(0.055 + (not face.male) * (0.03 + 0.03 * face.makeup))
        lash = comb * smooth(1 - (upper - ey) / length) * (ey < upper)
        lash *= smooth((t + 0.6) * 2) * smooth((1.25 - t) * 6)
        below = bump(ey - lower, 0.012, max(0.014, 0.6 * pixel)) * smooth((t + 0.5) * 2) * (t < 1.02)
        cover = 0.88 * line + (0.35 if face.male else 0.6) * lash + (0.12 + 0.45 * face.makeup) * below
        colour[:, near] = mix(skin, linear(0.10, 0.07, 0.06) * level, np.minimum(cover, 0.95))


def _eyeball(
    face: Face,
    light: Light,
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
    fibres = 1 + 0.25 * np.sin(angle * 17 + 3 * np.sin(angle * 5)) + 0.5 * bump(r, 0.06, 0.025)
    ring = 1 - 0.6 * smooth((r - f4(0.72 * radius)) * 40)
    ball = linear(0.88, 0.85, 0.82) * (1 - 0.35 * t * t)
    ball = mix(ball, iris * (1.25 * fibres * ring), smooth((f4(radius) - r) * soft + 0.5))
    ball *= 1 - 0.97 * smooth((f4(0.037) - r) * soft + 0.5)  # pupil
    ball *= 1 - 0.6 * smooth(1 - (ey - upper) / 0.06)  # the lid's shadow
    corner = 0.7 * bump(t, -0.97, 0.12) * bump(ey, 0.01, 0.04)
    ball = mix(ball, linear(0.78, 0.5, 0.46), corner) * level
    shine = np.hypot(dx - side * f4(0.055) * light.direction[0], dy - f4(0.055) * light.direction[1])
    return ball + 0.9 * smooth((0.026 - shine) * soft + 0.5)
