"""Measures advisor as ratios: every figure stands beside a raw command that ran in turn with it on the same files.

    python tests/bench/bench.py                         # `make bench`: 5 million lines, some ten minutes the first time
    python tests/bench/bench.py --quick                 # a smoke test on little data; its ratios mean nothing
    python tests/bench/bench.py --only T1,T5 --rows 20000000
    python tests/bench/bench.py --only T10 --kills 100

Exports are generated once (make_exports.py) into --data and used again. The table goes to stdout, progress to stderr.
A missed timing is no failure: the exit code is 1 only where a command failed, a killed load left half a state (T10) or
totals differed (T16). Seconds are wall time of whole processes, Python's start included; MB are 2**20 bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import programs
from processes import Pairs, ProgramError, Run, Sandbox, alternate
from table import Line, at_least, compare, limit, machine, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

HERE = Path(__file__).resolve().parent
ADVISOR = str(Path(sys.executable).with_name("advisor"))
MIB = 2**20
LAST_PERIOD = "2026-10"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A generated export."""

    root: Path
    files: str
    """Glob of the data files."""

    @property
    def size(self) -> int:
        """Bytes of the data files."""
        return sum(path.stat().st_size for path in self.root.glob(str(Path(self.files).relative_to(self.root))))


class Bench:
    """Arguments, generated data and the database that most measurements start from."""

    def __init__(self, args: argparse.Namespace, work: Path) -> None:
        self.args = args
        self.work = work
        self.sandbox = Sandbox(work)
        self.peak_mib = 0.0  # of full ingests
        self.full_db = work / "full.duckdb"

    def export(
        self, rows: int, months: int, meters: int, *, form: str = "cur2", share: float = 0.3, seed: int = 0
    ) -> Export:
        """Generates an export, or takes the one of an earlier run with the same arguments and generator."""
        code = b"".join((HERE / name).read_bytes() for name in ("make_exports.py", "lines.sql"))
        digest = hashlib.sha256(code).hexdigest()[:8]
        root = self.args.data / f"{form}-{rows}-{months}-{meters}-{share:g}-{seed}-{digest}"
        done = root / "done"  # written last
        if not done.exists():
            say(f"generating {root.name}")
            shutil.rmtree(root, ignore_errors=True)
            options = {"--format": form, "--rows": rows, "--months": months, "--meters": meters, "--seed": seed}
            options |= {"--short-lived-share": share, "--last-month": LAST_PERIOD, "--files-per-month": 2}
            options |= {"--out": root / "export"}
            words = [str(word) for pair in options.items() for word in pair]
            self.sandbox.run([sys.executable, str(HERE / "make_exports.py"), *words])
            done.touch()
        pattern = "*/*.csv.gz" if form == "legacy" else "data/*/*.parquet"
        return Export(root=root / "export", files=str(root / "export/bench" / pattern))

    def gcp(self, rows: int, months: int, form: str) -> Export:
        """The same for a detailed export of Google Cloud."""
        digest = hashlib.sha256((HERE / "make_gcp.py").read_bytes()).hexdigest()[:8]
        root = self.args.data / f"gcp-{form}-{rows}-{months}-{digest}"
        if not (root / "done").exists():
            say(f"generating {root.name}")
            shutil.rmtree(root, ignore_errors=True)
            options = {"--format": form, "--rows": rows, "--months": months, "--out": root / "export"}
            words = [str(word) for pair in options.items() for word in pair]
            self.sandbox.run([sys.executable, str(HERE / "make_gcp.py"), *words])
            (root / "done").touch()
        return Export(root=root / "export", files=str(root / "export" / f"*.{form}*"))

    def machines(self, count: int) -> Path:
        """A database of machines with their metrics, generated or that of an earlier run."""
        digest = hashlib.sha256((HERE / "make_machines.py").read_bytes()).hexdigest()[:8]
        root = self.args.data / f"machines-{count}-{digest}"
        if not (root / "done").exists():
            say(f"generating {root.name}")
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            options = ["--out", str(root / "machines.duckdb"), "--machines", str(count)]
            self.sandbox.run([sys.executable, str(HERE / "make_machines.py"), *options])
            (root / "done").touch()
        return root / "machines.duckdb"

    @property
    def full(self) -> Export:
        """The export of --rows lines in twelve months."""
        return self.export(self.args.rows, 12, self.args.meters)

    def ingest(self, export: Path, db: Path, *, threads: int = 0) -> Run:
        """`advisor ingest` as a whole process."""
        env = {"ADVISOR_THREADS": str(threads)} if threads else {}
        return self.sandbox.run([ADVISOR, "ingest", str(export), "--db", str(db)], env=env)

    def ingest_new(self, export: Path, db: Path, *, threads: int = 0) -> Run:
        """`advisor ingest` into a database that does not exist yet."""
        drop(db)
        return self.ingest(export, db, threads=threads)

    def ingest_full(self) -> Run:
        """Loads the full export into `full_db` and remembers the peak memory."""
        run = self.ingest_new(self.full.root, self.full_db)
        self.peak_mib = max(self.peak_mib, run.peak_mib)
        return run

    def loaded(self) -> Path:
        """A database that holds the full export."""
        if not self.full_db.exists():
            self.ingest_full()
        return self.full_db

    def scan_files(self, export: Export) -> Run:
        """L1: two columns of all files."""
        return self.sandbox.python(programs.L1, export.files)

    def rows_of(self, db: Path, sql: str) -> list[list[object]]:
        """The rows of a query, empty where the schema is missing; fails if the file does not open."""
        return json.loads(self.sandbox.python(programs.QUERY, db, sql).stdout) if db.exists() else []


