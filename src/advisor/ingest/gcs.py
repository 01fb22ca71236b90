"""Exports in Google Cloud Storage: listed, downloaded into a folder of ours, and read from there.

Credentials come from Google's own chain (application default credentials) with the scope to read and no other, and go
nowhere else: no message of this module repeats what a server or Google's client said, only status and reason. The
client is imported when it is needed.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import logging
import os
import re
import warnings
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from advisor.errors import ConfigError, ExportError
from advisor.ingest import downloads
from advisor.ingest.location import Entry

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from advisor.ingest.location import Progress

RETRY_SECONDS = 30.0
"""How long a request is repeated while the server is busy or the connection fails, by the client's own back-off."""

RETRY_FIRST_PAUSE, RETRY_LONGEST_PAUSE = 0.5, 8.0

CONNECT_SECONDS, READ_SECONDS = 10, 60
PAGE = 1000
"""Objects per listing request; Google gives no more."""

BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,221}$")
SCOPE = "https://www.googleapis.com/auth/devstorage.read_only"
FIELDS = "items(name,size,generation,updated,contentEncoding,crc32c,md5Hash),nextPageToken"
BUSY = frozenset({408, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True, kw_only=True)
class GCSOptions:
    """How to reach a bucket. `billing_project` pays for the requests where the requester has to."""

    billing_project: str = ""
    endpoint: str = field(default="", repr=False)  # might hold a password
    max_workers: int = 8


def is_gcs(text: str) -> bool:
    """True for an address in Google Cloud Storage."""
    return text.lower().startswith("gs://")


def open_gcs(uri: str, options: GCSOptions, cache: Path) -> GCSLocation:
    """The location at `uri`, gs://bucket/prefix or one object; downloads go to the folder `cache`."""
    return GCSLocation(uri, options, cache)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """An object as it was listed."""

    entry: Entry
    generation: int
    encoding: str
    crc32c: str
    md5: str

    @property
    def suffix(self) -> str:
        """Packed, where the bytes that are stored are."""
        suffix = downloads.suffix_of(self.entry.key)
        return f"{suffix}.gz" if self.encoding == "gzip" and not suffix.endswith(".gz") else suffix

    @property
    def is_readable(self) -> bool:
        """False where a reader would not get what the name promises."""
        return not self.encoding or (self.encoding == "gzip" and not re.search(r"(zip|avro|parquet)\.gz$", self.suffix))


class GCSLocation:
    """A prefix of a bucket, or one object. Nothing is sent before entries()."""

    def __init__(self, uri: str, options: GCSOptions, cache: Path) -> None:
        self.options = options
        self.cache = cache
        self.bucket, path = _split(uri)
        self._root = downloads.root_of(uri, path)
        self._wanted = path
        self._listed: dict[str, _Item] = {}

    def __repr__(self) -> str:
        return f"GCSLocation({self.name!r})"

    @property
    def name(self) -> str:
        """gs://bucket/prefix; for one object that of the prefix it lies in."""
        return f"gs://{self.bucket}/{self._root}".rstrip("/")

    def entries(self) -> list[Entry]:
        """Every live object below the prefix, or the one object."""
        found: dict[str, _Item] = {}
        client = self.client
        with self._explained():
            blobs = client.list_blobs(
                self._bucket,
                prefix=downloads.prefix_of(self._root, self._wanted) or None,
                page_size=PAGE,
                fields=FIELDS,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                retry=_retry(),
            )
            for blob in blobs:
                key = downloads.key_of(self._root, self._wanted, blob.name)
                if key:
                    found[key] = _item(key, blob)
        self._listed = found
        return sorted((item.entry for item in found.values()), key=lambda e: e.key)

    def read(self, key: str) -> bytes:
        """The content of a small object of the listing; kept like the others, and so not downloaded twice."""
        if key not in self._listed:
            self.entries()
        item = self._listed.get(key)
        content = downloads.read(self, item.entry if item else None, self._object(key))
        return self._unpacked(key, content) if item and item.encoding == "gzip" else content

    def fetch(self, entries: Sequence[Entry], progress: Progress) -> list[Path]:
        """Downloads what is not there yet; what has arrived in full is kept for the next run."""
        if any(entry.key not in self._listed for entry in entries):
            self.entries()
        return downloads.fetch(
            [(entry, self._target(self._item(entry))) for entry in entries],
            self._receive,
            progress,
            title=self._object,
            workers=self.options.max_workers,
            checksum=lambda entry: _checksum(self._listed[entry.key]),
        )

    @cached_property
    def client(self) -> Any:
        """The client of Google Cloud Storage, made at the first use."""
        try:
            with warnings.catch_warnings():
                # About slow checksums and end-user credentials: nothing that who runs advisor could act upon here.
                warnings.simplefilter("ignore")
                import google_crc32c  # noqa: F401 - warns when it is imported
                from google.api_core.client_info import ClientInfo
                from google.cloud.storage import Client
        except ImportError as error:
            raise ConfigError(
                self.name,
                why="cannot be read without google-cloud-storage",
                fix="Install it: pip install 'advisor[gcs]'.",
            ) from error
        endpoint = self._checked_endpoint()
        # Else Python shows the errors that Google's libraries log, with what servers said.
        logging.getLogger("google").addHandler(logging.NullHandler())
        # Else a thread of the client asks for the bucket, for traces that nobody collects; readers may not do that.
        os.environ.setdefault("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")
        with self._explained():
            credentials = None if os.environ.get("STORAGE_EMULATOR_HOST") else _credentials()
            try:
                return Client(
                    project=None,  # only for creating buckets; without one here, a login without project would not do
                    credentials=credentials,
                    client_info=ClientInfo(user_agent="advisor"),  # type: ignore[no-untyped-call]
                    client_options={"api_endpoint": endpoint} if endpoint else None,
                )
            except ValueError as error:  # Google's word for credentials of another cloud (universe) than the endpoint's
                raise ConfigError(
                    self.name,
                    why="and the Google credentials belong to different clouds (universe domains)",
                    fix="Use credentials of the cloud that the bucket lies in.",
                ) from error

    @property
    def _bucket(self) -> Any:
        return self.client.bucket(self.bucket, user_project=self.options.billing_project or None)

    # --- downloading --------------------------------------------------------------------------------------------------

    def _receive(self, entry: Entry, arriving: downloads.Arriving) -> None:
        item = self._listed[entry.key]
        # A blob of ours, not that of the listing: Google's would go wherever the listing's media link leads.
        blob = self._bucket.blob(self._key(entry))
        with self._explained(entry.key):
            blob.download_to_file(
                arriving,
                start=arriving.size or None,
                raw_download=True,  # as stored: else size and checksum of packed objects would not be those listed
                if_generation_match=item.generation,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                checksum=None,  # ours holds for downloads in several pieces, too
                retry=_retry(arriving.stop),
            )
        if blob.generation not in (None, item.generation):  # not every emulator minds the condition
            raise self._replaced(entry.key)

    def _item(self, entry: Entry) -> _Item:
        """What was listed for `entry`, as long as it is the same generation."""
        item = self._listed.get(entry.key)
        if item is None:
            raise self._gone(entry.key)
        if item.entry.version != entry.version:
            raise self._replaced(entry.key)
        if not item.is_readable:
            encoding = re.sub(r"[^A-Za-z0-9,. -]", "", item.encoding)[:40]
            raise ExportError(
                self._object(entry.key),
                why=f"is stored with the content encoding {encoding}, in which it cannot be read",
                fix="Upload it again without content encoding (gcloud storage cp without --gzip-local).",
            )
        return item

    def _target(self, item: _Item) -> Path:
        # This makes the client here, not by several threads at once.
        place = self.client.api_endpoint, self.bucket, self._key(item.entry)
        return downloads.target(self.cache, item.entry, item.suffix, *place)

    def _unpacked(self, key: str, content: bytes) -> bytes:
        """The content of a small packed object; never more than SMALL bytes of it."""
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
                plain = file.read(downloads.SMALL + 1)
        except (zlib.error, EOFError, OSError) as error:
            raise ExportError(
                self._object(key),
                why="is stored with the content encoding gzip, but is not gzip",
                fix="Wait for the next delivery, or copy it again.",
            ) from error
        if len(plain) > downloads.SMALL:
            raise downloads.too_large(self._object(key), f"more than {downloads.SMALL} bytes")
        return plain

    # --- names and errors ---------------------------------------------------------------------------------------------

    def _key(self, entry: Entry) -> str:
        return f"{self._root}/{entry.key}" if self._root else entry.key

    def _object(self, key: str) -> str:
        return f"object {self.name}/{key}".replace("\n", "\N{REPLACEMENT CHARACTER}")

    def _replaced(self, key: str) -> ExportError:
        return ExportError(self._object(key), why="was replaced since it was listed", fix=downloads.AGAIN)

    def _gone(self, key: str) -> ExportError:
        return ExportError(self._object(key), why="is gone since it was listed", fix=downloads.AGAIN)

    def _checked_endpoint(self) -> str:
        endpoint = self.options.endpoint
        if not endpoint:
            return ""
        host = ""
        with suppress(ValueError):
            parts = urlsplit(endpoint)
            _ = parts.port  # raises where it is no number
            host = parts.hostname or ""
            # Every request carries a token that opens more than this bucket.
            if host and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)):
                return endpoint.rstrip("/")
        raise ConfigError(
            f"endpoint {host}".rstrip(),
            why="is not https://host",
            fix="Write the endpoint as https://host:port; for an emulator set STORAGE_EMULATOR_HOST instead.",
        )

    @contextmanager
    def _explained(self, key: str | None = None) -> Iterator[None]:
        """Turns what Google's client raises into an ExportError; `key` is the object that is read, if it is one."""
        from google.api_core.exceptions import GoogleAPIError, RetryError
        from google.auth.exceptions import GoogleAuthError
        from requests.exceptions import RequestException

        explained: tuple[type[Exception], ...] = (GoogleAPIError, GoogleAuthError, RequestException, *_broken_off())
        try:
            yield
        except RetryError as error:
            raise self._explanation(error.cause or error, key) from error
        except explained as error:
            raise self._explanation(error, key) from error

    def _explanation(self, error: Exception, key: str | None) -> Exception:
        from google.auth.exceptions import GoogleAuthError

        if _status(error):
            return self._refused(error, key)
        if isinstance(error, GoogleAuthError):
            return self._not_logged_in(error)
        if key is not None and isinstance(error, _broken_off()):
            return downloads.BrokenOffError()
        return self._failed(error)

    def _refused(self, error: Exception, key: str | None) -> ExportError:
        """The ExportError for an answer that is an error."""
        status, said = _status(error), _said(error)
        code = f"{_reason(error)} HTTP {status}".strip()
        what = self._object(key) if key is not None else f"bucket {self.bucket}"
        if status == 412:
            return self._replaced(key or "")
        if status == 404:
            if key is not None:
                return self._gone(key)
            return ExportError(what, why="does not exist", fix="Correct the bucket's name, or the endpoint.")
        if "requester pays" in said:
            return ExportError(
                what,
                why=f"is in a bucket where the requester has to pay ({code})"
                if key is not None
                else f"leaves the requester to pay ({code})",
                fix="Name a project of yours that pays for the requests (billing_project).",
            )
        if "serviceusage.services.use" in said or "user project" in said or "userproject" in code.lower():
            return ExportError(
                f"project {self.options.billing_project or 'of the Google credentials'}",
                why=f"cannot be billed for reading bucket {self.bucket} ({code})",
                fix="Allow serviceusage.services.use on that project (role roles/serviceusage.serviceUsageConsumer),"
                " or name another one (billing_project).",
            )
        if "vpcservicecontrols" in said.replace(" ", ""):
            return ExportError(
                what,
                why=f"is behind VPC Service Controls, which do not let this machine in ({code})",
                fix="Run advisor inside the perimeter, or ask for an ingress rule.",
            )
        if "cloud kms" in said or "cloudkms" in said:
            return ExportError(
                what,
                why=f"is encrypted with a Cloud KMS key that cannot be used ({code})",
                fix="Enable the key, and give the service agent of Cloud Storage the role"
                " roles/cloudkms.cryptoKeyEncrypterDecrypter on it.",
            )
        if "customer-supplied encryption" in said or "customerencryption" in code.lower():
            return ExportError(
                what,
                why=f"is encrypted with a key that only its owner has ({code})",
                fix="Store it again without a customer-supplied encryption key.",
            )
        if status in (401, 403):
            return self._denied(what, code, status, key)
        why = f"is refused: Google Cloud Storage answers with an error ({code})"
        if status == 429:
            why = f"is refused for now: too many requests, or a quota is used up ({code})"
        elif status in BUSY:
            why = f"is not given: Google Cloud Storage is not available ({code}, tried for {RETRY_SECONDS:g} seconds)"
        return ExportError(
            what,
            why=why,
            fix="Run it again later; complete files are kept, nothing of this delivery was loaded.",
        )

    def _denied(self, what: str, code: str, status: int, key: str | None) -> ExportError:
        action = "storage.objects.list" if key is None else "storage.objects.get"
        if status == 401:
            return ExportError(
                what,
                why=f"access is denied: without valid Google credentials nobody may do {action} ({code})",
                fix="Log in again (gcloud auth application-default login), or correct GOOGLE_APPLICATION_CREDENTIALS.",
            )
        return ExportError(
            what,
            why=f"access is denied: these credentials may not do {action} on bucket {self.bucket} ({code})",
            fix="Allow storage.objects.list and storage.objects.get on the bucket (role roles/storage.objectViewer),"
            " use other credentials, or correct the bucket's name.",
        )

    def _not_logged_in(self, error: Exception) -> ExportError:
        """The ExportError for what went wrong with Google's credentials."""
        from google.auth.exceptions import DefaultCredentialsError, RefreshError, TransportError

        kind, said = type(error).__name__, str(error).lower()
        what = f"bucket {self.bucket}"
        if isinstance(error, DefaultCredentialsError):
            if os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
                return ExportError(
                    "GOOGLE_APPLICATION_CREDENTIALS",
                    why="names no file that holds usable Google credentials",
                    fix="Correct the path, or unset it and log in: gcloud auth application-default login.",
                )
            return ExportError(
                what,
                why="no Google credentials were found",
                fix="Log in (gcloud auth application-default login), or set GOOGLE_APPLICATION_CREDENTIALS.",
            )
        if isinstance(error, RefreshError):
            if "timeframe" in said:
                return ExportError(
                    what, why="the clock of this machine is wrong", fix="Set the clock, then run it again."
                )
            if "impersonated" in said:
                return ExportError(
                    what,
                    why="the service account cannot be impersonated",
                    fix="Allow iam.serviceAccounts.getAccessToken on it (role roles/iam.serviceAccountTokenCreator).",
                )
            return ExportError(
                what,
                why=f"the Google login has expired or is not accepted ({kind})",
                fix="Log in again (gcloud auth application-default login); of a service account, check that its key"
                " still exists.",
            )
        if isinstance(error, TransportError):
            return self._unreachable("Google's login", error)
        return ExportError(
            what,
            why=f"the Google credentials cannot be used ({kind})",
            fix="Log in again: gcloud auth application-default login.",
        )

    def _failed(self, error: Exception) -> ExportError:
        """The ExportError for what went wrong on our side of the connection."""
        from requests.exceptions import ConnectionError as NotConnectedError
        from requests.exceptions import InvalidSchema, InvalidURL, JSONDecodeError, MissingSchema, Timeout

        kind = type(error).__name__
        if isinstance(error, JSONDecodeError):
            return ExportError(
                self._endpoint(),
                why="does not answer like Google Cloud Storage",
                fix="Correct the endpoint (STORAGE_EMULATOR_HOST, if it is set), or log in to your network.",
            )
        if isinstance(error, (InvalidSchema, InvalidURL, MissingSchema)):
            return ExportError(
                self._endpoint(),
                why="is no address",
                fix="Write the endpoint (STORAGE_EMULATOR_HOST, if it is set) as http://host:port.",
            )
        if isinstance(error, (NotConnectedError, Timeout, *_broken_off())):
            return self._unreachable(self._endpoint(), error)
        return ExportError(
            f"bucket {self.bucket}",
            why=f"cannot be read by Google's client ({kind})",
            fix="Check network, proxy and endpoint, then run it again.",
        )

    def _unreachable(self, what: str, error: Exception) -> ExportError:
        if _is_distrusted(error):
            return ExportError(
                what,
                why="shows a certificate that this machine does not trust",
                fix="Behind a proxy that opens connections, let REQUESTS_CA_BUNDLE name the file of its certificates.",
            )
        return ExportError(
            what,
            why=f"does not answer ({type(error).__name__})",
            fix="Check network, proxy and endpoint, then run it again; complete files are kept.",
        )

    def _endpoint(self) -> str:
        made = self.__dict__.get("client")
        url = made.api_endpoint if made is not None else self.options.endpoint
        return downloads.endpoint(url, "endpoint of Google Cloud Storage")


LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def _split(uri: str) -> tuple[str, str]:
    """(bucket, prefix without slash at its end) of an address."""
    bucket, _, path = uri[len("gs://") :].partition("/")
    if not is_gcs(uri) or not BUCKET.match(bucket):
        raise ConfigError(
            "Google Cloud Storage address" if "@" in uri else uri,
            why="is not gs://bucket/prefix",
            fix="Write bucket and prefix only; credentials come from gcloud auth application-default login.",
        )
    if "*" in path:
        raise ConfigError(uri, why="has a wildcard", fix="Name the folder: everything below it is read.")
    return bucket, path.rstrip("/")


def _item(key: str, blob: Any) -> _Item:
    generation, size = int(blob.generation or 0), int(blob.size or 0)
    encoding = (blob.content_encoding or "").strip().lower()
    return _Item(
        entry=Entry(
            key=key,
            size_bytes=size,
            version=f"{generation}-{size}",
            modified=blob.updated.timestamp() if blob.updated else 0.0,
        ),
        generation=generation,
        encoding="" if encoding == "identity" else encoding,
        crc32c=blob.crc32c or "",
        md5=blob.md5_hash or "",
    )


def _checksum(item: _Item) -> downloads.Checksum | None:
    """Composed objects have no MD5, CRC32C may be slow, and an emulator may know neither."""
    import google_crc32c

    if item.crc32c and (google_crc32c.implementation == "c" or not item.md5):
        return google_crc32c.Checksum, base64.b64decode(item.crc32c)
    return (lambda: hashlib.md5(usedforsecurity=False), base64.b64decode(item.md5)) if item.md5 else None


