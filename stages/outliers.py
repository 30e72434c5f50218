"""How well an experiment's code tells other images from its faces: `python stages/outliers.py kovenko-vae-var1e-2`.

Needs models/<experiment> and the arrays of four data sets; makes metrics/outliers/<experiment>.json, and for figures
and claims data/evaluations/kovenko2020/outliers/<experiment>. A stage of its own: evaluate needs no data set but the
experiment's.
"""

import numpy as np

from autofaces import applications, devices, evaluation, files, models, params, stage
from autofaces.data import arrays

FACES = {
    "lfw": "data/arrays/lfw",
    "anime": "data/arrays/anime",
    "celeba": "data/arrays/celeba",
    "cufs": "data/arrays/cufs",
}


def main(row: str) -> None:
    experiment = params.section(f"experiments.{row}")
    own = experiment.dataset
    if own not in FACES:
        raise files.BadInput(f"outliers@{row}: dataset {own}; expected one of {', '.join(FACES)}")
    device = devices.pick(params.profile("threads"))
    train, test = (
        applications.Part(arrays.load(FACES[own], s), arrays.labels(FACES[own], s)) for s in ("train", "test")
    )
    others = {name: arrays.load(folder, "test") for name, folder in FACES.items() if name != own}
    rows, found, pictures = [], [], {}
    for folder in models.seeds(f"models/{row}"):
        model, config = models.load(folder)
        numbers, values, made = applications.measure(
            ["outliers"], model.to(device), experiment.objective, train, test, others
        )
        rows += evaluation.rows(values, config["training"]["seed"])
        pictures = pictures or made
        found.append(evaluation.means(values) | numbers)
    summary = evaluation.over_seeds(found)
    with files.writing(f"data/evaluations/kovenko2020/outliers/{row}") as folder:
        files.write_json(folder / "metrics.json", summary)
        files.write_csv(folder / "images.csv", rows)
        np.savez(folder / "pictures.npz", **pictures)
    files.write_json(f"metrics/outliers/{row}.json", summary)


if __name__ == "__main__":
    stage.run(main)
