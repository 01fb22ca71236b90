# ruff: noqa: E501 (tables)
"""What the fictitious Nordwind Robotics owns: the tables that make.py turns into bills.

A row of OWNED reads: account | region | resource id | tags | meters | options | verdict

* resource id: `#name` becomes a stable hexadecimal id; `ec2~natgateway/nat-#x` becomes an ARN of the row's account and region;
* meters: `key[:type]=quantity[@pattern]`, quantity per hour, or the amount held for units that are billed by the month;
* options: `n=` copies, `sp=`/`ri=` commitment that covers the first meter, `from=`/`to=` first and last day, `pods=` cluster;
* verdict: `!check` (or `!check=target:share of the cost saved`) must be found on this resource, `?check why` must not be, several joined by `;`.

How busy some of it is stands in loads.py.
"""

PERIODS = ["2026-08", "2026-09", "2026-10"]

# region: (old prefix, new prefix, price factor, location)
REGIONS = {
    "us-east-1": ("", "USE1-", "1", "US East (N. Virginia)"),
    "us-west-2": ("USW2-", "USW2-", "1", "US West (Oregon)"),
    "eu-central-1": ("EUC1-", "EUC1-", "1.16", "EU (Frankfurt)"),
    "eu-west-3": ("EUW3-", "EUW3-", "1.17", "EU (Paris)"),
    "ap-northeast-1": ("APN1-", "APN1-", "1.26", "Asia Pacific (Tokyo)"),
}

# export: (payer id, payer name, {short: (account id, account name)})
ORGANISATIONS = {
    "aws_cur_legacy": (
        "111122223333",
        "nordwind-billing",
        {"prod": ("444455556666", "nordwind-prod"), "dev": ("012345678901", "nordwind-dev")},
    ),
    "aws_cur2_parquet": (
        "222233334444",
        "nordwind-labs-billing",
        {
            "lab": ("555566667777", "nordwind-labs"),
            "ml": ("777788889999", "nordwind-ml"),
            "edge": ("098765432109", "nordwind-edge"),
        },
    ),
    "aws_cur2_csv": (
        "333344445555",
        "nordwind-data-billing",
        {"data": ("666677778888", "nordwind-data"), "sandbox": ("888899990000", "nordwind-sandbox")},
    ),
    "aws_focus_1_2": (
        "999900001111",
        "nordwind-shop-billing",
        {"shop": ("123456789012", "nordwind-shop"), "ops": ("021234567890", "nordwind-shop-ops")},
    ),
}

# product code: (service name, FOCUS service category, FOCUS service subcategory)
SERVICES = {
    "AmazonEC2": ("Amazon Elastic Compute Cloud", "Compute", "Virtual Machines"),
    "AmazonVPC": ("Amazon Virtual Private Cloud", "Networking", "Network Infrastructure"),
    "AWSNetworkFirewall": ("AWS Network Firewall", "Networking", "Network Security"),
    "AWSELB": ("Elastic Load Balancing", "Networking", "Network Routing"),
    "AmazonRDS": ("Amazon Relational Database Service", "Databases", "Relational Databases"),
    "AmazonDynamoDB": ("Amazon DynamoDB", "Databases", "NoSQL Databases"),
    "AmazonElastiCache": ("Amazon ElastiCache", "Databases", "Caching"),
    "AmazonRedshift": ("Amazon Redshift", "Databases", "Data Warehouses"),
    "AmazonES": ("Amazon OpenSearch Service", "Analytics", "Search"),
    "AmazonKinesis": ("Amazon Kinesis", "Analytics", "Streaming Analytics"),
    "AmazonS3": ("Amazon Simple Storage Service", "Storage", "Object Storage"),
    "AmazonCloudFront": ("Amazon CloudFront", "Networking", "Content Delivery"),
    "AmazonCloudWatch": ("AmazonCloudWatch", "Management and Governance", "Observability"),
    "AWSLambda": ("AWS Lambda", "Compute", "Serverless Compute"),
    "AmazonEKS": ("Amazon Elastic Container Service for Kubernetes", "Compute", "Containers"),
    "AmazonECS": ("Amazon Elastic Container Service", "Compute", "Containers"),
    "AWSQueueService": ("Amazon Simple Queue Service", "Integration", "Messaging"),
    "awskms": ("AWS Key Management Service", "Security", "Secret Management"),
    "awswaf": ("AWS WAF", "Security", "Threat Detection and Response"),
    "AmazonGuardDuty": ("Amazon GuardDuty", "Security", "Threat Detection and Response"),
    "AWSTransfer": ("AWS Transfer Family", "Migration", "Data Migration"),
    "AWSDirectoryService": ("AWS Directory Service", "Identity", "Identity and Access Management"),
    "AmazonWorkSpaces": ("Amazon WorkSpaces", "Compute", "End User Computing"),
    "AmazonSageMaker": ("Amazon SageMaker", "AI and Machine Learning", "Machine Learning"),
    "AmazonBedrock": ("Amazon Bedrock", "AI and Machine Learning", "Generative AI"),
    "AWSSupportBusiness": ("AWS Support (Business)", "Management and Governance", "Support"),
    "ComputeSavingsPlans": ("Savings Plans for AWS Compute usage", "Compute", "Other (Compute)"),
}

