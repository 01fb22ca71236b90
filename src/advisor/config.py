"""Settings from advisor.toml. Flags and the environment stand before it; the command line resolves those."""

from __future__ import annotations

import difflib
import os
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE_NAME = "advisor.toml"

SOURCE_KEYS = {
    "path": "folder, file, s3:// or gs:// address, or bigquery://project.dataset that the cloud delivers to",
    "billing_project": "Google Cloud project that pays for requests and queries",
    "profile": "profile of the AWS configuration",
    "role_arn": "role to assume",
    "external_id": "external id of that role; better given as external_id_env",
    "external_id_env": "environment variable that holds the external id",
    "region": "region of the bucket",
    "endpoint_url": "other endpoint of S3 or Cloud Storage",
    "requester_pays": "pay for the requests oneself",
}
PATH_OPTIONS = ("db", "metrics", "recommendations")
"""Options that are paths, or lists of paths."""

TAG_KEYS = ("owner", "environment", "production", "non_production")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One configured place of exports."""

    path: str
    billing_project: str = ""
    profile: str = ""
    role_arn: str = ""
    external_id: str = field(default="", repr=False)
    region: str = ""
    endpoint_url: str = field(default="", repr=False)
    requester_pays: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What advisor.toml says. `options` are defaults of command-line options, by their name."""

    file: Path | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    check_paths: tuple[Path, ...] = ()
    check_params: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    tags: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def find_file(explicit: str | None) -> Path | None:
    """The file named, else ./advisor.toml, else the user's; None when there is none."""
    if explicit:
        return Path(explicit)
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "advisor" / FILE_NAME
    return next((path for path in (Path(FILE_NAME), home) if path.is_file()), None)


def load(path: Path | None, option_names: frozenset[str]) -> Config:
    """The settings in `path`; raises ConfigError that names file, key and the nearest known key."""
    if path is None:
        return Config()
    try:
        document = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"file {path}", why=f"cannot be read ({error})", fix="Correct --config or its file."
        ) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"file {path}", why=f"is not TOML: {error}", fix="Correct that line.") from error
    tables = {"sources", "checks", "tags"}
    options = {key.replace("-", "_"): value for key, value in document.items() if key not in tables}
    _refuse_unknown(path, "", options, option_names | tables)
    for key in options:
        if isinstance(options[key], dict):
            raise ConfigError(f"file {path}", why=f"has a table {key}", fix=f"Write {key} = … with its one value.")
    checks = _table(path, "checks", document)
    tags = _table(path, "tags", document)
    _refuse_unknown(path, "tags.", tags, frozenset(TAG_KEYS))
    return Config(
        file=path,
        # Like the paths of sources, those of options are relative to the file that names them.
        options=options | {key: _beside(path, options[key]) for key in PATH_OPTIONS if key in options},
        sources=tuple(_source(path, entry) for entry in _list(path, "sources", document.get("sources", []))),
        check_paths=tuple(
            path.parent / Path(str(p)).expanduser() for p in _list(path, "checks.paths", checks.get("paths", []))
        ),
        check_params={key: _params(path, key, checks) for key in checks if key != "paths"},
        tags={key: tuple(str(v) for v in _list(path, f"tags.{key}", value)) for key, value in tags.items()},
    )


def _source(file: Path, entry: Any) -> Source:
    if isinstance(entry, str):
        entry = {"path": entry}
    if not isinstance(entry, dict) or not entry.get("path"):
        raise ConfigError(f"file {file}", why="has a source without path", fix='Write [[sources]] path = "…".')
    _refuse_unknown(file, "sources.", entry, frozenset(SOURCE_KEYS))
    for key, value in entry.items():
        wanted = bool if key == "requester_pays" else str
        if not isinstance(value, wanted):
            kind = "true or false" if wanted is bool else "a text"
            raise ConfigError(f"file {file}", why=f"has sources.{key} = {value!r}", fix=f"It must be {kind}.")
    values = {key: value for key, value in entry.items() if key != "external_id_env"}
    if name := entry.get("external_id_env"):
        if not os.environ.get(str(name)):
            raise ConfigError(
                f"file {file}",
                why=f"takes the external id of {entry['path']} from {name}, which is not set",
                fix=f"Set {name} in the environment, or remove external_id_env.",
            )
        values["external_id"] = os.environ[str(name)]
    if "://" not in values["path"]:
        values["path"] = str(file.parent / Path(values["path"]).expanduser())
    return Source(**values)


