"""The `anime` renderer: a face as the character of a Japanese game, drawn in ink and flat colours.

The factors are those of every renderer; here they decide a stylised head with large eyes, and hair whose colour and
cut are the character's own. Coordinates: the unit is half the width of the face, the origin lies between the eyes;
x runs to the picture's right, y down, z towards the viewer. A turn of the head moves what stands out (z) most.

Everything is a polygon on a sheet four times as large as the picture, whose reduction smooths the edges. Shapes: points
are (n, 2), or (n, 3) with z; colours are 8-bit RGB, or RGBA where something shines through.
"""

import colorsys
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from autofaces.synthetic.face import Face

Array = np.ndarray
Colour = tuple[int, ...]

_ZOOM = 4
_EYE_X = 0.48  # of the eyes' centres, units


def render(face: Face, width: int, height: int) -> Array:
    """Draw `face` as uint8 (height, width, 3). The same face and size give the same bytes."""
    rng = np.random.default_rng([face.seed, face.identity, 11])  # what the character keeps
    sheet = _Sheet(face, width, height)
    paint = _Paint(face, rng)
    hair = _Hair(face, rng)
    _background(sheet, face, np.random.default_rng([face.seed, face.identity, face.image, 12]))
    hair.back(sheet, paint)
    _body(sheet, face, paint)
    hair.ears(sheet, paint)
    _head(sheet, face, paint, hair)
    for side in (-1, 1):
        _eye(sheet, face, paint, side)
    _nose_and_mouth(sheet, face, paint)
    _beard(sheet, face, paint)
    hair.front(sheet, paint)
    for side in (-1, 1):
        _brow(sheet, face, paint, side)
    if face.glasses != "none":
        _glasses(sheet, face)
    hair.ornament(sheet, paint)
    return np.asarray(sheet.image.reduce(_ZOOM).filter(ImageFilter.BoxBlur(0.4 * face.blur)))


# Curves


def _points(*pairs: Sequence[float]) -> Array:
    return np.array(pairs, float)


def _at(*values: float) -> Array:
    """One point, or a way to move by."""
    return np.array(values, float)


def _curve(points: Array, steps: int = 6, closed: bool = False) -> Array:
    """A smooth line (Catmull-Rom) through points (n, k), `steps` points to each span."""
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    p = np.concatenate([ends[0], points, ends[1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    line = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    line = line.swapaxes(0, 1).reshape(-1, points.shape[1])
    return line if closed else np.concatenate([line, points[-1:]])


_BEND = np.linspace(0, 1, 9)[:, None]


def _bow(start: Array, middle: Array, end: Array) -> Array:
    """(9, k) points of a line from `start` to `end` that leans towards `middle` (a quadratic Bezier curve)."""
    return (1 - _BEND) ** 2 * start + 2 * _BEND * (1 - _BEND) * middle + _BEND**2 * end


def _mirror(half: Array) -> Array:
    """The points of a right half, from top to bottom, followed by their mirror images back up to the top."""
    return np.concatenate([half, half[-2::-1] * [-1, *[1] * (half.shape[1] - 1)]])


class _Sheet:
    """The drawing, and where points of the head lie on it."""

    def __init__(self, face: Face, width: int, height: int) -> None:
        self.size = (width * _ZOOM, height * _ZOOM)
        self.image = Image.new("RGB", self.size, "white")
        self.draw = ImageDraw.Draw(self.image, "RGBA")
        self.unit = face.eye_distance * width * _ZOOM / (2 * _EYE_X)  # pixels of the sheet
        self.pen = max(0.026 * self.unit, 0.8 * _ZOOM)  # width of an ink line
        roll, yaw, pitch = np.radians((face.roll, 0.65 * face.yaw, face.pitch))
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, np.cos(pitch), 0.8 * np.sin(pitch)]])
        lean = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        self._turn = self.unit * (lean @ turn).T
        front = _on_face(np.zeros((1, 2))) @ self._turn  # the framing places what lies between the eyes
        self._origin = np.array([face.eye_x * width, face.eye_y * height]) * _ZOOM - 0.6 * front[0]

    def place(self, points: Array) -> Array:
        """Points of the head (n, 2 or 3), z = 0 if absent -> pixels (n, 2)."""
        return points @ self._turn[: points.shape[1]] + self._origin

    def fill(self, points: Array, colour: Colour, ink: Colour | None = None, weight: float = 1) -> None:
        """A filled outline, with an ink line around it of `weight` pens."""
        ring = [tuple(p) for p in self.place(points).tolist()]
        if ink:
            self.draw.line([*ring, ring[0], ring[1]], ink, round(2 * weight * self.pen), "curve")
        self.draw.polygon(ring, colour)

    def stroke(self, points: Array, colour: Colour, weight: float = 1, start: float = 0.15, end: float = 0.15) -> None:
        """A brush line through the points, `weight` pens wide, tapering to shares of that at start and end."""
        path = self.place(points)
        along = np.empty_like(path)
        along[1:-1] = path[2:] - path[:-2]
        along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
        t = np.linspace(0, 1, len(path))
        half = 0.5 * weight * self.pen * np.minimum(np.minimum(start + 3 * t, end + 3 * (1 - t)), 1)
        across = along[:, ::-1] * [-1, 1] * (half / (np.hypot(*along.T) + 1e-9))[:, None]
        self.draw.polygon(np.concatenate([path + across, (path - across)[::-1]]).ravel().tolist(), colour)

    def mask(self, points: Array) -> Image.Image:
        """L: 255 inside the outline."""
        mask = Image.new("L", self.size)
        ImageDraw.Draw(mask).polygon(self.place(points).ravel().tolist(), 255)
        return mask

    def glow(self, centre: Array, rx: float, ry: float, colour: Colour, strength: float) -> None:
        """A soft spot at a point of the head (k,), radii in units."""
        (x, y), w, h = self.place(centre[None])[0], round(rx * self.unit), round(ry * self.unit)
        soft = _SPOT.resize((2 * w, 2 * h)).point([int(v * strength) for v in range(256)])
        self.image.paste(colour, (round(x) - w, round(y) - h), soft)


_SPOT = Image.radial_gradient("L").point([max(0, 255 - 2 * v) for v in range(256)])


