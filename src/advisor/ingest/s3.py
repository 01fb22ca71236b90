"""Exports in S3: listed, downloaded into a folder of ours, and read from there.

Credentials come from boto3's own chain (environment, profile, instance role) and go nowhere else: no message of this
module repeats what a server or boto3 said, only the error's code. boto3 is imported when a client is needed.
"""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from advisor.errors import ConfigError, ExportError
from advisor.ingest import downloads
from advisor.ingest.location import Entry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import boto3
    from mypy_boto3_s3 import S3Client

    from advisor.ingest.location import Progress

ATTEMPTS = 4
"""How often a request is sent before its failure counts; boto3 waits longer each time."""

CONNECT_SECONDS, READ_SECONDS = 10, 60
PAGE = 1000
"""Keys per listing request; S3 gives no more."""

BUCKET = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Options:
    """How to reach a bucket. `endpoint_url` is of S3 alone; AWS_ENDPOINT_URL and its kin hold for STS as well."""

    profile: str = ""
    role_arn: str = ""
    external_id: str = field(default="", repr=False)
    region: str = ""
    endpoint_url: str = field(default="", repr=False)  # might hold a password
    requester_pays: bool = False
    max_workers: int = 8


def is_s3(text: str) -> bool:
    """True for an S3 address."""
    return text.lower().startswith("s3://")


def open_s3(uri: str, options: S3Options, cache: Path) -> S3Location:
    """The location at `uri`, s3://bucket/prefix or one object; downloads go to the folder `cache`."""
    return S3Location(uri, options, cache)


