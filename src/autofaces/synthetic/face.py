"""Made-up people: the factors of a face and its geometry, shared by every renderer.

Coordinates of the head: the unit is the distance between the eyes, the origin lies between the eyes on the axis of
the skull; x runs to the picture's right, y down, z towards the viewer. `side` is -1 for the picture's left, +1 for its
right.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

HAIR_STYLES = ("bald", "buzz", "short", "parted", "swept", "bangs", "long", "wavy", "curly", "afro")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
GLASSES = ("none", "oval", "square", "round", "sun")
BACKGROUNDS = ("studio", "indoor", "outdoor", "bokeh", "stage", "banner", "blinds")
CLOTHES = ("tie", "jacket", "shirt", "crew", "scoop")


class Framing(NamedTuple):
    """Where a data set's pictures put the eyes, as fractions of width (x, distance) and height (y)."""

    eye_x: float
    eye_y: float
    eye_distance: float
    shift: float  # standard deviation of eye_x and eye_y
    zoom: float  # standard deviation of eye_distance, relative
    roll: float  # standard deviation of roll, degrees
    blur: float  # mean softness, pixels


FRAMINGS = {
    "lfw": Framing(0.5, 0.45, 0.172, shift=0.012, zoom=0.05, roll=4.5, blur=0.45),
    "celeba": Framing(88.5 / 178, 111 / 218, 39 / 178, shift=0.004, zoom=0.02, roll=0.8, blur=0.12),
    "anime": Framing(0.5, 0.57, 0.33, shift=0.02, zoom=0.06, roll=6.0, blur=0.3),  # of heads with larger eyes
    "cufs": Framing(0.5, 0.5, 0.25, shift=0.006, zoom=0.04, roll=1.2, blur=0.2),
}


@dataclass(frozen=True)
class Face:
    """All that decides a picture. The first block belongs to the person, the second to the one picture."""

    seed: int
    identity: int  # number of the person, from 0
    male: bool
    age: float  # years, 18..85
    skin: float  # melanin, 0 pale .. 1 dark
    undertone: float  # -1 rosy .. 1 olive
    face_width: float  # factor on the skull's width, 0.88..1.12
    face_length: float  # factor on the distance from eyes to chin, 0.92..1.08
    jaw: float  # 0 pointed .. 1 square
    cheeks: float  # 0 hollow .. 1 full
    eye_size: float  # factor, 0.85..1.15
    eye_tilt: float  # degrees by which outer corners stand above inner ones, -5..8
    iris: float  # 0 dark brown, 0.4 hazel, 0.6 green, 1 blue
    lids: float  # 0 hidden fold .. 1 deep fold of the upper lid
    brow_height: float  # units above the eye, 0.27..0.40
    brow_thickness: float  # 0 thin .. 1 bushy
    brow_arch: float  # 0 straight .. 1 arched
    nose_width: float  # factor, 0.8..1.3
    nose_length: float  # factor, 0.88..1.12
    nose_bridge: float  # factor on its height, 0.6..1.2
    mouth_width: float  # factor, 0.85..1.15
    lips: float  # fullness, 0 thin .. 1 full
    ear_size: float  # factor, 0.85..1.15
    hair_style: str  # one of HAIR_STYLES
    hair_dark: float  # melanin, 0 blond .. 1 black
    hair_red: float  # 0 none .. 1 ginger
    hair_grey: float  # share of grey, 0..1
    hair_volume: float  # thickness over the skull, 0..1
    hair_length: float  # where long styles end, units below the eyes, 1..3.4
    hair_part: float  # x of the parting, units, -0.6..0.6
    recession: float  # 0 full hairline .. 1 far back
    beard: str  # one of BEARDS
    beard_length: float  # 0 cropped .. 1 long
    freckles: float  # 0 none .. 1 many
    makeup: float  # 0 none .. 1 strong
    glasses_habit: float  # share of the person's pictures with glasses, 0..1
    glasses_style: str  # which glasses, when worn: one of GLASSES but "none"

    image: int  # number of the picture of this person, from 0
    glasses: str  # one of GLASSES
    yaw: float  # degrees, positive looks to the picture's right, -38..38
    pitch: float  # degrees, positive looks down, -16..16
    roll: float  # degrees, positive leans clockwise, -13..13
    smile: float  # -0.4 frown .. 1 broad
    mouth_open: float  # 0 closed .. 1 wide
    eye_open: float  # 0.25 nearly shut .. 1.2 wide
    brow_raise: float  # -1 frowning .. 1 raised
    gaze_x: float  # -1 picture's left .. 1 right, relative to the head
    gaze_y: float  # -1 up .. 1 down
    light_side: float  # azimuth of the key light, degrees, -70 left .. 70 right
    light_height: float  # its elevation, degrees, 5..65
    light_warmth: float  # -1 bluish .. 1 orange
    light_contrast: float  # 0 soft .. 1 hard
    exposure: float  # factor on brightness, 0.85..1.25
    background: str  # one of BACKGROUNDS
    background_hue: float  # 0..1 around the colour circle
    background_light: float  # 0 dark .. 1 bright
    clothes: str  # one of CLOTHES
    clothes_hue: float  # 0..1 around the colour circle
    clothes_light: float  # 0 dark .. 1 bright
    eye_x: float  # middle of the eyes, fraction of the picture's width
    eye_y: float  # fraction of its height
    eye_distance: float  # distance of the eyes seen from the front, fraction of the width
    blur: float  # softness of the lens, pixels, 0..0.9


