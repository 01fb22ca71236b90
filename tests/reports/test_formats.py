"""What every format promises: golden files, no surprises without findings, currencies apart, light imports."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from advisor.reports import FORMATS

if TYPE_CHECKING:
    from advisor.model import ScanResult

GOLDEN = Path(__file__).parent.parent / "golden"

TEXT_FORMATS = [name for name, entry in FORMATS.items() if not entry.binary]


def text(name: str, result: ScanResult, **options: object) -> str:
    rendered = FORMATS[name].render(result, **options)  # type: ignore[arg-type]
    assert isinstance(rendered, str)
    return rendered


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_golden(name: str, result: ScanResult) -> None:
    rendered = text(name, result, width=100)
    path = GOLDEN / f"report{FORMATS[name].suffix}"
    if os.environ.get("ADVISOR_UPDATE_GOLDEN") == "1":
        path.write_bytes(rendered.encode())
        pytest.fail(f"{path.name} was written anew: read the diff, then run again without ADVISOR_UPDATE_GOLDEN")
    assert rendered == path.read_bytes().decode(), "ADVISOR_UPDATE_GOLDEN=1 writes it anew"


def test_every_golden_file_belongs_to_a_format() -> None:
    files = {path.name for path in GOLDEN.glob("report.*")}
    assert files == {f"report{FORMATS[name].suffix}" for name in TEXT_FORMATS}


@pytest.mark.parametrize("name", FORMATS)
def test_names_and_kinds_of_output_agree(name: str, result: ScanResult) -> None:
    entry = FORMATS[name]
    assert entry.name == name
    assert entry.suffix.startswith(".")
    assert isinstance(entry.render(result), bytes if entry.binary else str)


@pytest.mark.parametrize("name", TEXT_FORMATS)
@pytest.mark.parametrize("case", ["result", "empty", "quiet"])
def test_text_ends_in_one_line_feed_and_repeats(name: str, case: str, request: pytest.FixtureRequest) -> None:
    result: ScanResult = request.getfixturevalue(case)
    rendered = text(name, result)
    assert "\r" not in rendered
    assert rendered.endswith("\n")
    assert not rendered.endswith("\n\n")
    assert rendered == text(name, result)


@pytest.mark.parametrize("name", ["table", "html", "markdown"])
def test_nothing_to_say_is_said(name: str, empty: ScanResult, quiet: ScanResult) -> None:
    assert "No findings: no cost was loaded." in text(name, empty)
    assert "nothing to save was found in USD 55,823.37 and EUR 4,372.91 per month" in text(name, quiet, width=200)


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_currencies_are_never_added(name: str, result: ScanResult) -> None:
    rendered = text(name, result, width=200).replace(",", "")
    # cost and savings of USD and EUR, added by mistake
    for forbidden in ("60196.28", "12272.67", "59331.05", "60430.47"):
        assert forbidden not in rendered


@pytest.mark.parametrize("name", ["table", "html", "markdown"])
def test_no_amount_and_no_id_is_cut(name: str, result: ScanResult) -> None:
    rendered = re.sub(r"[\\\s]", "", text(name, result, width=80))
    for finding in result.findings:
        assert finding.resource_id in rendered
        assert f"{finding.monthly_savings:,.2f}" in rendered or finding.monthly_savings == 0
    for total in result.totals:
        assert f"{total.billed_cost:,.2f}" in rendered
        assert f"{total.effective_cost:,.2f}" in rendered
    assert "USD897.90unused,sunkuntil2027-03-14" in rendered
    assert "USD100.11freed,notsaved" in rendered
    assert "USD75.00freed,notsaved" in rendered


@pytest.mark.parametrize("name", FORMATS)
def test_hostile_text_can_be_rendered_and_encoded(name: str, hostile: ScanResult) -> None:
    rendered = FORMATS[name].render(hostile)
    if isinstance(rendered, str):
        rendered.encode()
        assert all(c.isprintable() or c == "\n" for c in rendered)


@pytest.mark.parametrize("name", ["table", "html", "markdown", "csv"])
def test_top_limits_findings_but_not_totals(name: str, result: ScanResult) -> None:
    rendered = text(name, result, top=1)
    assert "demo-summarizer" in rendered
    assert "etl-scratch" not in rendered
    assert name == "csv" or "9 findings" in rendered


def test_the_registry_imports_nothing_heavy() -> None:
    program = (
        "import sys, advisor.reports\n"
        "heavy = {'rich', 'jinja2', 'xlsxwriter', 'polars', 'duckdb', 'pyarrow', 'click', 'json', 'csv'}\n"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
