"""What every bucket has in common: which objects an address means, and the folder that they are downloaded into."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from advisor.errors import ExportError
from advisor.ingest.location import DATA

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    from advisor.ingest.location import Entry, Location, Progress

    Checksum = tuple[Callable[[], Any], bytes]
    """What makes a hash, and the digest that it must have in the end."""

PAUSES = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt at a body: clients repeat requests, but not every download that breaks off."""

CHUNK = 256 * 1024
SMALL = 32 * 1024 * 1024
"""Manifests are a few kilobytes: what is larger is none, and does not belong in memory."""

STALE_SECONDS = 24 * 3600
"""Age at which an unfinished download must be of a run that was killed."""

PART = "part-"
AGAIN = "Run it again; nothing of this delivery was loaded."


class BrokenOffError(Exception):
    """A body that ended early or cannot be right: another attempt may help."""


class _StoppedError(Exception):
    """Another download failed, or the run was interrupted."""


# --- what an address means ----------------------------------------------------------------------------------------


def root_of(uri: str, path: str) -> str:
    """The prefix that keys are relative to.

    What is called like a file is one, or a folder that is called like a file: the same paths come of both.
    """
    is_file = not uri.endswith("/") and DATA.search(path)
    return path.rpartition("/")[0] if is_file else path


def prefix_of(root: str, path: str) -> str:
    """What to list by; one object's neighbours may come along."""
    return path if path != root else _folder(path)


def key_of(root: str, path: str, name: str) -> str:
    """The key of a listed object; empty for folders and for neighbours that merely begin like `path`."""
    is_meant = not name.endswith("/") and (name == path or name.startswith(_folder(path)))
    return name.removeprefix(_folder(root)) if is_meant else ""


def _folder(path: str) -> str:
    return f"{path}/" if path else ""


def endpoint(url: str, otherwise: str) -> str:
    """Host and port alone: the rest of a URL may hold a password."""
    with suppress(ValueError):
        parts = urlsplit(url)
        if parts.hostname:
            return f"endpoint {parts.hostname}{f':{parts.port}' if parts.port else ''}"
    return otherwise


# --- the cache ----------------------------------------------------------------------------------------------------


def suffix_of(key: str) -> str:
    """How the name of our copy ends: readers go by it."""
    found = DATA.search(key)
    return found[0].lower() if found else ""


def target(cache: Path, entry: Entry, suffix: str, *address: str) -> Path:
    """A name of ours for an object in one version: what somebody called it in the bucket is no path here."""
    return cache / f"{_digest(*address)}-{_digest(entry.version, str(entry.size_bytes))[:16]}{suffix}"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def read(location: Location, entry: Entry | None, what: str) -> bytes:
    """The content of a small object; kept like the others, and so not downloaded twice."""
    if entry is None:
        raise ExportError(what, why="does not exist", fix="Wait for the next delivery, or copy it again.")
    if entry.size_bytes > SMALL:
        raise too_large(what, f"{entry.size_bytes} bytes")
    path = location.fetch([entry], lambda _: None)[0]
    with _writing(path.parent):
        return path.read_bytes()


def too_large(what: str, size: str) -> ExportError:
    """The ExportError for what is read into memory and should not be."""
    return ExportError(
        what,
        why=f"is {size} large, which no manifest is",
        fix="Remove it, or point advisor at a prefix without it.",
    )


def _make(cache: Path) -> None:
    with _writing(cache):
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        for part in cache.glob(f"{PART}*"):
            with suppress(FileNotFoundError):
                if part.stat().st_mtime < time.time() - STALE_SECONDS:
                    part.unlink()


