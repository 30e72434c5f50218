"""What a network has to offer: each fault of a file is one line that names it, what was expected, and what came."""

import sys

import pytest

from autofaces import networks
from autofaces.app import contract
from autofaces.core import found, params
from autofaces.core.params import Component
from autofaces.training import models

WHOLE = """
from torch import Tensor, nn


class Mine(nn.Module):
    pixel_range = (0.0, 1.0)

    def __init__(self, size: int, channels: int, width: float = 1.0):
        super().__init__()
        self.code_shape = (5,)
        self.encoder = nn.Linear(channels * size * size, 5)
        self.spread = nn.Linear(channels * size * size, 5)
        self.decoder = nn.Sequential(nn.Linear(5, channels * size * size), nn.Unflatten(1, (channels, size, size)))

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoder(images.flatten(1)), self.spread(images.flatten(1))

    def logits(self, code: Tensor) -> Tensor:
        return self.decoder(code)

    def decode(self, code: Tensor) -> Tensor:
        return self.logits(code).sigmoid()

    def forward(self, images: Tensor) -> Tensor:
        return self.decode(self.encode(images)[0])
"""
BERNOULLI = Component(name="elbo", likelihood="bernoulli")


@pytest.fixture
def tried(tmp_path, monkeypatch):
    """Try a network whose file is mine.py: WHOLE, with some text replaced by another."""

    def run(old: str = "", new: str = "") -> tuple[object, list[str]]:
        assert old in WHOLE
        (tmp_path / "mine.py").write_text(WHOLE.replace(old, new))
        monkeypatch.setattr(networks, "__path__", [*networks.__path__, str(tmp_path)])
        monkeypatch.setattr(found, "networks", lambda: ["mine", "pca"])
        params._class_schema(tmp_path / "mine.py")  # refuses a file whose arguments cannot be read
        monkeypatch.delitem(sys.modules, "autofaces.networks.mine", raising=False)
        return contract.tried("mine", 32, 1, 0.5, {})

    yield run
    sys.modules.pop("autofaces.networks.mine", None)


def test_a_network_that_does_what_it_has_to_has_no_problems(tried):
    model, problems = tried()
    assert problems == []
    assert contract.objection(model, BERNOULLI, 32, 1) is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("(nn.Module)", "", "class Mine: expected a torch.nn.Module, got Mine"),
        ("pixel_range = ", "range = ", "class Mine has no pixel_range; expected two numbers, such as (0.0, 1.0)"),
        ("(0.0, 1.0)", "(1.0, 0.0)", "pixel_range: expected two numbers, the lower one first, got (1.0, 0.0)"),
        ("(0.0, 1.0)", "255", "pixel_range: expected two numbers, the lower one first, got 255"),
        ("def encode", "def code", "class Mine has no encode(images) -> code"),
        ("def decode", "def undo", "class Mine has no decode(code) -> images"),
        ("def forward", "def run", "class Mine has no forward(images) -> images"),
        (
            "self.encoder(images.flatten(1)), self.spread(images.flatten(1))",
            "self.encoder(images.flatten(1)), self.spread(images.flatten(1))[:, :3]",
            "encode(images) of 2 images: expected a code of 2 rows, or a mean and a log-variance of one shape, "
            "got 2 things: (2, 5), (2, 3)",
        ),
        (", self.spread(images.flatten(1))", ", None", "log-variance of one shape, got 2 things: (2, 5), NoneType"),
        (
            "self.code_shape = (5,)",
            "pass",
            "no code_shape; the code is a mean and a log-variance, so expected (5,)",
        ),
        ("(5,)", "(6,)", "code_shape: expected (5,), the shape of one image's code, got (6,)"),
        (".sigmoid()", ".sigmoid()[0]", "decode(code): expected the images' shape (2, 1, 32, 32), got (1, 32, 32)"),
        ("images)[0])", "images)[0]).mean()", "forward(images): expected the images' shape (2, 1, 32, 32), got ()"),
        (
            "images)[0])",
            "images)[1])",
            "forward(images): expected what decode makes of encode's code (of its mean), got other images",
        ),
        (
            "self.decoder(code)",
            "self.decoder(code)[0]",
            "logits(code): expected the images' shape (2, 1, 32, 32), got (1, 32, 32)",
        ),
        (
            "return self.logits(code).sigmoid()",
            "return self.logits(code).tanh()",
            "logits(code): expected decode's images before their sigmoid, got other numbers",
        ),
        ("nn.Linear(5, ", "nn.Linear(4, ", "line 19: decode(code) raises RuntimeError: "),
        ("channels * size * size, 5)", "channels * sise, 5)", "line 11: Mine(32, 1, 0.5) raises NameError: name"),
        ("from torch import", "from torch import Tensr,", "line 2: Mine(32, 1, 0.5) raises ImportError: cannot import"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_the_file_what_was_expected_and_what_came(tried, old, new, problem):
    _, problems = tried(old, new)
    assert any(line.startswith("src/autofaces/networks/mine.py: ") and problem in line for line in problems), problems


def test_a_code_that_shrinks_with_the_network_is_named(tried):
    scaled = WHOLE.replace("size, 5)", "size, code)").replace("Linear(5,", "Linear(code,").replace("(5,)", "(code,)")
    scaled = scaled.replace("        self.code_shape", "        code = round(10 * width)\n        self.code_shape")
    _, problems = tried(WHOLE, scaled)
    assert problems == ["src/autofaces/networks/mine.py: code: expected 10 numbers at any width, got 5 at 0.5"]


def test_all_that_a_class_lacks_is_named_at_once(tried):
    _, problems = tried(WHOLE[WHOLE.index("    def encode") :], "")
    assert [line.partition(" has no ")[2] for line in problems] == [
        "encode(images) -> code",
        "decode(code) -> images",
        "forward(images) -> images",
    ]


class TestObjection:
    def test_a_bernoulli_likelihood_needs_logits(self, tried):
        old = WHOLE[WHOLE.index("    def logits") : WHOLE.index(".sigmoid()")]
        model, problems = tried(old, "    def decode(self, code: Tensor) -> Tensor:\n        return self.decoder(code)")
        assert problems == []
        assert contract.objection(model, BERNOULLI, 32, 1) == (
            "objective elbo: Mine has no logits; set likelihood: gaussian"
        )

    def test_a_kl_needs_a_mean_and_a_log_variance(self):
        model = models.build("sketch", 32, 1, 0.25, {})
        assert contract.objection(model, BERNOULLI, 32, 1).startswith("elbo needs a model with mean and log-variance")
        assert contract.objection(model, Component(name="mse"), 32, 1) is None

    def test_no_objective_needs_a_closed_form(self, tried):
        said = contract.objection(tried()[0], None, 32, 1)
        assert said.startswith("missing, and Mine has no fit(blocks), a closed form; known: mse, mae, layerwise")
        assert contract.objection(models.build("pca", 32, 1, 1.0, {"code": 3}), None, 32, 1) is None
