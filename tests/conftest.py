"""What several tests need."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


def write_array(path: Path, count: int, size: int = 32, seed: int = 0) -> np.memmap:
    """Pictures of one scene in many lights, uint8 (count, size, size, 3), written and mapped as preprocess does."""
    scene = np.random.default_rng(99).uniform(0.1, 1, (size // 8, size // 8, 3)).repeat(8, 0).repeat(8, 1)
    light = np.random.default_rng(seed).uniform(0.2, 1, (count, 1, 1, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, (255 * scene * light).astype(np.uint8))
    return np.load(path, mmap_mode="r")


@pytest.fixture
def arrays_folder(tmp_path) -> Path:
    """A folder with train (48), validation (8) and test (10) arrays of 32x32 pixels."""
    for seed, (name, count) in enumerate({"train": 48, "validation": 8, "test": 10}.items()):
        write_array(tmp_path / "arrays" / f"{name}.npy", count, seed=seed)
    return tmp_path / "arrays"
