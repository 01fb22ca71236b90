"""What a refresh of shapes and prices brings, whichever cloud was asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from advisor.model import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """Rows to append to the tables shapes and shape_prices, in their columns, and what could not be had."""

    shapes: pl.DataFrame
    prices: pl.DataFrame
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Price:
    """An on-demand list price. `terms` as in the table shape_prices."""

    service: str
    region_id: str
    shape: str
    terms: str
    usd_per_hour: float


def one_each(prices: Iterable[Price]) -> tuple[list[Price], int]:
    """(`prices` with one for each service, region, shape and terms, how many of those have several that differ).

    Which of several is meant cannot be known, so none of them is kept.
    """
    found: dict[tuple[str, str, str, str], set[Price]] = {}
    for price in prices:
        found.setdefault((price.service, price.region_id, price.shape, price.terms), set()).add(price)
    certain = [next(iter(several)) for several in found.values() if len(several) == 1]
    return sorted(certain), len(found) - len(certain)


def rows(prices: Iterable[Price], **same: Any) -> list[dict[str, Any]]:
    """Rows of the table shape_prices; `same` are the columns that all have in common."""
    return [
        {
            "service": price.service,
            "region_id": price.region_id,
            "shape": price.shape,
            "terms": price.terms,
            "usd_per_hour": price.usd_per_hour,
            **same,
        }
        for price in prices
    ]
