"""The report: one page that opens from disk without a network, with what was asked, what was found, and at what scale.

The page is the same bytes for the same results on the same machine: nothing in it depends on time or place.
"""

import base64
import json
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autofaces import papers
from autofaces.core import files
from autofaces.report import scatter, sparks, tables
from autofaces.report.sparks import Horizons
from autofaces.report.tables import Recipes, Rows
from autofaces.verdicts import scale, wording
from autofaces.verdicts.wording import FAILS, HOLDS, NOT_RUN, OPEN, words

if TYPE_CHECKING:
    from autofaces.report.playground import Playground

HERE = Path(__file__).parent
BADGES = {HOLDS: ("✓", "yes"), FAILS: ("✗", "no"), OPEN: ("≈", "open"), NOT_RUN: ("–", "none")}  # sign, CSS class
CLAIM = {"id", "paper", "place", "claim", "why", "experiments", "effect", "interval", "rule", "verdict", "grade"}
CLAIM |= {"shares", "reason", "missing", "turns"}


def read_claims(path: Path | str) -> list[dict[str, Any]]:
    """What claims.py found, a claim's parts behind it; none where the file is absent. BadInput where it is not that."""
    path = Path(path)
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if any(CLAIM - set(claim) for claim in found):
            raise ValueError(f"not every claim has {', '.join(sorted(CLAIM))}")
    except (ValueError, TypeError) as error:
        raise files.BadInput(f"{path}: not a list of claims ({error}); run `dvc repro --force claims`") from None
    return found


def read_rows(path: Path | str) -> dict[str, dict[str, str]]:
    """The rows of summary.csv by experiment, numbers as text, "" where there is none; none where the file is absent."""
    rows = files.read_csv(path) if Path(path).exists() else []
    if any("experiment" not in row or None in row.values() for row in rows):
        raise files.BadInput(f"{path}: not a row per experiment; run `dvc repro --force collect`")
    return {row["experiment"]: row for row in rows}


def read_recipes(results: Path | str) -> dict[str, dict[str, Any]]:
    """The config.json of every experiment that has a folder in data/results; none where that is absent."""
    found = sorted(Path(results).glob("*/*/config.json"))
    return {path.parent.name: files.read_json(path) for path in found}


def page(
    claims: Sequence[Mapping[str, Any]],
    rows: Rows,
    recipes: Recipes,
    figures: Path | str,
    played: "Playground | None",
    seed: int,
    horizons: Horizons,
) -> str:
    """The page as HTML. `claims`, `rows` and `recipes` as the functions above give them, `figures` the folder that has
    a folder of PNG files for each paper, `seed` that of synthetic faces and splits, `horizons` as `sparks.read` gives
    them; whatever is not there is left out, and the page says so."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"uri": _uri, "number": tables.number, "plain": tables.plain}
    groups = tables.claim_groups(claims)
    grades = [
        grade
        for grade in (scale.PAPER, scale.REDUCED, scale.SYNTHETIC)
        if any(group.grade == grade for group in groups)
    ]
    found = _papers(rows)
    sections = [
        {
            "key": key,
            "paper": file.PAPER,
            "claiming": bool(file.CLAIMS),
            "claims": [group for group in groups if group.paper == key],
            "numbers": [tables.beside(numbers, rows, claims) for numbers in file.PAPER.numbers],
            "figures": _figures(key, Path(figures) / key, rows),
        }
        for key, file in found.items()
    ]
    return environment.get_template("page.html.jinja").render(
        sections=sections,
        tallies=wording.tallies(claims),
        grades=grades or [scale.PAPER],
        badges=BADGES,
        words=words,
        HOLDS=HOLDS,
        FAILS=FAILS,
        OPEN=OPEN,
        NOT_RUN=NOT_RUN,
        sparks=sparks.draw(horizons, [claim for file in found.values() for claim in file.CLAIMS], tables.EFFECT),
        profiles=_profiles(rows, recipes),
        rows=rows,
        columns=tables.columns(rows),
        recipes={key: tables.recipe(recipes[key]) for key in rows if key in recipes},
        charts=scatter.charts(rows),
        kinds=scatter.kinds({key: file.PAPER for key, file in found.items()}),
        datasets=tables.datasets(rows, recipes),
        precisions=sorted({row["precision"] for row in rows.values() if row.get("precision")}),
        seed=seed,
        versions={
            "Python": ".".join(platform.python_version_tuple()[:2]),  # not the patch: it changes no number
            "PyTorch": version("torch"),
            "NumPy": version("numpy"),
            "processor": platform.machine(),
        },
        play=played,
        play_json=_json(played.data) if played else None,
        style=_source("page.css"),
        script=_source("page.js"),
        play_script=_source("playground.js"),
        decoder_script=_source("decoder.js"),
    )


def _papers(rows: Rows) -> dict[str, ModuleType]:
    """The papers' files: those that rows are of, in the order of the rows, and those whose claims wait for rows."""
    return {key: papers.load(key) for key in papers.ordered(row["paper"] for row in rows.values())}


def _profiles(rows: Rows, recipes: Recipes) -> list[dict[str, Any]]:
    """The profiles that rows were measured at, in words."""
    found = []
    for name in dict.fromkeys(row["profile"] for row in rows.values()):
        of = [key for key, row in rows.items() if row["profile"] == name]
        faces = dict.fromkeys(scale.FACES_ARE[recipes[key]["faces"]] for key in of if key in recipes)
        seeds = max(int(rows[key].get("seeds") or 0) for key in of)
        found.append(
            {
                "name": name,
                "faces": "; ".join(faces) or "faces of a source that is not known",
                "seeds": ", ".join(map(str, range(seeds))),
            }
        )
    return found


def _figures(paper: str, folder: Path, rows: Rows) -> list[dict[str, Any]]:
    """A paper's PNG files, those that its file describes first and in its order."""
    datasets = [row["dataset"] for row in rows.values() if row["paper"] == paper]
    described = {
        figure.name: (figure.caption or figure.title, figure.alt) for figure in papers.figures(paper, datasets)
    }
    there = sorted(path.stem for path in folder.glob("*.png"))
    found = []
    for name in dict.fromkeys([*(name for name in described if name in there), *there]):
        content = (folder / f"{name}.png").read_bytes()
        title = name.replace("-", " ").replace("_", " ").capitalize()
        caption, words = described.get(name, (title, f"{title}, a figure of our results for {paper}."))
        width, height = (int.from_bytes(content[at : at + 4]) for at in (16, 20))  # of the PNG's header
        found.append({"caption": caption, "alt": words, "png": content, "width": width, "height": height})
    return found


def _uri(content: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"


def _source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _json(value: object) -> str:
    """JSON that may stand in a script element: no < that could end it."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
