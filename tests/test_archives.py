import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from autofaces.data import archives
from autofaces.data.archives import ArchiveError, ImageError


def picture(seed: int = 0, size: tuple[int, int] = (12, 10), format: str = "JPEG") -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return encoded(Image.fromarray(pixels), format)


def encoded(image: Image.Image, format: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def make_zip(path: Path, content: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in content.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return path


def make_tar(path: Path, content: dict[str, bytes], special: tarfile.TarInfo | None = None) -> Path:
    mode = "w" if path.suffix == ".tar" else "w:gz"
    with tarfile.open(path, mode, format=tarfile.GNU_FORMAT) as archive:
        for name, data in content.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        if special is not None:
            archive.addfile(special)
    return path


def make(path: Path, content: dict[str, bytes]) -> Path:
    return make_zip(path, content) if path.suffix == ".zip" else make_tar(path, content)


@pytest.fixture(params=["faces.zip", "faces.tgz", "faces.tar"])
def archive(request, tmp_path) -> Path:
    """Seven pictures, not in order of name."""
    return make(tmp_path / request.param, {f"d/{n}.jpg": picture(n) for n in (3, 1, 2, 0, 6, 5, 4)})


class TestMembers:
    def test_are_the_images_sorted(self, archive):
        assert archives.members(archive) == [f"d/{n}.jpg" for n in range(7)]

    def test_pass_over_other_files(self, tmp_path):
        content = dict.fromkeys(["__MACOSX/a.jpg", "d/._a.jpg", ".DS_Store", "read.me", "b.JPEG"], b"x")
        for name in ("a.zip", "a.tgz"):
            assert archives.members(make(tmp_path / name, content)) == ["b.JPEG"]

    @pytest.mark.parametrize("name", ["../a.jpg", "d/../../a.jpg", "/etc/a.jpg", "C:/a.jpg", "d\\a.jpg", "a\nb.jpg"])
    @pytest.mark.parametrize("kind", ["a.zip", "a.tgz"])
    def test_unsafe_names_are_refused(self, tmp_path, kind, name):
        with pytest.raises(ArchiveError, match=r"a\.(zip|tgz): member .* has an unsafe name"):
            archives.members(make(tmp_path / kind, {"ok.jpg": b"x", name: b"x"}))

    @pytest.mark.parametrize(
        "kind",
        [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE],
        ids=["symbolic link", "hard link", "character device", "block device", "pipe"],
    )
    def test_links_and_devices_in_a_tar_are_refused(self, tmp_path, kind):
        special = tarfile.TarInfo("d/x.jpg")
        special.type, special.linkname = kind, "/etc/passwd"
        with pytest.raises(ArchiveError, match=r"'d/x\.jpg' is a link or a device"):
            archives.members(make_tar(tmp_path / "a.tgz", {"ok.jpg": b"x"}, special))

    @pytest.mark.parametrize("mode", [0o120777, 0o020666], ids=["symbolic link", "device"])
    def test_links_and_devices_in_a_zip_are_refused(self, tmp_path, mode):
        info = zipfile.ZipInfo("x.jpg")
        info.external_attr = mode << 16
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr(info, "/etc/passwd")
        with pytest.raises(ArchiveError, match=r"'x\.jpg' is a link or a device"):
            archives.members(tmp_path / "a.zip")

    def test_encrypted_members_are_refused(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"x.jpg": b"x"})
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the central directory
        path.write_bytes(data)
        with pytest.raises(ArchiveError, match=r"'x\.jpg' is encrypted"):
            archives.members(path)

    def test_a_zip_bomb_is_refused(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"x.png": bytes(9 << 20)}, zipfile.ZIP_DEFLATED)
        with pytest.raises(ArchiveError, match=r"'x\.png' unpacks from [\d,]+ to 9,437,184 bytes"):
            archives.members(path)

    def test_a_tar_bomb_is_refused(self, tmp_path):
        path = make_tar(tmp_path / "a.tgz", {f"{n}.txt": bytes(9 << 20) for n in range(2)})
        with pytest.raises(ArchiveError, match=r"unpack to over 200 times"):
            archives.members(path)

    def test_an_image_that_says_it_is_huge_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_BYTES", 100)
        for name in ("a.zip", "a.tgz"):
            with pytest.raises(ArchiveError, match=r"'x\.jpg' says it holds 101 bytes, at most 100"):
                archives.members(make(tmp_path / name, {"x.jpg": bytes(101)}))

    def test_too_many_members_are_refused(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_MEMBERS", 2)
        for name in ("a.zip", "a.tgz"):
            with pytest.raises(ArchiveError, match=r"members, at most"):
                archives.members(make(tmp_path / name, {f"{n}.jpg": b"x" for n in range(3)}))

    def test_a_name_that_is_there_twice_is_refused(self, tmp_path):
        data = make_zip(tmp_path / "a.zip", {"x.jpg": b"1", "y.jpg": b"2"}).read_bytes()
        (tmp_path / "a.zip").write_bytes(data.replace(b"y.jpg", b"x.jpg"))
        with pytest.raises(ArchiveError, match=r"holds x\.jpg twice"):
            archives.members(tmp_path / "a.zip")

    def test_a_zip_whose_list_lost_members_is_found(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {f"{n}.jpg": picture(n) for n in range(5)})
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\x01\x02") + 33] ^= 1  # the length of its comment, which swallows what follows
        path.write_bytes(data)
        with pytest.raises(ArchiveError, match=r"lists \d members, its end says otherwise"):
            archives.members(path)

    def test_a_comment_at_the_end_of_a_zip_does_no_harm(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"x.jpg": b"x"})
        with zipfile.ZipFile(path, "a") as archive:
            archive.comment = b"faces"
        assert archives.members(path) == ["x.jpg"]

    @pytest.mark.parametrize("share", [0.02, 0.5, 0.9, 0.999])
    def test_a_cut_archive_is_found(self, tmp_path, share):
        for name in ("a.zip", "a.tgz"):
            path = make(tmp_path / name, {f"{n}.jpg": picture(n, (64, 64)) for n in range(5)})
            data = path.read_bytes()
            path.write_bytes(data[: int(len(data) * share)])
            with pytest.raises(ArchiveError, match=rf"{name}: (not a whole zip or tar|damaged).*fetch it again"):
                archives.members(path)

    def test_a_damaged_tar_header_is_not_taken_for_the_end(self, tmp_path):
        path = make_tar(tmp_path / "a.tar", {f"{n}.jpg": bytes(512) for n in range(3)})
        data = bytearray(path.read_bytes())
        data[1024:1030] = b"@@@@@@"
        path.write_bytes(data)
        with pytest.raises(ArchiveError, match=r"damaged after 0\.jpg"):
            archives.members(path)

    @pytest.mark.parametrize("data", [b"", b"<html>quota</html>", b"PK"], ids=["empty", "a web page", "two bytes"])
    def test_a_file_that_is_no_archive_is_refused(self, tmp_path, data):
        (tmp_path / "a.zip").write_bytes(data)
        with pytest.raises(ArchiveError, match="not a whole zip or tar archive"):
            archives.members(tmp_path / "a.zip")


