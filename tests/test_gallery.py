import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_uses import AUTOENCODER, VARIATIONAL, train

from autofaces.app import gallery, photos, uses
from autofaces.core import files
from autofaces.evaluation import inference
from autofaces.evaluation.applications import search
from autofaces.training import checkpoints


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def photo(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    Image.fromarray(pixels).resize((40, 40), Image.Resampling.NEAREST).save(path)


@pytest.fixture
def folder(tmp_path) -> Path:
    for i in range(10):
        photo(tmp_path / "photos" / ("nested" if i % 2 else ".") / f"{i}.png", i)
    return tmp_path / "photos"


@pytest.fixture
def trained() -> uses.Trained:
    train("a", AUTOENCODER)
    return uses.load("similar", "a")


@pytest.fixture
def opened(monkeypatch) -> list[str]:
    """Names of the images that are read."""
    names: list[str] = []
    read = photos.read

    def watched(path: Path, fit: photos.Fit) -> np.ndarray:
        names.append(path.name)
        return read(path, fit)

    monkeypatch.setattr(photos, "read", watched)
    return names


def gather(folder: Path, trained: uses.Trained) -> tuple[gallery.Gallery, int]:
    return gallery.gather(folder, trained, photos.fit(trained.config), [])


def names(found: gallery.Gallery) -> set[str]:
    return {file.split("/")[-1].split(" ")[-1] for file in found.known}


def code(path: Path, trained: uses.Trained) -> np.ndarray:
    return inference.codes(trained.model, photos.read(path, photos.fit(trained.config))[None])[0]


class TestGather:
    def test_has_the_code_of_every_image(self, folder, trained):
        found, new = gather(folder, trained)
        assert new == len(found.known) == 10
        for file, row in zip(found.known, found.codes, strict=True):
            np.testing.assert_allclose(row, code(folder / file.split(" ", 2)[2], trained), atol=1e-5)

    def test_the_second_time_opens_nothing_and_maps_the_codes(self, folder, trained, opened):
        first, _ = gather(folder, trained)
        opened.clear()
        again, new = gather(folder, trained)
        assert (new, opened) == (0, [])
        assert isinstance(again.codes, np.memmap)
        np.testing.assert_array_equal(again.codes, first.codes)

    def test_opens_only_what_is_new_or_changed_and_forgets_what_has_gone(self, folder, trained, opened):
        gather(folder, trained)
        (folder / "0.png").unlink()
        photo(folder / "2.png", 77)
        os.utime(folder / "4.png", ns=(1, 1))
        photo(folder / "new.png", 99)
        opened.clear()
        found, new = gather(folder, trained)
        assert (new, sorted(opened)) == (3, ["2.png", "4.png", "new.png"])
        assert names(found) == {"new.png", *(f"{i}.png" for i in range(1, 10))}
        row = next(i for i, file in enumerate(found.known) if file.endswith(" 2.png"))
        np.testing.assert_allclose(found.codes[row], code(folder / "2.png", trained), atol=1e-5)
        np.testing.assert_allclose(found.mean, found.codes.mean(0), atol=1e-5)

    def test_forgets_what_has_gone_also_where_nothing_is_new(self, folder, trained):
        gather(folder, trained)
        (folder / "0.png").unlink()
        found, new = gather(folder, trained)
        assert (new, len(found.known), len(found.codes), len(found.norms)) == (0, 9, 9, 9)

    def test_keeps_apart_models_crops_and_folders(self, folder, trained, tmp_path):
        train("b", VARIATIONAL)
        other = uses.load("similar", "b")
        (folder / "nested").rename(tmp_path / "nested")
        assert gather(folder, trained)[1] == 5
        assert gather(tmp_path / "nested", trained)[1] == 5
        assert gather(folder, other)[1] == 5
        assert gallery.gather(folder, trained, photos.fit(trained.config, "whole"), [])[1] == 5
        assert gather(folder, trained)[1] == 0

    def test_a_model_trained_anew_starts_anew(self, folder, trained):
        gather(folder, trained)
        with (trained.folder / "weights.safetensors").open("r+b") as weights:
            weights.seek(-4, os.SEEK_END)
            weights.write(b"\0\0\0\0")
        assert gather(folder, trained)[1] == 10

    def test_unreadable_files_are_told_each_time_and_opened_once(self, folder, trained, opened):
        (folder / "text.jpg").write_text("no image")
        for _ in range(2):
            found, _ = gather(folder, trained)
            (reason,) = found.unreadable.values()
            assert "text.jpg: not an image of a kind that is read" in reason
        assert opened.count("text.jpg") == 1
        photo(folder / "text.jpg", 5)
        found, new = gather(folder, trained)
        assert (new, len(found.known), found.unreadable) == (1, 11, {})

    def test_an_interrupted_search_goes_on_from_the_last_save(self, folder, trained, monkeypatch):
        monkeypatch.setattr(gallery, "SAVE", 4)
        encode = gallery._encode
        calls = []

        def interrupted(*args):
            calls.append(args)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return encode(*args)

        monkeypatch.setattr(gallery, "_encode", interrupted)
        with pytest.raises(KeyboardInterrupt):
            gather(folder, trained)
        found, new = gather(folder, trained)
        assert (new, len(found.known)) == (2, 10)
        for file, row in zip(found.known, found.codes, strict=True):
            np.testing.assert_allclose(row, code(folder / file.split(" ", 2)[2], trained), atol=1e-5)

    @pytest.mark.parametrize("flipped", [False, True], ids=["cut", "flipped"])
    @pytest.mark.parametrize("name", [*gallery.FILES, "sha256.json"])
    def test_damaged_codes_are_made_anew(self, folder, trained, name, flipped):
        gather(folder, trained)
        (file,) = (checkpoints.root() / "codes").glob(f"*/{name}")
        whole = file.read_bytes()
        file.write_bytes(whole[:-3] + bytes([whole[-3] ^ 1]) + whole[-2:] if flipped and whole[2:] else whole[:-2])
        found, new = gather(folder, trained)
        assert new == 10
        assert names(found) == {f"{i}.png" for i in range(10)}
        assert len(found.codes) == len(found.known)

    def test_names_that_are_no_text_are_kept_apart(self, folder, trained):
        for i, name in enumerate([b"\xff.png", b"a\nb.png", b"a b.png"]):
            photo(Path(os.fsdecode(bytes(folder) + b"/" + name)), 20 + i)
        gather(folder, trained)
        found, new = gather(folder, trained)
        assert (new, len(found.known)) == (0, 13)
        query = Path(os.fsdecode(bytes(folder) + b"/a\nb.png"))
        assert gallery.nearest(found, code(query, trained), 1)[0][0] == "a\nb.png"

    def test_a_folder_with_nothing_readable_is_refused(self, tmp_path, trained):
        (tmp_path / "texts").mkdir()
        (tmp_path / "texts/a.jpg").write_text("no image")
        with pytest.raises(files.BadInput, match=r"1 of 1 images cannot be read:\n  .*a\.jpg: not an image"):
            gather(tmp_path / "texts", trained)
        assert not (checkpoints.root() / "codes").exists()

    def test_a_folder_without_images_is_refused(self, tmp_path, trained):
        (tmp_path / "empty").mkdir()
        with pytest.raises(files.BadInput, match="empty: no images there"):
            gather(tmp_path / "empty", trained)


class TestNearest:
    @pytest.fixture
    def points(self) -> gallery.Gallery:
        codes = np.random.default_rng(0).standard_normal((500, 16), np.float32) + 30
        mean = codes.mean(0)
        return gallery.Gallery([f"1 1 {i}" for i in range(500)], codes, mean, np.linalg.norm(codes - mean, axis=1), {})

    def test_is_the_cosine_of_centred_codes_best_first(self, points):
        query = points.codes[7] + np.float32(0.1)
        a, b = points.codes.astype(float) - points.mean, query.astype(float) - points.mean
        cosine = a @ b / np.linalg.norm(a, axis=1) / np.linalg.norm(b)
        found = gallery.nearest(points, query, 20)
        order = np.argsort(-cosine)[:20]
        assert [name for name, _ in found] == [str(i) for i in order]
        np.testing.assert_allclose([value for _, value in found], cosine[order], atol=1e-4)

    def test_is_what_the_precision_of_search_is_measured_on(self, points):
        expected = search.nearest(points.codes @ points.codes.T, "cosine")
        for i in range(0, 500, 50):
            found = [int(name) for name, _ in gallery.nearest(points, points.codes[i], 6)]
            assert found == [i, *expected[i]]

    def test_an_image_is_nearest_to_itself(self, points):
        for i in (0, 250, 499):
            ((name, value),) = gallery.nearest(points, points.codes[i], 1)
            assert (name, value) == (str(i), pytest.approx(1, abs=1e-4))

    def test_there_are_no_more_than_there_are(self, points):
        assert len(gallery.nearest(points, points.codes[0], 1000)) == 500

    def test_the_only_image_of_a_folder_is_like_none(self, tmp_path, trained):
        photo(tmp_path / "one/a.png", 0)
        photo(tmp_path / "b.png", 1)
        found, _ = gather(tmp_path / "one", trained)
        for query in ("one/a.png", "b.png"):
            ((name, value),) = gallery.nearest(found, code(tmp_path / query, trained), 5)
            assert (name, value) == ("a.png", pytest.approx(0, abs=1e-6))

    def test_two_hundred_thousand_codes_are_searched_in_less_than_a_second(self):
        codes = np.zeros((200_000, 384), np.float32)
        codes[1234] = 1
        norms = np.full(200_000, 20, np.float32)
        found = gallery.Gallery([f"1 1 {i}" for i in range(200_000)], codes, codes[0], norms, {})
        started = time.process_time()
        ((name, _),) = gallery.nearest(found, codes[1234], 1)
        assert name == "1234"
        assert time.process_time() - started < 1
