"""What `meltano run zendesk:load` runs: loads the streams that are named, or the core."""

from __future__ import annotations

import sys
from pathlib import Path

import dlt

from zendesk_source import ZendeskError, sync, zendesk_source
from zendesk_source.selection import select_streams
from zendesk_source.summary import summary


def main(streams: list[str]) -> int:
    """Load what changed and return the exit code, from which Meltano knows how it went."""
    Path("output").mkdir(exist_ok=True)
    pipeline = dlt.pipeline("zendesk", destination="duckdb", dataset_name="zendesk_data")
    try:
        report = sync(pipeline, zendesk_source().with_resources(*select_streams(streams)))
    except ZendeskError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    print(summary(report))
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
