# ruff: noqa: E501 (tables)
"""What the fictitious Nordwind Robotics owns in Google Cloud: the tables that gcp_make.py turns into bills.

A row of OWNED reads: project | place | resource | labels | meters | options | verdict

* place: a zone, a region, a multi-region (us, eu) or global; resource: `collection/name`, empty where Google names none;
* meters: `key[:type]=quantity[@pattern]`, quantity per hour, or the amount held for units that are billed by the month;
* options: `from=`/`to=` first and last day (Pacific time, as invoices count), `sud=` sustained use discount,
  `cud=`/`flex=`/`spend=` commitment:share that covers it, `promo=`/`free=` share paid by such credits, `late=` days by
  which the rows of a month's last day arrive late, `fix=` day that is negated and restated, `state=` object state,
  `unused=` hours of a reservation, `tags=` resource-manager tags;
* verdict: `!check` (or `!check=target:share of the cost saved`) must be found on this resource, `?check why` must not be, several joined by `;`.
"""

MONTHS = ["2026-08", "2026-09", "2026-10"]

# region: (place in names of Compute Engine, city in other names, price factor, country)
REGIONS = {
    "us-central1": ("Americas", "Iowa", "1", "US"),
    "us-east1": ("Americas", "South Carolina", "1", "US"),
    "us-east4": ("Virginia", "Northern Virginia", "1.13", "US"),
    "europe-west1": ("EMEA", "Belgium", "1.1", "BE"),
    "europe-west3": ("Frankfurt", "Frankfurt", "1.29", "DE"),
    "europe-west4": ("Netherlands", "Netherlands", "1.1", "NL"),
    "asia-northeast1": ("Japan", "Tokyo", "1.28", "JP"),
    "us": ("US", "US", "1", "US"),
    "eu": ("EU", "EU", "1", ""),
    "global": ("Global", "Global", "1", ""),
}

# export: (billing account, currency, {month: units of the currency per USD})
ACCOUNTS = {
    "gcp_detailed_parquet": ("01AB23-CD45EF-67AB89", "USD", dict.fromkeys(MONTHS, "1")),
    "gcp_detailed_json": (
        "0A1B2C-3D4E5F-6A7B8C",
        "EUR",
        {"2026-08": "0.8612", "2026-09": "0.8547", "2026-10": "0.8695"},
    ),
    "gcp_standard_csv": ("0F9E8D-7C6B5A-4F3E2D", "USD", dict.fromkeys(MONTHS, "1")),
}

# export | short name | project id | number | name | folder | project labels
PROJECTS = """
gcp_detailed_parquet | shop   | nordwind-shop-prod     | 481516234201 | Nordwind Shop      | shop     | team=shop env=prod
gcp_detailed_parquet | data   | nordwind-data-prod     | 481516234202 | Nordwind Data      | data     | team=data env=prod
gcp_detailed_parquet | ml     | nordwind-ml-prod       | 481516234203 | Nordwind ML        | ml       | team=ml env=prod
gcp_detailed_parquet | dev    | nordwind-dev-sandbox   | 481516234204 | Nordwind Sandbox   | platform | team=platform env=dev
gcp_detailed_parquet | stage  | nordwind-staging       | 481516234205 | Nordwind Staging   | shop     | team=shop env=staging
gcp_detailed_json    | robots | nordwind-robots-prod   | 590271835501 | Nordwind Robots    | robots   | team=robots env=prod
gcp_detailed_json    | test   | nordwind-robots-test   | 590271835502 | Robots Test        | robots   | team=robots env=test
gcp_detailed_json    | bi     | nordwind-analytics     | 590271835503 | Nordwind Analytics | data     | team=data
gcp_detailed_json    | try    | nordwind-chat-demo     | 590271835504 | Chat Demo          | ml       | team=ml env=dev
gcp_detailed_json    | vision | nordwind-vision-demo   | 590271835505 | Vision Demo        | ml       | team=ml env=demo
gcp_standard_csv     | fleet  | nordwind-fleet-prod    | 702938461101 | Nordwind Fleet     | robots   | team=robots env=prod
gcp_standard_csv     | lab    | nordwind-fleet-lab     | 702938461102 | Fleet Lab          | robots   | team=robots env=dev
gcp_standard_csv     | kiosk  | nordwind-kiosk-2024    | 702938461103 | Kiosk 2024         | shop     |
"""

# key: (service id, service description)
SERVICES = {
    "ce": ("6F81-5844-456A", "Compute Engine"),
    "net": ("E505-1604-58F8", "Networking"),
    "gke": ("CCD8-9BF1-090E", "Kubernetes Engine"),
    "sql": ("9662-B51E-5089", "Cloud SQL"),
    "gcs": ("95FF-2EF5-5EA1", "Cloud Storage"),
    "bq": ("24E6-581D-38E5", "BigQuery"),
    "bqr": ("16B8-3DDA-9F10", "BigQuery Reservation API"),
    "run": ("152E-C115-5142", "Cloud Run"),
    "log": ("5490-F7B7-8DF6", "Cloud Logging"),
    "ar": ("149C-F9EC-3994", "Artifact Registry"),
    "redis": ("5AF5-2C11-D467", "Cloud Memorystore for Redis"),
    "comp": ("1992-3666-B975", "Cloud Composer"),
    "df": ("57D6-E4D6-0D75", "Cloud Dataflow"),
    "ai": ("C7E2-9256-1C43", "Vertex AI"),
    "gem": ("AEFD-7695-64FA", "Gemini API"),
    "claude": ("5F2C-9C1E-7D04", "Claude Sonnet 4.5"),
    "sup": ("2062-016F-44A2", "Support"),
    "inv": ("4C2D-8E61-B5A9", "Invoice"),
}

