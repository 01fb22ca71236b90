"""Google Cloud Storage over a real connection: fake-gcs-server for what works, a server of ours for what goes wrong."""

from __future__ import annotations

import base64
import gc
import gzip
import json
import os
import resource
import subprocess
import sys
import threading
import urllib.parse
import uuid
from collections import deque
from functools import cache as once
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from fake_gcs import BreakOff, Damage, NotGoogle, Refusal, SmallGCS, fake_gcs, small_gcs
from google.auth.exceptions import MutualTLSChannelError, RefreshError
from moto_server import free_port
from requests.exceptions import ConnectionError as NotConnectedError
from requests.exceptions import TooManyRedirects

from advisor import store
from advisor.errors import AdvisorError, ConfigError, ExportError
from advisor.ingest import downloads, gcs
from advisor.ingest.discover import discover
from advisor.ingest.load import is_loaded, load
from advisor.ingest.location import Entry, LocalLocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from advisor.ingest.location import Location

    Upload = Callable[[Mapping[str, bytes]], str]

ACCOUNT = "reader@project-nobody-may-see.iam.gserviceaccount.com"
SAID = f"{ACCOUNT} does not have access; token-nobody-may-see"
PRIVATE = (ACCOUNT, "nobody-may-see", "private-key-id", "hunter2", "BEGIN")

pytestmark = pytest.mark.usefixtures("google", "quick")


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No credentials, no files, no proxies and no metadata server of this machine."""
    for name in list(os.environ):
        if name.startswith(("GOOGLE_", "CLOUDSDK_", "STORAGE_", "API_ENDPOINT", "GCE_", "DISABLE_GCS_")):
            monkeypatch.delenv(name)
        if name.lower().endswith("_proxy") or name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcs, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(gcs, "RETRY_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(gcs, "RETRY_LONGEST_PAUSE", 0.01)
    monkeypatch.setattr(downloads, "PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    monkeypatch.setattr(gcs, "RETRY_SECONDS", 10.0)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def fake_address() -> Iterator[str]:
    with fake_gcs() as address:
        yield address


@pytest.fixture
def fake(fake_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", fake_address)
    return fake_address


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallGCS]:
    with small_gcs() as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.address)
        yield server


@pytest.fixture
def upload(fake: str, cache: Path) -> Upload:
    """Puts objects into a new bucket; returns its name."""

    def put(objects: Mapping[str, bytes]) -> str:
        name = f"bills-{uuid.uuid4().hex}"
        bucket = _open(name, cache).client.create_bucket(name)
        for key, content in objects.items():
            bucket.blob(key).upload_from_string(content)
        return name

    return put


@pytest.fixture
def account(small: SmallGCS, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A service account that logs in at the small server; real credentials instead of those of an emulator."""
    info = {
        "type": "service_account",
        "project_id": "project-nobody-may-see",
        "private_key_id": "private-key-id",
        "private_key": _private_key(),
        "client_email": ACCOUNT,
        "token_uri": f"{small.address}/token",
    }
    file = tmp_path / "account.json"
    file.write_text(json.dumps(info))
    # Else google-auth asks Google, in a thread of its own, where this account may be used.
    monkeypatch.setattr(
        "google.auth.credentials.CredentialsWithRegionalAccessBoundary._is_regional_access_boundary_lookup_required",
        lambda _: False,
        raising=False,
    )
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    return info


@once
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _open(path: str, cache: Path, **options: Any) -> gcs.GCSLocation:
    return gcs.open_gcs(f"gs://{path}", gcs.GCSOptions(**options), cache)


def _keys(location: Location) -> list[str]:
    return [entry.key for entry in location.entries()]


def _fetch(location: gcs.GCSLocation, progress: Callable[[int], None] = lambda _: None) -> list[Path]:
    return location.fetch(location.entries(), progress)


def _watch(location: gcs.GCSLocation) -> list[str]:
    """The requests that the location sends from now on."""
    seen: list[str] = []

    def note(answer: Any, **_: Any) -> None:
        parts = urllib.parse.urlsplit(answer.request.url)
        seen.append(urllib.parse.unquote(parts.path.rpartition("/")[2]) if "alt=media" in parts.query else "list")

    location.client._http.hooks["response"].append(note)
    return seen


def _refused(what: Callable[[], object]) -> AdvisorError:
    with pytest.raises(AdvisorError) as caught:
        what()
    for private in PRIVATE:
        assert private not in f"{caught.value} {caught.value!r}"
    assert caught.value.fix
    return caught.value


# --- listing ------------------------------------------------------------------------------------------------------


