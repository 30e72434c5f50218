"""What evaluate packs: a summary, tables, pictures. An empty cell, or a null, is a value that does not exist.

Without torch, so that a row that the profile leaves out is passed on at once.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autofaces.core import arrays, files

Columns = dict[str, np.ndarray]  # (N,) each: a table


class Measured(NamedTuple):
    """What was measured of the model of one seed. NaN and infinity: there is no such value."""

    values: Columns  # of every test image
    numbers: dict[str, float]  # that no image has alone
    pictures: dict[str, np.ndarray]
    more: dict[str, Columns]  # other tables by name: sets, horizon, horizon_seeds


def left_out(models: Path | str, target: Path) -> bool:
    """Whether the profile did not train the row whose models belong in the folder `models`; if so, `target` gets its
    config.json, which says so, and nothing else."""
    try:
        config = json.loads((Path(models) / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):  # training.models says what is wrong with it
        return False
    if config.get("not_run"):
        files.write_json(target / "config.json", config)
        return True
    return False


def groups(data: Path | str, part: str) -> np.ndarray:
    """What belongs together in a part of the arrays in `data` (a person's images), in numbers by first appearance:
    int (N,)."""
    return arrays.labels(data, part).group.factorize()[0]


def write(folder: Path, summary: Mapping[str, Any], seeds: Mapping[int, Measured], group: np.ndarray) -> None:
    """Write what was measured of each seed into `folder`: metrics.json, the summary; images.csv, with the group (N,) of
    each test image; seeds.csv; every other table of theirs that has rows; and pictures.npz, of the first seed."""
    files.write_json(folder / "metrics.json", summary)
    tables: dict[str, dict[int, Columns]] = {}
    for seed, its in seeds.items():
        images = {"image": np.arange(len(group)), "group": group} | its.values
        numbers = {name: np.array([value]) for name, value in its.numbers.items()}
        for name, table in {"images": images, "seeds": numbers, **its.more}.items():
            tables.setdefault(name, {})[seed] = table
    for name, table in tables.items():
        if rows := list(long(table)):
            files.write_csv(folder / f"{name}.csv", rows)
    with files.packing(folder / "pictures.npz") as inside:  # np.savez: other bytes by another version of Python
        for name, picture in next(iter(seeds.values())).pictures.items():
            np.save(inside / f"{name}.npy", picture)


def long(tables: Mapping[int, Columns]) -> Iterator[dict[str, float | None]]:
    """The rows of each seed's table below each other, `seed` first: a column for what any row of any seed has, None
    where one has it not."""
    columns = dict.fromkeys(
        name for table in tables.values() for name, values in table.items() if np.isfinite(values).any()
    )
    for seed, table in tables.items():
        cells = {name: [_cell(value) for value in values] for name, values in table.items()}
        for row in range(max(map(len, cells.values()), default=0)):
            yield {"seed": seed, **{name: cells[name][row] if name in cells else None for name in columns}}


def means(values: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The mean of each metric over the images that have it (a flat original has no sharpness ratio); NaN where none
    has."""
    return {name: mean(value[np.isfinite(value)]) for name, value in values.items()}


def over_seeds(found: Iterable[Mapping[str, float]]) -> dict[str, float | None]:
    """The mean of each number over the seeds that have it, in six digits, None where none has; a count as it is where
    the seeds agree on it."""
    columns: dict[str, list[float]] = {}
    for numbers in found:
        for name, value in numbers.items():
            columns.setdefault(name, []).extend([value] if np.isfinite(value) else [])
    return {name: _agreed(column) for name, column in columns.items()}


def mean(values: np.ndarray) -> float:
    """The mean; NaN of nothing."""
    return float(np.mean(values)) if len(values) else np.nan


def _agreed(column: list[float]) -> float | None:
    if not column:
        return None
    if isinstance(column[0], int) and len(set(column)) == 1:
        return column[0]
    return float(f"{np.mean(column):.6g}")


def _cell(value: np.generic) -> float | None:
    return value.item() if np.isfinite(value) else None
