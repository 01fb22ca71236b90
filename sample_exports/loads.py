# ruff: noqa: E501 (tables)
"""How busy some machines of Nordwind Robotics are, and what AWS itself advises: metrics.py turns both into files.

A row of LOADS reads: export | resource | how the metrics name it | minutes | metrics | options

* resource: the Name tag (AWS) or `project/collection/name` (Google); copies of one row have `-2`, `-3` behind their name;
* how it is named: `id` as billed, `name`, `tail` (what follows loadbalancer/), `project:name`;
* metrics: `metric=law:low:high:noise`; percent, bytes, connections, or amounts per second; noise is a share;
* options: `from=`/`to=` first and last day, `gaps=` share of samples that never came, `down=` day without any,
  `off=` seconds that the clock of the agent lags.

Laws: `flat` low; `day` by the hour, less on weekends; `work` high on working days from 07 to 19 UTC; `night` high from 01
to 03:30; `sunday` high on Sundays from 02 to 04; `grow` from low to high over the three months, by the hour.
"""

LOADS = """
aws_cur2_csv | reports | id | 30 | cpu_utilization=day:3:11:0.15 memory_utilization=flat:14:14:0.05 network_bytes=day:2e5:3e6:0.3 | gaps=0.03 off=7
aws_cur2_csv | render | id | 60 | cpu_utilization=day:2:9:0.2 memory_utilization=flat:15:15:0.05 network_bytes=day:1e5:4e6:0.3 |
aws_cur2_csv | render-2 | id | 60 | cpu_utilization=day:3:10:0.2 memory_utilization=flat:16:16:0.05 network_bytes=day:1e5:4e6:0.3 | down=2026-10-11
aws_cur2_csv | render-3 | id | 60 | cpu_utilization=day:2:10:0.2 memory_utilization=flat:15:15:0.05 network_bytes=day:1e5:4e6:0.3 |
aws_cur2_csv | mailer | id | 60 | cpu_utilization=flat:0.7:0.7:0.4 network_bytes=flat:12:12:0.5 |
aws_cur2_csv | desk | id | 30 | cpu_utilization=work:0.4:64:0.3 memory_utilization=work:38:71:0.05 network_bytes=work:200:4e5:0.4 |
aws_cur2_csv | nightly | id | 30 | cpu_utilization=night:8:78:0.1 memory_utilization=night:30:62:0.05 | gaps=0.02
aws_cur2_csv | keyvalue | id | 60 | cpu_utilization=day:3:9:0.2 memory_utilization=flat:84:84:0.02 |
aws_cur2_csv | signups | id | 60 | cpu_utilization=grow:12:38:0.1 memory_utilization=flat:41:41:0.04 | from=2026-08-01
aws_cur2_csv | tickets | id | 60 | cpu_utilization=day:18:38:0.2 memory_utilization=flat:27:27:0.05 cpu_credit_balance=flat:240:240:0.3 |
aws_cur2_csv | standby | id | 60 | cpu_utilization=flat:1.1:1.1:0.4 memory_utilization=flat:63:63:0.03 network_bytes=flat:9000:9000:0.3 |
aws_cur2_csv | imports | id | 60 | cpu_utilization=flat:3:3:0.3 memory_utilization=flat:9:9:0.05 | from=2026-10-29
aws_cur2_csv | partner | tail | 60 | requests=flat:0:0:0 |
aws_cur2_csv | standby-web | tail | 60 | requests=flat:0.011:0.011:0.6 |
aws_cur2_csv | ledger | name | 60 | cpu_utilization=day:2:9:0.2 freeable_memory=flat:5.9e10:5.9e10:0.01 connections=day:9:44:0.2 network_bytes=day:1e5:2e6:0.2 disk_operations=day:20:160:0.3 |
aws_cur2_csv | old-shop | id | 60 | cpu_utilization=flat:2.4:2.4:0.1 connections=flat:0:0:0 disk_operations=flat:1.2:1.2:0.4 |
aws_cur2_csv | metrics | name | 60 | cpu_utilization=sunday:2:66:0.1 connections=sunday:0:12:0 freeable_memory=flat:4.4e9:4.4e9:0.03 |
gcp_detailed_parquet | shop/instances/report-builder | name | 30 | cpu_utilization=day:3:20:0.2 memory_utilization=flat:24:24:0.05 network_bytes=day:1e5:2e6:0.3 | gaps=0.02 off=11
gcp_detailed_parquet | data/instances/geocoder-old | id | 60 | cpu_utilization=flat:1.3:1.3:0.4 network_bytes=flat:15:15:0.4 |
gcp_detailed_parquet | data/instances/reindex | id | 60 | cpu_utilization=night:8:88:0.08 memory_utilization=night:22:58:0.04 |
gcp_detailed_parquet | shop/sql/catalog | project:name | 60 | cpu_utilization=day:3:11:0.2 memory_utilization=flat:17:17:0.03 connections=day:4:31:0.2 |
gcp_detailed_parquet | shop/sql/shop | project:name | 60 | cpu_utilization=day:12:71:0.1 memory_utilization=flat:78:78:0.02 connections=day:20:190:0.2 |
"""

# Name | finding | present type | its vCPUs | its GiB | CPU maximum | memory maximum | advised type | its vCPUs | its GiB | share saved in per cent
ADVICE = """
reports | OVER_PROVISIONED | m7g.4xlarge | 16 | 64 | 14.2 | 16.8 | m7g.2xlarge | 8 | 32 | 50
thumbs | OVER_PROVISIONED | m7g.2xlarge | 8 | 32 | 21.5 | | m7g.xlarge | 4 | 16 | 50
scheduler-2 | OVER_PROVISIONED | m7g.xlarge | 4 | 16 | 30.1 | | m7g.large | 2 | 8 | 50
scheduler | OPTIMIZED | m7g.large | 2 | 8 | 71.9 | | | | |
keyvalue | UNDER_PROVISIONED | r7g.xlarge | 4 | 32 | 12.0 | 99.1 | | | |
"""
