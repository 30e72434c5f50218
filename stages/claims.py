"""Judge every claim of the papers: `python stages/claims.py`.

Needs data/evaluations/<paper>/<experiment>; makes metrics/claims.json and metrics/summary.csv, a row per experiment.
"""

from autofaces import claims, files, params, stage


def main() -> None:
    experiments = params.section("experiments")
    rows = claims.load({key: f"data/evaluations/{e.paper}/{key}" for key, e in experiments.items()})
    files.write_json("metrics/claims.json", claims.judge(rows, params.section("profiles")))
    files.write_csv("metrics/summary.csv", claims.summary(rows))


if __name__ == "__main__":
    stage.run(main)
