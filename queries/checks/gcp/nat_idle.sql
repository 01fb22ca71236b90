/*---
id          = "gcp-nat-idle"
title       = "Cloud NAT is paid for and moves almost no data"
kind        = "idle"
service     = "Networking"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "GiB processed stand for traffic: a gateway kept for quarterly jobs or as a standby path only looks idle, and little traffic (package updates, calls of a payment or licence service) may be vital. Uptime is billed per VM behind the gateway, so a gateway without VMs shows its addresses only."
remediation = "Find out which subnets still need a way out, then delete the NAT configuration from its router and release its static addresses, which otherwise go on being billed as unused; Private Google Access reaches Google's own services without NAT."
reason      = "Cloud NAT processed {gib} GiB in {window_hours} hours ({uptime_hours} VM-hours of uptime and {address_hours} address-hours billed)."
references  = ["https://cloud.google.com/nat/pricing"]
[commands]
"" = """
gcloud compute routers list --project {account_id} --regions {region}
gcloud compute addresses list --project {account_id} --regions {region}"""
group = """
gcloud compute routers list --project {account_id} --regions {region}
gcloud compute addresses list --project {account_id} --regions {region}"""
[judge]
use     = "usual_gib"
per     = "window_hours"
at_most = "max_gib_per_hour"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gib_per_hour]
default = 0.01
unit    = "GiB/h"
help    = "At or below this traffic, all gateways of a project and region together, they count as idle; also on average of the 31 days before."
---*/
-- Public and private NAT, both generations of names: 'nat gateway: uptime charge' and 'networking cloud nat gateway uptime'.
with lines as (
    select
        *,
        product_sku in ('32E2-4EFC-EF9F', 'AAF7-1D17-BFC4')
            or regexp_matches(usage_kind, '\bnat gateway:? uptime') as is_uptime,
        product_sku = '8515-9425-D2CE' or regexp_matches(usage_kind, '\bnat ip usage') as is_address,
        product_sku = '015F-5732-FFF0' or regexp_matches(usage_kind, '\bnat (gateway:? )?data process') as is_data
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            product_sku in ('32E2-4EFC-EF9F', 'AAF7-1D17-BFC4', '8515-9425-D2CE', '015F-5732-FFF0')
            or regexp_matches(usage_kind, '\bnat (gateway:? uptime|ip usage|(gateway:? )?data process)')
        )
),

gateways as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        max(region_id) as region_id,
        min(charge_date) as first_day,                                                 -- UTC day
        max(charge_date) as last_day,                                                  -- UTC day
        count(distinct charge_date) filter (is_uptime or is_address) as observed_days, -- days
        sum(effective_cost) as cost,                                                   -- billing currency
        sum(committed_cost) as committed_cost,                                         -- billing currency
        sum(list_cost) as list_cost,                                                   -- billing currency
        list(distinct usage_type order by usage_type) as claims,                       -- usage types
        sum(consumed_quantity) filter (is_uptime) as uptime_hours,                     -- VM-hours
        sum(consumed_quantity) filter (is_address) as address_hours                    -- h
    from lines
    group by provider, sub_account_id, resource_id, billing_currency
    having bool_or(is_uptime or is_address)
),

-- What comes at the end of a month may have come just before the window.
busy_before as (
    select
        g.sub_account_id,
        g.resource_id,
        sum(d.consumed_quantity) as before_gib                                         -- GiB
    from (select distinct sub_account_id, resource_id, region_id from gateways) g
    join usage_days d
        on d.sub_account_id = g.sub_account_id
        and d.region_id in (g.region_id, '')
        and (d.resource_id = g.resource_id or d.resource_id like 'all:%' or g.resource_id like 'all:%')
    where d.provider = 'gcp'
        and d.charge_date > $as_of - $window_days - 31
        and d.charge_date <= $as_of - $window_days
        and (d.product_sku = '015F-5732-FFF0' or regexp_matches(d.usage_kind, '\bnat (gateway:? )?data process'))
    group by all
)

select
    g.provider,
    g.sub_account_id,
    g.resource_id,
    g.billing_currency,
    g.region_id,
    'Cloud NAT' as resource_type,
    -- A few GiB may be a payment service's calls: hardly any proves more.
    case
        when coalesce(sum(d.consumed_quantity), 0) > 0.1 * $max_gib_per_hour * 24 * $window_days * (1 + 1e-9) then 'low'
        else 'medium'
    end as confidence,
    confidence as group_confidence,
    g.first_day,                                                                       -- UTC day
    g.last_day,                                                                        -- UTC day
    g.observed_days,                                                                   -- days
    g.cost,                                                                            -- billing currency
    g.committed_cost,                                                                  -- billing currency
    g.list_cost,                                                                       -- billing currency
    g.claims,                                                                          -- usage types
    coalesce(g.uptime_hours, 0) as uptime_hours,                                       -- VM-hours
    coalesce(g.address_hours, 0) as address_hours,                                     -- h
    24 * $window_days as window_hours,                                                 -- h
    -- Data that names no gateway, or no region, may be anyone's.
    coalesce(sum(d.consumed_quantity), 0) as gib,                                      -- GiB
    coalesce(any_value(b.before_gib), 0) as gib_before,                                -- GiB in the 31 days before
    greatest(gib, gib_before * $window_days / 31) as usual_gib                         -- GiB in as many days
from gateways g
left join busy_before b using (sub_account_id, resource_id)
left join lines d
    on d.is_data
    and d.sub_account_id = g.sub_account_id
    and (d.region_id = g.region_id or d.region_id = '' or g.region_id = '')
    and (d.resource_id = g.resource_id or d.resource_id like 'all:%' or g.resource_id like 'all:%')
group by all
