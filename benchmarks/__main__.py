"""`make benchmark`: everything, into benchmarks/RESULTS.md.

Options go through ARGS: `make benchmark ARGS="--only training --json out.json"`.
"""

import argparse
import importlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import faces, results
from benchmarks.timing import ROOT, Bench

SECTIONS = (
    *("preprocessing", "training", "operations", "evaluation", "search", "synthesis", "networks"),
    "pipeline",
)
WITHOUT_IMAGES = {"search", "synthesis", "networks", "pipeline"}


def main(arguments: Sequence[str] | None = None) -> None:
    asked = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the folder goes, too
    started = time.monotonic()
    chosen = asked.only or list(SECTIONS)
    found: dict[str, Any] = {"machine": results.machine(), "sections": {}}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        if set(chosen) - WITHOUT_IMAGES:
            print("drawing images", file=sys.stderr)
            faces.make(Path(folder), asked.quick)
        with Bench(Path(folder), asked.quick, asked.profile, asked.rounds) as bench:
            for name in chosen:
                print(name, file=sys.stderr)
                module = importlib.import_module(f"benchmarks.{name}")
                begun = time.monotonic()
                about = module.ABOUT.replace("{profile}", asked.profile).replace("\n", " ")
                section = {"title": module.TITLE, "about": about, "tables": module.run(bench)}
                found["sections"][name] = section | {"seconds": time.monotonic() - begun}
                if not asked.quick:
                    bench.close()
    found["seconds"] = time.monotonic() - started
    if asked.json:
        Path(asked.json).write_text(json.dumps(found, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    page = results.page(found)
    if asked.quick or asked.only:
        print(page)
        print(f"{asked.results.name} is written by a whole run alone", file=sys.stderr)
    else:
        asked.results.write_text(page, encoding="utf-8")
        print(asked.results)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="+", choices=SECTIONS, metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--json", metavar="FILE", help="also write all numbers there")
    parser.add_argument(
        "--quick", action="store_true", help="a few cases, one short round: that it works, not how fast"
    )
    parser.add_argument("--rounds", type=int, default=5, help="of each case, at most (5)")
    parser.add_argument(
        "--profile",
        choices=("smoke", "demo"),
        default="smoke",
        help="of params.yaml, that the pipeline runs at (smoke); demo takes ten minutes",
    )
    parser.add_argument(
        "--results", type=Path, default=ROOT / "benchmarks" / "RESULTS.md", help="where a whole run writes"
    )
    return parser


if __name__ == "__main__":
    main()
