"""The colour of photographed skin: complexion, freckles and the shadow of a beard."""

import numpy as np

from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4, mix, ramp, smooth
from autofaces.synthetic.photo_hair import hair_colour
from autofaces.synthetic.photo_relief import cheek_line


def skin_colour(face: Face) -> Array:
    """Linear (3, 1) colour of the face's skin."""
    tone = ramp(
        face.skin, [0, 0.2, 0.4, 0.6, 0.8, 1],
        [(0.96, 0.80, 0.73), (0.92, 0.73, 0.63), (0.85, 0.64, 0.51), (0.70, 0.49, 0.37), (0.53, 0.35, 0.26),
         (0.39, 0.25, 0.19)],
    )  # fmt: skip
    u = face.undertone
    return tone * np.array([[1 - 0.03 * u], [1 + 0.03 * u], [1 - 0.06 * u]], f4)


def complexion(face: Face, x: Array, y: Array, red: Array, growth: Array, texture: Array) -> Array:
    """Colour (3, n) of the skin with pores, blotches, freckles and the shadow of a beard, before light."""
    grain, pores, blotches, clouds = texture
    rough = 0.02 + 0.02 * np.clip((face.age - 25) / 50, 0, 1) - 0.012 * face.makeup
    albedo = skin_colour(face) * (1 + f4(rough) * pores + f4(0.025) * blotches + f4(0.03) * clouds)
    albedo[1:] *= 1 - np.maximum(red * f4(0.19 - 0.09 * face.skin) + f4(0.012) * blotches, 0)
    if face.freckles:
        spots = smooth((pores + 0.4 * blotches - 1.9 + 0.8 * face.freckles) * 2) * (0.3 + red)
        albedo *= 1 - np.minimum(0.55 * spots, 0.6) * np.array([[0.5], [0.8], [1]], f4)
    if face.age > 55:
        spots = smooth((blotches + 0.4 * clouds - 2.2) * 3) * f4((face.age - 55) / 60)
        albedo *= 1 - spots * np.array([[0.5], [0.7], [0.9]], f4)
    if face.beard != "none":
        cover = np.clip(growth * (0.38 if face.beard == "stubble" else 0.8) * (0.8 + 0.25 * grain), 0, 0.92)
        albedo = mix(albedo, hair_colour(face, beard=True) * (1 + 0.3 * pores), cover)
    elif face.male:
        cover = f4(0.13 * face.hair_dark * (1 - face.hair_grey)) * smooth((y - cheek_line(np.abs(x)) - 0.08) * 4)
        albedo *= 1 - cover * np.array([[1], [0.85], [0.7]], f4)
    return albedo
