"""How ``load --every`` is run: the rounds, what is said of them, and who may ask how they fare."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dlt
from dlt.extract import DltSource

from zendesk_source.api.clock import Clock, SystemClock
from zendesk_source.command_line.options import progress_of, rounds_of
from zendesk_source.command_line.output import log
from zendesk_source.command_line.progress import Lines, Runs, Silent, Watch
from zendesk_source.command_line.stopping import stopping_at_signals
from zendesk_source.continuous.figures import Figures, Snapshot
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
    told = _Told([""], clock, every_seconds)

    def watch() -> Watch:
        is_first = told.figures[""].snapshot().round_started_at is None
        return lines if is_first or progress_of(options) == "lines" else silent

    def on_slice(runs: Runs) -> None:
        told.on_slice("", runs)
        watch().on_slice(runs)

    with _shown(options, told, clock), stopping_at_signals(log.info):
        log.info(f"loading into {address_of(pipeline)} {_how_often(options)}")
        keep_syncing(
            pipeline,
            make_source,
            every_seconds=every_seconds,
            lists_every_seconds=lists_every_seconds,
            wait_for_other=options.wait,
            on_start=lambda runs: told.on_start("", runs),
            on_slice=on_slice,
            on_round=lambda done: told.on_round("", done),
            on_wait=lambda reason, wait_seconds: watch().on_wait(reason, wait_seconds),
            on_cost=lines.on_cost,
            clock=clock,
        )
    return 0


def keep_loading_accounts(options: argparse.Namespace, threads: int) -> int:
    """Bring all accounts of a file up to now again and again, until a signal ends it.

    Args:
        options: As of ``load``, with ``accounts`` and ``every``.
        threads: How many accounts are loaded at the same time.

    Raises:
        ConfigurationError: The file is wrong.
        KeyboardInterrupt: A signal was heard.
    """
    from zendesk_source.fleet.accounts_file import read_accounts
    from zendesk_source.fleet.rounds import keep_accounts

    every_seconds, lists_every_seconds = rounds_of(options)
    clock = SystemClock()
    names = [unit["account"] for unit in read_accounts(options.accounts, options.only)]
    told = _Told(names, clock, every_seconds)
    with _shown(options, told, clock), stopping_at_signals(log.info):
        log.info(f"loading {len(names)} accounts, {threads} at a time, {_how_often(options)}")
        keep_accounts(
            options.accounts,
            only=options.only,
            threads=threads,
            every_seconds=every_seconds,
            lists_every_seconds=lists_every_seconds,
            on_start=told.on_start,
            on_slice=told.on_slice,
            on_round=told.on_round,
            clock=clock,
        )
    return 0


def _how_often(options: argparse.Namespace) -> str:
    every_seconds, lists_every_seconds = map(duration_text, rounds_of(options))
    return f"every {every_seconds}, lists every {lists_every_seconds}"


class _Told:
    """What is known and said of the rounds of each account; the name of a single one is empty.

    Args:
        names: Of the accounts.
        clock: Tells the time.
        every_seconds: From round to round.

    Attributes:
        figures: By account.
        show: Called after each change.
    """

    def __init__(self, names: Iterable[str], clock: Clock, every_seconds: float) -> None:
        started_at = clock.now()
        self.figures = {
            name: Figures(started_at, every_seconds, takes_turns=bool(name)) for name in names
        }
        self.show: Callable[[], None] = lambda: None
        self._telling = {name: Telling(started_at, name) for name in self.figures}
        self._clock = clock

    def snapshots(self) -> dict[str, Snapshot]:
        """Return what is known now, by account."""
        return {name: figures.snapshot() for name, figures in self.figures.items()}

    def on_start(self, name: str, runs: Runs) -> None:
        """Show the streams of a round that begins."""
        self.figures[name].begin(runs, self._clock.now())

    def on_slice(self, name: str, runs: Runs) -> None:
        """Count what was loaded."""
        self.figures[name].count_package(runs, self._clock.now())
        self.show()

    def on_round(self, name: str, done: Round) -> None:
        """Count a round, and say what is worth a line."""
        self.figures[name].count_round(done)
        self.show()
        self._telling[name].tell(done)


@contextmanager
def _shown(options: argparse.Namespace, told: _Told, clock: Clock) -> Iterator[None]:
    """Serve the figures, and keep them in a file, if the options ask for it."""
    with ExitStack() as served:
        if options.health_file is not None:
            path, lock = Path(options.health_file), threading.Lock()
            write_health_file(path, told.snapshots(), clock.now())

            def show() -> None:
                try:
                    with lock:
                        write_health_file(path, told.snapshots(), clock.now())
                except ConfigurationError as error:
                    log.warning(str(error))

            told.show = show
        if options.health_port is not None:
            host = options.health_host or HOST
            server = health_served(told.snapshots, clock.now, options.health_port, host)
            log.info(f"health at {served.enter_context(server)}/healthz, figures at /metrics")
        yield