def _credentials() -> Any:
    import google.auth

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that of end users: they have read it when they logged in
        return google.auth.default(scopes=[SCOPE])[0]


def _retry(stop: threading.Event | None = None) -> Any:
    """The client's back-off for busy servers and failing connections, ended by `stop`."""
    from google.api_core.retry import Retry

    return Retry(
        predicate=lambda error: not (stop and stop.is_set()) and _may_pass(error),
        initial=RETRY_FIRST_PAUSE,
        maximum=RETRY_LONGEST_PAUSE,
        timeout=RETRY_SECONDS,
        on_error=_close,
    )


def _close(error: Exception) -> None:
    """Reads the answer that is not wanted; the client leaves it and its connection to the garbage collector."""
    from requests.exceptions import RequestException

    response = getattr(error, "response", None)
    if response is not None:
        with response, suppress(RequestException, *_broken_off()):
            _ = response.content


def _may_pass(error: Exception) -> bool:
    from google.auth.exceptions import TransportError
    from requests.exceptions import ConnectionError as NotConnectedError
    from requests.exceptions import Timeout

    if isinstance(error, (TransportError, NotConnectedError, Timeout, *_broken_off())):
        return not _is_distrusted(error)
    return _status(error) in BUSY


def _is_distrusted(error: Exception) -> bool:
    return "CERTIFICATE_VERIFY_FAILED" in str(error)


def _broken_off() -> tuple[type[Exception], ...]:
    """What a body raises that ends early. No OSError as such: that would be our disk."""
    from requests.exceptions import ChunkedEncodingError
    from urllib3.exceptions import HTTPError

    return ChunkedEncodingError, HTTPError, HTTPException, ConnectionError, TimeoutError


def _status(error: Exception) -> int:
    """The HTTP status of an answer; 0 where there was none."""
    status = getattr(getattr(error, "response", None), "status_code", None) or getattr(error, "code", None)
    return int(status) if isinstance(status, int) else 0


def _said(error: Exception) -> str:
    """What the server said, in lower case: to be looked at, never to be shown."""
    return str(getattr(getattr(error, "response", None), "text", "") or "").lower()


def _reason(error: Exception) -> str:
    """Google's one word for an error, with a comma; empty where it gives none."""
    errors = getattr(error, "errors", None) or [{}]
    reason = errors[0].get("reason", "") if isinstance(errors[0], dict) else ""
    reason = re.sub(r"[^A-Za-z0-9]", "", str(reason))[:60]
    return f"{reason}," if reason else ""
