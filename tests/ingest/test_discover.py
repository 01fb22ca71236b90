"""Which deliveries are found in a folder: every layout that clouds write, at every level, and what goes wrong."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from advisor.errors import ExportError
from advisor.ingest.discover import Delivery, discover
from advisor.ingest.location import Entry, LocalLocation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from advisor.ingest.location import Progress

AUGUST, SEPTEMBER = date(2026, 8, 1), date(2026, 9, 1)
UNREAD = "fc5a71f9-0000-4000-8000-000000000001"
"""A stale assembly whose id sorts after that of the newest."""


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Writes files below a folder: text as it is, everything else as JSON."""

    def write(files: dict[str, Any], folder: str = "bucket") -> Path:
        root = tmp_path / folder
        root.mkdir(exist_ok=True)
        for number, (name, content) in enumerate(files.items()):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            os.utime(path, (1_800_000_000 + number, 1_800_000_000 + number))
        return root

    return write


def legacy(keys: Sequence[str], assembly: str = "a", start: str = "20260801T000000.000Z") -> dict[str, Any]:
    return {"assemblyId": assembly, "billingPeriod": {"start": start}, "reportKeys": list(keys)}


def found(path: Path) -> list[Delivery]:
    deliveries, problems = discover(LocalLocation(path=path))
    assert problems == []
    return deliveries


def short(deliveries: Iterable[Delivery], root: Path) -> list[tuple[str, date | None, list[str]]]:
    """(source below `root`, period, file names) of each."""
    return [
        (d.source.removeprefix(f"{root}/"), d.period, [e.key.rsplit("/", 1)[-1] for e in d.entries]) for d in deliveries
    ]


def refused(path: Path) -> tuple[list[Delivery], ExportError]:
    deliveries, problems = discover(LocalLocation(path=path))
    (problem,) = problems
    assert problem.fix
    return deliveries, problem


# --- layouts ------------------------------------------------------------------------------------------------------

CREATE_NEW = {
    "p/nord/20260801-20260901/1b/nord-1.csv.gz": "new",
    "p/nord/20260801-20260901/1b/nord-Manifest.json": legacy(["p/nord/20260801-20260901/1b/nord-1.csv.gz"], "1b"),
    f"p/nord/20260801-20260901/{UNREAD}/nord-1.csv.gz": "stale",
    f"p/nord/20260801-20260901/{UNREAD}/nord-2.csv.gz": "stale",
    f"p/nord/20260801-20260901/{UNREAD}/nord-Manifest.json": legacy(
        [f"p/nord/20260801-20260901/{UNREAD}/nord-{n}.csv.gz" for n in (1, 2)], UNREAD
    ),
    "p/nord/20260801-20260901/nord-Manifest.json": legacy(["p/nord/20260801-20260901/1b/nord-1.csv.gz"], "1b"),
}
OVERWRITE = {
    "p/nord/20260801-20260901/nord-1.csv.gz": "x",
    "p/nord/20260801-20260901/nord-2.csv.gz": "x",
    "p/nord/20260801-20260901/nord-3.csv.gz": "left over from a larger delivery",
    "p/nord/20260801-20260901/nord-Manifest.json": legacy(
        [f"p/nord/20260801-20260901/nord-{n}.csv.gz" for n in (1, 2)]
    ),
}
ATHENA_DATA = "p/nord/nord/year=2026/month=8/nord-00001.snappy.parquet"
ATHENA = {
    ATHENA_DATA: "x",
    "p/nord/nord/year=2026/month=8/nord-Manifest.json": legacy([ATHENA_DATA]),
    "p/nord/20260801-20260901/nord-Manifest.json": legacy([ATHENA_DATA]),
    "p/nord/20260801-20260901/nord-create-table.sql": "create table",
    "p/nord/nord/cost_and_usage_data_status/status.parquet": "READY",
}
EXPORT = "p/daily/data/BILLING_PERIOD=2026-08"
DATA_OVERWRITE = {
    f"{EXPORT}/daily-00001.snappy.parquet": "x",
    "p/daily/metadata/BILLING_PERIOD=2026-08/daily-Manifest.json": {
        "executionId": "e",
        "billingPeriod": {"start": "20260801T000000.000Z"},
        "dataFiles": [f"s3://nordwind/{EXPORT}/daily-00001.snappy.parquet"],
    },
}
EARLY, LATE = "20260820T053621Z-ff", "20260901T053621Z-00"
DATA_CREATE_NEW = {
    f"{EXPORT}/{EARLY}/daily-00001.csv.gz": "stale",
    f"{EXPORT}/{LATE}/daily-00001.csv.gz": "new",
    **{
        f"p/daily/metadata/BILLING_PERIOD=2026-08/{folder}daily-Manifest.json": {
            "executionId": execution,
            "reportKeys": [f"{EXPORT}/{execution}/daily-00001.csv.gz"],
        }
        for folder, execution in ((f"{LATE}/", LATE), ("", LATE), (f"{EARLY}/", EARLY))
    },
}


