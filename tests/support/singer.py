"""The tap as a target sees it: its lines, checked one by one, and the tables they make."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.support.simulated import TOKEN
from tests.support.tables import TABLES, Dataset, assert_rows_equal, moment
from zendesk_source.simulator import Account, Simulator
from zendesk_source.singer.tables import STREAM_OF, declared_types

Row = dict[str, Any]
ROOT = Path(__file__).parent.parent.parent
_KINDS: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "number": (int, float, Decimal),
    "string": (str,),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
SMALL_PAGES = (
    "from zendesk_source.catalogue import STREAMS\n"
    "for s in STREAMS:\n"
    "    if s.is_incremental: object.__setattr__(s, 'page_size', min(40, s.page_size))\n"
)


@dataclass
class Target:
    """What a target would hold; refuses a message that is not as Singer wants it."""

    schemas: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    rows: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    versions: dict[tuple[str, tuple[Any, ...]], int | None] = field(default_factory=dict)
    state: dict[str, Any] | None = None
    counts: Counter[str] = field(default_factory=Counter)
    schema_counts: Counter[str] = field(default_factory=Counter)
    activated: list[str] = field(default_factory=list)

    def take(self, lines: Iterable[bytes]) -> Target:
        for line in lines:
            if line.endswith(b"\n"):  # half a line is what a killed tap leaves
                self._message(json.loads(line), line)
        return self

    def _message(self, message: Row, line: bytes) -> None:
        if message["type"] == "STATE":
            self.state = message["value"]
        elif message["type"] == "SCHEMA":
            self._schema(message)
        elif message["type"] == "RECORD":
            self._record(message, json.loads(line, parse_float=Decimal)["record"])
        else:
            assert message["type"] == "ACTIVATE_VERSION", message
            self._activate(message["stream"], message["version"])

    def _schema(self, message: Row) -> None:
        stream, properties = message["stream"], message["schema"]["properties"]
        assert {*message["key_properties"], *message.get("bookmark_properties", ())} <= {
            *properties
        }
        lost = self.schemas.get(stream, {}).keys() - properties.keys()
        assert not lost, f"{stream} lost {sorted(lost)}"
        self.schemas[stream] = properties
        self.keys[stream] = message["key_properties"]
        self.rows.setdefault(stream, {})
        self.schema_counts[stream] += 1

    def _record(self, message: Row, exact: Row) -> None:
        stream, row = message["stream"], message["record"]
        assert stream in self.schemas, f"a row of {stream} came before its schema"
        assert moment(message["time_extracted"]).tzinfo is not None
        self.counts[stream] += 1
        stored = {}
        for name, value in row.items():
            told = self.schemas[stream][name]
            kinds = tuple(kind for each in told["type"] for kind in _KINDS[each])
            assert isinstance(value, kinds), f"{stream}.{name}: {value!r} is none of {told}"
            assert not isinstance(value, bool) or bool in kinds, f"{stream}.{name}: {value!r}"
            is_number = value is not None and "number" in told["type"]
            stored[name] = Decimal(exact[name]) if is_number else _python_value(value, told)
        key = tuple(row[name] for name in self.keys[stream])
        self.rows[stream][key] = stored
        self.versions[stream, key] = message.get("version")

    def _activate(self, stream: str, version: int) -> None:
        self.activated.append(stream)
        for key in list(self.rows[stream]):
            if self.versions[stream, key] != version:
                del self.rows[stream][key]

    def assert_equals(self, account: Account, tables: Iterable[str]) -> None:
        """Check that the tables hold exactly what Zendesk has."""
        assert self.state is not None
        names = {
            owner: {key.removeprefix("key:"): name for key, name in given.items()}
            for bookmark in self.state["bookmarks"].values()
            for owner, given in bookmark.get("custom_field_columns", {}).items()
        }
        dataset = Dataset(None, {}, {"zendesk": {"custom_field_columns": names}})
        deleted = {row["id"] for row in account.truth("tickets") if row["status"] == "deleted"}
        for table in tables:
            # The export shows no metrics of deleted tickets: theirs stay as they were last seen.
            but_not = deleted if table == "ticket_metrics" else set()
            sent = [row for row in _truth(account, table) if row.get("ticket_id") not in but_not]
            rows = [
                {n: v for n, v in row.items() if v is not None and not n.startswith("_zendesk_")}
                for row in self.rows.get(table, {}).values()
                if row.get("ticket_id") not in but_not
            ]
            assert_rows_equal(dataset, table, sent, rows, TABLES[table].primary_key)


def _truth(account: Account, table: str) -> list[Row]:
    """Return what Zendesk shows, with what is worked out of it."""
    stream = STREAM_OF[table]
    rows = account.truth_with_brands(table) if stream.is_of_brand else account.truth(table)
    if stream.name != table or stream.derive is None or stream.custom_fields:
        return rows
    return [{**row, **stream.derive(row)} for row in rows]


def _python_value(value: Any, told: Row) -> Any:
    if value is None or told.get("format") is None:
        return value
    return moment(value) if told["format"] == "date-time" else date.fromisoformat(value)


@dataclass
class Ended:
    """A run of the tap that has ended."""

    lines: list[bytes]
    exit_code: int
    told: str

    @property
    def target(self) -> Target:
        return Target().take(self.lines)


NO_WAITING = """
import time
from zendesk_source.api.clock import SystemClock
slept = [0.0]
SystemClock.sleep = lambda _, wait_seconds: slept.append(wait_seconds)
SystemClock.monotonic = lambda _: time.monotonic() + sum(slept)
"""


def settings_file(folder: Path, zendesk: Simulator, **settings: Any) -> str:
    given = {"base_url": zendesk.base_url, "subdomain": "acme", "access_token": TOKEN, **settings}
    return _file(folder / "config.json", {name: v for name, v in given.items() if v is not None})


def _file(path: Path, content: Any) -> str:
    path.write_text(json.dumps(content))
    return str(path)


def tap_command(
    folder: Path,
    zendesk: Simulator,
    *options: str,
    state: Any = None,
    catalog: Any = None,
    is_small: bool = False,
    is_hurried: bool = False,
    **settings: Any,
) -> list[str]:
    """Return what starts the tap in a process of its own, with its files in a folder."""
    before = (SMALL_PAGES if is_small else "") + (NO_WAITING if is_hurried else "")
    start = "import sys; from zendesk_source.singer.tap import main; sys.exit(main())"
    command = [sys.executable, "-c", before + start]
    command += ["--config", settings_file(folder, zendesk, **settings), *options]
    if state is not None:
        command += ["--state", _file(folder / "state.json", state)]
    if catalog is not None:
        command += ["--catalog", _file(folder / "catalog.json", catalog)]
    return command


def run_tap(folder: Path, zendesk: Simulator, *options: str, **given: Any) -> Ended:
    """Run the tap to its end."""
    command = tap_command(folder, zendesk, *options, **given)
    done = subprocess.run(
        command, capture_output=True, timeout=100, cwd=ROOT, env=os.environ, check=False
    )
    return Ended(done.stdout.splitlines(keepends=True), done.returncode, done.stderr.decode())


def lines_until(process: subprocess.Popen[bytes], states: int) -> Iterator[bytes]:
    """Yield the lines of a tap until it has written some states."""
    assert process.stdout is not None
    for line in process.stdout:
        yield line
        states -= line.startswith(b'{"type":"STATE"')
        if not states:
            return


def selected(*tables: str, without: Mapping[str, Iterable[str]] | None = None) -> Row:
    """Return a catalogue that selects tables, and all but some columns of them."""
    return {
        "streams": [
            {
                "tap_stream_id": table,
                "stream": table,
                "schema": {"properties": {name: {} for name in declared_types(table)}},
                "metadata": [
                    {"breadcrumb": [], "metadata": {"selected": True}},
                    *(
                        {"breadcrumb": ["properties", name], "metadata": {"selected": False}}
                        for name in (without or {}).get(table, ())
                    ),
                ],
            }
            for table in tables
        ]
    }


def open_second_help_center(account: Account, zendesk: Simulator) -> str:
    """Open the Help Center of a second brand, and return its address."""
    address = zendesk.base_url.replace("127.0.0.1", "localhost")
    brand = account.truth("brands")[1]["id"]
    account.open_help_center(brand, address)
    for stream in ("hc_categories", "hc_sections", "hc_articles"):
        named = {n: "Of the second" for n in ("name", "title") if n in STREAM_OF[stream].columns}
        account.add_row(stream, brand_id=brand, position=1, **named)
    account.clock.advance(3_600)
    return address
