"""The parts of a picture: body, head, hair, eyes, brows, nose, mouth, beard and glasses, drawn on a sheet."""

import numpy as np
from PIL import Image, ImageDraw

from autofaces.synthetic.sheet import Array, Colour, Sheet, curve, loop, mix, times

WHITE = (255, 255, 255)
CIRCLE = np.exp(1j * np.pi / 12 * np.arange(24)).view(float).reshape(24, 2)
T = np.linspace(-1, 1, 15)
LOOP = np.concatenate([T, T[::-1]])
DOWN, FRONT = np.array([0.0, 1, 0]), np.array([0.0, 0, 1])


def paint_body(sheet: Sheet) -> None:
    """Neck, shoulders and clothes: they stay upright under the head."""
    face, skin, cloth, anime = sheet.face, sheet.colours.skin, sheet.colours.cloth, sheet.anime
    root = sheet.place([[0.0, sheet.chin - 0.25, -0.2]])[0]
    wide, low = (0.72 if face.male else 0.56) * face.face_width * (0.7 if anime else 1), 0.5 if anime else 0.72
    deep = {"tie": 0.02, "jacket": 0.6, "shirt": 0.75, "crew": 0.18, "scoop": 0.8}[face.clothes]
    far, ink, shirt = (3.1 if face.male else 2.6) / wide, times(cloth, 0.4), (246, 246, 250)

    def lay(half: list, colour: Colour, steps: int = 1, line: Colour = ink, twice: bool = False) -> None:
        """A shape by its right half, in neck's widths across and units down from its end; or one half on each side."""
        half = curve(half, steps) * [wide, 1] + [0, low]
        for ring in (half, half * [-1, 1]) if twice else (loop(half, half * [-1, 1]),):
            sheet.fill(root + ring * sheet.unit, colour, "body", line)

    shoulder = [(1.1, -0.14), (1.6, 0.06), (0.75 * far, 0.34), (far, 0.75), (far + 0.4, 4)]
    lay([(1.02, -1.4), (0.97, -0.6), (1.02, -0.2), (1.5, 0.1), (2.6, 0.5), (2.6, 3)], skin, 4, sheet.colours.ink)
    if face.clothes in ("tie", "jacket"):
        lay([(0, deep), (1.15, -0.2), (1.5, 0.2), (1.4, 4)], shirt)
        if face.clothes == "tie":
            lay(np.array([(0, 0.16), (0.13, 0.2), (0.06, 0.46), (0.2, 1.7), (0.2, 4)]) / [wide, 1], sheet.colours.trim)
        lay([*curve(shoulder), (0.05, 4), (0.05, 1.9), (1.1, -0.08)], cloth, twice=True)
        lay([(1.18, -0.1), (1.75, 0.5), (1.35, 0.62), (1.4, 0.8), (0.1, 1.85)], times(cloth, 0.82), twice=True)
        lay([(1.1, -0.26), (1.3, 0.06), (0.45, 0.5), (0.04, 0.2)], shirt, twice=True)
        return
    neckline = curve([(0.03, deep), (0.5, (0.55 if face.clothes == "shirt" else 0.88) * deep), (1.1, -0.14)], 4)
    lay([*neckline, *shoulder], cloth, 2)
    lay(loop(neckline, neckline + np.array([0.03, 0.05])), times(cloth, 0.75), twice=True)
    if face.clothes == "shirt":
        lay([(1.05, -0.26), (1.7, 0.1), (0.65, 0.75 * deep), (0.03, deep)], times(cloth, 0.9), twice=True)


def paint_ears(sheet: Sheet) -> None:
    size, edge = sheet.face.ear_size * (0.75 if sheet.anime else 1.0), 0.97 * sheet.section(0.05)[0]
    ear = [(0, -0.16), (0.16, -0.24), (0.25, -0.1), (0.19, 0.18), (0.08, 0.42), (-0.04, 0.4)]
    ear = size * curve(ear, 4)
    for side in (-1, 1):
        ring = np.c_[side * (edge + ear[:, 0]), ear[:, 1] + 0.1, -0.3 * ear[:, 0]]
        sheet.fill(ring, times(sheet.colours.skin, 0.96, 0.9, 0.88), "head", sheet.colours.ink)
        sheet.stroke(ring[3:-6] * [0.94, 0.8, 1], (*sheet.colours.ink, 110), 0.03)


