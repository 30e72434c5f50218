"""Where the time of a training step goes."""

from typing import Any

from benchmarks.timing import Bench, Case, Round, Run
from benchmarks.training import NETWORKS

TITLE = "Where a training step's time goes"
ABOUT = """
torch.profiler over steps of `training.loop.fit`, float32, one thread: shares of the CPU time that operations take
themselves, forward and backward together.
""".strip()
MOST = 8  # operations that are named


def run(bench: Bench) -> list[dict[str, Any]]:
    networks = ["ladder"] if bench.quick else list(NETWORKS)
    tables = []
    for network in networks:
        recipe = NETWORKS[network]
        settings = {"network": network, "arguments": recipe.arguments, "batch": recipe.batch, "precision": "float32"}
        settings |= {"folder": str(bench.folder), "large": False}
        (row,) = bench.measure([Case(network, "operations:ours", settings)], rounds=1)
        tables.append({"title": network, "rows": row["operations"]})
    return tables


def ours(settings: dict[str, Any]) -> Run:
    from torch.profiler import ProfilerActivity, profile

    from benchmarks import training

    run = training.ours(settings)

    def profiled(seconds: float) -> Round:
        with profile(activities=[ProfilerActivity.CPU]) as profiler:
            done = run(seconds)
        times = {event.key: event.self_cpu_time_total for event in profiler.key_averages()}
        whole = sum(times.values())
        most = sorted(times, key=times.get, reverse=True)[:MOST]
        named = [{"name": name.removeprefix("aten::"), "share": times[name] / whole} for name in most]
        return done._replace(
            more={"operations": [*named, {"name": "all others", "share": 1 - sum(r["share"] for r in named)}]}
        )

    return profiled
