"""Where and how precisely tensors are computed."""

import ctypes
import os
import sys
from typing import Any, NamedTuple

import torch

from autofaces.core.machine import processors
from autofaces.training import ranks


class Machine(NamedTuple):
    """What a training or an evaluation is computed with."""

    device: torch.device
    dtype: torch.dtype  # of convolutions and matrix products; weights, sums and losses are float32

    def described(self) -> dict[str, Any]:
        """device, precision, of a CPU threads, and of several processes their number: what the result's bytes depend
        on."""
        words = {"device": self.device.type, "precision": str(self.dtype).removeprefix("torch.")}
        words |= {"threads": torch.get_num_threads()} if self.device.type == "cpu" else {}
        return words | ({"processes": ranks.count()} if ranks.count() > 1 else {})


def pick(threads: int | None, precision: str = "float32") -> Machine:
    """The GPU if there is one, else the CPU with so many threads; None: as many as this process may use.

    precision: float32, or auto, which is bfloat16 where the hardware multiplies it. float32 is that: a GPU's TF32, of
    10 bits, is left off.
    """
    if torch.cuda.is_available():
        torch.backends.cudnn.deterministic = True  # the same bytes on the same machine
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
        device, fast = torch.device("cuda"), torch.cuda.is_bf16_supported()
        if ranks.launched():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    else:
        torch.set_num_threads(threads or processors())
        _keep_memory()
        device, fast = torch.device("cpu"), torch.cpu._is_amx_tile_supported()
    return Machine(device, torch.bfloat16 if precision == "auto" and fast else torch.float32)


def _keep_memory() -> None:
    """Let glibc keep the blocks that a step frees: to get each from the system anew costs a training up to a fifth."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, the largest there is
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
