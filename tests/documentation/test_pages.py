"""The pages name everything there is to know, their links lead somewhere, and messages fit pip."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from docs.update_tables import PAGES as OF_THE_CATALOGUE
from docs.update_tables import updated
from pipelines.zendesk_pipeline import _parser
from tests.documentation.blocks import PAGES, ROOT
from zendesk_source import zendesk_support

LINK = re.compile(r"\[[^\]]*\]\((?P<file>[^)#\s:]*)(?:#(?P<heading>[^)\s]+))?\)")
COMMAND_LINE = (ROOT / "docs" / "command_line.md").read_text(encoding="utf-8")
CONFIGURATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")


def test_the_pages_list_the_tables_of_the_catalogue() -> None:
    pages = [page.read_text(encoding="utf-8") for page in OF_THE_CATALOGUE]
    assert list(map(updated, pages)) == pages, "run: make docs"
    assert "[`tickets`]" in pages[0]
    assert "| `ticket_tags` | `ticket_id` |" in pages[1]


def test_the_page_of_the_command_line_has_every_option() -> None:
    options = re.findall(r"--[a-z-]+", _parser().format_help())
    assert [option for option in options if f"`{option}" not in COMMAND_LINE] == []


def test_the_page_of_the_command_line_has_every_exit_code() -> None:
    assert [code for code in range(6) if f"| {code} |" not in COMMAND_LINE] == []


def test_the_page_of_the_configuration_has_every_setting_of_the_source() -> None:
    settings = set(inspect.signature(zendesk_support).parameters) - {"credentials", "clock"}
    missing = [name for name in settings if f"`sources.zendesk.{name}`" not in CONFIGURATION]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_links_lead_to_a_page_and_a_heading(page: Path) -> None:
    for link in LINK.finditer(page.read_text(encoding="utf-8")):
        target = (page.parent / link["file"]) if link["file"] else page
        assert target.exists(), link.group()
        if link["heading"]:
            assert link["heading"] in headings(target), link.group()


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        links = LINK.finditer(page.read_text(encoding="utf-8"))
        waiting += [(page.parent / link["file"]).resolve() for link in links if link["file"]]
    assert set(PAGES) <= reached


def test_the_readme_is_read_in_two_minutes() -> None:
    assert len(PAGES[0].read_text(encoding="utf-8").splitlines()) <= 150


def test_no_message_assumes_that_make_installed_this() -> None:
    package = (ROOT / "zendesk_source").rglob("*.py")
    assert [file.name for file in package if ".venv/" in file.read_text(encoding="utf-8")] == []


def test_pages_that_messages_name_are_there() -> None:
    for file in (ROOT / "zendesk_source").rglob("*.py"):
        for name in re.findall(r"docs/\w+\.md", file.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{file}: {name}"


def headings(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page."""
    found = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in found}


def test_the_list_of_decisions_names_each_with_its_number():
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| (\d+) \| \[(.+?)\]\(#", text, re.MULTILINE)
    assert listed == re.findall(r"^## (\d+)\. (.+)$", text, re.MULTILINE)
    assert [int(number) for number, _ in listed] == list(range(1, len(listed) + 1))
    assert len(listed) == len(re.findall(r"^## ", text, re.MULTILINE))


def test_the_pages_name_files_that_exist():
    pages = [*PAGES, ROOT / "CONTRIBUTING.md"]
    names = {
        name
        for page in pages
        for name in re.findall(r"`(zendesk_source/[\w/]+(?:\.py|/))`", page.read_text("utf-8"))
    }
    assert len(names) > 20
    assert [name for name in sorted(names) if not (ROOT / name).exists()] == []


def test_every_make_command_that_pages_and_jobs_name_is_a_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z.-]+):", makefile, re.MULTILINE))
    command = re.compile(r"(?:`|run: |^step )make ([a-z. -]+)", re.MULTILINE)
    jobs = [ROOT / ".ci" / "run", *(ROOT / ".github" / "workflows").glob("*.yml")]
    named = {
        (path.name, target)
        for path in (*PAGES, *jobs)
        for targets_of in command.findall(path.read_text(encoding="utf-8"))
        for target in targets_of.split()
    }
    assert ("ci.yml", "wheel") in named
    assert sorted((page, target) for page, target in named if target not in targets) == []
