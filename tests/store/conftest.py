"""An export to load and a place for the store."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import small_cur


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
