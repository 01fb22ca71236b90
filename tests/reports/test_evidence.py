"""What evidence says in words, and that evidence of any form is shown by every format and never raw."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from conftest import QUIET_GRID, a_finding

from advisor.model import CheckResult
from advisor.reports import FORMATS, evidence, wording
from advisor.rules import reasons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from advisor.model import Finding, ScanResult

READ_BY_PEOPLE = ("table", "html", "markdown")


def said(finding: Finding) -> dict[str, list[str]]:
    """Texts of the facts by label."""
    texts: dict[str, list[str]] = {}
    for fact in evidence.facts(finding):
        texts.setdefault(fact.label, []).append(fact.text)
    return texts


def with_evidence(finding: Finding, **changes: Any) -> Finding:
    return replace(finding, evidence={**finding.evidence, **changes})


def test_a_right_sizing_is_told_in_full(oversized: Finding) -> None:
    assert said(oversized) == {
        "change": [
            "m6i.4xlarge → m6i.xlarge for 25% of the present price (by list prices);"
            " also m7i.xlarge (newer generation, 26%), m7g.xlarge (Arm, 21%)"
        ],
        "sized for": ["an expected peak of 1.91 vCPUs and 9.6 GiB, which leaves 40% head-room; measured over 30 days"],
        "not measured": ["disk throughput, disk operations"],
        "second opinion": [
            "Compute Optimizer says the same: m6i.4xlarge → m6i.xlarge,"
            " saves USD 402.96 per month by its own figures, 2026-07-30",
            "Cost Optimization Hub prefers an alternative: m6i.4xlarge → m7g.xlarge, 2026-07-29",
            "Compute Optimizer disagrees: stop it",
        ],
    }


def test_what_is_told_is_not_listed_again(oversized: Finding) -> None:
    names = {name for name, _ in evidence.rows(oversized)}
    assert {"vcpus", "cpu p99 percent", "freed monthly cost", "billed hours"} <= names
    assert not {"target", "alternatives", "second opinion", "not measured", "price ratio", "group name"} & names


@pytest.mark.parametrize("name", READ_BY_PEOPLE)
def test_every_fact_is_in_every_report_for_people(name: str, result: ScanResult) -> None:
    rendered = FORMATS[name].render(result, width=400)
    assert isinstance(rendered, str)
    shown = re.sub(r"\\|\s", "", rendered).replace("&#39;", "'")
    facts = [fact for finding in result.findings for fact in evidence.facts(finding)]
    assert len(facts) >= 10
    for fact in facts:
        assert re.sub(r"\s", "", fact.text) in shown
        assert fact.label.replace(" ", "").lower() in shown.lower()


@pytest.mark.parametrize(
    ("changes", "change"),
    [
        ({"price_basis": "paid"}, "m6i.4xlarge → m6i.xlarge for 25% of the present price"),
        ({"price_ratio": None}, "m6i.4xlarge → m6i.xlarge"),
        ({"price_ratio": 0.004, "price_basis": ""}, "m6i.4xlarge → m6i.xlarge for under 1% of the present price"),
        ({"shape": "", "price_ratio": None}, "→ m6i.xlarge"),
        ({"shape": "M6I.XLARGE", "price_ratio": None}, "→ m6i.xlarge"),
        ({"target_shape": "m6i.large", "price_ratio": None}, "m6i.4xlarge → m6i.large"),
    ],
)
def test_change_says_what_is_known(changes: Mapping[str, Any], change: str, oversized: Finding) -> None:
    assert said(with_evidence(oversized, alternatives=None, **changes))["change"] == [change]


def test_a_shape_is_listed_where_it_says_more_than_the_change() -> None:
    found = a_finding(evidence={"target_shape": "512 MB", "target": "512", "current_shape": "1024 MB", "shape": ""})
    assert said(found) == {"change": ["1024 MB → 512 MB"]}
    assert evidence.rows(found) == [("target", "512")]
    assert evidence.rows(a_finding(evidence={"target_shape": "m7g.large", "target": "m7g.large"})) == []


def test_without_a_target_there_is_no_change_and_no_size(oversized: Finding) -> None:
    labels = set(said(with_evidence(oversized, target=None)))
    assert labels == {"not measured", "second opinion"}


@pytest.mark.parametrize(
    ("kind", "opinion", "verdict"),
    [
        ("oversized", {"action": "rightsize", "target_shape": "m6i.xlarge"}, "says the same: m6i.xlarge"),
        ("oversized", {"action": "rightsize", "target_shape": "zones/a/machineTypes/M6I.XL"}, "says the same: zones"),
        ("oversized", {"action": "modernize", "target_shape": "m7i.xlarge"}, "prefers an alternative: m7i.xlarge"),
        ("oversized", {"action": "rightsize", "target_shape": "m6i.2xlarge"}, "disagrees: m6i.2xlarge"),
        ("oversized", {"action": "delete"}, "disagrees: delete it"),
        ("oversized", {"action": "rightsize"}, "says: another shape"),
        ("oversized", {"action": "other"}, "says"),
        (
            "oversized",
            {"action": "rightsize", "current_shape": "m5.8xlarge", "target_shape": "m6i.xlarge"},
            "spoke of a shape that it no longer has: m5.8xlarge → m6i.xlarge",
        ),
        ("idle", {"action": "stop"}, "says the same: stop it"),
        ("forgotten", {"action": "delete"}, "says the same: delete it"),
        ("idle", {"action": "rightsize", "target_shape": "m6i.xlarge"}, "disagrees: m6i.xlarge"),
        ("schedule", {"action": "stop"}, "says: stop it"),
        ("commitment", {"action": "rightsize", "target_shape": "m6i.xlarge"}, "says: m6i.xlarge"),
    ],
)
def test_a_second_opinion_agrees_or_not(
    kind: str, opinion: Mapping[str, str], verdict: str, oversized: Finding
) -> None:
    finding = replace(with_evidence(oversized, second_opinion=[{"source": "gcp-recommender", **opinion}]), kind=kind)
    (text,) = said(finding)["second opinion"]
    assert text.startswith(f"Google's Recommender {verdict}")
    assert evidence.second_opinion(finding) == text


def test_advice_that_is_the_finding_does_not_confirm_itself(oversized: Finding) -> None:
    """The check that passes on the cloud's advice has nothing but that advice."""
    texts = said(with_evidence(oversized, opinion_count=2))
    assert "second opinion" not in texts
    assert all(" says: " in text for text in texts["advice"])
    assert len(texts["advice"]) == 3


