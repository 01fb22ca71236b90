"""The benchmark's result: one line per figure, and the machine that it was measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from processes import Pairs

COLUMNS = ("id", "what", "ours", "raw", "ratio", "target", "verdict")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the table; ours, raw and ratio as they are to be read."""

    id: str
    what: str
    ours: str = ""
    raw: str = ""
    ratio: str = ""
    target: str = ""
    verdict: str


def compare(name: str, what: str, pairs: Pairs, bound: float) -> Line:
    """The line of a ratio that should be at most `bound`."""
    verdict = "ok" if pairs.ratio <= bound else "missed"
    ours, raw = f"{pairs.ours:.3f} s", f"{pairs.raw:.3f} s"
    target = f"<= {bound:g}x"
    return Line(id=name, what=what, ours=ours, raw=raw, ratio=f"{pairs.ratio:.3g}x", target=target, verdict=verdict)


def limit(name: str, what: str, ours: str, raw: str, value: float, bound: float, unit: str = "x") -> Line:
    """The line of a figure that should be at most `bound`."""
    verdict = "ok" if value <= bound else "missed"
    return Line(
        id=name,
        what=what,
        ours=ours,
        raw=raw,
        ratio=f"{value:.3g}{unit}",
        target=f"<= {bound:g}{unit}",
        verdict=verdict,
    )


def at_least(name: str, what: str, value: float, bound: float, unit: str = "x") -> Line:
    """The line of a figure that should be at least `bound`."""
    verdict = "ok" if value >= bound else "missed"
    ratio, target = f"{value:.4g}{unit}", f">= {bound:g}{unit}"
    return Line(id=name, what=what, ratio=ratio, target=target, verdict=verdict)


def table(lines: Sequence[Line]) -> str:
    """The lines as aligned text."""
    cells = [COLUMNS, *(tuple(getattr(line, column) for column in COLUMNS) for line in lines)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(COLUMNS))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def machine() -> str:
    """What the figures depend on."""
    packages = []
    for name in ("advisor", "duckdb", "polars", "pyarrow", "click"):
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} missing")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB"
    return f"{system}, Python {platform.python_version()}, {', '.join(packages)}"
