"""The CSV report: one line per finding, numbers as numbers, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

from advisor.reports import evidence, wording

if TYPE_CHECKING:
    from advisor.model import Finding, ScanResult

COLUMNS = (
    "id",
    "monthly_savings",
    "monthly_savings_list",
    "monthly_cost",
    "currency",
    "not_cash",
    "confidence",
    "kind",
    "check_id",
    "title",
    "reason",
    "provider",
    "service",
    "account_id",
    "account_name",
    "region",
    "resource_id",
    "resource_name",
    "resource_type",
    "owner",
    "environment",
    "effort",
    "risk",
    "status",
    "first_seen",
    "last_seen",
    "remediation",
    "commands",
    "overlaps",
    "blind_spots",
    "tags",
    "evidence",
    "target",
    "second_opinion",
)
"""Columns in order; new ones are added at the end, because some readers go by position."""

WORDED = {"not_cash": wording.not_cash, "target": evidence.target, "second_opinion": evidence.second_opinion}
"""Columns that are no field of a finding."""

FORMULA_START = tuple(
    "=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)

NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def render(result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None) -> str:
    """A header line and a line per finding, with LF line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for finding in wording.first(wording.clean(result).findings, top):
        writer.writerow([_cell(finding, column) for column in COLUMNS])
    return out.getvalue()


def defused(text: str) -> str:
    """`text` with an apostrophe in front where a spreadsheet would take it for a formula."""
    # Spreadsheets pass over leading blanks before they look for a formula.
    if text.lstrip().startswith(FORMULA_START) and not NUMBER.fullmatch(text):
        return f"'{text}"
    return text


def _cell(finding: Finding, column: str) -> str:
    if column in WORDED:
        return defused(WORDED[column](finding))
    value: Any = getattr(finding, column)
    if isinstance(value, float):
        return wording.amount(value).replace(",", "")
    if column in ("tags", "evidence"):
        return json.dumps(dict(value), ensure_ascii=False, default=str)
    if column in ("commands", "overlaps"):
        return json.dumps(list(value), ensure_ascii=False)
    return defused(str(value))
