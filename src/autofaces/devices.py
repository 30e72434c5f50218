"""Where and how precisely tensors are computed."""

import ctypes
import sys

import torch

from autofaces.machine import processors


def pick(threads: int | None) -> torch.device:
    """The GPU if there is one, else the CPU with so many threads; None: as many as this process may use."""
    if torch.cuda.is_available():
        torch.backends.cudnn.deterministic = True  # the same bytes on the same machine
        return torch.device("cuda")
    torch.set_num_threads(threads or processors())
    _keep_memory()
    return torch.device("cpu")


def _keep_memory() -> None:
    """Let glibc keep the blocks that a step frees: to get each from the system anew costs a training up to a fifth."""
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None
    if hasattr(libc, "mallopt"):
        libc.mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, the largest there is
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD


def precision(setting: str, device: torch.device) -> torch.dtype:
    """The type that convolutions are computed in: float32, or with `auto` bfloat16 where hardware multiplies it."""
    if setting == "float32":
        return torch.float32
    fast = torch.cuda.is_bf16_supported() if device.type == "cuda" else torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if fast else torch.float32
