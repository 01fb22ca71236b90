/*---
# FOCUS files with the columns that Google adds: its published view of 2024, its own export since 2026, and files in which
# such lines stand beside those of others, which become what focus.charges.sql makes of them: export lines → charges.
# Names with dots are fields of records.
required = ["BilledCost", "ChargePeriodStart", "ChargeCategory"]
period = "BillingPeriodStart"
tags = [["x_ProjectLabels", "project:"], ["x_Tags", ""], ["x_Labels", ""], ["Tags", ""]]
cost_categories = "x_CostCategories"
attributes = "SkuPriceDetails"
tagged_by = [
  "sub_account_id", "resource_id", "case when coalesce(resource_id, '') = '' then ServiceName end", "sku_of_unnamed",
]
attributes_kept = []
commitments = "gcp"
# In JSON, names in repeated records differ from others of another case; these are as Google writes them.
spelling = [
  "x_Credits[].Id", "x_Credits[].FullName", "x_Credits[].Type", "x_Credits[].Amount",
  "x_SystemLabels[].Key", "x_SystemLabels[].Value", "x_ProjectLabels[].Key", "x_ProjectLabels[].Value",
  "x_Labels[].Key", "x_Labels[].Value", "x_Tags[].Key", "x_Tags[].Value",
]
[types]
timestamp = ["ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart"]
money = ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "ConsumedQuantity", "PricingQuantity"]
text = [
  "ProviderName", "ServiceProviderName", "PublisherName", "InvoiceIssuerName", "HostProviderName",
  "BillingAccountId", "BillingAccountName", "SubAccountId", "SubAccountName", "BillingCurrency",
  "ChargeCategory", "ChargeClass", "ChargeFrequency", "ChargeDescription", "PricingCategory", "PricingUnit",
  "ConsumedUnit",
  "CommitmentDiscountId", "CommitmentDiscountStatus", "CommitmentDiscountType",
  "CapacityReservationStatus",
  "RegionId", "AvailabilityZone", "ResourceId", "ResourceName", "ResourceType", "ServiceName", "ServiceCategory",
  "SkuId", "SkuMeter", "SkuPriceId", "x_ServiceCode", "x_UsageType", "x_Operation",
  "x_ServiceId", "x_CostType", "x_Location", "x_Project.id", "x_Project.name", "currency_conversion_rate",
  "x_ConsumptionModelDescription", "x_SubscriptionInstanceId",
]
[nested]
x_Credits = { id = "varchar", fullname = "varchar", type = "varchar", amount = "double" }
x_SystemLabels = { key = "varchar", value = "varchar" }
x_ProjectLabels = { key = "varchar", value = "varchar" }
x_Labels = { key = "varchar", value = "varchar" }
x_Tags = { key = "varchar", value = "varchar" }
Tags = { key = "varchar", value = "varchar", x_type = "varchar" }
# What is inside repeated fields, multiplied or counted in hours, by hand in each dialect.
[computed.is_google]
duckdb = "(starts_with(lower(coalesce(nullif(ServiceProviderName, ''), nullif(ProviderName, ''), InvoiceIssuerName, '')), 'google') or starts_with(lower(coalesce(nullif(ServiceProviderName, ''), nullif(ProviderName, ''), InvoiceIssuerName, '')), 'gcp'))"
bigquery = "(starts_with(lower(coalesce(nullif(ServiceProviderName, ''), nullif(ProviderName, ''), InvoiceIssuerName, '')), 'google') or starts_with(lower(coalesce(nullif(ServiceProviderName, ''), nullif(ProviderName, ''), InvoiceIssuerName, '')), 'gcp'))"
# Google's published view has the billing account there.
[computed.sub_account_id]
duckdb = "case when is_google then coalesce(nullif(x_Project_id, ''), SubAccountId) else SubAccountId end"
bigquery = "case when is_google then coalesce(nullif(x_Project_id, ''), SubAccountId) else SubAccountId end"
[computed.sub_account_name]
duckdb = "case when is_google then coalesce(nullif(x_Project_name, ''), SubAccountName) else SubAccountName end"
bigquery = "case when is_google then coalesce(nullif(x_Project_name, ''), SubAccountName) else SubAccountName end"
[computed.has_credits]
duckdb = "is_google and x_Credits is not null"
bigquery = "is_google and x_Credits is not null"
[computed.promotions]
duckdb = "coalesce(list_sum(list_transform(list_filter(x_Credits, lambda c: c.type in ('PROMOTION', 'FREE_TRIAL')), lambda c: c.amount::decimal(28, 10))), 0)"
bigquery = "coalesce((select sum(cast(round(c.amount * 10000000000) as numeric)) from unnest(x_Credits) as c where c.type in ('PROMOTION', 'FREE_TRIAL')), 0)"
[computed.discounts]
duckdb = "coalesce(list_sum(list_transform(list_filter(x_Credits, lambda c: c.type is null or c.type not in ('PROMOTION', 'FREE_TRIAL')), lambda c: c.amount::decimal(28, 10))), 0)"
bigquery = "coalesce((select sum(cast(round(c.amount * 10000000000) as numeric)) from unnest(x_Credits) as c where c.type is null or c.type not in ('PROMOTION', 'FREE_TRIAL')), 0)"
[computed.commitment_credits]
duckdb = "coalesce(list_sum(list_transform(list_filter(x_Credits, lambda c: c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE')), lambda c: c.amount::decimal(28, 10))), 0)"
bigquery = "coalesce((select sum(cast(round(c.amount * 10000000000) as numeric)) from unnest(x_Credits) as c where c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE')), 0)"
[computed.commitment_credit]
duckdb = "list_max(list_transform(list_filter(x_Credits, lambda c: c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE')), lambda c: c.type || ' ' || coalesce(nullif(c.id, ''), c.fullname, '')))"
bigquery = "(select max(c.type || ' ' || coalesce(nullif(c.id, ''), c.fullname, '')) from unnest(x_Credits) as c where c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE'))"
[computed.fee_offset]
duckdb = "coalesce(list_bool_or(list_transform(x_Credits, lambda c: c.type = 'FEE_UTILIZATION_OFFSET')), false)"
bigquery = "coalesce((select logical_or(c.type = 'FEE_UTILIZATION_OFFSET') from unnest(x_Credits) as c), false)"
# Fees: by name, or because a subscription is billed at the default model without covering anything.
[computed.is_fee]
duckdb = "is_google and (starts_with(lower(coalesce(ChargeDescription, '')), 'commitment') or fee_offset or (coalesce(x_SubscriptionInstanceId, '') <> '' and commitment_credits = 0 and lower(coalesce(x_ConsumptionModelDescription, '')) = 'default'))"
bigquery = "is_google and (starts_with(lower(coalesce(ChargeDescription, '')), 'commitment') or fee_offset or (coalesce(x_SubscriptionInstanceId, '') <> '' and commitment_credits = 0 and lower(coalesce(x_ConsumptionModelDescription, '')) = 'default'))"
# The view names the subscription of covered lines, but not the model.
[computed.is_modelled]
duckdb = "is_google and not is_fee and case when x_ConsumptionModelDescription is null then coalesce(CommitmentDiscountId, '') <> '' and commitment_credits = 0 else lower(x_ConsumptionModelDescription) <> 'default' end"
bigquery = "is_google and not is_fee and case when x_ConsumptionModelDescription is null then coalesce(CommitmentDiscountId, '') <> '' and commitment_credits = 0 else lower(x_ConsumptionModelDescription) <> 'default' end"
[computed.is_monthly]
duckdb = "is_google and coalesce(epoch_us(ChargePeriodEnd) - epoch_us(ChargePeriodStart) >= 1728000000000, false)"
bigquery = "is_google and coalesce(timestamp_diff(ChargePeriodEnd, ChargePeriodStart, microsecond) >= 1728000000000, false)"
# Google's quantities are in seconds, bytes and byte-seconds; its prices are per hour, gibibyte and gibibyte month.
[computed.google_quantity]
duckdb = "case when is_google then cast(case lower(ConsumedUnit) when 'seconds' then ConsumedQuantity::double / 3600 when 'bytes' then ConsumedQuantity::double / 1073741824 when 'byte-seconds' then case when lower(PricingUnit) like '%month%' or lower(PricingUnit) like '%.mo' then ConsumedQuantity::double / 1073741824 / 86400 / day(last_day(ChargePeriodStart)) else ConsumedQuantity::double / 1073741824 / 3600 end else ConsumedQuantity::double end as decimal(28, 10)) end"
bigquery = "case when is_google then cast(round(case lower(ConsumedUnit) when 'seconds' then ConsumedQuantity / 3600 when 'bytes' then ConsumedQuantity / 1073741824 when 'byte-seconds' then case when lower(PricingUnit) like '%month%' or lower(PricingUnit) like '%.mo' then ConsumedQuantity / 1073741824 / 86400 / extract(day from last_day(date(ChargePeriodStart))) else ConsumedQuantity / 1073741824 / 3600 end else ConsumedQuantity end) as numeric) end"
# Labels have columns of their own in the export, and are all in Tags in the view.
[computed.machine_spec]
duckdb = "coalesce(list_filter(x_SystemLabels, lambda l: l.key = 'compute.googleapis.com/machine_spec')[1].value, list_filter(Tags, lambda l: l.key = 'compute.googleapis.com/machine_spec')[1].value)"
bigquery = "coalesce((select max(l.value) from unnest(x_SystemLabels) as l where l.key = 'compute.googleapis.com/machine_spec'), (select max(l.value) from unnest(Tags) as l where l.key = 'compute.googleapis.com/machine_spec'))"
[computed.object_state]
duckdb = "coalesce(list_filter(x_SystemLabels, lambda l: l.key = 'storage.googleapis.com/object_state')[1].value, list_filter(Tags, lambda l: l.key = 'storage.googleapis.com/object_state')[1].value)"
bigquery = "coalesce((select max(l.value) from unnest(x_SystemLabels) as l where l.key = 'storage.googleapis.com/object_state'), (select max(l.value) from unnest(Tags) as l where l.key = 'storage.googleapis.com/object_state'))"
[computed.unused_reservation]
duckdb = "coalesce(list_filter(x_SystemLabels, lambda l: l.key = 'compute.googleapis.com/is_unused_reservation')[1].value, list_filter(Tags, lambda l: l.key = 'compute.googleapis.com/is_unused_reservation')[1].value)"
bigquery = "coalesce((select max(l.value) from unnest(x_SystemLabels) as l where l.key = 'compute.googleapis.com/is_unused_reservation'), (select max(l.value) from unnest(Tags) as l where l.key = 'compute.googleapis.com/is_unused_reservation'))"
[computed.reservation_name]
duckdb = "coalesce(list_filter(x_SystemLabels, lambda l: l.key = 'compute.googleapis.com/reservation_name')[1].value, list_filter(Tags, lambda l: l.key = 'compute.googleapis.com/reservation_name')[1].value)"
bigquery = "coalesce((select max(l.value) from unnest(x_SystemLabels) as l where l.key = 'compute.googleapis.com/reservation_name'), (select max(l.value) from unnest(Tags) as l where l.key = 'compute.googleapis.com/reservation_name'))"
[computed.originating_sku_id]
duckdb = "coalesce(list_filter(x_Labels, lambda l: l.key = 'goog-originating-sku-id')[1].value, list_filter(Tags, lambda l: l.key = 'goog-originating-sku-id')[1].value)"
bigquery = "coalesce((select max(l.value) from unnest(x_Labels) as l where l.key = 'goog-originating-sku-id'), (select max(l.value) from unnest(Tags) as l where l.key = 'goog-originating-sku-id'))"
[computed.resource_id]
duckdb = "case when is_google then coalesce(nullif(ResourceId, ''), nullif(ResourceName, ''), case when reservation_name <> '' and unused_reservation = 'true' then '//compute.googleapis.com/projects/' || x_Project_id || '/reservations/' || reservation_name end) else ResourceId end"
bigquery = "case when is_google then coalesce(nullif(ResourceId, ''), nullif(ResourceName, ''), case when reservation_name <> '' and unused_reservation = 'true' then '//compute.googleapis.com/projects/' || x_Project_id || '/reservations/' || reservation_name end) else ResourceId end"
# Google's lines without a name share the labels of their project, service and SKU.
[computed.sku_of_unnamed]
duckdb = "case when is_google and coalesce(resource_id, '') = '' then SkuId end"
bigquery = "case when is_google and coalesce(resource_id, '') = '' then SkuId end"
[computed.google_kind]
duckdb = "case when not is_google then null when is_fee then 'fee' when is_monthly then 'monthly' when is_modelled or commitment_credits <> 0 then 'covered' end"
bigquery = "case when not is_google then null when is_fee then 'fee' when is_monthly then 'monthly' when is_modelled or commitment_credits <> 0 then 'covered' end"
[computed.cost_type]
duckdb = "case when is_google then coalesce(nullif(lower(x_CostType), ''), case lower(ChargeCategory) when 'tax' then 'tax' when 'adjustment' then 'adjustment' else 'regular' end) end"
bigquery = "case when is_google then coalesce(nullif(lower(x_CostType), ''), case lower(ChargeCategory) when 'tax' then 'tax' when 'adjustment' then 'adjustment' else 'regular' end) end"
# Of a fee the SKU whose usage it covers, of usage what state it was in.
[computed.operation]
duckdb = "case when not is_google then x_Operation when is_fee then originating_sku_id when unused_reservation = 'true' then 'unused_reservation' else object_state end"
bigquery = "case when not is_google then x_Operation when is_fee then originating_sku_id when unused_reservation = 'true' then 'unused_reservation' else object_state end"
[computed.usage_type]
duckdb = "case when is_google then coalesce(nullif(ChargeDescription, ''), SkuMeter, x_UsageType) else coalesce(x_UsageType, SkuMeter) end"
bigquery = "case when is_google then coalesce(nullif(ChargeDescription, ''), SkuMeter, x_UsageType) else coalesce(x_UsageType, SkuMeter) end"
[computed.service_code]
duckdb = "case when is_google then coalesce(x_ServiceId, x_ServiceCode) else x_ServiceCode end"
bigquery = "case when is_google then coalesce(x_ServiceId, x_ServiceCode) else x_ServiceCode end"
[computed.commitment_id]
duckdb = "case when is_google then coalesce(CommitmentDiscountId, x_SubscriptionInstanceId) else CommitmentDiscountId end"
bigquery = "case when is_google then coalesce(CommitmentDiscountId, x_SubscriptionInstanceId) else CommitmentDiscountId end"
[computed.region]
duckdb = "case when is_google then coalesce(RegionId, AvailabilityZone, x_Location) else coalesce(RegionId, AvailabilityZone) end"
bigquery = "case when is_google then coalesce(RegionId, AvailabilityZone, x_Location) else coalesce(RegionId, AvailabilityZone) end"
[computed.Unit]
duckdb = "case when not is_google then coalesce(ConsumedUnit, PricingUnit) when lower(ConsumedUnit) = 'seconds' then 'hour' when lower(ConsumedUnit) = 'bytes' then 'gibibyte' when lower(ConsumedUnit) = 'byte-seconds' then case when lower(PricingUnit) like '%month%' or lower(PricingUnit) like '%.mo' then 'gibibyte month' else 'gibibyte hour' end when lower(ConsumedUnit) = 'requests' then 'count' else coalesce(ConsumedUnit, PricingUnit) end"
bigquery = "case when not is_google then coalesce(ConsumedUnit, PricingUnit) when lower(ConsumedUnit) = 'seconds' then 'hour' when lower(ConsumedUnit) = 'bytes' then 'gibibyte' when lower(ConsumedUnit) = 'byte-seconds' then case when lower(PricingUnit) like '%month%' or lower(PricingUnit) like '%.mo' then 'gibibyte month' else 'gibibyte hour' end when lower(ConsumedUnit) = 'requests' then 'count' else coalesce(ConsumedUnit, PricingUnit) end"
[lookups.BillingAccountId]
key = "BillingAccountId"
values = ["BillingAccountName"]
[lookups.sub_account_id]
key = "sub_account_id"
values = ["sub_account_name"]
[lookups.commitment_id]
key = "commitment_id"
values = ["CommitmentDiscountType"]
[lookups.resource_id]
key = "resource_id"
values = ["ResourceType", "ResourceName"]
[lookups.currency]
key = "BillingCurrency"
values = ["currency_conversion_rate"]
[aliases]
x_CurrencyConversionRate = "currency_conversion_rate"
---*/
-- Google lists credits beside each line. Its published view leaves them out of every amount; whether its own export does
-- is not documented: the lines themselves tell, for ContractedCost has no credits in it.
with credited as (
    select
        BillingPeriodStart as credited_period,
        sum(abs(BilledCost - ContractedCost - promotions - discounts)) < sum(abs(BilledCost - ContractedCost))
            as billed_is_net,
        sum(abs(EffectiveCost - BilledCost)) <= sum(abs(EffectiveCost - BilledCost - discounts))
        and sum(abs(EffectiveCost - BilledCost)) <= sum(abs(EffectiveCost - BilledCost - discounts - promotions))
            as effective_is_billed,
        sum(abs(EffectiveCost - BilledCost - discounts - promotions)) < sum(abs(EffectiveCost - BilledCost - discounts))
            as effective_has_all,
        sum(abs(EffectiveCost - BilledCost)) < sum(abs(EffectiveCost - BilledCost + promotions))
            as effective_has_promotions,
        -- Fees of commitments are in EffectiveCost where they are billed, or with the usage that they cover: then a good
        -- part of them is missing, whichever credits are in it.
        sum(case when is_fee then abs(BilledCost) else 0 end)
        < 10 * sum(case when is_fee then abs(EffectiveCost - BilledCost) else 0 end)
        and sum(case when is_fee then abs(BilledCost) else 0 end)
        < 10 * sum(case when is_fee then abs(EffectiveCost - BilledCost - discounts) else 0 end)
        and sum(case when is_fee then abs(BilledCost) else 0 end)
        < 10 * sum(case when is_fee then abs(EffectiveCost - BilledCost + promotions) else 0 end) as is_amortised
    from lines
    where has_credits and (promotions <> 0 or discounts <> 0 or is_fee)
    group by BillingPeriodStart
),

