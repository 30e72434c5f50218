"""Measure one row on its test images: `python stages/evaluate.py ray-stacked`.

Needs models/<row> and data/arrays/<dataset>; makes data/evaluations/<row>.zip, which claims and figures read: tables,
pictures, and the history; and, unless the row is an ablation, metrics/<row>.json, the means over images and seeds. Of
an ablation that the profile leaves out the zip has the config alone.
"""

from autofaces.core import files, stage
from autofaces.evaluation import tables


def main(key: str) -> None:
    with files.packing(f"data/evaluations/{key}.zip") as folder:
        if tables.left_out(f"models/{key}", folder):
            return
        from autofaces.evaluation import measure  # only here: torch takes seconds to import
        from autofaces.training import models

        config = models.config(f"models/{key}")
        dataset = config["dataset"]
        summary = measure.row(f"models/{key}", f"data/arrays/{dataset}", folder)
    if not config["ablation"]:
        files.write_json(f"metrics/{key}.json", summary)


if __name__ == "__main__":
    stage.run(main)
