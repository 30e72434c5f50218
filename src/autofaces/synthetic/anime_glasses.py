"""The glasses of an anime character."""

import numpy as np

from autofaces.synthetic.anime_colours import hsv
from autofaces.synthetic.anime_sheet import EYE_X, Sheet, on_face, path, point
from autofaces.synthetic.face import Face


def draw_glasses(sheet: Sheet, face: Face) -> None:
    power, wide, tall = {
        "oval": (2.4, 0.36, 0.25), "square": (5.0, 0.37, 0.27), "round": (2.0, 0.34, 0.33), "sun": (3.0, 0.42, 0.32),
    }[face.glasses]  # fmt: skip
    angle = np.linspace(0, 2 * np.pi, 25)
    ring = np.stack([np.sign(a) * np.abs(a) ** (2 / power) for a in (np.cos(angle), np.sin(angle))], -1)
    frame = hsv(face.identity * 0.618, 0.55, 0.35)
    for side in (-1, 1):
        rim = on_face(ring * [wide, tall] + point(side * EYE_X, 0.1)) + point(0, 0, 0.08)
        pane = (30, 26, 40, 215) if face.glasses == "sun" else (225, 240, 255, 40)
        sheet.fill(rim, pane)
        glare = path((-0.2, -0.15), (-0.05, -0.18), (-0.2, 0.12), (-0.28, 0.1)) + point(side * EYE_X, 0.1)
        sheet.fill(on_face(glare) + point(0, 0, 0.08), (255, 255, 255, 90))
        sheet.stroke(rim, frame, 1.5, 1, 1)
        arm = path((side * (EYE_X + wide), 0.04, 0.75), (side * 1.02, 0.0, 0.1))
        sheet.stroke(arm, frame, 1.4, 1, 1)
    nose = EYE_X - wide
    sheet.stroke(on_face(path((-nose, 0.06), (0, 0.02), (nose, 0.06))) + point(0, 0, 0.08), frame, 1.4, 1, 1)