lines_of as (
    select
        *,
        cast(coalesce(BilledCost, 0) as decimal(28, 10))
        - case when billed_is_net then promotions + discounts else 0 end as exact_cost,
        -- What has to be added to EffectiveCost: it is before promotional credits, and after all others.
        case
            when not has_credits then 0
            when billed_is_net then case when effective_has_promotions then -promotions else 0 end
            when effective_is_billed then discounts
            when effective_has_all then -promotions
            else 0
        end as correction
    from lines
    left join credited on credited_period = BillingPeriodStart
),

costs as (
    select
        *,
        case
            when not has_credits then cast(coalesce(EffectiveCost, BilledCost, 0) as decimal(28, 10))
            when EffectiveCost is null then exact_cost + discounts
            else cast(EffectiveCost as decimal(28, 10)) + correction
        end as exact_effective
    from lines_of
)

select
    load_id,
    ChargePeriodStart::date as charge_date,
    case
        when epoch_us(ChargePeriodEnd) - epoch_us(ChargePeriodStart) > 3600000000 then 16777215
        else 1::integer << hour(ChargePeriodStart)::integer
    end as hours_mask,
    exact_cost + promotions + discounts as billed_cost,
    exact_effective as effective_cost,
    case when ChargeCategory in ('Credit', 'credit') then exact_cost + promotions + discounts else promotions end as credits,
    case when ChargeCategory in ('Credit', 'credit') then 0 else discounts end as discount_credits,
    case
        when is_fee then 0
        when commitment_credits <> 0 and not coalesce(is_amortised, false) then -commitment_credits
        when commitment_credits <> 0 or is_modelled then exact_effective
        when is_google then 0
        when coalesce(CommitmentDiscountId, '') <> '' or PricingCategory in ('Committed', 'committed') then exact_effective
        else 0
    end as committed_cost,
    cast(
        case
            when is_fee then exact_cost
            when is_google then coalesce(ListCost, exact_cost)
            else coalesce(nullif(ListCost, 0), ContractedCost, BilledCost, 0)
        end as decimal(28, 10)
    ) as list_cost,
    case
        when is_google then case when cost_type = 'regular' then coalesce(google_quantity, 0) else 0 end
        when ChargeCategory in ('Usage', 'usage') and CommitmentDiscountStatus is distinct from 'Unused'
            then coalesce(ConsumedQuantity, PricingQuantity, 0)
        else 0
    end as consumed_quantity,
    ProviderName,
    ServiceProviderName,
    PublisherName,
    InvoiceIssuerName,
    BillingAccountId,
    sub_account_id,
    BillingCurrency as currency,
    ChargeCategory,
    ChargeClass,
    case when ChargeCategory in ('Usage', 'usage') then null else ChargeDescription end as ChargeDescription,
    PricingCategory,
    Unit,
    commitment_id,
    CommitmentDiscountStatus,
    region,
    resource_id,
    ServiceName,
    SkuId as product_sku,
    usage_type,
    service_code,
    operation,
    sku_of_unnamed,
    cost_type,
    google_kind,
    machine_spec,
    -- Shares of fees are still to be given to what has such a credit: see gcp.commitments.sql.
    case when is_amortised then null else commitment_credit end as commitment_credit
from costs
