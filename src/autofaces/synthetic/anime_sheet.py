"""The sheet of an anime drawing: smooth curves, brush lines and filled outlines in the head's coordinates."""

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from autofaces.synthetic.face import Face

Array = np.ndarray
Colour = tuple[int, ...]
ZOOM = 4
EYE_X = 0.48  # of the eyes' centres, units


def path(*pairs: Sequence[float]) -> Array:
    return np.array(pairs, float)


def point(*values: float) -> Array:
    """One point, or a way to move by."""
    return np.array(values, float)


def curve(points: Array, steps: int = 6, closed: bool = False) -> Array:
    """A smooth line (Catmull-Rom) through points (n, k), `steps` points to each span."""
    ends = (points[-1:], points[:2]) if closed else (points[:1], points[-1:])
    p = np.concatenate([ends[0], points, ends[1]])
    t = np.linspace(0, 1, steps, endpoint=False)[:, None, None]
    a, b, c, d = p[:-3], p[1:-2], p[2:-1], p[3:]
    line = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    line = line.swapaxes(0, 1).reshape(-1, points.shape[1])
    return line if closed else np.concatenate([line, points[-1:]])


BEND = np.linspace(0, 1, 9)[:, None]


def arc(start: Array, middle: Array, end: Array) -> Array:
    """(9, k) points of a line from `start` to `end` that leans towards `middle` (a quadratic Bezier curve)."""
    return (1 - BEND) ** 2 * start + 2 * BEND * (1 - BEND) * middle + BEND**2 * end


def mirror(half: Array) -> Array:
    """The points of a right half, from top to bottom, followed by their mirror images back up to the top."""
    return np.concatenate([half, half[-2::-1] * [-1, *[1] * (half.shape[1] - 1)]])


class Sheet:
    """The drawing, and where points of the head lie on it."""

    def __init__(self, face: Face, width: int, height: int) -> None:
        self.size = (width * ZOOM, height * ZOOM)
        self.image = Image.new("RGB", self.size, "white")
        self.draw = ImageDraw.Draw(self.image, "RGBA")
        self.unit = face.eye_distance * width * ZOOM / (2 * EYE_X)  # pixels of the sheet
        self.pen = max(0.026 * self.unit, 0.8 * ZOOM)  # width of an ink line
        roll, yaw, pitch = np.radians((face.roll, 0.65 * face.yaw, face.pitch))
        turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, np.cos(pitch), 0.8 * np.sin(pitch)]])
        lean = np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
        self._turn = self.unit * (lean @ turn).T
        front = on_face(np.zeros((1, 2))) @ self._turn  # the framing places what lies between the eyes
        self._origin = np.array([face.eye_x * width, face.eye_y * height]) * ZOOM - 0.6 * front[0]

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


def on_face(points: Array) -> Array:
    """Points (n, 2) -> (n, 3) on the round front of the head."""
    z = np.sqrt(np.maximum(1.25 - points[:, 0] ** 2 - 0.35 * (points[:, 1] + 0.1) ** 2, 0.02))
    return np.c_[points, z]