def paint_head(sheet: Sheet) -> None:
    """The bare head."""
    swing = np.sin(np.linspace(-np.pi / 2, np.pi / 2, 36))
    y = -0.2 + swing * np.where(swing < 0, -0.2 - sheet.build.crown, sheet.chin + 0.2)
    sheet.fill(loop(sheet.shell(180, y), sheet.shell(-180, y)), sheet.colours.skin, "head", sheet.colours.ink)


def paint_eye(sheet: Sheet, side: int) -> None:
    """An eye with its lids and lashes, open or shut."""
    face, colours, build, anime, zoom = sheet.face, sheet.colours, sheet.build, sheet.anime, sheet.zoom
    size, open_, low = face.eye_size, min(face.eye_open, 1.15), 0.85 if anime and face.male else 1.0
    if anime:  # eyes are smaller in men and in old age
        size *= (0.93 if face.male else 1.04) - 0.2 * np.clip((face.age - 35) / 45, 0, 1)
    wide, tilt = build.eye[0] * size, np.sin(np.radians(face.eye_tilt))
    up = build.eye[1] * size * low * (0.2 + 0.8 * open_ if anime else open_) - 0.008
    down = build.eye[2] * size * low * (0.6 + 0.4 * open_)

    def at(x: Array, y: Array) -> Array:
        """From the eye's own coordinates, x outwards in -1..1 and y in units, to the head."""
        return sheet.on(np.stack([side * (0.5 + x * wide), y - tilt * wide * x], -1), 0.02)

    bow = (1 - np.abs(T) ** 2.2) ** (0.6 if anime else 0.8)
    upper, lower = -up * bow * (1 + 0.08 * T), down * bow * (1 + 0.1 * T)
    dark, fold = mix(colours.hair_ink, (30, 20, 24), 0.6), 0.05 + (0.03 + 0.07 * face.lids) * open_ + 0.02 * anime
    lash = (0.05 if anime else 0.022) * (1 + 0.9 * (not face.male) + 0.7 * face.makeup)
    sheet.stroke(at(T[2:], upper[2:] - fold), (*colours.ink, 140), 0.022)
    if not anime:
        shadow = *mix(colours.ink, (70, 50, 90), 0.5), int(100 * face.makeup)
        sheet.fill(at(LOOP, loop(upper, upper - fold * bow)), shadow)
    if open_ < 0.42 and anime:
        sheet.stroke(at(T, down * bow * 0.8), dark, 0.09, 0.2, 0.5)
        return
    ring = zoom * sheet.place(at(LOOP, loop(upper, lower)))
    corner, end = np.floor(ring.min(0)).astype(int) - 1, np.ceil(ring.max(0)).astype(int) + 2
    patch = Image.new("RGB", tuple((end - corner).tolist()), mix((248, 246, 244), colours.skin, 0.12))
    draw, mask = ImageDraw.Draw(patch, "RGBA"), Image.new("L", patch.size)
    ImageDraw.Draw(mask).polygon((ring - corner).ravel().tolist(), 255)
    rx, ry = np.array(build.iris) * ((0.92 * size, size) if anime else (1, 1)) * (1, low)
    x, y = side * 0.09 * face.gaze_x, 0.035 * face.gaze_y + (0.2 * (down - up) if anime else 0.01)
    middle, right, below = zoom * sheet.place(at(np.array([x, x + rx, x]) / wide, y + np.array([0, 0, ry]))) - corner
    iris, glint = colours.iris, -side if face.light_side < 0 else side
    discs = [(0, 0, 1, 1, times(iris, 0.4)), (0, 0.04, 0.86, 0.86, iris), (0, 0.42, 0.64, 0.46, mix(iris, WHITE, 0.25))]
    if anime:
        discs += [(0, 0.55, 0.4, 0.28, mix(iris, WHITE, 0.6)), (0, -0.45, 0.97, 0.55, (*times(iris, 0.3), 170))]
    discs += [(0, 0.02, 0.42, 0.45, times(iris, 0.15)), (glint * 0.32, -0.38, 0.27, 0.27, WHITE)]
    for x, y, sx, sy, colour in [*discs, (-glint * 0.34, 0.5, 0.17, 0.16, (255, 255, 255, 225 * anime))]:
        ring = (CIRCLE * [sx, sy] + [x, y]) @ np.array([right - middle, below - middle]) + middle
        draw.polygon(ring.ravel().tolist(), colour)
    shade = zoom * sheet.place(at(LOOP, loop(upper - 0.05, upper + 0.25 * up))) - corner  # of the lid
    draw.polygon(shade.ravel().tolist(), (50, 34, 50, 80))
    sheet.picture.paste(patch, tuple(corner.tolist()), mask)
    if anime:  # a crescent that grows outwards, with points
        thick = lash * (0.9 + 0.4 * T) * np.minimum(4 * (T + 1.06), 1)
        sheet.fill(at(LOOP, loop(upper + 0.01, upper - thick)), dark)
        sheet.stroke(at(T[6:], lower[6:]), (*dark, 220), 0.03, 0.3, 0.4)
    else:
        sheet.stroke(at(T, upper), (*dark, 235), 0.03 + lash, 0.3, 0.5)
        sheet.stroke(at(T, lower), (*colours.ink, 130), 0.022, 0.3, 0.5)
    for k, reach in () if face.male else ((13, 0.3), (11, 0.26)) if anime else ((13, 0.2),):
        tip = upper[k] - (0.08 if anime else 0.03)
        sheet.fill(at(T[k] + np.array([-0.15, reach, 0.06]), np.array([upper[k] - 0.03, tip, upper[k] + 0.03])), dark)


