"""`python -m faults --seed 1 --only kills`: try all families, or some; exit status 1 if a promise was not kept."""

import argparse
import importlib
import itertools
import pkgutil
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tqdm import tqdm

import faults
from faults import Trial

PAGE = Path(__file__).parents[1] / "docs/faults.md"
HEAD = """# Faults

What the pipeline promises when things go wrong, and how often that was tried. Written by `make faults`; do not edit.

"""


def main(arguments: list[str]) -> int:
    known = families()
    parser = argparse.ArgumentParser(prog="python -m faults")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=known, help="this family; may be given several times")
    parser.add_argument("--first", type=int, help="only so many trials of each family; the page is not written")
    asked = parser.parse_args(arguments)
    found: dict[str, list[Trial]] = {}
    started = time.monotonic()
    for name in asked.only or known:
        work = Path(tempfile.mkdtemp(prefix=f"faults-{name}-"))
        found[name] = []
        trials = itertools.islice(importlib.import_module(f"faults.{name}").trials(asked.seed, work), asked.first)
        for trial in map(Trial._make, tqdm(trials, desc=name, unit=" trials", disable=None)):
            found[name].append(trial)
            if not trial.held:
                print(f"NOT HELD: {trial.promise}: {trial.fault}: {trial.detail}", flush=True)
        if all(trial.held for trial in found[name]):
            shutil.rmtree(work)
        else:
            print(f"{name}: kept for a look: {work}")
    text = f"Seed {asked.seed}, {(time.monotonic() - started) / 60:.0f} minutes.\n\n{table(found)}"
    print(text)
    if not asked.first and not asked.only:
        PAGE.parent.mkdir(exist_ok=True)
        PAGE.write_text(HEAD + text, encoding="utf-8")
    return any(not trial.held for trials in found.values() for trial in trials)


def families() -> list[str]:
    """The modules here that have trials; others help them."""
    names = (module.name for module in pkgutil.iter_modules(faults.__path__) if module.name != "__main__")
    return sorted(name for name in names if hasattr(importlib.import_module(f"faults.{name}"), "trials"))


def table(found: dict[str, Iterable[Trial]]) -> str:
    """A Markdown table: for each promise and fault how often it was tried, and what came of it."""
    lines = ["| promise | fault | tried | result |", "|---|---|---|---|"]
    for trials in found.values():
        for (promise, fault), some in itertools.groupby(sorted(trials), key=lambda trial: trial[:2]):
            some = list(some)
            failed = sum(not trial.held for trial in some)
            lines.append(f"| {promise} | {fault} | {len(some)} | {f'**{failed} not held**' if failed else 'held'} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
