"""How ``load --every`` is run: the rounds, what is said of them, and who may ask how they fare."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dlt
from dlt.extract import DltSource

from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.command_line.options import progress_of, rounds_of
from zendesk_source.command_line.output import log
from zendesk_source.command_line.progress import Lines, Silent, Watch
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.continuous.figures import Figures
from zendesk_source.continuous.health import HOST, health_served, write_health_file
from zendesk_source.continuous.rounds import Round, keep_syncing
from zendesk_source.continuous.telling import Telling
from zendesk_source.destination.place import address_of
from zendesk_source.errors import ConfigurationError
from zendesk_source.times import duration_text


def keep_loading(
    pipeline: dlt.Pipeline, make_source: Callable[[], DltSource], options: argparse.Namespace
) -> int:
    """Bring a source's selected streams up to now again and again, until a signal ends it.

    Args:
        pipeline: As of ``load``.
        make_source: As of ``load``.
        options: As of ``load``, with ``every``.

    Raises:
        KeyboardInterrupt: A signal was heard.
    """
    every_seconds, lists_every_seconds = rounds_of(options)
    clock, lines, silent = SystemClock(), Lines(), Silent()
    figures, telling = Figures(clock.now(), every_seconds), Telling(clock.now())

    def watch() -> Watch:
        is_first = figures.snapshot().round_started_at is None
        return lines if is_first or progress_of(options) == "lines" else silent

    with _shown(options, figures, clock) as show, stopping_at_signals(log.info):

        def on_slice(runs: dict[str, StreamRun]) -> None:
            figures.count_package(runs, clock.now())
            show()
            watch().on_slice(runs)

        def on_round(done: Round) -> None:
            figures.count_round(done)
            show()
            telling.tell(done)

        log.info(
            f"loading into {address_of(pipeline)} every {duration_text(every_seconds)}, lists every"
            f" {duration_text(lists_every_seconds)}"
        )
        keep_syncing(
            pipeline,
            make_source,
            every_seconds=every_seconds,
            lists_every_seconds=lists_every_seconds,
            wait_for_other=options.wait,
            on_start=figures.begin,
            on_slice=on_slice,
            on_round=on_round,
            on_wait=lambda reason, wait_seconds: watch().on_wait(reason, wait_seconds),
            on_cost=lines.on_cost,
            clock=clock,
        )
    return 0


@contextmanager
def _shown(
    options: argparse.Namespace, figures: Figures, clock: Clock
) -> Iterator[Callable[[], None]]:
    """Serve the figures if the options ask for it, and yield what writes them into a file."""
    path = None if options.health_file is None else Path(options.health_file)
    if path is not None:
        write_health_file(path, figures.snapshot(), clock.now())

    def show() -> None:
        if path is not None:
            try:
                write_health_file(path, figures.snapshot(), clock.now())
            except ConfigurationError as error:
                log.warning(str(error))

    with ExitStack() as served:
        if options.health_port is not None:
            host = options.health_host or HOST
            server = health_served(figures.snapshot, clock.now, options.health_port, host)
            log.info(f"health at {served.enter_context(server)}/healthz, figures at /metrics")
        yield show