# key | product code | product family | usage type | operation | unit | price in us-east-1
# {o}, {n}: old and new region prefix, {r}: region name, {x}: the type after the colon; price * = TYPE_PRICES, ** = twice that
METERS = """
box       | AmazonEC2 | Compute Instance | {o}BoxUsage:{x} | RunInstances | Hrs | *
winbox    | AmazonEC2 | Compute Instance | {o}BoxUsage:{x} | RunInstances:0002 | Hrs | *
spot      | AmazonEC2 | Compute Instance | {o}SpotUsage:{x} | RunInstances:SV052 | Hrs | *
unusedbox | AmazonEC2 | Compute Instance | {o}UnusedBox:{x} | RunInstances | Hrs | *
usedbox   | AmazonEC2 | Compute Instance | {o}Reservation:{x} | RunInstances | Hrs | 0
credits   | AmazonEC2 | CPU Credits | {o}CPUCredits:{x} | RunInstances | vCPU-Hours | 0.05
gp2       | AmazonEC2 | Storage | {o}EBS:VolumeUsage.gp2 | CreateVolume-Gp2 | GB-Mo | 0.10
gp3       | AmazonEC2 | Storage | {o}EBS:VolumeUsage.gp3 | CreateVolume-Gp3 | GB-Mo | 0.08
gp3-iops  | AmazonEC2 | System Operation | {o}EBS:VolumeP-IOPS.gp3 | CreateVolume-Gp3 | IOPS-Mo | 0.005
gp3-tput  | AmazonEC2 | Provisioned Throughput | {o}EBS:VolumeP-Throughput.gp3 | CreateVolume-Gp3 | GiBps-mo | 40.96
io1       | AmazonEC2 | Storage | {o}EBS:VolumeUsage.piops | CreateVolume-P-IOPS | GB-Mo | 0.125
io1-iops  | AmazonEC2 | System Operation | {o}EBS:VolumeP-IOPS.piops | CreateVolume-P-IOPS | IOPS-Mo | 0.065
io2       | AmazonEC2 | Storage | {o}EBS:VolumeUsage.io2 | CreateVolume-io2 | GB-Mo | 0.125
io2-iops  | AmazonEC2 | System Operation | {o}EBS:VolumeP-IOPS.io2 | CreateVolume-io2 | IOPS-Mo | 0.065
snap      | AmazonEC2 | Storage Snapshot | {o}EBS:SnapshotUsage | CreateSnapshot | GB-Mo | 0.05
fsr       | AmazonEC2 | Storage Snapshot | {o}EBS:FastSnapshotRestore | FastSnapshotRestore | DSU-Hrs | 0.75
nat-h     | AmazonEC2 | NAT Gateway | {o}NatGateway-Hours | NatGateway | Hrs | 0.045
nat-gb    | AmazonEC2 | NAT Gateway | {o}NatGateway-Bytes | NatGateway | GB | 0.045
dt-out    | AmazonEC2 | Data Transfer | {o}DataTransfer-Out-Bytes | RunInstances | GB | 0.09
dt-az     | AmazonEC2 | Data Transfer | {o}DataTransfer-Regional-Bytes | InterZone-Out | GB | 0.01
ip-idle   | AmazonVPC | VPC Public IPv4 Address | {n}PublicIPv4:IdleAddress | AllocateAddressVPC | Hrs | 0.005
ip-use    | AmazonVPC | VPC Public IPv4 Address | {n}PublicIPv4:InUseAddress | AssociateAddressVPC | Hrs | 0.005
vpce-h    | AmazonVPC | VpcEndpoint | {n}VpcEndpoint-Hours | VpcEndpoint | Hrs | 0.01
vpce-gb   | AmazonVPC | VpcEndpoint | {n}VpcEndpoint-Bytes | VpcEndpoint | GB | 0.01
gwlbe-h   | AmazonVPC | VpcEndpoint | {n}VpcEndpoint-GWLBE-Hours | VpcEndpoint | Hrs | 0.01
gwlbe-gb  | AmazonVPC | VpcEndpoint | {n}VpcEndpoint-GWLBE-Bytes | VpcEndpoint | GB | 0.0035
tgw-h     | AmazonVPC | AWS Transit Gateway | {n}TransitGateway-Hours | TransitGatewayVPC | Hrs | 0.05
tgw-gb    | AmazonVPC | AWS Transit Gateway | {n}TransitGateway-Bytes | TransitGatewayVPC | GB | 0.02
cvpn-h    | AmazonVPC | AWS Client VPN | {n}ClientVPN-EndpointHours | CreateClientVpnEndpoint | Hrs | 0.10
cvpn-c    | AmazonVPC | AWS Client VPN | {n}ClientVPN-ConnectionHours | CreateClientVpnEndpoint | Hrs | 0.05
nfw-h     | AWSNetworkFirewall | AWS Firewall | {n}Endpoint-Hour | Endpoint | Hrs | 0.395
nfw-gb    | AWSNetworkFirewall | AWS Firewall | {n}Traffic-GB-Processed | Traffic | GB | 0.065
alb-h     | AWSELB | Load Balancer-Application | {o}LoadBalancerUsage | LoadBalancing:Application | Hrs | 0.0225
alb-lcu   | AWSELB | Load Balancer-Application | {o}LCUUsage | LoadBalancing:Application | LCU-Hrs | 0.008
nlb-h     | AWSELB | Load Balancer-Network | {o}LoadBalancerUsage | LoadBalancing:Network | Hrs | 0.0225
nlb-lcu   | AWSELB | Load Balancer-Network | {o}LCUUsage | LoadBalancing:Network | LCU-Hrs | 0.006
lb-out    | AWSELB | Data Transfer | {o}DataTransfer-Out-Bytes | LoadBalancing | GB | 0.09
rds       | AmazonRDS | Database Instance | {o}InstanceUsage:{x} | CreateDBInstance:0014 | Hrs | *
rds-maz   | AmazonRDS | Database Instance | {o}Multi-AZUsage:{x} | CreateDBInstance:0014 | Hrs | **
rds-gp3   | AmazonRDS | Database Storage | {o}RDS:GP3-Storage | CreateDBInstance:0014 | GB-Mo | 0.115
rds-mgp3  | AmazonRDS | Database Storage | {o}RDS:Multi-AZ-GP3-Storage | CreateDBInstance:0014 | GB-Mo | 0.23
rds-io2   | AmazonRDS | Database Storage | {o}RDS:PIOPS-Storage-IO2 | CreateDBInstance:0014 | GB-Mo | 0.125
rds-iops  | AmazonRDS | Provisioned IOPS | {o}RDS:IO2-PIOPS | CreateDBInstance:0014 | IOPS-Mo | 0.10
rds-bak   | AmazonRDS | Storage Snapshot | {o}RDS:ChargedBackupUsage | CreateDBInstance:0014 | GB-Mo | 0.095
rds-ext   | AmazonRDS | Extended Support | {o}ExtendedSupport:Yr1-Yr2:{x} | CreateDBInstance:0014 | vCPU-Hours | 0.10
ddb-r     | AmazonDynamoDB | Amazon DynamoDB PayPerRequest Throughput | {o}ReadRequestUnits | PayPerRequestThroughput | ReadRequestUnits | 0.000000125
ddb-w     | AmazonDynamoDB | Amazon DynamoDB PayPerRequest Throughput | {o}WriteRequestUnits | PayPerRequestThroughput | WriteRequestUnits | 0.000000625
ddb-gb    | AmazonDynamoDB | Database Storage | {o}TimedStorage-ByteHrs | StandardStorage | GB-Mo | 0.25
cache     | AmazonElastiCache | Cache Instance | {o}NodeUsage:{x} | CreateCacheCluster:0002 | Hrs | *
cache-ext | AmazonElastiCache | Extended Support | {o}ExtendedSupport:Yr1-Yr2:{x} | CreateCacheCluster:0002 | Hrs | 0.128
redshift  | AmazonRedshift | Compute Instance | {o}Node:{x} | RunComputeNode:0001 | Hrs | *
es        | AmazonES | Amazon OpenSearch Service Instance | {o}ESInstance:{x} | ESDomain | Hrs | *
es-gp3    | AmazonES | Amazon OpenSearch Service Volume | {o}ES:GP3-Storage | ESDomain | GB-Mo | 0.122
es-ext    | AmazonES | Extended Support | {o}ExtendedSupport:Yr1-Yr2:{x} | ESDomain | Hrs | 0.0065
kin-h     | AmazonKinesis | Kinesis Streams | {o}Storage-ShardHour | shardHourStorage | Hrs | 0.015
kin-put   | AmazonKinesis | Kinesis Streams | {o}PutRequestPayloadUnits | PutRequest | PutRequests | 0.000000014
s3        | AmazonS3 | Storage | {o}TimedStorage-ByteHrs | StandardStorage | GB-Mo | 0.023
s3-ia     | AmazonS3 | Storage | {o}TimedStorage-SIA-ByteHrs | StandardIAStorage | GB-Mo | 0.0125
s3-get    | AmazonS3 | API Request | {o}Requests-Tier2 | GetObject | Requests | 0.0000004
s3-put    | AmazonS3 | API Request | {o}Requests-Tier1 | PutObject | Requests | 0.000005
s3-list   | AmazonS3 | API Request | {o}Requests-Tier1 | ListBucket | Requests | 0.000005
s3-out    | AmazonS3 | Data Transfer | {o}DataTransfer-Out-Bytes | GetObject | GB | 0.09
cdn-gb    | AmazonCloudFront | Data Transfer | US-DataTransfer-Out-Bytes | GET | GB | 0.085
cdn-req   | AmazonCloudFront | Request | US-Requests-Tier2-HTTPS | GET | Requests | 0.000001
cw-ec2    | AmazonCloudWatch | Metric | {o}CW:MetricMonitorUsage | MetricStorage:AWS/EC2 | Metrics | 0.30
cw-dbi    | AmazonCloudWatch | Database Insights | {n}CW:DatabaseInsights-vCPU-Hours | RDS-PostgreSQL:Provisioned | vCPU-Hours | 0.0125
logs      | AmazonCloudWatch | Storage Snapshot | {n}TimedStorage-ByteHrs | HourlyStorageMetering | GB-Mo | 0.03
logs-in   | AmazonCloudWatch | Data Payload | {n}DataProcessing-Bytes | PutLogEvents | GB | 0.50
fn-gbs    | AWSLambda | Serverless | {o}Lambda-GB-Second | Invoke | Lambda-GB-Second | 0.0000166667
fn-req    | AWSLambda | Serverless | {o}Request | Invoke | Requests | 0.0000002
fn-pc     | AWSLambda | Serverless | {o}Lambda-Provisioned-Concurrency | Invoke | Lambda-GB-Second | 0.0000041667
fn-pgbs   | AWSLambda | Serverless | {o}Lambda-Provisioned-GB-Second | Invoke | Lambda-GB-Second | 0.0000097222
eks       | AmazonEKS | Compute | {n}AmazonEKS-Hours:perCluster | CreateOperation | Hours | 0.10
eks-ext   | AmazonEKS | Compute | {n}AmazonEKS-Hours:extendedSupport | ExtendedSupport | Hours | 0.50
fg-cpu    | AmazonECS | Compute | {n}Fargate-vCPU-Hours:perCPU | FargateTask | hours | 0.04048
fg-gb     | AmazonECS | Compute | {n}Fargate-GB-Hours | FargateTask | hours | 0.004445
sqs       | AWSQueueService | API Request | {n}Requests-Tier1 | SendMessage | Requests | 0.0000004
kms-key   | awskms | Encryption Key | {r}-KMS-Keys | Unknown | Keys | 1
kms-req   | awskms | API Request | {r}-KMS-Requests | Decrypt | Requests | 0.000003
waf       | awswaf | Web Application Firewall | {n}WebACLV2 | WebACL | Month | 5
waf-rule  | awswaf | Web Application Firewall | {n}RuleV2 | Rule | Month | 1
waf-req   | awswaf | Web Application Firewall | {n}RequestV2-Tier1 | Request | Request | 0.0000006
gd-free   | AmazonGuardDuty | Security Services | {n}EventsAnalyzed-FreeTier | GuardDuty | Events | 0
gd        | AmazonGuardDuty | Security Services | {n}PaidEventsAnalyzed | GuardDuty | Events | 0.000004
sftp      | AWSTransfer | AWS Transfer Family | {n}ProtocolHours | SFTP:S3 | Hrs | 0.30
sftp-up   | AWSTransfer | AWS Transfer Family | {n}UploadBytes | SFTP:S3 | GB | 0.04
msad      | AWSDirectoryService | AWS Directory Service | {n}Std-MicrosoftAD-DC-Usage | CreateMicrosoftAD | Hrs | 0.06
wks       | AmazonWorkSpaces | Enterprise Applications | {n}AutoStop-Usage:{x} | AutoStop | Hrs | 0.26
sm-nb     | AmazonSageMaker | ML Instance | {n}Notebk:{x} | RunInstance | Hrs | *
sm-host   | AmazonSageMaker | ML Instance | {n}Host:{x} | RunInstance | Hrs | *
sm-in     | AmazonSageMaker | ML Instance | {n}Hosting:Data-Bytes-In | InvokeEndpoint | GB | 0.016
sm-out    | AmazonSageMaker | ML Instance | {n}Hosting:Data-Bytes-Out | InvokeEndpoint | GB | 0.016
sm-train  | AmazonSageMaker | ML Instance | {n}Train:{x} | CreateTrainingJob | Hrs | *
br-in     | AmazonBedrock | Amazon Bedrock | {n}NovaPro-input-tokens | InvokeModelInference | 1K tokens | 0.0008
br-out    | AmazonBedrock | Amazon Bedrock | {n}NovaPro-output-tokens | InvokeModelInference | 1K tokens | 0.0032
br-pt     | AmazonBedrock | Amazon Bedrock | {n}Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits | CreateProvisionedModelThroughput | hour | 7.10
"""

