/*---
id          = "aws-ec2-previous-generation"
title       = "Instance type of a previous generation"
kind        = "modernize"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The price ratio is us-east-1's, off by a few per cent elsewhere, and the successor may not be offered in the zone. It needs ENA and NVMe drivers and an HVM image; m1, m2, m3, c1, c3, r3 and cr1 lose their local disks, m2 also 6 % of its memory. T3 bills surplus credits by default where T2 throttles. A reservation or EC2 Instance Savings Plan of the old family would go unused."
remediation = "Take an image, check drivers and local disks, then stop the instance, change its type to the successor and start it."
command     = """
aws ec2 describe-instances --region {region} --instance-ids {resource_name}
aws ec2 create-image --region {region} --instance-id {resource_name} --name before-type-change-{resource_name} --no-reboot
"""
reason      = "{instance_type} costs more than its successor {successor}, whose list price is {price_ratio} times as high."
references  = ["https://aws.amazon.com/ec2/previous-generation/"]
[judge]
ratio              = "price_ratio"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is compared."
[params.min_days]
default = 7
unit    = "days"
help    = "An instance billed on fewer days is too short-lived to judge."
[params.min_saving_share]
default = 0.02
unit    = "share"
help    = "A successor that saves less than this is not worth a finding."
---*/
with successors as (
    -- x86 to x86; ratio = list price of the successor / list price of the old type, on-demand Linux, us-east-1,
    -- 2026-07. Types without a cheaper successor of at least equal vCPUs and memory (m4.10xlarge, d2.8xlarge, x1, x1e,
    -- i3, h1, g2, g3, p2, p3, f1) are left out on purpose.
    select
        *
    from (values
        ('t1.micro', 't3.micro', 0.5200),
        ('t2.nano', 't3.nano', 0.8966),
        ('t2.micro', 't3.micro', 0.8966),
        ('t2.small', 't3.small', 0.9043),
        ('t2.medium', 't3.medium', 0.8966),
        ('t2.large', 't3.large', 0.8966),
        ('t2.xlarge', 't3.xlarge', 0.8966),
        ('t2.2xlarge', 't3.2xlarge', 0.8966),
        ('m1.small', 't3.small', 0.4727),
        ('m1.medium', 'm7a.medium', 0.6662),
        ('m1.large', 'm6i.large', 0.5486),
        ('m1.xlarge', 'm6i.xlarge', 0.5486),
        ('m2.xlarge', 'r6i.large', 0.5143),
        ('m2.2xlarge', 'r6i.xlarge', 0.5143),
        ('m2.4xlarge', 'r6i.2xlarge', 0.5143),
        ('m3.medium', 'm7a.medium', 0.8651),
        ('m3.large', 'm6i.large', 0.7218),
        ('m3.xlarge', 'm6i.xlarge', 0.7218),
        ('m3.2xlarge', 'm6i.2xlarge', 0.7218),
        ('m4.large', 'm6i.large', 0.9600),
        ('m4.xlarge', 'm6i.xlarge', 0.9600),
        ('m4.2xlarge', 'm6i.2xlarge', 0.9600),
        ('m4.4xlarge', 'm6i.4xlarge', 0.9600),
        ('m4.16xlarge', 'm6i.16xlarge', 0.9600),
        ('c1.medium', 'c6i.large', 0.6538),
        ('c1.xlarge', 'c6i.2xlarge', 0.6538),
        ('c3.large', 'c6i.large', 0.8095),
        ('c3.xlarge', 'c6i.xlarge', 0.8095),
        ('c3.2xlarge', 'c6i.2xlarge', 0.8095),
        ('c3.4xlarge', 'c6i.4xlarge', 0.8095),
        ('c3.8xlarge', 'c6i.8xlarge', 0.8095),
        ('c4.large', 'c6i.large', 0.8500),
        ('c4.xlarge', 'c6i.xlarge', 0.8543),
        ('c4.2xlarge', 'c6i.2xlarge', 0.8543),
        ('c4.4xlarge', 'c6i.4xlarge', 0.8543),
        ('c4.8xlarge', 'c5.9xlarge', 0.9617),
        ('r3.large', 'r6i.large', 0.7590),
        ('r3.xlarge', 'r6i.xlarge', 0.7568),
        ('r3.2xlarge', 'r6i.2xlarge', 0.7579),
        ('r3.4xlarge', 'r6i.4xlarge', 0.7579),
        ('r3.8xlarge', 'r6i.8xlarge', 0.7579),
        ('cr1.8xlarge', 'r6i.8xlarge', 0.5760),
        ('r4.large', 'r6i.large', 0.9474),
        ('r4.xlarge', 'r6i.xlarge', 0.9474),
        ('r4.2xlarge', 'r6i.2xlarge', 0.9474),
        ('r4.4xlarge', 'r6i.4xlarge', 0.9474),
        ('r4.8xlarge', 'r6i.8xlarge', 0.9474),
        ('r4.16xlarge', 'r6i.16xlarge', 0.9474),
        ('i2.xlarge', 'i4i.xlarge', 0.4021),
        ('i2.2xlarge', 'i4i.2xlarge', 0.4023),
        ('i2.4xlarge', 'i4i.4xlarge', 0.4026),
        ('i2.8xlarge', 'i4i.8xlarge', 0.4026),
        ('d2.xlarge', 'd3.xlarge', 0.7232),
        ('d2.2xlarge', 'd3.2xlarge', 0.7239),
        ('d2.4xlarge', 'd3.4xlarge', 0.7239)
    ) as t (
        instance_type,
        successor,
        ratio
    )
),
boxes as (
    select
        * replace (case when usage_kind = 'BoxUsage' then 'm1.small' else split_part(usage_kind, ':', 2) end as instance_type),
        lower(product_detail || ' ' || charge_description) as words
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        -- GameLift, EMR and others name usage BoxUsage, too.
        and (service_code = 'AmazonEC2' or (service_code = '' and service_name ilike '%Elastic Compute Cloud%'))
        and (usage_kind = 'BoxUsage' or usage_kind like 'BoxUsage:%')
        and pricing_category <> 'Dynamic'
        and resource_id <> ''
),
priced as (
    select
        b.*,
        s.successor,
        -- A licence in the rate (Windows, SQL Server, RHEL, SUSE) is paid apart from the hardware: no ratio for it.
        case
            when s.ratio is null
                or regexp_matches(words, 'windows|sql|rhel|red hat|suse|ubuntu pro')
                or operation not in ('', 'RunInstances', 'RunInstances:0800', 'RunInstances:00g0')
                then 1
            when operation <> '' or regexp_matches(words, 'linux|unix') then s.ratio
        end as ratio                                                                            -- null: system unknown
    from boxes b
    left join successors s using (instance_type)
),
marked as (
    -- What runs now: an instance that was changed is judged by its new type alone.
    select
        *,
        ratio is distinct from 1 as is_old,
        coalesce(
            max(charge_date) filter (where ratio is distinct from 1) over (partition by sub_account_id, resource_id)
            = max(charge_date) over (partition by sub_account_id, resource_id),
            false
        ) as runs_old
    from priced
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EC2 instance' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(distinct charge_date) as observed_days,                                               -- days
    sum(effective_cost) as cost,                                                                -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    list(distinct usage_type) as claims,                                                        -- usage types as billed
    string_agg(distinct instance_type, ', ' order by instance_type) as instance_type,           -- type billed now
    string_agg(distinct successor, ', ' order by successor) as successor,                       -- type to change to
    sum(consumed_quantity) as instance_hours,                                                   -- h
    case when not bool_or(ratio is null) then sum(effective_cost * ratio) / nullif(sum(effective_cost), 0) end
        as price_ratio,                                                                         -- new price / old price
    case
        when sum(committed_cost) > 0 or bool_or(regexp_matches(instance_type, '^(m1\.small|m2\.)')) then 'low'
    end as confidence                                                                           -- else the check's
from marked
where is_old = runs_old
group by all
