"""Writes synthetic AWS billing exports of any size for the benchmark: equal arguments give equal files.

    python tests/bench/make_exports.py --format cur2   --rows 5000000 --months 12 --out bench_data/cur2
    python tests/bench/make_exports.py --format cur2   --rows 3000000 --months 1 --meters 1000000 \
        --short-lived-share 0.95 --out bench_data/many --name many
    python tests/bench/make_exports.py --format legacy --rows 1000000 --months 4 --out bench_data/legacy

`cur2` is a CUR 2.0 Parquet data export (all documented columns, MAPs, 52-character line ids, overwritten);
`legacy` is a Cost and Usage Report in .csv.gz files with `category/Name` headers. Lines are hourly and in no order.
`--meters` is the number of resources billed in a month: some run always (or in office hours) in every month, the others
live for hours; `--short-lived-share` is the latter's share of the lines. `--rows` is met within a few percent.
Lines that a Savings Plan or a reservation covers, their negations and the commitments' fees add up as AWS documents it.
"""

import argparse
import json
import math
import re
import sys
import uuid
from calendar import monthrange
from datetime import date
from pathlib import Path

import duckdb

sys.path.append(str(Path(__file__).resolve().parents[2] / "sample_exports"))
from schemas import CUR2_TYPES, LEGACY_HEADER, snake

