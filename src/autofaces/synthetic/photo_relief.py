"""Maps of a photographed face: relief, folds and wrinkles, reddening and where a beard grows."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, bump, f4, mix, smooth
from autofaces.synthetic.photo_view import Hit, View

_CELLS = 40  # cells per unit of the maps of the face
_LEFT, _TOP, _RIGHT, _BOTTOM = -1.3, -1.5, 1.3, 2.1


class Maps(NamedTuple):
    """What varies over the face, float32 (rows, columns) each."""

    relief: Array  # height over the smooth skull, units
    slope_x: Array
    slope_y: Array
    dark: Array  # share of light that folds and hollows swallow
    red: Array  # share of reddening
    beard: Array  # growth, 0..1


def maps_of(face: Face) -> Maps:
    x = np.arange(_LEFT, _RIGHT, 1 / _CELLS, dtype=f4)[None]
    y = np.arange(_TOP, _BOTTOM, 1 / _CELLS, dtype=f4)[:, None]
    both = np.abs(x)

    def spot(cx: float, cy: float, sx: float, sy: float) -> Array:
        return bump(both, cx, sx) * bump(y, cy, sy)

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
    return Maps(relief, slope_x, slope_y, dark, red, np.broadcast_to(_growth(face, both, y), relief.shape))


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
    return relief * smooth((1.15 * face.face_width - np.abs(x)) * 4)


def _growth(face: Face, both: Array, y: Array) -> Array:
    """Where a beard grows, 0..1, at |x| and y."""
    if face.beard == "none":
        return np.zeros((1, 1), f4)
    m = geometry.mouth(face)
    lip = m.y - 0.2 * m.gap - m.upper
    if face.beard == "moustache":
        return smooth((m.half_width + 0.1 - both) * 8) * np.exp(-(((y - lip + 0.06 - 0.1 * both**2) / 0.1) ** 2))
    beside = smooth((m.half_width + 0.09 - both) * 8)
    goatee = np.maximum(beside * bump(y, lip - 0.06, 0.09), beside * smooth((y - lip) * 8))
    return goatee if face.beard == "goatee" else np.maximum(smooth((y - cheek_line(both)) * 6), goatee)


def cheek_line(both: Array) -> Array:
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


def sample(maps: Array, x: Array, y: Array) -> Array:
    """Bilinear values (k, n) of maps (rows, columns, k) at head coordinates; the border goes on outside."""
    rows, columns, k = maps.shape
    u = np.minimum(np.maximum((x - f4(_LEFT)) * f4(_CELLS), 0), columns - f4(1.001))
    v = np.minimum(np.maximum((y - f4(_TOP)) * f4(_CELLS), 0), rows - f4(1.001))
    i, j = v.astype(np.int32), u.astype(np.int32)
    u, v = u - j, v - i
    flat, index = maps.reshape(-1, k), i * columns + j
    above = mix(flat.take(index, axis=0).T, flat.take(index + 1, axis=0).T, u)
    below = mix(flat.take(index + columns, axis=0).T, flat.take(index + columns + 1, axis=0).T, u)
    return mix(above, below, v)


def sink(view: View, hit: Hit, relief: Array) -> tuple[Array, Array, Array]:
    """Head coordinates (n,) x3 on the relief: walk in along the rays until they are below its surface."""
    (cy, sy), (cp, sp) = view.yaw, view.pitch
    step_x, step_y, step_z = f4(-sy), f4(-sp / cp), f4(cy)
    front = smooth(hit.z * 4)
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
    height = sample(relief[..., None], hit.x + step_x * over, hit.y + step_y * over)[0]
    over = over - gain * (over - height * front)
    return hit.x + step_x * over, hit.y + step_y * over, hit.z + step_z * over
