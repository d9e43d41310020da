"""How much memory a sync takes, whatever the size of the account.

Left to itself DuckDB takes four fifths of the machine's memory and all of its cores. A sync waits
for Zendesk most of the time, so here it gets little of both, and more only when a package needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import dlt
import pyarrow as pa
from dlt.destinations.sql_client import SqlClientBase

DUCKDB_MEMORY_MB = 200
"""Enough for a load package of tickets of 36 KB, many times their usual size."""

MOST_DOUBLINGS = 6
OUT_OF_MEMORY = "Out of Memory Error"
"""How DuckDB's message begins."""

MoreMemory = Callable[[], bool]
"""Gives the database more memory; False when it has all there is, or is none of ours."""


@contextmanager
def little_memory(pipeline: dlt.Pipeline) -> Iterator[MoreMemory]:
    """Keep within bounds what DuckDB and Arrow hold, and DuckDB's file open meanwhile.

    DuckDB writes its file anew whenever its last connection is closed, which dlt does several
    times a package. What the user has set in ``global_config`` stays as it is.
    """
    before = pa.default_memory_pool()
    # Arrow's own pools keep what they once had.
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        if pipeline.destination.destination_type.endswith(".duckdb"):
            with pipeline.sql_client() as client, _bounded(client) as more_memory:
                yield more_memory
        else:
            yield lambda: False
    finally:
        pa.set_memory_pool(before)


@contextmanager
def _bounded(client: SqlClientBase[Any]) -> Iterator[MoreMemory]:
    configured = getattr(client.credentials, "global_config", None) or {}
    limits = {"memory_limit": f"{DUCKDB_MEMORY_MB}MB", "threads": "1"}
    ours = {name: value for name, value in limits.items() if name not in configured}
    doublings = iter(range(1, MOST_DOUBLINGS + 1))

    def more_memory() -> bool:
        times = next(doublings, None)
        if "memory_limit" not in ours or times is None:
            return False
        client.execute_sql(f"SET memory_limit = '{DUCKDB_MEMORY_MB * 2**times}MB'")
        return True

    for name, value in ours.items():
        client.execute_sql(f"SET {name} = '{value}'")
    try:
        yield more_memory
    finally:
        for name in ours:
            client.execute_sql(f"RESET {name}")
