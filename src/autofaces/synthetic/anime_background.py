"""What stands behind an anime character."""

import numpy as np
from PIL import Image

from autofaces.synthetic.anime_colours import hsv
from autofaces.synthetic.anime_sheet import Sheet
from autofaces.synthetic.face import Face


def draw_background(sheet: Sheet, face: Face, rng: np.random.Generator) -> None:
    """Mostly bare paper, as in portraits cut out of a game's page; else something plain."""
    (width, height), image, draw = sheet.size, sheet.image, sheet.draw
    hue, bright = face.background_hue, face.background_light
    pale = hsv(hue, 0.16 - 0.1 * bright, 0.92 + 0.08 * bright)
    fade = Image.linear_gradient("L").resize(sheet.size)
    match face.background:
        case "studio":  # bare paper
            image.paste(hsv(hue, 0.02, 0.975 + 0.025 * bright), (0, 0, width, height))
        case "indoor":  # a wall that fades
            image.paste(pale, (0, 0, width, height))
            image.paste((255, 255, 255), (0, 0), fade)
        case "outdoor":  # sky
            image.paste(hsv(0.56 + 0.06 * hue, 0.55, 0.8 + 0.2 * bright), (0, 0, width, height))
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
            image.paste(hsv(hue, 0.5, 0.2 + 0.25 * bright), (0, 0, width, height))
            image.paste(hsv(hue + 0.08, 0.5, 0.45 + 0.25 * bright), (0, 0), fade)
        case "banner":  # one colour and a sheet of lettering's height
            image.paste((255, 255, 255), (0, 0, width, height))
            y = int(rng.integers(0, height))
            draw.rectangle((0, y, width, y + height // 6), pale)
        case "blinds":  # slanted stripes
            image.paste((255, 255, 255), (0, 0, width, height))
            step = width // 9
            for x in range(-height - int(rng.integers(0, step)), width, 2 * step):
                draw.polygon([(x, height), (x + height, 0), (x + height + step, 0), (x + step, height)], pale)
