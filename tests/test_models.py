"""One contract for the whole zoo, and each paper's numbers."""

import json

import pytest
import torch
from torch.nn.functional import conv2d, pad

from autofaces import files, models, params

ZOO = {"ladder": {}, "dcgan": {"n_f": 2}, "dcgan_pooled": {"n_f": 4}, "pca": {"code": 5}}


@pytest.fixture(params=ZOO, ids=str)
def model(request) -> torch.nn.Module:
    torch.manual_seed(0)
    return models.build(request.param, 128, 3, 0.5, ZOO[request.param])


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randint(256, (4, 128, 128, 3), dtype=torch.uint8, generator=torch.manual_seed(1))


def test_the_zoo_here_is_the_zoo_in_models():
    assert set(ZOO) == set(params.models())


def test_a_reconstruction_has_the_shape_of_its_image_and_lies_in_the_unit_range(model, images):
    output = models.reconstruct(model.eval(), images)
    assert output.shape == (4, 3, 128, 128)
    assert 0 <= output.min() <= output.max() <= 1


def test_forward_is_decode_after_encode(model, images):
    model.eval()
    inputs = models.normalise(images, model.pixel_range)
    torch.testing.assert_close(model(inputs), model.decode(model.encode(inputs)))


def test_every_parameter_gets_a_gradient(model, images):
    model(models.normalise(images, model.pixel_range)).square().mean().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_saved_model_gives_the_same_outputs_when_loaded(model, images, tmp_path, request):
    name = request.node.callspec.params["model"]
    config = {"name": name, "size": 128, "channels": 3, "width": 0.5, "arguments": ZOO[name]}
    models.save(tmp_path, model, config)
    loaded, read = models.load(tmp_path)
    assert read == config
    assert torch.equal(models.reconstruct(loaded, images), models.reconstruct(model.eval(), images))


@pytest.mark.parametrize("name", ["ladder", "dcgan", "dcgan_pooled"])
def test_a_size_that_does_not_fit_is_refused(name):
    with pytest.raises(ValueError, match=f"{name}: images of 36 pixels do not fit; needed: a multiple of"):
        models.build(name, 36, 3, 1.0, ZOO[name])


@pytest.mark.parametrize(
    ("name", "arguments", "parameters"),
    [
        ("ladder", {}, 1_771_083),
        ("dcgan", {"n_f": 16}, 3_493_824),
        ("dcgan", {"n_f": 32}, 9_772_416),
        ("dcgan", {"n_f": 64}, 30_685_440),
        ("dcgan", {"n_f": 128}, 105_934_848),
        ("dcgan_pooled", {"n_f": 16}, 83_776),
        ("pca", {"code": 256}, 257 * 128 * 128 * 3),
    ],
)
def test_the_number_of_parameters_is_the_papers(name, arguments, parameters):
    assert models.size(name, 128, 3, 1.0, arguments) == parameters


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [("ladder", {}, 384), ("dcgan", {"n_f": 16}, 256), ("dcgan_pooled", {"n_f": 16}, 256)],
)
def test_the_code_has_the_papers_size(name, arguments, code):
    model = models.build(name, 128, 3, 1.0, arguments).eval()
    assert model.encode(torch.zeros(1, 3, 128, 128)).numel() == code


def test_the_ladder_decodes_from_every_depth():
    model = models.build("ladder", 128, 3, 0.5, {})
    image = torch.rand(2, 3, 128, 128)
    for depth in range(1, 8):
        code = model.encode(image, depth)
        assert code.shape == (2, 3 * 2 ** (depth - 1), 128 >> depth, 128 >> depth)
        assert model.decode(code, depth).shape == image.shape


def test_the_ladders_padding_mirrors_keras_same_padding():
    # Keras pads a 3x3 convolution of stride 2 by (0, 1) on each axis, ours by (1, 0)
    image, weight = torch.rand(1, 3, 16, 16), torch.rand(4, 3, 3, 3)
    keras = conv2d(pad(image, (0, 1, 0, 1)), weight, stride=2)
    mirrored = conv2d(image.flip(2, 3), weight.flip(2, 3), stride=2, padding=1).flip(2, 3)
    torch.testing.assert_close(mirrored, keras)


def test_pixels_survive_the_way_into_a_models_range_and_back(images):
    for pixel_range in ((0.0, 1.0), (-1.0, 1.0)):
        inside = models.normalise(images, pixel_range)
        assert inside.is_contiguous(memory_format=torch.channels_last)
        back = (models.to_unit(inside, pixel_range) * 255).round().byte().permute(0, 2, 3, 1)
        assert torch.equal(back, images)


def test_pca_is_the_singular_value_decomposition():
    data = torch.rand(60, 3, 8, 8, generator=torch.manual_seed(0)) * torch.linspace(0.1, 1, 64).view(8, 8)
    model = models.build("pca", 8, 3, 1.0, {"code": 6})
    model.fit(lambda: data.split(16))
    flat = data.flatten(1).double()
    _, values, vectors = torch.linalg.svd(flat - flat.mean(0), full_matrices=False)
    best = values[6:].square().sum() / flat.numel()
    error = (model(data).double() - data).square().mean()
    assert error.item() == pytest.approx(best.item(), rel=1e-4)
    assert (model.components.double() @ vectors[:6].T).abs().diag().min() > 0.99


def test_pca_codes_have_the_order_of_their_variance():
    data = torch.rand(80, 3, 8, 8, generator=torch.manual_seed(0))
    model = models.build("pca", 8, 3, 1.0, {"code": 6})
    model.fit(lambda: data.split(30))
    variances = model.encode(data).var(0)
    assert torch.equal(variances, variances.sort(descending=True).values)


def test_pca_of_too_few_images_is_refused():
    model = models.build("pca", 8, 3, 1.0, {"code": 6})
    with pytest.raises(ValueError, match="6 components need more than 6 training images, got 6"):
        model.fit(lambda: [torch.rand(6, 3, 8, 8)])


@pytest.mark.parametrize("damage", ["config", "weights", "truncated", "absent"])
def test_a_damaged_model_is_refused_by_its_folder(tmp_path, damage):
    model = models.build("pca", 8, 3, 1.0, {"code": 2})
    config = {"name": "pca", "size": 8, "channels": 3, "width": 1.0, "arguments": {"code": 2}}
    models.save(tmp_path, model, config)
    weights = tmp_path / "weights.safetensors"
    match damage:
        case "config":
            (tmp_path / "config.json").write_text(json.dumps({"name": "pca"}))
        case "weights":
            models.save(tmp_path, models.build("pca", 8, 3, 1.0, {"code": 3}), config)
        case "truncated":
            weights.write_bytes(weights.read_bytes()[:-5])
        case "absent":
            weights.unlink()
    with pytest.raises(files.BadInput, match=f"{tmp_path.name}: no whole model there"):
        models.load(tmp_path)
