"""Stores with a known content, and the command line in processes of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import small_cur


def environment(home: Path) -> dict[str, str]:
    mine = ("ADVISOR_", "XDG_")
    return {name: value for name, value in os.environ.items() if not name.startswith(mine)} | {"HOME": str(home)}


def advisor(folder: Path, *args: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "advisor", *map(str, args)]
    return subprocess.run(
        command, cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """An export of two months."""
    root = tmp_path / "export"
    for period in ("2026-07", "2026-08"):
        small_cur.deliver(root, period, small_cur.month(period))
    return root


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the store of the test lies: a folder of its own."""
    folder = tmp_path / "state"
    folder.mkdir()
    return folder / "advisor.duckdb"
