"""moto's server whose machines and volumes are 200 days old, behind a door that counts, refuses and delays.

moto creates everything now and refuses nobody; the door is what boto3 speaks to, over HTTP.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import moto_server

if TYPE_CHECKING:
    from collections.abc import Iterator

SOMEONE = "arn:aws:iam::999999999999:user/whoever-was-refused"
"""In every refusal, as AWS has it there: no message of ours may repeat what a server says."""

OF_THE_CONNECTION = ("connection", "content-length", "date", "server", "transfer-encoding")
AGE_DAYS = 200
AGED = f"""
import sys, datetime
import moto.ec2.models.elastic_block_store as disks, moto.ec2.models.instances as machines
now = disks.utcnow
disks.utcnow = machines.utcnow = lambda: now() - datetime.timedelta(days={AGE_DAYS})
from moto.server import main
main(sys.argv[1:])
"""


@dataclass(slots=True)
class AgedAws:
    """`asked`: operations in their order, `bodies` what they said.

    `denied` and `held` are operations, as Operation or, where the request must hold a word (a region, an account), as
    Operation:word. Held ones wait until `go_on` is set; `arrived` is set when the first of them is there.
    """

    address: str = ""
    behind: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    arrived: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def open_up(self) -> None:
        """As at the start: nothing counted, nobody refused."""
        self.go_on.set()
        self.asked, self.bodies, self.denied, self.held = [], [], set(), set()
        self.arrived, self.go_on = threading.Event(), threading.Event()


@contextmanager
def aged_aws() -> Iterator[AgedAws]:
    """Runs server and door while the block lasts, on this machine only."""
    port = moto_server.free_port()
    server = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", AGED, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    )
    state = AgedAws(behind=f"http://127.0.0.1:{port}")
    door = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state, port))
    door.daemon_threads = True
    state.address = f"http://127.0.0.1:{door.server_address[1]}"
    thread = threading.Thread(target=door.serve_forever, daemon=True)
    thread.start()
    try:
        _wait(server, port)
        yield state
    finally:
        state.go_on.set()
        door.shutdown()
        door.server_close()
        thread.join()
        server.terminate()
        server.wait(10)


def _handler(state: AgedAws, port: int) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            operation = _operation(self.path, self.headers.get("X-Amz-Target", ""), body)
            said = body + self.headers.get("Authorization", "").encode()
            state.asked.append(operation)
            state.bodies.append(body.decode("utf-8", "replace"))
            if _among(state.held, operation, said):
                go_on = state.go_on
                state.arrived.set()
                go_on.wait(60)
            if _among(state.denied, operation, said):
                self._answer(403, *_refusal(operation, is_json="X-Amz-Target" in self.headers))
                return
            inner = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            inner.request(self.command, self.path, body, headers)
            reply = inner.getresponse()
            kept = [(name, value) for name, value in reply.getheaders() if name.lower() not in OF_THE_CONNECTION]
            self._answer(reply.status, kept, reply.read())
            inner.close()

        do_GET = do_POST = do_PUT = do_HEAD = _pass  # noqa: N815 - the names that http.server calls

        def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
            try:
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            except OSError:
                return  # who asked is gone

        def log_message(self, *_: object) -> None:
            return

    return Door


def _among(entries: set[str], operation: str, said: bytes) -> bool:
    parts = (entry.partition(":") for entry in entries)
    return any(name == operation and word.encode() in said for name, _, word in parts)


def _operation(path: str, target: str, body: bytes) -> str:
    if named := re.search(r"/operation/(\w+)", path):
        return named[1]
    if target:
        return target.rpartition(".")[2]
    return parse_qs(body.decode("utf-8", "replace")).get("Action", [path])[0]


def _refusal(operation: str, *, is_json: bool) -> tuple[list[tuple[str, str]], bytes]:
    words = f"User: {SOMEONE} is not authorized to perform: {operation}"
    if is_json:
        kind, text = "application/x-amz-json-1.0", json.dumps({"__type": "AccessDenied", "message": words})
    else:
        kind = "text/xml"
        text = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>{words}</Message></Error>"
            "<RequestId>1</RequestId></ErrorResponse>"
        )
    return [("Content-Type", kind)], text.encode()


def _wait(server: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + moto_server.UP_WITHIN_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("moto server does not answer")
