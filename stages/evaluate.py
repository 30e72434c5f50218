"""Measure one row on its test images: `python stages/evaluate.py ray-stacked`.

Needs models/<row> and data/arrays/<dataset>; makes metrics/<row>.json, the means over images and seeds, and
data/evaluations/<row>.zip, which claims and figures read: every image's values, pictures, and the history.
"""

from autofaces.core import files, stage
from autofaces.evaluation import measure
from autofaces.training import models


def main(key: str) -> None:
    dataset = models.config(f"models/{key}")["dataset"]
    with files.packing(f"data/evaluations/{key}.zip") as folder:
        summary = measure.row(f"models/{key}", f"data/arrays/{dataset}", folder)
    files.write_json(f"metrics/{key}.json", summary)


if __name__ == "__main__":
    stage.run(main)