def test_lists_every_page_in_order(upload: Upload, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = upload({f"p/{number}.csv": b"x" * number for number in range(7)} | {"p/folder/": b""})
    monkeypatch.setattr(gcs, "PAGE", 2)
    location = _open(f"{bucket}/p", cache)
    seen = _watch(location)
    entries = location.entries()
    assert [(e.key, e.size_bytes) for e in entries] == [(f"{n}.csv", n) for n in range(7)]
    assert len(seen) >= 4  # fake-gcs-server ends with an empty page
    assert len({e.version for e in entries}) == 7
    generations = [location.client.bucket(bucket).get_blob(f"p/{n}.csv").generation for n in range(7)]
    assert [e.version for e in entries] == [f"{generation}-{n}" for n, generation in enumerate(generations)]
    assert all(e.modified > 1_700_000_000 for e in entries)


def test_a_prefix_ends_at_a_folder(upload: Upload, cache: Path) -> None:
    bucket = upload(dict.fromkeys(("a/b/1.csv", "a/bc/2.csv", "a/b.csv", "3.csv"), b"x"))
    for path, name, keys in (
        ("/a/b", "/a/b", ["1.csv"]),
        ("/a/b/", "/a/b", ["1.csv"]),
        ("/a", "/a", ["b.csv", "b/1.csv", "bc/2.csv"]),
        ("", "", ["3.csv", "a/b.csv", "a/b/1.csv", "a/bc/2.csv"]),
        ("/", "", ["3.csv", "a/b.csv", "a/b/1.csv", "a/bc/2.csv"]),
        ("/nothing", "/nothing", []),
    ):
        location = _open(bucket + path, cache)
        assert (location.name, _keys(location)) == (f"gs://{bucket}{name}", keys)


def test_one_object_is_a_location_too(upload: Upload, cache: Path) -> None:
    bucket = upload(
        {"a/x.csv": b"1", "a/x.csv.gz": b"2", "a/x-000.json.gz": b"5", "a/x.parquet/0.parquet": b"3", "x.csv": b"4"}
    )
    for path, name, keys in (
        ("/a/x.csv", "/a", ["x.csv"]),
        ("/a/x.csv.gz", "/a", ["x.csv.gz"]),
        ("/a/x-000.json.gz", "/a", ["x-000.json.gz"]),
        ("/a/x.parquet", "/a", ["x.parquet/0.parquet"]),  # a folder that is called like a file
        ("/x.csv", "", ["x.csv"]),
    ):
        location = _open(bucket + path, cache)
        assert (location.name, _keys(location)) == (f"gs://{bucket}{name}", keys)
    assert _open(f"{bucket}/a/x.csv", cache).read("x.csv") == b"1"


def test_addresses_that_are_none(cache: Path) -> None:
    assert gcs.is_gcs("gs://b/p")
    assert gcs.is_gcs("GS://b")
    assert not gcs.is_gcs("/gs/b")
    for uri in ("gs://", "gs:///x", "gs://a b/x", "gs://user:hunter2@bucket/x"):
        assert "gs://bucket/prefix" in str(_refused(lambda uri=uri: gcs.open_gcs(uri, gcs.GCSOptions(), cache)))
    assert "wildcard" in _refused(lambda: _open("bucket/exports/bill-*.csv", cache)).why


# --- downloading --------------------------------------------------------------------------------------------------


def test_downloads_equal_bytes_once(upload: Upload, cache: Path) -> None:
    contents = {
        f"f/{n}.{end}": os.urandom(n * 100_000)
        for n, end in enumerate(("csv", "csv.gz", "CSV.ZIP", "Parquet", "json.gz"))
    }
    bucket = upload(contents)
    location = _open(f"{bucket}/f", cache, max_workers=3)
    entries = location.entries()
    progress: list[int] = []
    paths = location.fetch(entries, progress.append)
    assert [p.read_bytes() for p in paths] == [contents[f"f/{e.key}"] for e in entries]
    assert [p.suffixes for p in paths] == [
        [".csv"],
        [".csv", ".gz"],
        [".csv", ".zip"],
        [".parquet"],
        [".json", ".gz"],
    ]
    assert sum(progress) == sum(e.size_bytes for e in entries)
    assert min(progress) > 0
    assert {p.stat().st_mode & 0o777 for p in paths} == {0o600}
    assert sorted(cache.iterdir()) == sorted(paths)
    assert cache.stat().st_mode & 0o777 == 0o700

    again = _open(f"{bucket}/f", cache)
    seen = _watch(again)
    assert _fetch(again, progress.append) == paths
    assert seen == ["list"]
    assert sum(progress) == 2 * sum(e.size_bytes for e in entries)


def test_a_large_object(upload: Upload, cache: Path) -> None:
    content = os.urandom(9 * 1024 * 1024 + 1)  # more than the client sends or takes in one piece
    bucket = upload({"large.parquet": content})
    progress: list[int] = []
    (path,) = _fetch(_open(bucket, cache), progress.append)
    assert path.read_bytes() == content
    assert sum(progress) == len(content)
    assert 10 < len(progress) < 50


def test_downloads_what_changed(upload: Upload, cache: Path) -> None:
    bucket = upload({"a.csv": b"old", "b.csv": b"same"})
    location = _open(bucket, cache)
    before = _fetch(location)
    location.client.bucket(bucket).blob("a.csv").upload_from_string(b"new")
    seen = _watch(location)
    after = _fetch(location)
    assert [p.read_bytes() for p in after] == [b"new", b"same"]
    assert seen == ["list", "a.csv"]
    assert before[1] == after[1]
    assert not before[0].exists()


def test_a_damaged_copy_is_downloaded_again(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"whole"
    location = _open("bucket", cache)
    (path,) = _fetch(location)
    path.write_bytes(b"wh")
    assert _fetch(location)[0].read_bytes() == b"whole"


def test_the_same_object_twice_is_downloaded_once(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    location = _open("bucket", cache)
    paths = location.fetch(location.entries() * 2, lambda _: None)
    assert paths[0] == paths[1]
    assert len(small.asked("get")) == 1
    assert location.fetch([], lambda _: None) == []


def test_small_files_are_read_and_kept(small: SmallGCS, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.objects["p/x-Manifest.json"] = b"{}"
    location = _open("bucket/p", cache)
    assert location.read("x-Manifest.json") == b"{}"
    assert location.read("x-Manifest.json") == b"{}"
    assert len(small.asked("get")) == 1
    assert "does not exist" in str(_refused(lambda: location.read("y-Manifest.json")))
    monkeypatch.setattr(downloads, "SMALL", 1)
    assert "2 bytes large" in str(_refused(lambda: location.read("x-Manifest.json")))
    assert len(small.asked("get")) == 1


@pytest.mark.parametrize(
    "key",
    ["../../etc/x.csv.gz", "/etc/x.csv.gz", "new\nline\x1b[31m.csv.gz", "..", "%2e%2e/x.csv.gz", "ü/$(id)'\".csv.gz"],
)
def test_hostile_keys_stay_inside_the_cache(small: SmallGCS, cache: Path, key: str) -> None:
    small.objects[f"p/{key}"] = b"x"
    location = _open("bucket/p", cache)
    (path,) = _fetch(location)
    assert path.read_bytes() == b"x"
    assert list(cache.iterdir()) == [path]
    assert path.name.lstrip("0123456789abcdef-") in (".csv.gz", "")
    assert [p.name for p in cache.parent.iterdir()] == ["cache"]

    path.unlink()
    small.always["get"] = Refusal(403)
    text = str(_refused(lambda: _fetch(location)))
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


def test_an_object_replaced_after_the_listing(upload: Upload, cache: Path) -> None:
    bucket = upload({"a.csv": b"first"})
    location = _open(bucket, cache)
    entries = location.entries()
    blob = location.client.bucket(bucket).blob("a.csv")
    blob.upload_from_string(b"other")
    error = _refused(lambda: location.fetch(entries, lambda _: None))
    assert error.what == f"object gs://{bucket}/a.csv"
    assert error.why == "was replaced since it was listed"
    assert "again" in error.fix
    location.entries()  # what the caller holds is still of the first listing
    assert "was replaced" in _refused(lambda: location.fetch(entries, lambda _: None)).why
    fresh = location.entries()
    blob.delete()
    assert "gone since it was listed" in _refused(lambda: location.fetch(fresh, lambda _: None)).why
    location.entries()
    assert "gone since it was listed" in _refused(lambda: location.fetch(fresh, lambda _: None)).why
    assert list(cache.iterdir()) == []


def test_the_generation_is_asked_for(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"first"
    location = _open("bucket", cache)
    entries = location.entries()
    small.objects["a.csv"] = b"a longer one"
    assert "was replaced" in _refused(lambda: location.fetch(entries, lambda _: None)).why
    (request,) = small.asked("get")
    assert f"{request.query['ifGenerationMatch']}-5" == entries[0].version
    assert "versions" not in small.asked("list")[0].query


# --- content encoding ---------------------------------------------------------------------------------------------


def test_packed_objects_arrive_packed(upload: Upload, cache: Path) -> None:
    bucket = upload({"plain.csv": b"a,b\n"})
    location = _open(bucket, cache)
    text = b"a,b\n1,2\n" * 10_000
    for key in ("a.csv", "b.csv.gz", "m-manifest.json"):
        blob = location.client.bucket(bucket).blob(key)
        blob.content_encoding = "gzip"
        blob.upload_from_string(gzip.compress(text), content_type="text/csv")
    entries = location.entries()
    paths = location.fetch(entries, lambda _: None)
    assert [p.name.lstrip("0123456789abcdef-") for p in paths] == [".csv.gz", ".csv.gz", ".json.gz", ".csv"]
    assert [gzip.decompress(p.read_bytes()) for p in paths[:3]] == [text] * 3
    assert [p.stat().st_size for p in paths] == [e.size_bytes for e in entries]
    seen = _watch(location)
    assert location.read("m-manifest.json") == text
    assert location.read("plain.csv") == b"a,b\n"
    assert seen == []


def test_packed_manifests_that_are_none(small: SmallGCS, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.listed["m.json"] = {"contentEncoding": "gzip"}
    small.objects["m.json"] = gzip.compress(b"[") + gzip.compress(b"]")
    assert _open("bucket", cache).read("m.json") == b"[]"
    for damaged in (b"{}", gzip.compress(b"x" * 1000)[:-9], b"\x1f\x8b" + b"x" * 40):
        small.objects["m.json"] = damaged
        assert "is not gzip" in _refused(lambda: _open("bucket", cache).read("m.json")).why
    monkeypatch.setattr(downloads, "SMALL", 5000)
    small.objects["m.json"] = gzip.compress(b"x" * 1_000_000)
    assert "more than 5000 bytes" in _refused(lambda: _open("bucket", cache).read("m.json")).why


@pytest.mark.parametrize(
    ("key", "encoding"),
    [("a.parquet", "gzip"), ("a.avro", "gzip"), ("a.zip", "GZIP"), ("a.csv", "br"), ("a.csv", "x\x1b")],
)
def test_encodings_that_nothing_reads(small: SmallGCS, cache: Path, key: str, encoding: str) -> None:
    small.objects[key] = b"x"
    small.listed[key] = {"contentEncoding": encoding}
    error = _refused(lambda: _fetch(_open("bucket", cache)))
    assert (error.what, small.asked("get")) == (f"object gs://bucket/{key}", [])
    assert "content encoding" in error.why


# --- what goes wrong and right again ------------------------------------------------------------------------------


@pytest.mark.usefixtures("patient")
def test_busy_servers_are_asked_again(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    small.faults["list"] = deque([Refusal(503), Refusal(429, "rateLimitExceeded"), Refusal(500)])
    small.faults["get"] = deque([Refusal(429), Refusal(503), Refusal(502)])
    assert _fetch(_open("bucket", cache))[0].read_bytes() == b"x"
    assert (len(small.asked("list")), len(small.asked("get"))) == (4, 4)
    gc.collect()  # answers that the client has dropped would warn of their open sockets


@pytest.mark.parametrize("seconds", [0.0, 10.0], ids=["by us", "by the client"])
@pytest.mark.parametrize("knows_ranges", [True, False], ids=["ranges", "no ranges"])
def test_broken_bodies_go_on(
    small: SmallGCS, cache: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, knows_ranges: bool
) -> None:
    monkeypatch.setattr(gcs, "RETRY_SECONDS", seconds)
    small.knows_ranges = knows_ranges
    small.objects["a.csv"] = os.urandom(600_000)
    small.faults["get"] = deque([BreakOff(400_000), BreakOff(0)] if knows_ranges else [BreakOff(400_000)])
    progress: list[int] = []
    (path,) = _fetch(_open("bucket", cache), progress.append)
    assert path.read_bytes() == small.objects["a.csv"]
    assert sum(progress) == 600_000
    assert min(progress) > 0
    assert small.asked("get")[1].headers["range"] == "bytes=400000-"
    assert len(small.asked("get")) == 3


def test_broken_packed_bodies_go_on(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = gzip.compress(os.urandom(10_000))
    small.listed["a.csv"] = {"contentEncoding": "gzip"}
    small.faults["get"] = deque([BreakOff(4_000)])
    (path,) = _fetch(_open("bucket", cache))
    assert path.read_bytes() == small.objects["a.csv"]
    assert [r.headers.get("range") for r in small.asked("get")] == [None, "bytes=4000-"]
    small.tells_encoding = False  # as when Google unpacks: the client begins its file anew
    (path,) = _fetch(_open("bucket", cache / "other"))
    assert path.read_bytes() == small.objects["a.csv"]


@pytest.mark.parametrize("listed", [{}, {"crc32c": ""}, {"md5Hash": ""}], ids=["both", "md5", "crc32c"])
def test_damaged_bodies_are_downloaded_again(small: SmallGCS, cache: Path, listed: dict[str, str]) -> None:
    small.objects["a.csv"] = os.urandom(1000)
    small.listed["a.csv"] = listed
    small.faults["get"] = deque([BreakOff(400), Damage()])
    assert _fetch(_open("bucket", cache))[0].read_bytes() == small.objects["a.csv"]
    assert [r.headers.get("range") for r in small.asked("get")] == [None, "bytes=400-", None]
    small.always["get"] = Damage()
    error = _refused(lambda: _fetch(_open("bucket", cache / "other")))
    assert "other bytes than its checksum says (1000 bytes)" in error.why
    assert list((cache / "other").iterdir()) == []


def test_slow_checksums_are_avoided(small: SmallGCS, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.objects["a.csv"] = b"x"
    location = _open("bucket", cache)
    location.entries()
    names = []
    for implementation in ("c", "python"):
        monkeypatch.setattr("google_crc32c.implementation", implementation)
        new, digest = gcs._checksum(location._listed["a.csv"])
        value = new()
        value.update(b"x")
        assert value.digest() == digest
        names.append(getattr(value, "name", "crc32c"))
    assert names == ["crc32c", "md5"]


def test_more_bytes_than_were_listed_end(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x" * 1000
    small.listed["a.csv"] = {"size": "999"}
    assert "broke off 3 times" in _refused(lambda: _fetch(_open("bucket", cache))).why
    assert list(cache.iterdir()) == []


def test_a_connection_that_always_breaks_ends(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x" * 100
    small.always["get"] = BreakOff(0)
    error = _refused(lambda: _fetch(_open("bucket", cache)))
    assert "broke off 3 times" in error.why
    assert len(small.asked("get")) == 3
    assert list(cache.iterdir()) == []


def test_the_first_failure_ends_the_rest_and_keeps_what_is_there(small: SmallGCS, cache: Path) -> None:
    small.objects |= {f"{n:02}.csv": b"x%d" % n for n in range(40)}
    location = _open("bucket", cache, max_workers=2)
    entries = location.entries()
    done = location.fetch(entries[:3], lambda _: None)
    small.always["get"] = Refusal(403)
    _refused(lambda: location.fetch(entries, lambda _: None))
    assert len(small.asked("get")) < 15
    assert sorted(cache.iterdir()) == sorted(done)
    small.always.clear()
    assert len(location.fetch(entries, lambda _: None)) == 40


def test_interrupts_end_the_rest(small: SmallGCS, cache: Path) -> None:
    small.objects |= {f"{n:02}.csv": b"x" for n in range(40)}
    location = _open("bucket", cache, max_workers=2)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fetch(location, interrupt)
    assert len(small.asked("get")) < 15
    assert list(cache.iterdir()) == []


def test_no_download_goes_on_when_another_failed(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x" * 600_000
    location = _open("bucket", cache)
    entry = location.entries()[0]
    stop, target = threading.Event(), cache / "target.csv"
    cache.mkdir()
    for progress in (lambda _: stop.set(), lambda _: None):
        downloads._download(entry, target, location._receive, progress, stop, "object", None)
    assert entry.size_bytes == 600_000
    assert len(small.asked("get")) == 1
    assert list(cache.iterdir()) == []


@pytest.mark.usefixtures("patient")
def test_no_request_is_repeated_when_another_failed() -> None:
    stop, calls = threading.Event(), []

    def fail() -> None:
        calls.append(1)
        if len(calls) == 3:
            stop.set()
        raise NotConnectedError

    with pytest.raises(NotConnectedError):
        gcs._retry(stop)(fail)()
    assert len(calls) == 3


def test_leftovers_of_killed_runs_are_removed(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    cache.mkdir()
    old, young = cache / "part-old", cache / "part-young"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    (path,) = _fetch(_open("bucket", cache))
    assert sorted(cache.iterdir()) == sorted([path, young])


# --- refusals -----------------------------------------------------------------------------------------------------

KMS = Refusal(403, "forbidden", f"Permission denied on Cloud KMS key. {SAID}")
PAYS = Refusal(400, "required", "Bucket is a requester pays bucket but no user project provided.")
OTHER_PROJECT = Refusal(403, "forbidden", f"{SAID} serviceusage.services.use access to the Google Cloud project.")
PERIMETER = Refusal(403, "vpcServiceControls", f"Request is prohibited. vpcServiceControlsUniqueIdentifier {SAID}")


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(403, "forbidden", SAID), "storage.objects.list on bucket bucket (forbidden, HTTP 403)"),
        (Refusal(404, "notFound", SAID), "does not exist"),
        (Refusal(429, "rateLimitExceeded", SAID), "quota is used up (rateLimitExceeded, HTTP 429)"),
        (Refusal(503, "backendError", SAID), "is not available (backendError, HTTP 503, tried for 0 seconds)"),
        (Refusal(418, "Te<a>p\x1bot", SAID), "with an error (Teapot, HTTP 418)"),
        (PAYS, "leaves the requester to pay"),
        (PERIMETER, "VPC Service Controls"),
    ],
    ids=lambda value: f"{value.status}-{value.reason[:8]}" if isinstance(value, Refusal) else "",
)
def test_refused_listings(small: SmallGCS, cache: Path, refusal: Refusal, says: str) -> None:
    small.always["list"] = refusal
    error = _refused(lambda: _open("bucket", cache).entries())
    assert isinstance(error, ExportError)
    assert (error.what, error.exit_code) == ("bucket bucket", 4)
    assert says in error.why


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(403, message=SAID), "storage.objects.get on bucket bucket (HTTP 403)"),
        (Refusal(503, message=SAID), "is not available (HTTP 503"),
        (Refusal(429, message=SAID), "quota is used up"),
        (Refusal(412, message=SAID), "was replaced since it was listed"),
        (Refusal(404, message=SAID), "gone since it was listed"),
        (KMS, "Cloud KMS key that cannot be used"),
        (Refusal(400, message=f"encrypted by a customer-supplied encryption key {SAID}"), "only its owner has"),
        (PAYS, "in a bucket where the requester has to pay"),
    ],
    ids=lambda value: f"{value.status}-{value.message[:8]}" if isinstance(value, Refusal) else "",
)
def test_refused_downloads(small: SmallGCS, cache: Path, refusal: Refusal, says: str) -> None:
    small.objects["p/a.csv"] = b"x"
    small.always["get"] = refusal
    error = _refused(lambda: _fetch(_open("bucket/p", cache)))
    assert error.what == "object gs://bucket/p/a.csv"
    assert says in error.why


def test_denied_buckets_say_the_role(small: SmallGCS, cache: Path) -> None:
    small.always["list"] = Refusal(403, "forbidden", SAID)
    error = _refused(lambda: _open("bucket", cache).entries())
    assert "roles/storage.objectViewer" in error.fix
    assert "storage.objects.list and storage.objects.get" in error.fix


def test_bucket_missing(fake: str, cache: Path) -> None:
    error = _refused(lambda: _open("no-such-bucket/p", cache).entries())
    assert (error.what, error.why) == ("bucket no-such-bucket", "does not exist")


@pytest.mark.usefixtures("patient")
def test_requester_pays(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    for project in ("", "payer-project"):
        _fetch(_open("bucket", cache / (project or "none"), billing_project=project))
        assert [r.query.get("userProject", "") for r in small.requests[-2:]] == [project] * 2
    small.always["list"] = PAYS
    assert "billing_project" in _refused(lambda: _open("bucket", cache).entries()).fix
    for refusal in (OTHER_PROJECT, Refusal(400, "invalid", "User project specified in the request is invalid.")):
        small.always["list"] = refusal
        error = _refused(lambda: _open("bucket", cache, billing_project="payer-project").entries())
        assert error.what == "project payer-project"
        assert "roles/serviceusage.serviceUsageConsumer" in error.fix


# --- the way to the server ----------------------------------------------------------------------------------------


def test_endpoint_unreachable(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://user:hunter2@127.0.0.1:{port}")
    error = _refused(lambda: _open("bucket", cache).entries())
    assert error.what == f"endpoint 127.0.0.1:{port}"
    assert "does not answer" in error.why


def test_endpoint_of_the_emulator_that_is_none(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in ("127.0.0.1:4443", "hunter2"):
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        assert "STORAGE_EMULATOR_HOST" in _refused(lambda: _open("bucket", cache).entries()).fix


def test_a_server_that_is_something_else(small: SmallGCS, cache: Path) -> None:
    small.always["list"] = NotGoogle()
    error = _refused(lambda: _open("bucket", cache).entries())
    assert error.what == f"endpoint {small.address.removeprefix('http://')}"
    assert "does not answer like Google Cloud Storage" in error.why


def test_a_certificate_that_nobody_trusts(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_gcs("https") as address:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", address)
        monkeypatch.setattr(gcs, "RETRY_SECONDS", 10.0)
        error = _refused(lambda: _open("bucket", cache).entries())
    assert "does not trust" in error.why
    assert "REQUESTS_CA_BUNDLE" in error.fix
    assert not gcs._may_pass(NotConnectedError("CERTIFICATE_VERIFY_FAILED"))  # a while would not help


def test_endpoints_that_would_show_the_token(cache: Path) -> None:
    for endpoint in ("http://example.com", "no-url", "https://:hunter2@", "https://host:port", "ftp://localhost"):
        error = _refused(lambda endpoint=endpoint: _open("bucket", cache, endpoint=endpoint).entries())
        assert isinstance(error, ConfigError)
        assert "is not https://host" in error.why
    assert "hunter2" not in repr(gcs.GCSOptions(endpoint="https://:hunter2@host"))


# --- credentials --------------------------------------------------------------------------------------------------


def test_a_service_account_may_only_read(small: SmallGCS, cache: Path, account: dict[str, Any]) -> None:
    small.objects["a.csv"] = b"x"
    location = _open("bucket", cache, endpoint=small.address)
    assert _fetch(location)[0].read_bytes() == b"x"
    (login,) = small.asked("token")
    claims = urllib.parse.parse_qs(login.body)["assertion"][0].split(".")[1]
    claimed = json.loads(base64.urlsafe_b64decode(claims + "=="))
    assert claimed["scope"] == "https://www.googleapis.com/auth/devstorage.read_only"
    for request in small.asked("list") + small.asked("get"):
        assert request.headers["authorization"] == "Bearer token-nobody-may-see"
        assert "advisor" in request.headers["user-agent"]
    assert {r.operation for r in small.requests} == {"token", "list", "get"}


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(400, "invalid_grant", f"Token has been expired or revoked. {SAID}"), "has expired"),
        (Refusal(400, "invalid_grant", f"Invalid JWT: Token must be in a reasonable timeframe {SAID}"), "clock"),
        (Refusal(401, "invalid_client", SAID), "has expired or is not accepted"),
    ],
    ids=["expired", "clock", "gone"],
)
def test_an_expired_login(small: SmallGCS, cache: Path, account: dict[str, Any], refusal: Refusal, says: str) -> None:
    small.always["token"] = refusal
    error = _refused(lambda: _open("bucket", cache, endpoint=small.address).entries())
    assert error.what == "bucket bucket"
    assert says in error.why
    assert small.asked("list") == []


def test_a_token_that_is_refused(small: SmallGCS, cache: Path, account: dict[str, Any]) -> None:
    small.objects["a.csv"] = b"x"
    location = _open("bucket", cache, endpoint=small.address)
    for operation, code in (("get", "(HTTP 401)"), ("list", "(authError, HTTP 401)")):
        small.always[operation] = Refusal(401, "authError", SAID)
        error = _refused(lambda: _fetch(location))
        assert f"storage.objects.{operation} {code}" in error.why
        assert "gcloud auth application-default login" in error.fix
    assert len(small.asked("token")) > 1  # the client has tried with a new one


def test_a_login_server_that_does_not_answer(
    small: SmallGCS, cache: Path, account: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "account.json").write_text(json.dumps(account | {"token_uri": f"http://127.0.0.1:{free_port()}/x"}))
    error = _refused(lambda: _open("bucket", cache, endpoint=small.address).entries())
    assert (error.what, error.why) == ("Google's login", "does not answer (TransportError)")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RefreshError("Unable to acquire impersonated credentials", SAID), "roles/iam.serviceAccountTokenCreator"),
        (MutualTLSChannelError(SAID), "(MutualTLSChannelError)"),
        (TooManyRedirects(SAID), "(TooManyRedirects)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_errors_that_no_server_here_makes(cache: Path, error: Exception, says: str) -> None:
    location = _open("bucket/p", cache)

    def fail() -> None:
        with location._explained():
            raise error

    assert says in str(_refused(fail))
    assert repr(location) == "GCSLocation('gs://bucket/p')"


def test_credentials_of_another_cloud(cache: Path, account: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "account.json").write_text(json.dumps(account | {"universe_domain": "example.com"}))
    assert "different clouds" in _refused(lambda: _open("bucket", cache).entries()).why


def test_no_credentials(small: SmallGCS, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    error = _refused(lambda: _open("bucket", cache, endpoint=small.address).entries())
    assert error.why == "no Google credentials were found"
    assert "gcloud auth application-default login" in error.fix
    file = tmp_path / "hunter2.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))
    for content in (None, "hunter2", "{}", '{"type": "service_account"}', '{"type": "authorized_user"}'):
        if content is not None:
            file.write_text(content)
        error = _refused(lambda: _open("bucket", cache, endpoint=small.address).entries())
        assert error.what == "GOOGLE_APPLICATION_CREDENTIALS"
    assert small.requests == []


def test_a_login_of_a_person_needs_no_project(
    small: SmallGCS, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("STORAGE_EMULATOR_HOST")
    (tmp_path / "gcloud").mkdir()
    login = {"type": "authorized_user", "client_id": "x", "client_secret": "hunter2", "refresh_token": "hunter2"}
    (tmp_path / "gcloud" / "application_default_credentials.json").write_text(json.dumps(login))
    assert _open("bucket", cache, endpoint=small.address).client.project is None


# --- this machine -------------------------------------------------------------------------------------------------


def test_a_full_disk(small: SmallGCS, cache: Path) -> None:
    small.objects |= {"large.csv": b"x" * 600_000, "small.csv": b"x" * 10}
    location = _open("bucket", cache)
    entries = location.entries()
    kept = location.fetch(entries[1:], lambda _: None)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        error = _refused(lambda: location.fetch(entries, lambda _: None))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (error.what, error.exit_code) == (f"folder {cache}", 4)
    assert "is full" in error.why
    assert list(cache.iterdir()) == kept
    assert len(location.fetch(entries, lambda _: None)) == 2


def test_a_cache_that_cannot_be_written(small: SmallGCS, tmp_path: Path) -> None:
    small.objects["a.csv"] = b"x"
    (tmp_path / "file").touch()
    error = _refused(lambda: _fetch(_open("bucket", tmp_path / "file" / "cache")))
    assert "cannot be used for downloads" in error.why
    assert small.asked("get") == []


@pytest.mark.parametrize("package", ["google.cloud.storage", "google_crc32c"])
def test_without_the_client(cache: Path, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    error = _refused(lambda: _open("bucket", cache).entries())
    assert "pip install 'advisor[gcs]'" in error.fix


def test_the_client_is_imported_for_gcs_only() -> None:
    code = (
        "import sys; from pathlib import Path; from advisor.ingest import gcs;"
        "gcs.open_gcs('gs://bucket/x', gcs.GCSOptions(), Path('x'));"
        "sys.exit(any(m.split('.')[0] in ('google', 'google_crc32c', 'requests', 'urllib3') for m in sys.modules))"
    )
    # -S: some packages of Google put an empty module `google` into every interpreter.
    environment = os.environ | {"PYTHONPATH": str(Path(gcs.__file__).parents[2])}
    assert subprocess.run([sys.executable, "-S", "-c", code], check=False, env=environment).returncode == 0


# --- to the end ---------------------------------------------------------------------------------------------------


def test_an_export_in_gcs_loads_like_the_one_on_disk(
    upload: Upload, cache: Path, samples: Path, tmp_path: Path
) -> None:
    folder = samples / "aws_focus_1_2"
    bucket = upload({p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
    location = _open(f"{bucket}/exports", cache)
    with store.scratch() as here, store.scratch() as there:
        _load_all(here, LocalLocation(path=folder), tmp_path)
        _load_all(there, location, tmp_path)
        totals = "select period, billing_currency, line_count, billed_cost, credits, effective_cost"
        totals += " from totals join loads using (load_id) order by all"
        assert there.execute(totals).fetchall() == here.execute(totals).fetchall() != []

        again = _open(f"{bucket}/exports", tmp_path / "other-cache")
        seen = _watch(again)
        deliveries, problems = discover(again)
        assert problems == []
        assert all(is_loaded(there, delivery) for delivery in deliveries)
        assert [key for key in seen if not key.endswith(".json")] == ["list"]


def test_a_packed_csv_loads_like_the_plain_one(upload: Upload, cache: Path, samples: Path, tmp_path: Path) -> None:
    packed = next(iter(sorted((samples / "aws_cur2_csv").rglob("*.csv.gz")))).read_bytes()
    key = "20260801-20260901/bill.csv"
    bucket = upload({key: gzip.decompress(packed)})
    encoded = upload({})
    location = _open(encoded, cache)
    blob = location.client.bucket(encoded).blob(key)
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed, content_type="text/csv")
    counts = "select line_count, billed_cost from totals"
    with store.scratch() as plain, store.scratch() as other:
        _load_all(plain, _open(bucket, cache), tmp_path)
        _load_all(other, location, tmp_path)
        assert other.execute(counts).fetchall() == plain.execute(counts).fetchall() != []


def test_errors_name_the_object_and_not_our_copy(small: SmallGCS, cache: Path, tmp_path: Path) -> None:
    for key in ("x.csv", "x.csv.gz", "x.csv.zip", "x.parquet"):
        small.objects = {f"p/20260801-20260901/{key}": b"no bill"}
        location = _open("bucket/p", cache)
        with store.scratch() as con:
            error = _refused(lambda con=con, location=location: _load_all(con, location, tmp_path))
        assert error.what == f"file gs://bucket/p/20260801-20260901/{key}"
        assert str(cache) not in str(error)


def _load_all(con: Any, location: Location, scratch: Path) -> None:
    deliveries, problems = discover(location)
    assert problems == []
    for delivery in deliveries:
        load(con, location, delivery, scratch, lambda _: None)


def test_entries_of_another_location(small: SmallGCS, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    listed = _open("bucket", cache).entries()
    assert _open("bucket", cache).fetch(listed, lambda _: None)[0].read_bytes() == b"x"
    unknown = Entry(key="b.csv", size_bytes=1, version="0", modified=0)
    assert "gone since" in _refused(lambda: _open("bucket", cache).fetch([unknown], lambda _: None)).why
