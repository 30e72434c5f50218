"""The `photo` renderer: a face as a camera would see it.

For every pixel the ray is followed back to the head (an elliptic skull with a relief of nose, sockets, cheeks and
lips), so all that is painted in the head's own coordinates turns, nods and foreshortens with it. Colours are
linear until the last step (gamma 2). Fine detail, the strands of hair and the texture of skin, comes from noise
tiles made once per process. The parts of the picture are in the modules `photo_*`.

Shapes, in all these modules: a picture is float32 (3, height * width); the pixels of one thing are a list of n
positions in it, and what is known about them are arrays (n,), their colours (3, n). Lengths are in the head's units.
"""

from functools import cache

import numpy as np
from PIL import Image, ImageFilter

from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_background import paint_background
from autofaces.synthetic.photo_body import paint_body
from autofaces.synthetic.photo_colour import Array, f4, lay
from autofaces.synthetic.photo_facial_hair import paint_beard, paint_brows
from autofaces.synthetic.photo_glasses import paint_glasses
from autofaces.synthetic.photo_hair import grow_hair, lay_hair
from autofaces.synthetic.photo_head import paint_ears, paint_head
from autofaces.synthetic.photo_light import light_of
from autofaces.synthetic.photo_noise import noise_tile
from autofaces.synthetic.photo_relief import maps_of
from autofaces.synthetic.photo_view import view_of


def render(face: Face, width: int, height: int) -> Array:
    """Draw `face` as uint8 (height, width, 3), sRGB. The same face and size give the same bytes."""
    rng = np.random.default_rng([face.seed, face.identity, face.image, 7])
    view, light, maps = view_of(face, width, height), light_of(face), maps_of(face)
    picture = paint_background(face, width, height, rng)
    hair = grow_hair(face, view, light, rng)
    if hair:
        lay(picture, hair.pixels, hair.inner, hair.behind)
    paint_body(picture, face, view, light, rng)
    paint_ears(picture, face, view, light, front=False)
    paint_head(picture, face, view, light, maps, hair, rng)
    paint_ears(picture, face, view, light, front=True)
    paint_brows(picture, face, view, light, rng)
    if face.beard != "none":
        paint_beard(picture, face, view, light, maps, rng)
    if hair:
        lay_hair(picture, hair, view)
    if face.glasses != "none":
        paint_glasses(picture, face, view, rng)
    return _develop(picture, face, width, height, rng)


@cache
def _sensor(width: int, height: int) -> Array:
    """float32 (height + 256, width + 256): the sensor's noise, periodic."""
    noise = 255 * (0.01 * noise_tile()[..., 0] + 0.005 * noise_tile()[..., 1])
    return np.tile(noise, (2 + height // 256, 2 + width // 256))[: height + 256, : width + 256].astype(f4)


def _develop(picture: Array, face: Face, width: int, height: int, rng: np.random.Generator) -> Array:
    """Linear light (3, height * width) -> uint8 sRGB (height, width, 3), with noise and the lens's softness."""
    top, left = rng.integers(0, 256, 2)
    noise = _sensor(width, height)[top : top + height, left : left + width]
    tones = np.sqrt(np.maximum(picture, 0)).reshape(3, height, width)
    tones *= f4(255)
    tones += noise
    tones += f4(0.5)
    np.clip(tones, 0, 255, out=tones)
    developed = np.ascontiguousarray(np.moveaxis(tones.astype(np.uint8), 0, -1))
    return np.array(Image.fromarray(developed).filter(ImageFilter.BoxBlur(face.blur)))
