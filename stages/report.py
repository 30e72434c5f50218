"""Write the report page: `python stages/report.py`.

Needs metrics/claims.json, metrics/horizon, metrics/summary.csv, data/results, figures/<paper>/*.png, and the model and
test images of the latent playground; makes report/index.html.
"""

from autofaces import report
from autofaces.core import files, params, stage
from autofaces.report import playground, sparks


def main() -> None:
    page = report.page(
        claims=report.read_claims("metrics/claims.json"),
        rows=report.read_rows("metrics/summary.csv"),
        recipes=report.read_recipes("data/results"),
        figures="figures",
        played=playground.make("models/ray-recursive-vae", "data/arrays/lfw"),
        seed=params.section("seed"),
        horizons=sparks.read("metrics/horizon"),
    )
    with files.writing("report/index.html") as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    stage.run(main)
