"""The commands on settings and results: check, experiments, summary, claims, verify, compare."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from autofaces.app.options import say
from autofaces.core import files
from autofaces.core.files import BadInput

if TYPE_CHECKING:
    from autofaces.core.params import Params

COLUMNS = {  # of the table of results: name in the metrics file -> heading
    "mse": "mse",
    "psnr_db": "psnr dB",
    "ssim": "ssim",
    "sharpness_ratio": "sharp",
    "sharpness_ratio_coarse": "coarse",
    "gradient_correlation": "detail",
    "grain": "grain",
    "blockiness": "blocks",
    "generalisation_gap": "gap",
}


def check() -> None:
    """Check settings and networks, and name all that is wrong.

    Exit status 1 if anything is. Looked at are params.yaml, what dvc.yaml
    collects, and the files of src/autofaces/networks: each row's network is
    built, and it and the row's objective are tried on two images. Where
    nothing is wrong: what the profile does less of than the papers, and which
    claims that touches; and which local archives are not those that were
    taken, for DVC does not watch them.
    Files of DVC that a kill has cut are mended first.
    """
    from autofaces.app import checks, knobs
    from autofaces.core import params
    from autofaces.pipeline import leftovers

    for line in leftovers.mend():
        say(line)
    settings = params.load()
    wrong = checks.problems(settings)
    if wrong:
        raise BadInput("\n".join([f"{len(wrong)} wrong:", *(f"  {line}" for line in wrong)]))
    say("nothing wrong")
    for line in checks.outdated(settings):
        say(line)
    for line in knobs.lines(settings):
        say(line)


def experiments(
    profile: Annotated[str | None, typer.Option(help="Count parameters and epochs at this profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every setting.")] = False,
) -> None:
    """List every experiment.

    With its paper, dataset, model, objective, parameters and epochs, and
    whether the profile trains it.
    """
    from autofaces.core import params

    settings = params.load()
    name = profile or settings.profile
    if name not in settings.profiles:
        raise BadInput(f"--profile {name}: unknown; known: {', '.join(settings.profiles)}")
    rows = [_experiment(settings, key, name) for key in settings.rows]
    if as_json:
        say(json.dumps(rows, indent=2))
        return
    heads = ("experiment", "paper", "dataset", "model", "objective", "run", "parameters", "epochs", "image passes")
    heads += ("width",)
    table = [[_cell(row[head.replace(" ", "_")]) for head in heads] for row in rows]
    _print_table(heads, table, numbers=6)
    say(f"\nprofile {name}; epochs are those of params.yaml, cut where image passes are capped")
    if settings.ablations:
        run = sum(settings.runs(key, name) for key in settings.ablations)
        say(f"the last {len(settings.ablations)} are ablations, of no paper; this profile trains {run} of them")


def summary() -> None:
    """Print the table of results."""
    from autofaces.core import params

    settings = params.load()
    places = {key: Path("metrics") / f"{key}.json" for key in settings.experiments}
    found = {key: files.read_json(path) for key, path in places.items() if path.exists()}
    if Path("metrics/summary.csv").exists():  # where alone those are that are no paper's
        rows = {row["experiment"]: row for row in files.read_csv("metrics/summary.csv")}
        found |= {key: rows[key] for key in settings.ablations if key in rows}
    if not found:
        raise BadInput("metrics/: no results yet; run `make repro`")
    table = [[key, row["dataset"], *(_digits(row.get(name)) for name in COLUMNS)] for key, row in found.items()]
    _print_table(("experiment", "dataset", *COLUMNS.values()), table, numbers=2)
    source = settings.profiles[settings.profile].source
    say(f"\nprofile {settings.profile} ({source} faces), test images only; docs/metrics.md explains the columns\n")


def claims() -> None:
    """Print the verdict on every claim of the papers.

    And where the report page is.
    """
    path = Path("metrics/claims.json")
    if not path.exists():
        raise BadInput("metrics/claims.json: no claims judged yet; run `make repro`")
    from autofaces.verdicts import judge

    judged = files.read_json(path, list)
    if any("grade" not in found for found in judged):
        raise BadInput(f"{path}: an older version wrote it; run `make repro`")
    for line in judge.lines(judged):
        say(line)
    page = Path("report/index.html")
    if page.exists():
        say(f"\nall of it, with pictures, on one page: {page}")


def verify(
    rev: Annotated[str, typer.Option(metavar="REV", help="Commit to compare with.")] = "HEAD",
    summary: Annotated[bool, typer.Option("--summary", help="Only the last line.")] = False,
) -> None:
    """Compare what was reproduced here with what a commit says.

    Exit status 1 where a verdict or a number has changed.
    """
    from autofaces.pipeline import verify as verifying

    report = verifying.check(rev)
    say(verifying.summary(report) if summary else "\n".join(verifying.lines(report)))
    raise typer.Exit(int(report.changed))


def compare(
    base: Annotated[str, typer.Argument(metavar="REV", help="A commit, or the folder of a checkout.")],
    other: Annotated[str | None, typer.Argument(metavar="REV", help="Another. Default: the workspace.")] = None,
) -> None:
    """Print what moved from one state to another.

    Verdicts, parts of claims across their rule, and rows by their error.

    \b
    Examples:
      autofaces compare HEAD~1
      autofaces compare main ../another-checkout
    """
    from autofaces.pipeline import compare as comparing

    say("\n".join(comparing.between(base, other)))


def _experiment(settings: "Params", key: str, profile: str) -> dict[str, object]:
    from autofaces.core import params
    from autofaces.training import models

    experiment = settings.rows[key]
    dataset = settings.datasets[experiment.dataset]
    size = settings.size(experiment.dataset, profile)
    schedule = params.schedule(settings.papers[experiment.paper].train, experiment)
    scale = settings.profiles[profile].scale.get(experiment.dataset, params.Scale())
    return {
        "experiment": key,
        "paper": experiment.paper,
        "dataset": experiment.dataset,
        "model": experiment.model.name,
        "objective": experiment.objective and experiment.objective.name,
        "parameters": models.size(
            experiment.model.name, size, dataset.channels, scale.width, experiment.model.arguments
        ),
        "epochs": schedule and schedule.epochs,
        "image_passes": scale.image_passes if schedule else None,
        "width": scale.width,
        "arguments": experiment.model.arguments,
        "objective_arguments": experiment.objective and experiment.objective.arguments,
        "train": schedule and schedule.model_dump(exclude_none=True),
        "applications": experiment.applications,
        "ablation": key in settings.ablations,
        "run": settings.runs(key, profile),
    }


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool):
        return "yes" if value else "-"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _digits(value: float | str | None) -> str:
    """A number, or the text of one; "-" where there is none."""
    return "-" if value in (None, "") else f"{float(value):.4g}"


def _print_table(heads: tuple[str, ...], rows: list[list[str]], numbers: int) -> None:
    """Aligned columns, those from index `numbers` on to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (list(heads), *rows):
        cells = [c.rjust(w) if i >= numbers else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        say("  ".join(cells).rstrip())
