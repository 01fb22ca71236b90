"""Google BigQuery for tests: bqemulator as a process of its own, in a virtual environment of its own.

It needs an older DuckDB than ours, so it cannot live beside us. The environment is made once, next to .venv; a change
of bigquery_peer/requirements.txt makes another one.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from moto_server import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

PEER = Path(__file__).parent / "bigquery_peer"
HOME = Path(__file__).parents[2] / ".venv-bqemulator"
UP_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Emulator:
    """Where it answers: REST as a URL, read sessions as host:port."""

    rest: str
    grpc: str


@contextmanager
def bigquery_emulator() -> Iterator[Emulator]:
    """Runs the emulator while the block lasts, empty at first. It listens on this machine only."""
    python = environment()
    rest, grpc = free_port(), free_port()
    with tempfile.TemporaryFile() as complaints:
        server = subprocess.Popen(
            [str(python), "-W", "ignore", str(PEER / "serve.py"), str(rest), str(grpc)],
            stdout=subprocess.DEVNULL,
            stderr=complaints,
            env=_without("GOOGLE_", "BQEMU_") | {"HOME": str(HOME)},  # DuckDB installs its extension there
        )
        try:
            _wait(server, f"http://127.0.0.1:{rest}/healthz", complaints)
            yield Emulator(rest=f"http://127.0.0.1:{rest}", grpc=f"127.0.0.1:{grpc}")
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def environment() -> Path:
    """The emulator's own Python, installed at first use: half a minute."""
    wanted = hashlib.sha256((PEER / "requirements.txt").read_bytes()).hexdigest()
    place, stamp = HOME / "venv", HOME / "requirements.sha256"
    python = place / "bin" / "python"
    HOME.mkdir(exist_ok=True)
    (HOME / ".gitignore").write_text("*\n")
    with (HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may come first
        if not stamp.exists() or stamp.read_text() != wanted:
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
            install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            done = subprocess.run([*install, "-r", str(PEER / "requirements.txt")], capture_output=True, check=False)
            if done.returncode:
                raise RuntimeError(f"bqemulator cannot be installed: {done.stderr.decode()[-2000:]}")
            stamp.write_text(wanted)
    return python


def _without(*prefixes: str) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}


def _wait(server: subprocess.Popen[bytes], url: str, complaints: tempfile._TemporaryFileWrapper[bytes]) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + UP_WITHIN_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            complaints.seek(0)
            raise RuntimeError(f"bqemulator ended with {server.returncode}: {complaints.read().decode()[-2000:]}")
        try:
            direct.open(url, timeout=2).close()
        except urllib.error.HTTPError:
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("bqemulator does not answer")
