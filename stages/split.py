"""python stages/split.py <dataset> <archive>: each image's part, group and labels go to data/splits/<dataset>.csv."""

from pathlib import Path

from autofaces.core import params, stage
from autofaces.data import layouts, provenance, splits


def main(key: str, archive: str) -> None:
    raw = Path(f"data/raw/{archive}")
    seed, images = params.section("seed"), params.profile("images")
    rule = params.profile("split").get(key, params.section(f"datasets.{key}.split"))
    validation, test = params.section(f"datasets.{key}.validation"), params.section(f"datasets.{key}.test")
    layout = params.section(f"archives.{archive}.layout")
    provenance.verify(raw)
    table = layouts.read(layout, raw)
    table = splits.choose(table, key, rule, images, seed)
    table = splits.inspect(raw, table, own=layout == "folder")
    table = splits.split(table, key, rule, validation, test, seed)
    splits.write(Path(f"data/splits/{key}.csv"), table)


if __name__ == "__main__":
    stage.run(main)
