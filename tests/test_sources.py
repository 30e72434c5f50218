import functools
import hashlib
import http.server
import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from test_archives import make_tar, make_zip, picture

from autofaces.core.files import BadInput
from autofaces.data import archives, downloads, sources

PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def official(data: bytes | None, *urls: str) -> SimpleNamespace:
    """A file of params.yaml; data None: its size and checksum are not published."""
    size, checksum = (None, None) if data is None else (len(data), sha256(data))
    return SimpleNamespace(urls=list(urls), bytes=size, sha256=checksum)


def dataset(layout: str, **files: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(layout=layout, files={name.replace("__", "."): file for name, file in files.items()})


@pytest.fixture
def obtain(tmp_path, monkeypatch):
    """obtain(dataset, source) fills raw/faces; what an official source keeps between runs is in work/.work."""
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / "work"))
    monkeypatch.delenv("AUTOFACES_DATA", raising=False)
    root = str(tmp_path / "mine")
    return functools.partial(
        sources.obtain, "faces", images=30, seed=0, data_root=root, folder=tmp_path / "raw" / "faces"
    )


@pytest.fixture
def archive(tmp_path) -> bytes:
    """A zip of pictures, 60 KB."""
    return make_zip(tmp_path / "made.zip", {f"{n}_2001.jpg": picture(n, (90, 90)) for n in range(6)}).read_bytes()