@pytest.mark.parametrize(
    ("files", "source", "names"),
    [
        (CREATE_NEW, "p/nord", ["nord-1.csv.gz"]),
        (OVERWRITE, "p/nord", ["nord-1.csv.gz", "nord-2.csv.gz"]),
        (ATHENA, "p/nord", ["nord-00001.snappy.parquet"]),
        (DATA_OVERWRITE, "p/daily", ["daily-00001.snappy.parquet"]),
        (DATA_CREATE_NEW, "p/daily", ["daily-00001.csv.gz"]),
    ],
    ids=["create-new", "overwrite", "athena", "data overwrite", "data create-new"],
)
def test_layouts(tree: Callable[..., Path], files: dict[str, Any], source: str, names: list[str]) -> None:
    root = tree(files)
    (delivery,) = found(root)
    assert short([delivery], root) == [(source, AUGUST, names)]
    assert delivery.where == f"{root}/{source} 2026-08"
    assert delivery.size_bytes > 0
    assert not any(UNREAD in entry.key or EARLY in entry.key for entry in delivery.entries)


@pytest.mark.parametrize("files", [CREATE_NEW, OVERWRITE, DATA_OVERWRITE, DATA_CREATE_NEW])
def test_every_level_of_an_export_tells_source_and_period(tree: Callable[..., Path], files: dict[str, Any]) -> None:
    root = tree(files)
    (whole,) = found(root)
    path = root / whole.entries[0].key
    while path != root:
        (delivery,) = found(path)
        assert (delivery.source, delivery.period) == (whole.source, AUGUST)
        assert (root / whole.entries[0].key).name in {entry.key.rsplit("/", 1)[-1] for entry in delivery.entries}
        path = path.parent


def test_every_level_of_an_athena_export_tells_source_and_period(tree: Callable[..., Path]) -> None:
    root = tree(ATHENA)
    for path in (root / "p", root / "p/nord", root / "p/nord/nord", (root / ATHENA_DATA).parent, root / ATHENA_DATA):
        (delivery,) = found(path)
        assert (delivery.source, delivery.period) == (f"{root}/p/nord", AUGUST)


@pytest.mark.parametrize(
    "names",
    [
        [f"{EXPORT}/daily-00001.csv.gz", f"{EXPORT}/daily-00002.csv.gz"],
        [f"{EXPORT}/{LATE}/daily-00001.csv.gz", f"{EXPORT}/{EARLY}/daily-00001.csv.gz"],
        [f"{EXPORT}/2026-09-01T05:36:21.000Z-a/1.csv", f"{EXPORT}/2026-08-09T05:36:21.000Z-b/1.csv"],
        ["p/daily/20260801-20260831/1.csv.zip", "p/daily/20260801-20260831/2.csv.zip"],
        ["p/daily/year=2026/month=08/1.parquet", "p/daily/year=2026/month=08/2.parquet"],
    ],
)
def test_layouts_without_manifest(tree: Callable[..., Path], names: list[str]) -> None:
    root = tree(dict.fromkeys(names, "x"))
    (delivery,) = found(root)
    assert (delivery.source, delivery.period) == (f"{root}/p/daily", AUGUST)
    newest = [name for name in names if EARLY not in name and "08-09" not in name]
    assert [entry.key for entry in delivery.entries] == newest


