"""Bills that nobody tuned a check to: a healthy company in random regions stays quiet, what is planted in it is found.

Bills are made from a seed, written as CUR 2.0 Parquet and go through the whole path: discovery, roll-up, checks, report.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from advisor import app, store
from advisor.model import Finding
from advisor.rules import catalogue, engine
from advisor.rules.context import ContextRules

sys.path.insert(0, str(Path(__file__).parent / "store"))

import small_cur

MONTH = 30.4375
HISTORY = 130
REGIONS = {
    "us-east-1": ("", "USE1-"), "us-east-2": ("USE2-",) * 2, "us-gov-west-1": ("UGW1-",) * 2, "eu-west-1": ("EU-",) * 2,
    "eu-west-2": ("EUW2-",) * 2, "eu-central-1": ("EUC1-",) * 2, "ap-south-1": ("APS3-",) * 2, "sa-east-1": ("SAE1-",) * 2,
}  # fmt: skip
# Mid-month, February just over, a Sunday, the first of a month after a leap day.
LAST_DAYS = (date(2026, 7, 15), date(2026, 3, 9), date(2026, 8, 30), date(2028, 3, 1))
# A change of type or price is no statement that something is not needed: healthy things may be told to modernize.
WASTE_KINDS = {"idle", "forgotten", "stale", "schedule", "commitment"}

When = Callable[[date], float]


def always(_: date) -> float:
    return 1.0


def weekdays(day: date) -> float:
    return float(day.weekday() < 5)


def weekends(day: date) -> float:
    return float(day.weekday() >= 5)


def sundays(day: date) -> float:
    return float(day.weekday() == 6)


def rarely(day: date) -> float:
    return float(day.toordinal() % 40 == 0)


@dataclass
class Bill:
    """Lines of one export and what was planted in them: (check, resource) → saving per month."""

    rng: random.Random
    last: date
    lines: list[dict[str, Any]] = field(default_factory=list)
    planted: dict[tuple[str, str], float] = field(default_factory=dict)
    made: int = 0

    def __post_init__(self) -> None:
        self.regions = self.rng.sample(sorted(REGIONS), 2)
        self.start = self.last - timedelta(days=HISTORY)
        self.rates = {region: self.rng.uniform(0.8, 1.7) for region in self.regions}

    def days(self, since: int = HISTORY, until: int = 0) -> list[date]:
        return [self.last - timedelta(days=n) for n in range(since, until - 1, -1)]

    def name(self, pattern: str, region: str) -> str:
        """An ARN like `ec2:natgateway/nat-*` with a name of its own, or a bare id like `i-*`."""
        self.made += 1
        text = pattern.replace("*", f"{self.made:04x}{self.rng.getrandbits(32):08x}")
        return f"arn:aws:{text.replace(':', f':{region}:{small_cur.ACCOUNT}:', 1)}" if ":" in text else text

    def add(
        self, resource: str, region: str, product: str, usage: str, amount: float, price: float, *, operation: str = "",
        when: When = always, since: int = HISTORY, until: int = 0, noise: float = 0.0, drop: float = 0.0, **changes: Any,
    ) -> float:  # fmt: skip
        """One line a day of `amount` units; `~` and `^` in `usage` are the old and the new spelling of the region.

        Returns the cost of one day at full amount.
        """
        old, new = REGIONS[region]
        kind = usage.replace("~", old).replace("^", new).replace("@", f"{region}-")
        unit = price * self.rates[region]
        for day in self.days(since, until):
            quantity = amount * when(day) * (1 + self.rng.uniform(-noise, noise))
            if quantity == 0 or self.rng.random() < drop:
                continue
            self.lines.append(
                small_cur.line(
                    day.isoformat(),
                    quantity * unit,
                    line_item_resource_id=resource,
                    product_region_code=region,
                    product_servicecode=product,
                    line_item_product_code=product,
                    line_item_usage_type=kind,
                    line_item_operation=operation,
                    line_item_usage_amount=quantity,
                    product_sku=f"{kind}{operation}",
                    **({"resource_tags": {}} | changes),
                )
            )
        return amount * unit

    def stored(
        self, resource: str, region: str, product: str, usage: str, gb: When, price: float, **changes: Any
    ) -> None:
        """Storage: GB-months of a day are a share of its month."""
        share: When = lambda day: gb(day) / days_of_month(day)  # noqa: E731
        self.add(resource, region, product, usage, 1.0, price, when=share, **changes)

    def plant(self, check: str, resource: str, daily_cost: float, share: float = 1.0) -> None:
        self.planted[check, resource] = daily_cost * MONTH * share

    def write(self, root: Path) -> Path:
        months = sorted({row["bill_billing_period_start_date"].strftime("%Y-%m") for row in self.lines})
        for period in months:
            rows = [r for r in self.lines if f"{r['bill_billing_period_start_date']:%Y-%m}" == period]
            small_cur.deliver(root, period, rows, name="unseen")
        return root


def days_of_month(day: date) -> int:
    return ((day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)).day


def healthy(bill: Bill, region: str) -> None:
    """What a company needs, with the noise, rests, gaps and covered hours of real bills."""
    add, name, rng = bill.add, bill.name, bill.rng
    gaps = {"drop": 0.01}
    nightly: When = lambda _: rng.uniform(0.5, 2)  # noqa: E731

    for pattern, when, gb in (("ec2:natgateway/nat-*", nightly, 3.0), ("ec2:natgateway/nat-*", weekdays, 15.0)):
        nat = name(pattern, region)
        add(nat, region, "AmazonEC2", "~NatGateway-Hours", 24, 0.045, operation="NatGateway")
        add(
            nat,
            region,
            "AmazonEC2",
            "~NatGateway-Bytes",
            gb,
            0.045,
            operation="NatGateway",
            when=when,
            noise=0.3,
            **gaps,
        )
    young = name("ec2:natgateway/nat-*", region)
    add(young, region, "AmazonEC2", "~NatGateway-Hours", 24, 0.045, since=rng.randint(3, 12))
    gone = name("ec2:natgateway/nat-*", region)
    add(gone, region, "AmazonEC2", "~NatGateway-Hours", 24, 0.045, until=rng.randint(3, 9))

    load = (("app/web/", "~LCUUsage", 2.0), ("net/mq/", "~LCUUsage", 0.5), ("", "~DataProcessing-Bytes", 0.9))
    for kind, usage, units in load:
        balancer = name(f"elasticloadbalancing:loadbalancer/{kind}*", region)
        add(balancer, region, "AWSELB", "~LoadBalancerUsage", 24, 0.0225, **gaps)
        add(balancer, region, "AWSELB", usage, units, 0.008, when=weekdays, noise=0.5)
    endpoint = name("ec2:vpc-endpoint/vpce-*", region)
    add(endpoint, region, "AmazonVPC", "^VpcEndpoint-Hours", 72, 0.01)
    add(endpoint, region, "AmazonVPC", "^VpcEndpoint-Bytes", 0.02, 0.01, when=weekdays, noise=0.5)
    gateway = name("ec2:transit-gateway-attachment/tgw-attach-*", region)
    add(gateway, region, "AmazonVPC", "^TransitGateway-Hours", 24, 0.05, operation="TransitGatewayVPC")
    add(gateway, region, "AmazonVPC", "^TransitGateway-Bytes", 4, 0.02, operation="TransitGatewayVPC", noise=0.5)
    vpn = name("ec2:client-vpn-endpoint/cvpn-endpoint-*", region)
    add(vpn, region, "AmazonVPC", "^ClientVPN-EndpointHours", 24, 0.1)
    add(vpn, region, "AmazonVPC", "^ClientVPN-ConnectionHours", 9, 0.05, when=weekdays)

    # An address of a machine that rests is billed to the address, one in use to its network interface.
    address, card = name("ec2:elastic-ip/eipalloc-*", region), name("ec2:network-interface/eni-*", region)
    add(address, region, "AmazonVPC", "^PublicIPv4:IdleAddress", 14, 0.005, when=weekdays)
    add(address, region, "AmazonVPC", "^PublicIPv4:IdleAddress", 24, 0.005, when=weekends)
    add(card, region, "AmazonVPC", "^PublicIPv4:InUseAddress", 10, 0.005, when=weekdays)

    dev = {"resource_tags": {"user_env": "dev", "user_team": "shop"}}
    office = name("i-*", region)
    add(office, region, "AmazonEC2", "~BoxUsage:m7g.large", 10, 0.0816, operation="RunInstances", when=weekdays, **dev)
    reserved = name("i-*", region)
    arn = f"arn:aws:ec2:{region}:{small_cur.ACCOUNT}:reserved-instances/{rng.getrandbits(32):08x}"
    covered = {"line_item_line_item_type": "DiscountedUsage", "reservation_reservation_a_r_n": arn}
    add(reserved, region, "AmazonEC2", "~BoxUsage:c7g.large", 24, 0.0, operation="RunInstances",
        reservation_effective_cost=1.1, pricing_public_on_demand_cost=1.74, **covered)  # fmt: skip
    add(name("i-*", region), region, "AmazonEC2", "~BoxUsage:r7g.large", 24, 0.107, operation="RunInstances",
        resource_tags={"user_env": "prod"}, **gaps)  # fmt: skip
    held = name("ec2:capacity-reservation/cr-*", region)
    add(held, region, "AmazonEC2", "~UnusedBox:c7g.large", 11, 0.0725, operation="RunInstances")

    bucket = name("data-*", region)
    bill.stored(bucket, region, "AmazonS3", "~TimedStorage-ByteHrs", lambda _: 900, 0.023, operation="Standard", **gaps)
    add(bucket, region, "AmazonS3", "~Requests-Tier2", 9000, 4e-7, operation="GetObject", noise=0.5)
    add(bucket, region, "AmazonS3", "~Requests-Tier1", 700, 5e-6, operation="PutObject", when=weekdays)
    season = name("season-*", region)
    bill.stored(season, region, "AmazonS3", "~TimedStorage-ByteHrs", lambda _: 700, 0.023, operation="StandardStorage")
    add(season, region, "AmazonS3", "~Requests-Tier2", 80000, 4e-7, operation="GetObject", since=52, until=49)
    logs = name("vended-*", region)
    bill.stored(logs, region, "AmazonS3", "~TimedStorage-ByteHrs", lambda d: 100 + (d - bill.start).days, 0.023,
                operation="StandardStorage")  # fmt: skip
    weekly = name("backup-*", region)
    bill.stored(weekly, region, "AmazonS3", "~TimedStorage-ByteHrs", lambda _: 300, 0.023, operation="StandardStorage")
    add(weekly, region, "AmazonS3", "~Requests-Tier1", 4, 5e-6, operation="UploadPart", when=sundays)

    key = name("kms:key/*", region)
    add(key, region, "awskms", "@KMS-Keys", 1 / 30, 1.0)
    add(key, region, "awskms", "@KMS-Requests", 2, 3e-6, operation="Decrypt", when=rarely)
    stream = name("kinesis:stream/*", region)
    add(stream, region, "AmazonKinesis", "~Storage-ShardHour", 48, 0.015, operation="shardHourStorage")
    add(stream, region, "AmazonKinesis", "~PutRequestPayloadUnits", 5000, 1.4e-8, operation="PutRequest", when=weekdays)
    acl = name("wafv2:regional/webacl/*", region)
    add(acl, region, "awswaf", "^WebACLV2", 1 / 30, 5.0)
    add(acl, region, "awswaf", "^RequestV2-Tier1", 900, 6e-7, noise=0.9)
    server = name("transfer:server/s-*", region)
    add(server, region, "AWSTransfer", "^ProtocolHours", 24, 0.3)
    add(server, region, "AWSTransfer", "^UploadBytes", 2, 0.04, when=lambda d: float(d.day == 3))
    function = name("lambda:function:*", region)
    add(f"{function}:live", region, "AWSLambda", "~Lambda-Provisioned-Concurrency", 864000, 4.2e-6)
    add(function, region, "AWSLambda", "~Lambda-Provisioned-GB-Second", 600000, 9.7e-6, noise=0.3)
    model = name("sagemaker:endpoint/*", region)
    add(model, region, "AmazonSageMaker", "^Host:ml.m5.large", 24, 0.115)
    add(model, region, "AmazonSageMaker", "^Hst:Data-Bytes-In", 0.001, 0.016, when=weekdays)
    notebook = name("sagemaker:notebook-instance/*", region)
    add(notebook, region, "AmazonSageMaker", "^Notebk:ml.t3.medium", 9, 0.05, when=weekdays, noise=0.1)

    cluster = name("eks:cluster/*", region)
    add(cluster, region, "AmazonEKS", "^AmazonEKS-Hours:perCluster", 24, 0.1, operation="CreateOperation")
    group = name("logs:log-group:/shop/*", region)
    bill.stored(group, region, "AmazonCloudWatch", "^TimedStorage-ByteHrs", lambda _: 400, 0.03,
                operation="HourlyStorageMetering", noise=0.02)  # fmt: skip
    volume = name("vol-*", region)
    bill.stored(volume, region, "AmazonEC2", "~EBS:VolumeUsage.gp3", lambda _: 200, 0.08, operation="CreateVolume-Gp3")
    for week in range(HISTORY // 7):  # weekly snapshots, kept for five weeks
        since = HISTORY - 7 * week
        bill.stored(name("ec2:snapshot/snap-*", region), region, "AmazonEC2", "~EBS:SnapshotUsage", lambda _: 20, 0.05,
                    operation="CreateSnapshot", since=since, until=max(since - 35, 0))  # fmt: skip


def company(bill: Bill) -> None:
    """What is not in a region: a well used plan, credits, refunds, tax, metered software."""
    plan = f"arn:aws:savingsplans::{small_cur.ACCOUNT}:savingsplan/well-used"
    for day in bill.days():
        common = {"line_item_resource_id": "", "line_item_usage_type": "", "line_item_operation": "", "product_sku": "",
                  "line_item_usage_amount": 1.0, "product_region_code": "", "resource_tags": {}}  # fmt: skip
        bill.lines.append(fee_line(day, plan, committed=24.0, used=23.6))
        bill.lines.append(small_cur.line(day.isoformat(), -2.5, **common | {"line_item_line_item_type": "Credit"}))
        if day.day == 1:
            bill.lines.append(small_cur.line(day.isoformat(), 19.0, **common | {"line_item_line_item_type": "Tax"}))
        if bill.rng.random() < 0.03:
            bill.lines.append(small_cur.line(day.isoformat(), -7.0, **common | {"line_item_line_item_type": "Refund"}))
        metered = {"line_item_product_code": "8x7metered", "bill_billing_entity": "AWS Marketplace"}
        bill.lines.append(small_cur.line(day.isoformat(), bill.rng.uniform(1, 9), **common | metered))


def fee_line(day: date, plan: str, *, committed: float, used: float) -> dict[str, Any]:
    return small_cur.line(
        day.isoformat(), committed, line_item_line_item_type="SavingsPlanRecurringFee", line_item_resource_id="",
        line_item_product_code="ComputeSavingsPlans", product_servicecode="ComputeSavingsPlans", line_item_operation="",
        line_item_usage_type="ComputeSP:1yrNoUpfront", savings_plan_savings_plan_a_r_n=plan, product_sku="SP",
        savings_plan_total_commitment_to_date=committed, savings_plan_used_commitment=used, resource_tags={},
        product_region_code="",
    )  # fmt: skip


def wasteful(bill: Bill) -> None:
    """One of each waste at random prices; what is planted is the day's cost that would end."""
    add, name, rng, plant = bill.add, bill.name, bill.rng, bill.plant

    def where() -> str:
        return rng.choice(bill.regions)

    region = where()
    nat = name("ec2:natgateway/nat-*", region)
    cost = add(nat, region, "AmazonEC2", "~NatGateway-Hours", 24, 0.045, operation="NatGateway")
    add(nat, region, "AmazonEC2", "~NatGateway-Bytes", 0.01, 0.0, operation="NatGateway", noise=0.9)
    add(nat, region, "AmazonEC2", "~DataTransfer-Regional-Bytes", 0.001, 0.0, operation="InterZone-In")
    plant("aws-nat-gateway-idle", nat, cost)

    region = where()
    balancer = name("elasticloadbalancing:loadbalancer/app/old/*", region)
    cost = add(balancer, region, "AWSELB", "~LoadBalancerUsage", 24, 0.0225, operation="LoadBalancing:Application")
    add(balancer, region, "AWSELB", "~LCUUsage", 0.02, 0.0, operation="LoadBalancing:Application", noise=0.9)
    plant("aws-load-balancer-idle", balancer, cost)

    region = where()
    endpoint = name("ec2:vpc-endpoint/vpce-*", region)
    zones = rng.randint(1, 3)
    plant("aws-vpc-endpoint-idle", endpoint, add(endpoint, region, "AmazonVPC", "^VpcEndpoint-Hours", 24 * zones, 0.01))

    region = where()
    address = name("ec2:elastic-ip/eipalloc-*", region)
    cost = add(address, region, "AmazonVPC", "^PublicIPv4:IdleAddress", 24, 0.005, since=rng.randint(11, HISTORY))
    plant("aws-public-ipv4-idle", address, cost)

    region = where()
    notebook = name("sagemaker:notebook-instance/*", region)
    cost = add(notebook, region, "AmazonSageMaker", "^Notebk:ml.m5.xlarge", 24, 0.23)
    plant("aws-sagemaker-notebook-always-on", notebook, cost, 1 - 50 / 168)

    region = where()
    machine = name("i-*", region)
    cost = add(machine, region, "AmazonEC2", "~BoxUsage:m7g.xlarge", 24, 0.1632, operation="RunInstances",
               resource_tags={"user_env": "staging"})  # fmt: skip
    plant("aws-ec2-off-hours", machine, cost, 1 - 50 / 168)

    region = where()
    function = name("lambda:function:*", region)
    cost = add(function, region, "AWSLambda", "~Lambda-Provisioned-Concurrency", 864000, 4.2e-6)
    add(function, region, "AWSLambda", "~Lambda-Provisioned-GB-Second", 86400, 9.7e-6)
    plant("aws-lambda-provisioned-concurrency", function, cost, 0.9)

    region = where()
    bucket = name("left-*", region)
    gb = rng.uniform(50, 5000)
    bill.stored(bucket, region, "AmazonS3", "~TimedStorage-ByteHrs", lambda _: gb, 0.023, operation="StandardStorage")
    recent = bill.days(27)
    plant("aws-s3-bucket-abandoned", bucket,
          sum(gb * 0.023 * bill.rates[region] / days_of_month(day) for day in recent) / len(recent))  # fmt: skip

    for check, pattern, product, usage, amount, price in (
        ("aws-kinesis-stream-idle", "kinesis:stream/*", "AmazonKinesis", "~Storage-ShardHour", 24.0, 0.015),
        ("aws-waf-acl-idle", "wafv2:regional/webacl/*", "awswaf", "^WebACLV2", 1 / 30, 5.0),
        ("aws-transfer-server-idle", "transfer:server/s-*", "AWSTransfer", "^ProtocolHours", 24.0, 0.3),
        ("aws-sagemaker-endpoint-idle", "sagemaker:endpoint/*", "AmazonSageMaker", "^Host:ml.m5.large", 24.0, 0.115),
        ("aws-kms-key-unused", "kms:key/*", "awskms", "@KMS-Keys", 1 / 30, 1.0),
        ("aws-network-attachment-idle", "ec2:client-vpn-endpoint/cvpn-*", "AmazonVPC", "^ClientVPN-EndpointHours", 24.0, 0.1),
        ("aws-capacity-reservation-unused", "ec2:capacity-reservation/cr-*", "AmazonEC2", "~UnusedBox:m7g.large", 48.0, 0.08),
    ):  # fmt: skip
        region = where()
        resource = name(pattern, region)
        plant(check, resource, add(resource, region, product, usage, amount, price))


