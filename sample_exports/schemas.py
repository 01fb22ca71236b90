# ruff: noqa: E501 (tables)
"""Column names and types of the export formats, as their data dictionaries list them."""

import re
from functools import cache


@cache
def snake(name: str) -> str:
    """The provider's rule from a CSV header (`lineItem/UsageAmount`) to a Parquet column (`line_item_usage_amount`)."""
    spaced = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?=[A-Z])", "_", name).lower())
    return spaced.strip("_")


# gross column: its twin after private discounts
NET_TWINS = {
    gross: re.sub(r"^(line_item|reservation|savings_plan)_", r"\1_net_", gross)
    for gross in (
        "line_item_unblended_cost",
        "reservation_amortized_upfront_cost_for_usage",
        "reservation_amortized_upfront_fee_for_billing_period",
        "reservation_effective_cost",
        "reservation_recurring_fee_for_usage",
        "reservation_unused_amortized_upfront_fee_for_billing_period",
        "reservation_unused_recurring_fee",
        "reservation_upfront_value",
        "savings_plan_amortized_upfront_commitment_for_billing_period",
        "savings_plan_recurring_commitment_for_billing_period",
        "savings_plan_savings_plan_effective_cost",
    )
}

_LEGACY = """
identity LineItemId TimeInterval
bill InvoiceId InvoicingEntity BillingEntity BillType PayerAccountId BillingPeriodStartDate BillingPeriodEndDate
lineItem UsageAccountId LineItemType UsageStartDate UsageEndDate ProductCode UsageType Operation AvailabilityZone ResourceId UsageAmount
lineItem NormalizationFactor NormalizedUsageAmount CurrencyCode UnblendedRate UnblendedCost BlendedRate BlendedCost LineItemDescription TaxType
lineItem NetUnblendedRate NetUnblendedCost LegalEntity
product ProductName cacheEngine currentGeneration databaseEngine deploymentOption instanceType instanceTypeFamily licenseModel location
product locationType normalizationSizeFactor operatingSystem operation physicalProcessor preInstalledSw productFamily region regionCode
product servicecode servicename sku tenancy usagetype volumeApiName volumeType
pricing LeaseContractLength OfferingClass PurchaseOption RateCode RateId currency publicOnDemandCost publicOnDemandRate term unit
reservation AmortizedUpfrontCostForUsage AmortizedUpfrontFeeForBillingPeriod EffectiveCost EndTime ModificationStatus
reservation NormalizedUnitsPerReservation NumberOfReservations RecurringFeeForUsage ReservationARN StartTime SubscriptionId
reservation TotalReservedNormalizedUnits TotalReservedUnits UnitsPerReservation UnusedAmortizedUpfrontFeeForBillingPeriod
reservation UnusedNormalizedUnitQuantity UnusedQuantity UnusedRecurringFee UpfrontValue NetAmortizedUpfrontCostForUsage
reservation NetAmortizedUpfrontFeeForBillingPeriod NetEffectiveCost NetRecurringFeeForUsage NetUnusedAmortizedUpfrontFeeForBillingPeriod
reservation NetUnusedRecurringFee NetUpfrontValue
savingsPlan AmortizedUpfrontCommitmentForBillingPeriod EndTime InstanceTypeFamily OfferingType PaymentOption PurchaseTerm
savingsPlan RecurringCommitmentForBillingPeriod Region SavingsPlanARN SavingsPlanEffectiveCost SavingsPlanRate StartTime
savingsPlan TotalCommitmentToDate UsedCommitment NetAmortizedUpfrontCommitmentForBillingPeriod NetRecurringCommitmentForBillingPeriod
savingsPlan NetSavingsPlanEffectiveCost
discount EdpDiscount TotalDiscount
"""

LEGACY_HEADER = [
    f"{category}/{name}" for category, *names in map(str.split, _LEGACY.strip().splitlines()) for name in names
]

