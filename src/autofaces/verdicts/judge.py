"""What our numbers say of the papers' claims: effects, intervals and verdicts."""

import itertools
import re
import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from autofaces.verdicts import effects, horizon, results, rules, scale, wording
from autofaces.verdicts.effects import Effect, Interval
from autofaces.verdicts.results import Row
from autofaces.verdicts.rules import Arithmetic, Claim, Part, below, ratio
from autofaces.verdicts.wording import FAILS, HOLDS, NOT_RUN, OPEN, words

WIDTH = 100  # characters of a printed line
VERDICTS = {False: FAILS, None: OPEN, True: HOLDS}
ABLATION = "ablations: set profiles.*.ablations to run them"  # why a part is not run
BETWEEN = {"value": "", "ratio": " / ", "difference": " - ", "rank": ", "}  # numbers of a kind, as they read
# numbers of a reconstruction, which are worth comparing where one of the rows reconstructs
RECONSTRUCTED = re.compile(
    r"(mse|mae|psnr_db|ssim|sharpness|grain|blockiness|gradient|patches|colour|depth|train_mse|generalisation)[^@]*"
)
LESS = below(1)


class Found(NamedTuple):
    """A part before it is judged."""

    part: Part
    effect: Effect
    interval: Interval | None
    missing: list[str]
    idle: bool  # what is missing are ablations that the profile does not run


def judge(
    claims: Mapping[str, Iterable[Claim]], rows: Mapping[str, Row], idle: Collection[str] = ()
) -> list[dict[str, object]]:
    """Every claim of the papers with its effect, 95 % interval and verdict; after a claim of several parts, each part.

    claims: by paper; idle: ablations that the profile does not run.

    An object: id (a part's has a hyphen: R3-bn), paper, place, claim, why, experiments, metric, kind, formula, effect,
    interval ([low, high], or None where one number is all that is known), rule, verdict (None of what only stands
    beside), grade and shares (see scale; None where nothing was measured), reason (of a verdict, where there is more to
    say than effect and rule do), missing (what is not there: experiments, or "experiment:number"), turns (numbers of
    images seen at which the effect crossed the rule while the rows trained).

    A part holds if its whole interval keeps the rule, and fails if it breaks it. Any of m parts that decide may break a
    claim, so breaking takes the interval at the level 1 - 0.05 / m (Bonferroni); to hold, all must, which takes no
    correction. Else it is open: so is what has no value, what compares reconstructions of which none is better than the
    average picture, and what compares samples of which none are near to faces (`gate`). Without an interval what is
    nearer to the rule than its margin is open.

    A claim is as good as its worst part, the first of which it shows. Ablations that the profile does not run are left
    out where other parts decide. BadInput where rows were measured on different test images.
    """
    return [found for paper, its in claims.items() for claim in its for found in _judged(paper, claim, rows, idle)]


def flat(judged: Sequence[Mapping[str, object]]) -> dict[str, float]:
    """Effects by id, for `dvc metrics diff`: a claim of several parts is left out, since its worst part may change."""
    claims = {found["id"].partition("-")[0] for found in judged if "-" in found["id"]}
    return {f["id"]: f["effect"] for f in judged if f["effect"] is not None and f["id"] not in claims}


def lines(judged: Iterable[Mapping[str, object]]) -> Iterator[str]:
    """What `judge` found as text, at most 100 characters wide: a claim and its verdict, below it its numbers."""
    claims, idle = [], 0
    for _, group in itertools.groupby(judged, lambda found: found["id"].partition("-")[0]):
        claim, *parts = group
        claims.append(claim)
        idle += sum(found["reason"] == ABLATION for found in parts or [claim])
        told = textwrap.wrap(claim["claim"], WIDTH - 20)
        yield f"{claim['id']:<4}{told[0]:<{WIDTH - 18}}{words(claim['verdict'], claim['grade'])}"
        yield from (f"    {line}" for line in told[1:])
        for found in parts or [claim]:
            yield from _lines(found)
    yield ""
    yield from textwrap.wrap(_tally(claims), WIDTH)
    if idle:
        yield f"{idle} part{'s' * (idle > 1)} left out, {ABLATION}"