PERSON = tuple(Face.__annotations__)[: tuple(Face.__annotations__).index("image")]
"""Names of the factors that all pictures of a person share."""


def draw(seed: int, identity: int, image: int, framing: str = "lfw") -> Face:
    """The face in picture `image` of person `identity`, framed as in the data set `framing`, a key of FRAMINGS.

    It depends on these arguments alone, never on what was drawn before.
    """
    person = _person(np.random.default_rng([seed, identity, 0]))
    rng = np.random.default_rng([seed, identity, 1, image])
    where = FRAMINGS[framing]

    def normal(mean: float, deviation: float, low: float, high: float) -> float:
        return float(np.clip(rng.normal(mean, deviation), low, high))

    smile = normal(0.75, 0.2, 0.3, 1) if rng.random() < 0.5 else normal(0.0, 0.18, -0.4, 0.4)
    talking = rng.random() < 0.25
    mouth_open = normal(0.45, 0.25, 0.1, 1) if talking else max(0.0, 0.45 * (smile - 0.55) + normal(0, 0.05, 0, 0.2))
    yaw = normal(0, 15, -38, 38)
    formal = "tie" if person["male"] else "scoop"
    glasses = person["glasses_style"] if rng.random() < person["glasses_habit"] else "none"
    return Face(
        seed=seed,
        identity=identity,
        **person,
        image=image,
        glasses=glasses,
        yaw=yaw,
        pitch=normal(0, 6, -16, 16),
        roll=normal(0, where.roll, -13, 13),
        smile=smile,
        mouth_open=mouth_open,
        eye_open=normal(0.3, 0.05, 0.25, 0.4)
        if rng.random() < 0.03
        else normal(1 - 0.22 * max(smile, 0), 0.1, 0.55, 1.2),
        brow_raise=normal(0, 0.4, -1, 1),
        gaze_x=normal(-yaw / 50, 0.3, -1, 1),  # people rather look at the camera
        gaze_y=normal(0, 0.2, -1, 1),
        light_side=normal(0, 32, -70, 70),
        light_height=normal(32, 14, 5, 65),
        light_warmth=normal(0.15, 0.4, -1, 1),
        light_contrast=float(rng.random()),
        exposure=normal(1.06, 0.08, 0.85, 1.25),
        background=str(rng.choice(BACKGROUNDS)),
        background_hue=float(rng.random()),
        background_light=float(rng.random()),
        clothes=formal if rng.random() < 0.5 else str(rng.choice(CLOTHES[not person["male"] :])),
        clothes_hue=float(rng.random()),
        clothes_light=float(rng.random()),
        eye_x=where.eye_x + normal(0, where.shift, -0.03, 0.03),
        eye_y=where.eye_y + normal(0, where.shift, -0.03, 0.03),
        eye_distance=where.eye_distance * (1 + normal(0, where.zoom, -0.12, 0.12)),
        blur=normal(where.blur, 0.13, 0, 0.9),
    )