# hourly on-demand prices in us-east-1
TYPE_PRICES = {
    "c5.2xlarge": "0.34",
    "c7g.4xlarge": "0.58",
    "c7g.medium": "0.0363",
    "c7g.xlarge": "0.145",
    "m4.xlarge": "0.20",
    "m6i.2xlarge": "0.384",
    "m6i.xlarge": "0.192",
    "m7g.2xlarge": "0.3264",
    "m7g.4xlarge": "0.6528",
    "m7g.large": "0.0816",
    "m7g.xlarge": "0.1632",
    "r7g.2xlarge": "0.4284",
    "r7g.xlarge": "0.2142",
    "t2.large": "0.0928",
    "t3.large": "0.0832",
    "t3.medium": "0.0416",
    "t4g.large": "0.0672",
    "t4g.medium": "0.0336",
    "m6i.large": "0.188",
    "db.r7g.2xlarge": "0.956",
    "db.r7g.xlarge": "0.478",
    "db.m7g.large": "0.168",
    "db.t4g.medium": "0.065",
    "db.m4.large": "0.182",
    "db.r7g.large": "0.239",
    "cache.m4.large": "0.156",
    "cache.r7g.large": "0.219",
    "cache.t4g.medium": "0.065",
    "ds2.xlarge": "0.85",
    "ra3.xlplus": "1.086",
    "m4.large.elasticsearch": "0.151",
    "r7g.large.search": "0.196",
    "ml.g5.xlarge": "1.408",
    "ml.t3.xlarge": "0.20",
    "ml.m7g.xlarge": "0.2040",
    "ml.m5.xlarge": "0.23",
}