# family: (core SKU, RAM SKU, price per core hour, price per GiB hour, id of the core SKU, id of the RAM SKU); us-central1
FAMILIES = {
    "n1": (
        "N1 Predefined Instance Core running in {p}",
        "N1 Predefined Instance Ram running in {p}",
        "0.031611",
        "0.004237",
        "2E27-4F75-95CD",
        "6C71-E844-38BC",
    ),
    "n2": (
        "N2 Instance Core running in {p}",
        "N2 Instance Ram running in {p}",
        "0.031611",
        "0.004237",
        "BB77-5FDA-69D9",
        "5B01-D157-A097",
    ),
    "e2": (
        "E2 Instance Core running in {p}",
        "E2 Instance Ram running in {p}",
        "0.021811",
        "0.002923",
        "CF4E-A0C7-E3BF",
        "F449-33EC-A5EF",
    ),
    "n2d": (
        "N2D AMD Instance Core running in {p}",
        "N2D AMD Instance Ram running in {p}",
        "0.027502",
        "0.003686",
        "",
        "",
    ),
}

# machine type: (family, cores, GiB)
TYPES = {
    "n1-standard-2": ("n1", "2", "7.5"),
    "n1-standard-4": ("n1", "4", "15"),
    "n1-standard-8": ("n1", "8", "30"),
    "n2-standard-2": ("n2", "2", "8"),
    "n2-standard-4": ("n2", "4", "16"),
    "n2-standard-8": ("n2", "8", "32"),
    "e2-medium": ("e2", "1", "4"),
    "e2-standard-2": ("e2", "2", "8"),
    "e2-standard-4": ("e2", "4", "16"),
    "e2-standard-8": ("e2", "8", "32"),
    "n2d-standard-2": ("n2d", "2", "8"),
}