class TestRead:
    def test_gives_the_bytes_in_the_order_of_the_archive(self, archive):
        found = list(archives.read(archive, ["d/0.jpg", "d/1.jpg", "d/3.jpg"]))
        assert found == [(f"d/{n}.jpg", picture(n)) for n in (3, 1, 0)]

    def test_an_absent_name_is_named(self, archive):
        with pytest.raises(ArchiveError, match=r"no member d/9\.jpg"):
            list(archives.read(archive, ["d/1.jpg", "d/9.jpg"]))

    def test_an_absent_archive_is_named(self, tmp_path):
        with pytest.raises(ArchiveError, match=r"none\.zip: not found"):
            list(archives.read(tmp_path / "none.zip", ["a.jpg"]))

    def test_a_changed_byte_in_a_zip_is_found(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"x.jpg": b"face" * 50})
        path.write_bytes(path.read_bytes().replace(b"face", b"fake", 1))
        with pytest.raises(ArchiveError, match=r"member x\.jpg: Bad CRC-32"):
            list(archives.read(path, ["x.jpg"]))

    def test_a_size_that_lies_reads_no_further(self, tmp_path):
        path = make_zip(tmp_path / "a.zip", {"x.jpg": bytes(1 << 20)}, zipfile.ZIP_DEFLATED)
        data = bytearray(path.read_bytes())
        at = data.index(b"PK\x01\x02") + 24  # unpacked size in the central directory
        data[at : at + 4] = (100).to_bytes(4, "little")
        path.write_bytes(data)
        with pytest.raises(ArchiveError, match=r"member x\.jpg: Bad CRC-32"):
            list(archives.read(path, ["x.jpg"]))


