-- Twelve representative questions of a cost review, put straight to the hourly lines: the raw side of T6.

-- idle public IPv4 addresses
select line_item_usage_account_id, line_item_resource_id, sum(line_item_unblended_cost)
from lines
where line_item_usage_type like '%PublicIPv4:IdleAddress' and line_item_usage_start_date >= (select start from recent)
group by all;

-- NAT gateways: hours against bytes
select
    line_item_usage_account_id, line_item_resource_id,
    sum(line_item_usage_amount) filter (line_item_usage_type like '%NatGateway-Hours') as hours,
    sum(line_item_usage_amount) filter (line_item_usage_type like '%NatGateway-Bytes') as gb,
    sum(line_item_unblended_cost)
from lines
where line_item_usage_type like '%NatGateway-%' and line_item_usage_start_date >= (select start from recent)
group by all
having gb < 0.01 * hours;

-- load balancers: hours against capacity units
select
    line_item_usage_account_id, line_item_resource_id,
    sum(line_item_usage_amount) filter (line_item_usage_type like '%LoadBalancerUsage') as hours,
    sum(line_item_usage_amount) filter (line_item_usage_type like '%LCUUsage') as units,
    sum(line_item_unblended_cost)
from lines
where line_item_product_code = 'AWSELB' and line_item_usage_start_date >= (select start from recent)
group by all
having units < 0.01 * hours;

-- volumes of an older kind
select line_item_usage_account_id, line_item_resource_id, sum(line_item_usage_amount), sum(line_item_unblended_cost)
from lines
where line_item_usage_type like '%EBS:VolumeUsage.gp2'
group by all;

-- instances of an older generation
select line_item_usage_account_id, line_item_resource_id, product_instance_type, sum(line_item_unblended_cost)
from lines
where regexp_matches(product_instance_type, '^(m[1-4]|c[1-4]|r[1-3]|t[12])\.')
group by all;

-- unused commitments
select
    bill_billing_period_start_date, coalesce(savings_plan_savings_plan_a_r_n, reservation_reservation_a_r_n),
    sum(savings_plan_total_commitment_to_date - savings_plan_used_commitment), sum(reservation_unused_recurring_fee)
from lines
where line_item_line_item_type in ('SavingsPlanRecurringFee', 'RIFee')
group by all;

-- Marketplace by month
select bill_billing_period_start_date, line_item_product_code, sum(line_item_unblended_cost)
from lines
where bill_billing_entity = 'AWS Marketplace'
group by all;

-- first and last use of a region by an account
select
    line_item_usage_account_id, product_region_code, min(line_item_usage_start_date), max(line_item_usage_start_date),
    sum(line_item_unblended_cost)
from lines
group by all;

-- cost per unit, month against month
select
    bill_billing_period_start_date, line_item_product_code, line_item_usage_type,
    sum(line_item_unblended_cost) / nullif(sum(line_item_usage_amount), 0)
from lines
where line_item_line_item_type = 'Usage'
group by all;

-- growing snapshots
select line_item_usage_account_id, bill_billing_period_start_date, sum(line_item_usage_amount)
from lines
where line_item_usage_type like '%EBS:SnapshotUsage'
group by all;

-- what moved most between two months
select
    line_item_usage_account_id, line_item_product_code,
    sum(line_item_unblended_cost) filter (bill_billing_period_start_date = (select start from recent)) as now,
    sum(line_item_unblended_cost) filter (bill_billing_period_start_date < (select start from recent)) as before
from lines
group by all
order by abs(coalesce(now, 0) - coalesce(before, 0)) desc
limit 20;

-- development machines that run around the clock
select
    line_item_usage_account_id, line_item_resource_id, count(distinct line_item_usage_start_date) as hours,
    sum(line_item_unblended_cost)
from lines
where line_item_usage_type like '%BoxUsage:%'
    and line_item_line_item_type <> 'SavingsPlanNegation'
    and line_item_usage_account_name like '%-dev'
    and line_item_usage_start_date >= (select start from recent)
group by all
having hours >= 0.95 * (select hours from recent);
