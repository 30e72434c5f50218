"""Made-up people: the factors that decide a face, in every style, and how they are drawn by lot."""

from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np

HAIR_STYLES = ("bald", "buzz", "short", "parted", "swept", "bangs", "long", "wavy", "curly", "afro")
BEARDS = ("none", "stubble", "moustache", "goatee", "full")
GLASSES = ("none", "oval", "square", "round", "sun")
BACKGROUNDS = ("studio", "indoor", "outdoor", "bokeh", "stage", "banner", "blinds")
CLOTHES = ("tie", "jacket", "shirt", "crew", "scoop")


# where a data set's pictures put the eyes, as fractions of width (x, distance) and height (y); standard deviations of
# x and y, of the distance (relative) and of roll, degrees; and the mean softness, pixels
Framing = namedtuple("Framing", "eye_x eye_y eye_distance shift zoom roll blur")
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


def draw(seed: int, identity: int, image: int, framing: str = "lfw") -> Face:
    """The face in picture `image` of person `identity`, framed as in the data set `framing`, a key of FRAMINGS. It
    depends on these arguments alone, never on what was drawn before."""
    person = _person(np.random.default_rng([seed, identity, 0]))
    rng, where = np.random.default_rng([seed, identity, 1, image]), FRAMINGS[framing]

    def normal(mean: float, deviation: float, low: float, high: float) -> float:
        return float(np.clip(rng.normal(mean, deviation), low, high))

    smile = normal(0.75, 0.2, 0.3, 1) if rng.random() < 0.5 else normal(0.0, 0.18, -0.4, 0.4)
    talking = rng.random() < 0.25
    mouth_open = normal(0.45, 0.25, 0.1, 1) if talking else max(0.0, 0.45 * (smile - 0.55) + normal(0, 0.05, 0, 0.2))
    yaw = normal(0, 15, -38, 38)
    glasses = person["glasses_style"] if rng.random() < person["glasses_habit"] else "none"
    pitch, roll, shut = normal(0, 6, -16, 16), normal(0, where.roll, -13, 13), rng.random() < 0.03
    eye_open = normal(0.3, 0.05, 0.25, 0.4) if shut else normal(1 - 0.22 * max(smile, 0), 0.1, 0.55, 1.2)
    return Face(
        seed, identity, **person, image=image, glasses=glasses, yaw=yaw, pitch=pitch, roll=roll, smile=smile,
        mouth_open=mouth_open, eye_open=eye_open, brow_raise=normal(0, 0.4, -1, 1),
        gaze_x=normal(-yaw / 50, 0.3, -1, 1),  # people rather look at the camera
        gaze_y=normal(0, 0.2, -1, 1), light_side=normal(0, 32, -70, 70), light_height=normal(32, 14, 5, 65),
        light_warmth=normal(0.15, 0.4, -1, 1), light_contrast=rng.random(), exposure=normal(1.06, 0.08, 0.85, 1.25),
        background=str(rng.choice(BACKGROUNDS)), background_hue=rng.random(), background_light=rng.random(),
        clothes=CLOTHES[-1 + person["male"]] if rng.random() < 0.5 else str(rng.choice(CLOTHES[not person["male"] :])),
        clothes_hue=rng.random(), clothes_light=rng.random(), eye_x=where.eye_x + normal(0, where.shift, -0.03, 0.03),
        eye_y=where.eye_y + normal(0, where.shift, -0.03, 0.03),
        eye_distance=where.eye_distance * (1 + normal(0, where.zoom, -0.12, 0.12)),
        blur=normal(where.blur, 0.13, 0, 0.9),
    )  # fmt: skip


def _person(rng: np.random.Generator) -> dict[str, Any]:
    def between(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    def pick(**weights: float) -> str:
        p = np.array(list(weights.values()))
        return str(rng.choice(list(weights), p=p / p.sum()))

    male = bool(rng.random() < 0.55)
    age = float(np.clip(18 + 67 * rng.beta(1.6, 2.6), 18, 85))
    skin = between(*((0.0, 0.32), (0.3, 0.58), (0.58, 1.0))[rng.choice(3, p=(0.52, 0.27, 0.21))])
    fair, curls, old = skin < 0.35, float(skin > 0.6), max(0.0, (age - 40) / 45)
    hair_dark, full = between(0.05 if fair else 0.72, 1), 0.45 * skin
    if male:
        style = pick(bald=0.06 + 0.25 * old, buzz=0.12 + 0.3 * curls, short=0.34, parted=0.26, swept=0.14, bangs=0.05,
                     long=0.02, wavy=0.03, curly=0.07, afro=0.12 * curls)  # fmt: skip
        beard = pick(none=0.6, stubble=0.13, moustache=0.08, goatee=0.07, full=0.12)
        recession = float(np.clip(rng.beta(1.5, 3) * (0.35 + 0.9 * old), 0, 1))
    else:
        style = pick(long=0.32, wavy=0.22, bangs=0.15, swept=0.1, parted=0.07, curly=0.1, short=0.06, afro=0.2 * curls)
        beard, recession = "none", 0.0
    grey_from = rng.normal(48, 8)

    def sexed(his: tuple[float, float], hers: tuple[float, float]) -> float:
        return between(*(his if male else hers))

    return {
        "male": male, "age": age, "skin": skin, "undertone": between(-1, 1),
        "face_width": sexed((0.92, 1.1), (0.89, 1.04)), "face_length": sexed((0.95, 1.08), (0.92, 1.04)),
        "jaw": sexed((0.35, 1), (0, 0.55)), "cheeks": between(0, 1), "eye_size": sexed((0.86, 1.04), (0.95, 1.15)),
        "eye_tilt": sexed((-4, 5), (-2, 8)),
        "iris": float(rng.choice((between(0, 0.3), between(0.35, 1)), p=(0.4, 0.6))) if fair else between(0, 0.2),
        "lids": between(0, 1), "brow_height": sexed((0.27, 0.34), (0.31, 0.4)),
        "brow_thickness": sexed((0.4, 1), (0.05, 0.55)), "brow_arch": sexed((0, 0.6), (0.3, 1)),
        "nose_width": between(0.85, 1.1) + 0.22 * skin, "nose_length": sexed((0.95, 1.12), (0.88, 1.02)),
        "nose_bridge": between(0.8, 1.2) - 0.25 * skin, "mouth_width": sexed((0.9, 1.15), (0.85, 1.08)),
        "lips": between(0, 0.55) + full if male else between(0.25, 0.75) + full * 0.55,
        "ear_size": sexed((0.9, 1.15), (0.85, 1.02)), "hair_style": style, "hair_dark": hair_dark,
        "hair_red": between(0.4, 1) if fair and rng.random() < 0.12 else between(0, 0.15),
        "hair_grey": float(np.clip((age - grey_from) / 25, 0, 1)) * (1.0 if male or rng.random() < 0.5 else 0.15),
        "hair_volume": between(0, 1), "hair_length": sexed((1.0, 2.2), (1.2, 3.4)), "hair_part": between(-0.6, 0.6),
        "recession": recession, "beard": beard, "beard_length": between(0, 1),
        "freckles": between(0.3, 1) if skin < 0.25 and rng.random() < 0.25 else 0.0,
        "makeup": 0.0 if male else between(0, 1),
        "glasses_habit": float(rng.choice((0.0, between(0.05, 0.3), between(0.75, 1)), p=(0.62, 0.2, 0.18))),
        "glasses_style": str(rng.choice(GLASSES[1:], p=(0.36, 0.36, 0.16, 0.12))),
    }  # fmt: skip