def test_many_opinions_are_cut_and_counted(oversized: Finding) -> None:
    many = with_evidence(oversized, second_opinion=[{"source": f"s{n}", "action": "stop"} for n in range(9)])
    assert said(many)["second opinion"][3:] == ["s3 disagrees: stop it", "5 more opinions in the JSON report"]


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), None, "12", True])
def test_savings_that_are_no_number_are_left_out(odd: object, oversized: Finding) -> None:
    opinion = {"source": "x", "action": "stop", "monthly_savings": odd, "currency": "USD"}
    assert said(with_evidence(oversized, second_opinion=[opinion]))["second opinion"] == ["x disagrees: stop it"]


def test_memory_that_nobody_measured_is_kept(oversized: Finding) -> None:
    finding = with_evidence(oversized, not_measured=["memory", "network"], memory_peak_gib=None)
    assert said(finding)["not measured"] == ["memory (not made smaller), network"]
    assert said(finding)["sized for"][0].startswith("an expected peak of 1.91 vCPUs, which")
    assert [peak.name for peak in evidence.peaks(finding)] == ["CPU"]


def test_nothing_unmeasured_is_not_worth_a_line(oversized: Finding) -> None:
    finding = with_evidence(oversized, not_measured=[])
    assert "not measured" not in said(finding)
    assert ("not measured", "none") in evidence.rows(finding)


