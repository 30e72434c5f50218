"""Draw one paper's figures: `python stages/render.py ray2020`.

Needs data/results/<paper> and metrics/horizon/<paper>.csv; makes figures/<paper>: *.png, and their digests.
"""

from autofaces import figures
from autofaces.core import files, stage


def main(paper: str) -> None:
    table = files.read_csv(f"metrics/horizon/{paper}.csv")
    drawn = figures.draw(paper, figures.read(f"data/results/{paper}"), table)
    with files.writing(f"figures/{paper}") as folder:
        figures.write(paper, drawn, folder)


if __name__ == "__main__":
    stage.run(main)
