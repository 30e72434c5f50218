"""The report: one page that opens from disk without a network, with what was asked, what was found, and at what scale.

The page is the same bytes for the same results on the same machine: nothing in it depends on time or place.
"""

import base64
import csv
import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autofaces import files
from autofaces.claims import NOT_RUN, VERDICTS
from autofaces.params import Experiment, Profile
from autofaces.report import papers, scatter, tables
from autofaces.report.playground import Playground

HERE = Path(__file__).parent
ORDER = [VERDICTS[True], VERDICTS[False], VERDICTS[None], NOT_RUN]
# of a verdict: its sign, which tells it without colour, and the class that colours it
BADGES = {
    VERDICTS[True]: ("✓", "yes"),
    VERDICTS[False]: ("✗", "no"),
    VERDICTS[None]: ("≈", "open"),
    NOT_RUN: ("–", "none"),
}
SMALL = ("○", "small")  # of a verdict that is a profile's name: its scale decides nothing
FACES_ARE = {
    "synthetic": "synthetic faces, drawn by the program",
    "local": "real faces, from local archives",
    "official": "real faces, from the official archives",
}


class Settings(NamedTuple):
    """What params.yaml says of the results."""

    experiments: Mapping[str, Experiment]
    profiles: Mapping[str, Profile]
    seed: int  # of synthetic faces and splits


def read_claims(path: Path | str) -> list[dict[str, Any]]:
    """What claims.py found, a claim's parts behind it; none where the file is absent. BadInput where it is not that."""
    path = Path(path)
    if not path.exists():
        return []
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        needed = {"id", "paper", "place", "claim", "why", "effect", "interval", "rule", "verdict", "scale", "missing"}
        if any(needed - set(claim) for claim in found):
            raise ValueError(f"not every claim has {', '.join(sorted(needed))}")
    except (ValueError, TypeError) as error:
        raise files.BadInput(f"{path}: not a list of claims ({error}); run `dvc repro --force claims`") from None
    return found


def read_rows(path: Path | str) -> dict[str, dict[str, str]]:
    """The rows of summary.csv by experiment, numbers as text, "" where there is none; none where the file is absent."""
    path = Path(path)
    if not path.exists():
        return {}
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if any("experiment" not in row or None in row.values() for row in rows):
        raise files.BadInput(f"{path}: not a row per experiment; run `dvc repro --force claims`")
    return {row["experiment"]: row for row in rows}


def page(
    claims: Sequence[Mapping[str, Any]],
    rows: Mapping[str, Mapping[str, str]],
    figures: Mapping[str, Path | str],
    played: Playground | None,
    settings: Settings,
) -> str:
    """The page as HTML. `claims` and `rows` as `read_claims` and `read_rows` give them, `figures` the folder of each
    paper's PNG files, by its key; whatever is not there is left out, and the page says so."""
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
    verdicts = Counter(group.verdict for group in groups)
    names = sorted(verdicts, key=lambda v: (ORDER.index(v) if v in ORDER else -1, v))
    sections = [
        {
            "paper": paper,
            "claims": [group for group in groups if group.paper == paper.key],
            "numbers": [tables.beside(numbers, rows, claims, settings.profiles) for numbers in paper.numbers],
            "figures": _figures(paper.key, Path(figures[paper.key])) if paper.key in figures else [],
        }
        for paper in papers.PAPERS
    ]
    return environment.get_template("page.html.jinja").render(
        sections=sections,
        verdicts=[(name, verdicts[name]) for name in names],
        total=len(groups),
        small=[name for name in names if name not in BADGES],
        judged=any(group.verdict in VERDICTS.values() and group.scale for group in groups),
        badge=lambda verdict: BADGES.get(verdict, SMALL),
        profiles=_profiles(rows, settings.profiles),
        rows=rows,
        not_run=[key for key in settings.experiments if key not in rows] if rows else [],
        columns=tables.columns(rows),
        recipes={key: tables.recipe(settings.experiments[key]) for key in rows if key in settings.experiments},
        charts=scatter.charts(rows),
        kinds=scatter.KINDS,
        datasets=tables.datasets(rows, settings.profiles),
        precisions=sorted({row["precision"] for row in rows.values() if row.get("precision")}),
        settings=settings,
        versions={
            "Python": platform.python_version(),
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


def _profiles(rows: Mapping[str, Mapping[str, str]], profiles: Mapping[str, Profile]) -> list[dict[str, Any]]:
    """The profiles that rows were measured at, in words."""
    found = []
    for name in dict.fromkeys(row["profile"] for row in rows.values()):
        profile = profiles.get(name)
        found.append(
            {
                "name": name,
                "faces": FACES_ARE[profile.source] if profile else "faces of a source that is no longer known",
                "seeds": ", ".join(map(str, profile.seeds)) if profile else "",
            }
        )
    return found


def _figures(paper: str, folder: Path) -> list[dict[str, Any]]:
    """A paper's PNG files, those that papers.py describes first and in its order."""
    described = list(papers.FIGURES.get(paper, {}))
    names = sorted(path.stem for path in folder.glob("*.png"))
    names.sort(key=lambda name: described.index(name) if name in described else len(described))
    found = []
    for name in names:
        content = (folder / f"{name}.png").read_bytes()
        caption, words = papers.figure(paper, name)
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