# key | service | SKU ({p} place, {c} city, {r} region) | base unit | pricing unit | USD in us-central1 | h(ourly) or d(aily) lines | SKU id
METERS = """
t4        | ce | Nvidia Tesla T4 GPU running in {p} | seconds | hour | 0.35 | h |
pd        | ce | Storage PD Capacity in {c} | byte-seconds | gibibyte month | 0.04 | d | D973-5D65-BAB2
pd-bal    | ce | Balanced PD Capacity in {c} | byte-seconds | gibibyte month | 0.10 | d |
pd-ssd    | ce | SSD backed PD Capacity in {c} | byte-seconds | gibibyte month | 0.17 | d | B188-61DD-52E4
lssd      | ce | SSD backed Local Storage attached to On Demand VMs in {c} | byte-seconds | gibibyte month | 0.08 | d |
hd-bal    | ce | Hyperdisk Balanced Capacity in {c} | byte-seconds | gibibyte month | 0.08 | d |
snap      | ce | Storage PD Snapshot in {c} | byte-seconds | gibibyte month | 0.05 | d | 66AB-BA17-351C
image     | ce | Storage Image | byte-seconds | gibibyte month | 0.05 | d |
ip-idle   | ce | Static Ip Charge in {p} | seconds | hour | 0.01 | d | 66A2-68EA-56BE
ip-vm     | ce | External IP Charge on a Standard VM | seconds | hour | 0.005 | d | C054-7F72-A02E
win       | ce | Licensing Fee for Windows Server 2022 Datacenter Edition (CPU cost) | seconds | hour | 0.046 | h |
egress    | ce | Network Internet Data Transfer Out from {p} to EMEA | bytes | gibibyte | 0.12 | d |
zone-out  | ce | Network Inter Zone Data Transfer Out | bytes | gibibyte | 0.01 | d | DE9E-AFBC-A15A
vpn-h     | ce | Cloud VPN Tunnel in {c} | seconds | hour | 0.05 | d |
vpn-gb    | ce | Network Vpn Internet Data Transfer Out from {p} to EMEA | bytes | gibibyte | 0.11 | d |
vlan-h    | ce | Interconnect - VLAN Attachment 10G in {c} | seconds | hour | 0.10 | d |
port-h    | ce | Interconnect - Dedicated 10G Circuit in {c} | seconds | hour | 2.328 | d |
ic-gb     | ce | Interconnect Data Transfer Out from {p} | bytes | gibibyte | 0.02 | d |
nat-h     | net | Networking Cloud Nat Gateway Uptime | seconds | hour | 0.0014 | d | 32E2-4EFC-EF9F
nat-gb    | net | Networking Cloud Nat Data Processing | bytes | gibibyte | 0.045 | d | 015F-5732-FFF0
nat-ip    | net | Networking Cloud NAT IP Usage | seconds | hour | 0.005 | d | 8515-9425-D2CE
onat-h    | ce | NAT Gateway: Uptime charge in {c} | seconds | hour | 0.0014 | d |
onat-gb   | ce | NAT Gateway: Data processing charge in {c} | bytes | gibibyte | 0.045 | d |
lb-min    | net | Cloud Load Balancer Forwarding Rule Minimum for {c} ({r}) | seconds | hour | 0.025 | d |
lb-gb     | net | Regional External Application Load Balancer Outbound Data Processing for {c} ({r}) | bytes | gibibyte | 0.008 | d |
olb-min   | ce | Network Load Balancing: Forwarding Rule Minimum Service Charge in {p} | seconds | hour | 0.025 | d |
olb-gb    | ce | Network Load Balancing: Data Processing Charge in {p} | bytes | gibibyte | 0.008 | d |
gke-z     | gke | Zonal Kubernetes Clusters | seconds | hour | 0.10 | h | 6B92-A835-08AB
gke-r     | gke | Regional Kubernetes Clusters | seconds | hour | 0.10 | h | B561-BFBD-1264
gke-a     | gke | Autopilot Kubernetes Clusters | seconds | hour | 0.10 | h |
gke-ext   | gke | Extended Period Kubernetes Clusters | seconds | hour | 0.50 | h |
pod-cpu   | gke | Autopilot Pod mCPU Requests ({r}) | seconds | hour | 0.0000445 | h |
pod-mem   | gke | Autopilot Pod Memory Requests ({r}) | byte-seconds | gibibyte hour | 0.0049225 | h |
pg-cpu    | sql | Cloud SQL for PostgreSQL: Zonal - vCPU in {c} | seconds | hour | 0.0413 | d |
pg-ram    | sql | Cloud SQL for PostgreSQL: Zonal - RAM in {c} | byte-seconds | gibibyte hour | 0.007 | d |
pg-gb     | sql | Cloud SQL for PostgreSQL: Zonal - Standard storage in {c} | byte-seconds | gibibyte month | 0.17 | d |
pgr-cpu   | sql | Cloud SQL for PostgreSQL: Regional - vCPU in {c} | seconds | hour | 0.0826 | d |
pgr-ram   | sql | Cloud SQL for PostgreSQL: Regional - RAM in {c} | byte-seconds | gibibyte hour | 0.014 | d |
pgr-gb    | sql | Cloud SQL for PostgreSQL: Regional - Standard storage in {c} | byte-seconds | gibibyte month | 0.34 | d |
my-4      | sql | Cloud SQL for MySQL: Zonal - 4 vCPU + 15GB RAM in {c} | seconds | hour | 0.2702 | d |
pg-ext    | sql | Cloud SQL for PostgreSQL: Zonal - Extended support vCPU v12 in {c} | seconds | hour | 0.07 | d |
my-ext    | sql | Cloud SQL for MySQL: Zonal - Extended support 4 vCPU + 15GB RAM v57 in {c} | seconds | hour | 0.28 | d |
sql-ip    | sql | IP address reservation in {c} | seconds | hour | 0.01 | d |
sql-bak   | sql | Cloud SQL: Backups in {c} | byte-seconds | gibibyte month | 0.08 | d | D737-A9D2-80AB
gcs       | gcs | Standard Storage {c} | byte-seconds | gibibyte month | 0.020 | d |
gcs-near  | gcs | Nearline Storage {c} | byte-seconds | gibibyte month | 0.010 | d |
gcs-a     | gcs | Regional Standard Class A Operations | requests | count | 0.000005 | d |
gcs-b     | gcs | Regional Standard Class B Operations | requests | count | 0.0000004 | d |
gcs-out   | gcs | Download Worldwide Destinations (excluding Asia & Australia) | bytes | gibibyte | 0.12 | d |
bq-an     | bq | Analysis ({r}) | bytes | tebibyte | 6.25 | d |
bq-act    | bq | Active Logical Storage ({r}) | byte-seconds | gibibyte month | 0.02 | d |
bq-lt     | bq | Long Term Logical Storage ({r}) | byte-seconds | gibibyte month | 0.01 | d |
bq-aphy   | bq | Active Physical Storage ({r}) | byte-seconds | gibibyte month | 0.04 | d |
bq-lphy   | bq | Long-Term Physical Storage ({r}) | byte-seconds | gibibyte month | 0.02 | d |
bq-nbd    | bq | Notebook Persistent Disk Storage ({r}) | byte-seconds | gibibyte month | 0.048 | d | 76FD-5A76-7880
bq-nbc    | bq | Notebook Runtime Core ({r}) | seconds | hour | 0.0379 | d |
slots     | bqr | BigQuery Enterprise Edition for {c} ({r}) | seconds | hour | 0.06 | h |
run-cpu   | run | Services CPU (Instance-based billing) in {r} | seconds | second | 0.000018 | h |
run-mem   | run | Services Memory (Instance-based billing) in {r} | byte-seconds | gibibyte second | 0.000002 | h |
run-rcpu  | run | Services CPU (Request-based billing) in {r} | seconds | second | 0.000024 | h |
run-req   | run | Requests | requests | count | 0.0000004 | d |
log-in    | log | Log Storage cost | bytes | gibibyte | 0.50 | d | 143F-A1B0-E0BE
log-keep  | log | Log Retention cost | byte-seconds | gibibyte month | 0.01 | d | F4AE-5A52-ACE3
ar        | ar | Artifact Registry Storage | byte-seconds | gibibyte month | 0.10 | d | 8502-299A-ABAF
redis-b   | redis | Redis Capacity Basic M2 {c} | byte-seconds | gibibyte hour | 0.027 | d |
redis-s   | redis | Redis Capacity Standard M2 {c} | byte-seconds | gibibyte hour | 0.054 | d |
comp-env  | comp | Small Cloud Composer Environment Fee {c} | seconds | hour | 0.35 | h |
comp-cpu  | comp | Cloud Composer Compute CPUs {c} | seconds | hour | 0.045 | h |
comp-mem  | comp | Cloud Composer Compute Memory {c} | byte-seconds | gibibyte hour | 0.005 | h |
df-cpu    | df | vCPU Time Streaming {c} | seconds | hour | 0.069 | h |
df-ram    | df | RAM Time Streaming {c} | byte-seconds | gibibyte hour | 0.003557 | h |
df-gb     | df | Streaming data processed for {c} | bytes | gibibyte | 0.018 | d |
ai-core   | ai | Vertex AI: Online/Batch Prediction N1 Predefined Instance Core running in {p} | seconds | hour | 0.036353 | h |
ai-ram    | ai | Vertex AI: Online/Batch Prediction N1 Predefined Instance Ram running in {p} | byte-seconds | gibibyte hour | 0.004873 | h |
ai-train  | ai | Vertex AI: Training/Pipelines on N1 Predefined Instance Core running in {p} | seconds | hour | 0.036353 | h |
wb-fee    | ai | Vertex AI: Workbench Instances Management fee on E2 Instance Core running in {p} | seconds | hour | 0.005 | d |
gem-in    | ai | Gemini 2.5 Flash GA Text Input - Predictions | count | count | 0.0000003 | d | FDAB-647C-5A22
gem-out   | ai | Gemini 2.5 Flash GA Text Output - Predictions | count | count | 0.0000025 | d |
gem-think | ai | Gemini 2.5 Flash GA Thinking Text Output - Predictions | count | count | 0.0000025 | d | CD33-11F4-1220
gem3-in   | ai | Gemini 3.8 Flash Global Text Input - Predictions | count | count | 0.0000005 | d |
gem3-out  | ai | Gemini 3.8 Flash Global Text Output - Predictions | count | count | 0.000003 | d |
gem3p-in  | ai | Gemini 3.8 Flash Global Text Input Priority - Predictions | count | count | 0.0000009 | d |
gem3p-out | ai | Gemini 3.8 Flash Global Text Output Priority - Predictions | count | count | 0.0000054 | d |
gapi-in   | gem | Generate_content_input_token_count_gemini_3_flash_short_text | count | count | 0.0000003 | d |
gapi-out  | gem | Generate_content_output_token_count_gemini_3_flash_short_text | count | count | 0.0000025 | d |
cl-in     | claude | Claude Sonnet 4.5 Input Tokens | count | count | 0.000003 | d |
cl-out    | claude | Claude Sonnet 4.5 Output Tokens | count | count | 0.000015 | d |
"""

