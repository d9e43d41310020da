"""Write the answers below the queries in docs/*.md anew, from the demo's database."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import duckdb

from zendesk_source.command_line.output import table_text

DOCS = Path(__file__).parent
QUERY = re.compile(r"(?P<query>```sql\n(?P<sql>.*?)```\n)(\n```text\n.*?```\n)?", re.DOTALL)


def answered(database: duckdb.DuckDBPyConnection, sql: str) -> str:
    """Return the answer to a query as a text table."""
    found = database.sql(sql)
    rows = [["" if value is None else str(value) for value in row] for row in found.fetchall()]
    return table_text(found.columns, rows) + "\n"


def opened(demo: Path) -> duckdb.DuckDBPyConnection:
    """Open the demo's database in its schemas."""
    database = duckdb.connect(str(demo), read_only=True)
    database.execute("set search_path = 'demo_data,demo_data_analytics'; set timezone = 'UTC'")
    return database


def main(demo: Path) -> None:
    """Write every page that has queries."""
    with opened(demo) as database:
        for page in DOCS.glob("*.md"):
            text = page.read_text(encoding="utf-8")
            page.write_text(
                QUERY.sub(
                    lambda found: (
                        f"{found['query']}\n```text\n{answered(database, found['sql'])}```\n"
                    ),
                    text,
                ),
                encoding="utf-8",
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
