"""What is known of Zendesk's answers, as facts that can be committed: names, and types of JSON.

    python -m tests.facts.derive ../shared/zendesk-api    # writes tests/facts/zendesk.json

The material they come from is not part of this repository: Zendesk's OpenAPI specification, rows
that were recorded at a trial account, and a list of endpoints. Names of keys and types are taken
from it, no value and no text.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

from zendesk_source.catalogue import STREAMS, Stream

FACTS = Path(__file__).with_name("zendesk.json")
MATERIAL = Path(__file__).parents[3] / "shared" / "zendesk-api"
SPECIFICATION = "openapi/support-2025-06-12.oas.yaml"
RECORDED = "examples/real-records.json"
ENDPOINTS = "endpoints.yaml"

# Under what name the recorded rows hold a stream, where it is another.
RECORDED_AS = {
    "custom_statuses": "custom_ticket_statuses",
    "routing_attributes": "account_attributes",
    "hc_articles": "articles",
    "hc_categories": "categories",
    "hc_posts": "posts",
    "hc_topics": "topics",
    "talk_calls": "calls",
    "talk_call_legs": "call_legs",
}
# The export of records is not in the specification, their list is.
DOCUMENTED_AT = {"custom_object_records": "/api/v2/custom_objects/{}/records"}
# The specification shows metric events where ticket events should be.
WRONGLY_DOCUMENTED = ("ticket_events",)


class Specification:
    """An OpenAPI document, its references followed."""

    def __init__(self, text: bytes) -> None:
        loader = yaml.CSafeLoader
        loader.add_constructor("tag:yaml.org,2002:value", lambda _loader, _node: "=")
        self._document = yaml.load(text, Loader=loader)
        # What a path names in braces goes by several names.
        self._operations = {
            re.sub(r"\{\w+\}", "{}", path): methods.get("get")
            for path, methods in self._document["paths"].items()
        }

    def answer_to(self, path: str) -> Mapping[str, Any]:
        """Return the keys of what a path answers, with their schemas; none if it is not there."""
        operation = self._operations.get(re.sub(r"\{\w+\}", "{}", path.removesuffix(".json")))
        if operation is None:
            return {}
        content = operation["responses"]["200"]["content"]
        return self.properties(content["application/json"]["schema"])

    def properties(self, schema: Any) -> dict[str, Any]:
        """Return the keys of an object, those of its parts among them."""
        schema = self.resolved(schema)
        found = dict(schema.get("properties", {}))
        for word in ("allOf", "oneOf", "anyOf"):
            for part in schema.get(word, ()):
                found |= self.properties(part)
        return found

    def resolved(self, schema: Any) -> Any:
        while isinstance(schema, dict) and "$ref" in schema:
            found = self._document
            for part in schema["$ref"].split("/")[1:]:
                found = found[part]
            schema = found
        return schema


def derived(material: Path) -> dict[str, Any]:
    """Return the facts.

    ``answers``: by stream, the keys around the rows. ``rows``: by stream, the keys of a row, each
    with its type by the specification, or none. ``recorded``: by stream, the keys of a recorded
    row. ``endpoints``: the streams there are at Zendesk.
    """
    specification = Specification((material / SPECIFICATION).read_bytes())
    recorded = json.loads((material / RECORDED).read_bytes())["by_stream"]
    endpoints = (material / ENDPOINTS).read_text(encoding="utf-8")
    return {
        "answers": {name: sorted(keys) for name, keys in _answers(specification)},
        "rows": {name: dict(sorted(types.items())) for name, types in _rows(specification)},
        "recorded": {
            stream.name: sorted(recorded[name])
            for stream in STREAMS
            if (name := RECORDED_AS.get(stream.name, stream.name)) in recorded
        },
        "endpoints": sorted(set(re.findall(r"^- stream: (\w+)$", endpoints, re.MULTILINE))),
    }


def _answers(specification: Specification) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for stream in STREAMS:
        if stream.name not in DOCUMENTED_AT and (keys := specification.answer_to(stream.path)):
            yield stream.name, keys


def _rows(specification: Specification) -> Iterator[tuple[str, dict[str, str | None]]]:
    for stream in STREAMS:
        if stream.name not in WRONGLY_DOCUMENTED and (keys := _row(specification, stream)):
            types = {name: specification.resolved(keys[name]).get("type") for name in keys}
            yield stream.name, types


def _row(specification: Specification, stream: Stream) -> dict[str, Any]:
    answer = specification.answer_to(DOCUMENTED_AT.get(stream.name, stream.path))
    rows = specification.resolved(answer.get(stream.rows_key))
    return specification.properties(rows.get("items", rows)) if rows else {}


def written(facts: Mapping[str, Any]) -> str:
    """Return the facts as JSON, a line for each stream."""
    parts = []
    for name, known in facts.items():
        entries = known.items() if isinstance(known, dict) else ()
        lines = [f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in entries]
        lines = lines or [f"    {json.dumps(value)}" for value in known]
        opening, closing = "{}" if isinstance(known, dict) else "[]"
        parts.append(f'  "{name}": {opening}\n' + ",\n".join(lines) + f"\n  {closing}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else MATERIAL
    FACTS.write_text(written(derived(folder)), encoding="utf-8")
