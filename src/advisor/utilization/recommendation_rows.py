"""What a row of an export of recommendations says: AWS Compute Optimizer, Cost Optimization Hub, Google's Recommender.

Every reader takes a row with columns named by key() and returns judgements. Only what would end waste becomes advice;
the others say why they are left out. Nothing of a row is trusted: what does not read as advice raises Broken.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from advisor.errors import printable
from advisor.model import DAYS_PER_MONTH

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

COMPUTE_OPTIMIZER, OPTIMIZATION_HUB, RECOMMENDER = (
    "aws-compute-optimizer",
    "aws-cost-optimization-hub",
    "gcp-recommender",
)
AFTER, BEFORE, UNKNOWN = "after discounts", "before discounts", "unknown"


FINE, PURCHASE, UNJUDGED = "nothing to end", "advice to buy", "not judged by the cloud"
CLOSED, OTHER_AIM, COSTS_MORE, SAVES_NOTHING = (
    "closed or dismissed",
    "not about cost",
    "would cost more",
    "saves nothing",
)
"""Why a row is left out."""

LONGEST_NAME = 2048
LONGEST_TEXT = 300
SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One judgement of a cloud. Of several with the same `about` the newest counts, whether it is advice or not."""

    about: tuple[str, ...]
    refreshed: datetime
    row: Mapping[str, Any] | None = None
    left_out: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A kind of export by the columns that it alone has, and what reads a row of it."""

    source: str
    kind: str
    marks: frozenset[str]
    read: Callable[[Mapping[str, Any], str, datetime | None], list[Entry]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What Compute Optimizer judges in a row: names of columns, and of the same in its numbered options, with units."""

    name: str
    arn: str
    finding: str = "finding"
    options: str = "recommendationoptions"
    current: tuple[tuple[str, str], ...]
    target: tuple[tuple[str, str], ...]


class Broken(Exception):
    """A row that cannot be read as advice, and why."""


