"""What our numbers say of the papers' claims: effects, intervals and verdicts."""

import itertools
import json
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from autofaces.core import files, history
from autofaces.verdicts import bootstrap, scale
from autofaces.verdicts.rules import Arithmetic, Claim, Part

WIDTH = 100  # characters of a printed line
NOT_RUN = "not run"
VERDICTS = {False: "not reproduced", None: "inconclusive", True: "reproduced"}
# of a kind: the effect as a sum or difference, so that errors add up; the way back from there; how it reads
KINDS = {
    "value": (lambda a: a, lambda x: x, ""),
    "ratio": (lambda a, b: np.log(a) - np.log(b), np.exp, " / "),
    "difference": (lambda a, b: a - b, lambda x: x, " - "),
}


class Row(NamedTuple):
    """One experiment's results."""

    config: dict[str, object]  # config.json
    metrics: dict[str, object]  # metrics.json
    images: pd.DataFrame  # metrics with a value per (seed, image), which is the index
    training: dict[str, float]  # `of_training`


def load(results: Path | str) -> dict[str, Row]:
    """The results of all experiments, from the folder that collect filled. BadInput where there are none."""
    folders = sorted(path.parent for path in Path(results).glob("*/*/metrics.json"))
    if not folders:
        raise files.BadInput(f"{results}: no results there; expected <paper>/<experiment>; run `dvc repro collect`")
    return {folder.name: _row(folder) for folder in folders}


def judge(claims: Mapping[str, Iterable[Claim]], rows: Mapping[str, Row], cap: int | None) -> list[dict[str, object]]:
    """Every claim of the papers with its effect, 95 % interval and verdict; after a claim of several parts, each part.

    claims: by paper; cap: the most images that the profile takes of a data set.

    An object: id (a part's has a hyphen: R3-bn), paper, place, claim, why, experiments, metric, kind (value, ratio,
    difference), formula, effect, interval ([low, high], or None where nothing is known per image), rule and verdict
    (None of what only stands beside), scale, missing (what is not there: experiments, or "experiment:number").

    verdict: reproduced or not if the whole interval keeps or breaks the rule, else inconclusive; "not run" if numbers
    are missing; the profile's name where that is not the papers' own scale, which decides nothing. A claim is as good
    as its worst part, whose effect it shows: it is reproduced if all of its parts are, which needs no correction for
    their number. BadInput where rows were measured on different test images.
    """
    return [found for paper, its in claims.items() for claim in its for found in _judged(paper, claim, rows, cap)]


