"""A place that holds exports: a folder or file on disk here; buckets in modules of their own, with the same calls."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from advisor.errors import ExportError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Progress = Callable[[int], None]
    """Is told the number of further bytes that are done."""


DATA = re.compile(r"(\.snappy)?\.((csv|json|jsonl|ndjson)(\.gz)?|csv\.zip|zip|avro|parquet)$", re.IGNORECASE)
"""How names of data files end, and manifests too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One file of a location. `key` is relative, with slashes; `version` changes when the content does."""

    key: str
    size_bytes: int
    version: str
    modified: float


class Location(Protocol):
    """What discovery and loading need of a place."""

    @property
    def name(self) -> str:
        """The stable name that sources in it begin with."""
        ...

    def entries(self) -> list[Entry]:
        """Every file, in order of key; raises ExportError when the place cannot be listed."""
        ...

    def read(self, key: str) -> bytes:
        """The content of a small file."""
        ...

    def fetch(self, entries: Sequence[Entry], progress: Progress) -> list[Path]:
        """Local paths with the content of `entries`, in their order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalLocation:
    """A folder or a single file on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The absolute path."""
        return self.root.as_posix()

    @property
    def root(self) -> Path:
        """The folder that keys are relative to."""
        path = Path(os.path.normpath(self.path.absolute()))
        return path.parent if path.is_file() else path

    def entries(self) -> list[Entry]:
        """Every file below the folder, or the one file."""
        if not self.path.exists():
            raise ExportError(f"path {self.path}", why="does not exist", fix="Correct the path of the export.")
        files = [self.path] if self.path.is_file() else self._walk()
        entries = []
        for file in files:
            try:
                stat = file.stat()
            except OSError as error:
                raise no_access(file, error) from error
            key = Path(os.path.normpath(file.absolute())).relative_to(self.root).as_posix()
            version = f"{stat.st_size}-{stat.st_mtime_ns}"
            entries.append(Entry(key=key, size_bytes=stat.st_size, version=version, modified=stat.st_mtime))
        return sorted(entries, key=lambda e: e.key)

    def _walk(self) -> list[Path]:
        def refuse(error: OSError) -> None:
            raise ExportError(
                f"folder {error.filename}",
                why=f"cannot be listed ({error.strerror})",
                fix="Allow the user that runs advisor to read it.",
            ) from error

        found = []
        # A link that leads out of the folder would make a manifest able to name any file of the machine.
        root = self.root.resolve()
        for folder, names, files in os.walk(self.path, onerror=refuse):
            names[:] = [n for n in names if not n.startswith(".")]  # os.walk goes into what is left
            paths = [Path(folder) / name for name in files if not name.startswith(".")]
            found += [path for path in paths if path.is_file() and path.resolve().is_relative_to(root)]
        return found

    def read(self, key: str) -> bytes:
        """The bytes of the file."""
        try:
            return (self.root / key).read_bytes()
        except OSError as error:
            raise no_access(self.root / key, error) from error

    def fetch(self, entries: Sequence[Entry], progress: Progress) -> list[Path]:
        """The files themselves: nothing is copied."""
        paths = [self.root / entry.key for entry in entries]
        for path in paths:
            try:
                with path.open("rb"):
                    pass
            except OSError as error:
                raise no_access(path, error) from error
        return paths


def no_access(path: Path, error: OSError) -> ExportError:
    """The ExportError for a file that the operating system does not let us read."""
    return ExportError(
        f"file {path}",
        why=f"cannot be opened ({error.strerror or error})",
        fix="Allow the user that runs advisor to read it, or export it again.",
    )
