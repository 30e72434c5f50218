"""What a face is painted on: the shape of its head, where the head's points lie in a picture, and the colours.

Coordinates of the head: the unit is the distance between the eyes, the origin lies between the eyes on the axis of
the skull; x runs to the picture's right, y down, z towards the viewer. Points are (n, 3), or (n, 2) on the face.
"""

import colorsys
from collections import namedtuple

import numpy as np
from PIL import Image, ImageDraw

from autofaces.synthetic.face import Face

Array = np.ndarray
f4 = np.float32
LOW, STEP, COUNT = -2.6, 0.005, 1240  # heights at which the skull's sections are known
# the proportions of a style's heads: y of crown and chin, half-width; of the jaw how full it is, how much narrower the
# chin is, how much of the face's own squareness shows; of an eye half-width, height of the upper lid, depth of the
# lower one; radii of the iris; y of the tip of the nose; of the mouth y and half-width
Build = namedtuple("Build", "crown chin width jaw eye iris nose mouth")
PEOPLE = Build(-1.72, 1.72, 1.14, (2.2, 0.27, 1.0), (0.25, 0.115, 0.07), (0.112, 0.112), 0.56, (1.02, 0.37))
ANIME = Build(-1.4, 1.2, 1.08, (1.85, 0.34, 0.4), (0.3, 0.25, 0.27), (0.2, 0.28), 0.46, (0.78, 0.2))
# of each style: how heads are built, the sheet's pixels to a pixel, the width of outlines in units
STYLES = {"photo": (PEOPLE, 2, 0.0), "anime": (ANIME, 4, 0.03), "sketch": (PEOPLE, 2, 0.022)}
STUFF = {"head": (255, 0, 0), "hair": (0, 255, 0), "body": (0, 0, 255)}
Colour = tuple[int, ...]  # 8-bit RGB, or RGBA where something shines through
Palette = namedtuple("Palette", "skin hair iris lips cloth trim ink hair_ink")  # trim: tie, ribbon; ink: lines on skin
_HUES = (0.95, 0.0, 0.07, 0.13, 0.3, 0.47, 0.56, 0.62, 0.7, 0.78, 0.86)  # pink, red, orange ... purple
# of photographs and of anime: skins from fair to dark, hairs from fair to dark, irises from brown to blue
_RAMPS = {
    False: (((247, 212, 194), (230, 184, 157), (206, 153, 121), (150, 102, 76), (99, 64, 49)),
            ((238, 205, 138), (196, 152, 92), (128, 86, 54), (70, 46, 33), (31, 26, 25)),
            ((58, 36, 25), (92, 58, 34), (122, 92, 48), (92, 122, 74), (92, 142, 160), (84, 130, 190))),
    True: (((255, 238, 224), (253, 222, 196), (222, 170, 130), (182, 128, 96), (142, 92, 66)),
           ((252, 224, 140), (208, 158, 98), (150, 100, 68), (92, 66, 60), (56, 54, 68)),
           ((140, 66, 40), (178, 108, 46), (196, 148, 54), (72, 158, 96), (52, 140, 190), (64, 92, 206))),
}  # fmt: skip


def curve(points: Array, steps: int = 5) -> Array:
    """A smooth line (Catmull-Rom) through points (n, k), `steps` points to each span."""
    p = np.asarray(points, float)
    p = np.concatenate([p[:1], p, p[-1:]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    line = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.concatenate([line.swapaxes(0, 1).reshape(-1, p.shape[1]), p[-1:]])


def loop(*lines: Array) -> Array:
    """An outline along lines end to end, of which the last runs back."""
    return np.concatenate([*lines[:-1], lines[-1][::-1]])


def smooth(x: Array) -> Array:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def hsv(hue: float, saturation: float, value: float) -> Colour:
    return tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue % 1, min(saturation, 1), min(max(value, 0), 1)))


def mix(one: Colour, two: Colour, share: float) -> Colour:
    return tuple(round(a + share * (b - a)) for a, b in zip(one, two, strict=False))