def _person(rng: np.random.Generator) -> dict[str, object]:
    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def pick(weights: dict[str, float]) -> str:
        p = np.array(list(weights.values()))
        return str(rng.choice(list(weights), p=p / p.sum()))

    male = bool(rng.random() < 0.55)
    age = float(np.clip(18 + 67 * rng.beta(1.6, 2.6), 18, 85))
    skin = between(*((0.0, 0.32), (0.3, 0.58), (0.58, 1.0))[rng.choice(3, p=(0.52, 0.27, 0.21))])
    fair = skin < 0.35
    hair_dark = between(0.05, 1) if fair else between(0.72, 1)
    full = 0.45 * skin
    if male:
        old = max(0.0, (age - 40) / 45)
        style = pick(
            {
                "bald": 0.06 + 0.25 * old,
                "buzz": 0.12 + 0.3 * (skin > 0.6),
                "short": 0.34,
                "parted": 0.26,
                "swept": 0.14,
            }
            | {"bangs": 0.05, "long": 0.02, "wavy": 0.03, "curly": 0.07, "afro": 0.12 * (skin > 0.6)}
        )
        beard = pick({"none": 0.6, "stubble": 0.13, "moustache": 0.08, "goatee": 0.07, "full": 0.12})
        recession = float(np.clip(rng.beta(1.5, 3) * (0.35 + 0.9 * old), 0, 1))
    else:
        style = pick(
            {
                "long": 0.32,
                "wavy": 0.22,
                "bangs": 0.15,
                "swept": 0.1,
                "parted": 0.07,
                "curly": 0.1,
                "short": 0.06,
            }
            | {"afro": 0.2 * (skin > 0.6)}
        )
        beard, recession = "none", 0.0
    grey_from = rng.normal(48, 8)
    return {
        "male": male,
        "age": age,
        "skin": skin,
        "undertone": between(-1, 1),
        "face_width": between(0.92, 1.1) if male else between(0.89, 1.04),
        "face_length": between(0.95, 1.08) if male else between(0.92, 1.04),
        "jaw": between(0.35, 1) if male else between(0, 0.55),
        "cheeks": between(0, 1),
        "eye_size": between(0.86, 1.04) if male else between(0.95, 1.15),
        "eye_tilt": between(-4, 5) if male else between(-2, 8),
        "iris": float(rng.choice((between(0, 0.3), between(0.35, 1)), p=(0.4, 0.6))) if fair else between(0, 0.2),
        "lids": between(0, 1),
        "brow_height": between(0.27, 0.34) if male else between(0.31, 0.4),
        "brow_thickness": between(0.4, 1) if male else between(0.05, 0.55),
        "brow_arch": between(0, 0.6) if male else between(0.3, 1),
        "nose_width": between(0.85, 1.1) + 0.22 * skin,
        "nose_length": between(0.95, 1.12) if male else between(0.88, 1.02),
        "nose_bridge": between(0.8, 1.2) - 0.25 * skin,
        "mouth_width": between(0.9, 1.15) if male else between(0.85, 1.08),
        "lips": between(0, 0.55) + full if male else between(0.25, 0.75) + full * 0.55,
        "ear_size": between(0.9, 1.15) if male else between(0.85, 1.02),
        "hair_style": style,
        "hair_dark": hair_dark,
        "hair_red": between(0.4, 1) if fair and rng.random() < 0.12 else between(0, 0.15),
        "hair_grey": float(np.clip((age - grey_from) / 25, 0, 1)) * (1.0 if male or rng.random() < 0.5 else 0.15),
        "hair_volume": between(0, 1),
        "hair_length": between(1.0, 2.2) if male else between(1.2, 3.4),
        "hair_part": between(-0.6, 0.6),
        "recession": recession,
        "beard": beard,
        "beard_length": between(0, 1),
        "freckles": between(0.3, 1) if skin < 0.25 and rng.random() < 0.25 else 0.0,
        "makeup": 0.0 if male else between(0, 1),
        "glasses_habit": float(rng.choice((0.0, between(0.05, 0.3), between(0.75, 1)), p=(0.62, 0.2, 0.18))),
        "glasses_style": str(rng.choice(GLASSES[1:], p=(0.36, 0.36, 0.16, 0.12))),
    }


# Geometry. Sizes are those of adult heads, with 63 mm between the pupils.


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