TRICKY = {
    "tricky-html": "<script>alert('nordwind')</script>",
    "tricky-formula": "=cmd|' /C calc'!A0",
    "tricky-emoji": "robot 🤖 & søn",
    "tricky-quotes": "\"double\" 'single' \\back",
    "tricky-newline": "line one\nline two",
}

# `tricky` among the labels adds all of TRICKY.
OWNED = {
    "gcp_detailed_parquet": """
shop | us-central1-a | instances/shop-web-1 | team=shop env=prod | vm:e2-standard-4=1 ip-vm=1 egress=2@day | flex=core:1 tags=cost-center:4711 late=3 | ?gcp-previous-machine-family current family;?gcp-compute-off-hours production;?gcp-static-ip-idle the address is in use
shop | us-central1-a | instances/shop-web-2 | team=shop env=prod | vm:e2-standard-4=1 egress=2@day | flex=core:0.5 | ?gcp-compute-off-hours production
shop | us-central1-a | instances/report-builder | team=shop env=prod | vm:e2-standard-8=1 egress=0.3@day | from=2026-09-20 | !gcp-compute-oversized=e2-standard-4:0.5
shop | us-central1-a | disks/report-builder | team=shop env=prod | pd-bal=40 | from=2026-09-20 | ?gcp-disk-unattached its machine runs
shop | us-central1-a | disks/shop-web-1 | team=shop env=prod | pd-bal=100 | | ?gcp-disk-unattached its machine runs;?gcp-pd-ssd balanced already
shop | us-central1-a | disks/shop-media-cache | team=shop env=prod | pd-ssd=600 | | !gcp-pd-ssd;?gcp-disk-unattached data disk of another name beside running machines
shop | us-central1-a | disks/shop-search | team=shop env=prod | hd-bal=400 | | ?gcp-pd-ssd Hyperdisk
shop | europe-west3-a | instances/shop-api-1 | team=shop env=prod | vm:n2-standard-4=1 egress=1@day | cud=n2:1 | ?gcp-previous-machine-family a commitment of the family covers it
shop | europe-west3-a | instances/shop-api-2 | team=shop env=prod | vm:n2-standard-8=1 egress=1@day | cud=n2:0.5 sud=0.1 | ?gcp-previous-machine-family a commitment of the family covers half of it
shop | europe-west3 | addresses/shop-api | team=shop env=prod | ip-idle=1@night | | ?gcp-static-ip-idle in use except during deployments
shop | us-central1 | clusters/shop | team=shop env=prod goog-k8s-cluster-name=shop goog-k8s-cluster-location=us-central1 | gke-r=1 | | ?gcp-gke-cluster-empty nodes run;?gcp-gke-extended-channel standard support
shop | us-central1-b | instances/gke-shop-pool-1-a1b2 | team=shop env=prod goog-k8s-cluster-name=shop goog-k8s-cluster-location=us-central1 goog-k8s-node-pool-name=pool-1 | vm:e2-standard-4=1 zone-out=1@day | |
shop | us-central1-b | disks/pvc-3f0c6a1e-cart | team=shop env=prod goog-k8s-cluster-name=shop goog-k8s-cluster-location=us-central1 | pd-bal=50 | | ?gcp-disk-unattached the cluster has nodes
shop | us-central1 | clusters/legacy-api | team=shop env=prod goog-k8s-cluster-name=legacy-api goog-k8s-cluster-location=us-central1 | gke-r=1 gke-ext=1 | from=2026-09-20 | !gcp-gke-extended-channel;?gcp-gke-cluster-empty its node runs
shop | us-central1-b | instances/gke-legacy-api-pool-c3d4 | team=shop env=prod goog-k8s-cluster-name=legacy-api goog-k8s-cluster-location=us-central1 goog-k8s-node-pool-name=default-pool | vm:e2-medium=1 | from=2026-09-20 |
shop | us-central1 | services/checkout | team=shop env=prod | run-rcpu=900@day run-req=40000@day | | ?gcp-cloud-run-always-on request-based billing
shop | us-central1 | services/stock-sync | team=shop env=prod | run-cpu=3600 run-mem=1800 run-req=9000@day | from=2026-09-20 | ?gcp-cloud-run-always-on busy service
shop | us-central1 | | team=shop env=prod | nat-h=4 nat-gb=6@day nat-ip=1 lb-min=1 lb-gb=8@day | fix=2026-09-14 | ?gcp-nat-idle busy;?gcp-forwarding-rule-idle busy;?gcp-static-ip-idle address of a NAT gateway
shop | us-central1 | sql/shop | team=shop env=prod | pgr-cpu=4 pgr-ram=16 pgr-gb=300 | | ?gcp-cloud-sql-ha-non-production production;?gcp-cloud-sql-stopped runs;?gcp-cloud-sql-extended-support supported version;?gcp-cloud-sql-oversized its memory is full
shop | us-central1 | sql/catalog | team=shop env=prod | pg-cpu=8 pg-ram=30 pg-gb=120 | | !gcp-cloud-sql-oversized=db-custom-2-7680:0.75
shop | us-central1 | sql/orders-old | team=shop env=prod | pg-cpu=2 pg-ram=8 pg-gb=100 pg-ext=2 | | !gcp-cloud-sql-extended-support
shop | us | buckets/nordwind-shop-media | team=shop env=prod | gcs=9000 gcs-a=900@day gcs-b=90000@day gcs-out=3@day | | ?gcp-storage-non-live nothing but live objects beside a little
shop | us | buckets/nordwind-shop-media | team=shop env=prod | gcs=250 | state=soft_deleted |
shop | us | buckets/nordwind-shop-exports | team=shop env=prod | gcs=2000 gcs-a=90@day gcs-b=400@day | |
shop | us | buckets/nordwind-shop-exports | team=shop env=prod | gcs=3000 | state=noncurrent | !gcp-storage-non-live
shop | us | buckets/nordwind-shop-exports | team=shop env=prod | gcs=60 | state=multipart |
shop | global | logbuckets/_Default | team=shop env=prod | log-in=0.6@day log-keep=300 | | ?gcp-logging-growth does not grow
shop | us-central1 | addresses/old-vpn | team=shop env=prod | ip-idle=1 | | !gcp-static-ip-idle
data | us-central1-a | instances/etl-legacy | team=data env=prod | vm:n1-standard-4=1@work | from=2026-09-01 | !gcp-previous-machine-family
data | us-central1-a | instances/etl-steady | team=data env=prod | vm:n1-standard-4=1 egress=0.1@day | from=2026-09-10 sud=0.3 | ?gcp-previous-machine-family full sustained use discount: no successor is cheaper
data | us-central1-a | instances/render | team=data env=prod | vm:n1-standard-4=1@work t4=1@work | from=2026-09-10 | ?gcp-previous-machine-family a GPU is attached
data | us-central1-a | instances/geocoder-old | team=data env=prod | vm:e2-standard-2=1 | from=2026-09-20 daily=1 | !gcp-compute-idle
data | us-central1-a | instances/reindex | team=data env=prod | vm:e2-standard-4=1 | from=2026-09-20 daily=1 | ?gcp-compute-oversized a job every night needs all of it;?gcp-compute-idle a job every night
data | us-central1-a | instances/feature-store | team=data env=prod | vm:n2-standard-2=1 | cud=spare:1 |
data | us-central1-a | disks/etl-legacy | team=data env=prod | pd-bal=80 | from=2026-09-01 |
data | us-central1-a | disks/scratch | team=data env=prod | lssd=375 | | ?gcp-pd-ssd local SSD
data | us | datasets/warehouse | team=data env=prod | bq-act=2500@grow bq-lt=22000 | | !gcp-bigquery-storage-billing
data | us | datasets/events | team=data env=prod | bq-act=6000 bq-lt=1200 | | ?gcp-bigquery-storage-billing mostly active
data | us | datasets/archive | team=data env=prod | bq-aphy=900 bq-lphy=5000 | | ?gcp-bigquery-storage-billing physical billing already
data | us | | team=data env=prod | slots=50 | from=2026-09-25 | !gcp-bigquery-slots-flat
data | eu | | team=data env=prod | slots=60@day | from=2026-09-25 | ?gcp-bigquery-slots-flat autoscales
data | us-central1 | | team=data env=prod | nat-h=2 nat-gb=3@day nat-ip=1 | |
data | us-central1-a | snapshots/warehouse-2026-07 | team=data env=prod | snap=400 | | !gcp-snapshot-growth
data | us-central1-a | snapshots/warehouse-2026-08 | team=data env=prod | snap=180 | from=2026-08-14 | ?gcp-snapshot-old made on 2026-08-14
data | us-central1-a | snapshots/warehouse-2026-09 | team=data env=prod | snap=170 | from=2026-09-12 | ?gcp-snapshot-old made on 2026-09-12
data | us-central1-a | snapshots/warehouse-2026-10 | team=data env=prod | snap=190 | from=2026-10-13 | ?gcp-snapshot-old made on 2026-10-13
data | us-east1 | snapshots/golden-2025 | team=data env=prod | snap=400 | | ?gcp-snapshot-old three months of history cannot show that it is old;?gcp-snapshot-growth does not grow
data | us-east1 | snapshots/golden-2026-10 | team=data env=prod | snap=150 | from=2026-10-12 | ?gcp-snapshot-old made on 2026-10-12
data | us-east1-b | instances/replica | team=data env=prod | vm:n2d-standard-2=1 egress=0.2@day | from=2026-10-01 flex=burst:1 | ?gcp-region-forgotten a machine began there in October
ml | us-central1 | | team=ml env=prod | ai-core=4 ai-ram=15 | from=2026-09-25 promo=0.25 | ?gcp-vertex-endpoint-idle production, beside other use of Vertex AI
ml | europe-west4 | | team=ml env=prod | ai-core=4@work ai-ram=15@work | from=2026-09-25 | ?gcp-vertex-endpoint-idle batch work by day
ml | global | | team=ml env=prod | gem-in=900000@day gem-out=250000@day gem-think=120000@day gem3-in=500000@day gem3-out=90000@day gem3p-in=700000@day gem3p-out=150000@day | promo=0.2 | !gcp-gemini-premium-tier
ml | global | | team=ml env=prod | gapi-in=400000@day gapi-out=80000@day | free=0.1 | ?gcp-gemini-premium-tier no priority tier
ml | global | | team=ml env=prod | cl-in=300000@day cl-out=60000@day | seller=Anthropic | ?gcp-partner-model-spend production
ml | us-central1-a | instances/workbench-ada | team=ml env=prod goog-vertex-ai-product=workbench-instances | vm:e2-standard-4=1 | from=2026-09-25 | !gcp-workbench-always-on
ml | us-central1-a | instances/workbench-grace | team=ml env=prod goog-vertex-ai-product=workbench-instances | vm:e2-standard-4=1@work | from=2026-09-25 | ?gcp-workbench-always-on office hours only
ml | us-central1 | | team=ml env=prod | bq-nbd=200 | | !gcp-bigquery-notebook-disk
ml | europe-west4 | | team=ml env=prod | bq-nbd=100 bq-nbc=2@work | | ?gcp-bigquery-notebook-disk runtimes run
dev | us-central1-a | instances/devbox | team=platform env=dev tricky | vm:e2-standard-2=1 | | !gcp-compute-off-hours
dev | us-central1-a | instances/devdesk | team=platform env=dev | vm:e2-standard-2=1@work | | ?gcp-compute-off-hours runs only on weekdays from 08 to 20
dev | us-central1-a | instances/fuzz-spot | team=platform env=dev | spot:e2-standard-2=1 | from=2026-10-01 | ?gcp-compute-off-hours spot
dev | us-central1-a | instances/build-agent-7 | team=platform env=dev | vm:e2-standard-2=1@work | to=2026-09-20 |
dev | us-central1-a | disks/build-agent-7 | team=platform env=dev | pd-bal=250 | | !gcp-disk-unattached
dev | us-central1-a | disks/devbox | team=platform env=dev | pd-bal=40 | | ?gcp-disk-unattached its machine runs
dev | us-central1 | reservations/launch-day | | vm:n2-standard-2=1 | from=2026-09-15 unused=1 | !gcp-reservation-unused
dev | us-east4 | reservations/night-batch | | vm:n2-standard-2=1@night | from=2026-09-15 unused=1 | ?gcp-reservation-unused filled by day
dev | us-east4-a | instances/night-batch-1 | team=platform env=dev | vm:n2-standard-2=1@notnight | from=2026-09-15 | !gcp-previous-machine-family
dev | us-central1-a | clusters/scratch | team=platform env=dev goog-k8s-cluster-name=scratch goog-k8s-cluster-location=us-central1-a | gke-z=1 | | !gcp-gke-cluster-empty
dev | us-central1 | clusters/free-try | team=platform env=dev goog-k8s-cluster-name=free-try goog-k8s-cluster-location=us-central1 | gke-a=1 | from=2026-09-20 free=1 | ?gcp-gke-cluster-empty free tier: costs nothing
dev | us-central1 | clusters/pods | team=platform env=dev goog-k8s-cluster-name=pods goog-k8s-cluster-location=us-central1 | gke-a=1 pod-cpu=500@work pod-mem=2@work | from=2026-09-20 | ?gcp-gke-cluster-empty Autopilot bills its pods
dev | us-central1 | services/preview | team=platform env=dev | run-cpu=3600 run-mem=1800 run-req=0.4@day | from=2026-09-20 | !gcp-cloud-run-always-on
dev | us-central1 | | team=platform env=dev | nat-h=1 nat-gb=0.0005 nat-ip=1 lb-min=1 lb-gb=0.00001 | | !gcp-nat-idle;!gcp-forwarding-rule-idle
dev | us-central1 | redis/session-cache | team=platform env=dev | redis-s=5 | | !gcp-memorystore-non-production
dev | us-central1 | redis/scratch-cache | team=platform env=dev | redis-b=5 | | ?gcp-memorystore-non-production basic tier
dev | us-central1 | sql/sandbox | team=platform env=dev | pg-gb=200 sql-ip=1 sql-bak=60 | | !gcp-cloud-sql-stopped
dev | us-central1 | sql/sandbox-2 | team=platform env=dev | pg-cpu=1 pg-ram=4 pg-gb=20 | | ?gcp-cloud-sql-stopped runs;?gcp-cloud-sql-ha-non-production zonal
dev | us-central1 | sql/sandbox-3 | team=platform env=dev | pg-gb=20 sql-ip=1 | from=2026-10-27 | ?gcp-cloud-sql-stopped created four days ago
stage | us-central1 | clusters/stage | team=shop env=staging goog-k8s-cluster-name=stage goog-k8s-cluster-location=us-central1 | gke-r=1 | from=2026-10-01 | ?gcp-gke-cluster-empty nodes run
stage | us-central1-b | instances/gke-stage-pool-e5f6 | team=shop env=staging goog-k8s-cluster-name=stage goog-k8s-cluster-location=us-central1 goog-k8s-node-pool-name=pool-1 | vm:e2-standard-2=1 | from=2026-10-01 | ?gcp-compute-off-hours node of a cluster
stage | us-central1 | sql/stage | team=shop env=staging | pgr-cpu=2 pgr-ram=8 pgr-gb=60 | | !gcp-cloud-sql-ha-non-production
stage | us-central1 | | team=shop env=staging | ar=60@grow | | !gcp-artifact-registry-growth
shop | us-central1 | | team=shop env=prod | ar=300@plateau | | ?gcp-artifact-registry-growth plateau since the end of September: a clean-up policy works
stage | us-east1-b | disks/loadtest-data | team=shop env=staging | pd=900 | | !gcp-disk-unattached;!gcp-region-forgotten
""",
    "gcp_detailed_json": """
robots | europe-west3 | sql/telemetry | team=robots env=prod | pg-cpu=8 pg-ram=32 pg-gb=500 sql-bak=300 | spend=sql:0.8 | ?gcp-cloud-sql-stopped runs
robots | europe-west3 | sql/routes | team=robots env=prod | my-4=1 pg-gb=100 my-ext=1 | spend=sqlold:1 | !gcp-cloud-sql-extended-support
robots | europe-west3-a | instances/ingest-1 | team=robots env=prod | vm:n2-standard-4=1 egress=1@day | daily=1 sud=0.2 | !gcp-previous-machine-family
robots | europe-west3-a | disks/ingest-1 | team=robots env=prod | pd-ssd=500 | | !gcp-pd-ssd
robots | europe-west3-a | disks/ingest-spool | team=robots env=prod | pd-bal=200 | | ?gcp-pd-ssd balanced already
robots | europe-west3 | dataflow/telemetry-stream | team=robots env=prod | df-cpu=4 df-ram=15 df-gb=9@day | from=2026-10-01 | ?gcp-dataflow-always-on busy stream
test | europe-west3 | dataflow/replay-test | team=robots env=test | df-cpu=2 df-ram=7.5 df-gb=0.00001 | from=2026-10-01 | !gcp-dataflow-always-on
test | europe-west3 | | team=robots env=test | comp-env=1 comp-cpu=1.5 comp-mem=4 | from=2026-10-01 promo=0.1 | !gcp-composer-always-on
robots | europe-west3 | | team=robots env=prod | comp-env=1 comp-cpu=2 comp-mem=6 | from=2026-10-12 | ?gcp-composer-always-on production
robots | europe-west3 | | team=robots env=prod | vpn-h=2 vpn-gb=2@day vlan-h=1 ic-gb=60@day | fix=2026-09-20 | ?gcp-vpn-tunnel-idle busy;?gcp-interconnect-idle busy
vision | us-central1 | | team=ml env=demo | ai-core=4 ai-ram=15 | from=2026-09-25 | !gcp-vertex-endpoint-idle
robots | europe-west4 | | team=robots env=prod | vpn-h=1 vpn-gb=0.00002 | | !gcp-vpn-tunnel-idle;!gcp-region-forgotten
bi | europe-west3 | | team=data | port-h=1 | | ?gcp-interconnect-idle the attachments of another project use it
bi | us-east4 | | team=data | vlan-h=2 ic-gb=0.00002 | | !gcp-interconnect-idle;!gcp-region-forgotten
robots | europe-west3 | buckets/nordwind-robot-logs | team=robots env=prod | gcs=4000 gcs-a=4000@day gcs-b=9000@day | |
robots | europe-west3 | buckets/nordwind-robot-logs | team=robots env=prod | gcs=1500 | state=soft_deleted | !gcp-storage-non-live
robots | global | logbuckets/_Default | team=robots env=prod | log-in=2@grow | | !gcp-logging-growth
robots | global | logbuckets/audit | team=robots env=prod | log-in=0.5 log-keep=500@plateau | |
robots | eu | datasets/reports | team=data | bq-act=800 bq-lt=300 bq-an=0.02@day | | ?gcp-bigquery-on-demand varies with the work
bi | eu | datasets/model-runs | team=data | bq-act=300 bq-lt=100 bq-an=0.5 | | !gcp-bigquery-on-demand
test | europe-west3 | redis/bench | team=robots env=test tricky | redis-s=5 | | !gcp-memorystore-non-production
robots | europe-west3 | redis/positions | team=robots env=prod | redis-s=8 | | ?gcp-memorystore-non-production production
test | europe-west3 | sql/bench | team=robots env=test | pgr-cpu=2 pgr-ram=8 pgr-gb=80 | | !gcp-cloud-sql-ha-non-production
try | global | | team=ml env=dev | cl-in=20000@day cl-out=5000@day | seller=Anthropic | !gcp-partner-model-spend
try | us-central1 | | team=ml env=dev | gapi-in=9000@day gapi-out=2000@day | free=1 |
robots | europe-west3 | | team=robots env=prod | ar=40 | |
""",
    "gcp_standard_csv": """
fleet | us-central1 | | team=robots env=prod | vm:e2-standard-4=3 egress=2@day pd-bal=300 snap=200 | | ?gcp-previous-machine-family current family;?gcp-snapshot-growth does not grow
fleet | us-central1 | | team=robots env=prod | onat-h=4 onat-gb=5@day olb-min=1 olb-gb=6@day ip-vm=3 | | ?gcp-nat-idle busy;?gcp-forwarding-rule-idle busy;?gcp-static-ip-idle in use
fleet | us-central1 | | team=robots env=prod | gcs=5000 gcs-a=2000@day gcs-b=30000@day | |
fleet | us-central1 | | team=robots env=prod | ar=80@plateau log-in=0.4@day | |
fleet | us-central1 | | team=robots env=prod | pgr-cpu=2 pgr-ram=8 pgr-gb=100 | |
fleet | asia-northeast1 | | team=robots env=prod | pd=200 snap=100 ip-idle=1 | | !gcp-region-forgotten;!gcp-static-ip-idle;!gcp-disk-unattached
lab | us-east1 | | team=robots env=dev | onat-h=1 onat-gb=0.0004 olb-min=1 olb-gb=0.00001 ip-idle=2 | | !gcp-nat-idle;!gcp-forwarding-rule-idle;!gcp-static-ip-idle
lab | us-east1 | | team=robots env=dev | vm:n1-standard-2=2@work egress=0.2@day pd=100 | | !gcp-previous-machine-family
lab | us-east1 | | team=robots env=dev tricky | gcs=100 gcs-b=3000@day | promo=0.5 | ?gcp-project-forgotten its use varies
kiosk | europe-west1 | | | pd-bal=60 ip-idle=1 | | !gcp-project-forgotten;!gcp-static-ip-idle;!gcp-disk-unattached
kiosk | europe-west1 | | | gcs=300 | |
""",
}