# key: (export, account, region, payment, savings plan rate / on-demand rate, unused share, verdict)
SAVINGS_PLANS = {
    "core": (
        "aws_cur_legacy",
        "prod",
        "us-east-1",
        "No Upfront",
        "0.72",
        "0",
        "?aws-savings-plan-unused every hour of the commitment is used",
    ),
    "burst": ("aws_cur_legacy", "prod", "us-east-1", "No Upfront", "0.72", "0.4", "!aws-savings-plan-unused"),
    "paid": (
        "aws_cur_legacy",
        "prod",
        "us-west-2",
        "All Upfront",
        "0.66",
        "0",
        "?aws-savings-plan-unused all-upfront plan, zero-cost fee rows, fully used",
    ),
    "labs": (
        "aws_cur2_parquet",
        "edge",
        "us-east-1",
        "No Upfront",
        "0.72",
        "0",
        "?aws-savings-plan-unused fully used in every hour",
    ),
    "shop": ("aws_focus_1_2", "shop", "us-east-1", "No Upfront", "0.72", "0.25", "!aws-savings-plan-unused"),
}

# key: (export, account, region, meter, type, count, upfront for the year, hourly fee, verdict); bought on 2026-08-01
RESERVATIONS = {
    "db": (
        "aws_cur_legacy",
        "prod",
        "us-east-1",
        "rds",
        "db.r7g.xlarge",
        2,
        "0",
        "0.3150",
        "!aws-reserved-instance-unused",
    ),
    "cache": (
        "aws_cur_legacy",
        "prod",
        "us-east-1",
        "cache",
        "cache.r7g.large",
        2,
        "2380",
        "0",
        "?aws-reserved-instance-unused both reserved nodes run",
    ),
    "etl": (
        "aws_cur2_csv",
        "data",
        "us-east-1",
        "box",
        "r7g.xlarge",
        3,
        "1200",
        "0.0640",
        "!aws-reserved-instance-unused",
    ),
    "shopdb": (
        "aws_focus_1_2",
        "shop",
        "us-east-1",
        "rds",
        "db.r7g.large",
        1,
        "0",
        "0.1570",
        "?aws-reserved-instance-unused the reserved database runs all month",
    ),
}

