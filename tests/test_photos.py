import os
import struct
import subprocess
import sys
import threading
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from autofaces.app import photos
from autofaces.core import files
from autofaces.data.archives import SUFFIXES, ImageError

EIGHT = photos.Fit(8, 3, "square")


def flag(mode: str = "RGB", size: int = 64) -> Image.Image:
    """Four squares: red and green above, blue and white below."""
    colours = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]], np.uint8)
    return Image.fromarray(colours.repeat(size // 2, 0).repeat(size // 2, 1)).convert(mode)


def corners(picture: np.ndarray) -> list[list[int]]:
    """The four corners in reading order."""
    return [picture[y, x].astype(int).tolist() for y in (0, -1) for x in (0, -1)]


def assert_flag(picture: np.ndarray, tolerance: int = 0) -> None:
    expected = [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]
    np.testing.assert_allclose(corners(picture), expected, atol=tolerance)


class TestRead:
    @pytest.mark.parametrize(
        ("name", "mode", "options", "tolerance"),
        [
            ("a.jpg", "RGB", {"quality": 95}, 6),
            ("progressive.JPEG", "RGB", {"quality": 95, "progressive": True}, 6),
            ("a.png", "RGB", {}, 0),
            ("a.PNG", "P", {}, 0),
            ("a.webp", "RGB", {"lossless": True}, 0),
            ("a.bmp", "RGB", {}, 0),
            ("a.gif", "RGB", {}, 0),
            ("a.tif", "RGB", {"compression": "tiff_lzw"}, 0),
            ("a.ppm", "RGB", {}, 0),
            ("cmyk.tif", "CMYK", {}, 0),
            ("cmyk.jpg", "CMYK", {"quality": 100}, 6),
        ],
    )
    def test_common_formats_show_the_same(self, tmp_path, name, mode, options, tolerance):
        flag(mode).save(tmp_path / name, **options)
        assert_flag(photos.read(tmp_path / name, EIGHT), tolerance)

    @pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_stands_upright_as_its_exif_says(self, tmp_path, orientation, suffix):
        turn = Image.Transpose
        undo = [None, None, turn.FLIP_LEFT_RIGHT, turn.ROTATE_180, turn.FLIP_TOP_BOTTOM, turn.TRANSPOSE]
        undo += [turn.ROTATE_90, turn.TRANSVERSE, turn.ROTATE_270]
        stored = flag() if orientation == 1 else flag().transpose(undo[orientation])
        exif = Image.Exif()
        exif[0x0112] = orientation
        options = {"jpg": {"quality": 95}, "webp": {"lossless": True}}.get(suffix, {})
        stored.save(tmp_path / f"a.{suffix}", exif=exif, **options)
        assert_flag(photos.read(tmp_path / f"a.{suffix}", EIGHT), 6)

    def test_transparency_shows_white(self, tmp_path):
        image = flag("RGBA")
        image.putalpha(Image.new("L", image.size, 0))
        image.save(tmp_path / "a.png")
        assert (photos.read(tmp_path / "a.png", EIGHT) == 255).all()

    @pytest.mark.parametrize("suffix", ["png", "tif"])
    def test_sixteen_bits_keep_their_range(self, tmp_path, suffix):
        Image.fromarray(np.full((64, 64), 128 * 257, np.uint16)).save(tmp_path / f"a.{suffix}")
        assert (photos.read(tmp_path / f"a.{suffix}", EIGHT) == 128).all()

    def test_sixteen_bits_of_each_colour_keep_their_range(self, tmp_path):
        (tmp_path / "a.png").write_bytes(png16(np.full((64, 64, 3), [255 * 257, 128 * 257, 0], np.uint16)))
        np.testing.assert_array_equal(photos.read(tmp_path / "a.png", EIGHT)[0, 0], [255, 128, 0])

    def test_the_first_frame_of_an_animation_counts(self, tmp_path):
        flag().save(tmp_path / "a.gif", save_all=True, append_images=[Image.new("RGB", (64, 64), "black")])
        assert_flag(photos.read(tmp_path / "a.gif", EIGHT))

    @pytest.mark.parametrize(("channels", "grey"), [(1, [76]), (3, [255, 0, 0])])
    def test_has_the_channels_of_the_model(self, tmp_path, channels, grey):
        flag().save(tmp_path / "a.png")
        picture = photos.read(tmp_path / "a.png", photos.Fit(8, channels, "square"))
        assert (picture.shape, picture.dtype, picture[0, 0].tolist()) == ((8, 8, channels), np.uint8, grey)

    def test_a_grey_image_gets_three_equal_channels(self, tmp_path):
        Image.new("L", (10, 12), 7).save(tmp_path / "a.png")
        assert (photos.read(tmp_path / "a.png", EIGHT) == 7).all()

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"this is text", "not an image of a kind that is read"),
            (b"", "not an image of a kind that is read"),
        ],
        ids=["text", "nothing"],
    )
    def test_what_is_no_image_is_named(self, tmp_path, content, reason):
        (tmp_path / "a.jpg").write_bytes(content)
        with pytest.raises(ImageError, match=rf"a\.jpg: {reason}"):
            photos.read(tmp_path / "a.jpg", EIGHT)

    def test_a_cut_image_is_named(self, tmp_path):
        flag().save(tmp_path / "a.jpg")
        (tmp_path / "a.jpg").write_bytes((tmp_path / "a.jpg").read_bytes()[:-40])
        with pytest.raises(ImageError, match=r"a\.jpg: not readable as an image: .*truncated"):
            photos.read(tmp_path / "a.jpg", EIGHT)

    @pytest.mark.parametrize("side", [10_000, 60_000])
    def test_an_image_that_unpacks_to_too_much_is_refused_by_its_size(self, tmp_path, side):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))
        with pytest.raises(ImageError, match=rf"bomb\.png: {side} x {side} pixels, at most 64,000,000 in all"):
            photos.read(tmp_path / "bomb.png", EIGHT)

    def test_a_file_of_too_many_bytes_is_not_even_read(self, tmp_path):
        with (tmp_path / "a.jpg").open("wb") as file:
            file.truncate(100 << 20)
        with pytest.raises(ImageError, match=r"a\.jpg: 104,857,600 bytes, at most 67,108,864"):
            photos.read(tmp_path / "a.jpg", EIGHT)

    def test_a_file_that_has_gone_is_named(self, tmp_path):
        with pytest.raises(ImageError, match=r"a\.jpg: No such file"):
            photos.read(tmp_path / "a.jpg", EIGHT)


