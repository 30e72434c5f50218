"""Judge every claim of the papers: `python stages/claims.py`.

Needs data/results; makes metrics/claims.json, metrics/verdicts.json, each effect by its claim, and metrics/horizon, by
paper: how the effects went on over the training.
"""

from threadpoolctl import threadpool_limits

from autofaces import papers
from autofaces.core import files, params, stage
from autofaces.verdicts import horizon, judge, results


def main() -> None:
    claims = {key: papers.load(key).CLAIMS for key in papers.ordered(params.section("papers"))}
    rows = results.load("data/results")
    with threadpool_limits(1), files.writing("metrics/horizon") as folder:  # so small that threads wait for each other
        judged = judge.judge(claims, rows, results.not_run("data/results"))
        for paper, its in claims.items():
            horizon.write(folder / f"{paper}.csv", its, rows)
    files.write_json("metrics/claims.json", judged)
    files.write_json("metrics/verdicts.json", judge.flat(judged))


if __name__ == "__main__":
    stage.run(main)
