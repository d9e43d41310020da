"""The page of the architecture names what exists."""

from __future__ import annotations

import re
from functools import reduce
from importlib import import_module

from tests.documentation.blocks import ROOT

PAGE = ROOT / "docs" / "architecture.md"


def is_there(name: str) -> bool:
    """Tell whether a dotted name is a module, or a name within one, or within a class of one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            module = import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        try:
            reduce(getattr, parts[length:], module)
        except AttributeError:
            return False
        return True
    return False


def test_every_name_of_the_walk_exists() -> None:
    names = re.findall(r"`(zendesk_source(?:\.\w+)+)`", PAGE.read_text(encoding="utf-8"))
    assert len(names) > 20
    assert [name for name in names if not is_there(name)] == []


def test_a_name_that_is_gone_is_noticed() -> None:
    assert is_there("zendesk_source.api.client.ZendeskClient.get")
    assert not is_there("zendesk_source.api.client.ZendeskClient.fetch")
    assert not is_there("zendesk_source.api.customer")
