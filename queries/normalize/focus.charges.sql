/*---
# Any FOCUS file, 1.0 to 1.4, with the columns that AWS adds: export lines → charges.
required = ["BilledCost", "ChargePeriodStart", "ChargeCategory"]
period = "BillingPeriodStart"
tags = "Tags"
cost_categories = "x_CostCategories"
attributes = "SkuPriceDetails"
tagged_by = ["SubAccountId", "ResourceId", "case when coalesce(ResourceId, '') = '' then ServiceName end"]
attributes_kept = []
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
]
[lookups.BillingAccountId]
key = "BillingAccountId"
values = ["BillingAccountName"]
[lookups.SubAccountId]
key = "SubAccountId"
values = ["SubAccountName"]
[lookups.CommitmentDiscountId]
key = "CommitmentDiscountId"
values = ["CommitmentDiscountType"]
[lookups.ResourceId]
key = "ResourceId"
values = ["ResourceType", "ResourceName"]
[aliases]
---*/
select
    load_id,
    ChargePeriodStart::date as charge_date,
    case
        when epoch_us(ChargePeriodEnd) - epoch_us(ChargePeriodStart) > 3600000000 then 16777215
        else 1::integer << hour(ChargePeriodStart)::integer
    end as hours_mask,
    coalesce(BilledCost, 0) as billed_cost,
    coalesce(EffectiveCost, BilledCost, 0) as effective_cost,
    case when ChargeCategory in ('Credit', 'credit') then coalesce(BilledCost, 0) else 0 end as credits,
    0 as discount_credits,
    case
        when coalesce(CommitmentDiscountId, '') <> '' or PricingCategory in ('Committed', 'committed')
            then coalesce(EffectiveCost, BilledCost, 0)
        else 0
    end as committed_cost,
    coalesce(nullif(ListCost, 0), ContractedCost, BilledCost, 0) as list_cost,
    case
        when ChargeCategory in ('Usage', 'usage') and CommitmentDiscountStatus is distinct from 'Unused'
            then coalesce(ConsumedQuantity, PricingQuantity, 0)
        else 0
    end as consumed_quantity,
    ProviderName,
    ServiceProviderName,
    PublisherName,
    InvoiceIssuerName,
    BillingAccountId,
    SubAccountId,
    BillingCurrency,
    ChargeCategory,
    ChargeClass,
    case when ChargeCategory in ('Usage', 'usage') then null else ChargeDescription end as ChargeDescription,
    PricingCategory,
    coalesce(ConsumedUnit, PricingUnit) as Unit,
    CommitmentDiscountId,
    CommitmentDiscountStatus,
    coalesce(RegionId, AvailabilityZone) as region,
    ResourceId,
    ServiceName,
    SkuId as product_sku,
    coalesce(x_UsageType, SkuMeter) as usage_type,
    x_ServiceCode,
    x_Operation
from lines
