"""Neck, shoulders and collar of an anime character."""

import numpy as np

from autofaces.synthetic.anime_colours import Paint, hsv, mix, times
from autofaces.synthetic.anime_sheet import Sheet, curve, mirror, path
from autofaces.synthetic.face import Face


def draw_body(sheet: Sheet, face: Face, paint: Paint) -> None:
    """Neck, shoulders and collar, as far as the picture shows them."""
    wide = 0.42 if face.male else 0.32
    hue = face.clothes_hue
    cloth = hsv(hue, 0.2 + 0.5 * (hue * 7 % 1), 0.3 + 0.68 * face.clothes_light)
    if face.clothes in ("tie", "jacket"):
        cloth = hsv(0.6 + 0.15 * hue, 0.35, 0.25 + 0.35 * face.clothes_light)
    dark, ink = times(cloth, 0.76, 0.72, 0.8), times(cloth, 0.4, 0.36, 0.42)
    y = 1.5 if face.male else 1.36
    half = curve(path((wide + 0.1, y - 0.12), (wide + 0.35, y), (1.0, y + 0.12), (1.45, y + 0.4), (1.6, 3)))
    sheet.fill(np.concatenate([half, half[::-1] * [-1, 1]]), cloth, ink, 0.5)
    neck = path((wide, 0.5), (wide, y - 0.2), (wide + 0.22, y), (0, y + 0.75))
    open_ = {"tie": 0.2, "jacket": 0.35, "shirt": 0.35, "crew": 0.14, "scoop": 0.75}[face.clothes]
    neck[-1, 1] = y + open_
    sheet.fill(mirror(neck), paint.skin, paint.skin_ink, 0.4)
    shade = path((wide, 0.6), (wide, y - 0.3), (0, y - 0.02))
    sheet.fill(mirror(shade), paint.skin_shadow)
    for side in (-1, 1):
        collar = path((wide + 0.02, y - 0.22), (wide + 0.3, y + 0.02), (0.3, y + 0.5), (0.02, y + open_))
        collar *= [side, 1]
        if face.clothes in ("tie", "shirt", "jacket"):
            white = (250, 250, 252) if face.clothes != "shirt" else mix(cloth, (255, 255, 255), 0.35)
            sheet.fill(collar, white, ink, 0.4)
        elif face.clothes == "scoop" and not face.male:  # a sailor's collar
            wing = collar + path((0.05, 0), (0.3, 0.1), (0.5, 0.5), (0.0, 0.2)) * [side, 1]
            sheet.fill(wing, dark, ink, 0.4)
    if face.clothes == "tie":
        tie = path((0.09, y + 0.12), (0.06, y + 0.28), (0.16, y + 1.2))
        sheet.fill(np.concatenate([tie, tie[::-1] * [-1, 1]]), paint.ribbon, ink, 0.4)
