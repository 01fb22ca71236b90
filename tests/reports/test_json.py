"""The JSON contract of DESIGN 4.2, read back exactly."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from advisor.errors import AdvisorError
from advisor.reports import FORMATS
from advisor.reports.json_report import from_document, render, to_document

if TYPE_CHECKING:
    from advisor.model import ScanResult

FINDING_KEYS = {
    "id",
    "check_id",
    "kind",
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
    "tags",
    "monthly_cost",
    "monthly_savings",
    "monthly_savings_list",
    "currency",
    "confidence",
    "effort",
    "risk",
    "evidence",
    "remediation",
    "commands",
    "overlaps",
    "status",
    "first_seen",
    "last_seen",
}


def test_has_the_promised_fields(result: ScanResult) -> None:
    document = json.loads(render(result))
    assert document["schema_version"] == 1
    assert set(document) >= {
        "schema_version",
        "generated_at",
        "as_of",
        "window",
        "currency",
        "sources",
        "summary",
        "checks",
        "findings",
        "unmatched",
    }
    assert set(document["window"]) == {"start", "end"}
    assert set(document["unmatched"]) == {"monthly_cost", "share", "usage"}
    assert set(document["summary"]) >= {
        "monthly_cost",
        "monthly_savings",
        "findings",
        "by_kind",
        "by_service",
        "by_owner",
    }
    assert set(document["sources"][0]) == {"name", "format", "provider", "billing_periods"}
    assert set(document["sources"][0]["billing_periods"][0]) >= {
        "period",
        "rows",
        "billed_cost",
        "credits",
        "effective_cost",
    }
    assert set(document["checks"][0]) >= {"id", "judged", "skipped", "found", "error"}
    assert all(set(finding) >= FINDING_KEYS for finding in document["findings"])
    assert document["sources"][0]["billing_periods"][0]["period"] == "2026-05"


@pytest.mark.parametrize("case", ["result", "empty", "quiet"])
def test_round_trip(case: str, request: pytest.FixtureRequest) -> None:
    result: ScanResult = request.getfixturevalue(case)
    assert from_document(json.loads(render(result))) == result
    assert from_document(to_document(result)) == result


def test_round_trip_of_hostile_text(hostile: ScanResult) -> None:
    assert from_document(json.loads(render(hostile).encode())) == hostile


@pytest.mark.parametrize("name", FORMATS)
def test_a_stored_report_renders_the_same(name: str, result: ScanResult) -> None:
    again = from_document(json.loads(render(result)))
    if not FORMATS[name].binary:
        assert FORMATS[name].render(again) == FORMATS[name].render(result)


def test_monthly_figures_are_cents_and_reading_back_changes_nothing_more(result: ScanResult) -> None:
    rough = replace(result, findings=(replace(result.findings[0], monthly_savings=1 / 3, monthly_cost=-1e-9),))
    document = to_document(rough)
    assert document["findings"][0]["monthly_savings"] == 0.33
    assert str(document["findings"][0]["monthly_cost"]) == "0.0"
    assert to_document(from_document(document)) == document


@pytest.mark.parametrize("cents", ["0.01", "-0.10", "9999999999999.99", "123456789012.34", "0", "5E+3"])
def test_totals_are_exact_to_the_cent(cents: str, result: ScanResult) -> None:
    exact = replace(result, totals=(replace(result.totals[0], billed_cost=Decimal(cents)),))
    assert from_document(json.loads(render(exact))).totals[0].billed_cost == Decimal(cents)


def test_totals_of_interleaved_sources_come_back_by_source(result: ScanResult) -> None:
    first, second, *_, google = result.totals
    document = to_document(replace(result, totals=(first, google, second)))
    assert [source["name"] for source in document["sources"]] == ["main-payer", "gcp-detailed"]
    assert from_document(document).totals == (first, second, google)


def test_what_is_no_number_is_null_and_not_zero(result: ScanResult) -> None:
    odd = replace(result.findings[0], monthly_savings=float("nan"), evidence={"x": float("inf"), "d": Decimal("1.5")})
    rendered = render(replace(result, findings=(odd,)))
    (finding,) = json.loads(rendered)["findings"]
    assert finding["monthly_savings"] is None
    assert finding["evidence"] == {"x": None, "d": 1.5}
    again = FORMATS["table"].render(from_document(json.loads(rendered)))
    assert isinstance(again, str)
    assert "USD unknown" in again


def test_by_kind_holds_the_main_currency_and_kinds_all(result: ScanResult) -> None:
    summary = to_document(result)["summary"]
    assert summary["by_kind"]["forgotten"]["findings"] > 0
    assert summary["by_kind"]["forgotten"]["monthly_savings"] == 0  # its money is euros: in `kinds`
    assert {(k["name"], k["currency"]) for k in summary["kinds"]} >= {("forgotten", "EUR"), ("idle", "USD")}


def test_top_cuts_findings_and_not_their_number(result: ScanResult) -> None:
    document = json.loads(render(result, top=2))
    assert len(document["findings"]) == 2
    assert document["summary"]["findings"] == 9


def test_unknown_fields_are_passed_over(result: ScanResult) -> None:
    document = json.loads(render(result))
    document["new"] = document["findings"][0]["new"] = document["checks"][0]["new"] = 1
    assert from_document(document) == result


@pytest.mark.parametrize(
    ("change", "message"),
    [({"schema_version": 2}, "schema_version is 2"), ({"findings": [{}]}, "damaged"), ({"as_of": "today"}, "damaged")],
)
def test_a_report_that_cannot_be_read_says_so(change: dict[str, object], message: str, result: ScanResult) -> None:
    with pytest.raises(AdvisorError, match=message) as raised:
        from_document({**to_document(result), **change})
    assert "advisor scan" in raised.value.fix
