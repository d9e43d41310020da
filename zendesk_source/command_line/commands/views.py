"""Make views beside the loaded tables: figures of support to analyse, or Fivetran's tables for dbt.

`--shape analytics` makes `analytics_tickets`, `_days`, `_agents` and `_groups` in the schema
`<dataset>_analytics`. `--shape fivetran` makes the tables of that connector in
`<dataset>_fivetran`, and prints the variables of the package `dbt_zendesk`; for all of it load
`--streams core,schedule_holidays,audit_logs` with `history = true`. Where several accounts share
the dataset, the former have the column `account`, and of the latter each account has a schema,
`<dataset>_<account>_fivetran`. Once made, every load brings the views up to new columns. A view
whose stream is not loaded is left out.

exit codes: 0 good, 1 no view could be made, or one is missing that dbt_zendesk cannot do without.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from zendesk_source.command_line.options import (
    add_demo_argument,
    add_destination_arguments,
    add_wait_argument,
    check_dataset,
)
from zendesk_source.command_line.output import log, print_json, print_lines

if TYPE_CHECKING:
    from zendesk_source.views import LeftOut, MadeViews

SHAPES = ("fivetran", "analytics")
INCOMPLETE = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare whose tables, and where."""
    add = parser.add_argument
    add("--shape", choices=SHAPES, default=SHAPES[0], help="which views (default: fivetran)")
    add_destination_arguments(parser)
    add_demo_argument(parser)
    add_wait_argument(parser)


def run(options: argparse.Namespace) -> int:
    """Make the views, print what was made, and return the exit code."""
    check_dataset(options)
    from zendesk_source.command_line.destination import loaded_pipeline
    from zendesk_source.command_line.dlt_runtime import dlt_runtime
    from zendesk_source.views import make_views

    with dlt_runtime(), loaded_pipeline(options, may_write=True) as pipeline:
        report = make_views(pipeline, options.shape)
    code = 0 if report.is_complete else INCOMPLETE
    if options.json:
        dbt_vars = {"dbt_vars": report.dbt_vars} if report.dbt_vars else {}
        print_json({**asdict(report), **dbt_vars, "exit_code": code})
        return code
    if not options.quiet:
        for made in report.schemas:
            print_lines(*_told(made))
        if report.dbt_vars:
            print_lines("", "In dbt_project.yml:", "", *as_yaml(report.dbt_vars))
    for made in report.schemas:
        if not made.made:
            log.error(f"{made.schema}: no view could be made; load tickets first.")
        elif made.missing:
            log.error(f"{made.schema}: dbt_zendesk does not run without {', '.join(made.missing)}.")
    return code


def _told(made: MadeViews) -> Iterator[str]:
    yield f"{made.schema}: {len(made.made)} views, {', '.join(made.made)}"
    for each in made.left_out:
        yield f"left out: {each.view}: {_remedy(each)}"
    if made.made and made.not_loaded:
        streams = ", ".join(made.not_loaded)
        yield f"empty: columns that come from {streams}: nothing is loaded of them"
    for name in made.unknown_time_zones:
        yield f"unknown: the time zone {name!r}; dbt_zendesk takes it for UTC."


def _remedy(each: LeftOut) -> str:
    load = f"nothing is loaded of {', '.join(each.streams)}"
    if each.switch:
        return f"{load}; without it, {each.switch}: false"
    return f"{load}, and it must be" if each.is_required else load


def as_yaml(names: Mapping[str, Any]) -> Iterator[str]:
    """Return variables as lines of YAML."""
    yield "vars:"
    for name, value in names.items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            yield f"  {name}:"
            for each in value:
                for place, (key, text) in enumerate(each.items()):
                    yield f"    {' ' if place else '-'} {key}: {text}"
        elif isinstance(value, list):
            yield f"  {name}: [{', '.join(value)}]"
        else:
            yield f"  {name}: {str(value).lower() if isinstance(value, bool) else value}"
