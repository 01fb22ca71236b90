"""What is shipped equals what is in the tree, and what is installed is what pyproject.toml allows."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from advisor import __version__
from advisor.rules.catalogue import shipped_checks

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "pyproject.toml").read_text("utf-8")
DOCUMENT = tomllib.loads(TEXT)
PROJECT = DOCUMENT["project"]
SETUPTOOLS = DOCUMENT["tool"]["setuptools"]
PIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*==[0-9][A-Za-z0-9.+]*")


def shipped_files() -> dict[str, Path]:
    """Path inside the wheel → file in the tree, of everything under src/advisor and queries."""
    trees = {"advisor": ROOT / "src" / "advisor", "advisor/queries": ROOT / "queries"}
    return {
        f"{prefix}/{file.relative_to(folder).as_posix()}": file
        for prefix, folder in trees.items()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith(".")
    }


def test_the_list_of_packages_is_the_tree() -> None:
    inits = [name for name in shipped_files() if name.endswith("/__init__.py")]
    assert SETUPTOOLS["packages"] == sorted(name.removesuffix("/__init__.py").replace("/", ".") for name in inits)


def test_every_file_is_matched_by_package_data() -> None:
    packages = sorted(SETUPTOOLS["packages"], key=len, reverse=True)
    missing = []
    for name in shipped_files():
        package = next(p for p in packages if name.startswith(p.replace(".", "/") + "/"))
        inside = name.removeprefix(package.replace(".", "/") + "/")
        patterns = SETUPTOOLS["package-data"].get(package, [])
        is_module = inside.endswith(".py") and "/" not in inside
        if not is_module and not any(fnmatch(inside, pattern.replace("**/", "*")) for pattern in patterns):
            missing.append(name)
    assert missing == []


def test_the_version_is_one() -> None:
    assert PROJECT["version"] == __version__


def dependencies() -> dict[str, list[Requirement]]:
    """Extra (none: "") → requirements."""
    groups = {"": PROJECT["dependencies"], **PROJECT["optional-dependencies"]}
    return {extra: [Requirement(text) for text in texts] for extra, texts in groups.items()}


def test_every_dependency_says_why() -> None:
    count = sum(len(requirements) for requirements in dependencies().values())
    lines = re.findall(r'^  "([a-z0-9-]+(?:\[[a-z0-9,]+\])?>=[^"]+)",(.*)$', TEXT, re.MULTILINE)
    assert len(lines) == count
    assert [requirement for requirement, comment in lines if not re.fullmatch(r" +# \S.{5,}", comment)] == []


def pins(name: str) -> dict[str, str]:
    """Canonical name → version."""
    lines = [line for line in (ROOT / name).read_text("utf-8").splitlines() if not line.startswith("-r ")]
    return {canonicalize_name(n): version for n, _, version in (line.partition("==") for line in lines)}


@pytest.mark.parametrize(
    ("name", "first"), [("requirements.txt", []), ("requirements-dev.txt", ["-r requirements.txt"])]
)
def test_requirements_hold_pins_and_nothing_else(name: str, first: list[str]) -> None:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    assert lines[: len(first)] == first
    rest = lines[len(first) :]
    assert [line for line in rest if not PIN.fullmatch(line)] == []
    assert rest == sorted(rest, key=str.lower)
    assert "advisor" not in pins(name)


@pytest.mark.parametrize("extra", ["", "s3", "xlsx", "dev"])
def test_pins_are_in_the_ranges(extra: str) -> None:
    known = pins("requirements.txt") | (pins("requirements-dev.txt") if extra == "dev" else {})
    for requirement in dependencies()[extra]:
        version = known.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not pinned"
        assert requirement.specifier.contains(version), requirement


def test_nothing_is_pinned_twice() -> None:
    assert pins("requirements.txt").keys().isdisjoint(pins("requirements-dev.txt"))


def run(*command: object, cwd: Path) -> str:
    """stdout of a program; fails with all it said."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.slow
def test_the_wheel_built_from_the_sdist_works(tmp_path: Path) -> None:
    """sdist → wheel → a new environment with the core dependencies only; needs the package index."""
    run(sys.executable, "-m", "build", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (sdist,), (wheel,) = tmp_path.glob("*.tar.gz"), tmp_path.glob("*.whl")

    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        assert packed == set(shipped_files())
        assert any(name.endswith("LICENSE") for name in archive.namelist())
    with tarfile.open(sdist) as archive:
        assert any(member.name.endswith("/queries/__init__.py") for member in archive)

    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    binaries = tmp_path / "venv" / "bin"
    run(binaries / "python", "-m", "pip", "install", "-q", "-c", ROOT / "requirements.txt", wheel, cwd=tmp_path)
    assert run(binaries / "advisor", "--version", cwd=tmp_path).endswith(f"{__version__}\n")
    listed = run(binaries / "advisor", "checks", "list", "--format", "csv", cwd=tmp_path)
    assert len(listed.splitlines()) == 1 + len(shipped_checks())
    scan = run(binaries / "advisor", "scan", ROOT / "sample_exports", cwd=tmp_path)
    assert "sums equal the export" in scan
    html = run(binaries / "advisor", "scan", ROOT / "sample_exports/aws_focus_1_2", "--format", "html", cwd=tmp_path)
    assert html.startswith("<!doctype html>")