PAYER = "900000000001"
PLAN = f"arn:aws:savingsplans::{PAYER}:savingsplan/5f0c2a7e-6d1b-4b5e-9a53-7a3f0f5d1c11"
REGIONS = [  # name, usage type prefix, location, price factor
    ("us-east-1", "", "US East (N. Virginia)", 1.0),
    ("eu-central-1", "EUC1-", "EU (Frankfurt)", 1.16),
    ("us-west-2", "USW2-", "US West (Oregon)", 1.0),
    ("ap-northeast-1", "APN1-", "Asia Pacific (Tokyo)", 1.26),
]
TYPES = [  # name, vCPU, memory, normalisation factor, on-demand price per hour
    ("t3.medium", 2, "4 GiB", 2, 0.0416),
    ("m5.large", 2, "8 GiB", 4, 0.096),
    ("m6i.xlarge", 4, "16 GiB", 8, 0.192),
    ("m7g.2xlarge", 8, "32 GiB", 16, 0.3264),
    ("c5.2xlarge", 8, "16 GiB", 16, 0.34),
    ("r6g.large", 2, "16 GiB", 4, 0.1008),
    ("m4.large", 2, "8 GiB", 4, 0.1),
    ("g5.xlarge", 4, "16 GiB", 8, 1.006),
]
# kind | line type | product code | product family | usage type | operation | unit | price | amount per hour
# {p}: region prefix, {x}: instance type; price *f: f times the type's price; amount: see lines.sql
CATALOGUE = """
box      | Usage | AmazonEC2 | Compute Instance | {p}BoxUsage:{x} | RunInstances | Hrs | *1 | hour
covered  | SavingsPlanCoveredUsage | AmazonEC2 | Compute Instance | {p}BoxUsage:{x} | RunInstances | Hrs | *1 | hour
reserved | DiscountedUsage | AmazonEC2 | Compute Instance | {p}BoxUsage:{x} | RunInstances:0002 | Hrs | *1 | hour
spot     | Usage | AmazonEC2 | Compute Instance | {p}SpotUsage:{x} | RunInstances:SV052 | Hrs | *0.35 | hour
gp3      | Usage | AmazonEC2 | Storage | {p}EBS:VolumeUsage.gp3 | CreateVolume-Gp3 | GB-Mo | 0.08 | stored
gp2      | Usage | AmazonEC2 | Storage | {p}EBS:VolumeUsage.gp2 | CreateVolume-Gp2 | GB-Mo | 0.1 | stored
snapshot | Usage | AmazonEC2 | Storage Snapshot | {p}EBS:SnapshotUsage | CreateSnapshot | GB-Mo | 0.05 | stored
nat      | Usage | AmazonEC2 | NAT Gateway | {p}NatGateway-Hours | NatGateway | Hrs | 0.045 | hour
nat      | Usage | AmazonEC2 | NAT Gateway | {p}NatGateway-Bytes | NatGateway | GB | 0.045 | moved
alb      | Usage | AWSELB | Load Balancer-Application | {p}LoadBalancerUsage | LoadBalancing:Application | Hrs | 0.0225 | hour
alb      | Usage | AWSELB | Load Balancer-Application | {p}LCUUsage | LoadBalancing:Application | LCU-Hrs | 0.008 | capacity
address  | Usage | AmazonVPC | VPC Public IPv4 Address | {p}PublicIPv4:InUseAddress | AssociateAddressVPC | Hrs | 0.005 | hour
idle     | Usage | AmazonVPC | VPC Public IPv4 Address | {p}PublicIPv4:IdleAddress | AllocateAddressVPC | Hrs | 0.005 | hour
database | Usage | AmazonRDS | Database Instance | {p}InstanceUsage:db.{x} | CreateDBInstance:0014 | Hrs | *1.8 | hour
database | Usage | AmazonRDS | Database Storage | {p}RDS:GP3-Storage | CreateDBInstance:0014 | GB-Mo | 0.115 | stored
bucket   | Usage | AmazonS3 | Storage | {p}TimedStorage-ByteHrs | StandardStorage | GB-Mo | 0.023 | objects
bucket   | Usage | AmazonS3 | API Request | {p}Requests-Tier2 | GetObject | Requests | 0.0000004 | requests
function | Usage | AWSLambda | Serverless | {p}Lambda-GB-Second | Invoke | Lambda-GB-Second | 0.0000166667 | computed
function | Usage | AWSLambda | Serverless | {p}Request | Invoke | Requests | 0.0000002 | requests
plan-fee | SavingsPlanRecurringFee | ComputeSavingsPlans | | ComputeSP:1yrNoUpfront | | Hrs | 0 | hour
ri-fee   | RIFee | AmazonEC2 | Compute Instance | {p}HeavyUsage:{x} | RunInstances:0002 | Hrs | *0.62 | hour
tax      | Tax | AmazonEC2 | | | | | 0 | hour
credit   | Credit | AmazonEC2 | | | | | 0 | hour
"""
ONCE = ("plan-fee", "tax", "credit")  # kinds that are not regional
SERVICES = {
    "AmazonEC2": "Amazon Elastic Compute Cloud",
    "AWSELB": "Elastic Load Balancing",
    "AmazonVPC": "Amazon Virtual Private Cloud",
    "AmazonRDS": "Amazon Relational Database Service",
    "AmazonS3": "Amazon Simple Storage Service",
    "AWSLambda": "AWS Lambda",
    "ComputeSavingsPlans": "Savings Plans for AWS Compute usage",
}
NAMES = {  # resource ids by kind
    **dict.fromkeys(("box", "covered", "reserved", "spot"), "i-ID"),
    **dict.fromkeys(("gp2", "gp3"), "vol-ID"),
    **dict.fromkeys(("address", "idle"), "arn:aws:ec2:REGION:ACCOUNT:elastic-ip/eipalloc-ID"),
    "snapshot": "arn:aws:ec2:REGION:ACCOUNT:snapshot/snap-ID",
    "nat": "arn:aws:ec2:REGION:ACCOUNT:natgateway/nat-ID",
    "alb": "arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/web/ID",
    "database": "arn:aws:rds:REGION:ACCOUNT:db:db-ID",
    "bucket": "team-ID",
    "function": "arn:aws:lambda:REGION:ACCOUNT:function:fn-ID",
}
# percent of the resources that run always, and of those that live for hours
STEADY = {"box": 14, "covered": 12, "reserved": 6, "gp3": 28, "gp2": 10, "snapshot": 6, "nat": 2, "alb": 4}
STEADY |= {"address": 4, "idle": 2, "database": 5, "bucket": 4, "function": 3}
SHORT = {"box": 20, "spot": 26, "covered": 10, "gp3": 36, "address": 8}
OFFICE_SHARE, OFFICE_HOURS = 0.15, 60 / 168  # of the steady boxes; Monday to Friday, 8 to 20