def test_executions_without_a_manifest_above_them(tree: Callable[..., Path]) -> None:
    root = tree({name: content for name, content in DATA_CREATE_NEW.items() if "2026-08/daily" not in name})
    (delivery,) = found(root)
    assert [entry.key for entry in delivery.entries] == [f"{EXPORT}/{LATE}/daily-00001.csv.gz"]


def test_several_exports_and_periods(tree: Callable[..., Path]) -> None:
    september = {
        name.replace("20260801-20260901", "20260901-20261001"): legacy(
            [k.replace("20260801-20260901", "20260901-20261001") for k in content["reportKeys"]],
            start="20260901T000000.000Z",
        )
        if isinstance(content, dict)
        else content
        for name, content in OVERWRITE.items()
    }
    root = tree(
        OVERWRITE | september | DATA_CREATE_NEW | {"loose-1.csv": "x", "loose-2.csv": "x", "focus.parquet": "x"}
    )
    assert short(found(root), root) == [
        ("focus", None, ["focus.parquet"]),
        ("loose", None, ["loose-1.csv", "loose-2.csv"]),
        ("p/daily", AUGUST, ["daily-00001.csv.gz"]),
        ("p/nord", AUGUST, ["nord-1.csv.gz", "nord-2.csv.gz"]),
        ("p/nord", SEPTEMBER, ["nord-1.csv.gz", "nord-2.csv.gz"]),
    ]


def test_flat_copy_of_a_real_export(tree: Callable[..., Path]) -> None:
    """A manifest beside the unpacked file; its names are those of the bucket, and it has no billing period."""
    named = "CUR-daily/ha-cur/data/BILLING_PERIOD=2026-04/2026-04-16T15:24:15.653Z-04e9/ha-cur-1-00001.csv.gz"
    root = tree(
        {
            "ha-cur-1-00001.csv": "x",
            "ha-cur-1-Manifest.json": {"executionId": "04e9", "dataFiles": [f"s3://ha-bucket/{named}"]},
            "LICENSE": "MIT",
        }
    )
    assert short(found(root), root) == [("ha-cur-1", date(2026, 4, 1), ["ha-cur-1-00001.csv"])]


def test_a_loose_file_beside_a_flat_export_of_similar_name(tree: Callable[..., Path]) -> None:
    root = tree({"nord-1.csv": "x", "nord-Manifest.json": legacy(["p/nord-1.csv"]), "nordic.csv": "x"})
    assert short(found(root), root) == [("nord", AUGUST, ["nord-1.csv"]), ("nordic", None, ["nordic.csv"])]


@pytest.mark.parametrize(
    "listed",
    [
        {"reportKeys": ["p/x-1.csv.gz"]},
        {"reportKeys": ["/p/x-1.csv.gz"]},
        {"dataFiles": ["s3://bucket/p/x-1.csv.gz"]},
        {"dataFiles": [{"s3Uri": "s3://bucket/p/x-1.csv.gz"}]},
        {"files": [{"key": "p/x-1.csv.gz"}]},
        {"reportKeys": [], "dataFiles": ["s3://bucket/elsewhere/p/x-1.csv.gz"]},
    ],
    ids=str,
)
def test_spellings_of_a_manifest(tree: Callable[..., Path], listed: dict[str, Any]) -> None:
    root = tree({"p/x-1.csv.gz": "x", "p/x-Manifest.json": {"billingPeriod": {"start": "2026-08-01"}, **listed}})
    assert short(found(root), root) == [("p/x", AUGUST, ["x-1.csv.gz"])]


def test_a_manifest_that_names_a_file_twice(tree: Callable[..., Path]) -> None:
    root = tree({"p/x-1.csv": "x", "p/x-Manifest.json": legacy(["p/x-1.csv", "p/x-1.csv"])})
    assert short(found(root), root) == [("p/x", AUGUST, ["x-1.csv"])]


