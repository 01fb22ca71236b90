/*---
id          = "aws-bedrock-provisioned-model-no-invocations"
title       = "Provisioned throughput of a model that nobody calls"
kind        = "idle"
service     = "Amazon Bedrock"
confidence  = "high"
effort      = "low"
risk        = "medium"
overrules   = ["aws-bedrock-provisioned-throughput-idle"]
blind_spots = "A launch that is near or a quarterly run needs the units and does not call them yet. A term of months is paid to its end."
remediation = "Ask its owner, then delete the provisioned throughput, or let a committed term end without renewal. A custom model served by it stays."
command     = """
aws bedrock get-provisioned-model-throughput --region {region} --provisioned-model-id {resource_id}
aws bedrock delete-provisioned-model-throughput --region {region} --provisioned-model-id {resource_id}"""
reason      = "{invocations} invocations in {window_days} days."
references  = ["https://docs.aws.amazon.com/bedrock/latest/userguide/prov-throughput.html"]
[judge]
use     = "invocations"
at_most = "max_invocations"
also    = { token_count = "max_invocations" }
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_invocations]
default = 0
unit    = "invocations"
help    = "At or below this many in the window (and no more tokens) nobody calls it."
---*/
with days as (
    select
        provider,
        sub_account_id,
        resource_id,
        billing_currency,
        charge_date,                                                                            -- UTC day
        bit_count(bit_or(hours_mask)) as hours,                                                 -- h
        sum(effective_cost) as cost,                                                            -- billing currency
        -- A term of months is paid whether the units exist or not.
        coalesce(sum(effective_cost) filter (
            regexp_matches(usage_kind, '\d.?month', 'i') or pricing_category = 'Committed'
        ), 0) as committed_cost,                                                                -- billing currency
        sum(list_cost) as list_cost                                                             -- billing currency
    from usage_days
    where provider = 'aws'
        and charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and regexp_matches(usage_kind, 'provisioned.?throughput|model.?units', 'i')
        and regexp_matches(service_code || ' ' || service_name || ' ' || operation || ' ' || usage_kind,
                           'bedrock|throughput|model.?units', 'i')
        and resource_id <> ''
        and resource_id not like 'all:%'
    group by all
)
select
    provider,
    sub_account_id,
    resource_id,
    billing_currency,
    'provisioned throughput' as resource_type,
    min(charge_date) as first_day,                                                              -- UTC day
    max(charge_date) as last_day,                                                               -- UTC day
    count(*) as observed_days,                                                                  -- days
    sum(cost) as cost,                                                                          -- billing currency
    sum(committed_cost) as committed_cost,                                                      -- billing currency
    sum(list_cost) as list_cost,                                                                -- billing currency
    sum(hours) as billed_hours,                                                                 -- h
    r.sample_hours,                                                                             -- h
    r.total as invocations,                                                                     -- invocations
    coalesce(i.total, 0) + coalesce(o.total, 0) as token_count,                                 -- tokens in and out
    $window_days as window_days                                                                 -- days
from days
left join measured('requests', $as_of, $window_days) r using (provider, sub_account_id, resource_id)
left join measured('input_tokens', $as_of, $window_days) i using (provider, sub_account_id, resource_id)
left join measured('output_tokens', $as_of, $window_days) o using (provider, sub_account_id, resource_id)
group by all
