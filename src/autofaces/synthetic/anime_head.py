"""The bare head of an anime character: its outline, shadows and cheeks."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from autofaces.synthetic.anime_colours import Paint, mix, times
from autofaces.synthetic.anime_hair import Hair
from autofaces.synthetic.anime_sheet import Array, Sheet, curve, mirror, on_face, path, point
from autofaces.synthetic.face import Face


def old_age(face: Face) -> float:
    """0 young .. 1 old: what age changes is drawn by this."""
    return float(np.clip((face.age - 32) / 45, 0, 1))


def chin_height(face: Face) -> float:
    return (1.08 + 0.12 * face.male + 0.08 * old_age(face)) * face.face_length + 0.05 * face.mouth_open


def face_outline(face: Face) -> Array:
    """(n, 3) closed: temples, cheeks and chin; the top is hidden in the skull."""
    jaw, width, chin = face.jaw, face.face_width, chin_height(face)
    half = path(
        (0.0, -1.2, 0.2), (0.62, -1.08, 0), (0.97, -0.6, 0), (0.99, -0.1, 0), (0.94, 0.26, 0.04),
        (0.8, 0.56 * chin, 0.14), (0.42 + 0.16 * jaw, 0.83 * chin, 0.32), (0.11 + 0.12 * jaw, 0.98 * chin, 0.45),
        (0, chin, 0.48),
    )  # fmt: skip
    half[:, 0] *= width
    half[4:6, 0] += 0.05 * face.cheeks - 0.02
    return curve(mirror(half)[:-1], 5, closed=True)


def draw_head(sheet: Sheet, face: Face, paint: Paint, hair: Hair) -> None:
    """The bare face: skin, its shadows and cheeks."""
    outline = face_outline(face)
    sheet.fill(outline, paint.skin, paint.skin_ink, 0.55)
    shadow = ImageChops.multiply(_shadow(sheet, face, outline, hair), sheet.mask(outline))
    sheet.image.paste(paint.skin_shadow, (0, 0), shadow)
    for side in (-1, 1):
        _cheek(sheet, face, paint, side)


def _shadow(sheet: Sheet, face: Face, outline: Array, hair: Hair) -> Image.Image:
    """L: 255 where the fringe keeps the light away, and on the side of the face turned away from it."""
    shadow = Image.new("L", sheet.size)
    draw = ImageDraw.Draw(shadow)
    away = -np.sign(face.light_side)
    for lock in hair.fringe:
        draw.polygon((sheet.place(lock.ring()) + point(0.048 * away, 0.1) * sheet.unit).ravel().tolist(), 255)
    strength = abs(face.light_side) / 70 * (0.5 + 0.5 * face.light_contrast)
    if strength > 0.12:
        lit = Image.new("L", sheet.size, 255)
        moved = sheet.place(outline) - point(0.3 * strength * away, 0.05) * sheet.unit
        ImageDraw.Draw(lit).polygon(moved.ravel().tolist(), 0)
        shadow = ImageChops.lighter(shadow, lit)
    return shadow


def _cheek(sheet: Sheet, face: Face, paint: Paint, side: int) -> None:
    """Blush, freckles, and the folds of old age."""
    red = mix(paint.skin, (250, 96, 96), 0.75)
    blush = (0.16 + 0.3 * (face.identity * 0.618 % 1)) * (0.6 if face.male else 1) + 0.2 * face.makeup
    sheet.glow(on_face(path((side * 0.6, 0.42)))[0], 0.3, 0.17, red, min(blush, 0.7))
    if blush > 0.4 and not face.male:
        for k in (-1, 0, 1):
            line = path((-0.02, 0.08), (0.03, -0.02)) + point(side * 0.6 + 0.08 * k, 0.42)
            sheet.stroke(on_face(line), (*red, 160), 0.6)
    if face.freckles:
        spots = np.random.default_rng([face.seed, face.identity, 13]).uniform(-1, 1, (8, 2)) * [0.24, 0.1]
        brown = (*times(paint.skin_shadow, 0.8, 0.7, 0.6), 190)
        for x, y in spots + point(side * 0.55, 0.4):
            sheet.stroke(on_face(path((x, y), (x + 0.03, y))), brown, 1.2, 0.7, 0.7)
    old = old_age(face)
    if old > 0.6:
        ink = (*paint.skin_ink, int(180 * old))
        sheet.stroke(on_face(path((side * 0.3, 0.48), (side * 0.4, 0.6), (side * 0.42, 0.72))), ink, 0.7)
        sheet.stroke(on_face(path((side * 0.26, 0.33), (side * 0.45, 0.39), (side * 0.62, 0.33))), ink, 0.6)
