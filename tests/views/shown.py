"""What a view shows."""

from __future__ import annotations

from typing import Any

import dlt

SCHEMA = "zendesk_data_fivetran"


def shown(pipeline: dlt.Pipeline, view: str, schema: str = SCHEMA) -> list[dict[str, Any]]:
    with (
        pipeline.sql_client() as client,
        client.execute_query(f'SELECT * FROM {schema}."{view}"') as cursor,
    ):
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
