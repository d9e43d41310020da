"""Copy a Zendesk account into DuckDB, or wherever dlt can load to.

    python pipelines/zendesk_pipeline.py --demo
    python pipelines/zendesk_pipeline.py --streams tickets,users --start-date 2024-01-01

Credentials come from .dlt/secrets.toml or the environment, the destination's own settings from
dlt's configuration. Exit codes: 0 every stream, 5 some skipped or failed and the rest loaded,
1 failed, 2 configuration, 3 authentication, 130 stopped.
"""

from __future__ import annotations

import argparse
import logging
import os
import re
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import dlt
from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import ConfigTomlProvider
from dlt.common.configuration.specs import PluggableRunContext
from dlt.common.runtime import signals, telemetry
from dlt.common.runtime.collector import NULL_COLLECTOR, LogCollector, TqdmCollector
from dlt.common.runtime.collector_base import Collector

from zendesk_source import ConfigurationError, ZendeskError, sync, zendesk_source
from zendesk_source.demo import DATASET as DEMO_DATASET
from zendesk_source.demo import run_demo
from zendesk_source.extract.slices import StreamRun
from zendesk_source.failures import explained
from zendesk_source.selection import select_streams
from zendesk_source.summary import as_json, progress_line, summary, where_loaded

DATASET = "zendesk_data"
SHIPPED_SETTINGS = Path(__file__).resolve().parent.parent / ".dlt"
SHORTEST_WAIT_TOLD_SECONDS = 3.0

