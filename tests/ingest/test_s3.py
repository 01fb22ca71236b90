"""S3 over a real connection: moto's server for what works, a small server of ours for what goes wrong."""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import uuid
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.httpchecksum import Crc32Checksum, StreamingChecksumBody
from botocore.response import StreamingBody
from moto_server import free_port
from small_s3 import BreakOff, Refusal, SmallS3

from advisor import store
from advisor.errors import AdvisorError, ConfigError, ExportError
from advisor.ingest import downloads, s3
from advisor.ingest.discover import discover
from advisor.ingest.load import is_loaded, load
from advisor.ingest.location import Entry, LocalLocation

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from advisor.ingest.location import Location

EXTERNAL_ID = "external-id-nobody-may-see"
ROLE = "arn:aws:iam::222233334444:role/reader"
PRIVATE = ("wJalrXUtnFEMI", "AKIAIOSFODNN7EXAMPLE", "role-secret", "role-token", EXTERNAL_ID, "Signature=")

pytestmark = pytest.mark.usefixtures("aws", "quick")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "ATTEMPTS", 2)
    monkeypatch.setattr(downloads, "PAUSES", (0.0, 0.0, 0.0))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def upload(moto_address: str, cache: Path) -> Callable[[Mapping[str, bytes]], str]:
    """Puts objects into a new bucket; returns its name."""

    def put(objects: Mapping[str, bytes]) -> str:
        bucket = f"bills-{uuid.uuid4().hex}"
        client = _open(bucket, moto_address, cache).client
        client.create_bucket(Bucket=bucket)
        for key, content in objects.items():
            client.put_object(Bucket=bucket, Key=key, Body=content)
        return bucket

    return put


def _open(path: str, address: str, cache: Path, **options: Any) -> s3.S3Location:
    return s3.open_s3(f"s3://{path}", s3.S3Options(endpoint_url=address, **options), cache)


def _keys(location: Location) -> list[str]:
    return [entry.key for entry in location.entries()]


def _watch(location: s3.S3Location) -> list[str]:
    """The operations that the location sends from now on; attempts count one by one."""
    seen: list[str] = []

    def note(request: Any, **_: Any) -> None:
        seen.append("list" if "list-type" in request.url else request.url.rsplit("/", 1)[-1])

    location.client.meta.events.register("before-send.s3", note)
    return seen


def _refused(what: Callable[[], object]) -> AdvisorError:
    with pytest.raises(AdvisorError) as caught:
        what()
    for private in PRIVATE:
        assert private not in f"{caught.value} {caught.value!r}"
    assert caught.value.fix
    return caught.value


# --- listing ------------------------------------------------------------------------------------------------------


