"""The painter: a face by its factors, as a photograph, an anime drawing or a pencil sketch.

Its parts are drawn on a sheet in plain colours. Light comes last: a photograph shows it as it is, anime in two steps
with a sharp edge between, a sketch by strokes.
"""

from functools import cache, partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from autofaces.synthetic import parts
from autofaces.synthetic.face import Face
from autofaces.synthetic.sheet import Array, Colour, Sheet, f4, hsv, mix, smooth

_X, _Y, _GRID = np.linspace(-1.4, 1.4, 57), np.linspace(-2.0, 2.2, 85), f4(20)  # of the face's maps, 20 to a unit
_WORDS = ("PRESS", "FORUM", "ART", "CITY", "OPEN", "MUSIC", "SUMMIT", "NEWS", "FILM", "SPORT", "UNION", "DAY")
_FONT = ImageFont.load_default(13)


def paint(face: Face, style: str, width: int, height: int) -> Array:
    """Paint `face` in a style, photo, anime or sketch: uint8 (height, width, 3), of a sketch (height, width). The same
    face, style and size give the same bytes."""
    sheet = Sheet(face, style, width, height)
    if style != "sketch":
        _background(sheet)
    hair, covered = parts.Hair(sheet), sheet.anime or face.hair_style in ("bangs", "long", "wavy", "curly", "afro")
    ears, eyes = [parts.paint_ears], [partial(parts.paint_eye, side=side) for side in (-1, 1)]
    middle = [parts.paint_head, parts.paint_beard, parts.paint_nose, parts.paint_mouth, *eyes]
    last = [parts.paint_brows, hair.front][:: -1 if sheet.anime else 1]  # anime's brows show through the hair
    order = [hair.back, parts.paint_body, *ears * covered, *middle, *last, *ears * (not covered), parts.paint_glasses]
    for part in order:
        part(sheet)
    return develop(sheet)


def _background(sheet: Sheet) -> None:
    """What stands behind: drawn small, out of focus and enlarged; pale in anime."""
    face, rng, anime = sheet.face, sheet.rng, sheet.anime
    n, hue, bright, kind = 64, face.background_hue, face.background_light, face.background
    base = 0.15 + 0.75 * bright

    def rgb(h: float, s: float, v: float) -> Colour:
        return mix(hsv(h, 0.7 * s, v), (255, 255, 255), anime * {"stage": 0.15, "outdoor": 0.5}.get(kind, 0.8))

    ground, blur = {
        "studio": ((hue, 0.2 + 0.4 * rng.random(), base), 0), "indoor": ((0.06 + 0.08 * hue, 0.3, base), 1),
        "outdoor": ((0.55 + 0.06 * hue, 0.5, 0.6 + 0.4 * bright), 1), "bokeh": ((hue, 0.6, 0.08 + 0.2 * bright), 1),
        "stage": ((hue, 0.6, 0.08), 9), "banner": ((hue, 0.65, 0.25 + 0.5 * bright), 0.6),
        "blinds": ((0.1 + 0.05 * hue, 0.15, base * 0.6), 0.5),
    }[kind]  # fmt: skip
    draw = ImageDraw.Draw(image := Image.new("RGB", (n, n), rgb(*ground)))

    def discs(middle: float, reach: float, sizes: Array, colours: list[Colour]) -> None:
        places = rng.random((len(sizes), 2)) * [n, reach] + [0, middle - reach / 2]
        for (x, y), r, colour in zip(places, sizes, colours, strict=True):
            draw.ellipse((x - r, y - r, x + r, y + r), colour)

    if kind == "indoor":  # walls with doors and frames
        for x, y, w, h, v in rng.random((5, 5)):
            ink = rgb(hue + 0.2 * v, 0.35, base * (0.4 + 0.85 * v))
            draw.rectangle((72 * x - 8, 72 * y - 8, 72 * x + 26 * w, 72 * y + 26 * h), ink)
    elif kind == "outdoor":  # sky over trees
        horizon = int(rng.integers(18, 50))
        draw.rectangle((0, horizon, n, n), rgb(0.2 + 0.15 * hue, 0.5, 0.2 + 0.3 * bright))
        greens = [rgb(0.2 + 0.18 * g, 0.6, 0.12 + 0.45 * g * base) for g in rng.random(50)]
        discs(horizon + 5, 30, 2 + 4 * rng.random(50), greens)
    elif kind == "bokeh":  # lights far away
        discs(32, n, 1.5 + 4 * rng.random(22), [rgb(hue + 0.3 * h - 0.15, 0.6, 0.25 + 0.7 * h) for h in rng.random(22)])
    elif kind == "stage":  # dark, with a spot
        discs(32, n, np.array([22]), [rgb(hue + 0.1, 0.6, 0.2 + 0.45 * bright)])
    elif kind == "banner":  # rows of lettering
        ink = rgb(hue + 0.5, 0.15, 0.95 if bright < 0.6 else 0.15)
        for y in range(int(rng.integers(-8, 4)), n, 17):
            draw.text((-int(rng.integers(0, 20)), y), " ".join(rng.choice(_WORDS, 4)), ink, _FONT)
    elif kind == "blinds":
        for y in range(0, n, 4):
            draw.rectangle((0, y, n, y + 1), rgb(0.1 + 0.05 * hue, 0.15, base * 0.8 + 0.2))
    image = image.filter(ImageFilter.GaussianBlur(blur)).resize(sheet.size, Image.Resampling.BILINEAR)
    sheet.picture.paste(image.resize(sheet.picture.size, Image.Resampling.NEAREST))


