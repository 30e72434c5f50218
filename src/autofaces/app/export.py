"""Trained models for programs without PyTorch: ONNX files (optional packages: `pip install -e '.[onnx]'`).

Every file takes and gives images the same way, whatever the model: float32 (N, channels, size, size), N any number, RGB
or grey in [0, 1]. The file's metadata say what each tensor is, and how images are cut to size.
"""

import copy
import importlib.util
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from autofaces.app.uses import is_variational
from autofaces.core import files
from autofaces.training.layers import point
from autofaces.training.pixels import to_unit

PACKAGES = ("onnx", "onnxscript", "onnxruntime")
TOLERANCE = 1e-4  # difference from PyTorch's outputs, or share of the largest number in them where that is above 1
ROUNDING = 10  # times PyTorch's own error in float32 that is allowed too: some models amplify the last digits
TRIED = 3  # images or codes that a written file is compared with PyTorch on
OUTPUTS = {"reconstruct": ["reconstruction"], "encode": ["code", "log_variance"], "decode": ["images"]}


class _Encode(nn.Module):
    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Any:
        low, high = self.model.pixel_range
        return self.model.encode(images * (high - low) + low)


class _Decode(nn.Module):
    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, code: Tensor) -> Tensor:
        return to_unit(self.model.decode(code), self.model.pixel_range)


class _Reconstruct(nn.Module):
    def __init__(self, model: nn.Module):
        super().__init__()
        self.encode, self.decode = _Encode(model), _Decode(model)

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(point(self.encode(images)))


PARTS = {"reconstruct": _Reconstruct, "encode": _Encode, "decode": _Decode}


def write(path: Path, model: nn.Module, config: Mapping[str, Any], part: str) -> float:
    """Write one part of a model as an ONNX file: reconstruct (images -> reconstruction), encode (images -> code, and
    log_variance of a variational model, whose code is the mean), decode (code -> images).

    Returns how far its outputs are from those of PyTorch on soft random images, as TOLERANCE counts. BadInput where
    that is too far, and where packages are missing. The model is moved to the CPU.
    """
    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise files.BadInput(f"export: not installed here: {', '.join(missing)}; run pip install -e '.[onnx]'")
    model = model.cpu().eval()
    graph = PARTS[part](model).eval()
    coarse = torch.rand(TRIED, config["channels"], 8, 8, generator=torch.Generator().manual_seed(0))
    images = torch.nn.functional.interpolate(coarse, config["size"], mode="bicubic").clamp(0, 1)
    inputs = {"images": images}
    if part == "decode":
        inputs = {"code": _run(_Encode(model), images)[0]}
    (given,) = inputs.values()
    expected = _run(graph, given)
    program = torch.onnx.export(
        graph,
        (given,),
        output_names=OUTPUTS[part][: len(expected)],
        dynamic_shapes=({0: "N"},),
        dynamo=True,
        verbose=False,
    )
    program.model.metadata_props.update({**described(config, part), "part": part, "config": json.dumps(dict(config))})
    with files.writing(path) as temporary:
        program.save(temporary, external_data=False)
        difference = _apart(_run_onnx(temporary, inputs), expected)
        own = _apart(expected, _run(copy.deepcopy(graph).double(), given.double()))
        if not difference <= max(TOLERANCE, ROUNDING * own):  # a difference that is no number is too large
            raise files.BadInput(
                f"{path}: not kept, its outputs differ from PyTorch's by {difference:.1e}; allowed: {TOLERANCE:.0e}"
            )
    return difference


def described(config: Mapping[str, Any], part: str) -> dict[str, str]:
    """What the file's metadata say of a part: what its inputs and outputs are, and how images are cut."""
    size, colour = config["size"], "RGB" if config["channels"] == 3 else "grey"
    images = f"float32 (N, {config['channels']}, {size}, {size}), {colour} in [0, 1], rows from the top"
    texts = {"images": images}
    if part == "reconstruct":
        texts["reconstruction"] = images
    else:
        texts["code"] = "float32 (N, ...), the numbers that stand for an image"
    if part == "encode" and is_variational(config):
        texts["log_variance"] = "float32, as the code: of the normal distribution whose mean the code is"
    if part != "decode":
        crop = config.get("crop", "square")
        used = {"square": "the largest centred square", "whole": "all of it, squeezed to a square"}
        texts["crop"] = (
            f"of an upright image {used.get(crop, f'the {crop} centred pixels a side')}, resized to {size} pixels by "
            "an antialiased bilinear filter"
        )
    return texts


def _run(graph: nn.Module, given: Tensor) -> list[Tensor]:
    with torch.no_grad():
        made = graph(given)
    return list(made) if isinstance(made, tuple) else [made]


def _run_onnx(path: Path, inputs: Mapping[str, Tensor]) -> list[Tensor]:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # it is read at the import
    import onnxruntime  # optional

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return [torch.from_numpy(made) for made in session.run(None, {k: v.numpy() for k, v in inputs.items()})]


def _apart(some: Sequence[Tensor], others: Sequence[Tensor]) -> float:
    """The largest difference, as TOLERANCE counts."""
    return max(float((a - b).abs().max() / b.abs().max().clamp(min=1)) for a, b in zip(some, others, strict=True))