def flat(judged: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Effects by id, for `dvc metrics diff`: a claim of several parts is left out, since its worst part may change."""
    claims = {found["id"].partition("-")[0] for found in judged if "-" in found["id"]}
    return {f["id"]: f["effect"] for f in judged if f["effect"] is not None and f["id"] not in claims}


def lines(judged: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """What `judge` found as text, at most 100 characters wide: a claim and its verdict, below it its numbers."""
    verdicts: Counter = Counter()
    for _, group in itertools.groupby(judged, lambda found: found["id"].partition("-")[0]):
        claim, *parts = group
        verdicts[claim["verdict"]] += 1
        words = textwrap.wrap(claim["claim"], WIDTH - 20)
        yield f"{claim['id']:<4}{words[0]:<{WIDTH - 18}}{claim['verdict']}"
        yield from (f"    {line}" for line in words[1:])
        for found in parts or [claim]:
            yield from _lines(found)
    yield ""
    yield f"{verdicts.total()} claims: " + ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    small = [verdict for verdict in verdicts if verdict not in (NOT_RUN, *VERDICTS.values())]
    if small:
        yield f"{', '.join(small)}: not the papers' own scale, decides nothing about them"


def of_training(metrics: Mapping[str, object], table: pd.DataFrame) -> dict[str, float]:
    """Numbers that claims about training need, from metrics.json and the history, as far as these have them.

    train_mse: of the finished model. Of an elbo: train_mse_over_variance, of the last row; kl_share: largest share of
    the KL in the objective from a tenth of the training on; of one with warm-up: kl_nats_first, kl_nats_warmed_up and
    kl_nats_last, on validation images, of the first row, the last row of warm-up and the last row.
    """
    found = {"train_mse": metrics["mse"] / metrics["generalisation_gap"]}
    if "mse_over_variance" in table:
        found["train_mse_over_variance"] = float(table.mse_over_variance.iloc[-1])
    if "elbo_nats" in table:
        late = table[table.step >= table.step.iloc[-1] / 10]
        found["kl_share"] = float((late.kl_nats / late.elbo_nats).max())
        kl, warming = table.validation_kl_nats, table.beta < table.beta.iloc[-1]
        if warming.any():
            found["kl_nats_first"] = float(kl.iloc[0])
            found["kl_nats_warmed_up"] = float(kl[warming].iloc[-1])
            found["kl_nats_last"] = float(kl.iloc[-1])
    return found


def _row(folder: Path) -> Row:
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    metrics, images = _measured_in(folder)
    training = of_training(metrics, history.read(folder / "dvclive"))
    images["generalisation_gap"] = images.mse / training["train_mse"]
    if (folder / "outliers").exists():
        more, values = _measured_in(folder / "outliers")
        metrics, images = metrics | more, images.join(values)
    return Row(config, metrics, images, training)


def _measured_in(folder: Path) -> tuple[dict[str, object], pd.DataFrame]:
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics, pd.read_csv(folder / "images.csv").set_index(["seed", "image"])


def _judged(paper: str, claim: Claim, rows: Mapping[str, Row], cap: int | None) -> list[dict[str, object]]:
    parts = [_measured(part, rows) for part in claim.parts]
    order = (VERDICTS[False], NOT_RUN, "a smaller scale", VERDICTS[None], VERDICTS[True])
    badness = []
    for part in parts:
        plain = part["verdict"]
        small = _small(part["experiments"], rows, cap)
        part["verdict"] = small if small and plain in VERDICTS.values() else plain
        badness.append([order.index(verdict if verdict in order else order[2]) for verdict in (part["verdict"], plain)])
    deciding = [i for i, part in enumerate(parts) if part["rule"]]
    worst = parts[min(deciding, key=lambda i: badness[i])]
    experiments = list(dict.fromkeys(key for part in parts for key in part["experiments"]))
    missing = list(dict.fromkeys(name for i in deciding for name in parts[i]["missing"]))
    named = {claim.id: worst | {"experiments": experiments, "missing": missing}}
    if len(parts) > 1:
        named |= {f"{claim.id}-{part.name}": found for part, found in zip(claim.parts, parts, strict=True)}
    about = {"paper": paper, "place": claim.place, "claim": claim.claim, "why": claim.why}
    words = scale.text([(rows[key].config, rows[key].metrics) for key in experiments if key in rows])
    return [{"id": name, **about, **found, "scale": words} for name, found in named.items()]


def _small(experiments: list[str], rows: Mapping[str, Row], cap: int | None) -> str | None:
    """The profile of the first experiment whose scale decides nothing."""
    measured = [rows[key] for key in experiments if key in rows]
    return next((r.metrics["profile"] for r in measured if not scale.decides(r.config, r.metrics, cap)), None)


def _measured(part: Part, rows: Mapping[str, Row]) -> dict[str, object]:
    """A part's effect and interval, and its verdict if the scale decides."""
    found = [_number(number, rows) for number in part.numbers]
    experiments = [number.partition(":")[0] for number in part.numbers if isinstance(number, str)]
    missing = [
        number if number.partition(":")[0] in rows else number.partition(":")[0]
        for number, values in zip(part.numbers, found, strict=True)
        if values is None
    ]
    formula = KINDS[part.kind][2].join(map(str, part.numbers))
    effect, interval = (None, None) if missing else _estimate(part, found)
    if effect is not None and not np.isfinite([effect, *(interval or ())]).all():
        effect, interval, missing = None, None, [f"a value of {formula}"]
    verdict = NOT_RUN
    if effect is not None and part.rule:
        near = part.rule.near
        verdict = VERDICTS[part.rule.keeps(interval or (effect - near, effect + near))]
    return {
        "experiments": list(dict.fromkeys(experiments)),
        "metric": str(part.numbers[0]).partition(":")[2],
        "kind": part.kind,
        "formula": formula,
        "effect": None if effect is None else _rounded(effect),
        "interval": None if interval is None else [_rounded(end) for end in interval],
        "rule": part.rule and part.rule.text(exact=interval is None),
        "scale": None,
        "verdict": verdict if part.rule else None,
        "missing": list(dict.fromkeys(missing)),
    }


def _number(number: str | Arithmetic, rows: Mapping[str, Row]) -> pd.Series | float | None:
    """A number per (seed, image), or one; None where it is missing."""
    if isinstance(number, Arithmetic):
        return number.number
    key, _, name = number.partition(":")
    if key not in rows:
        return None
    row = rows[key]
    return row.images[name] if name in row.images else row.metrics.get(name, row.training.get(name))


def _estimate(part: Part, found: list[pd.Series | float]) -> tuple[float, tuple[float, float] | None]:
    """The effect, and its interval if a number in it is known per image: over the images that have them all. Not finite
    of the ratio of numbers that are 0, or of too few images."""
    combine, back, _ = KINDS[part.kind]
    series = [values for values in found if isinstance(values, pd.Series)]

    def effect(*means: np.ndarray) -> np.ndarray:
        rest = iter(means)
        return combine(*(next(rest) if isinstance(values, pd.Series) else values for values in found))

    with np.errstate(divide="ignore", invalid="ignore"):
        if not series:
            return float(back(effect())), None
        values = _paired(part, series)
        if values.shape[1] < 2:
            return math.nan, None
        low, high = bootstrap.interval(values, effect)
        return float(back(effect(*values.mean((0, 1))))), (float(back(low)), float(back(high)))


def _paired(part: Part, series: list[pd.Series]) -> np.ndarray:
    """K numbers per (seed, image) -> (S, N, K), of the images that have all of them under every seed. What was trained
    under one seed alone, as a closed form is, stands beside each seed of the others."""
    tables = [values.unstack("seed") for values in series]
    if not all(table.index.equals(tables[0].index) for table in tables):
        raise files.BadInput(
            f"claims: {' and '.join(map(str, part.numbers))} were measured on different test images "
            f"({', '.join(str(len(table)) for table in tables)} of them); run `dvc repro evaluate`"
        )
    values = np.stack(np.broadcast_arrays(*tables), axis=-1).swapaxes(0, 1)
    return values[:, np.isfinite(values).all((0, 2))]


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _lines(found: Mapping[str, object]) -> list[str]:
    name = found["id"].partition("-")[2]
    if found["missing"]:
        words = textwrap.wrap(f"missing: {', '.join(found['missing'])}", WIDTH - 17, break_on_hyphens=False)
        return [f"    {label:<13}{line}" for label, line in zip([name, *[""] * len(words)], words, strict=False)]
    effect = {"value": "{:.4g}", "ratio": "×{:.4g}", "difference": "{:+.4g}"}[found["kind"]].format(found["effect"])
    interval = "[{:.4g}, {:.4g}]".format(*found["interval"]) if found["interval"] else "-"
    verdict = found["verdict"] if name and found["rule"] else ""
    metric = found["metric"] if len(found["metric"]) <= 22 else f"{found['metric'][:21]}…"
    cells = f"{name:<13}{metric:<22}{effect:>9}  {interval:<20}  {found['rule'] or '-':<14}{verdict}"
    return [f"    {cells}".rstrip()]