class TestFit:
    def test_is_what_the_model_was_trained_on(self):
        assert photos.fit({"size": 64, "channels": 1, "crop": "whole"}) == (64, 1, "whole")

    def test_is_the_largest_square_where_the_model_does_not_say(self):
        assert photos.fit({"size": 64, "channels": 1}) == (64, 1, "square")

    def test_can_be_asked_for(self):
        assert photos.fit({"size": 64, "channels": 1, "crop": 32}, "whole").crop == "whole"

    @pytest.mark.parametrize("crop", ["banana", -3, 1.5])
    def test_of_a_model_that_is_no_way_to_cut_is_refused(self, crop):
        with pytest.raises(files.BadInput, match=f"crop = {crop!r}; expected square, whole, or a number of pixels"):
            photos.fit({"size": 64, "channels": 1, "crop": crop})

    @pytest.mark.parametrize(
        ("side", "used"), [(250, 128), (154, 128), (128, 128), (256, 128), (1000, 500), (100, 100)]
    )
    def test_a_number_of_pixels_shows_as_much_of_images_of_other_sizes(self, tmp_path, side, used):
        ramp = np.broadcast_to(np.arange(side, dtype=np.float64) / side * 255, (side, side))
        Image.fromarray(ramp.astype(np.uint8)).save(tmp_path / "a.png")
        row = photos.read(tmp_path / "a.png", photos.Fit(128, 1, 128))[0, :, 0].astype(float)
        assert row[-1] - row[0] == pytest.approx(used / side * 255, abs=4)
        assert row.mean() == pytest.approx(127, abs=2)

    @given(st.integers(8, 90), st.integers(8, 90))
    def test_an_image_of_any_shape_fits(self, tmp_path_factory, width, height):
        path = tmp_path_factory.getbasetemp() / "any.bmp"
        Image.new("RGB", (width, height), "teal").save(path)
        for crop in ("square", "whole", 32):
            picture = photos.read(path, photos.Fit(8, 3, crop))
            assert (picture == [0, 128, 128]).all()


