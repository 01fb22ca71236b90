"""The judgements, how claims are settled, which commands are given, and what names say about an environment."""

from __future__ import annotations

import shlex
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisor.model import DAYS_PER_MONTH, Finding, finding_id
from advisor.model import KINDS as ORDER
from advisor.rules import catalogue, engine, kinds, reasons
from advisor.rules.context import ContextRules, environment_of, normalised, owner_of

AS_OF = date(2026, 7, 31)
QUICK = settings(max_examples=40, deadline=None)
FEW = settings(max_examples=10, deadline=None)  # a judgement plans a polars query: milliseconds each

JUDGES: dict[str, dict[str, Any]] = {
    "idle": {"use": "use", "per": "hours", "at_most": "limit"},
    "schedule": {"hours": "hours", "at_least": "limit"},
    "stale": {"value": "use", "at_least": "limit", "history": "history"},
    "forgotten": {"value": "use", "at_least": "limit", "history": "history", "nothing": "moves"},
    "modernize": {"ratio": "use"},
    "commitment": {"unused": "use", "above": "limit"},
    "oversized": {},
}
PARAMS: dict[str, Any] = {
    "as_of": AS_OF,
    "window_days": 14,
    "limit": 0.5,
    "working_hours_per_week": 50,
    "min_saving_share": 0.05,
}
SCHEMA = {
    "resource_id": pl.String,
    "first_day": pl.Date,
    "last_day": pl.Date,
    "ends_on": pl.Date,
    "observed_days": pl.Int64,
    "cost": pl.Float64,
    "committed_cost": pl.Float64,
    "list_cost": pl.Float64,
    "use": pl.Float64,
    "hours": pl.Float64,
    "history": pl.Float64,
    "moves": pl.Float64,
}
HEALTHY: dict[str, Any] = {
    "resource_id": "r",
    "first_day": AS_OF - timedelta(days=13),
    "last_day": AS_OF,
    "ends_on": None,
    "observed_days": 14,
    "cost": 14.0,
    "committed_cost": 0.0,
    "list_cost": 28.0,
    "use": 0.0,
    "hours": 336.0,
    "history": 100.0,
    "moves": 0.0,
}

days_ago = st.integers(0, 400).map(lambda n: AS_OF - timedelta(days=n))
amounts = st.floats(0, 1e6, allow_nan=False)
measures = st.none() | st.floats(0, 1000, allow_nan=False)


@st.composite
def row(draw: st.DrawFn) -> dict[str, Any]:
    cost = draw(amounts)
    return {
        "first_day": draw(days_ago),
        "last_day": AS_OF - timedelta(days=draw(st.integers(0, 60))),
        "ends_on": draw(st.none() | st.integers(-40, 400).map(lambda n: AS_OF + timedelta(days=n))),
        "observed_days": draw(st.integers(0, 14)),
        "cost": cost,
        "committed_cost": cost * draw(st.sampled_from([0.0, 0.3, 1.0])),
        "list_cost": draw(st.none() | amounts),
        "use": draw(measures | st.sampled_from([0.0, 0.5])),
        "hours": draw(measures),
        "history": draw(measures),
        "moves": draw(measures),
    }


tables = st.lists(row(), max_size=12).map(lambda rows: [{**r, "resource_id": f"r{i}"} for i, r in enumerate(rows)])


