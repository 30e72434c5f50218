"""How well a row's code tells other images from its faces: `python stages/outliers.py kovenko-vae-var1e-2`.

Needs models/<row> and the arrays of four data sets; makes metrics/outliers/<row>.json, and data/outliers/<row>.zip,
which claims and figures read. A stage of its own: evaluate needs no data set but the row's.
"""

from autofaces.core import files, stage
from autofaces.evaluation import measure
from autofaces.training import models

FACES = {
    "lfw": "data/arrays/lfw",
    "anime": "data/arrays/anime",
    "celeba": "data/arrays/celeba",
    "cufs": "data/arrays/cufs",
}


def main(row: str) -> None:
    own = models.config(f"models/{row}")["dataset"]
    with files.packing(f"data/outliers/{row}.zip") as folder:
        summary = measure.outliers(f"models/{row}", own, FACES, folder)
    files.write_json(f"metrics/outliers/{row}.json", summary)


if __name__ == "__main__":
    stage.run(main)