def paint_brows(sheet: Sheet) -> None:
    face, t = sheet.face, np.linspace(0, 1, 11)
    arch = 0.1 * face.brow_arch * np.sin(np.pi * t**1.3) - 0.03 * (1 - face.brow_arch) * t
    frown = (0.025 if face.brow_raise > 0 else 0.08) * face.brow_raise * np.cos(np.pi * t / 2)
    y = 0.06 * t**3 - face.brow_height - arch - 0.04 * face.brow_raise - frown
    y -= (0.06 + 0.1 * (not face.male)) * sheet.anime
    line, weight = np.stack([0.17 + 0.64 * t, y], -1), 0.05 + 0.08 * face.brow_thickness
    colour = sheet.colours.hair_ink if sheet.anime else mix(times(sheet.colours.hair, 0.66), (40, 30, 26), 0.25)
    for share, stuff in ((1, ""), (0.7, "" if sheet.anime else "hair")):
        sheet.both(line, (*colour, 155), share * weight * (0.75 if sheet.anime else 1), 0.7, 0.1, stuff)


def paint_nose(sheet: Sheet) -> None:
    """The nose, and what age, smiles and the sun leave on a face."""
    face, ink, skin, anime = sheet.face, sheet.colours.ink, sheet.colours.skin, sheet.anime
    tip, wing, old = sheet.nose, 0.25 * face.nose_width, np.clip((face.age - 42) / 35, 0, 1)
    if anime:
        to = 1 if face.yaw >= 0 else -1
        wide, bridge = -0.12 * to * face.nose_width, tip - 0.04 - 0.14 * face.male * face.nose_bridge
        line = sheet.on([(0.02 * to, bridge), (0.04 * to, tip - 0.02), (0, tip + 0.04), (wide, tip + 0.05)], 0.12)
        sheet.fill(line[1:], times(skin, 0.93, 0.78, 0.76))
        sheet.stroke(line[:3], (*ink, 210), 0.025, 0.0, 0.5)
    else:
        hole = np.c_[0.11 * face.nose_width + 0.065 * CIRCLE[:, 0], tip + 0.115 + CIRCLE @ [-0.02, 0.028]]
        for side in (-1, 1):
            sheet.fill(sheet.on(hole * [side, 1], 0.16), (*times(ink, 0.6), 190))
        alar = np.array([(0.86, -0.05), (1.04, 0.04), (0.86, 0.12), (0.55, 0.12)]) * [wing, 1] + [0, tip]
        sheet.both(alar, (*ink, 120), 0.03)
        crease = np.clip(max(face.smile, 0) * 0.7 + old, 0, 1)  # from nose to mouth
        fold = [(0.06, tip + 0.04), (0.18, tip + 0.22), (0.2 + 0.06 * face.smile, sheet.mouth + 0.02)]
        sheet.both([(wing + x, y) for x, y in fold], (*ink, int(110 * crease)), 0.03)
    if old:
        tone = *ink, int(105 * old)
        sheet.both([(0.3, 0.42), (0.5, 0.46)] if anime else [(0.28, 0.2), (0.48, 0.27), (0.7, 0.2)], tone, 0.025)
        for k in range(3 if not anime else 0):
            sheet.both(np.array([(0.02, -0.6), (0.35, -0.62), (0.62, -0.55)]) - [0, 0.16 * k], tone, 0.022)
    if face.freckles:
        own = np.random.default_rng([face.seed, face.identity, 13]).uniform(-1, 1, (12 if anime else 40, 2))
        r, spots = 0.018 * sheet.unit, sheet.on(own[: int(10 + 30 * face.freckles)] * [0.75, 0.2] + [0, 0.36])
        for x, y in sheet.place(spots):
            box = np.array([x - r, y - r, x + r, y + r]) * sheet.zoom
            sheet.draws[0].ellipse(box.tolist(), (*times(skin, 0.72, 0.55, 0.45), 170))


