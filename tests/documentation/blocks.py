"""The fenced blocks of the documentation: what each holds, and whether it is run."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

RUN = {"sh", "python", "sql", "toml"}
SHOWN = {"text", "json", "diff", "yaml", "html", "mermaid"}

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\S*)$")
_NOT_RUN = re.compile(r"^ *<!-- not run: (?P<reason>.+) -->$")
_RUN_BY = re.compile(r"^ *<!-- run by: (?P<test>.+) -->$")


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    page: Path
    line: int
    language: str
    text: str
    why_not_run: str
    """From a line `<!-- not run: the reason -->` above the block; empty for nearly all."""
    run_by: str = ""
    """From a line `<!-- run by: a file of tests -->`; empty where the tests of the pages run it."""

    @property
    def place(self) -> str:
        """Where one finds it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        end = lines.index(f"{opened['indent']}```", at + 1)
        above = next((line for line in reversed(lines[:at]) if line.strip()), "")
        mark, other = _NOT_RUN.match(above), _RUN_BY.match(above)
        text = textwrap.dedent("\n".join(lines[at + 1 : end])) + "\n"
        why_not, test = mark["reason"] if mark else "", other["test"] if other else ""
        yield Block(page, at + 1, opened["language"], text, why_not, test)
        at = end + 1


def every(*languages: str) -> list[Block]:
    """Return the blocks of some languages that are run, of all pages."""
    return [
        block
        for page in PAGES
        for block in blocks(page)
        if block.language in languages and not (block.why_not_run or block.run_by)
    ]


def answer_to(block: Block) -> str | None:
    """Return the text block that follows next, which shows what a query or a command answers."""
    following = list(blocks(block.page))
    at = following.index(block) + 1
    if at < len(following) and following[at].language == "text":
        return following[at].text
    return None
