"""Draw one paper's figures and collect its curves: `python stages/render.py ray2020`.

Needs models/<experiment>/history.csv and data/samples/<experiment>.npz of the paper's experiments; makes
figures/<paper>/*.png and metrics/curves/<paper>.csv.
"""

import numpy as np
import pandas as pd

from autofaces import figures, files, params, stage


def main(paper: str) -> None:
    rows = {k: e for k, e in params.section("experiments").items() if e.paper == paper}
    runs, tables = {}, []
    for key, experiment in rows.items():
        history = pd.read_csv(f"models/{key}/history.csv")
        with np.load(f"data/samples/{key}.npz") as samples:
            runs[key] = figures.Run(key, experiment, dict(samples), history)
        tables.append(history.assign(experiment=key))
    scale = figures.scale(params.section("profile"), params.profile("source"), runs.values())
    with files.writing(f"figures/{paper}") as folder:
        for name, figure in figures.draw(paper, runs, scale).items():
            figures.save(figure, folder / name)
    columns = ["experiment", "epoch", "step", "train_loss", "validation_loss", "validation_mse"]
    files.write_csv(f"metrics/curves/{paper}.csv", pd.concat(tables)[columns].to_dict("records"))


if __name__ == "__main__":
    stage.run(main)