def paint_mouth(sheet: Sheet) -> None:
    face, ink, anime, smile = sheet.face, sheet.colours.ink, sheet.anime, max(sheet.face.smile, 0)
    wide = sheet.build.mouth[1] * face.mouth_width * (1 + 0.28 * smile - 0.16 * face.mouth_open * (1 - smile))
    gap, bow = (0.34 if anime else 0.26) * face.mouth_open, 1 - T**2
    middle = sheet.mouth - (0.08 if anime else 0.11) * face.smile * T**2 + 0.03 * face.smile
    upper = middle - 0.15 * gap * bow**0.6 + 0.012 * np.cos(3 * np.pi * T) * bow
    lower = middle + 0.85 * gap * bow**0.6 + 0.004

    def lay(above: Array, below: Array, colour: Colour, line: Colour | None = None) -> None:
        sheet.fill(sheet.on(np.c_[LOOP * wide, loop(above, below)], 0.09), colour, "", line)

    if not anime:
        low = lower + (0.085 + 0.085 * face.lips) * (1 - 0.2 * smile) * bow**0.6
        cupid = (1 - 0.25 * np.exp(-((T / 0.14) ** 2))) * bow**0.8
        lay(upper - (0.06 + 0.065 * face.lips) * (1 - 0.25 * smile) * cupid, upper, times(sheet.colours.lips, 0.9))
        lay(lower, low, sheet.colours.lips)
        lay(0.6 * lower + 0.4 * low, 0.35 * lower + 0.65 * low, (255, 240, 236, 34))
        sheet.stroke(sheet.on(np.c_[T * wide * 0.9, low + 0.02], 0.09)[3:-3], (*ink, 70), 0.03)
        corner = [(wide * 0.97, middle[0]), (wide + 0.05, middle[0] - 0.03 * face.smile)]
        sheet.both(corner, (*ink, 150), 0.045, 0.8, 0.2)
    if gap > 0.02:
        lay(upper, lower, (120, 40, 44) if anime else (62, 20, 22), ink)
        if anime:
            lay(lower - 0.4 * gap * bow**0.6, lower, (236, 128, 124))
        if smile > 0.25 or (gap > 0.09 and not anime):
            teeth = np.minimum(upper + (0.3 * gap if anime else 0.1), upper + 0.8 * (lower - upper))
            lay(upper, teeth, (250, 248, 242) if anime else (236, 232, 222), (150, 150, 150))
    sheet.stroke(sheet.on(np.c_[T * wide, upper], 0.09), (*times(ink, 0.75), 230), 0.035, 0.25, 0.25)