# Warnings of dlt about what is meant to be so, or is said by us in other words.
EXPECTED_WARNINGS = (
    "in state differs from destination",
    "identical to the dataset name",
    "Falling back to `append`",
    "column hint is only applied when using",
    "remote state contains a different dataset_name",
    "was not fully loaded",
    "Exiting runner due to signal",
    "Storage schema was used",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the pipeline and return its exit code."""
    options = _parser().parse_args(arguments)
    dlt_log = logging.getLogger("dlt")
    dlt_log.addFilter(_is_worth_reading)
    try:
        # dlt alone would forget a Ctrl-C that comes while it loads.
        with signals.intercepted_signals(), explained():
            _check(options)
            _fall_back_to_shipped_settings()
            return _run(options)
    except ZendeskError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt as stop:
        print("Stopped. What was loaded is complete; start again to go on.", file=sys.stderr)
        return 128 + int(getattr(stop, "signal_code", signal.SIGINT))
    except BrokenPipeError:
        # Whoever read our output has seen enough; what was to be loaded is loaded.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 (the last resort: say what to do with the traceback)
        traceback.print_exc()
        print(
            "error: This is a bug in zendesk_source; what was loaded is complete. Please report"
            " it with the lines above, after looking for anything that is not public.",
            file=sys.stderr,
        )
        return 1
    finally:
        dlt_log.removeFilter(_is_worth_reading)


def _check(options: argparse.Namespace) -> None:
    if options.demo:
        given = [name for name in ("streams", "start_date", "end_date") if getattr(options, name)]
        if given:
            name = given[0].replace("_", "-")
            raise ConfigurationError(f"--demo takes no --{name}.", "Leave it out.")
        if options.destination != "duckdb":
            raise ConfigurationError(
                "The demo loads into DuckDB only: its questions are in DuckDB's SQL.",
                "Leave --destination out.",
            )
    if options.streams is not None and not options.streams:
        raise ConfigurationError("--streams names no stream.", "Leave it out to read the core.")
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", options.dataset or DATASET):
        raise ConfigurationError(
            f"--dataset cannot be {options.dataset!r}.",
            "Use letters, digits and underscores, and begin with a letter.",
        )
    if options.max_minutes is not None and options.max_minutes <= 0:
        raise ConfigurationError("--max-minutes must be above 0.", "Leave it out for no limit.")


def _run(options: argparse.Namespace) -> int:
    pipeline = _pipeline(options)
    if options.demo:
        # dlt remembers where the file of an earlier demo was made; this one's is made here.
        pipeline.set_local_state_val("initial_cwd", str(Path.cwd()))
        pipeline = _pipeline(options)
    if options.destination == "filesystem":
        _say("note: plain files cannot be merged: every version of a row is kept. See the README.")
    tell = options.progress == "lines"
    if options.demo:
        report = run_demo(pipeline, _say if options.json else print, _on_slice(tell))
    else:
        source = zendesk_source(start_date=options.start_date, end_date=options.end_date)
        report = sync(
            pipeline,
            source.with_resources(*select_streams(options.streams or [])),
            max_minutes=options.max_minutes,
            wait_for_other=options.wait,
            on_slice=_on_slice(tell),
            on_wait=_tell_wait if tell else None,
            on_cost=lambda cost: _say(f"cost: {cost}"),
        )
    if options.json:
        print(as_json(report))
    elif not options.demo:
        print(summary(report))
    (_say if options.json else print)(f"\n{where_loaded(pipeline)}")
    sys.stdout.flush()
    return report.exit_code


def _pipeline(options: argparse.Namespace) -> dlt.Pipeline:
    return dlt.pipeline(
        "zendesk_demo" if options.demo else "zendesk",
        destination=options.destination,
        dataset_name=options.dataset or (DEMO_DATASET if options.demo else DATASET),
        progress=_collector(options.progress),
    )


def _collector(progress: str) -> Collector:
    # dlt's own "log" would write between our lines on stdout, and warn of a missing psutil.
    if progress == "log":
        return LogCollector(logger=sys.stderr, dump_system_stats=False)
    return TqdmCollector() if progress == "tqdm" else NULL_COLLECTOR


def _on_slice(tell: bool) -> Callable[[dict[str, StreamRun]], None]:
    def after_slice(runs: dict[str, StreamRun]) -> None:
        if tell:
            _say(progress_line(runs))
        signals.raise_if_signalled()

    return after_slice


def _tell_wait(reason: str, wait_seconds: float) -> None:
    if wait_seconds >= SHORTEST_WAIT_TOLD_SECONDS:
        _say(f"waiting {wait_seconds:.0f} s: {reason}")


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _is_worth_reading(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    return not any(expected in text for expected in EXPECTED_WARNINGS)


class ShippedSettings(ConfigTomlProvider):
    """.dlt/config.toml of this project, asked last.

    dlt looks for settings in the current folder only, and without them reports its use.
    """

    @property
    def name(self) -> str:
        """Name among the other places settings come from."""
        return "config.toml of zendesk_source"


def _fall_back_to_shipped_settings() -> None:
    shipped = ShippedSettings(str(SHIPPED_SETTINGS), str(SHIPPED_SETTINGS))
    context = Container()[PluggableRunContext]
    if shipped.name not in context.providers:
        context.providers.add_provider(shipped)
        # dlt has read [runtime] while it was imported, and begun to report.
        telemetry.stop_telemetry()
        context.initialize_runtime()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--streams",
        metavar="A,B",
        type=lambda text: [name.strip() for name in text.split(",") if name.strip()],
        help="streams to read: core (the default), all, products, names, hc_*, !left_out",
    )
    add("--start-date", metavar="DATE", help="read changes from here, such as 2024-01-31")
    add("--end-date", metavar="DATE", help="read a fixed window up to here")
    add("--destination", default="duckdb", help="dlt destination (default: duckdb)")
    add("--dataset", help=f"dataset or schema to load into (default: {DATASET})")
    add("--max-minutes", type=float, metavar="N", help="stop after N minutes; the next run goes on")
    add("--wait", action="store_true", help="wait for another run to end instead of refusing")
    add("--demo", action="store_true", help="load a simulated account")
    add("--json", action="store_true", help="print the report as one JSON document")
    add(
        "--progress",
        choices=("lines", "log", "tqdm", "none"),
        default="lines" if sys.stderr.isatty() else "none",
        help="how to show progress on stderr (default: lines on a terminal, none elsewhere)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