def key(name: str) -> str:
    """A column's name in the one spelling that all exports share: recommendationOptions_1_x, recommendationoptions1x."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


# --- AWS ------------------------------------------------------------------------------------------------------------------

WASTE = frozenset({"overprovisioned", "notoptimized"})
GOOD = frozenset({"optimized", "underprovisioned"})
NOT_SEEN = frozenset({"unavailable", "insufficientmetrics"})
IDLE = frozenset({"idle", "unattached", "unused"})
STOPPED_WHEN_IDLE = frozenset({"ec2instance", "autoscalinggroup", "rdsdbinstance", "workspaces"})
"""Idle resources that are stopped first; the others are deleted."""

HUB_ACTIONS = {
    "delete": "delete",
    "stop": "stop",
    "rightsize": "rightsize",
    "scalein": "rightsize",
    "upgrade": "modernize",
    "migratetograviton": "modernize",
}
MOST_OPTIONS = 10


def _volume(prefix: str) -> tuple[tuple[str, str], ...]:
    units = {"volumetype": "", "volumesize": "GiB", "volumebaselineiops": "IOPS", "volumebaselinethroughput": "MiB/s"}
    return tuple((prefix + name, unit) for name, unit in units.items())


def _storage(prefix: str) -> tuple[tuple[str, str], ...]:
    units = {"storagetype": "", "allocatedstorage": "GiB", "iops": "IOPS", "storagethroughput": "MiB/s"}
    return tuple((prefix + name, unit) for name, unit in units.items())


def _license(prefix: str) -> tuple[tuple[str, str], ...]:
    return tuple((prefix + name, "") for name in ("operatingsystem", "licenseedition", "licensemodel"))


PARTS: dict[str, tuple[_Part, ...]] = {
    "ec2": (
        _Part(
            name="ec2",
            arn="instancearn",
            current=(("currentinstancetype", ""),),
            target=(("instancetype", ""),),
        ),
    ),
    "asg": (
        _Part(
            name="asg",
            arn="autoscalinggrouparn",
            current=(("currentconfigurationinstancetype", ""), ("currentconfigurationdesiredcapacity", "instances")),
            target=(("configurationinstancetype", ""), ("configurationdesiredcapacity", "instances")),
        ),
    ),
    "ebs": (
        _Part(name="ebs", arn="volumearn", current=_volume("currentconfiguration"), target=_volume("configuration")),
    ),
    "lambda": (
        _Part(
            name="lambda",
            arn="functionarn",
            current=(("currentconfigurationmemorysize", "MB"),),
            target=(("configurationmemorysize", "MB"),),
        ),
    ),
    "ecs": (
        _Part(
            name="ecs",
            arn="servicearn",
            current=(("currentserviceconfigurationcpu", "CPU units"), ("currentserviceconfigurationmemory", "MiB")),
            target=(("cpu", "CPU units"), ("memory", "MiB")),
        ),
    ),
    "rds": (
        _Part(
            name="rds-instance",
            arn="resourcearn",
            finding="instancefinding",
            options="instancerecommendationoptions",
            current=(("currentdbinstanceclass", ""),),
            target=(("dbinstanceclass", ""),),
        ),
        _Part(
            name="rds-storage",
            arn="resourcearn",
            finding="storagefinding",
            options="storagerecommendationoptions",
            current=_storage("currentstorageconfiguration"),
            target=_storage(""),
        ),
    ),
    "license": (
        _Part(name="license", arn="resourcearn", current=_license("currentlicenseconfiguration"), target=_license("")),
    ),
}


def _optimized(row: Mapping[str, Any], kind: str, fallback: datetime | None) -> list[Entry]:
    """Judgements in a row of Compute Optimizer on instances, groups, volumes, functions, services or databases."""
    return [entry for part in PARTS[kind] for entry in _judged(row, part, fallback)]


def _judged(row: Mapping[str, Any], part: _Part, fallback: datetime | None) -> list[Entry]:
    finding = _text(row.get(part.finding))
    word = key(finding)
    if not word and part.name.startswith("rds"):
        return []  # databases whose storage or instance is not looked at, such as Aurora's
    arn = _resource(row.get(part.arn))
    account = _account(row.get("accountid"), arn)
    about = (part.name, account, arn)
    refreshed = _refreshed(row, fallback)
    if word in NOT_SEEN or not word:
        return [Entry(about=about, refreshed=refreshed, left_out=UNJUDGED)]
    if word not in WASTE | GOOD:
        raise Broken(f"the finding {shown_text(finding)!r} is unknown")
    if word in GOOD:
        return [Entry(about=about, refreshed=refreshed, left_out=FINE)]
    current = _shape(row, part.current)
    prefix, target, why_not = _option(row, part, current)
    if not prefix:
        return [Entry(about=about, refreshed=refreshed, left_out=why_not)]
    saving = _saving(row, prefix)
    details = {
        "finding": finding,
        "performance_risk": _text(row.get(f"{prefix}performancerisk")),
        "migration_effort": _text(row.get(f"{prefix}migrationeffort")),
        "idle": _text(row.get("idle")),
        "instance_state": _text(row.get("instancestate")),
    }
    made = {
        "provider": "aws",
        "sub_account_id": account,
        "resource_id": _unqualified(arn, _text(row.get("functionversion"))),
        "source": COMPUTE_OPTIMIZER,
        "action": _compute_action(row, part, prefix, current, target),
        "current_shape": current,
        "target_shape": target,
        **saving,
        "lookback_days": _days(row.get("lookbackperiodindays")),
        "refreshed_on": refreshed.date(),
        "details": details,
    }
    return [Entry(about=about, refreshed=refreshed, row=made)]


def _option(row: Mapping[str, Any], part: _Part, current: str) -> tuple[str, str, str]:
    """(columns' prefix, shape, '') of the best ranked option that saves something; else ('', '', why there is none)."""
    why = FINE
    for number in range(1, MOST_OPTIONS + 1):
        prefix = f"{part.options}{number}"
        shape = _shape(row, tuple((prefix + name, unit) for name, unit in part.target))
        if not shape or shape == current:
            continue
        amount = _saving(row, prefix)["monthly_savings"]
        if amount is None or amount > 0:
            return prefix, shape, ""
        why = COSTS_MORE if amount < 0 else SAVES_NOTHING
    return "", "", why


def _compute_action(row: Mapping[str, Any], part: _Part, prefix: str, current: str, target: str) -> str:
    if part.name == "license":
        return "other"
    if _text(row.get(f"{prefix}platformdifferencesisarchitecturedifferent")).lower() == "true":
        return "modernize"
    # The same volume of a newer type; a smaller or slower one is another size.
    if part.name == "ebs" and current.split(" ", 1)[0] != target.split(" ", 1)[0]:
        return "modernize"
    return "rightsize"


def _found_idle(row: Mapping[str, Any], kind: str, fallback: datetime | None) -> list[Entry]:
    """The judgement in a row of Compute Optimizer's export of idle resources."""
    finding = _text(row.get("finding"))
    what = _text(row.get("resourcetype"))
    resource = _resource(row.get("resourcearn") or row.get("resourceid"))
    account = _account(row.get("accountid"), resource)
    refreshed = _refreshed(row, fallback)
    about = (kind, account, resource)
    if not finding:
        return [Entry(about=about, refreshed=refreshed, left_out=UNJUDGED)]
    if key(finding) not in IDLE:
        raise Broken(f"the finding {shown_text(finding)!r} is unknown")
    saving = _saving(row, "")
    if (saving["monthly_savings"] or 0) < 0:
        return [Entry(about=about, refreshed=refreshed, left_out=COSTS_MORE)]
    made = {
        "provider": "aws",
        "sub_account_id": account,
        "resource_id": resource,
        "source": COMPUTE_OPTIMIZER,
        "action": "stop" if key(what) in STOPPED_WHEN_IDLE else "delete",
        "current_shape": "",
        "target_shape": "",
        **saving,
        "lookback_days": _days(row.get("lookbackperiodindays")),
        "refreshed_on": refreshed.date(),
        "details": {"finding": finding, "resource_type": what, "description": _text(row.get("findingdescription"))},
    }
    return [Entry(about=about, refreshed=refreshed, row=made)]


def _hub(row: Mapping[str, Any], kind: str, fallback: datetime | None) -> list[Entry]:
    """The judgement in a row of the Cost Optimization Hub."""
    action_type = _text(row.get("actiontype"))
    word = key(action_type)
    identity = _text(row.get("recommendationid"))
    what = _text(row.get("currentresourcetype"))
    refreshed = _refreshed(row, fallback)
    if word.startswith("purchase"):
        return [Entry(about=(kind, identity), refreshed=refreshed, left_out=PURCHASE)]
    if word not in HUB_ACTIONS:
        raise Broken(f"the action {shown_text(action_type)!r} is unknown" if word else "it names no action")
    resource = _resource(row.get("resourcearn") or row.get("resourceid"))
    account = _account(row.get("accountid"), resource)
    target = _text(row.get("recommendedresourcesummary"))
    about = (_hub_part(what), account, resource, identity)
    saving = _hub_saving(row)
    amount = saving["monthly_savings"]
    if amount is not None and amount <= 0:
        return [Entry(about=about, refreshed=refreshed, left_out=COSTS_MORE if amount < 0 else SAVES_NOTHING)]
    made = {
        "provider": "aws",
        "sub_account_id": account,
        "resource_id": _unqualified(resource, ""),
        "source": OPTIMIZATION_HUB,
        "action": HUB_ACTIONS[word],
        "current_shape": shown_text(_text(row.get("currentresourcesummary"))),
        "target_shape": shown_text(target) if HUB_ACTIONS[word] in ("rightsize", "modernize") else "",
        **saving,
        "lookback_days": _days(row.get("recommendationlookbackperiodindays")),
        "refreshed_on": refreshed.date(),
        "details": {
            "action_type": action_type,
            "resource_type": what,
            "recommendation_id": identity,
            "recommendation_source": _text(row.get("recommendationsource")),
            "effort": _text(row.get("implementationeffort")),
            "restart_needed": _text(row.get("restartneeded")),
        },
    }
    return [Entry(about=about, refreshed=refreshed, row=made)]


def _hub_part(what: str) -> str:
    return "storage" if key(what).endswith("storage") else "resource"


def _hub_saving(row: Mapping[str, Any]) -> dict[str, Any]:
    for basis, end in ((AFTER, "afterdiscount"), (BEFORE, "beforediscount")):
        amount = _number(row.get(f"estimatedmonthlysavings{end}"))
        if amount is not None:
            cost = _number(row.get(f"estimatedmonthlycost{end}"))
            percent = _number(row.get(f"estimatedsavingspercentage{end}"))
            # From the amounts where there are both: they have one unit only.
            share = amount / cost if cost and cost > 0 else None if percent is None else percent / 100
            return _money(amount, share, basis, row.get("currencycode"))
    return _money(None, None, UNKNOWN, row.get("currencycode"))


def _saving(row: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The money of a row or option of Compute Optimizer, after discounts where it is given."""
    ends = {
        AFTER: ("afterdiscounts", ("savingsopportunityafterdiscountspercentage", "savingsopportunitypercentageafterdiscounts")),
        BEFORE: ("", ("savingsopportunitypercentage",)),
    }  # fmt: skip
    for basis, (end, shares) in ends.items():
        amount = _number(row.get(f"{prefix}estimatedmonthlysavingsvalue{end}"))
        percent = next((p for name in shares if (p := _number(row.get(prefix + name))) is not None), None)
        if amount is not None:
            currency = row.get(f"{prefix}estimatedmonthlysavingscurrency{end}")
            return _money(amount, None if percent is None else percent / 100, basis, currency)
    return _money(None, None, UNKNOWN, "")


def _unqualified(arn: str, version: str) -> str:
    """A function's ARN without the version at its end, as bills have it."""
    for end in (f":{version}", ":$LATEST"):
        if ":function:" in arn and len(end) > 1 and arn.endswith(end) and arn.count(":") > 6:
            return arn.removesuffix(end)
    return arn


def _account(value: Any, arn: str) -> str:
    """Twelve digits: spreadsheets take the leading zeros away."""
    text = _text(value)
    if not text and arn.startswith("arn:"):
        text = arn.split(":")[4] if arn.count(":") >= 5 else ""
    if text and not (text.isascii() and text.isdigit() and len(text) <= 12):
        raise Broken("the account is no account")
    return text.zfill(12) if text else ""


# --- Google ---------------------------------------------------------------------------------------------------------------

OPEN = frozenset({"ACTIVE", "CLAIMED"})
COLLECTIONS = {"instance": "instances", "disk": "disks", "address": "addresses", "image": "images"}
PROJECT = re.compile(r"/projects/([^/]+)")
FROM_TO = re.compile(r"\bfrom (\S+) to (\S+?)\.?$")


def _recommended(row: Mapping[str, Any], kind: str, fallback: datetime | None) -> list[Entry]:
    """Judgements in a row of Google's Recommender: one for each resource that it is about."""
    name = _text(row.get("name"))
    recommender = _text(row.get("recommender"))
    subtype = _text(row.get("recommendersubtype")).upper()
    refreshed = _refreshed(row, fallback)
    impact = row.get("primaryimpact")
    if not recommender:
        raise Broken("it names no recommender")
    if "commitment" in recommender.lower():
        return [Entry(about=(kind, name), refreshed=refreshed, left_out=PURCHASE)]
    targets = [_resource(target) for target in _list(row.get("targetresources"))]
    if not targets:
        raise Broken("it names no resource")
    about = [(kind, name, target) for target in targets]
    reason = ""
    if _text(row.get("state")).upper() not in OPEN:
        reason = CLOSED
    elif _text(_inside(impact, "category")).upper() != "COST":
        reason = OTHER_AIM
    saving = _google_saving(_inside(impact, "costprojection"))
    amount = saving["monthly_savings"]
    if not reason and amount is not None and amount <= 0:
        reason = COSTS_MORE if amount < 0 else SAVES_NOTHING
    if reason:
        return [Entry(about=each, refreshed=refreshed, left_out=reason) for each in about]
    # A snapshot that is to be made is a target too: the money is about the collection that the recommender looks at.
    parts = recommender.split(".")
    wanted = f"/{COLLECTIONS.get(parts[2], '')}/" if len(parts) > 3 and parts[2] in COLLECTIONS else "/"
    meant = [each for each in about if wanted in each[2]] or about
    if len(meant) > 1:  # which part of the money is whose is not said
        saving = _money(None, None, saving["savings_basis"], saving["currency"])
    details = json_value(row.get("recommendationdetails"))
    description = _text(row.get("description"))
    current, target = _machine_types(details, description)
    action = _google_action(recommender, subtype)
    return [
        Entry(
            about=each,
            refreshed=refreshed,
            row={
                "provider": "gcp",
                "sub_account_id": _project(each[2]),
                "resource_id": each[2],
                "source": RECOMMENDER,
                "action": action,
                "current_shape": shown_text(current),
                "target_shape": shown_text(target) if action == "rightsize" else "",
                **saving,
                "lookback_days": None,
                "refreshed_on": refreshed.date(),
                "details": {
                    "recommender": recommender,
                    "subtype": subtype,
                    "name": name,
                    "description": description,
                    "priority": _text(row.get("priority")),
                    "project_number": _text(row.get("cloudentityid")),
                },
            },
        )
        for each in meant
    ]


def _google_action(recommender: str, subtype: str) -> str:
    what = recommender.rsplit(".", 1)[-1]
    if "DELETE" in subtype and not recommender.startswith("google.resourcemanager."):
        return "delete"
    if subtype.startswith("STOP") or what == "IdleRecommender":
        return "stop"
    if what in ("MachineTypeRecommender", "OverprovisionedRecommender", "RightSizeResourceRecommender"):
        return "rightsize"
    if what == "IdleResourceRecommender":
        return "stop" if ".instance." in recommender else "delete"
    return "other"


def _google_saving(projection: Any) -> dict[str, Any]:
    """Money per month: costs that get lower are negative there, and go with a duration, as a rule 30 days."""
    basis = {"CUSTOM": AFTER, "LIST": BEFORE}.get(_text(_inside(projection, "pricingtypename")).upper(), UNKNOWN)
    seconds = _number(_inside(projection, "duration", "seconds"))
    if seconds is None:
        seconds = _number(_text(_inside(projection, "duration")).removesuffix("s"))
    for name in ("costinlocalcurrency", "cost"):  # the bill's own currency first
        currency = _text(_inside(projection, name, "currencycode"))
        units, nanos = (_number(_inside(projection, name, part)) for part in ("units", "nanos"))
        if currency and (units is not None or nanos is not None):
            amount = -((units or 0) + (nanos or 0) / 1e9)
            if not seconds or seconds <= 0:
                return _money(None, None, basis, currency)
            return _money(amount * DAYS_PER_MONTH * SECONDS_PER_DAY / seconds, None, basis, currency)
    return _money(None, None, basis, "")


def _machine_types(details: Any, description: str) -> tuple[str, str]:
    """(current, recommended) machine type where the details or the sentence name them."""
    pair = []
    overview = _inside(details, "overview") or _inside(details, "content", "overview")
    for name in ("currentmachinetype", "recommendedmachinetype"):
        value = _inside(overview, name)
        pair.append(_text(_inside(value, "name")) or _text(value))
    if not all(pair) and (match := FROM_TO.search(description)):
        pair = [match[1], match[2]]
    return pair[0].rsplit("/", 1)[-1], pair[1].rsplit("/", 1)[-1]


def _project(target: str) -> str:
    """The project's id; '' for a project number, which bills do not call their projects by."""
    match = PROJECT.search(target)
    return "" if match is None or match[1].isdigit() else match[1]


# --- values ---------------------------------------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value).strip()


def shown_text(value: str) -> str:
    """The text without control characters, cut off where it gets long."""
    return printable(value)[:LONGEST_TEXT]


def _number(value: Any) -> float | None:
    """None for what is empty, no number or not finite: not known is not zero."""
    try:
        number = float(_text(value) or "nan")
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _days(value: Any) -> int | None:
    number = _number(value)
    return round(number) if number is not None and 0 < number < 10_000 else None


def _money(amount: float | None, share: float | None, basis: str, currency: Any) -> dict[str, Any]:
    """Shares that are none (below 0, above 1) are not given."""
    code = _text(currency).upper()
    return {
        "monthly_savings": amount,
        "savings_share": share if share is not None and 0 <= share <= 1 + 1e-9 else None,
        "savings_basis": basis,
        "currency": code if re.fullmatch("[A-Z]{3}", code) else "",
    }


def _resource(value: Any) -> str:
    name = _text(value)
    if not name:
        raise Broken("it names no resource")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Broken("the resource's name is none")
    return name


def _shape(row: Mapping[str, Any], parts: Sequence[tuple[str, str]]) -> str:
    """What the columns say, with units; '' where they say nothing."""
    words = [(_text(row.get(name)), unit) for name, unit in parts]
    return shown_text(" ".join(f"{word} {unit}".strip() for word, unit in words if word))


def _refreshed(row: Mapping[str, Any], fallback: datetime | None) -> datetime:
    """When the row was refreshed, UTC; the snapshot's day where it does not say."""
    names = ("lastrefreshtimestamputc", "lastrefreshtimestamp", "lastrefreshtime")
    value = next((row[name] for name in names if row.get(name) not in (None, "")), None)
    refreshed = when(value) or (fallback if value is None else None)
    if refreshed is None:
        raise Broken("it has no date" if value is None else "its date is none")
    return refreshed


def when(value: Any) -> datetime | None:
    """A date or time as datetime in UTC without a zone; texts in the spellings of the exports."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 - UTC like all here
    text = _text(value).removesuffix(" UTC")
    for read in (datetime.fromisoformat, _american):
        try:
            return when(read(text))
        except (ValueError, OverflowError):
            continue
    return None


def _american(text: str) -> datetime:
    return datetime.strptime(text, "%m/%d/%y %H:%M")  # noqa: DTZ007 - UTC like all here


def _inside(value: Any, *path: str) -> Any:
    """What is at a path of names, written as key() writes them; None where there is nothing."""
    for wanted in path:
        if not isinstance(value, dict):
            return None
        value = next((inner for name, inner in value.items() if key(str(name)) == wanted), None)
    return value


def json_value(value: Any) -> Any:
    """The value of a JSON text, a value itself as it is; None for what is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None


def _list(value: Any) -> list[Any]:
    value = json_value(value) if isinstance(value, str) and value.startswith("[") else value
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


# --- the exports ----------------------------------------------------------------------------------------------------------

GOOGLE_COLUMNS = (
    "cloudentitytype",
    "cloudentityid",
    "name",
    "location",
    "recommender",
    "recommendersubtype",
    "targetresources",
    "description",
    "lastrefreshtime",
    "primaryimpact",
    "state",
    "priority",
    "recommendationdetails",
)

_HUB_MARKS = frozenset({"recommendationid", "actiontype", "resourcearn", "currentresourcetype"})
_IDLE_MARKS = frozenset({"resourcetype", "finding", "findingdescription"})

HUB_COLUMNS = (
    *sorted(_HUB_MARKS),
    "accountid",
    "region",
    "currencycode",
    "recommendationsource",
    "currentresourcesummary",
    "recommendedresourcesummary",
    *(
        f"estimated{what}{end}"
        for what in ("monthlycost", "monthlysavings", "savingspercentage")
        for end in ("beforediscount", "afterdiscount")
    ),
    "implementationeffort",
    "recommendationlookbackperiodindays",
    "lastrefreshtimestamp",
    "restartneeded",
)

FORMS: tuple[Form, ...] = (
    Form(source=OPTIMIZATION_HUB, kind="hub", marks=_HUB_MARKS, read=_hub),
    Form(
        source=RECOMMENDER,
        kind="recommender",
        marks=frozenset({"recommender", "recommendersubtype", "targetresources"}),
        read=_recommended,
    ),
    Form(source=COMPUTE_OPTIMIZER, kind="idle", marks=_IDLE_MARKS, read=_found_idle),
    *(
        Form(source=COMPUTE_OPTIMIZER, kind=kind, marks=frozenset({arn, *marks}), read=_optimized)
        for kind, arn, marks in (
            ("ec2", "instancearn", ("finding",)),
            ("asg", "autoscalinggrouparn", ("finding",)),
            ("ebs", "volumearn", ("finding",)),
            ("lambda", "functionarn", ("finding",)),
            ("ecs", "servicearn", ("finding",)),
            ("rds", "resourcearn", ("instancefinding",)),
            ("license", "resourcearn", ("finding", "currentlicenseconfigurationlicenseedition")),
        )
    ),
)
"""Every export that is read, the one that says most first."""
