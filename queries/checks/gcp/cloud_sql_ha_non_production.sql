/*---
id          = "gcp-cloud-sql-ha-non-production"
title       = "Non-production database pays for a standby in a second zone"
kind        = "modernize"
service     = "Cloud SQL"
confidence  = "medium"
effort      = "low"
risk        = "low"
blind_spots = "The environment is read from labels, project and resource names. Failover rehearsals and staging systems that must mirror production need the standby; the change restarts the instance."
remediation = "Change the availability type to zonal in a maintenance window; backups and point-in-time recovery stay."
command     = """
gcloud sql instances describe {resource_name} --project {account_id}
gcloud sql instances patch {resource_name} --project {account_id} --availability-type=zonal"""
reason      = "Regional availability costs {cost} in the window and is marked {environment_found}; in one zone the same would cost {target_cost}."
references  = ["https://cloud.google.com/sql/docs/mysql/high-availability"]
[judge]
target = "target_cost"
[commands]
group = "gcloud sql instances list --project {account_id} --filter=settings.availabilityType=REGIONAL"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days whose cost is averaged."
[params.min_days]
default = 7
unit    = "days"
help    = "Days in the window on which the standby must have been billed."
[params.min_saving_share]
default = 0.05
unit    = "share"
help    = "Below this share of the cost the change is not worth it."
---*/
-- Google's public price list (copies read in November 2026: Iowa, Santiago, Milan): zonal vCPU, RAM, storage and whole
-- instances cost half of regional ones. The bill's own zonal price stands before it.
with lines as (
    select
        *,
        regexp_matches(usage_kind, ': regional - ') as is_regional
    from usage_days
    where provider = 'gcp'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, ': (regional|zonal) - .*(vcpu|\bram\b|instance|storage)')
        and not regexp_matches(usage_kind, 'extended support|ip address|export|backup|licen[cs]|read replica')
        and (usage_kind like 'cloud sql%' or service_name = 'Cloud SQL' or service_code = '9662-B51E-5089')
),

prices as (
    -- At list: commitments and other discounts would make the two prices differ.
    select
        billing_account_id,
        region_id,
        billing_currency,
        usage_kind,
        sum(list_cost) / sum(consumed_quantity) as price  -- billing currency per unit
    from lines
    group by all
    having sum(list_cost) > 0 and sum(consumed_quantity) > 0
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'Cloud SQL instance' as resource_type,
    min(l.charge_date) as first_day,                                                            -- UTC day
    max(l.charge_date) as last_day,                                                             -- UTC day
    count(distinct l.charge_date) as observed_days,                                             -- days
    sum(l.effective_cost) as cost,                                                              -- billing currency
    sum(l.committed_cost) as committed_cost,                                                    -- billing currency
    sum(l.list_cost) as list_cost,                                                              -- billing currency
    list(distinct l.usage_type order by l.usage_type) as claims,                                -- usage types
    sum(l.effective_cost * least(1, coalesce(z.price / r.price, 0.5))) as target_cost,          -- billing currency
    sum(l.consumed_quantity) filter (regexp_matches(l.usage_kind, ' - .*vcpu$')) as vcpu_hours, -- vCPU-h
    max(a.environment) as environment_found
from lines l
join resources a using (provider, sub_account_id, resource_id)
left join prices r
    on (r.billing_account_id, r.region_id, r.billing_currency, r.usage_kind)
        = (l.billing_account_id, l.region_id, l.billing_currency, l.usage_kind)
left join prices z
    on (z.billing_account_id, z.region_id, z.billing_currency)
        = (l.billing_account_id, l.region_id, l.billing_currency)
    and z.usage_kind = replace(l.usage_kind, ': regional - ', ': zonal - ')
where l.is_regional
    and a.environment = 'non-production'
group by all
-- A group has lines of many: all of them must say so.
having l.resource_id not like 'all:%' or bool_and(l.environment = 'non-production')
