-- Distinct dimensions of AWS lines → meters in FOCUS terms. `dimensions` has the columns of aws_cur.charges.sql that
-- are not amounts and its lookups, with meter_key, tag_key, and attributes (the product attributes of the SKU).
with named as (
    select
        *,
        regexp_replace(
            coalesce(line_item_usage_type, ''),
            -- USE1-, EU-, APN1-, Global-, and full region names as KMS writes them (us-east-1-KMS-Keys).
            '^(?:[A-Z]{2,4}\d{1,2}-|EU-|Global-|[a-z]{2}(?:-[a-z]+)+-\d-)', ''
        ) as usage_kind,
        coalesce(bill_billing_entity, '') = 'AWS Marketplace' as is_marketplace,
        coalesce(line_item_line_item_type, '') as line_type,
        coalesce(nullif(attributes['product_name'], ''), nullif(attributes['servicename'], '')) as product_name
    from dimensions
)

select
    load_id,
    meter_key,
    tag_key,
    'aws' as provider,
    coalesce(bill_payer_account_id, line_item_usage_account_id, '') as billing_account_id,
    bill_payer_account_name as billing_account_name,
    coalesce(line_item_usage_account_id, bill_payer_account_id, '') as sub_account_id,
    line_item_usage_account_name as sub_account_name,
    regexp_replace(coalesce(nullif(region, 'global'), ''), '^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]$', '\1') as region_id,
    coalesce(product_sku, '') as product_sku,
    coalesce(line_item_product_code, '') as service_code,
    case
        when is_marketplace then coalesce(product_name, line_item_product_code, 'AWS Marketplace')
        when usage_kind like 'EBS:%' then 'Amazon Elastic Block Store'
        when product_servicecode = 'AWSDataTransfer' or usage_kind like '%DataTransfer-%'
            or usage_kind like '%-AWS-Out-Bytes' or usage_kind like '%-AWS-In-Bytes' then 'AWS Data Transfer'
        when usage_kind like '%NatGateway-%' then 'Amazon Virtual Private Cloud'
        else coalesce(names.service_name, product_name, nullif(line_item_product_code, ''), 'Unknown service')
    end as service_name,
    coalesce(line_item_resource_id, '') as resource_id,
    '' as resource_name,
    coalesce(line_item_usage_type, '') as usage_type,
    usage_kind,
    coalesce(line_item_operation, '') as operation,
    line_type as line_item_type,
    case
        when line_type = 'Tax' then 'Tax'
        when line_type = 'Credit' then 'Credit'
        when line_type = 'Refund' then 'Adjustment'
        when line_type in (
            'Fee', 'RIFee', 'SavingsPlanUpfrontFee', 'SavingsPlanRecurringFee', 'FlatRateSubscription',
            'FlateRateSubscription'
        ) then 'Purchase'
        else 'Usage'
    end as charge_category,
    case
        when is_split or line_item_operation in ('EKSPod-EC2', 'ECSTask-EC2') then 'split'
        when line_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage') then 'usage'
        when line_type = 'SavingsPlanNegation' then 'negation'
        when line_type = 'Tax' then 'tax'
        when line_type = 'Credit' then 'credit'
        when line_type = 'Refund' then 'refund'
        when line_type like '%Discount' then 'discount'
        when line_type like '%Fee' or line_type like '%Subscription' then 'fee'
        else 'other'
    end as charge_role,
    case
        when line_type in ('DiscountedUsage', 'RIFee') or line_type like 'SavingsPlan%'
            or (line_type = 'Fee' and coalesce(reservation_reservation_a_r_n, '') <> '') then 'Committed'
        when line_type not in ('Usage', 'Fee', 'FlatRateSubscription', 'FlateRateSubscription') then 'Other'
        when contains(usage_kind, 'SpotUsage') then 'Dynamic'
        else 'Standard'
    end as pricing_category,
    coalesce(
        nullif(savings_plan_savings_plan_a_r_n, ''), nullif(reservation_reservation_a_r_n, ''), ''
    ) as commitment_discount_id,
    case
        when coalesce(savings_plan_savings_plan_a_r_n, '') <> ''
            then coalesce(nullif(savings_plan_offering_type, ''), 'Savings Plan')
        when coalesce(reservation_reservation_a_r_n, '') <> '' then 'Reserved Instance'
        else ''
    end as commitment_discount_type,
    coalesce(nullif(savings_plan_end_time, ''), nullif(reservation_end_time, ''), '') as commitment_discount_end,
    case
        when contains(usage_kind, 'SpotUsage')
            then coalesce(
                nullif(product_instance_type, ''), nullif(split_part(usage_kind, ':', 2), ''),
                nullif(split_part(coalesce(charge_description, ''), ' ', 1), ''), ''
            )
        when coalesce(product_instance_type, '') <> '' then product_instance_type
        when regexp_matches(
            usage_kind, '(Usage|Usg|Instance|Node|Notebk|Host|Train|IOOptimized|UnusedBox|UnusedDed|AsyncInf|ml\.)'
        ) then regexp_extract(usage_kind, '[:-]((?:db\.|cache\.|ml\.|dms\.)?[a-z][a-z0-9-]*\.[a-z0-9.-]+)$', 1)
        else ''
    end as instance_type,
    coalesce(product_product_family, attributes['product_family'], '') as product_family,
    coalesce(
        nullif(attributes['database_engine'], ''), nullif(attributes['cache_engine'], ''),
        nullif(attributes['operating_system'], ''), ''
    ) as product_detail,
    coalesce(pricing_unit, '') as pricing_unit,
    coalesce(line_item_legal_entity, '') as publisher_name,
    is_marketplace,
    coalesce(charge_description, '') as charge_description,
    coalesce(nullif(line_item_currency_code, ''), 'USD') as billing_currency
from named
left join aws_service_names names on names.service_code = named.line_item_product_code
