"""A small S3 and STS that fails on demand: refusals, busy answers, connections that break off, over a real socket."""

from __future__ import annotations

import hashlib
import threading
import urllib.parse
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True)
class Refusal:
    """An error as S3 writes it."""

    status: int
    code: str
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class BreakOff:
    """Announces the whole body, sends `after` bytes of it and closes the connection."""

    after: int


@dataclass(frozen=True)
class Request:
    """What was asked."""

    operation: str
    key: str
    headers: Mapping[str, str]
    body: str


@dataclass
class SmallS3:
    """`objects` by key; `faults` by operation, each used up by one request; `always` until it is taken away."""

    address: str = ""
    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, deque[Refusal | BreakOff]] = field(default_factory=dict)
    always: dict[str, Refusal | BreakOff] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    minds_conditions: bool = True

    def fault(self, operation: str) -> Refusal | BreakOff | None:
        """What is to go wrong with this request."""
        queue = self.faults.get(operation)
        return queue.popleft() if queue else self.always.get(operation)

    def asked(self, operation: str) -> list[Request]:
        """The requests of one operation, in order."""
        return [request for request in self.requests if request.operation == operation]


@contextmanager
def small_s3() -> Iterator[SmallS3]:
    """Runs the server while the block lasts, on this machine only."""
    state = SmallS3()

    class Handler(_Handler):
        s3 = state

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
    s3: SmallS3

    def log_message(self, format: str, *args: Any) -> None:
        """Keeps quiet."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self._answer("AssumeRole", "", body)

    def do_GET(self) -> None:
        parts = urllib.parse.urlsplit(self.path)
        query = urllib.parse.parse_qs(parts.query, keep_blank_values=True)
        if "list-type" in query:
            self._answer("ListObjectsV2", query["prefix"][0] if "prefix" in query else "", "")
        else:
            self._answer("GetObject", urllib.parse.unquote(parts.path.split("/", 2)[2]), "")

    def _answer(self, operation: str, key: str, body: str) -> None:
        self.s3.requests.append(Request(operation, key, {k.lower(): v for k, v in self.headers.items()}, body))
        fault = self.s3.fault(operation)
        if isinstance(fault, Refusal):
            self._refuse(fault, operation)
        elif operation == "AssumeRole":
            self._send(_ROLE.encode())
        elif operation == "ListObjectsV2":
            self._send(self._listing(key))
        else:
            self._object(key, fault)

    def _object(self, key: str, fault: BreakOff | None) -> None:
        content = self.s3.objects.get(key)
        if content is None:
            return self._refuse(Refusal(404, "NoSuchKey"), "GetObject")
        wanted = self.headers.get("If-Match")
        if wanted and wanted != _etag(content) and self.s3.minds_conditions:
            return self._refuse(Refusal(412, "PreconditionFailed"), "GetObject")
        self.send_response(200)
        self.send_header("ETag", _etag(content))
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content if fault is None else content[: fault.after])
        self.close_connection = True
        return None

    def _listing(self, prefix: str) -> bytes:
        items = "".join(
            f"<Contents><Key>{urllib.parse.quote(key)}</Key><LastModified>2026-11-01T05:36:21.000Z</LastModified>"
            f"<ETag>{escape(_etag(content))}</ETag><Size>{len(content)}</Size></Contents>"
            for key, content in sorted(self.s3.objects.items())
            if key.startswith(prefix)
        )
        return (
            '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><EncodingType>url</EncodingType>'
            f"{items}</ListBucketResult>"
        ).encode()

    def _refuse(self, fault: Refusal, operation: str) -> None:
        error = f"<Code>{fault.code}</Code><Message>{escape(fault.message)}</Message>"
        answer = f"<ErrorResponse><Error>{error}</Error></ErrorResponse>" if operation == "AssumeRole" else ""
        self._send((answer or f"<Error>{error}</Error>").encode(), fault.status, fault.headers)

    def _send(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'


_ROLE = """<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>ASIAROLEROLEROLEROLE</AccessKeyId><SecretAccessKey>role-secret</SecretAccessKey>
<SessionToken>role-token</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
<AssumedRoleUser><Arn>arn:aws:sts::222233334444:assumed-role/reader/advisor</Arn>
<AssumedRoleId>AROA:advisor</AssumedRoleId></AssumedRoleUser></AssumeRoleResult></AssumeRoleResponse>"""
