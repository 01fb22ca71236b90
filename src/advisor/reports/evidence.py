"""What the evidence of a finding says to people: facts in words, readable values, and the figures of two pictures.

Evidence comes from checks, also from a user's own, and from stored reports: nothing is taken for granted about the type
of a value. What does not have the form that a fact needs is shown as any other value. Pure; no markup.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeGuard

from advisor.reports import wording

if TYPE_CHECKING:
    from collections.abc import Sequence, Sized

    from advisor.model import Finding

MOST_VALUES = 20
"""Plain values of a list that are shown; the JSON report has all."""

MOST_ENTRIES = 4
"""Entries with fields of their own, and second opinions, that are shown: more of them nobody reads."""

SOURCES = {
    "aws-compute-optimizer": "Compute Optimizer",
    "aws-cost-optimization-hub": "Cost Optimization Hub",
    "gcp-recommender": "Google's Recommender",
}

BASES = {"list": " (by list prices)", "paid": ""}

DEEPEST = 2
"""Levels of lists in lists that are spelled out."""

ENDED = ("idle", "forgotten", "stale")
"""Kinds whose way out ends the resource."""

ENDS = {"delete": "delete it", "stop": "stop it"}

TARGET = ("target_shape", "target")
PRESENT = ("shape", "current_shape", "instance_type")
"""Names of evidence; the first that is a text counts."""

DIMENSIONS = (
    ("CPU", "vCPUs", "cpu_peak_vcpus", "cpu_p99_percent", "vcpus", "target_vcpus"),
    ("memory", "GiB", "memory_peak_gib", "memory_p99_percent", "memory_gib", "target_memory_gib"),
)
"""Name, unit, and the evidence with the expected peak, what was measured (in % of now), capacity now and in the target."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

