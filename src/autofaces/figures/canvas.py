"""How a figure is drawn: rows and sprites of pictures, curves, bars; to byte-stable PNG.

A figure is laid out in pixels and at most about 900 wide, as a README shows it: a picture keeps its pixels there.
"""

import functools
import math
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from PIL import Image

from autofaces.core import files
from autofaces.verdicts import bootstrap

DPI = 100
WIDTH = 900  # pixels of a chart
FACE, MEDIUM, HALF = 128, 96, 64  # pixels of a picture's side: unless said otherwise, and where it is shown smaller
GAP = 4  # pixels between pictures
LINE = 15  # pixels of a caption's line
EDGE = 14  # pixels between a figure's border and what it shows
TITLE, TEXT, SMALL, SMALLEST = 14, 10, 8.5, 8  # points
INK, FAINT = "#1f2430", "#6b7280"
COLOURS = {"blue": "#2563eb", "orange": "#d9480f", "teal": "#0f766e", "purple": "#9333ea"}
BLUE, ORANGE, TEAL, PURPLE = COLOURS.values()
MARK = FAINT, (0, (1, 2))
FEW = 20  # points of a curve that are marked one by one

matplotlib.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": TEXT,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": "#e5e7eb",
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "legend.frameon": False,
    }
)


class Tile(NamedTuple):
    """One picture of a sheet of pictures."""

    picture: np.ndarray  # uint8 (H, W, 1 or 3)
    caption: str = ""  # of one line or several


