"""What BigQuery, the network and the machine may answer, and what is said of it. No emulator is needed."""

from __future__ import annotations

import json
import re
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from moto_server import free_port

from advisor.errors import ConfigError, ExportError
from advisor.ingest import bigquery

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROJECT = "billing-project"
TABLE = "gcp_billing_export_resource_v1_01AB23_CD45EF_67AB89"
PRIVATE = ("token-nobody-may-see", "someone@example.com", "server says")


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine's own: no Google configuration, no proxy."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT", bigquery.EMULATOR, bigquery.READ_EMULATOR):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setattr(bigquery, "RETRY_SECONDS", 0.3)


@pytest.mark.parametrize(
    "uri",
    [
        "bigquery://", "bigquery://p", "bigquery://my-project", "bigquery://my-project.d.t.u", "bigquery://my-project.d`.t",
        "bigquery://user:pw@my-project.d", "bigquery://my-project.d.t\n", "s3://my-project.d",
    ],
)  # fmt: skip
def test_addresses_that_are_none(uri: str) -> None:
    with pytest.raises(ConfigError, match=r"is not bigquery://project\.dataset") as caught:
        bigquery.open_bigquery(uri, bigquery.BigQueryOptions())
    assert "pw" not in str(caught.value)


@contextmanager
def refusing(status: int, reason: str) -> Iterator[str]:
    """A server that answers everything with one error."""
    message = " ".join(PRIVATE)
    body = json.dumps(
        {"error": {"code": status, "message": message, "errors": [{"reason": reason, "message": message}]}}
    ).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - as http.server has it

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    ("status", "reason", "said"),
    [
        (403, "accessDenied", "roles/bigquery.jobUser.*roles/bigquery.dataViewer"),
        (403, "accessDenied", "bigquery.jobs.create.*bigquery.tables.getData"),
        (403, "quotaExceeded", "a quota or rate limit of BigQuery is used up"),
        (403, "billingNotEnabled", "has no billing"),
        (403, "rateLimitExceeded", "a quota or rate limit"),
        (403, "accessNotConfigured", "Enable bigquery.googleapis.com"),
        (403, "policyViolation", "VPC Service Controls"),
        (403, "responseTooLarge", "does not take the query"),
        (429, "rateLimitExceeded", "a quota or rate limit"),
        (404, "notFound", "does not exist"),
        (401, "authError", "gcloud auth application-default login"),
        (400, "invalidQuery", "does not take the query"),
        (500, "backendError", "an error of its own"),
        (503, "backendError", "an error of its own"),
    ],
)
@pytest.mark.parametrize("path", [f"{PROJECT}.bills", f"{PROJECT}.bills.{TABLE}"])
def test_refusals_say_what_to_do_and_nothing_private(path: str, status: int, reason: str, said: str) -> None:
    with refusing(status, reason) as address:
        location = bigquery.open_bigquery(f"bigquery://{path}", bigquery.BigQueryOptions(endpoint=address))
        with pytest.raises(ExportError) as caught:
            location.discover()
    text = str(caught.value)
    assert re.search(said, text.replace("\n", " ")), text
    assert reason in text or status == 401
    assert path in text
    assert not any(secret in text for secret in PRIVATE)


def test_no_answer() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    location = bigquery.open_bigquery(f"bigquery://{PROJECT}.bills", bigquery.BigQueryOptions(endpoint=address))
    with pytest.raises(ExportError, match="BigQuery does not answer"):
        location.discover()


@pytest.mark.parametrize("content", [None, "{}", '{"type": "service_account", "private_key": "token-nobody-may-see"}'])
def test_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None) -> None:
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    location = bigquery.open_bigquery(f"bigquery://{PROJECT}.bills", bigquery.BigQueryOptions())
    with pytest.raises(ExportError, match="gcloud auth application-default login") as caught:
        location.discover()
    assert not any(secret in str(caught.value) for secret in PRIVATE)


@pytest.mark.parametrize("package", ["google.cloud.bigquery", "sqlglot"])
def test_without_the_packages(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    if package != "sqlglot":
        monkeypatch.delattr(package)
    with pytest.raises(ConfigError, match=r"pip install 'advisor\[bigquery\]'"):
        bigquery.open_bigquery(f"bigquery://{PROJECT}.bills", bigquery.BigQueryOptions()).discover()
