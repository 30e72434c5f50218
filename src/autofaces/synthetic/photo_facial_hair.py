"""Brows and beards in a photograph, hair by hair."""

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4, lay
from autofaces.synthetic.photo_hair import hair_colour
from autofaces.synthetic.photo_light import Light
from autofaces.synthetic.photo_relief import Maps, sample
from autofaces.synthetic.photo_sheet import Sheet
from autofaces.synthetic.photo_view import View, clip_box, grid


def paint_brows(picture: Array, face: Face, view: View, light: Light, rng: np.random.Generator) -> None:
    box = clip_box(view, -1.2, -1.1, 1.2, 0.5)
    sheet = Sheet(face, view, box, 2)
    count = int(60 + 70 * face.brow_thickness)
    root, lean = [], []
    for side in (-1, 1):
        t = rng.random(count) ** 0.9
        thick = (0.035 + 0.05 * face.brow_thickness) * np.sin(np.pi * np.clip(0.16 + 0.84 * t, 0, 1)) ** 0.6
        root.append(geometry.brow_line(face, side, t) + np.c_[0 * t, rng.uniform(-1, 1, count) * thick])
        lean.append(np.c_[side * (0.05 + 0.09 * t), -0.09 + 0.13 * t] * rng.uniform(0.6, 1.2, (count, 1)))
    ink = rng.integers(120, 235, 2 * count)
    sheet.hairs(np.concatenate(root), np.concatenate(lean), ink, 1 + (view.scale > 36))
    colour = hair_colour(face) * (0.4 if face.hair_grey < 0.5 else 0.7) + 0.01
    opacity = 0.95 if face.hair_dark > 0.3 else 0.75
    lay(picture, grid(view, box)[0], colour * (light.key + light.ambient) * 0.8, sheet.mask() * f4(opacity))


def paint_beard(picture: Array, face: Face, view: View, light: Light, maps: Maps, rng: np.random.Generator) -> None:
    """Single hairs over the tinted skin of a beard."""
    box = clip_box(view, -1.6, 0, 1.6, 2.6)
    sheet = Sheet(face, view, box, 2)
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
    grows = sample(np.ascontiguousarray(maps.beard)[..., None], x.astype(f4), y.astype(f4))[0] * ~lips
    keep = np.flatnonzero(rng.random(2 * count) < grows)[:count]
    root = np.c_[x[keep], y[keep]]
    reach = length * (0.5 + face.beard_length) * rng.uniform(0.6, 1.3, keep.size)
    lean = np.c_[0.35 * root[:, 0] + rng.normal(0, 0.25, keep.size), np.full(keep.size, 0.9)] * reach[:, None]
    sheet.hairs(root, lean, rng.integers(70, 220, keep.size), 1)
    fair = face.beard != "stubble" and (face.hair_dark < 0.9 or face.hair_grey > 0.2)
    colour = hair_colour(face, beard=True) * (light.key + light.ambient) * (1.25 if fair else 0.5)
    lay(picture, grid(view, box)[0], colour, sheet.mask() * f4(0.8))