def test_a_peak_needs_load_and_target_but_not_the_present_shape(oversized: Finding) -> None:
    cpu, memory = evidence.peaks(oversized)
    assert (cpu.now, cpu.target, cpu.largest) == (16.0, 4.0, 16.0)
    assert cpu.measured == pytest.approx(1.376)
    assert memory.measured == 8.0
    (only,) = evidence.peaks(with_evidence(oversized, vcpus=None, memory_peak_gib=None))
    assert (only.measured, only.now, only.largest) == (None, None, 4.0)
    assert only.text == "1.91 expected; 4 vCPUs in the target"
    for unknown in ({"cpu_peak_vcpus": None}, {"target_vcpus": 0.0}, {"target_vcpus": "4"}, {"cpu_peak_vcpus": -1.0}):
        assert [peak.name for peak in evidence.peaks(with_evidence(oversized, **unknown))] == ["memory"]


@pytest.mark.parametrize(
    ("own", "text"),
    [
        (None, "5 machines seen in these days, judged as one"),
        (0, "5 machines seen in these days, judged as one"),
        (1, "5 machines seen in these days, judged as one; 1 of them has a finding of its own and is not counted here"),
        (2, "5 machines seen in these days, judged as one; 2 of them have findings of their own and are not counted here"),
    ],
)  # fmt: skip
def test_a_group_says_how_many_machines_it_stands_for(own: int | None, text: str) -> None:
    found = a_finding(evidence={"machines": 5, "members_with_findings_of_their_own": own})
    assert said(found) == {"group": [text]}


def test_quiet_hours_of_equal_days_are_told_together() -> None:
    found = a_finding(evidence={"quiet_grid": QUIET_GRID})
    assert said(found) == {"quiet hours (UTC)": ["Mon–Thu 00–06, 20–24; Fri 00–06, 18–24; Sat–Sun all day"]}
    assert evidence.rows(found) == []


@pytest.mark.parametrize(
    ("grid", "least", "days"),
    [
        ("1" + "0" * 166 + "1", 2, {"Mon": "00–01", "Sun": "23–24"}),  # goes on over the end of the week
        ("1" + "0" * 166 + "1", 3, {}),
        ("011" + "0" * 20 + "1111" + "0" * 141, 3, {"Mon": "23–24", "Tue": "00–03"}),
        ("1" * 168, 4, dict.fromkeys(evidence.DAYS, "all day")),
        ("0" * 168, 4, {}),
        ("01" * 84, 1, dict.fromkeys(evidence.DAYS, ", ".join(f"{n:02}–{n + 1:02}" for n in range(1, 24, 2)))),
    ],
)
def test_stretches_too_short_to_count_are_not_shown(grid: str, least: int, days: Mapping[str, str]) -> None:
    week = evidence.quiet_week(a_finding(evidence={"quiet_grid": grid, "min_block_hours": least}))
    assert {quiet.day: quiet.text for quiet in week} == {**dict.fromkeys(evidence.DAYS, "none"), **days}


@pytest.mark.parametrize("grid", ["", "1" * 167, "1" * 169, "2" * 168, "1" * 168 + "\n", 1, None, ["1"] * 168])
def test_what_is_no_week_is_not_drawn(grid: object) -> None:
    assert evidence.quiet_week(a_finding(evidence={"quiet_grid": grid})) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "yes"),
        (None, "unknown"),
        (12345, "12,345"),
        (8.7, "8.7"),
        (1234.5, "1,234.50"),
        (0.1 + 0.2, "0.3"),
        (float("nan"), "unknown"),
        (Decimal("1.50"), "1.5"),
        ([], "none"),
        ({}, "none"),
        (["a", 0.1 + 0.2, None, False], "a, 0.3, unknown, no"),
        (list(range(23)), ", ".join(map(str, range(20))) + " and 3 more"),
        ({"price_ratio": 0.5, "why": "Arm"}, "price ratio 0.5, why Arm"),
        ([{"a": 1}, {"a": [2, 3]}], "a 1; a 2, 3"),
        ([{"a": 1}] * 30, "30 entries, in the JSON report"),
        ([[[[[1, 2]]]]], "2 entries, in the JSON report"),
    ],
)
def test_values_are_readable(value: object, shown: str) -> None:
    assert evidence.rows(a_finding(evidence={"some_value": value})) == [("some value", shown)]


