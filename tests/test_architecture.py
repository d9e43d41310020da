"""Imports point one way, dlt stays out of the reading, and every folder and file has one job."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.modules import MODULES, PACKAGE, ROOT, python_files

# Each room may import itself and those before it. The last two are the ways in.
ORDER = ["errors", "names", "times", "file_lock", "catalogue", "api", "extract", "shape"]
ORDER += ["settings", "login", "destination", "views"]
ORDER += ["account", "singer", "resources", "source", "runs", "continuous", "fleet", "preflight"]
ORDER += ["reconciling"]
ORDER += ["html_report", "command_line", "__init__", "__main__"]
FREE_OF_DLT = {"errors", "names", "times", "file_lock", "catalogue", "api", "extract", "shape"}
FREE_OF_DLT |= {"account", "singer"}
# The simulator is another Zendesk, not a layer: it must not share our reading of the API.
SIMULATOR_MAY_IMPORT = ("errors", "catalogue", "api.clock", "simulator")
MAY_IMPORT_THE_SIMULATOR = ("command_line", "simulator")

NAMES_THAT_SAY_NOTHING = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
LONGEST_FILE_IN_LINES = 400
MOST_FILES_IN_A_FOLDER = 15
MOST_FILES_AT_THE_ROOT = 7


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


def own_imports(module: str) -> set[str]:
    """Return the modules of this package that a module imports, below the package."""
    prefix = PACKAGE + "."
    names = {n.removeprefix(prefix) for n in imports_of(MODULES[module]) if n.startswith(prefix)}
    return {n if n in MODULES else n.rpartition(".")[0] or "__init__" for n in names} - {module}


def is_below(name: str, module: str) -> bool:
    return name == module or name.startswith(module + ".")


def why_forbidden(importer: str, imported: str) -> str:
    """Return the rule that an import breaks, or nothing."""
    room, target = importer.split(".")[0], imported.split(".")[0]
    if room == "simulator":
        allowed = any(is_below(imported, module) for module in SIMULATOR_MAY_IMPORT)
        return "" if allowed else f"the simulator may import only {SIMULATOR_MAY_IMPORT}"
    if is_below(imported, "shape.arrow") and not is_below(importer, "shape.arrow"):
        is_door = imported == "shape.arrow" and room != "shape"
        return "" if is_door else "shape/arrow has one door, and shape does not know of it"
    if target == "simulator":
        allowed = room in MAY_IMPORT_THE_SIMULATOR
        return "" if allowed else f"only {MAY_IMPORT_THE_SIMULATOR} may start it"
    if room not in ORDER:
        return f"{room} has no place in ORDER"
    if target not in ORDER:
        return f"{target} is no room that others may import"
    return "" if ORDER.index(target) <= ORDER.index(room) else f"{room} comes before {target}"


def test_imports_point_one_way() -> None:
    rules = {(m, n): why_forbidden(m, n) for m in MODULES for n in own_imports(m)}
    assert {pair: rule for pair, rule in rules.items() if rule} == {}


def test_no_imports_go_in_a_circle() -> None:
    try:
        TopologicalSorter({module: own_imports(module) for module in MODULES}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize(
    ("importer", "imported", "is_allowed"),
    [
        ("source", "shape.values.number", True),
        ("shape.values", "source.zendesk_support", False),
        ("shape.arrow.table", "shape.room", True),
        ("shape.room", "shape.arrow", False),
        ("resources.handing", "shape.arrow", True),
        ("resources.handing", "shape.arrow.table", False),
        ("api.client", "extract.positions", False),
        ("simulator.door.server", "api.clock.Clock", True),
        ("simulator.door.server", "api.paging", False),
        ("runs.loop", "simulator.door.server", False),
        ("newcomer", "errors", False),
        ("extract.positions", "ZendeskError", False),
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


def test_reading_zendesk_knows_nothing_of_dlt() -> None:
    reading = [module for module in MODULES if module.split(".")[0] in FREE_OF_DLT]
    assert [m for m in reading if any(is_below(n, "dlt") for n in imports_of(MODULES[m]))] == []


def test_what_reads_an_account_can_be_imported_without_dlt() -> None:
    modules = [module for module in MODULES if module.split(".")[0] in FREE_OF_DLT]
    script = "import sys; sys.modules['dlt'] = None\n"  # importing it raises ImportError
    script += "\n".join(f"import {PACKAGE}.{module}" for module in modules)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_nothing_imports_the_scripts() -> None:
    of_scripts = {
        m: [n for n in imports_of(p) if is_below(n, "pipelines")] for m, p in MODULES.items()
    }
    assert {module: names for module, names in of_scripts.items() if names} == {}


def test_every_room_says_what_it_decides() -> None:
    rooms = [path for path in MODULES.values() if path.name == "__init__.py"]
    assert [str(p) for p in rooms if not ast.get_docstring(ast.parse(p.read_text("utf-8")))] == []


def test_a_folder_holds_what_one_can_overlook() -> None:
    folders = {path.parent for path in MODULES.values()}
    sizes = {str(folder.relative_to(ROOT)): len(list(folder.glob("*.py"))) for folder in folders}
    assert sizes.pop(PACKAGE) <= MOST_FILES_AT_THE_ROOT
    assert {folder: size for folder, size in sizes.items() if size > MOST_FILES_IN_A_FOLDER} == {}


def test_a_file_is_about_one_thing() -> None:
    files = python_files(PACKAGE, "pipelines", "tests", "benchmarks", "docs")
    assert [str(path) for path in files if path.stem in NAMES_THAT_SAY_NOTHING] == []
    lengths = {str(path): len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {path: n for path, n in lengths.items() if n > LONGEST_FILE_IN_LINES} == {}


def test_no_test_imports_another_test_file():
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in python_files("tests")
        if (found := sorted(n for n in imports_of(path) if ".test_" in n))
    }
    assert wrong == {}, "what tests share is in tests/support"
