"""Writes a synthetic detailed Google Cloud export of any size for the benchmark: equal arguments give equal files.

    python tests/bench/make_gcp.py --format parquet --rows 5000000 --months 6 --out bench_data/gcp
    python tests/bench/make_gcp.py --format json    --rows 1000000 --months 4 --out bench_data/gcpj

Lines are hourly, nested as Google nests them, in no order; one file (parquet) or one .json.gz per month. Everything
follows from the line's number by DuckDB's hash, so the files are equal for one version of DuckDB.
"""

from __future__ import annotations

import argparse
from calendar import monthrange
from pathlib import Path

import duckdb

LINES = """
select
    '01AB23-CD45EF-67AB89' as billing_account_id,
    {{'id': '6F81-5844-456A', 'description': 'Compute Engine'}} as service,
    {{'id': printf('%04X-0000-0000', r % 60), 'description': 'N' || (r % 3) || ' Instance Core running in Place ' || (r % 20)}}
        as sku,
    {start} as usage_start_time,
    {end} as usage_end_time,
    {{'id': 'project-' || (r % 40), 'number': (r % 40)::varchar, 'name': 'Project ' || (r % 40), 'ancestry_numbers': '/1/2/',
      'labels': [{{'key': 'team', 'value': 'team-' || (r % 9)}}]}} as project,
    [{{'key': 'env', 'value': ['dev', 'prod', 'test'][r % 3 + 1]}}, {{'key': 'app', 'value': 'app-' || (r % 300)}}] as labels,
    [{{'key': 'compute.googleapis.com/machine_spec', 'value': 'n' || (r % 3) || '-standard-' || (2 + r % 4)}},
     {{'key': 'compute.googleapis.com/cores', 'value': '4'}}] as system_labels,
    {{'location': 'europe-west' || (r % 6), 'country': 'DE', 'region': 'europe-west' || (r % 6),
      'zone': 'europe-west' || (r % 6) || '-b'}} as location,
    {{'name': 'machine-' || r, 'global_name': '//compute.googleapis.com/projects/' || (r % 40) || '/zones/europe-west'
      || (r % 6) || '-b/instances/' || (1000000007 * r::bigint)}} as resource,
    round((hash(i, 1) % 1000000) / 3e6, 9) as cost,
    'USD' as currency,
    1.0::double as currency_conversion_rate,
    {{'amount': 3600.0::double, 'unit': 'seconds', 'amount_in_pricing_units': 1.0::double, 'pricing_unit': 'hour'}} as usage,
    case when hash(i, 2) % 4 = 0 then [{{'name': 'Sustained Usage Discount', 'amount': -round((hash(i, 3) % 100000) / 3e6, 9),
      'full_name': 'Sustained Usage Discount', 'id': '', 'type': 'SUSTAINED_USAGE_DISCOUNT'}}] else [] end as credits,
    {{'month': '{month}', 'publisher_type': 'GOOGLE'}} as invoice,
    'regular' as cost_type,
    round((hash(i, 1) % 1000000) / 3e6, 9) as cost_at_list,
    'GOOGLE' as transaction_type,
    {{'id': '7754-699E-0EBF', 'description': 'Default'}} as consumption_model
from (select i, (hash(i // {hours}) % {resources})::integer as r from range({rows}) t(i))
order by hash(i, 4)
"""


def main() -> None:
    """Writes one export, oldest month first."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--format", choices=["parquet", "json"], default="parquet")
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--months", type=int, default=6, help="at most ten, ending with October 2026")
    parser.add_argument("--resources", type=int, default=4000)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True)
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'; set memory_limit = '4GB'")
        for month in range(11 - args.months, 11):
            hours = 24 * monthrange(2026, month)[1]
            begin = f"timestamp '2026-{month:02d}-01' + to_hours((i % {hours})::integer"
            instants = [f"({begin}))", f"({begin} + 1))"]
            if args.format == "json":
                instants = [f"strftime({instant}, '%Y-%m-%d %H:%M:%S UTC')" for instant in instants]
            else:
                instants = [f"{instant}::timestamptz" for instant in instants]
            lines = LINES.format(
                start=instants[0], end=instants[1], month=f"2026{month:02d}", hours=hours,
                rows=args.rows // args.months, resources=args.resources,
            )  # fmt: skip
            name, options = f"bill-{month:012d}.parquet", "format parquet"
            if args.format == "json":
                name, options = f"bill-{month:012d}.json.gz", "format json, compression gzip"
            con.execute(f"copy ({lines}) to '{args.out / name}' ({options})")


if __name__ == "__main__":
    main()
