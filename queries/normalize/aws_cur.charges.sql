/*---
# AWS Cost and Usage Reports, legacy (after its Athena column rule) and 2.0: export lines → charges.
# Columns of `lines` that the file lacks are null; `required` ones must be there.
required = [
  "line_item_line_item_type", "line_item_usage_start_date", "line_item_usage_type", "line_item_unblended_cost",
]
period = "bill_billing_period_start_date"
tags = "resource_tags"
cost_categories = "cost_category"
attributes = "product"
# Tags belong to a resource, else to a product of an account; the newest set of the period counts.
tagged_by = [
  "line_item_usage_account_id", "line_item_resource_id",
  "case when coalesce(line_item_resource_id, '') = '' then concat_ws(' ', line_item_product_code, line_item_usage_type) end",
]
# Of flat product columns (legacy reports have over a hundred) these are kept.
attributes_kept = [
  "product_name", "servicename", "operating_system", "pre_installed_sw", "license_model", "tenancy",
  "database_engine", "cache_engine", "deployment_option", "vcpu", "memory", "physical_processor",
  "current_generation", "volume_api_name", "storage_class", "group", "transfer_type",
]
[types]
timestamp = ["line_item_usage_start_date", "line_item_usage_end_date", "bill_billing_period_start_date"]
money = [
  "line_item_unblended_cost", "line_item_net_unblended_cost", "line_item_usage_amount",
  "pricing_public_on_demand_cost",
  "reservation_effective_cost", "reservation_net_effective_cost",
  "reservation_unused_amortized_upfront_fee_for_billing_period",
  "reservation_net_unused_amortized_upfront_fee_for_billing_period",
  "reservation_unused_recurring_fee", "reservation_net_unused_recurring_fee",
  "savings_plan_savings_plan_effective_cost", "savings_plan_net_savings_plan_effective_cost",
  "savings_plan_total_commitment_to_date", "savings_plan_used_commitment",
  "savings_plan_amortized_upfront_commitment_for_billing_period",
  "savings_plan_net_amortized_upfront_commitment_for_billing_period",
  "savings_plan_recurring_commitment_for_billing_period",
  "savings_plan_net_recurring_commitment_for_billing_period",
]
text = [
  "bill_payer_account_id", "bill_payer_account_name", "bill_billing_entity",
  "line_item_usage_account_id", "line_item_usage_account_name", "line_item_line_item_type", "line_item_product_code",
  "line_item_usage_type", "line_item_operation", "line_item_resource_id", "line_item_availability_zone",
  "line_item_currency_code", "line_item_legal_entity", "line_item_line_item_description",
  "pricing_unit", "pricing_purchase_option",
  "product_region_code", "product_region", "product_instance_type", "product_sku", "product_servicecode",
  "product_product_family",
  "reservation_reservation_a_r_n", "reservation_end_time",
  "savings_plan_savings_plan_a_r_n", "savings_plan_offering_type", "savings_plan_end_time",
  "split_line_item_parent_resource_id",
]
# What one line per SKU, account or commitment tells, and need not be grouped by: by column of the charges, its key in
# the lines. Marketplace lines have no SKU: there the product code is the product.
[lookups.product_sku]
key = "coalesce(nullif(product_sku, ''), line_item_product_code)"
values = ["product_servicecode", "product_instance_type", "product_product_family", "line_item_legal_entity"]
[lookups.bill_payer_account_id]
key = "bill_payer_account_id"
values = ["bill_payer_account_name"]
[lookups.line_item_usage_account_id]
key = "line_item_usage_account_id"
values = ["line_item_usage_account_name"]
[lookups.reservation_reservation_a_r_n]
key = "reservation_reservation_a_r_n"
values = ["reservation_end_time"]
[lookups.savings_plan_savings_plan_a_r_n]
key = "savings_plan_savings_plan_a_r_n"
values = ["savings_plan_offering_type", "savings_plan_end_time"]
[aliases]
savings_plan_savings_plan_arn = "savings_plan_savings_plan_a_r_n"
reservation_reservation_arn = "reservation_reservation_a_r_n"
---*/
-- Effective cost: the CASE of the Cloud Intelligence Dashboards' summary view, each column by its net twin where the
-- month has one. The unused part of a Savings Plan has no net twin: it is scaled by net / gross commitment.
-- Contract discounts that come as lines are already inside net columns: worth nothing where the month has those.
with net as (
    select
        load_id,
        coalesce(bool_or(line_item_net_unblended_cost is not null), false) as is_net
    from lines
    group by load_id
),

