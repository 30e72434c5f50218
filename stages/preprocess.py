"""python stages/preprocess.py <dataset>: its images, cropped and resized, go to data/arrays/<dataset>/."""

from pathlib import Path

from autofaces import params, stage
from autofaces.data import preprocessing


def main(dataset: str) -> None:
    settings = params.section(f"datasets.{dataset}")
    preprocessing.write(
        raw=Path(f"data/raw/{dataset}"),
        splits=Path(f"data/splits/{dataset}.csv"),
        folder=Path(f"data/arrays/{dataset}"),
        size=settings.size,
        channels=settings.channels,
        crop=settings.crop,
    )


if __name__ == "__main__":
    stage.run(main)
