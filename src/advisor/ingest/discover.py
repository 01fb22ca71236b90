"""Recognises deliveries in a listing: by manifest first, then by folder layout, then file by file.

A delivery is one billing period of one export, complete in itself: clouds deliver the month to date again and again,
never a difference. Only the newest delivery of a period counts; older assemblies and executions beside it are ignored.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from advisor.errors import ExportError
from advisor.ingest.location import DATA

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from advisor.ingest.location import Entry, Location

MANIFEST = re.compile(r"(^|[-_/])manifest\.json$", re.IGNORECASE)
PERIOD_FOLDER = re.compile(r"^(\d{4})(\d{2})\d{2}-\d{8}$")
BILLING_PERIOD = re.compile(r"^BILLING_PERIOD=(\d{4})-(\d{2})$", re.IGNORECASE)
YEAR, MONTH = re.compile(r"^year=(\d{4})$", re.IGNORECASE), re.compile(r"^month=(\d{1,2})$", re.IGNORECASE)
PART = re.compile(r"([-_.](part[-_]?)?\d+)*[-_.]?(part[-_]?)?\d+$", re.IGNORECASE)
SHARD = re.compile(r"-\d{12}$")
BILLING_ACCOUNT = re.compile(r"[0-9A-F]{6}[-_][0-9A-F]{6}[-_][0-9A-F]{6}$")
"""At the end of a name its digits are no number of a part."""

DAY_FOLDER = re.compile(
    r"^((partition_?(date|time)|usage_date|invoice_month|date|dt|day|month)=)?\d{4}[-_]?\d{2}([-_]?\d{2})?$",
    re.IGNORECASE,
)
"""Parts of one extract: a bill's late lines lie in other days and months than their usage."""
READ_AS = "4"
"""Part of every fingerprint: raised when the normalisation changes, so that loaded periods are read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Files that together are one billing period of one export; `period` None where only the lines tell."""

    source: str
    period: date | None
    entries: tuple[Entry, ...]
    fingerprint: str
    where: str

    @property
    def size_bytes(self) -> int:
        """Bytes to read."""
        return sum(entry.size_bytes for entry in self.entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Manifest:
    path: str
    period: date
    version: str
    files: tuple[str, ...]
    modified: float


def discover(location: Location) -> tuple[list[Delivery], list[ExportError]]:
    """(deliveries, what could not be used) in `location`. An empty location is an error of its own.

    Layouts are read off full paths, so that it does not matter at which level of an export the location begins.
    """
    base = location.name.rstrip("/")
    entries = location.entries()
    data = {f"{base}/{e.key}": e for e in entries if DATA.search(e.key) and not MANIFEST.search(e.key)}
    manifests, problems, unread = _read_manifests(location, base, entries)
    deliveries: list[Delivery] = []
    managed: set[str] = set()
    for (root, period), group in sorted(_by_export(manifests).items()):
        managed |= {path for path in data if _is_managed(path, root)}
        newest = _newest(group)
        try:
            files = _resolve(newest, data)
        except ExportError as error:
            problems.append(error)
            continue
        managed |= {f"{base}/{e.key}" for e in files}
        deliveries.append(_delivery(root, period, files, newest.version))
    loose = {
        path: e for path, e in data.items() if path not in managed and not any(_is_around(path, m) for m in unread)
    }
    deliveries += _without_manifest(loose)
    if not deliveries and not problems:
        raise ExportError(
            f"{location.name}",
            why="is empty" if not entries else "holds no billing export: no manifest, no CSV and no Parquet file",
            fix="Point advisor at the folder or bucket prefix that the cloud delivers to.",
        )
    return sorted(deliveries, key=lambda d: (d.source, d.period or date.min)), problems


# --- manifests --------------------------------------------------------------------------------------------------------


def _read_manifests(
    location: Location, base: str, entries: Iterable[Entry]
) -> tuple[list[_Manifest], list[ExportError], list[str]]:
    """(manifests, why others could not be used, the paths of those: the files around them are not guessed at)."""
    manifests: list[_Manifest] = []
    problems: list[ExportError] = []
    unread: list[str] = []
    for entry in entries:
        if MANIFEST.search(entry.key):
            try:
                manifest = _parse(location, entry, f"{base}/{entry.key}")
            except ExportError as error:
                problems.append(error)
                unread.append(f"{base}/{entry.key}")
                continue
            if manifest is not None:
                manifests.append(manifest)
    return manifests, problems, unread


def _parse(location: Location, entry: Entry, path: str) -> _Manifest | None:
    """The manifest in `entry`; None when it is some other tool's manifest (no billing period in it)."""
    where = f"manifest {path}"
    try:
        document = json.loads(location.read(entry.key))
    except (ValueError, RecursionError) as error:
        raise ExportError(
            where, why=f"is not JSON ({error})", fix="Wait for the next delivery, or copy it again."
        ) from error
    if not isinstance(document, dict):
        document = {}
    files = _listed_files(document)
    billing_period = document.get("billingPeriod")
    start = str(billing_period.get("start", "")) if isinstance(billing_period, dict) else ""
    period = _month(start) or _month_in(path)
    period = period or next((month for month in map(_month_in, files) if month), None)
    if period is None:
        return None
    if not files:
        raise ExportError(
            where,
            why="names no data files (reportKeys or dataFiles)",
            fix="Wait for the next delivery, or check that the export is an AWS billing export.",
        )
    version = str(document.get("assemblyId") or document.get("executionId") or entry.version)
    return _Manifest(path=path, period=period, version=version, files=files, modified=entry.modified)


def _listed_files(document: dict[str, Any]) -> tuple[str, ...]:
    for key in ("reportKeys", "dataFiles", "files"):
        listed = document.get(key)
        if isinstance(listed, list) and listed:
            names = [
                item.get("s3Uri") or item.get("key") or "" if isinstance(item, dict) else str(item) for item in listed
            ]
            return tuple(re.sub(r"^s3://[^/]+/", "", name).lstrip("/") for name in names if name)
    return ()


def _by_export(manifests: Iterable[_Manifest]) -> dict[tuple[str, date], list[_Manifest]]:
    groups: dict[tuple[str, date], list[_Manifest]] = defaultdict(list)
    for manifest in manifests:
        groups[_export_root(manifest.path), manifest.period].append(manifest)
    return groups


def _export_root(path: str) -> str:
    """The folder of the export that a manifest belongs to, with the report's name where it lies flat beside its files."""
    parts = path.split("/")[:-1]
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        if BILLING_PERIOD.match(part):
            return "/".join(parts[: index - 1] if parts[index - 1] == "metadata" else parts[:index])
        if PERIOD_FOLDER.match(part):
            return "/".join(parts[:index])
        if YEAR.match(part):
            return _above_year(parts[:index])
    return "/".join([*parts, _report(path)])


def _above_year(folders: Sequence[str]) -> str:
    """The export root of <prefix>/<report>/<report>/year=…: the manifest of the same report also lies one folder up."""
    return "/".join(folders[:-1] if len(folders) > 1 and folders[-1] == folders[-2] else folders)


def _report(path: str) -> str:
    return re.sub(r"[-_]?manifest\.json$", "", path.rsplit("/", 1)[-1], flags=re.IGNORECASE)


def _is_managed(path: str, root: str) -> bool:
    """True when `path` belongs to the export of `root`: what its manifest does not name is an older delivery."""
    return path.startswith(f"{root}/") or _layout(path)[0] == root


def _is_around(path: str, manifest_path: str) -> bool:
    """True when the manifest, which could not be read, might have named `path`."""
    root, period = _export_root(manifest_path), _month_in(manifest_path)
    if not _report(manifest_path) and period is None:
        return _folder(path) == _folder(manifest_path)
    return _is_managed(path, root) and period in (None, _month_in(path))


def _newest(group: Sequence[_Manifest]) -> _Manifest:
    """The manifest above its assemblies or executions always describes the newest; among equals the latest wins."""
    depth = min(m.path.count("/") for m in group)
    top = [m for m in group if m.path.count("/") == depth]
    return max(top, key=lambda m: (_stamp(m.path), m.modified, m.path))


def _stamp(path: str) -> str:
    """The time that an assembly or execution folder begins with, as sortable digits; '' for opaque names."""
    folder = path.split("/")[-2] if "/" in path else ""
    digits = re.match(r"(\d{4})-?(\d{2})-?(\d{2})T?(\d{2}):?(\d{2}):?(\d{2})", folder)
    return "".join(digits.groups()) if digits else ""


def _resolve(manifest: _Manifest, data: Mapping[str, Entry]) -> list[Entry]:
    where = f"manifest {manifest.path}"
    found: dict[Entry, str] = {}
    for listed in manifest.files:
        if ".." in listed.split("/") or "\\" in listed:
            raise ExportError(
                where,
                why=f"names {listed}, a path outside the export",
                fix="Do not load this delivery: no cloud writes such a manifest. Ask who could write to the folder.",
            )
        entry = _match(listed, manifest.path, data)
        if entry is None:
            raise ExportError(
                where,
                why=f"names {listed}, which is not there",
                fix="Copy the missing file, or wait until the delivery is complete; the period was not loaded.",
            )
        before = found.setdefault(entry, listed)
        if before != listed:
            raise ExportError(
                where,
                why=f"names {before} and {listed}, but only one of them is there",
                fix="Copy the missing file into a folder as it has in the bucket; the period was not loaded.",
            )
    return list(found)


def _match(listed: str, manifest_path: str, data: Mapping[str, Entry]) -> Entry | None:
    """The entry for a listed key, by the longest tail of it: exports are copied from buckets to any place."""
    parts = listed.split("/")
    for index in range(len(parts) - 1):
        tail = "/" + "/".join(parts[index:])
        ends = [path for path in data if path.endswith(tail)]
        if len(ends) > 1:  # several copies: the one nearest to the manifest
            ends = sorted(ends, key=lambda path: -_shared_folders(path, manifest_path))
        if ends:
            return data[ends[0]]
    # Copied by hand, flat beside its manifest, perhaps unpacked.
    name, folder = parts[-1], _folder(manifest_path)
    for candidate in (name, name.removesuffix(".gz"), name.removesuffix(".zip")):
        if f"{folder}/{candidate}" in data:
            return data[f"{folder}/{candidate}"]
    return None


def _shared_folders(one: str, other: str) -> int:
    pairs = zip(one.split("/"), other.split("/"), strict=False)
    return next((n for n, (a, b) in enumerate(pairs) if a != b), 0)


# --- without a manifest -------------------------------------------------------------------------------------------------


def _without_manifest(loose: Mapping[str, Entry]) -> list[Delivery]:
    groups: dict[tuple[str, date | None], dict[str, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for path, entry in loose.items():
        root, period, execution = _layout(path)
        groups[root, period][execution].append(entry)
    deliveries = []
    for (root, period), executions in groups.items():
        newest = max(
            executions, key=lambda name: (_stamp(f"{name}/x"), max(e.modified for e in executions[name]), name)
        )
        deliveries.append(_delivery(root, period, executions[newest], ""))
    return deliveries


@cache
def _layout(path: str) -> tuple[str, date | None, str]:
    """(export root, period, execution) that the folders of a data file tell; a loose file is an export of its own."""
    *folders, name = path.split("/")
    for index in range(len(folders) - 1, -1, -1):
        part = folders[index]
        rest = "/".join(folders[index + 1 :])
        match = BILLING_PERIOD.match(part) or PERIOD_FOLDER.match(part)
        if match and (period := _first_day(match[1], match[2])):
            above = folders[:index]
            return "/".join(above[:-1] if above and above[-1] == "data" else above), period, rest
        below = MONTH.match(folders[index + 1]) if index + 1 < len(folders) else None
        if below and (year := YEAR.match(part)) and (period := _first_day(year[1], below[1])):
            return _above_year(folders[:index]), period, "/".join(folders[index + 2 :])
    stem = DATA.sub("", name)
    while len(folders) > 1 and DAY_FOLDER.match(folders[-1]):
        folders.pop()
    stem = SHARD.sub("", stem)
    report = stem if BILLING_ACCOUNT.search(stem) else PART.sub("", stem)
    return "/".join([*folders, report] if report else folders), None, ""


def _delivery(source: str, period: date | None, entries: Sequence[Entry], version: str) -> Delivery:
    # An execution id names its content; without one sizes and times have to.
    names = [f"{e.key.rsplit('/', 1)[-1]}:{e.size_bytes}" + ("" if version else f":{e.version}") for e in entries]
    text = "\n".join([READ_AS, version, *sorted(names)])
    return Delivery(
        source=source,
        period=period,
        entries=tuple(entries),
        fingerprint=hashlib.sha256(text.encode()).hexdigest()[:32],
        where=f"{source} {period:%Y-%m}" if period else source,
    )


def _month(text: str) -> date | None:
    match = re.match(r"(\d{4})-?(\d{2})", text)
    return _first_day(match[1], match[2]) if match else None


def _first_day(year: str, month: str) -> date | None:
    try:
        return date(int(year), int(month), 1)
    except ValueError:
        return None


def _month_in(path: str) -> date | None:
    return _layout(path)[1]


def _folder(path: str) -> str:
    return path.rsplit("/", 1)[0] if "/" in path else ""