def test_lists_every_page_in_order(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = upload({f"p/{number}.csv": b"x" * number for number in range(7)} | {"p/folder/": b""})
    monkeypatch.setattr(s3, "PAGE", 2)
    location = _open(f"{bucket}/p", moto_address, cache)
    seen = _watch(location)
    entries = location.entries()
    assert [(e.key, e.size_bytes) for e in entries] == [(f"{n}.csv", n) for n in range(7)]
    assert seen == ["list"] * 4
    assert len({e.version for e in entries}) == 7
    assert all('"' not in e.version and e.modified > 1_700_000_000 for e in entries)


def test_a_prefix_ends_at_a_folder(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path
) -> None:
    bucket = upload(dict.fromkeys(("a/b/1.csv", "a/bc/2.csv", "a/b.csv", "3.csv"), b"x"))
    for path, name, keys in (
        ("/a/b", "/a/b", ["1.csv"]),
        ("/a/b/", "/a/b", ["1.csv"]),
        ("/a", "/a", ["b.csv", "b/1.csv", "bc/2.csv"]),
        ("", "", ["3.csv", "a/b.csv", "a/b/1.csv", "a/bc/2.csv"]),
        ("/", "", ["3.csv", "a/b.csv", "a/b/1.csv", "a/bc/2.csv"]),
        ("/nothing", "/nothing", []),
    ):
        location = _open(bucket + path, moto_address, cache)
        assert (location.name, _keys(location)) == (f"s3://{bucket}{name}", keys)


def test_one_object_is_a_location_too(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path
) -> None:
    bucket = upload({"a/x.csv": b"1", "a/x.csv.gz": b"2", "a/x.parquet/0.parquet": b"3", "x.csv": b"4"})
    for path, name, keys in (
        ("/a/x.csv", "/a", ["x.csv"]),
        ("/a/x.csv.gz", "/a", ["x.csv.gz"]),
        ("/a/x.parquet", "/a", ["x.parquet/0.parquet"]),  # a folder that is called like a file
        ("/x.csv", "", ["x.csv"]),
    ):
        location = _open(bucket + path, moto_address, cache)
        assert (location.name, _keys(location)) == (f"s3://{bucket}{name}", keys)
    assert _open(f"{bucket}/a/x.csv", moto_address, cache).read("x.csv") == b"1"


PACKABLE = [f"{kind}{gz}" for kind in ("csv", "json", "jsonl", "ndjson") for gz in ("", ".gz")]


@pytest.mark.parametrize("ending", [*PACKABLE, "csv.zip", "zip", "avro", "parquet"])
def test_one_object_of_every_ending(small: SmallS3, cache: Path, ending: str) -> None:
    small.objects |= {f"a/x.{ending}": b"1", f"a/x.{ending}.bak": b"2"}
    location = _open(f"bucket/a/x.{ending}", small.address, cache)
    entries = location.entries()
    assert (location.name, [e.key for e in entries]) == ("s3://bucket/a", [f"x.{ending}"])
    assert location.fetch(entries, lambda _: None)[0].name.endswith(f".{ending}")


def test_addresses_that_are_none(cache: Path) -> None:
    assert s3.is_s3("s3://b/p")
    assert s3.is_s3("S3://b")
    assert not s3.is_s3("/s3/b")
    for uri in ("s3://", "s3:///x", "s3://a b/x", "s3://AKIAIOSFODNN7EXAMPLE:wJalrXUtnFEMI@bucket/x"):
        assert "s3://bucket/prefix" in str(_refused(lambda uri=uri: s3.open_s3(uri, s3.S3Options(), cache)))


# --- downloading --------------------------------------------------------------------------------------------------


def test_downloads_equal_bytes_once(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path
) -> None:
    contents = {
        f"f/{n}.{end}": os.urandom(n * 100_000) for n, end in enumerate(("csv", "csv.gz", "CSV.ZIP", "Parquet"))
    }
    bucket = upload(contents)
    location = _open(f"{bucket}/f", moto_address, cache, max_workers=3)
    entries = location.entries()
    progress: list[int] = []
    paths = location.fetch(entries, progress.append)
    assert [p.read_bytes() for p in paths] == [contents[f"f/{e.key}"] for e in entries]
    assert [p.suffixes for p in paths] == [[".csv"], [".csv", ".gz"], [".csv", ".zip"], [".parquet"]]
    assert sum(progress) == sum(e.size_bytes for e in entries)
    assert min(progress) > 0
    assert {p.stat().st_mode & 0o777 for p in paths} == {0o600}
    assert sorted(cache.iterdir()) == sorted(paths)
    assert cache.stat().st_mode & 0o777 == 0o700

    again = _open(f"{bucket}/f", moto_address, cache)
    seen = _watch(again)
    assert again.fetch(again.entries(), progress.append) == paths
    assert seen == ["list"]
    assert sum(progress) == 2 * sum(e.size_bytes for e in entries)


def test_downloads_what_changed(upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path) -> None:
    bucket = upload({"a.csv": b"old", "b.csv": b"same"})
    location = _open(bucket, moto_address, cache)
    before = location.fetch(location.entries(), lambda _: None)
    location.client.put_object(Bucket=bucket, Key="a.csv", Body=b"new")
    seen = _watch(location)
    after = location.fetch(location.entries(), lambda _: None)
    assert [p.read_bytes() for p in after] == [b"new", b"same"]
    assert seen == ["list", "a.csv"]
    assert before[1] == after[1]
    assert not before[0].exists()


def test_a_damaged_copy_is_downloaded_again(small: SmallS3, cache: Path) -> None:
    small.objects["a.csv"] = b"whole"
    location = _open("bucket", small.address, cache)
    (path,) = location.fetch(location.entries(), lambda _: None)
    path.write_bytes(b"wh")
    assert location.fetch(location.entries(), lambda _: None)[0].read_bytes() == b"whole"


def test_the_same_object_twice_is_downloaded_once(small: SmallS3, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    location = _open("bucket", small.address, cache)
    paths = location.fetch(location.entries() * 2, lambda _: None)
    assert paths[0] == paths[1]
    assert len(small.asked("GetObject")) == 1
    assert location.fetch([], lambda _: None) == []


def test_small_files_are_read_and_kept(small: SmallS3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small.objects["p/x-Manifest.json"] = b"{}"
    location = _open("bucket/p", small.address, cache)
    location.entries()
    assert location.read("x-Manifest.json") == b"{}"
    assert location.read("x-Manifest.json") == b"{}"
    assert len(small.asked("GetObject")) == 1
    assert "does not exist" in str(_refused(lambda: location.read("y-Manifest.json")))
    monkeypatch.setattr(downloads, "SMALL", 1)
    assert "2 bytes large" in str(_refused(lambda: location.read("x-Manifest.json")))
    assert len(small.asked("GetObject")) == 1


@pytest.mark.parametrize(
    "key",
    ["../../etc/x.csv.gz", "/etc/x.csv.gz", "new\nline\x1b[31m.csv.gz", "..", "%2e%2e/x.csv.gz", "ü/$(id)'\".csv.gz"],
)
def test_hostile_keys_stay_inside_the_cache(small: SmallS3, cache: Path, key: str) -> None:
    small.objects[f"p/{key}"] = b"x"
    location = _open("bucket/p", small.address, cache)
    (path,) = location.fetch(location.entries(), lambda _: None)
    assert path.read_bytes() == b"x"
    assert list(cache.iterdir()) == [path]
    assert path.name.lstrip("0123456789abcdef-") in (".csv.gz", "")
    assert sorted(cache.parent.iterdir()) == [cache]

    path.unlink()
    small.always["GetObject"] = Refusal(403, "AccessDenied")
    text = str(_refused(lambda: location.fetch(location.entries(), lambda _: None)))
    assert "\x1b" not in text
    assert len(text.splitlines()) == 2


def test_an_object_overwritten_after_the_listing(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path
) -> None:
    bucket = upload({"a.csv": b"first"})
    location = _open(bucket, moto_address, cache)
    entries = location.entries()
    location.client.put_object(Bucket=bucket, Key="a.csv", Body=b"other")
    error = _refused(lambda: location.fetch(entries, lambda _: None))
    assert f"s3://{bucket}/a.csv" in error.what
    assert "changed while it was read" in error.why
    assert "again" in error.fix
    location.client.delete_object(Bucket=bucket, Key="a.csv")
    assert "gone since it was listed" in _refused(lambda: location.fetch(entries, lambda _: None)).why
    assert list(cache.iterdir()) == []


def test_an_s3_that_ignores_conditions(small: SmallS3, cache: Path) -> None:
    small.minds_conditions = False
    small.objects["a.csv"] = b"first"
    location = _open("bucket", small.address, cache)
    entries = location.entries()
    small.objects["a.csv"] = b"other"
    assert "changed while" in _refused(lambda: location.fetch(entries, lambda _: None)).why


# --- what goes wrong and right again ------------------------------------------------------------------------------


def test_broken_and_busy_connections_are_tried_again(small: SmallS3, cache: Path) -> None:
    small.objects["a.csv"] = os.urandom(600_000)
    small.faults["ListObjectsV2"] = deque([Refusal(503, "SlowDown")])
    small.faults["GetObject"] = deque([BreakOff(400_000), Refusal(500, "InternalError"), BreakOff(0)])
    location = _open("bucket", small.address, cache)
    progress: list[int] = []
    (path,) = location.fetch(location.entries(), progress.append)
    assert path.read_bytes() == small.objects["a.csv"]
    assert len(small.asked("GetObject")) == 4
    assert sum(progress) == 600_000
    assert min(progress) > 0


@pytest.mark.parametrize("damage", [False, True], ids=["broken off", "damaged"])
def test_broken_bodies_go_on_and_damaged_ones_begin_anew(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path, damage: bool
) -> None:
    content = os.urandom(600_000)
    location = _open(upload({"a.csv": content}), moto_address, cache)
    entries = location.entries()
    ranges: list[str | None] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        ranges.append(params["headers"].get("Range"))

    def spoil(parsed: dict[str, Any], **_: Any) -> None:
        if len(ranges) == 1:
            body = parsed["Body"].read()
            parsed["Body"] = (
                StreamingChecksumBody(io.BytesIO(bytes(len(body))), len(body), Crc32Checksum(), "AAAAAA==")
                if damage
                else StreamingBody(io.BytesIO(body[:400_000]), len(body))
            )

    location.client.meta.events.register("before-call.s3.GetObject", note)
    location.client.meta.events.register("after-call.s3.GetObject", spoil)
    progress: list[int] = []
    (path,) = location.fetch(entries, progress.append)
    assert path.read_bytes() == content
    assert ranges == [None, None if damage else "bytes=400000-"]
    assert sum(progress) == 600_000


def test_a_body_that_is_always_damaged_ends(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path
) -> None:
    location = _open(upload({"a.csv": b"x"}), moto_address, cache)

    def spoil(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Body"].close()
        parsed["Body"] = StreamingChecksumBody(io.BytesIO(b"y"), 1, Crc32Checksum(), "AAAAAA==")

    location.client.meta.events.register("after-call.s3.GetObject", spoil)
    error = _refused(lambda: location.fetch(location.entries(), lambda _: None))
    assert "arrived 3 times with other bytes than its checksum says (1 bytes)" in error.why
    assert list(cache.iterdir()) == []


def test_a_connection_that_always_breaks_ends(small: SmallS3, cache: Path) -> None:
    small.objects["a.csv"] = b"x" * 100
    small.always["GetObject"] = BreakOff(50)
    location = _open("bucket", small.address, cache)
    error = _refused(lambda: location.fetch(location.entries(), lambda _: None))
    assert "broke off 3 times" in error.why
    assert len(small.asked("GetObject")) == 3
    assert list(cache.iterdir()) == []


def test_the_first_failure_ends_the_rest_and_keeps_what_is_there(small: SmallS3, cache: Path) -> None:
    small.objects |= {f"{n:02}.csv": b"x" for n in range(40)}
    location = _open("bucket", small.address, cache, max_workers=2)
    entries = location.entries()
    done = location.fetch(entries[:3], lambda _: None)
    small.always["GetObject"] = Refusal(403, "AccessDenied")
    _refused(lambda: location.fetch(entries, lambda _: None))
    assert len(small.asked("GetObject")) < 15
    assert sorted(cache.iterdir()) == sorted(done)
    small.always.clear()
    assert len(location.fetch(entries, lambda _: None)) == 40


def test_interrupts_end_the_rest(small: SmallS3, cache: Path) -> None:
    small.objects |= {f"{n:02}.csv": b"x" for n in range(40)}
    location = _open("bucket", small.address, cache, max_workers=2)

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        location.fetch(location.entries(), interrupt)
    assert len(small.asked("GetObject")) < 15
    assert list(cache.iterdir()) == []


def test_leftovers_of_killed_runs_are_removed(small: SmallS3, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    cache.mkdir()
    old, young = cache / "part-old", cache / "part-young"
    old.touch()
    young.touch()
    os.utime(old, (0, 0))
    location = _open("bucket", small.address, cache)
    (path,) = location.fetch(location.entries(), lambda _: None)
    assert sorted(cache.iterdir()) == sorted([path, young])


# --- refusals -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(400, "ExpiredToken", "The provided token has expired: AKIAIOSFODNN7EXAMPLE"), "have expired"),
        (Refusal(403, "InvalidAccessKeyId", "AKIAIOSFODNN7EXAMPLE does not exist"), "are not valid"),
        (Refusal(403, "SignatureDoesNotMatch", "Signature=0 wJalrXUtnFEMI"), "are not valid"),
        (Refusal(403, "RequestTimeTooSkewed"), "clock"),
        (Refusal(403, "AccessDenied", "wJalrXUtnFEMI"), "s3:ListBucket on bucket bucket"),
        (Refusal(404, "NoSuchBucket"), "does not exist"),
        (
            Refusal(301, "PermanentRedirect", headers={"x-amz-bucket-region": "eu-central-1"}),
            "lies in eu-central-1 (PermanentRedirect)",
        ),
        (Refusal(418, "Te<a>p\x1bot"), "HTTP 418"),
    ],
    ids=lambda value: value.code[:12] if isinstance(value, Refusal) else "",
)
def test_refused_listings(small: SmallS3, cache: Path, refusal: Refusal, says: str) -> None:
    small.always["ListObjectsV2"] = refusal
    error = _refused(lambda: _open("bucket", small.address, cache).entries())
    assert isinstance(error, ExportError)
    assert error.exit_code == 4
    assert "bucket" in error.what
    assert says in error.why


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (Refusal(400, "ExpiredToken"), "have expired"),
        (Refusal(403, "AccessDenied"), "s3:GetObject on bucket bucket"),
        (Refusal(403, "AccessDenied", "not authorized to perform: kms:Decrypt"), "kms:Decrypt on bucket bucket"),
        (Refusal(403, "InvalidObjectState"), "archive"),
        (Refusal(503, "SlowDown"), "SlowDown, HTTP 503"),
    ],
    ids=lambda value: value.code if isinstance(value, Refusal) else "",
)
def test_refused_downloads(small: SmallS3, cache: Path, refusal: Refusal, says: str) -> None:
    small.objects["p/a.csv"] = b"x"
    small.always["GetObject"] = refusal
    location = _open("bucket/p", small.address, cache)
    error = _refused(lambda: location.fetch(location.entries(), lambda _: None))
    assert error.what == "object s3://bucket/p/a.csv"
    assert says in error.why


def test_denied_buckets_say_who_might_have_to_pay(small: SmallS3, cache: Path) -> None:
    small.always["ListObjectsV2"] = Refusal(403, "AccessDenied")
    assert "requester pays" in _refused(lambda: _open("bucket", small.address, cache).entries()).fix
    paying = _open("bucket", small.address, cache, requester_pays=True)
    assert "requester" not in _refused(paying.entries).fix


def test_bucket_missing(moto_address: str, cache: Path) -> None:
    error = _refused(lambda: _open("no-such-bucket/p", moto_address, cache).entries())
    assert (error.what, error.why) == ("bucket no-such-bucket", "does not exist")


def test_endpoint_unreachable(cache: Path) -> None:
    port = free_port()
    error = _refused(lambda: _open("bucket", f"http://user:wJalrXUtnFEMI@127.0.0.1:{port}", cache).entries())
    assert error.what == f"endpoint 127.0.0.1:{port}"
    assert "does not answer" in error.why
    assert "no" in str(_refused(lambda: _open("bucket", "no-url", cache).entries()))


def test_no_credentials(small: SmallS3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    for options in ({}, {"role_arn": ROLE}):
        error = _refused(lambda options=options: _open("bucket", small.address, cache, **options).entries())
        assert "no AWS credentials" in error.why
    assert small.requests == []


def test_profiles(small: SmallS3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(os.environ["AWS_SHARED_CREDENTIALS_FILE"]).write_text(
        "[billing]\naws_access_key_id = AKIABILLING\naws_secret_access_key = s\n"
    )
    _open("bucket", small.address, cache, profile="billing").entries()
    assert "Credential=AKIABILLING/" in small.requests[-1].headers["authorization"]
    error = _refused(lambda: _open("bucket", small.address, cache, profile="other").entries())
    assert (error.what, error.why) == ("profile other", "is not in the AWS configuration")
    Path(os.environ["AWS_CONFIG_FILE"]).write_text("[profile\nwJalrXUtnFEMI")
    assert "cannot be parsed" in str(_refused(lambda: _open("bucket", small.address, cache).entries()))


def test_endpoint_of_the_environment(small: SmallS3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", small.address)
    small.objects["a.csv"] = b"x"
    assert _keys(s3.open_s3("s3://bucket", s3.S3Options(), cache)) == ["a.csv"]


def test_requester_pays(small: SmallS3, cache: Path) -> None:
    small.objects["a.csv"] = b"x"
    for pays in (False, True):
        location = _open("bucket", small.address, cache / str(pays), requester_pays=pays)
        location.fetch(location.entries(), lambda _: None)
        sent = [r.headers.get("x-amz-request-payer") for r in small.requests[-2:]]
        assert sent == (["requester"] * 2 if pays else [None] * 2)


# --- roles --------------------------------------------------------------------------------------------------------


def test_a_role_reads_the_other_account(moto_address: str, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_address)
    bucket = f"payer-{uuid.uuid4().hex}"
    role = s3.open_s3(f"s3://{bucket}", s3.S3Options(role_arn=ROLE, external_id=EXTERNAL_ID), cache)
    role.client.create_bucket(Bucket=bucket)
    role.client.put_object(Bucket=bucket, Key="a.csv", Body=b"x")
    assert role.fetch(role.entries(), lambda _: None)[0].read_bytes() == b"x"
    own = s3.open_s3(f"s3://{bucket}", s3.S3Options(), cache)
    assert "s3:ListBucket" in _refused(own.entries).why
    assert "s3:GetObject" in _refused(lambda: own.fetch([_entry("b.csv")], lambda _: None)).why


def test_a_role_is_assumed_with_its_external_id(small: SmallS3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", small.address)
    small.objects["a.csv"] = b"x"
    location = _open("bucket", small.address, cache, role_arn=ROLE, external_id=EXTERNAL_ID)
    location.fetch(location.entries(), lambda _: None)
    (assumed,) = small.asked("AssumeRole")
    assert f"ExternalId={EXTERNAL_ID}" in assumed.body
    assert "Credential=AKIAIOSFODNN7EXAMPLE/" in assumed.headers["authorization"]
    for request in small.asked("ListObjectsV2") + small.asked("GetObject"):
        assert "Credential=ASIAROLEROLEROLEROLE/" in request.headers["authorization"]
        assert request.headers["x-amz-security-token"] == "role-token"
    assert EXTERNAL_ID not in f"{location!r} {location.options!r}"


def test_a_role_that_may_not_be_assumed(small: SmallS3, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", small.address)
    small.always["AssumeRole"] = Refusal(403, "AccessDenied", f"not with {EXTERNAL_ID}")
    location = _open("bucket", small.address, cache, role_arn=ROLE, external_id=EXTERNAL_ID)
    error = _refused(location.entries)
    assert (error.what, error.why) == (f"role {ROLE}", "cannot be assumed (AccessDenied)")
    assert "external id" in error.fix
    small.always["AssumeRole"] = Refusal(403, "ExpiredToken")
    assert "have expired" in _refused(location.entries).why
    assert isinstance(_refused(_open("b-b", small.address, cache, external_id=EXTERNAL_ID).entries), ConfigError)


# --- this machine -------------------------------------------------------------------------------------------------


def test_a_full_disk(small: SmallS3, cache: Path) -> None:
    small.objects |= {"large.csv": b"x" * 600_000, "small.csv": b"x" * 10}
    location = _open("bucket", small.address, cache)
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


def test_a_cache_that_cannot_be_written(small: SmallS3, tmp_path: Path) -> None:
    small.objects["a.csv"] = b"x"
    (tmp_path / "file").touch()
    location = _open("bucket", small.address, tmp_path / "file" / "cache")
    error = _refused(lambda: location.fetch(location.entries(), lambda _: None))
    assert "cannot be used for downloads" in error.why
    assert small.asked("GetObject") == []


def test_without_boto3(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "boto3", None)
    error = _refused(lambda: s3.open_s3("s3://bucket", s3.S3Options(), cache).entries())
    assert "pip install 'advisor[s3]'" in error.fix


def test_boto3_is_imported_for_s3_only() -> None:
    code = (
        "import sys; from pathlib import Path; from advisor.ingest import s3;"
        "s3.open_s3('s3://bucket/x', s3.S3Options(), Path('x'));"
        "sys.exit(any(m.split('.')[0] in ('boto3', 'botocore', 'urllib3') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# --- to the end ---------------------------------------------------------------------------------------------------


def test_an_export_in_s3_loads_like_the_one_on_disk(
    upload: Callable[[Mapping[str, bytes]], str], moto_address: str, cache: Path, samples: Path, tmp_path: Path
) -> None:
    folder = samples / "aws_cur2_csv"
    bucket = upload({p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()})
    location = _open(f"{bucket}/exports", moto_address, cache)
    with store.scratch() as here, store.scratch() as there:
        _load_all(here, LocalLocation(path=folder), tmp_path)
        seen = _watch(location)
        _load_all(there, location, tmp_path)
        totals = "select period, billing_currency, line_count, billed_cost, credits, effective_cost"
        totals += " from totals join loads using (load_id) order by all"
        assert there.execute(totals).fetchall() == here.execute(totals).fetchall() != []
        assert len([url for url in seen if url.endswith(".csv.gz")]) == 3  # the stale execution stays where it is

        again = _open(f"{bucket}/exports", moto_address, tmp_path / "other-cache")
        seen = _watch(again)
        deliveries, problems = discover(again)
        assert (len(deliveries), problems) == (3, [])
        assert all(is_loaded(there, delivery) for delivery in deliveries)
        assert [url for url in seen if not url.endswith(".json")] == ["list"]


def test_errors_name_the_object_and_not_our_copy(small: SmallS3, cache: Path, tmp_path: Path) -> None:
    for key in ("x.csv", "x.csv.gz", "x.csv.zip", "x.parquet"):
        small.objects = {f"p/20260801-20260901/{key}": b"no bill"}
        location = _open("bucket/p", small.address, cache)
        with store.scratch() as con:
            error = _refused(lambda con=con, location=location: _load_all(con, location, tmp_path))
        assert error.what == f"file s3://bucket/p/20260801-20260901/{key}"
        assert str(cache) not in str(error)


def _load_all(con: Any, location: Location, scratch: Path) -> None:
    deliveries, problems = discover(location)
    assert problems == []
    for delivery in deliveries:
        load(con, location, delivery, scratch, lambda _: None)


def _entry(key: str) -> Entry:
    return Entry(key=key, size_bytes=1, version="0", modified=0)