charged as (
select
    load_id,
    line_item_usage_start_date::date as charge_date,
    case
        when epoch_us(line_item_usage_end_date) - epoch_us(line_item_usage_start_date) > 3600000000 then 16777215
        else 1::integer << hour(line_item_usage_start_date)::integer
    end as hours_mask,
    case
        when line_item_line_item_type in (
            'EdpDiscount', 'PrivateRateDiscount', 'RiVolumeDiscount', 'SppDiscount', 'DistributorDiscount'
        ) and net.is_net
            then coalesce(line_item_net_unblended_cost, 0)
        else coalesce(line_item_net_unblended_cost, line_item_unblended_cost, 0)
    end as billed_cost,
    case line_item_line_item_type
        when 'Usage' then coalesce(line_item_net_unblended_cost, line_item_unblended_cost, 0)
        when 'SavingsPlanCoveredUsage'
            then coalesce(
                savings_plan_net_savings_plan_effective_cost, savings_plan_savings_plan_effective_cost, 0
            )
        when 'SavingsPlanRecurringFee'
            then (
                coalesce(savings_plan_total_commitment_to_date, 0) - coalesce(savings_plan_used_commitment, 0)
            ) * coalesce(
                (
                    coalesce(
                        savings_plan_net_amortized_upfront_commitment_for_billing_period::double,
                        savings_plan_amortized_upfront_commitment_for_billing_period::double, 0
                    ) + coalesce(
                        savings_plan_net_recurring_commitment_for_billing_period::double,
                        savings_plan_recurring_commitment_for_billing_period::double, 0
                    )
                ) / nullif(
                    coalesce(savings_plan_amortized_upfront_commitment_for_billing_period::double, 0)
                    + coalesce(savings_plan_recurring_commitment_for_billing_period::double, 0), 0
                ), 1
            )
        when 'SavingsPlanNegation' then 0
        when 'SavingsPlanUpfrontFee' then 0
        when 'DiscountedUsage' then coalesce(reservation_net_effective_cost, reservation_effective_cost, 0)
        when 'RIFee'
            then coalesce(
                reservation_net_unused_amortized_upfront_fee_for_billing_period,
                reservation_unused_amortized_upfront_fee_for_billing_period, 0
            ) + coalesce(reservation_net_unused_recurring_fee, reservation_unused_recurring_fee, 0)
        when 'Fee'
            then case
                when coalesce(reservation_reservation_a_r_n, '') <> '' then 0
                else coalesce(line_item_net_unblended_cost, line_item_unblended_cost, 0)
            end
        when 'Refund'
            then case
                when line_item_product_code = 'ComputeSavingsPlans'
                    and line_item_line_item_description like 'Refund for one-time fee for Savings Plan ID%' then 0
                else coalesce(line_item_net_unblended_cost, line_item_unblended_cost, 0)
            end
        else case
            when net.is_net and line_item_line_item_type in (
                'EdpDiscount', 'PrivateRateDiscount', 'RiVolumeDiscount', 'SppDiscount', 'DistributorDiscount'
            )
                then coalesce(line_item_net_unblended_cost, 0)
            else coalesce(line_item_net_unblended_cost, line_item_unblended_cost, 0)
        end
    end as effective_cost,
    -- The public price where the line has one; Marketplace lines have none.
    case
        when line_item_line_item_type = 'SavingsPlanNegation' then 0
        else coalesce(nullif(pricing_public_on_demand_cost, 0), line_item_unblended_cost, 0)
    end as list_cost,
    case
        when line_item_line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage', 'FlatRateSubscription')
            then coalesce(line_item_usage_amount, 0)
        else 0
    end as consumed_quantity,
    bill_payer_account_id,
    bill_billing_entity,
    line_item_usage_account_id,
    line_item_line_item_type,
    line_item_product_code,
    line_item_usage_type,
    line_item_operation,
    line_item_resource_id,
    coalesce(nullif(product_region_code, ''), nullif(product_region, ''), line_item_availability_zone) as region,
    line_item_currency_code,
    -- Only where a text is the meter's own: elsewhere it repeats the price.
    case
        when line_item_line_item_type in ('Usage', 'DiscountedUsage', 'SavingsPlanCoveredUsage')
            and bill_billing_entity is distinct from 'AWS Marketplace'
            and not contains(line_item_usage_type, 'SpotUsage')
            then null
        else line_item_line_item_description
    end as charge_description,
    pricing_unit,
    coalesce(nullif(product_sku, ''), line_item_product_code) as product_sku,
    reservation_reservation_a_r_n,
    savings_plan_savings_plan_a_r_n,
    split_line_item_parent_resource_id is not null and split_line_item_parent_resource_id <> '' as is_split
from lines
join net using (load_id)
)

select
    *,
    case when line_item_line_item_type = 'Credit' then billed_cost else 0 end as credits,
    0 as discount_credits,
    case
        when line_item_line_item_type in ('DiscountedUsage', 'RIFee') or starts_with(line_item_line_item_type, 'SavingsPlan')
            or (line_item_line_item_type = 'Fee' and coalesce(reservation_reservation_a_r_n, '') <> '') then effective_cost
        else 0
    end as committed_cost
from charged
