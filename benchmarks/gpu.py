"""What a GPU makes of the trainings: `python benchmarks/gpu.py`, about ten minutes on one GPU, without DVC or archives.

For every network that the papers' rows train: losses of the first updates beside a CPU's, in float32; images a second,
beside an ImageFolder and DataLoader loop with the same network on the same GPU; their share of what the GPU's own
measured rates allow; and how long each paper takes at full scale. Images are random ones, made here.

Writes gpu.json and gpu.md into --out. `--device cpu --quick` runs all of it, small, to try the code.
"""

import argparse
import itertools
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from autofaces.core import params
from autofaces.core.machine import processors
from autofaces.training import devices, likelihoods, loop, models, objectives, steps

ROOT = Path(__file__).parents[1]
TIMES, SHARE, HOURS = 10, 0.4, 1  # to reach: of the loop's rate, of the bound, at most for all papers
COMPARED, SAME = 5, 1e-3  # updates whose losses are compared; how far apart they may be
BATCH_ON_CPU = 16
SEEDS = 3


class Size(NamedTuple):
    """How much is measured."""

    images: int
    files: int
    seconds: float  # of each rate
    matrix: int
    width: float


WHOLE, QUICK = Size(20000, 2048, 3.0, 8192, 1.0), Size(128, 32, 0.1, 256, 0.125)


class Case(NamedTuple):
    """A training that rows have in common."""

    rows: list[str]
    row: params.Experiment
    schedule: params.Schedule
    size: int
    channels: int
    dtype: torch.dtype


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cuda", "cpu"], default="cuda")
    parser.add_argument("--quick", action="store_true", help="few, small and narrow: to try the code, not to measure")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks")
    asked = parser.parse_args()
    if asked.device == "cuda" and not torch.cuda.is_available():
        sys.exit("error: no GPU that torch can use; expected one of CUDA's (--device cpu --quick tries the code)")
    settings, size = params.load(ROOT / "params.yaml"), QUICK if asked.quick else WHOLE
    device = devices.pick(1, "auto").device if asked.device == "cuda" else torch.device("cpu")
    found: dict[str, Any] = {"device": _name(device), "torch": torch.__version__, "quick": asked.quick, "cases": []}
    found["rates"] = {str(kind).removeprefix("torch."): _rates(device, kind, size) for kind in KINDS}
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(settings, quick=asked.quick):
            found["cases"].append(measure(case, settings, device, size, Path(folder), found["rates"]))
            print(json.dumps(found["cases"][-1]), file=sys.stderr)
    found["papers"] = full_scale(settings, found["cases"])
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "gpu.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (asked.out / "gpu.md").write_text(_page(found), encoding="utf-8")
    print(_page(found))


KINDS = torch.float32, torch.bfloat16


def cases(settings: params.Params, quick: bool) -> list[Case]:
    """Every training that differs in what an update costs; `quick`: one of each network."""
    found: dict[str, Case] = {}
    for key, row in settings.rows.items():
        shared = settings.papers[row.paper].train
        if not (schedule := params.schedule(shared, row)):
            continue
        data = settings.datasets[row.dataset]
        objective = row.objective.name, row.objective.arguments.get("kl"), row.objective.arguments.get("noise")
        alike = row.model.name if quick else json.dumps([row.model.model_dump(), objective, schedule.batch_size])
        dtype = torch.bfloat16 if shared and shared.bfloat16 else torch.float32
        case = found.setdefault(alike, Case([], row, schedule, data.size, data.channels, dtype))
        case.rows.append(key)
    return list(found.values())