SETUP = """
create table accounts as
select
    n as account_no,
    (100000000000 + hash(n, 'account') % 899999999999)::varchar as account_id,
    'team-' || n || if(n % 3 = 0, '-prod', '-dev') as account_name
from range(40) t(n);
create table regions (region_no int, region varchar);
create table names (kind varchar, pattern varchar);
create table kinds (steady bool, kind varchar, low int, high int);
create table skus (
    sku_no int, line_no int, kind varchar, line_type varchar, region_no int, type_no int, typed bool, code varchar,
    family varchar, usage_type varchar, operation varchar, unit varchar, rate double, rate_text varchar, amount varchar,
    region varchar, location varchar, instance_type varchar, factor double, sku varchar, description varchar,
    product map(varchar, varchar)
);
"""
ISO = "strftime({}, '%Y-%m-%dT%H:%M:%SZ')"
START, END = "($first + to_hours(l.hour))", "($first + to_hours(l.hour + l.span))"
USED = "l.line_type in ('Usage', 'SavingsPlanCoveredUsage', 'DiscountedUsage')"
ON_PLAN = "l.line_type like 'SavingsPlan%'"
ON_LEASE = "l.line_type in ('DiscountedUsage', 'RIFee')"
LEASE = f"'arn:aws:ec2:' || s.region || ':{PAYER}:reserved-instances/' || md5(concat(s.region_no, '-', s.type_no))"
LINE_ID = "md5(concat(l.rowid, $period, $seed)) || md5(concat(l.rowid, $seed))[1:20]"
COLUMNS = {  # what a column of CUR 2.0 holds; all others are null
    "bill_bill_type": "'Anniversary'",
    "bill_billing_entity": "'AWS'",
    "bill_billing_period_start_date": "$first",
    "bill_billing_period_end_date": "$end",
    "bill_invoice_id": "'INV' || $period",
    "bill_invoicing_entity": "'Amazon Web Services, Inc.'",
    "bill_payer_account_id": f"'{PAYER}'",
    "bill_payer_account_name": "'bench-payer'",
    "cost_category": "coalesce(r.cost_category, map([]::varchar[], []::varchar[]))",
    "discount": "map([]::varchar[], []::double[])",
    "identity_line_item_id": LINE_ID,
    "identity_time_interval": f"{ISO.format(START)} || '/' || {ISO.format(END)}",
    "line_item_availability_zone": "if(s.typed, s.region || 'a', null)",
    "line_item_blended_cost": "l.cost",
    "line_item_blended_rate": "s.rate_text",
    "line_item_currency_code": "'USD'",
    "line_item_legal_entity": "'Amazon Web Services, Inc.'",
    "line_item_line_item_description": "if(l.i is null, l.line_type || ' of the month', s.description)",
    "line_item_line_item_type": "l.line_type",
    "line_item_normalization_factor": f"if({USED}, s.factor, null)",
    "line_item_normalized_usage_amount": f"if({USED}, s.factor * l.amount, null)",
    "line_item_operation": "s.operation",
    "line_item_product_code": "s.code",
    "line_item_resource_id": f"case l.line_type when 'SavingsPlanRecurringFee' then '{PLAN}' else r.resource_id end",
    "line_item_tax_type": "if(l.line_type = 'Tax', 'USSalesTax', null)",
    "line_item_unblended_cost": "l.cost",
    "line_item_unblended_rate": "s.rate_text",
    "line_item_usage_account_id": "a.account_id",
    "line_item_usage_account_name": "a.account_name",
    "line_item_usage_amount": "l.amount",
    "line_item_usage_start_date": START,
    "line_item_usage_end_date": END,
    "line_item_usage_type": "s.usage_type",
    "pricing_currency": "'USD'",
    "pricing_public_on_demand_cost": "l.list_cost",
    "pricing_public_on_demand_rate": "s.rate_text",
    "pricing_rate_code": "s.sku || '.JRTCKXETXF.6YS6EN2CT7'",
    "pricing_rate_id": "(400000000000 + s.sku_no)::varchar",
    "pricing_term": f"case when {ON_LEASE} then 'Reserved' when {USED} then 'OnDemand' end",
    "pricing_unit": "s.unit",
    "product": "s.product",
    "product_instance_family": "if(s.typed, 'General purpose', null)",
    "product_instance_type": "s.instance_type",
    "product_location": "s.location",
    "product_location_type": "'AWS Region'",
    "product_operation": "s.operation",
    "product_product_family": "s.family",
    "product_region_code": "s.region",
    "product_servicecode": "s.code",
    "product_sku": "s.sku",
    "product_usagetype": "s.usage_type",
    "reservation_amortized_upfront_cost_for_usage": "if(l.reserved_cost is null, null, 0)",
    "reservation_amortized_upfront_fee_for_billing_period": "if(l.line_type = 'RIFee', 0, null)",
    "reservation_effective_cost": "l.reserved_cost",
    "reservation_end_time": f"if({ON_LEASE}, '2027-06-01T00:00:00.000Z', null)",
    "reservation_recurring_fee_for_usage": "l.reserved_cost",
    "reservation_reservation_a_r_n": f"if({ON_LEASE}, {LEASE}, null)",
    "reservation_start_time": f"if({ON_LEASE}, '2024-06-01T00:00:00.000Z', null)",
    "reservation_subscription_id": f"if({ON_LEASE}, (7000000000 + s.type_no)::varchar, null)",
    "reservation_unused_amortized_upfront_fee_for_billing_period": "if(l.line_type = 'RIFee', 0, null)",
    "reservation_unused_recurring_fee": "l.unused",
    "resource_tags": "coalesce(r.resource_tags, map([]::varchar[], []::varchar[]))",
    "savings_plan_amortized_upfront_commitment_for_billing_period": "if(l.committed is null, null, 0)",
    "savings_plan_end_time": f"if({ON_PLAN}, '2027-06-01T00:00:00.000Z', null)",
    "savings_plan_offering_type": f"if({ON_PLAN}, 'ComputeSavingsPlans', null)",
    "savings_plan_payment_option": f"if({ON_PLAN}, 'No Upfront', null)",
    "savings_plan_purchase_term": f"if({ON_PLAN}, '1yr', null)",
    "savings_plan_recurring_commitment_for_billing_period": "l.committed",
    "savings_plan_savings_plan_a_r_n": f"if({ON_PLAN}, '{PLAN}', null)",
    "savings_plan_savings_plan_effective_cost": "l.plan_cost",
    "savings_plan_savings_plan_rate": "if(l.plan_cost is null, null, s.rate * 0.72)",
    "savings_plan_start_time": f"if({ON_PLAN}, '2026-06-01T00:00:00.000Z', null)",
    "savings_plan_total_commitment_to_date": "l.committed",
    "savings_plan_used_commitment": "l.used",
    "tags": "map([]::varchar[], []::varchar[])",
}
SQL_TYPES = {"string": "varchar", "double": "double", "timestamp": "timestamptz",
             "map<string,string>": "map(varchar, varchar)", "map<string,double>": "map(varchar, double)"}  # fmt: skip
