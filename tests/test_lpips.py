"""LPIPS with an AlexNet from a file. Weights are random here: the real ones are too large for git."""

import functools
import re
import socket
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from conftest import write_array
from test_uses import AUTOENCODER, train
from torchvision.models import alexnet
from typer.testing import CliRunner

from autofaces.app import lpips
from autofaces.app.cli import app
from autofaces.core import files
from autofaces.evaluation import inference
from autofaces.training import models


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """An empty folder, and no network."""

    def connect(*args: object) -> None:
        raise AssertionError("nothing may be downloaded")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def network() -> torch.nn.Module:
    torch.manual_seed(0)
    return alexnet(weights=None).eval()


@pytest.fixture
def weights(network) -> Path:
    torch.save({k: v for k, v in network.state_dict().items() if k.startswith("features.")}, "alexnet.pth")
    return Path("alexnet.pth")


def test_features_are_those_of_the_alexnet_in_the_file(network, weights):
    judge = lpips.alexnet(weights, files.sha256(weights)[:8])
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        found = judge.net(images)
        for name, last in {"relu1": 2, "relu2": 5, "relu3": 8, "relu4": 10, "relu5": 12}.items():
            torch.testing.assert_close(getattr(found, name), network.features[:last](images))


def test_equal_images_are_at_no_distance_and_others_further_the_less_alike(weights):
    judge = lpips.alexnet(weights, "")
    noise = torch.Generator().manual_seed(0)
    images, others = torch.rand(3, 3, 64, 64, generator=noise), torch.rand(3, 3, 64, 64, generator=noise)
    near, far = (judge(images, images.lerp(others, share), normalize=True).flatten() for share in (0.1, 1.0))
    assert (judge(images, images, normalize=True) == 0).all()
    assert (near > 0).all()
    assert (far > near).all()


def test_another_file_is_refused(weights):
    with pytest.raises(
        files.BadInput, match=r"alexnet.pth: SHA-256 \w{8}\.\.\., expected 7be5be79\.\.\.: fetch it again"
    ):
        lpips.alexnet(weights)


def test_a_rows_mean_is_over_all_its_test_images_and_seeds(weights, monkeypatch):
    judge = lpips.alexnet(weights, "")
    monkeypatch.setattr(lpips, "alexnet", functools.partial(lpips.alexnet, digest=""))
    folder = train("a", AUTOENCODER, dataset="mine")
    torch.manual_seed(1)
    again = models.build("ladder", 32, 3, 0.5, AUTOENCODER["arguments"])
    (folder / "seed-2").mkdir()
    models.save(folder / "seed-2", again, models.config(folder))
    images = np.array(write_array(Path("data/arrays/mine/test.npy"), 70))
    persons = pd.DataFrame({"file": map(str, range(70)), "group": [str(i // 2) for i in range(70)]})
    persons.to_csv("data/arrays/mine/test.csv", index=False)
    found = []
    for place in (folder, folder / "seed-2"):
        made = inference.reconstruct(models.load(place)[0], torch.from_numpy(images))
        found.append(judge(torch.from_numpy(images).permute(0, 3, 1, 2) / 255, made, normalize=True).mean().item())
    result = CliRunner().invoke(app, ["lpips", "a", "--weights", str(weights)])
    assert result.exit_code == 0, result.output
    said = re.fullmatch(r"a: lpips (\S+) \((\S+) to (\S+)\) over 70 test images\n", result.output)
    mean, low, high = map(float, said.groups())
    assert mean == pytest.approx(np.mean(found), abs=1e-4)
    assert low < mean < high
