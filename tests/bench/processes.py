"""Runs programs as whole processes and measures wall time, CPU time and peak memory of each.

Import nothing heavy here or in bench.py: on Linux a child's peak memory starts at that of the process that spawned it.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # ru_maxrss is in bytes or KiB


class ProgramError(Exception):
    """A program ended with an unexpected exit code; the text is what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process, start to end."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    stdout: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """Medians of runs of two programs, one after the other in turn."""

    ours: float
    raw: float
    ratio: float
    peak_mib: float
    """The largest of our runs."""


class Sandbox:
    """A directory to run programs in, with a home of its own and without the user's settings."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "home"
        self.home.mkdir(parents=True)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ADVISOR_", "AWS_", "XDG_", "DUCKDB_"))}
        folders = {f"XDG_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CONFIG", "CACHE", "DATA", "STATE")}
        self.env = {**kept, **folders, "HOME": str(self.home), "TMPDIR": str(root), "NO_COLOR": "1"}

    def run(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, allowed: Sequence[int] = (0,)) -> Run:
        """Runs `argv` to its end. Raises ProgramError for exit codes that are not `allowed`."""
        with tempfile.TemporaryFile(dir=self.root) as out, tempfile.TemporaryFile(dir=self.root) as err:
            start = time.perf_counter()
            process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=out, stderr=err, cwd=self.home, env={**self.env, **(env or {})}
            )
            _, status, usage = os.wait4(process.pid, 0)
            seconds = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if process.returncode not in allowed:
                said = err.read().decode("utf-8", "replace").strip()
                program = " ".join([Path(argv[0]).name, *(arg.split("\n")[0] for arg in argv[1:])])
                raise ProgramError(f"{program}\nexit code {process.returncode}\n{said}")
            return Run(
                seconds=seconds,
                cpu_seconds=usage.ru_utime + usage.ru_stime,
                peak_mib=usage.ru_maxrss * RSS_UNIT / 2**20,
                stdout=out.read().decode("utf-8", "replace"),
            )

    def python(self, code: str, *args: object, allowed: Sequence[int] = (0,)) -> Run:
        """Runs a piece of Python in the interpreter of the benchmark."""
        return self.run([sys.executable, "-c", code, *map(str, args)], allowed=allowed)

    def kill_after(self, argv: Sequence[str], seconds: float) -> bool:
        """Starts `argv` and kills it and its children after `seconds`; False if it had ended before."""
        with tempfile.TemporaryFile(dir=self.root) as log:
            process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.home,
                env=self.env,
                start_new_session=True,
            )
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return True
            if process.returncode:
                log.seek(0)
                said = log.read().decode("utf-8", "replace").strip()
                raise ProgramError(f"{Path(argv[0]).name}\nexit code {process.returncode}\n{said}")
            return False


def alternate(times: int, ours: Callable[[], Run], raw: Callable[[], Run]) -> Pairs:
    """Runs the raw program and ours in turn: what slows the machine down slows both. Files are warm after the first."""
    runs = [(raw(), ours()) for _ in range(times)]
    return Pairs(
        ours=statistics.median(mine.seconds for _, mine in runs),
        raw=statistics.median(other.seconds for other, _ in runs),
        ratio=statistics.median(mine.seconds / other.seconds for other, mine in runs),
        peak_mib=max(mine.peak_mib for _, mine in runs),
    )
