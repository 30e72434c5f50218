"""The geometry of a made-up face: skull, eyes, nose, mouth and brows, and where they lie in a picture.

Coordinates of the head: the unit is the distance between the eyes, the origin lies between the eyes on the axis of
the skull; x runs to the picture's right, y down, z towards the viewer. `side` is -1 for the picture's left, +1 for its
right. Sizes are those of adult heads, with 63 mm between the pupils.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from autofaces.synthetic.face import Face


class Eye(NamedTuple):
    """Opening of an eye about its centre (side * 0.5, 0): units; `tilt` lifts the outer corner, radians."""

    half_width: float
    upper: float  # height of the upper lid above the centre
    lower: float  # depth of the lower lid below it
    tilt: float
    iris: float  # radius


class Mouth(NamedTuple):
    """The mouth about (0, y): units."""

    y: float
    half_width: float
    lift: float  # how far the corners stand above the middle of the upper lip's line
    gap: float  # opening between the lips in the middle
    upper: float  # thickness of the upper lip in the middle
    lower: float


def eye(face: Face) -> Eye:
    """Shape of the eyes' opening."""
    size, is_open = face.eye_size, face.eye_open
    return Eye(
        0.245 * size,
        0.112 * size * is_open - 0.01,
        0.062 * size * (0.6 + 0.4 * is_open),
        np.radians(face.eye_tilt),
        0.096,
    )


def mouth(face: Face) -> Mouth:
    """Shape of the mouth."""
    s = max(face.smile, 0)
    return Mouth(
        y=1.03 * face.face_length,
        half_width=0.40 * face.mouth_width * (1 + 0.24 * s - 0.16 * face.mouth_open * (1 - s)),
        lift=0.105 * face.smile + 0.015,
        gap=0.26 * face.mouth_open,
        upper=(0.055 + 0.065 * face.lips) * (1 - 0.25 * s),
        lower=(0.085 + 0.085 * face.lips) * (1 - 0.2 * s),
    )


def chin(face: Face) -> float:
    """y of the lowest point of the chin; it drops as the mouth opens."""
    return 1.7 * face.face_length + 0.16 * face.mouth_open


def nose_tip(face: Face) -> float:
    """y of the tip of the nose."""
    return 0.56 * face.nose_length


