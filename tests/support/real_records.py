"""What real accounts sent: the recorded records, by stream.

They lie in a folder beside the repository, ``../shared/real``, and are never copied into it.
"""

from __future__ import annotations

import json
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.read_back import BY_NAME, Key, Row, is_same_json
from zendesk_source.catalogue import WHOLE_ANSWER, Paging

Versions = dict[str, dict[Key, list[Row]]]
"""By stream and key, every state a row was recorded in, oldest first."""

VARIABLE = "ZENDESK_REAL_RECORDS"
BESIDE_THE_REPOSITORY = Path(__file__).parents[3] / "shared" / "real"

_STREAM_OF_PATH = {stream.path.removesuffix(".json"): stream for stream in BY_NAME.values()}
_SAYS_NOTHING = (WHOLE_ANSWER, "data", "events", "records")
"""Keys of rows that only the path tells apart."""
_STREAM_OF_KEY = {
    stream.rows_key: stream.name
    for stream in reversed(BY_NAME.values())  # of two with one key the first declared is meant
    if stream.rows_key not in _SAYS_NOTHING and stream.parent is None
} | {"custom_ticket_statuses": "custom_statuses"}
_STREAM_OF_RESULT = {name[:-1]: name for name in ("tickets", "users", "organizations", "groups")}
REDACTED = "redacted"
"""What a connector's snapshots put in the place of changing values; Zendesk never sends it."""

_EXPORTS = (Paging.CURSOR_EXPORT, Paging.TIME_EXPORT, Paging.CHAT_EXPORT)
_PATH = re.compile(r"/api/v2/[^?\s]*")
_TICKET_OF_PATH = re.compile(r"/tickets/(\d+)/comments")
_MADE_UP_EVENT_IDS = 9_000_000_000_000_000


def recordings_folder() -> Path:
    """Return where the recordings are, or skip the test and say what is missing."""
    folder = Path(os.environ.get(VARIABLE) or BESIDE_THE_REPOSITORY)
    if not folder.is_dir():
        pytest.skip(f"no recorded records: there is no folder {folder} (${VARIABLE} names another)")
    return folder


@dataclass
class Recorded:
    """The records of a folder of recordings.

    Attributes:
        versions: Rows of streams.
        identities: Ways to reach users; exports show them beside the users.
    """

    versions: Versions = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    identities: list[Row] = field(default_factory=list)

    @classmethod
    def read(cls, folder: Path) -> Recorded:
        """Read every answer below the folder, and the examples beside it."""
        recorded, metrics, comments = cls(), list[Row](), list[Row]()
        for request_path, body in _bodies(folder):
            for stream, row in _rows_of(request_path, body):
                recorded.add(stream, row)
            metrics += _objects(body.get("ticket_metrics"))
            recorded.identities += _objects(body.get("identities"))
            found = _TICKET_OF_PATH.search(request_path)
            in_path = {"ticket_id": int(found[1])} if found else {}
            rows = _objects(body.get("comments"))
            # Comments of requests are another resource.
            comments += [{**in_path, **row} for row in rows if found or "via" in row]
        recorded._put_into_tickets(_distinct(metrics))
        recorded._put_into_events(_distinct(comments))
        recorded.identities = _distinct(recorded.identities)
        for identity in recorded.identities:
            if (identity["user_id"],) not in recorded.versions["users"]:
                recorded.add("users", {"id": identity["user_id"]})
        for stream, versions in recorded.versions.items():
            # Exports and whole lists show a row again; ratings and audits of long ago are settled.
            declared = BY_NAME[stream]
            is_shown_again = declared.paging in _EXPORTS or not declared.is_incremental
            first = 0 if is_shown_again else -1
            for key, states in versions.items():
                versions[key] = _in_order(states)[first:]
        return recorded

    def add(self, stream: str, row: Row) -> None:
        """Add a state of a row, unless it is there already."""
        key = tuple(row.get(column) for column in BY_NAME[stream].primary_key)
        known = self.versions[stream][key] if None not in key else [row]
        if not any(_says_no_more(row, other) for other in known):
            known.append(row)

    def _put_into_tickets(self, metrics: Iterable[Row]) -> None:
        """Put recorded metrics where the export shows them: into their ticket."""
        for metric_set in metrics:
            states = self.versions["tickets"][(metric_set["ticket_id"],)]
            shown = [row for row in states if row.get("status") != "deleted"]
            without = [row for row in shown if not row.get("metric_set")]
            if without:
                without[-1]["metric_set"] = metric_set
            else:
                states.append({"id": metric_set["ticket_id"], "metric_set": metric_set})

    def _put_into_events(self, comments: Iterable[Row]) -> None:
        """Put recorded comments where the export shows them: into events of their ticket."""
        events: dict[int, Row] = {}
        for comment in comments:
            event_id = comment.get("audit_id") or _MADE_UP_EVENT_IDS + comment["id"]
            shown = {key: value for key, value in comment.items() if key != "ticket_id"}
            event = events.setdefault(
                event_id,
                {
                    "id": event_id,
                    "ticket_id": comment.get("ticket_id", 1),
                    "created_at": comment.get("created_at"),
                    "event_type": "Audit",
                    "child_events": [],
                },
            )
            event["child_events"].append({**shown, "event_type": "Comment"})
        for event in events.values():
            self.add("ticket_events", event)

    def streams(self) -> set[str]:
        """Return the streams that have records."""
        return {name for name, rows in self.versions.items() if rows}

    def arriving(self) -> Iterator[dict[str, list[Row]]]:
        """Rows that come, by stream, sync after sync: first all, then those that changed."""
        number = 0
        while True:
            arriving = {
                stream: changed
                for stream, rows in self.versions.items()
                if (changed := [states[number] for states in rows.values() if number < len(states)])
            }
            if not arriving:
                return
            yield arriving
            number += 1


