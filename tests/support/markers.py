"""Write a marker into every text that a simulated account shows, to see where each arrives.

    marks = Marks()
    zendesk.alter_answers(marks.write)
    ...
    assert marks.found_in(folder) == set()

A marker names the field it was written into, one for each: ``tickets`` and ``via.source.from``.
Personal columns that the account leaves empty are filled.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pyarrow.parquet as pq

from tests.support.tables import TABLES
from zendesk_source.catalogue import STREAMS, WHOLE_ANSWER, Origin
from zendesk_source.catalogue.personal import PERSONAL
from zendesk_source.simulator.door.server import Request
from zendesk_source.simulator.pages.answers import Answer

Field = tuple[str, str]
"""A stream or a table that is shown beside it, and the path to a text in its rows."""

_BY_NAME = {stream.name: stream for stream in STREAMS}
_MARK = re.compile(rb"zq(\d{5})qz")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?|\d\d:\d\d(:\d\d)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
STEERING = frozenset(
    {
        *("id", "key", "type", "event_type", "field_name", "url", "status", "role", "state"),
        *("channel", "rel", "verb", "taken_at", "item_type", "source_type", "content_type"),
        *("owner", "method", "metric", "relationship_target_type", "locale", "time_zone"),
        *("help_center_state", "subdomain", "host_mapping", "brand_url", "action", "direction"),
        *("source_locale", "default_locale", "iana_name", "sender_type", "actor_type"),
    }
)
"""Keys whose texts say how to read a row or where to ask: another value is another row."""


@dataclass
class Marks:
    """The markers of one account.

    Attributes:
        fields: Fields in the order in which they were met; the place is the number of the marker.
    """

    fields: dict[Field, int] = field(default_factory=dict)

    def write(self, request: Request, answer: Answer) -> Answer:
        """Return an answer with a marker at the end of each text of its rows."""
        stream = _BY_NAME.get(request.stream)
        if stream is None or answer.status != 200:
            return answer
        page = orjson.loads(answer.body)
        if stream.records_key == WHOLE_ANSWER:
            return replace(answer, body=orjson.dumps(self._rows(stream.name, page)))
        sides = (side for side in stream.side_tables if side.origin is Origin.BESIDE)
        names = {side.key: side.name for side in sides}
        names.update(dict.fromkeys(stream.rows_key.split(), stream.name))
        for key in names.keys() & page.keys():
            page[key] = self._rows(names[key], page[key])
        return replace(answer, body=orjson.dumps(page))

    def found_in(self, *places: Path | bytes | str) -> set[Field]:
        """Return the fields whose marker stands in files, in all of a folder, or in a text."""
        by_number = dict(enumerate(self.fields))
        texts = (text for place in places for text in texts_of(place))
        return {by_number[int(number)] for text in texts for number in set(_MARK.findall(text))}

    def marker(self, name: str, path: str) -> str:
        """Return the marker of a field."""
        number = self.fields.setdefault((name, path), len(self.fields))
        return f"zq{number:05d}qz"

    def _rows(self, name: str, rows: Any) -> Any:
        if isinstance(rows, list):
            return [self._row(name, row) for row in rows]
        return self._row(name, rows)

    def _row(self, name: str, row: Any) -> Any:
        if not isinstance(row, Mapping):
            return row
        filled = self._filled(name, row)
        for child in row.get("child_events") or ():
            if str(child.get("event_type")).endswith("Comment"):
                child.update(self._filled("ticket_comments", child))
        return self._marked(name, "", filled)

    def _filled(self, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row with something in each personal column that is empty."""
        filled = dict(row)
        for path in PERSONAL[name]:
            if "." not in path and row.get(path) is None:
                is_json = TABLES[name].columns[path] == "json"
                filled[path] = {"text": "filled"} if is_json else "filled"
        return filled

    def _marked(self, name: str, path: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._part(name, path, key, value) for key in value}
        if isinstance(value, list):
            return [self._marked(name, path, each) for each in value]
        if not isinstance(value, str) or not value:
            return value
        if _TIME.fullmatch(value) or _NUMBER.fullmatch(value):
            return value
        return f"{value} {self.marker(name, path)}"

    def _part(self, name: str, path: str, key: str, of: Mapping[str, Any]) -> Any:
        value, called = of[key], key
        if key == "value" and set(of) == {"id", "value"}:
            called = str(of["id"])  # a custom field
        if key == "previous_value":
            called = f"{key} of {_changed(of)}"
        if isinstance(value, str) and key in STEERING:
            return value
        return self._marked(name, f"{path}.{called}".lstrip("."), value)


def _changed(change: Mapping[str, Any]) -> str:
    """Return the name of the field that a change is of."""
    custom = change.get("custom_ticket_fields")
    if custom:
        return f"custom_ticket_fields.{next(iter(custom))}"
    of_all = {"id", "via", "via_reference_id", "event_type", "previous_value"}
    return str(next(iter(change.keys() - of_all), ""))


def texts_of(place: Path | bytes | str) -> Iterator[bytes]:
    """Yield the bytes of a place, and what is compressed in them."""
    if isinstance(place, (bytes, str)):
        yield place if isinstance(place, bytes) else place.encode()
    elif place.is_dir():
        for file in place.rglob("*"):
            if file.is_file():
                yield from texts_of(file)
    else:
        yield place.read_bytes()
        if place.suffix == ".parquet":
            yield repr(pq.read_table(place).to_pylist()).encode()
