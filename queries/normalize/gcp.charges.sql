/*---
# Google Cloud Billing exports to BigQuery, standard and detailed, in whatever file or table they lie: lines → charges.
# Names with dots are fields of records. All but the required ones may be missing: old extracts lack what came later.
required = ["cost", "usage_start_time", "sku.description"]
period = "invoice.month"
tags = [["project.labels", "project:"], ["tags", ""], ["labels", ""]]
cost_categories = ""
attributes = ""
attributes_kept = []
# Labels belong to a resource; lines that name none share those of their project and SKU.
tagged_by = [
  "project_id", "resource_id",
  "case when coalesce(resource_id, '') = '' then concat_ws(' ', service_id, sku_id) end",
]
[types]
timestamp = ["usage_start_time", "usage_end_time"]
month = ["invoice.month"]
money = ["cost", "cost_at_list", "usage.amount", "usage.amount_in_pricing_units"]
text = [
  "billing_account_id", "service.id", "service.description", "sku.id", "sku.description",
  "project.id", "project.name", "location.location", "location.region",
  "resource.name", "resource.global_name", "currency", "currency_conversion_rate",
  "usage.unit", "usage.pricing_unit", "invoice.publisher_type", "cost_type", "transaction_type", "seller_name",
  "adjustment_info.id", "adjustment_info.description", "adjustment_info.mode", "adjustment_info.type",
  "consumption_model.id", "consumption_model.description", "subscription.instance_id",
]
[nested]
credits = { id = "varchar", full_name = "varchar", type = "varchar", amount = "double" }
labels = { key = "varchar", value = "varchar" }
system_labels = { key = "varchar", value = "varchar" }
tags = { key = "varchar", value = "varchar" }
"project.labels" = { key = "varchar", value = "varchar" }
# What is inside repeated fields or counts in hours, by hand in each dialect: translators do not get folds right.
# Credits are summed per line first: joining them to lines would repeat the line's cost.
[computed.promotions]
duckdb = "coalesce(list_sum(list_transform(list_filter(credits, lambda c: c.type in ('PROMOTION', 'FREE_TRIAL')), lambda c: c.amount::decimal(28, 10))), 0)"
bigquery = "coalesce((select sum(round(cast(c.amount as bignumeric), 10)) from unnest(credits) as c where c.type in ('PROMOTION', 'FREE_TRIAL')), 0)"
[computed.discounts]
duckdb = "coalesce(list_sum(list_transform(list_filter(credits, lambda c: c.type is null or c.type not in ('PROMOTION', 'FREE_TRIAL')), lambda c: c.amount::decimal(28, 10))), 0)"
bigquery = "coalesce((select sum(round(cast(c.amount as bignumeric), 10)) from unnest(credits) as c where c.type is null or c.type not in ('PROMOTION', 'FREE_TRIAL')), 0)"
[computed.commitment_credits]
duckdb = "coalesce(list_sum(list_transform(list_filter(credits, lambda c: c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE')), lambda c: c.amount::decimal(28, 10))), 0)"
bigquery = "coalesce((select sum(round(cast(c.amount as bignumeric), 10)) from unnest(credits) as c where c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE')), 0)"
[computed.commitment_credit]
duckdb = "list_max(list_transform(list_filter(credits, lambda c: c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE')), lambda c: c.type || ' ' || coalesce(nullif(c.id, ''), c.full_name, '')))"
bigquery = "(select max(c.type || ' ' || coalesce(nullif(c.id, ''), c.full_name, '')) from unnest(credits) as c where c.type in ('COMMITTED_USAGE_DISCOUNT', 'COMMITTED_USAGE_DISCOUNT_DOLLAR_BASE'))"
[computed.fee_offset]
duckdb = "list_bool_or(list_transform(credits, lambda c: c.type = 'FEE_UTILIZATION_OFFSET'))"
bigquery = "(select logical_or(c.type = 'FEE_UTILIZATION_OFFSET') from unnest(credits) as c)"
[computed.machine_spec]
duckdb = "list_filter(system_labels, lambda l: l.key = 'compute.googleapis.com/machine_spec')[1].value"
bigquery = "(select max(l.value) from unnest(system_labels) as l where l.key = 'compute.googleapis.com/machine_spec')"
[computed.object_state]
duckdb = "list_filter(system_labels, lambda l: l.key = 'storage.googleapis.com/object_state')[1].value"
bigquery = "(select max(l.value) from unnest(system_labels) as l where l.key = 'storage.googleapis.com/object_state')"
[computed.unused_reservation]
duckdb = "list_filter(system_labels, lambda l: l.key = 'compute.googleapis.com/is_unused_reservation')[1].value"
bigquery = "(select max(l.value) from unnest(system_labels) as l where l.key = 'compute.googleapis.com/is_unused_reservation')"
[computed.reservation_name]
duckdb = "list_filter(system_labels, lambda l: l.key = 'compute.googleapis.com/reservation_name')[1].value"
bigquery = "(select max(l.value) from unnest(system_labels) as l where l.key = 'compute.googleapis.com/reservation_name')"
[computed.originating_sku_id]
duckdb = "list_filter(labels, lambda l: l.key = 'goog-originating-sku-id')[1].value"
bigquery = "(select max(l.value) from unnest(labels) as l where l.key = 'goog-originating-sku-id')"
[computed.charge_date]
duckdb = "usage_start_time::date"
bigquery = "date(usage_start_time)"
[computed.hours_mask]
duckdb = "case when epoch_us(usage_end_time) - epoch_us(usage_start_time) > 3600000000 then 16777215 else 1::integer << hour(usage_start_time)::integer end"
bigquery = "case when timestamp_diff(usage_end_time, usage_start_time, microsecond) > 3600000000 then 16777215 else 1 << extract(hour from usage_start_time) end"
[computed.is_monthly]
duckdb = "coalesce(epoch_us(usage_end_time) - epoch_us(usage_start_time) >= 1728000000000, false)"
bigquery = "coalesce(timestamp_diff(usage_end_time, usage_start_time, microsecond) >= 1728000000000, false)"
[computed.resource_id]
duckdb = "coalesce(nullif(resource_global_name, ''), nullif(resource_name, ''), case when reservation_name <> '' and unused_reservation = 'true' then '//compute.googleapis.com/projects/' || project_id || '/reservations/' || reservation_name end)"
bigquery = "coalesce(nullif(resource_global_name, ''), nullif(resource_name, ''), case when reservation_name <> '' and unused_reservation = 'true' then concat('//compute.googleapis.com/projects/', project_id, '/reservations/', reservation_name) end)"
# What one line per SKU, service, project or resource tells, and need not be grouped by.
[lookups.sku_key]
key = "coalesce(sku_id, sku_description)"
values = ["sku_description"]
[lookups.service_key]
key = "coalesce(service_id, service_description)"
values = ["service_description"]
[lookups.project_id]
key = "project_id"
values = ["project_name"]
[lookups.resource_id]
key = "resource_id"
values = ["resource_name"]
[lookups.currency]
key = "currency"
values = ["currency_conversion_rate"]
[aliases]
---*/
-- Cash is the cost with all credits. What a line really costs is before promotional credits, which end, and after all
-- others. A line that a commitment covers is credited in full and the commitment's fee billed apart (both older
-- models): gcp.commitments.sql gives the line its share of the fee. In the model since 2025 the line carries the
-- discounted price and the fee is offset by it, so that what remains of the fee is the unused part.
with lines_of as (
    select
        *,
        cast(cost as decimal(28, 10)) as exact_cost,
        -- Fees: by name, or because a subscription is billed at the default model without covering anything.
        starts_with(lower(sku_description), 'commitment')
            or coalesce(fee_offset, false)
            or (
                coalesce(subscription_instance_id, '') <> '' and commitment_credits = 0 and resource_id is null
                and lower(coalesce(consumption_model_description, 'default')) = 'default'
            ) as is_fee,
        lower(coalesce(consumption_model_description, 'default')) <> 'default' as is_modelled
    from lines
)