def say(text: str) -> None:
    """Progress."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def drop(db: Path) -> None:
    """Removes a database and what lies beside it under its name."""
    for path in db.parent.glob(db.name + "*"):
        if path.is_dir():  # DuckDB spills into one, and a killed process leaves it
            shutil.rmtree(path)
        else:
            path.unlink()


def bytes_of(db: Path) -> int:
    """Size of a database with its log."""
    return sum(path.stat().st_size for path in db.parent.glob(db.name + "*") if path.is_file())


def t1(bench: Bench) -> Iterator[Line]:
    pairs = alternate(bench.args.pairs, bench.ingest_full, lambda: bench.scan_files(bench.full))
    yield compare("T1", f"ingest {bench.args.rows:,} lines / L1", pairs, 13)


def t2(bench: Bench) -> Iterator[Line]:
    def load_all() -> Run:
        drop(bench.work / "all.duckdb")
        return bench.sandbox.python(programs.ALL_COLUMNS, bench.full.files, bench.work / "all.duckdb")

    pairs = alternate(1, bench.ingest_full, load_all)
    drop(bench.work / "all.duckdb")
    yield compare("T2", "ingest / CREATE TABLE AS SELECT *", pairs, 0.12)


def t3(bench: Bench) -> Iterator[Line]:
    args = bench.args
    if not bench.peak_mib:
        bench.ingest_full()
    yield limit(
        "T3", f"peak memory of ingest, {args.rows:,} lines", f"{bench.peak_mib:.0f} MB", "", bench.peak_mib, 512, " MB"
    )
    small = bench.export(args.rows // 5, 12, args.meters // 5)
    peak = bench.ingest_new(small.root, bench.work / "small.duckdb").peak_mib
    ours, raw = f"{bench.peak_mib:.0f} MB", f"{peak:.0f} MB"
    yield limit("T3a", "the same / a fifth of lines and meters", ours, raw, bench.peak_mib / peak, 1.5)
    rows = args.month_rows
    for name, meters in (("T3b", rows // 15), ("T3c", rows // 3)):
        month = bench.export(rows, 1, meters, share=0.9)
        peak = bench.ingest_new(month.root, bench.work / "many.duckdb").peak_mib
        yield limit(
            name, f"peak memory, {rows:,} lines, {meters:,} meters in a month", f"{peak:.0f} MB", "", peak, 512, " MB"
        )


def t4(bench: Bench) -> Iterator[Line]:
    ours, raw = bytes_of(bench.loaded()), bench.full.size
    yield limit(
        "T4", "database / Parquet bytes", f"{ours / MIB:.1f} MB", f"{raw / MIB:.1f} MB", 100 * ours / raw, 4, "%"
    )


def t5(bench: Bench) -> Iterator[Line]:
    db, report = bench.work / "scan.duckdb", bench.work / "report.json"
    shutil.copyfile(bench.loaded(), db)  # a scan may keep its report in the database
    command = [ADVISOR, "scan", "--db", str(db), "--format", "json", "-o", str(report)]
    pairs = alternate(
        bench.args.pairs,
        lambda: bench.sandbox.run(command, allowed=(0, 3)),
        lambda: bench.scan_files(bench.full),
    )
    found = json.loads(report.read_text("utf-8"))
    what = f"scan, {len(found['checks'])} checks, {len(found['findings'])} findings / L1"
    yield compare("T5", what, pairs, 0.75)


def t6(bench: Bench) -> Iterator[Line]:
    db = bench.loaded()
    try:
        bench.sandbox.python(programs.JUDGE, db)
    except ProgramError as failure:
        reason = str(failure).splitlines()[-1]
        yield Line(id="T6", what=f"judging in process: {reason[:80]}", target="<= 0.05x", verdict="skipped")
        return
    ours, raws, ratios = [], [], []
    for _ in range(bench.args.pairs):
        raw_count, raw_seconds = bench.sandbox.python(
            programs.RAW_RULES, bench.full.files, HERE / "rules.sql"
        ).stdout.split()
        checks, seconds, findings, errors = bench.sandbox.python(programs.JUDGE, db).stdout.split()
        ours.append(float(seconds))
        raws.append(float(raw_seconds) / int(raw_count) * int(checks))
        ratios.append(ours[-1] / raws[-1])
    middle = sorted(range(len(ratios)), key=ratios.__getitem__)[len(ratios) // 2]
    pairs = Pairs(ours=ours[middle], raw=raws[middle], ratio=ratios[middle], peak_mib=0)
    what = f"{checks} checks in process, {findings} findings, {errors} errors / {raw_count} on Parquet, scaled"
    yield compare("T6", what, pairs, 0.05)


def working_copy(export: Export, target: Path) -> Path:
    """A copy whose periods can be delivered again; files that stay as they are are linked."""
    shutil.copytree(export.root, target, copy_function=os.link)
    return target


def redeliver(root: Path, turn: int, period: str = LAST_PERIOD) -> None:
    """Makes one billing period look newly delivered: another execution id, another file with the same lines."""
    manifest = root / f"bench/metadata/BILLING_PERIOD={period}/bench-Manifest.json"
    text = json.loads(manifest.read_text("utf-8"))
    text["executionId"] = f"00000000-0000-4000-8000-{turn:012}"
    manifest.unlink()  # a link to the generated one
    manifest.write_text(json.dumps(text), "utf-8")
    data = min((root / f"bench/data/BILLING_PERIOD={period}").iterdir())
    copy = data.with_suffix(".copy")
    shutil.copyfile(data, copy)
    copy.replace(data)


def t7(bench: Bench) -> Iterator[Line]:
    root, db = working_copy(bench.full, bench.work / "t7"), bench.work / "t7.duckdb"
    turns = iter(range(bench.args.pairs))

    def replace() -> Run:
        redeliver(root, next(turns))
        return bench.ingest(root, db)

    pairs = alternate(bench.args.pairs, replace, lambda: bench.ingest_new(root, db))
    yield compare("T7", "replace 1 of 12 months / full ingest", pairs, 0.12)


def t8(bench: Bench) -> Iterator[Line]:
    db = bench.loaded()
    pairs = alternate(
        bench.args.short_pairs,
        lambda: bench.ingest(bench.full.root, db),
        lambda: bench.sandbox.python(programs.OPEN, db),
    )
    yield compare("T8", "nothing new / import click, duckdb and open", pairs, 1.3)


def t9(bench: Bench) -> Iterator[Line]:
    root, db = working_copy(bench.full, bench.work / "t9"), bench.work / "t9.duckdb"
    bench.ingest_new(root, db)
    before = bytes_of(db)
    for turn in range(10):
        redeliver(root, turn)
        bench.ingest(root, db)
    after = bytes_of(db)
    yield limit(
        "T9",
        "file after 10 replacements / before",
        f"{after / MIB:.1f} MB",
        f"{before / MIB:.1f} MB",
        after / before,
        1.25,
    )


def t10(bench: Bench) -> Iterator[Line]:
    """Kills at moments spread evenly over the load (golden ratio: no two alike); every other one is a first load."""
    root, before, db = bench.work / "t10", bench.work / "t10-before.duckdb", bench.work / "t10.duckdb"
    rows = bench.args.kill_rows
    working_copy(bench.export(rows, 3, 2_000, seed=1), root)
    bench.ingest_new(root, before)
    shutil.rmtree(root)
    working_copy(bench.export(rows, 3, 2_000, seed=2), root)
    first_seconds = bench.ingest_new(root, db).seconds
    shutil.copyfile(before, db)
    next_seconds = bench.ingest(root, db).seconds
    old, new = bench.rows_of(before, programs.STATE), bench.rows_of(db, programs.STATE)
    if not new or by_period(old) == by_period(new):
        raise ProgramError("T10: the second delivery changed nothing, so that a kill could not show")
    command, intact, killed = [ADVISOR, "ingest", str(root), "--db", str(db)], 0, 0
    for number in range(bench.args.kills):
        first_load = number % 2 == 0
        drop(db)
        if not first_load:
            shutil.copyfile(before, db)
        moment = math.modf((number + 1) * 0.6180339887)[0] * (first_seconds if first_load else next_seconds)
        killed += bench.sandbox.kill_after(command, moment)
        fine = is_old_or_new(bench, db, [] if first_load else old, new)
        if number % 10 >= 8:  # and the next run completes it
            bench.ingest(root, db)
            fine = fine and bench.rows_of(db, programs.STATE) == new
        intact += fine
        if not fine:
            say(f"T10: kill {number} after {moment:.3f} s left a broken state")
    what = f"kill -9 while loading: intact ({killed} of {bench.args.kills} before the end)"
    verdict = "ok" if intact == bench.args.kills else "broken"
    target = f"{bench.args.kills}/{bench.args.kills}"
    yield Line(id="T10", what=what, ours=f"{intact}/{bench.args.kills}", target=target, verdict=verdict)


def by_period(state: Sequence[Sequence[object]]) -> dict[object, Sequence[object]]:
    """The rows of STATE by billing period; orphans stand under None."""
    return {row[0]: row for row in state}


def is_old_or_new(bench: Bench, db: Path, old: Sequence[Sequence[object]], new: Sequence[Sequence[object]]) -> bool:
    """Whether every period is entirely as it was before or as it is after the load, and the file opens."""
    try:
        state = by_period(bench.rows_of(db, programs.STATE))
    except ProgramError as failure:
        say(str(failure))
        return False
    was, becomes = by_period(old), by_period(new)
    if not state:
        return not old
    periods = set(was) | set(becomes) | set(state)
    return all(state.get(period) in (was.get(period), becomes.get(period)) for period in periods)


def t11(bench: Bench) -> Iterator[Line]:
    for option in ("--help", "--version"):
        pairs = alternate(
            bench.args.short_pairs,
            lambda option=option: bench.sandbox.run([ADVISOR, option]),
            lambda: bench.sandbox.python("import click"),
        )
        yield compare("T11", f"{option} / import click", pairs, 1.5)


def t12(bench: Bench) -> Iterator[Line]:
    export, db = bench.export(bench.args.csv_rows, 4, bench.args.meters, form="legacy"), bench.work / "csv.duckdb"
    pairs = alternate(
        bench.args.pairs,
        lambda: bench.ingest_new(export.root, db),
        lambda: bench.sandbox.python(programs.CSV_SUM, export.files),
    )
    yield compare("T12", f"ingest {bench.args.csv_rows:,} lines of csv.gz / read_csv sum", pairs, 1.3)


def t13(bench: Bench) -> Iterator[Line]:
    export, db = bench.gcp(bench.args.rows, 6, "parquet"), bench.work / "gcp.duckdb"
    pairs = alternate(
        bench.args.pairs,
        lambda: bench.ingest_new(export.root, db),
        lambda: bench.sandbox.python(programs.GCP_L1, export.files),
    )
    yield compare("T13", f"ingest {bench.args.rows:,} lines of Google's Parquet / a sum of the files", pairs, 4)


def t14(bench: Bench) -> Iterator[Line]:
    export, db = bench.gcp(bench.args.csv_rows, 4, "json"), bench.work / "gcpj.duckdb"
    pairs = alternate(
        bench.args.pairs,
        lambda: bench.ingest_new(export.root, db),
        lambda: bench.sandbox.python(programs.JSON_COUNT, export.files),
    )
    yield compare("T14", f"ingest {bench.args.csv_rows:,} lines of json.gz / a count of its objects", pairs, 1.8)


def t16(bench: Bench) -> Iterator[Line]:
    db, seen = bench.work / "threads.duckdb", []
    for threads in (1, 2, 4):
        bench.ingest_new(bench.full.root, db, threads=threads)
        seen.append(json.dumps(bench.rows_of(db, programs.TOTALS)))
    same = len(set(seen)) == 1 and seen[0] != "[]"
    digests = " ".join(hashlib.sha256(text.encode()).hexdigest()[:6] for text in seen)
    yield Line(
        id="T16",
        what="totals with 1, 2 and 4 threads, to the last digit",
        ours=digests,
        target="all equal",
        verdict="ok" if same else "broken",
    )


def t17(bench: Bench) -> Iterator[Line]:
    machines = bench.args.machines
    source = bench.machines(machines)
    db = bench.work / "machines.duckdb"
    shutil.copyfile(source, db)
    command = [ADVISOR, "scan", "--db", str(db), "--format", "json", "-o", str(bench.work / "machines.json")]
    pairs = alternate(
        bench.args.pairs,
        lambda: bench.sandbox.run(command, allowed=(0, 3)),
        lambda: bench.sandbox.python(programs.RAW_METRICS, db),
    )
    found = json.loads((bench.work / "machines.json").read_text("utf-8"))
    failed = [check["id"] for check in found["checks"] if check["error"]]
    if failed:
        raise ProgramError(f"T17: checks failed: {', '.join(failed)}")
    yield compare(
        "T17", f"scan of {machines:,} machines, 60 days of 6 metrics / sums by resource and metric", pairs, 10
    )
    yield limit("T17", "peak memory of this scan", f"{pairs.peak_mib:.0f} MB", "", pairs.peak_mib, 768, " MB")


def t18(bench: Bench) -> Iterator[Line]:
    figures = json.loads(bench.sandbox.python(programs.TRACES, HERE, bench.args.traces).stdout)
    what = f"sizes chosen on half of {figures['traces']} traces that hold the other half"
    yield at_least("T18", what, 100 * figures["hold"], 99, "%")
    yield at_least("T18", "share of the saving that hindsight finds", 100 * figures["saving"], 80, "%")


TESTS: dict[str, Callable[[Bench], Iterator[Line]]] = {
    "T1": t1, "T2": t2, "T3": t3, "T4": t4, "T5": t5, "T6": t6, "T7": t7, "T8": t8, "T9": t9, "T10": t10, "T11": t11,
    "T12": t12, "T13": t13, "T14": t14, "T16": t16, "T17": t17, "T18": t18,
}  # fmt: skip


def measure(bench: Bench, chosen: Sequence[str]) -> list[Line]:
    """Runs the chosen tests. One that fails says why and the others go on."""
    lines: list[Line] = []
    for name in chosen:
        say(f"{name} ...")
        try:
            for line in TESTS[name](bench):
                say(f"  {line.what}: {line.ours} {line.raw} {line.ratio} {line.verdict}")
                lines.append(line)
        except ProgramError as failure:
            say(f"  failed: {failure}")
            lines.append(Line(id=name, what=str(failure).splitlines()[0][:70], verdict="failed"))
    return lines


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The arguments; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000, help="lines of the CUR 2.0 export, twelve months")
    parser.add_argument("--csv-rows", type=int, default=1_000_000, help="lines of the legacy export, four months")
    parser.add_argument("--meters", type=int, default=7_700, help="resources per month of the CUR 2.0 export")
    parser.add_argument("--pairs", type=int, default=3, help="pairs of runs; three times as many where they are short")
    parser.add_argument("--machines", type=int, default=10_000, help="machines with metrics")
    parser.add_argument("--traces", type=int, default=300, help="machines whose sizes are chosen")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--data", type=Path, default=Path("bench_data"), help="where generated exports are kept")
    parser.add_argument("--only", default=",".join(TESTS), help="such as T1,T5")
    parser.add_argument("--quick", action="store_true", help="little data, one pair of runs, ten kills")
    args = parser.parse_args(argv)
    args.only = [name.strip().upper() for name in args.only.split(",")]
    if unknown := [name for name in args.only if name not in TESTS]:
        parser.error(f"--only {','.join(unknown)}: there are {','.join(TESTS)}")
    args.month_rows, args.kill_rows = 3_000_000, 300_000
    if args.quick:
        args.rows, args.csv_rows, args.meters, args.pairs, args.kills = 200_000, 50_000, 2_000, 1, 10
        args.month_rows, args.kill_rows = 300_000, 60_000
        args.machines, args.traces = 500, 45
    args.short_pairs = 3 * args.pairs
    args.data = args.data.resolve()
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Prints the table and returns the exit code."""
    args = parse(argv)
    args.data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=args.data) as work:
        lines = measure(Bench(args, Path(work)), args.only)
    sys.stdout.write(f"{table(lines)}\n\n{machine()}\n")
    return int(any(line.verdict in ("failed", "broken") for line in lines))


if __name__ == "__main__":
    sys.exit(main())
