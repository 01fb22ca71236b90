"""Errors a person can act on, and the exit code each ends in. Domain code raises; only the command line exits."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of every command. Treat a code not listed here as a failure."""

    OK = 0
    """Ran to the end; findings may exist."""
    BUG = 1
    """Unexpected failure: a bug in advisor."""
    USAGE = 2
    """The command line could not be understood."""
    INCOMPLETE = 3
    """Finished, but some input could not be read or some check failed; the report says which."""
    BAD_INPUT = 4
    """Bad input or configuration; nothing was judged."""
    FAIL_ON = 10
    """--fail-on matched a finding."""
    INTERRUPTED = 130
    """Interrupted from the keyboard or by a signal."""


class AdvisorError(Exception):
    """What happened, why, and the way out: three parts that every error of advisor has.

    `what` names the thing (file, bucket, check), `why` the reason, `fix` what to do about it.
    """

    exit_code = Exit.BAD_INPUT

    def __init__(self, what: str, *, why: str, fix: str) -> None:
        self.what = printable(what)
        self.why = printable(why)
        self.fix = printable(fix)
        super().__init__(f"{self.what}: {self.why}\n  {self.fix}")


class ExportError(AdvisorError):
    """An export, or one delivery of it, cannot be read."""


class ReconciliationError(AdvisorError):
    """The sums in the database differ from the sums in the files."""


class StoreError(AdvisorError):
    """The database cannot be opened, locked, migrated or written."""


class ConfigError(AdvisorError):
    """The configuration cannot be used."""


class CheckError(AdvisorError):
    """A check, its query or its cases are wrong."""


def printable(text: str) -> str:
    """`text` without control characters, so that hostile names cannot steer a terminal or forge log lines."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
