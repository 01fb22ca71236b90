-- What Google Cloud bills need beside the star of 0001: credits and commitments inside one line, names beside ids, and
-- what the partitions of a BigQuery table held.

alter table days add column credits decimal(38, 10) default 0;         -- part of billed_cost: promotional credits, which may end
alter table days add column discount_credits decimal(38, 10) default 0; -- part of effective_cost: credits that are discounts
alter table days add column committed_cost decimal(38, 10) default 0;  -- part of effective_cost that a commitment covers

update days set credits = days.billed_cost
from meters m
where m.load_id = days.load_id and m.meter_key = days.meter_key and m.charge_role = 'credit';

update days set committed_cost = days.effective_cost
from meters m
where m.load_id = days.load_id and m.meter_key = days.meter_key and m.pricing_category = 'Committed';

alter table meters add column resource_name varchar default '';        -- what people call it, where resource_id does not say

alter table totals add column billing_account_id varchar default '';
alter table totals add column currency_conversion_rate double;         -- units of billing_currency per USD, as the export says

create table partitions (                 -- of a BigQuery table, as last seen; what is loaded is for the deliveries of loads to say
    source          varchar not null,
    partition_date  date not null,        -- of _PARTITIONTIME, UTC
    period          date not null,        -- first day of the billing period
    last_export     timestamp not null,   -- newest export_time in it, UTC
    line_count      bigint not null,
    primary key (source, partition_date, period)
);
