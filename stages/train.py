"""Train one row, with every seed of the profile: `python stages/train.py ray-stacked`.

Needs data/arrays/<dataset>; makes models/<row>: weights, config and history of the first seed, others in seed-<n>.
"""

from autofaces.core import files, params, stage
from autofaces.training import devices, rows


def main(key: str) -> None:
    experiment = params.section(f"experiments.{key}")
    schedule = params.schedule(params.section(f"papers.{experiment.paper}.train"), experiment)
    scale = params.profile(f"scale.{experiment.dataset}")
    machine = devices.pick(params.profile("threads"), params.profile("precision"))
    seeds, data = params.profile("seeds"), f"data/arrays/{experiment.dataset}"
    with files.writing(f"models/{key}") as folder:
        rows.train(key, experiment, schedule, scale, seeds, machine, data, folder)


if __name__ == "__main__":
    stage.run(main)
