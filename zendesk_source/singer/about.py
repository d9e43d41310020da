"""What ``--about`` tells of the tap: its settings, capabilities and streams."""

from __future__ import annotations

from importlib.metadata import version

import orjson

from zendesk_source.account.custom_objects import TABLE_PREFIX
from zendesk_source.singer.config import SETTINGS, TAP
from zendesk_source.singer.tables import STREAM_OF

CAPABILITIES = (
    "catalog",
    "properties",
    "discover",
    "state",
    "about",
    "test",
    "activate-version",
)


def about_text(form: str) -> str:
    """Return it as ``text``, ``json`` or ``markdown``."""
    if form == "json":
        return _json() + "\n"
    rows = [(name, each.kind, each.text) for name, each in SETTINGS.items()]
    if form == "markdown":
        lines = [f"# {TAP}", "", "| setting | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{name}` | {kind} | {text} |" for name, kind, text in rows]
        lines += ["", f"Capabilities: {', '.join(CAPABILITIES)}."]
    else:
        lines = [f"{TAP} {version('zendesk-source')}", "", "Settings:"]
        lines += [f"  {name:32}{text}" for name, _, text in rows]
        lines += ["", f"Capabilities: {', '.join(CAPABILITIES)}"]
    each_object = f"and {TABLE_PREFIX}<key> for each custom object; --discover lists them"
    lines += ["", f"Streams: {len(STREAM_OF)}, {each_object}."]
    return "\n".join(lines) + "\n"


def _json() -> str:
    properties = {
        name: {"type": each.kind, "description": each.text, "secret": each.is_secret}
        for name, each in SETTINGS.items()
    }
    told = {
        "name": TAP,
        "version": version("zendesk-source"),
        "description": "Everything a company has in Zendesk, as Singer messages.",
        "capabilities": list(CAPABILITIES),
        "settings": {"type": "object", "properties": properties},
        "streams": list(STREAM_OF),
    }
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode()