def skull(face: Face, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The head's sections at heights y are ellipses: half-width, half-depth, and z of the centre.

    The sizes are next to 0 above and below the head. Towards the jaw the centre moves forward, off the neck.
    """
    middle, top, bottom = -0.2, -1.72, chin(face)
    up = np.clip((middle - y) / (middle - top), 0, 1)
    down = np.clip((y - middle) / (bottom - middle), 0, 1)
    fullness = 2.2 + 1.2 * face.jaw + 0.35 * (face.cheeks - 0.5)
    taper = np.clip((down - 0.3) / 0.65, 0, 1)
    taper = (0.27 - 0.17 * face.jaw) * taper**2 * (3 - 2 * taper)  # from the corners of the jaw to the chin
    width = np.sqrt(1 - up**2.3) * np.sqrt(1 - down**fullness) * (1 - taper)
    depth = np.sqrt(1 - up**2.6) * (1 - down**4.5) ** 0.45 * (1 - 0.1 * down)
    forward = np.clip((y - 0.1) / 1.1, 0, 1)
    forward = 0.45 * forward**2 * (3 - 2 * forward)
    return 1.14 * face.face_width * width + 1e-3, (1.34 - forward) * depth + 1e-3, forward * depth


def surface(face: Face, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """z of the smooth head (without nose and lips) at (x, y); points beside the head lie at its widest."""
    width, depth, centre = skull(face, y)
    return centre + depth * np.sqrt(np.clip(1 - (x / width) ** 2, 0, 1))


@lru_cache(maxsize=8)
def rotation(face: Face) -> np.ndarray:
    """float64 (3, 3): turns head coordinates into the viewer's (yaw, then pitch, then roll)."""
    yaw, pitch, roll = np.radians((face.yaw, face.pitch, face.roll))
    cy, sy, cp, sp, cr, sr = (
        np.cos(yaw),
        np.sin(yaw),
        np.cos(pitch),
        np.sin(pitch),
        np.cos(roll),
        np.sin(roll),
    )
    turn = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    nod = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
    lean = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
    return lean @ nod @ turn


@lru_cache(maxsize=8)
def eyes_middle(face: Face) -> np.ndarray:
    """(3,) the point of the head that the framing places: between the eyes, at their depth."""
    return np.array([0.0, 0.0, float(surface(face, np.array(0.5), np.array(0.0)))])


def project(face: Face, points: np.ndarray) -> np.ndarray:
    """Head coordinates (..., 3) -> after pose (..., 3), units, with the middle of the eyes at the origin."""
    return (np.asarray(points) - eyes_middle(face)) @ rotation(face).T


def to_pixels(face: Face, points: np.ndarray, width: int, height: int) -> np.ndarray:
    """Points after pose (..., 2 or 3) -> pixels (..., 2) as (x, y), in a picture of width x height."""
    scale = face.eye_distance * width
    return np.asarray(points)[..., :2] * scale + np.array([face.eye_x * width, face.eye_y * height])


def eye_outline(face: Face, side: int, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upper and lower lid (n, 2) at t in -1 (inner corner) .. 1 (outer corner), head coordinates x, y."""
    shape = eye(face)
    outward, rise = t * shape.half_width, np.sin(shape.tilt) * t * shape.half_width
    x = side * (0.5 + outward)
    bow = 1 - t**2
    return np.stack([x, -shape.upper * bow**0.75 - rise], -1), np.stack([x, shape.lower * bow - rise], -1)


def brow_line(face: Face, side: int, t: np.ndarray) -> np.ndarray:
    """(n, 2) middle line of a brow at t in 0 (inner end) .. 1 (outer end), head coordinates x, y."""
    x = 0.18 + 0.62 * t
    arch = 0.10 * face.brow_arch * np.sin(np.pi * np.clip(t, 0, 1) ** 1.3) - 0.03 * (1 - face.brow_arch) * t
    frown = (0.025 if face.brow_raise > 0 else 0.07) * face.brow_raise * np.cos(np.pi * t / 2)
    y = -face.brow_height - arch - 0.03 * face.brow_raise - frown + 0.05 * t**3
    return np.stack([side * x, y], -1)


def lip_lines(face: Face, t: np.ndarray) -> dict[str, np.ndarray]:
    """y of the lips' four lines at t in -1 (left corner) .. 1 (right corner): top, upper, lower, bottom."""
    m = mouth(face)
    bow = np.clip(1 - t**2, 0, 1)
    middle = m.y - m.lift * t**2
    upper = middle - 0.2 * m.gap * bow**0.6 + 0.012 * np.cos(3 * np.pi * t) * bow
    lower = middle + 0.8 * m.gap * bow**0.6 + 0.004 * bow
    cupid = 1 - 0.22 * np.exp(-((t / 0.13) ** 2))
    return {
        "top": upper - m.upper * cupid * bow**0.8,
        "upper": upper,
        "lower": lower,
        "bottom": lower + m.lower * bow**0.6,
    }


def landmarks(face: Face) -> dict[str, np.ndarray]:
    """Named lines of the face after pose: (n, 3) each, units, the middle of the eyes at the origin.

    Names: left_eye and right_eye (closed outlines), left_brow, right_brow, nose (bridge to tip), nose_base (wing to
    wing), lips (outer outline), mouth (opening), jaw (ear to ear), left_iris and right_iris (one point each).
    """
    t = np.linspace(-1, 1, 13)
    m, tip = mouth(face), nose_tip(face)
    lips = lip_lines(face, t)
    flat: dict[str, np.ndarray] = {}
    for side, name in ((-1, "left"), (1, "right")):
        upper, lower = eye_outline(face, side, t)
        flat[f"{name}_eye"] = np.concatenate([upper, lower[-2:0:-1]])
        flat[f"{name}_brow"] = brow_line(face, side, np.linspace(0, 1, 9))
        flat[f"{name}_iris"] = np.array([[side * 0.5 + 0.09 * face.gaze_x, 0.03 * face.gaze_y]])
    x = t * m.half_width
    flat["lips"] = np.stack([np.r_[x, x[-2:0:-1]], np.r_[lips["top"], lips["bottom"][-2:0:-1]]], -1)
    flat["mouth"] = np.stack([np.r_[x, x[-2:0:-1]], np.r_[lips["upper"], lips["lower"][-2:0:-1]]], -1)
    solid = {name: np.c_[p, surface(face, p[:, 0], p[:, 1])] for name, p in flat.items()}
    front = float(surface(face, np.array(0.0), np.array(tip)))
    height = 0.34 * face.nose_bridge
    solid["nose"] = np.array([[0, y, front + height * (0.25 + 0.75 * y / tip)] for y in np.linspace(-0.05, tip, 6)])
    wing = 0.27 * face.nose_width
    solid["nose_base"] = np.array(
        [[u * wing, tip + 0.1 + 0.05 * (1 - abs(u)), front + 0.15 * (1 - abs(u))] for u in np.linspace(-1, 1, 7)]
    )
    angle = np.linspace(-np.pi / 2, np.pi / 2, 25)
    y = -0.1 + np.cos(angle) * (chin(face) + 0.08)
    width, depth, centre = skull(face, y)
    solid["jaw"] = np.c_[np.sin(angle) * width, y, centre + depth * np.cos(angle) * 0.5]
    return {name: project(face, points) for name, points in solid.items()}