def times(colour: Colour, *factors: float) -> Colour:
    return tuple(min(255, round(c * f)) for c, f in zip(colour, factors * (3 // len(factors)), strict=True))


def palette(face: Face, style: str) -> Palette:
    """The colours of a face before light."""
    anime, own, light = style == "anime", np.random.default_rng([face.seed, face.identity, 11]), face.clothes_light
    hue, strong, odd, trim = own.choice(_HUES), own.uniform(0.3, 0.68), own.random(2), own.random()
    shares = face.skin ** (1.5 if anime else 1), face.hair_dark, face.iris
    skin, hair, iris = (
        tuple(int(np.interp(share * (len(ramp) - 1), range(len(ramp)), channel)) for channel in zip(*ramp, strict=True))
        for share, ramp in zip(shares, _RAMPS[anime], strict=True)
    )
    cloth = 0.6 + 0.1 * face.clothes_hue, 0.3, 0.2 + 0.25 * light
    if face.clothes not in ("tie", "jacket"):
        cloth = face.clothes_hue, 0.2 + 0.5 * (face.clothes_hue * 7 % 1), 0.22 + 0.72 * light
    if anime:
        if odd[0] > 0.45 or face.hair_red > 0.4:
            hair = hsv(0.03 if face.hair_red > 0.4 else hue, strong, 0.97 - 0.42 * face.hair_dark)
        hair = mix(hair, (206, 208, 220), min(1.3 * face.hair_grey, 0.95))
        iris = hsv(own.choice((0.0, 0.12, 0.77, 0.92)), 0.72, 0.8) if odd[1] < 0.3 else iris
        lips = mix(times(skin, 0.9, 0.62, 0.62), (220, 70, 90), face.makeup)
        inks = times(skin, 0.5, 0.34, 0.34), times(hair, 0.33)
        return Palette(skin, hair, iris, lips, hsv(*cloth), hsv(trim, 0.65, 0.85), *inks)
    skin = times(skin, 1 - 0.02 * face.undertone, 1 + 0.02 * face.undertone, 1 - 0.05 * face.undertone)
    hair = mix(hair, (186, 78, 34), 0.95 * face.hair_red if face.hair_red > 0.3 else 0.4 * face.hair_red)
    hair = mix(hair, (206, 204, 202), min(1.15 * face.hair_grey, 1))
    lips = mix(times(skin, 0.84, 0.66, 0.64), (186, 34, 52), 0.6 * max(face.makeup - 0.25, 0))
    trim, inks = hsv(face.clothes_hue, 0.75, 0.35 + 0.5 * light), (times(skin, 0.5, 0.38, 0.35), times(hair, 0.45))
    found = Palette(skin, hair, iris, lips, hsv(*cloth), trim, *inks)
    if style == "sketch":  # grey, on paper
        found = Palette(*((int(np.dot(colour, (0.3, 0.55, 0.1))),) * 3 for colour in found))
        found = found._replace(skin=(252,) * 3, ink=(75,) * 3, lips=(int(200 - 60 * face.makeup),) * 3)
    return found


class Sheet:
    """A face's head in its pose, and the two layers of its picture, larger than it so that their reduction smooths the
    edges: the colours of all things before light, and what the things are, since each takes light in its own way."""

    def __init__(self, face: Face, style: str, width: int, height: int) -> None:
        self.build, self.zoom, self.pen = build, zoom, _ = STYLES[style]
        self.face, self.style, self.size, self.anime = face, style, (width, height), style == "anime"
        self.chin = (build.chin + 0.09 * build.chin * face.mouth_open) * face.face_length
        self.nose, self.mouth = build.nose * face.nose_length, build.mouth[0] * face.face_length
        self.sections, self.colours = self._skull(LOW + STEP * np.arange(COUNT)), palette(face, style)
        self.eyes = self.on([(0.5, 0.0)], 0.0)[0] * [0, 0, 1]
        self.yaw, pitch, self.roll = np.radians((face.yaw * (0.65 if self.anime else 1), face.pitch, face.roll))
        (cy, cp, cr), (sy, sp, sr) = np.cos((self.yaw, pitch, self.roll)), np.sin((self.yaw, pitch, self.roll))
        turn, nod = [[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]], [[1, 0, 0], [0, cp, sp], [0, -sp, cp]]
        self.rotation = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ nod @ turn  # head's to viewer's coordinates
        self.unit, self.middle = face.eye_distance * width, np.array([face.eye_x, face.eye_y]) * self.size  # pixels
        self.rng = np.random.default_rng([face.seed, face.identity, face.image, 7])
        self.own = np.random.default_rng([face.seed, face.identity, 8])  # what the person keeps
        self.picture, self.stuff = (Image.new("RGB", (width * zoom, height * zoom)) for _ in range(2))
        self.draws = ImageDraw.Draw(self.picture, "RGBA"), ImageDraw.Draw(self.stuff)

    def _skull(self, y: Array) -> Array:
        """(n, 3): the sections at heights y are ellipses of these half-widths, half-depths and z of the centre."""
        face, build = self.face, self.build
        up, down = (np.clip((y + 0.2) / (end + 0.2), 0, 1) for end in (build.crown, self.chin))
        full, narrow, square = build.jaw
        fullness = full + 1.2 * square * face.jaw + 0.35 * (face.cheeks - 0.5)
        taper = (narrow - 0.17 * square * face.jaw) * smooth((down - 0.3) / 0.65)
        width = np.sqrt(1 - up**2.3) * np.sqrt(1 - down**fullness) * (1 - taper)
        depth = np.sqrt(1 - up**2.6) * (1 - down**4.5) ** 0.45 * (1 - 0.1 * down)
        forward, wide = 0.45 * smooth((y - 0.1) / 1.1), build.width * face.face_width
        return np.stack([wide * width + 1e-3, (1.34 - forward) * depth + 1e-3, forward * depth], -1)

    def section(self, y: Array) -> Array:
        """(3, ...): half-width, half-depth and z of the centre at heights y."""
        return self.sections[((np.asarray(y) - LOW) / STEP + 0.5).astype(int)].T

    def on(self, points: Array, lift: float = 0.03) -> Array:
        """Points (n, 2) of the face -> (n, 3), so high above its surface; beside it, as at its widest."""
        x, y = np.asarray(points, float).T
        width, depth, centre = self.section(y)
        return np.stack([x, y, centre + depth * np.sqrt(np.maximum(1 - (x / width) ** 2, 0)) + lift], -1)

    def shell(self, turn: Array, y: Array, grow: float = 0.0) -> Array:
        """(n, 3): points on the skull, enlarged by the share `grow`, at heights y and `turn` degrees to the right of
        the nose. Those out of sight lie on the outline instead, so that +-180 is the outline itself."""
        turn, y = np.broadcast_arrays(turn, np.asarray(y, float))
        width, depth, centre = self.section(y * (1 - 0.05 * grow))
        towards = self.rotation[2]
        facing = np.arctan2(towards[0] / width, towards[2] / depth)
        angle = np.clip(np.radians(turn), facing - np.pi / 2, facing + np.pi / 2)
        points = [width * np.sin(angle), y * np.where(y < 0, 1, 1 / (1 + grow)), centre + depth * np.cos(angle)]
        return np.stack(points, -1) * (1 + grow)

    def place(self, points: Array) -> Array:
        """Points of the head (n, 3) -> pixels of the picture (n, 2) as (x, y)."""
        return (np.asarray(points) - self.eyes) @ self.rotation[:2].T * self.unit + self.middle

    def trace(self, x: Array, y: Array) -> tuple[list[Array], list[Array]]:
        """Where the viewer sees the skull at x (w,) and y (h, 1), units from the middle of the eyes: points and normals
        of any length, three float32 (h, w) each. Beside the skull they are those of its outline."""
        r, t = self.rotation.astype(f4), f4(0)
        ax, ay, az = (r[0, k] * x + r[1, k] * y + f4(self.eyes[k]) for k in range(3))
        (dx, dy, dz), low, high = r[2], *(int((y - LOW) / STEP) for y in (self.build.crown + 0.01, self.chin - 0.01))
        columns = np.concatenate([self.sections, np.gradient(self.sections, STEP, axis=0)], 1).T.astype(f4)
        for _ in range(3):  # a ray meets the ellipse of its height; then the height is better known
            index = ((ay + t * dy) * f4(1 / STEP) - f4(LOW / STEP)).astype(np.int32).clip(low, high)
            width, depth, centre, *slopes = (column.take(index) for column in columns)
            u, v, z = 1 / (width * width), 1 / (depth * depth), az - centre
            a, b = dx * dx * u + dz * dz * v, ax * (dx * u) + z * (dz * v)
            t = (np.sqrt(np.maximum(b * b - a * (ax * ax * u + z * z * v - 1), 0)) - b) / a
        x, z = ax + t * dx, az + t * dz
        nx, nz = x * u, (z - centre) * v
        steep = nx * x / width * slopes[0] + nz * (z - centre) / depth * slopes[1] + nz * slopes[2]
        return [x, ay + t * dy, z], [nx, -np.clip(steep, -4, 4), nz]

    def fill(self, points: Array, colour: Colour, stuff: str = "", ink: Colour | None = None) -> None:
        """A filled outline, points (n, 3) of the head or (n, 2) of the picture, in a line of `ink` where the style has
        lines; `stuff`: what takes light there, of STUFF, left as it is by default."""
        ring = ((self.place(points) if points.shape[1] == 3 else points) * self.zoom).ravel().tolist()
        if ink and self.pen:
            self.draws[0].line(ring + ring[:4], ink, max(1, round(2 * self.pen * self.unit * self.zoom)))
        self.draws[0].polygon(ring, colour)
        if stuff:
            self.draws[1].polygon(ring, STUFF[stuff])

    def stroke(self, points: Array, colour: Colour, weight: float, start=0.15, end=0.15, stuff: str = "") -> None:
        """A brush line `weight` units wide, tapering to shares of that at start and end."""
        path = self.place(points)
        along = np.diff(path, axis=0, append=2 * path[-1:] - path[-2:-1])
        t = np.arange(len(path)) * (3 / (len(path) - 1))
        half = 0.5 * weight * self.unit * np.minimum(np.minimum(start + t, end + 3 - t), 1)
        across = along[:, ::-1] * (half / (np.hypot(*along.T) + 1e-9))[:, None] * [-1, 1]
        self.fill(loop(path + across, path - across), colour, stuff)

    def both(self, half: Array, colour: Colour, weight: float, start=0.15, end=0.15, stuff: str = "") -> None:
        """A smooth line through points (n, 2) of the face's right half, and its mirror image."""
        line = self.on(curve(half, 4), 0.05)
        for side in (-1, 1):
            self.stroke(line * [side, 1, 1], colour, weight, start, end, stuff)
