"""Downloads, from a server of this machine's with the faults of real ones."""

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from pathlib import Path

import pytest
from serving import PAGE, Server, dataset, obtainer, official, sha256
from test_archives import make_zip, picture

from autofaces.core import params
from autofaces.core.files import BadInput
from autofaces.data import downloads

ROOT = Path(__file__).parents[1]


@pytest.fixture
def obtain(tmp_path, monkeypatch):
    return obtainer(tmp_path, monkeypatch)


@pytest.fixture
def archive(tmp_path) -> bytes:
    """A zip of pictures, 60 KB."""
    return make_zip(tmp_path / "made.zip", {f"{n}_2001.jpg": picture(n, (90, 90)) for n in range(6)}).read_bytes()


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


class TestFetch:
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


class TestFaults:
    """Of servers and of those between, beside what TestFetch has; without a checksum, the hardest case."""

    def test_a_member_whose_checksum_does_not_agree_is_refused(self, obtain, server, archive):
        server.content["a"] = archive.replace(picture(3, (90, 90))[-99:], bytes(99))
        with pytest.raises(BadInput, match=r"gave no whole archive: a\.zip: member 3_2001\.jpg: Bad CRC-32"):
            obtain(dataset("anime", a__zip=official(None, server.url("a"))), "official")

    @pytest.mark.parametrize("fault", ["no length", "a length of nonsense", "another range"])
    def test_an_odd_answer_does_no_harm(self, obtain, server, archive, tmp_path, fault):
        server.content["a"] = archive
        server.faults["a"] = ["break off", fault] if fault == "another range" else [fault]
        obtain(dataset("anime", a__zip=official(None, server.url("a"))), "official")
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive

    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            ("too long", r"offers [\d,]+ bytes, expected"),
            ("endless", r"gave more than the [\d,]+ bytes expected"),
            ("/a", "Exceeded 30 redirects"),
            ("file:///etc/passwd", "No connection adapters were found for 'file:///etc/passwd'"),
            ("ftp://127.0.0.1/a.zip", "No connection adapters were found"),
            ("http://[/a", "Invalid|Failed"),
        ],
        ids=["too long", "endless", "to itself", "to a file", "to another scheme", "to nowhere"],
    )
    def test_what_leads_nowhere_is_refused_at_once(self, obtain, server, archive, tmp_path, fault, reason):
        server.content["a"] = archive
        server.faults["a"] = [fault] * 40
        with pytest.raises(BadInput, match=reason):
            obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")
        assert not list((tmp_path / "work/.work/downloads/faces").iterdir())

    def test_a_connection_that_drips_is_given_up(self, obtain, server, archive, monkeypatch):
        monkeypatch.setattr(downloads, "TIMEOUT", 0.3)
        monkeypatch.setattr(downloads, "ATTEMPTS", 2)
        server.content["a"] = archive
        server.faults["a"] = ["drip"] * 9
        with pytest.raises(BadInput, match=r"connection too slow, .* bytes a second, 2 times in a row"):
            obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")

    def test_a_server_that_says_nothing_is_given_up(self, obtain, server, archive, monkeypatch):
        monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
        monkeypatch.setattr(downloads, "ATTEMPTS", 2)
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and is silent
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/a"
            with pytest.raises(BadInput, match=r"connection failed \(.*2 times in a row"):
                obtain(dataset("anime", a__zip=official(archive, url)), "official")

    def test_a_second_download_says_that_there_is_a_first(self, obtain, server, archive):
        server.content["a"] = archive
        with downloads.alone("faces"), pytest.raises(BadInput, match="faces: another process is downloading it"):
            obtain(dataset("anime", a__zip=official(archive, server.url("a"))), "official")

    def test_what_came_under_another_address_is_not_taken_for_finished(self, obtain, server, archive, tmp_path):
        server.content["a"] = archive
        cache = tmp_path / "work/.work/downloads/faces"
        cache.mkdir(parents=True)
        (cache / "a.zip").write_bytes(archive)  # as a kill between the two writes leaves it
        obtain(dataset("anime", a__zip=official(None, server.url("a"))), "official")
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive


def certificate(days: int) -> bytes:
    """Of this machine, made by itself, with its key, in PEM."""
    pytest.importorskip("cryptography")  # that DVC has with it
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=9)).not_valid_after(now + datetime.timedelta(days=days))
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = made.add_extension(here, critical=False).sign(key, hashes.SHA256())
    plain = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*plain) + signed.public_bytes(serialization.Encoding.PEM)


class TestEncrypted:
    @pytest.fixture
    def encrypted(self, server, tmp_path, monkeypatch):
        """encrypted(days): the server speaks https, with a certificate that is good until so many days from now."""

        def wrap(days: int) -> str:
            path = tmp_path / "certificate.pem"
            path.write_bytes(certificate(days))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(path)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
            return server.url("a").replace("http:", "https:")

        return wrap

    def test_https_is_spoken(self, obtain, server, encrypted, archive, tmp_path):
        server.content["a"] = archive
        obtain(dataset("anime", a__zip=official(None, encrypted(9))), "official")
        assert (tmp_path / "raw/faces/a.zip").read_bytes() == archive

    def test_an_expired_certificate_is_refused_at_once(self, obtain, server, encrypted, archive, monkeypatch):
        monkeypatch.setattr(server, "handle_error", lambda *_: None)  # the other side hangs up
        server.content["a"] = archive
        with pytest.raises(BadInput, match=r"is not who it says it is \(.*certificate has expired"):
            obtain(dataset("anime", a__zip=official(archive, encrypted(-1))), "official")
        assert server.requests == []

    @pytest.mark.parametrize("checked", [True, False])
    def test_being_led_from_https_to_http_is_refused_without_a_checksum(
        self, obtain, server, encrypted, archive, tmp_path, checked
    ):
        with Server() as plain:
            thread = threading.Thread(target=plain.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            plain.content["b"] = server.content["a"] = archive
            server.faults["a"] = [plain.url("b")]
            files = dataset("anime", a__zip=official(archive if checked else None, encrypted(9)))
            if checked:
                obtain(files, "official")
            else:
                with pytest.raises(BadInput, match=r"leads to http://.*no checksum is known"):
                    obtain(files, "official")
            plain.shutdown()
            thread.join()


def test_https_comes_before_http_of_the_same_place():
    for archive in params.load(ROOT / "params.yaml").archives.values():
        for file in archive.files.values():
            safe = [url.removeprefix("https:") for url in file.urls if url.startswith("https:")]
            for url in file.urls:
                assert file.sha256 or url.startswith("https:") or url.removeprefix("http:") in safe
            assert file.urls[0].startswith("https:")
