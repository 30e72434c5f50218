"""Synthetic archives."""

import tempfile
from pathlib import Path
from typing import Any

from benchmarks.timing import Bench, Case, Run, Target, repeat

TITLE = "Synthesis"
ABOUT = """
`synthetic.archives.write`: images drawn, compressed and packed into an archive of the layout; an image of cufs is a
sketch and its photograph, and of anime a quarter are copies, as in the real set.
""".strip()
LAYOUTS = "lfw", "celeba", "anime", "cufs"
IMAGES = 24


def run(bench: Bench) -> list[dict[str, Any]]:
    layouts = LAYOUTS[2:3] if bench.quick else LAYOUTS
    cases = [
        Case(
            f"{layout}, one process", "synthesis:ours", {"layout": layout, "folder": str(bench.folder)}, 1, target=goal
        )
        for layout, goal in zip(layouts, [Target(150, "rate")] * len(layouts), strict=True)
    ]
    return [{"title": "", "rows": bench.measure(cases, rounds=3, seconds=1)}]


def ours(settings: dict[str, Any]) -> Run:
    from autofaces.synthetic import archives

    def work() -> None:
        with tempfile.TemporaryDirectory(dir=settings["folder"]) as folder:
            archives.write(settings["layout"], Path(folder), IMAGES, 0, 1)

    return repeat(work, IMAGES)