SOURCE = (
    "from lines l join skus s using (sku_no) join accounts a using (account_no) left join resources r using (i)"
    " where l.rowid >= {low} and l.rowid < {high}"
)
# Attributes that only other services fill: a real header carries them all the same.
UNUSED = """
availability brokerEngine capacitystatus category classicnetworkingsupport clockSpeed contentType dataType description
dedicatedEbsThroughput durability ebsOptimized endpointType engineCode enhancedNetworkingSupported fromLocation gpu
fromLocationType groupDescription intelAvxAvailable maxIopsBurstPerformance maxIopsvolume maxThroughputvolume
maxVolumeSize memory messageDeliveryFrequency minVolumeSize networkPerformance processorArchitecture processorFeatures
provisioned queueType servicecategory storage storageClass storageMedia toLocation toLocationType transferType vcpu
version vpcnetworkingsupport
"""
TAGS = [
    f"resourceTags/{key}" for key in ("aws:createdBy", "user:Environment", "user:Name", "user:Project", "user:Team")
]
TAGS += ["costCategory/environment", "costCategory/team"]
HEADER = [name for name in LEGACY_HEADER if not name.startswith("discount/")]
HEADER += [*(f"product/{name}" for name in UNUSED.split()), "pricing/offerTermCode", *TAGS]


def catalogue() -> list[list[str]]:
    """The rows of CATALOGUE as cells."""
    return [[cell.strip() for cell in row.split("|")] for row in CATALOGUE.strip().splitlines()]


def sku_rows() -> list[tuple]:
    """Every line of the catalogue in every region and, where it has one, of every instance type: rows of `skus`."""
    rows = []
    for line_no, (kind, line_type, code, family, usage, operation, unit, price, amount) in enumerate(catalogue()):
        typed = "{x}" in usage
        for region_no, (region, prefix, location, factor) in enumerate(REGIONS[:1] if kind in ONCE else REGIONS):
            for type_no, (name, vcpu, memory, size, hourly) in enumerate(TYPES if typed else TYPES[:1]):
                rate = round(factor * (float(price[1:]) * hourly if price[0] == "*" else float(price)), 10)
                product = {"product_name": SERVICES[code], "servicename": SERVICES[code], "region": region}
                if typed:
                    product |= {"operating_system": "Linux", "tenancy": "Shared", "pre_installed_sw": "NA"}
                    product |= {"vcpu": str(vcpu), "memory": memory, "instance_type_family": name.split(".")[0]}
                    product |= {"current_generation": "Yes", "license_model": "No License required"}
                number = line_no * 1000 + region_no * 100 + type_no
                sku = uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex[:16].upper()
                text = f"{rate:.10f}".rstrip("0").rstrip(".")
                described = f"${text} per {unit} {family} {name if typed else ''} in {location}"
                used = (usage.format(p=prefix, x=name) or None, operation or None, unit or None, rate, text, amount)
                place = (region, location, name if typed else None, float(size) if typed else None, sku, described)
                keys = (number, line_no, kind, line_type, region_no, type_no, typed, code, family or None)
                rows.append((*keys, *used, *place, product))
    return rows