class TestDecode:
    def test_rgb_and_grey_stay_what_they_are(self):
        for mode in ("RGB", "L"):
            image = Image.effect_noise((9, 7), 60).convert(mode)
            found = archives.decode(encoded(image, "PNG"))
            assert found.mode == mode
            assert found.tobytes() == image.tobytes()

    def test_transparency_shows_white(self):
        clear = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
        clear.putpixel((1, 0), (255, 0, 0, 255))
        for image in (clear, clear.convert("PA")):
            found = archives.decode(encoded(image, "PNG" if image.mode == "RGBA" else "TIFF"))
            assert [found.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (255, 0, 0)]
        found = archives.decode(encoded(Image.new("LA", (1, 1), (10, 0)), "PNG"))
        assert found.getpixel((0, 0)) == (255, 255, 255)

    def test_a_transparent_palette_colour_shows_white(self):
        image = Image.new("P", (2, 1), 0)
        image.putpalette([200, 0, 0, 0, 100, 0])
        image.putpixel((1, 0), 1)
        found = archives.decode(encoded(image, "PNG", transparency=0))
        assert [found.getpixel((x, 0)) for x in (0, 1)] == [(255, 255, 255), (0, 100, 0)]

    def test_a_palette_becomes_rgb(self):
        image = Image.new("P", (1, 1), 1)
        image.putpalette([200, 0, 0, 0, 100, 0])
        found = archives.decode(encoded(image, "PNG"))
        assert (found.mode, found.getpixel((0, 0))) == ("RGB", (0, 100, 0))

    def test_cmyk_becomes_rgb(self):
        found = archives.decode(encoded(Image.new("CMYK", (8, 8), (0, 255, 255, 0)), "JPEG", quality=100))
        assert found.mode == "RGB"
        np.testing.assert_allclose(found.getpixel((4, 4)), (255, 0, 0), atol=4)

    @pytest.mark.parametrize("format", ["PNG", "TIFF", "PPM"])
    def test_sixteen_bit_grey_keeps_its_range(self, format):
        image = Image.fromarray(np.array([[0, 257, 128 * 257, 65535]], dtype=np.uint16))
        found = archives.decode(encoded(image, format))
        assert (found.mode, list(found.tobytes())) == ("L", [0, 1, 128, 255])

    def test_one_bit_becomes_grey(self):
        found = archives.decode(encoded(Image.new("1", (1, 1), 1), "PNG"))
        assert (found.mode, found.getpixel((0, 0))) == ("L", 255)

    def test_the_first_frame_of_an_animation_counts(self):
        frames = [Image.new("L", (4, 4), value) for value in (50, 200)]
        found = archives.decode(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
        assert found.convert("L").getpixel((0, 0)) == 50

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_exif_rotation_is_applied(self, orientation):
        exif = Image.Exif()
        exif[0x0112] = orientation
        upright = archives.decode(encoded(Image.new("RGBA", (20, 10), "red"), "PNG", exif=exif))
        assert upright.size == ((10, 20) if orientation >= 5 else (20, 10))

    def test_exif_nonsense_does_no_harm(self):
        found = archives.decode(encoded(Image.new("L", (20, 10)), "JPEG", exif=b"Exif\x00\x00nonsense"))
        assert found.size == (20, 10)

    def test_a_cut_image_is_refused(self):
        data = picture(size=(64, 64))
        with pytest.raises(ImageError, match="not readable as an image: image file is truncated"):
            archives.decode(data[: len(data) // 2])

    @pytest.mark.parametrize("data", [b"", b"no image", b"%!PS-Adobe-3.0 EPSF-3.0\n"], ids=["empty", "text", "eps"])
    def test_other_bytes_are_refused(self, data):
        with pytest.raises(ImageError, match=r"not an image of a kind that is read \(JPEG, PNG"):
            archives.decode(data)

    def test_too_many_pixels_are_refused_before_they_are_read(self):
        data = encoded(Image.new("1", (9000, 9000)), "PNG")
        with pytest.raises(ImageError, match=r"9000 x 9000 pixels, at most 64,000,000"):
            archives.decode(data)

    def test_floating_point_is_refused(self):
        with pytest.raises(ImageError, match="no agreed range"):
            archives.decode(encoded(Image.new("F", (2, 2)), "TIFF"))