def _bodies(folder: Path) -> Iterator[tuple[str, Row]]:
    """Bodies of the recordings, then of the examples, each with the path it was asked at."""
    for path in sorted(folder.glob("*/*.json")):
        recording = json.loads(path.read_bytes())
        body = recording["body"]
        if isinstance(body, list):
            body = {WHOLE_ANSWER: body}
        if isinstance(body, dict) and recording["status"] == 200:
            yield recording["request"]["path"], body
    for path in sorted((folder.parent / "zendesk-api" / "examples").glob("*.json")):
        if path.stem.startswith("chat_"):
            continue  # composed; recorded rows write times otherwise
        example = json.loads(path.read_bytes())
        response = example.get("response") or {}
        body = response.get("body", {}) if isinstance(response, dict) else {}
        if path.stem in ("ticket_record_variants", "user_record_variants"):
            yield "", {f"{path.stem.partition('_')[0]}s": list(body.values())}
        elif "by_stream" in example:
            for name, row in example["by_stream"].items():
                key = "comments" if name == "ticket_comments" else name
                yield "", {key: [{k: v for k, v in row.items() if v != REDACTED}]}
        elif isinstance(body, dict):
            yield str(example.get("request")), body


def _rows_of(request_path: str, body: Row) -> Iterator[tuple[str, Row]]:
    path = _PATH.search(request_path)
    asked = _STREAM_OF_PATH.get(path[0].removesuffix(".json")) if path else None
    for key, value in body.items():
        if key == "ticket" and isinstance(value, dict):
            yield "tickets", value
        elif key == "results":
            for row in _objects(value):
                # Search adds a key to rows of several streams.
                result_type = row.get("result_type")
                if result_type in _STREAM_OF_RESULT:
                    bare = {name: v for name, v in row.items() if name != "result_type"}
                    yield _STREAM_OF_RESULT[result_type], bare
        elif asked is not None and key == asked.rows_key:
            yield from ((asked.name, row) for row in _objects(value))
        elif key in _STREAM_OF_KEY:
            yield from ((_STREAM_OF_KEY[key], row) for row in _objects(value))


def _objects(value: Any) -> list[Row]:
    """Return the objects of a list; the tags of one ticket, say, are a list of texts."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _distinct(rows: Iterable[Row]) -> list[Row]:
    kept: dict[Any, Row] = {}
    for row in rows:
        if row["id"] not in kept or not _says_no_more(row, kept[row["id"]]):
            kept[row["id"]] = row
    return list(kept.values())


def _says_no_more(row: Row, other: Row) -> bool:
    return all(name in other and is_same_json(value, other[name]) for name, value in row.items())


def _in_order(states: list[Row]) -> list[Row]:
    def written(row: Row) -> tuple[str, int]:
        return row.get("updated_at") or "", row.get("generated_timestamp") or 0

    return sorted(states, key=written)