# a name ends in its type: none = string, :d = double, :t = timestamp, :m and :n = maps of strings and of doubles
_CUR2 = """
bill_ bill_type billing_entity billing_period_end_date:t billing_period_start_date:t invoice_id invoicing_entity payer_account_id payer_account_name
capacity_reservation_ capacity_reservation_arn capacity_reservation_status capacity_reservation_type
- cost_category:m discount:n discount_bundled_discount:d discount_total_discount:d identity_line_item_id identity_time_interval
line_item_ availability_zone blended_cost:d blended_rate currency_code iam_principal legal_entity line_item_description line_item_type
line_item_ net_unblended_cost:d net_unblended_rate normalization_factor:d normalized_usage_amount:d operation product_code resource_id tax_type
line_item_ unblended_cost:d unblended_rate usage_account_id usage_account_name usage_amount:d usage_end_date:t usage_start_date:t usage_type
line_item_ user_identifier
pricing_ currency lease_contract_length offering_class public_on_demand_cost:d public_on_demand_rate purchase_option rate_code rate_id term unit
- product:m
product_ comment fee_code fee_description from_location from_location_type from_region_code instance_family instance_type instancesku location
product_ location_type operation pricing_unit product_family region_code servicecode sku to_location to_location_type to_region_code usagetype
reservation_ amortized_upfront_cost_for_usage:d amortized_upfront_fee_for_billing_period:d availability_zone effective_cost:d end_time
reservation_ modification_status net_amortized_upfront_cost_for_usage:d net_amortized_upfront_fee_for_billing_period:d net_effective_cost:d
reservation_ net_recurring_fee_for_usage:d net_unused_amortized_upfront_fee_for_billing_period:d net_unused_recurring_fee:d net_upfront_value:d
reservation_ normalized_units_per_reservation number_of_reservations recurring_fee_for_usage:d reservation_a_r_n start_time subscription_id
reservation_ total_reserved_normalized_units total_reserved_units units_per_reservation unused_amortized_upfront_fee_for_billing_period:d
reservation_ unused_normalized_unit_quantity:d unused_quantity:d unused_recurring_fee:d upfront_value:d
- resource_tags:m
savings_plan_ amortized_upfront_commitment_for_billing_period:d end_time instance_type_family
savings_plan_ net_amortized_upfront_commitment_for_billing_period:d net_recurring_commitment_for_billing_period:d
savings_plan_ net_savings_plan_effective_cost:d offering_type payment_option purchase_term recurring_commitment_for_billing_period:d region
savings_plan_ savings_plan_a_r_n savings_plan_effective_cost:d savings_plan_rate:d start_time total_commitment_to_date:d used_commitment:d
split_line_item_ actual_usage:d net_split_cost:d net_unused_cost:d parent_resource_id public_on_demand_split_cost:d
split_line_item_ public_on_demand_unused_cost:d reserved_usage:d split_cost:d split_usage:d split_usage_ratio:d unused_cost:d
- tags:m
"""

_FOCUS = """
- AvailabilityZone BilledCost:d BillingAccountId BillingAccountName BillingAccountType BillingCurrency BillingPeriodEnd:t BillingPeriodStart:t
- CapacityReservationId CapacityReservationStatus ChargeCategory ChargeClass ChargeDescription ChargeFrequency ChargePeriodEnd:t
- ChargePeriodStart:t CommitmentDiscountCategory CommitmentDiscountId CommitmentDiscountName CommitmentDiscountQuantity:d
- CommitmentDiscountStatus CommitmentDiscountType CommitmentDiscountUnit ConsumedQuantity:d ConsumedUnit ContractedCost:d
- ContractedUnitPrice:d EffectiveCost:d InvoiceId InvoiceIssuerName ListCost:d ListUnitPrice:d PricingCategory PricingCurrency
- PricingCurrencyContractedUnitPrice:d PricingCurrencyEffectiveCost:d PricingCurrencyListUnitPrice:d PricingQuantity:d PricingUnit
- ProviderName PublisherName RegionId RegionName ResourceId ResourceName ResourceType ServiceCategory ServiceName ServiceSubcategory SkuId
- SkuMeter SkuPriceDetails SkuPriceId SubAccountId SubAccountName SubAccountType Tags:m x_Discounts:n x_Operation x_ServiceCode
"""


def _types(text: str) -> dict[str, str]:
    """Column names and types, in order."""
    kinds = {"": "string", "d": "double", "t": "timestamp", "m": "map<string,string>", "n": "map<string,double>"}
    columns = {}
    for prefix, *names in map(str.split, text.strip().splitlines()):
        for name in names:
            bare, _, kind = name.partition(":")
            columns[("" if prefix == "-" else prefix) + bare] = kinds[kind]
    return columns


CUR2_TYPES = _types(_CUR2)
FOCUS_TYPES = _types(_FOCUS)
