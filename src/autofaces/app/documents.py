"""Blocks of README.md, CONTRIBUTING.md and docs/ that are made: `python -m autofaces.app.documents [--check]`.

A block stands between <!-- begin NAME --> and <!-- end NAME -->. What is in it is what the function of that name in
BLOCKS returns, made from settings, papers, results and the commands' own help. `make docs` writes the blocks, `make
check` fails where one is not what it would write.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import typer.main
import yaml

from autofaces.app import findings
from autofaces.app.findings import table
from autofaces.core import files, params
from autofaces.core.files import BadInput

BLOCK = re.compile(r"^<!-- begin ([a-z-]+) -->\n(.*?)^<!-- end \1 -->$", re.DOTALL | re.MULTILINE)
MARK = re.compile(r"^<!-- (?:begin|end) ([a-z-]+) -->$", re.MULTILINE)
TOP = re.compile(r"\]\(top:([^)#]*)")  # a link from the project's top folder
WIDTH = 100  # characters of a command's help
ALL = {True: "all", False: "none"}
MB = 1_000_000
MORE = {  # pages that README.md links where they are there
    "docs/scaling.md": "many GPUs and machines, and what changes at a thousand times the size",
    "docs/faults.md": "what was tried against it: kills, full disks, damaged files, hostile input",
    "benchmarks/RESULTS.md": "how fast it is, beside other programs",
    "pretrained/README.md": "the small models that come with the repository",
    "docs/design.md": "the rooms of the code, and why things are as they are",
    "docs/metrics.md": "what each number means",
    "docs/troubleshooting.md": "where something stops",
    "CHANGELOG.md": "what changed",
    "CITATION.cff": "how to cite",
}


def pages() -> list[Path]:
    """The texts that may have blocks."""
    return [Path("README.md"), Path("CONTRIBUTING.md"), *sorted(Path("docs").glob("*.md"))]


def filled(page: Path, text: str) -> str:
    """A page's text with every block as it should be. BadInput where a mark is of no block, or has no other end."""
    whole = [name for name, _ in BLOCK.findall(text) for _ in range(2)]
    for name in MARK.findall(text):
        if name not in BLOCKS:
            raise BadInput(f"{page}: block {name}: unknown; known: {', '.join(BLOCKS)}")
        if name not in whole:
            raise BadInput(f"{page}: block {name}: expected <!-- begin {name} --> and, below it, <!-- end {name} -->")
    return BLOCK.sub(lambda found: _block(page, found[1]), text)


def main(arguments: list[str] | None = None) -> None:
    """Write the blocks; with --check only say which differ, and exit with status 1 where one does."""
    parser = argparse.ArgumentParser(description="Write the blocks of README.md, CONTRIBUTING.md and docs/.")
    parser.add_argument("--check", action="store_true", help="write nothing, fail where a block differs")
    check = parser.parse_args(arguments).check
    try:
        for line in _done(check):
            print(line)
    except BadInput as error:
        sys.exit(f"error: {error}")


def _done(check: bool) -> Iterator[str]:
    stale = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        right = filled(page, text)
        if text == right:
            continue
        names = [a for (a, was), (_, now) in zip(BLOCK.findall(text), BLOCK.findall(right), strict=True) if was != now]
        stale.append(f"{page}: {', '.join(names)}")
        if not check:
            with files.writing(page) as temporary:
                temporary.write_text(right, encoding="utf-8")
            yield f"{stale[-1]}: written"
    if check and stale:
        raise BadInput("\n".join(["blocks that are not as results and settings have them:", *stale, "run `make docs`"]))


def _block(page: Path, name: str) -> str:
    made = TOP.sub(lambda link: f"]({os.path.relpath(link[1], page.parent)}", BLOCKS[name]())
    return f"<!-- begin {name} -->\n{made}\n<!-- end {name} -->"


def start() -> str:
    """What the first two commands take, and what they end with."""
    measured = _measured()
    setup, repro = measured["setup"], measured["repro"]
    settings = params.load()
    return table(
        ("command", "time", "disk", "ends with"),
        [
            [
                "`make setup`",
                f"{setup['minutes']} min",
                f"{setup['disk_gb']} GB",
                "all packages in `.venv`; [why so much, and how to need less](top:docs/troubleshooting.md#disk)",
            ],
            [
                "`make repro`",
                f"{repro['minutes']} min ({measured['machine']})",
                f"{repro['disk_gb']} GB",
                f"{len(settings.experiments)} trained networks, the verdicts in the terminal, and all of it with "
                "pictures on one page, `report/index.html`",
            ],
        ],
    )


def more() -> str:
    """The pages that there are beside README.md."""
    return "\n".join(f"- [{page}](top:{page}): {what}" for page, what in MORE.items() if Path(page).exists())


