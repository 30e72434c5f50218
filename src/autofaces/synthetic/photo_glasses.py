"""Glasses in a photograph: frame, lenses, glare and shadow."""

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, bump, f4, hsv, lay, linear, smooth
from autofaces.synthetic.photo_sheet import Sheet
from autofaces.synthetic.photo_view import View, clip_box, grid, upright


def paint_glasses(picture: Array, face: Face, view: View, rng: np.random.Generator) -> None:
    box = clip_box(view, -1.7, -0.9, 1.7, 1.0)
    frame, lens = Sheet(face, view, box, 2), Sheet(face, view, box, 2)
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

    pixels, x, y = grid(view, box)
    x, y = (a.ravel() for a in upright(view, x, y))
    rims, panes = frame.mask(), lens.mask()
    shadow = np.roll(rims, 2 * (box[2] - box[0]))  # two rows below
    lay(picture, pixels, np.zeros((3, 1), f4), 0.25 * shadow * (1 - rims))
    if face.glasses == "sun":
        lay(picture, pixels, np.zeros((3, 1), f4), panes * (0.93 - 0.25 * smooth((y + 0.2) * 1.5)))
    sweep = x + 0.6 * y + f4(rng.uniform(-0.6, 0.6))
    glare = 0.5 * bump(sweep, 0, 0.13) + 0.35 * bump(sweep, 0.32, 0.05)
    lay(picture, pixels, linear(0.85, 0.9, 0.95), panes * glare * f4(0.28 * (0.4 + face.light_contrast)))
    hue = face.identity * 0.618 % 1  # a person keeps a frame
    metal = linear(0.55, 0.5, 0.42) if thin else linear(*hsv(0.05 * hue, 0.4, 0.08 + 0.2 * hue))
    lay(picture, pixels, metal * (0.7 + 0.6 * smooth(-(y + 0.1) * 3)), rims * f4(0.95))
