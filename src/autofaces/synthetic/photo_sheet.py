"""A mask drawn with lines and polygons in the head's coordinates, for fine things on a photographed face."""

import numpy as np
from PIL import Image, ImageDraw

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4
from autofaces.synthetic.photo_view import View


class Sheet:
    """A mask over a part of the picture, drawn larger with Pillow for smooth edges."""

    def __init__(self, face: Face, view: View, box: tuple[int, int, int, int], zoom: int) -> None:
        self.face, self.view, self.box, self.zoom = face, view, box, zoom
        self.image = Image.new("L", ((box[2] - box[0]) * zoom, (box[3] - box[1]) * zoom))
        self.draw = ImageDraw.Draw(self.image)

    def place(self, solid: Array) -> Array:
        """Points of the head (n, 3) -> points of the sheet (n, 2)."""
        pixels = geometry.to_pixels(self.face, geometry.project(self.face, solid), self.view.width, self.view.height)
        return (pixels - self.box[:2]) * self.zoom

    def mask(self) -> Array:
        """float32 (n,) over the box's pixels, 0..1."""
        return np.asarray(self.image.reduce(self.zoom), f4).ravel() * f4(1 / 255)

    def hairs(self, root: Array, lean: Array, ink: Array, width: int) -> None:
        """Short lines from the points (n, 2) of the face, in shades of grey `ink`."""
        tip = root + lean
        ends = [np.c_[p, geometry.surface(self.face, p[:, 0], p[:, 1]) + 0.02] for p in (root, tip)]
        lines = np.concatenate([self.place(p) for p in ends], 1).tolist()
        for line, value in zip(lines, ink.tolist(), strict=True):
            self.draw.line(line, fill=value, width=width)
