"""One contract for the whole zoo, and each paper's numbers."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch.nn.functional import conv2d, pad

from autofaces.core import files, params
from autofaces.evaluation import inference
from autofaces.training import models, pixels
from autofaces.training.layers import LOG_VARIANCE, GaussianCode, point, scaled
from autofaces.training.likelihoods import draw

# what is tested: name in the report -> model, arguments
ZOO = {
    "ladder": ("ladder", {}),
    "ladder, batch norm": ("ladder", {"norm": "batch"}),
    "ladder, shared batch norm, relu": ("ladder", {"norm": "shared", "activation": "relu"}),
    "ladder, gaussian": ("ladder", {"latent": "gaussian"}),
    "ladder, normalised targets": ("ladder", {"norm": "batch", "targets": "normalised"}),
    "pooling": ("pooling", {"base": 4}),
    "pooling, batch norm, variational": ("pooling", {"base": 4, "norm": "batch", "variational": True}),
    "dcgan": ("dcgan", {"n_f": 2}),
    "dcgan_pooled": ("dcgan_pooled", {"n_f": 4}),
    "sketch": ("sketch", {}),
    "sketch_vae": ("sketch_vae", {}),
    "deep_vae": ("deep_vae", {"code": 32}),
    "deep_vae, deeper": ("deep_vae", {"code": 32, "repeats": 2}),
    "pca": ("pca", {"code": 5}),
}
SIZES = {"ladder": (128,), "dcgan_pooled": (64, 128), "sketch_vae": (64,), "deep_vae": (64,)}  # the others: all
CHANNELS = {"sketch": 1, "sketch_vae": 1, "deep_vae": 1}  # the others: 3
ALL_SIZES = [(key, size) for key, (name, _) in ZOO.items() for size in SIZES.get(name, (32, 64, 128))]
VARIATIONAL = [key for key in ZOO if "vae" in key or "variational" in key or "gaussian" in key]


def make(key: str, size: int | None = None, width: float = 0.5) -> tuple[torch.nn.Module, torch.Tensor]:
    """A model of the zoo, and images for it."""
    name, arguments = ZOO[key]
    size, channels = size or SIZES.get(name, (64,))[0], CHANNELS.get(name, 3)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    images = torch.randint(256, (3, size, size, channels), dtype=torch.uint8)
    return models.build(name, size, channels, width, arguments), images


@pytest.fixture(params=ZOO, ids=str)
def zoo(request) -> tuple[torch.nn.Module, torch.Tensor]:
    return make(request.param)


def test_the_zoo_here_is_the_zoo_in_models():
    assert {name for name, _ in ZOO.values()} == set(params.models())


@pytest.mark.parametrize(("key", "size"), ALL_SIZES)
def test_a_reconstruction_has_the_shape_of_its_image_and_lies_in_the_unit_range(key, size):
    model, images = make(key, size)
    output = inference.reconstruct(model.eval(), images)
    assert output.shape == images.permute(0, 3, 1, 2).shape
    assert 0 <= output.min() <= output.max() <= 1


@pytest.mark.parametrize("width", [0.1, 1.0])
@pytest.mark.parametrize("key", ZOO)
def test_every_width_can_be_built(key, width):
    model, images = make(key, width=width)
    assert inference.reconstruct(model.eval(), images).isfinite().all()


def test_forward_is_decode_after_encode(zoo):
    model, images = zoo
    inputs = pixels.normalise(images, model.eval().pixel_range)
    torch.testing.assert_close(model(inputs), model.decode(point(model.encode(inputs))))


@pytest.mark.parametrize("key", VARIATIONAL)
def test_a_variational_code_is_a_mean_and_a_clamped_log_variance(key):
    model, images = make(key)
    code = model.eval().encode(pixels.normalise(images, model.pixel_range))
    assert [part.shape for part in code] == [(3, *model.code_shape)] * 2
    head = next(m for m in model.modules() if isinstance(m, GaussianCode))
    torch.nn.init.constant_(head.log_variance.bias, 1e6)
    assert model.encode(pixels.normalise(images, model.pixel_range))[1].max() == LOG_VARIANCE[1]


def test_decode_is_the_sigmoid_of_the_logits(zoo):
    model, images = zoo
    if not hasattr(model, "logits"):
        pytest.skip("not for a Bernoulli likelihood")
    code = point(model.eval().encode(pixels.normalise(images, model.pixel_range)))
    assert torch.equal(model.decode(code), model.logits(code).sigmoid())


def test_every_parameter_gets_a_gradient(zoo):
    model, images = zoo
    code = model.encode(pixels.normalise(images, model.pixel_range))
    if not isinstance(code, torch.Tensor):
        code = draw(*code, torch.Generator().manual_seed(0))
    model.decode(code).square().sum().backward()
    assert [name for name, p in model.named_parameters() if p.grad is None or not p.grad.any()] == []


def test_a_saved_model_gives_the_same_outputs_when_loaded(zoo, tmp_path, request):
    model, images = zoo
    name, arguments = ZOO[request.node.callspec.params["zoo"]]
    size, channels = images.shape[2:]
    config = {"name": name, "size": size, "channels": channels, "width": 0.5, "arguments": arguments}
    models.save(tmp_path, model, config)
    loaded, read = models.load(tmp_path)
    sums = read.pop("sha256")
    assert read == config
    assert sums["weights"] == files.sha256(tmp_path / "weights.safetensors")
    assert torch.equal(inference.reconstruct(loaded, images), inference.reconstruct(model.eval(), images))


@pytest.mark.parametrize(
    ("name", "arguments", "size", "allowed"),
    [
        ("ladder", {}, 64, "128"),
        ("ladder", {"levels": 5}, 36, "32, 64, 128"),
        ("pooling", {}, 100, "32, 64, 128"),
        ("dcgan", {"n_f": 2}, 36, "32, 64, 128"),
        ("dcgan_pooled", {}, 32, "64, 128"),
        ("sketch", {}, 16, "32, 64, 128"),
        ("sketch_vae", {}, 128, "64"),
        ("deep_vae", {}, 32, "64"),
    ],
)
def test_a_size_that_does_not_fit_is_refused(name, arguments, size, allowed):
    with pytest.raises(files.BadInput, match=rf"{name}: images of {size} pixels do not fit; sizes allowed: {allowed}$"):
        models.build(name, size, 1, 1.0, arguments)


LADDER = 1_771_083  # final report of ray2020, section 4.2: weights and biases of 14 convolutions
NORMS = 2 * (6 + 12 + 24 + 48 + 96 + 192 + 384)  # a scale and a shift for each filter of each encoder level
POOLED = (3 * 32 + 32 * 64 + 64 * 128 + 128 * 256) * 9  # weights of kovenko's convolutions, each way
BIASES = 32 + 64 + 128 + 256
CODE = 8 * 8 * 256 * 256  # weights of a linear layer to the code, or from it


@pytest.mark.parametrize(
    ("name", "arguments", "parameters"),
    [
        ("ladder", {}, LADDER),
        ("ladder", {"activation": "relu"}, LADDER),
        ("ladder", {"norm": "shared"}, LADDER + NORMS),
        ("ladder", {"norm": "batch"}, LADDER + NORMS + NORMS - 2 * 384),  # the decoder makes shapes 1 to 6
        ("ladder", {"latent": "gaussian"}, LADDER + 2 * (384 * 384 + 384)),
        ("pooling", {}, 2 * POOLED + BIASES + (BIASES - 256 + 3) + 2 * CODE + 256 + 8 * 8 * 256),
        ("pooling", {"variational": True}, 9_181_827 + CODE + 256),
        ("pooling", {"norm": "batch"}, 9_181_827 + 2 * BIASES + 2 * (BIASES - 256)),
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


@pytest.mark.parametrize(("name", "parameters"), [("sketch", 68_285), ("sketch_vae", 39_728), ("deep_vae", 8_030_401)])
def test_the_number_of_parameters_is_that_of_kolotouros_tables(name, parameters):
    assert models.size(name, 64, 1, 1.0, {}) == parameters


@pytest.mark.parametrize("width", [0.05, 0.25, 1.0])
@pytest.mark.parametrize(
    ("name", "arguments", "size", "code"),
    [
        ("ladder", {}, 128, 384),
        ("ladder", {"latent": "gaussian"}, 128, 384),
        ("pooling", {}, 128, 256),
        ("pooling", {"variational": True}, 128, 256),
        ("dcgan", {"n_f": 16}, 128, 256),
        ("dcgan_pooled", {"n_f": 16}, 128, 256),
        ("sketch", {}, 64, 64 * 2 * 2),
        ("sketch_vae", {}, 64, 16),
        ("deep_vae", {}, 64, 512),
    ],
)
def test_the_code_has_the_papers_size_whatever_the_width(name, arguments, size, code, width):
    channels = CHANNELS.get(name, 3)
    model = models.build(name, size, channels, width, arguments).eval()
    assert point(model.encode(torch.zeros(1, channels, size, size))).numel() == code


def test_the_ladder_decodes_from_every_depth():
    model = models.build("ladder", 128, 3, 0.5, {})
    image = torch.rand(2, 3, 128, 128)
    for depth in range(1, 8):
        code = model.encode(image, depth)
        assert code.shape == (2, 4 * 2 ** (depth - 1) if depth < 7 else 384, 128 >> depth, 128 >> depth)
        assert model.decode(code, depth).shape == image.shape


def test_the_way_back_of_a_shared_norm_passes_the_encoders_own_norm():
    model = models.build("ladder", 32, 3, 1.0, {"levels": 2, "norm": "shared"}).eval()
    for norm in model.norms:
        norm.running_mean.uniform_(-1, 1)
    image = torch.rand(2, 3, 32, 32)
    first = model.norms[0](model.encoder[0](image))
    code = model.norms[1](model.encoder[1](first))
    torch.testing.assert_close(model.encode(image), code)
    torch.testing.assert_close(model.decode(code), model.decoder[0](model.norms[0](model.decoder[1](code))))
    targets = [target for target, _, _ in model.levels(image)]
    torch.testing.assert_close(targets, [image, model.encoder[0](image)])  # before the norm


def test_with_normalised_targets_a_level_imitates_what_the_level_above_was_given():
    model = models.build("ladder", 32, 3, 1.0, {"levels": 3, "norm": "batch", "targets": "normalised"}).eval()
    for norm in model.norms:
        norm.running_mean.uniform_(-1, 1)
    image = torch.rand(2, 3, 32, 32)
    first = model.norms[0](model.encoder[0](image))
    second = model.norms[1](model.encoder[1](first))
    torch.testing.assert_close([target for target, _, _ in model.levels(image)], [image, first, second])
    torch.testing.assert_close([target for target, _ in model.chain(image)], [second, first, image])


@pytest.mark.parametrize(
    ("norm", "message"),
    [("shared", "with norm shared the way back would pass"), ("none", "there is no norm; set norm b")],
)
def test_normalised_targets_go_with_norms_of_each_sides_own_alone(norm, message):
    with pytest.raises(files.BadInput, match=f"ladder: targets normalised: {message}"):
        models.build("ladder", 32, 3, 1.0, {"levels": 3, "norm": norm, "targets": "normalised"})


@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_repeats_are_convolutions_after_each_but_the_deepest_of_stride_two(repeats):
    model = models.build("deep_vae", 64, 1, 1.0, {"repeats": repeats})
    for half, down in ((model.encoder, torch.nn.Conv2d), (model.decoder, torch.nn.ConvTranspose2d)):
        convolutions = [m for m in half if isinstance(m, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
        strides = "".join(str(m.stride[0]) for m in convolutions)
        assert strides == ("2" + "1" * repeats) * 4 + ("2" if down is torch.nn.Conv2d else "2" + "1" * repeats + "2")
    assert len({id(m) for m in model.modules()}) == len(list(model.modules()))


def test_a_batch_norm_of_the_decoder_is_its_own():
    model = models.build("ladder", 32, 3, 1.0, {"levels": 2, "norm": "batch"}).eval()
    code = torch.rand(2, 12, 8, 8)
    model.norms[0].running_mean.fill_(5)
    torch.testing.assert_close(model.decode(code), model.decoder[0](model.decoder[1](code)))


@pytest.mark.parametrize(
    "arguments",
    [{}, {"norm": "shared"}, {"norm": "batch"}, {"norm": "batch", "targets": "normalised"}, {"latent": "gaussian"}],
)
def test_the_chain_ends_in_the_reconstruction(arguments):
    model = models.build("ladder", 32, 3, 1.0, {"levels": 3, **arguments}).eval()
    image = torch.rand(2, 3, 32, 32)
    pairs = list(model.chain(image))
    assert [target.shape for target, _ in pairs] == [output.shape for _, output in pairs]
    assert torch.equal(pairs[-1][0], image)
    torch.testing.assert_close(pairs[-1][1], model(image))


def test_the_ladders_padding_mirrors_keras_same_padding():
    # Keras pads a 3x3 convolution of stride 2 by (0, 1) on each axis, ours by (1, 0)
    image, weight = torch.rand(1, 3, 16, 16), torch.rand(4, 3, 3, 3)
    keras = conv2d(pad(image, (0, 1, 0, 1)), weight, stride=2)
    mirrored = conv2d(image.flip(2, 3), weight.flip(2, 3), stride=2, padding=1).flip(2, 3)
    torch.testing.assert_close(mirrored, keras)


@pytest.mark.parametrize(
    ("channels", "width", "expected"), [(64, 1.0, 64), (64, 0.25, 16), (16, 0.1, 4), (2, 0.5, 2), (1, 0.5, 1)]
)
def test_width_leaves_a_few_maps(channels, width, expected):
    assert scaled(channels, width) == expected


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


def test_flops_count_two_for_each_weight_of_a_linear_model():
    # code and back: 3 components of 32 * 32 * 3 numbers, each once multiplied and added
    assert models.flops(models.build("pca", 32, 3, 1.0, {"code": 3}), 32, 3) == 2 * 2 * 3 * 32 * 32 * 3


def test_pca_of_too_few_images_is_refused():
    model = models.build("pca", 8, 3, 1.0, {"code": 6})
    with pytest.raises(ValueError, match="6 components need more than 6 training images, got 6"):
        model.fit(lambda: [torch.rand(6, 3, 8, 8)])


@pytest.fixture
def saved(tmp_path) -> Path:
    """A folder with a small model."""
    config = {"name": "pca", "size": 8, "channels": 3, "width": 1.0, "arguments": {"code": 2}}
    models.save(tmp_path, models.build("pca", 8, 3, 1.0, {"code": 2}), config)
    return tmp_path


def test_a_damaged_model_is_refused_by_its_file(saved):
    weights, config = (saved / name for name in ("weights.safetensors", "config.json"))
    for file in (weights, config):
        whole = file.read_bytes()
        random = np.random.default_rng(len(whole))
        for at in random.integers(len(whole), size=40):
            flipped = whole[:at] + bytes([whole[at] ^ 1 << random.integers(8)]) + whole[at + 1 :]
            for damaged in (whole[:at], flipped):
                file.write_bytes(damaged)
                with pytest.raises(files.BadInput, match=f"{saved.name}(: no whole model there|/{file.name}: not as )"):
                    models.load(saved)
        file.write_bytes(whole)
    weights.unlink()
    with pytest.raises(files.BadInput, match=f"{saved.name}: no whole model there"):
        models.load(saved)


def test_a_model_without_checksums_or_with_another_ones_weights_is_refused(saved, tmp_path):
    its = models.config(saved)
    save_file({name: tensor + 1 for name, tensor in models.load(saved)[0].state_dict().items()}, saved / "w")
    (saved / "w").replace(saved / "weights.safetensors")
    with pytest.raises(files.BadInput, match=r"weights\.safetensors: not as it was saved: SHA-256 .*dvc checkout"):
        models.load(saved)
    files.write_json(saved / "config.json", {k: v for k, v in its.items() if k != "sha256"})
    with pytest.raises(files.BadInput, match=r"no whole model there \(KeyError: 'sha256'\)"):
        models.load(saved)


def test_an_edited_config_is_refused(saved):
    files.write_json(saved / "config.json", models.config(saved) | {"crop": "banana"})
    with pytest.raises(
        files.BadInput, match=r"config\.json: not as it was saved: .*damaged or edited: run `dvc checkout"
    ):
        models.config(saved)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(saved, value):
    model, its = models.load(saved)
    model.components.data[1, 2] = value
    models.save(saved, model, its)
    with pytest.raises(files.BadInput, match=r"weights\.safetensors: components has numbers that are not finite"):
        models.load(saved)


def test_a_config_of_no_model_that_there_is_is_refused_with_those_that_are(tmp_path):
    model, _ = make("pca")
    config = {"size": 64, "channels": 3, "width": 0.5, "name": "gan", "arguments": {"code": 5}}
    models.save(tmp_path, model, config)
    message = rf"{tmp_path.name}/config.json: model 'gan' is unknown; known: .*ladder, pca, pooling"
    with pytest.raises(files.BadInput, match=message):
        models.load(tmp_path)


def test_a_config_with_arguments_of_another_model_is_refused(tmp_path):
    model, _ = make("pca")
    models.save(tmp_path, model, {"size": 64, "channels": 3, "width": 0.5, "name": "pca", "arguments": {"n_f": 5}})
    with pytest.raises(files.BadInput, match=r"no whole model there .*n_f"):
        models.load(tmp_path)


def test_a_config_is_read_without_the_weights_and_refused_where_there_is_none(tmp_path):
    files.write_json(tmp_path / "config.json", {"name": "pca", "dataset": "lfw"})
    assert models.config(tmp_path) == {"name": "pca", "dataset": "lfw"}
    (tmp_path / "config.json").write_text("{")
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(files.BadInput, match=f"{folder.name}: no whole model there .*; expected config.json"):
            models.config(folder)
