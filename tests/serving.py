"""A web server on this machine with the faults of real ones, and what asks it."""

import contextlib
import functools
import hashlib
import http.server
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from autofaces.data import sources

PAGE = b"<!DOCTYPE html><html><head><title>Google Drive - Quota exceeded</title></head></html>"


def obtainer(folder: Path, monkeypatch) -> Callable[..., None]:
    """obtain(dataset, source) fills raw/faces; what an official source keeps between runs is in work/.work."""
    monkeypatch.setenv("DVC_ROOT", str(folder / "work"))
    monkeypatch.delenv("AUTOFACES_DATA", raising=False)
    root, raw = str(folder / "mine"), folder / "raw" / "faces"
    return functools.partial(sources.obtain, "faces", images=30, seed=0, data_root=root, folder=raw)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def official(data: bytes | None, *urls: str) -> SimpleNamespace:
    """A file of params.yaml; data None: its size and checksum are not published."""
    size, checksum = (None, None) if data is None else (len(data), sha256(data))
    return SimpleNamespace(urls=list(urls), bytes=size, sha256=checksum)


def dataset(layout: str, **files: SimpleNamespace) -> SimpleNamespace:
    return SimpleNamespace(layout=layout, files={name.replace("__", "."): file for name, file in files.items()})


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
        if isinstance(fault, str) and "/" in fault:  # an address, or none that makes sense
            self.send_response(302)
            self.send_header("Location", fault)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(span.removeprefix("bytes=").removesuffix("-")) if span and fault != "no ranges" else 0
        if span and start >= len(data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(data)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if start else 200)
        said = 0 if fault == "another range" else start
        if start:
            self.send_header("Content-Range", f"bytes {said}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Type", "text/html" if data is PAGE else "application/octet-stream")
        body = data[said:]
        lengths = {"no length": None, "a length of nonsense": "many", "too long": len(body) + 9, "endless": None}
        if (length := lengths.get(fault, len(body))) is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()
        with contextlib.suppress(ConnectionError):  # the other side may have had enough
            if fault == "drip":
                for byte in body:
                    self.wfile.write(bytes([byte]))
                    time.sleep(0.02)
            elif fault == "endless":
                while True:
                    self.wfile.write(body)
            else:
                self.wfile.write(body[: len(body) // 2] if fault in ("break off", "no ranges") else body)

    def log_message(self, *arguments):
        pass
