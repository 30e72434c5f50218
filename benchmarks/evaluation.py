"""Measuring a model's reconstructions of test images."""

from pathlib import Path
from typing import Any

from benchmarks import faces
from benchmarks.timing import Bench, Case, Run, repeat
from benchmarks.training import NETWORKS

TITLE = "Evaluation"
ABOUT = """
`evaluation.measure.per_image`: reconstruct 64 test images of 3x128x128, and take every metric of each (of the ladder
also from each of its 7 depths), float32.
""".strip()


def run(bench: Bench) -> list[dict[str, Any]]:
    networks = ["ladder"] if bench.quick else list(NETWORKS)
    cases = [_case(bench, network, threads) for network in networks for threads in ((1,) if bench.quick else (1, None))]
    return [{"title": "", "rows": bench.measure(cases, rounds=3)}]


def _case(bench: Bench, network: str, threads: int | None) -> Case:
    name = f"{network}, {'1 thread' if threads == 1 else 'all threads'}"
    settings = {"network": network, "folder": str(bench.folder), "images": 8 if bench.quick else 64}
    return Case(name, "evaluation:ours", settings, threads)


def ours(settings: dict[str, Any]) -> Run:
    import torch

    from autofaces.core import arrays
    from autofaces.evaluation import measure
    from autofaces.training import devices, models

    devices.pick(settings["threads"])
    torch.manual_seed(0)
    name = settings["network"]
    model = (
        models.build(name, faces.SIZE, 3, 1.0, NETWORKS[name].arguments).to(memory_format=torch.channels_last).eval()
    )
    test = arrays.load(Path(settings["folder"], "arrays"), "test")[: settings["images"]]
    return repeat(lambda: measure.per_image(model, test, name), len(test))