def _on_face(points: Array) -> Array:
    """Points (n, 2) -> (n, 3) on the round front of the head."""
    z = np.sqrt(np.maximum(1.25 - points[:, 0] ** 2 - 0.35 * (points[:, 1] + 0.1) ** 2, 0.02))
    return np.c_[points, z]


# Colours


def _hsv(hue: float, saturation: float, value: float) -> Colour:
    return tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(max(value, 0), 1)))


def _ramp(value: float, stops: list[float], colours: list[Colour]) -> Colour:
    return tuple(int(np.interp(value, stops, channel)) for channel in zip(*colours, strict=True))


def _mix(one: Colour, two: Colour, share: float) -> Colour:
    return tuple(round(a + share * (b - a)) for a, b in zip(one, two, strict=False))


def _times(colour: Colour, *factors: float) -> Colour:
    return tuple(min(255, round(c * f)) for c, f in zip(colour, factors, strict=True))


_HUES = (0.95, 0.0, 0.07, 0.13, 0.3, 0.47, 0.56, 0.62, 0.7, 0.78, 0.86)  # pink, red, orange, ... purple


class _Paint:
    """The colours of a character: base, shadow and ink of skin and hair; the iris."""

    def __init__(self, face: Face, rng: np.random.Generator) -> None:
        self.skin = _ramp(
            face.skin**1.5, [0, 0.25, 0.5, 1], [(255, 238, 224), (253, 222, 196), (222, 170, 130), (142, 92, 66)]
        )
        self.skin_shadow = _times(self.skin, 0.93, 0.78, 0.76)
        self.skin_ink = _times(self.skin_shadow, 0.55, 0.42, 0.42)
        hue, strong, odd = float(rng.choice(_HUES)), rng.uniform(0.3, 0.68), rng.random()
        hair = _ramp(
            face.hair_dark, [0, 0.3, 0.6, 0.85, 1],
            [(250, 222, 140), (196, 146, 92), (132, 88, 62), (74, 58, 58), (52, 52, 68)],
        )  # fmt: skip
        if odd > 0.45 or face.hair_red > 0.4:
            hair = _hsv(0.03 if face.hair_red > 0.4 else hue, strong, 0.97 - 0.42 * face.hair_dark)
        hair = _mix(hair, (206, 208, 220), min(1.3 * face.hair_grey, 0.95))
        self.hair = hair
        self.hair_shadow = _times(hair, 0.72, 0.66, 0.76)
        self.hair_ink = _times(hair, 0.34, 0.28, 0.36)
        self.hair_light = _mix(hair, (255, 250, 244), 0.62)
        iris = _ramp(
            face.iris, [0, 0.2, 0.4, 0.6, 0.8, 1],
            [(120, 58, 34), (164, 92, 42), (196, 148, 54), (72, 158, 96), (52, 140, 190), (64, 92, 206)],
        )  # fmt: skip
        self.iris = _hsv(rng.choice((0.0, 0.12, 0.77, 0.92)), 0.72, 0.8) if rng.random() < 0.3 else iris
        self.ribbon = _hsv(rng.random(), 0.65, 0.85)


# Background and body