class Line(NamedTuple):
    """One curve; equal names are equal curves in every panel, and stand in the legend once."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    colour: str
    style: str = "-"


class Panel(NamedTuple):
    """Axes of a chart, logarithmic upwards; panels whose y is the same share its scale."""

    heading: str
    x: str  # what the axes show, with its unit
    y: str
    lines: Sequence[Line]
    mark: tuple[float, str] | None = None  # a moment, and what happens there


def faces(
    rows: Sequence[tuple[str, np.ndarray]], title: str, note: str, columns: Sequence[str] = (), side: int = FACE
) -> Figure:
    """Rows of pictures, (label, uint8 (K, H, W, C)) each: a label's first line is the row's name.

    A picture of `side` pixels is shown pixel by pixel; of smaller ones each pixel becomes several, larger ones are
    averaged over areas, and the note says so.
    """
    step = side + GAP
    labels = [label.partition("\n")[::2] for label, _ in rows]
    margin = EDGE + max(text_width(line, TEXT) for label, _ in rows for line in label.splitlines()) + 12
    heads = 22 if columns else 0
    mosaic = tile([pictures for _, pictures in rows], side)
    width = margin + mosaic.shape[1] + EDGE
    figure, top = page(width, heads + mosaic.shape[0], title, f"{note} {size_note(rows[0][1], side)}".strip())
    paste(figure, mosaic, margin, top + heads)
    for c, label in enumerate(columns):
        write(figure, margin + c * step + side / 2, top + 4, label, size=SMALL, color=FAINT, ha="center")
    for r, (name, rest) in enumerate(labels):
        middle = top + heads + r * step + side / 2
        block = 17 + 14 * len(rest.splitlines())
        write(figure, margin - 12, middle - block / 2, name, ha="right")
        write(figure, margin - 12, middle - block / 2 + 17, rest, size=SMALL, color=FAINT, ha="right")
    return figure


def sprites(
    lines: Sequence[Sequence[tuple[str, np.ndarray]]], title: str, note: str, columns: int, rows: int, side: int = FACE
) -> Figure:
    """Lines of blocks of pictures side by side, (heading, uint8 (K, H, W, C)) each, of at most `rows` whole rows."""
    blocks = [block for line in lines for block in line]
    rows = max(1, min(rows, *(len(pictures) // columns for _, pictures in blocks)))
    apart, heads = 22, 24
    block = columns * (side + GAP) - GAP
    widths = [
        max(block, *(text_width(heading.replace("\n", ", "), TEXT) for heading, _ in column))
        for column in zip_longest(*lines, fillvalue=("", None))
    ]
    each = heads + rows * (side + GAP) - GAP
    width = 2 * EDGE + sum(widths) + apart * (len(widths) - 1)
    note = f"{note} {' '.join(dict.fromkeys(size_note(pictures, side) for _, pictures in blocks))}".strip()
    figure, top = page(width, len(lines) * (each + apart) - apart, title, note)
    for line in lines:
        left = EDGE
        for (heading, pictures), wide in zip(line, widths, strict=False):
            write(figure, left, top, heading.replace("\n", ", "))
            shown = [pictures[r * columns : (r + 1) * columns] for r in range(rows)]
            paste(figure, tile(shown, side), left, top + heads)
            left += wide + apart
        top += each + apart
    return figure


def captioned(rows: Sequence[Sequence[Tile]]) -> Figure:
    """Rows of tiles on white, every picture 128 pixels wide with its caption below, and nothing else."""
    step = FACE + GAP
    lines = [max(len(tile.caption.splitlines()) for tile in row) for row in rows]
    figure = _sheet(GAP + max(map(len, rows)) * step, GAP + step * len(rows) + LINE * sum(lines))
    top = GAP
    for row, more in zip(rows, lines, strict=True):
        paste(figure, tile([[one.picture for one in row]], FACE), GAP, top)
        for column, one in enumerate(row):
            for i, line in enumerate(one.caption.splitlines()):
                write(figure, GAP + column * step, top + FACE + i * LINE, fitted(line, FACE, SMALLEST), size=SMALLEST)
        top += step + LINE * more
    return figure


def curves(panels: Sequence[Panel], title: str, note: str, width: int = WIDTH) -> Figure:
    """Panels side by side under one legend of all their lines."""
    height, bottom, apart = 260, 46, 22
    heads = 24 if any(panel.heading for panel in panels) else 0
    entries = {line.name: (line.colour, line.style) for panel in panels for line in panel.lines}
    entries |= {panel.mark[1]: MARK for panel in panels if panel.mark}
    across = max(1, (width - 2 * EDGE) // (max(text_width(name, TEXT) for name in entries) + 60))
    legend = 20 * math.ceil(len(entries) / across) + 12
    figure, top = page(width, legend + heads + height + bottom, title, note)
    figure.legend(
        [Line2D([], [], color=colour, linestyle=style) for colour, style in entries.values()],
        list(entries),
        loc="upper left",
        bbox_to_anchor=(EDGE / width, _up(figure, top)),
        ncols=across,
        borderpad=0,
        borderaxespad=0,
        labelspacing=0.4,
    )

    axes: list[Axes] = []
    scales: dict[str, Axes] = {}
    for i, panel in enumerate(panels):
        shared = scales.get(panel.y)
        axes.append(figure.add_axes((0, 0, 1, 1), label=str(i), sharey=shared))
        axes[i].tick_params(labelleft=shared is None)
        axes[i].set_ylabel(panel.y if shared is None else "")
        _draw(axes[i], panel)
        scales.setdefault(panel.y, axes[i])
    for axis in axes:  # when all is drawn: shared scales have their limits
        _log_ticks(axis)
    boxes = [axis.yaxis.get_tightbbox(_renderer()) for axis in axes]
    labels = [math.ceil(-box.x0) if box else 0 for box in boxes]
    each = (width - 2 * EDGE - sum(labels) - apart * (len(panels) - 1)) / len(panels)
    left = EDGE
    for axis, panel, label in zip(axes, panels, labels, strict=True):
        place(axis, left + label, top + legend + heads, each, height)
        write(figure, left + label, top + legend + 2, panel.heading, color=FAINT)
        left += label + each + apart
    return figure


def bars(
    values: dict[str, tuple[np.ndarray, np.ndarray]], colours: Sequence[str], title: str, axis: str, note: str
) -> Figure:
    """A bar for the mean of each (S, N), of S seeds and N images, with its 95 % interval by bootstrap over both, and
    the mean in digits. Beside the numbers the images' groups (N,), which the bootstrap keeps together."""
    bar, bottom = 27, 46
    margin = EDGE + max(text_width(name, TEXT) for name in values) + 12
    figure, top = page(WIDTH, bar * len(values) + bottom, title, note)
    axes = figure.add_axes((0, 0, 1, 1))
    place(axes, margin, top, WIDTH - margin - EDGE, bar * len(values))
    means = np.array([numbers.mean() for numbers, _ in values.values()])
    low, high = np.array([_interval(numbers, groups) for numbers, groups in values.values()]).T
    at = np.arange(len(values))
    axes.barh(at, means, color=list(colours), xerr=(means - low, high - means), ecolor=INK, capsize=2, height=0.68)
    for y, mean, end in zip(at, means, high, strict=True):
        axes.annotate(f"{mean:.4f}", (end, y), (6, 0), textcoords="offset points", va="center", fontsize=SMALL)
    axes.set_yticks(at, list(values), color=INK)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(values) - 0.5, -0.5)
    axes.set_xlim(0, 1.09 * high.max())
    axes.set_xlabel(axis)
    axes.grid(axis="y", visible=False)
    return figure