def paint_glasses(sheet: Sheet) -> None:
    if sheet.face.glasses == "none":
        return
    face, dark, z = sheet.face, sheet.face.glasses == "sun", sheet.eyes[2] + 0.22
    shapes = {"oval": (2.4, 0.36, 0.25), "square": (5, 0.38, 0.27), "round": (2, 0.34, 0.33), "sun": (3.2, 0.42, 0.32)}
    power, wide, tall = shapes[face.glasses]
    shape, own = np.sign(CIRCLE) * np.abs(CIRCLE) ** (2 / power), np.random.default_rng([face.seed, face.identity, 15])
    frame = ((34, 30, 32), (92, 62, 40), (140, 130, 118), (38, 40, 70), (110, 30, 36))[0 if dark else own.integers(5)]
    frame = (45, 45, 45) if sheet.style == "sketch" else frame
    weight = 0.07 if dark else own.choice((0.035, 0.055, 0.08))
    for side in (-1, 1):
        ring = np.c_[side * 0.5 + wide * shape[:, 0], 0.03 + tall * shape[:, 1], z - 0.1 * (side * shape[:, 0]).clip(0)]
        sheet.fill(ring, (26, 24, 30, 225) if dark else (235, 242, 255, 26))
        sheet.fill(ring[13:20], (255, 255, 255, 34))
        sheet.stroke(np.concatenate([ring, ring[:2]]), frame, weight, 1, 1)
        hinge, ear = (side * (0.5 + wide), -0.03, z - 0.1), sheet.shell(side * 88.0, -0.05)
        sheet.stroke([hinge, ear], frame, weight, 1, 1)
    sheet.stroke(curve([(-0.5 + wide, -0.02, z), (0, -0.07, z + 0.06), (0.5 - wide, -0.02, z)]), frame, weight, 1, 1)


TURNS = (0, 20, 40, 58, 70, 86)
CUTS = {
    # how far the cap stands off the skull; how much more with volume; teeth of the fringe, their depth, and both in
    # anime; and the hairline: heights at TURNS degrees from the parting or the nose
    "buzz": (0.02, 0.0, 40, 0.03, 40, 0.03, (-1.02, -1.0, -0.92, -0.62, -0.5, 0.1)),
    "short": (0.06, 0.08, 19, 0.2, 7, 0.5, (-0.84, -0.82, -0.76, -0.58, -0.42, 0.16)),
    "parted": (0.07, 0.09, 30, 0.06, 8, 0.36, (-1.08, -0.98, -0.8, -0.55, -0.38, 0.2)),
    "swept": (0.1, 0.11, 26, 0.06, 6, 0.44, (-1.06, -1.04, -0.96, -0.66, -0.5, 0.1)),
    "bangs": (0.08, 0.08, 24, 0.09, 11, 0.1, (-0.34, -0.33, -0.3, -0.22, -0.1, 0.4)),
    "long": (0.07, 0.09, 30, 0.05, 8, 0.4, (-1.1, -0.94, -0.68, -0.32, 0.1, 0.6)),
    "wavy": (0.12, 0.1, 24, 0.07, 7, 0.3, (-1.04, -0.88, -0.64, -0.32, 0.1, 0.6)),
    "curly": (0.17, 0.14, 13, 0.15, 9, 0.24, (-0.8, -0.78, -0.7, -0.5, -0.3, 0.2)),
    "afro": (0.34, 0.22, 30, 0.05, 20, 0.05, (-1.0, -0.98, -0.9, -0.66, -0.45, 0.1)),
}