def _beside(file: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_beside(file, item) for item in value]
    return str(file.parent / value) if isinstance(value, str) and "://" not in value else value


def _table(file: Path, key: str, document: Mapping[str, Any]) -> dict[str, Any]:
    value = document.get(key, {})
    if not isinstance(value, dict):
        raise ConfigError(
            f"file {file}", why=f"has {key} that is not a table", fix=f"Write [{key}] and its keys below."
        )
    return value


def _params(file: Path, check: str, checks: Mapping[str, Any]) -> dict[str, Any]:
    params = _table(file, check, checks)
    return _table(file, "params", params) or params


def _list(file: Path, key: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ConfigError(f"file {file}", why=f"has {key} that is not a list", fix=f'Write {key} = ["…"].')
    return value


def _refuse_unknown(file: Path, prefix: str, given: Mapping[str, Any], known: frozenset[str] | set[str]) -> None:
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {prefix}{near[0]}?" if near else f"Known keys: {', '.join(sorted(known))}."
            raise ConfigError(f"file {file}", why=f"has the unknown key {prefix}{key}", fix=hint)


EXAMPLES = {
    "aws": (
        """\
# [[sources]]                    # one table per place of exports
# path = "s3://my-billing-bucket/exports"
# profile = "billing"            # or role_arn and external_id_env; else the default AWS credentials
""",
        "aws-nat-gateway-idle",
    ),
    "gcp": (
        """\
# [[sources]]                    # one table per place of exports
# path = "bigquery://my-project.billing"   # or gs://my-billing-bucket/exports
# billing_project = "my-finops-project"    # runs and pays for the queries
""",
        "gcp-nat-idle",
    ),
}
"""Cloud → an example of its source, and the id of one of its checks."""


def template(clouds: Sequence[str] = ()) -> str:
    """The text of an advisor.toml in which everything is a comment; of all clouds, or of `clouds` alone."""
    chosen = [EXAMPLES[cloud] for cloud in clouds or EXAMPLES]
    return TEMPLATE.format(sources="\n".join(source for source, _ in chosen), check=chosen[0][1])


TEMPLATE = """\
# advisor.toml: settings of advisor. Flags and ADVISOR_… variables stand before this file.
# `advisor config show` prints every setting with its value and where it comes from.

# db = "advisor.duckdb"          # everything advisor knows, in one file
# memory_limit = "320MB"         # of the database, whatever the size of the bill
# min_savings = 0.1              # leave out findings that save less per month

# metrics = ["./metrics"]        # samples of utilisation: CSV or Parquet of resource_id, metric, timestamp, value
# recommendations = ["./advice"] # exports of what the cloud itself recommends, as a second opinion
# min_cost = 5                   # advisor metrics asks only for resources that cost this much per month
# max_cost = 1                   # USD that asking for metrics may cost per run

{sources}
# [[sources]]
# path = "./exports"

# [tags]                         # which tags say who owns a resource and where it belongs
# owner = ["owner", "team"]
# environment = ["env", "stage"]
# production = ["prod", "live"]
# non_production = ["dev", "test", "staging", "sandbox"]

# [checks]
# paths = ["./finops-checks"]    # checks of your own: pairs of .sql and .cases.toml

# [checks."{check}"]             # advisor checks list prints the ids
# window_days = 30
"""