def measure(
    case: Case, settings: params.Params, device: torch.device, size: Size, folder: Path, rates: dict[str, Any]
) -> dict[str, Any]:
    """All that is measured of a training."""
    array = _array(folder, case, size.images)
    batch = min(case.schedule.batch_size, size.images // 4)
    ours = _ours(case, device, size, array, batch)
    loader = _loader(case, device, size, folder, batch)
    bound = roofline(_model(case, size), case, batch, rates[str(case.dtype).removeprefix("torch.")])
    small = min(BATCH_ON_CPU, batch)
    losses = [_losses(case, where, size, array, small) for where in (device, torch.device("cpu"))]
    apart = float(np.max(np.abs(np.subtract(*losses)) / np.maximum(np.abs(losses[1]), 1e-12)))
    return {
        "rows": case.rows,
        "network": case.row.model.name,
        "batch_size": batch,
        "precision": str(case.dtype).removeprefix("torch."),
        "images_per_second": ours,
        "dataloader_images_per_second": loader,
        "times": ours / loader,
        "bound_images_per_second": bound,
        "share_of_bound": ours / bound,
        "losses": dict(zip(("device", "cpu"), losses, strict=True)),
        "losses_apart": apart,
    }


def roofline(model: nn.Module, case: Case, batch: int, rates: dict[str, float]) -> float:
    """Images a second that no update can exceed: each convolution and matrix product takes as long as its arithmetic,
    forward and twice backward, or as its tensors from and to memory, whichever is longer, and all between them nothing;
    Adam reads and writes weights, gradient and two averages."""
    bytes_each = 2 if case.dtype == torch.bfloat16 else 4
    seconds = 7 * 4 * models.count(model) / rates["bytes_per_second"]

    def add(layer: nn.Module, given: tuple[Tensor], made: Tensor) -> None:
        nonlocal seconds
        inputs, outputs = batch * given[0].numel(), batch * made.numel()
        wide = inputs if isinstance(layer, nn.ConvTranspose2d) else outputs  # each of these meets all weights of a map
        each = layer.weight[0].numel()
        flops = 3 * 2 * wide * each
        moved = bytes_each * (3 * inputs + 2 * outputs + 3 * layer.weight.numel())
        seconds += max(flops / rates["flops_per_second"], moved / rates["bytes_per_second"])

    layers = [m for m in model.modules() if isinstance(m, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    with torch.inference_mode():
        model.eval()(torch.zeros(1, case.channels, case.size, case.size))
    for hook in hooks:
        hook.remove()
    return batch / seconds


def full_scale(settings: params.Params, measured: list[dict[str, Any]]) -> dict[str, Any]:
    """Hours of each paper's trainings with all official images, three seeds, one after another on this device."""
    rates = {row: case["images_per_second"] for case in measured for row in case["rows"]}
    found: dict[str, Any] = {}
    for key, rate in rates.items():
        row = settings.rows[key]
        data = settings.datasets[row.dataset]
        official = settings.archives[data.archive].images
        paper = found.setdefault(row.paper, {"images_seen": 0, "hours": 0.0, "rows": 0})
        schedule = params.schedule(settings.papers[row.paper].train, row)
        images = official * (1 - data.validation - data.test)
        seen = SEEDS * (schedule.steps * schedule.batch_size if schedule.steps else schedule.epochs * images)
        paper["images_seen"] += round(seen)
        paper["hours"] += seen / rate / 3600
        paper["rows"] += 1
    return found | {
        "all": {name: sum(paper[name] for paper in found.values()) for name in ("images_seen", "hours", "rows")}
    }


def _losses(case: Case, device: torch.device, size: Size, array: np.memmap, batch: int) -> list[float]:
    """Of the first updates, in float32."""
    with mock.patch.object(likelihoods, "_random", _even):  # two devices would draw differently
        _, update, inputs = _training(case, device, size, array, batch, torch.float32)
        return [float(update(batch, 1.0, 0).values[0]) for batch in itertools.islice(inputs, COMPARED)]


def _even(_: Any, like: Tensor, *__: Any, **___: Any) -> Tensor:
    return torch.linspace(-1, 1, like.numel(), device=like.device).view(like.shape)


def _ours(case: Case, device: torch.device, size: Size, array: np.memmap, batch: int) -> float:
    _, update, inputs = _training(case, device, size, array, batch, case.dtype)
    return batch * _rate(lambda: update(next(inputs), 1.0, 0), device, size.seconds)


def _training(
    case: Case, device: torch.device, size: Size, array: np.memmap, batch: int, dtype: torch.dtype
) -> tuple[nn.Module, steps.Step, Iterator[Tensor]]:
    model = _model(case, size).to(device, memory_format=torch.channels_last)
    schedule = case.schedule.model_copy(update={"steps": 10**9, "epochs": None, "batch_size": batch})
    plan = loop.plan("benchmark", schedule, len(array), None)
    inputs, images_of = loop.batches([array], plan, 0, 0, device)
    more = {"batch_size": batch, "clip_norm": schedule.clip_norm, "dtype": dtype}
    return model, steps.updates(model, _objective(case), steps.optimizer(schedule, model), images_of, **more), inputs


def _loader(case: Case, device: torch.device, size: Size, folder: Path, batch: int) -> float:
    """The usual loop: JPEG files, torchvision's transforms, a worker for each processor, the same network and loss."""
    files = folder / f"files-{case.channels}"
    if not files.exists():
        (files / "all").mkdir(parents=True)
        noise = np.random.default_rng(0)
        for number in range(size.files):  # smooth, as faces are, so that they decode as quickly
            small = Image.fromarray(noise.integers(0, 256, (22, 18, 3), np.uint8))
            small.resize((178, 218), Image.Resampling.BICUBIC).save(files / "all" / f"{number}.jpg", quality=95)
    grey = [transforms.Grayscale()] if case.channels == 1 else []
    shape = [transforms.CenterCrop(178), transforms.Resize(case.size), *grey, transforms.ToTensor()]
    images = ImageFolder(str(files), transforms.Compose(shape))
    workers = 0 if size is QUICK else processors()
    on_gpu = device.type == "cuda"
    more = {"num_workers": workers, "persistent_workers": workers > 0, "pin_memory": on_gpu}
    load = DataLoader(images, batch, shuffle=True, drop_last=True, **more)
    model = _model(case, size).to(device)
    optimizer = {"adam": torch.optim.Adam, "adamax": torch.optim.Adamax}[case.schedule.optimizer](model.parameters())
    objective, generator = _objective(case), torch.Generator(device)
    stream = itertools.chain.from_iterable(itertools.repeat(load))
    low, high = model.pixel_range

    def update() -> None:
        pictures = next(stream)[0].to(device) * (high - low) + low
        with torch.autocast(device.type, case.dtype, enabled=case.dtype != torch.float32):
            loss, _ = objective(model, pictures, objectives.Context(1.0, generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()  # as its progress bar shows it

    return batch * _rate(update, device, size.seconds)


def _model(case: Case, size: Size) -> nn.Module:
    torch.manual_seed(0)
    return models.build(case.row.model.name, case.size, case.channels, size.width, case.row.model.arguments)


def _objective(case: Case) -> objectives.Objective:
    return partial(getattr(objectives, case.row.objective.name), **case.row.objective.arguments)


def _array(folder: Path, case: Case, images: int) -> np.memmap:
    path = folder / f"{case.size}-{case.channels}.npy"
    if not path.exists():
        shape = images, case.size, case.size, case.channels
        np.save(path, np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    return np.load(path, mmap_mode="r")


def _rate(work: Callable[[], Any], device: torch.device, seconds: float) -> float:
    """Calls a second, after a few that are not counted."""
    wait = partial(torch.cuda.synchronize, device) if device.type == "cuda" else lambda: None
    for _ in range(3):
        work()
    wait()
    started, calls = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        for _ in range(5):
            work()
        calls += 5
        wait()  # else calls would queue up
    return calls / (time.perf_counter() - started)


def _rates(device: torch.device, kind: torch.dtype, size: Size) -> dict[str, float]:
    """What the device does at most: of a large matrix product, and of a large copy."""
    a = torch.rand(size.matrix, size.matrix, device=device).to(kind)
    products = _rate(lambda: a @ a, device, size.seconds / 3)
    copies = _rate(lambda: torch.clone(a), device, size.seconds / 3)
    return {
        "flops_per_second": 2 * size.matrix**3 * products,
        "bytes_per_second": 2 * a.numel() * a.element_size() * copies,
    }


def _name(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"


def _page(found: dict[str, Any]) -> str:
    small = " (`--quick`: small and narrow, to try the code; no measurement)" if found["quick"] else ""
    lines = [
        f"# Trainings on {found['device']}{small}",
        "",
        f"torch {found['torch']}; `python benchmarks/gpu.py`. To reach: {TIMES} times the DataLoader loop, "
        f"{SHARE:.0%} of the bound, losses within {SAME:g} of a CPU's, all papers in {HOURS} hour.",
        "",
        "| network | batch | precision | images/s | DataLoader loop | times | of the bound | losses apart | rows |",
        "|---|--:|---|--:|--:|--:|--:|--:|---|",
    ]
    for case in found["cases"]:
        marks = [
            f"{case['times']:.1f}" + (" **short**" if case["times"] < TIMES else ""),
            f"{case['share_of_bound']:.0%}" + (" **short**" if case["share_of_bound"] < SHARE else ""),
            f"{case['losses_apart']:.1g}" + ("" if case["losses_apart"] <= SAME else " **too far**"),
        ]
        rates = f"{case['images_per_second']:,.0f} | {case['dataloader_images_per_second']:,.0f}"
        first = f"{case['network']} | {case['batch_size']} | {case['precision']}"
        more = f" and {len(case['rows']) - 1} more" if len(case["rows"]) > 1 else ""
        lines.append(f"| {first} | {rates} | {' | '.join(marks)} | {case['rows'][0]}{more} |")
    lines += ["", f"| paper | rows | images seen, {SEEDS} seeds | hours |", "|---|--:|--:|--:|"]
    for key, paper in found["papers"].items():
        lines.append(f"| {key} | {paper['rows']} | {paper['images_seen']:,} | {paper['hours']:.2f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
