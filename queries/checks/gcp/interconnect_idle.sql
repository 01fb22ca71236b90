/*---
id          = "gcp-interconnect-idle"
title       = "Cloud Interconnect is paid for and moves almost no data"
kind        = "idle"
service     = "Networking"
confidence  = "low"
effort      = "high"
risk        = "high"
blind_spots = "A second path without traffic is what an availability agreement asks for, and is not told from a forgotten one. Only data that leaves Google is billed; data of ports is booked on the project of the attachment, so all projects of the billing account count. The provider's contract for the line may run for years."
remediation = "Ask the network team whether the connection is a standby; if not, drain it, delete the VLAN attachments, then the connection, and cancel the cross-connect with the provider."
reason      = "{paid_hours} hours of ports or attachments were billed, and {gib} GiB left through interconnects in {days} days."
references  = ["https://cloud.google.com/network-connectivity/docs/interconnect/pricing"]
[commands]
"" = """
gcloud compute interconnects list --project {account_id}
gcloud compute interconnects attachments list --project {account_id}"""
group = """
gcloud compute interconnects list --project {account_id}
gcloud compute interconnects attachments list --project {account_id}"""
[judge]
use     = "gib"
per     = "days"
at_most = "max_gib_per_day"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gib_per_day]
default = 0.1
unit    = "GiB/day"
help    = "At or below this the connection counts as idle; routing sessions and health checks cause some."
---*/
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'data transfer|egress|ingress|data process|traffic')
            or regexp_matches(pricing_unit, '^(gib|gigabyte)[a-z]*$', 'i') as is_data,
        regexp_matches(usage_kind, 'attachment|\bvlan\b') as is_attachment
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '\binterconnect\b')
        -- Cross-Site Interconnect joins two sites of the customer's: its data is not billed.
        and not regexp_matches(usage_kind, 'network intelligence|cross[- ]?site')
        and (service_code in ('', '6F81-5844-456A', 'E505-1604-58F8') or service_name in ('Compute Engine', 'Networking'))
),

paid as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        any_value(billing_account_id) as billing_account_id,
        max(region_id) as region_id,
        bool_and(is_attachment) as only_attachments,
        min(charge_date) as first_day,                             -- UTC day
        max(charge_date) as last_day,                              -- UTC day
        count(distinct charge_date) as observed_days,              -- days
        sum(effective_cost) as cost,                               -- billing currency
        sum(committed_cost) as committed_cost,                     -- billing currency
        sum(list_cost) as list_cost,                               -- billing currency
        list(distinct usage_type order by usage_type) as claims,   -- usage types
        sum(consumed_quantity) as paid_hours                       -- h of ports and attachments
    from lines
    where not is_data
    group by provider, sub_account_id, resource_id, billing_currency
)

select
    p.provider,
    p.sub_account_id,
    p.resource_id,
    p.billing_currency,
    p.region_id,
    case when p.only_attachments then 'VLAN attachments' else 'Interconnect ports' end as resource_type,
    p.first_day,                                                   -- UTC day
    p.last_day,                                                    -- UTC day
    p.observed_days,                                               -- days
    p.cost,                                                        -- billing currency
    p.committed_cost,                                              -- billing currency
    p.list_cost,                                                   -- billing currency
    p.claims,                                                      -- usage types
    p.paid_hours,                                                  -- h of ports and attachments
    $window_days as days,                                          -- days
    -- Attachments: their project's data, and that of projects without any. Ports: everybody's.
    coalesce(sum(d.consumed_quantity) filter (
        not p.only_attachments
        or d.sub_account_id = p.sub_account_id
        or not exists (select 1 from paid a where a.only_attachments and a.sub_account_id = d.sub_account_id)
    ), 0) as gib                                                   -- GiB
from paid p
left join lines d
    on d.is_data
    and d.billing_account_id = p.billing_account_id
group by all