def prepare(con: duckdb.DuckDBPyConnection, threads: int) -> None:
    """Creates the tables that are the same in every month."""
    con.execute(f"set threads = {threads}; set TimeZone = 'UTC'")
    con.execute(SETUP)
    con.executemany("insert into regions values (?, ?)", [(n, region[0]) for n, region in enumerate(REGIONS)])
    con.executemany("insert into names values (?, ?)", list(NAMES.items()))
    rows = sku_rows()
    con.executemany(f"insert into skus values ({', '.join('?' * len(rows[0]))})", rows)
    for steady, shares in ((True, STEADY), (False, SHORT)):
        low = 0
        for kind, share in shares.items():
            con.execute("insert into kinds values (?, ?, ?, ?)", [steady, kind, low, low + share])
            low += share


def lines_per_hour(shares: dict[str, int], steady: bool) -> float:
    """Mean number of lines that a resource has per hour of its life."""
    kinds = [row[0] for row in catalogue()] + ["covered"]  # its negation is a line too
    office = {k: 1 - OFFICE_SHARE * (1 - OFFICE_HOURS) if steady and k in ("box", "covered") else 1.0 for k in shares}
    return sum(share / 100 * kinds.count(kind) * office[kind] for kind, share in shares.items())


def plan_month(args: argparse.Namespace, hours: int) -> tuple[int, float]:
    """How many resources run all month, and the mean hours that the others live."""
    rows = args.rows / args.months
    steady = round(rows * (1 - args.short_lived_share) / hours / lines_per_hour(STEADY, steady=True))
    if steady > args.meters:
        raise SystemExit(f"{rows:.0f} lines a month are more than {args.meters} meters bill: give at least {steady}.")
    short = args.meters - steady
    life = rows * args.short_lived_share / max(short, 1) / lines_per_hour(SHORT, steady=False)
    if short and life < 1:
        raise SystemExit(f"{rows:.0f} lines a month are too few for {args.meters} meters.")
    return steady, life


def build_month(con: duckdb.DuckDBPyConnection, args: argparse.Namespace, first: date) -> int:
    """Fills the table `lines` with one billing period and returns their number."""
    hours = 24 * monthrange(first.year, first.month)[1]
    steady, life = plan_month(args, hours)
    variables = {
        "seed": args.seed,
        "period": f"{first:%Y-%m}",
        "hours": hours,
        "meters": args.meters,
        "steady": steady,
        "office_percent": round(OFFICE_SHARE * 100),
        "decay": math.log(1 - 1 / life) if life > 1.001 else -1e9,
    }
    for statement in duckdb.extract_statements(Path(__file__).with_name("lines.sql").read_text("utf-8")):
        bound(con, statement.query, variables, first)
    return con.execute("select count(*) from lines").fetchone()[0]


def bound(con: duckdb.DuckDBPyConnection, sql: str, variables: dict[str, object], first: date) -> None:
    """Runs `sql` with the $variables that it mentions; $first and $end are the ends of the billing period."""
    ends = {"first": first, "end": next_month(first)}
    for name, value in ends.items():
        sql = sql.replace(f"${name}", f"timestamptz '{value} 00:00:00+00'")
    con.execute(sql, {name: value for name, value in variables.items() if re.search(rf"\${name}\b", sql)})


