"""CSV and Excel: every finding, numbers as numbers, and nothing that a spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from typing import TYPE_CHECKING

import openpyxl
import pytest

from advisor.errors import AdvisorError
from advisor.reports import csv_report, xlsx

if TYPE_CHECKING:
    from advisor.model import ScanResult

DANGEROUS = tuple(
    "=+-@\t\r\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}"
)


def rows(result: ScanResult) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(csv_report.render(result))))


def test_csv_has_a_line_per_finding(result: ScanResult) -> None:
    lines = csv_report.render(result).splitlines()
    assert len(lines) == 1 + len(result.findings)
    first = rows(result)[0]
    assert first["monthly_savings"] == "10351.40"
    assert json.loads(first["evidence"]) == dict(result.findings[0].evidence)
    assert json.loads(first["commands"]) == list(result.findings[0].commands)
    assert first["tags"] == "{}"


def test_csv_has_target_and_second_opinion_at_its_end(result: ScanResult) -> None:
    assert csv_report.COLUMNS[-2:] == ("target", "second_opinion")  # some readers go by position
    said = {row["check_id"]: (row["target"], row["second_opinion"]) for row in rows(result)}
    target, opinion = said["aws-ec2-oversized"]
    assert target == "m6i.xlarge"
    assert opinion.startswith("Compute Optimizer says the same: m6i.4xlarge → m6i.xlarge, saves USD 402.96 per month")
    assert said["gcp-compute-oversized"] == ("n2-standard-4", "")
    assert said["aws-nat-gateway-idle"] == ("", "")


def test_csv_without_findings_is_its_header(empty: ScanResult) -> None:
    assert csv_report.render(empty) == ",".join(csv_report.COLUMNS) + "\n"


def test_csv_cells_are_no_formulas(hostile: ScanResult) -> None:
    assert len(csv_report.render(hostile).splitlines()) == 2
    for row in rows(hostile):
        for cell in row.values():
            assert not cell.lstrip().startswith(DANGEROUS), cell
        json.loads(row["evidence"])


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("-1+cmd", "'-1+cmd"),
        ("-12.50", "-12.50"),
        ("-12", "-12"),
        ("+49", "'+49"),
        (" =1", "' =1"),
        ("plain", "plain"),
        ("-", "'-"),
        ("", ""),
    ],
)
def test_csv_defuses(text: str, safe: str) -> None:
    assert csv_report.defused(text) == safe


def book(result: ScanResult) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(xlsx.render(result)))


def test_xlsx_sheets_hold_everything(result: ScanResult) -> None:
    sheets = book(result)
    assert sheets.sheetnames == ["Findings", "Summary", "Totals", "Checks"]
    head, first, *_ = sheets["Findings"].values
    values = dict(zip(head, first, strict=True))
    assert values["monthly savings"] == 10351.4
    assert values["account id"] == "444455556666"
    assert values["first seen"].date() == result.findings[0].first_seen
    assert values["owner"] is None
    assert len(list(sheets["Findings"].values)) == 1 + len(result.findings)
    assert [row[3] for row in sheets["Totals"].values][1:] == ["2026-05", "2026-06", "2026-07", "2026-07"]
    assert [row[6] for row in sheets["Totals"].values][1:] == [48210.11, 52003.92, 56120.4, 4310.07]
    assert ("paid when credits end", None, "EUR", None, 4372.91, None) in set(sheets["Summary"].values)
    assert "no utilisation data (17), too little history (2)" in {row[5] for row in sheets["Checks"].values}


def test_xlsx_says_evidence_in_words(result: ScanResult) -> None:
    head, *lines = book(result)["Findings"].values
    cells = {row[head.index("check id")]: dict(zip(head, row, strict=True)) for row in lines}
    sized = cells["aws-ec2-oversized"]
    assert sized["target"] == "m6i.xlarge"
    assert "Compute Optimizer disagrees: stop it" in sized["second opinion"]
    told = sized["evidence"].splitlines()
    assert told[0].startswith("change: m6i.4xlarge → m6i.xlarge for 25% of the present price")
    assert "cpu p99 percent: 8.6" in told
    assert not {"{", "["} & set(sized["evidence"])


def test_xlsx_without_findings_is_whole(empty: ScanResult) -> None:
    sheets = book(empty)
    assert len(list(sheets["Findings"].values)) == 1
    assert sheets["Summary"]["B1"].value == "name"
    assert sheets["Summary"]["B2"].value == "No findings: no cost was loaded."


def test_xlsx_has_text_and_no_formula_or_link(hostile: ScanResult) -> None:
    content = xlsx.render(hostile)
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        sheets = [parts.read(name).decode() for name in parts.namelist() if name.startswith("xl/worksheets/")]
    assert sheets
    assert not any("<f>" in sheet or "<hyperlink" in sheet for sheet in sheets)
    for sheet in openpyxl.load_workbook(io.BytesIO(content)):
        assert all(cell.data_type != "f" and cell.hyperlink is None for row in sheet for cell in row)


def test_xlsx_repeats_to_the_byte(result: ScanResult) -> None:
    assert xlsx.render(result) == xlsx.render(result)


def test_xlsx_cuts_a_cell_only_where_excel_would_and_says_so(result: ScanResult) -> None:
    from dataclasses import replace

    long = replace(result, findings=(replace(result.findings[0], reason="x" * 40_000),))
    head, first, *_ = book(long)["Findings"].values
    reason = dict(zip(head, first, strict=True))["reason"]
    assert len(reason) <= 32_767
    assert reason.endswith("(cut by Excel)")


def test_xlsx_missing_package_says_how_to_get_it(result: ScanResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(AdvisorError, match="not installed") as raised:
        xlsx.render(result)
    assert "pip install 'advisor[xlsx]'" in raised.value.fix
