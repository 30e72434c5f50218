"""Is what was reproduced here what a commit says? Their two dvc.lock are compared, stage by stage.

DVC writes the hashes of each run into dvc.lock, which so agrees with any outcome; only git knows what a commit said. A
stage with other inputs (code, settings, or data that such stages made) may come out otherwise. With the same inputs its
numbers are judged; where it has none, those that are made from its output.
"""

import csv
import functools
import hashlib
import io
import json
import math
import re
import subprocess
from collections import ChainMap, Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml

from autofaces.core.files import BadInput
from autofaces.core.yaml12 import Loader
from autofaces.verdicts.rules import Rule

# Of any number, relative. Two servers of one kind differ in 2 of 36 rows, by 6 % at most (7 % was seen); another seed
# moves some number of each of ten rows by 13 % or more. Held to AVX2, the libraries make 34 rows differ, 11 of them by
# 11 to 70 %, as training amplifies rounding: these count as changed. A tolerance for them would let a wrong seed pass.
TOLERANCE = 0.1
SAME, WITHIN, CHANGED = "same bytes", f"within {100 * TOLERANCE:g} %", "changed"
REDRAWN = "redrawn"  # pictures and pages: no number is made from them
OTHER, NOT_RUN, NEW, GONE = "other inputs", "not run", "new", "gone"
STATES = (SAME, WITHIN, CHANGED, REDRAWN, OTHER, NOT_RUN, NEW, GONE)
CLAIMS = "metrics/claims.json"
IN_GIT = ("metrics/", "figures/")  # outputs that DVC does not keep, and anyone may edit
LOAD = functools.partial(yaml.load, Loader=Loader)
SUMMARY = "metrics/summary.csv"
ABLATION = "evaluate-ablation@"  # a row that is no paper's has no file in metrics/, but its line of the summary
RULE = re.compile(r"(outside )?(?:> (\S+)|< (\S+)|(\S+) to (\S+))(?: ± \S+)?")  # as rules.Rule writes it


class Stage(NamedTuple):
    """What dvc.lock says of a stage: settings by key, hashes by path."""

    settings: dict[str, object]
    deps: dict[str, str]
    outs: dict[str, str]

    def numbers(self) -> set[str]:
        return {path for path in self.outs if path.startswith("metrics/") and path.endswith(".json")}


class State(NamedTuple):
    """The results of a commit, or those in a folder."""

    name: str  # as in "main (abc1234)"
    lock: dict[str, Stage]
    read: Callable[..., dict | list]  # a file by its path, JSON unless parsed by another; BadInput where there is none

    def measured(self, stage: str) -> dict[str, object]:
        """The numbers of the row that a stage evaluate@, evaluate-ablation@ or outliers@ is of; none of one not run."""
        if stage.startswith(ABLATION):
            return self.read(SUMMARY, _rows).get(stage.removeprefix(ABLATION), {})
        return self.read(min(self.lock[stage].numbers()))


class Finding(NamedTuple):
    """What became of a stage."""

    stage: str
    state: str
    moved: list[str] | tuple[()] = ()  # the inputs that differ: settings, code, stages whose other data it reads
    words: str = ""
    largest: float = 0.0  # relative difference of its numbers, and of which
    metric: str = ""


class Report(NamedTuple):
    base: str
    findings: list[Finding]

    @property
    def changed(self) -> bool:
        """Whether the same inputs gave another verdict, or a number beyond the tolerance."""
        return any(found.state == CHANGED for found in self.findings)


def check(rev: str = "HEAD", root: Path = Path()) -> Report:
    """Compare the workspace, the folder `root`, with a commit, or with the folder of another checkout."""
    here, base = state("", root), state(rev, root)
    idle = not_run(root, here.lock)
    if len(idle) == len(here.lock):
        raise BadInput(f"no stage of dvc.lock has run here ({next(iter(idle.values()), 'it has none')}): `make repro`")
    found = findings(base, here).items()
    return Report(base.name, [Finding(s, NOT_RUN, words=idle[s]) if s in idle else f for s, f in found])


def lines(report: Report) -> list[str]:
    """A table of stages by kind, then those that do not have the same bytes, then the summary."""
    table: dict[str, Counter] = defaultdict(Counter)
    for found in report.findings:
        table[found.stage.partition("@")[0]][found.state] += 1
    columns = [s for s in STATES[:6] if s in STATES[:3] or any(counts[s] for counts in table.values())]
    told = [f"{'stages':<12}" + "".join(f"{s:>14}" for s in columns)]
    told += [f"{kind:<12}" + "".join(f"{counts[s] or '-':>14}" for s in columns) for kind, counts in table.items()]
    for s in STATES[1:]:
        if some := [found for found in report.findings if found.state == s]:
            each = [f"  {f.stage:<42}  {f.words or ', '.join(f.moved)}".rstrip() for f in some]
            told += ["", f"{s}: {', '.join(f.stage for f in some)}"] if s in (NEW, GONE) else ["", f"{s}:", *each]
    return [*(f"{line:.100}" for line in told), "", summary(report)]