def in_two_orders(lists: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[tuple[list[Any], ...]]:
    return lists.flatmap(lambda items: st.tuples(st.just(items), st.permutations(items)))


each_kind = pytest.mark.parametrize("kind", sorted(JUDGES))


def judged(kind: str, rows: list[dict[str, Any]], **params: Any) -> list[dict[str, Any]]:
    values = PARAMS | params
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row").lazy()
    return kinds.price(kinds.KINDS[kind](frame, JUDGES[kind], values), values).collect().to_dicts()


def one(kind: str, params: dict[str, Any] | None = None, **columns: Any) -> dict[str, Any]:
    return judged(kind, [HEALTHY | columns], **(params or {}))[0]


def by_id(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {r["resource_id"]: repr(r) for r in rows}


def test_every_kind_is_tested() -> None:
    assert set(JUDGES) == set(kinds.KINDS)
    assert set(kinds.KINDS) <= set(ORDER)


@each_kind
@FEW
@given(orders=in_two_orders(tables))
def test_the_order_of_rows_never_matters(kind: str, orders: tuple[list[dict[str, Any]], ...]) -> None:
    rows, shuffled = orders
    assert by_id(judged(kind, rows)) == by_id(judged(kind, shuffled))


@each_kind
@FEW
@given(rows=tables, cut=st.integers(0, 12))
def test_judging_all_is_judging_each(kind: str, rows: list[dict[str, Any]], cut: int) -> None:
    parts = (rows[:1], rows[1:cut], rows[max(cut, 1) :])
    assert by_id(judged(kind, rows)) == by_id([verdict for part in parts for verdict in judged(kind, part)])


@each_kind
@FEW
@given(rows=tables)
def test_money_stays_within_what_is_paid(kind: str, rows: list[dict[str, Any]]) -> None:
    for r in judged(kind, rows):
        assert r["verdict"] in {"found", "quiet", "skipped"}
        assert (r["skipped"] is not None) == (r["verdict"] == "skipped")
        if r["verdict"] != "found":
            continue
        committed = r["monthly_cost"] * (r["committed_cost"] / r["cost"])  # in this order: tiny products underflow
        slack = 1e-9 * r["monthly_cost"]
        assert 0 <= r["saves"] <= 1
        assert -slack <= r["monthly_savings"] <= r["monthly_cost"] - committed + slack
        assert r["monthly_savings"] + r["monthly_freed"] <= r["monthly_cost"] + slack
        assert r["monthly_freed"] <= committed + slack


@each_kind
@FEW
@given(rows=tables)
def test_what_was_not_seen_is_never_found(kind: str, rows: list[dict[str, Any]]) -> None:
    blind = [{**r, "use": None, "hours": None} for r in rows]
    assert all(r["verdict"] != "found" for r in judged(kind, blind))


@each_kind
def test_usage_that_is_missing_is_skipped(kind: str) -> None:
    assert one(kind, use=None, hours=None)["verdict"] == "skipped"


@each_kind
@FEW
@given(r=row(), days=st.integers(40, 500))
def test_what_is_gone_or_free_is_quiet(kind: str, r: dict[str, Any], days: int) -> None:
    gone = {**r, "resource_id": "gone", "last_day": AS_OF - timedelta(days=days)}
    free = {**r, "resource_id": "free", "cost": 0.0, "committed_cost": 0.0}
    assert {v["verdict"] for v in judged(kind, [gone, free])} == {"quiet"}


@pytest.mark.parametrize(("kind", "columns", "verdict"), [
    ("idle", {"use": 0.5 * 336}, "found"),
    ("idle", {"use": 0.5 * 336 * 1.000001}, "quiet"),
    ("idle", {"use": 0.1 + 0.2, "hours": 0.6}, "found"),
    ("idle", {"hours": 0.0}, "skipped"),
    ("idle", {"observed_days": 13}, "skipped"),
    ("idle", {"last_day": AS_OF - timedelta(days=1)}, "found"),
    ("idle", {"last_day": AS_OF - timedelta(days=2)}, "quiet"),
    ("schedule", {"hours": 168.0}, "found"),
    ("schedule", {"hours": 167.99}, "quiet"),
    ("schedule", {"observed_days": 13}, "skipped"),
    ("stale", {"use": 0.5, "history": 0.5}, "found"),
    ("stale", {"use": 0.4999, "history": 0.5}, "quiet"),
    ("stale", {"use": 0.4999, "history": 0.4999}, "skipped"),
    ("stale", {"use": 0.5, "history": 0.1}, "found"),
    ("forgotten", {"use": 0.5}, "found"),
    ("forgotten", {"use": 0.5, "moves": 0.001}, "quiet"),
    ("forgotten", {"use": 0.5, "moves": None}, "skipped"),
    ("forgotten", {"use": 0.1, "moves": None}, "quiet"),
    ("modernize", {"use": 0.95}, "found"),
    ("modernize", {"use": 0.9501}, "quiet"),
    ("modernize", {"use": 1.2}, "quiet"),
    ("commitment", {"use": 7.0}, "quiet"),
    ("commitment", {"use": 7.001}, "found"),
    ("commitment", {"use": 0.0}, "quiet"),
])  # fmt: skip
def test_thresholds_are_exact(kind: str, columns: dict[str, Any], verdict: str) -> None:
    assert one(kind, **columns)["verdict"] == verdict


def test_money_per_month_is_cash_and_what_is_freed_apart() -> None:
    r = one("idle", cost=14.0, committed_cost=4.0, list_cost=28.0)
    assert r["monthly_cost"] == pytest.approx(DAYS_PER_MONTH)
    assert r["monthly_savings"] == pytest.approx(10 * DAYS_PER_MONTH / 14)
    assert r["monthly_freed"] == pytest.approx(4 * DAYS_PER_MONTH / 14)
    assert r["monthly_savings_list"] == pytest.approx(2 * DAYS_PER_MONTH)
    assert one("idle", list_cost=None)["monthly_savings_list"] == pytest.approx(DAYS_PER_MONTH)


def test_a_young_resource_is_priced_by_its_own_days() -> None:
    assert one("modernize", use=0.5, first_day=AS_OF, cost=3.0)["monthly_cost"] == pytest.approx(3 * DAYS_PER_MONTH)
    assert one("stale", use=1.0, first_day=date(2020, 1, 1))["monthly_cost"] == pytest.approx(DAYS_PER_MONTH)


def test_each_kind_saves_its_share() -> None:
    assert one("schedule")["saves"] == pytest.approx(1 - 50 / 168)
    assert one("modernize", use=0.8)["saves"] == pytest.approx(0.2)
    assert one("stale", {"saving_share": 0.4}, use=1.0)["saves"] == pytest.approx(0.4)


def test_a_commitment_saves_nothing_before_it_ends() -> None:
    for ends_on, saves in ((None, 0), (AS_OF + timedelta(days=31), 0), (AS_OF + timedelta(days=30), 5 / 7)):
        r = one("commitment", use=10.0, ends_on=ends_on)
        assert (r["verdict"], r["saves"]) == ("found", pytest.approx(saves))


def finding(check_id: str, kind: str, resource_id: str = "r", **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "id": finding_id(check_id, "aws", changes.get("account_id", "1"), resource_id),
        "check_id": check_id,
        "kind": kind,
        "provider": "aws",
        "account_id": "1",
        "region": "eu-west-1",
        "resource_id": resource_id,
        "tags": {},
        "monthly_cost": 10.0,
        "monthly_savings": 10.0,
        "monthly_savings_list": 10.0,
        "currency": "USD",
        "confidence": "high",
        "effort": "low",
        "risk": "low",
        "evidence": {},
        "commands": (),
        "overlaps": (),
        "status": "new",
        "first_seen": AS_OF,
        "last_seen": AS_OF,
    }
    texts = ("title", "reason", "service", "account_name", "resource_name", "resource_type", "owner", "environment")
    return Finding(**dict.fromkeys((*texts, "blind_spots", "remediation"), "") | values | changes)


def candidate(own: Finding, *claims: str) -> Any:
    return engine._Candidate(finding=own, claims=frozenset(claims))


def test_what_goes_away_need_not_be_modernized() -> None:
    rows = [candidate(finding("new-type", "modernize", monthly_savings=99.0)), candidate(finding("unused", "idle"))]
    (kept,) = engine.settle(rows)
    assert (kept.check_id, kept.overlaps, kept.monthly_savings) == ("unused", ("new-type",), 10.0)


def test_findings_on_different_money_of_one_resource_both_count() -> None:
    rows = [candidate(finding("a", "modernize"), "storage"), candidate(finding("b", "modernize"), "iops")]
    assert [f.overlaps for f in engine.settle(rows)] == [(), ()]


def test_findings_on_the_same_money_count_once() -> None:
    more = candidate(finding("more", "modernize", monthly_savings=11.0), "storage", "iops")
    less = candidate(finding("less", "modernize"), "iops")
    whole = candidate(finding("whole", "modernize", monthly_savings=1.0))
    (kept,) = engine.settle([whole, less, more])
    assert (kept.check_id, kept.overlaps) == ("more", ("less", "whole"))


def test_other_resources_and_accounts_are_left_alone() -> None:
    rows = [finding("a", "idle"), finding("b", "modernize", "other"), finding("b", "modernize", account_id="2")]
    assert len(engine.settle(map(candidate, rows))) == 3


@pytest.mark.parametrize(("inside", "left"), [
    ({"region": "eu-west-1"}, 7.0),
    ({"region": "eu-west-2"}, 10.0),
    ({"account_id": "2"}, 10.0),
    ({"currency": "EUR"}, 10.0),
    ({"monthly_savings": 50.0}, 0.0),
])  # fmt: skip
def test_a_region_counts_only_what_nobody_inside_claims(inside: dict[str, Any], left: float) -> None:
    wide = finding("region", "forgotten", "region:eu-west-1", evidence={"scope": "region"})
    own = finding("unused", "idle", **{"monthly_savings": 3.0} | inside)
    settled = {f.check_id: f for f in engine.settle([candidate(wide), candidate(own)])}
    assert settled["region"].monthly_savings == left
    assert settled["unused"].monthly_savings == own.monthly_savings
    assert ("claimed_by_findings_inside" in settled["region"].evidence) == (left < 10.0)


def group(check_id: str, kind: str, members: dict[str, float], **changes: Any) -> Any:
    own = finding(check_id, kind, "group:eu-west-1:web", **changes)
    return engine._Candidate(finding=own, claims=frozenset(), members=members)


def test_a_group_counts_only_the_members_that_nobody_claims() -> None:
    whole = group("size", "oversized", {"a": 6.0, "b": 3.0, "c": 1.0}, evidence={"freed_monthly_cost": 2.0})
    settled = {f.check_id: f for f in engine.settle([whole, candidate(finding("unused", "idle", "a"))])}
    assert settled["size"].monthly_savings == pytest.approx(4.0)
    assert settled["size"].monthly_cost == pytest.approx(4.0)
    assert settled["size"].evidence == {"freed_monthly_cost": 0.8, "members_with_findings_of_their_own": 1}
    assert settled["unused"].overlaps == ("size",)


def test_a_group_stands_in_front_of_its_members() -> None:
    whole = group("size", "oversized", {"a": 6.0, "b": 4.0})
    rows = [candidate(finding("new-type", "modernize", name)) for name in ("a", "b", "other")]
    settled = engine.settle([whole, *rows])
    assert sorted((f.resource_id, f.monthly_savings) for f in settled) == [
        ("group:eu-west-1:web", 10.0),
        ("other", 10.0),
    ]
    idle = [candidate(finding("unused", "idle", name)) for name in ("a", "b")]
    assert {f.check_id for f in engine.settle([whole, *idle])} == {"unused"}


def test_a_check_that_yields_stands_behind_others_of_its_kind() -> None:
    advice = candidate(finding("advice", "idle", monthly_savings=99.0))
    advice.yields = True
    (kept,) = engine.settle([advice, candidate(finding("unused", "idle"))])
    assert (kept.check_id, kept.overlaps) == ("unused", ("advice",))
    (kept,) = engine.settle([advice, candidate(finding("old", "modernize"))])
    assert kept.check_id == "advice"


@pytest.mark.parametrize("verdict", ["quiet", "found", "skipped"])
def test_what_was_measured_overrules_what_is_inferred(verdict: str) -> None:
    checks = {check.id: check for check in catalogue.shipped_checks()}
    measuring, inferring = checks["aws-nat-gateway-no-connections"], checks["aws-nat-gateway-idle"]
    assert measuring.overrules == (inferring.id,)
    rows = {"provider": ["aws"] * 2, "sub_account_id": ["1"] * 2, "resource_id": ["nat-1", "nat-2"]}
    seen = pl.DataFrame({**rows, "verdict": [verdict, "skipped"]})
    guessed = pl.DataFrame({**rows, "verdict": ["found", "found"]})
    _, (_, _, left) = engine._overruled([(measuring, {}, seen), (inferring, {}, guessed)])
    assert left["verdict"].to_list() == ["found" if verdict == "skipped" else "quiet", "found"]


def test_a_group_that_was_measured_speaks_for_its_members() -> None:
    members = [[{"resource_id": "i-1", "cost": 1.0}]]
    rows = pl.DataFrame(
        {
            "provider": ["aws"],
            "sub_account_id": ["1"],
            "resource_id": ["group:x:web"],
            "verdict": ["quiet"],
            "members": members,
        }
    )
    assert engine._measured_resources(rows)["resource_id"].to_list() == ["group:x:web", "i-1"]


candidates = st.lists(
    st.builds(
        lambda check, kind, resource, saves, claims: candidate(
            finding(f"{check}-{kind}", kind, resource, monthly_savings=saves), *claims
        ),
        st.sampled_from("abc"),
        st.sampled_from(ORDER),
        st.sampled_from(["r1", "r2"]),
        st.integers(0, 5).map(float),
        st.sets(st.sampled_from("xyz")),
    ),
    max_size=8,
    unique_by=lambda c: c.finding.id,
)


@QUICK
@given(orders=in_two_orders(candidates))
def test_every_dollar_is_claimed_once_in_any_order(orders: tuple[list[Any], ...]) -> None:
    rows, shuffled = orders
    claims = {c.finding.id: c.claims for c in rows}
    settled = engine.settle([candidate(c.finding, *c.claims) for c in rows])
    assert settled == engine.settle([candidate(c.finding, *c.claims) for c in shuffled])
    for first in settled:
        for second in settled:
            if first.id < second.id and first.resource_id == second.resource_id:
                assert claims[first.id]
                assert claims[second.id]
                assert not claims[first.id] & claims[second.id]
    named = {f.check_id for f in settled}.union(*(f.overlaps for f in settled))
    assert named == {c.finding.check_id for c in rows}


TEMPLATE = "\n aws x describe --region {region} --id {resource_name}\n\naws x delete --id {resource_name}\n"


def test_commands_are_filled_line_by_line() -> None:
    lines = engine.command_lines(TEMPLATE, {"region": "eu-west-1", "resource_name": "nat-0a"})
    assert lines == ("aws x describe --region eu-west-1 --id nat-0a", "aws x delete --id nat-0a")


@pytest.mark.parametrize("value", [
    "", " ", "a b", "a;reboot", "$(reboot)", "`reboot`", "-rf", "--profile=root", "a\nreboot", "a\n", "a'b", 'a"b',
    "a|b", "a&b", "a>b", "*", "~", "{region}", "../etc", "a\\b", "a#b", "a\x00b", "!a", "%s",
])  # fmt: skip
def test_hostile_values_give_no_command_at_all(value: str) -> None:
    assert engine.command_lines(TEMPLATE, {"region": "eu-west-1", "resource_name": value}) == ()


def test_no_template_and_unknown_placeholders_give_no_command() -> None:
    assert engine.command_lines("", {"region": "eu-west-1"}) == ()
    assert engine.command_lines("aws {nothing}", {"region": "eu-west-1"}) == ()


@settings(max_examples=200, deadline=None)
@given(value=st.text(max_size=12))
def test_a_value_stays_one_word_of_the_command(value: str) -> None:
    lines = engine.command_lines("aws x --id {resource_id} --yes", {"resource_id": value})
    assert [shlex.split(line) for line in lines] in ([], [["aws", "x", "--id", value, "--yes"]])


RULES = ContextRules()


@pytest.mark.parametrize("key", [
    "cost_center", "user:cost-center", "user:CostCenter", "user_cost_center", "costCenter", "Cost Center",
    "COST_CENTER", "user:Cost.Center",
])  # fmt: skip
def test_tag_keys_are_known_in_any_spelling(key: str) -> None:
    assert normalised(key) == "cost_center"
    assert owner_of({key: "4711"}, RULES) == "4711"


def test_the_first_owner_key_with_a_value_counts() -> None:
    assert owner_of({"user:Team": "shop", "user:Owner": " ", "project": "x"}, RULES) == "shop"
    assert owner_of({"aws:createdBy": "root"}, RULES) is None


@pytest.mark.parametrize(("name", "environment"), [
    ("prod", "production"),
    ("Production", "production"),
    ("prod-eu1", "production"),
    ("prod1", "production"),
    ("shop_prd", "production"),
    ("shop-live", "production"),
    ("non-prod", "non-production"),
    ("nonprod", "non-production"),
    ("Non Production", "non-production"),
    ("preprod", "non-production"),
    ("pre-production-2", "non-production"),
    ("not-prod", "non-production"),
    ("dev", "non-production"),
    ("shop-test1", "non-production"),
    ("Staging", "non-production"),
    ("delivery", None),
    ("olive-oil", None),
    ("protest", None),
    ("latest", None),
    ("contest-results", None),
    ("product-api", None),
    ("reproduce", None),
    ("devices", None),
    ("backstage", None),
    ("label", None),
    ("", None),
])  # fmt: skip
def test_words_of_a_name_say_what_it_is_for(name: str, environment: str | None) -> None:
    assert RULES.environment_in(name) == environment


def test_stated_environments_count_before_names() -> None:
    assert environment_of({"user:Environment": "prod-eu1", "Name": "test-box"}, RULES) == "production"
    assert environment_of({"Stage": "Blue", "Name": "test-box"}, RULES) == "blue"
    assert environment_of({"user:Name": "test-box"}, RULES) == "non-production"
    assert environment_of({"Name": "box"}, RULES) is None


def test_a_day_that_the_whole_export_lacks_says_nothing_about_one_resource() -> None:
    """Thirteen of fourteen days, and the export has no more: judged, and paid for thirteen days."""
    row = {
        "provider": "gcp", "sub_account_id": "p", "resource_id": "r", "billing_currency": "USD",
        "first_day": date(2026, 7, 1), "last_day": date(2026, 7, 31), "observed_days": 13, "cost": 13.0, "use": 0.0,
        "hours": 13.0 * 24,
    }  # fmt: skip
    params = {"window_days": 14, "as_of": date(2026, 7, 31), "limit": 0, "share": 1.0, "working_hours_per_week": 50}
    for kind, judge in (
        (kinds.idle, {"use": "use", "at_most": "limit"}),
        (kinds.schedule, {"hours": "hours", "at_least": "share"}),
    ):
        alone = kind(pl.LazyFrame([row]), judge, params).collect()
        assert alone["skipped"].to_list() == [reasons.SHORT_HISTORY]
        seen = kind(pl.LazyFrame([row | {kinds.MISSING: 1}]), judge, params)
        assert seen.collect()["verdict"].to_list() == ["found"]
        assert kinds.price(seen, params).collect()["monthly_cost"].to_list() == [pytest.approx(30.4375)]
        short = kind(pl.LazyFrame([row | {kinds.MISSING: 1, "observed_days": 12}]), judge, params).collect()
        assert short["skipped"].to_list() == [reasons.SHORT_HISTORY]


# --- what is measured ---------------------------------------------------------------------------------------------------

MEASURED = {"use": "use", "at_most": "limit", "also": {"moves": "limit"}}


def measured(kind: str, judge: dict[str, Any], **columns: Any) -> dict[str, Any]:
    """HEALTHY with samples in 336 of its 336 billed hours, and `columns`."""
    row = {**HEALTHY, "sample_hours": 336, "billed_hours": 336.0, **columns}
    extra = {"sample_hours": pl.Int64, "billed_hours": pl.Float64, "unjudged": pl.String, "span_days": pl.Int64}
    frame = pl.DataFrame([row], schema=SCHEMA | {n: t for n, t in extra.items() if n in row}, orient="row").lazy()
    return kinds.price(kinds.KINDS[kind](frame, judge, PARAMS), PARAMS).collect().to_dicts()[0]


def reason(kind: str, judge: dict[str, Any], **columns: Any) -> tuple[str, str | None]:
    row = measured(kind, judge, **columns)
    return row["verdict"], row["skipped"]


def test_no_samples_are_not_zero() -> None:
    assert reason("idle", MEASURED) == ("found", None)
    assert reason("idle", MEASURED, sample_hours=None) == ("skipped", reasons.NO_SAMPLES)
    assert reason("idle", MEASURED, sample_hours=0) == ("skipped", reasons.NO_SAMPLES)
    assert reason("idle", MEASURED, use=None) == ("skipped", reasons.NO_SAMPLES)
    assert reason("modernize", {"ratio": "use"}, use=0.4, sample_hours=None) == ("skipped", reasons.NO_SAMPLES)


def test_samples_must_cover_four_fifths_of_the_billed_hours() -> None:
    assert reason("idle", MEASURED, sample_hours=269) == ("found", None)  # 0.8 x 336 = 268.8
    assert reason("idle", MEASURED, sample_hours=268) == ("skipped", reasons.FEW_SAMPLES)
    assert reason("idle", MEASURED, sample_hours=268, billed_hours=335.0) == ("found", None)


def test_use_that_was_seen_is_use_however_few_the_samples() -> None:
    assert reason("idle", MEASURED, use=0.6, sample_hours=3) == ("quiet", None)
    assert reason("idle", MEASURED, moves=0.6, sample_hours=3) == ("quiet", None)
    assert reason("idle", MEASURED, use=None, moves=0.6) == ("quiet", None)
    assert reason("idle", MEASURED, moves=0.5) == ("found", None)


def test_hours_that_were_watched_must_be_enough_and_save_what_they_cost() -> None:
    judge = {"quiet_hours": "hours", "at_least": "limit"}
    row = measured("schedule", judge, hours=0.5)
    assert (row["verdict"], row["saves"]) == ("found", 1.0)
    assert reason("schedule", judge, hours=0.49) == ("quiet", None)
    assert reason("schedule", judge, hours=None) == ("skipped", reasons.NO_USAGE_LINES)
    assert reason("schedule", judge, hours=None, sample_hours=None) == ("skipped", reasons.NO_SAMPLES)


def test_a_query_may_say_itself_why_it_cannot_judge() -> None:
    assert reason("idle", MEASURED, unjudged="advice too old") == ("skipped", "advice too old")
    assert reason("idle", MEASURED, unjudged=None) == ("found", None)
    assert reason("idle", MEASURED, unjudged="advice too old", cost=0.0) == ("quiet", None)


def test_cost_stands_for_the_days_that_the_query_says() -> None:
    # 14.0 over the 14 days of the window, or over the 7 that the query names.
    assert measured("idle", MEASURED, span_days=None)["monthly_cost"] == pytest.approx(30.4375)
    assert measured("idle", MEASURED, span_days=7)["monthly_cost"] == pytest.approx(60.875)


def test_what_lacks_an_inventory_says_so() -> None:
    judge = {"value": "use", "at_least": "limit", "unseen": "no inventory"}
    assert reason("stale", judge, use=None) == ("skipped", "no inventory")
    assert reason("stale", judge, use=0.5) == ("found", None)