class Server(http.server.ThreadingHTTPServer):
    """Serves `content` by path; `faults` holds, by path, what goes wrong at the next requests."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {}
        self.faults: dict[str, list] = {}
        self.requests: list[tuple[str, str | None]] = []

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path, span = self.path.strip("/"), self.headers.get("Range")
        self.server.requests.append((path, span))
        data = self.server.content[path]
        faults = self.server.faults.get(path, [])
        fault = faults.pop(0) if faults else None
        if isinstance(fault, int):
            self.send_error(fault)
            return
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span and fault != "no ranges" else 0
        if span and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Type", "text/html" if data is PAGE else "application/octet-stream")
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        body = data[start:]
        self.wfile.write(body[: len(body) // 2] if fault in ("break off", "no ranges") else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "PAUSE", 0.01)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class TestOfficial:
    def test_a_file_arrives_as_it_is_and_is_recorded(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        url = server.url("a")
        obtain(dataset("anime", animefacedataset__zip=official(archive, url)), "official")
        assert (tmp_path / "raw/faces/animefacedataset.zip").read_bytes() == archive
        record = {"animefacedataset.zip": {"sha256": sha256(archive), "bytes": len(archive), "url": url}}
        found = json.loads((tmp_path / "raw/faces/source.json").read_text())
        assert found == {"source": "official", "files": record}
        assert not (tmp_path / "work/.work/downloads/faces").exists()

    @pytest.mark.parametrize("fault", [403, 404], ids=["forbidden", "not found"])
    def test_the_next_mirror_is_tried_at_once(self, obtain, server, archive, tmp_path, fault):
        server.content = {"bad": archive, "good": archive}
        server.faults["bad"] = [fault] * 9
        obtain(dataset("anime", a__zip=official(archive, server.url("bad"), server.url("good"))), "official")
        assert [path for path, _ in server.requests] == ["bad", "good"]
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive

    @pytest.mark.parametrize("fault", [500, 503, 429])
    def test_a_server_in_trouble_is_asked_again(self, obtain, server, archive, tmp_path, capsys, fault):
        server.content["a"] = archive
        server.faults["a"] = [fault, fault]
        obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")
        assert len(server.requests) == 3
        assert f"a.zip: status {fault}" in capsys.readouterr().err

    def test_a_broken_connection_goes_on_where_it_ended(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        server.faults["a"] = ["break off", "break off"]
        obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")
        starts = [int(span.strip("bytes=-")) if span else 0 for _, span in server.requests]
        assert starts == [0, len(archive) // 2, len(archive) // 2 + (len(archive) - len(archive) // 2) // 2]
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive

    def test_a_server_that_cannot_go_on_starts_anew(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        server.faults["a"] = ["break off", "no ranges", "no ranges"]
        obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive

    def test_a_connection_that_never_gets_on_is_given_up(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        server.faults["a"] = ["no ranges"] * 99
        with pytest.raises(BadInput, match=r"connection (failed|ended).*4 times in a row"):
            obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")
        assert len(server.requests) < 9

    def test_the_next_run_goes_on_from_what_came(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        server.faults["a"] = ["break off", 500, 500, 500, 500]
        files = dataset("anime", a__zip=official(archive, server.url("a")))
        with pytest.raises(BadInput, match="could not be downloaded"):
            obtain(files, "official")
        server.faults.clear()
        obtain(files, "official")
        assert server.requests[-1] == ("a", f"bytes={len(archive) // 2}-")
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive

    def test_a_file_that_had_come_whole_is_not_fetched_twice(self, obtain, server, archive):
        server.content = {"a": archive, "b": archive}
        server.faults["b"] = [404]
        files = dataset("anime", a__zip=official(None, server.url("a")), b__zip=official(archive, server.url("b")))
        with pytest.raises(BadInput, match=r"b\.zip could not be downloaded"):
            obtain(files, "official")
        obtain(files, "official")
        assert [path for path, _ in server.requests] == ["a", "b", "b"]

    def test_a_part_that_is_all_is_recognised(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        name = f"a.zip.{sha256(server.url('a').encode())[:8]}.partial"
        partial = tmp_path / "work/.work/downloads/faces" / name
        partial.parent.mkdir(parents=True)
        partial.write_bytes(archive)
        obtain(dataset("anime", a__zip=official(None, server.url("a"))), "official")
        assert [span for _, span in server.requests] == [f"bytes={len(archive)}-"]

    @pytest.mark.parametrize(
        ("content", "published", "reason"),
        [
            (PAGE, True, "gave a web page instead of the file: 'Google Drive - Quota exceeded'"),
            (PAGE, False, "gave a web page instead of the file: 'Google Drive - Quota exceeded'"),
            (bytes(PAGE), True, "gave a web page"),
            (b"x" * 100, True, "offers 100 bytes, expected"),
            (b"x" * 100, False, "gave no whole archive"),
            ("swapped", True, "gave a file of sha256 [0-9a-f]{64}, expected"),
        ],
        ids=["a page", "a page, no checksum", "a page unnamed", "wrong size", "no archive", "wrong checksum"],
    )
    def test_a_wrong_file_is_refused_and_nothing_is_left(
        self, obtain, server, archive, tmp_path, content, published, reason
    ):
        server.content["a"] = archive[::-1] if content == "swapped" else content
        files = dataset("anime", a__zip=official(archive if published else None, server.url("a")))
        with pytest.raises(BadInput, match=reason):
            obtain(files, "official")
        assert len(server.requests) == 1
        assert not list((tmp_path / "raw").iterdir())
        assert not list((tmp_path / "work/.work/downloads/faces").iterdir())

    def test_the_last_message_lists_every_address_and_what_to_do(self, obtain, server, archive, tmp_path):
        server.content = {"a": PAGE, "b": archive}
        server.faults["b"] = [403]
        with pytest.raises(BadInput) as error:
            obtain(dataset("anime", a__zip=official(archive, server.url("a"), server.url("b"))), "official")
        assert str(error.value).splitlines() == [
            "faces: a.zip could not be downloaded:",
            f"  {server.url('a')}: gave a web page instead of the file: 'Google Drive - Quota exceeded'",
            f"  {server.url('b')}: status 403 Forbidden",
            f"put a.zip ({len(archive):,} bytes, sha256 {sha256(archive)}) into {tmp_path}/mine/faces/ and set "
            "profiles.<your profile>.source: local, or run again to go on from what is there",
        ]

    def test_a_host_that_is_not_there_is_said(self, obtain, monkeypatch, archive):
        monkeypatch.setattr(downloads, "PAUSE", 0.01)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with pytest.raises(BadInput, match=r"connection failed .*, 4 times in a row"):
            obtain(dataset("anime", a__zip=official(archive, "http://127.0.0.1:9/a.zip")), "official")

    def test_no_address_is_an_error(self, obtain):
        with pytest.raises(BadInput, match=r"no official address is known; list archives\.faces\.files"):
            obtain(dataset("anime"), "official")


class TestLocal:
    @pytest.fixture
    def mine(self, tmp_path) -> Path:
        (tmp_path / "mine/faces").mkdir(parents=True)
        return tmp_path / "mine/faces"

    def test_archives_are_taken_as_they_are_with_the_lists_the_layout_knows(self, obtain, mine, tmp_path):
        make_tar(mine / "lfw.tgz", {"lfw/A/1.jpg": picture()})
        (mine / "peopleDevTrain.txt").write_text("1\nA\t1\n")
        (mine / "holiday.txt").write_text("x")
        obtain(dataset("lfw"), "local")
        raw = tmp_path / "raw/faces"
        assert sorted(p.name for p in raw.iterdir()) == ["lfw.tgz", "peopleDevTrain.txt", "source.json"]
        assert (raw / "lfw.tgz").read_bytes() == (mine / "lfw.tgz").read_bytes()
        record = json.loads((raw / "source.json").read_text())
        assert record["source"] == "local"
        assert record["files"]["lfw.tgz"]["sha256"] == sha256((mine / "lfw.tgz").read_bytes())
        assert str(tmp_path) not in (raw / "source.json").read_text()

    def test_the_environment_overrides_the_settings(self, obtain, mine, tmp_path, monkeypatch):
        monkeypatch.setenv("AUTOFACES_DATA", str(tmp_path / "elsewhere"))
        with pytest.raises(BadInput, match=r"not found in .*elsewhere/faces; there: nothing"):
            obtain(dataset("lfw"), "local")

    def test_without_a_folder_it_says_what_to_set(self, obtain):
        with pytest.raises(BadInput, match="set AUTOFACES_DATA, or data_root"):
            obtain(dataset("lfw"), "local", data_root=None)

    def test_missing_files_are_named_with_what_is_there(self, obtain, mine):
        make_zip(mine / "img_align_celeba.zip", {"1.jpg": picture()})
        message = r"list_eval_partition\.txt or .*\.csv not found in .*mine/faces; there: img_align_celeba\.zip"
        with pytest.raises(BadInput, match=message):
            obtain(dataset("celeba"), "local")

    @pytest.mark.parametrize("same", [True, False])
    def test_another_release_is_said_and_taken(self, obtain, mine, capsys, same):
        data = make_tar(mine / "lfw.tgz", {"lfw/A/1.jpg": picture()}).read_bytes()
        obtain(dataset("lfw", lfw__tgz=official(data if same else b"other")), "local")
        said = "lfw.tgz: differs from the official file: a subset or another release\n"
        assert capsys.readouterr().out == ("" if same else said)

    @pytest.mark.parametrize("name", ["animefacedataset.zip", "data.tgz"])
    def test_a_cut_archive_is_refused(self, obtain, mine, tmp_path, name):
        make = make_zip if name.endswith("zip") else make_tar
        path = make(mine / name, {f"{n}.jpg": picture(n, (64, 64)) for n in range(4)})
        path.write_bytes(path.read_bytes()[:-1000])
        with pytest.raises(archives.ArchiveError, match=rf"^local {name}: not a whole .*cut short: fetch it again"):
            obtain(dataset("anime"), "local")
        assert not list((tmp_path / "raw").iterdir())

    def test_an_archive_without_images_is_refused(self, obtain, mine):
        make_zip(mine / "animefacedataset.zip", {"read.me": b"x"})
        with pytest.raises(BadInput, match=r"animefacedataset\.zip: holds no images"):
            obtain(dataset("anime"), "local")


class TestFolder:
    @pytest.fixture
    def mine(self, tmp_path) -> Path:
        (tmp_path / "mine/faces/b").mkdir(parents=True)
        for name in ("z.jpg", "b/a.PNG", "notes.txt"):
            (tmp_path / "mine/faces" / name).write_bytes(picture())
        return tmp_path / "mine/faces"

    @pytest.mark.parametrize("source", ["synthetic", "official", "local"])
    def test_a_tree_of_images_becomes_one_archive(self, obtain, mine, tmp_path, source):
        obtain(dataset("folder"), source)
        assert archives.members(tmp_path / "raw/faces/folder.zip") == ["b/a.PNG", "z.jpg"]
        assert json.loads((tmp_path / "raw/faces/source.json").read_text())["source"] == "local"

    def test_times_do_not_matter(self, obtain, mine, tmp_path):
        obtain(dataset("folder"), "local")
        os.utime(mine / "z.jpg", (10**9, 10**9))
        obtain(dataset("folder"), "local", folder=tmp_path / "raw/again")
        one, other = (tmp_path / "raw" / name / "folder.zip" for name in ("faces", "again"))
        assert one.read_bytes() == other.read_bytes()

    def test_one_archive_is_taken_as_it_is(self, obtain, tmp_path):
        (tmp_path / "mine/faces").mkdir(parents=True)
        make_tar(tmp_path / "mine/faces/photos.tgz", {"a.jpg": picture()})
        obtain(dataset("folder"), "local")
        assert archives.members(tmp_path / "raw/faces/photos.tgz") == ["a.jpg"]

    def test_images_beside_an_archive_are_an_error(self, obtain, mine):
        make_zip(mine / "photos.zip", {"a.jpg": picture()})
        with pytest.raises(BadInput, match=r"must hold images, or one zip or tar.*there: b, notes\.txt, photos\.zip"):
            obtain(dataset("folder"), "local")


class TestSynthetic:
    def test_the_synthesiser_writes_the_layout(self, obtain, tmp_path):
        obtain(dataset("lfw"), "synthetic")
        assert len(archives.members(tmp_path / "raw/faces/lfw.tgz")) == 30
        record = json.loads((tmp_path / "raw/faces/source.json").read_text())
        assert record["source"] == "synthetic"
        assert set(record["files"]) == {"lfw.tgz", "factors.csv"}
