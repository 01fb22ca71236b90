-- Distinct dimensions of FOCUS lines with Google's columns → meters; other lines become what focus.meters.sql makes of them.
-- Lines of Google, the only ones with a cost_type, become what those of its own exports do: see gcp.meters.sql.
with named as (
    select
        *,
        cost_type is not null as is_google,
        coalesce(nullif(ServiceProviderName, ''), nullif(ProviderName, ''), nullif(InvoiceIssuerName, ''), '')
            as provider_name,
        lower(trim(regexp_replace(coalesce(usage_type, ''), '[\s_]+', ' ', 'g'))) as sku_plain,
        -- FOCUS writes a capital letter; Google's published view does not.
        upper(PricingCategory[1]) || lower(PricingCategory[2:]) as pricing,
        upper(ChargeCategory[1]) || lower(ChargeCategory[2:]) as category,
        coalesce(lower(ChargeClass) = 'correction', false) as is_correction
    from dimensions
),

kinds as (
    select
        *,
        case
            when is_google
                then regexp_replace(
                    regexp_replace(sku_plain, '^(.+) in [^()]+$', '\1'),
                    ' running$| \((us|eu|asia|global|[a-z]+(-[a-z]+)+[0-9]+)\)$', ''
                )
            else regexp_replace(
                coalesce(usage_type, ''), '^(?:[A-Z]{2,4}\d{1,2}-|EU-|Global-|[a-z]{2}(?:-[a-z]+)+-\d-)', ''
            )
        end as usage_kind
    from named
)

select
    load_id,
    meter_key,
    tag_key,
    case
        when regexp_matches(provider_name, '^(aws|amazon)', 'i') or ProviderName = 'AWS' then 'aws'
        when regexp_matches(provider_name, '^(google|gcp)', 'i') then 'gcp'
        when regexp_matches(provider_name, '^(microsoft|azure)', 'i') then 'azure'
        when regexp_matches(provider_name, '^oracle', 'i') then 'oci'
        when provider_name = '' then 'unknown'
        else trim(regexp_replace(lower(provider_name), '[^a-z0-9]+', '-', 'g'), '-')
    end as provider,
    coalesce(BillingAccountId, '') as billing_account_id,
    BillingAccountName as billing_account_name,
    coalesce(nullif(sub_account_id, ''), BillingAccountId, '') as sub_account_id,
    sub_account_name,
    regexp_replace(
        coalesce(nullif(lower(region), 'global'), ''), '^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]$', '\1'
    ) as region_id,
    coalesce(product_sku, '') as product_sku,
    coalesce(service_code, '') as service_code,
    coalesce(nullif(ServiceName, ''), nullif(service_code, ''), 'Unknown service') as service_name,
    coalesce(resource_id, '') as resource_id,
    coalesce(ResourceName, '') as resource_name,
    coalesce(usage_type, '') as usage_type,
    usage_kind,
    coalesce(operation, '') as operation,
    coalesce(cost_type, category, '') as line_item_type,
    case
        when cost_type = 'tax' then 'Tax'
        when cost_type in ('adjustment', 'rounding_error') then 'Adjustment'
        when category = 'Usage' and google_kind in ('fee', 'monthly') then 'Purchase'
        when category in ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment') then category
        else 'Adjustment'
    end as charge_category,
    case
        when cost_type = 'tax' then 'tax'
        when cost_type = 'rounding_error' then 'other'
        when cost_type = 'adjustment' then 'refund'
        when category = 'Usage' and google_kind in ('fee', 'monthly') then 'fee'
        -- Google negates a corrected line and states it anew on the day of its usage: they add up to what is right.
        when category = 'Usage' and is_correction then case when is_google then 'usage' else 'refund' end
        when category = 'Usage' and CommitmentDiscountStatus = 'Unused' then 'unused'
        when category = 'Usage' then 'usage'
        when category = 'Purchase' then 'fee'
        when category = 'Tax' then 'tax'
        when category = 'Credit' then 'credit'
        when category = 'Adjustment' then 'refund'
        else 'other'
    end as charge_role,
    case
        when cost_type <> 'regular' then 'Other'
        when google_kind in ('fee', 'covered') then 'Committed'
        when is_google and regexp_matches(sku_plain, '(^|\s)(spot|preemptible)\s') then 'Dynamic'
        when is_google and pricing in ('Standard', 'Dynamic', 'Committed', 'Other') then pricing
        when coalesce(commitment_id, '') <> '' or pricing = 'Committed' then 'Committed'
        when pricing in ('Standard', 'Dynamic', 'Other') then pricing
        when category in ('Usage', 'Purchase') then 'Standard'
        else 'Other'
    end as pricing_category,
    case
        when not is_google then coalesce(commitment_id, '')
        when google_kind in ('fee', 'covered')
            then coalesce(
                nullif(commitment_id, ''),
                nullif(regexp_replace(coalesce(commitment_credit, ''), '^\S+ ', ''), ''), ''
            )
        else ''
    end as commitment_discount_id,
    case
        when not is_google then coalesce(CommitmentDiscountType, '')
        when google_kind = 'fee' and (sku_plain like 'commitment v1:%' or (sku_plain like 'commitment%' and not sku_plain like '%dollar based%'))
            then 'Committed Use Discount'
        when google_kind = 'fee' then 'Committed Use Discount (spend)'
        when google_kind = 'covered' and commitment_credit like 'COMMITTED_USAGE_DISCOUNT %' then 'Committed Use Discount'
        when google_kind = 'covered' then 'Committed Use Discount (spend)'
        else ''
    end as commitment_discount_type,
    '' as commitment_discount_end,
    coalesce(
        nullif(machine_spec, ''), nullif(attributes['InstanceType'], ''), nullif(attributes['instance_type'], ''),
        regexp_extract(usage_kind, '[:-]((?:db\.|cache\.|ml\.|dms\.)?[a-z][a-z0-9-]*\.[a-z0-9.-]+)$', 1), ''
    ) as instance_type,
    case
        when is_google then coalesce(regexp_extract(resource_id, '/([A-Za-z]+)/[^/]+$', 1), '')
        else coalesce(ResourceType, '')
    end as product_family,
    coalesce(nullif(attributes['OperatingSystem'], ''), nullif(attributes['DatabaseEngine'], ''), '') as product_detail,
    coalesce(Unit, '') as pricing_unit,
    coalesce(nullif(PublisherName, ''), provider_name) as publisher_name,
    coalesce(PublisherName, '') <> ''
        and lower(PublisherName) not like '%amazon%' and lower(PublisherName) not like 'aws%'
        and lower(PublisherName) not like '%google%' and lower(PublisherName) not like '%microsoft%'
        and lower(PublisherName) not like '%oracle%'
        and lower(PublisherName) is distinct from lower(provider_name) as is_marketplace,
    coalesce(ChargeDescription, '') as charge_description,
    coalesce(nullif(currency, ''), 'USD') as billing_currency
from kinds
