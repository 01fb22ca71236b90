"""Runs bqemulator in its own virtual environment, with the five things that it leaves out and our reading needs.

1. `_PARTITIONTIME` is "now" for every row in it; here it is the column `partition_time` of the table.
2. Dry runs say 0 bytes; here 100 bytes for each row of each table that is named, whatever is pruned.
3. `maximumBytesBilled` is ignored; here a job above it fails as BigQuery's jobs do.
4. Read sessions know no results of queries, only tables; here both.
5. NUMERIC in a cast has three decimals in it, and DuckDB would lose digits of large doubles with nine as BigQuery has:
   here none, because we cast whole numbers only.

Called by bqemulator.py as: serve.py REST_PORT GRPC_PORT
"""

from __future__ import annotations

import re
import sys
from copy import copy
from typing import Any

import duckdb
from bqemulator.api.routes import jobs
from bqemulator.config import LogLevel, PersistenceMode, Settings
from bqemulator.domain.errors import InvalidQueryError
from bqemulator.grpc_api import read_servicer
from bqemulator.jobs import executor
from bqemulator.jobs.executor import JOB_RESULTS
from bqemulator.server import run_forever
from bqemulator.sql import translator
from bqemulator.storage.sql_identifiers import quoted_table_ref
from duckdb_extensions import import_extension

BYTES_PER_ROW = 100
TABLE = re.compile(r"`([\w-]+)\.(\w+)\.([\w-]+)`")


def bytes_read(sql: str, context: Any) -> int:
    rows = 0
    for project, dataset, table in set(TABLE.findall(sql)):
        counted = context.engine.fetch_arrow(f"select count(*) as n from {quoted_table_ref(project, dataset, table)}")
        rows += counted.column("n")[0].as_py()
    return rows * BYTES_PER_ROW


class BytesBilledLimitError(InvalidQueryError):
    bq_reason = "bytesBilledLimitExceeded"


def patch_partitions_and_numbers() -> None:
    column, number = re.compile(r"\b_PARTITIONTIME\b"), re.compile(r"\bas numeric\b", re.IGNORECASE)

    def rewritten(sql: str) -> str:
        return number.sub("as numeric(38, 0)", column.sub("partition_time", sql))

    translator.rewrite_partition_pseudo_columns = rewritten


def patch_bytes() -> None:
    dry_run, run = jobs._build_dry_run_query_response, jobs._execute_query_or_failed_meta

    async def told(*, bq_sql: str, ctx: Any, **rest: Any) -> dict[str, Any]:
        answer: dict[str, Any] = await dry_run(bq_sql=bq_sql, ctx=ctx, **rest)
        answer["statistics"]["query"]["totalBytesProcessed"] = str(bytes_read(bq_sql, ctx))
        return answer

    async def limited(*, bq_sql: str, query_config: dict[str, Any], ctx: Any, **rest: Any) -> Any:
        limit = query_config.get("maximumBytesBilled")
        if limit is not None and bytes_read(bq_sql, ctx) > int(limit):
            error = BytesBilledLimitError(f"Query exceeded limit for bytes billed: {limit}.")
            return jobs._failed_job_meta(
                project_id=rest["project_id"],
                job_id=rest["job_id"],
                job_type="QUERY",
                config=rest["config"],
                error_result=jobs._domain_error_to_error_result(error),
                now=ctx.clock.now(),
            )
        return await run(bq_sql=bq_sql, query_config=query_config, ctx=ctx, **rest)

    jobs._build_dry_run_query_response = told
    jobs._execute_query_or_failed_meta = limited


def patch_sessions() -> None:
    """Where the handler of sessions asks the engine for a table that is the result of a query, it gets that."""
    begin = read_servicer.BigQueryReadHandler.__init__

    class Engine:
        def __init__(self, engine: Any) -> None:
            self.engine = engine

        def fetch_arrow(self, sql: str) -> Any:
            named = re.search(r"_bqemu_anonymous\W+anon(\w+)", sql)
            if named is None:
                return self.engine.fetch_arrow(sql)
            return next(result for job, result in JOB_RESULTS.items() if job.replace("-", "") == named[1])

    def with_results(self: Any, context: Any) -> None:
        begin(self, context)
        self._ctx = copy(context)
        object.__setattr__(self._ctx, "engine", Engine(context.engine))

    read_servicer.BigQueryReadHandler.__init__ = with_results


def patch_translation() -> None:
    """A translation takes most of a second: tests send the same few queries again and again."""
    translate, done = executor.rewrite_and_translate_statement, {}

    async def remembered(sql: str, **rest: Any) -> str:
        if sql not in done:
            done[sql] = await translate(sql, **rest)
        return done[sql]

    executor.rewrite_and_translate_statement = remembered


if __name__ == "__main__":
    import_extension("spatial", con=duckdb.connect())
    patch_partitions_and_numbers()
    patch_bytes()
    patch_sessions()
    patch_translation()
    run_forever(
        Settings(
            rest_port=int(sys.argv[1]),
            grpc_port=int(sys.argv[2]),
            persistence_mode=PersistenceMode.EPHEMERAL,
            log_level=LogLevel.ERROR,
        )
    )