# key: (export, model, project, region, SKU of the fee, service, amount, verdict). `resource`: cores and GiB of the
# commitment; `new`, `legacy`: spend per hour, `fit` where all of it is always used. Discount: see DISCOUNTS.
COMMITMENTS = {
    "core": (
        "gcp_detailed_parquet",
        "new",
        "",
        "global",
        "Commitment - dollar based v1: GCE for 1 year",
        "ce",
        "fit",
        "?gcp-commitment-unused fully used in every hour",
    ),
    "burst": (
        "gcp_detailed_parquet",
        "new",
        "",
        "global",
        "Commitment - dollar based v1: GCE for 3 years",
        "ce",
        "0.20",
        "!gcp-commitment-unused",
    ),
    "n2": (
        "gcp_detailed_parquet",
        "resource",
        "shop",
        "europe-west3",
        "Commitment v1: N2 {part} in {p} for 1 Year",
        "ce",
        "8+32",
        "?gcp-commitment-unused all of it is used",
    ),
    "spare": (
        "gcp_detailed_parquet",
        "resource",
        "data",
        "us-central1",
        "Commitment v1: N2 {part} in {p} for 1 Year",
        "ce",
        "8+32",
        "!gcp-commitment-unused",
    ),
    "sql": (
        "gcp_detailed_json",
        "legacy",
        "",
        "europe-west3",
        "Commitment - dollar based v1: Cloud SQL database {r} for 1 year",
        "sql",
        "fit",
        "?gcp-commitment-unused fully used",
    ),
    "sqlold": (
        "gcp_detailed_json",
        "legacy",
        "",
        "europe-west3",
        "Commitment - dollar based v1: Cloud SQL database {r} for 3 years",
        "sql",
        "0.9",
        "!gcp-commitment-unused",
    ),
}

