-- Distinct dimensions of Google Cloud lines → meters in FOCUS terms. `dimensions` has the columns of gcp.charges.sql that
-- are not amounts and its lookups, with meter_key and tag_key.
with named as (
    select
        *,
        coalesce(nullif(sku_description, ''), sku_key, '') as sku_text,
        lower(trim(regexp_replace(coalesce(nullif(sku_description, ''), sku_key, ''), '[\s_]+', ' ', 'g'))) as sku_plain
    from dimensions
)

select
    load_id,
    meter_key,
    tag_key,
    'gcp' as provider,
    coalesce(billing_account_id, '') as billing_account_id,
    null as billing_account_name,
    coalesce(nullif(project_id, ''), billing_account_id, '') as sub_account_id,
    project_name as sub_account_name,
    coalesce(nullif(lower(region), 'global'), '') as region_id,
    coalesce(sku_id, '') as product_sku,
    coalesce(service_id, '') as service_code,
    coalesce(nullif(service_description, ''), nullif(service_key, ''), 'Unknown service') as service_name,
    coalesce(resource_id, '') as resource_id,
    coalesce(resource_name, '') as resource_name,
    sku_text as usage_type,
    -- The place stands at the end, in words or in brackets.
    regexp_replace(
        regexp_replace(sku_plain, '^(.+) in [^()]+$', '\1'),
        ' running$| \((us|eu|asia|global|[a-z]+(-[a-z]+)+[0-9]+)\)$', ''
    ) as usage_kind,
    case
        when is_fee then coalesce(originating_sku_id, '') -- the SKU whose usage the fee covers
        when unused_reservation = 'true' then 'unused_reservation'
        else coalesce(object_state, '')
    end as operation,
    cost_type as line_item_type,
    case
        when cost_type = 'tax' then 'Tax'
        when cost_type in ('adjustment', 'rounding_error') then 'Adjustment'
        when is_fee or is_monthly then 'Purchase'
        else 'Usage'
    end as charge_category,
    case
        when cost_type = 'tax' then 'tax'
        when cost_type = 'rounding_error' then 'other'
        -- A corrected line is negated and stated anew on the day of its usage: they add up to what is right.
        when adjustment in ('USAGE_CORRECTION', 'PRICE_CORRECTION', 'METADATA_CORRECTION')
            or adjustment in ('PARTIAL_CORRECTION', 'COMPLETE_NEGATION', 'COMPLETE_NEGATION_WITH_REMONETIZATION')
            then case when is_fee or is_monthly then 'fee' else 'usage' end
        when cost_type = 'adjustment' or adjustment is not null then 'refund'
        when is_fee or is_monthly then 'fee'
        else 'usage'
    end as charge_role,
    case
        when cost_type <> 'regular' then 'Other'
        when is_fee or is_covered then 'Committed'
        when regexp_matches(sku_plain, '(^|\s)(spot|preemptible)\s') then 'Dynamic'
        else 'Standard'
    end as pricing_category,
    case
        when is_fee or is_covered
            then coalesce(
                nullif(subscription_instance_id, ''),
                nullif(regexp_replace(coalesce(commitment_credit, ''), '^\S+ ', ''), ''), ''
            )
        else ''
    end as commitment_discount_id,
    case
        when is_fee and (sku_plain like 'commitment v1:%' or (sku_plain like 'commitment%' and not sku_plain like '%dollar based%'))
            then 'Committed Use Discount'
        when is_fee then 'Committed Use Discount (spend)'
        when is_covered and commitment_credit like 'COMMITTED_USAGE_DISCOUNT %' then 'Committed Use Discount'
        when is_covered then 'Committed Use Discount (spend)'
        else ''
    end as commitment_discount_type,
    '' as commitment_discount_end,
    coalesce(machine_spec, '') as instance_type,
    coalesce(regexp_extract(resource_id, '/([A-Za-z]+)/[^/]+$', 1), '') as product_family,
    '' as product_detail,
    coalesce(pricing_unit, '') as pricing_unit,
    coalesce(nullif(seller_name, ''), 'Google Cloud') as publisher_name,
    coalesce(invoice_publisher_type, '') = 'PARTNER' or coalesce(transaction_type, '') like 'THIRD_PARTY%'
        as is_marketplace,
    coalesce(charge_description, '') as charge_description,
    coalesce(nullif(currency, ''), 'USD') as billing_currency
from named