OWNED = {
    "aws_cur_legacy": """
prod | us-east-1 | i-#web | team=web env=prod Name=web | box:m7g.2xlarge=1 dt-out=1.2@day dt-az=2@day | n=8 sp=core | ?aws-ec2-graviton-candidate already Graviton
prod | us-east-1 | i-#api | team=web env=prod Name=api | box:c7g.4xlarge=1 dt-az=3@day | n=5 |
prod | us-west-2 | i-#dr | team=web env=prod Name=dr-api | box:m7g.2xlarge=1 dt-az=1@day | n=3 sp=paid |
prod | us-west-2 | rds~db:orders-replica | team=web env=prod Name=orders-replica | rds:db.r7g.xlarge=1 rds-gp3=500 rds-bak=100 | |
dev | us-east-1 | i-#batch | team=platform env=dev Name=batch | box:m7g.xlarge=1@night | n=2 |
prod | us-east-1 | i-#ci | team=platform env=prod Name=ci | box:m7g.xlarge=1 dt-out=0.1@day | n=2 sp=burst |
prod | us-east-1 | vol-#web | team=web env=prod Name=web | gp3=200 | n=13 | ?aws-ebs-gp2 gp3 already
prod | us-east-1 | vol-#oldroot | team=web env=prod Name=reports | gp2=2000 | | !aws-ebs-gp2
prod | us-east-1 | vol-#piops | team=data env=prod Name=erp-db | io1=500 io1-iops=6000 | | !aws-ebs-provisioned-iops
prod | us-east-1 | vol-#bigio | team=data env=prod Name=ledger-db | io2=2000 io2-iops=90000 | from=2026-10-29 | ?aws-ebs-provisioned-iops more IOPS than gp3 can give
prod | us-east-1 | vol-#fast | team=data env=prod Name=search-index | gp3=500 gp3-iops=7000 gp3-tput=0.5 | | !aws-ebs-gp3-extra-performance
prod | us-east-1 | ec2~natgateway/nat-#main | team=platform env=prod Name=nat-main | nat-h=1 nat-gb=14@day dt-az=2@day | | ?aws-nat-gateway-idle busy gateway
dev | us-east-1 | ec2~natgateway/nat-#dev | team=platform env=dev Name=nat-dev | nat-h=1 nat-gb=0.0007 dt-out=0.0001 dt-az=0.0002 | | !aws-nat-gateway-idle
prod | us-east-1 | elasticloadbalancing~loadbalancer/app/web/#albweb | team=web env=prod Name=web | alb-h=1 alb-lcu=6@day lb-out=9@day | | ?aws-load-balancer-idle busy
dev | us-east-1 | elasticloadbalancing~loadbalancer/app/demo/#albdemo | team=web env=dev Name=demo | alb-h=1 alb-lcu=0.001 lb-out=0.0004 | | !aws-load-balancer-idle
prod | us-east-1 | rds~db:orders | team=web env=prod Name=orders | rds-maz:db.r7g.2xlarge=1 rds-mgp3=2000 rds-bak=800 | | ?aws-rds-previous-generation current Graviton class
prod | us-east-1 | rds~db:billing | team=data env=prod Name=billing | rds:db.r7g.xlarge=1 rds-gp3=800 | ri=db | ?aws-rds-provisioned-iops gp3 storage
prod | us-east-1 | rds~db:erp | team=data env=prod Name=erp | rds:db.r7g.xlarge=1 rds-io2=800 rds-iops=8000 | | !aws-rds-provisioned-iops
prod | us-east-1 | rds~db:legacy-crm | team=sales env=prod Name=legacy-crm | rds:db.m7g.large=1 rds-ext:PostgreSQL12=2 rds-gp3=200 | | !aws-rds-extended-support
dev | us-east-1 | rds~db:wiki | team=platform env=dev Name=wiki | rds:db.m4.large=1 rds-gp3=100 | | !aws-rds-previous-generation
prod | us-east-1 | elasticache~cluster:sessions | team=web env=prod Name=sessions | cache:cache.r7g.large=2 | ri=cache | ?aws-elasticache-previous-generation current class
dev | us-east-1 | elasticache~cluster:old-sessions | team=web env=dev Name=old-sessions | cache:cache.m4.large=1 | | !aws-elasticache-previous-generation
prod | us-east-1 | es~domain/logs | team=platform env=prod Name=logs | es:r7g.large.search=3 es-gp3=900 | | ?aws-opensearch-previous-generation current class;?aws-search-cache-extended-support standard support
dev | us-east-1 | es~domain/old-logs | team=platform env=dev Name=old-logs | es:m4.large.elasticsearch=2 es-gp3=100 es-ext:Elasticsearch6.8=16 | | !aws-opensearch-previous-generation;!aws-search-cache-extended-support
prod | us-east-1 | redshift~cluster:warehouse | team=data env=prod Name=warehouse | redshift:ra3.xlplus=1 | | ?aws-redshift-previous-generation ra3 is current
dev | us-east-1 | redshift~cluster:old-warehouse | team=data env=dev Name=old-warehouse | redshift:ds2.xlarge=1 | | !aws-redshift-previous-generation
prod | us-east-1 | i-#m4 | team=sales env=prod Name=crm-app | box:m4.xlarge=1 dt-out=0.02@day | | !aws-ec2-previous-generation
prod | us-east-1 | i-#m6i | team=sales env=prod Name=crm-web | box:m6i.2xlarge=1 dt-out=0.05@day | | !aws-ec2-graviton-candidate;?aws-ec2-previous-generation not two generations old
prod | us-east-1 | i-#win | team=sales env=prod Name=crm-windows | winbox:m6i.large=1 dt-out=0.01@day | | ?aws-ec2-graviton-candidate Windows has no arm64 image
prod | us-east-1 | kms~key/#idlekey | team=platform env=prod Name=old-backup-key | kms-key=1 | | !aws-kms-key-unused
prod | us-east-1 | kms~key/#usedkey | team=platform env=prod Name=orders-key | kms-key=1 kms-req=5200@day | | ?aws-kms-key-unused 5,200 requests an hour
prod | us-east-1 | wafv2~regional/webacl/web/#aclweb | team=web env=prod Name=web | waf=1 waf-rule=6 waf-req=210000@day | | ?aws-waf-acl-idle inspects requests
dev | us-east-1 | wafv2~regional/webacl/demo/#acldemo | team=web env=dev Name=demo | waf=1 waf-rule=8 | | !aws-waf-acl-idle
prod | us-east-1 | kinesis~stream/clicks | team=data env=prod Name=clicks | kin-h=6 kin-put=900000@day | | ?aws-kinesis-stream-idle has put records
dev | us-east-1 | kinesis~stream/clicks-test | team=data env=dev Name=clicks-test | kin-h=4 | | !aws-kinesis-stream-idle
prod | us-east-1 | nordwind-assets | team=web env=prod Name=assets | s3=24000 s3-get=400000@day s3-put=9000@day s3-out=6@day | | ?aws-s3-bucket-abandoned read and written every day
prod | us-east-1 | nordwind-archive-2021 | team=data env=prod Name=archive-2021 | s3=9000 | | !aws-s3-bucket-abandoned
prod | us-east-1 | nordwind-exports | team=data env=prod Name=exports | s3=7000 s3-list=3 | | !aws-s3-standard-unread
prod | us-east-1 | nordwind-history | team=data env=prod Name=history | s3-ia=12000 s3-get=200 | | ?aws-s3-standard-unread infrequent access already
prod | us-east-1 | cloudfront~distribution/E2NORDWIND1 | team=web env=prod Name=cdn | cdn-gb=26@day cdn-req=900000@day | |
prod | us-east-1 | lambda~function:thumbnails | team=web env=prod Name=thumbnails | fn-gbs=9000@day fn-req=30000@day | |
prod | us-east-1 | dynamodb~table/carts | team=web env=prod Name=carts | ddb-r=1500000@day ddb-w=600000@day ddb-gb=300 | |
prod | us-east-1 | sqs~orders | team=web env=prod Name=orders | sqs=600000@day | |
prod | us-east-1 | logs~log-group:/nordwind/web | team=web env=prod Name=web | logs=2500 logs-in=0.9@day | |
prod | us-east-1 | bedrock~application-inference-profile/#support | team=support env=prod Name=support-bot | br-in=900@day br-out=180@day | |
""",
    "aws_cur2_parquet": """
edge | us-east-1 | i-#fleet | team=robots env=prod Name=fleet | box:m7g.2xlarge=1 | n=3 sp=labs |
edge | us-east-1 | i-#telemetry | team=robots env=prod Name=telemetry | box:r7g.2xlarge=1 dt-out=2@day | n=3 | ?aws-ec2-off-hours production
edge | us-east-1 | i-#spot | team=robots env=prod Name=simulation | spot:c7g.xlarge=1@work | n=3 |
edge | us-east-1 | rds~db:telemetry | team=robots env=prod Name=telemetry | rds-maz:db.r7g.2xlarge=1 rds-mgp3=1500 | | ?aws-rds-extended-support supported version, no surcharge rows
edge | us-east-1 | nordwind-telemetry | team=robots env=prod Name=telemetry | s3=32000 s3-put=60000@day s3-get=90000@day | | ?aws-s3-bucket-abandoned busy
lab | us-east-1 | i-#devbox | team=robots env=dev Name=devbox | box:t3.large=1 | | !aws-ec2-off-hours
lab | us-east-1 | i-#devdesk | team=robots env=dev Name=devdesk | box:t4g.large=1@work | | ?aws-ec2-off-hours runs only on weekdays from 08 to 20
lab | us-east-1 | i-#prodt | team=robots env=prod Name=gateway | box:t4g.large=1 | | ?aws-ec2-off-hours production
lab | us-east-1 | i-#credits | team=robots env=prod Name=builder | box:t4g.medium=1 credits:t4g=1.4@work | | !aws-ec2-cpu-credit-surplus
lab | us-east-1 | i-#nocredits | team=robots env=prod Name=relay | box:t4g.medium=1 | | ?aws-ec2-cpu-credit-surplus no surplus credits billed
lab | us-east-1 | ec2~natgateway/nat-#labidle | team=robots env=dev Name=nat-lab | nat-h=1 nat-gb=0.0006 dt-out=0.0001 dt-az=0.0003 | | !aws-nat-gateway-idle
edge | us-east-1 | ec2~natgateway/nat-#edge | team=robots env=prod Name=nat-edge | nat-h=1 nat-gb=5@day | | ?aws-nat-gateway-idle busy gateway
lab | us-east-1 | ec2~natgateway/nat-#gone | team=robots env=dev Name=nat-old | nat-h=1 nat-gb=0.0005 | to=2026-10-10 | ?aws-nat-gateway-idle deleted on 2026-10-10
lab | us-east-1 | elasticloadbalancing~loadbalancer/app/lab/#alblab | team=robots env=dev Name=lab | alb-h=1 alb-lcu=0.001 | | !aws-load-balancer-idle
edge | us-east-1 | elasticloadbalancing~loadbalancer/app/edge/#albedge | team=robots env=prod Name=edge | alb-h=1 alb-lcu=3@day | | ?aws-load-balancer-idle busy ALB
edge | us-east-1 | elasticloadbalancing~loadbalancer/net/mqtt/#nlbmqtt | team=robots env=prod Name=mqtt | nlb-h=1 nlb-lcu=1.5@day | | ?aws-load-balancer-idle NLB with real LCU
lab | us-east-1 | ec2~elastic-ip/eipalloc-#idle | team=robots env=dev Name=old-vpn | ip-idle=1 | | !aws-public-ipv4-idle
edge | us-east-1 | ec2~elastic-ip/eipalloc-#used | team=robots env=prod Name=mqtt | ip-use=1 | | ?aws-public-ipv4-idle in use
lab | eu-central-1 | nordwind-lab-eu | team=robots env=dev Name=lab-eu | s3=900@grow s3-put=9000@day s3-get=7000@day | |
lab | eu-central-1 | lambda~function:label | team=robots env=dev Name=label | fn-gbs=4000@day fn-req=9000@day | |
lab | eu-central-1 | eks~cluster/empty | team=robots env=dev Name=empty | eks=1 | | !aws-eks-cluster-empty
edge | us-east-1 | eks~cluster/robots | team=robots env=prod Name=robots | eks=1 | | ?aws-eks-cluster-empty nodes and pods run;?aws-eks-extended-support standard support
edge | us-east-1 | i-#node | team=robots env=prod Name=node aws:eks:cluster-name=robots | box:m7g.xlarge=1 | n=2 pods=robots |
ml | us-east-1 | eks~cluster/training | team=ml env=prod Name=training | eks=1 eks-ext=1 | | !aws-eks-extended-support;?aws-eks-cluster-empty a node of the cluster runs
ml | us-east-1 | i-#trainnode | team=ml env=prod Name=train-node aws:eks:cluster-name=training | box:m7g.2xlarge=1 | | ?aws-ec2-off-hours production
ml | us-east-1 | sagemaker~endpoint/demo-vision | team=ml env=dev Name=demo-vision | sm-host:ml.g5.xlarge=1 | | !aws-sagemaker-endpoint-idle
ml | us-east-1 | sagemaker~endpoint/vision | team=ml env=prod Name=vision | sm-host:ml.g5.xlarge=1 sm-in=0.4@day sm-out=0.05@day | | ?aws-sagemaker-endpoint-idle answers requests
ml | us-east-1 | sagemaker~notebook-instance/ada | team=ml env=dev Name=ada | sm-nb:ml.t3.xlarge=1 | | !aws-sagemaker-notebook-always-on
ml | us-east-1 | sagemaker~notebook-instance/grace | team=ml env=dev Name=grace | sm-nb:ml.t3.xlarge=1@work | | ?aws-sagemaker-notebook-always-on office hours only
ml | us-east-1 | sagemaker~training-job/weekly | team=ml env=prod Name=weekly | sm-train:ml.g5.xlarge=4@night | |
ml | us-east-1 | bedrock~provisioned-model/#ptidle | team=ml env=dev Name=chat-demo | br-pt=1 | from=2026-10-12 | !aws-bedrock-provisioned-throughput-idle
ml | us-east-1 | bedrock~provisioned-model/#ptgone | team=ml env=dev Name=load-test | br-pt=1 | from=2026-09-08 to=2026-09-09 | ?aws-bedrock-provisioned-throughput-idle deleted after a two-day test
ml | us-east-1 | bedrock~application-inference-profile/#assist | team=ml env=prod Name=assistant | br-in=1100@day br-out=240@day | |
ml | us-east-1 | ec2~capacity-reservation/cr-#idle | team=ml env=prod Name=launch-day | unusedbox:m7g.2xlarge=1 | | !aws-capacity-reservation-unused
ml | us-east-1 | ec2~capacity-reservation/cr-#used | team=ml env=prod Name=serving | usedbox:m7g.2xlarge=1 | | ?aws-capacity-reservation-unused instances fill it, no unused hours
lab | us-east-1 | lambda~function:quote | team=robots env=prod Name=quote | fn-pc=7200 fn-pgbs=720 | | !aws-lambda-provisioned-concurrency
lab | us-east-1 | lambda~function:price | team=robots env=prod Name=price | fn-pc=7200 fn-pgbs=5760 fn-req=20000@day | | ?aws-lambda-provisioned-concurrency 80 % used
""",
    "aws_cur2_csv": """
data | us-east-1 | i-#etl | team=data env=prod Name=etl | box:r7g.xlarge=1 dt-az=2@day | n=2 ri=etl |
data | us-east-1 | i-#spark | team=data env=prod Name=spark | box:c7g.4xlarge=1@night dt-az=4@day | n=4 |
data | us-east-1 | nordwind-lake | team=data env=prod Name=lake | s3=70000 s3-get=900000@day s3-put=50000@day | | ?aws-s3-standard-unread read every day
data | us-east-1 | rds~db:catalog | team=data env=prod Name=catalog | rds-maz:db.r7g.xlarge=1 rds-mgp3=700 cw-dbi=8 | | !aws-database-insights-advanced
data | us-east-1 | rds~db:metrics | team=data env=prod Name=metrics | rds-maz:db.r7g.xlarge=1 rds-mgp3=700 | | ?aws-database-insights-advanced no Database Insights rows;?aws-rds-idle a job connects every Sunday;?aws-rds-oversized its memory is full and its Sundays are busy
data | us-east-1 | dynamodb~table/features | team=data env=prod Name=features | ddb-r=900000@day ddb-w=500000@day ddb-gb=900 | |
data | us-east-1 | i-#watched | team=data env=prod Name=scheduler | box:m7g.large=1 cw-ec2=7 | | !aws-ec2-detailed-monitoring
data | us-east-1 | i-#unwatched | team=data env=prod Name=scheduler-2 | box:m7g.large=1 | | ?aws-ec2-detailed-monitoring basic monitoring;?aws-ec2-oversized no metrics;?aws-cloud-advice-rightsize advice on a size that it no longer has
data | us-east-1 | ec2~vpc-endpoint/vpce-#idle | team=data env=prod Name=old-partner | vpce-h=3 vpce-gb=0.00001 | | !aws-vpc-endpoint-idle
data | us-east-1 | ec2~vpc-endpoint/vpce-#busy | team=data env=prod Name=s3-access | vpce-h=3 vpce-gb=18@day | | ?aws-vpc-endpoint-idle carries traffic
data | us-east-1 | ec2~vpc-endpoint/vpce-#gwlb | team=data env=prod Name=inspection | gwlbe-h=1 | | !aws-network-attachment-idle
data | us-east-1 | network-firewall~firewall/trial | team=data env=prod Name=trial | nfw-h=1 | | !aws-network-attachment-idle
data | us-east-1 | network-firewall~firewall/perimeter | team=data env=prod Name=perimeter | nfw-h=1 nfw-gb=12@day | | ?aws-network-attachment-idle inspects traffic
data | us-east-1 | ec2~transit-gateway-attachment/tgw-attach-#idle | team=data env=prod Name=old-vpc | tgw-h=1 | | !aws-network-attachment-idle
data | us-east-1 | ec2~transit-gateway-attachment/tgw-attach-#busy | team=data env=prod Name=core-vpc | tgw-h=1 tgw-gb=20@day | | ?aws-network-attachment-idle carries traffic
data | us-east-1 | ec2~client-vpn-endpoint/cvpn-endpoint-#idle | team=data env=prod Name=old-vpn | cvpn-h=1 | | !aws-network-attachment-idle
data | us-east-1 | ec2~client-vpn-endpoint/cvpn-endpoint-#busy | team=data env=prod Name=staff-vpn | cvpn-h=2 cvpn-c=14@work | | ?aws-network-attachment-idle people connect
data | us-east-1 | vol-#lake | team=data env=prod Name=spark | gp3=1000 | n=6 | ?aws-ebs-gp3-extra-performance baseline only
data | us-east-1 | ec2~snapshot/snap-#grow | team=data env=prod Name=spark-daily | snap=3000@grow | | !aws-ebs-snapshot-growth
data | us-east-1 | ec2~snapshot/snap-#flat | team=data env=prod Name=golden | snap=800 | | ?aws-ebs-snapshot-growth does not grow
data | us-east-1 | ec2~snapshot/snap-#fsr | team=data env=prod Name=golden-fast | snap=100 fsr=2 | from=2026-10-10 | !aws-ebs-fast-snapshot-restore
data | us-east-1 | ec2~snapshot/snap-#fsrshort | team=data env=prod Name=launch | snap=100 | |
data | us-east-1 | ec2~snapshot/snap-#fsrshort | team=data env=prod Name=launch | fsr=1 | from=2026-10-09 to=2026-10-11 | ?aws-ebs-fast-snapshot-restore was on for three days only
data | us-east-1 | logs~log-group:/nordwind/etl | team=data env=prod Name=etl | logs=6000@grow logs-in=1.5@day | | !aws-log-group-growth
data | us-east-1 | logs~log-group:/nordwind/spark | team=data env=prod Name=spark | logs=4000@plateau logs-in=1@day | | ?aws-log-group-growth plateau since the end of August: retention works
data | us-east-1 | i-#reports | team=data env=prod Name=reports | box:m7g.4xlarge=1 dt-az=1@day | | !aws-ec2-oversized=m7g.xlarge:0.75;!aws-cloud-advice-rightsize
data | us-east-1 | i-#render | team=data env=prod Name=render aws:autoscaling:groupName=render | box:m7g.2xlarge=1 | n=3 | !aws-ec2-oversized=m7g.large:0.75
data | us-east-1 | i-#mailer | team=data env=prod Name=mailer | box:m7g.large=1 | | !aws-ec2-idle
data | us-east-1 | i-#desk | team=data env=prod Name=desk | box:m7g.xlarge=1 | | !aws-ec2-quiet-hours;?aws-ec2-oversized busy from 07 to 19;?aws-ec2-idle works on weekdays
data | us-east-1 | i-#nightly | team=data env=prod Name=nightly | box:m7g.2xlarge=1 | | ?aws-ec2-oversized a batch every night needs all of it;?aws-ec2-idle a batch every night;?aws-ec2-quiet-hours never without load
data | us-east-1 | i-#keyvalue | team=data env=prod Name=keyvalue | box:r7g.xlarge=1 | | ?aws-ec2-oversized memory is full;?aws-ec2-idle memory is full;?aws-ec2-quiet-hours memory is full at night, too, and nobody measures its network;?aws-cloud-advice-rightsize AWS calls it too small
data | us-east-1 | i-#signups | team=data env=prod Name=signups | box:m7g.2xlarge=1 | | ?aws-ec2-oversized grows by a tenth each week
data | us-east-1 | i-#tickets | team=data env=prod Name=tickets | box:t4g.large=1 | | ?aws-ec2-oversized a smaller burstable type would not earn its credits
data | us-east-1 | i-#standby | team=data env=prod Name=standby | box:c7g.medium=1 | | ?aws-ec2-idle little CPU, steady traffic;?aws-ec2-oversized there is no smaller one
data | us-east-1 | i-#imports | team=data env=prod Name=imports | box:m7g.2xlarge=1 | | ?aws-ec2-oversized three days of metrics;?aws-ec2-idle three days of metrics
data | us-east-1 | i-#thumbs | team=data env=prod Name=thumbs | box:m7g.2xlarge=1 | | !aws-cloud-advice-rightsize;?aws-ec2-oversized no metrics
data | us-east-1 | elasticloadbalancing~loadbalancer/app/partner/#albpartner | team=data env=prod Name=partner | alb-h=1 alb-lcu=0.001 | | !aws-load-balancer-no-requests
data | us-east-1 | elasticloadbalancing~loadbalancer/app/standby/#albstandby | team=data env=prod Name=standby-web | alb-h=1 alb-lcu=0.001 | | ?aws-load-balancer-no-requests forty requests an hour;?aws-load-balancer-idle forty requests an hour
data | us-east-1 | rds~db:ledger | team=data env=prod Name=ledger | rds:db.r7g.2xlarge=1 rds-gp3=300 | | !aws-rds-oversized=db.r7g.large:0.75
data | us-east-1 | rds~db:old-shop | team=data env=prod Name=old-shop | rds:db.r7g.large=1 rds-gp3=200 | | !aws-rds-idle
sandbox | us-east-1 | guardduty~detector/#trial | team=platform env=dev Name=guardduty | gd-free=60000@day | to=2026-09-14 |
sandbox | us-east-1 | guardduty~detector/#trial | team=platform env=dev Name=guardduty | gd=60000@day | from=2026-09-15 | !aws-trial-became-paid
data | us-east-1 | guardduty~detector/#data | team=platform env=prod Name=guardduty | gd=90000@day | | ?aws-trial-became-paid paid from the start
sandbox | eu-west-3 | vol-#paris | Name=paris-demo | gp3=50 | | !aws-region-forgotten
data | ap-northeast-1 | lambda~function:tokyo-import | team=data env=prod Name=tokyo-import | fn-gbs=30000@day fn-req=90000@day | | ?aws-region-forgotten small, but its usage varies and it writes
data | ap-northeast-1 | nordwind-tokyo | team=data env=prod Name=tokyo | s3=4000@grow s3-put=20000@day s3-get=30000@day | |
sandbox | us-east-1 | ecs~task/sandbox/#task | team=platform env=dev Name=runner | fg-cpu=6@work fg-gb=12@work | |
sandbox | us-east-1 | ec2~elastic-ip/eipalloc-#box | team=platform env=dev Name=bench | ip-idle=2 | | !aws-public-ipv4-idle
sandbox | us-east-1 | kms~key/#boxkey | team=platform env=dev Name=bench-key | kms-key=1 | | !aws-kms-key-unused
data | us-east-1 | kms~key/#lakekey | team=data env=prod Name=lake-key | kms-key=1 kms-req=40000@day | | ?aws-kms-key-unused used all the time
""",
    "aws_focus_1_2": """
shop | us-east-1 | i-#shop | team=shop env=prod Name=shop | box:m7g.2xlarge=1 dt-out=1@day | n=6 sp=shop |
shop | eu-central-1 | i-#shopeu | team=shop env=prod Name=shop-eu | box:c7g.4xlarge=1 dt-out=2@day | n=4 |
shop | us-east-1 | rds~db:shop | team=shop env=prod Name=shop | rds:db.r7g.large=1 rds-gp3=300 | ri=shopdb |
shop | eu-central-1 | rds~db:shop-eu | team=shop env=prod Name=shop-eu | rds-maz:db.r7g.2xlarge=1 rds-mgp3=1200 | |
shop | eu-central-1 | nordwind-shop-media | team=shop env=prod Name=media | s3=22000 s3-get=700000@day s3-put=8000@day s3-out=5@day | | ?aws-s3-bucket-abandoned busy
shop | us-east-1 | cloudfront~distribution/E9NORDWIND7 | team=shop env=prod Name=shop-cdn | cdn-gb=20@day cdn-req=600000@day | |
shop | us-east-1 | lambda~function:checkout | team=shop env=prod Name=checkout | fn-gbs=12000@day fn-req=50000@day | |
shop | us-east-1 | vol-#shop | team=shop env=prod Name=shop | gp3=150 | n=6 | ?aws-ebs-gp2 gp3 already
ops | us-east-1 | vol-#stage | team=shop env=prod Name=stage | gp2=800 | | !aws-ebs-gp2
ops | us-east-1 | i-#stage | team=shop env=prod Name=stage | box:t2.large=1 dt-out=0.02@day | | !aws-ec2-previous-generation
ops | us-east-1 | i-#stage2 | team=shop env=prod Name=stage-2 | box:t4g.large=1 dt-out=0.02@day | | ?aws-ec2-previous-generation current generation
shop | us-east-1 | i-#search | team=shop env=prod Name=search | box:c5.2xlarge=1 dt-out=0.1@day | | !aws-ec2-graviton-candidate
ops | us-east-1 | ec2~natgateway/nat-#stage | team=shop env=prod Name=nat-stage | nat-h=1 nat-gb=0.0004 dt-az=0.0002 | | !aws-nat-gateway-idle
shop | eu-central-1 | ec2~natgateway/nat-#shopeu | team=shop env=prod Name=nat-eu | nat-h=1 nat-gb=7@day | | ?aws-nat-gateway-idle busy gateway
shop | us-east-1 | elasticloadbalancing~loadbalancer/app/shop/#albshop | team=shop env=prod Name=shop | alb-h=1 alb-lcu=5@day | | ?aws-load-balancer-idle busy
ops | us-east-1 | transfer~server/s-#idle | team=shop env=prod Name=partner-sftp | sftp=1 | | !aws-transfer-server-idle
shop | us-east-1 | transfer~server/s-#busy | team=shop env=prod Name=supplier-sftp | sftp=1 sftp-up=0.8@day | | ?aws-transfer-server-idle receives files
ops | us-east-1 | ds~directory/d-#left | team=shop env=prod Name=old-ad | msad=2 | | !aws-directory-leftover
shop | us-east-1 | ds~directory/d-#used | team=shop env=prod Name=ad | msad=2 | | ?aws-directory-leftover WorkSpaces and Windows servers use it
shop | us-east-1 | i-#adwin | team=shop env=prod Name=file-server | winbox:m6i.large=1 dt-out=0.01@day | |
shop | us-east-1 | workspaces~workspace/ws-#anna | team=shop env=prod Name=anna | wks:standard=1@work | |
ops | us-east-1 | elasticache~cluster:stage | team=shop env=prod Name=stage | cache:cache.t4g.medium=1 cache-ext:Redis5=1 | | !aws-search-cache-extended-support
shop | us-east-1 | elasticache~cluster:shop | team=shop env=prod Name=shop | cache:cache.r7g.large=2 | | ?aws-search-cache-extended-support supported engine
ops | us-east-1 | nordwind-stage-2020 | team=shop env=prod Name=stage-2020 | s3=6000 | | !aws-s3-bucket-abandoned
shop | us-east-1 | dynamodb~table/stock | team=shop env=prod Name=stock | ddb-r=700000@day ddb-w=300000@day ddb-gb=200 | |
""",
}