def _interval(numbers: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Of the mean; of a single group's images nothing is known, and the interval is the mean."""
    if len(np.unique(groups)) < 2:
        return numbers.mean(), numbers.mean()
    return bootstrap.interval(numbers[:, :, None], lambda mean: mean, groups)


def save(figure: Figure, path: Path | str) -> None:
    """Write an RGB PNG that holds nothing but the picture, so that equal pictures are equal bytes."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    save_picture(np.asarray(canvas.buffer_rgba())[..., :3].copy(), path)


def save_picture(picture: np.ndarray, path: Path | str) -> None:
    """Write uint8 (H, W, 1 or 3) as it is, as a PNG."""
    with files.writing(path) as temporary:
        Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(temporary, format="png")


def page(width: int, body: int, title: str, note: str) -> tuple[Figure, int]:
    """A figure `width` pixels wide with its title, room for a body of so many pixels, and its note; where the body
    starts, in pixels from the top, as all that follows counts."""
    titles = _wrapped(title, width - 2 * EDGE, TITLE, "bold")
    notes = _wrapped(note, width - 2 * EDGE, SMALL)
    top = EDGE + 24 * len(titles) + 8
    height = top + body + 10 + 15 * len(notes) + 10
    figure = _sheet(width, height)
    write(figure, EDGE, EDGE, "\n".join(titles), size=TITLE, weight="bold")
    write(figure, EDGE, top + body + 10, "\n".join(notes), size=SMALL, color=FAINT)
    return figure, top


def _sheet(width: int, height: int) -> Figure:
    return Figure(figsize=(width / DPI, height / DPI), dpi=DPI)


def place(axes: Axes, left: float, top: float, width: float, height: float) -> None:
    """Axes where they stand on a page, in pixels."""
    across, down = axes.figure.get_size_inches() * DPI
    axes.set_position((left / across, _up(axes.figure, top + height), width / across, height / down))


def write(figure: Figure, left: float, top: float, text: str, **style: object) -> None:
    """Text on a page, its upper left corner at these pixels unless the style says otherwise."""
    across = figure.get_figwidth() * DPI
    figure.text(left / across, _up(figure, top), text, **{"size": TEXT, "ha": "left", "va": "top"} | style)


def _up(figure: Figure, top: float) -> float:
    """Pixels from the top as matplotlib counts: a share of the height, from the bottom."""
    return 1 - top / (figure.get_figheight() * DPI)


def paste(figure: Figure, picture: np.ndarray, left: int, top: int) -> None:
    """uint8 RGB (H, W, 3) on a page, pixel by pixel."""
    figure.figimage(picture, left, round(figure.get_figheight() * DPI) - top - len(picture))


def tile(rows: Sequence[np.ndarray], side: int) -> np.ndarray:
    """uint8 (K, H, W, C) each -> uint8 RGB, a row each, gaps white."""
    step = side + GAP
    mosaic = np.full((len(rows) * step - GAP, max(map(len, rows)) * step - GAP, 3), 255, np.uint8)
    for r, pictures in enumerate(rows):
        for c, picture in enumerate(pictures):
            mosaic[r * step : r * step + side, c * step : c * step + side] = resized(picture, side)
    return mosaic


def resized(picture: np.ndarray, side: int) -> np.ndarray:
    """uint8 (H, W, C) -> uint8 (side, side, C)."""
    how = Image.Resampling.NEAREST if side >= len(picture) else Image.Resampling.BOX
    channels = [np.asarray(Image.fromarray(c).resize((side, side), how)) for c in np.moveaxis(picture, -1, 0)]
    return np.stack(channels, -1)


def size_note(pictures: np.ndarray, side: int) -> str:
    """What a note says of pictures, uint8 (K, H, W, C), that are not shown as they are; nothing of others."""
    pixels = pictures.shape[1]
    if side < pixels:
        return f"Pictures of {pixels}x{pixels} pixels, shown at {side}x{side}."
    return "" if side == pixels else f"Pictures of {pixels}x{pixels} pixels, enlarged to {side}x{side}."


def _draw(axes: Axes, panel: Panel) -> None:
    for line in panel.lines:
        marker = "o" if len(line.x) <= FEW else None
        axes.plot(line.x, line.y, color=line.colour, linestyle=line.style, marker=marker, markersize=3)
    axes.margins(x=0.03, y=0.06)
    axes.set_xlabel(panel.x)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    axes.set_xlim(left=0)
    axes.set_yscale("log")
    if panel.mark:
        axes.axvline(panel.mark[0], color=MARK[0], linestyle=MARK[1])


def _log_ticks(axes: Axes) -> None:
    """Ticks in plain digits, as many as the scale has room for."""
    low, high = axes.get_ylim()
    decades = math.log10(high / low)
    subs = (1,) if decades > 2 else (1, 2, 5)
    axes.yaxis.set_major_locator(LogLocator(subs=subs) if decades > 0.7 else MaxNLocator(6))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))


@functools.cache
def _renderer() -> RendererAgg:
    return RendererAgg(1, 1, DPI)


def text_width(text: str, size: float, weight: str = "normal") -> int:
    """Pixels that a line of text is wide."""
    font = FontProperties(size=size, weight=weight)
    return math.ceil(_renderer().get_text_width_height_descent(text, font, ismath=False)[0])


def _wrapped(text: str, width: int, size: float, weight: str = "normal") -> list[str]:
    """The lines of a text, none wider than `width` pixels unless one word is."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, weight) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def fitted(line: str, width: int, size: float) -> str:
    """A line of text, without its middle where it is wider than so many pixels."""
    short, left = line, len(line) - 2
    while text_width(short, size) > width and left > 0:
        short, left = f"{line[: left // 2]}…{line[len(line) - left // 2 :]}", left - 1
    return short