def made(seed: int, root: Path) -> tuple[Bill, list[Finding]]:
    bill = Bill(rng=random.Random(seed), last=LAST_DAYS[seed % len(LAST_DAYS)])  # noqa: S311
    for region in bill.regions:
        healthy(bill, region)
    company(bill)
    wasteful(bill)
    plan = f"arn:aws:savingsplans::{small_cur.ACCOUNT}:savingsplan/half-used"
    bill.lines += [fee_line(day, plan, committed=48.0, used=24.0) for day in bill.days()]
    bill.planted["aws-savings-plan-unused", plan] = 0.0  # sunk until it ends
    settings = app.Settings(db=root / "unused.duckdb")
    result = app.scan(
        [str(bill.write(root / "bill"))], settings, app.ScanOptions(as_of=bill.last), app.Silent(), keep=False
    )
    assert [c for c in result.checks if c.error] == []
    return bill, list(result.findings)


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, len(LAST_DAYS)))])
def test_planted_waste_is_found_at_its_price_and_nothing_that_is_needed(seed: int, tmp_path: Path) -> None:
    bill, findings = made(seed, tmp_path)
    waste = {(f.check_id, f.resource_id): f for f in findings if f.kind in WASTE_KINDS}
    alarms = [f"{key}: {f.reason}" for key, f in waste.items() if key not in bill.planted]
    missed = sorted(set(bill.planted) - set(waste))
    assert (alarms, missed) == ([], [])
    wrong = {
        key: (waste[key].monthly_savings, amount)
        for key, amount in bill.planted.items()
        if not math.isclose(waste[key].monthly_savings, amount, rel_tol=0.01, abs_tol=0.005)
    }
    assert wrong == {}
    assert all(0 <= f.monthly_savings <= f.monthly_cost * (1 + 1e-9) for f in findings)


@pytest.mark.slow
def test_every_check_gives_at_most_one_row_per_resource_and_currency(tmp_path: Path) -> None:
    bill = Bill(rng=random.Random(99), last=LAST_DAYS[0])  # noqa: S311
    for region in bill.regions:
        healthy(bill, region)
    wasteful(bill)
    company(bill)
    # The same lines once more, in another currency and in another account.
    bill.lines += [row | {"line_item_currency_code": "EUR"} for row in bill.lines[::3]]
    bill.lines += [row | {"line_item_usage_account_id": "444455556666"} for row in bill.lines[::5]]
    settings = app.Settings(db=tmp_path / "advisor.duckdb")
    app.ingest([str(bill.write(tmp_path / "bill"))], settings, app.Silent())
    with store.reading(settings.db, settings.resources) as con:
        loads = [row[0] for row in con.execute("select load_id from loads").fetchall()]
        engine.prepare(con, loads=loads, as_of=bill.last, context=ContextRules())
        engine.prepare_utilization(con)
        for check in catalogue.shipped_checks():
            rows = engine.select(con, check, check.bind({}, bill.last))
            keys = rows.select("provider", "sub_account_id", "resource_id", "billing_currency")
            assert keys.is_duplicated().sum() == 0, check.id