# export | account | line type | product code or marketplace id | product name | seller | USD a month | note | verdict
EXTRAS = """
aws_cur_legacy | prod | Fee | 4xhbqcuj8vdnlt0gsfbkme2w1 | Lumen Log Insights | Lumen Observability, Inc. | 499.00 | Monthly subscription | !aws-marketplace-flat-subscription
aws_cur_legacy | prod | Usage | 9bqwr5tn2mzk7pehc1y4gxv8d | Relay Mail Gateway | Relay Software GmbH | 260 | Messages sent | ?aws-marketplace-flat-subscription its usage varies from day to day
aws_cur2_csv | data | Fee | 7dvk3hs9xn2mtp4lqzrb8wfc6 | Tern Data Quality | Tern Analytics Ltd. | 850.00 | Monthly subscription | !aws-marketplace-flat-subscription
aws_cur_legacy | prod | Fee | AWSSupportBusiness | | | 1180.00 | AWS Support (Business) |
aws_cur2_csv | data | Fee | AWSSupportBusiness | | | 640.00 | AWS Support (Business) |
aws_cur_legacy | prod | Tax | AmazonEC2 | | | 812.44 | Tax for product code AmazonEC2 |
aws_cur2_parquet | edge | Tax | AmazonEC2 | | | 391.07 | Tax for product code AmazonEC2 |
aws_cur2_csv | data | Tax | AmazonS3 | | | 288.19 | Tax for product code AmazonS3 |
aws_focus_1_2 | shop | Tax | AmazonEC2 | | | 402.55 | Tax for product code AmazonEC2 |
aws_cur_legacy | dev | Credit | AmazonEC2 | | | -150.00 | AWS Activate promotional credit |
aws_cur2_parquet | lab | Credit | AmazonEC2 | | | -95.50 | AWS Activate promotional credit |
aws_cur2_csv | sandbox | Credit | AmazonECS | | | -60.25 | Service credit |
aws_focus_1_2 | ops | Credit | AmazonEC2 | | | -75.00 | AWS Activate promotional credit |
aws_cur_legacy | prod | Refund | AmazonS3 | | | -31.20 | Refund for S3 requests of an earlier month |
aws_focus_1_2 | shop | Refund | AmazonCloudFront | | | -18.90 | Refund for data transfer of an earlier month |
aws_cur_legacy | prod | BundledDiscount | AmazonCloudFront | | | -44.10 | Bundled discount for CloudFront requests |
aws_cur2_parquet | edge | BundledDiscount | AmazonS3 | | | -12.75 | Bundled discount for S3 requests |
"""
