"""Train one row, with every seed of the profile: `python stages/train.py ray-stacked`.

Needs data/arrays/<dataset>; makes models/<row>: weights, config, history and horizon (what it made of validation
images on its way) of the first seed, others in seed-<n>. Of an ablation that the profile leaves out there is only a
config, which says so.
"""

from autofaces.core import files, params, stage


def main(key: str) -> None:
    experiment = params.row(key)
    if not params.runs(key):
        with files.writing(f"models/{key}") as folder:
            files.write_json(folder / "config.json", {"experiment": key, "paper": experiment.paper, "not_run": True})
        return
    from autofaces.training import devices, ranks, rows  # only here: torch takes seconds to import

    shared = params.section(f"papers.{experiment.paper}.train")
    schedule = params.schedule(shared, experiment)
    scale, smallest = params.profile(f"scale.{experiment.dataset}"), params.section("smallest_batch")
    if schedule and (processes := ranks.wanted(schedule.batch(scale.batch, smallest))) > 1:
        ranks.launch(processes)  # this very stage, on each of several GPUs
        return
    precision = params.profile("precision") if shared and shared.bfloat16 else "float32"
    machine = devices.pick(params.profile("threads"), precision)
    seeds, data = params.profile("seeds"), f"data/arrays/{experiment.dataset}"
    with ranks.group(machine.device), ranks.writing(f"models/{key}") as folder:
        more = {"smallest_batch": smallest, "ablation": params.is_ablation(key)}
        rows.train(key, experiment, schedule, scale, seeds, machine, data, folder, **more)


if __name__ == "__main__":
    stage.run(main)