@cache
def _noise() -> Array:
    """float32 (4, 512, 512) of period 256 and deviation 1: grain, curls, pencil strokes, hairs (rows are the same)."""
    rng, made = np.random.default_rng(0), []
    fy, fx = np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None]
    for along, across in ((0.5, 0.5), (2.5, 2.5), (10, 0.7), (0, 0)):
        spread = (along * (fx - fy)) ** 2 + (across * (fx + fy)) ** 2 if along else fx**2 + (fy * 1e3) ** 2
        plane = np.fft.ifft2(np.fft.fft2(rng.normal(size=(256, 256))) * np.exp(-20 * spread)).real
        made.append(np.tile(plane / plane.std(), (2, 2)))
    return np.array(made, f4)


def _maps(sheet: Sheet) -> Array:
    """float32 (4, 85 * 57) over _Y and _X: slopes of the relief along x and y, darkness of hollows, redness."""
    face, tip, mouth, nose, smile = sheet.face, sheet.nose, sheet.mouth, sheet.face.nose_width, max(sheet.face.smile, 0)
    old = np.clip((face.age - 35) / 45, 0, 1)
    # x, y, width, height of each bump; how high it stands, how dark and how red it is; those beside the nose are two
    both = [
        (0.42, -0.24, 0.3, 0.1, 0.05 * (0.6 + face.male), 0, 0), (0.42, -0.05, 0.24, 0.16, -0.07, 0.2, 0),
        (0.5, 0.0, 0.17, 0.11, 0.06, 0, 0), (0.2, 0.02, 0.08, 0.14, -0.04, 0.16, 0),
        (0.21 * nose, tip + 0.04, 0.09, 0.1, 0.08, 0, 0.3), (0.72, 0.36, 0.26, 0.2, 0.07, 0, 0),
        (0.6, 0.55, 0.24, 0.18, 0.07 * smile, 0, 0.4), (0.62, 0.5, 0.28, 0.22, 0, 0, 0.7),
        (0.75, 0.9, 0.2, 0.28, 0.1 * face.cheeks - 0.07, 0.1, 0), (0.42, mouth, 0.07, 0.09, -0.02, 0.15, 0),
        (0.4, 0.72, 0.1, 0.2, -0.03 * (smile + old), 0.1 * (smile + old), 0), (0.95, -0.35, 0.2, 0.25, -0.06, 0.05, 0),
        (0.45, 0.2, 0.2, 0.07, 0.03 * old - 0.01, 0.12 * old + 0.05, 0),
    ]  # fmt: skip
    single = [
        (0, 0.18, 0.1, 0.3, 0.2 * face.nose_bridge, 0, 0), (0, tip, 0.15 * nose, 0.13, 0.22, 0, 0.6),
        (0, tip + 0.19, 0.2 * nose, 0.05, -0.05, 0.36, 0), (0, 0.5 * (tip + mouth) + 0.06, 0.04, 0.08, -0.02, 0.08, 0),
        (0, mouth, 0.42, 0.24, 0.1, 0, 0), (0, mouth + 0.11, 0.22, 0.06, 0.05, 0, 0),
        (0, mouth + 0.27, 0.2, 0.06, -0.05, 0.2, 0), (0, sheet.chin - 0.24, 0.22, 0.15, 0.1 + 0.03 * face.male, 0, 0.2),
    ]  # fmt: skip
    x, y, wide, tall, high, dark, red = np.array(single + both + [(-a, *others) for a, *others in both]).T[..., None]
    u, v = (_X - x) / wide, (_Y - y) / tall
    gx, gy = np.exp(-u * u), np.exp(-v * v)
    planes = (high * gy, -2 * u / wide * gx), (high * -2 * v / tall * gy, gx), (dark * gy, gx), (red * gy, gx)
    return np.stack([a.T @ b for a, b in planes]).astype(f4).reshape(4, -1)