select
    load_id,
    charge_date,
    hours_mask,
    exact_cost + discounts + promotions as billed_cost,
    promotions as credits,
    discounts as discount_credits,
    exact_cost + discounts as effective_cost,
    case
        when is_fee then 0
        when commitment_credits <> 0 then -commitment_credits
        when is_modelled then exact_cost + discounts
        else 0
    end as committed_cost,
    case
        when is_fee then exact_cost
        else cast(coalesce(cost_at_list, cost) as decimal(28, 10))
    end as list_cost,
    cast(
        case
            when coalesce(cost_type, 'regular') = 'regular' or adjustment_info_type = 'USAGE_CORRECTION'
                then coalesce(usage_amount_in_pricing_units, usage_amount, 0)
            else 0
        end as decimal(28, 10)
    ) as consumed_quantity,
    billing_account_id,
    project_id,
    coalesce(service_id, service_description) as service_key,
    service_id,
    coalesce(sku_id, sku_description) as sku_key,
    sku_id,
    coalesce(nullif(location_region, ''), location_location) as region,
    resource_id,
    currency,
    coalesce(nullif(cost_type, ''), 'regular') as cost_type,
    case when is_fee then originating_sku_id end as originating_sku_id,
    coalesce(nullif(usage_pricing_unit, ''), usage_unit) as pricing_unit,
    machine_spec,
    object_state,
    unused_reservation,
    is_fee,
    is_monthly,
    is_modelled or commitment_credits <> 0 as is_covered,
    commitment_credit,
    subscription_instance_id,
    invoice_publisher_type,
    transaction_type,
    seller_name,
    coalesce(nullif(adjustment_info_type, ''), nullif(adjustment_info_mode, ''), nullif(adjustment_info_id, ''))
        as adjustment,
    case when coalesce(cost_type, 'regular') = 'adjustment' then adjustment_info_description end as charge_description
from lines_of
