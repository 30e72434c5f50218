"""Gather what was measured of all rows: `python stages/collect.py`.

Needs data/evaluations/<row>.zip and data/outliers/<row>.zip, those that dvc.yaml names for this stage; makes
data/results/<paper>/<row>, metrics/summary.csv, and metrics/curves.csv, for `dvc plots`.
"""

from autofaces.core import files, stage
from autofaces.evaluation.collect import collect


def main() -> None:
    needed = stage.dependencies("collect")
    rows = [path for path in needed if path.startswith("data/evaluations/")]
    outliers = [path for path in needed if path.startswith("data/outliers/")]
    with files.writing("data/results") as folder:
        summary, curves = collect(rows, outliers, folder)
    files.write_csv("metrics/summary.csv", summary)
    files.write_csv("metrics/curves.csv", curves)


if __name__ == "__main__":
    stage.run(main)
