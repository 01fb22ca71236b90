/*---
id          = "aws-waf-acl-idle"
title       = "Web ACL inspects no requests"
kind        = "idle"
service     = "AWS WAF"
confidence  = "medium"
effort      = "low"
risk        = "medium"
blind_spots = "An ACL may guard an endpoint that is rarely called, a standby or a launch to come; one that Firewall Manager or Shield Advanced made comes back."
remediation = "List what the ACL is associated with; delete it where that is nothing or nothing that is needed."
reason      = "Billed on {observed_days} days with {requests} inspected requests."
[commands]
regional   = """
aws wafv2 list-resources-for-web-acl --region {region} --web-acl-arn {resource_id} --resource-type APPLICATION_LOAD_BALANCER
aws wafv2 list-resources-for-web-acl --region {region} --web-acl-arn {resource_id} --resource-type API_GATEWAY
aws wafv2 list-resources-for-web-acl --region {region} --web-acl-arn {resource_id} --resource-type APPSYNC
aws wafv2 list-resources-for-web-acl --region {region} --web-acl-arn {resource_id} --resource-type COGNITO_USER_POOL"""
cloudfront = "aws cloudfront list-distributions-by-web-acl-id --web-acl-id {resource_id}"
[judge]
use     = "requests"
at_most = "max_requests"
[params.window_days]
default = 30
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_requests]
default = 0
unit    = "requests"
help    = "At or below this many inspected requests the ACL counts as idle."
---*/
with lines as (
    select
        *,
        regexp_matches(usage_kind, '^WebACL') as is_acl,
        regexp_matches(usage_kind, 'Request|Captcha|CAPTCHA|Challenge') as is_request
    from usage_days
    where charge_date > $as_of - $window_days
        and charge_date <= $as_of
        and (
            service_code in ('awswaf', 'AWSWAF')
            or service_name = 'AWS WAF'
            or regexp_matches(usage_kind, '^(ShieldProtected-)?(WebACL|RuleV2|RequestV2)')
        )
),

-- Accounts whose requests do not name their ACL prove nothing about one.
blind as (
    select distinct sub_account_id
    from lines
    where is_request and resource_id = '' and consumed_quantity > 0
)

select
    l.provider,
    l.sub_account_id,
    l.resource_id,
    l.billing_currency,
    'web ACL' as resource_type,
    case
        when l.resource_id like '%:regional/webacl/%' then 'regional'
        when l.resource_id like '%:global/webacl/%' then 'cloudfront'
    end as variant,
    min(l.charge_date) as first_day,                                            -- UTC day
    max(l.charge_date) filter (l.is_acl) as last_day,                           -- UTC day
    count(distinct l.charge_date) filter (l.is_acl) as observed_days,           -- days
    sum(l.effective_cost) as cost,                                              -- billing currency
    sum(l.committed_cost) as committed_cost,                                    -- billing currency
    sum(l.list_cost) as list_cost,                                              -- billing currency
    case
        when count(b.sub_account_id) = 0 then coalesce(sum(l.consumed_quantity) filter (l.is_request), 0)
    end as requests,                                                            -- requests
    case when any_value(l.resource_id) like '%/webacl/FMManaged%' then 'low' end as confidence
from lines l
left join blind b using (sub_account_id)
where l.resource_id <> ''
group by all
-- Shield Advanced pays for the ACLs of what it protects.
having bool_or(l.is_acl) and not bool_or(l.usage_kind like '%ShieldProtected%')