def _judged(paper: str, claim: Claim, rows: Mapping[str, Row], idle: Collection[str]) -> list[dict[str, object]]:
    found = {name: _found(part, rows, idle) for name, part in rules.named(claim).items()}
    deciding = [name for name, one in found.items() if one.part.rule]
    if any(not found[name].missing for name in deciding):
        deciding = [name for name in deciding if not found[name].idle]
    parts = {name: _object(one, len(deciding), rows) for name, one in found.items()}
    about = {"paper": paper, "place": claim.place, "claim": claim.claim, "why": claim.why}
    if len(parts) == 1:
        return [{"id": name, **about, **part} for name, part in parts.items()]
    order = (FAILS, NOT_RUN, OPEN, HOLDS)
    worst = parts[min(deciding, key=lambda name: order.index(parts[name]["verdict"]))]
    whole = {
        "experiments": _unique(key for part in parts.values() for key in part["experiments"]),
        **_measured_at((key for name in deciding for key in _trained(found[name].part)), rows, worst["verdict"]),
        "reason": _reason(claim, worst["verdict"], parts, deciding),
        "missing": _unique(name for one in deciding for name in parts[one]["missing"]),
    }
    return [{"id": name, **about, **part} for name, part in {claim.id: worst | whole, **parts}.items()]


def _found(part: Part, rows: Mapping[str, Row], idle: Collection[str]) -> Found:
    numbers = [results.find(number, rows) for number in part.numbers]
    missing = [_lacking(name, rows) for name, found in zip(part.numbers, numbers, strict=True) if found is None]
    if missing:
        return Found(part, Effect(None, None, None), None, _unique(missing), all(name in idle for name in missing))
    effect = effects.measure(part, numbers)
    interval = effects.interval(part, effect.sample) if effect.sample else None
    return Found(part, effect, interval, [], False)


def _lacking(number: str, rows: Mapping[str, Row]) -> str:
    key = number.partition(":")[0]
    return number if key in rows else key


def _object(found: Found, deciding: int, rows: Mapping[str, Row]) -> dict[str, object]:
    part, effect = found.part, found.effect.effect
    verdict, reason, missing = _verdict(found, deciding, rows)
    experiments = [n.partition(":")[0] for n in part.numbers if not isinstance(n, Arithmetic)]
    experiments = _unique([*experiments, *part.gate])
    known = found.interval not in (None, effects.ANYTHING)
    return {
        "experiments": experiments,
        "metric": str(part.numbers[0]).partition(":")[2],
        "kind": part.kind,
        "formula": _formula(part),
        "effect": None if effect is None else _rounded(effect),
        "interval": [_rounded(end) for end in found.interval] if known else None,
        "rule": part.rule and part.rule.text(exact=found.interval is None),
        "verdict": verdict if part.rule else None,
        **_measured_at(_trained(part), rows, verdict),
        "reason": reason,
        "missing": missing,
        "turns": horizon.turns(part, rows),
    }


def _verdict(found: Found, deciding: int, rows: Mapping[str, Row]) -> tuple[str, str | None, list[str]]:
    """A part's verdict as it stands, why, and what is missing."""
    part, effect, interval = found.part, found.effect.effect, found.interval
    if found.missing:
        return NOT_RUN, ABLATION if found.idle else f"missing: {', '.join(found.missing)}", found.missing
    if effect is None:
        return OPEN, found.effect.reason, []
    if blind := _blind(part, rows):
        return OPEN, f"no better than the average picture: {', '.join(blind)}", []
    closed, missing = _gate(part, rows)
    if closed:
        return (NOT_RUN, f"missing: {', '.join(missing)}", missing) if missing else (OPEN, closed, [])
    if interval == effects.ANYTHING:
        return OPEN, "too few images for an interval", []
    if not part.rule:
        return OPEN, None, []
    if interval is None:
        near = part.rule.near
        return VERDICTS[part.rule.keeps((effect - near, effect + near))], None, []
    kept = part.rule.keeps(interval)
    level = 1 - (1 - effects.LEVEL) / max(1, deciding)
    if kept is False and part.rule.keeps(effects.interval(part, found.effect.sample, level)) is not False:
        return OPEN, f"breaks its rule at 95 %, not at the {100 * level:.4g} % that one of {deciding} parts must", []
    return VERDICTS[kept], None, []


def _blind(part: Part, rows: Mapping[str, Row]) -> list[str]:
    """The rows whose reconstructions a part compares, where none of them is shown to have less error than the average
    picture: which of several networks that have learnt nothing is better says nothing. Nothing where one is."""
    numbers = [n for n in part.numbers if not isinstance(n, Arithmetic)]
    if any(n.endswith(":mse_of_mean") for n in numbers):
        return []
    found = _unique(n.partition(":")[0] for n in numbers if RECONSTRUCTED.fullmatch(n.partition(":")[2]))
    for row in found:
        less, errors = _less((f"{row}:mse", f"{row}:mse_of_mean"), rows)
        if less or errors.missing:
            return []
    return found


