"""What is computed with what."""

import pytest
import torch

from autofaces.core.machine import processors
from autofaces.training import devices


@pytest.fixture(autouse=True)
def cpu(monkeypatch):
    """A machine without a GPU, whose number of threads and precision come back afterwards."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    threads, tf32 = torch.get_num_threads(), (torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32)
    yield
    torch.set_num_threads(threads)
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = tf32


@pytest.mark.parametrize(("asked", "used"), [(1, 1), (None, processors())], ids=["so many", "all"])
def test_a_cpu_has_the_threads_that_were_asked_for(asked, used):
    machine = devices.pick(asked)
    assert machine == (torch.device("cpu"), torch.float32)
    assert machine.described() == {"device": "cpu", "precision": "float32", "threads": used}


@pytest.mark.parametrize("fast", [False, True], ids=["without", "with"])
def test_bfloat16_is_taken_only_where_asked_for_and_where_the_hardware_multiplies_it(monkeypatch, fast):
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: fast)
    assert devices.pick(1, "auto").described()["precision"] == ("bfloat16" if fast else "float32")
    assert devices.pick(1, "float32").dtype == torch.float32


def test_a_gpu_is_taken_where_there_is_one_and_its_result_names_no_threads(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = True
    machine = devices.pick(4, "auto")
    assert machine.described() == {"device": "cuda", "precision": "bfloat16"}
    assert torch.backends.cudnn.deterministic
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
