"""Judge every claim of the papers: `python stages/claims.py`.

Needs data/results; makes metrics/claims.json, and metrics/verdicts.json, each effect by its claim.
"""

from autofaces import papers
from autofaces.core import files, params, stage
from autofaces.verdicts import judge


def main() -> None:
    order = files.read_csv("metrics/summary.csv")
    claims = {key: papers.load(key).CLAIMS for key in papers.ordered(row["paper"] for row in order)}
    judged = judge.judge(claims, judge.load("data/results"), params.profile("images"))
    files.write_json("metrics/claims.json", judged)
    files.write_json("metrics/verdicts.json", judge.flat(judged))


if __name__ == "__main__":
    stage.run(main)
