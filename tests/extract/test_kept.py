"""What is kept in dlt's state has one owner, and who asks changes nothing."""

from __future__ import annotations

import ast

import pytest

from tests.support.modules import MODULES
from zendesk_source.extract import kept
from zendesk_source.extract.kept import forgotten, has_positions, own_part, part_of, parts_of
from zendesk_source.extract.parents.seen import open_seen, refused_in
from zendesk_source.extract.parents.sign import Sign
from zendesk_source.extract.positions import open_position

KEYS = {value for name, value in vars(kept).items() if name.isupper() and isinstance(value, str)}
OF_OTHERS = {"account"}
"""Keys that are names of columns as well."""


def keys_in(source: str) -> set[str]:
    """Return the texts by which Python source looks into a mapping, or writes to one."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        looked_up = None
        if isinstance(node, ast.Subscript):
            looked_up = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            looked_up = node.args[0] if node.func.attr in ("get", "setdefault", "pop") else None
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            looked_up = node.left
        if isinstance(looked_up, ast.Constant) and isinstance(looked_up.value, str):
            found.add(looked_up.value)
    return found


def test_no_other_module_spells_a_key_of_the_state() -> None:
    source = "a['x']; a.get('y', {}); a.setdefault('z', 0); a.pop('p', None); 'q' in a"
    assert keys_in(source) == {"x", "y", "z", "p", "q"}
    assert {"positions", "first_read_at", "versions", "custom_field_columns"} <= KEYS
    spelt = {
        module: keys_in(path.read_text(encoding="utf-8")) & KEYS - OF_OTHERS
        for module, path in MODULES.items()
        if not module.startswith("simulator")
        and module not in ("extract.kept", "fleet.accounts_file")
    }
    assert {module: keys for module, keys in spelt.items() if keys} == {}


def test_who_looks_at_a_state_leaves_it_as_it_is() -> None:
    state: kept.State = {}
    assert part_of(state, "acme") == part_of(state, "") == {}
    assert parts_of(state) == {"": {}}
    assert not has_positions(state)
    assert refused_in(state) == {}
    assert open_seen(state, b"").signs == {}
    assert open_position(state, 0, None).start == 0
    assert state == {}


@pytest.mark.parametrize("text", ["#0", "2024-12-16T11:55:00Z 125089439", "1749123946", ""])
@pytest.mark.parametrize("rows", ["", "f2c1fa621452f81b6a624d0a"])
def test_a_sign_reads_back_as_it_was_kept(text: str, rows: str) -> None:
    kept_as = f"{text} rows {rows}" if rows else text
    assert Sign.parse(kept_as) == Sign(text, rows)
    assert Sign.parse(kept_as).text == kept_as


def test_an_account_has_its_own_part_where_several_share_a_dataset() -> None:
    state: kept.State = {}
    own_part(state, "acme")["positions"] = {"open": {}}
    own_part(state, "acme-emea")
    assert state == {"accounts": {"acme": {"positions": {"open": {}}}, "acme-emea": {}}}
    assert part_of(state, "acme") == {"positions": {"open": {}}}
    assert own_part(state, "") is state
    assert has_positions(state)


def test_what_a_stream_forgets_is_of_itself_of_one_account_or_of_all() -> None:
    assert set(forgotten("macros")) == {
        "resources.macros.positions",
        "resources.macros.lists",
        "resources.macros.listed_whole_at",
        "resources.macros.newest_rows",
        "resources.macros.walked_pages",
        "loaded_lists.macros",
        "snapshots_taken.macros",
        "listed.macros",
        "refused_parents.macros",
        "taken_over.macros",
    }
    assert 'resources.macros.accounts."acme".positions' in forgotten("macros", "acme")
    assert "accounts.*.listed.macros" in forgotten("macros", None)