class Hair:
    """The hair of a head, if it has some."""

    def __init__(self, sheet: Sheet) -> None:
        face, style = sheet.face, sheet.face.hair_style
        self.close, self.male = style in ("buzz", "afro"), face.male
        grow, more, *teeth, self.line = CUTS.get(style, CUTS["buzz"])
        self.grow = grow + more * face.hair_volume + 0.06 * sheet.anime * (not self.close)
        self.teeth, self.jag = teeth[2:] if sheet.anime else teeth[:2]
        self.long = style in ("long", "wavy") or (not face.male and style in ("bangs", "curly"))
        self.end = face.hair_length * (0.78 if sheet.anime else 1) if self.long else (0.75 if face.male else 0.95)
        self.wild = sheet.own.normal(0, 1, 80).clip(-2, 2)  # what makes every head's locks differ
        self.colour = mix(sheet.colours.hair, sheet.colours.skin, 0.3 * (style == "buzz"))
        self.curl, self.bumps = 0.06 * (style in ("wavy", "curly")), {"curly": 0.035, "afro": 0.02}.get(style, 0.005)

    def _rim(self, sheet: Sheet) -> Array:
        """The outline of the hair over the skull (n, 3), from below the right ear to below the left one."""
        up = np.sin(np.arange(23) / 14)
        y = np.concatenate([np.linspace(0.1, -0.2, 6)[:-1], -0.2 + (sheet.build.crown + 0.2) * up])
        line = loop(sheet.shell(180, y, self.grow), sheet.shell(-180, y, self.grow))
        return line * (1 + self.bumps * np.resize([1, 0, -1, 0], 56) * (1 + 0.5 * self.wild[:56]))[:, None]

    def back(self, sheet: Sheet) -> None:
        """All that hangs behind neck and ears."""
        if sheet.face.hair_style in ("bald", "buzz"):
            return
        rim, drop = self._rim(sheet), np.linspace(0, 1, 12)[1:]
        flare = 0.12 * drop if self.long else -0.3 * drop**2
        fall = np.c_[flare, drop * (self.end - 0.1), -0.25 + 0 * drop]
        wave = np.c_[self.curl * np.sin(9 * drop * self.end + self.wild[0]), np.zeros((11, 2))]
        left, right = rim[-1] + fall * [-1, 1, 1] + wave, rim[0] + fall + wave
        tips = np.linspace(left[-1], right[-1], 25)[1:-1]
        tips[:, 1] += 0.1 * np.resize([1, -0.3], 23) * (0.7 + 0.3 * self.wild[:23])
        ring = loop(rim, left, tips, right)
        sheet.fill(ring, times(self.colour, 0.74), "hair", sheet.colours.hair_ink)

    def front(self, sheet: Sheet) -> None:
        """The cap over the skull, and what falls over the temples."""
        style, ink = sheet.face.hair_style, sheet.colours.hair_ink
        if style == "bald":
            return
        face, anime, turn = sheet.face, sheet.anime, np.linspace(-86, 86, 160)  # the hairline over the face
        part = 40 * face.hair_part if style in ("parted", "long", "wavy") else 0.0
        away = np.abs(turn - part) / np.where(turn > part, 86 - part, 86 + part) * 86
        y = np.interp(away, TURNS, self.line)
        if anime and not self.close:
            y = np.maximum(y + 0.3 * (style != "bangs"), -0.52 + 0.4 * (away / 86) ** 2)
        y -= face.recession * (0.25 + 0.3 * np.exp(-(((np.abs(turn) - 38) / 16) ** 2))) * (np.abs(turn) < 72)
        share, k = np.modf((turn + 86) / 172 * self.teeth)
        k = k.astype(int)
        lean = np.sign(turn - part) if part else np.sign(face.hair_part)
        tip = 0.5 + 0.12 * self.wild[k] + 0.3 * lean * anime * (style != "bangs")
        saw = np.where(share < tip, share / tip, (1 - share) / (1 - tip))
        y += self.jag * (saw - 0.5) * (1 + 0.3 * self.wild[k + 3 - 3 * (k > 70)]) * (np.abs(turn) < 78)
        y = np.maximum(y, sheet.build.crown * 0.86)
        edge = sheet.shell(turn, y, 0.5 * self.grow) + 0.04 * FRONT
        rim = self._rim(sheet)
        if style != "buzz":  # the shadow it casts on the forehead
            shade = *times(sheet.colours.skin, 0.8, 0.66, 0.64), 170 if anime else 110
            sheet.fill(loop(edge + 0.1 * DOWN, edge - 0.2 * DOWN), shade)
        for side in (-1, 1) if not self.close and (self.long or anime) else ():
            self._curtain(sheet, side)
        for shift in () if anime else (5, 11):  # thin hair at the edge
            fringe = edge + 0.035 * DOWN * np.roll(1 + self.wild[np.arange(160) // 3], shift)[:, None]
            sheet.fill(loop(fringe, edge - 0.1 * DOWN), (*self.colour, 110))
        sheet.fill(np.concatenate([edge, rim]), self.colour, "hair")
        if sheet.pen and style != "buzz":
            for line in (rim, edge[2:-2]) if anime else (rim,):
                sheet.stroke(line, ink, sheet.pen * 1.3, 1, 1)
        gaps = 1 + np.flatnonzero((y[1:-1] < y[:-2]) & (y[1:-1] <= y[2:]))
        for k in gaps if sheet.anime and not self.close else ():  # lines from between the locks to the crown
            up = np.linspace(y[k], max(y[k] - 0.5, -1.15), 7)
            line = sheet.shell(turn[k] * np.linspace(1, 0.8, 7), up, self.grow * 0.8)
            sheet.stroke(line, (*ink, 170), 0.028, 0.8, 0)
        for wing in (-1, 1) if anime and not self.male and sheet.own.random() < 0.5 else ():  # of a bow
            bow = np.array([(0, 0, 0), (0.22, -0.22, 0), (0.38, -0.16, 0), (0.34, 0.14, 0)]) * [wing, 1, 1]
            sheet.fill(
                bow + sheet.shell(52.0, [-0.95], self.grow * 1.1),
                sheet.colours.trim,
                "head",
                times(sheet.colours.trim, 0.45),
            )

    def _curtain(self, sheet: Sheet, side: int) -> None:
        """Hair that hangs beside the face, before the ear; a lock with a point where hair is short."""
        inner = sheet.shell(side * (62.0 if self.long else 70.0), np.linspace(-0.7, 0.3, 6), 0.4 * self.grow)
        outer = sheet.shell(side * 180.0, np.linspace(-0.7, 0.1, 5), self.grow)
        drop, end = np.linspace(0, 1, 14)[:, None], self.end if self.long else 0.4 + 0.4 * (not self.male)
        a = inner[-1] + drop * [side * 0.06, end - 0.3, -0.15]
        b = outer[-1] + drop * ([side * 0.1, end - 0.1, -0.15] if self.long else a[-1] - outer[-1] + [0, 0.12, 0])
        wave = self.curl * np.sin(8 * drop * end + self.wild[3]) * [1, 0, 0]
        a, b = a + wave * drop, b + wave
        ragged = np.linspace(a[-1], b[-1], 7)[1:-1] + np.outer([1, -0.4, 1, -0.4, 1], [0, 0.12, 0])
        ring = np.concatenate([inner, a, ragged, b[::-1], outer[::-1]])
        sheet.fill(ring, self.colour, "hair", sheet.colours.hair_ink if sheet.anime else None)


def paint_beard(sheet: Sheet) -> None:
    """Stubble, moustache, goatee or full beard, under the mouth that is drawn after."""
    face, kind, soft, mouth, chin = sheet.face, sheet.face.beard, not sheet.anime, sheet.mouth, sheet.chin
    colour = times(mix(sheet.colours.hair, (70, 50, 40), 0.2 * (face.hair_grey < 0.3) * (sheet.style == "photo")), 0.88)
    under, long = sheet.nose + 0.2, 0.05 + 0.3 * face.beard_length
    own = np.random.default_rng([face.seed, face.identity, 14])

    def lay(points: Array, alpha: int) -> None:
        """Several times, ragged, so that no edge is sharp."""
        for k in range(4 if soft else 1):
            ragged = points + (0.04 if soft else 0.012) * own.normal(0, 1, points.shape) * [1, 1, 0]
            sheet.fill(ragged, (*colour, alpha), "hair" if alpha > 80 and k == 2 * soft else "")

    if kind in ("stubble", "full"):
        y = np.linspace(0.15, chin - 0.02, 18)
        drop = np.outer(((y - mouth) / (chin - mouth)).clip(0, 1) ** 0.7, [0, long * (kind == "full"), 0])
        side = [(28, under), (46, mouth - 0.16), (66, 0.45), (86, 0.15)]
        line = curve([(-a, b) for a, b in side[::-1]] + [(0, under), *side], 4)
        jaw = loop(sheet.shell(180, y) + drop, sheet.shell(-180, y) + drop)
        dense = {"stubble": (70, 20), "full": (255, 110)}[kind][soft]
        lay(np.concatenate([jaw, sheet.shell(*line.T, 0.01)]), dense)
    above = [(0, under), (0.5, under + 0.02), (1.15, mouth + 0.04), (0.5, mouth - 0.03), (0, mouth - 0.04)]
    below = [(0, mouth + 0.16), (0.55, mouth + 0.15), (1.1, mouth + 0.1), (0.9, chin - 0.1), (0, chin + long)]
    for shape in {"moustache": (above,), "goatee": (above, below)}.get(kind, ()):
        half = curve(shape, 4) * [sheet.build.mouth[1] * face.mouth_width, 1]
        lay(sheet.on(loop(half, half * [-1, 1]), 0.1), 90 if soft else 255)
