"""The history of a training, as DVCLive writes it: a folder with plots/metrics/<name>.tsv, a line for each step.

It is the one history: `dvc plots` shows it while a row trains, and claims, figures and curves read it afterwards.
"""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from autofaces.core.files import BadInput

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, float]


def record(rows: Iterable[Row], folder: Path) -> Iterator[Row]:
    """Pass the rows on, each written into `folder` at its step: nine significant digits of every number.

    Where DVCLive is not installed (a machine lent for one training), the same files are written without it.
    """
    try:
        from dvclive import Live
    except ImportError:
        shutil.rmtree(folder / "plots", ignore_errors=True)  # of an earlier training, as DVCLive does
        written = []
        for row in rows:
            written.append(row)
            _write(folder, written)
            yield row
        return
    with Live(str(folder), dvcyaml=False, save_dvc_exp=False, report=None) as live:
        for row in rows:
            live.step = row["step"]
            for name, value in _values(row).items():
                live.log_metric(name, value)
            live.make_summary()
            yield row


def read(folder: Path | str) -> "pd.DataFrame":
    """A row for each step, with a column for each number, `step` the first. BadInput where there is no history."""
    import pandas as pd

    files = sorted((Path(folder) / "plots" / "metrics").glob("*.tsv"))
    if not files:
        raise BadInput(
            f"{folder}: no history there; expected plots/metrics/*.tsv, as DVCLive writes them; run `dvc repro train`"
        )
    columns = []
    for file in files:
        try:
            columns.append(pd.read_csv(file, sep="\t", index_col="step")[file.stem])
            numbers = all(map(pd.api.types.is_numeric_dtype, (columns[-1], columns[-1].index)))
            if not (columns[-1].index.is_unique and numbers):
                raise ValueError("a step twice, or text where numbers belong")
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{file}: damaged history ({error}); run `dvc repro --force train` of its row") from None
    return pd.concat(columns, axis=1).reset_index()


def _values(row: Mapping[str, float]) -> Row:
    return {k: float(f"{v:.9g}") if isinstance(v, float) else v for k, v in row.items() if k != "step"}


def _write(folder: Path, rows: list[Row]) -> None:
    place = folder / "plots" / "metrics"
    place.mkdir(parents=True, exist_ok=True)
    for name in _values(rows[0]):
        lines = [f"{row['step']}\t{_values(row)[name]}" for row in rows]
        (place / f"{name}.tsv").write_text("\n".join([f"step\t{name}", *lines, ""]), encoding="utf-8")
    summary = {**_values(rows[-1]), "step": rows[-1]["step"]}
    (folder / "metrics.json").write_text(json.dumps(summary, indent=4) + "\n", encoding="utf-8")