def _gate(part: Part, rows: Mapping[str, Row]) -> tuple[str | None, list[str]]:
    """Why the samples that a part compares are not worth it: none are nearer to test images than those of a Gaussian on
    principal components; None where some are. And what is missing to tell."""
    missing, told = [], []
    for row in part.gate:
        less, found = _less((f"{row}:swd", f"{row}:swd_pca"), rows)
        if less:
            return None, []
        missing += found.missing
        told.append(row if found.missing else f"{row} {found.effect.reason or f'×{found.effect.effect:.3g}'}")
    if not part.gate:
        return None, []
    return (
        f"no samples shown to be nearer to faces than a Gaussian's on PCA codes (swd / swd_pca: {', '.join(told)})",
        missing,
    )


def _less(numbers: tuple[str, str], rows: Mapping[str, Row]) -> tuple[bool, Found]:
    """Whether the first of two numbers is shown to be less than the second, and their ratio."""
    found = _found(ratio(*numbers, LESS), rows, ())
    effect = found.effect.effect
    return effect is not None and bool(LESS.keeps(found.interval or (effect, effect))), found


def _trained(part: Part) -> list[str]:
    """The rows whose training a part rests on: not those of which it only counts what the paper's network has."""
    named = [n.partition(":") for n in part.numbers if not isinstance(n, Arithmetic)]
    return _unique([*(key for key, _, name in named if not name.endswith("_full")), *part.gate])


def _measured_at(experiments: Iterable[str], rows: Mapping[str, Row], verdict: str) -> dict[str, object]:
    measured = [(rows[key].config, rows[key].metrics) for key in dict.fromkeys(experiments) if key in rows]
    if verdict == NOT_RUN and not measured:
        return {"grade": None, "shares": None}
    return {"grade": scale.grade(measured), "shares": scale.shares(measured)}


def _reason(claim: Claim, verdict: str, parts: Mapping[str, dict], deciding: Sequence[str]) -> str | None:
    """Why a claim of several parts has its verdict."""
    names = [name for name in deciding if parts[name]["verdict"] == verdict]
    told = []
    if verdict != HOLDS:
        told = [f"{verdict}: {', '.join(_short(name) for name in names)}"]
        told += _unique(parts[name]["reason"] for name in names if parts[name]["reason"])
    left = [name for name, part in parts.items() if part["verdict"] == NOT_RUN and name not in deciding]
    if left:
        told.append(f"left out: {', '.join(map(_short, left))} ({ABLATION})")
    return "; ".join(told) or None


def _short(name: str) -> str:
    return name.partition("-")[2]


def _formula(part: Part) -> str:
    words = BETWEEN[part.kind].join(map(str, part.numbers))
    return f"rank({words})" if part.kind == "rank" else words


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _rounded(number: float) -> float:
    return float(f"{number:.6g}")


def _lines(found: Mapping[str, object]) -> list[str]:
    name = _short(found["id"])
    below = [text for text in (found["reason"], wording.turned(found["turns"])) if text]
    below = [line for text in below for line in textwrap.wrap(text, WIDTH - 20, break_on_hyphens=False)]
    if found["effect"] is None:
        return [f"    {label:<16}{line}" for label, line in zip([name, *[""] * len(below)], below, strict=False)]
    effect = {"ratio": "×{:.4g}", "difference": "{:+.4g}"}.get(found["kind"], "{:.4g}").format(found["effect"])
    interval = "[{:.4g}, {:.4g}]".format(*found["interval"]) if found["interval"] else "-"
    verdict = words(found["verdict"], found["grade"]) if name and found["rule"] else ""
    metric = found["metric"] if len(found["metric"]) <= 22 else f"{found['metric'][:21]}…"
    rule = f"{found['rule'] or '-'} "
    line = f"    {name:<16}{metric:<22}{effect:>9}  {interval:<20}  {rule:<12}{verdict}".rstrip()
    if len(line) > WIDTH:
        line = f"    {name}  {metric}  {effect}  {interval}  {found['rule']}  {verdict}"
    return [line, *(f"{'':<20}{line}" for line in below)]


def _tally(claims: Iterable[Mapping[str, object]]) -> str:
    """How many claims have which verdict, by what they were decided at."""
    lines = []
    for count, where, grade, verdicts in wording.tallies(claims):
        head = f"{count} {where}" if lines else f"{count} claim{'s' * (count > 1)} {where}"
        counted = ", ".join(_counted(verdict, grade, number) for verdict, number in verdicts)
        lines.append(head if where == NOT_RUN else f"{head}: {counted}")
    return "; ".join(lines)


def _counted(verdict: str, grade: str | None, number: int) -> str:
    word = words(verdict, grade)
    several = {HOLDS: "hold", FAILS: "fail"}
    return f"{number} {several.get(word, word) if number > 1 else word}"
