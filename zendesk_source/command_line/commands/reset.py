"""Let the next load read a stream from its beginning again.

Rows stay, and new ones are merged with them. Other streams are not touched. --drop-tables also
drops the tables of the stream first, for example to get rid of old columns.
"""

from __future__ import annotations

import argparse
import sys

from zendesk_source.command_line.options import DATASET, add_destination_arguments, check_dataset
from zendesk_source.command_line.output import log, print_json
from zendesk_source.errors import ConfigurationError
from zendesk_source.settings.selection import select_stream


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("stream", metavar="STREAM", help="its name: see `zendesk-source streams`")
    parser.add_argument(
        "--account",
        default="",
        metavar="NAME",
        help="reset it for this account only, if several share the dataset",
    )
    parser.add_argument("--drop-tables", action="store_true", help="drop its tables as well")
    parser.add_argument("--yes", action="store_true", help="drop tables without asking")
    add_destination_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Reset."""
    check_dataset(options)
    stream = select_stream(options.stream)
    if options.drop_tables and options.account:
        raise ConfigurationError(
            "Tables are shared by all accounts.", "Leave --account or --drop-tables out."
        )
    if options.drop_tables and not options.yes:
        _ask(f"Drop {', '.join(table.name for table in stream.tables)}?")
    import dlt

    from zendesk_source.command_line.destination import loaded_pipeline
    from zendesk_source.command_line.dlt_runtime import dlt_runtime, own_folder
    from zendesk_source.runs.reset import reset_stream

    with dlt_runtime():
        with loaded_pipeline(options):
            pass  # there is something to reset
        place = {"destination": options.destination, "dataset_name": options.dataset or DATASET}
        with own_folder("zendesk"):
            pipeline = dlt.pipeline("zendesk", **place)
            dropped = reset_stream(
                pipeline, stream.name, drop_tables=options.drop_tables, account=options.account
            )
    if options.json:
        print_json({"stream": stream.name, "was_reset": dropped is not None, "dropped": dropped})
    elif dropped is None:
        log.info(f"{stream.name}: nothing to forget; a load reads it from its beginning.")
    else:
        log.info(f"{stream.name}: the next load reads it from its beginning.")
    return 0


def _ask(question: str) -> None:
    """Ask a person to agree.

    Raises:
        ConfigurationError: Nobody is there, or the answer is not yes.
    """
    if not sys.stdin.isatty():
        raise ConfigurationError("Tables would be dropped.", "Add --yes if you mean that.")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfigurationError("Nothing was changed.")
