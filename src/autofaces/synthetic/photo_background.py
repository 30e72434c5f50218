"""What stands behind a person in a photograph."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4, hsv

_WORDS = ("PRESS", "FORUM", "ART", "CITY", "OPEN", "MUSIC", "SUMMIT", "NEWS", "FILM", "SPORT", "UNION", "DAY")


@cache
def _font() -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(13)


def paint_background(face: Face, width: int, height: int, rng: np.random.Generator) -> Array:
    """float32 (3, height * width), linear: what stands behind, out of focus, drawn small and enlarged."""
    n, hue, bright = 64, face.background_hue, face.background_light
    base = 0.15 + 0.75 * bright

    def rgb(h: float, s: float, v: float) -> tuple[int, ...]:
        return tuple(int(255 * c) for c in hsv(h, 0.7 * s, min(max(v, 0), 1)))

    image = Image.new("RGB", (n, n))
    draw = ImageDraw.Draw(image)
    everywhere = (0, 0, n, n)
    blur = 1.0
    match face.background:
        case "studio":
            draw.rectangle(everywhere, rgb(hue, 0.2 + 0.4 * rng.random(), base))
            blur = 0
        case "indoor":  # walls with doors and frames
            draw.rectangle(everywhere, rgb(0.06 + 0.08 * hue, 0.3, base))
            for x, y, w, h, v in zip(*rng.random((5, 5)), strict=True):
                x, y = int(72 * x) - 8, int(72 * y) - 8
                ink = rgb(hue + 0.2 * v, 0.35, base * (0.4 + 0.85 * v))
                draw.rectangle((x, y, x + int(8 + 26 * w), y + int(8 + 26 * h)), ink)
        case "outdoor":  # sky over trees
            horizon = int(rng.integers(18, 50))
            draw.rectangle(everywhere, rgb(0.55 + 0.06 * hue, 0.4, 0.55 + 0.4 * bright))
            draw.rectangle((0, horizon, n, n), rgb(0.2 + 0.15 * hue, 0.5, 0.2 + 0.3 * bright))
            for x, y, r, g in zip(*rng.random((4, 50)), strict=True):
                x, y, r = n * x, horizon + (y - 0.35) * 30, 2 + 4 * r
                draw.ellipse((x - r, y - r, x + r, y + r), rgb(0.2 + 0.18 * g, 0.6, 0.12 + 0.45 * g * base))
        case "bokeh":  # lights far away
            draw.rectangle(everywhere, rgb(hue, 0.6, 0.08 + 0.2 * bright))
            for x, y, r, h in zip(*rng.random((4, 22)), strict=True):
                x, y, r = n * x, n * y, 1.5 + 4 * r
                draw.ellipse((x - r, y - r, x + r, y + r), rgb(hue + 0.3 * (h - 0.5), 0.6, 0.25 + 0.7 * h))
        case "stage":  # dark, with a spot
            draw.rectangle(everywhere, rgb(hue, 0.6, 0.08))
            x, y = rng.integers(0, n, 2).tolist()
            draw.ellipse((x - 22, y - 22, x + 22, y + 22), rgb(hue + 0.1, 0.6, 0.2 + 0.45 * bright))
            blur = 9
        case "banner":  # rows of lettering
            draw.rectangle(everywhere, rgb(hue, 0.65, 0.25 + 0.5 * bright))
            ink = rgb(hue + 0.5, 0.15, 0.95 if bright < 0.6 else 0.15)
            for y in range(int(rng.integers(-8, 4)), n, 17):
                draw.text((-int(rng.integers(0, 20)), y), " ".join(rng.choice(_WORDS, 4)), ink, _font())
            blur = 0.6
        case "blinds":
            draw.rectangle(everywhere, rgb(0.1 + 0.05 * hue, 0.15, base * 0.6))
            for y in range(0, n, 4):
                draw.rectangle((0, y, n, y + 2), rgb(0.1 + 0.05 * hue, 0.15, base * 0.8 + 0.2))
            x = int(rng.integers(0, n))
            draw.rectangle((x, 0, x + 18, n), rgb(hue, 0.3, base * 0.6))
            blur = 0.5
    if blur:
        image = image.filter(ImageFilter.GaussianBlur(blur))
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    picture = np.empty((3, height, width), f4)
    picture[:] = np.moveaxis(np.asarray(image), -1, 0)
    picture *= picture
    across, down = rng.uniform(-0.35, 0.35, 2)
    shade = 1 + across * np.linspace(-1, 1, width)[None] + down * np.linspace(-1, 1, height)[:, None]
    picture *= (shade / 255**2).astype(f4)
    return picture.reshape(3, -1)
