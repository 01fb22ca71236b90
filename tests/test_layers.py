"""Imports go down only, and starting up stays light."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HEAVY = ("polars", "duckdb", "pyarrow", "boto3", "rich")


def lint_imports(source: Path) -> subprocess.CompletedProcess[str]:
    """The contracts of pyproject.toml over the package in the folder `source`."""
    program = "import sys; from importlinter.cli import lint_imports_command; lint_imports_command()"
    options = ["--config", str(ROOT / "pyproject.toml"), "--no-cache", "--no-logo"]
    return subprocess.run(
        [sys.executable, "-c", program, *options], cwd=source, capture_output=True, text=True, timeout=120, check=False
    )


def test_contracts_hold() -> None:
    done = lint_imports(ROOT / "src")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("file", "line", "complaint"),
    [
        ("stray.py", "", "advisor.stray"),
        ("model.py", "import advisor.store", "advisor.model -> advisor.store"),
        ("reports/csv_report.py", "import advisor.rules", "advisor.reports is not allowed to import advisor.rules"),
        ("rules/kinds.py", "import duckdb", "advisor.rules.kinds -> duckdb"),
        ("app.py", "import duckdb", "advisor.app -> duckdb"),
        ("store/__init__.py", "import click", "advisor.store -> click"),
    ],
)
def test_contracts_report(tmp_path: Path, file: str, line: str, complaint: str) -> None:
    shutil.copytree(ROOT / "src" / "advisor", tmp_path / "advisor", ignore=shutil.ignore_patterns("__pycache__"))
    with (tmp_path / "advisor" / file).open("a") as module:
        module.write(f"\n{line}\n")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    assert complaint in done.stdout


def imported_by(program: str) -> set[str]:
    """Top-level packages that `program` has imported when it ends."""
    watch = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    done = subprocess.run(
        [sys.executable, "-c", watch + program], capture_output=True, text=True, timeout=60, check=True
    )
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["scan", "--help"], ["checks", "new", "--help"]])
def test_help_is_light(arguments: list[str]) -> None:
    modules = imported_by(f"from advisor.cli import main; main({arguments!r})")
    assert "click" in modules
    assert modules.isdisjoint(HEAVY)


def test_app_is_light() -> None:
    assert imported_by("import advisor.app").isdisjoint({"polars", "boto3", "rich", "jinja2"})
