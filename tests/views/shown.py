"""Loads an account and says what a view shows."""

from __future__ import annotations

from typing import Any

import dlt

from tests.support.simulated import source_of
from zendesk_source import sync
from zendesk_source.settings.selection import select_streams

SCHEMA = "zendesk_data_fivetran"
EVERYTHING = ["core", "schedule_holidays", "audit_logs"]


def shown(pipeline: dlt.Pipeline, view: str, schema: str = SCHEMA) -> list[dict[str, Any]]:
    with (
        pipeline.sql_client() as client,
        client.execute_query(f'SELECT * FROM {schema}."{view}"') as cursor,
    ):
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def load(pipeline: dlt.Pipeline, zendesk, *streams: str, **settings):
    names = select_streams(list(streams or EVERYTHING))
    report = sync(pipeline, source_of(zendesk, *names, **settings))
    assert report.exit_code == 0
    return report


def asked(pipeline: dlt.Pipeline, sql: str) -> list[tuple[Any, ...]]:
    with pipeline.sql_client() as client:
        return [tuple(row) for row in client.execute_sql(sql) or ()]


def columns_of(pipeline: dlt.Pipeline, view: str, schema: str = SCHEMA) -> dict[str, str]:
    rows = asked(
        pipeline,
        "SELECT column_name, lower(data_type) FROM information_schema.columns"
        f" WHERE table_schema = '{schema}' AND table_name = '{view}' ORDER BY ordinal_position",
    )
    return dict(rows)
