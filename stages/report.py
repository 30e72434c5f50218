"""Write the report page: `python stages/report.py`.

Needs metrics/claims.json, metrics/summary.csv, figures/<paper>/*.png, and the model and test images of the latent
playground; makes report/index.html.
"""

from autofaces import files, params, report, stage
from autofaces.report import playground


def main() -> None:
    page = report.page(
        claims=report.read_claims("metrics/claims.json"),
        rows=report.read_rows("metrics/summary.csv"),
        figures={
            "ray2020": "figures/ray2020",
            "kovenko2020": "figures/kovenko2020",
            "koenig2020": "figures/koenig2020",
            "kolotouros2017": "figures/kolotouros2017",
        },
        played=playground.make("models/ray-recursive-vae", "data/arrays/lfw"),
        settings=report.Settings(
            experiments=params.section("experiments"),
            profiles=params.section("profiles"),
            seed=params.section("seed"),
        ),
    )
    with files.writing("report/index.html") as temporary:
        temporary.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    stage.run(main)