def next_month(first: date) -> date:
    """The first day of the month after `first`."""
    return date(first.year + first.month // 12, first.month % 12 + 1, 1)


def cur2_select() -> str:
    """All columns of CUR 2.0, typed."""
    cells = (f"({COLUMNS.get(name, 'null')})::{SQL_TYPES[kind]} as {name}" for name, kind in CUR2_TYPES.items())
    return "select " + ", ".join(cells)


def legacy_select() -> str:
    """All columns of the legacy report, as text."""
    cells = []
    for header in HEADER:
        name = snake(header)
        if name in CUR2_TYPES:
            text = COLUMNS.get(name, "null")
            text = ISO.format(text) if CUR2_TYPES[name] == "timestamp" else text
        elif header in TAGS:
            column, _, key = header.partition("/")
            text = f"r.{snake(column)}['{snake(key)}']"
        else:
            text = f"s.product['{name.removeprefix('product_')}']"
        cells.append(f'({text})::varchar as "{header}"')
    return "select " + ", ".join(cells)


def write_manifest(path: Path, manifest: dict) -> None:
    """One manifest as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(manifest, indent=1) + "\n", "utf-8")


def write_month(con: duckdb.DuckDBPyConnection, args: argparse.Namespace, first: date, rows: int) -> None:
    """Writes the files and the manifest of one billing period from the table `lines`."""
    legacy, period = args.format == "legacy", f"{first:%Y-%m}"
    execution = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{args.name}/{period}/{args.seed}/{args.rows}"))
    span = f"{first:%Y%m%d}-{next_month(first):%Y%m%d}"
    folder = f"{args.name}/{span}" if legacy else f"{args.name}/data/BILLING_PERIOD={period}"
    (args.out / folder).mkdir(parents=True, exist_ok=True)
    files = max(math.ceil(rows / args.rows_per_file), args.files_per_month)
    keys = []
    for number in range(files):
        name = f"{args.name}-{number + 1}.csv.gz" if legacy else f"{args.name}-{number + 1:05}.snappy.parquet"
        keys.append(f"{folder}/{name}")
        source = SOURCE.format(low=rows * number // files, high=rows * (number + 1) // files)
        options = "format csv, header, compression gzip" if legacy else "format parquet, compression snappy"
        target = str(args.out / keys[-1]).replace("'", "''")
        select = legacy_select() if legacy else cur2_select()
        bound(con, f"copy ({select} {source}) to '{target}' ({options})", {"period": period, "seed": args.seed}, first)
    ends = {"start": f"{first:%Y%m%d}T000000.000Z", "end": f"{next_month(first):%Y%m%d}T000000.000Z"}
    common = {"billingPeriod": ends, "bucket": "bench", "charset": "UTF-8"}
    if legacy:
        own = {"assemblyId": execution, "account": PAYER, "reportId": args.name, "reportName": args.name}
        own |= {"compression": "GZIP", "contentType": "text/csv", "reportKeys": keys}
        own["columns"] = [dict(zip(("category", "name"), header.split("/"), strict=True)) for header in HEADER]
        write_manifest(args.out / folder / f"{args.name}-Manifest.json", common | own)
        return
    own = {"exportName": args.name, "executionId": execution, "dataFiles": [f"s3://bench/{key}" for key in keys]}
    own |= {"compression": "PARQUET", "contentType": "application/parquet"}
    own["columns"] = [{"name": name, "type": kind} for name, kind in CUR2_TYPES.items()]
    write_manifest(args.out / folder.replace("/data/", "/metadata/") / f"{args.name}-Manifest.json", common | own)


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The arguments; see the top of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--format", choices=("cur2", "legacy"), default="cur2")
    parser.add_argument("--rows", type=int, default=5_000_000, help="lines of all months together")
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--last-month", default="2026-10", metavar="YYYY-MM")
    parser.add_argument("--meters", type=int, default=7_700, help="distinct resources per month")
    parser.add_argument("--short-lived-share", type=float, default=0.3, help="share of the lines, 0 to 1")
    parser.add_argument("--rows-per-file", type=int, default=1_000_000)
    parser.add_argument("--files-per-month", type=int, default=1, help="at least so many")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--name", default="bench")
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Writes one export, oldest month first."""
    args = parse(argv)
    year, month = map(int, args.last_month.split("-"))
    months = 12 * year + month - args.months
    first = date(months // 12, months % 12 + 1, 1)
    if (args.out / args.name).exists():
        raise SystemExit(f"{args.out / args.name} exists: files of an older run would be counted with the new ones.")
    total = 0
    with duckdb.connect() as con:
        prepare(con, args.threads)
        for _ in range(args.months):
            rows = build_month(con, args, first)
            write_month(con, args, first, rows)
            total, first = total + rows, next_month(first)
    sys.stderr.write(f"{args.out}: {total:,} lines in {args.months} months\n")


if __name__ == "__main__":
    main()
