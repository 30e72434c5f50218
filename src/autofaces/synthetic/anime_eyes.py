"""Eyes and brows of an anime character."""

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

from autofaces.synthetic.anime_colours import Paint, mix, times
from autofaces.synthetic.anime_head import old_age
from autofaces.synthetic.anime_sheet import EYE_X, Array, Colour, Sheet, curve, on_face, path, point
from autofaces.synthetic.face import Face


def draw_eye(sheet: Sheet, face: Face, paint: Paint, side: int) -> None:
    """An eye with its lashes, open or shut."""
    male, old = face.male, old_age(face)
    size = face.eye_size * (1 - 0.22 * old) * (0.93 if male else 1.06)
    wide, tall = 0.275 * size, (0.21 if male else 0.285) * size
    open_ = min(face.eye_open, 1.1)
    tilt = np.radians(face.eye_tilt + (2 if male else 0))
    centre = np.array([side * EYE_X, 0.06])

    def at(points: Array) -> Array:
        """From the eye's own coordinates (x outwards, both in -1..1) to the head."""
        x, y = points[:, 0] * wide, points[:, 1] * tall - np.sin(tilt) * points[:, 0] * wide
        return on_face(np.c_[side * x, y] + centre)

    up = 1.7 * open_ - 0.75  # height of the lid's middle
    lid = curve(path((-1.0, 0.3), (-0.72, 0.22 - 0.7 * up), (-0.1, -up), (0.6, -0.8 * up), (1.03, 0.12)))
    ink = times(mix(paint.hair_ink, (40, 24, 30), 0.6), 0.9, 0.9, 0.9)
    fold = lid[6:22] - point(0, 0.24 + 0.2 * face.lids)
    sheet.stroke(at(fold), (*paint.skin_ink, 200), 0.7, 0, 0)
    if open_ < 0.42:  # shut
        shut = curve(path((-1, 0.15), (-0.4, 0.5), (0.3, 0.55), (1.05, 0.1)))
        sheet.stroke(at(shut), ink, 2.6, 0.2, 0.6)
        return
    low = curve(path((1.03, 0.12), (0.78, 0.78), (0.2, 0.98), (-0.45, 0.9), (-0.86, 0.6), (-1.0, 0.3)))
    _iris(sheet, face, paint, at, np.concatenate([lid, low]), side, up)
    sheet.stroke(at(low[:16]), (*ink, 220), 0.9, 0.6, 0)
    sheet.stroke(at(low[:8]), ink, 1.1, 0.5, 0)
    if face.glasses == "sun":
        return
    # the upper lashes: a crescent that grows outwards
    t = np.linspace(0, 1, len(lid))
    thick = (0.16 + (0.1 if male else 0.2 + 0.12 * face.makeup) * t) * (0.25 + 0.75 * np.minimum(4 * t, 1))
    crown = lid + np.c_[0.06 * t, -thick - 0.02]
    sheet.fill(at(np.concatenate([lid + point(0, 0.05), crown[::-1]])), ink)
    if not male:
        for x, y, dx, dy in ((0.9, -0.15, 0.36, -0.16), (0.72, -0.62 * up, 0.34, -0.3)):
            tip = path((x - 0.1, y - 0.14), (x + dx, y + dy), (x + 0.08, y + 0.16))
            sheet.fill(at(tip), ink)


def _iris(
    sheet: Sheet, face: Face, paint: Paint, at: Callable[[Array], Array], outline: Array, side: int, up: float
) -> None:
    """White, iris, pupil and highlights, kept inside the outline of the opening."""
    ring = sheet.place(at(outline))
    x0, y0 = (int(v) for v in ring.min(0) - 1)
    x1, y1 = (int(v) for v in ring.max(0) + 2)
    patch = Image.new("RGB", (x1 - x0, y1 - y0), mix((255, 255, 255), paint.skin, 0.06))
    draw, mask = ImageDraw.Draw(patch, "RGBA"), Image.new("L", patch.size)
    ImageDraw.Draw(mask).polygon((ring - [x0, y0]).ravel().tolist(), 255)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.c_[np.cos(angle), np.sin(angle)]
    gaze = np.array([side * 0.16 * np.clip(face.gaze_x + face.yaw / 60, -1, 1) - 0.04, 0.02 + 0.12 * face.gaze_y])

    def disc(x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        draw.polygon((sheet.place(at(circle * [rx, ry] + gaze + [x, y])) - [x0, y0]).ravel().tolist(), colour)

    iris, dark = paint.iris, times(paint.iris, 0.36, 0.32, 0.38)
    wide = 0.66 if face.male else 0.7
    disc(0, 0, wide, 1.0, dark)
    disc(0, 0.06, wide - 0.09, 0.88, iris)
    disc(0, 0.42, wide - 0.2, 0.48, mix(iris, (255, 255, 255), 0.34))
    disc(0, 0.52, wide - 0.34, 0.3, mix(iris, (255, 255, 240), 0.6))
    disc(0, -0.42, wide - 0.02, 0.58, (*dark, 170))
    disc(0, 0.04, 0.26, 0.46, times(dark, 0.6, 0.6, 0.6))
    shade = np.concatenate([outline[:25] + point(0, 0.26), outline[24::-1]])  # of the lid
    draw.polygon((sheet.place(at(shade)) - [x0, y0]).ravel().tolist(), (60, 40, 70, 90))
    glint = -0.28 if face.light_side < 0 else 0.28
    disc(side * glint, -0.42 * up, 0.2, 0.27, (255, 255, 255))
    disc(-side * glint, 0.46, 0.12, 0.15, (255, 255, 255, 225))
    sheet.image.paste(patch, (x0, y0), mask)


def draw_brow(sheet: Sheet, face: Face, paint: Paint, side: int) -> None:
    y = -0.27 - 0.5 * (face.brow_height - 0.27) - 0.05 * face.brow_raise - (0 if face.male else 0.08)
    arch, frown = 0.05 + 0.1 * face.brow_arch, 0.07 * face.brow_raise + (0.04 if face.male else -0.01)
    line = curve(path((0.2, y + 0.04 - frown), (0.42, y - arch), (0.64, y - 0.9 * arch), (0.84, y + 0.06)) * [side, 1])
    weight = (1.0 + 1.2 * face.brow_thickness) * (1.5 if face.male else 1)
    colour = mix(paint.hair_ink, paint.hair_shadow, 0.25)
    sheet.stroke(on_face(line), (*colour, 235), weight, 0.7, 0.1)
