"""python stages/preprocess.py <dataset>: its images, cropped and resized, go to data/arrays/<dataset>/."""

from pathlib import Path

from autofaces import params, stage
from autofaces.data import preprocessing


def main(key: str) -> None:
    dataset = params.section(f"datasets.{key}")
    preprocessing.write(
        raw=Path(f"data/raw/{dataset.archive}"),
        splits=Path(f"data/splits/{key}.csv"),
        folder=Path(f"data/arrays/{key}"),
        size=dataset.size,
        channels=dataset.channels,
        crop=dataset.crop,
    )


if __name__ == "__main__":
    stage.run(main)
