/*---
id          = "gcp-vpn-tunnel-idle"
title       = "Cloud VPN tunnels through which almost no data moves"
kind        = "idle"
service     = "Networking"
confidence  = "medium"
effort      = "low"
risk        = "high"
blind_spots = "Only data that leaves Google through a tunnel is billed, so answers stand for all traffic. A tunnel kept as the second path of an interconnect, for disaster recovery or for a partner's yearly audit looks idle; one busy tunnel hides the idle ones beside it."
remediation = "Look at the tunnels' state and peer, ask both sides, then delete the tunnels, the gateway and the router that only they use."
reason      = "{tunnel_hours} tunnel-hours were billed, and {gib} GiB left through Cloud VPN in {days} days."
references  = ["https://cloud.google.com/network-connectivity/docs/vpn/pricing"]
[commands]
"" = "gcloud compute vpn-tunnels list --project {account_id} --filter region:{region}"
group = "gcloud compute vpn-tunnels list --project {account_id} --filter region:{region}"
[judge]
use     = "gib"
per     = "days"
at_most = "max_gib_per_day"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gib_per_day]
default = 0.01
unit    = "GiB/day"
help    = "At or below this, all tunnels of a project and region together: routing sessions alone cause a few MiB."
---*/
-- An HA VPN has two tunnels of which one may be a standby: only all of them together can be idle. What an HA VPN over
-- Cloud Interconnect carries is billed as the interconnect's data.
with lines as (
    select
        *,
        regexp_matches(usage_kind, 'data transfer|egress|ingress|data process|traffic') as is_data,
        regexp_matches(usage_kind, '\bvpn\b') as is_vpn
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, '\b(vpn|interconnect)\b')
        and (service_code in ('', '6F81-5844-456A', 'E505-1604-58F8') or service_name in ('Compute Engine', 'Networking'))
),

tunnels as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        any_value(billing_account_id) as billing_account_id,
        max(region_id) as region_id,
        min(charge_date) as first_day,                             -- UTC day
        max(charge_date) as last_day,                              -- UTC day
        count(distinct charge_date) as observed_days,              -- days
        sum(effective_cost) as cost,                               -- billing currency
        sum(committed_cost) as committed_cost,                     -- billing currency
        sum(list_cost) as list_cost,                               -- billing currency
        list(distinct usage_type order by usage_type) as claims,   -- usage types
        sum(consumed_quantity) as tunnel_hours                     -- h
    from lines
    where is_vpn and not is_data and usage_kind like '%tunnel%'
    group by provider, sub_account_id, resource_id, billing_currency
),

-- Data is booked on the machine's project and region where these are not the tunnel's: then nobody can tell whose it is.
data as (
    select
        d.billing_account_id,
        d.sub_account_id,
        d.region_id,
        d.resource_id,
        d.consumed_quantity,                                       -- GiB
        exists (
            select 1 from tunnels t where (t.sub_account_id, t.region_id) = (d.sub_account_id, d.region_id)
        ) as is_placed
    from lines d
    where d.is_data and d.is_vpn
),

moved as (
    select
        t.sub_account_id,
        t.resource_id,
        t.billing_currency,
        coalesce(sum(d.consumed_quantity) filter (
            d.is_placed
            and (d.sub_account_id, d.region_id) = (t.sub_account_id, t.region_id)
            and (starts_with(t.resource_id, 'all:') or d.resource_id = t.resource_id or not contains(d.resource_id, 'vpnTunnels'))
        ), 0) as gib,                                              -- GiB
        coalesce(sum(d.consumed_quantity) filter (not d.is_placed), 0) as unplaced_gib,  -- GiB
        count(d.billing_account_id) > 0 as has_data,
        exists (
            select 1
            from lines i
            where i.is_data
                and not i.is_vpn
                and i.consumed_quantity > 0
                and (i.sub_account_id, i.region_id) = (t.sub_account_id, t.region_id)
        ) as is_over_interconnect
    from tunnels t
    left join data d using (billing_account_id)
    group by all
)

select
    t.provider,
    t.sub_account_id,
    t.resource_id,
    t.billing_currency,
    t.region_id,
    'VPN tunnels' as resource_type,
    -- An export that shows VPN data somewhere would show it here.
    case when not m.has_data then 'low' end as confidence,
    case when m.has_data then 'medium' end as group_confidence,
    t.first_day,                                                   -- UTC day
    t.last_day,                                                    -- UTC day
    t.observed_days,                                               -- days
    t.cost,                                                        -- billing currency
    t.committed_cost,                                              -- billing currency
    t.list_cost,                                                   -- billing currency
    t.claims,                                                      -- usage types
    t.tunnel_hours,                                                -- h
    $window_days as days,                                          -- days
    case
        when m.gib > $max_gib_per_day * $window_days then m.gib
        when not m.is_over_interconnect and m.unplaced_gib <= $max_gib_per_day * $window_days then m.gib
    end as gib                                                     -- GiB
from tunnels t
join moved m using (sub_account_id, resource_id, billing_currency)
