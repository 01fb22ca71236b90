"""Loads checks: pairs of an SQL file with a TOML header and a file of cases, from the package or a user's folder."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from advisor.errors import CheckError
from advisor.model import CONFIDENCES, KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from importlib.resources.abc import Traversable

PROVIDERS = ("aws", "gcp", "any")
REQUIRED = ("id", "title", "kind", "service", "confidence", "blind_spots", "remediation", "reason", "judge")
ALLOWED = {
    *REQUIRED,
    "command",
    "commands",
    "params",
    "effort",
    "risk",
    "references",
    "scope",
    "sources",
    "overrules",
    "yields",
}
HEADER = re.compile(r"\A\s*/\*---\n(.*?)\n---\*/\n(.*)\Z", re.DOTALL)
PARAMETER = re.compile(r"(?<![\w$])\$([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A threshold of a check: its default, unit and meaning."""

    name: str
    default: Any
    unit: str
    help: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One SQL file: what it looks for (header) and how (query). `origin` is where it was read from.

    `overrules` are checks that only infer what this one measures: what is quiet here is no finding there. A check that
    `yields` stands behind all others of its kind, whatever it would save.
    """

    id: str
    title: str
    kind: str
    provider: str
    service: str
    confidence: str
    effort: str
    risk: str
    scope: str
    blind_spots: str
    remediation: str
    reason: str
    commands: Mapping[str, str]
    judge: Mapping[str, Any]
    params: Mapping[str, Parameter]
    references: tuple[str, ...]
    overrules: tuple[str, ...]
    yields: bool
    sql: str
    origin: str
    trusted: bool

    def bind(self, overrides: Mapping[str, Any], as_of: Any) -> dict[str, Any]:
        """The values of all parameters, with `as_of`; `overrides` by name stand before the defaults."""
        unknown = sorted(set(overrides) - set(self.params))
        if unknown:
            raise CheckError(
                f"check {self.id}",
                why=f"has no parameter {', '.join(unknown)}",
                fix=f"Its parameters are {', '.join(self.params) or 'none'}; correct [checks.{self.id}] in advisor.toml.",
            )
        for name, value in overrides.items():
            wanted = float if isinstance(self.params[name].default, (int, float)) else type(self.params[name].default)
            if isinstance(value, bool) or not isinstance(value, (int, float) if wanted is float else wanted):
                raise CheckError(
                    f"check {self.id}",
                    why=f"cannot take {name} = {value!r}",
                    fix=f"Give a value like {self.params[name].default} {self.params[name].unit} in [checks.{self.id}].",
                )
        return {"as_of": as_of} | {name: overrides.get(name, p.default) for name, p in self.params.items()}

    def query_params(self, bound: Mapping[str, Any]) -> dict[str, Any]:
        """Exactly the parameters that the query names: DuckDB refuses surplus ones."""
        names = set(PARAMETER.findall(_without_comments(self.sql)))
        return {name: value for name, value in bound.items() if name in names}


def parse_check(text: str, *, provider: str, origin: str, trusted: bool) -> Check:
    """The check in `text`; raises CheckError naming `origin` when header or query are not of the form."""
    match = HEADER.match(text.replace("\r\n", "\n"))
    if match is None:
        raise _bad(origin, "does not begin with a /*--- … ---*/ header", "Run `advisor checks new` for a template.")
    try:
        header = tomllib.loads(match[1])
    except tomllib.TOMLDecodeError as error:
        raise _bad(origin, f"has a header that is not TOML: {error}", "Correct the header.") from error
    missing = [key for key in REQUIRED if key not in header]
    surplus = sorted(set(header) - ALLOWED)
    if missing or surplus:
        raise _bad(
            origin,
            f"has a header without {', '.join(missing)}" if missing else f"has unknown keys {', '.join(surplus)}",
            f"Keys are {', '.join(sorted(ALLOWED))}.",
        )
    if header["kind"] not in KINDS or header["confidence"] not in CONFIDENCES:
        raise _bad(origin, "has an unknown kind or confidence", f"Kinds: {', '.join(KINDS)}; {', '.join(CONFIDENCES)}.")
    params = {
        name: Parameter(name=name, default=spec["default"], unit=spec["unit"], help=spec["help"])
        for name, spec in header.get("params", {}).items()
        if _complete(spec, name, origin)
    }
    used = set(PARAMETER.findall(_without_comments(match[2])))
    if undeclared := sorted(used - set(params) - {"as_of"}):
        raise _bad(origin, f"uses ${', $'.join(undeclared)} without declaring it", "Add a [params.…] table.")
    for role in ("at_most", "at_least", "above"):
        if role in header["judge"] and header["judge"][role] not in params:
            raise _bad(
                origin, f"judges by the parameter {header['judge'][role]}, which it does not declare", "Declare it."
            )
    commands = header.get("commands", {})
    if "command" in header:
        commands = {"": header["command"], **commands}
    return Check(
        id=header["id"],
        title=header["title"],
        kind=header["kind"],
        provider=provider,
        service=header["service"],
        confidence=header["confidence"],
        effort=header.get("effort", "low"),
        risk=header.get("risk", "medium"),
        scope=header.get("scope", "resource"),
        blind_spots=header["blind_spots"],
        remediation=header["remediation"],
        reason=header["reason"],
        commands=commands,
        judge=header["judge"],
        params=params,
        references=tuple(header.get("references", ())),
        overrules=tuple(header.get("overrules", ())),
        yields=bool(header.get("yields", False)),
        sql=match[2].strip(),
        origin=origin,
        trusted=trusted,
    )


@cache
def shipped_checks() -> tuple[Check, ...]:
    """Every check of the package, by id."""
    root = files("advisor.queries") / "checks"
    return _unique(
        parse_check(
            path.read_text("utf-8"), provider=provider, origin=f"queries/checks/{provider}/{path.name}", trusted=True
        )
        for provider in PROVIDERS
        if (folder := root / provider).is_dir()
        for path in _sql_files(folder)
    )


def load_checks(paths: Sequence[Path] = ()) -> tuple[Check, ...]:
    """The package's checks and those of the user's folders; an id that occurs twice is an error naming both files."""
    own = [
        parse_check(_read(file), provider=_provider_of(file), origin=str(file), trusted=False)
        for folder in paths
        for file in _user_files(folder)
    ]
    return _unique([*shipped_checks(), *own])


def cases_text(check: Check) -> str:
    """The text of the check's case file, '' when there is none."""
    name = Path(check.origin).with_suffix(".cases.toml")
    if check.trusted:
        resource = files("advisor.queries").joinpath("checks", check.provider, name.name)
        return resource.read_text("utf-8") if resource.is_file() else ""
    return _read(name) if name.is_file() else ""