def _background(sheet: _Sheet, face: Face, rng: np.random.Generator) -> None:
    """Mostly bare paper, as in portraits cut out of a game's page; else something plain."""
    (width, height), image, draw = sheet.size, sheet.image, sheet.draw
    hue, bright = face.background_hue, face.background_light
    pale = _hsv(hue, 0.16 - 0.1 * bright, 0.92 + 0.08 * bright)
    fade = Image.linear_gradient("L").resize(sheet.size)
    match face.background:
        case "studio":  # bare paper
            image.paste(_hsv(hue, 0.02, 0.975 + 0.025 * bright), (0, 0, width, height))
        case "indoor":  # a wall that fades
            image.paste(pale, (0, 0, width, height))
            image.paste((255, 255, 255), (0, 0), fade)
        case "outdoor":  # sky
            image.paste(_hsv(0.56 + 0.06 * hue, 0.55, 0.8 + 0.2 * bright), (0, 0, width, height))
            image.paste((235, 246, 255), (0, 0), fade)
            for x, y, r in zip(*rng.random((3, 5)), strict=True):
                r = (0.1 + 0.2 * r) * width
                draw.ellipse(
                    (x * width - r, y * height - 0.4 * r, x * width + r, y * height + 0.4 * r), (255, 255, 255, 150)
                )
        case "bokeh":  # discs of light
            image.paste(pale, (0, 0, width, height))
            for x, y, r in zip(*rng.random((3, 14)), strict=True):
                x, y, r = x * width, y * height, (0.02 + 0.09 * r) * width
                draw.ellipse((x - r, y - r, x + r, y + r), (255, 255, 255, 130))
        case "stage":  # dark
            image.paste(_hsv(hue, 0.5, 0.2 + 0.25 * bright), (0, 0, width, height))
            image.paste(_hsv(hue + 0.08, 0.5, 0.45 + 0.25 * bright), (0, 0), fade)
        case "banner":  # one colour and a sheet of lettering's height
            image.paste((255, 255, 255), (0, 0, width, height))
            y = int(rng.integers(0, height))
            draw.rectangle((0, y, width, y + height // 6), pale)
        case "blinds":  # slanted stripes
            image.paste((255, 255, 255), (0, 0, width, height))
            step = width // 9
            for x in range(-height - int(rng.integers(0, step)), width, 2 * step):
                draw.polygon([(x, height), (x + height, 0), (x + height + step, 0), (x + step, height)], pale)


def _body(sheet: _Sheet, face: Face, paint: _Paint) -> None:
    """Neck, shoulders and collar, as far as the picture shows them."""
    wide = 0.42 if face.male else 0.32
    hue = face.clothes_hue
    cloth = _hsv(hue, 0.2 + 0.5 * (hue * 7 % 1), 0.3 + 0.68 * face.clothes_light)
    if face.clothes in ("tie", "jacket"):
        cloth = _hsv(0.6 + 0.15 * hue, 0.35, 0.25 + 0.35 * face.clothes_light)
    dark, ink = _times(cloth, 0.76, 0.72, 0.8), _times(cloth, 0.4, 0.36, 0.42)
    y = 1.5 if face.male else 1.36
    half = _curve(_points((wide + 0.1, y - 0.12), (wide + 0.35, y), (1.0, y + 0.12), (1.45, y + 0.4), (1.6, 3)))
    sheet.fill(np.concatenate([half, half[::-1] * [-1, 1]]), cloth, ink, 0.5)
    neck = _points((wide, 0.5), (wide, y - 0.2), (wide + 0.22, y), (0, y + 0.75))
    open_ = {"tie": 0.2, "jacket": 0.35, "shirt": 0.35, "crew": 0.14, "scoop": 0.75}[face.clothes]
    neck[-1, 1] = y + open_
    sheet.fill(_mirror(neck), paint.skin, paint.skin_ink, 0.4)
    shade = _points((wide, 0.6), (wide, y - 0.3), (0, y - 0.02))
    sheet.fill(_mirror(shade), paint.skin_shadow)
    for side in (-1, 1):
        collar = _points((wide + 0.02, y - 0.22), (wide + 0.3, y + 0.02), (0.3, y + 0.5), (0.02, y + open_))
        collar *= [side, 1]
        if face.clothes in ("tie", "shirt", "jacket"):
            white = (250, 250, 252) if face.clothes != "shirt" else _mix(cloth, (255, 255, 255), 0.35)
            sheet.fill(collar, white, ink, 0.4)
        elif face.clothes == "scoop" and not face.male:  # a sailor's collar
            wing = collar + _points((0.05, 0), (0.3, 0.1), (0.5, 0.5), (0.0, 0.2)) * [side, 1]
            sheet.fill(wing, dark, ink, 0.4)
    if face.clothes == "tie":
        tie = _points((0.09, y + 0.12), (0.06, y + 0.28), (0.16, y + 1.2))
        sheet.fill(np.concatenate([tie, tie[::-1] * [-1, 1]]), paint.ribbon, ink, 0.4)


# Head


def _old(face: Face) -> float:
    """0 young .. 1 old: what age changes is drawn by this."""
    return float(np.clip((face.age - 32) / 45, 0, 1))


def _chin(face: Face) -> float:
    return (1.08 + 0.12 * face.male + 0.08 * _old(face)) * face.face_length + 0.05 * face.mouth_open


def _face_outline(face: Face) -> Array:
    """(n, 3) closed: temples, cheeks and chin; the top is hidden in the skull."""
    jaw, width, chin = face.jaw, face.face_width, _chin(face)
    half = _points(
        (0.0, -1.2, 0.2), (0.62, -1.08, 0), (0.97, -0.6, 0), (0.99, -0.1, 0), (0.94, 0.26, 0.04),
        (0.8, 0.56 * chin, 0.14), (0.42 + 0.16 * jaw, 0.83 * chin, 0.32), (0.11 + 0.12 * jaw, 0.98 * chin, 0.45),
        (0, chin, 0.48),
    )  # fmt: skip
    half[:, 0] *= width
    half[4:6, 0] += 0.05 * face.cheeks - 0.02
    return _curve(_mirror(half)[:-1], 5, closed=True)


def _head(sheet: _Sheet, face: Face, paint: _Paint, hair: "_Hair") -> None:
    """The bare face: skin, its shadows and cheeks."""
    outline = _face_outline(face)
    sheet.fill(outline, paint.skin, paint.skin_ink, 0.55)
    shadow = ImageChops.multiply(_shadow(sheet, face, outline, hair), sheet.mask(outline))
    sheet.image.paste(paint.skin_shadow, (0, 0), shadow)
    for side in (-1, 1):
        _cheek(sheet, face, paint, side)


def _shadow(sheet: _Sheet, face: Face, outline: Array, hair: "_Hair") -> Image.Image:
    """L: 255 where the fringe keeps the light away, and on the side of the face turned away from it."""
    shadow = Image.new("L", sheet.size)
    draw = ImageDraw.Draw(shadow)
    away = -np.sign(face.light_side)
    for lock in hair.fringe:
        draw.polygon((sheet.place(lock.ring()) + _at(0.048 * away, 0.1) * sheet.unit).ravel().tolist(), 255)
    strength = abs(face.light_side) / 70 * (0.5 + 0.5 * face.light_contrast)
    if strength > 0.12:
        lit = Image.new("L", sheet.size, 255)
        moved = sheet.place(outline) - _at(0.3 * strength * away, 0.05) * sheet.unit
        ImageDraw.Draw(lit).polygon(moved.ravel().tolist(), 0)
        shadow = ImageChops.lighter(shadow, lit)
    return shadow


def _cheek(sheet: _Sheet, face: Face, paint: _Paint, side: int) -> None:
    """Blush, freckles, and the folds of old age."""
    red = _mix(paint.skin, (250, 96, 96), 0.75)
    blush = (0.16 + 0.3 * (face.identity * 0.618 % 1)) * (0.6 if face.male else 1) + 0.2 * face.makeup
    sheet.glow(_on_face(_points((side * 0.6, 0.42)))[0], 0.3, 0.17, red, min(blush, 0.7))
    if blush > 0.4 and not face.male:
        for k in (-1, 0, 1):
            line = _points((-0.02, 0.08), (0.03, -0.02)) + _at(side * 0.6 + 0.08 * k, 0.42)
            sheet.stroke(_on_face(line), (*red, 160), 0.6)
    if face.freckles:
        spots = np.random.default_rng([face.seed, face.identity, 13]).uniform(-1, 1, (8, 2)) * [0.24, 0.1]
        brown = (*_times(paint.skin_shadow, 0.8, 0.7, 0.6), 190)
        for x, y in spots + _at(side * 0.55, 0.4):
            sheet.stroke(_on_face(_points((x, y), (x + 0.03, y))), brown, 1.2, 0.7, 0.7)
    old = _old(face)
    if old > 0.6:
        ink = (*paint.skin_ink, int(180 * old))
        sheet.stroke(_on_face(_points((side * 0.3, 0.48), (side * 0.4, 0.6), (side * 0.42, 0.72))), ink, 0.7)
        sheet.stroke(_on_face(_points((side * 0.26, 0.33), (side * 0.45, 0.39), (side * 0.62, 0.33))), ink, 0.6)


def _eye(sheet: _Sheet, face: Face, paint: _Paint, side: int) -> None:
    """An eye with its lashes, open or shut."""
    male, old = face.male, _old(face)
    size = face.eye_size * (1 - 0.22 * old) * (0.93 if male else 1.06)
    wide, tall = 0.275 * size, (0.21 if male else 0.285) * size
    open_ = min(face.eye_open, 1.1)
    tilt = np.radians(face.eye_tilt + (2 if male else 0))
    centre = np.array([side * _EYE_X, 0.06])

    def at(points: Array) -> Array:
        """From the eye's own coordinates (x outwards, both in -1..1) to the head."""
        x, y = points[:, 0] * wide, points[:, 1] * tall - np.sin(tilt) * points[:, 0] * wide
        return _on_face(np.c_[side * x, y] + centre)

    up = 1.7 * open_ - 0.75  # height of the lid's middle
    lid = _curve(_points((-1.0, 0.3), (-0.72, 0.22 - 0.7 * up), (-0.1, -up), (0.6, -0.8 * up), (1.03, 0.12)))
    ink = _times(_mix(paint.hair_ink, (40, 24, 30), 0.6), 0.9, 0.9, 0.9)
    fold = lid[6:22] - _at(0, 0.24 + 0.2 * face.lids)
    sheet.stroke(at(fold), (*paint.skin_ink, 200), 0.7, 0, 0)
    if open_ < 0.42:  # shut
        shut = _curve(_points((-1, 0.15), (-0.4, 0.5), (0.3, 0.55), (1.05, 0.1)))
        sheet.stroke(at(shut), ink, 2.6, 0.2, 0.6)
        return
    low = _curve(_points((1.03, 0.12), (0.78, 0.78), (0.2, 0.98), (-0.45, 0.9), (-0.86, 0.6), (-1.0, 0.3)))
    _iris(sheet, face, paint, at, np.concatenate([lid, low]), side, up)
    sheet.stroke(at(low[:16]), (*ink, 220), 0.9, 0.6, 0)
    sheet.stroke(at(low[:8]), ink, 1.1, 0.5, 0)
    if face.glasses == "sun":
        return
    # the upper lashes: a crescent that grows outwards
    t = np.linspace(0, 1, len(lid))
    thick = (0.16 + (0.1 if male else 0.2 + 0.12 * face.makeup) * t) * (0.25 + 0.75 * np.minimum(4 * t, 1))
    crown = lid + np.c_[0.06 * t, -thick - 0.02]
    sheet.fill(at(np.concatenate([lid + _at(0, 0.05), crown[::-1]])), ink)
    if not male:
        for x, y, dx, dy in ((0.9, -0.15, 0.36, -0.16), (0.72, -0.62 * up, 0.34, -0.3)):
            tip = _points((x - 0.1, y - 0.14), (x + dx, y + dy), (x + 0.08, y + 0.16))
            sheet.fill(at(tip), ink)


def _iris(
    sheet: _Sheet, face: Face, paint: _Paint, at: Callable[[Array], Array], outline: Array, side: int, up: float
) -> None:
    """White, iris, pupil and highlights, kept inside the outline of the opening."""
    ring = sheet.place(at(outline))
    x0, y0 = (int(v) for v in ring.min(0) - 1)
    x1, y1 = (int(v) for v in ring.max(0) + 2)
    patch = Image.new("RGB", (x1 - x0, y1 - y0), _mix((255, 255, 255), paint.skin, 0.06))
    draw, mask = ImageDraw.Draw(patch, "RGBA"), Image.new("L", patch.size)
    ImageDraw.Draw(mask).polygon((ring - [x0, y0]).ravel().tolist(), 255)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.c_[np.cos(angle), np.sin(angle)]
    gaze = np.array([side * 0.16 * np.clip(face.gaze_x + face.yaw / 60, -1, 1) - 0.04, 0.02 + 0.12 * face.gaze_y])

    def disc(x: float, y: float, rx: float, ry: float, colour: Colour) -> None:
        draw.polygon((sheet.place(at(circle * [rx, ry] + gaze + [x, y])) - [x0, y0]).ravel().tolist(), colour)

    iris, dark = paint.iris, _times(paint.iris, 0.36, 0.32, 0.38)
    wide = 0.66 if face.male else 0.7
    disc(0, 0, wide, 1.0, dark)
    disc(0, 0.06, wide - 0.09, 0.88, iris)
    disc(0, 0.42, wide - 0.2, 0.48, _mix(iris, (255, 255, 255), 0.34))
    disc(0, 0.52, wide - 0.34, 0.3, _mix(iris, (255, 255, 240), 0.6))
    disc(0, -0.42, wide - 0.02, 0.58, (*dark, 170))
    disc(0, 0.04, 0.26, 0.46, _times(dark, 0.6, 0.6, 0.6))
    shade = np.concatenate([outline[:25] + _at(0, 0.26), outline[24::-1]])  # of the lid
    draw.polygon((sheet.place(at(shade)) - [x0, y0]).ravel().tolist(), (60, 40, 70, 90))
    glint = -0.28 if face.light_side < 0 else 0.28
    disc(side * glint, -0.42 * up, 0.2, 0.27, (255, 255, 255))
    disc(-side * glint, 0.46, 0.12, 0.15, (255, 255, 255, 225))
    sheet.image.paste(patch, (x0, y0), mask)


def _brow(sheet: _Sheet, face: Face, paint: _Paint, side: int) -> None:
    y = -0.27 - 0.5 * (face.brow_height - 0.27) - 0.05 * face.brow_raise - (0 if face.male else 0.08)
    arch, frown = 0.05 + 0.1 * face.brow_arch, 0.07 * face.brow_raise + (0.04 if face.male else -0.01)
    line = _curve(
        _points((0.2, y + 0.04 - frown), (0.42, y - arch), (0.64, y - 0.9 * arch), (0.84, y + 0.06)) * [side, 1]
    )
    weight = (1.0 + 1.2 * face.brow_thickness) * (1.5 if face.male else 1)
    colour = _mix(paint.hair_ink, paint.hair_shadow, 0.25)
    sheet.stroke(_on_face(line), (*colour, 235), weight, 0.7, 0.1)


def _nose_and_mouth(sheet: _Sheet, face: Face, paint: _Paint) -> None:
    """A line and a touch of shadow; lips closed, or open on tongue and teeth."""
    chin, ink = _chin(face), paint.skin_ink
    tip = np.array([0.0, 0.44 * face.nose_length * (1.08 if face.male else 1), 1.22])
    to = 1 if face.yaw >= 0 else -1
    shade = tip + _points((0, -0.04, 0), (-0.06 * to * face.nose_width, 0.05, -0.06), (0.02 * to, 0.06, -0.03))
    sheet.fill(shade, paint.skin_shadow)
    bridge = 0.03 + 0.2 * face.male * face.nose_bridge + 0.1 * _old(face)
    line = tip + _points((0.02 * to, -bridge, -0.1), (0.035 * to, -0.03, 0), (0, 0.035, -0.02))
    sheet.stroke(line, (*ink, 200), 0.75, 0.0, 0.5)
    y = tip[1] + 0.5 * (chin - tip[1])
    wide = 0.2 * face.mouth_width * (1 + 0.3 * max(face.smile, 0) + 0.15 * face.male)
    lift = 0.09 * face.smile
    if face.mouth_open > 0.12:
        gap = 0.06 + 0.26 * face.mouth_open
        top = _curve(_points((-wide, y - lift), (0, y - 0.01), (wide, y - lift)))
        low = _curve(_points((wide, y - lift), (0.6 * wide, y + 0.75 * gap), (0, y + gap),
                             (-0.6 * wide, y + 0.75 * gap), (-wide, y - lift)))  # fmt: skip
        sheet.fill(_on_face(np.concatenate([top, low])), (158, 54, 58), ink, 0.5)
        tongue = _curve(_points((-0.55 * wide, y + 0.72 * gap), (0, y + 0.5 * gap), (0.55 * wide, y + 0.72 * gap),
                                (0, y + 0.95 * gap)), 4, closed=True)  # fmt: skip
        sheet.fill(_on_face(tongue), (236, 128, 124))
        if face.smile > 0.2:
            teeth = np.concatenate([top[2:-2], top[-3:1:-1] + _at(0, 0.2 * gap)])
            sheet.fill(_on_face(teeth), (255, 252, 248))
    else:
        line = _curve(_points((-wide, y - lift), (-0.4 * wide, y + 0.015), (0.4 * wide, y + 0.015), (wide, y - lift)))
        sheet.stroke(_on_face(line), ink, 1.1, 0.3, 0.3)
        if face.makeup > 0.4:
            lips = np.concatenate([line[3:-3], line[-4:2:-1] * [0.9, 1] + [0, 0.07]])
            sheet.fill(_on_face(lips), (220, 80, 90, int(150 * face.makeup)))
        else:
            under = _points((-0.35 * wide, y + 0.1), (0, y + 0.12), (0.35 * wide, y + 0.1))
            sheet.stroke(_on_face(under), (*paint.skin_shadow, 255), 0.9)


def _beard(sheet: _Sheet, face: Face, paint: _Paint) -> None:
    if face.beard == "none":
        return
    chin = _chin(face)
    y = 0.44 * face.nose_length * (1.08 if face.male else 1)
    mouth = y + 0.5 * (chin - y)
    fill, ink = paint.hair_shadow, paint.hair_ink
    outline = _face_outline(face)
    if face.beard == "stubble":
        spots = np.random.default_rng([face.seed, face.identity, 14]).uniform(-1, 1, (90, 2))
        for x, y in spots * [0.62, 0.24 * chin] + [0, 0.76 * chin]:
            if abs(x) < 0.85 * np.interp(y, [0.5 * chin, 0.82 * chin, chin], [0.8, 0.45, 0.1]):
                z = 0.6 - 0.4 * x * x
                sheet.stroke(_points((x, y, z), (x, y + 0.05, z)), (*paint.hair_ink, 110), 0.55, 0.6, 0.6)
        return
    if face.beard in ("moustache", "goatee", "full"):
        half = _points(
            (0, mouth - 0.13), (0.14, mouth - 0.12), (0.3, mouth + 0.02), (0.12, mouth - 0.05), (0, mouth - 0.06)
        )
        sheet.fill(_on_face(_mirror(half)), fill, ink, 0.3)
    if face.beard == "goatee":
        half = _points((0, mouth + 0.13), (0.16, mouth + 0.15), (0.17, chin - 0.02), (0, chin + 0.12))
        sheet.fill(_on_face(_mirror(half)), fill, ink, 0.3)
    if face.beard == "full":
        side = outline[(outline[:, 1] > 0.0) & (outline[:, 0] > -0.02)]
        side = side[np.argsort(side[:, 1])] * [1.02, 1.04, 1]
        inner = _points((0, mouth + 0.13), (0.24, mouth + 0.1), (0.4, mouth - 0.06), (0.66, 0.42), (0.88, 0.0))
        inner = _curve(_on_face(inner) * [1, 1, 0.8])
        half = np.concatenate([side, inner])  # down the jaw to the chin, back up beside the mouth
        for turn in (-1, 1):
            sheet.fill(half * [turn, 1, 1], fill)
            sheet.stroke(half[: len(side)] * [turn, 1, 1], ink, 0.9)


def _glasses(sheet: _Sheet, face: Face) -> None:
    power, wide, tall = {
        "oval": (2.4, 0.36, 0.25), "square": (5.0, 0.37, 0.27), "round": (2.0, 0.34, 0.33), "sun": (3.0, 0.42, 0.32),
    }[face.glasses]  # fmt: skip
    angle = np.linspace(0, 2 * np.pi, 25)
    ring = np.stack([np.sign(a) * np.abs(a) ** (2 / power) for a in (np.cos(angle), np.sin(angle))], -1)
    frame = _hsv(face.identity * 0.618, 0.55, 0.35)
    for side in (-1, 1):
        rim = _on_face(ring * [wide, tall] + _at(side * _EYE_X, 0.1)) + _at(0, 0, 0.08)
        pane = (30, 26, 40, 215) if face.glasses == "sun" else (225, 240, 255, 40)
        sheet.fill(rim, pane)
        glare = _points((-0.2, -0.15), (-0.05, -0.18), (-0.2, 0.12), (-0.28, 0.1)) + _at(side * _EYE_X, 0.1)
        sheet.fill(_on_face(glare) + _at(0, 0, 0.08), (255, 255, 255, 90))
        sheet.stroke(rim, frame, 1.5, 1, 1)
        arm = _points((side * (_EYE_X + wide), 0.04, 0.75), (side * 1.02, 0.0, 0.1))
        sheet.stroke(arm, frame, 1.4, 1, 1)
    nose = _EYE_X - wide
    sheet.stroke(_on_face(_points((-nose, 0.06), (0, 0.02), (nose, 0.06))) + _at(0, 0, 0.08), frame, 1.4, 1, 1)


# Hair


class _Lock:
    """A tuft of hair between two roots, running out into a tip: points (3,) and how far its middle bends out."""

    def __init__(self, left: Sequence[float], right: Sequence[float], tip: Sequence[float], bend: float = 0.0) -> None:
        a, b, c = (np.array(p, float) for p in (left, right, tip))
        out = np.array([bend, 0, 0])
        self.left = _bow(a, 0.45 * a + 0.55 * c + [0, -0.05, 0.06] + out - 0.12 * (b - a), c)
        self.right = _bow(b, 0.45 * b + 0.55 * c + [0, -0.05, 0.06] + out + 0.12 * (b - a), c)

    def ring(self) -> Array:
        return np.concatenate([self.left, self.right[::-1]])

    def between(self, share: float | Array) -> Array:
        """A strand inside it, from 0 the left edge to 1 the right one."""
        return self.left + share * (self.right - self.left)

    def paint(self, sheet: _Sheet, paint: _Paint, lit_from: float) -> None:
        sheet.fill(self.ring(), paint.hair)
        reach = 0.5 * np.sin(np.pi * _BEND)
        dark, inner = (self.left, reach) if lit_from > 0 else (self.right, 1 - reach)
        sheet.fill(np.concatenate([dark, self.between(inner)[::-1]]), (*paint.hair_shadow, 190))
        sheet.stroke(self.between(0.5)[3:8], (*paint.hair_ink, 110), 0.6, 0, 0)
        for edge in (self.left, self.right):
            sheet.stroke(edge[1:], paint.hair_ink, 1.0, 0.0, 0.7)


_FRINGES = {
    "short": "locks", "parted": "parted", "swept": "swept", "bangs": "blunt", "long": "locks", "wavy": "swept",
    "curly": "curls", "afro": "puff", "buzz": "none", "bald": "bald",
}  # fmt: skip


class _Hair:
    """The character's hair: fringe and side locks in front, the mass behind, and what is worn in it."""

    def __init__(self, face: Face, rng: np.random.Generator) -> None:
        self.face = face
        self.style = face.hair_style
        self.kind = _FRINGES[self.style]
        girl = not face.male
        self.long = self.style in ("long", "wavy") or (girl and self.style in ("bangs", "curly"))
        self.volume = 0.14 + 0.16 * face.hair_volume
        self.end = 0.5 + 0.55 * (face.hair_length - 1) if self.long else (0.75 if girl else 0.45)
        self.tails = girl and self.kind != "bald" and rng.random() < (0.5 if self.style in ("curly", "bangs") else 0.15)
        self.worn = str(rng.choice(("none", "ribbon", "band", "clip", "ahoge"), p=(0.4, 0.18, 0.12, 0.15, 0.15)))
        self.part = 0.8 * face.hair_part
        self.wild = rng.normal(0, 1, (16, 2))  # what makes every character's locks differ
        self.count = int(rng.integers(5, 9))
        self.fringe = self._fringe()
        self.sides = self._sides()

    def _fringe(self) -> list[_Lock]:
        face, kind = self.face, self.kind
        root = -0.88 - 0.3 * face.recession

        def on(x: float, y: float) -> Array:
            return np.array([x, y, np.sqrt(max(1.3 - x * x - 0.3 * y * y, 0.05))])

        edges = np.linspace(-0.98, 0.98, self.count + 1)
        locks = []
        edges[1:-1] += 0.09 * self.wild[1 : self.count, 1]
        for k, (a, b) in enumerate(pairwise(edges)):
            middle, (jx, jy) = 0.5 * (a + b), 0.06 * self.wild[k]
            y0, y1 = root + 0.42 * a * a, root + 0.42 * b * b
            match kind:
                case "locks":
                    tip = on(0.86 * middle + 0.8 * jx + 0.12 * np.sign(self.part), -0.03 + 0.2 * middle**2 + 1.6 * jy)
                case "blunt":
                    tip = on(0.95 * middle, -0.14 + 0.5 * jy)
                case "swept":
                    to = np.sign(self.part) or 1
                    tip = on(np.clip(middle + 0.5 * to, -1.02, 1.02), -0.2 + 0.34 * abs(middle + 0.5 * to) ** 2 + jy)
                case "parted":
                    to = np.sign(middle - self.part) or 1
                    tip = on(np.clip(middle + 0.42 * to, -1.03, 1.03), -0.45 + 0.85 * abs(middle + 0.3 * to) + jy)
                case "curls":
                    tip = on(0.9 * middle + 1.5 * jx, -0.38 + 0.3 * middle**2 + jy)
                case _:
                    return []
            spread = 0.16 if kind == "blunt" else 0.07
            locks.append(_Lock(on(a - spread, y0), on(b + spread, y1), tip, bend=0.06 * np.sign(middle)))
        if kind in ("parted", "swept"):
            to = self.part if kind == "parted" else -np.sign(self.part)
            locks.sort(key=lambda lock: -abs(lock.left[0, 0] - to))  # those at the parting lie on top
        return locks

    def _sides(self) -> list[_Lock]:
        if self.kind in ("none", "bald", "puff"):
            return []
        low = 0.4 if self.face.male else 0.85 + 0.3 * self.face.hair_volume
        locks = []
        for side in (-1, 1):
            j = 0.05 * self.wild[8 + side]
            a, b = (side * (1.08 + 0.5 * self.volume), -0.5, 0.1), (side * 0.78, -0.55, 0.5)
            tip = (side * (0.96 + j[0]), low + j[1], 0.25)
            locks.append(_Lock(*((a, b) if side < 0 else (b, a)), tip, bend=side * 0.16))
        return locks

    def crown(self) -> Array:
        """(n, 2) the outline of the hair over the skull, from the left ear to the right one."""
        turn = -0.1 * np.sin(np.radians(self.face.yaw))
        angle = np.linspace(np.pi * 1.08, -np.pi * 0.08, 25)
        bumps = 1 + 0.012 * np.sin(9 * angle + 3 * self.wild[15, 0])
        wide, high = (1.03, 0.94) if self.kind == "none" else (1.09 + 0.5 * self.volume, 0.98 + self.volume)
        return np.c_[wide * np.cos(angle) * bumps + turn, -0.34 - high * np.sin(angle) * bumps]

    def back(self, sheet: _Sheet, paint: _Paint) -> None:
        """All that lies behind neck and face."""
        if self.kind in ("bald", "none"):
            return
        fill, ink = paint.hair_shadow, paint.hair_ink
        if self.tails:
            self._tails(sheet, paint)
        if self.kind == "puff":
            angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
            r = 1.42 + 0.2 * self.face.hair_volume + 0.035 * np.abs(np.sin(11 * angle))
            sheet.fill(np.c_[r * np.cos(angle), -0.38 + 0.95 * r * np.sin(angle)], paint.hair, ink, 0.6)
            sheet.fill(np.c_[0.86 * r * np.cos(angle), -0.2 + 0.82 * r * np.sin(angle)], (*fill, 160))
            return
        end, wave = self.end, 0.09 if self.style in ("wavy", "curly") else 0.0
        flare = 1.12 + 0.6 * self.volume if self.long else 1.02 + 0.3 * self.volume
        y = np.linspace(-0.4, end, 14)
        x = flare + (0.1 if self.long else 0.03) * np.sin((y + 0.4) * 1.7) + wave * np.sin(7 * y)
        if self.face.male and not self.long:
            x = x - 0.35 * np.clip(y, 0, 1)
        tips = np.linspace(x[-1], -x[-1], 13)
        zig = np.c_[tips, end + np.where(np.arange(13) % 2, 0.22, 0.0) * (1 + 0.3 * self.wild[:13, 0])]
        outline = np.concatenate([np.c_[x, y], zig, np.c_[-x, y][::-1], self.crown()])
        sheet.fill(outline, fill, ink, 0.6)
        for side in (-1, 1):  # strands
            for k in range(4):
                t = 1 - 0.09 * k
                light = (*paint.hair, 220) if k % 2 == 0 else (*paint.hair_ink, 120)
                strand = np.c_[side * t * x, y + 0.05 * k][2:]
                sheet.stroke(strand - [side * 0.06, 0], light, 2.4 if k % 2 == 0 else 0.7, 0, 0)

    def _tails(self, sheet: _Sheet, paint: _Paint) -> None:
        for side in (-1, 1):
            out = 0.16 * self.wild[6, 0]
            for k, (dx, dy) in enumerate(((0.36, 1.5), (0.62, 1.15), (0.5, 1.35))):
                root = _at(side * 1.0, -0.75, -0.2)
                tip = root + _at(side * (dx + out), dy + 0.25 * self.wild[k, 1] + 0.2 * self.face.hair_length, 0)
                a, b = root + _at(-0.14, -0.14 + 0.05 * k, 0), root + _at(0.14, 0.1, 0)
                _Lock(a, b, tip, bend=side * (0.55 + 0.1 * k)).paint(sheet, paint, self.face.light_side)
            x, y = sheet.place(_points((side * 1.0, -0.75)))[0]
            r = 0.1 * sheet.unit
            sheet.draw.ellipse((x - r, y - r, x + r, y + r), paint.ribbon, paint.hair_ink, round(0.5 * sheet.pen))

    def ears(self, sheet: _Sheet, paint: _Paint) -> None:
        if self.long or self.kind == "puff":
            return
        for side in (-1, 1):
            s = self.face.ear_size
            ear = _points((0.98, -0.14), (1.1, -0.2), (1.17, -0.05), (1.12, 0.2), (1.0, 0.34), (0.92, 0.3)) * [side, 1]
            ear = _curve((ear - [side, 0]) * s + [side, 0.02], 4, closed=True)
            sheet.fill(ear, paint.skin, paint.skin_ink, 0.5)
            sheet.stroke(_points((1.04, -0.08), (1.1, -0.02), (1.05, 0.16)) * [side, 1], paint.skin_ink, 0.7)

    def front(self, sheet: _Sheet, paint: _Paint) -> None:
        """The cap over the skull, fringe and side locks."""
        face, ink = self.face, paint.hair_ink
        if self.kind == "bald":
            sheet.glow(_on_face(_points((-0.3 * np.sign(face.light_side), -0.85)))[0], 0.35, 0.2, (255, 255, 255), 0.6)
            return
        line = -0.62 - 0.35 * face.recession - (0.12 if self.kind == "none" else 0)
        rim = _curve(
            _on_face(_points((1.03, 0.0), (0.9, -0.38), (0.55, line - 0.02), (0, line - 0.12), (-0.55, line - 0.02),
                             (-0.9, -0.38), (-1.03, 0.0)))
        )  # fmt: skip
        crown = self.crown()
        crown = crown[crown[:, 1] < 0.02]
        cap = np.concatenate([np.c_[crown, np.zeros(len(crown))], rim])
        fill = _mix(paint.hair, paint.hair_shadow, 0.5 * (self.kind == "none"))
        if self.kind != "puff":
            sheet.stroke(crown, ink, 2.2, 0.6, 0.6)
        sheet.fill(cap, fill)
        if self.kind in ("none", "puff"):
            self._fuzz(sheet, paint, rim)
            return
        self._gloss(sheet, paint)
        for lock in self.sides:
            lock.paint(sheet, paint, face.light_side)
        if self.kind == "blunt":
            self._blunt(sheet, paint)
        else:
            for lock in self.fringe:
                lock.paint(sheet, paint, face.light_side)
        if self.kind == "curls":
            self._curls(sheet, paint)

    def _fuzz(self, sheet: _Sheet, paint: _Paint, rim: Array) -> None:
        """The texture of hair too short or too curled for locks, all over the cap and along its border."""
        short = self.kind == "none"
        rng = np.random.default_rng(int(1e6 * abs(self.wild[0, 0])))
        spots = rng.uniform(-1, 1, (70, 2)) * [0.98, 0.62] + [0, -0.95]
        spots = spots[np.hypot(spots[:, 0] / 1.05, (spots[:, 1] + 0.36) / (0.95 + 0.4 * (not short))) < 1]
        for k, (x, y) in enumerate(spots[spots[:, 1] < -0.62 + 0.2 * spots[:, 0] ** 2]):
            tuft = _points((x - 0.05, y), (x, y - 0.05), (x + 0.05, y))
            light = k % 3 == 0
            sheet.stroke(tuft, (*(paint.hair_light if light else paint.hair_ink), 110), 0.8 if short else 1.3, 0.2, 0.2)
        for k in range(0, len(rim) - 1, 2):
            a, b = rim[k], rim[k + 1]
            tip = 0.5 * (a + b) + [0, 0.05 if short else 0.08, 0]
            sheet.fill(np.stack([a * [1.03, 1, 1], tip, b]), _mix(paint.hair, paint.hair_shadow, 0.5 * short))
            sheet.stroke(np.stack([a, tip, b]), (*paint.hair_ink, 120), 0.6)

    def _blunt(self, sheet: _Sheet, paint: _Paint) -> None:
        """A fringe cut straight above the eyes."""
        x = np.linspace(0.97, -0.97, 2 * self.count + 1)
        y = -0.13 + 0.16 * x * x + np.where(np.arange(len(x)) % 2, 0.045, -0.015)
        low = np.c_[x, y, np.sqrt(np.maximum(1.3 - x * x - 0.3 * y * y, 0.05))]
        high = _curve(_on_face(_points((-0.95, -0.5), (-0.5, -0.85), (0, -0.95), (0.5, -0.85), (0.95, -0.5))))
        sheet.fill(np.concatenate([low, high]), paint.hair)
        sheet.stroke(low, paint.hair_ink, 1.1, 0.6, 0.6)
        for k in range(1, len(x) - 1):
            root = low[k] * [0.86, 1, 1] + [0, -0.3 - 0.2 * abs(self.wild[k % 16, 0]), 0.02]
            colour = (*paint.hair_ink, 200) if k % 2 == 0 else (*paint.hair_shadow, 200)
            sheet.stroke(_bow(root, 0.5 * (root + low[k]), low[k]), colour, 1.0 if k % 2 == 0 else 2.2, 0, 0.7)

    def _curls(self, sheet: _Sheet, paint: _Paint) -> None:
        for k, (jx, jy) in enumerate(self.wild[:11]):
            a = np.pi * (0.02 + 0.096 * k)
            x, y = 1.08 * np.cos(a) + 0.05 * jx, -0.42 - 0.92 * np.sin(a) + 0.04 * jy
            t = np.linspace(0, 4.6, 13)
            r = 0.2 * (1 - 0.13 * t)
            sheet.stroke(np.c_[x + r * np.cos(t + jx), y + r * np.sin(t + jx)], (*paint.hair_ink, 210), 0.9, 0.2, 0.2)
            sheet.stroke(np.c_[x + 0.7 * r * np.cos(t), y + 0.7 * r * np.sin(t)][3:9], (*paint.hair_light, 170), 1.6)

    def _gloss(self, sheet: _Sheet, paint: _Paint) -> None:
        """Strands from the crown, and the band of light around it."""
        face = self.face
        whorl = np.array([self.part * 0.5, -1.22 - self.volume, 0.35])
        ends = np.linspace(-0.95, 0.95, 15)
        for k, x in enumerate(ends):
            end = np.array([x, -0.62 + 0.3 * x * x, np.sqrt(max(1.25 - x * x, 0.05))])
            strand = _bow(whorl, np.array([0.75 * x, -1.12 - 0.5 * self.volume, 0.8]), end)
            dark = k % 2 == 0
            sheet.stroke(strand[1:], (*(paint.hair_ink if dark else paint.hair_shadow), 90 if dark else 170),
                         0.7 if dark else 1.8, 0, 0)  # fmt: skip
        x = np.linspace(-0.8, 0.8, 33)
        at = 0.25 * np.sin(np.radians(face.light_side))
        fade = np.clip(1.1 - np.abs(x - at) / 0.75, 0, 1)
        tooth = np.abs((np.arange(33) + int(9 * abs(self.wild[3, 0]))) % 4 - 2) / 2
        y = -0.98 + 0.36 * x * x - 0.5 * self.volume
        depth = np.sqrt(np.maximum(1.15 - x * x - 0.3, 0.02))
        top = np.c_[x, y - 0.05 * fade * tooth, depth]
        low = np.c_[x, y + fade * (0.05 + 0.11 * tooth), depth]
        sheet.fill(np.concatenate([top, low[::-1]]), (*paint.hair_light, 205))

    def ornament(self, sheet: _Sheet, paint: _Paint) -> None:
        """What girls wear in their hair; a tuft that stands up."""
        if self.kind in ("bald", "none", "puff"):
            return
        if self.worn == "ahoge":
            root = _at(self.part * 0.5, -1.3 - self.volume, 0.2)
            tip = root + _at(0.35 * (np.sign(self.part) or 1), -0.12, 0)
            _Lock(root - _at(0.07, -0.1, 0), root + _at(0.07, 0.1, 0), tip, bend=-0.1).paint(sheet, paint, 0)
        if self.face.male:
            return
        ink = _times(paint.ribbon, 0.45, 0.4, 0.45)
        side = 1 if self.wild[0, 1] > 0 else -1
        if self.worn == "band":
            x = np.linspace(-1.06, 1.06, 17) * (1 + 0.3 * self.volume)
            y = -0.42 - 0.86 * np.sqrt(np.maximum(1 - (x / 1.16) ** 2, 0)) - 0.3 * self.volume
            z = 0.35 * np.ones_like(x)
            sheet.fill(np.concatenate([np.c_[x, y - 0.07, z], np.c_[x, y + 0.06, z][::-1]]), paint.ribbon, ink, 0.4)
        elif self.worn == "clip":
            at = _at(side * 0.62, -0.62, 0.75)
            for lean in (-0.07, 0.07):
                bar = _points((-0.13, -lean, 0), (0.13, lean, 0)) + at
                sheet.stroke(bar, ink, 3.4, 1, 1)
                sheet.stroke(bar, paint.ribbon, 2.4, 1, 1)
        elif self.worn == "ribbon":
            at = _at(side * 0.82, -0.95, 0.3)
            for wing in (-1, 1):
                bow = _points((0, 0, 0), (wing * 0.2, -0.2, 0), (wing * 0.34, -0.16, 0), (wing * 0.32, 0.12, 0)) + at
                sheet.fill(_curve(bow, 4, closed=True), paint.ribbon, ink, 0.5)
                sheet.stroke(_points((0, 0, 0), (wing * 0.2, -0.03, 0)) + at, ink, 0.7)
            x, y = sheet.place(at[None])[0]
            r = 0.065 * sheet.unit
            sheet.draw.ellipse((x - r, y - r, x + r, y + r), paint.ribbon, ink, round(0.4 * sheet.pen))
