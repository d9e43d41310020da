"""The command ``tap-zendesk-source``: options, exit codes, and the end by a signal."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from types import FrameType

import orjson

from zendesk_source.account.connection import Connection
from zendesk_source.account.custom_objects import export_of, keys_of_objects, table_of
from zendesk_source.account.field_definitions import describe, field_columns
from zendesk_source.account.first_page import first_page
from zendesk_source.account.stream_run import StreamRun
from zendesk_source.api.clock import Stop, Stopped, SyncClock, SystemClock
from zendesk_source.api.standing import whoami
from zendesk_source.catalogue import DataType, Stream
from zendesk_source.destination.limits import Limits
from zendesk_source.errors import Bug, ConfigurationError, StreamRefused, ZendeskError
from zendesk_source.login.redaction import without_secrets
from zendesk_source.singer.about import about_text
from zendesk_source.singer.catalog import Selection, catalog, default_selection, selection_of
from zendesk_source.singer.config import TAP, read_config, read_json, read_object
from zendesk_source.singer.foreign_state import taken_over
from zendesk_source.singer.reading import read_all
from zendesk_source.singer.run import Tap
from zendesk_source.singer.state import State
from zendesk_source.singer.tables import RECORDS, TAP_STREAMS, is_of_object
from zendesk_source.singer.writer import Writer
from zendesk_source.times import window_of

log = logging.getLogger("zendesk_source")

_LIMITS = Limits("many a target", takes_nul=False)
"""Nobody tells which target it is, and Postgres ends at a text with U+0000 in it."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tap; returns the exit code.

    Args:
        arguments: What was typed after its name; the process's own when left out.
    """
    options = _parser().parse_args(arguments)
    if options.about:
        sys.stdout.write(about_text(options.format))
        return 0
    with _logging_to_stderr():
        try:
            return _run(options)
        except ZendeskError as error:
            log.critical("%s", error)
            return error.exit_code
        except OSError as error:
            ended = isinstance(error, BrokenPipeError)
            why = "the target has ended" if ended else error.strerror or type(error).__name__
            log.critical("The lines cannot be written: %s.", why)
            # What is left in the buffer would fail once more when the process ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except Exception as error:
            log.critical("%s", Bug(error))
            log.debug("", exc_info=error)
            return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(TAP, description="Read a Zendesk account as Singer messages.")
    add = parser.add_argument
    add("--config", action="append", default=[], metavar="FILE", help="settings; ENV: environment")
    add("--discover", "-d", action="store_true", help="print the catalogue")
    add("--catalog", "--properties", "-p", metavar="FILE", help="what is selected; else the core")
    add("--state", "-s", metavar="FILE", help="the last STATE of the run before")
    add("--test", action="store_true", help="greet Zendesk, read a page of each stream")
    add("--about", action="store_true", help="print settings and capabilities")
    add("--format", choices=["text", "json", "markdown"], default="text", help="of --about")
    add("--version", action="version", version=f"{TAP} {version('zendesk-source')}")
    return parser


def _run(options: argparse.Namespace) -> int:
    config = read_config(options.config)
    selection = default_selection()
    if options.catalog:
        selection = selection_of(read_object(options.catalog, "--catalog"))
    state = _state(options.state)
    clock = SyncClock(SystemClock())
    stop = clock.stop = Stop(clock)
    connection = Connection(
        config.credentials,
        clock,
        config.options,
        config.private_key,
        on_wait=_tell_wait,
        limits=_LIMITS,
    )
    window = window_of(config.start_date, config.end_date, clock.now())
    with _stopping_at_signals(stop) as heard:
        with suppress(Stopped):
            state.check_account(connection)
            if told := state.note_private(connection):
                log.warning("%s", told)
            # A token may be good for some streams and not for this question.
            with suppress(StreamRefused):
                whoami(connection.client)
            if options.discover:
                found = catalog(_custom_columns(connection))
                sys.stdout.buffer.write(orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
                return 0
            if options.test:
                return _test(connection, selection)
            moment = int(clock.now().timestamp() * 1000)
            writer = Writer(
                sys.stdout.buffer,
                selection,
                state,
                moment,
                tells_versions=config.tells_versions,
            )
            return _read(Tap(connection, selection, state, writer, window, stop))
        return 128 + heard[0] if heard else 1


def _state(path: str | None) -> State:
    """Return the state to go on from, which may be that of another connector.

    Raises:
        ConfigurationError: The file holds no state.
    """
    document, told = taken_over(read_json(path, "--state") if path else {})
    for sentence in told:
        log.warning("%s", sentence)
    if not isinstance(document, dict):
        raise ConfigurationError(
            f"--state {path} holds no JSON object.", "Hand in the last STATE as it was written."
        )
    return State(document)


def _read(tap: Tap) -> int:
    log.info("%s streams are read", len(tap.streams))
    tap.writer.state()  # some targets take the first one for that from which the run begins
    try:
        read_all(tap)
    finally:
        tap.ahead.stop()
        tap.writer.state()
    runs = tap.runs.values()
    was_nothing_read = not any(run.was_read for run in runs)
    return 1 if was_nothing_read or any(run.status == "failed" for run in runs) else 0


def _custom_columns(connection: Connection) -> dict[str, dict[str, DataType]]:
    """Return the columns of custom fields, by table; none of those that must not be described."""
    found: dict[str, dict[str, DataType]] = {}
    for stream in (*TAP_STREAMS, *_objects(connection)):
        fields = field_columns(stream, connection, {})
        if fields is None:
            continue
        try:
            describe(fields, frozenset(), connection)
        except StreamRefused as error:
            log.warning("the custom fields of %s are not described: %s", stream.name, error)
        columns = fields.by_key.values()
        found[stream.name] = {each.name: each.data_type or "text" for each in columns}
    return found


def _objects(connection: Connection) -> list[Stream]:
    """Return the exports of all custom objects; none where they are refused."""
    try:
        keys = keys_of_objects(RECORDS, connection, StreamRun())
    except StreamRefused as error:
        log.warning("the custom objects are not listed: %s", error)
        return []
    names: dict[str, str] = {}
    return [export_of(RECORDS, key, table_of(key, names), connection) for key in keys]


def _test(connection: Connection, selection: Selection) -> int:
    """Ask for one page of each selected stream, and tell what came."""
    writer = Writer(sys.stdout.buffer, selection, State({}), 0, tells_versions=False)
    tap = Tap(connection, selection, State({}), writer, (None, None), Stop(connection.clock))
    objects: dict[str, Stream] = {}
    if any(is_of_object(stream.name) for stream in tap.streams):
        objects = {each.name: each for each in _objects(connection)}
    asked = [objects.get(stream.name, stream) for stream in tap.streams]
    return 0 if sum([_can_be_read(connection, stream) for stream in asked]) else 1


def _can_be_read(connection: Connection, stream: Stream) -> bool:
    if stream.each_of is not None:
        log.warning("%s cannot be read: there is no such object", stream.name)
        return False
    try:
        page = first_page(connection, stream)
    except StreamRefused as error:
        log.warning("%s cannot be read: %s", stream.name, error)
        return False
    log.info("%s can be read: %s rows in a page", stream.name, len(page.rows) if page else 0)
    return True


def _tell_wait(reason: str, wait_seconds: float) -> None:
    if wait_seconds >= 1:
        log.info("waiting %.0f s: %s", wait_seconds, reason)


@contextmanager
def _stopping_at_signals(stop: Stop) -> Iterator[list[int]]:
    """End the run between two pages at a signal; at the second one the process ends at once."""
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        stop.request()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _logging_to_stderr() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Lines("%(levelname)s %(message)s"))
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(os.environ.get("LOGLEVEL", "INFO").upper())
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


class _Lines(logging.Formatter):
    """One line a message, without secrets."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return without_secrets(super().format(record))


if __name__ == "__main__":
    sys.exit(main())
