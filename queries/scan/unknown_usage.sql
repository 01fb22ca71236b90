-- Usage that is of no known kind: services that nobody listed, and texts that a check would read under another name.
-- Amazon's services are known by their code; of Google's services those that checks read by text are listed with the
-- texts that we know, the others with any. Other clouds are read by no check.
create or replace table known_usage as
select *
from (
    values
    -- service (regular expression on the name in lower case), usage (on usage_kind)
    (
        '^compute engine$',
        '(instance|optimized|a2|a3|a4|g2|c[0-9]\w*|n[0-9]\w*|e2|m[0-9]|t2[ad]|z3|h[34]|tpu).* (core|ram)|^(core|ram) |pd (capacity|iops|snapshot)|hyperdisk|snapshot|image|^nvidia|gpu|local (ssd|storage)|commitment|static ip|external ip|ip address|^network |data transfer|egress|licens|sole tenan|reserved|dws |instance (group|schedule)|forwarding rule|load balanc|nat gateway|cloud nat|vpn|interconnect|vm state|suspended|spot preemptible'
    ),
    (
        '^networking$',
        'nat|forwarding rule|load balanc|vpn|interconnect|vlan|data transfer|network|dns|cdn|armor|egress|download|ip |private service|peering|static|cloud router|packet|firewall|flow log|telemetry|intelligence center|proxy'
    ),
    ('^cloud sql$', 'cloud sql|vcpu|ram|storage|backup|ip address|data transfer|network|data cache|licens|serverless exports'),
    ('^kubernetes engine$', 'cluster|autopilot|pod|backup|multi|enterprise|commitment|gke'),
    ('^cloud run( functions)?$|^cloud functions$', 'cpu|memory|request|instance|invocation|gpu|network|data transfer|worker|job|function'),
    ('^bigquery', 'analysis|storage|streaming|edition|slot|notebook|bi engine|commitment|ml|transfer|data|query|reservation|colab|airflow|omni|metadata|api|annual|monthly|flex'),
    (
        '^cloud storage$',
        'storage|class [ab]|operation|retriev|early delete|replication|network|data transfer|download|egress|autoclass|tag|inventory|insights|soft|anywhere|management'
    ),
    ('^cloud logging$|^stackdriver logging$', 'log'),
    ('^cloud monitoring$|^stackdriver monitoring$', 'metric|monitoring|prometheus|api|uptime|trace|synthetic|read|ingest|alert'),
    ('^artifact registry$|^container registry', 'artifact|storage|network|data transfer|vulnerab|scan|egress'),
    ('^cloud dataflow$|^dataflow$', 'vcpu|ram|gpu|storage|pd|ssd|stream|shuffle|batch|flexrs|data|compute unit|secu|dcu|prime'),
    ('^cloud composer$|^managed service for apache airflow$', '.'),
    ('^vertex ai$|^gemini|^generative language|^agent platform|^cloud machine learning|^cloud ai platform', '.'),
    ('^cloud memorystore', 'redis|valkey|memcached|capacity|node|backup|network|storage'),
    -- Listed whole: what they bill is not read by text.
    (
        '^(alloydb|api gateway|apigee|app engine|assured workloads|backup for gke|backup and dr|batch|binary authorization|certificate|claude|cloud (armor|asset|bigtable|build|cdn|data ?fusion|deploy|dialogflow|dns|domains|endpoints|filestore|healthcare|hsm|identity|ids|intelligence|interconnect|key management|kms|natural language|nat|pub/sub|scheduler|service mesh|source|spanner|speech|support|talent|tasks|text|tpu|trace|translat|video|vision|vpn|workstations)|confidential|container (scanning|registry)|data catalog|data loss|database migration|dataform|dataplex|dataproc|datastream|dialogflow|document ai|enterprise|eventarc|filestore|firebase|firestore|cloud firestore|google (cloud )?(vmware|support|workspace|security)|identity|looker|managed service|maps|marketplace|netapp|network (connectivity|intelligence)|parallelstore|places|pub/sub|recaptcha|retail|secret manager|secure web|security command|sensitive data|service (directory|control)|spanner|storage transfer|support|transcoder|vmware|vpc|web risk|workflows|workstations|cloud memorystore)',
        '.'
    ),
    ('^(geocoding|maps|places|directions|routes|distance matrix|street view|time zone|roads|elevation|geolocation) ?', '.'),
    ('support$|^premium support|^enhanced support|^standard support', '.')
) as t (service_pattern, usage_pattern);

create or replace table unknown_usage as
with usages as (
    select distinct
        provider,
        service_name,
        service_code,
        usage_kind,
        is_marketplace
    from usage_meters
    where charge_role = 'usage'
)

select distinct
    provider,
    service_name,
    usage_kind
from usages u
where not is_marketplace
    and case
        when provider = 'aws' then service_name in ('Unknown service', service_code)
        when provider = 'gcp'
            then not exists (
                select 1
                from known_usage k
                where regexp_matches(lower(u.service_name), k.service_pattern)
                    and regexp_matches(u.usage_kind, k.usage_pattern)
            )
        else true
    end;
