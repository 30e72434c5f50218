"""The camera of the photo renderer: from pixels to rays, and where these meet the head."""

from typing import NamedTuple

import numpy as np

from autofaces.synthetic import geometry
from autofaces.synthetic.face import Face
from autofaces.synthetic.photo_colour import Array, f4, mix


class View(NamedTuple):
    """From pixels to rays."""

    width: int  # pixels
    height: int
    scale: float  # pixels per unit
    x0: float  # pixel of the middle of the eyes
    y0: float
    roll: tuple[float, float]  # cosine, sine
    yaw: tuple[float, float]
    pitch: tuple[float, float]
    eyes: tuple[float, float]  # the eyes' middle, from the axis of the skull, after yaw and pitch


def view_of(face: Face, width: int, height: int) -> View:
    roll, yaw, pitch = ((float(np.cos(a)), float(np.sin(a))) for a in np.radians((face.roll, face.yaw, face.pitch)))
    depth = float(geometry.eyes_middle(face)[2])
    return View(
        width=width,
        height=height,
        scale=face.eye_distance * width,
        x0=face.eye_x * width,
        y0=face.eye_y * height,
        roll=roll,
        yaw=yaw,
        pitch=pitch,
        eyes=(depth * yaw[1], depth * yaw[0] * pitch[1]),
    )


def clip_box(view: View, left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """Pixels (left, top, right, bottom) of these units about the eyes, clipped to the picture, never empty."""

    def clip(value: float, low: int, high: int) -> int:
        return int(min(max(round(value), low), high))

    x, y = (
        clip(view.x0 + left * view.scale, 0, view.width - 1),
        clip(view.y0 + top * view.scale, 0, view.height - 1),
    )
    return (
        x,
        y,
        clip(view.x0 + right * view.scale, x + 1, view.width),
        clip(view.y0 + bottom * view.scale, y + 1, view.height),
    )


def grid(view: View, box: tuple[int, int, int, int]) -> tuple[Array, Array, Array]:
    """Positions (n,) of the box's pixels, and x (1, w) and y (h, 1) from the middle of the eyes, roll kept."""
    left, top, right, bottom = box
    columns, rows = np.arange(left, right), np.arange(top, bottom)
    x = ((columns + 0.5 - view.x0) / view.scale).astype(f4)[None]
    y = ((rows + 0.5 - view.y0) / view.scale).astype(f4)[:, None]
    return (rows[:, None] * view.width + columns[None]).ravel(), x, y


def upright(view: View, x: Array, y: Array) -> tuple[Array, Array]:
    """Undo the roll."""
    c, s = f4(view.roll[0]), f4(view.roll[1])
    return c * x + s * y, c * y - s * x


# Rays that meet the head


HEIGHTS = np.linspace(-2.6, 4.0, 661)
_STEP = 0.01


class Hit(NamedTuple):
    """Where the rays of some pixels meet a surface around the skull's axis; arrays (n,)."""

    pixels: Array  # positions in the picture
    x: Array  # head coordinates
    y: Array
    z: Array
    width: Array  # half-width and half-depth of the section at y, and their slopes
    depth: Array
    width_slope: Array
    depth_slope: Array
    centre: Array  # z of its middle, and its slope
    centre_slope: Array
    inside: Array  # distance from the outline, positive inside


def trace(view: View, widths: Array, depths: Array, centres: Array) -> Hit:
    """Follow rays to a surface whose sections are ellipses, with half-widths, half-depths and centres at HEIGHTS."""
    (cy, sy), (cp, sp) = view.yaw, view.pitch
    outline = np.hypot(widths * cy, depths * sy)
    # the ray's way to the front of a section is m + lift * side + sqrt(bend * side^2 + size), side = x0 - shift
    narrow, shallow = 1 / widths**2, 1 / depths**2
    a, b = sy**2 * narrow + cy**2 * shallow, (shallow - narrow) * sy * cy
    bend = (b**2 - a * (cy**2 * narrow + sy**2 * shallow)) / a**2
    ways = np.column_stack([centres * cy, -b / a, bend, 1 / a, centres * sy]).astype(f4)
    sections = np.column_stack(
        [widths, depths, np.gradient(widths, _STEP), np.gradient(depths, _STEP),
         centres, np.gradient(centres, _STEP), outline, 1 / np.hypot(1, np.gradient(outline, _STEP))]
    ).astype(f4)  # fmt: skip
    there = np.flatnonzero(outline > 0.03)
    reach, ex, ey = float(outline.max()) + 0.15, *view.eyes
    low, high = HEIGHTS[there[0]] - 0.15, HEIGHTS[there[-1]] + 0.15
    lean = abs(view.roll[1])
    box = clip_box(
        view,
        -reach - ex - lean * max(abs(low), abs(high)),
        low - ey - lean * reach - 0.1,
        reach - ex + lean * max(abs(low), abs(high)),
        high - ey + lean * reach + 0.1,
    )
    pixels, x0, y0 = grid(view, box)
    x0, y0 = (a.ravel() for a in upright(view, x0, y0))
    x0, y0 = x0 + f4(ex), y0 + f4(ey)

    def at(y: Array) -> Array:
        index = np.minimum(np.maximum((y - f4(HEIGHTS[0])) * f4(1 / _STEP), 0), len(HEIGHTS) - 1)
        return index.astype(np.int32)

    # drop what is clearly beside it
    near = np.flatnonzero(sections[:, 6].take(at(y0 * f4(1 / cp))) + f4(0.12 + abs(sp) + 0.45 * abs(sy)) > np.abs(x0))
    pixels, x0, y0 = pixels[near], x0[near], y0[near]
    y = y0 * f4(cp) + f4(0.5 * max(-sp, 0))
    for _ in range(3 if abs(sp) > 0.01 else 1):
        index = at(y)
        m, lift, bend, size, shift = ways.take(index, axis=0).T
        side = x0 - shift
        forward = m + lift * side + np.sqrt(np.maximum(bend * side * side + size, 0))
        y = y0 * f4(cp) - (forward - y0 * f4(sp)) * f4(sp / cp)
    row = sections.take(index, axis=0).T
    gap = row[6] - np.abs(side)
    # the slope of the outline tells the distance only next to it
    inside = gap * mix(row[7], 1, np.clip(np.abs(gap) * 5 - 0.2, 0, 1)) - (row[0] < 0.02)
    seen = np.flatnonzero(inside > -0.1)
    x0, forward = x0[seen], forward[seen]
    return Hit(
        pixels[seen],
        x0 * f4(cy) - forward * f4(sy),
        y[seen],
        x0 * f4(sy) + forward * f4(cy),
        *row[:6, seen],
        inside[seen],
    )


def normals(view: View, nx: Array, ny: Array, nz: Array) -> tuple[Array, Array, Array]:
    """Unit normals of the head, turned into the upright view."""
    (cy, sy), (cp, sp) = view.yaw, view.pitch
    inverse = 1 / np.sqrt(nx * nx + ny * ny + nz * nz + f4(1e-9))
    nx, ny, nz = nx * inverse, ny * inverse, nz * inverse
    nx, nz = nx * f4(cy) + nz * f4(sy), nz * f4(cy) - nx * f4(sy)
    return nx, ny * f4(cp) + nz * f4(sp), nz * f4(cp) - ny * f4(sp)