def setup() -> str:
    """What `make setup` takes."""
    its = _measured()["setup"]
    return f"`make setup` needs {its['disk_gb']} GB of disk."


def own() -> str:
    """What a row on one's own photos takes."""
    its = _measured()["own"]
    return f"On {its['images']} photos this takes {its['cpu_seconds']} seconds of one processor."


def commands() -> str:
    """The help of every command of `autofaces`."""
    from autofaces.app.cli import app  # imports what findings does not need

    lines = []
    for name, command in typer.main.get_command(app).commands.items():
        context = command.context_class(
            command, info_name=f"autofaces {name}", max_content_width=WIDTH, terminal_width=WIDTH
        )
        lines += [f"### {name}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    return "\n".join(line.rstrip() for line in "\n".join(lines).rstrip().splitlines())


def make() -> str:
    """The targets of the Makefile."""
    found = re.findall(r"^([a-z]+):.*## (.*)$", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return table(("target", ""), [[f"`make {name}`", text] for name, text in found])


def stages() -> str:
    """The stages of dvc.yaml, as `dvc stage list` has them."""
    found = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return table(
        ("stage", "what it does"),
        [[f"`{_stage(name, its)}`", its.get("do", its)["desc"]] for name, its in found.items()],
    )


def datasets() -> str:
    """The data sets of params.yaml."""
    settings = params.load()
    crops = {"square": "largest centred square", "whole": "all of it"}
    return table(
        ("data set", "archive", "images, as published", "side", "channels", "used of an image", "split"),
        [
            [
                f"`{key}`",
                f"`{its.archive}`",
                _count(settings.archives[its.archive].images),
                str(its.size),
                str(its.channels),
                crops.get(its.crop, f"{its.crop} centred pixels"),
                its.split,
            ]
            for key, its in settings.datasets.items()
        ],
    )


def archives() -> str:
    """The official files of each archive."""
    rows = [
        [f"`{key}/`", f"`{name}`", f"{file.bytes / MB:,.0f} MB" if file.bytes else "", "yes" if file.sha256 else "no"]
        for key, archive in params.load().archives.items()
        for name, file in archive.files.items()
    ]
    return table(("folder", "file", "size", "checksum known"), rows)


def profiles() -> str:
    """The profiles of params.yaml."""
    found = []
    for key, its in params.load().profiles.items():
        scale = [f"{name}: {_knobs(one)}" for name, one in its.scale.items() if _knobs(one)]
        scale += [f"{name}: {side} pixels a side" for name, side in its.size.items()]
        run = ALL[its.ablations] if isinstance(its.ablations, bool) else str(len(its.ablations))
        found.append(
            [
                f"`{key}`",
                its.source,
                _count(its.images, "all"),
                str(its.seeds),
                run,
                "; ".join(scale) or "as in the papers",
            ]
        )
    return table(
        ("profile", "faces", "images of a data set, at most", "seeds", "ablations", "less than in the papers"), found
    )


def columns() -> str:
    """The numbers of a row, as the page explains them."""
    from autofaces.report import tables

    return table(
        ("in metrics/*.json", "on the page", "what it is"),
        [[f"`{column.key}`", column.short, column.meaning] for column in tables.COLUMNS],
    )


BLOCKS: dict[str, Callable[[], str]] = {
    "start": start,
    "more": more,
    "setup": setup,
    "own": own,
    "commands": commands,
    "make": make,
    "stages": stages,
    "datasets": datasets,
    "archives": archives,
    "profiles": profiles,
    "columns": columns,
    "counts": findings.counts,
    "lead": findings.lead,
    "findings": findings.findings,
    "tally": findings.tally,
    "verdicts": findings.verdicts,
    "not-run": findings.not_run,
    "rows": findings.rows,
    "demo": findings.demo,
    "demo-claims": findings.demo_claims,
    "demo-rows": findings.demo_rows,
    "claims": findings.claims,
    "judging": findings.judging,
}


def _measured() -> dict[str, Any]:
    return yaml.safe_load(Path("docs/measured.yaml").read_text(encoding="utf-8"))


def _stage(name: str, its: Mapping[str, Any]) -> str:
    if "foreach" not in its:
        return name
    return (
        f"{name}@<{str(its['foreach']).strip('${}').removesuffix('s') if isinstance(its['foreach'], str) else 'row'}>"
    )


def _knobs(scale: params.Scale) -> str:
    told = [f"{scale.image_passes:,} images seen"] if scale.image_passes else []
    return ", ".join(
        told + [f"{name} × {getattr(scale, name):g}" for name in ("batch", "width") if getattr(scale, name) < 1]
    )


def _count(number: int | None, none: str = "not known") -> str:
    return none if number is None else f"{number:,}"


if __name__ == "__main__":
    main()
