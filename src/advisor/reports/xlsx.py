"""The Excel report: sheets Findings, Summary, Totals, Checks. Text is always text, never a formula or a link."""

from __future__ import annotations

import io
import json
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from advisor.errors import AdvisorError
from advisor.reports import evidence, wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from advisor.model import Finding, ScanResult

LONGEST_CELL = 32_767
"""Characters that Excel allows in a cell; longer text would be dropped without a word."""

WIDEST_COLUMN = 60

WORDED = {"not_cash": wording.not_cash, "target": evidence.target, "second_opinion": evidence.second_opinion}
"""Columns that are no field of a finding."""

FINDING_COLUMNS = (
    "monthly_savings",
    "monthly_cost",
    "monthly_savings_list",
    "currency",
    "not_cash",
    "confidence",
    "kind",
    "title",
    "resource_name",
    "resource_id",
    "account_name",
    "account_id",
    "region",
    "owner",
    "environment",
    "reason",
    "target",
    "second_opinion",
    "remediation",
    "commands",
    "effort",
    "risk",
    "service",
    "resource_type",
    "provider",
    "status",
    "first_seen",
    "last_seen",
    "blind_spots",
    "overlaps",
    "tags",
    "evidence",
    "check_id",
    "id",
)


def render(result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None) -> bytes:
    """The bytes of an .xlsx file."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise AdvisorError(
            "format xlsx",
            why="the package xlsxwriter is not installed",
            fix="Run `pip install 'advisor[xlsx]'`, or choose --format csv.",
        ) from error
    cleaned = wording.clean(result)
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(out, options)
    book.set_properties({"title": "advisor report", "created": result.generated_at.replace(tzinfo=None)})
    _write(book, "Findings", FINDING_COLUMNS, [_row(f) for f in wording.first(cleaned.findings, top)])
    _write(
        book, "Summary", ("what", "name", "currency", "findings", "monthly_cost", "monthly_savings"), _summary(cleaned)
    )
    _write(book, "Totals", TOTAL_COLUMNS, _totals(cleaned))
    _write(book, "Checks", ("check", "title", "judged", "found", "skipped", "reasons", "error"), _checks(cleaned))
    book.close()
    return out.getvalue()


TOTAL_COLUMNS = (
    "source",
    "format",
    "provider",
    "month",
    "currency",
    "rows",
    "billed",
    "of it credits",
    "effective",
    "notes",
)


def _row(finding: Finding) -> list[Any]:
    return [_field(finding, column) for column in FINDING_COLUMNS]


def _field(finding: Finding, column: str) -> Any:
    if column in WORDED:
        return WORDED[column](finding)
    if column == "evidence":
        told = [f"{fact.label}: {fact.text}" for fact in evidence.facts(finding)]
        return "\n".join([*told, *(f"{name}: {value}" for name, value in evidence.rows(finding))])
    value = getattr(finding, column)
    if column == "tags":
        return json.dumps(dict(value), ensure_ascii=False, default=str)
    return "\n".join(value) if isinstance(value, tuple) else value


def _summary(result: ScanResult) -> list[list[Any]]:
    rows: list[list[Any]] = [["headline", wording.headline(result)], ["days", wording.coverage(result)]]
    for c in result.currencies:
        rows += [
            ["all findings", "", c.currency, c.findings, c.monthly_cost, c.monthly_savings],
            ["paid now, after credits", "", c.currency, "", wording.cost_now(c)],
            ["credits", "", c.currency, "", c.monthly_credits],
            ["paid when credits end", "", c.currency, "", c.monthly_cost],
        ]
    for what, groups in (("kind", result.by_kind), ("service", result.by_service), ("owner", result.by_owner)):
        for g in groups:
            name = g.name or "unknown"
            rows.append([what, name, g.currency, g.findings, g.monthly_cost, g.monthly_savings])
    rows.append(["spend no check looks at", "", result.currency, "", result.unmatched_monthly_cost])
    rows += [["problem", f"{p.what}: {p.why} → {p.fix}"] for p in result.problems]
    return rows


def _totals(result: ScanResult) -> list[list[Any]]:
    return [
        [
            *(t.source, t.format, t.provider, wording.month(t.period), t.currency, t.rows),
            *(t.billed_cost, t.credits, t.effective_cost, "; ".join(t.notes)),
        ]
        for t in result.totals
    ]


def _checks(result: ScanResult) -> list[list[Any]]:
    return [[c.id, c.title, c.judged, c.found, c.skipped, wording.skip_reasons(c), c.error] for c in result.checks]


def _write(book: Any, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    sheet = book.add_worksheet(name)
    head = book.add_format({"bold": True, "bottom": 1})
    # quote_prefix keeps text text even after somebody edits the cell.
    formats = {
        "text": book.add_format({"quote_prefix": True, "valign": "top"}),
        "money": book.add_format({"num_format": "#,##0.00", "valign": "top"}),
        "number": book.add_format({"num_format": "#,##0", "valign": "top"}),
        "date": book.add_format({"num_format": "yyyy-mm-dd", "valign": "top"}),
    }
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.replace("_", " "), head)
        sheet.set_column(place, place, _width(column, (row[place] for row in rows if len(row) > place)))
    for line, row in enumerate(rows, start=1):
        for place, value in enumerate(row):
            _cell(sheet, line, place, value, formats)
    sheet.freeze_panes(1, 0)
    if rows:
        sheet.autofilter(0, 0, len(rows), len(columns) - 1)


def _cell(sheet: Any, line: int, place: int, value: Any, formats: dict[str, Any]) -> None:
    if isinstance(value, int):
        sheet.write_number(line, place, value, formats["number"])
    elif isinstance(value, (float, Decimal)):
        if wording.amount(value) == "unknown":
            sheet.write_string(line, place, "unknown", formats["text"])
        else:
            sheet.write_number(line, place, round(float(value), 2), formats["money"])
    elif isinstance(value, date):
        sheet.write_datetime(line, place, value, formats["date"])
    elif value:
        sheet.write_string(line, place, _fitting(str(value)), formats["text"])


def _fitting(text: str) -> str:
    return text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 20]} … (cut by Excel)"


def _width(column: str, values: Iterable[Any]) -> int:
    shown = (wording.amount(v) if isinstance(v, (float, Decimal)) else str(v) for v in values)
    return min(WIDEST_COLUMN, 3 + max((len(text) for text in (column, *shown)), default=0))
