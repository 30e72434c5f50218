"""A paper's figures, drawn as its file says, ours beside its numbers."""

from collections.abc import Mapping
from pathlib import Path

from matplotlib.figure import Figure

from autofaces import papers
from autofaces.core import files
from autofaces.figures import applications, canvas, comparisons, horizons
from autofaces.figures.runs import Runs, measured_at, picked, read

__all__ = ["draw", "read", "write"]

KINDS = {
    papers.Compared: comparisons.compared,
    papers.Errors: comparisons.errors,
    papers.Depths: comparisons.depths,
    papers.Samples: comparisons.samples,
    papers.Sprites: comparisons.sprites,
    papers.Curves: comparisons.curves,
    papers.Use: applications.use,
}


def draw(paper: str, runs: Runs, table: horizons.Table = ()) -> dict[str, Figure]:
    """Every figure of a paper by its file name, from all its rows and the rows of metrics/horizon/<paper>.csv; each
    says what it stands for. BadInput names a row that a figure needs and that is not there."""
    drawn = {}
    for told in papers.figures(paper, [run.config["dataset"] for run in runs.values()]):
        if isinstance(told, papers.Horizon):
            figure = horizons.horizon(told, papers.load(paper).CLAIMS, runs, table)
        else:
            shown = picked(told, paper, runs)
            figure = KINDS[type(told)](told, shown, f"{told.note} {measured_at(shown)}")
        if figure is not None:
            drawn[f"{told.name}.png"] = figure
    return drawn


def write(paper: str, drawn: Mapping[str, Figure], folder: Path) -> None:
    """Make `folder` with a PNG of each figure, and digests.csv, by which `dvc plots diff` tells which have changed."""
    folder.mkdir()
    for name, figure in drawn.items():
        canvas.save(figure, folder / name)
    digests = [{"figure": f"figures/{paper}/{name}", "sha256": files.sha256(folder / name)} for name in sorted(drawn)]
    files.write_csv(folder / "digests.csv", digests)
