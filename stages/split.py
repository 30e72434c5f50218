"""python stages/split.py <dataset>: each image's part, group and labels go to data/splits/<dataset>.csv."""

from pathlib import Path

from autofaces import params, stage
from autofaces.data import layouts, splits


def main(dataset: str) -> None:
    settings = params.section(f"datasets.{dataset}")
    seed = params.section("seed")
    rule = params.profile("split").get(dataset, settings.split)
    raw = Path(f"data/raw/{dataset}")
    table = layouts.read(settings.layout, raw)
    table = splits.choose(table, rule, params.profile("images"), seed)
    table = splits.inspect(raw, table)
    table = splits.split(table, dataset, rule, settings.validation, settings.test, seed)
    splits.write(Path(f"data/splits/{dataset}.csv"), table)


if __name__ == "__main__":
    stage.run(main)
