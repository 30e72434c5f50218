"""The mouth in a photograph: lips, teeth and tongue."""

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, bump, f4, hsv, linear, mix, smooth
from autofaces.synthetic.photo_light import Light, dot, shade
from autofaces.synthetic.photo_skin import skin_colour
from autofaces.synthetic.photo_view import View


def paint_mouth(
    colour: Array,
    face: Face,
    view: View,
    light: Light,
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
    side = smooth((1 - np.abs(t)) * 12)
    tone = skin_colour(face) * np.array([[0.86], [0.54], [0.54]], f4)
    painted = linear(*hsv(0.97 + 0.025 * (face.undertone + 1), 0.75, 0.75 - 0.2 * face.skin))
    tone = mix(tone, painted, f4(0.75 * face.makeup**1.5))
    creases = 1 + 0.05 * texture[0, near] + 0.10 * np.sin(mx * 70 + 2 * texture[2, near])
    normal = tuple(a[near] for a in n)
    upper_lip = my < m.y - 0.2 * m.gap
    lips = shade(tone * creases, normal, light, np.where(upper_lip, f4(0.82), f4(1)))
    shine = np.maximum(dot(normal, light.half), 0) ** 30 * bump(my, m.y + 0.8 * m.gap + 0.45 * m.lower, 0.05)
    lips += shine * (0.1 + 0.22 * face.makeup) * (1 + 0.4 * texture[1, near])
    mask = smooth(np.minimum(my - line["top"], line["bottom"] - my) * soft * 0.8 + 0.3) * side
    part = mix(part, lips, mask * (0.78 + 0.22 * face.makeup))
    if m.gap > 0.03:
        opening = smooth(np.minimum(my - line["upper"], line["lower"] - my) * soft + 0.4) * side
        part = mix(part, _inside_mouth(face, light, mx, t, my - line["upper"], soft), opening)
        part *= 1 - 0.35 * bump(my - line["upper"], 0, 0.6 / view.scale) * side
    else:
        seam = bump(my - line["upper"], 0.005, max(0.014, 0.75 / view.scale)) * smooth((1.05 - np.abs(t)) * 10)
        part *= 1 - 0.72 * seam
    colour[:, near] = part


def _inside_mouth(face: Face, light: Light, mx: Array, t: Array, depth: Array, soft: float) -> Array:
    """Colour (3, n) of teeth, tongue and the dark behind, at `depth` below the upper lip."""
    level = light.key + light.ambient
    tongue = bump(mx, 0, 0.22) * smooth((depth - 0.13) * 10)
    inner = mix(linear(0.24, 0.07, 0.07) * level * 0.7, linear(0.62, 0.30, 0.30) * level * 0.6, tongue)
    edge = 0.035 + 0.085 * min(1, 2 * max(face.smile, 0)) - 0.03 * t * t + 0.012 * np.abs(np.sin(mx * 28))
    cover = smooth((edge - depth) * soft + 0.4) * smooth((0.95 - np.abs(t)) * 6)
    between = 1 - 0.2 * bump((mx * 9) % 1, 0.5, 0.12) - 0.5 * t * t
    enamel = linear(0.95, 0.92, 0.89 - 0.08 * face.age / 80) * level * 0.95
    return mix(inner, enamel * np.clip(between * (0.65 + 0.35 * smooth(depth / 0.05)), 0.05, 1), cover)
