"""Imports point one way, dlt stays at the edge, and a file is about one thing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = "zendesk_source"

# Each part may import itself and those before it. A new part has to be placed here.
LAYERS = ["errors", "file_lock", "heap", "catalogue", "api", "extract", "shape"]
LAYERS += ["destination_limits", "item_format", "connection", "resources"]
LAYERS += ["plain_settings", "missing_settings", "failures", "source"]
SYNC = ["working_folder", "destination_state", "missing_tables", "labeled_view"]
SYNC += ["duckdb_lock", "memory", "duckdb_file"]
SYNC += ["single_run", "sync_log", "packages", "loop"]
ORDER = [
    "text_table",
    "reasons",
    "redaction",
    *LAYERS,
    *SYNC,
    "selection",
    "summary",
    "html_report",
    "demo",
]
ORDER += ["login", "preview", "sync_history", "reset", "command_line"]
# The public names, and `python -m zendesk_source`: above everything, imported by no part.
FRONT = ["__init__", "__main__"]
# The simulator is another Zendesk, not a layer: it must not share our reading of the API.
SIMULATOR_MAY_IMPORT = ("errors", "catalogue", "api.clock", "simulator")
MAY_IMPORT_THE_SIMULATOR = {"demo", "command_line", "simulator"}

# `failures` tells dlt's exceptions in our words, `demo` makes a pipeline.
MAY_IMPORT_DLT = {"resources", "source", "loop", "api.credentials", "failures", "demo"}
MAY_IMPORT_DLT |= {"html_report", "html_report.loaded", "command_line.report"}
MAY_IMPORT_DLT |= {
    "resources.accounts",
    "resources.children",
    "resources.each",
    "resources.history",
    "resources.incremental",
    "resources.isolation",
    "resources.lists",
    "resources.unchanged",
    "resources.reading",
    "resources.vanished",
    "missing_settings",
    "missing_tables",
    "packages",
    "labeled_view",
    "duckdb_file",
    "duckdb_lock",
    "memory",
    "plain_settings",
    "login",
    "summary",
    "item_format",
    "destination_limits",
    "destination_state",
    "sync_history",
    "sync_log",
    "reset",
    "command_line.dlt_runtime",
    "command_line.destination",
    "command_line.reset",
    "command_line.loading",
    "command_line.progress",
    "command_line.stopping",
}
NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
LONGEST_FILE_IN_LINES = 400


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    """Return a file's name below the package: ``api/clock.py`` is ``api.clock``."""
    parts = path.relative_to(ROOT / PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def imported_modules(source: str, package: str) -> Iterator[str]:
    """Yield the full name of every module or name that Python source imports."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            origin = ".".join([*(base if node.level else []), *filter(None, [node.module])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def imports_of(path: Path) -> set[str]:
    package = ".".join(path.relative_to(ROOT).parent.parts)
    return set(imported_modules(path.read_text(encoding="utf-8"), package))


def is_below(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def why_forbidden(importer: str, imported: str) -> str:
    """Return the rule that an import breaks, or nothing."""
    part, target = importer.split(".")[0], imported.split(".")[0]
    if part == "simulator":
        allowed = any(is_below(imported, module) for module in SIMULATOR_MAY_IMPORT)
        return "" if allowed else f"the simulator may import only {SIMULATOR_MAY_IMPORT}"
    if target == "simulator":
        return (
            ""
            if part in MAY_IMPORT_THE_SIMULATOR
            else "only the demo and the command line start it"
        )
    if part in FRONT:
        return ""
    if part not in ORDER:
        return f"{part} has no place in ORDER"
    if target not in ORDER:
        return f"{target} is no part that others may import"
    return "" if ORDER.index(target) <= ORDER.index(part) else f"{part} comes before {target}"


@pytest.mark.parametrize("path", python_files(PACKAGE), ids=module_name)
def test_imports_point_one_way(path: Path) -> None:
    importer, prefix = module_name(path), PACKAGE + "."
    own = {name.removeprefix(prefix) for name in imports_of(path) if name.startswith(prefix)}
    rules = {name: why_forbidden(importer, name) for name in own}
    assert {name: rule for name, rule in rules.items() if rule} == {}


@pytest.mark.parametrize(
    ("importer", "imported", "is_allowed"),
    [
        ("source", "shape.values.number", True),
        ("shape.values", "source.zendesk_support", False),
        ("api.client", "extract.positions", False),
        ("simulator.server", "api.clock.Clock", True),
        ("simulator.server", "api.paging", False),
        ("loop", "simulator.server", False),
        ("newcomer", "errors", False),
        ("extract.slices", "ZendeskError", False),
    ],
)
def test_the_rules_forbid_what_they_should(importer: str, imported: str, is_allowed: bool) -> None:
    assert (why_forbidden(importer, imported) == "") == is_allowed


def test_relative_imports_are_followed() -> None:
    source = "from . import clock\nfrom ..errors import ZendeskError\nimport dlt.sources"
    assert list(imported_modules(source, "zendesk_source.api")) == [
        "zendesk_source.api.clock",
        "zendesk_source.errors.ZendeskError",
        "dlt.sources",
    ]


@pytest.mark.parametrize("path", python_files(PACKAGE), ids=module_name)
def test_dlt_is_known_only_at_the_edge(path: Path) -> None:
    if any(is_below(name, "dlt") for name in imports_of(path)):
        assert module_name(path) in MAY_IMPORT_DLT


@pytest.mark.parametrize("path", python_files(PACKAGE), ids=module_name)
def test_nothing_imports_the_scripts(path: Path) -> None:
    assert [name for name in imports_of(path) if is_below(name, "pipelines")] == []


@pytest.mark.parametrize(
    "path",
    python_files(PACKAGE, "pipelines", "tests"),
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_file_is_about_one_thing(path: Path) -> None:
    assert path.stem not in NAMES_THAT_SAY_NOTHING
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE_IN_LINES