def _lights(sheet: Sheet, toward: Array) -> tuple[list[Array], Array]:
    """Of all pixels, float32 (H, W) each: brightness, gloss and redness of the head, brightness and gloss of hair,
    brightness of the body; and the strands of the hair. Worked out for every fourth pixel, as it is smooth."""
    face, (width, height) = sheet.face, sheet.size
    ambient = f4(0.66 - 0.36 * face.light_contrast)

    def shade(facing: Array) -> Array:
        """By the cosine to the light, which wraps around: 1 in full light."""
        return ambient + (f4(1.06) - ambient) * np.maximum((facing + f4(0.25)) * f4(0.8), 0)

    px = (np.arange(1, width + 1, 2, dtype=f4) - f4(sheet.middle[0])) / f4(sheet.unit)
    py = (np.arange(1, height + 1, 2, dtype=f4)[:, None] - f4(sheet.middle[1])) / f4(sheet.unit)
    (x, y, z), (nx, ny, nz) = sheet.trace(px, py)
    rows, columns = ((a - f4(b[0])) * _GRID for a, b in ((y, _Y), (x, _X)))
    at = rows.astype(np.int32).clip(0, 84) * 57 + columns.astype(np.int32).clip(0, 56)
    across, down, dark, red = (plane.take(at) * (z > 0) for plane in _maps(sheet))
    length = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
    nx, ny, nz = nx * length - across, ny * length - down, nz * length
    length = 1 / np.sqrt(nx * nx + ny * ny + nz * nz)
    directions = (sheet.rotation.T @ to / np.linalg.norm(to) for to in (toward, toward + np.array([0, 0, 1])))
    facing, gloss = ((nx * f4(a) + ny * f4(b) + nz * f4(c)) * length for a, b, c in directions)
    for _ in range(4):  # to the 16th power
        gloss = gloss * gloss
    planes = [shade(facing) * (1 - dark), gloss, red]
    style, yaw, start = face.hair_style, sheet.yaw, face.identity * 77 % 256 + 512
    c, s = f4(np.cos(sheet.roll)), f4(np.sin(sheet.roll))
    x, y = c * px + s * py + f4(sheet.eyes[2] * np.sin(yaw)), c * py - s * px
    rise = np.clip(y * f4(1 / (1.15 * sheet.build.crown)), 0, 1)
    widest = 1.12 * np.hypot(sheet.build.width * np.cos(yaw), 1.3 * np.sin(yaw))
    lon = np.clip(x * f4(1 / widest) / np.sqrt(1 - f4(0.97) * rise * rise), -1, 1)
    side = lon * toward[0] - rise * toward[1] + toward[2] * np.sqrt(np.maximum(1 - lon * lon - rise * rise, f4(0.02)))
    band = (rise - f4(0.62) - f4(0.12) * lon * toward[0] + lon * lon * (f4(0.1) + f4(0.5) * lon * lon)) * f4(9)
    if style in ("curly", "afro", "buzz", "bald"):
        size = {"curly": 34, "afro": 60}.get(style, 90)
        kind, u, v = int(size < 90), x * size, y * size
    else:  # hairs lie side by side where u grows
        kind, u, v = 3, lon + f4(yaw / 1.57) + f4(0.06 * (style == "wavy")) * np.sin(y * f4(5.5) + lon * 3), rise
        u = np.sqrt(lon * lon + rise * rise) * f4(1.2) + f4(0.3) * lon if style == "parted" else u
        u = u * f4(18 if sheet.anime else 110)
    planes += [shade(side) * (f4(0.86) + f4(0.22) * rise), band]
    cx, cy = (sheet.place([[0.0, sheet.chin, 0.1]])[0] - sheet.middle) / sheet.unit
    x, y = px - f4(cx), py - f4(cy)
    nx = np.tanh(x * f4(1.1)) * f4(0.8)
    lit = shade(nx * toward[0] - f4(0.2) * toward[1] + np.sqrt(1 - nx * nx) * toward[2])
    chin = 1 - f4(0.5) * smooth(1 - (y + f4(0.1)) / f4(0.55)) * np.exp(-(x * x) * f4(0.8))  # its shadow
    planes.append(lit * chin + f4(0.05) * np.sin(x * f4(3.3) + f4(face.clothes_hue * 6)) * np.sin(y * f4(2.2)))

    def full(plane: Array) -> Array:
        size = plane.shape[1] * 2, plane.shape[0] * 2
        return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))[:height, :width]

    planes = [full(plane) for plane in planes]
    column, row = ((full(part) + f4(start)).astype(np.int32) & 255 for part in (u, v))
    strand = _noise()[kind].ravel().take(row * 512 + column)
    band = planes[4] + f4(0.45) * strand
    planes[4] = np.exp(-band * band)
    planes[3] = planes[3] * (1 + f4(0 if sheet.anime else 0.17) * strand)
    return planes, strand


