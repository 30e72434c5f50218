"""python stages/preprocess.py <dataset> <archive>: its images, cropped and resized, go to data/arrays/<dataset>/."""

from pathlib import Path

from autofaces.core import params, stage
from autofaces.data import preprocessing


def main(key: str, archive: str) -> None:
    full_size = params.section(f"datasets.{key}.size")
    preprocessing.write(
        raw=Path(f"data/raw/{archive}"),
        splits=Path(f"data/splits/{key}.csv"),
        folder=Path(f"data/arrays/{key}"),
        size=params.profile("size").get(key, full_size),
        channels=params.section(f"datasets.{key}.channels"),
        crop=params.section(f"datasets.{key}.crop"),
        profile=params.section("profile"),
        full_size=full_size,
        official_images=params.section(f"archives.{archive}.images"),
    )


if __name__ == "__main__":
    stage.run(main)
