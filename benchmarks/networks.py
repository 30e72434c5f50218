"""What a network's arithmetic costs, counted and timed: claim G2 among it."""

from functools import partial
from typing import Any

from autofaces.core import params
from benchmarks.timing import ROOT, Bench, Case, Run, repeat

TITLE = "Networks"
ABOUT = """
Each network at the paper's width and its data set's own size, batch 32, float32, one thread. *forward*: the
reconstruction alone, in evaluation mode; *step*: forward, backward and Adam with the row's own objective. FLOPs are
counted as `flops_per_image` in metrics/ is, a step as three forward passes; GFLOP/s is what the rate makes of them.
Claim G2 is the ratio of the two rows of koenig2020: model 2 has fewer parameters and trains faster.
""".strip()
ROWS = (
    *("koenig-m1-nf16-bs32", "koenig-m2-bs32", "ray-stacked", "ray-recursive", "kovenko-ae", "kovenko-vae-var1e-2"),
    *("kolotouros-sketch-ae", "kolotouros-sketch-vae", "kolotouros-celeba-vae"),
)
BATCH = 32
MODELS = "koenig-m1-nf16-bs32", "koenig-m2-bs32"  # of G2


def run(bench: Bench) -> list[dict[str, Any]]:
    settings = params.load(ROOT / "params.yaml")
    names = MODELS if bench.quick else ROWS
    recipes = {name: _recipe(settings, name) for name in names}
    cases = [
        Case(f"{name}, {what}", "networks:ours", recipes[name] | {"what": what, "batch": 2 if bench.quick else BATCH})
        for name in names
        for what in ("forward", "step")
    ]
    rows = bench.measure(cases, seconds=1, rounds=3)
    for row in rows:
        row["mflop"] = row.pop("flops") / 1e6 * (3 if row["name"].endswith(", step") else 1)
        row["gflops"] = row["mflop"] * row["rate"] / 1e3
    first, second = (next(row for row in rows if row["name"] == f"{name}, step") for name in MODELS)
    numbers = [("parameters", "parameters"), ("FLOPs of a step", "mflop"), ("images/s of a step", "rate")]
    ratios = [{"name": name, "factor": second[key] / first[key]} for name, key in numbers]
    return [{"title": "", "rows": rows}, {"title": "G2: model 2 over model 1", "rows": ratios}]


def _recipe(settings: params.Params, name: str) -> dict[str, Any]:
    row = settings.experiments[name]
    dataset = settings.datasets[row.dataset]
    found = {"network": row.model.name, "arguments": row.model.arguments, "size": dataset.size}
    found |= {
        "channels": dataset.channels,
        "objective": row.objective.name,
        "objective_arguments": row.objective.arguments,
    }
    return found


def ours(settings: dict[str, Any]) -> Run:
    import torch

    from autofaces.training import devices, models, objectives
    from autofaces.training.likelihoods import generator

    devices.pick(settings["threads"])
    torch.manual_seed(0)
    name, size, channels, arguments = (settings[key] for key in ("network", "size", "channels", "arguments"))
    model = models.build(name, size, channels, 1.0, arguments).to(memory_format=torch.channels_last)
    counted = {"parameters": models.count(model), "flops": models.flops(model.eval(), size, channels)}
    images = torch.rand(settings["batch"], channels, size, size).to(memory_format=torch.channels_last)
    objective = partial(getattr(objectives, settings["objective"]), **settings["objective_arguments"])
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    context = objectives.Context(1.0, generator(torch.device("cpu"), 0))

    @torch.inference_mode()
    def forward() -> None:
        model(images)

    def step() -> None:
        loss, _ = objective(model, images, context)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    model.train(settings["what"] == "step")
    run = repeat(step if settings["what"] == "step" else forward, settings["batch"])
    return lambda seconds: run(seconds)._replace(more=counted)
