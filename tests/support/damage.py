"""Damage to loaded tables, done with SQL behind the back of whoever loads them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import dlt


def execute(pipeline: dlt.Pipeline, sql: str) -> None:
    """Run a statement in the pipeline's dataset."""
    with pipeline.sql_client() as client:
        client.execute_sql(sql)


def rows(pipeline: dlt.Pipeline, sql: str) -> list[Sequence[Any]]:
    """Return the answer of a query in the pipeline's dataset."""
    with pipeline.sql_client() as client, client.execute_query(sql) as cursor:
        return list(cursor.fetchall())


def column(pipeline: dlt.Pipeline, sql: str) -> list[Any]:
    """Return the first column of a query's answer."""
    return [row[0] for row in rows(pipeline, sql)]


def among(ids: Iterable[Any]) -> str:
    """Return ids as a list in SQL."""
    return f"({', '.join(map(str, ids))})"
