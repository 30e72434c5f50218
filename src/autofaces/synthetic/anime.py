"""The `anime` renderer: a face as the character of a Japanese game, drawn in ink and flat colours.

The factors are those of every renderer; here they decide a stylised head with large eyes, and hair whose colour and
cut are the character's own. Coordinates: the unit is half the width of the face, the origin lies between the eyes;
x runs to the picture's right, y down, z towards the viewer. A turn of the head moves what stands out (z) most.

Everything is a polygon on a sheet four times as large as the picture, whose reduction smooths the edges. The parts of
the drawing are in the modules `anime_*`. Shapes, in all these modules: points are (n, 2), or (n, 3) with z; colours are
8-bit RGB, or RGBA where something shines through.
"""

import numpy as np
from PIL import ImageFilter

from autofaces.synthetic.anime_background import draw_background
from autofaces.synthetic.anime_body import draw_body
from autofaces.synthetic.anime_colours import Paint
from autofaces.synthetic.anime_eyes import draw_brow, draw_eye
from autofaces.synthetic.anime_glasses import draw_glasses
from autofaces.synthetic.anime_hair import Hair
from autofaces.synthetic.anime_head import draw_head
from autofaces.synthetic.anime_lower_face import draw_beard, draw_nose_and_mouth
from autofaces.synthetic.anime_sheet import ZOOM, Array, Sheet
from autofaces.synthetic.face import Face


def render(face: Face, width: int, height: int) -> Array:
    """Draw `face` as uint8 (height, width, 3). The same face and size give the same bytes."""
    rng = np.random.default_rng([face.seed, face.identity, 11])  # what the character keeps
    sheet = Sheet(face, width, height)
    paint = Paint(face, rng)
    hair = Hair(face, rng)
    draw_background(sheet, face, np.random.default_rng([face.seed, face.identity, face.image, 12]))
    hair.back(sheet, paint)
    draw_body(sheet, face, paint)
    hair.ears(sheet, paint)
    draw_head(sheet, face, paint, hair)
    for side in (-1, 1):
        draw_eye(sheet, face, paint, side)
    draw_nose_and_mouth(sheet, face, paint)
    draw_beard(sheet, face, paint)
    hair.front(sheet, paint)
    for side in (-1, 1):
        draw_brow(sheet, face, paint, side)
    if face.glasses != "none":
        draw_glasses(sheet, face)
    hair.ornament(sheet, paint)
    return np.asarray(sheet.image.reduce(ZOOM).filter(ImageFilter.BoxBlur(0.4 * face.blur)))
