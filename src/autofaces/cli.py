"""The command line: `autofaces --help`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from autofaces import files, params

app = typer.Typer(add_completion=True, no_args_is_help=True, help="Autoencoder papers on face images, re-tested.")

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


@app.command()
def check() -> None:
    """Check params.yaml: exit status 1 and every wrong key, if any is wrong."""
    _settings()


@app.command()
def experiments(
    profile: Annotated[str | None, typer.Option(help="Count parameters and epochs at this profile.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, with every setting.")] = False,
) -> None:
    """List every experiment: key, paper, dataset, model, objective, parameters, epochs."""
    settings = _settings()
    name = profile or settings.profile
    if name not in settings.profiles:
        _refuse(f"--profile {name}: unknown; known: {', '.join(settings.profiles)}")
    rows = [_experiment(settings, key, settings.profiles[name]) for key in settings.experiments]
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    heads = ("experiment", "paper", "dataset", "model", "objective", "parameters", "epochs", "image passes")
    table = [[_cell(row[head.replace(" ", "_")]) for head in heads] for row in rows]
    _print_table(heads, table, numbers=5)
    typer.echo(
        f"\nprofile {name}: width {settings.profiles[name].width}; epochs are the papers' own, cut where "
        "image passes are capped"
    )


@app.command()
def summary() -> None:
    """Print the table of results, and where the figures are."""
    settings = _settings()
    table = []
    for key in settings.experiments:
        path = Path("metrics") / f"{key}.json"
        if path.exists():
            metrics = json.loads(path.read_text(encoding="utf-8"))
            table.append([key, metrics["dataset"], *(f"{metrics[name]:.4g}" for name in COLUMNS)])
    if not table:
        _refuse("metrics/: no results yet; run `make repro`")
    _print_table(("experiment", "dataset", *COLUMNS.values()), table, numbers=2)
    source = settings.profiles[settings.profile].source
    typer.echo(f"\nprofile {settings.profile} ({source} faces), test images only; see README.md for the columns")
    for path in sorted(Path("figures").glob("*/*.png")):
        typer.echo(f"  {path}")


@app.command("claims")
def print_claims() -> None:
    """Print every claim of the papers: effect, 95 % interval, rule, and whether it is reproduced."""
    path = Path("metrics/claims.json")
    if not path.exists():
        _refuse("metrics/claims.json: no claims judged yet; run `make repro`")
    from autofaces import claims  # scipy takes half a second to import: only where it is needed

    for line in claims.lines(json.loads(path.read_text(encoding="utf-8"))):
        typer.echo(line)


def _experiment(settings: params.Params, key: str, profile: params.Profile) -> dict[str, object]:
    from autofaces import models  # torch takes a second to import: only where it is needed

    experiment = settings.experiments[key]
    dataset = settings.datasets[experiment.dataset]
    schedule = experiment.train
    return {
        "experiment": key,
        "paper": experiment.paper,
        "dataset": experiment.dataset,
        "model": experiment.model.name,
        "objective": experiment.objective and experiment.objective.name,
        "parameters": models.size(
            experiment.model.name, dataset.size, dataset.channels, profile.width, experiment.model.arguments
        ),
        "epochs": schedule and schedule.epochs,
        "image_passes": profile.image_passes.get(experiment.dataset) if schedule else None,
        "arguments": experiment.model.arguments,
        "objective_arguments": experiment.objective and experiment.objective.arguments,
        "train": schedule and schedule.model_dump(exclude_none=True),
    }


def _cell(value: object) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)


def _print_table(heads: tuple[str, ...], rows: list[list[str]], numbers: int) -> None:
    """Aligned columns, those from index `numbers` on to the right."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (list(heads), *rows):
        cells = [c.rjust(w) if i >= numbers else c.ljust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))]
        typer.echo("  ".join(cells).rstrip())


def _settings() -> params.Params:
    try:
        return params.load()
    except files.BadInput as error:
        _refuse(str(error))


def _refuse(message: str) -> None:
    typer.echo(f"error: {message}", err=True)
    raise typer.Exit(1)


if __name__ == "__main__":
    app()