def summary(report: Report) -> str:
    """The report in one line."""
    by = {s: [found for found in report.findings if found.state == s] for s in STATES}
    worst = max(by[WITHIN], key=lambda found: found.largest, default=None)
    notes = {SAME: f" ({n} from other inputs)"} if (n := sum(bool(found.moved) for found in by[SAME])) else {}
    if same := sum(found.words == "the same numbers" for found in by[OTHER]):
        notes[OTHER] = f" ({same} with the same numbers)"
    if worst and worst.metric:
        notes[WITHIN] = f" (worst: {worst.stage.partition('@')[2]} {worst.metric} {100 * worst.largest:.1f} %)"
    told = [f"{len(by[s])} {s}{notes.get(s, '')}" for s in STATES if by[s] or s in (SAME, CHANGED)]
    return f"verify: {len(report.findings)} stages: {', '.join(told)}, against {report.base}"


def state(where: str, root: Path = Path()) -> State:
    """A folder that has a dvc.lock ("": `root` itself), else a commit of its repository. BadInput if it is neither."""
    name, folder, commit = where or "the workspace", root / where, ""
    if where and not (folder / "dvc.lock").is_file():
        found = _git(root, "rev-parse", "--verify", "--quiet", "--short", f"{where}^{{commit}}")
        if found.returncode:
            why = found.stderr.strip() or "no such commit (a shallow clone lacks old ones), no folder with a dvc.lock"
            raise BadInput(f"{where}: {why}")
        commit = found.stdout.strip()
        name = commit if where.startswith(commit) else f"{where} ({commit})"

    def read(path: str, parse: Callable = json.loads) -> dict | list:
        shown = _git(root, "show", f"{commit}:./{path}") if commit else None
        if shown.returncode if shown else not (folder / path).is_file():
            raise BadInput(f"{name} has no {path}: only what was reproduced, and committed with it, can be compared")
        try:
            return parse(shown.stdout if shown else (folder / path).read_text(encoding="utf-8"))
        except (ValueError, yaml.YAMLError) as error:
            raise BadInput(f"{path} of {name} cannot be read: {' '.join(str(error).split())}") from None

    return State(name, {s: _stage(said) for s, said in (read("dvc.lock", LOAD) or {}).get("stages", {}).items()}, read)


def not_run(root: Path, lock: dict[str, Stage]) -> dict[str, str]:
    """The stages whose outputs in a folder are not what its code and settings make, and why.

    A fresh clone has the lock without what it tells of; a file that was edited differs from the lock until it has run.
    """
    params = LOAD((root / "params.yaml").read_text(encoding="utf-8"))
    makers, made = _makers(lock), ChainMap(*(stage.outs for stage in lock.values()))

    @functools.cache
    def differs(path: str, md5: str) -> bool:
        if makers(path) and not path.startswith(IN_GIT):  # DVC hashes its own
            return not (root / path).exists() or made.get(path, md5) != md5
        return _digest(root / path) != md5

    found = {}
    for name, stage in lock.items():
        wrong = [path for path, md5 in (stage.outs | stage.deps).items() if differs(path, md5)]
        for key, value in stage.settings.items():
            if functools.reduce(lambda part, name: (part or {}).get(name), key.split("."), params) != value:
                wrong.append(key)
        if wrong:
            found[name] = f"missing or edited since: {', '.join(wrong)}"
    return found


def findings(base: State, here: State) -> dict[str, Finding]:
    """What became of each stage of two states."""
    makers, moved, found = _makers(here.lock), _moved(base.lock, here.lock), {}
    for name in moved:
        before, after = base.lock[name], here.lock[name]
        if before.outs == after.outs:
            found[name] = Finding(name, SAME, moved[name])
        elif (files := before.numbers() & after.numbers()) or name.startswith(ABLATION):
            changed, *told = _verdicts(base, here) if CLAIMS in files else _numbers(base, here, name)
            found[name] = Finding(name, OTHER if moved[name] else CHANGED if changed else WITHIN, moved[name], *told)

    def judges(name: str) -> set[str]:
        """The nearest stages with numbers that are made from what this one makes."""
        readers = {reader for reader, stage in here.lock.items() if any(name in makers(path) for path in stage.deps)}
        judging = {reader for reader in readers if here.lock[reader].numbers()}
        return judging.union(*map(judges, readers - judging))

    for name in moved.keys() - found.keys():
        by = sorted(judges(name) & found.keys())
        states = {WITHIN if found[judge].state == SAME else found[judge].state for judge in by}
        judged = OTHER if moved[name] else next((s for s in (CHANGED, WITHIN, OTHER) if s in states), REDRAWN)
        words = f"other bytes: see {', '.join(by)}" if by and not moved[name] else ""
        found[name] = Finding(name, judged, moved[name], words)
    found |= {name: Finding(name, NEW) for name in here.lock if name not in base.lock}
    found |= {name: Finding(name, GONE) for name in base.lock if name not in here.lock}
    return {name: found[name] for name in here.lock | base.lock}


