"""Pictures of pictures: faces in rows, each with a caption, as one image."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from autofaces import files

FACE, GAP = 128, 8  # pixels of a face's side, and between faces
LINE = 15  # pixels of a caption's line
INK = "#1f2430"


class Tile(NamedTuple):
    picture: np.ndarray  # uint8 (H, W, 1 or 3)
    caption: str = ""  # of one line or several


def draw(rows: Sequence[Sequence[Tile]]) -> Image.Image:
    """Rows of tiles on white, every face 128 pixels wide: its own pixels, each repeated where it has fewer."""
    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", 11)
    heights = [FACE + LINE * max(len(tile.caption.splitlines()) for tile in row) + GAP for row in rows]
    width = GAP + max(map(len, rows)) * (FACE + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(heights)), "white")
    pen = ImageDraw.Draw(sheet)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, tile in enumerate(row):
            left = GAP + column * (FACE + GAP)
            sheet.paste(image(tile.picture).resize((FACE, FACE), Image.Resampling.NEAREST), (left, top))
            for i, line in enumerate(tile.caption.splitlines()):
                pen.text((left, top + FACE + i * LINE), _fitted(line, font), INK, font)
        top += height
    return sheet


def image(picture: np.ndarray) -> Image.Image:
    """uint8 (H, W, 1 or 3) as it is."""
    return Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture)


def save(image: Image.Image, path: Path) -> None:
    """Write a PNG, whole or not at all."""
    with files.writing(path) as temporary:
        image.save(temporary, format="PNG")


def _fitted(line: str, font: ImageFont.FreeTypeFont) -> str:
    """The line, without its middle where it is wider than a face."""
    short = line
    while font.getlength(short) > FACE:
        half = (len(short) - 2) // 2
        short = f"{line[:half]}…{line[-half:]}"
    return short