WEEK = re.compile("[01]{168}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One line under a finding, and the names of the evidence that it tells."""

    label: str
    text: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Load against capacity in one dimension, in `unit`. None is not known; `target` is above zero."""

    name: str
    unit: str
    measured: float | None
    expected: float
    now: float | None
    target: float

    @property
    def largest(self) -> float:
        """What a drawing of all four must hold."""
        return max(self.expected, self.target, self.now or 0.0, self.measured or 0.0)

    @property
    def text(self) -> str:
        """The figures in words."""
        measured = "" if self.measured is None else f"{_figure(self.measured)} measured (p99), "
        now = "" if self.now is None else f"{_figure(self.now)} now, "
        return f"{measured}{_figure(self.expected)} expected; {now}{_figure(self.target)} {self.unit} in the target"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietDay:
    """A day of the week with its quiet stretches as (first hour, number of hours), UTC."""

    day: str
    stretches: tuple[tuple[int, int], ...]

    @property
    def text(self) -> str:
        """The stretches in words."""
        if self.stretches == ((0, 24),):
            return "all day"
        return ", ".join(f"{first:02}–{first + hours:02}" for first, hours in self.stretches) or "none"


def facts(finding: Finding) -> list[Fact]:
    """What people want to know of a right-sizing, a group, a quiet week and the cloud's own opinion, in this order."""
    found = (_change(finding), _sized_for(finding), _not_measured(finding), _quiet(finding), _group(finding))
    return [fact for fact in found if fact] + _opinions(finding)


def rows(finding: Finding) -> list[tuple[str, str]]:
    """Names and readable values of the evidence that no fact tells, in its order."""
    told = {name for fact in facts(finding) for name in fact.told}
    return [
        (name.replace("_", " "), _readable(name, value, finding))
        for name, value in finding.evidence.items()
        if name not in told and value != ""
    ]


def target(finding: Finding) -> str:
    """The shape that would do; empty where the finding names none."""
    return _first_text(finding, TARGET)[1]


def step(finding: Finding) -> str:
    """From the present shape, where it is known, to the one that would do; empty where the finding names none."""
    now, to = _first_text(finding, PRESENT)[1], target(finding)
    if not to:
        return ""
    return f"→ {to}" if not now or _same(now, to) else f"{now} → {to}"


def second_opinion(finding: Finding) -> str:
    """All that the cloud itself says about the resource, in one line; empty where it says nothing."""
    return "; ".join(fact.text for fact in _opinions(finding))


def peaks(finding: Finding) -> list[Peak]:
    """Load against capacity for each dimension of which load and target are known."""
    found = []
    for name, unit, expected_name, p99_name, now_name, target_name in DIMENSIONS:
        expected, to = _number(finding, expected_name), _number(finding, target_name)
        if expected is None or not to:
            continue
        now, p99_percent = _number(finding, now_name) or None, _number(finding, p99_name)
        measured = None if now is None or p99_percent is None else p99_percent / 100 * now
        found.append(Peak(name=name, unit=unit, measured=measured, expected=expected, now=now, target=to))
    return found


def quiet_week(finding: Finding) -> list[QuietDay]:
    """The quiet hours of each day of the week, Monday first; empty where they are not known.

    Stretches that the check did not count, because they are too short, are not shown either.
    """
    grid = finding.evidence.get("quiet_grid")
    if not isinstance(grid, str) or not WEEK.fullmatch(grid):
        return []
    least = _number(finding, "min_block_hours") or 0
    grid = _without_short(grid, least)
    days = (grid[24 * n : 24 * n + 24] for n in range(7))
    return [
        QuietDay(day=day, stretches=tuple((m.start(), len(m[0])) for m in re.finditer("1+", hours)))
        for day, hours in zip(DAYS, days, strict=True)
    ]


# --- facts --------------------------------------------------------------------------------------------------------


def _change(finding: Finding) -> Fact | None:
    text = step(finding)
    if not text:
        return None
    shapes = {_first_text(finding, names)[1] for names in (TARGET, PRESENT)}
    told = [name for name in (*TARGET, *PRESENT) if _plain(finding.evidence.get(name)) in shapes]
    share = _share(finding.evidence.get("price_ratio"))
    if share:
        basis = BASES.get(_plain(finding.evidence.get("price_basis")))
        text += f" for {share} of the present price{basis or ''}"
        told += ["price_ratio"] if basis is None else ["price_ratio", "price_basis"]
    others = _alternatives(finding)
    if others:
        text += f"; also {', '.join(_alternative(entry) for entry in others)}"
        told.append("alternatives")
    return Fact(label="change", text=text, told=tuple(told))


def _alternatives(finding: Finding) -> list[Mapping[str, Any]]:
    entries = _entries(finding.evidence.get("alternatives"))
    return entries[:MOST_ENTRIES] if all(_plain(entry.get("shape")) for entry in entries) else []


def _alternative(entry: Mapping[str, Any]) -> str:
    notes = [note for note in (_plain(entry.get("why")), _share(entry.get("price_ratio"))) if note]
    return f"{_plain(entry['shape'])} ({', '.join(notes)})" if notes else _plain(entry["shape"])


def _sized_for(finding: Finding) -> Fact | None:
    loads = " and ".join(f"{_figure(peak.expected)} {peak.unit}" for peak in peaks(finding))
    if not loads or not target(finding):
        return None
    text, told = f"an expected peak of {loads}", []
    spare, days = _number(finding, "headroom_percent"), _number(finding, "history_days")
    if spare is not None:
        text += f", which leaves {spare:.0f}% head-room"
        told.append("headroom_percent")
    if days:
        text += f"; measured over {wording.count(int(days), 'day')}"
        told.append("history_days")
    return Fact(label="sized for", text=text, told=tuple(told))


def _not_measured(finding: Finding) -> Fact | None:
    names = finding.evidence.get("not_measured")
    if not isinstance(names, (list, tuple)) or not all(isinstance(name, str) for name in names):
        return None
    # Nobody knows how much of it is in use, so no target has less.
    said = [f"{name} (not made smaller)" if name == "memory" else name for name in names if name.strip()]
    return Fact(label="not measured", text=", ".join(said[:MOST_VALUES]), told=("not_measured",)) if said else None


def _quiet(finding: Finding) -> Fact | None:
    week = quiet_week(finding)
    if not week:
        return None
    said = []
    for text, same in groupby(week, key=lambda quiet: quiet.text):
        days = [quiet.day for quiet in same]
        said.append(f"{days[0] if len(days) == 1 else f'{days[0]}–{days[-1]}'} {text}")
    return Fact(label="quiet hours (UTC)", text="; ".join(said), told=("quiet_grid",))


def _group(finding: Finding) -> Fact | None:
    machines, own = (finding.evidence.get(name) for name in ("machines", "members_with_findings_of_their_own"))
    if not _is_count(machines):
        return None
    text, told = f"{wording.count(machines, 'machine')} seen in these days, judged as one", ["machines"]
    if _is_count(own):
        has = "has a finding of its own and is" if own == 1 else "have findings of their own and are"
        text += f"; {own:,} of them {has} not counted here"
        told.append("members_with_findings_of_their_own")
    return Fact(label="group", text=text, told=tuple(told))


def _without_short(grid: str, least: float) -> str:
    """`grid` with its stretches of fewer than `least` hours made busy; the week goes on from Sunday to Monday."""
    start = grid.find("0") + 1
    turned = re.sub("1+", lambda m: m[0] if len(m[0]) >= least else "0" * len(m[0]), grid[start:] + grid[:start])
    return turned[len(grid) - start :] + turned[: len(grid) - start]


def _opinions(finding: Finding) -> list[Fact]:
    opinions = _entries(finding.evidence.get("second_opinion"))
    said = [_opinion(finding, opinion) for opinion in opinions[:MOST_ENTRIES]]
    if len(opinions) > MOST_ENTRIES:
        said.append(f"{wording.count(len(opinions) - MOST_ENTRIES, 'more opinion')} in the JSON report")
    # A finding that rests on the cloud's advice alone has no second opinion, only the first in full.
    label = "advice" if _is_clouds_own(finding) else "second opinion"
    return [Fact(label=label, text=text, told=("second_opinion",)) for text in said]


def _opinion(finding: Finding, opinion: Mapping[str, Any]) -> str:
    source = _plain(opinion.get("source")) or "an unnamed source"
    now, to = _plain(opinion.get("current_shape")), _plain(opinion.get("target_shape"))
    action = _plain(opinion.get("action"))
    what = ENDS.get(action) or _arrow(now, to)
    if not what and action in ("rightsize", "modernize"):
        what = "another shape"
    savings, currency = opinion.get("monthly_savings"), _plain(opinion.get("currency"))
    details = [
        what,
        f"saves {wording.money(savings, currency)} per month by its own figures" if _is_number(savings) else "",
        _plain(opinion.get("refreshed_on")),
    ]
    known = ", ".join(detail for detail in details if detail)
    return f"{SOURCES.get(source, source)} {_verdict(finding, action, now, to)}" + (f": {known}" if known else "")


def _verdict(finding: Finding, action: str, now: str, to: str) -> str:
    """How an opinion stands to the finding; "says" where the two cannot be compared."""
    if _is_clouds_own(finding):
        return "says"
    if finding.kind in ENDED:
        return "says the same" if action in ENDS else "disagrees" if action in ("rightsize", "modernize") else "says"
    if finding.kind != "oversized" or not target(finding):
        return "says"
    if action in ENDS:
        return "disagrees"
    present = _first_text(finding, PRESENT)[1]
    if not to or action not in ("rightsize", "modernize"):
        return "says"
    if now and present and not _same(now, present):
        return "spoke of a shape that it no longer has"
    if _same(to, target(finding)):
        return "says the same"
    if any(_same(to, _plain(entry["shape"])) for entry in _alternatives(finding)):
        return "prefers an alternative"
    return "disagrees"


def _is_clouds_own(finding: Finding) -> bool:
    return "opinion_count" in finding.evidence


# --- values -------------------------------------------------------------------------------------------------------


def _readable(name: str, value: Any, finding: Finding) -> str:
    if name.endswith("_cost") and _is_number(value):
        return wording.money(value, finding.currency)
    return _list(value) if isinstance(value, (list, tuple)) else _value(value)


def _value(value: Any, depth: int = 0) -> str:
    """`value` in words at any depth: never in the spelling of a programming language."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, (float, Decimal)):
        return _decimal(float(value))
    if not isinstance(value, (Mapping, list, tuple)):
        return str(value)
    if depth > DEEPEST:
        return _too_many(value)
    if isinstance(value, Mapping):
        named = list(value.items())[:MOST_VALUES]
        parts = [f"{str(name).replace('_', ' ')} {_value(part, depth + 1)}" for name, part in named]
    else:
        parts = [_value(part, depth + 1) for part in value[:MOST_VALUES]]
    return _some(parts, len(value), ", ")


def _list(value: list[Any] | tuple[Any, ...]) -> str:
    if not any(isinstance(part, (Mapping, list, tuple)) for part in value):
        return _value(value)
    if len(value) > MOST_ENTRIES:
        return _too_many(value)
    return "; ".join(_value(part) for part in value)


def _some(parts: Sequence[str], whole: int, between: str) -> str:
    shown = between.join(parts) or "none"
    return f"{shown} and {whole - len(parts):,} more" if whole > len(parts) else shown


def _too_many(value: Sized) -> str:
    return f"{len(value):,} entries, in the JSON report"


def _decimal(value: float) -> str:
    if not math.isfinite(value):
        return "unknown"
    return f"{value:,.2f}" if abs(value) >= 1000 else f"{value:.6g}"


def _figure(value: float) -> str:
    """An amount of vCPUs or GiB, as exact as anybody needs it."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _share(value: Any) -> str:
    """A ratio of prices in percent; empty for what is none."""
    if not _is_number(value) or value <= 0:
        return ""
    return f"{100 * value:.0f}%" if value >= 0.01 else "under 1%"


def _number(finding: Finding, name: str) -> float | None:
    value = finding.evidence.get(name)
    return float(value) if _is_number(value) and value >= 0 else None


def _is_number(value: object) -> TypeGuard[float]:
    """Whether `value` is a number of a size that cloud resources and their money have."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _plain(value: Any) -> str:
    """`value` where it is a text, trimmed; else empty."""
    return value.strip() if isinstance(value, str) else ""


def _first_text(finding: Finding, names: Sequence[str]) -> tuple[str, str]:
    """Name and value of the first of the named evidence that is a text and says something."""
    return next(((name, text) for name in names if (text := _plain(finding.evidence.get(name)))), ("", ""))


def _entries(value: Any) -> list[Mapping[str, Any]]:
    """`value` where it is a list of entries with fields; else empty."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(entry, Mapping) for entry in value):
        return []
    return list(value)


def _arrow(now: str, to: str) -> str:
    return f"{now} → {to}" if now and to and not _same(now, to) else to


def _same(one: str, other: str) -> bool:
    """Whether two spellings mean one shape: the end of a URL, RDS's `xl` for `xlarge`."""
    first, second = (shape.casefold().rsplit("/", 1)[-1].replace("xlarge", "xl") for shape in (one, other))
    return first == second
