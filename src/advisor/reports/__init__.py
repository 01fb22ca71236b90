"""Report formats over one frozen ScanResult: an explicit registry whose heavy imports wait until a format is used.

A new format is one module with a function `render`, one entry in `FORMATS` and one golden file.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from advisor.model import ScanResult


class Render(Protocol):
    """What the module of a format offers under the name `render`."""

    def __call__(self, result: ScanResult, *, width: int | None, color: bool, top: int | None) -> str | bytes:
        """The report; `width` in columns and `color` matter on a terminal only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFormat:
    """One way to show a ScanResult. `binary` formats render bytes, which do not belong on a terminal."""

    name: str
    suffix: str
    binary: bool
    module: str

    def render(
        self, result: ScanResult, *, width: int | None = None, color: bool = False, top: int | None = None
    ) -> str | bytes:
        """The report: text with LF line ends, or bytes where `binary`.

        `top` is the largest number of findings to show; None is the habit of the format: the first fifteen on a
        terminal, all of them anywhere else. Totals always count every finding.
        """
        # Imported here because rich, jinja2 and xlsxwriter would each add tens of milliseconds to every command.
        render = cast("Render", import_module(self.module).render)
        return render(result, width=width, color=color, top=top)


FORMATS: dict[str, ReportFormat] = {
    entry.name: entry
    for entry in (
        ReportFormat(name="table", suffix=".txt", binary=False, module="advisor.reports.terminal"),
        ReportFormat(name="html", suffix=".html", binary=False, module="advisor.reports.html"),
        ReportFormat(name="json", suffix=".json", binary=False, module="advisor.reports.json_report"),
        ReportFormat(name="csv", suffix=".csv", binary=False, module="advisor.reports.csv_report"),
        ReportFormat(name="xlsx", suffix=".xlsx", binary=True, module="advisor.reports.xlsx"),
        ReportFormat(name="markdown", suffix=".md", binary=False, module="advisor.reports.markdown"),
    )
}
"""Formats by the name that `--format` takes."""
