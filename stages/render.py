"""Draw one paper's figures and collect its curves: `python stages/render.py ray2020`.

Needs data/evaluations/<paper>; makes figures/<paper>/*.png and metrics/curves/<paper>.csv.
"""

from autofaces import drawing, figures, files, params, stage


def main(paper: str) -> None:
    experiments = {k: e for k, e in params.section("experiments").items() if e.paper == paper}
    runs = {k: figures.run(f"data/evaluations/{paper}/{k}", e) for k, e in experiments.items()}
    drawn = figures.draw(paper, runs, params.section("profile"), params.profile("source"))
    with files.writing(f"figures/{paper}") as folder:
        for name, figure in drawn.items():
            drawing.save(figure, folder / name)
    files.write_csv(f"metrics/curves/{paper}.csv", figures.curve_rows(runs))


if __name__ == "__main__":
    stage.run(main)
