"""python stages/split.py <dataset>: each image's part, group and labels go to data/splits/<dataset>.csv."""

from pathlib import Path

from autofaces import params, stage
from autofaces.data import layouts, splits


def main(key: str) -> None:
    dataset = params.section(f"datasets.{key}")
    seed = params.section("seed")
    rule = params.profile("split").get(key, dataset.split)
    raw = Path(f"data/raw/{dataset.archive}")
    table = layouts.read(params.section(f"archives.{dataset.archive}.layout"), raw)
    table = splits.choose(table, key, rule, params.profile("images"), seed)
    table = splits.inspect(raw, table)
    table = splits.split(table, key, rule, dataset.validation, dataset.test, seed)
    splits.write(Path(f"data/splits/{key}.csv"), table)


if __name__ == "__main__":
    stage.run(main)
