/*---
id          = "aws-network-attachment-idle"
title       = "Network attachment carries almost no traffic"
kind        = "idle"
service     = "Amazon Virtual Private Cloud"
confidence  = "medium"
effort      = "medium"
risk        = "high"
blind_spots = "Standby paths look idle. Transit gateway bytes are billed to the sender, or to another account where cost allocation is set so; a receiver that never answers (log sink) shows none."
remediation = "Check that no route table points at it and that it is no standby path, then delete it."
reason      = "{used} {used_unit} in {hours} billed hours of a {resource_type}."
[commands]
gwlb-endpoint = """
aws ec2 describe-route-tables --region {region} --filters Name=route.gateway-id,Values={resource_name}
aws ec2 delete-vpc-endpoints --region {region} --vpc-endpoint-ids {resource_name}"""
network-firewall = """
aws network-firewall describe-firewall --region {region} --firewall-arn {resource_id}
aws network-firewall delete-firewall --region {region} --firewall-arn {resource_id}"""
transit-gateway-attachment = """
aws ec2 get-transit-gateway-attachment-propagations --region {region} --transit-gateway-attachment-id {resource_name}
aws ec2 delete-transit-gateway-vpc-attachment --region {region} --transit-gateway-attachment-id {resource_name}"""
client-vpn = """
aws ec2 describe-client-vpn-target-networks --region {region} --client-vpn-endpoint-id {resource_name}
aws ec2 delete-client-vpn-endpoint --region {region} --client-vpn-endpoint-id {resource_name}"""
[judge]
use     = "gb_equivalent"
per     = "hours"
at_most = "max_gb_per_hour"
[params.window_days]
default = 14
unit    = "days"
help    = "Trailing days that must be observed."
[params.max_gb_per_hour]
default = 0.001
unit    = "GB/h"
help    = "At or below this traffic per billed hour it counts as idle; a connection-hour of Client VPN weighs as 100 GB."
---*/
with attachment_kinds (variant, resource_type, fixed, used_by, used_unit, gb_per_unit) as (
    values
        ('gwlb-endpoint', 'Gateway Load Balancer endpoint', 'VpcEndpoint-GWLBE-Hours', '%VpcEndpoint-GWLBE-Bytes%', 'GB', 1.0),
        ('network-firewall', 'Network Firewall', 'Endpoint-Hour', '%Traffic-GB-Processed%', 'GB', 1.0),
        ('transit-gateway-attachment', 'transit gateway attachment', 'TransitGateway-Hours', '%TransitGateway-Bytes%', 'GB', 1.0),
        ('client-vpn', 'Client VPN endpoint', 'ClientVPN-EndpointHours', '%ClientVPN-ConnectionHours%', 'connection-hours', 100.0)
),

attachments as (
    select
        m.provider,
        m.sub_account_id,
        m.resource_id,
        k.*,
        -- Backup VPNs and Direct Connect gateways are meant to be quiet.
        bool_or(regexp_matches(m.operation, 'VPN|Vpn|DirectConnect|Peering') and variant = 'transit-gateway-attachment')
            as is_standby_path
    from usage_meters m
    join attachment_kinds k on m.usage_kind = k.fixed
    where m.resource_id <> ''
        -- "Endpoint-Hour" says little alone.
        and (
            k.variant <> 'network-firewall'
            or concat_ws(' ', m.service_code, m.service_name, m.resource_id) ilike '%network%firewall%'
        )
    group by all
),

-- Accounts and regions where the bill shows transit gateway bytes per attachment at all.
senders as (
    select distinct
        sub_account_id,
        region_id
    from usage_meters
    where usage_kind like '%TransitGateway-Bytes%' and resource_id <> ''
),

-- Accounts whose bytes or connections do not name what carried them prove nothing about one.
blind as (
    select distinct
        d.sub_account_id,
        k.variant,
        true as is_blind
    from usage_days d
    join attachment_kinds k on d.usage_kind like k.used_by
    where d.charge_date > $as_of - $window_days
        and d.charge_date <= $as_of
        and d.resource_id = ''
        and d.consumed_quantity > 0
),

totals as (
    select
        d.provider,
        d.sub_account_id,
        d.resource_id,
        d.billing_currency,
        a.resource_type,
        a.variant,
        a.used_unit,
        min(d.charge_date) as first_day,                                                            -- UTC day
        max(d.charge_date) as last_day,                                                             -- UTC day
        count(distinct d.charge_date) filter (d.usage_kind = a.fixed) as observed_days,             -- days
        sum(d.effective_cost) as cost,                                                              -- billing currency
        sum(d.committed_cost) as committed_cost,                                                    -- billing currency
        sum(d.list_cost) as list_cost,                                                              -- billing currency
        list(distinct d.usage_type) filter (d.resource_id like 'all:%') as claims,                  -- usage types
        coalesce(sum(d.consumed_quantity) filter (d.usage_kind = a.fixed), 0) as hours,             -- h
        coalesce(sum(d.consumed_quantity) filter (d.usage_kind like a.used_by), 0) as used,         -- used_unit
        case when bool_or(b.is_blind) is null
            then coalesce(sum(d.consumed_quantity) filter (d.usage_kind like a.used_by), 0)
                * any_value(a.gb_per_unit)::double
        end as gb_equivalent,                                                                       -- GB
        case when any_value(a.variant) = 'transit-gateway-attachment' and count(s.region_id) = 0 then 'low' end as confidence
    from usage_days d
    join attachments a using (provider, sub_account_id, resource_id)
    left join senders s using (sub_account_id, region_id)
    left join blind b on b.sub_account_id = d.sub_account_id and b.variant = a.variant
    where d.charge_date > $as_of - $window_days
        and d.charge_date <= $as_of
        and not a.is_standby_path
        and (d.resource_id not like 'all:%' or d.usage_kind = a.fixed or d.usage_kind like a.used_by)
    group by all
)

select *
from totals
-- Without resource ids one group can hold several kinds: the dearest stands for it.
qualify row_number() over (partition by provider, sub_account_id, resource_id, billing_currency order by cost desc) = 1
