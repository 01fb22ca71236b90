/*---
id          = "aws-ec2-cpu-credit-surplus"
title       = "Burstable instance pays for surplus CPU credits"
kind        = "modernize"
service     = "Amazon Elastic Compute Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "medium"
blind_spots = "The bill does not say what the CPU did: a runaway process and a grown workload look alike, and so does a one-off load inside the window. The price ratio of the fixed-performance type is us-east-1's; it keeps the vCPUs, not more."
remediation = "Find what uses the CPU; if it is needed, change to the fixed-performance type named, else limit the credits to standard mode."
command     = """
aws ec2 describe-instance-credit-specifications --region {region} --instance-ids {resource_name}
aws ec2 describe-instances --region {region} --instance-ids {resource_name}
"""
reason      = "Surplus credits of {surplus_vcpu_hours} vCPU-hours come on top of {instance_type}, which is {instance_share_of_cost} of its cost; {successor} instead would cost {extra_cost_of_successor} more in the window."
references  = ["https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances-unlimited-mode-concepts.html"]
[judge]
ratio              = "instance_share_of_cost"
active_within_days = 4
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days whose cost is compared."
[params.min_days]
default = 7
unit    = "days"
help    = "An instance billed on fewer days is too short-lived to judge."
[params.recent_days]
default = 7
unit    = "days"
help    = "Without surplus in as many trailing days the load is over: a week, for what runs on some days of it only."
[params.min_saving_share]
default = 0.1
unit    = "share"
help    = "Surplus credits below this share of instance plus credits are what bursting is for."
---*/
with fixed as (
    -- Fixed-performance type of the same vCPUs and at least the memory, on the same kind of processor; ratio = its
    -- list price / the burstable type's, on-demand Linux, us-east-1, 2026-07.
    select
        *
    from (values
        ('t2.nano', 'c6i.large', 14.6552),
        ('t2.micro', 'c6i.large', 7.3276),
        ('t2.small', 'c6i.large', 3.6957),
        ('t2.medium', 'c6i.large', 1.8319),
        ('t2.large', 'm6i.large', 1.0345),
        ('t2.xlarge', 'm6i.xlarge', 1.0345),
        ('t2.2xlarge', 'm6i.2xlarge', 1.0345),
        ('t3.nano', 'c6i.large', 16.3462),
        ('t3.micro', 'c6i.large', 8.1731),
        ('t3.small', 'c6i.large', 4.0865),
        ('t3.medium', 'c6i.large', 2.0433),
        ('t3.large', 'm6i.large', 1.1538),
        ('t3.xlarge', 'm6i.xlarge', 1.1538),
        ('t3.2xlarge', 'm6i.2xlarge', 1.1538),
        ('t3a.nano', 'c6a.large', 16.2766),
        ('t3a.micro', 'c6a.large', 8.1383),
        ('t3a.small', 'c6a.large', 4.0691),
        ('t3a.medium', 'c6a.large', 2.0346),
        ('t3a.large', 'm6a.large', 1.1489),
        ('t3a.xlarge', 'm6a.xlarge', 1.1489),
        ('t3a.2xlarge', 'm6a.2xlarge', 1.1489),
        ('t4g.nano', 'c7g.large', 17.2619),
        ('t4g.micro', 'c7g.large', 8.6310),
        ('t4g.small', 'c7g.large', 4.3155),
        ('t4g.medium', 'c7g.large', 2.1577),
        ('t4g.large', 'm7g.large', 1.2143),
        ('t4g.xlarge', 'm7g.xlarge', 1.2143),
        ('t4g.2xlarge', 'm7g.2xlarge', 1.2143)
    ) as t (
        box_type,
        successor,
        ratio
    )
),
lines as (
    select
        u.*,
        starts_with(usage_kind, 'CPUCredits:') as is_credits,
        split_part(usage_kind, ':', 2) as box_type,
        lower(product_detail || ' ' || charge_description) as words
    from usage_days u
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        -- RDS and ElastiCache bill CPUCredits, too.
        and (service_code = 'AmazonEC2' or (service_code = '' and service_name ilike '%Elastic Compute Cloud%'))
        and regexp_matches(usage_kind, '^(CPUCredits:t\d|BoxUsage:t\d[a-z]*\.)')
        and resource_id <> ''
),
sums as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        min(charge_date) as first_day,
        case
            when max(charge_date) filter (is_credits) <= $as_of - $recent_days then max(charge_date) filter (is_credits)
            else max(charge_date)
        end as last_day,
        count(distinct charge_date) as observed_days,
        coalesce(sum(effective_cost) filter (is_credits), 0) as cost,
        coalesce(sum(committed_cost) filter (is_credits), 0) as committed_cost,
        coalesce(sum(list_cost) filter (is_credits), 0) as list_cost,
        list(distinct usage_type) filter (is_credits) as claims,
        string_agg(distinct box_type, ', ' order by box_type) filter (not is_credits) as instance_type,
        string_agg(distinct successor, ', ' order by successor) as successor,
        sum(consumed_quantity) filter (is_credits) as surplus_vcpu_hours,
        count(distinct charge_date) filter (is_credits and effective_cost > 0) as days_with_surplus,
        sum(effective_cost) filter (not is_credits) as instance_cost,
        -- A commitment goes on being paid: its hours would be bought again. Null: a system or a type without a ratio.
        case
            when not bool_or(not is_credits and (ratio is null or not is_plain))
                then sum(
                    case
                        when pricing_category = 'Committed' then greatest(list_cost, effective_cost) * ratio
                        else effective_cost * (ratio - 1)
                    end
                ) filter (not is_credits)
        end as extra_cost_of_successor
    from (
        select
            *,
            not regexp_matches(words, 'windows|sql|rhel|red hat|suse|ubuntu pro')
                and (operation = 'RunInstances' or (operation = '' and regexp_matches(words, 'linux|unix'))) as is_plain
        from lines
        left join fixed using (box_type)
    )
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'EC2 instance' as resource_type,
    first_day,                                                                                  -- UTC day
    last_day,                                                                                   -- UTC day
    observed_days,                                                                              -- days
    cost,                                                                                       -- billing currency
    committed_cost,                                                                             -- billing currency
    list_cost,                                                                                  -- billing currency
    claims,                                                                                     -- usage types as billed
    instance_type,                                                                              -- type billed now
    successor,                                                                                  -- fixed-performance type
    surplus_vcpu_hours,                                                                         -- vCPU-h
    days_with_surplus,                                                                          -- days
    instance_cost,                                                                              -- billing currency, window
    extra_cost_of_successor,                                                                    -- billing currency, window
    case when instance_cost > 0 then instance_cost / (instance_cost + cost) end
        as instance_share_of_cost,                                                              -- share
    case when cost > 0 then greatest(0, 1 - coalesce(extra_cost_of_successor, cost) / cost) else 0 end
        as saves_share,                                                                         -- share of cost
    case when extra_cost_of_successor is null or extra_cost_of_successor >= cost then 'low' end
        as confidence                                                                           -- else the check's
from sums