class S3Location:
    """A prefix of a bucket, or one object. Nothing is sent before entries()."""

    def __init__(self, uri: str, options: S3Options, cache: Path) -> None:
        self.options = options
        self.cache = cache
        self.bucket, path = _split(uri)
        self._root = downloads.root_of(uri, path)
        self._wanted = path
        self._listed: dict[str, Entry] = {}

    def __repr__(self) -> str:
        return f"S3Location({self.name!r})"

    @property
    def name(self) -> str:
        """s3://bucket/prefix; for one object that of the prefix it lies in."""
        return f"s3://{self.bucket}/{self._root}".rstrip("/")

    def entries(self) -> list[Entry]:
        """Every object below the prefix, or the one object."""
        found = []
        client = self.client
        with self._explained():
            pages = client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket,
                Prefix=downloads.prefix_of(self._root, self._wanted),
                PaginationConfig={"PageSize": PAGE},
                **self._payer,
            )
            for page in pages:
                for item in page.get("Contents", []):
                    key = downloads.key_of(self._root, self._wanted, item["Key"])
                    if key:
                        found.append(
                            Entry(
                                key=key,
                                size_bytes=item["Size"],
                                version=item["ETag"].strip('"'),
                                modified=item["LastModified"].timestamp(),
                            )
                        )
        self._listed = {entry.key: entry for entry in found}
        return sorted(found, key=lambda e: e.key)

    def read(self, key: str) -> bytes:
        """The content of a small object of the listing; kept like the others, and so not downloaded twice."""
        entry = self._listed.get(key) or next((e for e in self.entries() if e.key == key), None)
        return downloads.read(self, entry, self._object(key))

    def fetch(self, entries: Sequence[Entry], progress: Progress) -> list[Path]:
        """Downloads what is not there yet; what has arrived in full is kept for the next run."""
        return downloads.fetch(
            [(entry, self._target(entry)) for entry in entries],
            self._receive,
            progress,
            title=self._object,
            workers=self.options.max_workers,
        )

    @cached_property
    def client(self) -> S3Client:
        """The S3 client, made at the first use."""
        try:
            import boto3  # noqa: F401 - told apart from an error in making the client
            from botocore.config import Config
        except ImportError as error:
            raise ConfigError(
                self.name, why="cannot be read without boto3", fix="Install it: pip install 'advisor[s3]'."
            ) from error
        if self.options.external_id and not self.options.role_arn:
            raise ConfigError(
                self.name, why="has an external id, but no role to assume with it", fix="Name the role, or drop the id."
            )
        with self._explained():
            session = _session(self.options)
            try:
                return session.client(
                    "s3",
                    endpoint_url=self.options.endpoint_url or None,
                    config=Config(
                        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                        connect_timeout=CONNECT_SECONDS,
                        read_timeout=READ_SECONDS,
                        max_pool_connections=max(10, self.options.max_workers),
                        user_agent_extra="advisor",
                    ),
                )
            except ValueError as error:  # boto3's word for an endpoint that is no URL
                raise ConfigError(
                    self.name,
                    why="has an endpoint or region that is none",
                    fix="Write the endpoint as https://host:port, the region as eu-central-1.",
                ) from error

    def _receive(self, entry: Entry, arriving: downloads.Arriving) -> None:
        from botocore.exceptions import FlexibleChecksumError, HTTPClientError, IncompleteReadError
        from urllib3.exceptions import HTTPError

        rest: dict[str, Any] = {"Range": f"bytes={arriving.size}-"} if arriving.size else {}
        with self._explained(entry.key):
            answer = self.client.get_object(
                Bucket=self.bucket, Key=self._key(entry), IfMatch=f'"{entry.version}"', **rest, **self._payer
            )
        body = answer["Body"]
        try:
            if answer["ETag"].strip('"') != entry.version:  # not every S3 minds the condition
                raise self._changed(entry.key)
            if not answer.get("ContentRange", "").startswith(f"bytes {arriving.size}-"):  # nor knows every S3 ranges
                arriving.seek(0)
            for chunk in body.iter_chunks(downloads.CHUNK):
                arriving.write(chunk)
        except FlexibleChecksumError:
            arriving.discard()
        except (HTTPClientError, IncompleteReadError, HTTPError) as error:
            raise downloads.BrokenOffError from error
        finally:
            body.close()

    def _target(self, entry: Entry) -> Path:
        # This makes the client before there are threads: boto3 sessions are not for several.
        place = self.client.meta.endpoint_url, self.bucket, self._key(entry)
        return downloads.target(self.cache, entry, downloads.suffix_of(entry.key), *place)

    # --- names and errors ---------------------------------------------------------------------------------------------

    @property
    def _payer(self) -> dict[str, Any]:
        return {"RequestPayer": "requester"} if self.options.requester_pays else {}

    def _key(self, entry: Entry) -> str:
        return f"{self._root}/{entry.key}" if self._root else entry.key

    def _object(self, key: str) -> str:
        return f"object {self.name}/{key}".replace("\n", "\N{REPLACEMENT CHARACTER}")

    def _changed(self, key: str) -> ExportError:
        return ExportError(
            self._object(key),
            why="changed while it was read: the cloud delivered anew",
            fix=downloads.AGAIN,
        )

    @contextmanager
    def _explained(self, key: str | None = None) -> Iterator[None]:
        """Turns what boto3 raises into an ExportError; `key` is the object that is read, if it is one."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            raise self._refused(error, key) from error
        except BotoCoreError as error:
            raise self._failed(error) from error

    def _refused(self, error: Any, key: str | None) -> ExportError:
        """The ExportError for an answer of S3 or STS that is an error."""
        code = re.sub(r"[^A-Za-z0-9.]", "", str(error.response.get("Error", {}).get("Code", "")))[:60]
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        what = self._object(key) if key is not None else f"bucket {self.bucket}"
        if code in EXPIRED:
            return ExportError(
                what,
                why=f"the AWS credentials have expired ({code})",
                fix="Log in again (aws sso login), then run it again.",
            )
        if code in INVALID:
            return ExportError(
                what,
                why=f"the AWS credentials are not valid ({code})",
                fix="Check the profile or the AWS_ variables of the environment with aws sts get-caller-identity.",
            )
        if code in SKEWED:
            return ExportError(
                what, why=f"the clock of this machine is wrong ({code})", fix="Set the clock, then run it again."
            )
        if error.operation_name.startswith("AssumeRole"):
            return ExportError(
                f"role {self.options.role_arn or 'of the AWS configuration'}",
                why=f"cannot be assumed ({code})",
                fix="Allow the caller sts:AssumeRole; the role's trust policy must name caller and external id.",
            )
        if code == "PreconditionFailed" or status == 412:
            return self._changed(key or "")
        if code == "NoSuchBucket":
            return ExportError(what, why="does not exist", fix="Correct the bucket's name, or the endpoint or profile.")
        if status == 404:
            return ExportError(what, why="is gone since it was listed", fix=downloads.AGAIN)
        if code == "InvalidObjectState":
            return ExportError(
                what,
                why="lies in an archive storage class and cannot be read",
                fix="Restore it, or point advisor at newer periods.",
            )
        if status in (301, 307) or code in ELSEWHERE:
            headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
            region = headers.get("x-amz-bucket-region") or error.response["Error"].get("Region") or "another region"
            return ExportError(what, why=f"lies in {region} ({code})", fix="Set the region, or drop the endpoint.")
        if status in (401, 403):
            return self._denied(error, what, code, key)
        return ExportError(
            what,
            why=f"S3 answers {error.operation_name} with an error ({code or 'no code'}, HTTP {status})",
            fix="Run it again later; complete files are kept, nothing of this delivery was loaded.",
        )

    def _denied(self, error: Any, what: str, code: str, key: str | None) -> ExportError:
        action = "s3:ListBucket" if key is None else "s3:GetObject"
        if "kms:" in str(error.response["Error"].get("Message", "")).lower():
            action = "kms:Decrypt"
        payer = (
            ""
            if self.options.requester_pays
            else " Where the requester has to pay for the bucket, say so (requester pays)."
        )
        return ExportError(
            what,
            why=f"access is denied: these credentials may not do {action} on bucket {self.bucket} ({code})",
            fix="Allow s3:ListBucket on the bucket, s3:GetObject on its objects, and kms:Decrypt on their key if they"
            f" have one; or use another profile or role.{payer}",
        )

    def _failed(self, error: Any) -> ExportError:
        """The ExportError for what went wrong on our side of the connection."""
        kind = type(error).__name__
        what = f"bucket {self.bucket}"
        if kind == "ProfileNotFound":
            return ExportError(
                f"profile {self.options.profile or os.environ.get('AWS_PROFILE', '')}",
                why="is not in the AWS configuration",
                fix="Correct its name: aws configure list-profiles shows them.",
            )
        if kind == "ConfigParseError":
            return ExportError(
                "AWS configuration", why="cannot be parsed", fix="Correct ~/.aws/config and ~/.aws/credentials."
            )
        if "SSO" in kind or "Token" in kind or "Login" in kind:
            return ExportError(
                what, why=f"the AWS login has expired or is missing ({kind})", fix="Log in again: aws sso login."
            )
        if "Credential" in kind:
            return ExportError(
                what,
                why=f"no AWS credentials were found ({kind})",
                fix="Name a profile, log in (aws sso login), or set the AWS_ variables in the environment.",
            )
        if isinstance(error, _connection_errors()):
            return ExportError(
                self._endpoint(),
                why=f"does not answer ({kind})",
                fix="Check network, proxy and endpoint, then run it again; complete files are kept.",
            )
        return ExportError(
            what, why=f"boto3 cannot read it ({kind})", fix="Check the AWS configuration: region, endpoint, profile."
        )

    def _endpoint(self) -> str:
        made = self.__dict__.get("client")
        url = made.meta.endpoint_url if made is not None else self.options.endpoint_url
        return downloads.endpoint(url, "AWS endpoint")


EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"})
INVALID = frozenset(
    {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "MissingAuthenticationToken",
        "NotSignedUp",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
SKEWED = frozenset({"RequestTimeTooSkewed", "RequestInTheFuture"})
ELSEWHERE = frozenset({"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"})


def _split(uri: str) -> tuple[str, str]:
    """(bucket, prefix without slash at its end) of an S3 address."""
    bucket, _, path = uri[len("s3://") :].partition("/")
    if not is_s3(uri) or not BUCKET.match(bucket):
        raise ConfigError(
            "S3 address" if "@" in uri else uri,  # s3://key:secret@bucket is a habit of older tools
            why="is not s3://bucket/prefix",
            fix="Write bucket and prefix only; credentials come from the environment or a profile.",
        )
    return bucket, path.rstrip("/")


def _session(options: S3Options) -> boto3.Session:
    """A session of the profile, or of the role that is assumed with it and assumed anew before it expires."""
    import boto3
    import botocore.session
    from botocore.credentials import (
        AssumeRoleCredentialFetcher,
        CredentialProvider,
        CredentialResolver,
        DeferredRefreshableCredentials,
    )
    from botocore.exceptions import NoCredentialsError

    caller = boto3.Session(profile_name=options.profile or None, region_name=options.region or None)
    region = caller.region_name or "us-east-1"  # S3 tells where a bucket really lies, and boto3 goes there
    if not options.role_arn:
        return boto3.Session(profile_name=options.profile or None, region_name=region)
    credentials = caller.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(
        partial(caller.client, region_name=region),
        credentials,
        options.role_arn,
        extra_args={
            "RoleSessionName": "advisor",
            **({"ExternalId": options.external_id} if options.external_id else {}),
        },
    )

    class AssumedRole(CredentialProvider):
        METHOD = "assume-role"

        def load(self) -> DeferredRefreshableCredentials:
            return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD)

    inner = botocore.session.Session(profile=options.profile or None)
    inner.register_component("credential_provider", CredentialResolver([AssumedRole()]))
    return boto3.Session(botocore_session=inner, region_name=region)


def _connection_errors() -> tuple[type[Exception], ...]:
    from botocore.exceptions import ConnectionError as BotoConnectionError
    from botocore.exceptions import HTTPClientError

    return BotoConnectionError, HTTPClientError
