"""The search for similar images."""

from typing import Any

from benchmarks import faces
from benchmarks.timing import Bench, Case, Run, repeat

TITLE = "Search"
ABOUT = """
`evaluation.applications.search.measure`: each of the images is a query among all others, by codes and principal
components of 256 numbers and by pixels (3x128x128), each by cosine and by distance.
""".strip()
CODE = 256


def run(bench: Bench) -> list[dict[str, Any]]:
    counts = [40] if bench.quick else [500, 1000]
    cases = [
        Case(f"{n:,} images, {'1 thread' if t else 'all threads'}", "search:ours", {"images": n}, t)
        for n in counts
        for t in ((1,) if bench.quick else (1, None))
    ]
    return [{"title": "", "rows": bench.measure(cases, rounds=3, seconds=1)}]


def ours(settings: dict[str, Any]) -> Run:
    import numpy as np
    import pandas as pd

    from autofaces.evaluation.applications import search

    count, random = settings["images"], np.random.default_rng(0)
    codes, components = random.standard_normal((2, count, CODE), dtype=np.float32)
    images = random.integers(0, 256, (count, faces.SIZE, faces.SIZE, 3), dtype=np.uint8)
    labels = pd.DataFrame({"identity": [str(i // 4) for i in range(count)]})
    return repeat(lambda: search.measure(codes, components, images, labels), count)
