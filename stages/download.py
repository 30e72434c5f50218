"""python stages/download.py <archive>: the archive's files, as they are, go to data/raw/<archive>/."""

from pathlib import Path

from autofaces.core import params, stage
from autofaces.data import sources


def main(key: str) -> None:
    sources.obtain(
        key,
        params.section(f"archives.{key}"),
        source=params.profile("source"),
        images=params.profile("images"),
        seed=params.section("seed"),
        data_root=params.section("data_root"),
        folder=Path(f"data/raw/{key}"),
    )


if __name__ == "__main__":
    stage.run(main)