def test_two_names_for_one_file(tree: Callable[..., Path]) -> None:
    deliveries, problem = refused(tree({"x-1.csv": "x", "x-Manifest.json": legacy(["p/a/x-1.csv", "p/b/x-1.csv"])}))
    assert deliveries == []
    assert "only one of them is there" in problem.why


def test_a_manifest_apart_from_its_files(tree: Callable[..., Path]) -> None:
    root = tree({"files/x-1.csv": "x", "manifests/x-Manifest.json": legacy(["p/files/x-1.csv"])})
    assert short(found(root), root) == [("manifests/x", AUGUST, ["x-1.csv"])]


# --- fingerprints -------------------------------------------------------------------------------------------------


def test_a_fingerprint_changes_with_the_delivery_only(tree: Callable[..., Path]) -> None:
    files = dict(OVERWRITE)
    (first,) = found(tree(files))
    (copied,) = found(tree(files, "bucket"))
    manifest = "p/nord/20260801-20260901/nord-Manifest.json"
    (anew,) = found(tree({manifest: {**files[manifest], "assemblyId": "other"}}))
    assert first.fingerprint == copied.fingerprint != anew.fingerprint


def test_the_fingerprint_of_loose_files_changes_with_their_time(tree: Callable[..., Path]) -> None:
    root = tree({"x.csv": "x"})
    (first,) = found(root)
    os.utime(root / "x.csv", (1, 1))
    assert found(root)[0].fingerprint != first.fingerprint


# --- manifests that cannot be used --------------------------------------------------------------------------------


def test_a_manifest_that_names_a_missing_file(tree: Callable[..., Path]) -> None:
    root = tree({name: content for name, content in (OVERWRITE | DATA_OVERWRITE).items() if "nord-2" not in name})
    deliveries, problem = refused(root)
    assert short(deliveries, root) == [("p/daily", AUGUST, ["daily-00001.snappy.parquet"])]
    assert "nord-2.csv.gz" in problem.why
    assert "nord-Manifest.json" in problem.what


@pytest.mark.parametrize("key", ["p/../../../etc/passwd.csv", "..\\x.csv", "p/x/../x-1.csv"])
def test_a_manifest_that_leads_out(tree: Callable[..., Path], key: str) -> None:
    deliveries, problem = refused(tree({"p/x-1.csv": "x", "p/x-Manifest.json": legacy([key])}))
    assert deliveries == []
    assert "outside" in problem.why


BAD = ["", '{"assemblyId": "1', "[" * 100_000, "\udcff"]


