"""Work on every image of archives, in several processes."""

import functools
import hashlib
import os
from pathlib import Path

import numpy as np
import pytest
from test_archives import make, picture

from autofaces.data import parallel
from autofaces.data.archives import ArchiveError, ImageError


def digest_of(i: int, data: bytes) -> tuple[int, str]:
    return i, hashlib.sha256(data).hexdigest()


def process_of(i: int, data: bytes) -> int:
    return os.getpid()


def fail_on(i: int, data: bytes, bad: int, error: Exception) -> None:
    if i == bad:
        raise error


def open_files() -> int:
    return len(list(Path("/proc/self/fd").glob("*")))  # 0 where there is no such folder


class TestEachImage:
    @pytest.fixture
    def files(self, tmp_path, monkeypatch) -> list[str]:
        """Names of 90 pictures in a zip and a tar.gz, mixed; processes start however few pictures there are."""
        monkeypatch.setattr(parallel, "FEW", 0)
        monkeypatch.setattr(parallel, "CHUNK", 7)
        content = {f"{n}.jpg": picture(n) for n in range(45)}
        names = [f"{make(tmp_path / a, content).name}/{n}" for a in ("a.zip", "b.tgz") for n in content]
        return [names[i] for i in np.random.default_rng(0).permutation(len(names))]

    def test_results_are_in_order_for_any_number_of_processes(self, tmp_path, files):
        expected = [(i, hashlib.sha256(picture(int(f[6:-4]))).hexdigest()) for i, f in enumerate(files)]
        for processes in (1, 2, 3):
            assert parallel.each_image(tmp_path, files, digest_of, "", processes) == expected

    def test_few_images_start_no_process(self, tmp_path, files, monkeypatch):
        monkeypatch.setattr(parallel, "FEW", 1000)
        assert set(parallel.each_image(tmp_path, files, process_of, "", 2)) == {os.getpid()}

    @pytest.mark.parametrize("processes", [1, 2])
    def test_an_unreadable_image_is_named(self, tmp_path, files, processes):
        work = functools.partial(fail_on, bad=33, error=ImageError("too small"))
        with pytest.raises(ImageError, match=rf"^{files[33]}: too small$"):
            parallel.each_image(tmp_path, files, work, "", processes)

    @pytest.mark.parametrize("processes", [1, 2])
    def test_other_errors_arrive_as_they_are(self, tmp_path, files, processes):
        work = functools.partial(fail_on, bad=33, error=LookupError("a fault"))
        with pytest.raises(LookupError, match="a fault"):
            parallel.each_image(tmp_path, files, work, "", processes)

    def test_a_damaged_archive_is_named(self, tmp_path, files):
        path = tmp_path / "a.zip"
        path.write_bytes(path.read_bytes().replace(picture(3), picture(3)[::-1]))
        with pytest.raises(ArchiveError, match=r"a\.zip: member 3\.jpg: Bad CRC-32"):
            parallel.each_image(tmp_path, files, digest_of, "", 2)

    def test_no_file_stays_open_after_an_error(self, tmp_path, files):
        work = functools.partial(fail_on, bad=0, error=ImageError("x"))
        before = open_files()
        with pytest.raises(ImageError, match="x"):
            parallel.each_image(tmp_path, files, work, "", 1)
        assert open_files() == before
