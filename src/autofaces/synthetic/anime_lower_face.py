"""Nose, mouth and beard of an anime character."""

import numpy as np

from autofaces.synthetic.anime_colours import Paint
from autofaces.synthetic.anime_head import chin_height, face_outline, old_age
from autofaces.synthetic.anime_sheet import Sheet, curve, mirror, on_face, path, point
from autofaces.synthetic.face import Face


def draw_nose_and_mouth(sheet: Sheet, face: Face, paint: Paint) -> None:
    """A line and a touch of shadow; lips closed, or open on tongue and teeth."""
    chin, ink = chin_height(face), paint.skin_ink
    tip = np.array([0.0, 0.44 * face.nose_length * (1.08 if face.male else 1), 1.22])
    to = 1 if face.yaw >= 0 else -1
    shade = tip + path((0, -0.04, 0), (-0.06 * to * face.nose_width, 0.05, -0.06), (0.02 * to, 0.06, -0.03))
    sheet.fill(shade, paint.skin_shadow)
    bridge = 0.03 + 0.2 * face.male * face.nose_bridge + 0.1 * old_age(face)
    line = tip + path((0.02 * to, -bridge, -0.1), (0.035 * to, -0.03, 0), (0, 0.035, -0.02))
    sheet.stroke(line, (*ink, 200), 0.75, 0.0, 0.5)
    y = tip[1] + 0.5 * (chin - tip[1])
    wide = 0.2 * face.mouth_width * (1 + 0.3 * max(face.smile, 0) + 0.15 * face.male)
    lift = 0.09 * face.smile
    if face.mouth_open > 0.12:
        gap = 0.06 + 0.26 * face.mouth_open
        top = curve(path((-wide, y - lift), (0, y - 0.01), (wide, y - lift)))
        low = curve(path((wide, y - lift), (0.6 * wide, y + 0.75 * gap), (0, y + gap),
                             (-0.6 * wide, y + 0.75 * gap), (-wide, y - lift)))  # fmt: skip
        sheet.fill(on_face(np.concatenate([top, low])), (158, 54, 58), ink, 0.5)
        tongue = curve(path((-0.55 * wide, y + 0.72 * gap), (0, y + 0.5 * gap), (0.55 * wide, y + 0.72 * gap),
                                (0, y + 0.95 * gap)), 4, closed=True)  # fmt: skip
        sheet.fill(on_face(tongue), (236, 128, 124))
        if face.smile > 0.2:
            teeth = np.concatenate([top[2:-2], top[-3:1:-1] + point(0, 0.2 * gap)])
            sheet.fill(on_face(teeth), (255, 252, 248))
    else:
        line = curve(path((-wide, y - lift), (-0.4 * wide, y + 0.015), (0.4 * wide, y + 0.015), (wide, y - lift)))
        sheet.stroke(on_face(line), ink, 1.1, 0.3, 0.3)
        if face.makeup > 0.4:
            lips = np.concatenate([line[3:-3], line[-4:2:-1] * [0.9, 1] + [0, 0.07]])
            sheet.fill(on_face(lips), (220, 80, 90, int(150 * face.makeup)))
        else:
            under = path((-0.35 * wide, y + 0.1), (0, y + 0.12), (0.35 * wide, y + 0.1))
            sheet.stroke(on_face(under), (*paint.skin_shadow, 255), 0.9)


def draw_beard(sheet: Sheet, face: Face, paint: Paint) -> None:
    if face.beard == "none":
        return
    chin = chin_height(face)
    y = 0.44 * face.nose_length * (1.08 if face.male else 1)
    mouth = y + 0.5 * (chin - y)
    fill, ink = paint.hair_shadow, paint.hair_ink
    outline = face_outline(face)
    if face.beard == "stubble":
        spots = np.random.default_rng([face.seed, face.identity, 14]).uniform(-1, 1, (90, 2))
        for x, y in spots * [0.62, 0.24 * chin] + [0, 0.76 * chin]:
            if abs(x) < 0.85 * np.interp(y, [0.5 * chin, 0.82 * chin, chin], [0.8, 0.45, 0.1]):
                z = 0.6 - 0.4 * x * x
                sheet.stroke(path((x, y, z), (x, y + 0.05, z)), (*paint.hair_ink, 110), 0.55, 0.6, 0.6)
        return
    if face.beard in ("moustache", "goatee", "full"):
        half = path(
            (0, mouth - 0.13), (0.14, mouth - 0.12), (0.3, mouth + 0.02), (0.12, mouth - 0.05), (0, mouth - 0.06)
        )
        sheet.fill(on_face(mirror(half)), fill, ink, 0.3)
    if face.beard == "goatee":
        half = path((0, mouth + 0.13), (0.16, mouth + 0.15), (0.17, chin - 0.02), (0, chin + 0.12))
        sheet.fill(on_face(mirror(half)), fill, ink, 0.3)
    if face.beard == "full":
        side = outline[(outline[:, 1] > 0.0) & (outline[:, 0] > -0.02)]
        side = side[np.argsort(side[:, 1])] * [1.02, 1.04, 1]
        inner = path((0, mouth + 0.13), (0.24, mouth + 0.1), (0.4, mouth - 0.06), (0.66, 0.42), (0.88, 0.0))
        inner = curve(on_face(inner) * [1, 1, 0.8])
        half = np.concatenate([side, inner])  # down the jaw to the chin, back up beside the mouth
        for turn in (-1, 1):
            sheet.fill(half * [turn, 1, 1], fill)
            sheet.stroke(half[: len(side)] * [turn, 1, 1], ink, 0.9)
