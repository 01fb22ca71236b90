"""What a check means, as text for the terminal and for queries/README.md."""

from __future__ import annotations

import inspect
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

from advisor import store
from advisor.rules import cases, engine
from advisor.rules.context import ContextRules
from advisor.rules.kinds import COMMON, KINDS, OPTIONAL
from advisor.rules.scaffold import TEMPLATES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from advisor.rules.catalogue import Check


def check_text(check: Check, *, with_sql: bool) -> str:
    """One check for a terminal: meaning, parameters, way out, blind spots, and the query if asked."""
    lines = [
        f"{check.id}: {check.title}",
        f"  kind {check.kind}, confidence {check.confidence}, effort {check.effort}, risk {check.risk}",
        f"  service      {check.service}",
        f"  says         {check.reason}",
        f"  way out      {check.remediation}",
        f"  cannot see   {check.blind_spots}",
        f"  defined in   {check.origin}",
    ]
    lines += [f"  parameter    {p.name} = {p.default} {p.unit}: {p.help}" for p in check.params.values()]
    for variant, command in check.commands.items():
        label = f"command      ({variant}) " if variant else "command      "
        lines += [f"  {label}{line}" for line in command.strip().splitlines()]
    if with_sql:
        lines += ["", check.sql]
    return "\n".join(lines)


def catalogue_markdown(checks: Iterable[Check]) -> str:
    """The catalogue as Markdown: counts, an overview table, and a section per check."""
    checks = sorted(checks, key=lambda c: c.id)
    kinds = Counter(c.kind for c in checks)
    parts = [
        f"{len(checks)} checks: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())) + ".",
        "",
        "| check | kind | confidence | what it says |",
        "|---|---|---|---|",
        *(f"| [{c.id}](#{c.id}) | {c.kind} | {c.confidence} | {_cell(c.title)} |" for c in checks),
        "",
    ]
    for check in checks:
        parts += _section(check)
    return "\n".join(parts)


def _section(check: Check) -> list[str]:
    rows = [f"| `{p.name}` | {p.default} | {p.unit} | {_cell(p.help)} |" for p in check.params.values()]
    commands = [line.strip() for text in check.commands.values() for line in text.strip().splitlines()]
    return [
        f"### {check.id}",
        "",
        f"{check.title}. {check.service}; kind {check.kind}, confidence {check.confidence}, effort {check.effort},"
        f" risk {check.risk}.",
        "",
        f"**Way out.** {check.remediation}",
        "",
        f"**Cannot see.** {check.blind_spots}",
        "",
        f"**Query.** [{check.origin.removeprefix('queries/')}]({check.origin.removeprefix('queries/')})",
        "",
        *(["| parameter | default | unit | meaning |", "|---|---|---|---|", *rows, ""] if rows else []),
        *(["```sh", *commands, "```", ""] if commands else []),
    ]


RELATIONS = {
    "usage_meters": "one row per meter (resource, SKU, usage type, price class): what exists, without amounts",
    "usage_days": "usage of one meter on one day: what most checks read",
    "usage_months": "the same by month: small, for long histories",
    "resource_days": "every other line as well: fees, taxes, credits, refunds, told apart by `charge_role`",
    "resource_months": "the same by month",
    "resources": "one row per resource: owner, environment, first and last day, main region and service",
    "utilization": "one row per resource, metric and day: how busy it was (`advisor metrics --list` names the metrics)",
    "states": "what a cloud's inventory said last: running, stopped, attached or unattached, and since when",
    "advice": "what the clouds themselves recommend",
    "machine_units": "machines, and groups that replace their members, day by day: shape, hours, cost",
}
MACROS = {
    "measured('cpu_utilization', $as_of, $window_days)": "one metric of each resource over the window",
    "quiet_week([{'metric': 'cpu_utilization', 'at_most': 5}], $as_of, $window_days, 4)": "hours of the week in which"
    " nothing happens, in stretches of at least four",
    "volumes($as_of, $window_days)": "EBS volumes",
    "machines('ec2', $as_of, $window_days)": "what the kind `oversized` judges: shape, load and what else there is",
}
"""Relations that take arguments, with an example each."""


def relations_markdown() -> str:
    """What the query of a check may read, with all columns."""
    with store.scratch() as con:
        engine.prepare(con, loads=[], as_of=date(2026, 1, 31), context=ContextRules())
        engine.prepare_utilization(con)
        examples = {call: call.replace("$as_of", "date '2026-01-31'").replace("$window_days", "28") for call in MACROS}
        results = {
            call: [row[0] for row in con.execute(f"describe select * from {example}").fetchall()]
            for call, example in examples.items()
        }
        columns = {name: [row[0] for row in con.execute(f"describe {name}").fetchall()] for name in RELATIONS}
    of_meters = columns["usage_meters"]
    parts = []
    for name, text in RELATIONS.items():
        extends = set(of_meters) < set(columns[name])
        own = [column for column in columns[name] if not (extends and column in of_meters)]
        more = "; the columns of usage_meters and these" if extends else ""
        parts += [f"`{name}`: {text}{more}.", "", "```text", *_wrapped(own), "```", ""]
    for call, text in MACROS.items():
        parts += [f"`{call}`: {text}.", "", "```text", *_wrapped(results[call]), "```", ""]
    return "\n".join(parts[:-1])


def _wrapped(words: Iterable[str], width: int = 118) -> list[str]:
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def columns_markdown() -> str:
    """What a check's query must and may return."""
    rows = [*((n, "yes", t) for n, t in COMMON.items()), *((n, "", t) for n, t in OPTIONAL.items())]
    return "\n".join(
        ["| column | required | meaning |", "|---|---|---|", *(f"| `{n}` | {r} | {_cell(t)} |" for n, r, t in rows)]
    )


def kinds_markdown() -> str:
    """Each kind in the words of its function, with the [judge] table of the template."""
    parts = []
    for name, kind in KINDS.items():
        parts += [
            f"#### {name}",
            "",
            inspect.getdoc(kind) or "",
            "",
            "```toml",
            "[judge]",
            TEMPLATES[name].judge,
            "```",
            "",
        ]
    return "\n".join(parts[:-1])


def cases_text() -> str:
    """The fields of a case file, in the words of the module that runs it."""
    lines = inspect.cleandoc(cases.__doc__ or "").splitlines()
    return "\n".join(["```text", *(line.removeprefix("    ") for line in lines[4:]), "```"])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
