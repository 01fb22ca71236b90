-- Distinct dimensions of FOCUS lines → meters. The provider's id is the short one that checks are filed under.
with named as (
    select
        *,
        coalesce(nullif(ServiceProviderName, ''), nullif(ProviderName, ''), nullif(InvoiceIssuerName, ''), '')
            as provider_name,
        regexp_replace(
            coalesce(usage_type, ''), '^(?:[A-Z]{2,4}\d{1,2}-|EU-|Global-|[a-z]{2}(?:-[a-z]+)+-\d-)', ''
        ) as usage_kind,
        -- FOCUS writes a capital letter, not everybody does.
        upper(ChargeCategory[1]) || lower(ChargeCategory[2:]) as category,
        upper(ChargeClass[1]) || lower(ChargeClass[2:]) as class,
        upper(PricingCategory[1]) || lower(PricingCategory[2:]) as pricing
    from dimensions
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
    coalesce(nullif(SubAccountId, ''), BillingAccountId, '') as sub_account_id,
    SubAccountName as sub_account_name,
    regexp_replace(
        coalesce(nullif(lower(region), 'global'), ''), '^([a-z]{2}(?:-[a-z]+)+-\d)[a-z]$', '\1'
    ) as region_id,
    coalesce(product_sku, '') as product_sku,
    coalesce(x_ServiceCode, '') as service_code,
    coalesce(nullif(ServiceName, ''), nullif(x_ServiceCode, ''), 'Unknown service') as service_name,
    coalesce(ResourceId, '') as resource_id,
    coalesce(ResourceName, '') as resource_name,
    coalesce(usage_type, '') as usage_type,
    usage_kind,
    coalesce(x_Operation, '') as operation,
    coalesce(category, '') as line_item_type,
    case
        when category in ('Usage', 'Purchase', 'Tax', 'Credit', 'Adjustment') then category
        else 'Adjustment'
    end as charge_category,
    case
        when category = 'Usage' and class = 'Correction' then 'refund'
        when category = 'Usage' and CommitmentDiscountStatus = 'Unused' then 'unused'
        when category = 'Usage' then 'usage'
        when category = 'Purchase' then 'fee'
        when category = 'Tax' then 'tax'
        when category = 'Credit' then 'credit'
        when category = 'Adjustment' then 'refund'
        else 'other'
    end as charge_role,
    case
        when coalesce(CommitmentDiscountId, '') <> '' or pricing = 'Committed' then 'Committed'
        when pricing in ('Standard', 'Dynamic', 'Other') then pricing
        when category in ('Usage', 'Purchase') then 'Standard'
        else 'Other'
    end as pricing_category,
    coalesce(CommitmentDiscountId, '') as commitment_discount_id,
    coalesce(CommitmentDiscountType, '') as commitment_discount_type,
    '' as commitment_discount_end,
    coalesce(
        nullif(attributes['InstanceType'], ''), nullif(attributes['instance_type'], ''),
        regexp_extract(usage_kind, '[:-]((?:db\.|cache\.|ml\.|dms\.)?[a-z][a-z0-9-]*\.[a-z0-9.-]+)$', 1), ''
    ) as instance_type,
    coalesce(ResourceType, '') as product_family,
    coalesce(nullif(attributes['OperatingSystem'], ''), nullif(attributes['DatabaseEngine'], ''), '') as product_detail,
    coalesce(Unit, '') as pricing_unit,
    coalesce(nullif(PublisherName, ''), provider_name) as publisher_name,
    coalesce(PublisherName, '') <> ''
        and lower(PublisherName) not like '%amazon%' and lower(PublisherName) not like 'aws%'
        and lower(PublisherName) not like '%google%' and lower(PublisherName) not like '%microsoft%'
        and lower(PublisherName) not like '%oracle%'
        and lower(PublisherName) is distinct from lower(provider_name) as is_marketplace,
    coalesce(ChargeDescription, '') as charge_description,
    coalesce(nullif(BillingCurrency, ''), 'USD') as billing_currency
from named