@contextmanager
def _writing(cache: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        raise ExportError(
            f"folder {cache}",
            why="is full: no space is left for downloads"
            if full
            else f"cannot be used for downloads ({error.strerror or type(error).__name__})",
            fix="Free some space and run it again: complete files are kept, nothing of this delivery was loaded."
            if full
            else "Allow the user that runs advisor to write there.",
        ) from error


# --- downloading --------------------------------------------------------------------------------------------------


class Arriving:
    """The file that an object is written to: counts, hashes and tells what arrives.

    A further attempt goes on where the last one stopped, unless what is there cannot be right; nothing is told twice.
    """

    def __init__(
        self, file: BinaryIO, wanted: int, checksum: Checksum | None, progress: Progress, stop: threading.Event
    ) -> None:
        self.file, self.wanted, self.checksum, self.progress, self.stop = file, wanted, checksum, progress, stop
        self.told = 0
        self.is_damaged = False
        self.seek(0)

    def seek(self, _: int) -> None:
        """Begins anew, as is right where a server sends an object from its beginning."""
        self.file.seek(0)
        self.file.truncate()
        self.size = 0
        self.hash: Any = self.checksum[0]() if self.checksum else None

    def write(self, content: bytes) -> int:
        """Takes the next bytes."""
        if self.stop.is_set():
            raise _StoppedError
        if self.size + len(content) > self.wanted:  # a server that does not know ranges, or another object
            self.seek(0)
            raise BrokenOffError
        self.file.write(content)
        if self.checksum:
            self.hash.update(content)
        self.size += len(content)
        if self.size - self.told >= CHUNK or (self.size == self.wanted and self.size > self.told):
            self.progress(self.size - self.told)
            self.told = self.size
        return len(content)

    def discard(self) -> None:
        """Begins anew because a checksum says so."""
        self.is_damaged = True
        self.seek(0)

    def is_whole(self) -> bool:
        """True when everything is there and is what was listed; begins anew when it is not."""
        if self.size == self.wanted and self.checksum and self.hash.digest() != self.checksum[1]:
            self.discard()
            return False
        return self.size == self.wanted


def fetch(
    wanted: Iterable[tuple[Entry, Path]],
    receive: Callable[[Entry, Arriving], None],
    progress: Progress,
    *,
    title: Callable[[str], str],
    workers: int,
    checksum: Callable[[Entry], Checksum | None] = lambda _: None,
) -> list[Path]:
    """Downloads what is not there yet, several at a time; `progress` is told of kept files at once.

    `receive` writes what is still missing of an object, and `title` is what messages call a key. The first failure
    ends the others; what has arrived in full is kept for the next run.
    """
    targets, missing = [], {}
    for entry, path in wanted:
        targets.append(path)
        if path in missing:
            continue
        if path.is_file() and path.stat().st_size == entry.size_bytes:
            progress(entry.size_bytes)
        else:
            missing[path] = entry
    if not missing:
        return targets
    _make(targets[0].parent)
    stop, lock = threading.Event(), threading.Lock()

    def told(size: int) -> None:
        with lock:
            progress(size)

    def download(entry: Entry, path: Path) -> None:
        _download(entry, path, receive, told, stop, title(entry.key), checksum(entry))

    with ThreadPoolExecutor(max_workers=max(1, min(workers, len(missing)))) as pool:
        futures = [pool.submit(download, entry, path) for path, entry in missing.items()]
        try:
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return targets


def _download(
    entry: Entry,
    path: Path,
    receive: Callable[[Entry, Arriving], None],
    progress: Progress,
    stop: threading.Event,
    what: str,
    checksum: Checksum | None,
) -> None:
    """One object to `path`, under another name until it is complete. Returns early when `stop` is set."""
    with _writing(path.parent), suppress(_StoppedError):
        handle, name = tempfile.mkstemp(prefix=PART, dir=path.parent)  # readable for the owner only
        part = Path(name)
        try:
            with os.fdopen(handle, "wb", CHUNK) as file:
                arriving = Arriving(file, entry.size_bytes, checksum, progress, stop)
                for pause in PAUSES:
                    if stop.wait(pause):
                        return
                    with suppress(BrokenOffError):
                        receive(entry, arriving)
                    if arriving.is_whole():
                        break
                else:
                    raise ExportError(
                        what,
                        why=f"arrived {len(PAUSES)} times with other bytes than its checksum says"
                        f" ({entry.size_bytes} bytes)"
                        if arriving.is_damaged
                        else f"broke off {len(PAUSES)} times while it was downloaded ({entry.size_bytes} bytes)",
                        fix="Check the connection and run it again: complete files are kept, nothing of this delivery"
                        " was loaded.",
                    )
            part.replace(path)
            for older in path.parent.glob(f"{path.name.partition('-')[0]}-*"):
                if older != path:
                    older.unlink(missing_ok=True)
        finally:
            part.unlink(missing_ok=True)
