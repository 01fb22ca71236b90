-- The star: resource-days as facts, meters as their dimension, tag sets as the meters' dimension.
-- Everything belongs to a load (one billing period of one export), and is replaced with it.
-- meter_key and tag_key are hashes that mean something inside their load only: DuckDB does not promise hash()
-- to be stable between versions, so nothing outside the load refers to them.

create sequence load_ids;

create table loads (
    load_id           integer primary key,
    source            varchar not null,   -- name of the export: where it lies and what it is called
    format            varchar not null,   -- id of the entry in SOURCES
    period            date not null,      -- first day of the billing period
    delivery          varchar not null,   -- fingerprint of the delivery: equal means nothing to do
    location          varchar not null,   -- path or URI the delivery was read from
    loaded_at         timestamp not null, -- UTC
    has_resource_ids  boolean not null,
    hourly            boolean not null,
    notes             varchar[] not null, -- what a reader of the numbers should know about this load
    unique (source, period)
);

create table totals (                     -- what the files of a load add up to, per currency
    load_id           integer not null,
    provider          varchar not null,
    billing_currency  varchar not null,
    line_count        bigint not null,
    billed_cost       decimal(38, 10) not null,
    credits           decimal(38, 10) not null,
    effective_cost    decimal(38, 10) not null
);

create table days (                       -- the fact: one meter, one UTC day
    load_id           integer not null,
    charge_date       date not null,
    meter_key         ubigint not null,
    billed_cost       decimal(38, 10) not null,
    effective_cost    decimal(38, 10) not null,
    list_cost         decimal(38, 10) not null,
    consumed_quantity decimal(38, 10) not null,
    hours_mask        integer not null,   -- bit h set: billed in hour h of the day (UTC); all 24 set where the export is daily
    line_count        integer not null
);

create table meters (                     -- the dimension: everything about a line that is not day or amount
    load_id                    integer not null,
    meter_key                  ubigint not null,
    tag_key                    ubigint not null,
    provider                   varchar not null,
    billing_account_id         varchar not null,
    billing_account_name       varchar,
    sub_account_id             varchar not null,
    sub_account_name           varchar,
    region_id                  varchar not null,   -- '' where the service is global
    product_sku                varchar not null,
    service_code               varchar not null,   -- AmazonEC2
    service_name               varchar not null,   -- Amazon Elastic Compute Cloud
    resource_id                varchar not null,   -- '' where the line has none
    usage_type                 varchar not null,   -- as billed: EUC1-NatGateway-Hours
    usage_kind                 varchar not null,   -- without the region: NatGateway-Hours
    operation                  varchar not null,
    line_item_type             varchar not null,   -- as billed: Usage, DiscountedUsage, ...
    charge_category            varchar not null,   -- Usage, Purchase, Tax, Credit, Adjustment
    charge_role                varchar not null,   -- usage, discount, negation, fee, unused, split, tax, credit, refund
    pricing_category           varchar not null,   -- Standard, Committed, Dynamic, Other
    commitment_discount_id     varchar not null,
    commitment_discount_type   varchar not null,
    commitment_discount_end    varchar not null,   -- as billed; '' where unknown
    instance_type              varchar not null,
    product_family             varchar not null,
    product_detail             varchar not null,   -- engine, operating system or licence, where the bill names one
    pricing_unit               varchar not null,
    publisher_name             varchar not null,   -- who sells it
    is_marketplace             boolean not null,
    charge_description         varchar not null,   -- only where a meter has one text of its own (fees, Marketplace, spot)
    billing_currency           varchar not null
);

create table tag_sets (
    load_id          integer not null,
    tag_key          ubigint not null,
    tags             map(varchar, varchar) not null,
    cost_categories  map(varchar, varchar) not null
);

create table sku_attributes (             -- product attributes as exported, per SKU
    load_id      integer not null,
    product_sku  varchar not null,
    attributes   map(varchar, varchar) not null
);

create table scans (                      -- finished reports, newest last
    generated_at  timestamp not null,     -- UTC
    report        varchar not null        -- JSON, the contract of DESIGN.md 4.2
);