def _sql_files(folder: Traversable) -> list[Traversable]:
    return sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)


def _user_files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise CheckError(
            f"folder of checks {folder}", why="is not a folder", fix="Correct checks.paths in advisor.toml."
        )
    return sorted(folder.rglob("*.sql"))


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _bad(str(file), f"cannot be read ({error})", "Save it as UTF-8 text, readable to this user.") from error


def _provider_of(file: Path) -> str:
    return file.parent.name if file.parent.name in PROVIDERS else "any"


def _complete(spec: Mapping[str, Any], name: str, origin: str) -> bool:
    if set(spec) != {"default", "unit", "help"}:
        raise _bad(origin, f"declares parameter {name} without default, unit and help", "Give all three.")
    return True


def _unique(checks: Iterable[Check]) -> tuple[Check, ...]:
    seen: dict[str, Check] = {}
    for check in checks:
        if check.id in seen:
            raise CheckError(
                f"check {check.id}",
                why=f"is defined in {seen[check.id].origin} and in {check.origin}",
                fix="Give one of them another id; to change a threshold use [checks.<id>] in advisor.toml.",
            )
        seen[check.id] = check
    return tuple(seen[key] for key in sorted(seen))


def _without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*", "", sql)


def _bad(origin: str, why: str, fix: str) -> CheckError:
    return CheckError(f"check {origin}", why=why, fix=fix)
