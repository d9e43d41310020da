"""Copy a Zendesk account into DuckDB, or wherever dlt can load to.

    python pipelines/zendesk_pipeline.py --demo
    python pipelines/zendesk_pipeline.py --streams tickets,users --start-date 2024-01-01

Credentials come from .dlt/secrets.toml or the environment, the destination's own settings from
dlt's configuration. Exit codes: 0 every stream, 5 some skipped or failed and the rest loaded,
1 failed, 2 configuration, 3 authentication, 130 stopped.

This is what `zendesk-source load` does. Copy it into your project to change what it does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import dlt
from dlt.extract import DltSource

from zendesk_source import zendesk_source
from zendesk_source.command_line.commands import plan
from zendesk_source.command_line.commands.load import add_arguments, check
from zendesk_source.command_line.dlt_runtime import dlt_runtime, own_folder
from zendesk_source.command_line.ending import ended
from zendesk_source.command_line.loading import collector, load, load_many, run_demo, window_of
from zendesk_source.command_line.options import DATASET, add_output_arguments
from zendesk_source.settings.selection import select_streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline and return its exit code; errors become messages."""
    return ended(copy, _parser().parse_args(arguments))


def copy(options: argparse.Namespace) -> int:
    """Copy what the options say."""
    check(options)
    if options.accounts:
        return load_many(options)
    if options.demo:
        return run_demo(options)
    if options.dry_run:
        return plan.run(options)
    minutes = options.max_minutes
    with dlt_runtime(), own_folder("zendesk", wait=options.wait, max_minutes=minutes) as left:
        options.max_minutes = left
        pipeline = dlt.pipeline(
            "zendesk",
            destination=options.destination,
            dataset_name=options.dataset or DATASET,
            progress=collector(options),
        )
        start, end = window_of(options)
        streams = select_streams(options.streams or [])

        def make_source() -> DltSource:
            return zendesk_source(start_date=start, end_date=end).with_resources(*streams)

        return load(pipeline, make_source, options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_arguments(parser)
    add_output_arguments(parser)
    return parser


if __name__ == "__main__":
    sys.exit(main())