def keeps(part: dict) -> bool | None:
    """Whether a part's effect, whatever its interval, keeps its rule; None where it has no effect or no rule."""
    if not part["rule"] or part["effect"] is None:
        return None
    outside, above, below, low, high = RULE.fullmatch(part["rule"]).groups()
    rule = Rule(float(above or low or -math.inf), float(below or high or math.inf), bool(outside))
    return rule.keeps((part["effect"], part["effect"]))


def turned(before: dict, after: dict) -> str:
    """How a verdict changed, in words; empty where it did not."""
    return f"{before['verdict']} -> {after['verdict']}" if before["verdict"] != after["verdict"] else ""


def _numbers(base: State, here: State, stage: str) -> tuple[bool, str, float, str]:
    """Whether a row's numbers differ by more than the tolerance, in words; by how much at most, and in what."""
    before, after, apart = base.measured(stage), here.measured(stage), {}
    for name in sorted(before.keys() | after.keys()):
        a, b = before.get(name), after.get(name)
        if a != b:
            numbers = isinstance(a, int | float) and isinstance(b, int | float)
            apart[name] = abs(a - b) / max(abs(a), abs(b)) if numbers else math.inf
    name = max(apart, key=apart.get, default="")
    largest = apart.get(name, 0.0)
    words = f"{name} {before.get(name)} -> {after.get(name)} ({100 * largest:.1f} %)" if name else "the same numbers"
    return largest > TOLERANCE, words, largest, name


def _verdicts(base: State, here: State) -> tuple[bool, str]:
    """Whether verdicts changed, and which. Effects have no tolerance: a difference may well be near 0."""
    before, after = ({part["id"]: part for part in side.read(CLAIMS)} for side in (base, here))
    changed = [f"{name} {words}" for name in before.keys() & after if (words := turned(before[name], after[name]))]
    moved = sum(before[name]["effect"] != after[name]["effect"] for name in before.keys() & after)
    return bool(changed), "; ".join(sorted(changed)) or f"no verdict changed; {moved} of {len(after)} effects moved"


def _moved(base: dict[str, Stage], here: dict[str, Stage]) -> dict[str, list[str]]:
    """Of each stage that both locks have: the inputs that differ.

    Other data count only where the stage that made them had other inputs itself: else it is the machine that differs.
    """
    makers, known = _makers(base, here), {}

    def inputs(name: str) -> list[str]:
        if name not in known:
            known[name] = []  # two locks together may have a circle
            before, after = base[name], here[name]
            found = _differing(before.settings, after.settings)
            for path in _differing(before.deps, after.deps):
                data = path in before.deps and path in after.deps and makers(path)
                found += filter(remade, makers(path)) if data else [path]
            known[name] = list(dict.fromkeys(found))
        return known[name]

    def remade(name: str) -> bool:
        return name not in base or name not in here or (base[name].outs != here[name].outs and bool(inputs(name)))

    return {name: inputs(name) for name in here if name in base}


def _makers(*locks: dict[str, Stage]) -> Callable[[str], list[str]]:
    """What gives the stages that make a path, something in it, or a folder that it is in; of code there are none."""
    made = {f"{path}/": name for lock in locks for name, stage in lock.items() for path in stage.outs}
    return functools.cache(
        lambda path: [made[out] for out in made if f"{path}/".startswith(out) or out.startswith(f"{path}/")]
    )


def _differing(a: dict, b: dict) -> list[str]:
    return [key for key in a | b if key not in a or key not in b or a[key] != b[key]]


def _rows(text: str) -> dict[str, dict[str, object]]:
    """The rows of a CSV file by their experiment, without empty cells; what is a number is one."""

    def number(cell: str) -> float | str:
        try:
            return float(cell)
        except ValueError:
            return cell

    rows = csv.DictReader(io.StringIO(text))
    return {row.pop("experiment"): {name: number(cell) for name, cell in row.items() if cell} for row in rows}


def _stage(said: dict) -> Stage:
    deps, outs = ({item["path"]: item.get("md5", "") for item in said.get(what, ())} for what in ("deps", "outs"))
    return Stage(said.get("params", {}).get("params.yaml", {}), deps, outs)


def _git(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(["git", "-C", root, *arguments], capture_output=True, text=True, encoding="utf-8")
    except FileNotFoundError:
        raise BadInput("git is not installed, and only git knows what a commit says") from None


def _digest(path: Path) -> str:
    """As DVC hashes a file, or a folder less what .dvcignore names; empty where there is none."""
    if path.is_dir():
        files = [file for file in path.rglob("*") if file.is_file() and file.suffix != ".pyc"]
        named = sorted((file.relative_to(path).as_posix(), _digest(file)) for file in files)
        tree = json.dumps([{"md5": md5, "relpath": name} for name, md5 in named])
        return hashlib.md5(tree.encode()).hexdigest() + ".dir"
    return hashlib.md5(path.read_bytes()).hexdigest() if path.is_file() else ""
