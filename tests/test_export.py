import importlib.util
import json
import os

import numpy as np
import pytest
import torch
from test_models import CHANNELS, SIZES, ZOO, make

from autofaces.app import export
from autofaces.core import files
from autofaces.evaluation import inference
from autofaces.training import pixels
from autofaces.training.layers import point

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
pytest.importorskip("onnxscript")
onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def recipe(key: str) -> dict:
    """What config.json says of a model of the zoo."""
    name, arguments = ZOO[key]
    size, channels = SIZES.get(name, (64,))[0], CHANNELS.get(name, 3)
    return {"size": size, "channels": channels, "width": 0.5, "name": name, "arguments": arguments, "crop": "whole"}


def warmed(key: str) -> torch.nn.Module:
    """A model whose batch norms have seen images, so that they do something."""
    model, images = make(key)
    with torch.no_grad():
        model.train()(pixels.normalise(images, model.pixel_range))
    return model.eval()


def run(path, **inputs: np.ndarray) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs), strict=True))


def unit(images: torch.Tensor) -> np.ndarray:
    """uint8 (N, H, W, C) -> what an exported model takes."""
    return pixels.normalise(images, (0.0, 1.0)).contiguous().numpy()


def faces(key: str, count: int) -> torch.Tensor:
    settings = recipe(key)
    shape = (count, settings["size"], settings["size"], settings["channels"])
    return torch.randint(256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("key", {name: key for key, (name, _) in ZOO.items()}.values())  # of each file the last
def test_an_exported_model_reconstructs_as_pytorch_does_any_number_of_images(tmp_path, key):
    model = warmed(key)
    assert export.write(tmp_path / "m.onnx", model, recipe(key), "reconstruct") <= 1e-4
    for count in (1, 5):
        images = faces(key, count)
        (found,) = run(tmp_path / "m.onnx", images=unit(images)).values()
        np.testing.assert_allclose(found, inference.reconstruct(model, images), atol=1e-4)


@pytest.mark.parametrize("key", ["ladder, shared batch norm, relu", "sketch_vae"])
def test_an_exported_encoder_and_decoder_fit_together(tmp_path, key):
    model = warmed(key)
    for part in ("encode", "decode"):
        export.write(tmp_path / f"{part}.onnx", model, recipe(key), part)
    images = faces(key, 4)
    encoded = run(tmp_path / "encode.onnx", images=unit(images))
    with torch.no_grad():
        expected = model.encode(pixels.normalise(images, model.pixel_range))
    np.testing.assert_allclose(encoded["code"], point(expected), atol=1e-4)
    if isinstance(expected, tuple):
        np.testing.assert_allclose(encoded["log_variance"], expected[1], atol=1e-4)
    else:
        assert list(encoded) == ["code"]
    decoded = run(tmp_path / "decode.onnx", code=encoded["code"])
    np.testing.assert_allclose(decoded["images"], inference.reconstruct(model, images), atol=1e-4)


def test_the_file_says_what_it_takes_and_gives(tmp_path):
    config = recipe("sketch_vae")
    export.write(tmp_path / "m.onnx", warmed("sketch_vae"), config, "encode")
    file = onnx.load(tmp_path / "m.onnx")
    onnx.checker.check_model(file)
    said = {entry.key: entry.value for entry in file.metadata_props}
    assert said["images"] == "float32 (N, 1, 64, 64), grey in [0, 1], rows from the top"
    assert said["crop"].startswith("of an upright image all of it, squeezed to a square, resized to 64 pixels")
    assert json.loads(said["config"]) == config
    assert {value.name for value in (*file.graph.input, *file.graph.output)} <= set(said)
    assert file.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "N"


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        export.write(tmp_path / f"{name}.onnx", warmed("pca"), recipe("pca"), "decode")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize("wrong", [0.001, float("nan")])
def test_a_file_that_differs_from_pytorch_is_not_kept(tmp_path, monkeypatch, wrong):
    run_onnx = export._run_onnx
    monkeypatch.setattr(export, "_run_onnx", lambda *given: [made + wrong for made in run_onnx(*given)])
    with pytest.raises(files.BadInput, match=r"m\.onnx: not kept, its outputs differ from PyTorch's by"):
        export.write(tmp_path / "m.onnx", warmed("pca"), recipe("pca"), "decode")
    assert not list(tmp_path.iterdir())


def test_without_its_packages_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(files.BadInput, match=r"onnx, onnxscript, onnxruntime; run pip install -e '\.\[onnx\]'"):
        export.write(tmp_path / "m.onnx", warmed("pca"), recipe("pca"), "decode")