@pytest.mark.parametrize("text", BAD, ids=["empty", "cut off", "nested", "no text"])
@pytest.mark.parametrize(
    ("data", "manifests"),
    [
        (EXPORT, ["p/daily/metadata/BILLING_PERIOD=2026-08"]),
        (f"{EXPORT}/{EARLY}", ["p/daily/metadata/BILLING_PERIOD=2026-08"]),
        ("p/nord/20260801-20260901", ["p/nord/20260801-20260901"]),
        ("p/nord/20260801-20260901/1b", ["p/nord/20260801-20260901"]),
        ("p/nord/nord/year=2026/month=8", ["p/nord/20260801-20260901"]),
        ("flat", ["flat"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_around_a_broken_manifest_are_not_guessed_at(
    tree: Callable[..., Path], data: str, manifests: list[str], text: str
) -> None:
    root = tree({f"{data}/x-1.csv": "x", "other/y.csv": "y"}, "metadata")
    for folder in manifests:
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / folder / "x-Manifest.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    deliveries, problem = refused(root)
    assert short(deliveries, root) == [("other/y", None, ["y.csv"])]
    assert "x-Manifest.json" in problem.what
    assert "is not JSON" in problem.why


def test_names_cannot_forge_lines_of_an_error(tree: Callable[..., Path]) -> None:
    name = "p\nerror: all is lost\x1b[2J/x-Manifest.json"
    _, problem = refused(tree({name: "", "p/y.csv": "y"}))
    assert len(str(problem).splitlines()) == 2
    assert "\x1b" not in str(problem)


def test_files_around_an_unreadable_manifest_are_not_guessed_at(tree: Callable[..., Path]) -> None:
    @dataclass(frozen=True)
    class Refusing:
        place: LocalLocation
        name = "s3://bucket"

        def entries(self) -> list[Entry]:
            return self.place.entries()

        def read(self, key: str) -> bytes:
            raise ExportError(f"object {key}", why="access denied", fix="Allow it.")

        def fetch(self, entries: Sequence[Entry], progress: Progress) -> list[Path]:
            raise NotImplementedError

    deliveries, problems = discover(Refusing(LocalLocation(path=tree(OVERWRITE))))
    assert deliveries == []
    assert [p.why for p in problems] == ["access denied"]


def test_a_manifest_without_files(tree: Callable[..., Path]) -> None:
    deliveries, problem = refused(tree({"p/x-1.csv": "x", "p/x-Manifest.json": legacy([])}))
    assert deliveries == []
    assert "names no data files" in problem.why


@pytest.mark.parametrize("document", [{"name": "a web page", "icons": []}, [], 1, None, {"billingPeriod": "soon"}])
def test_other_tools_manifests_are_left_alone(tree: Callable[..., Path], document: Any) -> None:
    root = tree({"manifest.json": document, "x.csv": "x"})
    assert short(found(root), root) == [("x", None, ["x.csv"])]


@pytest.mark.parametrize(
    "folder", ["BILLING_PERIOD=2026-13", "20260001-20260101", "year=2026/month=0", "year=0000/month=1"]
)
def test_folders_that_are_no_month(tree: Callable[..., Path], folder: str) -> None:
    root = tree({f"p/data/{folder}/x.csv": "x"})
    (delivery,) = found(root)
    assert (delivery.period, len(delivery.entries)) == (None, 1)


def test_a_billing_period_that_is_no_month(tree: Callable[..., Path]) -> None:
    root = tree({"p/x-1.csv": "x", "p/x-Manifest.json": legacy(["p/x-1.csv"], start="0000-05-01")})
    assert short(found(root), root) == [("p/x", None, ["x-1.csv"])]


# --- folders ------------------------------------------------------------------------------------------------------


def test_nothing_there(tree: Callable[..., Path], tmp_path: Path) -> None:
    for path, why in (
        (tree({}), "is empty"),
        (tree({"notes.txt": "x"}, "other"), "holds no billing export"),
        (tmp_path / "missing", "does not exist"),
    ):
        with pytest.raises(ExportError) as caught:
            discover(LocalLocation(path=path))
        assert why in caught.value.why
        assert str(path) in caught.value.what


def test_links_out_of_the_folder_are_not_followed(tree: Callable[..., Path], tmp_path: Path) -> None:
    outside = tree({"secret.csv": "x", "folder/deep.csv": "x"}, "outside")
    root = tree({"a.csv": "x"})
    (root / "link.csv").symlink_to(outside / "secret.csv")
    (root / "links").symlink_to(outside / "folder")
    (root / "inside.csv").symlink_to(root / "a.csv")
    assert [d.source for d in found(root)] == [f"{root}/a", f"{root}/inside"]
    (tmp_path / "entrance").symlink_to(root)
    assert len(found(tmp_path / "entrance")) == 2


def test_links_to_nothing_and_pipes_are_no_files(tree: Callable[..., Path]) -> None:
    root = tree({"a.csv": "x"})
    (root / "gone.csv").symlink_to(root / "nowhere.csv")
    os.mkfifo(root / "pipe.csv")
    assert [d.source for d in found(root)] == [f"{root}/a"]


def test_hidden_files_and_folders_are_ignored(tree: Callable[..., Path]) -> None:
    root = tree({"a.csv": "x", ".b.csv": "x", ".cache/c.csv": "x", "d/.e/f/g.csv": "x"})
    assert [d.source for d in found(root)] == [f"{root}/a"]


def test_sources_are_the_same_however_a_path_is_written(
    tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tree(OVERWRITE)
    (whole,) = found(root)
    monkeypatch.chdir(root)
    for path in (".", "p/", "./p/../p/nord"):
        (delivery,) = found(root.__class__(path))
        assert (delivery.source, delivery.fingerprint) == (whole.source, whole.fingerprint)
