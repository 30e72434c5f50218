"""Neck, shoulders and clothes in a photograph."""

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, bump, f4, hsv, lay, linear, mix, smooth
from autofaces.synthetic.photo_light import Light, shade
from autofaces.synthetic.photo_noise import from_tile, noise_tile
from autofaces.synthetic.photo_skin import skin_colour
from autofaces.synthetic.photo_view import View, clip_box, grid


def paint_body(picture: Array, face: Face, view: View, light: Light, rng: np.random.Generator) -> None:
    nx, ny, _ = geometry.project(face, np.array([0.0, 1.55, -0.25]))
    half = (0.82 if face.male else 0.64) * face.face_width  # of the neck
    base = 0.36 if face.male else 0.46  # where neck meets shoulders, below the neck's middle
    start = rng.integers(256, 512)

    def area(left: float, top: float, right: float) -> tuple[Array, Array, Array, Array, Array]:
        """Pixels of a strip down to the picture's edge, x and y from the neck, height of the shoulders, texture."""
        pixels, x, y = grid(view, clip_box(view, nx + left, ny + top, nx + right, 99))
        x, y = (a.ravel() for a in np.broadcast_arrays(x - f4(nx), y - f4(ny)))
        away = np.abs(x) - f4(half)
        shoulder = base + 0.40 * np.maximum(away, 0) ** f4(0.85) - 2.1 * np.clip(-away, 0, 0.12)
        shoulder += 0.9 * np.maximum(np.abs(x) - (2.5 if face.male else 2.05), 0) ** 2
        texture = from_tile(noise_tile(), y * f4(view.scale) + 512, x * f4(view.scale) + 1024 + start)
        return pixels, x, y, shoulder, texture

    pixels, x, y, shoulder, texture = area(-half - 0.5, -0.9, half + 0.5)
    neck = f4(half) * (1 + 0.14 * np.clip(y - 0.3, 0, 1) ** 2)
    u, chest = np.clip(x / neck, -1, 1), smooth((y - base) * 2)
    n = (mix(u, 0.25 * np.tanh(x), chest), -0.25 * chest, mix(np.sqrt(1.02 - u * u), 0.95, chest))
    open_ = 1 - 0.55 * smooth(1 - (y + 0.05) / 0.55)  # the chin's shadow
    open_ *= 1 - 0.1 * np.exp(-(((np.abs(x) - 0.35 + 0.15 * y) / 0.06) ** 2))  # cords
    open_ *= 1 - 0.16 * bump(x, 0, 0.09) * bump(y, base + 0.12, 0.1)
    albedo = skin_colour(face) * np.array([[0.96], [0.9], [0.88]], f4) * (1 + 0.025 * texture[1] + 0.03 * texture[3])
    alpha = smooth(np.maximum(neck - np.abs(x), y - shoulder) * f4(view.scale) + 0.5)
    lay(picture, pixels, shade(albedo, n, light, open_), alpha)

    pixels, x, y, shoulder, texture = area(-99, base - 0.4, 99)
    below = np.flatnonzero(y > shoulder - 0.25)
    pixels, x, y, shoulder, texture = pixels[below], x[below], y[below], shoulder[below], texture[:, below]
    albedo, crease, edge = _clothes(face, view, x, y - f4(base), shoulder - f4(base), half)
    fold = texture[3] + 0.5 * np.sin(3.1 * x + 2 * y + f4(6 * face.clothes_hue))
    n = (0.35 * np.tanh(0.8 * x) + 0.12 * fold, np.full_like(x, -0.25), np.full_like(x, 0.9))
    if face.clothes_hue * 13 % 1 > 0.75:
        crease = crease * (1 - 0.35 * (np.sin(x * 26 + 0.8 * fold) > 0.5))  # stripes
    cloth = shade(albedo, n, light, crease * (0.85 + 0.06 * fold) * (1 + 0.05 * texture[0]))
    alpha = smooth(edge * f4(view.scale) + 0.5) * smooth((y - shoulder + 0.2) * f4(view.scale))
    lay(picture, pixels, cloth, alpha)


def _clothes(face: Face, view: View, x: Array, y: Array, shoulder: Array, half: float) -> tuple[Array, Array, Array]:
    """Colour (3, n), creases (n,) and depth (n,) inside the border of clothes; y counts from the neck's base."""
    hue, bright, side = face.clothes_hue, face.clothes_light, np.abs(x)
    if face.clothes in ("tie", "jacket"):
        soft = f4(view.scale)
        lapel = f4(half + 0.08) * np.clip(1 - 0.42 * y, 0, 1)
        albedo = np.repeat(linear(*hsv(0.6 + 0.1 * hue, 0.25, 0.1 + 0.25 * bright)), x.size, 1)
        albedo = mix(albedo, linear(*hsv(hue + 0.4, 0.08, 0.93)), smooth((lapel - side) * soft + 0.5))
        if face.clothes == "tie":
            silk = linear(*hsv(hue, 0.75, 0.25 + 0.5 * bright)) * (1 - 0.4 * (np.sin(30 * (x + y)) > 0.3))
            knot = np.where(y < 0.3, 0.13 - 0.1 * y, 0.07 + 0.05 * y)
            albedo = mix(albedo, silk, smooth((knot - side) * soft + 0.5) * (y > 0.12))
        crease = 1 - 0.4 * bump(side - lapel, 0.02, 0.04)
        crease -= 0.3 * np.exp(-(((side - 0.72 * half - 0.25 * y) / 0.02) ** 2)) * (y < 0.42)  # collar
        throat = side - f4(half - 0.1) * np.clip(1 - 2.6 * y, 0, 1)
        return albedo, crease, np.minimum(throat, np.where(side < half + 0.1, y + 0.1, y - shoulder + 0.03))
    if face.clothes == "scoop":
        edge = np.maximum(shoulder, 0.95 * np.clip(1 - (x / (half + 0.35)) ** 2, 0, 1) ** 0.6)
    elif face.clothes == "crew":
        edge = np.maximum(shoulder, 0.28 * np.clip(1 - (x / (half + 0.1)) ** 2, 0, 1) ** 0.5) - 0.04
    else:  # a shirt, open at the neck
        edge = np.where(side < half + 0.1, 0.85 * np.clip(1 - side / 0.42, 0, 1) - 0.08, shoulder - 0.03)
    crease = 1 - 0.35 * bump(y - edge, 0.03, 0.04)
    if face.clothes == "shirt":
        crease -= 0.3 * bump(side, 0.02, 0.03)
    colour = linear(*hsv(hue, 0.15 + 0.5 * (hue * 7 % 1), 0.12 + 0.8 * bright))
    return np.broadcast_to(colour, (3, x.size)), crease, y - edge.astype(f4)
