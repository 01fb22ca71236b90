"""The raw programs that stand beside advisor, run with `python -c`, and the queries that look into its database."""

L1 = """
import duckdb, sys
con = duckdb.connect()
con.execute("set TimeZone = 'UTC'")
print(con.execute("select sum(line_item_unblended_cost), count(distinct line_item_resource_id) from read_parquet(?)",
                  [sys.argv[1]]).fetchall())
"""
ALL_COLUMNS = """
import duckdb, sys
con = duckdb.connect(sys.argv[2])
con.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
con.execute("create table t as select * from read_parquet(?)", [sys.argv[1]])
"""
OPEN = "import click, duckdb, sys; duckdb.connect(sys.argv[1], read_only=True)"
CSV_SUM = """
import csv, duckdb, glob, gzip, sys
files = sorted(glob.glob(sys.argv[1]))
with gzip.open(files[0], "rt", encoding="utf-8", newline="") as first:
    columns = dict.fromkeys(next(csv.reader(first)), "VARCHAR")
sql = '''select sum("lineItem/UnblendedCost"::decimal(38, 10)), count(distinct "lineItem/ResourceId")
         from read_csv($files, columns = $columns, header = true, delim = ',', quote = '"', auto_detect = false)'''
print(duckdb.connect().execute(sql, {"files": files, "columns": columns}).fetchall())
"""
GCP_L1 = """
import duckdb, sys
con = duckdb.connect()
con.execute("set TimeZone = 'UTC'")
print(con.execute("select sum(cost), count(distinct resource.global_name) from read_parquet(?)", [sys.argv[1]]).fetchall())
"""
JSON_COUNT = """
import duckdb, sys
print(duckdb.connect().execute("select count(*) from read_json_objects(?)", [sys.argv[1]]).fetchall())
"""
QUERY = """
import duckdb, json, sys
con = duckdb.connect(sys.argv[1])
tables = {name for name, in con.execute("select table_name from duckdb_tables()").fetchall()}
rows = con.execute(sys.argv[2]).fetchall() if "totals" in tables else []
print(json.dumps(rows, default=str))
"""
RAW_RULES = """
import duckdb, sys, time
con = duckdb.connect()
con.execute("set TimeZone = 'UTC'")
con.execute("create view lines as from read_parquet('" + sys.argv[1].replace("'", "''") + "')")
con.execute("create table recent as select max(bill_billing_period_start_date) as start,"
            " date_diff('hour', start, start + interval 1 month) as hours from lines")
rules = duckdb.extract_statements(open(sys.argv[2], encoding="utf-8").read())
start = time.perf_counter()
for rule in rules:
    con.execute("create or replace temp table answer as " + rule.query)
print(len(rules), time.perf_counter() - start)
"""
JUDGE = """
import sys, time
from pathlib import Path
from advisor import store
from advisor.rules import catalogue, engine, periods
from advisor.rules.context import ContextRules
checks = catalogue.shipped_checks()
with store.reading(Path(sys.argv[1]), store.Resources()) as con:
    loads, _ = periods.countable(con)
    clocks = periods.clocks(con, loads)
    start = time.perf_counter()
    for as_of, members in clocks.items():
        engine.prepare(con, loads=members, as_of=as_of, context=ContextRules())
        judged = engine.judge(con, checks, as_of=as_of, overrides={}, parallel=True)
    print(len(checks), time.perf_counter() - start, len(judged.findings), sum(bool(c.error) for c in judged.checks))
"""
RAW_METRICS = """
import duckdb, sys
con = duckdb.connect(sys.argv[1], read_only=True)
print(len(con.execute(
    "select provider, sub_account_id, resource_id, metric, sum(average * sample_count) / sum(sample_count), max(p99),"
    " max(maximum), count(*) from utilization_days group by all").fetchall()))
"""
TRACES = """
import json, sys
sys.path.insert(0, sys.argv[1])
import traces
print(json.dumps(traces.evaluate(count=int(sys.argv[2]))))
"""
# Everything that a load consists of, by period; a load that was written halfway shows in one of the figures.
STATE = """
select
    l.period, l.format, t.line_count, t.billed_cost, t.credits, t.effective_cost,
    d.lines, d.days, d.billed_cost, m.meters
from loads l
left join (select load_id, sum(line_count) as line_count, sum(billed_cost) as billed_cost, sum(credits) as credits,
           sum(effective_cost) as effective_cost from totals group by load_id) t using (load_id)
left join (select load_id, sum(line_count) as lines, count(*) as days, sum(billed_cost) as billed_cost
           from days group by load_id) d using (load_id)
left join (select load_id, count(*) as meters from meters group by load_id) m using (load_id)
union all
select null, 'orphans', count(*), null, null, null, null, null, null, null
from (select load_id from totals union all select load_id from days union all select load_id from meters)
anti join loads using (load_id)
order by all
"""
TOTALS = """
select 'total', l.period::varchar, t.* exclude (load_id) from totals t join loads l using (load_id)
union all
select 'days', l.period::varchar, '', '', sum(line_count), sum(d.billed_cost), sum(d.list_cost), sum(d.effective_cost)
from days d join loads l using (load_id) group by l.period
order by all
"""
