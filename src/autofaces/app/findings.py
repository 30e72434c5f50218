"""What the texts say of claims and results, as Markdown: from results/, metrics/ and papers/.

Links start with `top:`, the project's top folder; `documents` makes them relative to the page they stand on.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from autofaces import papers, report
from autofaces.app.results import COLUMNS
from autofaces.core import params
from autofaces.core.files import BadInput
from autofaces.report import tables
from autofaces.verdicts import effects, judge, rules, scale, wording
from autofaces.verdicts.wording import NOT_RUN, words

SENTENCES = Path("docs/findings.yaml")
DEMO = Path("metrics/claims.json")
BETWEEN = {"value": "", "ratio": " / ", "difference": " − ", "rank": ", "}

Claims = Sequence[Mapping[str, Any]]


def lead() -> str:
    """The findings that README.md shows, a line of a table each."""
    return _sentences(_told()["lead"])


def findings() -> str:
    """All of them."""
    return _sentences(_told()["findings"])


def tally() -> str:
    """How many claims have which verdict, on real faces."""
    return _counted(_real())


def verdicts() -> str:
    """Every claim that was judged on real faces, with the numbers of its parts."""
    real = _real()
    lines, paper = [], None
    for group in tables.claim_groups(real):
        if group.verdict == NOT_RUN:
            continue
        if group.paper != paper:
            paper = group.paper
            lines += [f"### {paper}", ""]
        verdict = words(group.verdict, group.grade)
        source = next(found["source"] for found in real if found["id"] == group.id)
        lines += [
            f"**{_linked(group.id)}: {verdict}.** {group.claim} ({group.scale}; [{source}](top:{source}))",
            "",
        ]
        cells = [
            [
                part.id,
                part.effect,
                part.interval,
                part.rule,
                words(part.verdict, part.grade) if part.rule else "",
                part.turns,
            ]
            for part in group.parts or [group.whole]
            if part.effect
        ]
        lines += [table(("part", "effect", "95 % interval", "rule", "verdict", "over the training"), cells), ""]
    return "\n".join(lines).rstrip()


def not_run() -> str:
    """The claims without a verdict on real faces."""
    names = [_linked(claim["id"]) for claim in _whole(_real()) if claim["verdict"] == NOT_RUN]
    return f"Not run there so far: {', '.join(names)}." if names else "All claims were run."


def rows() -> str:
    """What was measured of every row on real faces."""
    lines = []
    for folder, what in _told()["rows"].items():
        found = [
            (path.stem, json.loads(path.read_text(encoding="utf-8"))) for path in sorted(Path(folder).glob("*.json"))
        ]
        cells = [
            [key, row["dataset"], *(_digits(row.get(name)) for name in COLUMNS)]
            for key, row in sorted(found, key=lambda one: (one[1]["dataset"], one[1]["mse"]))
        ]
        lines += [f"[{folder}](top:{folder}), {what}:", "", table(("row", "data set", *COLUMNS.values()), cells), ""]
    return "\n".join(lines).rstrip()


def demo() -> str:
    """What `make repro` ends with: the verdicts on drawn faces, in numbers."""
    return _counted(_read(DEMO))


def demo_claims() -> str:
    """What `autofaces claims` prints."""
    return _fenced(judge.lines(_read(DEMO)))


def demo_rows() -> str:
    """What was measured of every row of the papers on drawn faces."""
    found = [(key, Path("metrics") / f"{key}.json") for key in params.load().experiments]
    measured = [(key, json.loads(path.read_text(encoding="utf-8"))) for key, path in found if path.exists()]
    cells = [[key, row["dataset"], *(_digits(row.get(name)) for name in COLUMNS)] for key, row in measured]
    return table(("row", "data set", *COLUMNS.values()), cells)


def claims() -> str:
    """Every claim of the papers: its words, its rule and why, and what no number decides."""
    lines = []
    for key in papers.ordered(params.load().papers):
        file = papers.load(key)
        if not file.CLAIMS:
            continue
        paper = file.PAPER
        lines += [f"## {key}", "", f"{paper.authors} ({paper.year}): *{paper.title}*. {paper.institution}.", ""]
        lines += [f"{paper.asks} On {paper.data}.", ""]
        for claim in file.CLAIMS:
            cells = [
                [
                    name,
                    _formula(part),
                    part.rule.text(exact=False) if part.rule else "stands beside",
                    ", ".join(part.gate),
                ]
                for name, part in rules.named(claim).items()
            ]
            lines += [f"### {claim.id}", "", f"**{claim.claim}** ({claim.place})", "", claim.why, ""]
            lines += [table(("part", "effect", "rule", "gate"), cells), ""]
        if paper.undecided:
            lines += [f"### What no number of ours decides in {key}", ""]
            lines += [f"- {one.says} ({one.place}): {one.why}." for one in paper.undecided]
            lines += [""]
    return "\n".join(lines).rstrip()


def judging() -> str:
    """The numbers that verdicts and grades depend on."""
    return table(
        ("number", "what it decides"),
        [
            [
                f"{effects.LEVEL:.0%}",
                "level of an interval; of m parts that may break a claim each breaks it at 1 − 0.05 / m",
            ],
            [
                wording.percent(rules.NEAR),
                "without an interval, an effect this near to its rule is open (or as the rule says)",
            ],
            [wording.percent(scale.ALL_DATA), "share of the official images that grade paper asks for"],
            [str(scale.ENOUGH_SEEDS), "trainings, each with its own seed, that grade paper asks for"],
        ],
    )


def counts() -> str:
    """How much there is, in a sentence."""
    settings = params.load()
    claimed = sum(len(papers.load(key).CLAIMS) for key in papers.ordered([]))
    return (
        f"There are {len(settings.experiments)} rows, {len(settings.ablations)} more that change one setting of such a "
        f"row (ablations), and {claimed} claims."
    )


def _told() -> dict[str, Any]:
    return yaml.safe_load(SENTENCES.read_text(encoding="utf-8"))


def _read(path: Path) -> list[dict[str, Any]]:
    found = report.read_claims(path)
    if not found:
        raise BadInput(
            f"{path}: not found in {Path.cwd()}, or empty; run `make repro`, or run from the project's top folder"
        )
    return found


def _whole(claims: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [claim for claim in claims if "-" not in claim["id"]]


def _real() -> Claims:
    """Each claim and its parts as the first source has them that judged it."""
    sources = {folder: _read(Path(folder) / "claims.json") for folder in _told()["sources"]}
    found: dict[str, list[dict[str, Any]]] = {}
    for folder, its in sources.items():
        run = {claim["id"] for claim in _whole(its) if claim["verdict"] != NOT_RUN} - set(found)
        for claim in its:
            if (key := claim["id"].partition("-")[0]) in run:
                found.setdefault(key, []).append(claim | {"source": folder})
    first = next(iter(sources.values()))
    others = {claim["id"]: [claim] for claim in _whole(first) if claim["id"] not in found}
    return [part for claim in _whole(first) for part in (found | others)[claim["id"]]]


def _sentences(keys: Iterable[str]) -> str:
    """A table of claim, verdict, grade, and the sentence with its numbers. BadInput where a verdict is another one than
    the sentence was written for."""
    told, real = _told(), _real()
    numbers = _numbers(real, told["ratios"])
    whole = {claim["id"]: claim for claim in _whole(real)}
    cells = []
    for key in keys:
        sentence, claim = told["findings"][key], whole[key]
        verdict = words(claim["verdict"], claim["grade"])
        if verdict != sentence["told"]:
            raise BadInput(
                f"{SENTENCES}: {key} is written for the verdict {sentence['told']!r}, but it is now {verdict!r}; write "
                "its sentence anew, and `told` with it"
            )
        grade = wording.ARITHMETIC if wording.of_no_row(claim) else claim["grade"]
        cells.append([_linked(key), f"**{verdict}**", grade, _filled(key, sentence["text"], numbers)])
    return table(("claim", "verdict", "grade", "what we found"), cells)


def _filled(key: str, text: str, numbers: Mapping[str, float]) -> str:
    try:
        return text.format_map(numbers).replace("%", " %").replace("  %", " %")
    except KeyError as error:
        raise BadInput(f"{SENTENCES}: {key}: there is no number {error.args[0]!r} in the results") from None


def _numbers(claims: Claims, ratios: Mapping[str, Sequence[str]]) -> dict[str, float]:
    found: dict[str, float] = {}
    for claim in claims:
        if claim["effect"] is not None:
            found[claim["id"]] = claim["effect"]
        if claim["interval"]:
            found |= {
                f"{claim['id']} {end}": number for end, number in zip(("low", "high"), claim["interval"], strict=True)
            }
        if claim["turns"]:
            found[f"{claim['id']} turned"] = int(claim["turns"][-1])
    for name, (folder, row, over, number) in ratios.items():
        a, b = (json.loads((Path(folder) / f"{key}.json").read_text(encoding="utf-8"))[number] for key in (row, over))
        found[name] = a / b
    return found


def _counted(claims: Claims) -> str:
    several = {"holds": "hold", "fails": "fail"}
    lines = [f"Of {len(_whole(claims))} claims"]
    for count, where, grade, verdicts in wording.tallies(claims):
        told = [words(verdict, grade) for verdict, _ in verdicts]
        numbers = [
            f"{number} {several.get(word, word) if number > 1 else word}"
            for word, (_, number) in zip(told, verdicts, strict=True)
        ]
        verb = "was" if count == 1 else "were"
        judged = where if where == NOT_RUN else f"judged {where}: {', '.join(numbers)}"
        lines.append(f"{count} {verb} {judged}")
    return f"{lines[0]}, {'; '.join(lines[1:])}."


def _formula(part: rules.Part) -> str:
    if part.kind == "rank":
        return (
            f"rank correlation of {len(part.numbers)} rows' `{str(part.numbers[0]).partition(':')[2]}` with the paper's"
        )
    return BETWEEN[part.kind].join(f"`{number}`" for number in part.numbers)


def _linked(key: str) -> str:
    return f"[{key}](top:docs/claims.md#{key.lower()})"


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _fenced(lines: Iterable[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines)
