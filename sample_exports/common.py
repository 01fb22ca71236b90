"""What both clouds' samples are made with: tables of text, stable ids, patterns of use, writers."""

from __future__ import annotations

import hashlib
import json
import zlib
from datetime import date
from decimal import Decimal as D  # noqa: N817
from pathlib import Path

HERE = Path(__file__).resolve().parent
FIRST_DAY, LAST_DAY = date(2026, 8, 1), date(2026, 10, 31)
DAY_CURVE = [
    D(w) / 100
    for w in (
        35,
        30,
        25,
        25,
        30,
        40,
        60,
        85,
        110,
        130,
        140,
        145,
        145,
        150,
        150,
        145,
        140,
        135,
        130,
        125,
        115,
        95,
        70,
        50,
    )
]
WOBBLE = [D("0.90"), D("0.95"), D(1), D("1.05"), D("1.10")]


def table(text: str) -> list[list[str]]:
    """The cells of a `|` table."""
    return [[cell.strip() for cell in row.split("|")] for row in text.strip().splitlines()]


def digest(text: str, length: int = 17) -> str:
    """A stable hexadecimal id."""
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def factor(pattern: str, seed: str, day: date, hour: int) -> D:
    """How much of its quantity a meter runs in one hour (UTC)."""
    weekend = day.weekday() >= 5
    if pattern == "work":
        return D(not weekend and 8 <= hour < 20)
    if pattern == "night":
        return D(hour < 7)
    if pattern == "notnight":
        return D(hour >= 7)
    if pattern == "day":
        level = WOBBLE[zlib.crc32(f"{seed}{day}".encode()) % 5]
        return DAY_CURVE[hour] * level * (D("0.6") if weekend else D(1))
    if pattern == "grow":
        return D("0.5") + D((day - FIRST_DAY).days) / D((LAST_DAY - FIRST_DAY).days)
    if pattern == "plateau":
        return min(D(1), D("0.5") + D((day - FIRST_DAY).days) / 60)
    return D(1)


def write(path: Path, data: bytes) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def target_of(advised: str) -> dict[str, str | float]:
    """What a verdict like `!check=m7g.large:0.5` promises: the shape to change to and the share of the cost that saves."""
    target, _, share = advised.partition(":")
    return {"target": target, "saves": float(share)} if target else {}


def quoted(pairs: dict) -> str:
    """TOML lines."""
    return "".join(f"{key} = {json.dumps(value)}\n" for key, value in pairs.items())