def as_nobody(code: str) -> str:
    """What code prints that a user without rights runs; a test's own user may be root, who may read everything."""
    become = "import os; os.geteuid() or os.setresuid(65534, 65534, 65534); "
    imports = "from pathlib import Path; from autofaces.app import photos; "
    command = [sys.executable, "-c", imports + become + code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


class TestFind:
    def test_is_in_the_order_given_and_in_folders_by_name(self, tmp_path):
        for name in ("f/b.jpg", "f/a.png", "f/c/z.gif", "f/notes.txt", "f/._a.png", "odd"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        found = photos.find([tmp_path / "odd", tmp_path / "f", tmp_path / "f/b.jpg"], [])
        assert [str(path.relative_to(tmp_path)) for path in found] == ["odd", "f/a.png", "f/b.jpg", "f/c/z.gif"]

    def test_knows_every_suffix_in_any_case(self, tmp_path):
        for suffix in SUFFIXES:
            (tmp_path / f"a{suffix.upper()}").touch()
        assert len(photos.find([tmp_path], [])) == len(SUFFIXES)

    def test_a_link_to_the_folder_above_is_no_endless_folder(self, tmp_path):
        (tmp_path / "f").mkdir()
        (tmp_path / "f/a.jpg").touch()
        (tmp_path / "f/up").symlink_to(tmp_path)
        assert photos.find([tmp_path], []) == [tmp_path / "f/a.jpg"]

    def test_a_link_in_a_circle_is_left_out_and_named(self, tmp_path):
        (tmp_path / "a.jpg").touch()
        (tmp_path / "circle.jpg").symlink_to("circle.jpg")
        (tmp_path / "up.jpg").symlink_to(".")
        left_out: list[str] = []
        assert photos.find([tmp_path], left_out) == [tmp_path / "a.jpg"]
        assert left_out == [f"{tmp_path}/circle.jpg: Too many levels of symbolic links"]

    def test_a_folder_that_may_not_be_read_is_left_out_and_named(self, tmp_path):
        for name in ("a.jpg", "below/b.jpg", "closed/c.jpg"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        (tmp_path / "closed").chmod(0)
        found = as_nobody(f"left = []; print([p.name for p in photos.find([Path({str(tmp_path)!r})], left)], left)")
        (tmp_path / "closed").chmod(0o755)
        assert found == f"['a.jpg', 'b.jpg'] ['{tmp_path}/closed: Permission denied']\n"

    def test_a_folder_of_nothing_but_such_is_refused_by_what_is_in_it(self, tmp_path):
        (tmp_path / "circle.jpg").symlink_to("circle.jpg")
        with pytest.raises(files.BadInput, match=r"1 of 1 images cannot be read:\n  .*circle\.jpg: Too many levels"):
            photos.find([tmp_path], [])

    def test_an_absent_path_is_refused(self, tmp_path):
        with pytest.raises(files.BadInput, match=r"nowhere\.jpg: not found"):
            photos.find([tmp_path / "nowhere.jpg"], [])

    def test_a_folder_without_images_is_refused(self, tmp_path):
        (tmp_path / "notes.txt").touch()
        with pytest.raises(files.BadInput, match=r"no images there \(files that end in jpg, jpeg, png"):
            photos.find([tmp_path], [])

    def test_a_pipe_is_refused(self, tmp_path):
        os.mkfifo(tmp_path / "a.jpg")
        with pytest.raises(files.BadInput, match=r"a\.jpg: neither a file nor a folder"):
            photos.find([tmp_path / "a.jpg"], [])


class TestBatches:
    @pytest.fixture
    def paths(self, tmp_path) -> list[Path]:
        for i in range(30):
            Image.new("L", (8, 8), i).save(tmp_path / f"{i:02}.png")
        for i in (3, 17):
            (tmp_path / f"{i:02}.png").write_text("no image")
        return photos.find([tmp_path], [])

    def test_are_in_order_without_what_cannot_be_read(self, paths):
        unreadable: list[str] = []
        found = list(photos.batches(paths, photos.Fit(8, 1, "square"), 8, unreadable, "test"))
        assert [len(images) for _, images in found] == [8, 8, 8, 4]
        indices = [i for part, _ in found for i in part]
        assert indices == [i for i in range(30) if i not in (3, 17)]
        assert np.concatenate([images[:, 0, 0, 0] for _, images in found]).tolist() == indices
        assert [reason.split(": ")[0][-6:] for reason in unreadable] == ["03.png", "17.png"]

    def test_read_ahead_by_a_batch_and_no_further(self, paths, monkeypatch):
        opened: list[Path] = []
        read = photos.read

        def watched(path: Path, fit: photos.Fit) -> np.ndarray:
            opened.append(path)
            return read(path, fit)

        monkeypatch.setattr(photos, "read", watched)
        batches = photos.batches(paths, EIGHT, 4, [], "test")
        next(batches)
        time.sleep(0.2)
        assert len(opened) <= 4 + 1 + 4  # a batch, the unreadable one in it, and a batch ahead
        batches.close()
        threads = [thread for thread in threading.enumerate() if "ThreadPool" in thread.name]
        assert not threads

    def test_named_tells_the_first_few(self):
        reasons = [f"{i}.jpg: bad" for i in range(5)]
        text = photos.named(reasons, 1234)
        assert text == "5 of 1,234 images cannot be read:\n  0.jpg: bad\n  1.jpg: bad\n  2.jpg: bad\n  ..."


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(pixels: np.ndarray) -> bytes:
    """A PNG of uint16 (H, W, 3), which Pillow reads and does not write."""
    height, width, _ = pixels.shape
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