def develop(sheet: Sheet) -> Array:
    """The finished picture: uint8 (H, W, 3), of a sketch (H, W)."""
    face, (width, height) = sheet.face, sheet.size
    layers = (layer.reduce(sheet.zoom).split() for layer in (sheet.picture, sheet.stuff))
    colour, stuff = ([np.asarray(plane, f4) for plane in layer] for layer in layers)
    head, hairy, body = stuff = [plane * f4(1 / 255) for plane in stuff]
    side, high = np.radians((face.light_side, face.light_height))
    toward = np.array([np.sin(side) * np.cos(high), -np.sin(high), np.cos(side) * np.cos(high)], f4)
    (shade, gloss, red, hair_shade, shine, body_shade), strand = _lights(sheet, toward)
    a, b = sheet.rng.integers(0, 256, 2)
    grain, _, stroke, _ = _noise()[:, a : a + height, b : b + width]
    if sheet.anime:
        hard, planes = face.light_contrast, []
        lit = zip(stuff, (shade, hair_shade, body_shade), strict=True)
        shadows = [part * (f4(0.5) - (seen - f4(0.76 - 0.27 * hard)) * 28).clip(0, 1) for part, seen in lit]
        shadows[0] *= f4(0.4 + 0.6 * hard)
        blush = np.minimum(head * red * f4(0.1 + 0.2 * (face.identity * 0.618 % 1) + 0.15 * face.makeup), 0.5)
        bright = hairy * ((shine - f4(0.62)) * 14 + f4(0.5)).clip(0, 1) * f4(0.55)
        tones = ((0.07, 0.26, 0.14), 250, 255), ((0.22, 0.32, 0.24), 96, 250), ((0.24, 0.22, 0.2), 96, 244)
        for plane, (depths, rose, white) in zip(colour, tones, strict=True):
            plane = plane * (1 - sum(f4(depth) * shadow for depth, shadow in zip(depths, shadows, strict=True)))
            plane += blush * (rose - plane)
            planes.append(plane + bright * (white - plane))
    else:
        bare = 1 - np.minimum(head + hairy + body, 1)
        lit = bare + head * shade + hairy * hair_shade + body * body_shade
        if sheet.style == "sketch":  # on white paper
            strokes = (1 - np.minimum(lit, 1)) * (1 + f4(0.5) * stroke * (1 - hairy)) * (1 - f4(0.35) * head)
            dark = 1 - colour[0] * f4(1 / 255) - bare + strokes * (1 - f4(0.6) * hairy)
            dark += hairy * (f4(0.13) * strand - f4(0.3) * shine)
            return (f4(252) - f4(245) * dark * (1 + f4(0.06) * grain)).clip(0, 255).astype(np.uint8)
        glow = head * gloss * f4(40 - 15 * face.makeup) + f4(2.2) * grain
        dusk = 1 - head * (f4(0.11) * red + f4(0.12) * np.clip(1 - lit, 0, 1))  # light that scatters in skin is red
        shine, planes = hairy * shine, []
        for k, plane in enumerate(colour):
            tint = f4(face.exposure * (1 + (0.06, 0, -0.1)[k] * face.light_warmth))
            plane = plane * (lit * tint + bare * (1 - tint)) * (dusk if k else 1)
            planes.append(plane + glow + shine * (f4(20) + f4(0.22) * plane))
    picture = Image.merge("RGB", [Image.fromarray(plane.clip(0, 255).astype(np.uint8)) for plane in planes])
    return np.asarray(picture.filter(ImageFilter.BoxBlur(face.blur * (0.4 if sheet.anime else 1))))
