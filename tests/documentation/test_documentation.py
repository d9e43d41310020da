"""What the documentation tells one to type does what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import tomlkit
import yaml  # type: ignore[import-untyped]

from docs.write_answers import answered, opened
from tests.documentation.blocks import PAGES, ROOT, RUN, SHOWN, Block, answer_to, blocks, every
from tests.documentation.conftest import environment
from tests.support.destinations import documented_queries
from zendesk_source.catalogue import STREAMS
from zendesk_source.command_line.parser import parser_for

pytestmark = pytest.mark.long

MIGRATING = ROOT / "docs" / "migrating.md"
MOST_NOT_RUN = 7
DEMO = "make demo\n"


def place(block: Block) -> str:
    return block.place


def test_every_block_says_what_it_is() -> None:
    found = [block for page in PAGES for block in blocks(page)]
    assert len(found) > 20
    assert [block.place for block in found if block.language not in RUN | SHOWN] == []


def test_hardly_any_block_is_not_run() -> None:
    exempt = [b for page in PAGES for b in blocks(page) if b.why_not_run]
    assert all(block.language in RUN for block in exempt)
    assert len(exempt) <= MOST_NOT_RUN, [block.place for block in exempt]


def test_what_other_tests_run_is_what_they_read_from_the_page() -> None:
    others = [block for page in PAGES for block in blocks(page) if block.run_by]
    assert {block.run_by for block in others} == {"tests/destination/test_matrix.py"}
    assert tuple(block.text for block in others) == documented_queries()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_commands_run_one_after_the_other(page: Path, project: Path, zendesk) -> None:
    shutil.copy("accounts.toml", project)
    commands = [block for block in every("sh") if block.page == page and block.text != DEMO]
    for block in commands:
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=project,
            env=environment(project.parent / "dlt-data"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{block.place}\n{ended.stdout}\n{ended.stderr}"
        if shown := answer_to(block):
            assert_shown(block, shown, ended.stdout + ended.stderr)


def test_the_demo_prints_what_the_readme_shows(demo: Path) -> None:
    block = next(block for block in every("sh") if block.text == DEMO)
    shown = answer_to(block)
    assert shown is not None
    printed = (demo / "demo.txt").read_text(encoding="utf-8")
    assert_shown(block, shown, printed.replace(str(demo), "/home/you/zendesk_source"))


@pytest.mark.parametrize("block", every("sql"), ids=place)
def test_queries_answer_what_the_page_shows(block: Block, demo: Path) -> None:
    with opened(demo / "zendesk_demo.duckdb") as database:
        answer = answered(database, block.text)
    assert answer.count("\n") > 2, f"{block.place} has no answer on the demo account"
    assert answer == answer_to(block), f"{block.place}: run `make answers`"


@pytest.mark.parametrize("block", every("python"), ids=place)
def test_python_runs(block: Block, zendesk) -> None:
    exec(compile(block.text, block.place, "exec"), {"__name__": "__main__"})


def test_python_that_is_not_run_is_python_at_least() -> None:
    exempt = [b for page in PAGES for b in blocks(page) if b.why_not_run]
    for block in exempt:
        if block.language == "python":
            compile(block.text, block.place, "exec")


@pytest.mark.parametrize("block", every("toml"), ids=place)
def test_toml_is_read(block: Block) -> None:
    assert tomlkit.parse(block.text).unwrap()


def test_yaml_is_read() -> None:
    for block in every("yaml"):
        assert yaml.safe_load(block.text), block.place


def test_every_command_in_a_schedule_is_understood() -> None:
    page = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
    options = re.findall(r"zendesk-source (load|status)((?: --[a-z-]+(?: [a-z0-9]+)?)+)", page)
    listed = [re.findall(r"\[([^\]]*load[^\]]*)\]", line) for line in page.splitlines()]
    commands = [[name, *rest.split()] for name, rest in options]
    commands += [re.findall(r"[\w.-]+", text) for found in listed for text in found]
    assert len(commands) > 5
    for name, *arguments in commands:
        parser_for(name).parse_args([name, *arguments])


def test_what_other_connectors_call_otherwise_is_here_under_the_name_given() -> None:
    page = MIGRATING.read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", page, re.MULTILINE)
    ours = {name for _, here in rows for name in re.findall(r"`([a-z_]+)`", here)}
    # What of another connector's state is taken over, stream by stream.
    streams = re.findall(r"^\| ([^|]+) \|(?: [^|]+ \|){3}$", page, re.MULTILINE)
    ours |= {name for here in streams for name in re.findall(r"`([a-z_]+)`", here)}
    columns = {"custom_fields", "author_id", "created_at", "intervals", "via", "active"}
    columns |= {"deleted_at", "_zendesk_synced_at", "cf_", "user_id", "created"}
    assert len(rows) > 30
    assert len(streams) > 8
    assert ours - columns <= {table.name for stream in STREAMS for table in stream.tables}


def assert_shown(block: Block, shown: str, printed: str) -> None:
    """Check that a text shows what was printed; `...` stands for lines left out."""
    remaining = iter(comparable(printed))
    is_anywhere = True
    for line in comparable(shown):
        if line.startswith("..."):
            is_anywhere = True
            continue
        found = line in remaining if is_anywhere else next(remaining, "") == line
        assert found, f"below {block.place} stands a line that was not printed there:\n{line}"
        is_anywhere = False


def comparable(text: str) -> Iterator[str]:
    """Yield lines without what differs from run to run: seconds, and the width of columns."""
    for line in text.splitlines():
        spaced = re.sub(r"\b\d+\.\d\b", "#", re.sub(r" +|-{3,}", " ", line)).strip()
        if spaced:
            yield spaced


@pytest.mark.parametrize(
    ("shown", "is_true"),
    [
        ("one\ntwo 0.3\n", True),
        ("one\n...\nthree\n", True),
        ("one\nthree\n", False),
        ("...\nfour\n", False),
        ("two 0.1\n...\none\n", False),
    ],
)
def test_a_text_that_shows_something_else_is_found(shown: str, is_true: bool) -> None:
    block = every("sh")[0]
    if is_true:
        assert_shown(block, shown, "one\ntwo  0.2\nthree\n")
    else:
        with pytest.raises(AssertionError, match="was not printed"):
            assert_shown(block, shown, "one\ntwo  0.2\nthree\n")