def test_costs_have_their_currency() -> None:
    found = a_finding(evidence={"unused_monthly_cost": 5.0, "other_cost": float("nan")}, currency="EUR")
    assert evidence.rows(found) == [("unused monthly cost", "EUR 5.00"), ("other cost", "unknown")]


ODD = (
    None, True, -1, 0, 1e308, float("nan"), float("inf"), "x", "", " ", "1" * 168, [], {}, [None], [[]], [{}], [1, "x"],
    {"a": {"b": [1]}}, [{"shape": None}], [{"shape": "x", "why": 3, "price_ratio": "y"}], [{"shape": " "}],
    [{"source": 1, "action": [], "monthly_savings": {}, "target_shape": {}}], [{"shape": "x"}] * 300,
)  # fmt: skip

NAMES = (
    "target", "target_shape", "shape", "price_ratio", "price_basis", "alternatives", "cpu_p99_percent", "cpu_peak_vcpus",
    "vcpus", "target_vcpus", "memory_peak_gib", "headroom_percent", "history_days", "not_measured", "machines",
    "members_with_findings_of_their_own", "quiet_grid", "min_block_hours", "second_opinion", "opinion_count",
)  # fmt: skip


@pytest.mark.parametrize("odd", ODD, ids=lambda value: ascii(value)[:24])
def test_evidence_of_any_form_is_shown_and_never_raw(odd: object, result: ScanResult, oversized: Finding) -> None:
    findings = tuple(with_evidence(oversized, **{name: odd}) for name in NAMES)
    findings += (replace(oversized, evidence=dict.fromkeys(NAMES, odd)),)
    poisoned = replace(result, findings=findings)
    for entry in FORMATS.values():
        assert entry.render(poisoned, top=None)
    for finding in wording.clean(poisoned).findings:
        texts = [text for _, text in evidence.rows(finding)] + [fact.text for fact in evidence.facts(finding)]
        assert texts or odd == ""
        assert not [text for text in texts if re.search(r"[\[\]{}]|None|nan|inf\b|True", text)]


def test_lack_of_utilisation_data_has_the_name_that_kinds_give_it() -> None:
    assert wording.NO_SAMPLES == reasons.NO_SAMPLES


def check(check_id: str, **reasons: int) -> CheckResult:
    named = {reason.replace("_", " "): number for reason, number in reasons.items()}
    return CheckResult(
        id=check_id, title="", judged=1, skipped=sum(named.values()), found=0, skip_reasons=named
    )  # fmt: skip


def test_lack_of_utilisation_data_is_one_line(result: ScanResult) -> None:
    one = replace(result, checks=(check("a", no_utilisation_data=34),))
    assert wording.unmeasured(one).startswith(
        "34 resources could not be judged for lack of utilisation data (1 check): advisor metrics "
    )
    assert wording.skipped(one) == []
    # Both checks look at the same machines, as far as anybody knows here: the numbers must not be added.
    two = replace(result, checks=(*one.checks, check("b", no_utilisation_data=12, too_few_samples=3), check("c")))
    assert wording.unmeasured(two).startswith("At least 34 resources could not be judged")
    assert [(c.id, c.skipped, wording.skip_reasons(c)) for c in wording.skipped(two)] == [
        ("b", 3, "too few samples (3)")
    ]
    assert wording.unmeasured(replace(result, checks=(check("d", too_few_samples=3),))) == ""


@pytest.mark.parametrize("name", READ_BY_PEOPLE)
def test_the_line_stands_alone_where_nothing_else_was_skipped(name: str, quiet: ScanResult) -> None:
    unmeasured = replace(quiet, checks=(check("a", no_utilisation_data=34),), unmatched_monthly_cost=0.0)
    rendered = FORMATS[name].render(unmeasured, width=400)
    assert isinstance(rendered, str)
    assert rendered.count("Not judged, and why") == 1
    assert rendered.count("34 resources could not be judged for lack of utilisation data") == 1
    assert rendered.count("no utilisation data") == 0