# Price with the commitment / price without.
DISCOUNTS = {"core": "0.72", "burst": "0.54", "n2": "0.63", "spare": "0.63", "sql": "0.75", "sqlold": "0.48"}
CONSUMPTION_MODELS = {
    "": ("7754-699E-0EBF", "Default"),
    "core": ("D97B-0795-975B", "Compute Flexible CUDs 1 Year"),
    "burst": ("70D7-D1AB-12A4", "Compute Flexible CUDs 3 Year"),
}

# export | project or nothing | place | kind | service or product | SKU | seller | amount a month | verdict (what the Marketplace sells is priced in the account's currency, all else in USD)
EXTRAS = """
gcp_detailed_parquet | shop | global | market | Lumen Log Insights | Lumen Log Insights - Monthly subscription | Lumen Observability, Inc. | 499 | !gcp-marketplace-flat
gcp_detailed_parquet | shop | global | metered | Relay Mail Gateway | Relay Mail Gateway - Messages sent | Relay Software GmbH | 260 | ?gcp-marketplace-flat its usage varies from day to day
gcp_detailed_parquet | ml | europe-west4 | fee | ai | Vertex AI: Provisioned Throughput 1 month | | 2400 | ?gcp-provisioned-throughput-idle Gemini answers there
gcp_detailed_json | vision | us-central1 | fee | ai | Vertex AI: Provisioned Throughput 1 month | | 2400 | !gcp-provisioned-throughput-idle
gcp_detailed_json | bi | global | market | Tern Data Quality | Tern Data Quality - Monthly subscription | Tern Analytics Ltd. | 850 | !gcp-marketplace-flat
gcp_detailed_parquet | | global | fee | sup | GCP Support Fixed Fee for Enhanced Support | | 500 |
gcp_detailed_json | | global | fee | sup | GCP Support Fixed Fee for Standard Support | | 29 |
gcp_standard_csv | | global | fee | sup | GCP Support Fixed Fee for Standard Support | | 29 |
gcp_detailed_parquet | shop | global | tax | inv | Tax | | 312.41 |
gcp_detailed_parquet | data | global | tax | inv | Tax | | 188.07 |
gcp_detailed_json | robots | global | tax | inv | Tax | | 241.66 |
gcp_standard_csv | fleet | global | tax | inv | Tax | | 61.20 |
gcp_detailed_parquet | | global | rounding | inv | Rounding error | | 0.004219 |
gcp_detailed_json | | global | rounding | inv | Rounding error | | -0.002871 |
gcp_standard_csv | | global | rounding | inv | Rounding error | | 0.001306 |
gcp_detailed_parquet | shop | global | goodwill | inv | Goodwill credit for the incident of July | | -42.17 |
gcp_standard_csv | | global | goodwill | inv | Billing adjustment | | -8.50 |
gcp_detailed_json | robots | global | sla | inv | SLA credit for Cloud SQL | | -17.35 |
"""
